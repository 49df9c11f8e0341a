import assert from 'node:assert/strict'
import { disclosureOf } from '../../src/credential/commitment.ts'
import { toField } from '../../src/field/field.ts'
import type { Digest } from '../../src/hash/digest.ts'
import { openAnswer } from '../../src/shape/opening.ts'
import type { Answer } from '../../src/shape/submission.ts'
import type { RequestBody } from '../../src/statement/request.ts'
import { refuses } from '../statement/specimen.ts'
import { checkedStatement, DOCUMENTS, Story } from './world.ts'

const BANK = 'SE:ORGNR:5020077862'
const { checked, answer, request } = new Story(checkedStatement('kyc-onboarding'), { kyc: { json: DOCUMENTS['kyc-record'](), issuer: BANK } }, { parameters: { bank: BANK } })
const { statement } = checked

const open = (change: Partial<Answer> = {}, asked: Partial<RequestBody> = {}) => openAnswer(statement, { ...answer, ...change }, { ...request, ...asked } as RequestBody)
const invalid = (change: Partial<Answer>, asked: Partial<RequestBody> = {}): void => refuses(() => open(change, asked), 'OPENING_INVALID')

describe('opening an answer', () => {
  it('gives the revealed values by name, texts in plain, and the pseudonym', () =>
    assert.deepEqual(open(), { values: { 'kyc.legalName': 'Moderna Produkter Aktiebolag i Stockholm', 'kyc.registrationNumber': '5532332283' }, pseudonym: answer.pseudonym }))

  it('refuses a proof for parameters that nobody asked for', () => invalid({}, { parameters: { bank: 'SE:ORGNR:5020077861' } }))
  it('refuses a pseudonym made for another verifier', () => invalid({}, { verifier: 'SE:ORGNR:5020077861' }))
  it('refuses a pseudonym made for another registry', () => invalid({}, { origin: 'registry.other' }))

  for (const [name, change] of [
    ['parameter blinding', { parameterBlinding: toField(1) }],
    ['disclosure blinding', { disclosureBlinding: toField(1) }],
    ['pseudonym', { pseudonym: toField(1) }],
    ['parameter set root', { parameterSetRoot: toField(1) }],
    ['value', { values: [answer.values[0] ?? toField(0), toField(1)] }],
    ['order of values', { values: [...answer.values].reverse() }],
    ['number of values', { values: answer.values.slice(1) }],
    ['number of values, padded', { values: [...answer.values, toField(0)] }],
    ['text', { texts: { 'kyc.legalName': 'Moderna Produkter Aktiebolag i Göteborg' } }],
    ['spelling of the text', { texts: { 'kyc.legalName': 'Moderna Produkter Aktiebolag i Stockholm ' } }],
    ['name of the text', { texts: { 'kyc.name': 'Moderna Produkter Aktiebolag i Stockholm' } }],
    ['text beside', { texts: { ...answer.texts, 'kyc.registrationNumber': '5532332283' } }],
  ] as const)
    it(`refuses another ${name}`, () => invalid(change))

  it('refuses a missing text', () => invalid({ texts: {} }))
  it('refuses a value that is none of its type, although the proof discloses it', () => {
    const values = [answer.values[0] ?? toField(0), toField(0)]
    const disclosure = disclosureOf(answer.pseudonym, [...values, toField(0), toField(0)], answer.disclosureBlinding)
    invalid({ values, submission: { ...answer.submission, disclosure } })
  })
  it('refuses another submission', () => invalid({ submission: { ...answer.submission, disclosure: toField(1) } }))
  it('does not look at what the submission says of the statement', () => assert.ok(open({ submission: { ...answer.submission, statement: '00'.repeat(32) as Digest } })))

  it('refuses a pseudonym where the statement has none', () => {
    const plain = new Story(checkedStatement('medical-invoice-within-policy'), { invoice: { json: DOCUMENTS['medical-invoice'](), issuer: 'AT:KA:K911' } }, { parameters: { insured: 'AT:SVNR:1237010180', currency: 'EUR', limit: '5000.00', from: '2017-01-01', to: '2017-12-31' } })
    assert.deepEqual(openAnswer(plain.checked.statement, plain.answer, plain.request), { values: {}, pseudonym: 0n })
    refuses(() => openAnswer(plain.checked.statement, { ...plain.answer, pseudonym: toField(1) }, plain.request), 'OPENING_INVALID', { path: '/pseudonym' })
  })
})
