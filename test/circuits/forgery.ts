/**
 * Looking for freedom in a constraint system, three ways:
 *
 * - `determined`: wires that follow from known ones, constraint by constraint: a proof that they have one value;
 * - `freeOutputs`: the rest locally, by the rank of the Jacobian mod r at a witness;
 * - `repair`: discretely: change one wire, then let every broken constraint be mended by another wire, in all ways.
 */

import { type Combination, type Constraint, evaluate, holds, inverse, mod, type R1cs, type Witness, wiresOf } from './r1cs.ts'

/** Wires that have one value only, given the values that `witness` has for `known`. `without` names a constraint to ignore. */
export function determined(r1cs: R1cs, witness: Witness, known: Iterable<number>, without = -1): Set<number> {
  const found = new Set<number>([0, ...known])
  const unknowns = r1cs.constraints.map((constraint) => [...wiresOf(constraint)].filter((wire) => !found.has(wire)).length)
  const ready = unknowns.flatMap((count, i) => (count === 1 ? [i] : []))
  for (let i = ready.pop(); i !== undefined; i = ready.pop()) {
    const constraint = r1cs.constraints[i] as Constraint
    const wire = [...wiresOf(constraint)].find((each) => !found.has(each))
    if (i === without || wire === undefined || solutions(constraint, wire, witness).length !== 1) continue
    found.add(wire)
    for (const j of r1cs.touching(wire)) if (--(unknowns[j] as number) === 1) ready.push(j)
  }
  return found
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

/** The values of `wire` that satisfy a constraint, all else standing; none when all do, or when a square root would be needed. */
export function solutions({ a, b, c }: Constraint, wire: number, witness: Witness): bigint[] {
  const [a1, b1, c1] = [a, b, c].map((part) => coefficientOf(part, wire)) as [bigint, bigint, bigint]
  const value = witness[wire] as bigint
  const [a0, b0, c0] = [mod(evaluate(a, witness) - a1 * value), mod(evaluate(b, witness) - b1 * value), mod(evaluate(c, witness) - c1 * value)]
  if (a1 !== 0n && b1 !== 0n) return c0 === 0n && c1 === 0n ? [mod(-a0 * inverse(a1)), mod(-b0 * inverse(b1))] : []
  const slope = mod(a1 * b0 + a0 * b1 - c1)
  return slope === 0n ? [] : [mod((c0 - a0 * b0) * inverse(slope))]
}

function coefficientOf({ wires, coefficients }: Combination, wire: number): bigint {
  return wires.reduce((sum, each, k) => (each === wire ? sum + (coefficients[k] as bigint) : sum), 0n)
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
  /** Which of a constraint's wires to try first: those of low or of high number. */
  readonly first?: 'low' | 'high'
}

/** Another witness with that wire changed, in which all constraints (but `without`) hold; undefined when none was found. */
export function repair(r1cs: R1cs, honest: Witness, { wire, value, frozen, without = -1, budget = 400, first = 'low' }: Repair): Witness | undefined {
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
  // Bits last: another value than 0 and 1 ends at once, and there are many of them.
  const rank = (each: number) => (first === 'low' ? each : -each) + (r1cs.isBit(each) ? r1cs.wires * 2 : 0)
  const free = (i: number) => [...wiresOf(r1cs.constraints[i] as Constraint)].filter((each) => !held.has(each)).sort((x, y) => rank(x) - rank(y))

  const mend = (): boolean => {
    if (broken.size === 0) return true
    // The constraint with the fewest ways out first: most attempts end there at once.
    const [next, ways] = [...broken].map((i) => [i, free(i)] as const).reduce((best, each) => (each[1].length < best[1].length ? each : best))
    for (const way of ways) {
      if (left-- <= 0) return false
      const before = witness[way] as bigint
      held.add(way)
      for (const solution of solutions(r1cs.constraints[next] as Constraint, way, witness)) {
        assign(way, solution)
        if (mend()) return true
        assign(way, before)
      }
      held.delete(way)
    }
    return false
  }

  held.add(wire)
  assign(wire, mod(value))
  return mend() ? witness : undefined
}

/** Wrong values worth trying for a wire that has this one. */
export function wrongValues(value: bigint): bigint[] {
  return [...new Set([mod(1n - value), mod(value + 1n), 0n, 1n, 2n, mod(-value), mod(value * 3n + 12345n)])].filter((each) => each !== value)
}

/**
 * Witnesses that give other outputs to the same inputs: a hint replaced by another value, everything after it redone. Only wires that do
 * not follow from the inputs one by one are hints; those that do have no other value.
 */
export function* otherOutputs(r1cs: R1cs, honest: Witness, outputs: readonly number[]): Generator<Witness> {
  const known = determined(r1cs, honest, r1cs.inputs)
  const frozen = new Set(r1cs.inputs)
  for (let wire = 1; wire < r1cs.wires; wire++) {
    if (known.has(wire)) continue
    for (const value of wrongValues(honest[wire] as bigint)) {
      const forged = repair(r1cs, honest, { wire, value, frozen })
      if (forged && outputs.some((output) => forged[output] !== honest[output])) yield forged
    }
  }
}

/**
 * Constraints that none of the witnesses shows to be needed: for each other one there is an assignment that breaks it alone, so without it
 * the circuit would accept more.
 */
export function idleConstraints(r1cs: R1cs, witnesses: readonly Witness[]): number[] {
  return r1cs.constraints.flatMap((constraint, without) => (witnesses.some((witness) => breaksAlone(r1cs, constraint, without, witness)) ? [] : [without]))
}

function breaksAlone(r1cs: R1cs, constraint: Constraint, without: number, witness: Witness): boolean {
  for (const first of ['high', 'low'] as const) {
    for (const wire of wiresOf(constraint)) {
      for (const value of wrongValues(witness[wire] as bigint)) {
        const forged = repair(r1cs, witness, { wire, value, frozen: new Set(), without, first })
        if (forged && !holds(constraint, forged)) return true
      }
    }
  }
  return false
}
