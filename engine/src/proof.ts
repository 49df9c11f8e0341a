// Proofs, public inputs and verification keys as snarkjs writes them, read strictly: one spelling for each value.

import { SCALAR_ORDER } from './wasm/msm.ts'
import { BASE_ORDER } from './wasm/machine.ts'

/** As snarkjs writes it: decimal strings, projective with z = 1. */
export interface Proof {
  pi_a: [string, string, string]
  pi_b: [[string, string], [string, string], [string, string]]
  pi_c: [string, string, string]
  protocol: 'groth16'
  curve: 'bn128'
}

export class Malformed extends Error {
  override readonly name = 'Malformed'
}

const malformed = (what: string): never => { throw new Malformed(what) }

/** A decimal integer in [0, bound) in its one spelling: no sign, no leading zero, at most 77 digits. @throws Malformed */
export function parseDecimal(text: unknown, bound: bigint): bigint {
  if (typeof text !== 'string' || !/^(0|[1-9][0-9]{0,76})$/.test(text)) return malformed('not a decimal integer')
  const value = BigInt(text)
  return value < bound ? value : malformed('not reduced')
}

const parseScalar = (text: unknown) => parseDecimal(text, SCALAR_ORDER)
const parseCoordinate = (text: unknown) => parseDecimal(text, BASE_ORDER)

function list(value: unknown, length: number): unknown[] {
  if (!Array.isArray(value) || value.length !== length || Object.keys(value).length !== length) return malformed('not a list of the right length')
  return value
}

function record(value: unknown, names: readonly string[], others: readonly string[] = []): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || ![Object.prototype, null].includes(Object.getPrototypeOf(value))) return malformed('not an object')
  const keys = Reflect.ownKeys(value)
  if (!names.every((name) => keys.includes(name)) || !keys.every((key) => typeof key === 'string' && (names.includes(key) || others.includes(key)))) malformed('not these members')
  return value as Record<string, unknown>
}

export type G1 = [bigint, bigint]
export type G2 = [bigint, bigint, bigint, bigint]

/** Affine, z = 1; whether it is on the curve is not looked at. */
function parseG1(value: unknown): G1 {
  const [x, y, z] = list(value, 3)
  if (z !== '1') malformed('z is not 1')
  return [parseCoordinate(x), parseCoordinate(y)]
}

function parseG2(value: unknown): G2 {
  const [x, y, z] = list(value, 3).map((part) => list(part, 2))
  if (z![0] !== '1' || z![1] !== '0') malformed('z is not 1')
  return [...x!, ...y!].map(parseCoordinate) as G2
}

/** pi_a, pi_b, pi_c in this order: 8 coordinates. @throws Malformed */
export function parseProof(value: unknown): bigint[] {
  const proof = record(value, ['pi_a', 'pi_b', 'pi_c', 'protocol', 'curve'])
  if (proof.protocol !== 'groth16' || proof.curve !== 'bn128') malformed('not a Groth16 proof over BN254')
  return [...parseG1(proof.pi_a), ...parseG2(proof.pi_b), ...parseG1(proof.pi_c)]
}

/** @throws Malformed */
export const parsePublics = (value: unknown, count: number): bigint[] => list(value, count).map(parseScalar)

export interface VerificationKeyPoints { alpha: G1; beta: G2; gamma: G2; delta: G2; ic: G1[] }

/** @throws Malformed */
export function parseVerificationKey(value: unknown): VerificationKeyPoints {
  const key = record(value, ['protocol', 'curve', 'nPublic', 'vk_alpha_1', 'vk_beta_2', 'vk_gamma_2', 'vk_delta_2', 'IC'], ['vk_alphabeta_12'])
  if (key.protocol !== 'groth16' || key.curve !== 'bn128') malformed('not a Groth16 key over BN254')
  if (!Number.isSafeInteger(key.nPublic) || (key.nPublic as number) < 0) malformed('nPublic')
  return {
    alpha: parseG1(key.vk_alpha_1), beta: parseG2(key.vk_beta_2), gamma: parseG2(key.vk_gamma_2), delta: parseG2(key.vk_delta_2),
    ic: list(key.IC, (key.nPublic as number) + 1).map(parseG1),
  }
}
