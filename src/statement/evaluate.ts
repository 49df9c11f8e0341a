/**
 * Whether a statement's rules hold, in plain TypeScript over the values of documents as people read them: decimal text, dates, codes.
 * Nothing here knows elements, registers or packing, so that it can be compared with the circuit; a wallet says with it why a proof
 * is not possible. It trusts its inputs to be checked documents and encoded parameters.
 */

import { bug } from '../errors/errors.ts'
import type { Json } from '../hash/canonical.ts'
import type { Comparison, Side } from './comparison.ts'
import type { Rule, Statement } from './compiler.ts'
import type { Operand } from './operand.ts'

/** A document and what its credential says beside it. */
export interface DocumentValues {
  readonly fields: Readonly<Record<string, Json | undefined>>
  readonly issuer: string
  readonly class: string
  /** Seconds. */
  readonly issuedAt: number
  readonly expiresAt: number
}

export interface Values {
  /** By the document's name in the statement. */
  readonly documents: Readonly<Record<string, DocumentValues>>
  readonly parameters: Readonly<Record<string, Json | undefined>>
  /** Seconds. */
  readonly now: number
  /** The members of the statement's set, wherever it comes from. */
  readonly members?: readonly Json[]
}

export interface Evaluation {
  readonly holds: boolean
  /** The rules that do not hold; without any value. */
  readonly failures: readonly { readonly rule: number; readonly text: string }[]
}

export function evaluateRules(statement: Statement, values: Values): Evaluation {
  const failures = statement.rules.filter((rule) => !ruleHolds(rule, values)).map(({ number, text }) => ({ rule: number, text }))
  return { holds: failures.length === 0, failures }
}

function ruleHolds(rule: Rule, values: Values): boolean {
  if (rule.kind === 'comparisons') return rule.alternatives.some((comparison) => comparisonHolds(comparison, values))
  const { member } = rule.membership
  const wanted = comparable(member, valueOf(member, values))
  return (values.members ?? []).some((value) => comparable(member, value) === wanted)
}

function comparisonHolds({ left, operator, right }: Comparison, values: Values): boolean {
  const [a, b] = [sideOf(left, values), sideOf(right, values)]
  switch (operator) {
    case '=':
      return a === b
    case '!=':
      return a !== b
    case '<':
      return a < b
    case '<=':
      return a <= b
    case '>':
      return a > b
    case '>=':
      return a >= b
  }
}

function sideOf({ operands: [first, second], by, type }: Side, values: Values): bigint | string | boolean {
  const a = comparable(first, valueOf(first, values))
  if (!second) return a
  const b = comparable(second, valueOf(second, values))
  if (typeof a !== 'bigint' || typeof b !== 'bigint') return bug('only numbers are added or multiplied')
  if (by === '*') return (a * b) / UNIT
  // an integer beside a date counts days, beside a timestamp seconds
  const step = type.as === 'date' ? 86_400n : 1n
  return first.type.as === second.type.as ? a + b : first.type.as === 'integer' ? a * step + b : a + b * step
}

/** Decimal numbers are compared in units of 10^-9: no type has more decimals. Times are in the same units of a second. */
const UNIT = 1_000_000_000n

function comparable({ type, text }: Operand, value: Json | undefined): bigint | string | boolean {
  switch (type.as) {
    case 'integer':
    case 'measure':
    case 'amount':
      return decimal(String(value))
    case 'date':
      return seconds(`${String(value)}T00:00:00Z`)
    case 'timestamp':
      return typeof value === 'number' ? BigInt(value) * UNIT : seconds(String(value))
    case 'boolean':
    case 'code':
    case 'text':
      return typeof value === 'string' || typeof value === 'boolean' ? value : bug(`no value for ${text}`)
    case 'set':
      return bug('a set is no value')
  }
}

function valueOf({ source, text }: Operand, values: Values): Json | undefined {
  switch (source.from) {
    case 'field':
      return documentOf(source.document, values).fields[source.field] ?? bug(`no value for ${text}`)
    case 'credential':
      return documentOf(source.document, values)[source.member]
    case 'parameter':
      return values.parameters[source.name] ?? bug(`no value for ${text}`)
    case 'now':
      return values.now
    case 'literal':
      return source.value
  }
}

function documentOf(name: string, { documents }: Values): DocumentValues {
  return documents[name] ?? bug(`no document ${name}`)
}

function decimal(text: string): bigint {
  const [whole = '', fraction = ''] = text.split('.')
  return BigInt(whole) * UNIT + BigInt(fraction.padEnd(9, '0'))
}

function seconds(text: string): bigint {
  return BigInt(Date.parse(text) / 1000) * UNIT
}
