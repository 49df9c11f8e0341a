/**
 * A verification key whose secrets are known, so that a valid proof for any public inputs is three scalar products. That is
 * what a ceremony is there to prevent; here it gives tests proofs without a circuit.
 *
 *     A = a·G1   B = b·G2   C = (ab − αβ − Σ)/δ · G1        with Σ = ic_0 + Σ input_i · ic_i
 */

import { bn254 } from '@noble/curves/bn254.js'
import type { Json } from '../../src/hash/canonical.ts'
import type { Groth16Proof } from '../../src/shape/submission.ts'

const { Fr } = bn254.fields
const G1 = bn254.G1.Point
const G2 = bn254.G2.Point

export type PointG1 = InstanceType<typeof G1>
export type PointG2 = InstanceType<typeof G2>

export class SimulatedKey {
  readonly publicInputs: number
  /** As an export of our ceremony has it. */
  readonly json: { readonly [member: string]: Json }
  private readonly secrets: { alpha: bigint; beta: bigint; delta: bigint; ic: bigint[] }

  /** @param seed small number; the same seed, the same key */
  constructor(publicInputs: number, seed = 1, delta = scalar(seed, 3)) {
    this.publicInputs = publicInputs
    this.secrets = { alpha: scalar(seed, 1), beta: scalar(seed, 2), delta, ic: Array.from({ length: publicInputs + 1 }, (_, i) => scalar(seed, 10 + i)) }
    const { alpha, beta, ic } = this.secrets
    this.json = {
      protocol: 'groth16',
      curve: 'bn128',
      nPublic: publicInputs,
      vk_alpha_1: [...g1Text(G1.BASE.multiply(alpha)), '1'],
      vk_beta_2: [...g2Text(G2.BASE.multiply(beta)), ['1', '0']],
      vk_gamma_2: [...g2Text(G2.BASE), ['1', '0']],
      vk_delta_2: [...g2Text(G2.BASE.multiply(delta)), ['1', '0']],
      IC: ic.map((s) => [...g1Text(G1.BASE.multiply(s)), '1']),
    }
  }

  /** A valid proof; another `seed` gives another one for the same inputs. */
  prove(inputs: readonly bigint[], seed = 1): Groth16Proof {
    const { alpha, beta, delta } = this.secrets
    const [a, b] = [scalar(seed, 101), scalar(seed, 102)]
    const c = Fr.div(Fr.sub(Fr.sub(Fr.mul(a, b), Fr.mul(alpha, beta)), this.inputScalar(inputs)), delta)
    return { a: g1Text(G1.BASE.multiply(a)), b: g2Text(G2.BASE.multiply(b)), c: g1Text(G1.BASE.multiply(c)) }
  }

  /** Σ in G1, from public data only: what a forger uses. */
  inputPoint(inputs: readonly bigint[]): PointG1 {
    return G1.BASE.multiply(this.inputScalar(inputs))
  }

  private inputScalar(inputs: readonly bigint[]): bigint {
    const [constant = 0n, ...others] = this.secrets.ic
    return others.reduce((sum, ic, i) => Fr.add(sum, Fr.mul(ic, Fr.create(inputs[i] ?? 0n))), constant)
  }
}

export function g1Text(point: PointG1): [string, string] {
  const { x, y } = point.toAffine()
  return [String(x), String(y)]
}

export function g2Text(point: PointG2): [[string, string], [string, string]] {
  const { x, y } = point.toAffine()
  return [
    [String(x.c0), String(x.c1)],
    [String(y.c0), String(y.c1)],
  ]
}

/** Some scalar, the same every time. */
function scalar(seed: number, i: number): bigint {
  return Fr.pow(7n, BigInt(1_000_003 * seed + 1009 * i + 5))
}
