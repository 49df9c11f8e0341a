/**
 * Random well-typed statements over the specimen schemas, and random values for them, for fast-check. Values come from small pools with
 * the edges of each type in them, so that rules hold about as often as not.
 */

import fc from 'fast-check'
import { Refusal } from '../../src/errors/errors.ts'
import { compileStatement, type Statement } from '../../src/statement/compiler.ts'
import { parseDefinition } from '../../src/statement/definition.ts'
import type { DocumentValues, Values } from '../../src/statement/evaluate.ts'
import { schemaOf } from '../statement/specimen.ts'

const pick = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values)

/** Pools by kind: values, and the operands of documents, parameters and literals that have this kind. */
const AMOUNTS = ['0', '1.5', '2', '2.0001', '3.5', '1844674407370955.1615']
const INTEGERS = [0, 1, 2, 3, 1000]
const LARGE = [0, 1, 3, 4294967296, '18446744073709551615']
const WEIGHTS = ['0', '0.001', '2', '2.5', '999999.999']
const DAYS = ['0001-01-01', '1960-02-29', '2026-01-01', '2026-01-02', '2026-01-31']
const TIMES = ['1970-01-01T00:00:00Z', '2026-01-01T00:00:00Z', '2026-01-01T01:00:00+01:00', '2026-01-01T00:00:01Z']
const SECONDS = [0, 1767225599, 1767225600, 1767225601]
const CODES = ['EX:A', 'EX:B', 'open', 'closed']
const ORGANISATIONS = ['EX:A', 'EX:B']
const TEXTS = ['', 'one', 'two']
const CURRENCIES = ['EUR', 'SEK']

const PARAMETERS: Record<string, { type: unknown; values: fc.Arbitrary<unknown> }> = {
  limit: { type: { as: 'amount', currency: 'currency' }, values: pick(...AMOUNTS) },
  currency: { type: 'code', values: pick(...CURRENCIES) },
  count: { type: 'integer', values: pick(...LARGE) },
  factor: { type: { as: 'integer', maximum: 4294967295 }, values: pick(0, 1, 2, 4294967295) },
  weight: { type: { as: 'measure', unit: 'KGM', decimals: 3 }, values: pick(...WEIGHTS) },
  day: { type: 'date', values: pick(...DAYS) },
  time: { type: 'timestamp', values: pick(...TIMES) },
  code: { type: 'code', values: pick(...CODES) },
  bank: { type: 'organisation', values: pick(...ORGANISATIONS) },
  memo: { type: 'text', values: pick(...TEXTS) },
  flag: { type: 'boolean', values: fc.boolean() },
}

interface Kind {
  readonly operands: readonly string[]
  /** Only beside an operand that gives the unit its meaning. */
  readonly literals: readonly string[]
  readonly ordered: boolean
  /** What may be added to an operand of this kind. */
  readonly addends?: readonly string[]
}

const KINDS: readonly Kind[] = [
  { operands: ['bill.total', 'bill.tax', 'quota.limit', 'quota.used', '$limit'], literals: ['2 EUR', '3.5001 EUR', '0 EUR'], ordered: true, addends: ['bill.tax', 'quota.used', '$limit', '1.5 EUR'] },
  { operands: ['bill.pieces', 'bill.count', '$count', '$factor'], literals: ['0', '2', '4294967296'], ordered: true, addends: ['bill.pieces', '$count', '1'] },
  { operands: ['bill.weight', 'quota.weight', '$weight'], literals: ['2 KGM', '0.001 KGM'], ordered: true, addends: ['quota.weight', '$weight', '0.5 KGM'] },
  { operands: ['bill.day', 'quota.day', '$day'], literals: ['2026-01-01', '0001-01-01'], ordered: true, addends: ['1', '30', 'bill.pieces'] },
  { operands: ['bill.sent', 'bill.issuedAt', 'quota.expiresAt', 'now', '$time'], literals: ['2026-01-01T00:00:00Z', '1970-01-01T00:00:00Z'], ordered: true, addends: ['1', 'bill.pieces'] },
  { operands: ['bill.number', 'bill.seller', 'quota.owner', 'bill.class', 'quota.class', '$code'], literals: ["'EX:A'", "'open'"], ordered: false },
  { operands: ['bill.issuer', 'quota.issuer', '$bank', 'bill.seller'], literals: ["'EX:B'"], ordered: false },
  { operands: ['bill.memo', 'quota.memo', '$memo'], literals: [], ordered: false },
  { operands: ['bill.paid', 'quota.active', '$flag'], literals: ['true', 'false'], ordered: false },
]

const PRODUCTS = ['bill.pieces * 2', 'bill.pieces * $factor', '$factor * 3', 'bill.pieces * bill.pieces']
const WEIGHT_PRODUCTS = ['bill.pieces * bill.weight', '$factor * bill.weight', 'bill.weight * 2']

function comparisonOf({ operands, literals, ordered, addends }: Kind): fc.Arbitrary<string> {
  const operator = ordered ? pick('=', '!=', '<', '<=', '>', '>=') : pick('=', '!=')
  const plain = pick(...operands)
  const side = addends ? fc.oneof({ weight: 3, arbitrary: plain }, { weight: 1, arbitrary: fc.tuple(plain, pick(...addends)).map(([a, b]) => `${a} + ${b}`) }) : plain
  const other = literals.length > 0 ? fc.oneof({ weight: 2, arbitrary: side }, { weight: 1, arbitrary: pick(...literals) }) : side
  return fc.tuple(side, operator, other, fc.boolean()).map(([a, op, b, turned]) => (turned ? `${b} ${op} ${a}` : `${a} ${op} ${b}`))
}

const product = fc.oneof(
  fc.tuple(pick(...PRODUCTS), pick('=', '<', '>='), pick(...PRODUCTS, 'bill.count', '$count + 1')).map((parts) => parts.join(' ')),
  fc.tuple(pick(...WEIGHT_PRODUCTS), pick('=', '<=', '>'), pick(...WEIGHT_PRODUCTS, 'quota.weight', '4 KGM')).map((parts) => parts.join(' ')),
)
const comparison = fc.oneof(...KINDS.map(comparisonOf), product)
const line = fc.oneof({ weight: 3, arbitrary: comparison }, { weight: 1, arbitrary: fc.array(comparison, { minLength: 2, maxLength: 3 }).map((alternatives) => alternatives.join(' or ')) })

/** A statement that compiles: as many of the random rules as the limits allow. */
export const randomStatement: fc.Arbitrary<Statement> = fc
  .tuple(fc.array(line, { minLength: 1, maxLength: 6 }), fc.boolean())
  .map(([rules, escrow]) => {
    for (let kept = rules; ; kept = kept.slice(0, -1)) {
      const statement = attempt(kept, escrow)
      if (statement) return statement
    }
  })

function attempt(rules: readonly string[], escrow: boolean): Statement | undefined {
  const text = rules.join(' ')
  // What the rules compare in money must be in one currency; these rules come first.
  const currencies = [text.includes('quota.limit') || text.includes('quota.used') ? 'quota.currency' : '', text.includes('$limit') ? '$currency' : '', text.includes('EUR') ? "'EUR'" : ''].filter((name) => name !== '')
  const all = [...currencies.map((name) => `bill.currency = ${name}`), ...(rules.length > 0 ? rules : ['bill.paid = true'])]
  const named = (name: string): boolean => all.some((rule) => new RegExp(`\\$${name}\\b`).test(rule))
  const parameters = Object.fromEntries(Object.entries(PARAMETERS).filter(([name]) => named(name)).map(([name, { type }]) => [name, type]))
  const two = all.some((rule) => rule.includes('quota.'))
  const bill = all.some((rule) => rule.includes('bill.')) || !two
  const escrowed = escrow ? { escrow: { regulator: 'r', values: [bill ? 'bill.number' : 'quota.number'] } } : {}
  const definition = {
    statement: 'random',
    version: 1,
    says: 'Something.',
    documents: { ...(bill && { bill: { schema: 'bill' } }), ...(two && { quota: { schema: 'quota' } }) },
    rules: bill && all.every((rule) => !rule.includes('bill.')) ? [...all, 'bill.number = bill.number'] : all,
    ...(Object.keys(parameters).length > 0 && { parameters }),
    ...(bill && two && { untied: true }),
    ...escrowed,
  }
  try {
    const statement = compileStatement(parseDefinition(definition), schemaOf)
    const slots = statement.rules.reduce((sum, rule) => sum + (rule.kind === 'comparisons' ? rule.alternatives.length : 0), 0)
    return slots <= (two || escrow ? 8 : 6) ? statement : undefined
  } catch (error) {
    if (error instanceof Refusal && error.code === 'STATEMENT_INVALID' && rules.length > 0) return undefined
    throw error
  }
}

const credential = { issuer: pick(...ORGANISATIONS), class: pick('open', 'EX:A'), issuedAt: pick(...SECONDS), expiresAt: pick(...SECONDS) }

const bill: fc.Arbitrary<DocumentValues> = fc.record({
  ...credential,
  fields: fc.record({
    number: pick(...CODES), seller: pick(...CODES), currency: pick('EUR', 'EUR', 'SEK'), total: pick(...AMOUNTS), tax: pick(...AMOUNTS), pieces: pick(...INTEGERS), count: pick(...LARGE), weight: pick(...WEIGHTS),
    volume: pick(...WEIGHTS), paid: fc.boolean(), day: pick(...DAYS), sent: pick(...TIMES), state: pick('open', 'closed'), memo: pick(...TEXTS), items: pick('0', '7'),
  }),
})

const quota: fc.Arbitrary<DocumentValues> = fc.record({
  ...credential,
  fields: fc.record({
    number: pick(...CODES), owner: pick(...CODES), currency: pick('EUR', 'EUR', 'SEK'), limit: pick(...AMOUNTS), used: pick(...AMOUNTS), weight: pick(...WEIGHTS), tons: pick(...WEIGHTS), grams: pick(...WEIGHTS),
    day: pick(...DAYS), memo: pick(...TEXTS), active: fc.boolean(),
  }),
})

/** Values for every document and parameter there could be. */
export const randomValues: fc.Arbitrary<Values> = fc.record({
  documents: fc.record({ bill, quota }),
  parameters: fc.record({ ...Object.fromEntries(Object.entries(PARAMETERS).map(([name, { values }]) => [name, values as fc.Arbitrary<string>])), currency: pick('EUR', 'EUR', 'SEK') }),
  now: pick(...SECONDS),
})
