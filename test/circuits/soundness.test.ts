/**
 * Every gadget's own constraints, at every level of optimisation (C11, C12): no output can move while the inputs stand still, no hint has
 * another value that gives other outputs, and no constraint is idle. What a gadget is built on is replaced by a stub where
 * it is tested by itself. Where a gadget is too large for all of it, a seeded sample.
 */

import assert from 'node:assert/strict'
import { mod } from './r1cs.ts'
import { Circuit, type Gadget, LEVELS } from './circuit.ts'
import { freeOutputs, idleConstraints, otherOutputs } from './forgery.ts'
import * as gadgets from './gadgets.ts'
import { type Inputs, packRules, packSlot } from './specimen.ts'

const { stubbed } = gadgets
const REGISTERS = [5n, 11n, 17n, 29n]
const siblings = (depth: number) => Array.from({ length: depth }, (_, i) => [11n, 22n, 33n].map((value) => value + 100n * BigInt(i + 1)))
const bitsOf = (value: bigint, length: number) => Array.from({ length }, (_, i) => (value >> BigInt(i)) & 1n)

/** Each operator with sums and products, so that every wire of a rule counts somewhere. */
const RULES: Inputs[] = (['=', '!=', '<', '<='] as const).flatMap((op) =>
  [false, true].map((product) => ({ registers: REGISTERS, slot: bitsOf(packSlot(2, { a: 2, b: 1, c: 3, d: op === '=' ? 1 : 0, op, numeric: true, leftProduct: product, rightProduct: !product, or: product }), 14) })),
)
const MEMBER: Inputs = { published: 1n, parameter: 2n, inDocument: 3n, member: 4n, position: 77n, siblings: siblings(7) }

interface Case {
  readonly gadget: Gadget
  readonly specimens: readonly Inputs[]
  /** How many constraints, and how many hints, are tried; all without it. */
  readonly sample?: number
  readonly hints?: number
  /** How many constraints at O0 say what another one says too. */
  readonly doubled?: number
}

const CASES: readonly Case[] = [
  { gadget: gadgets.bits(8), specimens: [{ in: 5n }, { in: 255n }] },
  { gadget: gadgets.uint(40), specimens: [{ in: 0n }, { in: 5n }] },
  { gadget: gadgets.select(3), specimens: [{ in: [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n], bits: [1n, 0n, 1n] }] },
  { gadget: gadgets.insert, specimens: [0n, 1n, 2n, 3n].map((place) => ({ item: 5n, others: [11n, 22n, 33n], place: bitsOf(place, 2) })) },
  { gadget: gadgets.validity, specimens: [{ on: 1n, now: 5n, issuedAt: 5n, expiresAt: 6n }, { on: 1n, now: 5n, issuedAt: 1n, expiresAt: 99n }] },
  { gadget: gadgets.rule(2, 0), specimens: RULES },
  { gadget: gadgets.rule(2, 1), specimens: RULES, hints: 60 },
  {
    gadget: stubbed(gadgets.rules(2, 3, 0), 'rule'),
    doubled: 1, // the last slot's `or` is 0, so it need not be 0 or 1
    specimens: [[{ a: 1 }, { a: 2, or: true }, { a: 3 }], [{ a: 1, or: true }, { a: 2, or: true }, { a: 3 }]].map((slots) => ({ registers: [1n, 1n, 0n, 1n], rules: packRules(2, slots) })),
  },
  { gadget: stubbed(gadgets.treePath(2), 'hash'), specimens: [0b1101n, 0b1000n].map((position) => ({ leaf: 5n, position: bitsOf(position, 4), siblings: siblings(2) })) },
  {
    gadget: stubbed(gadgets.statusBit, 'hash'),
    specimens: [
      { wordIndex: 77n, byte: 19n, bit: 5n, word: (0x5an << 152n) + 12345n, siblings: siblings(6) },
      { wordIndex: 0n, byte: 0n, bit: 0n, word: 0n, siblings: siblings(6) },
      { wordIndex: 4095n, byte: 3n, bit: 7n, word: 2n ** 248n - 1n, siblings: siblings(6) },
    ],
    sample: 60,

  },
  { gadget: stubbed(gadgets.nullifier, 'hash'), specimens: [0n, 1n].map((once) => ({ once, serial: 3n, scope: 4n, context: 5n, holderSecret: 6n })) },
  { gadget: stubbed(gadgets.parameterCommitment, 'hash'), specimens: [{ parameter: [1n, 2n, 3n, 4n, 5n, 6n], setRoot: 7n, pseudonymScope: 8n, blinding: 9n }] },
  { gadget: stubbed(gadgets.disclosure, 'hash'), specimens: [0n, 1n].map((withPseudonym) => ({ withPseudonym, holderSecret: 3n, pseudonymScope: 4n, value: [1n, 2n, 3n, 4n], blinding: 6n })) },
  { gadget: stubbed(gadgets.escrow, 'hash', 'curve'), specimens: [0n, 1n].map((on) => ({ on, key: [3n, 4n], context: 4n, holderSecret: 5n, value: [1n, 2n] })) },
  { gadget: stubbed(gadgets.membership, 'hash'), specimens: [{ source: [0n, 0n], ...MEMBER }], hints: 60 },
  {
    gadget: stubbed(gadgets.commitment, 'hash'),
    specimens: [{ schema: 1n, holderSecret: 2n, issuerOrg: 3n, serial: 4n, listId: 5n, statusIndex: 6n, issuedAt: 7n, expiresAt: 8n, documentHash: 9n, fields: Array.from({ length: 16 }, (_, i) => BigInt(i + 20)) }],
  },
  { gadget: stubbed(gadgets.directoryRoot, 'hash'), specimens: [{ org: 1n, key: [2n, 3n], schema: 4n, class: 5n, listId: 6n, statusRoot: 7n, position: 0x5a3cn, siblings: siblings(8) }], hints: 60 },
]

for (const { gadget, specimens, sample, hints = sample, doubled = 0 } of CASES) {
  for (const level of LEVELS) {
    describe(`${gadget.template} at O${level}`, () => {
      let circuit: Circuit
      let outputs: number[]
      before(async () => {
        circuit = await Circuit.gadget(gadget, level)
        outputs = Array.from({ length: circuit.r1cs.outputs }, (_, k) => k + 1)
      })

      it('compiles without a finding', () => assert.deepEqual(circuit.warnings, []))

      it('leaves no output free to move', () => {
        for (const specimen of specimens) assert.deepEqual(freeOutputs(circuit.r1cs, circuit.accepts(specimen), outputs), [])
      })

      it('has no hint with another value and other outputs', () => {
        for (const specimen of specimens) {
          const forged = [...otherOutputs(circuit.r1cs, circuit.accepts(specimen), outputs, hints)]
          assert.equal(forged.length, 0)
        }
      })

      it('needs every constraint', () => {
        const witnesses = specimens.map((specimen) => circuit.accepts(specimen))
        const all = circuit.r1cs.constraints.map((_, i) => i)
        assert.equal(idleConstraints(circuit.r1cs, witnesses, sample ? draw(all, sample) : all).length, level === 0 ? doubled : 0)
      })
    })
  }
}

/** `count` of these, always the same ones. */
function draw(from: readonly number[], count: number): number[] {
  const rest = [...from]
  let state = 2n
  return Array.from({ length: Math.min(count, rest.length) }, () => {
    state = mod(state * 6364136223846793005n + 1442695040888963407n)
    return rest.splice(Number(state % BigInt(rest.length)), 1)[0] as number
  })
}
