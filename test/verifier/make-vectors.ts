/**
 * Writes test/verifier/vectors/: one file for each attack on a Groth16 verifier, named by it. Deterministic; run again only to add
 * one.
 *
 *     node --import tsx test/verifier/make-vectors.ts
 *
 *     { "attack", "expected": "accepted" | "refused" | "MALFORMED" | "KEY_INVALID", "snarkjs": "accepted" | "refused" | "throws", "key", "publicInputs", "proof" }
 */

import { bn254 } from '@noble/curves/bn254.js'
import { writeFileSync } from 'node:fs'
import { FIELD_ORDER } from '../../src/field/field.ts'
import { COORDINATE_ORDER } from '../../src/field/field.ts'
import { g1Text, g2Text, type PointG2, SimulatedKey } from './simulated-key.ts'
import { bySnarkjs, type Vector } from './vectors.ts'

const { Fp2, Fr } = bn254.fields
const key = new SimulatedKey(3)
const inputs = ['7', '0', String(FIELD_ORDER - 2n)]
const proof = key.prove(inputs.map(BigInt))
const other = key.prove([8n, 0n, FIELD_ORDER - 2n])
const [a, c] = [proof.a, proof.c].map(([x, y]) => bn254.G1.Point.fromAffine({ x: BigInt(x), y: BigInt(y) })) as [any, any]
const b = bn254.G2.Point.fromAffine({ x: Fp2.create({ c0: BigInt(proof.b[0][0]), c1: BigInt(proof.b[0][1]) }), y: Fp2.create({ c0: BigInt(proof.b[1][0]), c1: BigInt(proof.b[1][1]) }) })
const delta = bn254.G2.Point.fromAffine(fromJson(key.json['vk_delta_2'] as string[][]))
const plusQ = (text: string) => String(BigInt(text) + COORDINATE_ORDER)
const plusR = (text: string) => String(BigInt(text) + FIELD_ORDER)
const t = 5n

type Case = Partial<Vector> & Pick<Vector, 'expected'>
const cases: Record<string, Case> = {
  'valid': { expected: 'accepted' },
  // A1
  'too-few-inputs': { expected: 'MALFORMED', publicInputs: inputs.slice(0, 2) },
  'trailing-zero-cut-off': { expected: 'MALFORMED', ...zeroLast((list) => list.slice(0, -1)) },
  'too-many-inputs': { expected: 'MALFORMED', publicInputs: [...inputs, '0'] },
  'no-inputs': { expected: 'MALFORMED', publicInputs: [] },
  'nested-input': { expected: 'MALFORMED', publicInputs: [['7'], ...inputs.slice(1)] },
  'null-input': { expected: 'MALFORMED', publicInputs: [null, ...inputs.slice(1)] },
  'number-input': { expected: 'MALFORMED', publicInputs: [7, ...inputs.slice(1)] },
  'float-input': { expected: 'MALFORMED', publicInputs: [7.5, ...inputs.slice(1)] },
  'boolean-input': { expected: 'MALFORMED', publicInputs: ['7', false, inputs[2]] },
  // A2
  'input-plus-r': { expected: 'MALFORMED', publicInputs: [plusR('7'), ...inputs.slice(1)] },
  'input-equal-to-r': { expected: 'MALFORMED', publicInputs: ['7', String(FIELD_ORDER), inputs[2]] },
  'negative-input': { expected: 'MALFORMED', publicInputs: ['7', '0', '-2'] },
  'leading-zeros': { expected: 'MALFORMED', publicInputs: ['007', ...inputs.slice(1)] },
  'hexadecimal-input': { expected: 'MALFORMED', publicInputs: ['0x7', ...inputs.slice(1)] },
  'white-space': { expected: 'MALFORMED', publicInputs: [' 7', ...inputs.slice(1)] },
  'exponent': { expected: 'MALFORMED', publicInputs: ['7e0', ...inputs.slice(1)] },
  'empty-input': { expected: 'MALFORMED', publicInputs: ['7', '', inputs[2]] },
  'too-many-digits': { expected: 'MALFORMED', publicInputs: ['9'.repeat(78), ...inputs.slice(1)] },
  // A3
  'inputs-swapped': { expected: 'refused', publicInputs: [inputs[1], inputs[0], inputs[2]] },
  'input-off-by-one': { expected: 'refused', publicInputs: ['8', ...inputs.slice(1)] },
  'inputs-of-another-proof': { expected: 'refused', proof: other },
  // A4
  'another-key': { expected: 'refused', key: new SimulatedKey(3, 2).json },
  // A5
  'coordinate-plus-q': { expected: 'MALFORMED', proof: { ...proof, a: [plusQ(proof.a[0]), proof.a[1]] } },
  'g2-coordinate-plus-q': { expected: 'MALFORMED', proof: { ...proof, b: [[plusQ(proof.b[0][0]), proof.b[0][1]], proof.b[1]] } },
  'a-off-the-curve': { expected: 'MALFORMED', proof: { ...proof, a: ['1', '3'] } },
  'c-at-infinity': { expected: 'MALFORMED', proof: { ...proof, c: ['0', '0'] } },
  'a-projective': { expected: 'MALFORMED', proof: { ...proof, a: [...proof.a, '1'] } },
  'g2-halves-swapped': { expected: 'MALFORMED', proof: { ...proof, b: proof.b.map(([x0, x1]) => [x1, x0]) } },
  'g2-off-the-curve': { expected: 'MALFORMED', proof: { ...proof, b: [['1', '0'], ['1', '0']] } },
  'g2-outside-the-subgroup': { expected: 'MALFORMED', proof: { ...proof, b: g2Text(pointOutsideSubgroup()) } },
  'g2-shifted-out-of-the-subgroup': { expected: 'MALFORMED', proof: { ...proof, b: g2Text(b.add(timesOrder(pointOutsideSubgroup()))) } },
  'further-member': { expected: 'MALFORMED', proof: { ...proof, d: proof.a } },
  'a-missing': { expected: 'MALFORMED', proof: { b: proof.b, c: proof.c } },
  'a-and-c-swapped': { expected: 'refused', proof: { ...proof, a: proof.c, c: proof.a } },
  // A6: malleated proofs are valid; that they spend the same nullifier is the registry's to see.
  'negated-a-and-b': { expected: 'accepted', proof: { a: g1Text(a.negate()), b: g2Text(b.negate()), c: proof.c } },
  're-randomised': { expected: 'accepted', proof: { a: g1Text(a.multiply(Fr.inv(t))), b: g2Text(b.multiply(t).add(delta.multiply(t))), c: g1Text(c.add(a)) } },
  // B9
  'key-with-gamma-equal-to-delta': forgery(1n),
  'key-with-delta-minus-gamma': forgery(FIELD_ORDER - 1n),
  'key-with-one-ic-point-too-few': { expected: 'KEY_INVALID', key: { ...key.json, IC: (key.json['IC'] as unknown[]).slice(0, -1) } },
  'key-with-ic-at-infinity': { expected: 'KEY_INVALID', key: { ...key.json, IC: [...(key.json['IC'] as unknown[]).slice(0, -1), ['0', '1', '0']] } },
  'key-with-delta-off-the-curve': { expected: 'KEY_INVALID', key: { ...key.json, vk_delta_2: [['1', '0'], ['1', '0'], ['1', '0']] } },
  'key-with-delta-outside-the-subgroup': { expected: 'KEY_INVALID', key: { ...key.json, vk_delta_2: [...g2Text(pointOutsideSubgroup()), ['1', '0']] } },
  'key-for-another-curve': { expected: 'KEY_INVALID', key: { ...key.json, curve: 'bls12381' } },
}

/** Any inputs under a key whose delta is ±gamma: A = alpha, B = beta, C = ∓Σ. No witness, no secret. */
function forgery(deltaSecret: bigint): Case {
  const broken = new SimulatedKey(3, 1, deltaSecret)
  const claimed = ['1000000', '1', '1']
  const sigma = broken.inputPoint(claimed.map(BigInt))
  const [[ax, ay], [bx, by]] = [broken.json['vk_alpha_1'], broken.json['vk_beta_2']] as [[string, string], [[string, string], [string, string]]]
  return { expected: 'KEY_INVALID', key: broken.json, publicInputs: claimed, proof: { a: [ax, ay], b: [bx, by], c: g1Text(deltaSecret === 1n ? sigma.negate() : sigma) } }
}

/** Inputs whose last is 0, then changed. */
function zeroLast(change: (list: string[]) => string[]): Pick<Vector, 'publicInputs' | 'proof'> {
  const list = ['7', '5', '0']
  return { publicInputs: change(list), proof: key.prove(list.map(BigInt)) }
}

function pointOutsideSubgroup(): PointG2 {
  const { b: constant } = bn254.G2.Point.CURVE()
  for (let i = 1n; ; i++) {
    const x = Fp2.create({ c0: i, c1: 0n })
    const square = Fp2.add(Fp2.mul(Fp2.sqr(x), x), constant)
    if (!isSquare(square)) continue
    const point = bn254.G2.Point.fromAffine({ x, y: Fp2.sqrt(square) })
    if (!point.isTorsionFree()) return point
  }
}

/** A point whose order divides the cofactor: r · point. */
function timesOrder(point: PointG2): PointG2 {
  return point.multiplyUnsafe(FIELD_ORDER - 1n).add(point)
}

function isSquare(value: ReturnType<typeof Fp2.create>): boolean {
  try {
    return Fp2.eql(Fp2.sqr(Fp2.sqrt(value)), value)
  } catch {
    return false
  }
}

function fromJson([x, y]: string[][]) {
  const element = ([c0, c1]: string[] = []) => Fp2.create({ c0: BigInt(c0 ?? 0), c1: BigInt(c1 ?? 0) })
  return { x: element(x), y: element(y) }
}

const folder = new URL('./vectors/', import.meta.url)
for (const [attack, change] of Object.entries(cases)) {
  const vector = { attack, key: key.json, publicInputs: inputs, proof, ...change } as Vector
  const complete = { attack, expected: vector.expected, snarkjs: await bySnarkjs(vector), key: vector.key, publicInputs: vector.publicInputs, proof: vector.proof }
  writeFileSync(new URL(`${attack}.json`, folder), `${JSON.stringify(complete, null, 1)}\n`)
}
process.exit(0)
