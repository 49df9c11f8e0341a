// The verification key that a proving key holds, as snarkjs exports it.

import { MalformedFile, bytesOf, type Bytes } from '../files.ts'
import { G1, G2 } from './curve.ts'
import { SECTION, readG1, readG2, readKeyFile } from './zkey.ts'
import { RAW } from './program.ts'

type G1Text = [x: string, y: string, z: '1']
type G2Text = [x: [string, string], y: [string, string], z: ['1', '0']]

/** snarkjs's JSON but for `vk_alphabeta_12`, a pairing that alpha and beta imply and that no verifier needs to be told. */
export interface VerificationKey {
  readonly protocol: 'groth16'
  readonly curve: 'bn128'
  readonly nPublic: number
  readonly vk_alpha_1: G1Text
  readonly vk_beta_2: G2Text
  readonly vk_gamma_2: G2Text
  readonly vk_delta_2: G2Text
  readonly IC: G1Text[]
}

/** @param zkey bytes of a .zkey. @throws MalformedFile, also for points off their curves */
export function exportVerificationKey(zkey: Bytes): VerificationKey {
  const { header, parts } = readKeyFile(bytesOf(zkey, 'zkey'))
  const ic = parts.get(SECTION.ic)!
  return {
    protocol: 'groth16', curve: 'bn128', nPublic: header.publics,
    vk_alpha_1: g1(header.alpha1), vk_beta_2: g2(header.beta2), vk_gamma_2: g2(header.gamma2), vk_delta_2: g2(header.delta2),
    IC: Array.from({ length: header.publics + 1 }, (_, i) => g1(ic, RAW.g1 * i)),
  }
}

function g1(bytes: Uint8Array, at = 0): G1Text {
  const point = readG1(bytes, at)
  if (!G1.contains(point)) throw new MalformedFile('zkey: a point that is not of its group')
  return [String(point.x), String(point.y), '1']
}

function g2(bytes: Uint8Array): G2Text {
  const point = readG2(bytes)
  if (!G2.contains(point)) throw new MalformedFile('zkey: a point that is not of its group')
  return [[String(point.x[0]), String(point.x[1])], [String(point.y[0]), String(point.y[1])], ['1', '0']]
}
