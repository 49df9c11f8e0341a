/** The vectors of test/verifier/vectors, and three verifiers to run them through. */

import { bn254 } from '@noble/curves/bn254.js'
import { readdirSync, readFileSync } from 'node:fs'
import { groth16 } from 'snarkjs'
import { Refusal } from '../../src/errors/errors.ts'
import { parseProof, parsePublicInputs, parseVerificationKey, verifyGroth16 } from '../../src/verifier/groth16.ts'

export interface Vector {
  readonly attack: string
  readonly expected: 'accepted' | 'refused' | 'MALFORMED' | 'KEY_INVALID'
  /** What snarkjs says. */
  readonly snarkjs: 'accepted' | 'refused' | 'throws'
  readonly key: any
  readonly publicInputs: any
  readonly proof: any
}

const FOLDER = new URL('./vectors/', import.meta.url)

export const VECTORS: readonly Vector[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Vector)

/** Ours, from JSON to an answer, as the services do it. */
export async function byUs({ key, publicInputs, proof }: Vector): Promise<Vector['expected']> {
  try {
    const parsed = parseVerificationKey(key)
    return (await verifyGroth16(parsed, parsePublicInputs(publicInputs, parsed), parseProof(proof))) ? 'accepted' : 'refused'
  } catch (error) {
    if (error instanceof Refusal && (error.code === 'MALFORMED' || error.code === 'KEY_INVALID')) return error.code
    throw error
  }
}

export async function bySnarkjs({ key, publicInputs, proof }: Vector): Promise<Vector['snarkjs']> {
  const withZ = (point: unknown[], z: unknown) => (point?.length === 2 ? [...point, z] : point)
  const projective = { protocol: 'groth16', curve: 'bn128', pi_a: withZ(proof.a, '1'), pi_b: withZ(proof.b, ['1', '0']), pi_c: withZ(proof.c, '1') }
  try {
    return (await groth16.verify(key, publicInputs, projective)) ? 'accepted' : 'refused'
  } catch {
    return 'throws'
  }
}

/** @noble/curves, for vectors that are well-formed: pairings multiplied out. */
export function byNoble({ key, publicInputs, proof }: Vector): 'accepted' | 'refused' {
  const { Fp2, Fp12 } = bn254.fields
  const g1 = ([x, y]: string[]) => bn254.G1.Point.fromAffine({ x: BigInt(x!), y: BigInt(y!) })
  const g2 = ([x, y]: string[][]) => bn254.G2.Point.fromAffine({ x: Fp2.create({ c0: BigInt(x![0]!), c1: BigInt(x![1]!) }), y: Fp2.create({ c0: BigInt(y![0]!), c1: BigInt(y![1]!) }) })
  const [constant, ...ic] = (key.IC as string[][]).map(g1)
  const inputs = (publicInputs as string[]).map(BigInt)
  const sum = ic.reduce((total, point, i) => (inputs[i] ? total.add(point.multiply(inputs[i])) : total), constant!)
  const pairs = [
    { g1: g1(proof.a).negate(), g2: g2(proof.b) },
    { g1: g1(key.vk_alpha_1), g2: g2(key.vk_beta_2) },
    { g1: sum, g2: g2(key.vk_gamma_2) },
    { g1: g1(proof.c), g2: g2(key.vk_delta_2) },
  ]
  for (const { g1: p, g2: q } of pairs) {
    p.assertValidity()
    q.assertValidity()
  }
  return Fp12.eql(bn254.pairingBatch(pairs), Fp12.ONE) ? 'accepted' : 'refused'
}
