// Groth16 verification over BN254:
//
//   e(A, B) = e(alpha, beta) · e(V, gamma) · e(C, delta),   V = IC₀ + Σ signalⱼ · ICⱼ
//
// J. Groth, "On the size of pairing-based non-interactive arguments", EUROCRYPT 2016. Computed as one product of Miller loops,
// e(−A, B) · e(V, gamma) · e(C, delta), one final exponentiation, and a comparison with e(−alpha, beta), tabled with the key.

import { bestArithmetic } from '../platform.ts'
import { PairingMachine, writeInteger, type Region } from './program.ts'
import { InvalidInput } from '../invalid-input.ts'
import { parseKey, parseProof, parseSignals, type KeyIntegers, type PointG1, type PointG2, type ProofIntegers } from './parse.ts'
import { COMB_OFFSET, COMB_TABLE, COMB_TERM, combWorkspace } from '../wasm/comb.ts'
import { PAIR } from '../wasm/field.ts'
import type { Arithmetic } from '../wasm/machine.ts'
import { FIXED, FRESH, LINES } from '../wasm/miller.ts'
import { SCALAR_ORDER } from '../wasm/msm.ts'
import { OFF_CURVE, PROOF } from '../wasm/points.ts'
import { FP12 } from '../wasm/tower.ts'

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

export const JACOBIAN = 3 * PAIR
const G2_GENERATOR_X = [10857046999023057135944570762232829481370756359578518086990519993285655852781n, 11559732032986387107991004021392285783925812861821192530917403151452391805634n] as const

const prepared = new WeakMap<PreparedVerificationKey, KeyTables>()
/** Takes back the region of tables that nobody can reach any more: neither their key's owner nor a call under way. */
const regions = new FinalizationRegistry<{ machine: PairingMachine; region: Region }>(({ machine, region }) => machine.giveBack(region))
const machines = new Map<Arithmetic, Promise<PairingMachine>>()

export interface PrepareOptions {
  /** Default: relaxed SIMD where it is there and fused. */
  readonly arithmetic?: Arithmetic
}

/**
 * Makes a verification key (as snarkjs exports it) ready for `verify` and `verifyBatch`; some milliseconds, once a key. Its
 * tables take 45 KB, and 10 KB a public signal, until the key is garbage.
 *
 * Refuses keys that let anyone forge: points off their groups or at infinity, delta = ±gamma, or delta = ±G2, which no
 * contribution has touched (A = alpha, B = beta, C = ∓V would verify).
 *
 * @throws InvalidInput KEY_INVALID; RangeError where the tables of all keys that are in use would take more than a gigabyte
 */
export async function prepareVerificationKey(json: unknown, options: PrepareOptions = {}): Promise<PreparedVerificationKey> {
  const integers = parseKey(json)
  const best = await bestArithmetic()
  const arithmetic = options.arithmetic ?? best
  if (arithmetic === 'relaxed-simd' && best !== arithmetic) throw new Error('no fused relaxed SIMD here')
  const ready = await machineOf(arithmetic)
  const tables = prepareTables(ready, integers)
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
  const list = parseSignals(signals, key.publicSignals), integers = parseProof(proof)
  return tables.machine.scope(() => {
    const imported = tables.machine.keep(PROOF)
    importProof(tables.machine, imported, integers)
    return holds(tables, list, imported)
  })
}

function machineOf(arithmetic: Arithmetic): Promise<PairingMachine> {
  const known = machines.get(arithmetic)
  if (known) return known
  const machine = PairingMachine.create(arithmetic)
  machines.set(arithmetic, machine)
  machine.catch(() => machines.delete(arithmetic)) // there may be memory another time
  return machine
}

export function tablesOf(key: PreparedVerificationKey): KeyTables {
  const tables = prepared.get(key)
  if (!tables) throw new TypeError('not a prepared verification key')
  return tables
}

/** The equation for one imported proof. Keeps memory: call in a scope. @throws InvalidInput MALFORMED where B is outside the subgroup */
export function holds(key: KeyTables, signals: readonly bigint[], proof: number): boolean {
  const { machine } = key, { exports } = machine
  const fresh = machine.keep(FRESH), fixed = machine.keep(2 * FIXED), lines = machine.keep(8), result = machine.keep(FP12)
  const input = inputSum(key, signals), c1 = machine.keep(JACOBIAN)
  exports.toJacobian(c1, proof)
  exports.sideBySide(c1, input, c1)
  exports.toFixed(fixed, fixed + FIXED, c1)
  machine.view.setUint32(lines, key.lines.gamma, true)
  machine.view.setUint32(lines + 4, key.lines.delta, true)

  exports.toFresh(fresh, proof, 0, proof + 2 * PAIR)
  exports.millerLoop(result, fresh, 1, fixed, lines, 2)
  if (!exports.inSubgroup(fresh)) throw outsideSubgroup()
  exports.finalExponentiation(result, result)
  return exports.fp12_equal(result, key.negatedAlphaBeta) === 1
}

export function outsideSubgroup(): InvalidInput {
  return new InvalidInput('MALFORMED', '/pi_b', 'a point of the subgroup of order r')
}

/** Reads a proof into memory: A and C side by side, then B. @throws InvalidInput MALFORMED off the curves */
export function importProof(machine: PairingMachine, to: number, { a, b, c }: ProofIntegers): void {
  const source = machine.keep(8 * 32)
  writeIntegers(machine, source, [a[0], c[0], a[1], c[1], ...b])
  const off: number = machine.exports.importProof(to, source)
  if (off & OFF_CURVE.a) throw new InvalidInput('MALFORMED', '/pi_a', 'a point of the curve')
  if (off & OFF_CURVE.b) throw new InvalidInput('MALFORMED', '/pi_b', 'a point of the twist')
  if (off & OFF_CURVE.c) throw new InvalidInput('MALFORMED', '/pi_c', 'a point of the curve')
}

/** IC₀ + Σ signalⱼ · ICⱼ, Jacobian, in both lanes. */
function inputSum(key: KeyTables, signals: readonly bigint[]): number {
  const to = combination(key, [0n, 0n, ...signals])
  key.machine.exports.g1_addAffine(to, to, key.constant)
  return to
}

/** scalars[0]·alpha + scalars[1]·IC₀ + scalars[2]·IC₁ + …, Jacobian, in both lanes. */
export function combination({ machine, combs }: KeyTables, scalars: readonly bigint[]): number {
  const terms = machine.keep(scalars.length * COMB_TERM), to = machine.keep(JACOBIAN)
  const { view } = machine
  let count = 0
  scalars.forEach((scalar, i) => {
    if (scalar === 0n) return
    const at = terms + COMB_TERM * count++
    const odd = scalar & 1n ? scalar : SCALAR_ORDER - scalar
    const digits = (odd >> 1n) + COMB_OFFSET
    writeInteger(view, at, digits)
    view.setUint32(at + 32, Number(digits >> 256n), true)
    view.setUint32(at + 40, combs + COMB_TABLE * i, true)
    view.setUint32(at + 44, odd === scalar ? 0 : 1, true)
  })
  machine.exports.combSum(to, terms, count, machine.keep(combWorkspace(count)))
  return to
}

function prepareTables(machine: PairingMachine, { alpha, beta, gamma, delta, ic }: KeyIntegers): KeyTables {
  const { exports } = machine
  if (sameX(delta, gamma)) throw new InvalidInput('KEY_INVALID', '/vk_delta_2', 'a delta other than ±gamma')
  if (delta[0] === G2_GENERATOR_X[0] && delta[1] === G2_GENERATOR_X[1]) throw new InvalidInput('KEY_INVALID', '/vk_delta_2', 'a delta that contributions have moved')
  const combs = FP12 + 3 * LINES, constant = combs + (ic.length + 1) * COMB_TABLE
  const region = machine.region(constant + 2 * PAIR), { at } = region
  const key: KeyTables = {
    machine, publicSignals: ic.length - 1, negatedAlphaBeta: at,
    lines: { beta: at + FP12, gamma: at + FP12 + LINES, delta: at + FP12 + 2 * LINES }, combs: at + combs, constant: at + constant,
  }
  try { fill() } catch (error) {
    machine.giveBack(region)
    throw error
  }
  regions.register(key, { machine, region })
  return key

  function fill(): void { machine.scope(() => {
    const source = machine.keep(4 * 32), point = machine.keep(2 * PAIR), fresh = machine.keep(FRESH), q = machine.keep(2 * PAIR)
    const g1 = ([x, y]: PointG1, path: string) => {
      writeIntegers(machine, source, [x, x, y, y])
      exports.importPairs(point, source, 2)
      if (exports.offCurve(point, point + PAIR)) throw new InvalidInput('KEY_INVALID', path, 'a point of the curve')
    }
    ic.forEach((one, i) => {
      g1(one, `/IC/${i}`)
      if (i === 0) machine.bytes.copyWithin(key.constant, point, point + 2 * PAIR)
      exports.combTable(key.combs + COMB_TABLE * (i + 1), point)
    })
    g1(alpha, '/vk_alpha_1')
    exports.combTable(key.combs, point)
    for (const [name, integers] of [['gamma', gamma], ['delta', delta], ['beta', beta]] as const) {
      writeIntegers(machine, source, integers)
      exports.importPairs(q, source, 2)
      const path = `/vk_${name}_2`
      if (exports.offTwist(q)) throw new InvalidInput('KEY_INVALID', path, 'a point of the twist')
      exports.toFresh(fresh, point, 0, q)
      exports.millerLoop(key.negatedAlphaBeta, fresh, 1, 0, 0, 0)
      if (!exports.inSubgroup(fresh)) throw new InvalidInput('KEY_INVALID', path, 'a point of the subgroup of order r')
      exports.prepareLines(key.lines[name], q)
    }
    // beta was last: the loop is that of (−alpha, beta)
    exports.finalExponentiation(key.negatedAlphaBeta, key.negatedAlphaBeta)
  }) }
}

/** Whether the points are equal or opposite. */
const sameX = (a: PointG2, b: PointG2): boolean => a[0] === b[0] && a[1] === b[1]

function writeIntegers(machine: PairingMachine, at: number, integers: readonly bigint[]): void {
  const { view } = machine
  integers.forEach((x, i) => writeInteger(view, at + 32 * i, x))
}
