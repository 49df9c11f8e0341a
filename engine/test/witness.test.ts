import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { InvalidInput, MalformedFile, WitnessCalculator, type CircuitInputs } from '../src/index.ts'
import { littleEndian, toLittleEndian } from '../src/files.ts'
import { unsigned } from '../src/wasm/emit.ts'
import { inverse } from '../src/wasm/field.ts'
import { BASE_ORDER, buildProgram } from '../src/wasm/machine.ts'
import { SCALAR_ORDER as r } from '../src/wasm/msm.ts'
import { copySignal, invert, leaveMontgomery, multiply, square } from '../src/witness/arithmetic.ts'
import { quicken } from '../src/witness/quicken.ts'
import { circuit } from './circuit.ts'

const BUILD = fileURLToPath(new URL('../../build/engine/', import.meta.url))
const AT = { a: 1024, b: 1064, to: 1104, modulus: 1144 }

describe('arithmetic of witnesses', () => {
  const { memory, functions } = instantiate({ copySignal: [2, copySignal], multiply: [3, multiply], square: [2, square], invert: [3, invert], leaveMontgomery: [2, leaveMontgomery] })
  const put = (at: number, x: bigint) => memory.set(toLittleEndian(x), at)
  const answer = () => littleEndian(memory.subarray(AT.to, AT.to + 32))
  const edges = [0n, 1n, 2n, r - 1n, r - 2n, r >> 1n, (r >> 1n) + 1n, ...[29, 32, 58, 64, 128, 192, 232, 253].flatMap((k) => [(1n << BigInt(k)) - 1n, 1n << BigInt(k), (1n << BigInt(k)) + 1n]), (1n << 253n) + (1n << 29n) - 1n]
  const element = fc.oneof(fc.constantFrom(...edges), fc.bigInt({ min: 0n, max: r - 1n }), fc.integer({ min: 0, max: 253 }).chain((k) => fc.bigInt({ min: 0n, max: (1n << BigInt(k)) - 1n })))
  const over = inverse(1n << 256n, r)

  it('multiplies at every pair of edges, and anywhere', () => {
    const holds = (a: bigint, b: bigint) => {
      put(AT.a, a)
      put(AT.b, b)
      functions.multiply!(AT.a, AT.b, AT.to)
      assert.equal(answer(), (((a * b) % r) * over) % r, `${a} · ${b}`)
    }
    for (const a of edges) for (const b of edges) holds(a, b)
    fc.assert(fc.property(element, element, holds), { numRuns: 2000 })
  })

  it('squares', () => {
    fc.assert(fc.property(element, (a) => {
      put(AT.a, a)
      functions.square!(AT.a, AT.to)
      assert.equal(answer(), (((a * a) % r) * over) % r)
    }), { numRuns: 2000 })
  })

  it('leaves Montgomery form', () => {
    fc.assert(fc.property(element, (a) => {
      put(AT.a, a)
      functions.leaveMontgomery!(AT.a, AT.to)
      assert.equal(answer(), (a * over) % r)
    }), { numRuns: 2000 })
  })

  it('multiplies and squares in place', () => {
    put(AT.a, r - 5n)
    put(AT.b, 12345n)
    functions.multiply!(AT.a, AT.b, AT.a)
    functions.square!(AT.b, AT.b)
    assert.equal(littleEndian(memory.subarray(AT.a, AT.a + 32)), ((((r - 5n) * 12345n) % r) * over) % r)
    assert.equal(littleEndian(memory.subarray(AT.b, AT.b + 32)), (12345n ** 2n * over) % r)
  })

  for (const [name, p] of [['r', r], ['another prime', BASE_ORDER], ['a small prime', 65537n], ['2^255 − 19', (1n << 255n) - 19n]] as const) it(`inverts modulo ${name}, 0 to 0, in place too`, () => {
    put(AT.modulus, p)
    fc.assert(fc.property(element, (a) => {
      put(AT.a, a % p)
      functions.invert!(AT.a, AT.modulus, AT.to)
      assert.equal(answer(), a % p === 0n ? 0n : inverse(a % p, p))
      functions.invert!(AT.to, AT.modulus, AT.to)
      assert.equal(answer(), a % p)
    }), { numRuns: 1000 })
    for (let k = 0n; 1n << k < p; k++) {
      put(AT.a, 1n << k)
      functions.invert!(AT.a, AT.modulus, AT.to)
      assert.equal((answer() << k) % p, 1n % p)
    }
  })

  it('copies the 40 bytes of a signal and no more', () => {
    memory.fill(7, 2000, 2100)
    memory.set(Array.from({ length: 42 }, (_, i) => i + 100), 2200)
    functions.copySignal!(2030, 2201)
    assert.deepEqual([...memory.subarray(2029, 2071)], [7, ...Array.from({ length: 40 }, (_, i) => i + 101), 7])
  })
})

describe('quicken', () => {
  it('finds its functions in what circom writes', async () => {
    await circuit(3, 2)
    assert.equal(quicken(chain()).quickened, true)
  })

  it('leaves a module without them as it is, byte for byte', () => {
    const bytes = buildProgram('i64').module.bytes(false, 16)
    const { wasm, quickened } = quicken(bytes)
    assert.equal(quickened, false)
    assert.deepEqual(wasm, bytes)
  })

  it('leaves a module alone in which one byte of one function is another', () => {
    const wasm = chain(), code = Buffer.from(wasm).indexOf(Buffer.from([0x00, 0x20, 0x00, 0x20, 0x01, 0x29, 0x03, 0x00, 0x37, 0x03, 0x00])) // the start of Fr_copy
    assert.ok(code > 0)
    wasm[code + 7]! ^= 8 // another offset
    assert.equal(quicken(wasm).wasm, wasm)
  })

  it('refuses what is no module, and a truncated one', () => {
    const wasm = chain()
    const head = wasm.subarray(0, 8), endless = [[255, 255, 255, 255, 127], [255, 255, 255, 255, 15]].map((count) => new Uint8Array([...head, 10, 5, ...count]))
    for (const bytes of [...endless, new Uint8Array(0), new Uint8Array(100), wasm.slice(0, 7), wasm.slice(0, wasm.length - 1), wasm.slice(0, 50_000)]) assert.throws(() => quicken(bytes), MalformedFile)
  })
})

describe('witness calculator', () => {
  const inputs = (): CircuitInputs => ({ label: '7', secret: 12345678901234567890123456789n, amounts: [String(2n ** 64n - 1n), 1001] })
  let calculator: WitnessCalculator
  before(async () => {
    await circuit(3, 2)
    calculator = await WitnessCalculator.load(chain())
  })

  it('gives the bytes that snarkjs gives, again and again', async () => {
    const { witness } = await circuit(3, 2)
    for (let i = 0; i < 3; i++) assert.deepEqual(calculator.witness(inputs()), witness)
    assert.deepEqual([calculator.inputs, calculator.wires], [4, (witness.length - 76) / 32])
  })

  it('gives them without the faster arithmetic too, where the platform refuses it', async () => {
    const compile = WebAssembly.compile, sizes: number[] = []
    try {
      WebAssembly.compile = async (bytes) => {
        sizes.push(bytes.byteLength)
        if (sizes.length === 1) throw new WebAssembly.CompileError('no SIMD')
        return compile(bytes)
      }
      const slow = await WitnessCalculator.load(chain())
      assert.deepEqual(slow.witness(inputs()), (await circuit(3, 2)).witness)
      assert.equal(sizes[1], chain().length)
    } finally { WebAssembly.compile = compile }
  })

  const refuses = (input: unknown, path: RegExp, code = 'MALFORMED') => assert.throws(() => calculator.witness(input as CircuitInputs), (error: unknown) => error instanceof InvalidInput && error.code === code && path.test(error.path))
  for (const value of [-1, -1n, '-1', 1.5, '1.5', 2 ** 53, NaN, '007', '0x7', '', ' 7', '7 ', null, undefined, true, {}, [], ['1', '2'], r, String(r), r + 7n]) it(`refuses ${typeof value === 'bigint' ? `${value}n` : JSON.stringify(value)} as an element`, () => refuses({ ...inputs(), label: value }, /^\/label/))
  it('names the place in an array', () => refuses({ ...inputs(), amounts: ['1', 'x'] }, /^\/amounts\/1$/))
  it('refuses holes in an array', () => refuses({ ...inputs(), amounts: ['1', , '2'] }, /^\/amounts\/1$/))
  it('refuses arrays in each other without end', () => refuses({ ...inputs(), label: JSON.parse(`${'['.repeat(50_000)}7${']'.repeat(50_000)}`) }, /^\/label(\/0)+$/))
  it('refuses a missing input', () => refuses({ label: 1, secret: 2 }, /^$/))
  it('refuses an unknown one, and escapes its name in the path', () => refuses({ ...inputs(), 'a/b~': 1 }, /^\/a~1b~0$/))
  it('refuses too many and too few elements', () => {
    for (const amounts of [['1'], ['1', '2', '3'], [['1'], ['2', '3']]]) refuses({ ...inputs(), amounts }, /^\/amounts$/)
  })
  it('finds no witness for an amount of 65 bits, names no value, and works again', async () => {
    const secret = 2n ** 64n + 31415926535n
    assert.throws(() => calculator.witness({ ...inputs(), amounts: [secret, 1001] }), (error: unknown) => error instanceof InvalidInput && error.code === 'NO_WITNESS' && !error.message.includes(String(secret)))
    assert.deepEqual(calculator.witness(inputs()), (await circuit(3, 2)).witness)
  })

  it('refuses what is no circuit, and a circuit over another prime', async () => {
    for (const bytes of [new Uint8Array(3), chain().slice(0, 9000), buildProgram('i64').module.bytes(false, 16)]) await assert.rejects(WitnessCalculator.load(bytes), MalformedFile)
    for (const prime of ['goldilocks', 'bls12381']) await assert.rejects(WitnessCalculator.load(overAnotherPrime(prime)), MalformedFile) // the second has elements as long as ours
  })
})

const chain = () => new Uint8Array(readFileSync(`${BUILD}chain-3-2/chain_js/chain.wasm`))

function overAnotherPrime(prime: string): Uint8Array {
  const folder = `${BUILD}other-prime`, root = fileURLToPath(new URL('../..', import.meta.url))
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/one.circom`, 'pragma circom 2.1.0; template One() { signal input a; signal output b; b <== a * a; } component main = One();')
  execFileSync(process.execPath, [createRequire(import.meta.url).resolve('circom2/cli.js'), 'build/engine/other-prime/one.circom', '--wasm', '-p', prime, '-o', 'build/engine/other-prime'], { cwd: root, stdio: 'pipe' })
  return readFileSync(`${folder}/one_js/one.wasm`)
}

/** A module of these functions, of so many addresses each, over one page of memory. */
function instantiate(bodies: Record<string, [number, Uint8Array]>): { memory: Uint8Array; functions: Record<string, (...args: number[]) => void> } {
  const list = Object.entries(bodies)
  const section = (id: number, items: number[][]) => { const content = [...unsigned(items.length), ...items.flat()]; return [id, ...unsigned(content.length), ...content] }
  const exported = (name: string, kind: number, index: number) => [name.length, ...Buffer.from(name), kind, index]
  const wasm = Uint8Array.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, list.map(([, [count]]) => [0x60, count, ...Array<number>(count).fill(0x7f), 0])), ...section(3, list.map((_, i) => [i])), ...section(5, [[0, 1]]),
    ...section(7, [exported('memory', 2, 0), ...list.map(([name], i) => exported(name, 0, i))]), ...section(10, list.map(([, [, body]]) => [...unsigned(body.length), ...body])),
  ])
  const { memory, ...functions } = new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports as never as { memory: WebAssembly.Memory } & Record<string, (...args: number[]) => void>
  return { memory: new Uint8Array(memory.buffer), functions: functions as never }
}
