import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
// @ts-expect-error no types
import { groth16 } from 'snarkjs'
import { proveWith } from '../src/engine.ts'
import { Engine, MalformedFile, WitnessCalculator, exportVerificationKey, prepareVerificationKey, verify, type ProvingKey } from '../src/index.ts'
import { SCALAR_ORDER as r } from '../src/wasm/msm.ts'
import { circuit, type Circuit } from './circuit.ts'
import { ARITHMETICS } from './machines.ts'
import { byNoble, mclVerifier } from './verify-oracles.ts'

describe('prove', () => {
  let made: Circuit
  const engines: Engine[] = []
  const engine = async (...[options]: Parameters<typeof Engine.create>) => {
    const one = await Engine.create(options)
    engines.push(one)
    return one
  }
  before(async () => { made = await circuit(3, 2) })
  afterEach(() => { for (const one of engines.splice(0)) one.close() })
  after(async () => { await (globalThis as any).curve_bn128?.terminate() })

  const counting = () => { let n = 0n; return () => (++n * 0x123456789abcdef123456789abcdef123456789abcdefn) % r }
  const seeded: string[] = []

  for (const arithmetic of ARITHMETICS) for (const threads of [1, 2, 3]) it(`makes proofs that snarkjs, @noble/curves, mcl and we accept, on ${arithmetic} with ${threads} threads`, async () => {
    const one = await engine({ arithmetic, threads }), key = one.readKey(made.zkey)
    const { proof, publicSignals } = await one.prove(key, made.witness)
    assert.deepEqual(publicSignals, made.publicSignals)
    assert.equal(await groth16.verify(made.verificationKey, publicSignals, proof), true)
    assert.equal(await verify(await prepareVerificationKey(made.verificationKey), publicSignals, proof), true)
    assert.equal(byNoble(made.verificationKey, publicSignals, proof), true)
    const mcl = await mclVerifier()
    assert.equal(mcl.verify(mcl.prepare(made.verificationKey), publicSignals, proof), true)
    seeded.push(JSON.stringify(await proveWith(one, counting(), key, made.witness)))
    assert.equal(seeded.at(-1), seeded[0], 'the same randomness, the same proof')
  })

  for (const blocks of [2, 4, 19]) it(`makes the same proof from a key prepared in ${blocks} blocks`, async () => {
    const one = await engine({ threads: 2 }), key = one.readKey(made.zkey)
    const held = one.machine.allocatedBytes
    const prepared = await one.prepareKey(key, blocks)
    const { proof } = await proveWith(one, counting(), prepared, made.witness)
    assert.deepEqual(proof, JSON.parse(seeded[0]!).proof)
    prepared.release()
    assert.ok(one.machine.allocatedBytes - held < 20 << 20, 'but for workspaces')
  })

  for (const arithmetic of ARITHMETICS) it(`makes the same proof from a key that was stored, on ${arithmetic}`, async () => {
    const one = await engine({ threads: 2, arithmetic }), key = one.readKey(made.zkey)
    const prepared = await one.prepareKey(key, 3)
    for (const stored of [one.storeKey(key), one.storeKey(prepared)]) {
      const other = await engine({ threads: 1, arithmetic }), held = other.machine.allocatedBytes
      const unaligned = new Uint8Array(stored.length + 1)
      unaligned.set(stored, 1)
      const [read, again] = [other.readStoredKey(stored), other.readStoredKey(unaligned.subarray(1))]
      assert.deepEqual(await proveWith(other, counting(), read, made.witness), JSON.parse(seeded[0]!))
      assert.deepEqual(other.storeKey(again), stored)
      read.release()
      again.release()
      assert.ok(other.machine.allocatedBytes - held < 20 << 20, 'but for tables and workspaces')
    }
  })

  it('refuses a stored key with a byte flipped, cut short or longer, and keeps no memory of it', async () => {
    const one = await engine({ threads: 1 }), stored = one.storeKey(one.readKey(made.zkey))
    const held = one.machine.allocatedBytes
    const flips = [...Array(80).keys(), ...Array.from({ length: 20 }, (_, i) => 100 + Math.floor((stored.length - 101) * (i / 19) ** 2)), stored.length - 1]
    for (const at of flips) {
      const flipped = stored.slice()
      flipped[at]! ^= 1 << at % 8
      assert.throws(() => one.readStoredKey(flipped), MalformedFile, `byte ${at}`)
    }
    for (const length of [0, 3, 16, 71, 72, 1000, stored.length - 4, stored.length - 1]) assert.throws(() => one.readStoredKey(stored.slice(0, length)), MalformedFile)
    const longer = new Uint8Array(stored.length + 4)
    longer.set(stored)
    assert.throws(() => one.readStoredKey(longer), MalformedFile)
    assert.throws(() => one.readStoredKey(made.zkey), MalformedFile)
    assert.equal(one.machine.allocatedBytes, held)
  })

  it('reads keys and witnesses from Buffers, wherever they begin', async () => {
    const one = await engine({ threads: 1 }), stored = one.storeKey(one.readKey(made.zkey))
    for (const offset of [1, 4, 7]) {
      const within = (bytes: Uint8Array) => Buffer.concat([Buffer.alloc(offset), bytes]).subarray(offset)
      for (const key of [one.readKey(within(made.zkey)), one.readStoredKey(within(stored))]) {
        assert.equal(JSON.stringify(await proveWith(one, counting(), key, within(made.witness))), seeded[0])
      }
    }
  })

  if (ARITHMETICS.length > 1) it('refuses a stored key of another arithmetic', async () => {
    const [simd, plain] = [await engine({ threads: 1, arithmetic: 'relaxed-simd' }), await engine({ threads: 1, arithmetic: 'i64' })]
    const stored = [simd, plain].map((one) => one.storeKey(one.readKey(made.zkey))) as [Uint8Array, Uint8Array]
    assert.throws(() => simd.readStoredKey(stored[1]), MalformedFile)
    assert.throws(() => plain.readStoredKey(stored[0]), MalformedFile)
  })

  it('makes the proof that the formula gives for r = s = 0, and others for other r and s', async () => {
    const one = await engine({ threads: 1 }), key = one.readKey(made.zkey)
    const zero = await proveWith(one, () => 0n, key, made.witness)
    assert.equal(await groth16.verify(made.verificationKey, zero.publicSignals, zero.proof), true)
    for (const random of [() => 1n, () => r - 1n]) {
      const { proof, publicSignals } = await proveWith(one, random, key, made.witness)
      assert.equal(await groth16.verify(made.verificationKey, publicSignals, proof), true)
      assert.notEqual(proof.pi_a[0], zero.proof.pi_a[0])
    }
  })

  it('never makes the same proof twice', async () => {
    const one = await engine({ threads: 2 }), key = one.readKey(made.zkey)
    const [a, b] = await Promise.all([one.prove(key, made.witness), one.prove(key, made.witness)])
    assert.notDeepEqual(a.proof, b.proof)
  })

  it('takes a witness as a file or as its wires', async () => {
    const one = await engine({ threads: 1 }), key = one.readKey(made.zkey)
    const wires = made.witness.slice(made.witness.length - 32 * key.wires)
    assert.deepEqual((await proveWith(one, counting(), key, wires)).proof, JSON.parse(seeded[0]!).proof)
  })

  it('proves the witness that it was given, whatever its owner does with it meanwhile', async () => {
    const one = await engine({ threads: 2 }), key = one.readKey(made.zkey), witness = made.witness.slice()
    const proving = proveWith(one, counting(), key, witness)
    witness.fill(0)
    assert.equal(JSON.stringify(await proving), seeded[0])
  })

  it('proves with a key that is released meanwhile, and gives its memory back then', async () => {
    const one = await engine({ threads: 2 })
    one.readKey(made.zkey).release()
    const held = one.machine.allocatedBytes, key = one.readKey(made.zkey), prepared = await one.prepareKey(key)
    const proofs = [key, prepared, prepared].map((each) => proveWith(one, counting(), each, made.witness))
    prepared.release()
    key.release()
    const other = one.readKey((await circuit(2, 2)).zkey)
    for (const proof of await Promise.all(proofs)) assert.equal(JSON.stringify(proof), seeded[0])
    other.release()
    const workspaces = one.machine.allocatedBytes - held
    const again = one.readKey(made.zkey)
    await one.prove(again, made.witness)
    again.release()
    assert.equal(one.machine.allocatedBytes - held, workspaces)
  })

  it('refuses a key that is released, whatever for, and a key of another engine', async () => {
    const [one, other] = [await engine({ threads: 1 }), await engine({ threads: 1 })], key = one.readKey(made.zkey), prepared = await one.prepareKey(key)
    for (const use of [(each: ProvingKey) => other.prove(each, made.witness), (each: ProvingKey) => other.prepareKey(each), async (each: ProvingKey) => other.storeKey(each)]) await assert.rejects(use(key), TypeError)
    key.release()
    key.release()
    for (const each of [key, prepared]) {
      for (const use of [() => one.prove(each, made.witness), () => one.prepareKey(each), async () => one.storeKey(each), async () => one.preparedBytes(each)]) await assert.rejects(use, /released/)
    }
  })

  it('begins nothing more once a proof has failed, and proves again', async () => {
    const one = await engine({ threads: 1 }), key = one.readKey(made.zkey), held = one.machine.allocatedBytes
    let told = 0
    await assert.rejects(one.prove(key, made.witness, { onProgress: () => { if (told++ === 0) throw new Error('of the caller') } }), /of the caller/)
    const [calls, workspace] = [told, one.machine.allocatedBytes - held]
    await new Promise((resolve) => { setTimeout(resolve, 200) })
    assert.ok(told === calls && calls <= 2, `${told} calls`) // one more was in the queue
    assert.equal(JSON.stringify(await proveWith(one, counting(), key, made.witness)), seeded[0])
    assert.equal(one.machine.allocatedBytes - held, workspace)
  })

  it('makes proofs that nobody accepts from a false witness', async () => {
    const one = await engine({ threads: 1 }), key = one.readKey(made.zkey)
    const wires = made.witness.slice(made.witness.length - 32 * key.wires)
    wires[32 * (key.wires - 1)]! ^= 1
    const { proof, publicSignals } = await one.prove(key, wires)
    assert.equal(await groth16.verify(made.verificationKey, publicSignals, proof), false)
  })

  it('takes what fetch and readFile give: an ArrayBuffer, a Buffer within a larger one', async () => {
    const one = await engine({ threads: 1 })
    const buffer = (bytes: Uint8Array) => Buffer.concat([Buffer.alloc(3), bytes, Buffer.alloc(5)]).subarray(3, 3 + bytes.length)
    for (const as of [(bytes: Uint8Array) => bytes.slice().buffer as ArrayBuffer, buffer]) {
      const key = one.readKey(as(made.zkey))
      assert.deepEqual((await proveWith(one, counting(), key, as(made.witness))).proof, JSON.parse(seeded[0]!).proof)
      one.readStoredKey(as(one.storeKey(key)))
      await WitnessCalculator.load(as(made.wasm))
      exportVerificationKey(as(made.zkey))
    }
  })

  for (const [what, value] of [['a path', 'proving.zkey'], ['nothing', undefined], ['null', null], ['numbers', [1, 2]]] as const) it(`says what it wants when it is given ${what}`, async () => {
    const one = await engine({ threads: 1 }), key = one.readKey(made.zkey)
    const wants = (name: string) => (error: unknown) => error instanceof TypeError && error.message.startsWith(`${name}: expected its bytes`)
    assert.throws(() => one.readKey(value as never), wants('zkey'))
    await assert.rejects(one.openKey(value as never), wants('zkey'))
    await assert.rejects(one.prove(key, value as never), wants('witness'))
    assert.throws(() => one.readStoredKey(value as never), wants('stored key'))
    await assert.rejects(WitnessCalculator.load(value as never), wants('wasm'))
    assert.throws(() => exportVerificationKey(value as never), wants('zkey'))
  })

  const broken: [string, (witness: Uint8Array, key: ProvingKey) => Uint8Array][] = [
    ['too short', (w) => w.slice(0, -32)], ['cut in a section', (w) => w.slice(0, 90)],
    ['not of 32-byte wires', (w, key) => w.slice(w.length - 32 * key.wires + 1)],
    ['with a wire of r', (w, key) => { const wires = w.slice(w.length - 32 * key.wires); for (let i = 0; i < 32; i++) wires[64 + i] = Number((r >> BigInt(8 * i)) & 255n); return wires }],
    ['whose wire 0 is not 1', (w, key) => { const wires = w.slice(w.length - 32 * key.wires); wires[0] = 2; return wires }],
  ]
  for (const [what, breaks] of broken) it(`refuses a witness ${what}`, async () => {
    const one = await engine({ threads: 1 }), key = one.readKey(made.zkey)
    await assert.rejects(one.prove(key, breaks(made.witness, key)), MalformedFile)
  })

  for (const [what, at, value] of [['magic', 0, 0], ['version', 4, 9], ['protocol', 24, 2], ['prime', 45, 1]] as const) it(`refuses a key with another ${what}`, async () => {
    const zkey = made.zkey.slice()
    zkey[at] = value
    const one = await engine({ threads: 1 })
    assert.throws(() => one.readKey(zkey), MalformedFile)
  })

  it('refuses a truncated key', async () => {
    const one = await engine({ threads: 1 })
    for (const length of [0, 11, 30, 1000, made.zkey.length - 1]) assert.throws(() => one.readKey(made.zkey.slice(0, length)), MalformedFile)
  })

  it('keeps no memory of a key that it refuses', async () => {
    const one = await engine({ threads: 1 })
    one.readKey(made.zkey).release()
    const zkey = made.zkey.slice(), held = one.machine.allocatedBytes, view = new DataView(zkey.buffer)
    let at = 12
    while (view.getUint32(at, true) !== 4) at += 12 + view.getUint32(at + 4, true)
    view.setUint32(at + 12 + 4 + 4, 2 ** 20, true) // the row of the first coefficient
    assert.throws(() => one.readKey(zkey), /outside of the matrix/)
    assert.equal(one.machine.allocatedBytes, held)
  })

  it('tells progress that only grows and ends at 1', async () => {
    const one = await engine({ threads: 2 }), seen: number[] = []
    await one.prove(one.readKey(made.zkey), made.witness, { onProgress: (done) => seen.push(done) })
    assert.ok(seen.length > 5 && seen.every((x, i) => x > (seen[i - 1] ?? 0)))
    assert.equal(seen.at(-1), 1)
  })

  for (const threads of [1, 2]) it(`stops when told to, with ${threads} threads, gives its memory back and proves again`, async () => {
    const one = await engine({ threads }), key = one.readKey(made.zkey)
    const stop = new AbortController()
    await assert.rejects(one.prove(key, made.witness, { signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) }), /enough/)
    await assert.rejects(one.prove(key, made.witness, { signal: AbortSignal.abort(new Error('never')) }), /never/)
    // What stays is the key, and each thread's workspace once it has met its largest job.
    for (let i = 0; i < 5; i++) await one.prove(key, made.witness)
    const held = one.machine.allocatedBytes
    for (let i = 0; i < 3; i++) await one.prove(key, made.witness)
    assert.equal(one.machine.allocatedBytes, held)
  })

  for (const threads of [1, 2]) it(`leaves nothing of the witness in its memory, with ${threads} threads, nor of the blinding`, async () => {
    const one = await engine({ threads }), key = one.readKey(made.zkey)
    const before = one.machine.bytes.slice()
    await one.prove(key, made.witness)
    const { bytes } = one.machine
    const changed = bytes.reduce((count, byte, i) => count + (byte !== 0 && byte !== before[i] ? 1 : 0), 0)
    assert.equal(changed, 0)
  })

  it('fails instead of hanging when the engine is closed', async () => {
    const one = await engine({ threads: 2 }), key = one.readKey(made.zkey)
    const proving = one.prove(key, made.witness)
    one.close()
    await assert.rejects(proving, /closed/)
    await assert.rejects(one.prove(key, made.witness), /closed/)
  })

  for (const [what, ...flags] of [['that proved'], ['whose tables are still being made', 'later']] as const) it(`lets a program ${what} end by itself`, async () => {
    const program = fileURLToPath(new URL('./one-proof.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program, ...flags], { timeout: 60_000 })
    assert.match(stdout, /^proved/)
  })
})
