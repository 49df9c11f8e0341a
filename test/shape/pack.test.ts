import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { pinStatement } from '../../src/shape/pin.ts'
import { compile, ONE, refuses, TWO } from '../statement/specimen.ts'

const SPEC = new URL('../../SPEC.md', import.meta.url)
const [START, END] = ['<!-- packed rules: begin -->\n', '<!-- packed rules: end -->']

const TIE = ['bill.seller = quota.owner']

/** The rules of each row of SPEC §8.8. */
const ROWS: readonly (readonly string[])[] = [
  ["bill.state = 'open'"],
  ["bill.state != 'open' or bill.pieces >= 2"],
  ['bill.total + bill.tax > bill.total'],
  ['bill.pieces * bill.weight <= 2.5 KGM'],
  ['now < bill.expiresAt', 'bill.paid = false'],
  [...TIE, 'bill.currency = quota.currency', 'bill.total <= quota.limit'],
]

function row(rules: readonly string[]): string {
  const pinned = pinned_(rules)
  const literals = pinned.literals.filter((literal) => literal !== '0')
  return `| ${rules.map((rule) => `\`${rule}\``).join(' · ')} | ${pinned.shape} | ${BigInt(pinned.rules).toString(16)} | ${literals.join(', ') || '–'} |\n`
}

const pinned_ = (rules: readonly string[]) => pinStatement(compile({ ...(rules.some((rule) => rule.includes('quota')) ? TWO : ONE), rules }))

/** Bits from `at` on, `width` of them. */
const bits = (value: string, at: number, width: number): number => Number((BigInt(value) >> BigInt(at)) & ((1n << BigInt(width)) - 1n))

describe('packed rules', () => {
  it('are the ones that SPEC §8.8 shows', () => {
    const spec = readFileSync(SPEC, 'utf8')
    const [before = '', rest = ''] = spec.split(START)
    const [shown = '', after = ''] = rest.split(END)
    const table = ROWS.map(row).join('')
    if (process.env['UPDATE_SPEC'] === '1') writeFileSync(SPEC, `${before}${START}${table}${END}${after}`)
    else assert.equal(shown, table)
  })

  // By hand: state is slot 12, register 13; the literal is register 28; = and all flags are 0.
  it('have the first operand in the lowest bits', () => assert.equal(pinned_(["bill.state = 'open'"]).rules, String(13n + (28n << 10n))))
  // total is register 4, in match the second document's slot 3 is register 36: op <= is 3 at bit 26, numeric at 28.
  it('have op and numeric above four registers and two product flags', () => {
    const { rules } = pinned_([...TIE, 'bill.currency = quota.currency', 'bill.total <= quota.limit'])
    assert.equal(BigInt(rules) >> 60n, 4n + (36n << 12n) + (3n << 26n) + (1n << 28n))
  })

  it('swap the sides for > and >=', () => {
    assert.equal(pinned_(['bill.pieces > bill.count']).rules, pinned_(['bill.count < bill.pieces']).rules)
    assert.equal(pinned_(['bill.pieces * 2 >= bill.count + 2']).rules, pinned_(['bill.count + 2 <= bill.pieces * 2']).rules)
  })

  it('join all alternatives but the last', () => {
    const { rules } = pinned_(['bill.pieces = 1 or bill.pieces = 2 or bill.pieces = 3', 'bill.paid = true'])
    assert.deepEqual([0, 1, 2, 3].map((slot) => bits(rules, slot * 26 + 25, 1)), [1, 1, 0, 0])
  })

  it('say numeric for numbers and times, and not for codes, texts and booleans', () => {
    const numeric = (rule: string): number => bits(pinned_([rule]).rules, 24, 1)
    for (const rule of ['bill.pieces = 1', 'bill.total = bill.tax', 'bill.weight = 1 KGM', 'bill.day = 2026-01-01', 'now != bill.issuedAt']) assert.equal(numeric(rule), 1, rule)
    for (const rule of ["bill.state = 'open'", 'bill.memo = bill.memo', 'bill.paid = true', 'bill.issuer = bill.seller']) assert.equal(numeric(rule), 0, rule)
  })

  it('leave unused slots 0', () => assert.equal(BigInt(pinned_(['bill.pieces = 1']).rules) >> 26n, 0n))

  it('share a register between literals with one element, and take register 0 for 0', () => {
    const { rules, literals } = pinned_(['bill.pieces != 1', 'bill.paid = true', 'bill.weight != 0.001 KGM', 'bill.pieces != 0'])
    assert.deepEqual(literals, ['1', '0', '0', '0'])
    assert.deepEqual([0, 1, 2, 3].map((slot) => bits(rules, slot * 26 + 10, 5)), [28, 28, 28, 0])
  })
})

describe('the layout', () => {
  const layout = (change: object): string => pinStatement(compile({ ...ONE, ...change })).layout

  // attest: reveal[4] (5 each) · setMember 5 · setRegister 5 · setSource 2 · pseudonym 1 · once 1
  it('has reveals in their order', () => assert.equal(layout({ reveals: ['bill.total', 'bill.issuer', 'bill.expiresAt'] }), String(4 + (17 << 5) + (20 << 10))))
  it('has pseudonym and once at the top of attest', () => {
    assert.equal(layout({ pseudonym: 'p' }), String(1n << 32n))
    assert.equal(layout({ once: { bill: 's' } }), String(1n << 33n))
  })
  it('has the member, the register and the source of a set', () => {
    const member = (rule: string, more: object = {}): bigint => BigInt(layout({ rules: [rule], ...more }))
    assert.equal(member('bill.seller in set:known'), (2n << 20n) + (1n << 30n))
    assert.equal(member('bill.seller in $s', { parameters: { s: { as: 'set', of: 'code' } } }), (2n << 20n) + (2n << 30n))
    assert.equal(member('bill.seller in bill.items'), (2n << 20n) + (15n << 25n) + (3n << 30n))
    assert.equal(member('bill.issuer in set:banks'), (17n << 20n) + (1n << 30n))
  })
  // match: reveal[4] (6 each) · pseudonym 1 · once[2] · second 1 · escrow 1 · escrowed[2] (6 each)
  it('has once for each document, second, and escrow in match', () => {
    const of = (change: object): bigint => BigInt(pinStatement(compile({ ...TWO, ...change })).layout)
    assert.equal(of({}), 1n << 27n)
    assert.equal(of({ once: { bill: 's' } }), (1n << 25n) + (1n << 27n))
    assert.equal(of({ once: { quota: 's' } }), (1n << 26n) + (1n << 27n))
    assert.equal(of({ pseudonym: 'p' }), (1n << 24n) + (1n << 27n))
    assert.equal(of({ reveals: ['quota.limit'] }), 36n + (1n << 27n))
    assert.equal(of({ escrow: { regulator: 'r', values: ['bill.total', 'quota.issuer'] } }), (1n << 27n) + (1n << 28n) + (4n << 29n) + (49n << 35n))
  })
  it('has the second document off for one document in match', () => {
    const pinned = pinStatement(compile({ ...ONE, escrow: { regulator: 'r', values: ['bill.total'] } }))
    assert.equal(pinned.shape, 'match')
    assert.equal(pinned.layout, String((1n << 28n) + (4n << 29n)))
  })
})

describe('the smallest shape that fits', () => {
  const many = (n: number): string[] => Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 'bill.paid = true' : 'bill.pieces > 0'))
  const shape = (change: object): string => pinStatement(compile({ ...ONE, ...change })).shape

  it('is attest up to six comparisons', () => assert.equal(shape({ rules: many(6) }), 'attest'))
  it('is match from seven on', () => assert.equal(shape({ rules: many(7) }), 'match'))
  it('counts alternatives', () => assert.equal(shape({ rules: [...many(5), 'bill.pieces = 1 or bill.pieces = 2'] }), 'match'))
  it('does not count a membership', () => assert.equal(shape({ rules: [...many(6), 'bill.number in set:known'] }), 'attest'))
  it('is none for nine comparisons', () => refuses(() => shape({ rules: many(9) }), 'STATEMENT_INVALID', { path: 'shape match', expected: /at most 8/, got: '9' }))
  it('is none for a membership beside an escrow', () => {
    const both = { rules: ['bill.number in set:known'], escrow: { regulator: 'r', values: ['bill.total'] } }
    refuses(() => shape(both), 'STATEMENT_INVALID', { path: 'shape attest', got: 'one' })
    refuses(() => shape(both), 'STATEMENT_INVALID', { path: 'shape match', expected: /no membership/ })
  })
  it('is none for a membership over two documents', () => refuses(() => pinStatement(compile({ ...TWO, rules: [...TWO.rules, 'bill.number in set:known'] })), 'STATEMENT_INVALID', { path: 'shape attest', expected: 'at most 1 document' }))
})
