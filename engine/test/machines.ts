// One machine of each arithmetic, on this thread, with helpers to move integers in and out.

import { bestArithmetic } from '../src/platform.ts'
import { littleEndian, toLittleEndian } from '../src/files.ts'
import { PAIR, mod, inverse } from '../src/wasm/field.ts'
import { Machine, buildProgram, type Arithmetic } from '../src/wasm/machine.ts'

/** Relaxed SIMD has to be asked for before the first module; where the platform has none, only i64 is tested. */
export const ARITHMETICS: Arithmetic[] = await bestArithmetic() === 'relaxed-simd' ? ['relaxed-simd', 'i64'] : ['i64']

const made = new Map<Arithmetic, Machine>()

export function machineOf(arithmetic: Arithmetic): Machine {
  let machine = made.get(arithmetic)
  if (!machine) made.set(arithmetic, machine = new Machine(buildProgram(arithmetic), { shared: false, threads: 1 }))
  return machine
}

export class Cells {
  readonly machine: Machine
  readonly name: 'fp' | 'fr'
  constructor(machine: Machine, name: 'fp' | 'fr' = 'fp') { this.machine = machine; this.name = name }
  get field() { return this.machine.program[this.name] }

  /** A new pair of Montgomery values. */
  pair(x: bigint, y = x): number {
    const at = this.machine.allocate(PAIR)
    this.machine.bytes.set(this.field.encode(this.field.mont(x), this.field.mont(y)), at)
    return at
  }

  /** The canonical values of a pair's lanes. */
  values(at: number): [bigint, bigint] {
    const over = inverse(this.field.R, this.field.p)
    return this.field.decode(this.machine.bytes.slice(at, at + PAIR)).map((x) => mod(x * over, this.field.p)) as [bigint, bigint]
  }

  /** The integers as they stand in memory. */
  raw(at: number): [bigint, bigint] { return this.field.decode(this.machine.bytes.slice(at, at + PAIR)) }

  /** Elements from integers. */
  elements(values: readonly bigint[]): number {
    const raw = this.machine.allocate(32 * values.length), at = this.machine.allocate(40 * values.length)
    values.forEach((value, i) => this.machine.bytes.set(toLittleEndian(value), raw + 32 * i))
    this.machine.exports[`${this.name}_import`]!(at, raw, values.length, this.machine.program.factors[this.name].fromPlain)
    this.machine.release(raw)
    return at
  }

  integers(elements: number, count: number): bigint[] {
    const raw = this.machine.allocate(32 * count)
    this.machine.exports[`${this.name}_export`]!(raw, elements, count, this.machine.program.factors[this.name].toPlain)
    const values = Array.from({ length: count }, (_, i) => littleEndian(this.machine.bytes.subarray(raw + 32 * i, raw + 32 * i + 32)))
    this.machine.release(raw)
    return values
  }
}
