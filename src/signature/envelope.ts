/**
 * Envelopes: canonical JSON with the signatures of organisations (SPEC §6.1). Type and origin are part of what is signed, so
 * that a signature for one purpose or one registry is none for another.
 *
 *     { "body": { "type": "request", "origin": "registry.example/attestry", … },
 *       "signatures": [ { "organisation": "LEI:…", "key": "5f0c…", "alg": "ed25519", "value": "a1b2…" } ] }
 */

import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { refuse } from '../errors/errors.ts'
import { canonicalJson, type Json } from '../hash/canonical.ts'
import { type Algorithm, isSignedBy, keyId, type OrganisationKey, type PublicKey, sign } from './organisation-key.ts'

export interface Body {
  readonly type: string
  readonly origin: string
  readonly [name: string]: Json | undefined
}

export interface Signature {
  readonly organisation: string
  readonly key: string
  readonly alg: Algorithm
  readonly value: string
  readonly [name: string]: Json | undefined
}

export interface Envelope<B extends Body = Body> {
  readonly body: B
  readonly signatures: readonly Signature[]
}

/** The keys of an organisation that count now; empty or undefined for one that is unknown or suspended. */
export type Keyring = (organisation: string) => readonly PublicKey[] | undefined

export const MAX_SIGNATURES = 16

/** The bytes that are signed. */
export function signedBytes(body: Body): Uint8Array {
  return concatBytes(utf8ToBytes('attestry/1/envelope'), Uint8Array.of(0), utf8ToBytes(canonicalJson(body)))
}

/** Adds one organisation's signature to a body or to an envelope. */
export function signEnvelope<B extends Body>(unsigned: B | Envelope<B>, organisation: string, key: OrganisationKey): Envelope<B> {
  const envelope = isEnvelope(unsigned) ? unsigned : { body: unsigned, signatures: [] }
  const value = sign(signedBytes(envelope.body), key)
  return { body: envelope.body, signatures: [...envelope.signatures, { organisation, key: keyId(key), alg: key.alg, value }] }
}

/**
 * Checks the structure of an envelope from outside: a body with type and origin, 0–16 signatures, nothing else.
 * @throws Refusal MALFORMED
 */
export function parseEnvelope(value: unknown): Envelope {
  const { body, signatures, ...rest } = record(value, '/')
  if (Object.keys(rest).length > 0) refuse('MALFORMED', 'not an envelope', [{ path: '/', expected: 'body and signatures', got: 'further members' }])
  const { type, origin } = record(body, '/body')
  if (typeof type !== 'string' || typeof origin !== 'string')
    refuse('MALFORMED', 'not an envelope', [{ path: '/body', expected: 'type and origin', got: 'none' }])
  if (!Array.isArray(signatures) || signatures.length > MAX_SIGNATURES)
    return refuse('MALFORMED', 'not an envelope', [{ path: '/signatures', expected: `an array of at most ${MAX_SIGNATURES}`, got: typeof signatures }])
  return { body: body as Body, signatures: signatures.map(parseSignature) }
}

/**
 * Checks every signature of an envelope; all must hold.
 * @returns the organisations that signed, without repetition, in the order of their signatures
 * @throws Refusal BAD_SIGNATURE when one is not by a current key of the organisation it names, or two are by the same organisation
 */
export function requireSignatures(envelope: Envelope, keyring: Keyring): readonly string[] {
  const bytes = signedBytes(envelope.body)
  const signers = new Set<string>()
  envelope.signatures.forEach(({ organisation, key, alg, value }, i) => {
    const candidate = keyring(organisation)?.find((k) => keyId(k) === key && k.alg === alg)
    if (!candidate) return refuse('BAD_SIGNATURE', `signature ${i} names no current key of ${organisation}`)
    if (!isSignedBy(bytes, value, candidate)) return refuse('BAD_SIGNATURE', `signature ${i} is not by the key of ${organisation} that it names`)
    if (signers.has(organisation)) return refuse('BAD_SIGNATURE', `${organisation} signed twice`)
    signers.add(organisation)
  })
  return [...signers]
}

function parseSignature(value: unknown, i: number): Signature {
  const path = `/signatures/${i}`
  const { organisation, key, alg, value: hex, ...rest } = record(value, path)
  const ok = typeof organisation === 'string' && typeof key === 'string' && (alg === 'ed25519' || alg === 'p256') && typeof hex === 'string'
  if (!ok || Object.keys(rest).length > 0) return refuse('MALFORMED', 'not a signature', [{ path, expected: 'organisation, key, alg, value', got: 'something else' }])
  return { organisation, key, alg, value: hex }
}

function isEnvelope<B extends Body>(value: B | Envelope<B>): value is Envelope<B> {
  return 'signatures' in value && 'body' in value
}

function record(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse('MALFORMED', 'not an object', [{ path, expected: 'an object', got: value === null ? 'null' : typeof value }])
  return value as Record<string, unknown>
}
