/**
 * Looking for freedom in a constraint system, three ways:
 *
 * - `determined`: wires that follow from known ones, constraint by constraint: a proof that they have one value;
 * - `freeOutputs`: the rest locally, by the rank of the Jacobian mod r at a witness;
 * - `repair`: discretely: change one wire, then let every broken constraint be mended by another wire, in all ways.
 */

import { type Combination, type Constraint, evaluate, holds, inverse, mod, type R1cs, type Term, type Witness } from './r1cs.ts'

/** Wires that have one value only, given the values that `witness` has for `known`, with the constraint that gives it: in order. */
export function determined(r1cs: R1cs, witness: Witness, known: Iterable<number>, without = -1): Map<number, number> {
  const found = new Map<number, number>([0, ...known].map((wire) => [wire, -1]))
  const unknown = (i: number) => [...r1cs.terms(i).keys()].filter((wire) => !found.has(wire))
  const counts = r1cs.constraints.map((_, i) => unknown(i).length)
  const ready = counts.flatMap((count, i) => (count === 1 ? [i] : []))
  for (let i = ready.pop(); i !== undefined; i = ready.pop()) {
    const [wire] = unknown(i)
    if (i === without || wire === undefined || solutions(r1cs, i, wire, witness).length !== 1) continue
    found.set(wire, i)
    for (const j of r1cs.touching(wire)) if (--(counts[j] as number) === 1) ready.push(j)
  }
  return found
}

/** In which order a prover computes: wire after wire with its constraint, from inputs, bits and whatever else is a hint. */
function programOf(r1cs: R1cs, witness: Witness): [wire: number, constraint: number][] {
  const wires = Array.from({ length: r1cs.wires }, (_, wire) => wire)
  const known = [...r1cs.inputs, ...wires.filter((wire) => r1cs.isBit(wire))]
  for (;;) {
    const found = determined(r1cs, witness, known)
    const hint = wires.find((wire) => !found.has(wire))
    if (hint === undefined) return [...found].filter(([, constraint]) => constraint >= 0)
    known.push(hint)
  }
}

/** Gives each wire of a program the value that its constraint computes from the others, in order. */
export function recompute(r1cs: R1cs, witness: Witness, program: Iterable<readonly [wire: number, constraint: number]>): void {
  for (const [wire, constraint] of program) {
    const [solution] = constraint < 0 ? [] : solutions(r1cs, constraint, wire, witness)
    if (solution !== undefined) witness[wire] = solution
  }
}

/** The wires of `outputs` that can move, to first order, while the inputs stand still. `without` names a constraint to ignore. */
export function freeOutputs(r1cs: R1cs, witness: Witness, outputs: readonly number[], without = -1): number[] {
  const known = determined(r1cs, witness, r1cs.inputs, without)
  const last = new Set(outputs)
  const pivots = new Map<number, Row>()
  r1cs.constraints.forEach((constraint, i) => {
    if (i === without) return
    const row = new Map([...gradient(constraint, witness)].filter(([wire]) => !known.has(wire)))
    insert(pivots, row, (wire) => (last.has(wire) ? 1e9 : 0) + wire)
  })
  // Outputs come last in the order of pivots: one is fixed exactly when some combination of constraints is its row alone.
  const fixed = backSubstitute(pivots, outputs)
  return outputs.filter((wire) => !known.has(wire) && !fixed.has(wire))
}

type Row = Map<number, bigint>

function insert(pivots: Map<number, Row>, row: Row, rank: (wire: number) => number): void {
  while (row.size > 0) {
    const pivot = [...row.keys()].reduce((best, wire) => (rank(wire) < rank(best) ? wire : best))
    const above = pivots.get(pivot)
    const factor = row.get(pivot) as bigint
    if (!above) {
      const scale = inverse(factor)
      pivots.set(pivot, new Map([...row].map(([wire, value]) => [wire, mod(value * scale)])))
      return
    }
    subtract(row, above, factor)
  }
}

function subtract(row: Row, other: Row, factor: bigint): void {
  for (const [wire, value] of other) {
    const rest = mod((row.get(wire) ?? 0n) - factor * value)
    if (rest === 0n) row.delete(wire)
    else row.set(wire, rest)
  }
}

function backSubstitute(pivots: Map<number, Row>, outputs: readonly number[]): Set<number> {
  const fixed = new Set<number>()
  for (const wire of [...outputs].sort((a, b) => b - a)) {
    const row = pivots.get(wire)
    if (row && [...row.keys()].every((other) => other === wire || fixed.has(other))) fixed.add(wire)
  }
  return fixed
}

function gradient({ a, b, c }: Constraint, witness: Witness): Row {
  const row: Row = new Map()
  const add = ({ wires, coefficients }: Combination, factor: bigint) =>
    wires.forEach((wire, k) => wire !== 0 && row.set(wire, (row.get(wire) ?? 0n) + factor * (coefficients[k] as bigint)))
  add(a, evaluate(b, witness))
  add(b, evaluate(a, witness))
  add(c, -1n)
  for (const [wire, value] of row) {
    if (mod(value) === 0n) row.delete(wire)
    else row.set(wire, mod(value))
  }
  return row
}

/** The values of `wire` that satisfy constraint i, all else standing; none when all do, or when a square root would be needed. */
function solutions(r1cs: R1cs, i: number, wire: number, witness: Witness, at = values(r1cs, i, witness)): bigint[] {
  const [a1, b1, c1] = r1cs.terms(i).get(wire) ?? [0n, 0n, 0n]
  const value = witness[wire] as bigint
  const [a0, b0, c0] = [at[0] - a1 * value, at[1] - b1 * value, at[2] - c1 * value]
  if (a1 !== 0n && b1 !== 0n) return mod(c0) === 0n && c1 === 0n ? [mod(-a0 * inverse(a1)), mod(-b0 * inverse(b1))] : []
  const slope = mod(a1 * b0 + a0 * b1 - c1)
  return slope === 0n ? [] : [mod((c0 - a0 * b0) * inverse(slope))]
}

function values(r1cs: R1cs, i: number, witness: Witness): Term {
  const { a, b, c } = r1cs.constraints[i] as Constraint
  return [evaluate(a, witness), evaluate(b, witness), evaluate(c, witness)]
}

export interface Repair {
  /** A wire and the wrong value it gets. */
  readonly wire: number
  readonly value: bigint
  /** Wires that must keep their values. */
  readonly frozen: ReadonlySet<number>
  /** A constraint that need not hold. */
  readonly without?: number
  /** How many values may be tried. */
  readonly budget?: number
  /** Which of a constraint's wires to try first: those of low or of high number, or bits. Otherwise bits come last. */
  readonly first?: 'low' | 'high' | 'bits'
  /** What is computed again after the change, before any search. */
  readonly program?: readonly [wire: number, constraint: number][]
}

/** Another witness with that wire changed, in which all constraints (but `without`) hold; undefined when none was found. */
export function repair(r1cs: R1cs, honest: Witness, { wire, value, frozen, without = -1, budget = 400, first = 'low', program = [] }: Repair): Witness | undefined {
  const witness = [...honest]
  const held = new Set(frozen)
  const broken = new Set<number>()
  let left = budget

  const assign = (target: number, to: bigint) => {
    witness[target] = to
    for (const i of r1cs.touching(target)) {
      if (i === without || holds(r1cs.constraints[i] as Constraint, witness)) broken.delete(i)
      else broken.add(i)
    }
  }
  const rank = (each: number) => (first === 'low' ? each : -each) + (r1cs.isBit(each) === (first === 'bits') ? 0 : r1cs.wires * 2)
  const free = (i: number) => [...r1cs.terms(i).keys()].filter((each) => !held.has(each))
  /** Most values end at a bit's own constraint: not worth the assignment. */
  const hopeless = (way: number, solution: bigint) => solution > 1n && r1cs.isBit(way) && !r1cs.touching(way).includes(without)

  const mend = (): boolean => {
    if (broken.size === 0) return true
    // The constraint with the fewest ways out first: most attempts end there at once.
    const [next, ways] = [...broken].map((i) => [i, free(i)] as const).reduce((best, each) => (each[1].length < best[1].length ? each : best))
    const at = values(r1cs, next, witness)
    for (const way of ways.sort((x, y) => rank(x) - rank(y))) {
      const before = witness[way] as bigint
      for (const solution of solutions(r1cs, next, way, witness, at)) {
        if (hopeless(way, solution)) continue
        if (left-- <= 0) return false
        held.add(way)
        assign(way, solution)
        if (mend()) return true
        assign(way, before)
        held.delete(way)
      }
    }
    return false
  }

  held.add(wire)
  assign(wire, mod(value))
  // A changed bit changes the number it is a bit of: first that input, then all that is computed.
  const computed = new Set(program.map(([, i]) => i))
  for (const i of [...broken].filter((each) => program.length > 0 && !computed.has(each))) {
    const input = r1cs.inputs.find((each) => r1cs.terms(i).has(each) && !held.has(each))
    const solution = input === undefined ? undefined : solutions(r1cs, i, input, witness).at(-1)
    if (input !== undefined && solution !== undefined) assign(input, solution)
  }
  for (const [target, i] of program) {
    const [solution] = target === wire || !broken.has(i) ? [] : solutions(r1cs, i, target, witness)
    if (solution !== undefined) assign(target, solution)
  }
  return mend() ? witness : undefined
}

/** Wrong values worth trying for a wire that has this one; ± 2 and ± 1/2 are what a neighbouring bit can make up for. */
export function wrongValues(value: bigint): bigint[] {
  const half = inverse(2n)
  const steps = [1n, -1n, 2n, -2n, half, -half].map((step) => value + step)
  return [...new Set([1n - value, 0n, -value, ...steps, value * 3n + 12345n].map(mod))].filter((each) => each !== value)
}

/**
 * Witnesses that give other outputs to the same inputs: a hint replaced by another value, everything after it redone. Only wires that do
 * not follow from the inputs one by one are hints; those that do have no other value. `most` bounds how many are tried.
 */
export function* otherOutputs(r1cs: R1cs, honest: Witness, outputs: readonly number[], most = Infinity): Generator<Witness> {
  const known = determined(r1cs, honest, r1cs.inputs)
  const hints = Array.from({ length: r1cs.wires }, (_, wire) => wire).filter((wire) => !known.has(wire))
  const step = Math.max(1, Math.ceil(hints.length / most))
  const frozen = new Set(r1cs.inputs)
  for (let k = 0; k < hints.length; k += step) {
    const wire = hints[k] as number
    for (const value of wrongValues(honest[wire] as bigint)) {
      const forged = repair(r1cs, honest, { wire, value, frozen })
      if (forged && outputs.some((output) => forged[output] !== honest[output])) yield forged
    }
  }
}

/**
 * Constraints, of those in `among`, that none of the witnesses shows to be needed: for each other one there is an assignment that breaks it
 * alone, so without it the circuit would accept more.
 */
export function idleConstraints(r1cs: R1cs, witnesses: readonly Witness[], among: readonly number[] = r1cs.constraints.map((_, i) => i)): number[] {
  const programs = witnesses.map((witness) => programOf(r1cs, witness))
  const needed = (without: number, budget: number) =>
    witnesses.some((witness, k) => [programs[k], []].some((program = []) => breaksAlone(r1cs, witness, { without, budget, program })))
  // Cheap attempts at all of them first: few need a long search.
  return [20, 200, 2000].reduce((left, budget) => left.filter((without) => !needed(without, budget)), [...among])
}

function breaksAlone(r1cs: R1cs, witness: Witness, options: Pick<Required<Repair>, 'without' | 'budget' | 'program'>): boolean {
  const constraint = r1cs.constraints[options.without] as Constraint
  for (const first of ['high', 'low', 'bits'] as const) {
    for (const wire of r1cs.terms(options.without).keys()) {
      for (const value of wrongValues(witness[wire] as bigint)) {
        const forged = repair(r1cs, witness, { ...options, wire, value, frozen: new Set(), first })
        if (forged && !holds(constraint, forged)) return true
      }
    }
  }
  return false
}
