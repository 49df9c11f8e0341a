import assert from 'node:assert/strict'
import { FIELD_ORDER } from '../../src/field/field.ts'
import type { Json } from '../../src/hash/canonical.ts'
import { answerJson, parseAnswer, parseSubmission, submissionJson } from '../../src/shape/submission.ts'
import { refuses } from '../statement/specimen.ts'

const D = 'ab'.repeat(32)

const SUBMISSION = {
  submission: 1, origin: 'registry.example/attestry', statement: D, shape: 'attest', verificationKey: D, expires: 1_767_229_200, releaseKey: D, parameterCommitment: '1', request: D, directoryRoot: '2',
  setRoot: '0', now: 1_767_225_600, nullifiers: ['3'], linkTags: ['4'], disclosure: '5', escrow: [] as string[], proof: { a: ['1', '2'], b: [['1', '2'], ['3', '4']], c: ['1', '2'] },
}
const ANSWER = { answer: 1, submission: SUBMISSION, parameterBlinding: '6', parameterSetRoot: '0', pseudonym: '7', values: ['8'], texts: { 'kyc.name': 'Ærø A/S' }, disclosureBlinding: '9' }

const without = (value: object, name: string): object => Object.fromEntries(Object.entries(value).filter(([member]) => member !== name))

describe('a submission from outside', () => {
  it('comes back as it was', () => assert.deepEqual(submissionJson(parseSubmission(SUBMISSION)), SUBMISSION))
  it('may have two documents and an escrow', () => {
    const two = { ...SUBMISSION, shape: 'match', nullifiers: ['3', '4'], linkTags: ['5', '6'], escrow: ['1', '2', '3', '4'] }
    assert.deepEqual(submissionJson(parseSubmission(two)), two)
  })

  for (const name of Object.keys(SUBMISSION)) it(`is refused without ${name}`, () => refuses(() => parseSubmission(without(SUBMISSION, name)), 'MALFORMED', { path: `/${name}` }))
  for (const name of ['rules', 'context', '__proto__', 'constructor'])
    it(`is refused with ${name} (A5)`, () => refuses(() => parseSubmission(JSON.parse(`${JSON.stringify(SUBMISSION).slice(0, -1)},"${name}":"1"}`)), 'MALFORMED', { path: `/${name}` }))

  // A2: one spelling for every element
  const SPELLINGS: readonly unknown[] = ['007', '0x7', ' 7', '7 ', '+7', '-7', '7.0', '7e0', '', '٧', String(FIELD_ORDER), String(FIELD_ORDER + 7n), '9'.repeat(78), 7, 7n, null, true, ['7'], { toString: () => '7' }]
  for (const name of ['parameterCommitment', 'directoryRoot', 'setRoot', 'disclosure'])
    for (const [i, value] of SPELLINGS.entries()) it(`is refused with ${name} in spelling ${i} (A2)`, () => refuses(() => parseSubmission({ ...SUBMISSION, [name]: value }), 'MALFORMED', { path: `/${name}` }))
  for (const [i, value] of SPELLINGS.entries()) {
    it(`is refused with a nullifier in spelling ${i} (A2)`, () => refuses(() => parseSubmission({ ...SUBMISSION, nullifiers: [value] }), 'MALFORMED', { path: '/nullifiers/0' }))
    it(`is refused with an escrow in spelling ${i} (A2)`, () => refuses(() => parseSubmission({ ...SUBMISSION, escrow: ['1', '2', '3', value] }), 'MALFORMED', { path: '/escrow/3' }))
  }

  for (const [name, change] of [
    // A1: lists that are short, long, empty, nested, of other types
    ['no nullifier', { nullifiers: [], linkTags: [] }],
    ['three nullifiers', { nullifiers: ['1', '2', '3'], linkTags: ['1', '2', '3'] }],
    ['nested nullifiers', { nullifiers: [['3']] }],
    ['nullifiers as an object', { nullifiers: { 0: '3', length: 1 } }],
    ['fewer link tags than nullifiers', { nullifiers: ['1', '2'] }],
    ['more link tags than nullifiers', { linkTags: ['1', '2'] }],
    ['an escrow of three', { escrow: ['1', '2', '3'] }],
    ['an escrow of five', { escrow: ['1', '2', '3', '4', '5'] }],
    ['no escrow list', { escrow: null }],
    // A4
    ['another shape', { shape: 'transfer' }],
    ['a shape of Object', { shape: 'constructor' }],
    ['submission 2', { submission: 2 }],
    ['submission "1"', { submission: '1' }],
    // the rest
    ['an empty origin', { origin: '' }],
    ['an origin of 256 characters', { origin: 'x'.repeat(256) }],
    ['a statement in capitals', { statement: D.toUpperCase() }],
    ['a short statement', { statement: D.slice(2) }],
    ['a release key that is no hex', { releaseKey: 'xy'.repeat(32) }],
    ['a negative time', { now: -1 }],
    ['a time of 2^40', { now: 2 ** 40 }],
    ['a time with a fraction', { expires: 1.5 }],
    ['a time as text', { expires: '1767229200' }],
    ['NaN for a time', { now: NaN }],
    // A5: the proof's structure
    ['no proof', { proof: null }],
    ['a proof without b', { proof: without(SUBMISSION.proof, 'b') }],
    ['a proof with z', { proof: { ...SUBMISSION.proof, z: '1' } }],
    ['a point of three', { proof: { ...SUBMISSION.proof, a: ['1', '2', '1'] } }],
    ['a point of numbers', { proof: { ...SUBMISSION.proof, a: [1, 2] } }],
    ['a coordinate in hex', { proof: { ...SUBMISSION.proof, c: ['0x1', '2'] } }],
    ['a coordinate with a leading zero', { proof: { ...SUBMISSION.proof, c: ['01', '2'] } }],
    ['a coordinate of 78 digits', { proof: { ...SUBMISSION.proof, c: ['9'.repeat(78), '2'] } }],
    ['q itself as a coordinate (A5)', { proof: { ...SUBMISSION.proof, c: ['21888242871839275222246405745257275088696311157297823662689037894645226208583', '2'] } }],
    ['half a G2 point', { proof: { ...SUBMISSION.proof, b: [['1', '2']] } }],
    ['a G2 point of three', { proof: { ...SUBMISSION.proof, b: [['1', '2'], ['3', '4'], ['1', '0']] } }],
  ] as const)
    it(`is refused with ${name}`, () => refuses(() => parseSubmission({ ...SUBMISSION, ...change }), 'MALFORMED'))

  for (const value of [null, undefined, 5, 'x', [], [SUBMISSION]]) it(`is refused as ${JSON.stringify(value)?.slice(0, 20)}`, () => refuses(() => parseSubmission(value), 'MALFORMED'))
})

describe('an answer from outside', () => {
  it('comes back as it was', () => assert.deepEqual(answerJson(parseAnswer(ANSWER)), ANSWER as Json))
  for (const name of Object.keys(ANSWER)) it(`is refused without ${name}`, () => refuses(() => parseAnswer(without(ANSWER, name)), 'MALFORMED', { path: `/${name}` }))

  for (const [name, change] of [
    ['parameters of its own', { parameters: {} }],
    ['five values', { values: ['1', '2', '3', '4', '5'] }],
    ['a value that is a number', { values: [8] }],
    ['a blinding that is not reduced', { disclosureBlinding: String(FIELD_ORDER) }],
    ['texts in a list', { texts: ['x'] }],
    ['a text that is a number', { texts: { 'kyc.name': 5 } }],
    ['a text of 4097 characters', { texts: { 'kyc.name': 'x'.repeat(4097) } }],
    ['five texts', { texts: { a: '', b: '', c: '', d: '', e: '' } }],
    ['a submission within that is refused', { submission: { ...SUBMISSION, now: '5' } }],
  ] as const)
    it(`is refused with ${name}`, () => refuses(() => parseAnswer({ ...ANSWER, ...change }), 'MALFORMED'))

  it('says where in the submission', () => refuses(() => parseAnswer({ ...ANSWER, submission: { ...SUBMISSION, proof: { ...SUBMISSION.proof, a: [] } } }), 'MALFORMED', { path: '/submission/proof/a' }))
})
