/**
 * The types of rules (SPEC §8.3): what may be compared, added and multiplied with what.
 */

import { describeType, encode, type FieldType } from '../document/encoding.ts'
import { Refusal } from '../errors/errors.ts'
import { nameOfType, type Names, type Operand } from './operand.ts'
import type { ComparisonSyntax, OperandSyntax, Operator, SideSyntax } from './parser.ts'
import { RuleError } from './tokens.ts'

export interface Side {
  readonly operands: readonly [Operand] | readonly [Operand, Operand]
  readonly by?: '+' | '*'
  readonly type: FieldType
}

export interface Comparison {
  readonly left: Side
  readonly operator: Operator
  readonly right: Side
  /** Whether the operands are numbers: integers, measures, amounts, dates, timestamps. */
  readonly numeric: boolean
}

/** Factors of a product are below this, so that no product leaves 64 bits. */
const FACTOR_LIMIT = 1n << 32n

/** @throws RuleError at the first operand that does not fit */
export function checkComparison(syntax: ComparisonSyntax, names: Names): Comparison {
  const written = [...operandsOf(syntax.left), ...operandsOf(syntax.right)]
  const context = contextOf(written, names)
  const left = checkSide(syntax.left, names, context)
  const right = checkSide(syntax.right, names, context)
  requireComparable(left, right, syntax)
  if (written.every(isLiteral)) throw new RuleError(syntax.column, 'a field, a parameter or now on one side', 'literals only')
  const numeric = isNumber(left.type)
  if (!numeric && syntax.operator !== '=' && syntax.operator !== '!=')
    throw new RuleError(syntax.left.column, `numbers, dates or timestamps beside ${syntax.operator}`, nameOfType(left.type))
  for (const [side, other, at] of [[left, right, syntax.left], [right, left, syntax.right]] as const) requirePossible(side, other, at)
  return { left, operator: syntax.operator, right, numeric }
}

/** Whether elements of this type are ordered. */
function isNumber({ as }: FieldType): boolean {
  return as === 'integer' || as === 'measure' || as === 'amount' || as === 'date' || as === 'timestamp'
}

function operandsOf({ first, second }: SideSyntax): OperandSyntax[] {
  return second ? [first, second.operand] : [first]
}

/** Whether two types are of one kind; the currencies of amounts are compared over all rules (currencies.ts). */
export function isSameKind(a: FieldType, b: FieldType): boolean {
  return a.as === 'measure' && b.as === 'measure' ? a.unit === b.unit && a.decimals === b.decimals : a.as === b.as
}

function isLiteral({ kind }: OperandSyntax): boolean {
  return kind !== 'path' && kind !== 'parameter' && kind !== 'now'
}

/** What gives a literal with a unit its meaning: the first amount or measure beside it. */
function contextOf(written: readonly OperandSyntax[], names: Names): FieldType | undefined {
  return written
    .filter((syntax) => !isLiteral(syntax))
    .map((syntax) => names.resolve(syntax).type)
    .find(({ as }) => as === 'amount' || as === 'measure')
}

function checkSide(syntax: SideSyntax, names: Names, context: FieldType | undefined): Side {
  const first = names.resolve(syntax.first, context)
  if (!syntax.second) return { operands: [first], type: first.type }
  const second = names.resolve(syntax.second.operand, context)
  const { by } = syntax.second
  const type = by === '+' ? sum(first, second, syntax) : product(first, second, syntax)
  return { operands: [first, second], by, type }
}

/** Numbers of one kind; or a date and integer days, a timestamp and integer seconds. */
function sum(first: Operand, second: Operand, syntax: SideSyntax): FieldType {
  const [a, b] = [first.type, second.type]
  const isTime = ({ as }: FieldType): boolean => as === 'date' || as === 'timestamp'
  if (isTime(a) && b.as === 'integer') return a
  if (isTime(b) && a.as === 'integer') return b
  if (!isNumber(a) || isTime(a)) throw new RuleError(syntax.first.column, isTime(a) ? `an integer number of ${a.as === 'date' ? 'days' : 'seconds'} to add to ${first.text}` : 'numbers in a sum', isTime(a) ? `${second.text}, ${nameOfType(b)}` : `${first.text}, ${nameOfType(a)}`)
  if (!isSameKind(a, b)) throw new RuleError(syntax.second?.operand.column ?? syntax.column, `${nameOfType(a)} to add to ${first.text}`, `${second.text}, ${nameOfType(b)}`)
  return a.as === 'integer' ? { as: 'integer' } : a
}

/** Two integers, or an integer and a measure. */
function product(first: Operand, second: Operand, syntax: SideSyntax): FieldType {
  for (const [{ type, text }, { column }] of [[first, syntax.first], [second, syntax.second?.operand ?? syntax.first]] as const)
    if (type.as !== 'integer' && type.as !== 'measure') throw new RuleError(column, 'an integer or a measure as a factor', `${text}, ${nameOfType(type)}`)
  if (first.type.as === 'measure' && second.type.as === 'measure') throw new RuleError(syntax.column, 'at least one integer in a product', 'two measures')
  for (const [operand, { column }] of [[first, syntax.first], [second, syntax.second?.operand ?? syntax.first]] as const)
    if (largest(operand) >= FACTOR_LIMIT) throw new RuleError(column, `a factor below 2^32 (a maximum in its type says so)`, `${operand.text}, ${describeType(operand.type)}`)
  return first.type.as === 'measure' ? first.type : second.type.as === 'measure' ? second.type : { as: 'integer' }
}

function largest({ source, type }: Operand): bigint {
  if (source.from === 'literal') return source.element
  return (type.as === 'integer' || type.as === 'measure' ? type.maximum : undefined) ?? 1n << 64n
}

function requireComparable(left: Side, right: Side, syntax: ComparisonSyntax): void {
  const { column, first } = syntax.right
  for (const [side, at] of [[left, syntax.left], [right, syntax.right]] as const)
    if (side.type.as === 'set') throw new RuleError(at.column, 'a value (a set is only named after in)', at.first.text)
  if (!isSameKind(left.type, right.type))
    throw new RuleError(column, `${nameOfType(left.type)} to compare with ${syntax.left.first.text}`, `${first.text}, ${nameOfType(right.type)}`)
}

/** A literal code that the other side's schema excludes would make a rule that never (or always) holds. */
function requirePossible(side: Side, other: Side, at: SideSyntax): void {
  const [{ source, text }] = side.operands
  if (source.from !== 'literal' || other.type.as !== 'code') return
  try {
    encode(other.type, source.value)
  } catch (error) {
    if (error instanceof Refusal) throw new RuleError(at.column, describeType(other.type), text)
    throw error
  }
}
