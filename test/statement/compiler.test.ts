import assert from 'node:assert/strict'
import { changed, compile, ONE, refuses, rule, TWO } from './specimen.ts'

/** Expects one problem of a rule that stands alone over a bill. */
function invalid(text: string, expected: RegExp, got: RegExp = /./, parameters?: Record<string, unknown>): void {
  refuses(() => rule(text, parameters), 'STATEMENT_INVALID', { path: /^rule 1/, expected, got })
}

describe('the types of rules', () => {
  for (const text of [
    'bill.total <= 5000.00 EUR or bill.total = bill.tax',
    'bill.total = bill.tax + bill.tax',
    'bill.pieces + 3 < bill.count',
    'bill.pieces * 3 <= bill.count',
    'bill.pieces * bill.weight <= 2000 KGM',
    'bill.weight * 7 = 3 KGM * 7',
    'bill.weight >= 12.5 KGM',
    'bill.day + 30 >= 2026-03-01',
    '30 + bill.day >= 2026-03-01',
    'now <= bill.issuedAt + 86400',
    'bill.sent < 2026-03-01T00:00:00+02:00',
    'bill.paid = true',
    'bill.paid != false',
    "bill.state != 'closed'",
    'bill.seller = bill.issuer',
    "bill.issuer = 'SE:ORGNR:5532331183'",
    "bill.class = 'hospital'",
    'bill.expiresAt > now',
    'bill.number in set:known',
    'bill.day in set:holidays',
    'bill.number in bill.items',
    'bill.memo in set:texts',
    'bill.issuer in set:banks',
    '0 < bill.count',
  ])
    it(`accepts ${text}`, () => {
      const tied = text.includes('EUR') ? ["bill.currency = 'EUR'", text] : [text]
      assert.equal(compile({ ...ONE, rules: tied }).rules.length, tied.length)
    })

  for (const [text, type] of [
    ['bill.number = $p', 'code'],
    ['bill.number = $p', 'organisation'],
    ['bill.memo = $p', 'text'],
    ['bill.day > $p', 'date'],
    ['bill.sent > $p', 'timestamp'],
    ['bill.count > $p', 'integer'],
    ['bill.paid = $p', 'boolean'],
    ['bill.pieces * $p < bill.count', { as: 'integer', maximum: 4294967295 }],
    ['bill.weight < $p', { as: 'measure', unit: 'KGM', decimals: 3 }],
    ['bill.number in $p', { as: 'set', of: 'code' }],
    ['bill.number in $p', { as: 'set', of: 'organisation' }],
    ['bill.memo in $p', { as: 'set', of: 'text' }],
    ['bill.day in $p', { as: 'set', of: 'date' }],
  ] as const)
    it(`accepts ${text} with ${JSON.stringify(type)}`, () => assert.equal(rule(text, { p: type }).rules.length, 1))

  for (const [text, expected, got] of [
    // names
    ['bil.total = 5', /a document of the statement \(bill\)/, /bil/],
    ['quota.limit = 5', /a document of the statement/, /quota/],
    ['bill.totl = 5', /a field of bill with a slot \(number, .*total/, /bill\.totl/],
    ['bill.constructor = 5', /a field of bill/, /constructor/],
    ['constructor.name = 5', /a document of the statement/, /constructor/],
    ['bill.count = $p', /a parameter of the statement \(it has none\)/, /\$p/],
    // one type on both sides
    ['bill.total = 5', /an amount to compare with bill\.total/, /5, an integer/],
    ['bill.count = 5.00 EUR', /an amount or a measure to compare 5\.00 EUR with/, /neither/],
    ['bill.count = 5.5', /a unit or a currency after 5\.5/, /none/],
    ['bill.number = 5', /a code to compare/, /an integer/],
    ["bill.count = '5'", /an integer to compare/, /a code/],
    ["bill.memo = 'x'", /text to compare/, /a code/],
    ['bill.memo = bill.number', /text to compare/, /bill\.number, a code/],
    ['bill.day = bill.sent', /a date to compare/, /bill\.sent, a timestamp/],
    ['bill.day < now', /a date to compare/, /now, a timestamp/],
    ['bill.day = 2026-03-01T00:00:00Z', /a date to compare/, /a timestamp/],
    ['bill.sent = 2026-03-01', /a timestamp to compare/, /a date/],
    ['bill.paid = 1', /a boolean to compare/, /an integer/],
    ['bill.count = true', /an integer to compare/, /a boolean/],
    ['bill.weight = bill.volume', /a measure in KGM with 3 decimals/, /a measure in LTR/],
    ['bill.weight = bill.total', /a measure in KGM/, /an amount/],
    ['bill.issuedAt = bill.day', /a timestamp/, /a date/],
    ['bill.items = bill.number', /a value \(a set/, /bill\.items/],
    ['bill.number = bill.items', /a value \(a set/, /bill\.items/],
    // order
    ["bill.state < 'open'", /numbers, dates or timestamps beside </, /a code/],
    ['bill.memo >= bill.memo', /numbers, dates or timestamps beside >=/, /text/],
    ['bill.paid > false', /numbers/, /a boolean/],
    ['bill.issuer <= bill.seller', /numbers/, /a code/],
    // sums
    ["bill.state + bill.number = 'x'", /numbers in a sum/, /bill\.state, a code/],
    ['bill.total + bill.count < bill.tax', /an amount to add to bill\.total/, /bill\.count, an integer/],
    ['bill.weight + bill.volume < 5 KGM', /a measure in KGM/, /a measure in LTR/],
    ['bill.day + bill.day < 2026-03-01', /an integer number of days/, /bill\.day, a date/],
    ['bill.day + 5 KGM < 2026-03-01', /an amount or a measure/, /neither/],
    ['now + bill.sent < now', /an integer number of seconds/, /a timestamp/],
    ['bill.paid + bill.paid = true', /numbers in a sum/, /a boolean/],
    ['bill.memo + bill.memo = bill.memo', /numbers in a sum/, /text/],
    // products
    ['bill.total * 2 < bill.tax', /an integer or a measure as a factor/, /bill\.total, an amount/],
    ['bill.day * 2 < bill.day', /an integer or a measure as a factor/, /a date/],
    ['bill.count * 2 < bill.count', /a factor below 2\^32/, /bill\.count/],
    ['bill.pieces * 4294967296 < bill.count', /a factor below 2\^32/, /4294967296/],
    ['bill.volume * 2 < bill.volume', /a factor below 2\^32/, /bill\.volume/],
    ['bill.weight * bill.weight < bill.weight', /at least one integer/, /two measures/],
    ["bill.state * 2 = 'open'", /as a factor/, /a code/],
    ['bill.pieces * bill.weight < bill.count', /a measure in KGM/, /bill\.count/],
    // literals
    ['bill.count < 18446744073709551616', /an integer from 0/, /18446744073709551616/],
    ['bill.weight < 5 LTR', /a number in KGM/, /5 LTR/],
    ['bill.weight < 5.0001 KGM', /at most 3 decimals/, /5\.0001 KGM/],
    ['bill.total < 5.00001 EUR', /at most four decimals/, /5\.00001 EUR/],
    ['bill.total < 5 euro', /ISO 4217/, /euro/],
    ['bill.day = 2026-02-30', /a date/, /2026-02-30/],
    ['bill.day = 0000-01-01', /a date/, /0000-01-01/],
    ['bill.sent = 2026-01-01T24:00:00Z', /a timestamp/, /24:00:00/],
    ['bill.sent = 1969-12-31T23:59:59Z', /from 1970 on/, /1969/],
    ["bill.state = 'opened'", /one of open, closed/, /'opened'/],
    ["'opened' != bill.state", /one of open, closed/, /'opened'/],
    ["bill.currency = 'euro'", /matches/, /'euro'/],
    ["bill.issuer = 'Hospital A'", /matches/, /'Hospital A'/],
    ["bill.number = ''", /a code of 1 to 31 bytes/, /''/],
    ["bill.number = 'abcdefghijklmnopqrstuvwxyz123456'", /a code of 1 to 31 bytes/, /./],
    ["bill.number = 'e\u0301'", /NFC/, /./],
    ['5 = 5', /a field, a parameter or now/, /literals only/],
    ['5 + 3 < 9', /a field, a parameter or now/, /literals only/],
    // membership
    ['bill.total in set:x', /a code, text, date, timestamp or integer/, /bill\.total/],
    ['bill.weight in set:x', /a code, text/, /bill\.weight/],
    ['bill.paid in set:x', /a code, text/, /bill\.paid/],
    ['bill.items in set:x', /a code, text/, /bill\.items/],
    ['5 in set:x', /of a document or a parameter/, /5/],
    ['bill.number in bill.seller', /a field of type set/, /bill\.seller, a code/],
    ['bill.number in bill.issuer', /a field of type set/, /bill\.issuer/],
    ['bill.number in $p', /a parameter of type \{"as": "set"\}/, /\$p/],
  ] as const)
    it(`refuses ${text}`, () => invalid(text, expected, got))

  for (const [text, type, expected] of [
    ['bill.number in $p', 'code', /a parameter of type \{"as": "set"\}/],
    ['bill.number in $p', { as: 'set', of: 'date' }, /a date \(\$p has those\)/],
    ['bill.memo in $p', { as: 'set', of: 'code' }, /a code \(\$p has those\)/],
    ['bill.number = $p', { as: 'set', of: 'code' }, /a parameter of the statement/],
    ['bill.weight < $p', { as: 'measure', unit: 'TNE', decimals: 3 }, /a measure in KGM/],
    ['bill.weight < $p', { as: 'measure', unit: 'KGM', decimals: 2 }, /a measure in KGM with 3 decimals/],
    ['bill.count * $p < 9', { as: 'integer', maximum: 7 }, /a factor below 2\^32/],
    ['bill.pieces * $p < 9', { as: 'integer', maximum: 4294967296 }, /a factor below 2\^32/],
    ['bill.pieces * $p < 9', 'integer', /a factor below 2\^32/],
    ['bill.number = $p', 'text', /a code to compare/],
    ['bill.day = $p', 'timestamp', /a date to compare/],
  ] as const)
    it(`refuses ${text} with ${JSON.stringify(type)}`, () => invalid(text, expected, /./, { p: type }))

  it('tells the rule, the column, what was expected and what came', () =>
    refuses(() => compile(changed(ONE, { and: 'bill.pieces < 3 or bill.total < bill.day' })), 'STATEMENT_INVALID', { path: 'rule 2, column 33', expected: 'an amount to compare with bill.total', got: 'bill.day, a date' }))

  it('lists the problems of all rules, reveals and parameters at once', () => {
    const broken = changed(ONE, { and: ['bill.a = 5', 'bill.total < 5', 'bill.number'], reveals: ['bill.b'], parameters: { p: 'code' }, says: 'A {bill.c}.', once: { quota: 'x' } })
    for (const path of [/^rule 2/, /^rule 3/, /^rule 4/, /^\/reveals\/0/, /^\/parameters\/p/, /^\/says/, /^\/once\/quota/]) refuses(() => compile(broken), 'STATEMENT_INVALID', { path })
  })
})

describe('currencies', () => {
  const compare = 'bill.total <= quota.limit'

  for (const [name, rules, parameters] of [
    ['equated directly', ['bill.currency = quota.currency', compare]],
    ['equated the other way round, later', [compare, 'quota.currency = bill.currency']],
    ['equated through a parameter', ['bill.currency = $c', '$c = quota.currency', compare], { c: 'code' }],
    ['equated through a literal', ["bill.currency = 'EUR'", "'EUR' = quota.currency", compare]],
    ['of a sum over both', ['bill.currency = quota.currency', 'bill.total + quota.used <= quota.limit']],
    ['of a literal', ["bill.currency = 'EUR'", 'bill.total <= 5000 EUR']],
    ['of a parameter with a currency of its own', ['bill.currency = $c', 'bill.total <= $l'], { c: 'code', l: { as: 'amount', currency: 'c' } }],
    ['of a parameter with a fixed currency', ["bill.currency = 'EUR'", 'bill.total <= $l'], { l: { as: 'amount', currency: 'EUR' } }],
    ['of one document', ['bill.total <= bill.tax']],
  ] as const)
    it(`accepts amounts in a currency ${name}`, () => {
      const documents = JSON.stringify(rules).includes('quota') ? TWO.documents : ONE.documents
      const tie = 'quota' in documents ? ['bill.seller = quota.owner'] : []
      assert.ok(compile({ ...ONE, documents, rules: [...rules, ...tie], ...(parameters && { parameters }) }))
    })

  for (const [name, rules, parameters] of [
    ['not equated at all', [compare]],
    ['equated inside an or', ['bill.currency = quota.currency or bill.pieces = 1', compare]],
    ['only compared with !=', ['bill.currency != quota.currency', compare]],
    ['equated on one side only', ["bill.currency = 'EUR'", compare]],
    ['equated to different literals', ["bill.currency = 'EUR'", "quota.currency = 'USD'", compare]],
    ['of one addend', ['bill.total + quota.used <= bill.tax']],
    ['of an alternative', ['bill.pieces = 1 or bill.total <= quota.limit']],
    ['only inside the same or', ['bill.currency = quota.currency or bill.total <= quota.limit']],
    ['of a literal', ["bill.currency = 'USD'", 'bill.total <= 5000 EUR']],
    ['of two literals', ["bill.currency = 'EUR'", 'bill.total + 5 USD <= 5000 EUR']],
    ['of a parameter', ['bill.total <= $l'], { c: 'code', l: { as: 'amount', currency: 'c' } }],
    ['of a parameter with a fixed one', ['bill.total <= $l'], { l: { as: 'amount', currency: 'EUR' } }],
    ['of two parameters', ['bill.currency = $c', 'bill.total <= $l'], { c: 'code', d: 'code', l: { as: 'amount', currency: 'd' } }],
  ] as const)
    it(`refuses amounts in currencies ${name}`, () => {
      const documents = JSON.stringify(rules).includes('quota') ? TWO.documents : ONE.documents
      const tie = 'quota' in documents ? ['bill.seller = quota.owner'] : []
      refuses(() => compile({ ...ONE, documents, rules: [...tie, ...rules], ...(parameters && { parameters }) }), 'STATEMENT_INVALID', { expected: /amounts in one currency/, got: /amounts in .* and in / })
    })

  it('says which rule would help', () =>
    refuses(() => compile(changed(TWO, { rules: ['bill.seller = quota.owner', compare] })), 'STATEMENT_INVALID', { path: 'rule 2', expected: 'amounts in one currency: a rule that says bill.currency = quota.currency, outside any or' }))
})

describe('ties between two documents', () => {
  for (const [name, rules, parameters] of [
    ['a field of each', ['bill.seller = quota.owner']],
    ['the issuer of one and a field of the other', ['bill.seller = quota.issuer']],
    ['both with one parameter', ['bill.number = $n', 'quota.number = $n'], { n: 'code' }],
    ['a chain over several', ['bill.number = bill.seller', 'bill.seller = $n', '$n = quota.owner'], { n: 'code' }],
    ['texts', ['bill.memo = quota.memo']],
    ['days', ['bill.day = quota.day']],
  ] as const)
    it(`accepts ${name}`, () => assert.ok(compile(changed(TWO, { rules, ...(parameters && { parameters }) }))))

  for (const [name, rules] of [
    ['no rule over both', ["bill.state = 'open'", 'quota.number = quota.owner']],
    ['a tie inside an or', ['bill.seller = quota.owner or bill.pieces = 1']],
    ['a difference', ['bill.seller != quota.owner']],
    ['an order only', ['bill.day <= quota.day']],
    ['a sum', ['bill.weight + 0 KGM = quota.weight']],
    ['currencies only', ['bill.currency = quota.currency']],
    ['booleans only', ['bill.paid = quota.active']],
    ['classes only', ['bill.class = quota.class']],
    ['issuers only', ['bill.issuer = quota.issuer']],
    ['times only', ['bill.issuedAt = quota.issuedAt']],
    ['the same literal', ["bill.number = 'A1'", "quota.number = 'A1'"]],
  ] as const)
    it(`refuses ${name}`, () => refuses(() => compile(changed(TWO, { rules })), 'STATEMENT_INVALID', { expected: /ties the documents to each other \(bill, quota\)/ }))

  it('accepts documents that are said to be untied', () => assert.ok(compile(changed(TWO, { rules: ["bill.state = 'open'", 'quota.day > 2026-01-01'], untied: true }))))
  it('refuses untied for one document', () => refuses(() => compile({ ...ONE, untied: true }), 'STATEMENT_INVALID', { path: '/untied' }))
})

describe('what a statement names', () => {
  it('refuses an unknown schema before anything else', () => refuses(() => compile({ ...ONE, documents: { bill: { schema: 'bil' } } }), 'STATEMENT_INVALID', { path: '/documents/bill/schema' }))
  it('refuses a document that nothing uses', () => refuses(() => compile({ ...TWO, rules: ["bill.state = 'open'"] }), 'STATEMENT_INVALID', { path: '/documents/quota' }))
  it('refuses a parameter that nothing uses', () => refuses(() => compile({ ...ONE, parameters: { p: 'code' } }), 'STATEMENT_INVALID', { path: '/parameters/p' }))
  it('refuses a parameter that only the caption uses', () => refuses(() => compile({ ...ONE, parameters: { p: 'code' }, says: 'A bill of {$p}.' }), 'STATEMENT_INVALID', { path: '/parameters/p' }))
  it('refuses a document that only the caption uses', () => refuses(() => compile({ ...TWO, says: '{quota.owner}', rules: ["bill.state = 'open'"] }), 'STATEMENT_INVALID', { path: '/documents/quota' }))
  it('takes once, a reveal or an escrow for a use', () => {
    assert.ok(compile({ ...ONE, rules: [], once: { bill: 'spent' } }))
    assert.ok(compile({ ...ONE, rules: [], reveals: ['bill.number'] }))
    assert.ok(compile({ ...ONE, rules: [], escrow: { regulator: 'r', values: ['bill.total'] } }))
  })
  it('refuses once for no document', () => refuses(() => compile({ ...ONE, once: { quota: 'spent' } }), 'STATEMENT_INVALID', { path: '/once/quota' }))

  for (const currency of ['limit', 'missing', 'day'])
    it(`refuses an amount in the currency ${currency}, which is no code`, () =>
      refuses(() => rule('bill.total <= $limit', { limit: { as: 'amount', currency }, day: 'date' }), 'STATEMENT_INVALID', { path: '/parameters/limit/currency' }))

  it('refuses to reveal a set', () => refuses(() => compile({ ...ONE, reveals: ['bill.items'] }), 'STATEMENT_INVALID', { path: '/reveals/0' }))
  it('refuses to escrow a text', () => refuses(() => compile({ ...ONE, escrow: { regulator: 'r', values: ['bill.memo'] } }), 'STATEMENT_INVALID', { path: '/escrow/values/0', expected: 'a number or a code' }))
  it('refuses to escrow a set', () => refuses(() => compile({ ...ONE, escrow: { regulator: 'r', values: ['bill.items'] } }), 'STATEMENT_INVALID', { path: '/escrow/values/0' }))
  it('refuses a seventh parameter', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
    refuses(() => compile(changed(ONE, { and: names.map((name) => `bill.number != $${name}`), parameters: Object.fromEntries(names.map((name) => [name, 'code'])) })), 'STATEMENT_INVALID', { path: '/parameters' })
  })
  it('takes six parameters beside a set', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const parameters = { ...Object.fromEntries(names.map((name) => [name, 'code'])), g: { as: 'set', of: 'code' } }
    assert.equal(compile(changed(ONE, { and: [...names.map((name) => `bill.number != $${name}`), 'bill.seller in $g'], parameters })).parameters.length, 6)
  })
  it('refuses a fifth literal, but counts 0 and equal ones not', () => {
    const rules = ['bill.pieces != 1', 'bill.pieces != 2', 'bill.pieces != 3', 'bill.pieces != 4', 'bill.pieces != 0', 'bill.weight != 0.001 KGM', 'bill.paid = true']
    assert.deepEqual(compile({ ...ONE, rules }).literals, [1n, 2n, 3n, 4n])
    refuses(() => compile({ ...ONE, rules: [...rules, 'bill.pieces != 5'] }), 'STATEMENT_INVALID', { path: '/rules', got: '5' })
  })
  it('refuses a second membership', () => refuses(() => compile(changed(ONE, { and: ['bill.number in set:a', 'bill.seller in set:b'] })), 'STATEMENT_INVALID', { path: 'rule 3', expected: /at most one membership/ }))

  it('puts documents and parameters in the order of their names, whatever the file has', () => {
    const reversed = { ...TWO, documents: { quota: { schema: 'quota' }, bill: { schema: 'bill' } }, parameters: { z: 'code', a: 'code' }, rules: [...TWO.rules, 'bill.number = $z', 'quota.number = $a'] }
    const { documents, parameters } = compile(reversed)
    assert.deepEqual(documents, ['bill', 'quota'])
    assert.deepEqual(parameters.map(({ name }) => name), ['a', 'z'])
  })

  for (const [says, expected] of [
    ['A {bill}.', /document\.field or \$parameter/],
    ['A {bill.nothing}.', /a field of bill/],
    ['A {$nothing}.', /a parameter/],
    ['A {bill.number.', /braces in pairs/],
    ['A bill}.', /braces in pairs/],
    ['A {{bill.number}}.', /braces in pairs/],
    ['A {}.', /document\.field or \$parameter/],
    ["A {'x'}.", /document\.field or \$parameter/],
  ] as const)
    it(`refuses the caption ${JSON.stringify(says)}`, () => refuses(() => compile({ ...ONE, says }), 'STATEMENT_INVALID', { path: /^\/says/, expected }))

  it('checks the caption in every language', () => refuses(() => compile({ ...ONE, says: { en: 'A bill.', sv: 'En {faktura.nummer}.' } }), 'STATEMENT_INVALID', { path: /^\/says\/sv/ }))
})

describe('the statement file', () => {
  for (const [name, change, path] of [
    ['no statement', { statement: undefined }, '/statement'],
    ['a name with capitals', { statement: 'One' }, '/statement'],
    ['version 0', { version: 0 }, '/version'],
    ['a version with a fraction', { version: 1.5 }, '/version'],
    ['no caption', { says: undefined }, '/says'],
    ['an empty caption', { says: '' }, '/says'],
    ['a caption without a language', { says: {} }, '/says'],
    ['no document', { documents: {} }, '/documents'],
    ['three documents', { documents: { a: { schema: 'bill' }, b: { schema: 'bill' }, c: { schema: 'bill' } } }, '/documents'],
    ['a document called now', { documents: { now: { schema: 'bill' } } }, /^\/documents/],
    ['a document called Bill', { documents: { Bill: { schema: 'bill' } } }, /^\/documents/],
    ['a further member', { circuit: 'x' }, '/circuit'],
    ['a further member of a document', { documents: { bill: { schema: 'bill', issuer: 'x' } } }, '/documents/bill/issuer'],
    ['a rule that is no text', { rules: [5] }, '/rules/0'],
    ['seventeen rules', { rules: Array(17).fill('bill.paid = true') }, '/rules'],
    ['an unknown parameter type', { parameters: { p: 'number' } }, '/parameters/p'],
    ['an unknown parameter type with members', { parameters: { p: { as: 'float' } } }, '/parameters/p/as'],
    ['an amount without a currency', { parameters: { p: { as: 'amount' } } }, '/parameters/p/currency'],
    ['an amount with a unit', { parameters: { p: { as: 'amount', currency: 'EUR', unit: 'KGM' } } }, '/parameters/p/unit'],
    ['a set of amounts', { parameters: { p: { as: 'set', of: 'amount' } } }, '/parameters/p/of'],
    ['a parameter with a hyphen', { parameters: { 'a-b': 'code' } }, /^\/parameters/],
    ['five reveals', { reveals: ['bill.number', 'bill.seller', 'bill.total', 'bill.tax', 'bill.day'] }, '/reveals'],
    ['one reveal twice', { reveals: ['bill.number', 'bill.number'] }, '/reveals'],
    ['three escrowed values', { escrow: { regulator: 'r', values: ['bill.number', 'bill.seller', 'bill.total'] } }, '/escrow/values'],
    ['an escrow without a regulator', { escrow: { values: ['bill.number'] } }, '/escrow/regulator'],
    ['an escrow of nothing', { escrow: { regulator: 'r', values: [] } }, '/escrow/values'],
    ['minimumIssuers 0', { minimumIssuers: 0 }, '/minimumIssuers'],
    ['a negative fresh', { fresh: -1 }, '/fresh'],
    ['untied as text', { untied: 'yes' }, '/untied'],
    ['a scope with a space', { once: { bill: 'my scope' } }, '/once/bill'],
  ] as const)
    it(`refuses ${name}`, () => {
      const file = JSON.parse(JSON.stringify({ ...ONE, ...change })) as Record<string, unknown>
      refuses(() => compile(file), 'STATEMENT_INVALID', { path })
    })

  for (const file of [null, undefined, 5, 'x', [], [ONE]]) it(`refuses ${JSON.stringify(file)}`, () => refuses(() => compile(file as never), 'STATEMENT_INVALID'))

  it('refuses a member called __proto__', () => refuses(() => compile(JSON.parse('{"statement":"one","version":1,"says":"x","documents":{"bill":{"schema":"bill"}},"__proto__":{"rules":[]}}') as never), 'STATEMENT_INVALID'))

  it('has the defaults of the specification', () => {
    const { minimumIssuers, fresh } = compile(ONE)
    assert.deepEqual({ minimumIssuers, fresh }, { minimumIssuers: 1, fresh: 300 })
  })
})
