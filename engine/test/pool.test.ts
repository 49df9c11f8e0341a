import assert from 'node:assert/strict'
import { Pool } from '../src/pool.ts'
import { Machine, buildProgram } from '../src/wasm/machine.ts'

for (const threads of [1, 2]) describe(`queue of work on ${threads} ${threads === 1 ? 'thread, the caller\'s' : 'threads'}`, () => {
  const program = buildProgram('i64')
  let machine: Machine, pool: Pool
  beforeEach(async () => {
    machine = new Machine(program, { shared: threads > 1, threads, maximumPages: 256 })
    pool = await Pool.start(machine)
  })
  afterEach(() => pool.close())

  /** Keeps all threads busy until what comes after it is queued. */
  const busy = () => Promise.all(Array.from({ length: threads }, () => pool.run(() => [])))

  const busyWith = (workspace: number) => Promise.all(Array.from({ length: threads }, () => pool.run(() => [], { workspace })))

  it('fails a job for which there is no memory, and does those after it', async () => {
    const results = await Promise.allSettled([pool.run(() => []), pool.run(() => [], { workspace: 2 ** 30 }), pool.run(() => []), pool.run(() => [], { workspace: 1 << 20 })])
    assert.deepEqual(results.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    assert.ok(results[1]!.status === 'rejected' && results[1]!.reason instanceof RangeError)
  })

  it('takes no memory of others after a job for which there was none', async () => {
    await busyWith(100_000)
    await Promise.allSettled(Array.from({ length: threads }, () => pool.run(() => [], { workspace: 2 ** 30 })))
    const others = Array.from({ length: 2 * threads }, () => machine.allocate(100_000)), held = machine.allocatedBytes
    await busyWith(64)
    assert.ok(machine.allocatedBytes > held)
    for (const at of others) machine.release(at)
  })

  it('fails a job whose work throws before it starts, or in its code, and does those after it', async () => {
    const broken = new Error('broken')
    const results = await Promise.allSettled([pool.run(() => { throw broken }), pool.run(() => [['no such function']]), pool.run(() => [['g1_fold', 2 ** 31, 1, 4, 0]]), pool.run(() => [])])
    assert.deepEqual(results.map(({ status }) => status), ['rejected', 'rejected', 'rejected', 'fulfilled'])
    assert.equal(results[0]!.status === 'rejected' && results[0]!.reason, broken)
  })

  it('does the most urgent first, and equals in their order', async () => {
    const order: string[] = [], note = (name: string) => () => { order.push(name); return [] }
    const first = busy()
    await Promise.all([first, ...([['a', 0], ['b', 5], ['c', -1], ['d', 5], ['e', 0]] as const).map(([name, urgency]) => pool.run(note(name), { urgency }))])
    assert.deepEqual(order, ['b', 'd', 'a', 'e', 'c'])
  })

  it('leaves out what was stopped before its turn', async () => {
    const stop = new AbortController(), first = busy()
    let ran = false
    const refused = assert.rejects(pool.run(() => { ran = true; return [] }, { signal: stop.signal }), /enough/)
    stop.abort(new Error('enough'))
    await Promise.all([first, refused])
    assert.equal(ran, false)
  })

  it('grows a thread\'s workspace and never shrinks it', async () => {
    const before = machine.allocatedBytes
    for (const workspace of [1000, 100, 5000, 1]) await busyWith(workspace)
    const held = machine.allocatedBytes - before
    assert.ok(held >= 5000 && held <= threads * 5056)
  })

  it('rejects all that waits and all that comes when it is closed', async () => {
    const running = [busy(), pool.run(() => []), pool.run(() => [])].map((job) => assert.rejects(job, /closed/))
    pool.close()
    await Promise.all(running)
    await assert.rejects(pool.run(() => []), /closed/)
  })
})
