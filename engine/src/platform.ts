// What differs between Node and browsers: starting workers, and whether fused relaxed SIMD can be had.

import { Module, f64x2, v128, type Func } from './wasm/emit.ts'
import type { Arithmetic } from './wasm/machine.ts'

// Node's modules are asked for at run time (`getBuiltinModule`), so that bundlers for browsers see no import of them.
const isNode = typeof process !== 'undefined' && process.versions?.node !== undefined

/** A thread that runs exported functions of one module; messages as in WORKER_SOURCE. */
export interface Thread {
  post(message: unknown): void
  onMessage(handler: (message: { ready?: true; error?: string }) => void): void
  /** Also called where the thread does not start. */
  onFailure(handler: (error: Error) => void): void
  /** Whether the thread keeps the process alive. */
  hold(on: boolean): void
  /** Settles when it runs no more. */
  terminate(): Promise<unknown>
}

// A message brings the code once; the answer is { ready } or { error }. Then come lists of [exported function, ...arguments]; the
// answer to a list is {} or { error }.
const WORKER_SOURCE = `
const node = typeof require === 'function' ? require('node:worker_threads').parentPort : undefined
const answer = (message) => node ? node.postMessage(message) : self.postMessage(message)
let functions
const take = ({ module, memory, base, calls }) => {
  try {
    if (module) {
      functions = new WebAssembly.Instance(module, { env: { memory } }).exports
      functions.base.value = base
      answer({ ready: true })
      return
    }
    for (const [name, ...args] of calls) functions[name](...args)
    answer({})
  } catch (error) { answer({ error: String(error) }) }
}
if (node) node.on('message', take)
else self.onmessage = (event) => take(event.data)
`

/** @throws where the platform or a policy refuses threads at once; others refuse later, by `onFailure` */
export async function startThread(): Promise<Thread> {
  if (isNode) {
    const { Worker } = process.getBuiltinModule('node:worker_threads')
    const worker = new Worker(WORKER_SOURCE, { eval: true, execArgv: [] })
    worker.unref()
    return {
      post: (message) => worker.postMessage(message),
      onMessage: (handler) => { worker.on('message', handler) },
      onFailure: (handler) => { worker.on('error', handler); worker.on('exit', () => handler(new Error('a proving thread ended'))) },
      hold: (on) => { if (on) worker.ref(); else worker.unref() },
      terminate: () => worker.terminate(),
    }
  }
  const address = URL.createObjectURL(new Blob([WORKER_SOURCE], { type: 'text/javascript' }))
  const worker = new Worker(address)
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (handler) => { worker.onmessage = (event) => handler(event.data) },
    onFailure: (handler) => {
      worker.onerror = (event) => handler(new Error(event.message ?? 'a proving thread ended')) // no message where it did not load
      worker.onmessageerror = () => handler(new Error('a proving thread cannot read its messages'))
    },
    hold: () => {},
    terminate: async () => { worker.terminate(); URL.revokeObjectURL(address) },
  }
}

/**
 * Calls `work` once events that wait have had their turn: no timer, which browsers hold back by 4 ms. Answers what says whether the
 * program is kept alive until then.
 */
export function afterEvents(work: () => void): (hold: boolean) => void {
  if (isNode) {
    const immediate = setImmediate(work)
    return (hold) => { if (hold) immediate.ref(); else immediate.unref() }
  }
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => { port1.close(); work() }
  port2.postMessage(undefined)
  return () => {}
}

/** How many threads can share memory here: 1 where pages are not cross-origin isolated. */
export function threadsAvailable(): number {
  if (typeof SharedArrayBuffer === 'undefined') return 1
  if (isNode) return Math.max(1, (globalThis as { navigator?: Navigator }).navigator?.hardwareConcurrency ?? 2)
  return globalThis.crossOriginIsolated ? Math.max(1, navigator.hardwareConcurrency) : 1
}

/** Relaxed SIMD where it exists and fuses, asking V8 for it if need be. */
export async function bestArithmetic(): Promise<Arithmetic> {
  if (!fuses() && isNode) {
    process.getBuiltinModule('node:v8').setFlagsFromString('--experimental-wasm-relaxed-simd')
  }
  return fuses() ? 'relaxed-simd' : 'i64'
}

/** Computes (1 + e)² − (1 + 2e), e = 2^−30: e² if fused, 0 if rounded twice. */
function fuses(): boolean {
  const m = new Module()
  m.func('probe', ['i32'], [], (f, at) => f.store(at!, 32, f64x2.madd(v128.load(at!), v128.load(at!), v128.load(at!, 16)))) satisfies Func
  const bytes = m.bytes(false, 1)
  if (!WebAssembly.validate(bytes)) return false
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 })
  const { probe } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports as { probe(at: number): void }
  const numbers = new Float64Array(memory.buffer, 0, 6)
  const e = 2 ** -30
  numbers.set([1 + e, 1 + e, -(1 + 2 * e), -(1 + 2 * e)])
  probe(0)
  return numbers[4] === e * e && numbers[5] === e * e
}
