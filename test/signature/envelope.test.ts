import assert from 'node:assert/strict'
import { ed25519 } from '@noble/curves/ed25519.js'
import { p256 } from '@noble/curves/nist.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { Refusal } from '../../src/errors/errors.ts'
import { type Body, type Envelope, parseEnvelope, requireSignatures, signEnvelope, signedBytes } from '../../src/signature/envelope.ts'
import { generateOrganisationKey, isSignedBy, keyId, parsePublicKey, publicPart, sign } from '../../src/signature/organisation-key.ts'

const refused = (code: string) => (error: unknown) => error instanceof Refusal && error.code === code
const bank = { organisation: 'LEI:5493001KJTIIGC8Y1R12', key: generateOrganisationKey('ed25519') }
const clinic = { organisation: 'SE:ORGNR:5532331183', key: generateOrganisationKey('p256') }
const keyring = (organisation: string) => [bank, clinic].filter((party) => party.organisation === organisation).map((party) => publicPart(party.key))
const body: Body = { type: 'scope.register', origin: 'registry.example/attestry', nonce: '00', name: 'financing' }
const specimen = signEnvelope(signEnvelope(body, bank.organisation, bank.key), clinic.organisation, clinic.key)

describe('an envelope', () => {
  it('names those who signed it, with either kind of key', () => {
    assert.deepEqual(requireSignatures(parseEnvelope(JSON.parse(JSON.stringify(specimen))), keyring), [bank.organisation, clinic.organisation])
  })

  it('is the same whatever the order of its members', () => {
    const { type, ...rest } = body
    assert.deepEqual(requireSignatures({ ...specimen, body: { ...rest, type } as Body }, keyring).length, 2)
  })

  for (const member of ['type', 'origin', 'nonce', 'name'])
    it(`is refused with another ${member}`, () => {
      assert.throws(() => requireSignatures({ ...specimen, body: { ...body, [member]: 'other' } }, keyring), refused('BAD_SIGNATURE'))
    })

  it('is refused when an organisation is unknown or suspended', () => {
    assert.throws(() => requireSignatures(specimen, (o) => (o === bank.organisation ? undefined : keyring(o))), refused('BAD_SIGNATURE'))
  })

  it('is refused when one organisation signs in the name of another', () => {
    const forged = signEnvelope(body, clinic.organisation, bank.key)
    assert.throws(() => requireSignatures(forged, keyring), refused('BAD_SIGNATURE'))
  })

  it('does not count one organisation twice', () => {
    const doubled = { body, signatures: [specimen.signatures[0]!, specimen.signatures[0]!] }
    assert.throws(() => requireSignatures(doubled, keyring), refused('BAD_SIGNATURE'))
  })

  it('is refused when one of several signatures is bad, even if the others would do', () => {
    const [first, second] = specimen.signatures
    const envelope = { body, signatures: [first!, { ...second!, value: '00'.repeat(64) }] }
    assert.throws(() => requireSignatures(envelope, keyring), refused('BAD_SIGNATURE'))
  })

  it('takes no signature with the other half of an ECDSA pair (high s)', () => {
    const { value } = specimen.signatures[1]!
    const s = BigInt(`0x${value.slice(64)}`)
    const malleated = value.slice(0, 64) + (p256.Point.Fn.ORDER - s).toString(16).padStart(64, '0')
    assert.equal(isSignedBy(signedBytes(body), value, clinic.key), true)
    assert.equal(isSignedBy(signedBytes(body), malleated, clinic.key), false)
  })

  it('takes no Ed25519 signature with S + order', () => {
    const { value } = specimen.signatures[0]!
    const bytes = value.slice(64).match(/../g)!.reverse().join('')
    const s = (BigInt(`0x${bytes}`) + ed25519.Point.Fn.ORDER).toString(16).padStart(64, '0').match(/../g)!.reverse().join('')
    assert.equal(isSignedBy(signedBytes(body), value.slice(0, 64) + s, bank.key), false)
  })

  const misshapen: [string, unknown][] = [
    ['null', null],
    ['a list', []],
    ['no body', { signatures: [] }],
    ['no type', { body: { origin: 'x' }, signatures: [] }],
    ['no signatures', { body }],
    ['a further member', { ...specimen, extra: 1 }],
    ['a signature with a further member', { body, signatures: [{ ...specimen.signatures[0], extra: 1 }] }],
    ['an unknown algorithm', { body, signatures: [{ ...specimen.signatures[0], alg: 'none' }] }],
    ['17 signatures', { body, signatures: Array.from({ length: 17 }, () => specimen.signatures[0]) }],
  ]
  for (const [name, value] of misshapen) it(`is not read from ${name}`, () => assert.throws(() => parseEnvelope(value), refused('MALFORMED')))

  it('does not carry over to another purpose: the signed bytes begin with a label', () => {
    assert.ok(new TextDecoder().decode(signedBytes(body)).startsWith('attestry/1/envelope\0{"name"'))
    const plain = sign(new TextEncoder().encode(JSON.stringify(body)), bank.key)
    const envelope: Envelope = { body, signatures: [{ ...specimen.signatures[0]!, value: plain }] }
    assert.throws(() => requireSignatures(envelope, keyring), refused('BAD_SIGNATURE'))
  })
})

describe('an organisation key', () => {
  it('has an id that depends on the algorithm and the point', () => {
    assert.notEqual(keyId(bank.key), keyId(clinic.key))
    assert.equal(keyId(bank.key), keyId(publicPart(bank.key)))
  })

  const smallOrder = ['00'.repeat(32), `01${'00'.repeat(31)}`, `ec${'ff'.repeat(30)}7f`]
  for (const publicKey of smallOrder)
    it(`is refused when it is the small-order point ${publicKey.slice(0, 8)}…`, () => {
      assert.throws(() => parsePublicKey({ alg: 'ed25519', publicKey }), refused('KEY_INVALID'))
    })

  const misshapen: [string, unknown][] = [
    ['upper case', { alg: 'ed25519', publicKey: bank.key.publicKey.toUpperCase() }],
    ['another length', { alg: 'ed25519', publicKey: bank.key.publicKey.slice(2) }],
    ['its secret beside it', bank.key],
    ['an unknown algorithm', { alg: 'rsa', publicKey: bank.key.publicKey }],
    ['a number', 5],
  ]
  for (const [name, value] of misshapen) it(`is not read from ${name}`, () => assert.throws(() => parsePublicKey(value), refused('MALFORMED')))

  it('is refused when it is not on the curve', () => {
    const x = bytesToHex(new Uint8Array(32).fill(255))
    assert.throws(() => parsePublicKey({ alg: 'p256', publicKey: `02${x}` }), refused('KEY_INVALID'))
  })
})
