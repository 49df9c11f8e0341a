import assert from 'node:assert/strict'
import { Setup, type WorkOptions } from '../src/setup/setup.ts'
import { readKeyFile, SECTION, writeContributions, writeSections } from '../src/setup/zkey.ts'
import { oracleCurve, phase1, r1cs, sketch } from './setup-oracles.ts'

const POWER = 7
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const BEACON = { hash: new Uint8Array(32).fill(0x5a), iterationsExponent: 18 }

/** What is taken of the machine's memory, without the threads' workspaces, which stay. */
function held(setup: Setup): number {
  const { machine, pool } = setup['setup']
  return machine.allocatedBytes - pool['workers'].reduce((sum, { workspaceBytes }) => sum + Math.ceil(workspaceBytes / 64) * 64, 0)
}

let unprepared: Promise<Uint8Array> | undefined
const circuit = r1cs(sketch(9, { wires: 120, outputs: 1, inputs: 2, constraints: 110 }))

for (const threads of [1, 2]) describe(`an operation of the setup, with ${threads} threads`, function () {
  this.timeout(60_000)
  let setup: Setup, raw: Uint8Array, ptau: Uint8Array, initial: Uint8Array, contributed: Uint8Array, key: Uint8Array
  before(async () => {
    setup = await Setup.create({ threads })
    raw = await (unprepared ??= phase1(POWER, 1, false).finally(async () => (await oracleCurve()).terminate()))
    ptau = await setup.preparePhase1(raw)
    initial = await setup.newKey(circuit, ptau)
    contributed = (await setup.contribute(initial)).key
    key = (await setup.beacon(contributed, BEACON)).key
  })
  after(() => setup.close())

  /** Each with a check of what it makes. */
  const operations: Record<string, { start(options: WorkOptions): Promise<unknown>; isRight(result: unknown): Promise<boolean> }> = {
    preparePhase1: { start: (options) => setup.preparePhase1(raw, options), isRight: async (result) => hex(result as Uint8Array) === hex(ptau) },
    newKey: { start: (options) => setup.newKey(circuit, ptau, options), isRight: async (result) => hex(result as Uint8Array) === hex(initial) },
    contribute: {
      start: async (options) => (await setup.contribute(initial, options)).key,
      isRight: async (result) => (await setup.verifyKey(result as Uint8Array, circuit, ptau, { initial })).valid,
    },
    beacon: { start: async (options) => (await setup.beacon(contributed, { ...BEACON, ...options })).key, isRight: async (result) => hex(result as Uint8Array) === hex(key) },
    verifyKey: { start: async (options) => (await setup.verifyKey(key, circuit, ptau, options)).valid, isRight: async (result) => result === true },
  }

  for (const [name, { start, isRight }] of Object.entries(operations)) {
    it(`${name} tells progress that only grows and ends at 1`, async () => {
      const seen: number[] = []
      await start({ onProgress: (done) => seen.push(done) })
      assert.ok(seen.length >= 5, `${seen}`)
      assert.ok(seen.every((done, i) => done > (seen[i - 1] ?? 0)), `${seen}`)
      assert.equal(seen.at(-1), 1)
    })

    it(`${name} does nothing when it is stopped before it begins`, async () => {
      const reason = new Error('never'), seen: number[] = []
      await assert.rejects(start({ signal: AbortSignal.abort(reason), onProgress: (done) => seen.push(done) }), (error) => error === reason)
      assert.deepEqual(seen, [])
    })

    it(`${name} stops wherever it is, gives its memory back, and does it all the next time`, async () => {
      const before = held(setup)
      for (const share of [0, 0.3, 0.6, 0.9]) {
        const stop = new AbortController(), reason = new Error(`at ${share}`), seen: number[] = []
        const onProgress = (done: number) => {
          seen.push(done)
          if (done >= share) stop.abort(reason)
        }
        await assert.rejects(start({ signal: stop.signal, onProgress }), (error) => error === reason)
        assert.equal(seen.findIndex((done) => done >= share), seen.length - 1) // nothing is told after that
        assert.equal(held(setup), before)
      }
      assert.ok(await isRight(await start({})))
      assert.equal(held(setup), before)
    })

    it(`${name} fails with what its progress callback throws, and gives its memory back`, async () => {
      const before = held(setup), wrong = new Error('a listener is wrong')
      await assert.rejects(start({ onProgress: (done) => { if (done > 0.4) throw wrong } }), (error) => error === wrong)
      assert.equal(held(setup), before)
      assert.ok(await isRight(await start({})))
    })
  }

  it('that is stopped does not stop another one', async () => {
    const stop = new AbortController()
    const stopped = assert.rejects(setup.newKey(circuit, ptau, { signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) }), /enough/)
    assert.equal(hex(await setup.newKey(circuit, ptau)), hex(initial))
    await stopped
  })

  it('lets events through while a beacon is hashed', async () => {
    let turns = 0, over = false
    const again = () => { turns++; if (!over) setTimeout(again) }
    setTimeout(again)
    await setup.beacon(contributed, BEACON)
    over = true
    assert.ok(turns >= 3, `${turns}`)
  })

  it('ends a beacon that would be hashed for ever', async () => {
    const before = held(setup), stop = new AbortController()
    setTimeout(() => stop.abort(new Error('too long')), 5)
    await assert.rejects(setup.beacon(contributed, { ...BEACON, iterationsExponent: 63, signal: stop.signal }), /too long/)
    assert.equal(held(setup), before)
  })

  it('ends the check of such a beacon, which someone else has chosen', async () => {
    const file = readKeyFile(key), stop = new AbortController()
    const contributions = file.contributions.map((each) => ({ ...each, ...(each.beacon ? { beacon: { ...each.beacon, iterationsExponent: 60 } } : {}) }))
    const endless = writeSections([1, 2, 3, 4, 5, 6, 7, 8, 9].map((type) => [type, file.parts.get(type)!] as const).concat([[SECTION.contributions, writeContributions(file.circuitHash, contributions)]]))
    setTimeout(() => stop.abort(new Error('too long')), 100)
    await assert.rejects(setup.verifyKey(endless, circuit, ptau, { initial, maximumIterationsExponent: 63, signal: stop.signal }), /too long/)
    assert.equal((await setup.verifyKey(endless, circuit, ptau, { initial })).reason, 'contribution 2: a beacon of too many iterations')
  })

  it('fails instead of hanging when the threads are ended', async () => {
    const own = await Setup.create({ threads }), work = own.newKey(circuit, ptau)
    own.close()
    await assert.rejects(work, /closed/)
    await assert.rejects(own.contribute(initial), /closed/)
  })
})
