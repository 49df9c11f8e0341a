// The module that verifies: towers, Miller loops, sums in G1. Separate from the one that proves, so that a program that only
// verifies compiles a quarter of a megabyte less.

import { Module } from '../wasm/emit.ts'
import { ELEMENT, inverse, mod, type Field } from '../wasm/field.ts'
import { FieldF64 } from '../wasm/field-f64.ts'
import { FieldI64 } from '../wasm/field-i64.ts'
import { primeCoordinates } from '../wasm/coordinates.ts'
import { buildJacobian } from '../wasm/jacobian.ts'
import { buildSums } from '../wasm/sums.ts'
import { buildTower } from '../wasm/tower.ts'
import { buildMiller } from '../wasm/miller.ts'
import { buildPoints } from '../wasm/points.ts'
import { buildComb } from '../wasm/comb.ts'
import { buildMultiples } from '../wasm/multiples.ts'
import { BASE_ORDER, type Arithmetic } from '../wasm/machine.ts'

export interface PairingExports {
  readonly base: WebAssembly.Global
  readonly [name: string]: any
}

function buildModule(arithmetic: Arithmetic): { module: Module; field: Field } {
  const module = new Module()
  const field = new (arithmetic === 'relaxed-simd' ? FieldF64 : FieldI64)(module, { name: 'fp', value: BASE_ORDER })
  const g1 = primeCoordinates(field)
  const tower = buildTower(field, g1.invert)
  buildMiller(tower)
  buildPoints(tower, field.plainPair(field.R * field.R), g1.invert)
  const jacobian = buildJacobian(module, g1)

  // G1 and 2·G1, which `sums` pads with.
  const element = (x: bigint): number[] => {
    const pair = field.encode(field.mont(x), field.mont(x))
    return arithmetic === 'i64' ? [...pair.slice(0, ELEMENT)] : [0, 1, 2, 3, 4].flatMap((k) => [...pair.slice(16 * k, 16 * k + 8)])
  }
  const point = (x: bigint, y: bigint) => module.constant([...element(x), ...element(y)])
  const slope = mod(3n * inverse(4n, BASE_ORDER), BASE_ORDER)
  const x = mod(slope * slope - 2n, BASE_ORDER)
  const sums = buildSums(module, g1, { first: point(1n, 2n), second: point(x, mod(slope * (1n - x) - 2n, BASE_ORDER)) })
  buildComb(module, g1, jacobian, sums)
  buildMultiples(field, g1, jacobian, sums)
  return { module, field }
}

const PAGE = 65536
const MAXIMUM_PAGES = 16384
const PAGES_FOR_CALLS = 1024 // a batch takes some megabytes
const aligned = (bytes: number) => Math.ceil(bytes / 16) * 16

export interface Region { readonly at: number; readonly bytes: number }

/** Compiled code and its memory: constants, frames, then keys' regions, then what one call uses. */
export class PairingMachine {
  readonly arithmetic: Arithmetic
  readonly field: Field
  readonly exports: PairingExports
  private readonly memory: WebAssembly.Memory
  private end: number
  private readonly free: Region[] = []

  private constructor(arithmetic: Arithmetic, field: Field, exports: PairingExports, memory: WebAssembly.Memory, end: number) {
    this.arithmetic = arithmetic
    this.field = field
    this.exports = exports
    this.memory = memory
    this.end = end
  }

  static async create(arithmetic: Arithmetic): Promise<PairingMachine> {
    const { module, field } = buildModule(arithmetic)
    const align = (x: number) => Math.ceil(x / 4096) * 4096
    const base = align(module.dataEnd), end = base + align(module.frameBytes)
    const memory = new WebAssembly.Memory({ initial: Math.ceil(end / PAGE) + 1, maximum: MAXIMUM_PAGES })
    const { instance } = await WebAssembly.instantiate(module.bytes(false, MAXIMUM_PAGES), { env: { memory } })
    const exports = instance.exports as unknown as PairingExports
    new Uint8Array(memory.buffer).set(module.dataBytes, module.dataAddress)
    exports.base.value = base
    return new PairingMachine(arithmetic, field, exports, memory, end)
  }

  get bytes(): Uint8Array<ArrayBuffer> { return new Uint8Array(this.memory.buffer) }
  get view(): DataView { return new DataView(this.memory.buffer) }

  /** Memory until the scope ends; 16-byte aligned. @throws RangeError where the maximum is reached */
  keep(bytes: number): number {
    const at = this.end, end = at + aligned(bytes), missing = end - this.memory.buffer.byteLength
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE))
    this.end = end
    return at
  }

  /** Memory until it is given back, outside of any scope. @throws RangeError where as much would not be left as calls need */
  region(bytes: number): Region {
    const size = aligned(bytes), fitting = this.free.filter((region) => region.bytes >= size).sort((a, b) => a.bytes - b.bytes)[0]
    if (!fitting) {
      if (this.end + size > PAGE * (MAXIMUM_PAGES - PAGES_FOR_CALLS)) throw new RangeError('too many verification keys at once')
      return { at: this.keep(size), bytes: size }
    }
    this.free.splice(this.free.indexOf(fitting), 1)
    if (fitting.bytes > size) this.free.push({ at: fitting.at + size, bytes: fitting.bytes - size })
    return { at: fitting.at, bytes: size }
  }

  /** Outside of any scope. */
  giveBack(region: Region): void {
    const sorted = [...this.free.splice(0), region].sort((a, b) => a.at - b.at)
    for (const { at, bytes } of sorted) {
      const last = this.free.at(-1)
      if (last && last.at + last.bytes === at) this.free[this.free.length - 1] = { at: last.at, bytes: last.bytes + bytes }
      else this.free.push({ at, bytes })
    }
    const last = this.free.at(-1)!
    if (last.at + last.bytes === this.end) {
      this.end = last.at
      this.free.pop()
    }
  }

  /** Runs `body`, then takes back all that it kept. */
  scope<T>(body: () => T): T {
    const mark = this.end
    try { return body() } finally { this.end = mark }
  }
}

/** Writes x < 2^256 as 32 little-endian bytes. */
export function writeInteger(view: DataView, at: number, x: bigint): void {
  view.setBigUint64(at, x & 0xffffffffffffffffn, true)
  view.setBigUint64(at + 8, (x >> 64n) & 0xffffffffffffffffn, true)
  view.setBigUint64(at + 16, (x >> 128n) & 0xffffffffffffffffn, true)
  view.setBigUint64(at + 24, (x >> 192n) & 0xffffffffffffffffn, true)
}
