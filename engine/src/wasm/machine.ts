// The whole module for one kind of product, and one place where its memory is handed out.

import { Module, type Func } from './emit.ts'
import { ELEMENT, inverse, mod, type Field } from './field.ts'
import { FieldF64 } from './field-f64.ts'
import { FieldI64 } from './field-i64.ts'
import { primeCoordinates, quadraticCoordinates, type Coordinates } from './coordinates.ts'
import { buildSums } from './sums.ts'
import { buildJacobian, type Jacobian } from './jacobian.ts'
import { SCALAR_ORDER, buildBlocks, buildFold, buildRecode, buildWindows } from './msm.ts'
import { buildEdwards } from './edwards.ts'
import { buildInvert } from './inverse.ts'
import { buildPoseidon } from './poseidon.ts'
import { buildConversions, buildTransform } from './transform.ts'

export const BASE_ORDER = 21888242871839275222246405745257275088696311157297823662689037894645226208583n
export type Arithmetic = 'relaxed-simd' | 'i64'

export interface Program {
  readonly arithmetic: Arithmetic
  readonly module: Module
  readonly fp: Field
  readonly fr: Field
  readonly g1: Coordinates
  readonly g2: Coordinates
  /** Addresses of pairs that, as factors, turn integers of one form into another. */
  readonly factors: Record<'fp' | 'fr', { fromPlain: number; fromMontgomery256: number; fromDoubleMontgomery256: number; toPlain: number; toMontgomery256: number }>
}

const G1 = { x: 1n, y: 2n }
const G2 = {
  x: [10857046999023057135944570762232829481370756359578518086990519993285655852781n, 11559732032986387107991004021392285783925812861821192530917403151452391805634n],
  y: [8495653923123431417604973247489272438418190587263600148770280649306958101930n, 4082367875863433681332203403145435568316851327593401208105741076214120093531n],
} as const

type E2 = readonly [bigint, bigint]
/** 2·G2, for a pair of distinct points to pad with. */
function twiceG2(): { x: E2; y: E2 } {
  const p = BASE_ORDER
  const mul = (a: E2, b: E2): E2 => [mod(a[0] * b[0] - a[1] * b[1], p), mod(a[0] * b[1] + a[1] * b[0], p)]
  const sub = (a: E2, b: E2): E2 => [mod(a[0] - b[0], p), mod(a[1] - b[1], p)]
  const inv = (a: E2): E2 => { const n = inverse(a[0] * a[0] + a[1] * a[1], p); return [mod(a[0] * n, p), mod(-a[1] * n, p)] }
  const square = mul(G2.x, G2.x)
  const slope = mul([3n * square[0], 3n * square[1]], inv([2n * G2.y[0], 2n * G2.y[1]]))
  const x = sub(sub(mul(slope, slope), G2.x), G2.x)
  return { x, y: sub(mul(slope, sub(G2.x, x)), G2.y) }
}

/** What more a program can be built with. */
export interface Parts { readonly m: Module; readonly fp: Field; readonly fr: Field; readonly groups: readonly { readonly coordinates: Coordinates; readonly jacobian: Jacobian; readonly sums: Func; readonly basePoint: number }[] }

/** `extend` adds functions of its own (setup/). */
export function buildProgram(arithmetic: Arithmetic, extend?: (parts: Parts) => void): Program {
  const m = new Module()
  const make = arithmetic === 'relaxed-simd' ? FieldF64 : FieldI64
  const fp = new make(m, { name: 'fp', value: BASE_ORDER })
  const fr = new make(m, { name: 'fr', value: SCALAR_ORDER })
  const g1 = primeCoordinates(fp)
  const g2 = quadraticCoordinates(fp, g1)

  /** A pair's lane 0 as an element. */
  const element = (x: bigint): number[] => {
    const pair = fp.encode(fp.mont(x), fp.mont(x))
    if (arithmetic === 'i64') return [...pair.slice(0, ELEMENT)]
    return [0, 1, 2, 3, 4].flatMap((k) => [...pair.slice(16 * k, 16 * k + 8)])
  }
  const constants = (...xs: bigint[]) => m.constant(xs.flatMap(element))
  const slope = mod(3n * inverse(4n, BASE_ORDER), BASE_ORDER)
  const twiceX = mod(slope * slope - 2n, BASE_ORDER)
  const g1Twice = { x: twiceX, y: mod(slope * (1n - twiceX) - 2n, BASE_ORDER) }
  const g2Twice = twiceG2()

  const groups: { coordinates: Coordinates; jacobian: Jacobian; sums: Func; basePoint: number }[] = []
  for (const [c, dummyPoints] of [
    [g1, { first: constants(G1.x, G1.y), second: constants(g1Twice.x, g1Twice.y) }],
    [g2, { first: constants(...G2.x, ...G2.y), second: constants(...g2Twice.x, ...g2Twice.y) }],
  ] as const) {
    const sums = buildSums(m, c, dummyPoints)
    buildWindows(m, c, sums)
    const jacobian = buildJacobian(m, c)
    groups.push({ coordinates: c, jacobian, sums, basePoint: dummyPoints.first })
    buildFold(m, c, jacobian)
    buildBlocks(m, c, jacobian)
  }
  buildRecode(m)
  buildTransform(m, fr)
  buildPoseidon(m, fr)
  buildEdwards(m, fr, buildInvert(fr))
  buildConversions(m, fp)
  buildConversions(m, fr)
  extend?.({ m, fp, fr, groups })

  const factorsOf = (field: Field) => {
    const R = field.R, r256 = 1n << 256n
    const over = inverse(r256, field.p)
    return {
      fromPlain: field.plainPair(R * R), fromMontgomery256: field.plainPair(R * R * over),
      fromDoubleMontgomery256: field.plainPair(R * R * over * over), toPlain: field.plainPair(1n), toMontgomery256: field.plainPair(r256),
    }
  }
  return { arithmetic, module: m, fp, fr, g1, g2, factors: { fp: factorsOf(fp), fr: factorsOf(fr) } }
}

export type Exports = { base: WebAssembly.Global } & Record<string, (...args: number[]) => number>

const PAGE = 65536
const aligned = (address: number) => Math.ceil(address / 4096) * 4096

/** A memory that may grow to `maximum` pages, or to the largest half, quarter, … of it that the platform lets us reserve. */
function reserve(initial: number, maximum: number, shared: boolean): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial, maximum, shared })
  } catch (error) {
    if (!(error instanceof RangeError) || maximum / 2 < initial) throw error
    return reserve(initial, Math.floor(maximum / 2), shared)
  }
}

/** Code and memory; not shared where that is refused, whatever by: the platform, a policy, an engine without threads. */
function realize(m: Module, initial: number, maximum: number, shared: boolean): { module: WebAssembly.Module; memory: WebAssembly.Memory; shared: boolean } {
  try {
    return { module: new WebAssembly.Module(m.bytes(shared, maximum)), memory: reserve(initial, maximum, shared), shared }
  } catch (error) {
    if (!shared) throw error
    return realize(m, initial, maximum, false)
  }
}

/** The memory and the code of one engine: constants first, then each thread's frames, then what `allocate` hands out. */
export class Machine {
  readonly program: Program
  readonly memory: WebAssembly.Memory
  readonly module: WebAssembly.Module
  readonly exports: Exports
  readonly shared: boolean
  /** How many can work in this memory: 1 where it is not shared, though that was asked for. */
  readonly threads: number
  private free: { at: number; bytes: number }[]
  private readonly sizes = new Map<number, number>()

  constructor(program: Program, options: { shared: boolean; threads: number; maximumPages?: number }) {
    const maximum = options.maximumPages ?? 32768
    const { module: m } = program
    this.program = program
    const heap = this.baseOf(options.threads + 1)
    const { module, memory, shared } = realize(m, Math.ceil(heap / PAGE) + 16, maximum, options.shared)
    this.module = module
    this.memory = memory
    this.shared = shared
    this.threads = shared ? options.threads : 1
    this.free = [{ at: heap, bytes: this.memory.buffer.byteLength - heap }]
    new Uint8Array(this.memory.buffer).set(m.dataBytes, m.dataAddress)
    this.exports = new WebAssembly.Instance(this.module, { env: { memory: this.memory } }).exports as Exports
    this.exports.base.value = this.baseOf(0)
  }

  /** Start of the frames of a thread; thread 0 is the one that made this. */
  baseOf(thread: number): number { return aligned(this.program.module.dataEnd) + thread * this.frameBytes }

  /** Bytes of the frames of one thread. */
  get frameBytes(): number { return aligned(this.program.module.frameBytes) }

  get bytes(): Uint8Array<ArrayBuffer> { return new Uint8Array(this.memory.buffer as ArrayBuffer) }

  /** Bytes handed out and not given back. */
  get allocatedBytes(): number { return [...this.sizes.values()].reduce((sum, bytes) => sum + bytes, 0) }

  /** First fit, 64-byte aligned; grows the memory. @throws RangeError where the maximum is reached */
  allocate(bytes: number): number {
    bytes = Math.max(64, Math.ceil(bytes / 64) * 64)
    let index = this.free.findIndex((block) => block.bytes >= bytes)
    if (index < 0) {
      const end = this.memory.buffer.byteLength
      const last = this.free.find((block) => block.at + block.bytes === end)
      const missing = bytes - (last?.bytes ?? 0)
      const pages = Math.ceil(missing / PAGE)
      this.memory.grow(pages)
      if (last) last.bytes += pages * PAGE
      else this.free.push({ at: end, bytes: pages * PAGE })
      index = this.free.findIndex((block) => block.bytes >= bytes)
    }
    const block = this.free[index]!
    const at = block.at
    block.at += bytes
    block.bytes -= bytes
    if (block.bytes === 0) this.free.splice(index, 1)
    this.sizes.set(at, bytes)
    return at
  }

  /** Takes back what `allocate` answered; with `wipe`, as zeros. */
  release(at: number, wipe = false): void {
    const bytes = this.sizes.get(at)
    if (bytes === undefined) return
    if (wipe) this.bytes.fill(0, at, at + bytes)
    this.sizes.delete(at)
    this.free.push({ at, bytes })
    this.free.sort((a, b) => a.at - b.at)
    for (let i = 0; i + 1 < this.free.length;) {
      const [a, b] = [this.free[i]!, this.free[i + 1]!]
      if (a.at + a.bytes === b.at) { a.bytes += b.bytes; this.free.splice(i + 1, 1) } else i++
    }
  }
}
