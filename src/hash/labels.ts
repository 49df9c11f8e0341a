/**
 * What every hash is for: the closed list of labels (SPEC §2.2). A label is written once, here; circuits/lib/labels.circom
 * is generated from this list by scripts/labels.ts and a test holds the two together.
 */
export const POSEIDON_LABELS = [
  'fields', // 16 field encodings of a document
  'commitment', // a credential
  'holder', // holderId: a holder towards one issuer
  'directory-leaf', // one accredited (issuing key, schema, list)
  'node', // an inner node of any quaternary tree
  'set-member', // a leaf of a set
  'nullifier', // a document, spent in a scope or hidden in a context
  'link', // one credential across the proofs of one request
  'pseudonym', // a holder towards one verifier
  'disclosure', // values and pseudonym for the verifier
  'parameters', // the verifier's secrets
  'escrow-scalar', // the ephemeral scalar of an escrow
  'escrow-pad', // the pad of one escrowed value
] as const

export type PoseidonLabel = (typeof POSEIDON_LABELS)[number]

/** The labels of SHA-256 digests. */
export const DIGEST_LABELS = [
  'schema',
  'statement',
  'request',
  'context',
  'text', // a field of type text
  'document', // the salted whole document
  'list', // a status list's id
  'scope', // a scope's element
  'pseudonym-scope',
  'set', // a published set's id
  'key', // an organisation key's id
  'verification-key',
  'shape',
  'body', // a detached body of the log
  'command',
  'transcript',
  'escrow-key',
  'escrow-share',
] as const

export type DigestLabel = (typeof DIGEST_LABELS)[number]

/**
 * The capacity element that starts a labelled Poseidon: the ASCII of `attestry/1/<label>`, big-endian, below 2^248.
 * Never 0, so no labelled hash equals an unlabelled one (circomlib's EdDSA uses those).
 */
export function labelElement(label: PoseidonLabel): bigint {
  let value = 0n
  for (const char of `attestry/1/${label}`) value = (value << 8n) | BigInt(char.charCodeAt(0))
  return value
}
