import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { proveWith } from '../src/engine.ts'
import { Engine } from '../src/index.ts'
import { circuit, type Circuit } from './circuit.ts'
import { everythingOnce, type Results } from './everything-once.ts'
import { ARITHMETICS } from './machines.ts'

describe('without shared memory', function () {
  this.timeout(120_000)
  before(() => circuit(1, 1))

  async function without(lacking: string, arithmetic: string): Promise<Results> {
    const program = fileURLToPath(new URL('./less-platform.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program, lacking, arithmetic], { timeout: 100_000 })
    return JSON.parse(stdout)
  }

  for (const arithmetic of ARITHMETICS) {
    let shared: Results
    before(async () => { shared = JSON.parse(JSON.stringify(await everythingOnce({ arithmetic, threads: 2 }, 1))) })

    it(`has two threads and shared memory to compare with, on ${arithmetic}`, () => {
      assert.deepEqual([shared.threads, shared.sharedMemory, shared.made.valid, shared.made.verified], [2, true, true, [true, false]])
    })

    for (const lacking of ['SharedArrayBuffer', 'shared memory']) it(`works on one thread, with the same results, where there is no ${lacking}, on ${arithmetic}`, async () => {
      assert.deepEqual(await without(lacking, arithmetic), { threads: 1, sharedMemory: false, made: shared.made })
    })
  }
})

describe('where threads cannot be started', function () {
  this.timeout(60_000)
  const workers = process.getBuiltinModule('node:worker_threads'), { Worker } = workers
  let made: Circuit
  const engines: Engine[] = []
  before(async () => { made = await circuit(1, 1) })
  afterEach(() => {
    workers.Worker = Worker
    for (const engine of engines.splice(0)) engine.close()
  })

  const fixed = () => 12345n
  const proof = async (engine: Engine) => (await proveWith(engine, fixed, engine.readKey(made.zkey), made.witness)).proof
  /** An engine of four threads, those numbers among which `refused` names being started by `Refusing`. */
  async function engineWith(Refusing: typeof Worker, refused: readonly number[] = [0, 1, 2, 3]): Promise<Engine> {
    let number = 0
    workers.Worker = class { constructor(source: string, options: object) { return new (refused.includes(number++) ? Refusing : Worker)(source, options) } } as typeof Worker
    const engine = await Engine.create({ threads: 4 })
    engines.push(engine)
    return engine
  }
  const instead = (source: string) => class extends Worker { constructor(_: string, options: object) { super(source, options) } } as typeof Worker
  const thread = (onMessage: string) => instead(`const port = require('node:worker_threads').parentPort; port.on('message', ${onMessage})`)

  const kinds: [string, typeof Worker][] = [
    ['are refused at once', class { constructor() { throw new Error('refused') } } as unknown as typeof Worker],
    ['fail when they start', instead('throw new Error("refused")')],
    ['end when they start', instead('process.exit()')],
    ['cannot be given the memory', class extends Worker { override postMessage(): void { throw new DOMException('not cloned', 'DataCloneError') } } as typeof Worker],
    ['cannot compile the code', thread('() => port.postMessage({ error: "refused" })')],
  ]
  for (const [how, Refusing] of kinds) {
    it(`proves on the caller's thread where all ${how}`, async () => {
      const engine = await engineWith(Refusing)
      assert.deepEqual(await proof(engine), await proof(await engineWith(Worker)))
      assert.equal(engine.threads, 1)
      await proof(engine)
    })

    it(`proves on the other threads where some ${how}`, async () => {
      const engine = await engineWith(Refusing, [0, 2])
      assert.deepEqual(await proof(engine), await proof(await engineWith(Worker)))
      assert.equal(engine.threads, 2)
    })
  }

  it('has all its threads before memory can grow, which V8 might not tell one that is just starting', async () => {
    let ready = 0
    workers.Worker = class extends Worker { constructor(source: string, options: object) { super(source, options); this.on('message', (message) => { if (message.ready) ready++ }) } } as typeof Worker
    engines.push(await Engine.create({ threads: 4 }))
    assert.equal(ready, 4)
  })

  it('knows how many it has before it is asked to prove', async () => {
    assert.equal((await engineWith(kinds[1]![1], [1])).threads, 3)
    assert.equal((await engineWith(kinds[1]![1])).threads, 1)
  })

  it('fails, and says so, where a thread ends after it was ready', async () => {
    const engine = await engineWith(thread('({ calls }) => calls ? process.exit() : port.postMessage({ ready: true })'))
    await assert.rejects(proof(engine), /a proving thread ended/)
  })
})
