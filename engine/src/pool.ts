// A queue of work for the engine's threads. Work is a list of calls of exported functions; all data is in the machine's
// memory, so that a call is a name and a few addresses. Without shared memory, or where no thread can be started, the caller's
// thread works.

import type { Machine } from './wasm/machine.ts'
import { afterEvents, startThread, type Thread } from './platform.ts'

export type Call = readonly [name: string, ...args: number[]]
/** The calls, given the address of the thread's workspace. */
export type Work = (workspace: number) => Call[]

interface Job { work: Work; workspace: number; urgency: number; awaited: boolean; signal: AbortSignal | undefined; resolve(): void; reject(error: unknown): void }
interface Worker { readonly thread: Thread | undefined; readonly base: number; workspace: number; workspaceBytes: number; job: Job | undefined; hold(on: boolean): void }

export class Pool {
  private readonly machine: Machine
  private readonly workers: Worker[] = []
  private readonly queue: Job[] = []
  private failure: Error | undefined
  /** Of a pool that is closed or has failed: settles when no thread runs any more. */
  ended: Promise<unknown> | undefined

  private constructor(machine: Machine) { this.machine = machine }

  /** As many threads as the machine was made for, or fewer: none if its memory is not shared or none can be started. */
  static async start(machine: Machine): Promise<Pool> {
    const pool = new Pool(machine)
    const started = await Promise.all(Array.from({ length: machine.shared ? machine.threads : 0 }, async (_, i) => {
      const base = machine.baseOf(i + 1), thread = await readyThread(machine, base)
      return thread ? [withThread(thread, base)] : []
    }))
    pool.workers.push(...started.flat())
    if (pool.workers.length === 0) pool.workers.push(withThread(undefined, machine.baseOf(0)))
    for (const worker of pool.workers) {
      worker.thread?.onMessage(({ error }) => pool.finished(worker, error))
      worker.thread?.onFailure((error) => pool.fail(error))
    }
    return pool
  }

  /** How many work at the same time. */
  get threads(): number { return this.workers.length }

  /**
   * Runs `work` on the next free thread; larger `urgency` first. `workspace` is the bytes of scratch it needs. The program is kept
   * alive for it, unless it is not `awaited`.
   * @throws the signal's reason, if it is aborted before the work starts
   */
  run(work: Work, options: { workspace?: number; urgency?: number; awaited?: boolean; signal?: AbortSignal | undefined } = {}): Promise<void> {
    if (this.failure) return Promise.reject(this.failure)
    return new Promise((resolve, reject) => {
      const job = { work, workspace: options.workspace ?? 0, urgency: options.urgency ?? 0, awaited: options.awaited ?? true, signal: options.signal, resolve, reject }
      const before = this.queue.findIndex((other) => other.urgency < job.urgency)
      this.queue.splice(before < 0 ? this.queue.length : before, 0, job)
      this.next()
    })
  }

  /** Zeros in the scratch of the threads that have nothing to do: what they did leaves traces there. */
  wipe(): void {
    const { machine } = this, { bytes } = machine
    const idle = this.workers.filter(({ job }) => !job)
    for (const { workspace, workspaceBytes } of idle) bytes.fill(0, workspace, workspace + workspaceBytes)
    for (const base of [machine.baseOf(0), ...idle.map((worker) => worker.base)]) bytes.fill(0, base, base + machine.frameBytes)
  }

  close(): void { this.fail(new Error('the engine is closed')) }

  private next(): void {
    this.dispatch()
    // What runs is waited for by those whose turn comes after it.
    const awaited = [...this.workers.flatMap(({ job }) => job ?? []), ...this.queue].some((job) => job.awaited)
    for (const worker of this.workers) worker.hold(worker.job !== undefined && awaited)
  }

  private dispatch(): void {
    for (const worker of this.workers) {
      if (worker.job) continue
      const job = this.queue.shift()
      if (!job) return
      if (job.signal?.aborted) { job.reject(job.signal.reason); return this.dispatch() }
      worker.job = job
      try {
        this.provide(worker, job.workspace)
        const calls = job.work(worker.workspace)
        if (worker.thread) {
          worker.thread.post({ calls })
        } else worker.hold = afterEvents(() => this.runHere(worker, calls)) // so that the caller's page lives between two jobs
      } catch (error) {
        worker.job = undefined
        job.reject(error)
        return this.dispatch()
      }
    }
  }

  private provide(worker: Worker, bytes: number): void {
    if (worker.workspaceBytes >= bytes) return
    this.machine.release(worker.workspace)
    worker.workspace = worker.workspaceBytes = 0 // there may be no memory for another, and this one may become someone else's
    worker.workspace = this.machine.allocate(bytes)
    worker.workspaceBytes = bytes
  }

  private runHere(worker: Worker, calls: Call[]): void {
    let error: string | undefined
    try {
      for (const [name, ...args] of calls) this.machine.exports[name]!(...args)
    } catch (e) { error = String(e) }
    this.finished(worker, error)
  }

  private finished(worker: Worker, error: string | undefined): void {
    const { job } = worker
    worker.job = undefined
    if (error !== undefined) job?.reject(new Error(error))
    else job?.resolve()
    this.next()
  }

  private fail(error: Error): void {
    if (this.failure) return
    this.failure = error
    for (const job of [...this.workers.flatMap(({ job }) => job ?? []), ...this.queue]) job.reject(error)
    this.queue.length = 0
    this.ended = Promise.allSettled(this.workers.map(({ thread }) => thread?.terminate()))
  }
}

/** `undefined`: the caller's. */
const withThread = (thread: Thread | undefined, base: number): Worker =>
  ({ thread, base, workspace: 0, workspaceBytes: 0, job: undefined, hold: (on) => thread?.hold(on) })

const STARTING_MS = 10_000

/**
 * A thread that has the code and the memory, or undefined where it cannot be had. Nothing may be allocated before it is ready: V8
 * (Node 22 and 24, once in some hundred times) tells a thread that is just taking a shared memory over nothing of its growing, and
 * the thread then finds addresses out of bounds.
 */
async function readyThread({ module, memory }: Machine, base: number): Promise<Thread | undefined> {
  const thread = await startThread().catch(() => undefined)
  if (!thread) return undefined
  thread.hold(true)
  let timer: ReturnType<typeof setTimeout> | undefined
  const ready = await new Promise<boolean>((resolve) => {
    thread.onMessage(({ ready }) => resolve(ready === true))
    thread.onFailure(() => resolve(false))
    timer = setTimeout(() => resolve(false), STARTING_MS)
    try { thread.post({ module, memory, base }) } catch { resolve(false) } // memory that may be shared, but not with threads
  })
  clearTimeout(timer)
  thread.hold(false)
  if (ready) return thread
  void thread.terminate()
  return undefined
}
