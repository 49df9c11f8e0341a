/**
 * How a field of a document becomes one field element, and back (SPEC §3).
 *
 *     amount  "48.00"            480000        code  "EUR"                4543826
 *     date    "2017-01-25"       736353        timestamp "2017-01-25T08:00:00+01:00"   1485327600
 *
 * Every element of a number is below 2^64; every code, text and set below 2^248 or a reduced element. Nothing is normalised:
 * a value in another spelling is refused.
 */

import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { refuse } from '../errors/errors.ts'
import { type Field, fieldFromBytes, fieldToBytes, parseField, printField, toField } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import { digest, digestToField } from '../hash/digest.ts'
import { dateOfDays, daysOfDate, secondsOfTimestamp, timestampOfSeconds } from './civil-time.ts'
import { shapeOf } from './validator.ts'

/** What a field means, and so how it is encoded and what it compares with. */
export type FieldType =
  | { readonly as: 'integer'; readonly maximum?: bigint }
  | { readonly as: 'boolean' }
  /** `maximum` is in units of the last decimal, as encoded. */
  | { readonly as: 'measure'; readonly unit: string; readonly decimals: number; readonly maximum?: bigint }
  /** `currency` is the name of the field (or parameter) with the ISO 4217 code. */
  | { readonly as: 'amount'; readonly currency: string }
  | { readonly as: 'date' }
  | { readonly as: 'timestamp' }
  | { readonly as: 'code'; readonly pattern?: string; readonly enum?: readonly string[] }
  | { readonly as: 'text' }
  | { readonly as: 'set' }

/** Numbers are below this. */
export const NUMBER_LIMIT = 1n << 64n
export const AMOUNT_DECIMALS = 4
export const CODE_BYTES = 31

/**
 * The element of a value.
 * @param path where the value stands, for the problem
 * @throws Refusal DOCUMENT_INVALID with one problem that never holds the value
 */
export function encode(type: FieldType, value: Json | undefined, path = ''): Field {
  switch (type.as) {
    case 'integer':
      return bounded(integerOf(value) ?? mismatch(type, value, path), type, value, path, type.maximum)
    case 'boolean':
      return typeof value === 'boolean' ? toField(value ? 1 : 0) : mismatch(type, value, path)
    case 'measure':
      return bounded(decimalOf(value, type.decimals) ?? mismatch(type, value, path), type, value, path, type.maximum)
    case 'amount':
      return bounded(decimalOf(value, AMOUNT_DECIMALS) ?? mismatch(type, value, path), type, value, path)
    case 'date':
      return toField(daysOfDate(value) ?? mismatch(type, value, path))
    case 'timestamp':
      return toField(secondsOfTimestamp(value) ?? mismatch(type, value, path))
    case 'code':
      return fitsCode(type, value) ? codeElement(value) : mismatch(type, value, path)
    case 'text':
      return typeof value === 'string' && isPlainText(value) ? digestToField(digest('text', utf8ToBytes(value))) : mismatch(type, value, path)
    case 'set':
      return parseSetRoot(value) ?? mismatch(type, value, path)
  }
}

/**
 * The value that encodes to an element: for all but `text` and `set`, which have the decimal element itself.
 * @throws Refusal MALFORMED for an element that no value of this type has
 */
export function decode(type: FieldType, element: Field): Json {
  const numeric = isNumeric(type)
  if (numeric && element >= NUMBER_LIMIT) return notEncoded(type)
  switch (type.as) {
    case 'integer':
      return element <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(element) : printField(element)
    case 'boolean':
      return element <= 1n ? element === 1n : notEncoded(type)
    case 'measure':
      return decimalText(element, type.decimals)
    case 'amount':
      return decimalText(element, AMOUNT_DECIMALS)
    case 'date':
      return dateOfDays(element) ?? notEncoded(type)
    case 'timestamp':
      return timestampOfSeconds(element) ?? notEncoded(type)
    case 'code':
      return decodeCode(element)
    case 'text':
    case 'set':
      return printField(element)
  }
}

/** The element of a code of any kind: its bytes read big-endian. @throws Refusal DOCUMENT_INVALID */
export function encodeCode(text: unknown, path = ''): Field {
  return encode({ as: 'code' }, text as Json, path)
}

/** The text of a code's element. @throws Refusal MALFORMED when it is none */
export function decodeCode(element: Field): string {
  const hex = bytesToHex(fieldToBytes(element)).replace(/^(00)+/, '')
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(hexToBytes(hex))
    return fitsCode({ as: 'code' }, text) ? text : notEncoded({ as: 'code' })
  } catch {
    return notEncoded({ as: 'code' })
  }
}

/** Whether values of this type are numbers: below 2^64, ordered (but for booleans). */
export function isNumeric(type: FieldType): boolean {
  return type.as !== 'code' && type.as !== 'text' && type.as !== 'set'
}

/** The type in words, for problems and sentences: "an amount in currency", "a code like …". */
export function describeType(type: FieldType): string {
  switch (type.as) {
    case 'integer':
      return `an integer from 0 to ${type.maximum ?? '2^64 - 1'}`
    case 'boolean':
      return 'true or false'
    case 'measure':
      return `decimal text in ${type.unit} with at most ${type.decimals} decimals`
    case 'amount':
      return 'decimal text with at most four decimals (an amount)'
    case 'date':
      return 'a date YYYY-MM-DD'
    case 'timestamp':
      return 'a timestamp YYYY-MM-DDThh:mm:ss with Z or an offset, from 1970 on'
    case 'code':
      return type.enum ? `one of ${type.enum.join(', ')}` : `a code of 1 to 31 bytes in NFC${type.pattern ? ` that matches ${type.pattern}` : ''}`
    case 'text':
      return 'text in Unicode NFC'
    case 'set':
      return 'the root of a set, a decimal field element'
  }
}

function integerOf(value: Json | undefined): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0) ? BigInt(value) : undefined
  if (typeof value !== 'string' || !/^[1-9][0-9]{15,19}$/.test(value)) return undefined
  // one spelling: what fits a JSON number is written as one
  return BigInt(value) > BigInt(Number.MAX_SAFE_INTEGER) ? BigInt(value) : undefined
}

/** Decimal text scaled to units of the last decimal. */
function decimalOf(value: Json | undefined, decimals: number): bigint | undefined {
  const match = typeof value === 'string' ? /^(0|[1-9][0-9]{0,19})(?:\.([0-9]{1,9}))?$/.exec(value) : null
  if (!match) return undefined
  const fraction = match[2] ?? ''
  return fraction.length > decimals ? undefined : BigInt(`${match[1]}${fraction.padEnd(decimals, '0')}`)
}

/** The shortest decimal text. */
function decimalText(element: Field, decimals: number): string {
  const digits = element.toString().padStart(decimals + 1, '0')
  const [whole, fraction] = [digits.slice(0, digits.length - decimals), digits.slice(digits.length - decimals).replace(/0+$/, '')]
  return fraction === '' ? whole : `${whole}.${fraction}`
}

function bounded(element: bigint, type: FieldType, value: Json | undefined, path: string, maximum: bigint = NUMBER_LIMIT - 1n): Field {
  return element <= maximum && element < NUMBER_LIMIT ? toField(element) : mismatch(type, value, path)
}

function fitsCode(type: FieldType & { as: 'code' }, value: Json | undefined): value is string {
  if (typeof value !== 'string' || !isPlainText(value)) return false
  const { length } = utf8ToBytes(value)
  if (length < 1 || length > CODE_BYTES) return false
  return (type.enum?.includes(value) ?? true) && (type.pattern === undefined || new RegExp(type.pattern, 'u').test(value))
}

function codeElement(text: string): Field {
  return fieldFromBytes(utf8ToBytes(text))
}

/** NFC, no U+0000, no half of a surrogate pair. */
function isPlainText(text: string): boolean {
  return text.normalize('NFC') === text && !text.includes('\0') && !/\p{Surrogate}/u.test(text)
}

function parseSetRoot(value: Json | undefined): Field | undefined {
  try {
    return parseField(value)
  } catch {
    return undefined
  }
}

function mismatch(type: FieldType, value: Json | undefined, path: string): never {
  return refuse('DOCUMENT_INVALID', 'a value does not fit its field', [{ path, expected: describeType(type), got: shapeOf(value) }])
}

function notEncoded(type: FieldType): never {
  return refuse('MALFORMED', 'not the element of any value of its type', [{ path: '', expected: describeType(type), got: 'another element' }])
}
