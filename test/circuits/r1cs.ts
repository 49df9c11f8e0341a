/** Rank-1 constraint systems as circom writes them, read and evaluated independently of snarkjs. */

import { readFile } from 'node:fs/promises'
import { bug, invariant } from '../../src/errors/errors.ts'
import { FIELD_ORDER } from '../../src/field/field.ts'

/** Σ coefficient · wire, the wires in `wires`, their coefficients in `coefficients`. */
export interface Combination {
  readonly wires: readonly number[]
  readonly coefficients: readonly bigint[]
}

/** a · b = c */
export interface Constraint {
  readonly a: Combination
  readonly b: Combination
  readonly c: Combination
}

/** A wire's coefficients in a, b and c. */
export type Term = readonly [a: bigint, b: bigint, c: bigint]

/** Values of wires; wire 0 is 1. */
export type Witness = bigint[]

export class R1cs {
  readonly wires: number
  /** Public outputs, then public inputs: wires 1 … outputs + publicInputs. */
  readonly outputs: number
  readonly publicInputs: number
  readonly privateInputs: number
  readonly constraints: readonly Constraint[]
  readonly #terms: (ReadonlyMap<number, Term> | undefined)[] = []
  #byWire: number[][] | undefined
  #bits: Set<number> | undefined

  constructor(header: { wires: number; outputs: number; publicInputs: number; privateInputs: number }, constraints: readonly Constraint[]) {
    this.wires = header.wires
    this.outputs = header.outputs
    this.publicInputs = header.publicInputs
    this.privateInputs = header.privateInputs
    this.constraints = constraints
  }

  static async read(path: string): Promise<R1cs> {
    const bytes = await readFile(path)
    return parse(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  }

  /** The wires that inputs occupy, public and private. */
  get inputs(): number[] {
    return Array.from({ length: this.publicInputs + this.privateInputs }, (_, i) => 1 + this.outputs + i)
  }

  /** Numbers of the constraints that `witness` breaks. */
  violated(witness: Witness): number[] {
    const broken: number[] = []
    this.constraints.forEach((constraint, i) => holds(constraint, witness) || broken.push(i))
    return broken
  }

  satisfied(witness: Witness): boolean {
    return this.constraints.every((constraint) => holds(constraint, witness))
  }

  /** Numbers of the constraints in which a wire occurs. */
  touching(wire: number): readonly number[] {
    this.#byWire ??= this.#index()
    return this.#byWire[wire] ?? []
  }

  /** The coefficients that a constraint has for each of its wires, without the constant wire 0. */
  terms(i: number): ReadonlyMap<number, Term> {
    return (this.#terms[i] ??= termsOf(this.constraints[i] ?? bug(`no constraint ${i}`)))
  }

  /** Whether a constraint has no other wire than this one, as a bit's own has. */
  isBit(wire: number): boolean {
    this.#bits ??= new Set(this.constraints.flatMap((_, i) => (this.terms(i).size === 1 ? [...this.terms(i).keys()] : [])))
    return this.#bits.has(wire)
  }

  #index(): number[][] {
    const byWire = Array.from({ length: this.wires }, () => [] as number[])
    this.constraints.forEach((_, i) => {
      for (const wire of this.terms(i).keys()) byWire[wire]?.push(i)
    })
    return byWire
  }
}

export function mod(value: bigint): bigint {
  const rest = value % FIELD_ORDER
  return rest < 0n ? rest + FIELD_ORDER : rest
}

export function evaluate(combination: Combination, witness: Witness): bigint {
  return mod(unreduced(combination, witness))
}

function unreduced({ wires, coefficients }: Combination, witness: Witness): bigint {
  let sum = 0n
  for (let k = 0; k < wires.length; k++) {
    const value = witness[wires[k] as number] as bigint
    if (value !== 0n) sum += (coefficients[k] as bigint) * value
  }
  return sum
}

export function holds({ a, b, c }: Constraint, witness: Witness): boolean {
  return (unreduced(a, witness) * unreduced(b, witness) - unreduced(c, witness)) % FIELD_ORDER === 0n
}

function termsOf({ a, b, c }: Constraint): Map<number, Term> {
  const terms = new Map<number, [bigint, bigint, bigint]>()
  for (const [part, { wires, coefficients }] of [a, b, c].entries()) {
    wires.forEach((wire, k) => {
      const term = terms.get(wire) ?? [0n, 0n, 0n]
      term[part as 0 | 1 | 2] += coefficients[k] as bigint
      terms.set(wire, term)
    })
  }
  terms.delete(0)
  return terms
}

/** 1 / value; value is not 0. */
export function inverse(value: bigint): bigint {
  invariant(mod(value) !== 0n, '0 has no inverse')
  let [a, b, x, y] = [mod(value), FIELD_ORDER, 1n, 0n]
  while (b !== 0n) {
    const quotient = a / b
    ;[a, b] = [b, a - quotient * b]
    ;[x, y] = [y, x - quotient * y]
  }
  return mod(x)
}

/** iden3's r1cs format, version 1: sections of type (4 bytes), size (8), content; 1 is the header, 2 the constraints. */
function parse(view: DataView): R1cs {
  const sections = new Map<number, number>()
  for (let at = 12; at < view.byteLength; at += 12 + Number(view.getBigUint64(at + 4, true))) sections.set(view.getUint32(at, true), at + 12)
  const header = (sections.get(1) ?? bug('r1cs without header')) + 4 + view.getUint32(sections.get(1) ?? 0, true)
  const [wires, outputs, publicInputs, privateInputs] = [0, 4, 8, 12].map((k) => view.getUint32(header + k, true)) as [number, number, number, number]
  const count = view.getUint32(header + 24, true)

  let at = sections.get(2) ?? bug('r1cs without constraints')
  const element = (): bigint => {
    const value = view.getBigUint64(at, true) | (view.getBigUint64(at + 8, true) << 64n) | (view.getBigUint64(at + 16, true) << 128n) | (view.getBigUint64(at + 24, true) << 192n)
    at += 32
    return value
  }
  const combination = (): Combination => {
    const terms = view.getUint32(at, true)
    at += 4
    const combined = { wires: new Array<number>(terms), coefficients: new Array<bigint>(terms) }
    for (let k = 0; k < terms; k++) {
      combined.wires[k] = view.getUint32(at, true)
      at += 4
      combined.coefficients[k] = element()
    }
    return combined
  }
  const constraints = Array.from({ length: count }, () => ({ a: combination(), b: combination(), c: combination() }))
  return new R1cs({ wires, outputs, publicInputs, privateInputs }, constraints)
}
