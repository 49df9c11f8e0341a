/**
 * Proofs under way and lately finished, by tenant: nobody but the tenant that started a job sees that it exists. In memory;
 * what comes of a job is kept elsewhere.
 */

import { randomBytes } from 'node:crypto'
import { Refusal, type RefusalCode, refuse } from '../errors/errors.ts'

export type JobState = 'queued' | 'running' | 'done' | 'refused' | 'cancelled' | 'failed'

/** What a tenant is told of its job. */
export interface JobStatus {
  readonly id: string
  readonly state: JobState
  /** Seconds. */
  readonly startedAt: number
  readonly refusal?: { readonly code: RefusalCode; readonly message: string }
}

export interface Running {
  readonly id: string
  readonly signal: AbortSignal
  /** Called when a worker has taken the job. */
  readonly onStart: () => void
}

/** How a job ended. */
export interface Ended {
  readonly id: string
  readonly state: JobState
  readonly code?: RefusalCode
  /** A failure of ours; its message could quote a value, so nobody is told. */
  readonly failure?: unknown
}

interface Job {
  readonly id: string
  readonly tenant: string
  readonly startedAt: number
  readonly abort: AbortController
  state: JobState
  refusal?: { readonly code: RefusalCode; readonly message: string }
}

const KEPT = 1_000 // finished jobs

export class Jobs {
  readonly #jobs = new Map<string, Job>()
  readonly #active = new Map<string, Promise<void>>()
  readonly #capacity: number
  readonly #now: () => number
  #closing = false

  /** @param capacity jobs under way at one time, waiting ones included */
  constructor(capacity: number, now: () => number) {
    this.#capacity = capacity
    this.#now = now
  }

  get active(): number {
    return this.#active.size
  }

  /**
   * Starts a job and answers at once.
   * @param work     does it; its refusal becomes the job's
   * @param onEnd    told how it ended
   * @throws Refusal BUSY, NOT_READY (closing)
   */
  start(tenant: string, work: (running: Running) => Promise<void>, onEnd: (ended: Ended) => void): JobStatus {
    if (this.#closing) return refuse('NOT_READY', 'the prover is shutting down')
    if (this.#active.size >= this.#capacity) return refuse('BUSY', `${this.#capacity} proofs are under way already; try again later`)
    const job: Job = { id: randomBytes(16).toString('hex'), tenant, startedAt: this.#now(), abort: new AbortController(), state: 'queued' }
    this.#jobs.set(job.id, job)
    const running = { id: job.id, signal: job.abort.signal, onStart: () => void (job.state = 'running') }
    const ended = work(running).then(
      () => succeed(job),
      (error: unknown) => fail(job, error),
    )
    this.#active.set(job.id, ended.then((outcome) => this.#end(job, () => onEnd(outcome))))
    return statusOf(job)
  }

  /** @throws Refusal NOT_FOUND, also for another tenant's */
  status(tenant: string, id: string): JobStatus {
    return statusOf(this.#own(tenant, id))
  }

  /** Cancels a job that has not ended. @throws Refusal NOT_FOUND */
  async cancel(tenant: string, id: string): Promise<JobStatus> {
    const job = this.#own(tenant, id)
    job.abort.abort()
    await this.#active.get(id)
    return statusOf(job)
  }

  /** Takes no further jobs and waits for those under way. */
  async close(): Promise<void> {
    this.#closing = true
    await Promise.all(this.#active.values())
  }

  #own(tenant: string, id: string): Job {
    const job = this.#jobs.get(id)
    return job?.tenant === tenant ? job : refuse('NOT_FOUND', 'there is no such job')
  }

  #end(job: Job, tell: () => void): void {
    this.#active.delete(job.id)
    for (const id of this.#jobs.keys()) {
      if (this.#jobs.size <= KEPT) break
      if (!this.#active.has(id)) this.#jobs.delete(id)
    }
    tell()
  }
}

function succeed(job: Job): Ended {
  job.state = 'done'
  return { id: job.id, state: job.state }
}

function fail(job: Job, error: unknown): Ended {
  if (!(error instanceof Refusal)) {
    job.state = 'failed'
    return { id: job.id, state: job.state, failure: error }
  }
  const { code, message } = error
  job.state = code === 'CANCELLED' ? 'cancelled' : 'refused'
  job.refusal = { code, message }
  return { id: job.id, state: job.state, code }
}

function statusOf({ id, state, startedAt, refusal }: Job): JobStatus {
  return { id, state, startedAt, ...(refusal && { refusal }) }
}
