// A snarkjs Groth16 proving key (.zkey), read into the machine's memory in the form that the prover wants:
// points in our Montgomery form, those at infinity left out (with the number of each other's wire), and the two matrices
// by row.

import { MalformedFile, littleEndian, sections } from './files.ts'
import { KeyMemory } from './key-memory.ts'
import { ELEMENT } from './wasm/field.ts'
import { bestLayout, inBlocks, type Context, type Layout, type Points } from './multiply.ts'
import type { Pool } from './pool.ts'
import { SCALAR_ORDER } from './wasm/msm.ts'
import { BASE_ORDER, type Machine } from './wasm/machine.ts'

export interface Matrix { readonly starts: number; readonly signals: number; readonly values: number }

/** A key in an engine's memory. */
export interface ProvingKey {
  readonly wires: number
  readonly publics: number
  readonly domain: number
  /** Scalars of A, B1, B2 and C: the witness, then r at `wires` and s at `wires` + 1; alpha and beta go with wire 0, which is 1. @internal */
  readonly a: Points
  /** @internal */
  readonly b1: Points
  /** @internal */
  readonly b2: Points
  /** @internal */
  readonly c: Points
  /** @internal */
  readonly h: Points
  /** @internal */
  readonly matrixA: Matrix
  /** @internal */
  readonly matrixB: Matrix
  /** @internal */
  readonly wireLayout: Layout
  /** @internal */
  readonly quotientLayout: Layout
  /** delta in G1, an element point. @internal */
  readonly delta1: number
  /** The same key with its tables, once they are there: proofs take it then. It ends with this one. @internal */
  faster?: ProvingKey
  /** @internal */
  readonly memory: KeyMemory
  /** Gives its memory back, once the proofs under way have ended. It proves no more. */
  release(): void
}

const COEFFICIENT = 44 // matrix, row, wire: 4 bytes each; the value times 2^512, 32 bytes

/** @throws MalformedFile @internal */
export function readProvingKey(machine: Machine, file: Uint8Array): ProvingKey {
  const parts = sections(file, 'zkey', 1)
  const part = (type: number, length?: number): Uint8Array => {
    const bytes = parts.get(type)
    if (!bytes || (length !== undefined && bytes.length !== length)) throw new MalformedFile(`zkey: section ${type} is missing or has a wrong size`)
    return bytes
  }
  const number = (bytes: Uint8Array, at: number) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true)
  if (number(part(1, 4), 0) !== 1) throw new MalformedFile('zkey: not a Groth16 key')
  const header = part(2, 4 + 32 + 4 + 32 + 12 + 64 * 3 + 128 * 3)
  if (number(header, 0) !== 32 || number(header, 36) !== 32 || littleEndian(header.subarray(4, 36)) !== BASE_ORDER || littleEndian(header.subarray(40, 72)) !== SCALAR_ORDER) {
    throw new MalformedFile('zkey: not over BN254')
  }
  const [wires, publics, domain] = [number(header, 72), number(header, 76), number(header, 80)]
  if (domain < 4 || (domain & (domain - 1)) !== 0 || domain > 2 ** 27 || publics + 1 > wires) throw new MalformedFile('zkey: impossible sizes')
  const [alpha1, beta1, beta2, , delta1, delta2] = [[84, 64], [148, 64], [212, 128], [340, 128], [468, 64], [532, 128]].map(([at, length]) => header.subarray(at!, at! + length!)) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array]

  const memory = new KeyMemory(machine), { factors } = machine.program
  const imported = (field: 'fp' | 'fr', raw: Uint8Array, factor: number): number => {
    const count = raw.length / 32
    const at = memory.allocate(count * ELEMENT), temporary = machine.allocate(raw.length)
    machine.bytes.set(raw, temporary)
    machine.exports[`${field}_import`]!(at, temporary, count, factor)
    machine.release(temporary)
    return at
  }
  const words = (values: Uint32Array): number => {
    const at = memory.allocate(values.byteLength)
    new Uint32Array(machine.memory.buffer, at, values.length).set(values)
    return at
  }
  const points = (group: 'g1' | 'g2', section: Uint8Array, firstWire: number, extra: readonly (readonly [Uint8Array, number])[]): Points => {
    const size = group === 'g1' ? 64 : 128
    const raw = new Uint8Array(section.length + size * extra.length)
    const indices = new Uint32Array(raw.length / size)
    let count = 0
    const add = (point: Uint8Array, index: number) => {
      if (point.every((byte) => byte === 0)) return
      raw.set(point, count * size)
      indices[count++] = index
    }
    for (let i = 0; i < section.length / size; i++) add(section.subarray(i * size, (i + 1) * size), firstWire + i)
    for (const [point, index] of extra) add(point, index)
    return { group, points: imported('fp', raw.subarray(0, count * size), factors.fp.fromMontgomery256), indices: words(indices.subarray(0, count)), count }
  }
  const [r, s] = [wires, wires + 1]
  const coefficients = part(4)
  if ((coefficients.length - 4) % COEFFICIENT !== 0 || (coefficients.length - 4) / COEFFICIENT !== number(coefficients, 0)) throw new MalformedFile('zkey: section 4 has a wrong size')
  try {
    const [a, h] = [points('g1', part(5, 64 * wires), 0, [[alpha1, 0], [delta1, r]]), points('g1', part(9, 64 * domain), 0, [])]
    return {
      wires, publics, domain, a, h, wireLayout: bestLayout(a.count), quotientLayout: bestLayout(h.count),
      b1: points('g1', part(6, 64 * wires), 0, [[beta1, 0], [delta1, s]]),
      b2: points('g2', part(7, 128 * wires), 0, [[beta2, 0], [delta2, s]]),
      c: points('g1', part(8, 64 * (wires - publics - 1)), publics + 1, []),
      matrixA: matrix(0), matrixB: matrix(1),
      delta1: imported('fp', delta1, factors.fp.fromMontgomery256),
      memory, release() { memory.release() },
    }
  } catch (error) {
    memory.release()
    throw error
  }

  function matrix(which: number): Matrix {
    const view = new DataView(coefficients.buffer, coefficients.byteOffset)
    const starts = new Uint32Array(domain + 1)
    const each = (body: (row: number, wire: number, at: number) => void) => {
      for (let at = 4; at < coefficients.length; at += COEFFICIENT) {
        if (view.getUint32(at, true) !== which) continue
        const row = view.getUint32(at + 4, true), wire = view.getUint32(at + 8, true)
        if (row >= domain || wire >= wires) throw new MalformedFile('zkey: a coefficient outside of the matrix')
        body(row, wire, at + 12)
      }
    }
    each((row) => { starts[row + 1]!++ })
    for (let row = 0; row < domain; row++) starts[row + 1]! += starts[row]!
    const next = starts.slice()
    const count = starts[domain]!
    const signals = new Uint32Array(count), values = new Uint8Array(32 * count)
    each((row, wire, at) => {
      const place = next[row]!++
      signals[place] = wire
      values.set(coefficients.subarray(at, at + 32), 32 * place)
    })
    return { starts: words(starts), signals: words(signals), values: imported('fr', values, factors.fr.fromDoubleMontgomery256) }
  }
}

/** How a key's points would lie in `blocks` blocks. @internal */
export const layoutsOf = (key: ProvingKey, blocks: number): Pick<ProvingKey, 'wireLayout' | 'quotientLayout'> =>
  ({ wireLayout: bestLayout(key.a.count, blocks), quotientLayout: bestLayout(key.h.count, blocks) })

export interface PrepareOptions {
  /** Called with the share of the work done, in (0, 1]. */
  readonly onProgress?: (done: number) => void
  readonly signal?: AbortSignal
  /** Lets everything else of the engine go first, and keeps no program alive. */
  readonly background?: boolean
}

/**
 * A key with its points in `blocks` blocks: proofs take fewer additions, and the points `blocks` times the memory (the key's
 * own are kept). The given key stays as it is, and must stay as long as what is answered. @internal
 */
export async function withBlocks(machine: Machine, pool: Pool, key: ProvingKey, blocks: number, { onProgress, signal, background = false }: PrepareOptions): Promise<ProvingKey> {
  signal?.throwIfAborted()
  const memory = new KeyMemory(machine, key.memory), running: Promise<void>[] = []
  let planned = 0, done = 0
  const context: Context = {
    machine,
    allocate: (bytes) => memory.allocate(bytes),
    run(work) {
      planned++ // all are, before the first is done
      const job = pool.run(work, { urgency: background ? -1 : 0, awaited: !background, signal }).then(() => onProgress?.(++done / planned))
      running.push(job)
      return job
    },
  }
  const layouts = layoutsOf(key, blocks), { faster: _, ...plain } = key
  try {
    const inWires = (points: Points) => inBlocks(context, points, layouts.wireLayout)
    const [a, b1, b2, c, h] = await Promise.all([inWires(key.a), inWires(key.b1), inWires(key.b2), inWires(key.c), inBlocks(context, key.h, layouts.quotientLayout)])
    signal?.throwIfAborted() // while the last of them were made
    return { ...plain, ...layouts, a, b1, b2, c, h, memory, release() { memory.release() } }
  } catch (error) {
    await Promise.allSettled(running) // threads still write to the tables
    memory.release()
    throw error
  }
}
