import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decode, decodeCode, describeType, encode, encodeCode, type FieldType, isNumeric, NUMBER_LIMIT } from '../../src/document/encoding.ts'
import { type Field, FIELD_ORDER, toField } from '../../src/field/field.ts'
import type { Json } from '../../src/hash/canonical.ts'
import { refused } from './specimens.ts'

const amount: FieldType = { as: 'amount', currency: 'currency' }
const weight: FieldType = { as: 'measure', unit: 'KGM', decimals: 3 }
const element = (value: bigint) => value as Field

function refuses(type: FieldType, values: readonly unknown[]): void {
  for (const value of values) {
    const { problems, message } = refused('DOCUMENT_INVALID', () => encode(type, value as Json, '/x'))
    assert.equal(problems.length, 1)
    assert.deepEqual({ path: problems[0]?.path, expected: problems[0]?.expected }, { path: '/x', expected: describeType(type) })
    if (typeof value === 'string' && value.length > 3 && /[2-8]/.test(value)) assert.ok(!message.includes(value), 'a problem holds the value')
  }
}

describe('encoding', () => {
  it('encodes the examples of SPEC §3', () => {
    assert.equal(encode(amount, '48.00'), 480000n)
    assert.equal(encode({ as: 'code' }, 'EUR'), 4543826n)
    assert.equal(encode({ as: 'date' }, '0001-01-01'), 0n)
    assert.equal(encode({ as: 'date' }, '1970-01-01'), 719162n)
    assert.equal(encode({ as: 'date' }, '9999-12-31'), 3652058n)
    assert.equal(encode({ as: 'timestamp' }, '1970-01-01T00:00:00Z'), 0n)
    assert.equal(encode({ as: 'timestamp' }, '2017-01-25T08:00:00+01:00'), 1485327600n)
    assert.equal(encode(weight, '88'), 88000n)
    assert.equal(encode({ as: 'boolean' }, true), 1n)
  })

  it('takes an amount up to 2^64 - 1 ten-thousandths and not one more', () => {
    assert.equal(encode(amount, '1844674407370955.1615'), NUMBER_LIMIT - 1n)
    refuses(amount, ['1844674407370955.1616', '99999999999999999999'])
  })

  it('refuses amounts that are numbers, negative, signed, in exponents, with five decimals or with leading zeros', () =>
    refuses(amount, [48.5, 48, -1, '-48.00', '+48', '4.8e1', '48.00001', '048', '.5', '48.', '48,50', '1 000', '', ' 48', '４８', null, true, ['48']]))

  it('refuses integers that are fractions, negative, unsafe, or text that fits a JSON number', () =>
    refuses({ as: 'integer' }, [1.5, -1, -0, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, '7', '07', '9007199254740991', '18446744073709551616', '']))

  it('takes integers of 2^53 and more as decimal text', () => {
    assert.equal(encode({ as: 'integer' }, '18446744073709551615'), NUMBER_LIMIT - 1n)
    assert.equal(encode({ as: 'integer' }, Number.MAX_SAFE_INTEGER), 2n ** 53n - 1n)
    refuses({ as: 'integer', maximum: 4n }, [5])
  })

  it('refuses days that no calendar has', () =>
    refuses({ as: 'date' }, ['2017-02-29', '1900-02-29', '2017-13-01', '2017-00-10', '2017-04-31', '0000-01-01', '17-01-25', '2017-1-25', '2017-01-25T00:00:00Z', 20170125]))

  it('takes the 29th of February in leap years only', () => {
    assert.equal(encode({ as: 'date' }, '2000-02-29') + 1n, encode({ as: 'date' }, '2000-03-01'))
    assert.equal(encode({ as: 'date' }, '1900-02-28') + 1n, encode({ as: 'date' }, '1900-03-01'))
  })

  it('agrees with the platform on every day it samples', () =>
    fc.assert(
      fc.property(fc.integer({ min: -719162, max: 2932896 }), (days) => {
        const text = new Date(days * 86_400_000).toISOString().slice(0, 10)
        assert.equal(encode({ as: 'date' }, text), BigInt(days + 719162))
      }),
    ))

  it('refuses timestamps without an offset, with fractions, before 1970 or at second 60', () =>
    refuses({ as: 'timestamp' }, ['2017-01-25T08:00:00', '2017-01-25T08:00:00.5Z', '1969-12-31T23:59:59Z', '1970-01-01T00:30:00+01:00', '2017-01-25T08:00:60Z', '2017-01-25T24:00:00Z', '2017-01-25 08:00:00Z', '2017-01-25T08:00:00+24:00', '2017-01-25t08:00:00z']))

  it('refuses codes that are empty, over 31 bytes, with U+0000, not in NFC or half of a surrogate pair', () =>
    refuses({ as: 'code' }, ['', 'x'.repeat(32), 'é'.repeat(16), 'a\0b', 'e\u0301', '\ud800', 7, null]))

  it('takes a code of exactly 31 bytes', () => assert.ok(encodeCode('x'.repeat(31)) < 2n ** 248n))

  it('refuses a code outside its pattern or enum', () => {
    refuses({ as: 'code', pattern: '^[A-Z]{3}$' }, ['eur', 'EURO', 'EUR '])
    refuses({ as: 'code', enum: ['low', 'medium'] }, ['Low', 'high'])
  })

  it('refuses text that is not in NFC, and hashes any other', () => {
    refuses({ as: 'text' }, ['e\u0301', '\ud800', 'a\0', 1])
    assert.notEqual(encode({ as: 'text' }, 'a'), encode({ as: 'text' }, 'A'))
    assert.ok(encode({ as: 'text' }, 'a'.repeat(10_000)) < 2n ** 248n)
  })

  it('refuses a set root in another spelling or not reduced', () => refuses({ as: 'set' }, ['007', '0x7', FIELD_ORDER.toString(), 7, '-1']))

  it('refuses to decode elements that no value has', () => {
    for (const [type, value] of [
      [{ as: 'integer' }, NUMBER_LIMIT],
      [{ as: 'boolean' }, 2n],
      [{ as: 'date' }, 3652059n],
      [{ as: 'timestamp' }, 253402300800n],
      [{ as: 'code' }, 0n],
      [{ as: 'code' }, 0xffn],
      [{ as: 'code' }, BigInt(`0x61${'00'.repeat(30)}`)],
      [{ as: 'code' }, FIELD_ORDER - 1n],
    ] as [FieldType, bigint][])
      refused('MALFORMED', () => decode(type, element(value)))
  })

  it('decodes what it encoded, for codes of any script', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 }), (raw) => {
        const text = raw.normalize('NFC')
        fc.pre(!text.includes('\0') && new TextEncoder().encode(text).length <= 31)
        assert.equal(decodeCode(encodeCode(text)), text)
      }),
    ))

  for (const [name, type] of Object.entries({ integer: { as: 'integer' }, amount, measure: weight } as Record<string, FieldType>))
    it(`encodes again what it decoded, for any ${name}`, () =>
      fc.assert(
        fc.property(fc.bigInt({ min: 0n, max: NUMBER_LIMIT - 1n }), (value) => {
          assert.equal(encode(type, decode(type, toField(value))), value)
        }),
      ))

  for (const [type, max] of [
    [{ as: 'date' }, 3652058n],
    [{ as: 'timestamp' }, 253402300799n],
    [{ as: 'boolean' }, 1n],
  ] as [FieldType, bigint][])
    it(`encodes again what it decoded, for any ${type.as}`, () =>
      fc.assert(
        fc.property(fc.bigInt({ min: 0n, max }), (value) => {
          assert.equal(encode(type, decode(type, toField(value))), value)
        }),
      ))

  it('calls numbers what is below 2^64', () => {
    assert.deepEqual((['integer', 'boolean', 'date', 'timestamp', 'code', 'text', 'set'] as const).filter((as) => isNumeric({ as })), ['integer', 'boolean', 'date', 'timestamp'])
  })
})
