import assert from 'node:assert/strict'
import fc from 'fast-check'
import { CAPACITY, STATUS_DEPTH, StatusList, WORD_BYTES } from '../../src/credential/status-list.ts'
import { emptyRoot, rootOf } from '../../src/hash/tree.ts'
import { refused } from '../document/specimens.ts'

describe('status lists', () => {
  it('are in the order of the W3C Bitstring Status List: position 0 is the highest bit of the first byte', () => {
    const list = new StatusList()
    for (const position of [0, 7, 8, 17]) list.revoke(position)
    assert.deepEqual([...list.toBytes()], [0b1000_0001, 0b1000_0000, 0b0100_0000])
  })

  it('agree with a bitstring written out, at every position they sample', () =>
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(CAPACITY - 1), { maxLength: 12 }), fc.nat(CAPACITY - 1), (revoked, asked) => {
        const list = new StatusList()
        for (const position of revoked) list.revoke(position)
        const bits = [...list.toBytes()].map((byte) => byte.toString(2).padStart(8, '0')).join('')
        assert.equal(list.isRevoked(asked), revoked.includes(asked))
        for (const position of revoked) assert.equal(bits[position], '1')
        assert.equal([...bits].filter((bit) => bit === '1').length, revoked.length)
      }),
      { numRuns: 30 },
    ))

  it('have the word of SPEC §4.5: bytes from the least significant, the bit from the most significant', () => {
    const list = new StatusList()
    const position = 248 * 3 + 8 * 30 + 2
    list.revoke(position)
    const { wordIndex, byte, bit, word } = list.path(position)
    assert.deepEqual({ wordIndex, byte, bit }, { wordIndex: 3, byte: 30, bit: 2 })
    assert.equal(word, BigInt(128 >> 2) << BigInt(8 * 30))
  })

  it('lead from every word to the root', () => {
    const list = new StatusList()
    for (const position of [0, 1000, CAPACITY - 1]) list.revoke(position)
    for (const position of [0, 247, 248, 1000, 500_000, CAPACITY - 1]) {
      const { word, path, wordIndex } = list.path(position)
      assert.equal(path.position, wordIndex)
      assert.equal(rootOf(word, path), list.root)
    }
  })

  it('have another root for any revocation, and the empty root for none', () => {
    const list = new StatusList()
    assert.equal(list.root, emptyRoot(STATUS_DEPTH))
    list.revoke(5)
    assert.notEqual(list.root, emptyRoot(STATUS_DEPTH))
    assert.equal(list.root, StatusList.fromBytes(list.toBytes()).root)
  })

  it('hold 1,015,808 positions and no more', () => {
    assert.equal(CAPACITY, 1_015_808)
    const full = StatusList.fromBytes(new Uint8Array(CAPACITY / 8).fill(255))
    assert.ok(full.isRevoked(CAPACITY - 1))
    refused('TOO_LARGE', () => StatusList.fromBytes(new Uint8Array(CAPACITY / 8 + 1)))
    for (const position of [-1, CAPACITY, 1.5, Number.NaN]) assert.throws(() => full.isRevoked(position), { name: 'Bug' })
  })

  it('print and parse', () => {
    const list = new StatusList()
    assert.equal(list.print(), '')
    for (const position of [3, 8 * WORD_BYTES, 999_999]) list.revoke(position)
    assert.equal(StatusList.parse(list.print()).root, list.root)
    assert.equal(StatusList.parse('').root, emptyRoot(STATUS_DEPTH))
  })

  for (const text of ['AA', 'gAA', 'gA==', 'g+', 'g', 'gB', ' ', 'gA\n', 7, null, 'A'.repeat(200_000)])
    it(`refuse ${String(text).slice(0, 12)}: one spelling, no trailing zero bytes`, () => void refused('MALFORMED', () => StatusList.parse(text)))
})
