/** Rules: what they mean, at the boundaries, and what no wallet can make of them (SPEC §5.2, §5.8; C13, C15c). */

import { FIELD_ORDER } from '../../src/field/field.ts'
import { Circuit } from './circuit.ts'
import * as gadgets from './gadgets.ts'
import { packRules, packSlot, type Slot } from './specimen.ts'

const B = 2
const OPERATORS = ['=', '!=', '<', '<='] as const
const r = FIELD_ORDER

/** Registers 0 to 3 hold these; the slot is packed for them. */
function inputs(registers: readonly bigint[], slot: Slot) {
  const packed = packSlot(B, slot)
  return { registers: [...registers], slot: Array.from({ length: 4 * B + 6 }, (_, i) => (packed >> BigInt(i)) & 1n) }
}

function meaning(op: (typeof OPERATORS)[number], left: bigint, right: bigint): bigint {
  return BigInt({ '=': left === right, '!=': left !== right, '<': left < right, '<=': left <= right }[op])
}

for (const CHECKED of [0, 1] as const) {
  describe(`Rule, operands ${CHECKED ? 'checked' : 'unchecked'}`, () => {
    let circuit: Circuit
    before(async () => (circuit = await Circuit.gadget(gadgets.rule(B, CHECKED))))

    for (const op of OPERATORS) {
      it(`decides a ${op} c around every boundary`, () => {
        const limits = [0n, 1n, 1000n, 2n ** 32n, 2n ** 64n - 1n]
        const values = [...new Set(limits.flatMap((limit) => [limit - 1n, limit, limit + 1n]))].filter((value) => value >= 0n && value < 2n ** 64n)
        for (const a of values) for (const c of values) circuit.accepts(inputs([0n, a, c, 0n], { a: 1, c: 2, op, numeric: true }), { holds: meaning(op, a, c) })
      })

      it(`decides sums and products with ${op}`, () => {
        const registers = [7n, 11n, 2n ** 32n - 1n, 2n ** 31n]
        for (let k = 0; k < 256; k += 3) {
          const [a, b, c, d] = [k & 3, (k >> 2) & 3, (k >> 4) & 3, (k >> 6) & 3] as [number, number, number, number]
          for (const [leftProduct, rightProduct] of [[false, false], [true, false], [false, true], [true, true]] as const) {
            const side = (product: boolean, x: number, y: number) => (product ? (registers[x] ?? 0n) * (registers[y] ?? 0n) : (registers[x] ?? 0n) + (registers[y] ?? 0n))
            const slot = { a, b, c, d, leftProduct, rightProduct, op, numeric: true }
            circuit.accepts(inputs(registers, slot), { holds: meaning(op, side(leftProduct, a, b), side(rightProduct, c, d)) })
          }
        }
      })
    }

    for (const op of ['=', '!='] as const) {
      it(`decides ${op} of any elements when they are not numbers`, () => {
        for (const a of [0n, 1n, 2n ** 250n, r - 1n]) for (const c of [0n, r - 1n, 2n ** 250n]) circuit.accepts(inputs([0n, a, c, 0n], { a: 1, c: 2, op }), { holds: meaning(op, a, c) })
      })
    }

    for (const op of ['<', '<='] as const) {
      it(`rejects ${op} of what is not a number`, () => circuit.rejects(inputs([0n, 1n, 2n, 0n], { a: 1, c: 2, op })))

      for (const [name, a, c] of [
        ['2^66 + 1 against 0', 2n ** 66n + 1n, 0n],
        ['0 against 2^66', 0n, 2n ** 66n],
        ['r - 2^66 against 0', r - 2n ** 66n, 0n],
        ['0 against r - 2^66 - 1', 0n, r - 2n ** 66n - 1n],
        ['(r - 1) / 2 against 0', (r - 1n) / 2n, 0n],
      ] as const) {
        it(`rejects ${name} under ${op} (C13)`, () => circuit.rejects(inputs([0n, a, c, 0n], { a: 1, c: 2, op, numeric: true })))
      }
    }
  })
}

describe('Rule with unchecked operands', () => {
  // Why SPEC §5.8 wants encodings, parameters and literals below 2^64: nothing here would notice.
  it('takes r - 1 for -1', async () => {
    const circuit = await Circuit.gadget(gadgets.rule(B, 0))
    circuit.accepts(inputs([0n, r - 1n, 1000n, 0n], { a: 1, c: 2, op: '<', numeric: true }), { holds: 1n })
  })
})

describe('Rule with checked operands', () => {
  let circuit: Circuit
  before(async () => (circuit = await Circuit.gadget(gadgets.rule(B, 1))))

  it('rejects -600 + 1000 <= 500: an addend that is negative mod r (C15c)', () => circuit.rejects(inputs([0n, r - 600n, 1000n, 500n], { a: 1, b: 2, c: 3, op: '<=', numeric: true })))

  for (const op of ['<', '<='] as const) {
    for (const [name, a, c] of [['r - 1 against 1000', r - 1n, 1000n], ['1000 against r - 1', 1000n, r - 1n], ['2^64 against 2^64 + 1', 2n ** 64n, 2n ** 64n + 1n]] as const) {
      it(`rejects ${name} under ${op} (C13)`, () => circuit.rejects(inputs([0n, a, c, 0n], { a: 1, c: 2, op, numeric: true })))
    }
  }

  for (const [place, slot] of Object.entries({ a: { a: 1 }, b: { b: 1 }, c: { c: 1 }, d: { d: 1 } })) {
    for (const [name, value] of [['2^64', 2n ** 64n], ['-1', r - 1n]] as const) {
      it(`rejects the number ${name} as operand ${place}`, () => circuit.rejects(inputs([0n, value, 0n, 0n], { ...slot, op: '!=', numeric: true })))
    }
  }

  it('accepts 2^64 - 1 as every operand', () => circuit.accepts(inputs([0n, 2n ** 64n - 1n, 0n, 0n], { a: 1, b: 1, c: 1, d: 1, op: '=', numeric: true }), { holds: 1n }))
})

describe('Rules', () => {
  let circuit: Circuit
  const [yes, no] = [{}, { op: '!=' }] as const satisfies Slot[]
  const or = (slot: Slot): Slot => ({ ...slot, or: true })
  const given = (...slots: Slot[]) => ({ registers: [0n, 1n, 2n, 3n], rules: packRules(B, slots) })
  before(async () => (circuit = await Circuit.gadget(gadgets.rules(B, 3, 0))))

  for (const [name, slots] of Object.entries({ 'three true rules': [yes, yes, yes], 'no or yes': [or(no), yes, yes], 'yes or no': [or(yes), no, yes], 'no or no or yes': [or(no), or(no), yes], 'yes or no or no': [or(yes), or(no), no], 'yes and (yes or no)': [yes, or(yes), no] })) {
    it(`accepts ${name}`, () => circuit.accepts(given(...slots)))
  }

  for (const [name, slots] of Object.entries({ 'a false first rule': [no, yes, yes], 'a false last rule': [yes, yes, no], 'no or no': [or(no), no, yes], 'a false last rule of an or (C15c)': [yes, or(no), no], 'yes or no, then no': [or(yes), no, no], 'an or left open by a true last rule': [yes, yes, or(yes)], 'an or left open by a false last rule': [yes, yes, or(no)] })) {
    it(`rejects ${name}`, () => circuit.rejects(given(...slots)))
  }

  it('rejects bits beyond the last slot', () => circuit.rejects({ ...given(), rules: 1n << 42n }))
})
