/** The five statements of the stories and a few more, with the real circuits: a witness exists exactly when the rules hold. */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Json } from '../../src/hash/canonical.ts'
import { compileShape, readPublicNames, readR1csCounts } from '../../src/setup/compile.ts'
import { pinStatement, statementHash } from '../../src/shape/pin.ts'
import { derivePublicInputs } from '../../src/shape/public-inputs.ts'
import { SHAPE_NAMES, SHAPES } from '../../src/shape/shapes.ts'
import { parseMembers } from '../../src/statement/set.ts'
import { BILL } from '../statement/specimen.ts'
import { randomStatement, randomValues } from './random-statement.ts'
import { checkedStatement, DOCUMENTS, type Issued, NOW, type Question, Story } from './world.ts'

const BANK = 'SE:ORGNR:5020077862'
const HOSPITAL = 'AT:KA:K911'

type Documents = Record<string, Issued>

const STORIES: Record<string, { documents: () => Documents; question: Question }> = {
  'medical-invoice-within-policy': {
    documents: () => ({ invoice: { json: DOCUMENTS['medical-invoice'](), issuer: HOSPITAL } }),
    question: { parameters: { insured: 'AT:SVNR:1237010180', currency: 'EUR', limit: '5000.00', from: '2017-01-01', to: '2017-12-31' } },
  },
  'kyc-precheck': { documents: () => ({ kyc: { json: DOCUMENTS['kyc-record'](), issuer: BANK } }), question: { parameters: { bank: BANK } } },
  'kyc-onboarding': { documents: () => ({ kyc: { json: DOCUMENTS['kyc-record'](), issuer: BANK } }), question: { parameters: { bank: BANK } } },
  'order-within-credit-limit': {
    documents: () => ({ order: { json: DOCUMENTS['purchase-order'](), issuer: 'SE:ORGNR:5532331183' }, line: { json: DOCUMENTS['credit-line'](), issuer: BANK } }),
    question: { parameters: { bank: BANK } },
  },
  'export-matches-invoice': {
    documents: () => ({ declaration: { json: DOCUMENTS['export-declaration'](), issuer: 'DK:CVR:11111111' }, invoice: { json: DOCUMENTS['commercial-invoice'](), issuer: 'DK:CVR:22222222' } }),
    question: { parameters: { shipment: (DOCUMENTS['export-declaration']() as { shipment: string }).shipment } },
  },
}

/** The story with members of documents, issuers or parameters changed. */
function story(name: string, change: { document?: Record<string, object>; issued?: Record<string, Partial<Issued>>; parameters?: Record<string, Json> } = {}): Story {
  const { documents, question } = STORIES[name] ?? assert.fail(name)
  const issued = Object.fromEntries(Object.entries(documents()).map(([document, one]) => [document, { ...one, json: { ...(one.json as object), ...change.document?.[document] } as Json, ...change.issued?.[document] }]))
  return new Story(checkedStatement(name), issued, { ...question, parameters: { ...question.parameters, ...change.parameters } })
}

describe('the shapes', () => {
  for (const name of SHAPE_NAMES)
    it(`${name} has its public inputs in the order that is written down`, async () => {
      const { r1cs, sym } = await compileShape(name)
      const { publics } = await readR1csCounts(r1cs)
      assert.deepEqual(await readPublicNames(sym, publics), SHAPES[name].publicInputs)
    })
})

describe('the statements of the stories', () => {
  for (const name of Object.keys(STORIES))
    it(`${name} has a witness for the documents of its story, with the derived public inputs`, async () => {
      const one = story(name)
      assert.deepEqual(one.failures, [])
      const computed = (await one.publicInputs()) ?? assert.fail('no witness')
      const { statement, pinned } = one.checked
      const { publicInputs } = SHAPES[pinned.shape]
      const escrow = statement.escrow ? computed.slice(publicInputs.indexOf('escrow[0]'), publicInputs.indexOf('escrow[3]') + 1) : []
      assert.deepEqual(computed, derivePublicInputs(one.checked, { ...one.answer.submission, escrow }, one.facts))
    })

  for (const [name, rule, change] of [
    ['medical-invoice-within-policy', 1, { issued: { invoice: { issuer: 'AT:KA:K912' } } }],
    ['medical-invoice-within-policy', 2, { parameters: { insured: 'AT:SVNR:1' } }],
    ['medical-invoice-within-policy', 3, { parameters: { currency: 'SEK' } }],
    ['medical-invoice-within-policy', 4, { parameters: { limit: '47.9999' } }],
    ['medical-invoice-within-policy', 4, { document: { invoice: { total: '5000.0001' } } }],
    ['medical-invoice-within-policy', 5, { parameters: { from: '2017-01-26' } }],
    ['medical-invoice-within-policy', 6, { parameters: { to: '2017-01-24' } }],
    ['kyc-precheck', 1, { parameters: { bank: 'SE:ORGNR:5020077861' } }],
    ['kyc-precheck', 2, { document: { kyc: { result: 'failed' } } }],
    ['kyc-precheck', 3, { document: { kyc: { level: 1 } } }],
    ['kyc-precheck', 4, { document: { kyc: { risk: 'high' } } }],
    ['kyc-onboarding', 3, { document: { kyc: { level: 0 } } }],
    ['order-within-credit-limit', 1, { issued: { order: { issuer: 'SE:ORGNR:5532331184' } } }],
    ['order-within-credit-limit', 2, { issued: { line: { issuer: 'SE:ORGNR:5532331183' } } }],
    ['order-within-credit-limit', 3, { document: { line: { company: 'SE:ORGNR:5532332284' } } }],
    ['order-within-credit-limit', 4, { document: { line: { currency: 'EUR' } } }],
    ['order-within-credit-limit', 5, { document: { line: { limit: '6224.9999' } } }],
    ['export-matches-invoice', 1, { parameters: { shipment: 'another' } }],
    ['export-matches-invoice', 2, { document: { invoice: { number: '34564646' } } }],
    ['export-matches-invoice', 3, { document: { invoice: { exporter: 'CVR:45789035' } } }],
    ['export-matches-invoice', 4, { document: { invoice: { currency: 'DKK' } } }],
    ['export-matches-invoice', 5, { document: { declaration: { total: '9500.00' } } }],
  ] as const)
    it(`${name} has no witness when only rule ${rule} fails: ${JSON.stringify(change)}`, async () => {
      const one = story(name, change)
      assert.deepEqual(one.failures, [rule])
      assert.equal(await one.publicInputs(), undefined)
    })

  it('takes an amount that equals its limit', async () => {
    assert.ok(await story('medical-invoice-within-policy', { parameters: { limit: '48' } }).publicInputs())
    assert.ok(await story('order-within-credit-limit', { document: { line: { limit: '6225' } } }).publicInputs())
  })

  it('takes a medium risk by the last alternative of the or', async () => assert.ok(await story('kyc-precheck', { document: { kyc: { risk: 'medium' } } }).publicInputs()))

  it('has no witness for an expired credential, nor for one of tomorrow', async () => {
    assert.equal(await story('kyc-precheck', { issued: { kyc: { expiresAt: NOW } } }).publicInputs(), undefined)
    assert.equal(await story('kyc-precheck', { issued: { kyc: { issuedAt: NOW + 1 } } }).publicInputs(), undefined)
  })

  it('swapped parameters have no witness under the same commitment (A3)', async () => {
    const one = story('medical-invoice-within-policy')
    const { parameter } = one.inputs as unknown as { parameter: bigint[] }
    assert.equal(await one.publicInputs({ ...one.inputs, parameter: [...parameter].reverse() }), undefined)
    assert.equal(await one.publicInputs({ ...one.inputs, parameter: [...parameter.slice(0, 5), 1n] }), undefined)
  })
})

describe('random statements over whole credentials', () => {
  it('have a witness exactly when their rules hold', () =>
    fc.assert(
      fc.asyncProperty(randomStatement, randomValues, async (statement, { documents, parameters }) => {
        const pinned = pinStatement(statement)
        const issued = Object.fromEntries(Object.entries(documents).map(([name, { fields, issuer, class: issuerClass }]) => [name, { json: fields as Json, issuer, class: issuerClass }]))
        const given = Object.fromEntries(statement.parameters.map(({ name }) => [name, parameters[name] ?? assert.fail(name)]))
        const one = new Story({ statement, pinned, hash: statementHash(pinned) }, issued, { parameters: given })
        assert.equal((await one.publicInputs()) !== undefined, one.failures.length === 0)
      }),
      { numRuns: 25 },
    ))
})

describe('set membership', () => {
  const bill = (change: object = {}): Issued => ({
    issuer: 'EX:A',
    json: { number: 'B1', seller: 'EX:S', currency: 'EUR', total: '1', tax: '0', pieces: 1, count: 1, weight: '1', volume: '1', paid: true, day: '2026-01-01', sent: '2026-01-01T00:00:00Z', state: 'open', memo: 'm', items: '0', ...change },
  })
  const member = (rule: string, members: readonly Json[], change: object = {}, parameters?: object): Story => {
    const definition = { statement: 'in-set', version: 1, says: 'In a set.', documents: { bill: { schema: 'bill' } }, rules: [rule, 'bill.pieces = 1'], ...(parameters && { parameters }) }
    return new Story(checkedStatement(definition, () => BILL), { bill: bill(change) }, { members })
  }
  const S = { s: { as: 'set', of: 'code' } }

  for (const [name, rule, parameters] of [['published', 'bill.seller in set:known', undefined], ['parameter', 'bill.seller in $s', S]] as const) {
    it(`holds for a member of a ${name} set`, async () => {
      const one = member(rule, ['EX:R', 'EX:S', 'EX:T'], {}, parameters)
      assert.deepEqual(one.failures, [])
      assert.ok(await one.publicInputs())
    })
    it(`has no witness for another than the members of a ${name} set`, async () => {
      const one = member(rule, ['EX:R', 'EX:T'], {}, parameters)
      assert.deepEqual(one.failures, [1])
      assert.equal(await one.publicInputs(), undefined)
    })
  }

  it('holds for a member of the set whose root the document has', async () => {
    const { root } = parseMembers({ as: 'code' }, ['B1', 'B2'], 'MALFORMED')
    assert.ok(await member('bill.number in bill.items', ['B1', 'B2'], { items: root.toString() }).publicInputs())
    assert.equal(await member('bill.number in bill.items', ['B1', 'B2'], { items: '7' }).publicInputs(), undefined)
  })

  it('a published set is no parameter set: its root elsewhere is refused', async () => {
    const one = member('bill.seller in set:known', ['EX:S'])
    const root = (one.inputs as unknown as { setRoot: bigint }).setRoot
    assert.equal(await one.publicInputs({ ...one.inputs, setRoot: 0n, parameterSetRoot: root }), undefined)
  })
})
