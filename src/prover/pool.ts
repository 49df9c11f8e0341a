/**
 * A bounded queue of proofs before a fixed number of worker processes (worker.ts).
 *
 * A worker that crashes, overruns its time or is cancelled is ended and replaced; its task is answered with a refusal and
 * never retried by itself.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { invariant, Refusal } from '../errors/errors.ts'
import type { Proved, Reply, Task } from './protocol.ts'

export interface PoolOptions {
  /** Worker processes. One is right for snarkjs, which uses every core for one proof. */
  readonly workers?: number
  /** Tasks that may wait beside those that run. */
  readonly queue?: number
  /** Milliseconds a task may run before its worker is ended. */
  readonly timeoutMs?: number
  /** Megabytes of JavaScript heap of one worker. */
  readonly heapMb?: number
  /** The worker's program, in place of worker.ts. */
  readonly program?: URL
}

export interface PoolState {
  readonly running: number
  readonly waiting: number
}

export interface ProveOptions {
  /** Cancels the task, waiting or running. */
  readonly signal?: AbortSignal
  /** Called when a worker takes the task. */
  readonly onStart?: () => void
}

interface Pending {
  readonly task: Task
  readonly resolve: (proved: Proved) => void
  readonly reject: (reason: Refusal) => void
  readonly signal: AbortSignal | undefined
  readonly onAbort: () => void
  readonly onStart: (() => void) | undefined
}

/** A place for one worker process; empty from its end to the next task, so that a program that cannot start is no busy loop. */
interface Worker {
  process: ChildProcess | undefined
  current: Pending | undefined
  timer: NodeJS.Timeout | undefined
}

const DEFAULTS = {
  workers: 1,
  queue: 16,
  timeoutMs: 120_000, // a `match` proof takes about 5 s on two slow cores
  heapMb: 2_048,
  program: new URL('./worker.ts', import.meta.url),
}

/** The loader that runs TypeScript, for a process that was not started by `node --import tsx`. */
const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

export class ProvingPool {
  readonly #options: Required<PoolOptions>
  readonly #waiting: Pending[] = []
  readonly #workers: readonly Worker[]
  #closing = false
  #idle: (() => void) | undefined

  /** Starts the workers at once, so that the first proof finds them warm. */
  constructor(options: PoolOptions = {}) {
    this.#options = { ...DEFAULTS, ...options }
    this.#workers = Array.from({ length: this.#options.workers }, () => ({ process: undefined, current: undefined, timer: undefined }))
    for (const worker of this.#workers) this.#start(worker)
  }

  get state(): PoolState {
    return { running: this.#workers.filter(({ current }) => current).length, waiting: this.#waiting.length }
  }

  /**
   * Proves, when its turn comes.
   * @throws Refusal BUSY (queue full), CANCELLED (by `signal`, or the pool closes before it starts), TIMEOUT, UNAVAILABLE
   *   (the worker died), NOT_READY (no key), and what witness and engine refuse
   */
  prove(task: Task, { signal, onStart }: ProveOptions = {}): Promise<Proved> {
    const { queue } = this.#options
    if (this.#closing) return Promise.reject(new Refusal('NOT_READY', 'the prover is shutting down'))
    if (signal?.aborted) return Promise.reject(new Refusal('CANCELLED', 'the proof was cancelled'))
    const idle = this.#workers.some(({ current }) => !current)
    if (!idle && this.#waiting.length >= queue) return Promise.reject(new Refusal('BUSY', `${queue} proofs are waiting already; try again later`))
    return new Promise((resolve, reject) => {
      const pending: Pending = { task, resolve, reject, signal, onAbort: () => this.#cancel(pending), onStart }
      signal?.addEventListener('abort', pending.onAbort, { once: true })
      this.#waiting.push(pending)
      this.#dispatch()
    })
  }

  /** Refuses what waits, lets what runs finish for at most `graceMs`, then ends the workers. */
  async close(graceMs = 30_000): Promise<void> {
    this.#closing = true
    const refusal = new Refusal('CANCELLED', 'the prover is shutting down')
    for (const pending of this.#waiting.splice(0)) settle(pending, () => pending.reject(refusal))
    if (this.state.running > 0) {
      const idle = new Promise<void>((resolve) => (this.#idle = resolve))
      let timer: NodeJS.Timeout | undefined
      await Promise.race([idle, new Promise((resolve) => (timer = setTimeout(resolve, graceMs)))])
      clearTimeout(timer)
    }
    await Promise.all(this.#workers.map((worker) => this.#stop(worker, refusal)))
  }

  #start(worker: Worker): ChildProcess {
    const child = fork(fileURLToPath(this.#options.program), [], {
      execArgv: ['--import', TSX, `--max-old-space-size=${this.#options.heapMb}`],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    const onDeath = (): void => {
      if (worker.process !== child) return
      worker.process = undefined
      void this.#stop(worker, new Refusal('UNAVAILABLE', 'the proving worker ended unexpectedly'))
    }
    child.on('message', (reply: Reply) => worker.process === child && this.#onReply(worker, reply))
    child.on('error', onDeath)
    child.on('exit', onDeath)
    worker.process = child
    return child
  }

  #dispatch(): void {
    const { timeoutMs } = this.#options
    for (const worker of this.#workers) {
      if (worker.current) continue
      const pending = this.#waiting.shift()
      if (!pending) return
      worker.current = pending
      worker.timer = setTimeout(() => void this.#stop(worker, new Refusal('TIMEOUT', `the proof took longer than ${timeoutMs} ms`)), timeoutMs)
      pending.onStart?.()
      // A failure to send shows as the death of the worker.
      ;(worker.process ?? this.#start(worker)).send(pending.task, () => undefined)
    }
  }

  #onReply(worker: Worker, reply: Reply): void {
    const pending = this.#release(worker)
    if (pending) settle(pending, () => answer(pending, reply))
    this.#dispatch()
  }

  #cancel(pending: Pending): void {
    const refusal = new Refusal('CANCELLED', 'the proof was cancelled')
    const worker = this.#workers.find(({ current }) => current === pending)
    if (worker) return void this.#stop(worker, refusal)
    const place = this.#waiting.indexOf(pending)
    invariant(place >= 0, 'a task that is cancelled waits or runs')
    this.#waiting.splice(place, 1)
    settle(pending, () => pending.reject(refusal))
  }

  /** Ends a worker's process, if there is one, and answers its task, if there is one. */
  async #stop(worker: Worker, refusal: Refusal): Promise<void> {
    const child = worker.process
    worker.process = undefined
    const pending = this.#release(worker)
    if (pending) settle(pending, () => pending.reject(refusal))
    if (!this.#closing) this.#dispatch()
    if (!child || child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve())
      child.kill('SIGKILL')
    })
  }

  #release(worker: Worker): Pending | undefined {
    const pending = worker.current
    clearTimeout(worker.timer)
    worker.current = undefined
    if (this.state.running === 0) this.#idle?.()
    return pending
  }
}

function settle(pending: Pending, how: () => void): void {
  pending.signal?.removeEventListener('abort', pending.onAbort)
  how()
}

function answer({ resolve, reject }: Pending, reply: Reply): void {
  if (reply.type === 'proved') return resolve({ proof: reply.proof, publicInputs: reply.publicInputs })
  if (reply.type === 'failed') return reject(new Refusal('UNAVAILABLE', 'the proving worker failed'))
  // The first line is the message that the refusal had; it lists its problems again by itself.
  reject(new Refusal(reply.code, reply.message.split('\n')[0] ?? '', reply.problems))
}
