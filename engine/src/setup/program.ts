// The machine that makes and checks keys: the prover's, with sparse combinations, points times one scalar, BLAKE2b and SHA-256.

import { bestArithmetic, threadsAvailable } from '../platform.ts'
import { Pool } from '../pool.ts'
import { BLAKE2B_BLOCK, BLAKE2B_START, buildBlake2b } from '../wasm/blake2b.ts'
import { buildCombine } from '../wasm/combine.ts'
import { buildInStep } from '../wasm/in-step.ts'
import { buildLagrange } from '../wasm/lagrange.ts'
import { ELEMENT } from '../wasm/field.ts'
import { Machine, buildProgram, type Arithmetic } from '../wasm/machine.ts'
import { buildCheck, buildScale } from '../wasm/scale.ts'
import { buildSha256 } from '../wasm/sha256.ts'

export type Group = 'g1' | 'g2'
/** Bytes of a point in files, and as an element point. */
export const RAW = { g1: 64, g2: 128 } as const
export const POINT = { g1: 2 * ELEMENT, g2: 4 * ELEMENT } as const

export interface SetupOptions {
  /** Default: the processors, or 1 where memory cannot be shared. */
  threads?: number
  /** Default: relaxed SIMD where it is there and fused. */
  arithmetic?: Arithmetic
}

export class SetupMachine {
  readonly machine: Machine
  readonly pool: Pool

  private constructor(machine: Machine, pool: Pool) {
    this.machine = machine
    this.pool = pool
  }

  static async create(options: SetupOptions): Promise<SetupMachine> {
    const threads = options.threads ?? threadsAvailable()
    if (!Number.isInteger(threads) || threads < 1) throw new RangeError('threads: at least 1')
    const best = await bestArithmetic()
    if (options.arithmetic === 'relaxed-simd' && best !== 'relaxed-simd') throw new Error('no fused relaxed SIMD here')
    const shared = threads > 1 && typeof SharedArrayBuffer !== 'undefined'
    const program = buildProgram(options.arithmetic ?? best, ({ m, fp, groups }) => {
      for (const { coordinates, jacobian, sums, basePoint } of groups) {
        buildCombine(m, coordinates, fp, jacobian, sums)
        const inStep = buildInStep(m, coordinates)
        buildLagrange(m, coordinates, fp, inStep, sums, basePoint)
        if (coordinates.name === 'g1') buildScale(m, fp, inStep)
      }
      buildCheck(m, fp)
      buildBlake2b(m)
      buildSha256(m)
    })
    const machine = new Machine(program, { shared, threads: shared ? threads : 1, maximumPages: 65536 })
    return new SetupMachine(machine, await Pool.start(machine))
  }

  close(): void { this.pool.close() }
}

/** [0, count) in parts of at most `size`. */
export const cut = (count: number, size: number): [number, number][] =>
  Array.from({ length: Math.ceil(count / size) }, (_, i) => [i * size, Math.min(count, (i + 1) * size)])

/** Points as integers (little endian) → as they are hashed: each coordinate big endian, imaginary part first. In place. */
export function toHashed(raw: Uint8Array, group: Group): Uint8Array {
  const size = RAW[group] / 2
  for (let at = 0; at < raw.length; at += size) raw.subarray(at, at + size).reverse()
  return raw
}

const PIECE = 1 << 16

/** Holds no memory of the machine between calls. */
export class Blake2b {
  private readonly machine: Machine
  private readonly pending = new Uint8Array(BLAKE2B_BLOCK)
  private filled = 0
  private state = new Uint8Array(BigUint64Array.from(BLAKE2B_START).buffer)

  constructor(machine: Machine, from?: Blake2b) {
    this.machine = machine
    if (from) {
      this.state = from.state.slice()
      this.pending.set(from.pending)
      this.filled = from.filled
    }
  }

  static of(machine: Machine, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
    const hash = new Blake2b(machine)
    for (const part of parts) hash.update(part)
    return hash.digest()
  }

  clone(): Blake2b { return new Blake2b(this.machine, this) }

  /** The last block stays until it is known whether more follows. */
  update(data: Uint8Array): this {
    while (data.length > 0) {
      if (this.filled === BLAKE2B_BLOCK) { this.compress(this.pending, false); this.filled = 0 }
      if (this.filled === 0 && data.length > BLAKE2B_BLOCK) {
        const whole = Math.min(PIECE, Math.ceil(data.length / BLAKE2B_BLOCK - 1) * BLAKE2B_BLOCK)
        this.compress(data.subarray(0, whole), false)
        data = data.subarray(whole)
        continue
      }
      const taken = Math.min(data.length, BLAKE2B_BLOCK - this.filled)
      this.pending.set(data.subarray(0, taken), this.filled)
      this.filled += taken
      data = data.subarray(taken)
    }
    return this
  }

  /** Ends the hash. */
  digest(): Uint8Array<ArrayBuffer> {
    this.pending.fill(0, this.filled)
    this.compress(this.pending, true, this.filled)
    return this.state.slice(0, 64)
  }

  private compress(data: Uint8Array, last: boolean, bytes = data.length): void {
    const { machine } = this, at = machine.allocate(128 + data.length)
    machine.bytes.set(this.state, at)
    machine.bytes.set(data, at + 128)
    machine.exports.blake2b!(at, at + 128, data.length / BLAKE2B_BLOCK, bytes, last ? 1 : 0)
    this.state = machine.bytes.slice(at, at + 72)
    machine.release(at, true) // it may have been a secret's
  }
}
