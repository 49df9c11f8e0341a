import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Refusal } from '../../src/errors/errors.ts'
import { FIELD_ORDER, fieldFromBytes, fieldToBytes, parseField, printField, randomField, toField } from '../../src/field/field.ts'

const malformed = (error: unknown) => error instanceof Refusal && error.code === 'MALFORMED'

describe('a field element', () => {
  it('reads back from its one spelling', () => {
    fc.assert(fc.property(fc.bigInt(0n, FIELD_ORDER - 1n), (value) => parseField(printField(toField(value))) === value))
  })

  const spellings: [string, unknown][] = [
    ['r itself', FIELD_ORDER.toString()],
    ['7 + r', (FIELD_ORDER + 7n).toString()],
    ['a negative number', '-1'],
    ['a leading zero', '007'],
    ['hexadecimal', '0x7'],
    ['white space', ' 7'],
    ['a trailing line break', '7\n'],
    ['an exponent', '7e3'],
    ['a fraction', '7.0'],
    ['more than 77 digits', '1'.repeat(78)],
    ['an empty string', ''],
    ['a number', 7],
    ['a bigint', 7n],
    ['null', null],
    ['a list', ['7']],
    ['other digits', '７'],
  ]
  for (const [name, value] of spellings) it(`is not read from ${name} (A2)`, () => assert.throws(() => parseField(value), malformed))

  it('does not show the refused text in the error', () => {
    assert.throws(() => parseField('secret-value'), (error: Error) => !error.message.includes('secret-value'))
  })

  it('is not made of an integer outside [0, r)', () => {
    for (const value of [-1n, FIELD_ORDER, 1.5, Number.NaN, 2 ** 53]) assert.throws(() => toField(value), malformed)
  })

  it('has 32 big-endian bytes', () => {
    assert.equal(fieldToBytes(toField(258n)).slice(-2).join(), '1,2')
    assert.throws(() => fieldFromBytes(new Uint8Array(32)), malformed)
  })

  it('is drawn at random without repetition', () => {
    assert.equal(new Set(Array.from({ length: 100 }, randomField)).size, 100)
  })
})
