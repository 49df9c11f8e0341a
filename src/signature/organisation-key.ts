/**
 * Organisation keys: Ed25519 or P-256, so that they can live in an HSM (SPEC §6.1).
 *
 *     { "alg": "ed25519", "publicKey": "d75a98…511a" }        32 bytes in hex
 *     { "alg": "p256",    "publicKey": "02ab…" }               33 bytes, compressed
 */

import { ed25519 } from '@noble/curves/ed25519.js'
import { p256 } from '@noble/curves/nist.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { refuse } from '../errors/errors.ts'
import { type Digest, digestJson } from '../hash/digest.ts'

export type Algorithm = 'ed25519' | 'p256'

export interface PublicKey {
  readonly alg: Algorithm
  /** Hex: 32 bytes for Ed25519, 33 (compressed) for P-256. */
  readonly publicKey: string
}

export interface OrganisationKey extends PublicKey {
  /** Hex, 32 bytes. Never leaves the organisation. */
  readonly secretKey: string
}

/** The id by which signatures name a key: digest of label `key` over {alg, publicKey}. */
export function keyId({ alg, publicKey }: PublicKey): Digest {
  return digestJson('key', { alg, publicKey })
}

export function generateOrganisationKey(alg: Algorithm = 'ed25519'): OrganisationKey {
  const curve = alg === 'ed25519' ? ed25519 : p256
  const { secretKey, publicKey } = curve.keygen()
  return { alg, publicKey: bytesToHex(publicKey), secretKey: bytesToHex(secretKey) }
}

/** Without the secret. */
export function publicPart({ alg, publicKey }: PublicKey): PublicKey {
  return { alg, publicKey }
}

/** @throws Refusal MALFORMED, KEY_INVALID (not a point of the curve, or of small order) */
export function parsePublicKey(value: unknown, path = '/'): PublicKey {
  const { alg, publicKey, ...rest } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  if ((alg !== 'ed25519' && alg !== 'p256') || typeof publicKey !== 'string' || Object.keys(rest).length > 0)
    return refuse('MALFORMED', 'not an organisation key', [{ path, expected: '{alg: ed25519 | p256, publicKey}', got: 'something else' }])
  const length = alg === 'ed25519' ? 64 : 66
  if (publicKey.length !== length || !/^[0-9a-f]+$/.test(publicKey))
    return refuse('MALFORMED', 'not an organisation key', [{ path: `${path}/publicKey`, expected: `${length} lower-case hexadecimal digits`, got: `${publicKey.length} characters` }])
  if (!isUsablePoint(alg, hexToBytes(publicKey))) return refuse('KEY_INVALID', 'the organisation key is not a usable point of its curve')
  return { alg, publicKey }
}

/** Signature over `message`, 64 bytes in hex: RFC 8032, or ECDSA r ‖ s over SHA-256 with low s. */
export function sign(message: Uint8Array, { alg, secretKey }: OrganisationKey): string {
  const secret = hexToBytes(secretKey)
  return bytesToHex(alg === 'ed25519' ? ed25519.sign(message, secret) : p256.sign(message, secret))
}

/** Whether `signature` (hex) is that key's over `message`; false for anything malformed. */
export function isSignedBy(message: Uint8Array, signature: string, { alg, publicKey }: PublicKey): boolean {
  if (!/^[0-9a-f]{128}$/.test(signature)) return false
  try {
    const [sig, key] = [hexToBytes(signature), hexToBytes(publicKey)]
    return alg === 'ed25519' ? ed25519.verify(sig, message, key, { zip215: false }) : p256.verify(sig, message, key, { lowS: true })
  } catch {
    return false
  }
}

function isUsablePoint(alg: Algorithm, bytes: Uint8Array): boolean {
  try {
    if (alg === 'p256') return !p256.Point.fromBytes(bytes).is0()
    return !ed25519.Point.fromBytes(bytes).isSmallOrder()
  } catch {
    return false
  }
}
