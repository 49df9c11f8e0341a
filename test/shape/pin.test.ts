import assert from 'node:assert/strict'
import { parsePinned, pinStatement, statementHash } from '../../src/shape/pin.ts'
import { compile, ONE, refuses, schemaById, TWO } from '../statement/specimen.ts'

const pin = (definition: object) => pinStatement(compile(definition as never))
const hash = (definition: object): string => statementHash(pin(definition))
const copy = (value: unknown): Record<string, unknown> => JSON.parse(JSON.stringify(value)) as Record<string, unknown>

const FULL = {
  ...TWO,
  parameters: { bank: 'organisation', limit: { as: 'amount', currency: 'EUR' } },
  rules: [...TWO.rules, 'quota.issuer = $bank', "bill.currency = 'EUR'", 'bill.total <= $limit'],
  reveals: ['bill.day'],
  once: { bill: 'financing' },
  pseudonym: 'financing',
  escrow: { regulator: 'supervisor', values: ['bill.total'] },
}

describe('the statement hash', () => {
  it('is the same however the file orders its members', () => {
    const { documents, parameters, ...rest } = FULL
    const reordered = { ...Object.fromEntries(Object.entries(rest).reverse()), parameters: { limit: parameters.limit, bank: parameters.bank }, documents: { quota: documents.quota, bill: documents.bill } }
    assert.deepEqual(pin(reordered).rules, pin(FULL).rules)
    assert.equal(hash(reordered), hash(FULL))
  })

  for (const [name, change] of [
    ['version', { version: 2 }],
    ['name', { statement: 'two-more' }],
    ['caption', { says: 'A bill within a quota' }],
    ['scope', { once: { bill: 'financing-2' } }],
    ['spent document', { once: { quota: 'financing' } }],
    ['pseudonym', { pseudonym: 'banking' }],
    ['no pseudonym', { pseudonym: undefined }],
    ['regulator', { escrow: { regulator: 'supervisor-2', values: ['bill.total'] } }],
    ['escrowed value', { escrow: { regulator: 'supervisor', values: ['bill.tax'] } }],
    ['reveal', { reveals: ['bill.sent'] }],
    ['minimumIssuers', { minimumIssuers: 2 }],
    ['fresh', { fresh: 301 }],
    ['order of rules', { rules: [...FULL.rules].reverse() }],
    ['operator', { rules: [...FULL.rules.slice(0, -1), 'bill.total < $limit'] }],
    ['operand', { rules: [...FULL.rules.slice(0, -1), 'bill.tax <= $limit'] }],
    ['sides swapped', { rules: [...FULL.rules.slice(0, -1), '$limit <= bill.total'] }],
    ['a rule less', { rules: [...FULL.rules.filter((rule) => rule !== 'bill.total <= $limit'), 'bill.tax <= $limit'] }],
    ['schema', { documents: { bill: { schema: 'bill' }, quota: { schema: 'bill' } }, rules: ['bill.seller = quota.seller', 'bill.currency = quota.currency', 'quota.issuer = $bank', "bill.currency = 'EUR'", 'bill.total <= $limit'] }],
  ] as const)
    it(`is another for a look-alike with another ${name}`, () => assert.notEqual(hash(copy({ ...FULL, ...change })), hash(FULL)))
})

describe('a pinned statement from outside', () => {
  const specimen = copy(pin(FULL))
  const parse = (change: object, remove?: string): unknown => {
    const changed = { ...copy(specimen), ...change } as Record<string, unknown>
    if (remove) delete changed[remove]
    return parsePinned(changed, schemaById)
  }

  it('is accepted when it compiles to the same', () => {
    const { pinned, hash: name } = parsePinned(specimen, schemaById)
    assert.deepEqual(copy(pinned), specimen)
    assert.equal(name, hash(FULL))
  })

  for (const [name, change] of [
    ['rules', { rules: '1' }],
    ['rules that are 0', { rules: '0' }],
    ['rules in another spelling', { rules: `0${String(specimen['rules'])}` }],
    ['a layout without once', { layout: '0' }],
    ['literals', { literals: ['0', '0', '0', '0'] }],
    ['a literal more', { literals: [...(specimen['literals'] as string[]), '0'] }],
    ['the other shape', { shape: 'attest' }],
    ['an unknown shape', { shape: 'transfer' }],
    ['a further member', { note: 'x' }],
  ] as const)
    it(`is refused with ${name}`, () => refuses(() => parse(change), 'INPUTS_DIFFER'))

  for (const name of ['shape', 'rules', 'layout', 'literals']) it(`is refused without ${name}`, () => refuses(() => parse({}, name), 'INPUTS_DIFFER'))
  it('is refused without schemas', () => refuses(() => parse({}, 'schemas'), 'MALFORMED'))
  it('is refused with swapped schemas', () => {
    const { bill, quota } = specimen['schemas'] as Record<string, string>
    refuses(() => parse({ schemas: { bill: quota, quota: bill } }), 'INPUTS_DIFFER', { path: '/schemas/bill' })
  })
  it('is refused with a schema that is not known', () => refuses(() => parse({ schemas: { bill: '1', quota: '2' } }), 'UNKNOWN_SCHEMA'))
  it('is refused with a schema id that is a number', () => refuses(() => parse({ schemas: { bill: 1, quota: 2 } }), 'MALFORMED'))
  it('is refused with a schema more', () => refuses(() => parse({ schemas: { ...(specimen['schemas'] as object), third: '3' } }), 'INPUTS_DIFFER'))
  it('is refused when the definition says something else', () => refuses(() => parse({ definition: { ...FULL, rules: [...FULL.rules, 'bill.paid = true'] } }), 'INPUTS_DIFFER', { path: '/rules' }))
  it('is refused when the definition cannot be meant', () => refuses(() => parse({ definition: { ...ONE, rules: ['bill.total < 5'] } }), 'STATEMENT_INVALID'))
  for (const value of [null, [], 'x', 5, undefined]) it(`is refused as ${JSON.stringify(value)}`, () => refuses(() => parsePinned(value, schemaById), 'MALFORMED'))
})
