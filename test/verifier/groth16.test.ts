import assert from 'node:assert/strict'
import { curves } from 'snarkjs'
import { FIELD_ORDER, toField } from '../../src/field/field.ts'
import { parseProof, parseVerificationKey, verificationKeyId, verifyGroth16 } from '../../src/verifier/groth16.ts'
import { SimulatedKey } from './simulated-key.ts'
import { byNoble, bySnarkjs, byUs, VECTORS } from './vectors.ts'

describe('groth16', () => {
  after(async () => {
    // One of the vectors makes snarkjs start another curve's threads.
    for (const curve of ['bn128', 'bls12381']) await (await curves.getCurveFromName(curve)).terminate()
  })

  for (const vector of VECTORS) {
    const { attack, expected, snarkjs } = vector
    it(`answers ${expected} to ${attack} (A, B9)`, async () => assert.equal(await byUs(vector), expected))
    it(`knows what snarkjs says to ${attack}`, async () => assert.equal(await bySnarkjs(vector), snarkjs))
    // What is well-formed, all three can read.
    if (expected === 'accepted' || expected === 'refused')
      it(`agrees with snarkjs and noble on ${attack} (A8)`, () => {
        assert.equal(snarkjs, expected)
        assert.equal(byNoble(vector), expected)
      })
  }

  const key = new SimulatedKey(3)
  const inputs = [7n, 0n, FIELD_ORDER - 2n].map((input) => toField(input))
  const proof = parseProof(key.prove(inputs))

  it('refuses a list of inputs that is too short or too long, whatever it holds (A1)', async () => {
    const parsed = parseVerificationKey(key.json)
    for (const list of [[], inputs.slice(0, 2), [...inputs, toField(0)]]) assert.equal(await verifyGroth16(parsed, list, proof), false)
  })
  it('names a key by everything in it', () => assert.notEqual(verificationKeyId(key.json), verificationKeyId({ ...key.json, nPublic: 4 })))
  it('rejects a key with vk_alphabeta_12 or any other further member', () => assert.throws(() => parseVerificationKey({ ...key.json, vk_alphabeta_12: [] }), { code: 'KEY_INVALID' }))
  for (const nPublic of [0, -1, 1.5, '3', 1001]) it(`rejects a key for ${JSON.stringify(nPublic)} public inputs (B9)`, () => {
    const IC = Array.from({ length: Math.max(0, Math.ceil(Number(nPublic))) + 1 }, () => (key.json['IC'] as string[][])[0])
    assert.throws(() => parseVerificationKey({ ...key.json, nPublic, IC }), { code: 'KEY_INVALID' })
  })
  it('rejects a key that is no object', () => {
    for (const json of [null, [], 'key', 7, undefined]) assert.throws(() => parseVerificationKey(json), { code: 'KEY_INVALID' })
  })
  for (const point of ['vk_alpha_1', 'vk_beta_2', 'vk_gamma_2', 'vk_delta_2'])
    it(`rejects a key with another z in ${point} (A5)`, () => {
      const [x, y] = key.json[point] as unknown[]
      assert.throws(() => parseVerificationKey({ ...key.json, [point]: [x, y, point.endsWith('1') ? '2' : ['2', '0']] }), { code: 'KEY_INVALID' })
    })
  it('rejects a key whose gamma is not the generator', () => assert.throws(() => parseVerificationKey({ ...key.json, vk_gamma_2: key.json['vk_beta_2'] }), { code: 'KEY_INVALID' }))
  for (const junk of [null, [], 'proof', 7, { a: null, b: null, c: null }, { a: ['1', '2'], b: [['1', '2']], c: ['1', '2'] }, JSON.parse('{"__proto__": [], "a": ["1","2"], "b": [], "c": []}')])
    it(`rejects ${JSON.stringify(junk)} as a proof (A5)`, () => assert.throws(() => parseProof(junk), { code: 'MALFORMED' }))
})
