// A verification key whose secrets are known, so that a valid proof for any public signals is a few products of points:
//
//   A = a·G1   B = b·G2   C = (ab − αβ − V)/δ · G1,   V = ic₀ + Σ signalⱼ·icⱼ

import { bn254 } from '@noble/curves/bn254.js'
import type { Proof } from '../src/proof.ts'

const { Fp2, Fr } = bn254.fields
export const G1 = bn254.G1.Point
export const G2 = bn254.G2.Point
export type PointG1 = InstanceType<typeof G1>
export type PointG2 = InstanceType<typeof G2>

export interface Key { [member: string]: any }

export class SimulatedKey {
  readonly publicSignals: number
  /** As snarkjs exports it. */
  readonly json: Key
  private readonly secrets: { alpha: bigint; beta: bigint; delta: bigint; ic: bigint[] }

  /** The same seed, the same key. */
  constructor(publicSignals: number, seed = 1, delta = scalar(seed, 3)) {
    this.publicSignals = publicSignals
    const [alpha, beta, ic] = [scalar(seed, 1), scalar(seed, 2), Array.from({ length: publicSignals + 1 }, (_, i) => scalar(seed, 10 + i))]
    this.secrets = { alpha, beta, delta, ic }
    this.json = {
      protocol: 'groth16', curve: 'bn128', nPublic: publicSignals,
      vk_alpha_1: g1Text(G1.BASE.multiply(alpha)), vk_beta_2: g2Text(G2.BASE.multiply(beta)),
      vk_gamma_2: g2Text(G2.BASE), vk_delta_2: g2Text(G2.BASE.multiply(delta)),
      vk_alphabeta_12: [], IC: ic.map((s) => g1Text(G1.BASE.multiply(s))),
    }
  }

  /** A valid proof; another seed gives another one for the same signals. */
  prove(signals: readonly bigint[], seed = 1): Proof {
    const { alpha, beta, delta } = this.secrets
    const [a, b] = [scalar(seed, 101), scalar(seed, 102)]
    const c = Fr.div(Fr.sub(Fr.sub(Fr.mul(a, b), Fr.mul(alpha, beta)), this.inputScalar(signals)), delta)
    return proofOf(G1.BASE.multiply(a), G2.BASE.multiply(b), G1.BASE.multiply(c))
  }

  /** V, from public data only: what a forger uses. */
  inputPoint(signals: readonly bigint[]): PointG1 { return G1.BASE.multiply(this.inputScalar(signals)) }

  /** A last signal for which V is infinity. */
  lastSignalForNothing(others: readonly bigint[]): bigint {
    return Fr.div(Fr.neg(this.inputScalar([...others, 0n])), this.secrets.ic.at(-1)!)
  }

  private inputScalar(signals: readonly bigint[]): bigint {
    const [constant, ...ic] = this.secrets.ic as [bigint, ...bigint[]]
    return ic.reduce((sum, s, i) => Fr.add(sum, Fr.mul(s, Fr.create(signals[i] ?? 0n))), constant)
  }
}

export const proofOf = (a: PointG1, b: PointG2, c: PointG1): Proof =>
  ({ pi_a: g1Text(a), pi_b: g2Text(b), pi_c: g1Text(c), protocol: 'groth16', curve: 'bn128' })

export function g1Text(point: PointG1): [string, string, string] {
  const { x, y } = point.toAffine()
  return [String(x), String(y), '1']
}

export function g2Text(point: PointG2): [[string, string], [string, string], [string, string]] {
  const { x, y } = point.toAffine()
  return [[String(x.c0), String(x.c1)], [String(y.c0), String(y.c1)], ['1', '0']]
}

export const g1Point = ([x, y]: readonly string[]): PointG1 => G1.fromAffine({ x: BigInt(x!), y: BigInt(y!) })
export const g2Point = ([x, y]: readonly (readonly string[])[]): PointG2 => G2.fromAffine({ x: fp2(x!), y: fp2(y!) })
const fp2 = ([c0, c1]: readonly string[]) => Fp2.create({ c0: BigInt(c0!), c1: BigInt(c1!) })

/** A point of the twist that is not in the subgroup; `order` a factor of the cofactor makes one of that order. */
export function outsider(order?: bigint): PointG2 {
  const cofactor = 2n * bn254.fields.Fp.ORDER - Fr.ORDER
  for (let i = 1n; ; i++) {
    const x = Fp2.create({ c0: i, c1: 0n })
    const square = Fp2.add(Fp2.mul(Fp2.sqr(x), x), G2.CURVE().b)
    const root = squareRoot(square)
    if (!root) continue
    let point = G2.fromAffine({ x, y: root })
    if (order !== undefined) point = times(times(point, Fr.ORDER), cofactor / order)
    if (!point.is0() && !point.isTorsionFree()) return point
  }
}

/** n·point for any n, where noble's products want n below r. */
export function times(point: PointG2, n: bigint): PointG2 {
  let sum = G2.ZERO
  for (const bit of n.toString(2)) {
    sum = sum.double()
    if (bit === '1') sum = sum.add(point)
  }
  return sum
}

function squareRoot(value: ReturnType<typeof Fp2.create>) {
  try {
    const root = Fp2.sqrt(value)
    return Fp2.eql(Fp2.sqr(root), value) ? root : undefined
  } catch {
    return undefined
  }
}

/** Some scalar, the same every time. */
export function scalar(seed: number, i: number): bigint {
  return Fr.pow(7n, BigInt(1_000_003 * seed + 1009 * i + 5))
}
