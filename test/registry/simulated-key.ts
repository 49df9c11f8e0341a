/**
 * Groth16 keys whose trapdoor the test knows, so that it can make a proof that really verifies for any public inputs, without
 * a circuit: e(A, B) = e(alpha, beta) · e(IC, gamma) · e(C, delta) is solved for C in the exponents.
 */

import { randomBytes } from 'node:crypto'
import { bn254 } from '@noble/curves/bn254.js'
import { FIELD_ORDER, type Field } from '../../src/field/field.ts'
import type { Json } from '../../src/hash/canonical.ts'

const { Fr } = bn254.fields
const G1 = bn254.G1.Point.BASE
const G2 = bn254.G2.Point.BASE

export interface SimulatedKey {
  readonly verificationKey: Json
  /** A proof for these public inputs; another one each time. */
  prove(publicInputs: readonly Field[]): { a: [string, string]; b: [[string, string], [string, string]]; c: [string, string] }
}

export function simulatedKey(publicInputs: number): SimulatedKey {
  const [alpha, beta, delta] = [scalar(), scalar(), scalar()]
  const ic = Array.from({ length: publicInputs + 1 }, scalar)
  return {
    verificationKey: {
      protocol: 'groth16',
      curve: 'bn128',
      nPublic: publicInputs,
      vk_alpha_1: [...g1(alpha), '1'],
      vk_beta_2: [...g2(beta), ['1', '0']],
      vk_gamma_2: [...g2(1n), ['1', '0']],
      vk_delta_2: [...g2(delta), ['1', '0']],
      IC: ic.map((k) => [...g1(k), '1']),
    },
    prove(inputs) {
      const [a, b] = [scalar(), scalar()]
      const sum = inputs.reduce((total, input, i) => Fr.add(total, Fr.mul(input, ic[i + 1]!)), ic[0]!)
      const c = Fr.div(Fr.sub(Fr.sub(Fr.mul(a, b), Fr.mul(alpha, beta)), sum), delta)
      return { a: g1(a), b: g2(b), c: g1(c) }
    },
  }
}

function scalar(): bigint {
  return (BigInt(`0x${randomBytes(40).toString('hex')}`) % (FIELD_ORDER - 1n)) + 1n
}

function g1(k: bigint): [string, string] {
  const { x, y } = G1.multiply(k).toAffine()
  return [String(x), String(y)]
}

function g2(k: bigint): [[string, string], [string, string]] {
  const { x, y } = G2.multiply(k).toAffine()
  return [[String(x.c0), String(x.c1)], [String(y.c0), String(y.c1)]]
}
