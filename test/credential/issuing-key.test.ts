import assert from 'node:assert/strict'
import { babyjubjub } from '@noble/curves/misc.js'
import { buildBabyjub, buildEddsa } from 'circomlibjs'
import fc from 'fast-check'
import { isSignatureOf, newIssuingKey, parseIssuingKey, parseIssuingPublicKey, signCommitment, SUBGROUP_ORDER } from '../../src/credential/issuing-key.ts'
import { type Field, FIELD_ORDER, randomField, reduce, toField } from '../../src/field/field.ts'
import { refused } from '../document/specimens.ts'

const key = newIssuingKey()
const message = toField(20250211n)
const signature = signCommitment(key, message)
const text = ({ x, y }: { x: bigint; y: bigint }) => ({ x: x.toString(), y: y.toString() })

/** A point of order 8: l times a point outside the subgroup. */
function torsionPoint(): InstanceType<typeof babyjubjub.Point> {
  // EIP-2494's generator of the whole group
  const generator = babyjubjub.Point.fromAffine({
    x: 995203441582195749578291179787384436505546430278305826713579947235728471134n,
    y: 5472060717959818805561601436314318772137091100104008585924551046643952123905n,
  })
  const point = generator.multiplyUnsafe(SUBGROUP_ORDER - 1n).add(generator)
  assert.ok(!point.is0() && point.clearCofactor().is0())
  return point
}

describe('issuing keys', () => {
  it('have a public part of order l', () => {
    const { x, y } = key
    assert.deepEqual(parseIssuingPublicKey(text({ x, y })), { x, y })
    assert.deepEqual(parseIssuingKey({ secret: key.secret, ...text(key) }), key)
  })

  it('are refused when secret and public part do not belong together', () => {
    const other = newIssuingKey()
    for (const secret of [other.secret, '0', SUBGROUP_ORDER.toString(), '-1', '', undefined]) refused('KEY_INVALID', () => parseIssuingKey({ secret, ...text(key) }))
  })

  it('are refused off the curve, as the identity and with torsion (A15)', () => {
    const torsion = torsionPoint()
    const point = babyjubjub.Point.fromAffine(key)
    for (const order of [1n, 2n, 4n, 8n]) refused('KEY_INVALID', () => parseIssuingPublicKey(text((order === 1n ? babyjubjub.Point.ZERO : torsion.multiplyUnsafe(8n / order)).toAffine())))
    refused('KEY_INVALID', () => parseIssuingPublicKey(text(point.add(torsion).toAffine())))
    refused('KEY_INVALID', () => parseIssuingPublicKey({ x: '1', y: '1' }))
    refused('KEY_INVALID', () => parseIssuingPublicKey({ x: '0', y: '0' }))
  })

  it('are refused in another spelling or with further members', () => {
    const { x, y } = text(key)
    for (const value of [null, {}, { x }, { x, y: `0${y}` }, { x, y: (key.y + FIELD_ORDER).toString() }, { x, y, z: '1' }, { x: key.x, y: key.y }, [x, y]]) refused('MALFORMED', () => parseIssuingPublicKey(value))
  })
})

describe('signatures of commitments', () => {
  it('hold for their key and message', () => assert.ok(isSignatureOf(key, message, signature)))
  it('are the same each time, and another for another message or key', () => {
    assert.deepEqual(signCommitment(key, message), signature)
    assert.notEqual(signCommitment(key, toField(1)).r8[0], signature.r8[0])
    assert.notEqual(signCommitment(newIssuingKey(), message).r8[0], signature.r8[0])
  })

  it('satisfy circomlib’s equation: S · B8 = R8 + 8 · h · A, as circomlibjs checks it', async () => {
    const [eddsa, { F }] = [await buildEddsa(), await buildBabyjub()]
    const publicKey = [F.e(key.x), F.e(key.y)]
    for (let i = 0; i < 5; i++) {
      const commitment = randomField()
      const { r8, s } = signCommitment(key, commitment)
      assert.ok(eddsa.verifyPoseidon(F.e(commitment), { R8: r8.map((c) => F.e(c)), S: s }, publicKey))
    }
  })

  it('made by circomlibjs hold too', async () => {
    const [eddsa, { F }] = [await buildEddsa(), await buildBabyjub()]
    const secret = new Uint8Array(32).fill(7)
    const [x, y] = eddsa.prv2pub(secret).map((c: unknown) => F.toObject(c)) as [Field, Field]
    const { R8, S } = eddsa.signPoseidon(secret, F.e(message))
    const theirs = { r8: R8.map((c: unknown) => F.toObject(c)) as [Field, Field], s: S as bigint }
    assert.ok(isSignatureOf({ x, y }, message, theirs))
    assert.ok(!isSignatureOf({ x, y }, toField(1), theirs))
  })

  it('do not hold for another message or key (A15)', () => {
    assert.ok(!isSignatureOf(key, toField(20250212n), signature))
    assert.ok(!isSignatureOf(newIssuingKey(), message, signature))
  })

  it('do not hold with S + l, a negative S, or S of any size (A15)', () => {
    for (const s of [signature.s + SUBGROUP_ORDER, signature.s - SUBGROUP_ORDER, -1n, SUBGROUP_ORDER, 2n ** 256n, 0n]) assert.ok(!isSignatureOf(key, message, { ...signature, s }))
  })

  it('do not hold with R8 moved by torsion, off the curve or swapped (A15)', () => {
    const [x, y] = signature.r8
    const moved = babyjubjub.Point.fromAffine({ x, y }).add(torsionPoint()).toAffine()
    for (const r8 of [[moved.x, moved.y], [x, reduce(y + 1n)], [y, x], [0n, 0n], [0n, 1n]] as [Field, Field][]) assert.ok(!isSignatureOf(key, message, { ...signature, r8 }))
  })

  it('do not hold under keys of order 1, 2, 4 and 8, for which anybody can sign (A15)', () => {
    for (const multiple of [8n, 4n, 2n, 1n]) {
      const point = multiple === 8n ? babyjubjub.Point.ZERO : torsionPoint().multiplyUnsafe(multiple)
      // 8 · h · A is the identity, so R8 = S · B8 would do
      const r8 = babyjubjub.Point.BASE.multiply(5n).toAffine()
      assert.ok(!isSignatureOf(point.toAffine() as { x: Field; y: Field }, message, { r8: [r8.x as Field, r8.y as Field], s: 5n }))
    }
  })

  it('hold for any secret and message', () =>
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: FIELD_ORDER - 1n }), (value) => {
        const fresh = newIssuingKey()
        assert.ok(isSignatureOf(fresh, toField(value), signCommitment(fresh, toField(value))))
      }),
      { numRuns: 10 },
    ))
})
