import assert from 'node:assert/strict'
import { explain, explainStatement, issuerIsKnown } from '../../src/statement/sentences.ts'
import { changed, compile, ONE, rule, TWO } from './specimen.ts'

const proved = (text: string, parameters?: Record<string, unknown>, given?: Record<string, string | number>): string => explainStatement(rule(text, parameters), given ? { parameters: given } : {}).proved[0] ?? ''

describe('a statement in plain sentences', () => {
  for (const [text, sentence] of [
    ['bill.pieces <= 5', "The bill's pieces is at most 5."],
    ['bill.pieces > 5', "The bill's pieces is more than 5."],
    ['bill.total + bill.tax >= bill.tax', "The bill's total plus the bill's tax is at least the bill's tax."],
    ['bill.pieces * 2 = bill.count', "The bill's pieces times 2 equals the bill's count."],
    ['bill.day < 2026-01-01', "The bill's day is before 2026-01-01."],
    ['bill.day + 30 >= 2026-01-01', "The bill's day plus 30 days is not before 2026-01-01."],
    ['now <= bill.issuedAt + 60', 'The time of the proof is not after the time at which the bill was issued plus 60 seconds.'],
    ["bill.state != 'open'", "The bill's state is not 'open'."],
    ["bill.state = 'open' or bill.paid = true", "The bill's state is 'open', or the bill's paid is true."],
    ['bill.seller = bill.issuer', "The bill's seller is the organisation that issued the bill."],
    ['bill.seller in set:known', 'The bill\'s seller is in the published set "known".'],
    ['bill.seller in bill.items', "The bill's seller is in the bill's items."],
  ] as const)
    it(`says ${text}`, () => assert.equal(proved(text), sentence))

  it('names a parameter before it is given, and its value with currency or unit after', () => {
    const amount = { maxTotal: { as: 'amount', currency: 'c' }, c: 'code' }
    assert.equal(proved('bill.currency = $c', { c: 'code' }), "The bill's currency is the given c.")
    const both = compile({ ...ONE, rules: ['bill.total <= $maxTotal', 'bill.currency = $c'], parameters: amount })
    assert.equal(explainStatement(both).proved[0], "The bill's total is at most the given max total.")
    assert.equal(explainStatement(both, { parameters: { maxTotal: '5000.00', c: 'EUR' } }).proved[0], "The bill's total is at most 5000.00 EUR.")
    assert.equal(proved('bill.weight < $w', { w: { as: 'measure', unit: 'KGM', decimals: 3 } }, { w: '2.5' }), "The bill's weight is less than 2.5 KGM.")
  })

  const FULL = compile(changed(TWO, { parameters: { bank: 'organisation' }, and: 'quota.issuer = $bank', reveals: ['bill.memo'], once: { bill: 'financing' }, pseudonym: 'bank', escrow: { regulator: 'supervisor', values: ['quota.limit'] } }))

  it('says what is revealed, escrowed and spent', () => {
    const { revealed, escrowed, spent } = explainStatement(FULL)
    assert.match(revealed.join(' '), /The verifier alone learns the bill's memo\. .*pseudonym "bank"/)
    assert.deepEqual(escrowed, ['The regulator "supervisor" can open the quota\'s limit.'])
    assert.deepEqual(spent, ['The registry accepts this bill once under the scope "financing".', 'The quota can be used again, and nobody sees that it is the same one.'])
  })

  it('says that nothing is revealed when nothing is', () => assert.deepEqual(explainStatement(compile(ONE)).revealed, ['No value is revealed.']))

  it('says among how many an issuer is hidden', () => {
    const hidden = (issuers: number): string | undefined => explainStatement(FULL, { issuers: { bill: issuers } }).hidden[0]
    assert.equal(hidden(3), 'Who issued the bill stays hidden among 3 accredited organisations.')
    assert.match(hidden(1) ?? '', /no hiding/)
    assert.equal(explainStatement(FULL).hidden[1], 'The verifier knows who issued the quota.')
  })

  for (const [name, change, known] of [
    ['nothing is said of it', {}, false],
    ['it is another field of the document', { and: 'bill.issuer = bill.seller' }, false],
    ['it is a parameter', { and: 'bill.issuer = $b', parameters: { b: 'organisation' } }, true],
    ['it is a literal', { and: "bill.issuer = 'EX:A'" }, true],
    ['it is revealed', { reveals: ['bill.issuer'] }, true],
    ['what it equals is revealed', { and: 'bill.issuer = bill.seller', reveals: ['bill.seller'] }, true],
    ['what it equals is a parameter', { and: ['bill.issuer = bill.seller', 'bill.seller = $b'], parameters: { b: 'organisation' } }, true],
    ['it may be a parameter', { and: 'bill.issuer = $b or bill.paid = true', parameters: { b: 'organisation' } }, false],
  ] as const)
    it(`an issuer is ${known ? 'known' : 'hidden'} when ${name}`, () => assert.equal(issuerIsKnown(compile(changed(ONE, change)), 'bill'), known))

  it('fills the placeholders of the caption, in the language asked for', () => {
    const both = compile(changed(ONE, { says: { en: '{bill.seller} sells to {$b}.', sv: '{$b} köper av {bill.seller}.' }, and: 'bill.number = $b', parameters: { b: 'code' } }))
    assert.equal(explain(both)[0], "The bill's seller sells to the given b.")
    assert.equal(explain(both, { b: 'B1' })[0], "The bill's seller sells to B1.")
    assert.equal(explain(both, { b: 'B1' }, 'sv')[0], "B1 köper av the bill's seller.")
    assert.equal(explain(both, {}, 'sv-FI')[0], "The given b köper av the bill's seller.")
    assert.equal(explain(both, {}, 'constructor')[0], "The bill's seller sells to the given b.")
  })

})
