import assert from 'node:assert/strict'
// @ts-ignore no types
import { buildBabyjub, buildEddsa } from 'circomlibjs'
import { BASE, BabyJubjub, SUBGROUP_ORDER as l } from '../src/baby-jubjub.ts'
import { Poseidon } from '../src/poseidon.ts'
import { SCALAR_ORDER as r } from '../src/wasm/msm.ts'
import { ARITHMETICS, machineOf } from './machines.ts'

for (const arithmetic of ARITHMETICS) describe(`Baby Jubjub on ${arithmetic}`, () => {
  const curve = new BabyJubjub(machineOf(arithmetic), new Poseidon(machineOf(arithmetic)))
  let oracle: any, eddsa: any
  before(async () => { oracle = await buildBabyjub(); eddsa = await buildEddsa() })
  const affine = (point: any) => point.map((x: any) => oracle.F.toObject(x))

  it('multiplies its base as circomlibjs does, at every edge and for an odd number', () => {
    const scalars = [0n, 1n, 2n, 15n, 16n, l - 1n, l, l + 1n, (1n << 252n) - 1n, 1n << 251n, 0x123456789abcdefn ** 4n % l]
    assert.deepEqual(curve.multiplyBase(scalars), scalars.map((s) => affine(oracle.mulPointEscalar(oracle.Base8, s))))
  })

  it('has the base of circomlib, of order l', () => {
    assert.deepEqual(affine(oracle.Base8), [...BASE])
    assert.deepEqual(curve.multiplyBase([l, 1n]), [[0n, 1n], [...BASE]])
  })

  it('signs so that S·B = R8 + hash·A', () => {
    const scalars = [1n, l - 1n, 0xdeadbeefn ** 7n % l]
    const publicKeys = curve.multiplyBase(scalars)
    const messages = [0n, r - 1n, 7n]
    const signatures = curve.sign(scalars.map((scalar, i) => ({ scalar, nonce: (BigInt(i) + 1n) ** 99n % l, publicKey: publicKeys[i]!, message: messages[i]! })))
    const point = (p: readonly bigint[]) => p.map((x) => oracle.F.e(x))
    signatures.forEach(({ R8, S }, i) => {
      const message = oracle.F.e(messages[i]!)
      const left = affine(oracle.mulPointEscalar(oracle.Base8, S))
      const hash = eddsa.poseidon([...point(R8), ...point(publicKeys[i]!), message])
      const right = oracle.addPoint(point(R8), oracle.mulPointEscalar(point(publicKeys[i]!), oracle.F.toObject(hash)))
      assert.deepEqual(left, affine(right))
    })
  })

  it('signs as circomlibjs does, given its scalar and nonce', () => {
    // A = (s/8)·B8 for a pruned s, and S = nonce + h·s: what eddsa.verifyPoseidon accepts
    const s = 8n * 0x1234567890abcdef1234567890abcdefn
    const publicKey = curve.multiplyBase([s / 8n])[0]!
    const [signature] = curve.sign([{ scalar: s, nonce: 99n ** 20n % l, publicKey, message: 42n }])
    const point = (p: readonly bigint[]) => p.map((x) => oracle.F.e(x))
    assert.equal(eddsa.verifyPoseidon(oracle.F.e(42n), { R8: point(signature!.R8), S: signature!.S }, point(publicKey)), true)
    assert.equal(eddsa.verifyPoseidon(oracle.F.e(43n), { R8: point(signature!.R8), S: signature!.S }, point(publicKey)), false)
  })

  it('refuses scalars, nonces and messages out of range', () => {
    const good = { scalar: 5n, nonce: 6n, publicKey: BASE, message: 7n }
    assert.throws(() => curve.multiplyBase([-1n]), RangeError)
    assert.throws(() => curve.multiplyBase([1n << 252n]), RangeError)
    for (const bad of [{ nonce: 0n }, { nonce: l }, { message: r }, { message: -1n }]) assert.throws(() => curve.sign([{ ...good, ...bad }]), RangeError)
  })
})
