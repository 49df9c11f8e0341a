import assert from 'node:assert/strict'
import { Bug } from '../../src/errors/errors.ts'
import { type Field, toField } from '../../src/field/field.ts'
import type { Digest } from '../../src/hash/digest.ts'
import { contextOf } from '../../src/shape/context.ts'
import { pinStatement, statementHash } from '../../src/shape/pin.ts'
import { derivePublicInputs, type Facts, publicSignals } from '../../src/shape/public-inputs.ts'
import { SHAPES } from '../../src/shape/shapes.ts'
import type { Submission } from '../../src/shape/submission.ts'
import { compile, ONE, refuses, TWO } from '../statement/specimen.ts'

const f = (value: number): Field => toField(value)
const digest = (byte: string): Digest => byte.repeat(32) as Digest

function registered(definition: object) {
  const statement = compile(definition as never)
  const pinned = pinStatement(statement)
  return { statement, pinned, hash: statementHash(pinned) }
}

const ATTEST = registered({ ...ONE, once: { bill: 'spent' } })
const MATCH = registered({ ...TWO, once: { bill: 'spent' }, escrow: { regulator: 'r', values: ['bill.total'] } })
const FACTS: Facts = { scopes: { bill: f(901) }, escrowKey: [f(902), f(903)] }

function submission({ pinned, statement, hash }: ReturnType<typeof registered>): Submission {
  const two = statement.documents.length === 2
  return {
    origin: 'registry.example', statement: hash, shape: pinned.shape, verificationKey: digest('01'), expires: 2000, releaseKey: 'ff'.repeat(32), parameterCommitment: f(10), request: digest('02'), directoryRoot: f(11), setRoot: f(0),
    now: 1000, nullifiers: two ? [f(12), f(13)] : [f(12)], linkTags: two ? [f(14), f(15)] : [f(14)], disclosure: f(16), escrow: statement.escrow ? [f(17), f(18), f(19), f(20)] : [],
    proof: { a: ['1', '2'], b: [['1', '2'], ['3', '4']], c: ['1', '2'] },
  }
}

function named(one: ReturnType<typeof registered>, change: Partial<Submission> = {}, facts: Facts = FACTS): Record<string, Field> {
  const values = derivePublicInputs(one, { ...submission(one), ...change }, facts)
  return Object.fromEntries(SHAPES[one.pinned.shape].publicInputs.map((name, i) => [name, values[i] ?? assert.fail()]))
}

describe('derived public inputs', () => {
  it('are 17 for attest and 26 for match', () => {
    assert.equal(Object.keys(named(ATTEST)).length, 17)
    assert.equal(Object.keys(named(MATCH)).length, 26)
  })

  it('have rules, layout, schemas and literals of the statement', () => {
    const { rules, layout, schema, 'literal[0]': literal } = named(ATTEST)
    assert.deepEqual({ rules: String(rules), layout: String(layout), literal: String(literal) }, { rules: ATTEST.pinned.rules, layout: ATTEST.pinned.layout, literal: ATTEST.pinned.literals[0] })
    assert.equal(String(schema), ATTEST.pinned.schemas['bill'])
    assert.equal(String(named(MATCH)['schema[1]']), MATCH.pinned.schemas['quota'])
  })

  it('have the scope of a document under once, and 0 for the other', () => {
    assert.equal(named(MATCH)['scope[0]'], 901n)
    assert.equal(named(MATCH)['scope[1]'], 0n)
  })

  it('have zeros for a second document that is off, and for no escrow', () => {
    const one = registered({ ...ONE, rules: Array<string>(7).fill('bill.paid = true') })
    const values = named(one, {}, { scopes: {}, escrowKey: null })
    for (const name of ['nullifier[1]', 'linkTag[1]', 'schema[1]', 'scope[0]', 'scope[1]', 'escrow[0]', 'escrow[3]', 'escrowKey[0]', 'escrowKey[1]']) assert.equal(values[name], 0n, name)
  })

  // C18: each of these makes other public inputs, so that the same proof fails
  for (const [name, change] of [
    ['origin', { origin: 'registry.other' }],
    ['expiry', { expires: 2001 }],
    ['release key', { releaseKey: 'fe'.repeat(32) }],
    ['parameter commitment', { parameterCommitment: f(99) }],
    ['request', { request: digest('03') }],
  ] as const)
    it(`have another context for another ${name} (C18)`, () => assert.notEqual(named(ATTEST, change)['context'], named(ATTEST)['context']))

  it('have another context for another statement (C18)', () => assert.notEqual(contextOf({ ...submission(ATTEST), statement: digest('09') }), contextOf(submission(ATTEST))))

  for (const [name, change] of [['now', { now: 1001 }], ['directoryRoot', { directoryRoot: f(99) }], ['disclosure', { disclosure: f(99) }], ['nullifier', { nullifiers: [f(99)] }], ['linkTag', { linkTags: [f(99)] }]] as const)
    it(`have ${name} as it is submitted`, () => assert.notEqual(named(ATTEST, change)[name], named(ATTEST)[name]))

  it('are others when two nullifiers change places (A3)', () => assert.notDeepEqual(named(MATCH, { nullifiers: [f(13), f(12)] }), named(MATCH)))

  for (const [name, one, change] of [
    ['another statement', ATTEST, { statement: MATCH.hash }],
    ['another shape (A4)', ATTEST, { shape: 'match' }],
    ['a nullifier more than documents', ATTEST, { nullifiers: [f(1), f(2)], linkTags: [f(1), f(2)] }],
    ['a nullifier less', MATCH, { nullifiers: [f(1)], linkTags: [f(1)] }],
    ['an escrow that nobody asked for', ATTEST, { escrow: [f(1), f(2), f(3), f(4)] }],
    ['no escrow where there is one', MATCH, { escrow: [] }],
    ['a set root that nothing uses', ATTEST, { setRoot: f(5) }],
    ['a set root in match', MATCH, { setRoot: f(5) }],
  ] as const)
    it(`are refused for ${name}`, () => refuses(() => named(one, change), 'INPUTS_DIFFER'))

  it('take the set root of a published set only', () => {
    const inSet = (rule: string, more: object = {}) => registered({ ...ONE, rules: [rule], ...more })
    assert.equal(named(inSet('bill.number in set:known'), { setRoot: f(5) })['setRoot'], 5n)
    refuses(() => named(inSet('bill.number in $s', { parameters: { s: { as: 'set', of: 'code' } } }), { setRoot: f(5) }), 'INPUTS_DIFFER')
    refuses(() => named(inSet('bill.number in bill.items'), { setRoot: f(5) }), 'INPUTS_DIFFER')
  })

  it('need a scope and an escrow key, which are ours to know', () => {
    assert.throws(() => named(ATTEST, {}, { scopes: {}, escrowKey: null }), Bug)
    assert.throws(() => named(MATCH, {}, { ...FACTS, escrowKey: null }), Bug)
  })
})

describe('names and positions', () => {
  const values = Object.fromEntries(SHAPES.attest.publicInputs.map((name, i) => [name, f(i)]))
  it('follow the shape', () => assert.deepEqual(publicSignals('attest', values), SHAPES.attest.publicInputs.map((_, i) => BigInt(i))))
  it('allow no name less, more or other', () => {
    assert.throws(() => publicSignals('attest', Object.fromEntries(Object.entries(values).slice(1))), Bug)
    assert.throws(() => publicSignals('attest', { ...values, more: f(1) }), Bug)
    assert.throws(() => publicSignals('attest', { ...Object.fromEntries(Object.entries(values).slice(1)), Nullifier: f(1) }), Bug)
  })
})
