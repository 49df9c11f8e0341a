import assert from 'node:assert/strict'
import { bn254 } from '@noble/curves/bn254.js'
import { verifyBatch, type BatchItem } from '../src/pairing/batch.ts'
import { prepareVerificationKey, type PreparedVerificationKey } from '../src/pairing/verify.ts'
import { bestArithmetic } from '../src/platform.ts'
import type { Proof } from '../src/proof.ts'
import { G1, SimulatedKey, g1Point, g1Text, g2Point, g2Text, outsider } from './simulated-key.ts'

const { Fp12, Fr } = bn254.fields
const R = Fr.ORDER
const one = new SimulatedKey(2), two = new SimulatedKey(3, 2)
const PROOFS = Array.from({ length: 24 }, (_, i) => {
  const signals = [BigInt(i), R - 1n - BigInt(i)]
  return { signals: signals.map(String), proof: one.prove(signals, i + 1) }
})
const OTHERS = Array.from({ length: 5 }, (_, i) => {
  const signals = [0n, BigInt(i), 5n]
  return { signals: signals.map(String), proof: two.prove(signals, i + 50) }
})

for (const arithmetic of ['relaxed-simd', 'i64'] as const) {
  describe(`verifyBatch: ${arithmetic}`, () => {
    let key: PreparedVerificationKey, otherKey: PreparedVerificationKey, items: BatchItem[], others: BatchItem[]
    before(async function () {
      if (await bestArithmetic() !== 'relaxed-simd' && arithmetic === 'relaxed-simd') this.skip()
      key = await prepareVerificationKey(one.json, { arithmetic })
      otherKey = await prepareVerificationKey(two.json, { arithmetic })
      items = PROOFS.map((proof) => ({ key, ...proof }))
      others = OTHERS.map((proof) => ({ key: otherKey, ...proof }))
    })
    /** 1 accepted, 0 refused, or the code's first letter. */
    const answers = async (batch: readonly BatchItem[]) => (await verifyBatch(batch)).map(({ accepted, error }) => (error ? error.code[0] : accepted ? '1' : '0')).join('')
    const put = (list: readonly BatchItem[], changes: Record<number, Partial<BatchItem>>) => list.map((item, i) => ({ ...item, ...changes[i] }))

    it('accepts valid proofs in any number, of one key and of several', async () => {
      for (const n of [0, 1, 2, 3, 9, 10, 11, 24]) assert.equal(await answers(items.slice(0, n)), '1'.repeat(n))
      assert.equal(await answers([...others.slice(0, 2), ...items.slice(0, 11), ...others, items[0]!]), '1'.repeat(19))
    })
    it('accepts a proof twice, and a proof beside its negative', async () => {
      const { pi_a, pi_b, pi_c } = PROOFS[0]!.proof
      const negated: Proof = { ...PROOFS[0]!.proof, pi_a: g1Text(g1Point(pi_a).negate()), pi_b: g2Text(g2Point(pi_b).negate()), pi_c }
      assert.equal(await answers([items[0]!, items[0]!, { ...items[0]!, proof: negated }]), '111')
      assert.equal(await answers(Array<BatchItem>(12).fill(items[1]!)), '1'.repeat(12))
    })

    for (const size of [1, 2, 5, 12]) {
      it(`finds one forged proof in any of ${size} places`, async () => {
        for (let at = 0; at < size; at++) {
          for (const change of [{ signals: ['1', '1'] }, { proof: PROOFS[(at + 1) % 24]!.proof }, { proof: { ...PROOFS[at]!.proof, pi_c: g1Text(g1Point(PROOFS[at]!.proof.pi_c).add(G1.BASE)) } }]) {
            assert.equal(await answers(put(items.slice(0, size), { [at]: change })), '1'.repeat(size).split('').map((x, i) => (i === at ? '0' : x)).join(''))
          }
        }
      })
    }
    it('finds many forged proofs, and all where all are', async () => {
      const forged = { signals: ['9', '9'] }
      assert.equal(await answers(put(items, Object.fromEntries([0, 3, 4, 11, 23].map((i) => [i, forged])))), '011001111110111111111110')
      assert.equal(await answers(items.slice(0, 12).map((item) => ({ ...item, ...forged }))), '0'.repeat(12))
      assert.equal(await answers([...put(items.slice(0, 4), { 2: forged }), ...put(others, { 1: { signals: ['1', '1', '1'] }, 4: { signals: ['0', '0', '0'] } })]), '110110110')
    })

    // Two proofs wrong by D and −D: with equal coefficients their equations still multiply to 1.
    const cancelling = (i: number, j: number) => {
      const shift = (at: number, by: typeof G1.BASE): Partial<BatchItem> => ({ proof: { ...PROOFS[at]!.proof, pi_c: g1Text(g1Point(PROOFS[at]!.proof.pi_c).add(by)) } })
      return { [i]: shift(i, G1.BASE.multiply(77n)), [j]: shift(j, G1.BASE.multiply(77n).negate()) }
    }
    it('finds every pair of forged proofs whose errors cancel', async () => {
      for (let i = 0; i < 5; i++) for (let j = 0; j < i; j++) {
        assert.equal(await answers(put(items.slice(0, 5), cancelling(i, j))), '11111'.split('').map((x, k) => (k === i || k === j ? '0' : x)).join(''))
      }
      for (const [i, j] of [[0, 1], [2, 3], [0, 23], [11, 12]] as const) {
        assert.equal(await answers(put(items, cancelling(i, j))), '1'.repeat(24).split('').map((x, k) => (k === i || k === j ? '0' : x)).join(''))
      }
    })
    it('finds them whatever the coefficients drawn', async () => {
      const pair = put(items.slice(0, 2), cancelling(0, 1))
      for (let i = 0; i < 20; i++) assert.equal(await answers(pair), '00')
    })
    it('finds errors in A that cancel', async () => {
      // A₀ moved by D, A₁ by −D with the same B: both equations are off by e(±D, B)
      const base = two.prove([1n, 2n, 3n], 7)
      const moved = (by: typeof G1.BASE) => ({ key: otherKey, signals: ['1', '2', '3'], proof: { ...base, pi_a: g1Text(g1Point(base.pi_a).add(by)) } })
      assert.equal(await answers([moved(G1.BASE), moved(G1.BASE.negate()), ...others]), '0011111')
    })

    it('tells what cannot be read from what is false, and decides the rest', async () => {
      const b = g2Text(outsider())
      const batch = put(items.slice(0, 12), {
        0: { signals: ['1'] }, 2: { proof: null }, 3: { proof: { ...PROOFS[3]!.proof, pi_b: b } }, 5: { signals: ['1', '1'] },
        7: { proof: { ...PROOFS[7]!.proof, pi_a: ['1', '3', '1'] } }, 8: { proof: { ...PROOFS[8]!.proof, pi_b: g2Text(g2Point(PROOFS[8]!.proof.pi_b).add(outsider(10069n))) } }, 11: { signals: ['07', '1'] },
      })
      assert.equal(await answers(batch), 'M1MM101MM11M')
      const [outcome] = await verifyBatch([{ ...items[0]!, proof: { ...PROOFS[0]!.proof, pi_b: b } }])
      assert.equal(outcome!.error?.path, '/pi_b')
      assert.equal(await answers(items.slice(0, 3).map((item) => ({ ...item, proof: { ...PROOFS[0]!.proof, pi_b: b } }))), 'MMM')
    })
    it('refuses a proof of one key under another', async () => {
      const third = await prepareVerificationKey(new SimulatedKey(2, 9).json, { arithmetic })
      assert.equal(await answers([items[0]!, { ...items[1]!, key: third }, items[2]!]), '101')
    })
    it('takes keys of both arithmetics together', async () => {
      const elsewhere = await prepareVerificationKey(one.json, { arithmetic: 'i64' })
      assert.equal(await answers([items[0]!, { ...items[1]!, key: elsewhere }, { ...items[2]!, key: elsewhere, signals: ['0', '0'] }]), '110')
    })
    it('does not pass over holes', () => assert.rejects(verifyBatch([items[0]!, , items[1]!] as BatchItem[]), TypeError))
    it('lets events through between many, reads all of them before, and stops when told to', async () => {
      const many = Array.from({ length: 1100 }, (_, i) => ({ ...items[i % items.length]! })), stop = new AbortController()
      let turns = 0, running = true
      const turn = () => { turns++; if (running) setImmediate(turn) }
      setImmediate(turn)
      const deciding = verifyBatch(many)
      for (const item of many) item.proof = null as never
      assert.ok((await deciding).every(({ accepted }) => accepted))
      running = false
      assert.ok(turns >= 2)
      const stopped = verifyBatch(Array.from({ length: 1100 }, (_, i) => items[i % items.length]!), { signal: stop.signal })
      stop.abort(new Error('enough'))
      await assert.rejects(stopped, /enough/)
      await assert.rejects(verifyBatch([], { signal: stop.signal }), /enough/)
    })
    it('does not take something else for a prepared key', () => assert.rejects(verifyBatch([{ ...items[0]!, key: { publicSignals: 2 } }]), TypeError))
  })
}

describe('verifyBatch: the attack that its coefficients stop', () => {
  it('two forged proofs pass where their equations are only multiplied', () => {
    const g1 = [G1.BASE.multiply(77n), G1.BASE.multiply(77n).negate()]
    const pairs = [0, 1].flatMap((i) => {
      const { proof, signals } = PROOFS[i]!
      return [
        { g1: g1Point(proof.pi_a).negate(), g2: g2Point(proof.pi_b) }, { g1: g1Point(one.json['vk_alpha_1']), g2: g2Point(one.json['vk_beta_2']) },
        { g1: one.inputPoint(signals.map(BigInt)), g2: g2Point(one.json['vk_gamma_2']) }, { g1: g1Point(proof.pi_c).add(g1[i]!), g2: g2Point(one.json['vk_delta_2']) },
      ]
    })
    assert.ok(Fp12.eql(bn254.pairingBatch(pairs), Fp12.ONE))
    assert.ok(!Fp12.eql(bn254.pairingBatch(pairs.slice(0, 4)), Fp12.ONE))
  })
})
