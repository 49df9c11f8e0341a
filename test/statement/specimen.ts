/** Two schemas with a field of every type, and a statement about both, for tests that change one thing of it. */

import assert from 'node:assert/strict'
import { parseSchema, type Schema } from '../../src/document/schema.ts'
import { type Problem, Refusal, type RefusalCode } from '../../src/errors/errors.ts'
import { compileStatement, type Statement } from '../../src/statement/compiler.ts'
import { parseDefinition } from '../../src/statement/definition.ts'

const CODE = { type: 'string', as: 'code' }
const AMOUNT = { type: 'string', as: 'amount', currency: 'currency' }

function schema(name: string, properties: Record<string, object>): Schema {
  return parseSchema({
    $id: name,
    title: `A ${name}`,
    namespace: `org.example.${name}`,
    version: 1,
    authority: 'EX:GOV',
    naturalKey: ['number'],
    type: 'object',
    additionalProperties: false,
    required: Object.keys(properties),
    properties: Object.fromEntries(Object.entries(properties).map(([member, property], slot) => [member, { slot, ...property }])),
  })
}

/** Slots in this order, from 0. */
export const BILL = schema('bill', {
  number: CODE,
  seller: CODE,
  currency: { ...CODE, pattern: '^[A-Z]{3}$' },
  total: AMOUNT,
  tax: AMOUNT,
  pieces: { type: 'integer', as: 'integer', minimum: 0, maximum: 1000 },
  count: { type: ['integer', 'string'], as: 'integer' },
  weight: { type: 'string', as: 'measure', unit: 'KGM', decimals: 3, largest: '1000000' },
  volume: { type: 'string', as: 'measure', unit: 'LTR', decimals: 3 },
  paid: { type: 'boolean', as: 'boolean' },
  day: { type: 'string', as: 'date' },
  sent: { type: 'string', as: 'timestamp' },
  state: { ...CODE, enum: ['open', 'closed'] },
  memo: { type: 'string', as: 'text' },
  items: { type: 'string', as: 'set' },
})

export const QUOTA = schema('quota', {
  number: CODE,
  owner: CODE,
  currency: { ...CODE, pattern: '^[A-Z]{3}$' },
  limit: AMOUNT,
  used: AMOUNT,
  weight: { type: 'string', as: 'measure', unit: 'KGM', decimals: 3 },
  tons: { type: 'string', as: 'measure', unit: 'TNE', decimals: 3 },
  grams: { type: 'string', as: 'measure', unit: 'KGM', decimals: 6 },
  day: { type: 'string', as: 'date' },
  memo: { type: 'string', as: 'text' },
  active: { type: 'boolean', as: 'boolean' },
})

const SCHEMAS = new Map([BILL, QUOTA].map((one) => [one.name, one]))

export const schemaOf = (name: string): Schema | undefined => SCHEMAS.get(name)
export const schemaById = (id: string): Schema | undefined => [...SCHEMAS.values()].find((one) => one.id.toString() === id)

/** One document, one rule. */
export const ONE = { statement: 'one', version: 1, says: 'A bill.', documents: { bill: { schema: 'bill' } }, rules: ["bill.state = 'open'"] }

/** Two documents, tied and in one currency. */
export const TWO = {
  statement: 'two',
  version: 1,
  says: 'A bill within a quota.',
  documents: { bill: { schema: 'bill' }, quota: { schema: 'quota' } },
  rules: ['bill.seller = quota.owner', 'bill.currency = quota.currency'],
}

type Change = Readonly<Record<string, unknown>>

/** A definition with some members changed; rules are added to its own with `and`. */
export function changed(base: Change, { and, ...change }: Change & { and?: string | readonly string[] }): Record<string, unknown> {
  const rules = and === undefined ? {} : { rules: [...(base['rules'] as string[]), ...[and].flat()] }
  return { ...base, ...rules, ...change }
}

export function compile(definition: Change): Statement {
  return compileStatement(parseDefinition(definition), schemaOf)
}

/** One rule over a bill, with these parameters if any. */
export function rule(text: string, parameters?: Change): Statement {
  return compile({ ...ONE, rules: [text], ...(parameters && { parameters }) })
}

/** Asserts that `act` is refused with the code, and that one of the problems has these parts. */
export function refuses(act: () => unknown, code: RefusalCode, problem: { path?: string | RegExp; expected?: string | RegExp; got?: string | RegExp } = {}): void {
  assert.throws(act, (error: unknown) => {
    assert.ok(error instanceof Refusal, String(error))
    assert.equal(error.code, code)
    const fits = (one: Problem): boolean => Object.entries(problem).every(([part, wanted]) => (typeof wanted === 'string' ? one[part as keyof Problem] === wanted : wanted.test(one[part as keyof Problem])))
    if (Object.keys(problem).length > 0) assert.ok(error.problems.some(fits), error.message)
    return true
  })
}
