// Benchmarks, one JSON line each: snarkjs and this engine take turns, at least 7 rounds, medians in milliseconds; ratios are
// medians of the rounds' own ratios, under keys that begin with ratio_ (of processor time: ratio_cpu_, which other programs
// on the machine disturb less).
//
//   npx tsx engine/bench/bench.ts [prove|witness|memory|msm|fft|verify|poseidon|eddsa …] [--rounds=7] [--circuits=3x2,…] [--ptau=file]
//     or, for prove, a key of your own: --key=file.zkey --witness=file.wtns

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
// @ts-ignore no types everywhere
import { curves, groth16, wtns, zKey } from 'snarkjs'
import { BASE, SUBGROUP_ORDER } from '../src/baby-jubjub.ts'
import { Engine } from '../src/engine.ts'
import { littleEndian } from '../src/files.ts'
import { bestLayout, digitsOf, product } from '../src/multiply.ts'
import { PAIR } from '../src/wasm/field.ts'
import { WitnessCalculator, type CircuitInputs } from '../src/witness/calculator.ts'
import { circuit } from '../test/circuit.ts'
import { benchVerify } from './verify.ts'

export const say = (line: Record<string, unknown>) => console.log(JSON.stringify(line))
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
async function compare(rounds: number, about: Record<string, unknown>, ways: Record<string, () => unknown>, ratios: Record<string, [string, string]>): Promise<void> {
  const times: Record<string, Time[]> = Object.fromEntries(Object.keys(ways).map((name) => [name, []]))
  for (let i = -1; i < rounds; i++) for (const [name, work] of Object.entries(ways)) {
    const time = await timed(work)
    if (i >= 0) times[name]!.push(time)
  }
  say({
    ...about, rounds,
    ...Object.fromEntries(Object.entries(times).map(([name, list]) => [`${name}_ms`, round(median(list.map(({ wall }) => wall)))])),
    ...Object.fromEntries(Object.entries(ratios).flatMap(([key, [slow, fast]]) => (['wall', 'cpu'] as const).map((kind) =>
      [kind === 'wall' ? key : key.replace('ratio_', 'ratio_cpu_'), round(median(times[slow]!.map((time, i) => time[kind] / times[fast]![i]![kind])))]))),
  })
}

export interface Shape { name: string; zkey: Uint8Array; witness: Uint8Array; verificationKey: object; wasm?: Uint8Array; inputs?: CircuitInputs }

/** Proofs of each shape with 2 threads and 1, and with tables. */
export async function benchProving(shapes: readonly Shape[], rounds = 7): Promise<void> {
  for (const { name, zkey, witness, verificationKey } of shapes) {
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
      const { wall: prepare } = await timed(async () => { prepared = await simd.prepareKey(key) })
      const stored = simd.storeKey(prepared!)
      const { wall: readStored } = await timed(() => simd.readStoredKey(stored).release())
      await compare(rounds, { bench: 'prove', shape: name, prepare_ms: round(prepare), stored_mib: round(stored.length / 2 ** 20), read_stored_ms: round(readStored), wires: key.wires, domain: key.domain, threads, arithmetic: simd.arithmetic, load_ms: round(load), first_ms: round(first), ratio_first_to_warm: round(first / warm), memory_mib: simd.machine.memory.buffer.byteLength / 2 ** 20 }, {
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

/** Witnesses from inputs; and all that a user waits for, as snarkjs's `fullProve` does it. */
export async function benchWitnesses(shapes: readonly Shape[], rounds = 7): Promise<void> {
  // @ts-ignore no types
  const { WitnessCalculatorBuilder } = await import('circom_runtime')
  for (const { name, zkey, wasm, inputs } of shapes) {
    if (!wasm || !inputs) continue
    const { wall: load } = await timed(() => WitnessCalculator.load(wasm))
    const calculator = await WitnessCalculator.load(wasm), kept = await WitnessCalculatorBuilder(wasm)
    const { wall: first } = await timed(() => calculator.witness(inputs))
    const engine = await Engine.create({ threads: 2 }), key = engine.readKey(zkey)
    await compare(rounds, { bench: 'witness', shape: name, wires: calculator.wires, module_mib: round(wasm.length / 2 ** 20), load_ms: round(load), first_ms: round(first) }, {
      snarkjs: () => wtns.calculate(inputs, wasm, { type: 'mem' }),
      snarkjs_kept: () => kept.calculateWTNSBin(inputs, null),
      engine: () => calculator.witness(inputs),
      snarkjs_full: () => groth16.fullProve(inputs, wasm, zkey),
      engine_full: () => engine.prove(key, calculator.witness(inputs)),
    }, { ratio_snarkjs_witness: ['snarkjs', 'engine'], ratio_snarkjs_witness_kept: ['snarkjs_kept', 'engine'], ratio_snarkjs_2_threads_full: ['snarkjs_full', 'engine_full'] })
    engine.close()
  }
}

/** Most memory of programs that prove, each in a process of its own, in turns. */
export async function benchMemory(shapes: readonly Shape[], rounds = 3): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'engine-bench-')), program = fileURLToPath(new URL('./memory.ts', import.meta.url))
  for (const { name, zkey, witness } of shapes) {
    await writeFile(join(folder, 'key.zkey'), zkey)
    await writeFile(join(folder, 'witness.wtns'), witness)
    const most: Record<string, number[]> = { snarkjs: [], engine: [] }
    for (let i = 0; i < rounds; i++) for (const who of ['snarkjs', 'engine']) {
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program, who, join(folder, 'key.zkey'), join(folder, 'witness.wtns')])
      most[who]!.push(Number(stdout))
    }
    say({ bench: 'memory', shape: name, rounds, snarkjs_mib: round(median(most['snarkjs']!)), engine_mib: round(median(most['engine']!)), ratio_snarkjs_memory: round(median(most['snarkjs']!.map((mib, i) => mib / most['engine']![i]!))) })
  }
  await rm(folder, { recursive: true })
}

/** Sums over the points of a key, repeated as need be. */
export async function benchProducts(zkey: Uint8Array, rounds = 7): Promise<void> {
  for (const threads of [2, 1]) {
    const engine = await Engine.create({ threads }), curve = await curves.getCurveFromName('bn128', { singleThread: threads === 1 })
    const key = engine.readKey(zkey), { machine, pool } = engine
    for (const group of ['g1', 'g2'] as const) {
      const source = group === 'g1' ? key.h : key.b2, size = machine.program[group].element * 2
      for (let log = 12; log <= 16; log++) {
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
        await compare(rounds, { bench: 'msm', group, log_size: log, threads }, {
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

export async function benchTransforms(rounds = 7): Promise<void> {
  const engine = await Engine.create({ threads: 1 }), curve = await curves.getCurveFromName('bn128', { singleThread: true })
  const { machine } = engine
  for (let log = 12; log <= 16; log++) {
    const n = 2 ** log, domain = engine.domain(n), data = machine.allocate(PAIR * n / 2)
    const values = new Uint8Array(32 * n)
    for (let i = 0; i < n; i++) crypto.getRandomValues(values.subarray(32 * i, 32 * i + 31))
    const { fr } = machine.program
    for (let i = 0; i < n / 2; i++) machine.bytes.set(fr.encode(fr.mont(littleEndian(values.subarray(64 * i, 64 * i + 32))), fr.mont(littleEndian(values.subarray(64 * i + 32, 64 * i + 64)))), data + PAIR * i)
    await compare(rounds, { bench: 'fft', log_size: log, threads: 1 }, {
      snarkjs: () => curve.Fr.fft(values),
      engine: () => machine.exports.toValues!(data, domain.pairs, domain.roots),
    }, { ratio_snarkjs_1_threads: ['snarkjs', 'engine'] })
    machine.release(data)
  }
}

export async function benchHashing(rounds = 7): Promise<void> {
  // @ts-ignore no types
  const oracle: any = await (await import('circomlibjs')).buildPoseidon()
  const simd = await Engine.create({ threads: 1 }), plain = await Engine.create({ threads: 1, arithmetic: 'i64' })
  const n = 4096, inputs = new Uint8Array(64 * n)
  for (let i = 0; i < 2 * n; i++) crypto.getRandomValues(inputs.subarray(32 * i, 32 * i + 31))
  await compare(rounds, { bench: 'poseidon', inputs: 2, hashes: n }, {
    circomlibjs: () => { for (let i = 0; i < n; i++) oracle([inputs.subarray(0, 32), inputs.subarray(32, 64)]) },
    engine: () => simd.poseidon.hash(2, inputs),
    engine_i64: () => plain.poseidon.hash(2, inputs),
  }, { ratio_circomlibjs: ['circomlibjs', 'engine'], ratio_circomlibjs_i64: ['circomlibjs', 'engine_i64'] })
}

export async function benchSigning(rounds = 7): Promise<void> {
  // @ts-ignore no types
  const oracle: any = await (await import('circomlibjs')).buildEddsa()
  const simd = await Engine.create({ threads: 1 }), plain = await Engine.create({ threads: 1, arithmetic: 'i64' })
  const n = 64
  const requests = Array.from({ length: n }, (_, i) => ({ scalar: 12345n ** 15n, nonce: (BigInt(i) + 3n) ** 99n % SUBGROUP_ORDER, publicKey: BASE, message: BigInt(i) }))
  const secret = new Uint8Array(32).fill(7)
  await compare(rounds, { bench: 'eddsa', signatures: n }, {
    circomlibjs: () => { for (let i = 0; i < n; i++) oracle.signPoseidon(secret, oracle.F.e(BigInt(i))) },
    engine: () => simd.babyJubjub.sign(requests),
    engine_i64: () => plain.babyJubjub.sign(requests),
  }, { ratio_circomlibjs: ['circomlibjs', 'engine'], ratio_circomlibjs_i64: ['circomlibjs', 'engine_i64'] })
}

export const sayWhere = () => say({ node: process.version, processors: availableParallelism(), load: loadavg().map(round) })

async function main(): Promise<void> {
  const flags = new Map(process.argv.slice(2).filter((arg) => arg.startsWith('--')).map((arg) => arg.slice(2).split('=') as [string, string]))
  const chosen = process.argv.slice(2).filter((arg) => !arg.startsWith('--'))
  const wants = (name: string) => chosen.length === 0 || chosen.includes(name)
  const rounds = Number(flags.get('rounds') ?? 7)
  const bytes = async (name: string) => new Uint8Array(await readFile(flags.get(name)!))
  const shapes = async (): Promise<Shape[]> => {
    if (flags.has('key')) return [{ name: 'given', zkey: await bytes('key'), witness: await bytes('witness'), verificationKey: await zKey.exportVerificationKey(flags.get('key')) }]
    const sizes = (flags.get('circuits') ?? '3x2').split(',')
    return Promise.all(sizes.map(async (name) => ({ name, ...await circuit(...name.split('x').map(Number) as [number, number], flags.get('ptau')) })))
  }
  sayWhere()
  if (wants('verify')) await benchVerify(rounds)
  if (wants('poseidon')) await benchHashing(rounds)
  if (wants('eddsa')) await benchSigning(rounds)
  if (wants('fft')) await benchTransforms(rounds)
  if (wants('msm')) await benchProducts((await shapes())[0]!.zkey, rounds)
  if (wants('witness')) await benchWitnesses(await shapes(), rounds)
  if (wants('memory')) await benchMemory(await shapes())
  if (wants('prove')) await benchProving(await shapes(), rounds)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main()
  process.exit(0) // snarkjs's threads would keep the program alive
}
