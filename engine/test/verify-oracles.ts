// Three verifiers that others wrote, from snarkjs's JSON to an answer. For well-formed input only.

import { bn254 } from '@noble/curves/bn254.js'
import * as mclModule from 'mcl-wasm'
import type { G1 as MclG1, G2 as MclG2, GT, PrecomputedG2 } from 'mcl-wasm'
// @ts-ignore no types everywhere
import { groth16 } from 'snarkjs'
import type { Proof } from '../src/proof.ts'
import { g1Point, g2Point, type Key } from './simulated-key.ts'

// Loaded as CommonJS, the module has no default.
const mcl = (mclModule as { default?: typeof mclModule }).default ?? mclModule

export const bySnarkjs = (key: Key, signals: readonly string[], proof: Proof): Promise<boolean> => groth16.verify(key, signals, proof)

export const proveBySnarkjs = (zkey: Uint8Array, witness: Uint8Array): Promise<{ proof: Proof; publicSignals: string[] }> => groth16.prove(zkey, witness)

/** snarkjs keeps threads; without this no program that used it ends. */
export async function endSnarkjs(): Promise<void> {
  await (globalThis as { curve_bn128?: { terminate(): Promise<void> } }).curve_bn128?.terminate()
}

export function byNoble(key: Key, signals: readonly string[], proof: Proof): boolean {
  const { Fp12 } = bn254.fields
  const [constant, ...ic] = (key['IC'] as string[][]).map(g1Point)
  const sum = ic.reduce((total, point, i) => (BigInt(signals[i]!) ? total.add(point.multiply(BigInt(signals[i]!))) : total), constant!)
  const pairs = [
    { g1: g1Point(proof.pi_a).negate(), g2: g2Point(proof.pi_b) },
    { g1: g1Point(key['vk_alpha_1']), g2: g2Point(key['vk_beta_2']) },
    { g1: sum, g2: g2Point(key['vk_gamma_2']) },
    { g1: g1Point(proof.pi_c), g2: g2Point(key['vk_delta_2']) },
  ]
  const finite = pairs.filter(({ g1 }) => !g1.is0())
  for (const { g1, g2 } of finite) {
    g1.assertValidity()
    g2.assertValidity()
  }
  return Fp12.eql(bn254.pairingBatch(finite), Fp12.ONE)
}

export interface MclKey { alphaBeta: GT; gamma: PrecomputedG2; delta: PrecomputedG2; ic: MclG1[]; alpha: MclG1; beta: PrecomputedG2 }
export interface MclProof { a: MclG1; b: MclG2; c: MclG1 }

/** mcl as well as it can be used: the key prepared, points checked as they are read. */
export async function mclVerifier() {
  await mcl.init(mcl.BN_SNARK1)
  mcl.verifyOrderG1(false) // cofactor 1
  mcl.verifyOrderG2(true)
  const g1 = ([x, y]: readonly string[]) => { const point = new mcl.G1(); point.setStr(`1 ${x} ${y}`, 10); return point }
  const g2 = ([x, y]: readonly (readonly string[])[]) => { const point = new mcl.G2(); point.setStr(`1 ${x!.join(' ')} ${y!.join(' ')}`, 10); return point }
  const fr = (text: string) => { const element = new mcl.Fr(); element.setStr(text, 10); return element }
  const input = (key: MclKey, signals: readonly string[]) => {
    const used = signals.flatMap((signal, i) => (signal === '0' ? [] : [i]))
    const constant = key.ic[0]!
    return used.length === 0 ? constant : mcl.add(constant, mcl.mulVec(used.map((i) => key.ic[i + 1]!), used.map((i) => fr(signals[i]!))))
  }
  return {
    prepare(json: Key): MclKey {
      const [alpha, beta] = [g1(json['vk_alpha_1']), g2(json['vk_beta_2'])]
      return {
        alpha, beta: new mcl.PrecomputedG2(beta), alphaBeta: mcl.pairing(alpha, beta),
        gamma: new mcl.PrecomputedG2(g2(json['vk_gamma_2'])), delta: new mcl.PrecomputedG2(g2(json['vk_delta_2'])),
        ic: (json['IC'] as string[][]).map(g1),
      }
    },
    parse: (proof: Proof): MclProof => ({ a: g1(proof.pi_a), b: g2(proof.pi_b), c: g1(proof.pi_c) }),
    verify(key: MclKey, signals: readonly string[], proof: Proof): boolean {
      const { a, b, c } = this.parse(proof)
      const withProof = mcl.precomputedMillerLoop2mixed(a, b, mcl.neg(c), key.delta)
      const withInput = mcl.precomputedMillerLoop(mcl.neg(input(key, signals)), key.gamma)
      return mcl.finalExp(mcl.mul(withProof, withInput)).isEqual(key.alphaBeta)
    },
  }
}
