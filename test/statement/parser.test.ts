import assert from 'node:assert/strict'
import { parsePath, parseRule } from '../../src/statement/parser.ts'
import { RuleError } from '../../src/statement/tokens.ts'

function refuses(text: string, column: number, expected: RegExp, parse: (text: string) => unknown = parseRule): void {
  assert.throws(() => parse(text), (error: unknown) => {
    assert.ok(error instanceof RuleError, String(error))
    assert.match(error.expected, expected)
    assert.equal(error.column, column, error.message)
    return true
  })
}

describe('the grammar of rules', () => {
  it('reads a comparison', () => {
    const rule = parseRule('bill.total + 5.00 EUR <= $limit')
    assert.ok(rule.kind === 'comparisons')
    const [{ left, operator, right } = assert.fail()] = rule.alternatives
    assert.equal(left.first.text, 'bill.total')
    assert.equal(left.second?.by, '+')
    assert.equal(left.second?.operand.text, '5.00 EUR')
    assert.equal(operator, '<=')
    assert.equal(right.first.text, '$limit')
  })

  it('needs no space around operators', () => {
    const spell = (text: string) => JSON.stringify(parseRule(text), (name, value) => (name === 'column' ? undefined : value))
    assert.equal(spell('bill.total+$a<=$b'), spell('bill.total + $a <= $b'))
  })

  it('reads alternatives and keeps their order', () => {
    const rule = parseRule("bill.state = 'open' or bill.pieces >= 2 or now < bill.expiresAt")
    assert.ok(rule.kind === 'comparisons')
    assert.deepEqual(rule.alternatives.map(({ operator }) => operator), ['=', '>=', '<'])
  })

  it('does not take or for the unit of a number', () => {
    const rule = parseRule('bill.pieces = 5 or bill.pieces = 6')
    assert.ok(rule.kind === 'comparisons' && rule.alternatives.length === 2)
  })

  for (const [text, kind] of [['$set', 'parameter'], ['set:eu-countries', 'published'], ['bill.items', 'path']] as const)
    it(`reads a membership in ${text}`, () => {
      const rule = parseRule(`bill.number in ${text}`)
      assert.ok(rule.kind === 'membership')
      assert.equal(rule.set.kind, kind)
    })

  for (const [text, kind] of [['5', 'number'], ['0', 'number'], ['12.5 KGM', 'number'], ['2026-03-01', 'date'], ['2026-03-01T00:00:00Z', 'timestamp'], ['2026-03-01T00:00:00+05:30', 'timestamp'], ["'passed'", 'quoted'], ["'a b or c'", 'quoted'], ['true', 'boolean'], ['now', 'now']] as const)
    it(`reads ${text} as ${kind}`, () => {
      const rule = parseRule(`bill.x = ${text}`)
      assert.ok(rule.kind === 'comparisons')
      assert.equal(rule.alternatives[0]?.right.first.kind, kind)
    })

  for (const [text, column, expected] of [
    ['', 1, /a field/],
    ['bill', 1, /document\.field/],
    ['bill.', 6, /a field of bill/],
    ['.total = 5', 1, /a field/],
    ['bill.total', 11, /an operator/],
    ['bill.total <=', 14, /a field/],
    ['bill.total == 5', 13, /a field/],
    ['bill.total => 5', 13, /a field/],
    ['bill.total <> 5', 13, /a field/],
    ['bill.total = = 5', 14, /a field/],
    ['bill.a + bill.b + bill.c = 5', 17, /at most two operands/],
    ['bill.a * bill.b * bill.c = 5', 17, /at most two operands/],
    ['bill.a - bill.b = 5', 8, /operator/],
    ['bill.a = -5', 10, /literal/],
    ['(bill.a) = 5', 1, /literal/],
    ['bill.a = 5 and bill.b = 6', 16, /or/],
    ['bill.a = 5 or', 14, /a field/],
    ['or bill.a = 5', 1, /document\.field/],
    ['bill.a < 5 < 6', 12, /or/],
    ["bill.a = 'open", 10, /literal/],
    ['bill.a = "open"', 10, /literal/],
    ['bill.a = open', 10, /single quotes/],
    ['bill.a = 05', 10, /leading zeros/],
    ['bill.a = 5.', 11, /or/],
    ['bill.a = 5x', 11, /a space/],
    ['bill.a = 0x10', 11, /a space/],
    ['bill.a = 1e9', 11, /a space/],
    ['bill.a = 2026-3-01', 14, /operator|literal/],
    ['bill.a in', 10, /a field|literal/],
    ['bill.a in 5', 11, /set:name/],
    ['bill.a in set:', 14, /literal/],
    ['bill.a in $s or bill.b = 5', 14, /end of the rule/],
    ['bill.b = 5 or bill.a in $s', 22, /an operator/],
    ['bill.a + bill.b in $s', 1, /single operand/],
    ['bill.a = 5;', 11, /literal|operator/],
    ['bill.a\t= 5', 7, /literal|operator/],
    ['bill.a\u00a0= 5', 7, /literal|operator/],
    ['bıll.a = 5', 2, /literal|operator/],
    ['$ = 5', 1, /literal/],
    ['$1 = 5', 1, /literal/],
    ['bill.a.b = 5', 7, /operator/],
  ] as const)
    it(`refuses ${JSON.stringify(text)} at column ${column}`, () => refuses(text, column, expected))

  for (const [text, column, expected] of [['$limit', 1, /a document and its member/], ['now', 1, /a document/], ['bill.a + bill.b', 8, /nothing more/], ['5', 1, /a document/], ['bill.a or bill.b', 8, /nothing more/]] as const)
    it(`refuses to reveal ${text}`, () => refuses(text, column, expected, parsePath))
})
