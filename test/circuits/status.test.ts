/** A status word has one reading (SPEC §4.5; C15b). */

import assert from 'node:assert/strict'
import { FIELD_ORDER } from '../../src/field/field.ts'
import { rootOf } from '../../src/hash/tree.ts'
import { Circuit } from './circuit.ts'
import * as gadgets from './gadgets.ts'
import { f, statusList, type Value } from './specimen.ts'

const WORD = 5

describe('StatusBit', () => {
  let circuit: Circuit
  const inputs = (list: ReturnType<typeof statusList>, byte: number, bit: number) => ({
    wordIndex: BigInt(WORD), byte: BigInt(byte), bit: BigInt(bit), word: list.leaf(WORD), siblings: list.path(WORD).siblings.map((three) => [...three]) as Value,
  })
  before(async () => (circuit = await Circuit.gadget(gadgets.statusBit)))

  it('reads every position of a word, and no other', () => {
    const revoked = [0, 7, 8, 15, 100, 239, 240, 247]
    const list = statusList(revoked.map((position) => 248 * WORD + position))
    for (let position = 0; position < 248; position++) {
      const index = 248 * WORD + position
      circuit.accepts(inputs(list, position >> 3, position & 7), { index: BigInt(index), root: list.root, revoked: revoked.includes(position) ? 1n : 0n })
    }
  }).timeout(60_000)

  it('reads the eight positions that no word has as revoked', () => {
    for (let bit = 0; bit < 8; bit++) circuit.accepts(inputs(statusList(), 31, bit), { revoked: 1n })
  })

  for (const [name, change] of Object.entries({ 'byte 32': { byte: 32n }, 'bit 8': { bit: 8n }, 'byte -1': { byte: FIELD_ORDER - 1n }, 'word number 4096': { wordIndex: 4096n }, 'a word of 2^248': { word: 2n ** 248n } })) {
    it(`rejects ${name}`, () => circuit.rejects({ ...inputs(statusList(), 0, 0), ...change }))
  }

  it('refuses the bits of word + r: the same word mod r, and 44 % of revoked credentials back', async () => {
    const circuit = await Circuit.gadget(gadgets.statusBit, 1) // where the sum of the bits is a constraint of its own
    // A revoked position that the low 248 bits of word + r do not have.
    const list = statusList(Array.from({ length: 248 }, (_, i) => 248 * WORD + i))
    const word = list.leaf(WORD)
    const alias = (word + FIELD_ORDER) & (2n ** 248n - 1n)
    const position = Array.from({ length: 248 }, (_, i) => i).find((i) => ((alias >> BigInt(8 * (i >> 3) + 7 - (i & 7))) & 1n) === 0n) ?? 0
    const given = inputs(list, position >> 3, position & 7)
    const [honest, forged] = [await circuit.forge(given), await circuit.forge({ ...given, word: f(alias) })]
    assert.equal(circuit.value(honest, 'revoked'), 1n)
    assert.equal(circuit.value(forged, 'revoked'), 0n)
    // The path and the public values of the honest one, the bits of the other: what a wallet would have to show.
    for (const wire of circuit.wires(/^main\.(word|root|index)$|\.TreePath_/)) forged[wire] = honest[wire] ?? 0n
    assert.equal(circuit.value(forged, 'root'), rootOf(word, list.path(WORD)))
    assert.equal(circuit.r1cs.violated(forged).length, 1)
  })
})
