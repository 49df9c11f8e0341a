import assert from 'node:assert/strict'
import { pinStatement, statementHash } from '../../src/shape/pin.ts'
import { type Envelope, signEnvelope } from '../../src/signature/envelope.ts'
import { generateOrganisationKey, publicPart } from '../../src/signature/organisation-key.ts'
import { makeRequest, parseRequest, type RequestBody, requestDigest, requireRequest } from '../../src/statement/request.ts'
import { compile, ONE, refuses, rule } from './specimen.ts'

const ORIGIN = 'registry.example/attestry'
const [VERIFIER, OTHER] = ['EX:BANK', 'EX:OTHER']
const keys = { [VERIFIER]: generateOrganisationKey(), [OTHER]: generateOrganisationKey('p256') }
const keyring = (organisation: string) => (Object.hasOwn(keys, organisation) ? [publicPart(keys[organisation] as never)] : undefined)
const statement = rule('bill.number = $n', { n: 'code' })
const hash = statementHash(pinStatement(statement))
const order = { origin: ORIGIN, verifier: VERIFIER, statement: { statement, hash }, parameters: { n: 'B1' }, issuedAt: 1000, expires: 2000, releaseKey: generateOrganisationKey().publicKey }
const body = makeRequest(order)
const signed = signEnvelope(body, VERIFIER, keys[VERIFIER] as never)
const context = { origin: ORIGIN, keyring, now: 1500 }
const json = (value: unknown): Record<string, Record<string, unknown>> => JSON.parse(JSON.stringify(value)) as Record<string, Record<string, unknown>>

describe('a request', () => {
  it('is accepted as its verifier signed it', () => {
    const parsed = parseRequest(json(signed))
    requireRequest(parsed, context)
    assert.equal(requestDigest(parsed.body), requestDigest(body))
  })

  it('has a fresh challenge each time, and so another digest', () => assert.notEqual(requestDigest(makeRequest(order)), requestDigest(makeRequest(order))))
  it('is not made with parameters that do not fit', () => refuses(() => makeRequest({ ...order, parameters: { n: 5 } }), 'PARAMETER_INVALID'))
  it('is not made to expire before it is issued', () => refuses(() => makeRequest({ ...order, expires: 1000 }), 'REQUEST_INVALID', { path: '/body/expires' }))
  it('is not made for a statement without its set', () => {
    const inSet = compile({ ...ONE, rules: ['bill.number in $s'], parameters: { s: { as: 'set', of: 'code' } } })
    refuses(() => makeRequest({ ...order, statement: { statement: inSet, hash }, parameters: {} }), 'PARAMETER_INVALID', { path: '/set' })
    assert.deepEqual(makeRequest({ ...order, statement: { statement: inSet, hash }, parameters: {}, set: ['B1'] }).set, ['B1'])
  })

  // C18, D: what is signed cannot be changed
  for (const [name, change] of [
    ['verifier', { verifier: OTHER }],
    ['statement', { statement: '00'.repeat(32) }],
    ['parameters', { parameters: { n: 'B2' } }],
    ['challenge', { challenge: '00'.repeat(16) }],
    ['expiry', { expires: 9000 }],
    ['release key', { releaseKey: generateOrganisationKey().publicKey }],
    ['set', { set: ['B1'] }],
  ] as const)
    it(`is refused with another ${name} under the same signature`, () => {
      const changed = { ...body, ...change } as unknown as RequestBody
      assert.notEqual(requestDigest(changed), requestDigest(body))
      refuses(() => requireRequest({ ...signed, body: changed }, context), 'BAD_SIGNATURE')
    })

  it('is refused for another registry', () => refuses(() => requireRequest(signed, { ...context, origin: 'registry.other' }), 'WRONG_ORIGIN'))
  it('is refused in the second of its expiry and after (D23)', () => {
    requireRequest(signed, { ...context, now: 1999 })
    refuses(() => requireRequest(signed, { ...context, now: 2000 }), 'REQUEST_EXPIRED')
    refuses(() => requireRequest(signed, { ...context, now: 2001 }), 'REQUEST_EXPIRED')
  })
  it('is refused without a signature', () => refuses(() => requireRequest({ body, signatures: [] }, context), 'BAD_SIGNATURE'))
  it('is refused with the signature of another organisation', () => refuses(() => requireRequest(signEnvelope(body, OTHER, keys[OTHER] as never), context), 'BAD_SIGNATURE'))
  it('is refused with a second signature beside the right one', () => refuses(() => requireRequest(signEnvelope(signed, OTHER, keys[OTHER] as never), context), 'BAD_SIGNATURE'))
  it('is refused when the verifier is not known', () => refuses(() => requireRequest(signed, { ...context, keyring: () => undefined }), 'BAD_SIGNATURE'))
  it('is refused with a key that was the verifier\'s once', () => refuses(() => requireRequest(signed, { ...context, keyring: () => [publicPart(generateOrganisationKey())] }), 'BAD_SIGNATURE'))

  for (const [name, change, path] of [
    ['another type', { type: 'order' }, '/body/type'],
    ['a further member', { note: 'x' }, '/body/note'],
    ['a challenge of 15 bytes', { challenge: '00'.repeat(15) }, '/body/challenge'],
    ['a challenge of 33 bytes', { challenge: '00'.repeat(33) }, '/body/challenge'],
    ['a challenge in capitals', { challenge: 'AB'.repeat(16) }, '/body/challenge'],
    ['half a byte in its challenge', { challenge: `${'00'.repeat(16)}0` }, '/body/challenge'],
    ['a time as text', { issuedAt: '1000' }, '/body/issuedAt'],
    ['a time of 2^40', { expires: 2 ** 40 }, '/body/expires'],
    ['a statement that is no digest', { statement: 'one' }, '/body/statement'],
    ['parameters in a list', { parameters: ['B1'] }, '/body/parameters'],
    ['an empty set', { set: [] }, '/body/set'],
    ['a short release key', { releaseKey: '00' }, '/body/releaseKey'],
  ] as const)
    it(`is refused with ${name}`, () => refuses(() => parseRequest({ ...json(signed), body: { ...json(signed)['body'], ...change } }), 'REQUEST_INVALID', { path }))

  for (const name of Object.keys(body).filter((member) => member !== 'type' && member !== 'origin'))
    it(`is refused without ${name}`, () => {
      const rest = { ...json(signed)['body'] }
      delete rest[name]
      refuses(() => parseRequest({ ...json(signed), body: rest }), 'REQUEST_INVALID', { path: `/body/${name}` })
    })

  it('is refused for a verifier that is no organisation', () => refuses(() => parseRequest({ ...json(signed), body: { ...json(signed)['body'], verifier: 'The bank' } }), 'MALFORMED', { path: '/body/verifier' }))
  it('is refused with a release key of small order', () => refuses(() => parseRequest({ ...json(signed), body: { ...json(signed)['body'], releaseKey: `01${'00'.repeat(31)}` } }), 'KEY_INVALID'))
  for (const value of [null, [], 'x', {}, { body }, { body, signatures: 'x' }, { ...signed, more: 1 } as Envelope]) it(`is refused as ${JSON.stringify(value).slice(0, 30)}`, () => refuses(() => parseRequest(value), 'MALFORMED'))
})
