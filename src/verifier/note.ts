/**
 * C2SP signed notes: a text, an empty line, and a line for each signature.
 *
 *     registry.example/attestry
 *     1042
 *     k3Jx…=
 *
 *     — registry.example/attestry mT8q…=
 *
 * A signature line holds the signer's name and base64 of a key hash (4 bytes) and an Ed25519 signature over the text, its last
 * newline included. The key hash is the start of SHA-256(name ‖ newline ‖ 1 ‖ public key).
 */

import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { invariant, refuse } from '../errors/errors.ts'
import type { OrganisationKey, PublicKey } from '../signature/organisation-key.ts'
import { fromBase64, toBase64 } from './base64.ts'

/** Who is expected to sign. */
export interface NoteSigner {
  readonly name: string
  readonly key: PublicKey
}

export interface OpenedNote {
  readonly text: string
  /** Names of the expected signers whose signatures hold, in the note's order. */
  readonly signers: readonly string[]
}

const MAX_NOTE = 100_000 // characters
const MAX_SIGNATURES = 100
const ED25519 = 1
const NAME = /^[^\s+\u0000-\u001f\u007f]{1,255}$/u

/** Signs a text, which must end with a newline, or adds a signature to a note with that text. */
export function signNote(text: string, name: string, key: OrganisationKey): string {
  invariant(text.endsWith('\n') && NAME.test(name) && key.alg === 'ed25519', 'a note ends with a newline and is signed under a name with Ed25519')
  const signature = ed25519.sign(utf8ToBytes(text), hexToBytes(key.secretKey))
  return `${text}\n— ${name} ${toBase64(concatBytes(keyHash(name, key), signature))}\n`
}

/** The key in the notation of Go's sumdb/note: `name+hash+base64`. */
export function noteVerifierKey(name: string, key: PublicKey): string {
  return `${name}+${bytesToHex(keyHash(name, key))}+${toBase64(typedKey(key))}`
}

/**
 * Opens a note. Signatures by others than the expected signers are passed over, as C2SP says; every one by an expected signer
 * must hold, and none may occur twice.
 * @throws Refusal MALFORMED, BAD_SIGNATURE when one does not hold, is doubled, or there is none by an expected signer
 */
export function openNote(note: string, expected: readonly NoteSigner[]): OpenedNote {
  const { text, lines } = splitNote(note)
  const signers = new Set<string>()
  for (const line of lines) {
    const { name, hash, signature } = parseSignature(line)
    const signer = expected.find((candidate) => candidate.name === name && bytesToHex(keyHash(name, candidate.key)) === bytesToHex(hash))
    if (!signer) continue
    if (!isSignature(text, signature, signer.key)) refuse('BAD_SIGNATURE', `the note's signature by ${name} does not hold`)
    if (signers.has(name)) refuse('BAD_SIGNATURE', `the note is signed twice by ${name}`)
    signers.add(name)
  }
  if (signers.size === 0) refuse('BAD_SIGNATURE', `the note is not signed by ${expected.map(({ name }) => name).join(' or ')}`)
  return { text, signers: [...signers] }
}

function splitNote(note: string): { text: string; lines: readonly string[] } {
  const end = note.lastIndexOf('\n\n')
  const wellFormed = note.length <= MAX_NOTE && end > 0 && note.endsWith('\n') && !/[\u0000-\u0009\u000b-\u001f\u007f\p{Surrogate}]/u.test(note)
  if (!wellFormed) return malformed('a text, an empty line and signature lines')
  const lines = note.slice(end + 2, -1).split('\n')
  if (lines.length > MAX_SIGNATURES) return malformed(`at most ${MAX_SIGNATURES} signatures`)
  return { text: note.slice(0, end + 1), lines }
}

function parseSignature(line: string): { name: string; hash: Uint8Array; signature: Uint8Array } {
  const [dash, name = '', base64 = '', ...rest] = line.split(' ')
  if (dash !== '—' || !NAME.test(name) || rest.length > 0) return malformed('signature lines: — name base64')
  const bytes = fromBase64(base64, '/signature')
  if (bytes.length < 5) return malformed('a key hash and a signature')
  return { name, hash: bytes.subarray(0, 4), signature: bytes.subarray(4) }
}

function isSignature(text: string, signature: Uint8Array, key: PublicKey): boolean {
  if (key.alg !== 'ed25519' || signature.length !== 64) return false
  try {
    return ed25519.verify(signature, utf8ToBytes(text), hexToBytes(key.publicKey), { zip215: false })
  } catch {
    return false
  }
}

function keyHash(name: string, key: PublicKey): Uint8Array {
  return sha256(concatBytes(utf8ToBytes(`${name}\n`), typedKey(key))).subarray(0, 4)
}

function typedKey({ publicKey }: PublicKey): Uint8Array {
  return concatBytes(Uint8Array.of(ED25519), hexToBytes(publicKey))
}

function malformed(expected: string): never {
  return refuse('MALFORMED', 'not a signed note', [{ path: '/', expected, got: 'something else' }])
}
