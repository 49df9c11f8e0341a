// One operation of a setup: its memory, its jobs, how far it is and whether it shall go on.
//
// An operation's work is divided into parts by weights that are known before they begin. A part is worked off by jobs of the threads
// (`counting`) or in turns on the caller's thread (`each`), and both look at the signal. What fails or is stopped waits for
// the threads that still write to its memory, and only then gives that back.

import type { Pool, Work } from '../pool.ts'
import { ELEMENT } from '../wasm/field.ts'
import type { Machine } from '../wasm/machine.ts'
import { RAW, cut, type Group } from './program.ts'

export interface WorkOptions {
  /** Called with the share of the work done, in (0, 1]: it only grows, and is 1 at the end. */
  readonly onProgress?: ((done: number) => void) | undefined
  /** Ends the work soon; its promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** Runs work on the next free thread; `units` of what is counted are done with it, one if not said. */
export type Run = (work: Work, options?: { workspace?: number; urgency?: number; units?: number }) => Promise<void>

/** About what things take, in microseconds of a processor: to weigh parts by. */
export const COST = {
  /** of a beacon, once */
  hash: 0.12,
  /** a point of L or H by a contribution's scalar */
  scale: 27,
  /** one contribution checked */
  contribution: 40_000,
  /** a new key, for each term of the matrices A and B */
  newKey: 27,
  /** a point in a random combination */
  combination: 2,
  /** a value of the random polynomial */
  value: 8,
} as const

const TURN = 15 // ms on the caller's thread before its events are let through
const SMALLEST_STEP = 1 / 1000 // of progress that is told

class Operation {
  readonly machine: Machine
  readonly running = new Set<Promise<void>>()
  private readonly pool: Pool
  private readonly options: WorkOptions
  private done = 0
  private told = 0

  constructor(machine: Machine, pool: Pool, options: WorkOptions) {
    this.machine = machine
    this.pool = pool
    this.options = options
  }

  stopIfAsked(): void { this.options.signal?.throwIfAborted() }

  count(share: number): void {
    this.done += share
    if (this.options.signal?.aborted) return
    if (this.done >= this.told + SMALLEST_STEP && this.done < 1 - SMALLEST_STEP / 2) this.options.onProgress?.(this.told = this.done)
  }

  end(): void { this.options.onProgress?.(1) }

  async run(work: Work, workspace: number | undefined, urgency: number | undefined): Promise<void> {
    const job = this.pool.run(work, { workspace: workspace ?? 0, urgency: urgency ?? 0, signal: this.options.signal })
    this.running.add(job)
    try { await job } finally { this.running.delete(job) }
  }
}

export class Task {
  readonly machine: Machine
  private readonly operation: Operation
  private readonly share: number

  private constructor(operation: Operation, share: number) {
    this.machine = operation.machine
    this.operation = operation
    this.share = share
  }

  /** A whole operation. @throws the signal's reason */
  static async perform<T>(machine: Machine, pool: Pool, options: WorkOptions, body: (task: Task) => Promise<T>): Promise<T> {
    const operation = new Operation(machine, pool, options)
    operation.stopIfAsked()
    const result = await body(new Task(operation, 1))
    operation.stopIfAsked()
    operation.end()
    return result
  }

  /** This task's work, divided. */
  parts<Weights extends readonly number[]>(...weights: Weights): { [K in keyof Weights]: Task } {
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    return weights.map((weight) => new Task(this.operation, total > 0 ? this.share * weight / total : 0)) as { [K in keyof Weights]: Task }
  }

  /** For jobs that together are this task's work, of so many units. */
  counting(units: number): Run {
    return async (work, { workspace, urgency, units: done = 1 } = {}) => {
      await this.operation.run(work, workspace, urgency)
      this.operation.count(this.share * done / units)
    }
  }

  /** For jobs that take no time worth counting. */
  readonly run: Run = (work, { workspace, urgency } = {}) => this.operation.run(work, workspace, urgency)

  /** `body(i)` for i < count, on the caller's thread; together this task's work. */
  async each(count: number, body: (i: number) => void | Promise<void>): Promise<void> {
    let counted = 0, start = performance.now()
    for (let i = 0; i < count; i++) {
      const pending = body(i)
      if (pending) await pending
      if (performance.now() - start < TURN) continue
      this.operation.count(this.share * (i + 1 - counted) / count)
      counted = i + 1
      await new Promise((resolve) => { setTimeout(resolve) })
      this.operation.stopIfAsked()
      start = performance.now()
    }
    if (counted < count) this.operation.count(this.share * (count - counted) / count)
  }

  /** Runs `body` with an `allocate` whose memory is taken back after it. */
  async scope<T>(body: (allocate: (bytes: number) => number) => Promise<T>): Promise<T> {
    const owned: number[] = []
    try {
      return await body((bytes) => { const at = this.machine.allocate(bytes); owned.push(at); return at })
    } catch (error) {
      await Promise.allSettled(this.operation.running)
      throw error
    } finally { for (const at of owned) this.machine.release(at) }
  }

  words(values: Uint32Array, allocate: (bytes: number) => number): number {
    const at = allocate(values.byteLength)
    new Uint32Array(this.machine.memory.buffer, at, values.length).set(values)
    return at
  }

  /** Points of a file → element points. */
  async importPoints(raw: Uint8Array, allocate: (bytes: number) => number): Promise<number> {
    const { machine } = this, coordinates = raw.length / 32, at = allocate(coordinates * ELEMENT)
    await this.scope(async (own) => {
      const temporary = own(raw.length)
      machine.bytes.set(raw, temporary)
      await together(cut(coordinates, COORDINATES_PER_JOB).map(([from, to]) =>
        this.run(() => [['fp_import', at + ELEMENT * from, temporary + 32 * from, to - from, machine.program.factors.fp.fromMontgomery256]])))
    })
    return at
  }

  /** Element points → as files have them, or (`plain`) as integers. */
  exportPoints(group: Group, points: number, count: number, form: 'file' | 'plain' = 'file'): Promise<Uint8Array<ArrayBuffer>> {
    const { machine } = this, coordinates = count * RAW[group] / 32
    const factor = machine.program.factors.fp[form === 'file' ? 'toMontgomery256' : 'toPlain']
    return this.scope(async (own) => {
      const temporary = own(32 * coordinates)
      await together(cut(coordinates, COORDINATES_PER_JOB).map(([from, to]) => this.run(() => [['fp_export', temporary + 32 * from, points + ELEMENT * from, to - from, factor]])))
      return machine.bytes.slice(temporary, temporary + 32 * coordinates)
    })
  }
}

const COORDINATES_PER_JOB = 1 << 14

/** What all of them make. If some fail it waits for the others, then throws the first one's error. */
export async function together<T>(work: readonly Promise<T>[]): Promise<T[]> {
  return (await Promise.allSettled(work)).map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}
