/**
 * Issuing keys: EdDSA-Poseidon on Baby Jubjub, as circomlib's EdDSAPoseidonVerifier checks it (SPEC §4.3).
 *
 *     A = a · B8      R8 = r · B8      S = r + 8 · h · a  mod l      h = Poseidon(R8.x, R8.y, A.x, A.y, M), unlabelled
 *     verifier:  S · B8 = R8 + 8 · h · A
 *
 * Written anew on @noble/curves, whose base point is circomlib's Base8: circomlibjs accepts keys of small order and loops on a
 * negative S.
 */

import { babyjubjub } from '@noble/curves/misc.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { invariant, refuse } from '../errors/errors.ts'
import { type Field, fieldToBytes, parseField, toField } from '../field/field.ts'
import { unlabelledHash } from '../hash/poseidon.ts'

export interface IssuingPublicKey {
  readonly x: Field
  readonly y: Field
}

export interface IssuingKey extends IssuingPublicKey {
  /** The scalar a in decimal, 0 < a < l. Never leaves the issuer. */
  readonly secret: string
}

export interface EddsaSignature {
  readonly r8: readonly [Field, Field]
  /** Below l. */
  readonly s: bigint
}

const { Point } = babyjubjub
type Point = InstanceType<typeof Point>
/** l, the order of the base point. */
export const SUBGROUP_ORDER = 2736030358979909402780800718157159386076813972158567259200215660948447373041n

let baseIsPrecomputed = false

export function newIssuingKey(): IssuingKey {
  return issuingKeyOf((bigEndian(crypto.getRandomValues(new Uint8Array(48))) % (SUBGROUP_ORDER - 1n)) + 1n)
}

/** Reads an issuing key from its file: {secret, x, y}. @throws Refusal KEY_INVALID */
export function parseIssuingKey(json: unknown): IssuingKey {
  const { secret, x, y } = (typeof json === 'object' && json !== null ? json : {}) as Record<string, unknown>
  if (typeof secret !== 'string' || !/^[1-9][0-9]{0,76}$/.test(secret) || BigInt(secret) >= SUBGROUP_ORDER) return refuse('KEY_INVALID', 'not an issuing key')
  const key = issuingKeyOf(BigInt(secret))
  return key.x.toString() === x && key.y.toString() === y ? key : refuse('KEY_INVALID', 'the issuing key and its public part do not belong together')
}

/**
 * Reads a public issuing key with decimal coordinates.
 * @throws Refusal MALFORMED, KEY_INVALID (not on the curve, the identity, or not of order l)
 */
export function parseIssuingPublicKey(json: unknown, path = ''): IssuingPublicKey {
  const { x, y, ...rest } = (typeof json === 'object' && json !== null ? json : {}) as Record<string, unknown>
  if (Object.keys(rest).length > 0) return refuse('MALFORMED', 'not an issuing key', [{ path, expected: 'x and y', got: 'further members' }])
  const key = { x: parseField(x, `${path}/x`), y: parseField(y, `${path}/y`) }
  return usablePoint(key) ? key : refuse('KEY_INVALID', 'the issuing key is not a point of order l')
}

/** The signature of a commitment; the same for the same key and commitment, because the nonce is derived from both. */
export function signCommitment(key: IssuingKey, commitment: Field): EddsaSignature {
  const secret = BigInt(key.secret)
  const nonce = nonceOf(secret, commitment)
  const { x, y } = base().multiply(nonce).toAffine()
  const r8 = [toField(x), toField(y)] as const
  const h = unlabelledHash([...r8, key.x, key.y, commitment])
  return { r8, s: (nonce + 8n * h * secret) % SUBGROUP_ORDER }
}

/** Whether a signature is that key's: false for S ≥ l, keys not of order l, R8 off the curve; ends for every input. */
export function isSignatureOf(key: IssuingPublicKey, commitment: Field, { r8, s }: EddsaSignature): boolean {
  if (s < 0n || s >= SUBGROUP_ORDER) return false
  const [publicKey, commitmentPoint] = [usablePoint(key), pointOf(r8[0], r8[1])]
  if (!publicKey || !commitmentPoint) return false
  const h = (8n * unlabelledHash([...r8, key.x, key.y, commitment])) % SUBGROUP_ORDER
  return base().multiplyUnsafe(s).equals(commitmentPoint.add(publicKey.multiplyUnsafe(h)))
}

function issuingKeyOf(secret: bigint): IssuingKey {
  const { x, y } = base().multiply(secret).toAffine()
  return { secret: secret.toString(), x: toField(x), y: toField(y) }
}

/** A uniform scalar that only the holder of the secret can compute: HMAC-SHA-512, 512 bits reduced, bias below 2^-260. */
function nonceOf(secret: bigint, commitment: Field): bigint {
  const message = concatBytes(utf8ToBytes('attestry/1/nonce'), Uint8Array.of(0), fieldToBytes(commitment))
  const nonce = bigEndian(hmac(sha512, fieldToBytes(toField(secret)), message)) % SUBGROUP_ORDER
  invariant(nonce !== 0n, 'a nonce is not 0')
  return nonce
}

/** The base point with a table for fixed-base products, built on first use: 0.4 ms a product instead of 1.6. */
function base(): Point {
  if (!baseIsPrecomputed) Point.BASE.precompute(8)
  baseIsPrecomputed = true
  return Point.BASE
}

function usablePoint({ x, y }: IssuingPublicKey): Point | undefined {
  const point = pointOf(x, y)
  return point && !point.is0() && point.isTorsionFree() ? point : undefined
}

function pointOf(x: bigint, y: bigint): Point | undefined {
  try {
    const point = Point.fromAffine({ x, y })
    point.assertValidity()
    return point
  } catch {
    return undefined
  }
}

function bigEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return value
}
