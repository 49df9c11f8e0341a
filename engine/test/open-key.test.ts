import assert from 'node:assert/strict'
import { mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { IDBFactory } from 'fake-indexeddb'
import { proveWith } from '../src/engine.ts'
import { Engine, MalformedFile, directoryStore, indexedDbStore, type KeyStore, type OpenOptions, type ProvingKey } from '../src/index.ts'
import { SCALAR_ORDER as r } from '../src/wasm/msm.ts'
import { circuit, type Circuit } from './circuit.ts'

describe('openKey', () => {
  let made: Circuit, engine: Engine, expected: object, held: number
  const counting = () => { let n = 0n; return () => (++n * 0x123456789abcdef123456789abcdef123456789abcdefn) % r }
  before(async () => { made = await circuit(3, 2) })
  beforeEach(async () => {
    engine = await Engine.create({ threads: 2 })
    const plain = engine.readKey(made.zkey)
    expected = (await proveWith(engine, counting(), plain, made.witness)).proof
    plain.release()
    held = engine.machine.allocatedBytes
  })
  afterEach(() => engine.close())
  after(async () => { await (globalThis as any).curve_bn128?.terminate() })

  /** A store in memory that counts. */
  class Memory implements KeyStore {
    readonly kept = new Map<string, Uint8Array>()
    gets = 0
    puts = 0
    async get(name: string) { this.gets++; return this.kept.get(name) }
    async put(name: string, bytes: Uint8Array) { this.puts++; this.kept.set(name, bytes) }
  }
  const never: OpenOptions['onProblem'] = (problem) => { throw problem }
  const until = async (holds: () => unknown) => { while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5)) }

  it('makes tables once: a second engine finds them in the store, and both prove what the plain key proves', async () => {
    const store = new Memory(), other = await Engine.create({ threads: 1 })
    for (const one of [engine, other]) {
      const key = await one.openKey(made.zkey, { store, onProblem: never })
      assert.equal(key.wireLayout.blocks, 2)
      assert.deepEqual((await proveWith(one, counting(), key, made.witness)).proof, expected)
    }
    assert.deepEqual([store.gets, store.puts, store.kept.size], [2, 1, 1])
    other.close()
  })

  it('says beforehand how many bytes it will keep', async () => {
    const store = new Memory()
    const key = await engine.openKey(made.zkey, { store, blocks: 3 }), plain = engine.readKey(made.zkey)
    assert.equal(engine.preparedBytes(plain, 3), [...store.kept.values()][0]!.length - 96, 'but for its name')
    key.release()
    plain.release()
    assert.equal(engine.machine.allocatedBytes, held)
  })

  it('takes no other key, number of blocks or arithmetic for the same', async () => {
    const store = new Memory(), plain = await Engine.create({ threads: 1, arithmetic: 'i64' }), another = made.zkey.slice()
    another[another.length - 1]! ^= 1 // in the list of contributions, which proving does not read
    await engine.openKey(made.zkey, { store })
    await engine.openKey(made.zkey, { store, blocks: 5 })
    await engine.openKey(another, { store })
    const distinct = engine.arithmetic === 'i64' ? 3 : (await plain.openKey(made.zkey, { store }), 4)
    assert.equal(store.kept.size, distinct)
    plain.close()
  })

  it('answers a plain key where the tables would be larger than allowed', async () => {
    const store = new Memory(), key = await engine.openKey(made.zkey, { store, maximumBytes: 1000 })
    assert.equal(key.wireLayout.blocks, 1)
    assert.equal(store.puts, 0)
    assert.deepEqual((await proveWith(engine, counting(), key, made.witness)).proof, expected)
  })

  it('makes anew what is damaged in the store, says so, and mends it', async () => {
    const store = new Memory(), problems: unknown[] = []
    await engine.openKey(made.zkey, { store })
    const [[name, whole]] = [...store.kept] as [[string, Uint8Array]]
    store.kept.set(name, whole.slice(0, 5000))
    const key = await engine.openKey(made.zkey, { store, onProblem: (problem) => problems.push(problem) })
    assert.ok(problems.length === 1 && problems[0] instanceof MalformedFile)
    assert.deepEqual(store.kept.get(name), whole)
    assert.deepEqual((await proveWith(engine, counting(), key, made.witness)).proof, expected)
  })

  it('makes anew what a store gives back under another name, and says so', async () => {
    const store = new Memory(), problems: unknown[] = [], another = made.zkey.slice()
    another[another.length - 1]! ^= 1 // in the list of contributions, which proving does not read
    await engine.openKey(another, { store })
    const [wrong] = store.kept.values(), mixed: KeyStore = { get: async () => wrong, put: async () => {} }
    const key = await engine.openKey(made.zkey, { store: mixed, onProblem: (problem) => problems.push(problem) })
    assert.ok(problems.length === 1 && problems[0] instanceof MalformedFile)
    assert.deepEqual((await proveWith(engine, counting(), key, made.witness)).proof, expected)
  })

  it('needs no store that works, and says what is wrong with it', async () => {
    const problems: unknown[] = [], full = new Error('quota exceeded'), gone = new Error('no such disk')
    const store: KeyStore = { get: async () => { throw gone }, put: async () => { throw full } }
    const key = await engine.openKey(made.zkey, { store, onProblem: (problem) => problems.push(problem) })
    assert.deepEqual(problems, [gone, full])
    assert.deepEqual((await proveWith(engine, counting(), key, made.witness)).proof, expected)
  })

  it('needs no store that keeps to promises', async () => {
    const problems: unknown[] = [], broken = new Error('broken')
    const store = { get() { throw broken }, put() { throw broken } } as unknown as KeyStore
    const key = await engine.openKey(made.zkey, { store, onProblem: (problem) => problems.push(problem) })
    assert.deepEqual(problems, [broken, broken])
    assert.deepEqual((await proveWith(engine, counting(), key, made.witness)).proof, expected)
  })

  it('takes a key in shared memory', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(made.zkey.length)), store = new Memory()
    shared.set(made.zkey)
    for (const bytes of [made.zkey, shared]) await engine.openKey(bytes, { store, onProblem: never })
    assert.deepEqual([store.puts, store.kept.size], [1, 1])
  })

  it('refuses what is no key, and impossible numbers of blocks, before it asks the store', async () => {
    const store = new Memory()
    for (const blocks of [0, 1, 2.5, 33, NaN]) await assert.rejects(engine.openKey(made.zkey, { store, blocks }), RangeError)
    assert.equal(store.gets, 0)
    await assert.rejects(engine.openKey(made.zkey.slice(0, 1000), { store }), MalformedFile)
    assert.equal(store.puts, 0)
  })

  for (const threads of [1, 2]) it(`proves at once and faster later, if nobody waits, with ${threads} threads`, async () => {
    const store = new Memory(), one = await Engine.create({ threads })
    const key = await one.openKey(made.zkey, { store, wait: false, onProblem: never })
    assert.equal(key.faster, undefined)
    assert.deepEqual((await proveWith(one, counting(), key, made.witness)).proof, expected)
    await until(() => store.puts)
    assert.equal((key as ProvingKey).faster?.wireLayout.blocks, 2)
    assert.deepEqual((await proveWith(one, counting(), key, made.witness)).proof, expected)
    const again = await one.openKey(made.zkey, { store, wait: false, onProblem: never })
    assert.equal(again.wireLayout.blocks, 2)
    one.close()
  })

  it('gives all memory back, released before its tables are there and after', async () => {
    const early = await engine.openKey(made.zkey, { wait: false, onProblem: never })
    early.release()
    await until(() => engine.machine.allocatedBytes === held)
    const late = await engine.openKey(made.zkey, { wait: false, onProblem: never })
    await until(() => late.faster)
    late.release()
    assert.equal(engine.machine.allocatedBytes, held)
    const waited = await engine.openKey(made.zkey)
    waited.release()
    assert.equal(engine.machine.allocatedBytes, held)
  })

  it('gives all memory back, and keeps nothing, released while the last of its tables is made', async () => {
    const store = new Memory(), problems: unknown[] = []
    let ended = false
    const key: ProvingKey = await engine.openKey(made.zkey, { store, wait: false, onProblem: (problem) => problems.push(problem), onProgress(done) { if (done === 1) { key.release(); ended = true } } })
    await until(() => ended)
    await new Promise((resolve) => { setTimeout(resolve, 20) })
    assert.deepEqual([engine.machine.allocatedBytes, key.faster, store.puts, problems], [held, undefined, 0, []])
  })

  it('stops when told to while the last of its tables is made', async () => {
    const stop = new AbortController(), store = new Memory()
    await assert.rejects(engine.openKey(made.zkey, { store, signal: stop.signal, onProgress: (done) => { if (done === 1) stop.abort(new Error('enough')) } }), /enough/)
    assert.deepEqual([engine.machine.allocatedBytes, store.puts], [held, 0])
  })

  for (const threads of [1, 2]) it(`stops when told to, with ${threads} threads, gives its memory back and can begin again`, async () => {
    const one = await Engine.create({ threads })
    ;(await one.openKey(made.zkey)).release()
    const before = one.machine.allocatedBytes, stop = new AbortController(), store = new Memory()
    await assert.rejects(one.openKey(made.zkey, { store, signal: AbortSignal.abort(new Error('never')) }), /never/)
    await assert.rejects(one.openKey(made.zkey, { store, signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) }), /enough/)
    assert.equal(one.machine.allocatedBytes, before)
    assert.equal(store.puts, 0)
    assert.equal((await one.openKey(made.zkey, { store })).wireLayout.blocks, 2)
    one.close()
  })

  it('tells progress that only grows and ends at 1', async () => {
    const seen: number[] = []
    await engine.openKey(made.zkey, { onProgress: (done) => seen.push(done) })
    assert.ok(seen.length > 5 && seen.every((x, i) => x > (seen[i - 1] ?? 0)))
    assert.equal(seen.at(-1), 1)
  })

  it('fails instead of hanging when the engine is closed', async () => {
    const opening = engine.openKey(made.zkey)
    engine.close()
    await assert.rejects(opening, /closed/)
  })
})

const NAME = 'ab12-i64-4'
const filled = (length: number, value: number) => new Uint8Array(length).fill(value)

/** What both stores promise. `fresh` makes one that is empty, with the times of use in the caller's hands. */
function promises(fresh: (options?: { maximumBytes: number }) => Promise<{ store: KeyStore; again: () => KeyStore; used(name: string, at: number): Promise<void> }>): void {
  it('gives back what was put, in another program too, and undefined for the rest', async () => {
    const { store, again } = await fresh()
    assert.equal(await store.get(NAME), undefined)
    await store.put(NAME, filled(1000, 7))
    assert.deepEqual(new Uint8Array((await again().get(NAME))!), filled(1000, 7))
    assert.equal(await again().get('other'), undefined)
  })

  it('replaces', async () => {
    const { store } = await fresh()
    await store.put(NAME, filled(1000, 7))
    await store.put(NAME, filled(10, 8))
    assert.deepEqual(new Uint8Array((await store.get(NAME))!), filled(10, 8))
  })

  it('forgets those not used for longest when there is no room, and only those', async () => {
    const { store, used } = await fresh({ maximumBytes: 100 })
    for (const [name, at] of [['a', 3000], ['b', 1000], ['c', 2000]] as const) {
      await store.put(name, filled(30, 1))
      await used(name, at)
    }
    await store.put('d', filled(60, 1))
    const left = []
    for (const name of ['a', 'b', 'c', 'd']) if (await store.get(name)) left.push(name)
    assert.deepEqual(left, ['a', 'd'])
  })

  it('counts a key that is replaced once', async () => {
    const { store } = await fresh({ maximumBytes: 100 })
    await store.put('a', filled(40, 1))
    await store.put('b', filled(50, 1))
    await store.put('b', filled(60, 2))
    assert.ok(await store.get('a'))
  })

  it('counts reading as use', async () => {
    const { store, used } = await fresh({ maximumBytes: 100 })
    for (const [name, at] of [['a', 1000], ['b', 2000]] as const) {
      await store.put(name, filled(40, 1))
      await used(name, at)
    }
    await store.get('a')
    await store.put('c', filled(40, 1))
    assert.ok(await store.get('a'))
    assert.equal(await store.get('b'), undefined)
  })

  it('refuses what is larger than all its room, and keeps what it has', async () => {
    const { store } = await fresh({ maximumBytes: 100 })
    await store.put('a', filled(90, 1))
    await assert.rejects(store.put('b', filled(101, 1)), RangeError)
    assert.ok(await store.get('a'))
  })

  it('takes two writers of one key at once', async () => {
    const { store, again } = await fresh()
    await Promise.all([store.put(NAME, filled(100_000, 7)), again().put(NAME, filled(100_000, 7))])
    assert.deepEqual(new Uint8Array((await store.get(NAME))!), filled(100_000, 7))
  })
}

describe('store in a directory', () => {
  const made: string[] = []
  after(async () => { for (const path of made) await rm(path, { recursive: true }) })
  const fresh = async (options?: { maximumBytes: number }) => {
    const path = join(await mkdtemp(join(tmpdir(), 'engine-keys-')), 'deep', 'er')
    made.push(join(path, '../..'))
    const open = () => directoryStore(path, options)
    return { store: open(), again: open, path, used: (name: string, at: number) => utimes(join(path, `${name}.key`), at, at) }
  }
  promises(fresh)

  it('is readable by the user alone', async () => {
    const { store, path } = await fresh()
    await store.put(NAME, filled(10, 1))
    assert.equal((await stat(path)).mode & 0o077, 0)
    assert.equal((await stat(join(path, `${NAME}.key`))).mode & 0o077, 0)
  })

  it('leaves no part behind where it cannot write, and says so', async () => {
    const { store, path } = await fresh()
    await store.put('a', filled(10, 1))
    const file = join(path, 'file')
    await writeFile(file, '')
    await assert.rejects(directoryStore(file).put(NAME, filled(10, 1)))
    assert.deepEqual((await readdir(path)).sort(), ['a.key', 'file'])
  })

  it('clears away parts that an ended program left, but no part that may still be written', async () => {
    const { store, path } = await fresh()
    await store.put('a', filled(10, 1))
    await writeFile(join(path, 'b.key.1-1.part'), 'old')
    await utimes(join(path, 'b.key.1-1.part'), 1, 1)
    await writeFile(join(path, 'c.key.2-2.part'), 'new')
    await store.put('d', filled(10, 1))
    assert.deepEqual((await readdir(path)).sort(), ['a.key', 'c.key.2-2.part', 'd.key'])
  })

  it('touches no other file', async () => {
    const { store, path } = await fresh({ maximumBytes: 100 })
    await store.put('a', filled(10, 1))
    await writeFile(join(path, 'proving.zkey'), filled(1000, 9))
    await utimes(join(path, 'proving.zkey'), 1, 1)
    await store.put('b', filled(100, 1))
    assert.equal((await readFile(join(path, 'proving.zkey'))).length, 1000)
  })
})

describe('store in IndexedDB', () => {
  const before = globalThis.indexedDB
  let count = 0
  beforeEach(() => { globalThis.indexedDB = new IDBFactory() })
  after(() => { globalThis.indexedDB = before })
  promises(async (options) => {
    const database = `keys-${count++}`, open = () => indexedDbStore(database, options)
    return { store: open(), again: open, used: (name, at) => setUse(database, name, at * 1000) }
  })

  it('lets the database be deleted, and makes it again', async () => {
    const store = indexedDbStore('gone')
    await store.put(NAME, filled(10, 1))
    await new Promise((resolve, reject) => Object.assign(indexedDB.deleteDatabase('gone'), { onsuccess: resolve, onerror: reject, onblocked: reject }))
    assert.equal(await store.get(NAME), undefined)
    await store.put(NAME, filled(10, 2))
    assert.deepEqual(await store.get(NAME), filled(10, 2))
  })

  it('keeps nothing of a put that fails', async () => {
    const store = indexedDbStore('failing', { maximumBytes: 100 })
    await store.put('a', filled(90, 1))
    await assert.rejects(store.put('b', { length: 50, cannotBeCloned: () => {} } as never))
    assert.ok(await store.get('a'), 'which was to make room')
  })

  async function setUse(database: string, name: string, usedAt: number): Promise<void> {
    const db = await new Promise<IDBDatabase>((resolve) => { const request = indexedDB.open(database); request.onsuccess = () => resolve(request.result) })
    await new Promise<void>((resolve) => {
      const transaction = db.transaction('uses', 'readwrite'), uses = transaction.objectStore('uses'), request = uses.get(name)
      request.onsuccess = () => uses.put({ ...request.result, usedAt })
      transaction.oncomplete = () => resolve()
    })
    db.close()
  }
})
