// Benchmarks, one JSON line each: snarkjs and this engine take turns, at least 7 rounds, medians in milliseconds; ratios are
// medians of the rounds' own ratios, under keys that begin with ratio_ (of processor time: ratio_cpu_, which other programs
// on the machine disturb less).
//
//   npx tsx engine/bench.ts [prove|msm|fft|verify|poseidon|eddsa …] [--rounds=7] [--circuits=35x25,60x40] [--ptau=file]
//     or, for prove, a key of your own: --key=file.zkey --witness=file.wtns

import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
// @ts-expect-error no types
import { curves, groth16, zKey } from 'snarkjs'
import { BASE, SUBGROUP_ORDER } from './src/baby-jubjub.ts'
import { Engine } from './src/engine.ts'
import { verifyBatch } from './src/pairing/batch.ts'
import { prepareVerificationKey, verify } from './src/pairing/verify.ts'
import { bestLayout, digitsOf, product } from './src/multiply.ts'
import { circuit } from './test/circuit.ts'

const flags = new Map(process.argv.slice(2).filter((arg) => arg.startsWith('--')).map((arg) => arg.slice(2).split('=') as [string, string]))
const chosen = process.argv.slice(2).filter((arg) => !arg.startsWith('--'))
const ROUNDS = Number(flags.get('rounds') ?? 7)
const wants = (name: string) => chosen.length === 0 || chosen.includes(name)
const say = (line: Record<string, unknown>) => console.log(JSON.stringify(line))
const round = (x: number) => Number(x.toPrecision(3))
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!

interface Time { wall: number; cpu: number }
async function timed(work: () => unknown): Promise<Time> {
  const start = performance.now(), used = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(used)
  return { wall: performance.now() - start, cpu: (user + system) / 1000 }
}

/** Runs the ways in turn, after one unmeasured round; the first is what the others are compared with. */
async function compare(about: Record<string, unknown>, ways: Record<string, () => unknown>, ratios: Record<string, [string, string]>): Promise<void> {
  const times: Record<string, Time[]> = Object.fromEntries(Object.keys(ways).map((name) => [name, []]))
  for (let i = -1; i < ROUNDS; i++) for (const [name, work] of Object.entries(ways)) {
    const time = await timed(work)
    if (i >= 0) times[name]!.push(time)
  }
  say({
    ...about, rounds: ROUNDS,
    ...Object.fromEntries(Object.entries(times).map(([name, list]) => [`${name}_ms`, round(median(list.map(({ wall }) => wall)))])),
    ...Object.fromEntries(Object.entries(ratios).flatMap(([key, [slow, fast]]) => (['wall', 'cpu'] as const).map((kind) =>
      [kind === 'wall' ? key : key.replace('ratio_', 'ratio_cpu_'), round(median(times[slow]!.map((time, i) => time[kind] / times[fast]![i]![kind])))]))),
  })
}

async function proving(): Promise<void> {
  const bytes = async (name: string) => new Uint8Array(await readFile(flags.get(name)!))
  const given = async () => ({ zkey: await bytes('key'), witness: await bytes('witness'), verificationKey: await zKey.exportVerificationKey(flags.get('key')) })
  const circuits = (flags.get('circuits') ?? '35x25,60x40').split(',').map((text) => text.split('x').map(Number) as [number, number])
  for (const make of flags.has('key') ? [given] : circuits.map(([hashes, ranges]) => () => circuit(hashes, ranges, flags.get('ptau')))) {
    const { zkey, witness, verificationKey } = await make()
    for (const threads of [2, 1]) {
      const simd = await Engine.create({ threads }), plain = await Engine.create({ threads, arithmetic: 'i64' })
      const loads: number[] = [], firsts: number[] = []
      for (let i = 0; i < 5; i++) {
        const fresh = await Engine.create({ threads })
        let own: ReturnType<typeof fresh.readKey>
        loads.push((await timed(() => { own = fresh.readKey(zkey) })).wall)
        firsts.push((await timed(() => fresh.prove(own, witness))).wall)
        fresh.close()
      }
      const [load, first] = [median(loads), median(firsts)], key = simd.readKey(zkey)
      const plainKey = plain.readKey(zkey)
      const { proof, publicSignals } = await simd.prove(key, witness)
      if (!await groth16.verify(verificationKey, publicSignals, proof)) throw new Error('a proof that snarkjs refuses')
      const again: number[] = []
      for (let i = 0; i < 5; i++) again.push((await timed(() => simd.prove(key, witness))).wall)
      const warm = median(again)
      let prepared: typeof key
      const { wall: prepare } = await timed(async () => { prepared = await simd.prepareKey(key, 8) })
      await compare({ bench: 'prove', prepare_ms: round(prepare), wires: key.wires, domain: key.domain, threads, arithmetic: simd.arithmetic, load_ms: round(load), first_ms: round(first), ratio_first_to_warm: round(first / warm), memory_mib: simd.machine.memory.buffer.byteLength / 2 ** 20 }, {
        snarkjs: () => groth16.prove(zkey, witness, undefined, { singleThread: threads === 1 }),
        engine: () => simd.prove(key, witness),
        engine_prepared: () => simd.prove(prepared, witness),
        engine_i64: () => plain.prove(plainKey, witness),
      }, { [`ratio_snarkjs_${threads}_threads_prepared`]: ['snarkjs', 'engine_prepared'], [`ratio_snarkjs_${threads}_threads`]: ['snarkjs', 'engine'], [`ratio_snarkjs_${threads}_threads_i64`]: ['snarkjs', 'engine_i64'] })
      simd.close()
      plain.close()
    }
  }
}

async function products(): Promise<void> {
  const { zkey } = await circuit(60, 40)
  for (const threads of [2, 1]) {
    const engine = await Engine.create({ threads }), curve = await curves.getCurveFromName('bn128', { singleThread: threads === 1 })
    const key = engine.readKey(zkey), { machine, pool } = engine
    for (const group of ['g1', 'g2'] as const) {
      const source = group === 'g1' ? key.h : key.b2, size = machine.program[group].element * 2
      for (let log = 12; log <= (group === 'g1' ? 16 : 14); log += 2) {
        const n = 2 ** log
        const owned: number[] = []
        const context = { machine, run: pool.run.bind(pool), allocate: (bytes: number) => { const at = machine.allocate(bytes); owned.push(at); return at } }
        const points = context.allocate(n * size), indices = context.allocate(4 * n), scalars = context.allocate(32 * n)
        for (let i = 0; i < n; i++) machine.bytes.copyWithin(points + size * i, source.points + size * (i % source.count), source.points + size * (i % source.count + 1))
        new Uint32Array(machine.memory.buffer, indices, n).forEach((_, i, list) => { list[i] = i })
        const random = new Uint8Array(32 * n)
        for (let i = 0; i < random.length; i += 65536) crypto.getRandomValues(random.subarray(i, i + 65536))
        for (let i = 31; i < random.length; i += 32) random[i]! &= 0x1f
        machine.bytes.set(random, scalars)
        const raw = machine.allocate(n * size), { element } = machine.program[group]
        machine.exports.fp_export!(raw, points, n * (element / 40) * 2, machine.program.factors.fp.toMontgomery256)
        const bases = machine.bytes.slice(raw, raw + n * (element / 40) * 64)
        await compare({ bench: 'msm', group, log_size: log, threads }, {
          snarkjs: () => curve[group.toUpperCase()].multiExpAffine(bases, random),
          engine: async () => product(context, { group, points, indices, count: n }, await digitsOf(context, scalars, n, bestLayout(n)), 1),
        }, { [`ratio_snarkjs_${threads}_threads`]: ['snarkjs', 'engine'] })
        for (const at of [...owned, raw]) machine.release(at)
      }
    }
    engine.close()
    if (threads === 1) await curve.terminate()
  }
}

async function transforms(): Promise<void> {
  const engine = await Engine.create({ threads: 1 }), curve = await curves.getCurveFromName('bn128', { singleThread: true })
  const { machine } = engine
  for (let log = 12; log <= 16; log++) {
    const n = 2 ** log, domain = engine.domain(n), data = machine.allocate(40 * n)
    const values = new Uint8Array(32 * n)
    for (let i = 0; i < n; i++) crypto.getRandomValues(values.subarray(32 * i, 32 * i + 31))
    await compare({ bench: 'fft', log_size: log, threads: 1 }, {
      snarkjs: () => curve.Fr.fft(values),
      engine: () => machine.exports.toValues!(data, domain.pairs, domain.roots),
    }, { ratio_snarkjs_1_threads: ['snarkjs', 'engine'] })
    machine.release(data)
  }
}

async function verification(): Promise<void> {
  const { zkey, witness, verificationKey } = await circuit(3, 2)
  const engine = await Engine.create({ threads: 1 })
  const { proof, publicSignals: signals } = await engine.prove(engine.readKey(zkey), witness)
  const key = await prepareVerificationKey(verificationKey), plain = await prepareVerificationKey(verificationKey, { arithmetic: 'i64' })
  const { mclVerify } = await import('./bench-mcl.ts')
  const mcl = await mclVerify(verificationKey)
  const times = (n: number, work: () => unknown) => async () => { for (let i = 0; i < n; i++) if (!await work()) throw new Error('refused') }
  await compare({ bench: 'verify', times: 20 }, {
    snarkjs: times(20, () => groth16.verify(verificationKey, signals, proof)),
    mcl: times(20, () => mcl(signals, proof)),
    engine: times(20, () => verify(key, signals, proof)),
    engine_i64: times(20, () => verify(plain, signals, proof)),
  }, { ratio_snarkjs: ['snarkjs', 'engine'], ratio_mcl: ['mcl', 'engine'], ratio_mcl_i64: ['mcl', 'engine_i64'] })
  for (const n of [1, 8, 64, 256]) {
    const batch = Array(n).fill({ key, signals, proof })
    await compare({ bench: 'verifyBatch', proofs: n }, {
      singly: times(n, () => verify(key, signals, proof)),
      engine: async () => { if (!(await verifyBatch(batch)).every(({ accepted }) => accepted)) throw new Error('refused') },
      mcl: times(n, () => mcl(signals, proof)),
    }, { ratio_batch_to_single: ['engine', 'singly'], ratio_batch_to_mcl_single: ['engine', 'mcl'] })
  }
}

async function hashing(): Promise<void> {
  // @ts-ignore no types
  const oracle = await (await import('circomlibjs')).buildPoseidon()
  const simd = await Engine.create({ threads: 1 }), plain = await Engine.create({ threads: 1, arithmetic: 'i64' })
  const n = 4096, inputs = new Uint8Array(64 * n)
  for (let i = 0; i < 2 * n; i++) crypto.getRandomValues(inputs.subarray(32 * i, 32 * i + 31))
  await compare({ bench: 'poseidon', inputs: 2, hashes: n }, {
    circomlibjs: () => { for (let i = 0; i < n; i++) oracle([inputs.subarray(0, 32), inputs.subarray(32, 64)]) },
    engine: () => simd.poseidon.hash(2, inputs),
    engine_i64: () => plain.poseidon.hash(2, inputs),
  }, { ratio_circomlibjs: ['circomlibjs', 'engine'], ratio_circomlibjs_i64: ['circomlibjs', 'engine_i64'] })
}

async function signing(): Promise<void> {
  // @ts-ignore no types
  const oracle = await (await import('circomlibjs')).buildEddsa()
  const simd = await Engine.create({ threads: 1 }), plain = await Engine.create({ threads: 1, arithmetic: 'i64' })
  const n = 1024, few = 16
  const requests = Array.from({ length: n }, (_, i) => ({ scalar: 12345n ** 15n, nonce: (BigInt(i) + 3n) ** 99n % SUBGROUP_ORDER, publicKey: BASE, message: BigInt(i) }))
  const secret = new Uint8Array(32).fill(7)
  await compare({ bench: 'eddsa', signatures: n, signatures_circomlibjs: few }, {
    circomlibjs: () => { for (let i = 0; i < few; i++) oracle.signPoseidon(secret, oracle.F.e(BigInt(i))) },
    engine: () => simd.babyJubjub.sign(requests),
    engine_i64: () => plain.babyJubjub.sign(requests),
  }, {})
}

say({ node: process.version, processors: availableParallelism() })
if (wants('verify')) await verification()
if (wants('poseidon')) await hashing()
if (wants('eddsa')) await signing()
if (wants('fft')) await transforms()
if (wants('msm')) await products()
if (wants('prove')) await proving()
process.exit(0) // snarkjs's threads would keep the program alive
