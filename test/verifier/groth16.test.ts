import assert from 'node:assert/strict'
import { bn254 } from '@noble/curves/bn254.js'
import { curves } from 'snarkjs'
import { Refusal } from '../../src/errors/errors.ts'
import { FIELD_ORDER, toField } from '../../src/field/field.ts'
import { engineVerifier, parseProof, parsePublicInputs, parseVerificationKey, type ProofClaim, verificationKeyId, verifyGroth16 } from '../../src/verifier/groth16.ts'
import { g1Text, SimulatedKey } from './simulated-key.ts'
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

  describe('many at once', () => {
    const { BASE, fromAffine } = bn254.G1.Point
    const [first, second] = [new SimulatedKey(3), new SimulatedKey(2, 5)]
    const [firstKey, secondKey] = [parseVerificationKey(first.json), parseVerificationKey(second.json)]
    /** A claim that holds; even ones are of one key, odd ones of another. */
    const claim = (i: number): ProofClaim => {
      const [simulated, key] = i % 2 ? [second, secondKey] : [first, firstKey]
      const publicInputs = Array.from({ length: key.publicInputs }, (_, j) => toField(100 * i + j))
      return { key, publicInputs, proof: parseProof(simulated.prove(publicInputs, i + 1)) }
    }
    const claims = Array.from({ length: 12 }, (_, i) => claim(i))
    /** The same with C moved, so that it is false. */
    const moved = (one: ProofClaim, by = BASE): ProofClaim => {
      const [x, y] = one.proof.c
      return { ...one, proof: { ...one.proof, c: g1Text(fromAffine({ x: BigInt(x), y: BigInt(y) }).add(by)) } }
    }
    const offCurve = (one: ProofClaim): ProofClaim => ({ ...one, proof: { ...one.proof, a: ['1', '3'] } })
    const short = (one: ProofClaim): ProofClaim => ({ ...one, publicInputs: one.publicInputs.slice(1) })
    /** true, false or a code. */
    const said = async (list: readonly ProofClaim[]) => (await engineVerifier.verifyAll(list)).map((verdict) => (verdict instanceof Refusal ? verdict.code : verdict))
    const oneByOne = (list: readonly ProofClaim[]) => Promise.all(list.map(({ key, publicInputs, proof }) => verifyGroth16(key, publicInputs, proof).catch((error: Refusal) => error.code)))
    const put = (changes: Readonly<Record<number, (one: ProofClaim) => ProofClaim>>) => claims.map((one, i) => changes[i]?.(one) ?? one)

    it('says nothing of none, and true of what holds', async () => {
      assert.deepEqual(await said([]), [])
      assert.deepEqual(await said(claims), claims.map(() => true))
    })

    it('says of good, false and unreadable proofs of two keys what is said of each alone', async () => {
      const mixed = put({ 1: moved, 2: offCurve, 5: short, 6: moved, 7: offCurve, 8: (one) => ({ ...one, key: parseVerificationKey(new SimulatedKey(3, 9).json) }) })
      const expected = [true, false, 'MALFORMED', true, true, false, false, 'MALFORMED', false, true, true, true]
      assert.deepEqual(await said(mixed), expected)
      assert.deepEqual(await oneByOne(mixed), expected)
    })

    it('says of every vector what is said of it alone, all of them in one batch', async () => {
      const readable = VECTORS.flatMap(({ key: json, publicInputs, proof: proofJson }): ProofClaim[] => {
        try {
          const parsed = parseVerificationKey(json)
          return [{ key: parsed, publicInputs: parsePublicInputs(publicInputs, parsed), proof: parseProof(proofJson) }]
        } catch {
          return []
        }
      })
      const expected = await oneByOne(readable)
      for (const verdict of [true, false, 'MALFORMED'] as const) assert.ok(expected.includes(verdict))
      assert.deepEqual(await said([...readable, ...claims]), [...expected, ...claims.map(() => true)])
    })

    it('finds one forged proof in any place', async () => {
      for (let at = 0; at < claims.length; at++) assert.deepEqual(await said(put({ [at]: moved })), claims.map((_, i) => i !== at))
    })

    it('finds two that are wrong by opposite points', async () => {
      assert.deepEqual(await said(put({ 2: (one) => moved(one, BASE.multiply(77n)), 4: (one) => moved(one, BASE.multiply(77n).negate()) })), claims.map((_, i) => i !== 2 && i !== 4))
    })

    it('finds all where all are false, or none can be read', async () => {
      assert.deepEqual(await said(claims.map((one) => moved(one))), claims.map(() => false))
      assert.deepEqual(await said(claims.map(offCurve)), claims.map(() => 'MALFORMED'))
      assert.deepEqual(await said(claims.map(short)), claims.map(() => false))
    })
  })
})
