import assert from 'node:assert/strict'
import type { Json } from '../../src/hash/canonical.ts'
import { rootOf } from '../../src/hash/tree.ts'
import { hash } from '../../src/hash/poseidon.ts'
import { encode } from '../../src/document/encoding.ts'
import { encodeParameters, encodeRequest } from '../../src/statement/parameters.ts'
import { MemberSet, parseMembers } from '../../src/statement/set.ts'
import { changed, compile, ONE, refuses } from './specimen.ts'

const STATEMENT = compile(
  changed(ONE, {
    parameters: { to: 'date', from: 'date', limit: { as: 'amount', currency: 'currency' }, currency: 'code', pieces: { as: 'integer', maximum: 9 }, known: { as: 'set', of: 'code' } },
    and: ['bill.day >= $from', 'bill.day <= $to', 'bill.currency = $currency', 'bill.total <= $limit', 'bill.pieces * $pieces < 99', 'bill.seller in $known'],
  }),
)
const GIVEN: Record<string, Json> = { from: '0001-01-02', to: '0001-01-03', limit: '1.5', currency: 'EUR', pieces: 7 }
const MEMBERS = ['EX:A', 'EX:B']

const encoded = (change: Record<string, Json | undefined> = {}, members: readonly Json[] | undefined = MEMBERS) => encodeParameters(STATEMENT, { ...GIVEN, ...change }, members)

describe('parameters', () => {
  it('are encoded in the order of their names, filled up with 0', () => assert.deepEqual(encoded().elements, [0x455552n, 1n, 15000n, 7n, 2n, 0n]))
  it('have the root of the set beside them', () => assert.equal(encoded().setRoot, parseMembers({ as: 'code' }, MEMBERS, 'MALFORMED').root))

  for (const [name, change, path] of [
    ['a missing one', { to: undefined }, '/parameters/to'],
    ['one that the statement has not', { too: '2026-01-01' }, '/parameters/too'],
    ['the set among them', { known: ['EX:A'] }, '/parameters/known'],
    ['an amount as a number', { limit: 1.5 }, '/parameters/limit'],
    ['an amount with five decimals', { limit: '1.00001' }, '/parameters/limit'],
    ['a negative amount', { limit: '-1' }, '/parameters/limit'],
    ['an amount of 2^64', { limit: '1844674407370955.1616' }, '/parameters/limit'],
    ['an amount with a comma', { limit: '1,5' }, '/parameters/limit'],
    ['a day that no calendar has', { from: '2026-02-29' }, '/parameters/from'],
    ['a timestamp for a date', { from: '2026-02-28T00:00:00Z' }, '/parameters/from'],
    ['a currency in small letters', { currency: 'eur' }, '/parameters/currency'],
    ['an empty code', { currency: '' }, '/parameters/currency'],
    ['an integer above its maximum', { pieces: 10 }, '/parameters/pieces'],
    ['an integer as text', { pieces: '7' }, '/parameters/pieces'],
    ['null', { pieces: null }, '/parameters/pieces'],
  ] as const)
    it(`refuse ${name}`, () => refuses(() => encoded(change), 'PARAMETER_INVALID', { path }))

  it('do not read inherited members', () => refuses(() => encodeParameters(compile(changed(ONE, { parameters: { toString: 'code' }, and: 'bill.number = $toString' })), {}), 'PARAMETER_INVALID', { path: '/parameters/toString' }))
  it('list every problem at once, without a value', () => {
    refuses(() => encoded({ to: '31.12.2026', limit: '4711,42' }), 'PARAMETER_INVALID', { path: '/parameters/to' })
    assert.throws(() => encoded({ to: '31.12.2026', limit: '4711,42' }), (error: Error) => !/4711|2026/.test(error.message))
  })

  for (const [name, members, path] of [
    ['no members', [], '/set'],
    ['a member that does not fit', ['EX:A', ''], '/set/1'],
    ['a member twice', ['EX:A', 'EX:B', 'EX:A'], '/set/2'],
    ['a member of another type', [5], '/set/0'],
    ['a set that is none', 'EX:A', '/set'],
  ] as const)
    it(`refuse ${name}`, () => refuses(() => encoded({}, members as readonly Json[]), 'PARAMETER_INVALID', { path }))
  it('refuse a missing set', () => refuses(() => encodeParameters(STATEMENT, GIVEN), 'PARAMETER_INVALID', { path: '/set' }))
  it('refuse a set that nobody asked for', () => refuses(() => encodeParameters(compile(ONE), {}, ['EX:A']), 'PARAMETER_INVALID', { path: '/set' }))

  it('come with a pseudonym scope that is another for each verifier, and 0 without a pseudonym', () => {
    const scope = (verifier: string, pseudonym?: string) => encodeRequest(compile({ ...ONE, ...(pseudonym && { pseudonym }) }), { origin: 'registry.example', verifier, parameters: {} }).pseudonymScope
    assert.equal(scope('EX:A'), 0n)
    assert.equal(new Set([scope('EX:A', 'p'), scope('EX:B', 'p'), scope('EX:A', 'q'), 0n]).size, 4)
  })
})

describe('sets', () => {
  const element = (code: string) => encode({ as: 'code' }, code)

  it('have one root however they are listed', () => assert.equal(new MemberSet(['b', 'a', 'c'].map(element)).root, new MemberSet(['c', 'b', 'a'].map(element)).root))
  it('have another root for a member more, less or other', () => {
    const roots = [['a', 'b'], ['a'], ['a', 'b', 'c'], ['a', 'c']].map((codes) => new MemberSet(codes.map(element)).root)
    assert.equal(new Set(roots).size, 4)
  })
  it('lead from each member to the root, and from nothing else (C16)', () => {
    const set = new MemberSet(['a', 'b', 'c', 'd', 'e'].map(element))
    for (const code of ['a', 'b', 'c', 'd', 'e']) assert.equal(rootOf(hash('set-member', [element(code)]), set.path(element(code)) ?? assert.fail()), set.root)
    assert.equal(set.path(element('f')), undefined)
    assert.notEqual(rootOf(hash('set-member', [element('f')]), set.path(element('a')) ?? assert.fail()), set.root)
    assert.notEqual(rootOf(element('a'), set.path(element('a')) ?? assert.fail()), set.root)
  })
  it('take dates, numbers and texts too', () => {
    for (const [as, members] of [['date', ['2026-01-01', '0001-01-01']], ['integer', [0, 5]], ['text', ['', 'x']], ['timestamp', ['2026-01-01T00:00:00Z']]] as const) assert.equal(parseMembers({ as }, members, 'MALFORMED').elements.length, members.length)
  })
  it('refuse two spellings of one moment', () => refuses(() => parseMembers({ as: 'timestamp' }, ['2026-01-01T00:00:00Z', '2026-01-01T01:00:00+01:00'], 'MALFORMED'), 'MALFORMED', { path: '/1' }))
  it('refuse more than 16,384 members', () => refuses(() => parseMembers({ as: 'integer' }, Array.from({ length: 16_385 }, (_, i) => i), 'TOO_LARGE'), 'TOO_LARGE'))
})
