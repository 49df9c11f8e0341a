/**
 * A statement as the numbers that a circuit reads: `rules` and `layout` (SPEC §5.2, §5.3).
 *
 *     order.payable <= line.limit in `match`, order second (slot 5), line first (slot 1):
 *     a = 38, b = 0, c = 2, d = 0, op = 3, numeric = 1   →   38 + 2·2^12 + 3·2^26 + 2^28
 */

import { bug, invariant } from '../errors/errors.ts'
import { type Field, toField } from '../field/field.ts'
import type { Comparison, Side } from '../statement/comparison.ts'
import type { Statement } from '../statement/compiler.ts'
import type { Operand } from '../statement/operand.ts'
import { registerOf, ZERO_REGISTER } from './registers.ts'
import type { Shape } from './shapes.ts'

const OPERATION = { '=': 0, '!=': 1, '<': 2, '<=': 3 } as const
const SET_SOURCE = { published: 1, parameter: 2, field: 3 } as const

/** A number and its width in bits. */
type Piece = readonly [value: number | boolean, bits: number]

/** Rule slots that a statement takes: one for each comparison. */
export function slotsOf(statement: Statement): number {
  return statement.rules.reduce((sum, rule) => sum + (rule.kind === 'comparisons' ? rule.alternatives.length : 0), 0)
}

export function packRules(statement: Statement, shape: Shape): Field {
  const slots = statement.rules.flatMap((rule) =>
    rule.kind === 'comparisons' ? rule.alternatives.map((comparison, i) => slot(comparison, i < rule.alternatives.length - 1, statement, shape)) : [],
  )
  invariant(slots.length <= shape.rules, `${slots.length} slots do not fit ${shape.name}`)
  return pack(slots.flat())
}

export function packLayout(statement: Statement, shape: Shape): Field {
  const register = (operand: Operand | undefined): Piece => [operand ? registerOf(operand, statement) : ZERO_REGISTER, shape.registerBits]
  const reveals = [0, 1, 2, 3].map((i) => register(statement.reveals[i]))
  const once = Array.from({ length: shape.credentials }, (_, i): Piece => [statement.documents[i] !== undefined && Object.hasOwn(statement.once, statement.documents[i]), 1])
  const pseudonym: Piece = [statement.pseudonym !== undefined, 1]
  if (shape.name === 'attest') {
    const source = statement.set?.source
    const inDocument = register(source?.from === 'field' ? source.operand : undefined)
    return pack([...reveals, register(statement.set?.member), inDocument, [source ? SET_SOURCE[source.from] : 0, 2], pseudonym, ...once])
  }
  const escrowed = [0, 1].map((i) => register(statement.escrow?.values[i]))
  return pack([...reveals, pseudonym, ...once, [statement.documents.length === 2, 1], [statement.escrow !== undefined, 1], ...escrowed])
}

function slot({ left, operator, right, numeric }: Comparison, joined: boolean, statement: Statement, { registerBits }: Shape): Piece[] {
  const [first, second] = operator === '>' || operator === '>=' ? [right, left] : [left, right]
  const operation = operator === '>' ? '<' : operator === '>=' ? '<=' : operator
  const registers = [...pair(first, statement), ...pair(second, statement)].map((register): Piece => [register, registerBits])
  return [...registers, [first.by === '*', 1], [second.by === '*', 1], [OPERATION[operation], 2], [numeric, 1], [joined, 1]]
}

function pair({ operands: [first, second] }: Side, statement: Statement): [number, number] {
  return [registerOf(first, statement), second ? registerOf(second, statement) : ZERO_REGISTER]
}

/** From the least significant bit. */
function pack(pieces: readonly Piece[]): Field {
  let value = 0n
  let at = 0n
  for (const [piece, bits] of pieces) {
    const number = BigInt(piece)
    if (number >> BigInt(bits)) bug(`${piece} does not fit ${bits} bits`)
    value |= number << at
    at += BigInt(bits)
  }
  return toField(value)
}
