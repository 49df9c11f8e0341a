// Groth16 verification over BN254:
//
//   e(A, B) = e(alpha, beta) · e(V, gamma) · e(C, delta),   V = IC₀ + Σ signalⱼ · ICⱼ
//
// J. Groth, "On the size of pairing-based non-interactive arguments", EUROCRYPT 2016. Computed as one product of Miller loops,
// e(−A, B) · e(V, gamma) · e(C, delta), one final exponentiation, and a comparison with e(−alpha, beta), tabled with the key.

import { bestArithmetic } from './platform.ts'
import { PairingMachine, writeInteger } from './pairing/program.ts'
import { InvalidInput, parseKey, parseProof, parseSignals, type PointG1, type PointG2, type ProofIntegers } from './verify-parse.ts'
import { COMB_TABLE, COMB_TERM } from './wasm/comb.ts'
import { PAIR, mod } from './wasm/field.ts'
import { BASE_ORDER, type Arithmetic } from './wasm/machine.ts'
import { FIXED, FRESH, LINES } from './wasm/miller.ts'
import { SCALAR_ORDER } from './wasm/msm.ts'
import { OFF_CURVE, PROOF } from './wasm/points.ts'
import { FP12 } from './wasm/tower.ts'

export { InvalidInput, type VerifyCode } from './verify-parse.ts'

/** A key made ready: its pairing and lines computed, its points' multiples tabled, in the memory of one machine. */
export interface PreparedVerificationKey {
  /** How many public signals a proof under this key has. */
  readonly publicSignals: number
}

/** As prepared: addresses. */
export interface KeyTables extends PreparedVerificationKey {
  readonly machine: PairingMachine
  readonly negatedAlphaBeta: number
  readonly lines: { readonly beta: number; readonly gamma: number; readonly delta: number }
  /** Multiples of alpha, IC₀, IC₁, … */
  readonly combs: number
  /** IC₀, affine, side by side with itself. */
  readonly constant: number
}

const prepared = new WeakMap<PreparedVerificationKey, KeyTables>()
const machines = new Map<Arithmetic, Promise<PairingMachine>>()

export interface PrepareOptions {
  /** Default: relaxed SIMD where it is there and fused. */
  readonly arithmetic?: Arithmetic
}

/**
 * Makes a verification key (as snarkjs exports it) ready for `verify` and `verifyBatch`; some milliseconds, once a key. Its
 * tables stay in memory, 45 KB and 2.5 KB a public signal, as long as the program runs.
 *
 * Refuses keys that let anyone forge: points off their groups or at infinity, delta = ±gamma, or delta = ±G2, which no
 * contribution has touched (A = alpha, B = beta, C = ∓V would verify).
 *
 * @throws InvalidInput KEY_INVALID
 */
export async function prepareVerificationKey(json: unknown, options: PrepareOptions = {}): Promise<PreparedVerificationKey> {
  const integers = parseKey(json)
  const arithmetic = options.arithmetic ?? await bestArithmetic()
  let machine = machines.get(arithmetic)
  if (!machine) machines.set(arithmetic, machine = PairingMachine.create(arithmetic))
  const tables = prepareTables(await machine, integers)
  const key = Object.freeze({ publicSignals: tables.publicSignals })
  prepared.set(key, tables)
  return key
}

/**
 * Whether `proof` proves, under `key`, the statement whose public signals these are.
 *
 * @param signals as many as the key has, decimal strings or bigints in [0, r)
 * @param proof as snarkjs writes it
 * @returns false where all can be read and the equation does not hold
 * @throws InvalidInput MALFORMED where something cannot be read, or a point is not of its group
 */
export async function verify(key: PreparedVerificationKey, signals: unknown, proof: unknown): Promise<boolean> {
  const tables = tablesOf(key)
  return tables.machine.scope(() => verifyOne(tables, parseSignals(signals, key.publicSignals), parseProof(proof)))
}

export function tablesOf(key: PreparedVerificationKey): KeyTables {
  const tables = prepared.get(key)
  if (!tables) throw new TypeError('not a prepared verification key')
  return tables
}

function verifyOne(key: KeyTables, signals: readonly bigint[], { a, b, c }: ProofIntegers): boolean {
  const { machine } = key, { exports } = machine
  const proof = machine.keep(PROOF), fresh = machine.keep(FRESH), fixed = machine.keep(2 * FIXED)
  const lines = machine.keep(8), result = machine.keep(FP12), points = machine.keep(3 * PAIR)
  importProof(machine, proof, { a, b, c })

  // V | C
  inputSum(key, points, signals)
  replaceLane1(machine, points, proof)
  exports.toFixed(fixed, fixed + FIXED, points)
  machine.view.setUint32(lines, key.lines.gamma, true)
  machine.view.setUint32(lines + 4, key.lines.delta, true)

  exports.toFresh(fresh, proof, 0, proof + 2 * PAIR)
  exports.millerLoop(result, fresh, 1, fixed, lines, 2)
  if (!exports.inSubgroup(fresh)) throw outsideSubgroup()
  exports.finalExponentiation(result, result)
  return exports.fp12_equal(result, key.negatedAlphaBeta) === 1
}
