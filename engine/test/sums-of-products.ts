// Sums of products as the engine computes them, from points and scalars to integers: by multiply.ts, as proving does, and by
// the exported functions below it. On threads, so that a loop without end fails a test and does not hang them all.

import assert from 'node:assert/strict'
import { Engine } from '../src/index.ts'
import { toLittleEndian } from '../src/files.ts'
import { bestLayout, digitsOf, inBlocks, product, type Context, type Layout, type Points } from '../src/multiply.ts'
import type { Call } from '../src/pool.ts'
import { ELEMENT } from '../src/wasm/field.ts'
import type { Arithmetic } from '../src/wasm/machine.ts'
import { SCALAR_ORDER as r, windowCount, windowsWorkspace } from '../src/wasm/msm.ts'
import { curveOf, integersOf, type Group, type NoblePoint } from './curve.ts'
import { Cells } from './machines.ts'

/** An affine point as the integers of its coordinates; all 0 for infinity. */
export type Integers = readonly bigint[]
export interface Scalars { readonly at: number; readonly count: number }
/** A list of a `sums` call: numbers of points, negated where `negative`; `undefined` for an entry that is nothing. */
export type List = readonly ({ readonly point: number; readonly negative: boolean } | undefined)[]

const CANARY = 0xa5, CANARY_BYTES = 64

const kept = { g1: [] as NoblePoint[], g2: [] as NoblePoint[] }, keptIntegers = new Map<string, Integers>()

/** k·G for any k; small ones by additions, and kept. */
export const multiplesOf = (group: Group) => (multiple: bigint | number): Integers => {
  const { BASE, ZERO } = curveOf(group), k = BigInt(multiple), size = k < 0n ? -k : k
  const signed = (point: NoblePoint) => integersOf(k < 0n ? point.negate() : point, group)
  if (size > 4096n) return signed(BASE.multiply(size))
  for (let points = kept[group]; points.length <= size;) points.push(points.at(-1)?.add(BASE) ?? ZERO)
  let integers = keptIntegers.get(`${group} ${k}`)
  if (!integers) keptIntegers.set(`${group} ${k}`, integers = signed(kept[group][Number(size)]!))
  return integers
}

/** Scalars whose digits of `width` bits all carry, or just do not; their negatives; powers of two and their neighbours. */
export function edgeScalars(width: number): bigint[] {
  const w = BigInt(width), half = 1n << (w - 1n), found = new Set<bigint>()
  const add = (...scalars: bigint[]) => { for (const s of scalars) if (s >= 0n && s < r) found.add(s).add((r - s) % r) }
  for (const digit of [1n, half - 1n, half, half + 1n, 2n * half - 2n, 2n * half - 1n]) {
    for (let s = digit; s < r; s = (s << w) + digit) add(s, s + 1n, s << w)
  }
  for (let bit = 0n; bit < 254n; bit++) add((1n << bit) - 1n, 1n << bit, (1n << bit) + 1n)
  add(r >> 1n, (r >> 1n) - 1n, (r >> 1n) + 1n)
  return [...found]
}

export class Sums {
  readonly engine: Engine
  readonly group: Group
  private readonly cells: Cells

  private constructor(engine: Engine, group: Group) {
    this.engine = engine
    this.group = group
    this.cells = new Cells(engine.machine)
  }

  static async start(arithmetic: Arithmetic, group: Group): Promise<Sums> {
    return new Sums(await Engine.create({ arithmetic, threads: 2 }), group)
  }

  close(): void { this.engine.close() }

  private get element(): number { return this.engine.machine.program[this.group].element }
  private get point(): number { return 2 * this.element }
  private get coordinates(): number { return this.point / ELEMENT }

  /** Points that stay. @throws AssertionError for infinity, which callers of the engine leave out */
  place(points: readonly Integers[]): Points {
    for (const coordinates of points) assert.ok(coordinates.some((x) => x !== 0n), 'a point at infinity')
    const at = this.cells.elements(points.flat())
    return { group: this.group, points: at, indices: this.words(points.map((_, i) => i)), count: points.length }
  }

  placeScalars(scalars: readonly bigint[]): Scalars {
    const { machine } = this.engine, at = machine.allocate(32 * scalars.length)
    scalars.forEach((scalar, i) => machine.bytes.set(toLittleEndian(scalar), at + 32 * i))
    return { at, count: scalars.length }
  }

  release({ points, indices }: Points, scalars?: Scalars): void { for (const at of [points, indices, scalars?.at ?? 0]) this.engine.machine.release(at) }

  /** `count` of the points and scalars placed, from number `from` on. */
  part(points: Points, scalars: Scalars, from: number, count: number): [Points, Scalars] {
    return [{ ...points, points: points.points + this.point * from, count }, { at: scalars.at + 32 * from, count }]
  }

  /** Σ scalars[indices[i]]·points[i] as a proof computes it, with tables if the layout has more than one block. */
  product(points: Points, scalars: Scalars, layout: Layout = bestLayout(points.count)): Promise<Integers> {
    return this.scope(async (context) => {
      const tables = layout.blocks === 1 ? points : await inBlocks(context, points, layout)
      return this.read(await product(context, tables, await digitsOf(context, scalars.at, scalars.count, layout), 0), 1)[0]!
    })
  }

  /** The same for points given here and now; point i has the scalar number indices[i], by default number i. */
  async productOf(points: readonly Integers[], scalars: readonly bigint[], layout?: Layout, indices?: readonly number[]): Promise<Integers> {
    const placed = this.place(points), raw = this.placeScalars(scalars)
    if (indices) new Uint32Array(this.engine.machine.memory.buffer, placed.indices, indices.length).set(indices)
    try {
      return await this.product(placed, raw, layout)
    } finally { this.release(placed, raw) }
  }

  /** By `recode`, `windows` in groups that end at `cuts`, and `fold`. */
  exported(points: Points, scalars: Scalars, width: number, cuts: readonly number[] = []): Promise<Integers> {
    return this.scope(async (context) => {
      const windows = windowCount(width), digits = context.allocate(2 * scalars.count * windows)
      await this.call(context, 'recode', scalars.at, scalars.count, width, windows, digits, scalars.count)
      const parts = context.allocate(windows * width * this.point), result = context.allocate(this.point)
      const edges = [0, ...cuts, windows]
      for (const [i, last] of edges.slice(1).entries()) await this.windows(context, points, { at: digits, stride: scalars.count }, edges[i]!, last, width, parts, windows)
      await this.call(context, `${this.group}_fold`, parts, windows, width, result)
      return this.read(result, 1)[0]!
    })
  }

  /** The `width` points that `windows` writes for each window of digits[window][point]. */
  partsOf(points: Points, digits: readonly (readonly number[])[], width: number): Promise<Integers[][]> {
    return this.scope(async (context) => {
      const at = context.allocate(2 * points.count * digits.length), parts = context.allocate(this.point * width * digits.length)
      new Int16Array(this.engine.machine.memory.buffer, at, points.count * digits.length).set(digits.flat())
      await this.windows(context, points, { at, stride: points.count }, 0, digits.length, width, parts, digits.length)
      const all = this.read(parts, width * digits.length)
      return digits.map((_, w) => all.slice(w * width, (w + 1) * width))
    })
  }

  /** The sums of lists of points by `sums`, the kernel. */
  lists(points: Points, lists: readonly List[]): Promise<Integers[]> {
    return this.scope(async (context) => {
      const { machine } = this.engine, entries = lists.flat()
      const at = this.words(entries.map((entry) => (entry ? points.points + this.point * entry.point + Number(entry.negative) : 0)), context.allocate)
      const starts = lists.map((_, l) => lists.slice(0, l).reduce((sum, list) => sum + list.length, 0))
      const offsets = this.words(starts, context.allocate), counts = this.words(lists.map(({ length }) => length), context.allocate)
      const scratchBytes = this.point * Math.floor(entries.length / 2), inputs = machine.bytes.slice(points.points, points.points + this.point * points.count)
      const scratch = this.guarded(context, scratchBytes)
      await this.call(context, `${this.group}_sums`, at, offsets, counts, lists.length, scratch)
      this.checkGuard(scratch, scratchBytes)
      assert.deepEqual(machine.bytes.slice(points.points, points.points + inputs.length), inputs, 'the points stay as they are')
      const word = (address: number) => new DataView(machine.memory.buffer).getUint32(address, true)
      return lists.map((_, l) => {
        const count = word(counts + 4 * l), entry = count === 0 ? 0 : word(at + 4 * starts[l]!)
        assert.ok(count <= 1)
        if (entry === 0) return Array<bigint>(this.coordinates).fill(0n)
        const [sum] = this.read(entry & -2, 1), { p } = machine.program.fp
        return entry & 1 ? sum!.map((x, i) => (i < this.coordinates / 2 || x === 0n ? x : p - x)) : sum!
      })
    })
  }

  private async windows(context: Context, points: Points, digits: { at: number; stride: number }, first: number, last: number, width: number, parts: number, period: number): Promise<void> {
    const bytes = windowsWorkspace(points.count, last - first, width, this.element), workspace = this.guarded(context, bytes)
    await this.call(context, `${this.group}_windows`, points.points, points.indices, points.count, digits.at, digits.stride, first, last, width, workspace, parts + first * width * this.point, 1, period)
    this.checkGuard(workspace, bytes)
  }

  private call({ run }: Context, ...call: Call): Promise<void> { return run(() => [call]) }

  /** Memory with bytes behind it that nobody may change. */
  private guarded({ allocate }: Context, bytes: number): number {
    const at = allocate(bytes + CANARY_BYTES)
    this.engine.machine.bytes.fill(CANARY, at + bytes, at + bytes + CANARY_BYTES)
    return at
  }

  private checkGuard(at: number, bytes: number): void {
    assert.ok(this.engine.machine.bytes.subarray(at + bytes, at + bytes + CANARY_BYTES).every((byte) => byte === CANARY), 'nothing written behind its memory')
  }

  private read(at: number, count: number): Integers[] {
    const { coordinates, point } = this, { bytes } = this.engine.machine, all = this.cells.integers(at, count * coordinates)
    return Array.from({ length: count }, (_, i) => {
      const integers = all.slice(i * coordinates, (i + 1) * coordinates)
      // Proving takes a point of zero bytes for infinity.
      if (integers.every((x) => x === 0n)) assert.ok(bytes.subarray(at + i * point, at + (i + 1) * point).every((byte) => byte === 0), 'infinity is all zero')
      return integers
    })
  }

  private words(values: readonly number[], allocate = (bytes: number): number => this.engine.machine.allocate(bytes)): number {
    const at = allocate(4 * values.length)
    new Uint32Array(this.engine.machine.memory.buffer, at, values.length).set(values)
    return at
  }

  private async scope<T>(body: (context: Context) => Promise<T>): Promise<T> {
    const { machine, pool } = this.engine, owned: number[] = []
    const context: Context = { machine, run: pool.run.bind(pool), allocate(bytes) { const at = machine.allocate(bytes); owned.push(at); return at } }
    try {
      return await body(context)
    } finally { for (const at of owned) machine.release(at) }
  }
}
