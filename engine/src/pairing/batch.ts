// Many proofs at once: their equations, each to a random power zᵢ, multiplied into one.
//
//   Π e(−zᵢ·Aᵢ, Bᵢ) · Π over keys e(Σ zᵢ·alpha, beta) · e(Σ zᵢ·Vᵢ, gamma) · e(Σ zᵢ·Cᵢ, delta) = 1
//
// M. Bellare, J. Garay, T. Rabin, "Fast batch verification for modular exponentiation and digital signatures", EUROCRYPT '98:
// if one equation is false, at most one of the 2^128 values of its zᵢ (wasm/multiples.ts), the others fixed, makes the product
// 1. All points must be of their groups of order r, and are checked to be. The zᵢ are drawn after the proofs are there.
//
// Per proof there remain one multiple of A, one Miller loop that shares its squarings, and a share in the sums.

import type { PairingMachine } from './program.ts'
import { JACOBIAN, combination, holds, importProof, outsideSubgroup, tablesOf, type KeyTables, type PreparedVerificationKey } from './verify.ts'
import { InvalidInput } from '../invalid-input.ts'
import { parseProof, parseSignals, type ProofIntegers } from './parse.ts'
import { afterEvents } from '../platform.ts'
import { PAIR } from '../wasm/field.ts'
import { FIXED, FRESH } from '../wasm/miller.ts'
import { SCALAR_ORDER } from '../wasm/msm.ts'
import { COEFFICIENT, SIDE_BY_SIDE, coefficient, multiplesWorkspace } from '../wasm/multiples.ts'
import { PROOF } from '../wasm/points.ts'
import { FP12 } from '../wasm/tower.ts'

/** From so many proofs on, sharing an inversion a step is the faster way. */
const IN_STEP_FROM = 10
/** More share nothing worth having, take 8 KB of memory each, and keep events waiting. */
const AT_ONCE = 512

export interface BatchItem {
  readonly key: PreparedVerificationKey
  /** As for `verify`. */
  readonly signals: unknown
  readonly proof: unknown
}

/** What `verify` would have answered, or thrown as `error`. */
export interface Outcome {
  readonly accepted: boolean
  readonly error?: InvalidInput
}

/**
 * Verifies many proofs, of one key or of several, several times faster than one by one. Bad proofs are found by halving: each
 * costs about two logarithms more checks of the rest. Events have their turn after each 512 proofs, when it can be stopped too.
 *
 * @returns one outcome an item, in their order; a false proof is accepted with probability at most 2^−128
 * @throws the signal's reason
 */
export async function verifyBatch(items: readonly BatchItem[], { signal }: { signal?: AbortSignal } = {}): Promise<Outcome[]> {
  signal?.throwIfAborted()
  const outcomes: Outcome[] = new Array<Outcome>(items.length)
  const byMachine = new Map<PairingMachine, Map<KeyTables, Entry[]>>()
  for (const [index, item] of items.entries()) { // all are read before events have their turn; `forEach` would skip holes
    const key = tablesOf(item.key)
    try {
      const entry = { key, index, signals: parseSignals(item.signals, key.publicSignals), proof: parseProof(item.proof) }
      let byKey = byMachine.get(key.machine)
      if (!byKey) byMachine.set(key.machine, byKey = new Map())
      const list = byKey.get(key)
      if (list) list.push(entry)
      else byKey.set(key, [entry])
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error
      outcomes[index] = { accepted: false, error }
    }
  }
  let first = true
  for (const [machine, byKey] of byMachine) {
    const inOrder = [...byKey.values()].flat()
    for (let from = 0; from < inOrder.length; from += AT_ONCE) {
      if (!first) await new Promise<void>((resolve) => { afterEvents(resolve) })
      first = false
      signal?.throwIfAborted()
      const part = inOrder.slice(from, from + AT_ONCE)
      machine.scope(() => {
        const batch = new Batch(machine, part.length)
        for (const entry of part) {
          const error = batch.add(entry)
          if (error) outcomes[entry.index] = { accepted: false, error }
        }
        batch.decide((index, outcome) => { outcomes[index] = outcome })
      })
    }
  }
  return outcomes
}

interface Entry { readonly key: KeyTables; readonly signals: readonly bigint[]; readonly proof: ProofIntegers; readonly index: number }

/** The proofs of one machine, those of one key next to each other. */
class Batch {
  private readonly machine: PairingMachine
  private readonly proofs: number
  private entries: Entry[] = []
  private coefficients = 0
  private powers: bigint[] = []
  private fresh = 0
  private points = 0

  constructor(machine: PairingMachine, most: number) {
    this.machine = machine
    this.proofs = machine.keep(most * PROOF)
  }

  /** Takes one more proof, or says what is wrong with its points. */
  add(entry: Entry): InvalidInput | undefined {
    try {
      this.machine.scope(() => importProof(this.machine, this.proofs + this.entries.length * PROOF, entry.proof))
      this.entries.push(entry)
      return undefined
    } catch (error) {
      if (error instanceof InvalidInput) return error
      throw error
    }
  }

  decide(tell: (index: number, outcome: Outcome) => void): void {
    if (this.entries.length === 1) return tell(this.entries[0]!.index, this.alone(this.entries[0]!))
    if (this.entries.length === 0) return
    this.randomise()
    let hold = this.hold(0, this.entries.length)
    const strangers = this.removeOutsideSubgroup()
    for (const { index } of strangers) tell(index, { accepted: false, error: outsideSubgroup() })
    if (this.entries.length === 0) return
    if (strangers.length > 0) {
      this.randomise()
      hold = this.hold(0, this.entries.length)
    }
    const bad = new Set<Entry>()
    if (!hold) this.find(0, this.entries.length, bad)
    for (const entry of this.entries) tell(entry.index, { accepted: !bad.has(entry) })
  }

  /** The one proof of a batch, with no powers. */
  private alone({ key, signals }: Entry): Outcome {
    try {
      return { accepted: this.machine.scope(() => holds(key, signals, this.proofs)) }
    } catch (error) {
      if (error instanceof InvalidInput) return { accepted: false, error }
      throw error
    }
  }

  /** Adds to `bad` what is false in a range whose product is not 1. */
  private find(from: number, to: number, bad: Set<Entry>): void {
    if (to - from === 1) { bad.add(this.entries[from]!); return }
    const middle = (from + to) >> 1
    const left = this.hold(from, middle)
    if (!left) this.find(from, middle, bad)
    // A product of two of which one is 1 and the whole is not
    if (left || !this.hold(middle, to)) this.find(middle, to, bad)
  }

  /** Draws the coefficients and multiplies the As by them. */
  private randomise(): void {
    const { machine, entries: { length } } = this, { exports } = machine
    const pairs = Math.ceil(length / 2)
    const random = randomBytes(2 * pairs * COEFFICIENT)
    this.coefficients = machine.keep(random.length)
    this.fresh = machine.keep(length * FRESH)
    this.powers = this.entries.map((_, i) => coefficient(random.subarray(i * COEFFICIENT, (i + 1) * COEFFICIENT), SCALAR_ORDER))
    this.points = machine.keep(pairs * SIDE_BY_SIDE)
    machine.scope(() => {
      const workspace = machine.keep(multiplesWorkspace(pairs))
      machine.bytes.set(random, this.coefficients)
      exports.gatherPoints(this.points, this.proofs, length, 0)
      exports.multiples(this.points, pairs, this.coefficients, workspace)
    })
  }

  /** Whether the equations of a range, to their powers, multiply to 1. */
  private hold(from: number, to: number): boolean {
    const { machine } = this, { exports } = machine
    return machine.scope(() => {
      const segments = this.segments(from, to)
      const fixed = machine.keep(4 * segments.length * FIXED), lines = machine.keep(12 * segments.length), result = machine.keep(FP12)
      segments.forEach(({ start, end }, n) => machine.scope(() => {
        const { key } = this.entries[start]!
        const at = fixed + 3 * n * FIXED
        const [alpha, input] = this.sums(key, start, end)
        const c = machine.keep(JACOBIAN), pairs = Math.ceil((end - start) / 2)
        const points = machine.keep(pairs * SIDE_BY_SIDE), workspace = machine.keep(multiplesWorkspace(pairs))
        exports.gatherPoints(points, this.proofs + start * PROOF, end - start, 1)
        exports.combination(c, points, end - start, this.coefficients + start * COEFFICIENT, workspace)
        exports.sideBySide(c, input, c)
        exports.toFixed(at, at + FIXED, c)
        exports.toFixed(at + 2 * FIXED, at + 3 * FIXED, alpha) // the second is overwritten or beyond the count
        ;[key.lines.gamma, key.lines.delta, key.lines.beta].forEach((line, k) => machine.view.setUint32(lines + 12 * n + 4 * k, line, true))
      }))
      this.loop(result, from, to, fixed, lines, 3 * segments.length)
      exports.finalExponentiation(result, result)
      return exports.isOne12(result) === 1
    })
  }

  /** The Miller loops of a range; fills its T. */
  private loop(result: number, from: number, to: number, fixed: number, lines: number, fixedCount: number): void {
    const { machine } = this, { exports } = machine, count = to - from
    const first = this.fresh + from * FRESH
    const place = (i: number) => this.fresh + i * FRESH
    for (let i = from; i < to; i++) exports.toFresh(place(i), this.points + (i >> 1) * SIDE_BY_SIDE, i & 1, this.proofs + i * PROOF + 2 * PAIR)
    if (count >= IN_STEP_FROM) {
      const spare = machine.keep(2 * FIXED), work = machine.keep(2 * count * PAIR)
      for (let pair = from >> 1; pair < Math.ceil(to / 2); pair++) {
        const target = (i: number) => (i >= from && i < to ? place(i) : spare)
        exports.toNegatedFixed(target(2 * pair), target(2 * pair + 1), this.points + pair * SIDE_BY_SIDE)
      }
      if (exports.millerLoopInStep(result, first, count, fixed, lines, fixedCount, work)) return
      // A point of small order has met an exceptional case.
      for (let i = from; i < to; i++) exports.toFresh(place(i), this.points + (i >> 1) * SIDE_BY_SIDE, i & 1, this.proofs + i * PROOF + 2 * PAIR)
    }
    exports.millerLoop(result, first, count, fixed, lines, fixedCount)
  }

  /** Σ zᵢ·alpha and Σ zᵢ·Vᵢ. */
  private sums(key: KeyTables, start: number, end: number): [number, number] {
    const scalars = new Array<bigint>(key.publicSignals + 1).fill(0n)
    for (let i = start; i < end; i++) {
      const z = this.powers[i]!
      scalars[0]! += z
      this.entries[i]!.signals.forEach((signal, j) => { scalars[j + 1]! += z * signal })
    }
    const reduced = scalars.map((scalar) => scalar % SCALAR_ORDER)
    return [combination(key, reduced.slice(0, 1)), combination(key, [0n, ...reduced])]
  }

  private segments(from: number, to: number): { start: number; end: number }[] {
    const segments: { start: number; end: number }[] = []
    for (let i = from; i < to; i++) {
      const last = segments.at(-1)
      if (last && this.entries[i]!.key === this.entries[last.start]!.key) last.end = i + 1
      else segments.push({ start: i, end: i + 1 })
    }
    return segments
  }

  /** Takes out the proofs whose B is outside the subgroup, which the Miller loops have found. */
  private removeOutsideSubgroup(): Entry[] {
    const { machine } = this
    const strangers = this.entries.filter((_, i) => !machine.exports.inSubgroup(this.fresh + i * FRESH))
    if (strangers.length === 0) return strangers
    const kept: Entry[] = []
    this.entries.forEach((entry, i) => {
      if (strangers.includes(entry)) return
      machine.bytes.copyWithin(this.proofs + kept.length * PROOF, this.proofs + i * PROOF, this.proofs + (i + 1) * PROOF)
      kept.push(entry)
    })
    this.entries = kept
    return strangers
  }
}

function randomBytes(length: number): Uint8Array {
  const MOST = 65536 // that getRandomValues gives at once
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += MOST) crypto.getRandomValues(bytes.subarray(at, at + MOST))
  return bytes
}
