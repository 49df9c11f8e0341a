/**
 * Elements of the scalar field of BN254, in which every circuit computes (SPEC §2.1).
 *
 * A `Field` is a bigint that is known to be in [0, FIELD_ORDER): only the functions of this file and `hash` make one, so
 * that nothing inside ever reduces or checks again. Its one spelling is decimal without sign or leading zero:
 *
 *     "0"   "7"   "21888242871839275222246405745257275088548364400416034343698204186575808495616"
 */

import { refuse } from '../errors/errors.ts'

declare const brand: unique symbol

/** An integer in [0, FIELD_ORDER). */
export type Field = bigint & { readonly [brand]: 'Field' }

/** r, the order of BN254's G1 and G2 (EIP-197). */
export const FIELD_ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617n

/** q, the order of the field of the curve's coordinates (EIP-197). */
export const COORDINATE_ORDER = 21888242871839275222246405745257275088696311157297823662689037894645226208583n

export const ZERO = 0n as Field

const SPELLING = /^(0|[1-9][0-9]{0,76})$/

/**
 * Reads a field element from its one accepted spelling.
 * @throws Refusal MALFORMED for anything that is not a string, or another spelling, or not reduced
 */
export function parseField(text: unknown, path = '/'): Field {
  if (typeof text !== 'string' || !SPELLING.test(text))
    return refuse('MALFORMED', 'not a field element', [{ path, expected: 'a decimal string without leading zeros', got: spell(text) }])
  const value = BigInt(text)
  if (value >= FIELD_ORDER) return refuse('MALFORMED', 'field element is not reduced', [{ path, expected: 'less than r', got: spell(text) }])
  return value as Field
}

/**
 * Takes an integer that must already be in range.
 * @throws Refusal MALFORMED when it is negative or not below FIELD_ORDER
 */
export function toField(value: bigint | number, path = '/'): Field {
  const integer = typeof value === 'number' ? integerOf(value, path) : value
  if (integer < 0n || integer >= FIELD_ORDER)
    return refuse('MALFORMED', 'not a field element', [{ path, expected: 'an integer in [0, r)', got: 'one outside' }])
  return integer as Field
}

/** Reduces an integer that may be anything. For arithmetic of ours only, never for input. */
export function reduce(value: bigint): Field {
  const rest = value % FIELD_ORDER
  return (rest < 0n ? rest + FIELD_ORDER : rest) as Field
}

/** The one spelling of an element. */
export function printField(value: Field): string {
  return value.toString(10)
}

/** 32 bytes, big-endian. */
export function fieldToBytes(value: Field): Uint8Array {
  const bytes = new Uint8Array(32)
  let rest: bigint = value
  for (let i = 31; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return bytes
}

/** A big-endian unsigned integer of at most 31 bytes: always an element. */
export function fieldFromBytes(bytes: Uint8Array): Field {
  if (bytes.length > 31) return refuse('MALFORMED', 'too many bytes for a field element', [{ path: '/', expected: 'at most 31 bytes', got: `${bytes.length}` }])
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return value as Field
}

/** A uniform element from the platform's generator: 384 random bits reduced, bias below 2^-129. */
export function randomField(): Field {
  const bytes = crypto.getRandomValues(new Uint8Array(48))
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return reduce(value)
}

function integerOf(value: number, path: string): bigint {
  if (!Number.isSafeInteger(value)) return refuse('MALFORMED', 'not an integer', [{ path, expected: 'a safe integer', got: String(value) }])
  return BigInt(value)
}

function spell(value: unknown): string {
  return typeof value === 'string' ? `a string of ${value.length} characters` : value === null ? 'null' : typeof value
}
