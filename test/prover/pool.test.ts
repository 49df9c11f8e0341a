import assert from 'node:assert/strict'
import { Refusal, type RefusalCode } from '../../src/errors/errors.ts'
import { type PoolOptions, ProvingPool } from '../../src/prover/pool.ts'
import type { Task } from '../../src/prover/protocol.ts'
import { factors, toy, TOY_PUBLICS } from './toy.ts'

const withCode = (code: RefusalCode) => (error: unknown) => error instanceof Refusal && error.code === code

describe('proving pool', function () {
  this.timeout(60_000)
  let task: Task
  let pool: ProvingPool
  before(async () => {
    const { wasm, zkey } = await toy()
    task = { shape: 'toy', artefacts: { wasm, zkey }, inputs: factors, publics: TOY_PUBLICS }
  })
  afterEach(() => pool.close(0))

  /** A worker that does what a task's shape says: hang, crash, run out of memory; else it answers at once. */
  const unreliable = (options: PoolOptions = {}) => (pool = new ProvingPool({ program: new URL('./unreliable-worker.ts', import.meta.url), ...options }))
  const ask = (shape: string, options = {}) => pool.prove({ ...task, shape }, options)

  it('proves in another process and returns the public inputs', async () => {
    pool = new ProvingPool()
    const { proof, publicInputs } = await pool.prove(task)
    assert.deepEqual(publicInputs, ['8', '15', '7'])
    assert.equal(proof.a.length, 2)
  })

  it('hands on what the witness refuses, and proves the next task', async () => {
    pool = new ProvingPool()
    await assert.rejects(pool.prove({ ...task, inputs: { ...factors, product: '16' } }), withCode('RULE_FALSE'))
    await assert.rejects(pool.prove({ ...task, inputs: { ...factors, label: '007' } }), withCode('MALFORMED'))
    await pool.prove(task)
  })

  it('refuses a shape whose key is not there', async () => {
    pool = new ProvingPool()
    await assert.rejects(pool.prove({ ...task, shape: 'other', artefacts: { wasm: '/nowhere', zkey: '/nowhere' } }), withCode('NOT_READY'))
  })

  it('refuses what does not fit the queue (F33)', async () => {
    unreliable({ queue: 2 })
    const running = [ask('hang'), ask('hang'), ask('hang')].map((proof) => assert.rejects(proof, withCode('CANCELLED')))
    assert.deepEqual(pool.state, { running: 1, waiting: 2 })
    await assert.rejects(ask('ok'), withCode('BUSY'))
    await pool.close(0)
    await Promise.all(running)
  })

  it('answers the task of a worker that crashes, and goes on with a fresh one (F33)', async () => {
    unreliable()
    await assert.rejects(ask('crash'), withCode('UNAVAILABLE'))
    assert.deepEqual((await ask('ok')).publicInputs, ['ok'])
  })

  it('answers the task of a worker that runs out of memory (F33)', async () => {
    unreliable({ heapMb: 64 })
    await assert.rejects(ask('out-of-memory'), withCode('UNAVAILABLE'))
    assert.deepEqual((await ask('ok')).publicInputs, ['ok'])
  })

  it('ends a worker that takes too long, and goes on with a fresh one (F33)', async () => {
    unreliable({ timeoutMs: 5_000 })
    await ask('ok')
    await assert.rejects(ask('hang'), withCode('TIMEOUT'))
    assert.deepEqual((await ask('ok')).publicInputs, ['ok'])
  })

  it('cancels the running task and only that (F33)', async () => {
    unreliable()
    const abort = new AbortController()
    const [first, second] = [ask('hang', { signal: abort.signal }), ask('ok')]
    abort.abort()
    await assert.rejects(first, withCode('CANCELLED'))
    assert.deepEqual((await second).publicInputs, ['ok'])
  })

  it('cancels a waiting task and only that (F33)', async () => {
    unreliable()
    const abort = new AbortController()
    const [first, second] = [ask('slow'), ask('ok', { signal: abort.signal })]
    abort.abort()
    await assert.rejects(second, withCode('CANCELLED'))
    assert.deepEqual((await first).publicInputs, ['slow'])
  })

  it('names no cause when a worker fails, since it could quote a value', async () => {
    unreliable()
    await assert.rejects(ask('fail'), (error: unknown) => error instanceof Refusal && !error.message.includes('secret'))
  })

  it('closing lets the running proof finish and refuses what waits (F32)', async () => {
    unreliable()
    const [first, second] = [ask('slow'), assert.rejects(ask('ok'), withCode('CANCELLED'))]
    await Promise.all([pool.close(), second])
    assert.deepEqual((await first).publicInputs, ['slow'])
    await assert.rejects(ask('ok'), withCode('NOT_READY'))
  })

  it('closing ends a proof that outlives the grace period', async () => {
    unreliable()
    const hanging = assert.rejects(ask('hang'), withCode('CANCELLED'))
    await pool.close(10)
    await hanging
  })
})
