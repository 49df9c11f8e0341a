/**
 * The rules of SPEC §5.2 over integers modulo r, written from the specification: what a circuit accepts, without a circuit. Nothing here
 * comes from src/shape.
 */

import { FIELD_ORDER } from '../../src/field/field.ts'

/** What a shape's rules are, in numbers. */
export interface RuleShape {
  readonly slots: number
  /** Bits of a register number. */
  readonly bits: number
  /** Whether each operand of a numeric rule must be below 2^64. */
  readonly checked: boolean
}

export const ATTEST: RuleShape = { slots: 6, bits: 5, checked: false }
export const MATCH: RuleShape = { slots: 8, bits: 6, checked: true }

/** One slot of `rules`, unpacked. */
export interface Slot {
  readonly registers: readonly [number, number, number, number]
  readonly leftProduct: boolean
  readonly rightProduct: boolean
  readonly op: number
  readonly numeric: boolean
  readonly or: boolean
}

export function unpackRules(rules: bigint, { slots, bits }: RuleShape): Slot[] {
  let rest = rules
  const take = (width: number): number => {
    const value = Number(rest & ((1n << BigInt(width)) - 1n))
    rest >>= BigInt(width)
    return value
  }
  const unpacked = Array.from({ length: slots }, (): Slot => {
    const registers = [take(bits), take(bits), take(bits), take(bits)] as const
    return { registers, leftProduct: take(1) === 1, rightProduct: take(1) === 1, op: take(2), numeric: take(1) === 1, or: take(1) === 1 }
  })
  if (rest !== 0n) throw new Error('bits beyond the last slot')
  return unpacked
}

/** Whether a witness exists for these rules over these registers. */
export function rulesHold(rules: bigint, registers: readonly bigint[], shape: RuleShape): boolean {
  let carry = false
  for (const slot of unpackRules(rules, shape)) {
    const held = slotHolds(slot, registers, shape)
    if (held === undefined) return false
    carry = carry || held
    if (!slot.or && !carry) return false
    if (!slot.or) carry = false
  }
  return !unpackRules(rules, shape)[shape.slots - 1]?.or
}

/** undefined where the circuit has no witness at all. */
function slotHolds({ registers: numbers, leftProduct, rightProduct, op, numeric }: Slot, registers: readonly bigint[], { checked }: RuleShape): boolean | undefined {
  const [a = 0n, b = 0n, c = 0n, d = 0n] = numbers.map((number) => registers[number])
  if (checked && numeric && [a, b, c, d].some((operand) => operand >> 64n)) return undefined
  const left = (leftProduct ? a * b : a + b) % FIELD_ORDER
  const right = (rightProduct ? c * d : c + d) % FIELD_ORDER
  if (op < 2) return (left === right) === (op === 0)
  if (!numeric) return undefined
  const shifted = (((right - left + (1n << 66n)) % FIELD_ORDER) + FIELD_ORDER) % FIELD_ORDER
  if (shifted >> 67n) return undefined
  const atMost = shifted >> 66n === 1n
  return op === 3 ? atMost : atMost && left !== right
}
