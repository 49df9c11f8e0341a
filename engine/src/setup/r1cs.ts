// A circuit's constraints (circom's .r1cs): three sparse matrices, coefficients that recur kept once.

import { MalformedFile, littleEndian, sections } from '../files.ts'
import { SCALAR_ORDER } from '../wasm/msm.ts'

/** Terms in the order of the file: by row. */
export interface Terms {
  readonly starts: Uint32Array
  readonly wires: Uint32Array
  /** Numbers in `coefficients`. */
  readonly coefficients: Uint32Array
}

export interface Circuit {
  readonly wires: number
  readonly publics: number
  readonly constraints: number
  readonly matrices: readonly [Terms, Terms, Terms]
  /** Distinct values below r; number 0 is 1. */
  readonly coefficients: readonly bigint[]
}

const WORDS = 9 // of a term: wire, coefficient
const COUNTS = 3 // words of an empty constraint
const LABEL = 8 // bytes

/** @throws MalformedFile */
export function readCircuit(file: Uint8Array): Circuit {
  const parts = sections(file, 'r1cs', 1)
  const malformed = (what: string): never => { throw new MalformedFile(`r1cs: ${what}`) }
  const header = parts.get(1) ?? malformed('no header')
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength)
  if (header.length !== 64 || view.getUint32(0, true) !== 32 || littleEndian(header.subarray(4, 36)) !== SCALAR_ORDER) malformed('not over BN254')
  const [wires, publics, constraints] = [view.getUint32(36, true), view.getUint32(40, true) + view.getUint32(44, true), view.getUint32(60, true)]
  if (publics + 1 > wires || constraints > 2 ** 27) malformed('impossible sizes')
  // What is made for each wire and constraint is no more than the file's length allows.
  if (parts.get(3)?.length !== LABEL * wires) malformed('not one label for each wire')
  const body = parts.get(2) ?? malformed('no constraints')
  if (body.length % 4 !== 0 || constraints * COUNTS > body.length / 4) malformed('constraints of a wrong size')
  const words = new Uint32Array(body.byteOffset % 4 === 0 ? body.buffer : body.slice().buffer, body.byteOffset % 4 === 0 ? body.byteOffset : 0, body.length / 4)

  const seen = new Coefficients()
  const limit = Math.floor(words.length / WORDS)
  const matrices = [0, 1, 2].map(() => ({ starts: new Uint32Array(constraints + 1), wires: new Uint32Array(limit), coefficients: new Uint32Array(limit), used: 0 }))
  let at = 0
  for (let row = 0; row < constraints; row++) {
    for (const matrix of matrices) {
      if (at >= words.length) malformed('constraints end early')
      const count = words[at++]!
      if (count * WORDS > words.length - at) malformed('constraints end early')
      for (let i = 0; i < count; i++, at += WORDS) {
        const wire = words[at]!
        if (wire >= wires) malformed('a wire that is not there')
        matrix.wires[matrix.used] = wire
        matrix.coefficients[matrix.used++] = seen.number(words, at + 1)
      }
      matrix.starts[row + 1] = matrix.used
    }
  }
  if (at !== words.length) malformed('more than its constraints')
  const coefficients = seen.values()
  if (coefficients.some((value) => value >= SCALAR_ORDER)) malformed('a coefficient that is not reduced')
  const [a, b, c] = matrices.map(({ starts, wires: of, coefficients: numbers, used }): Terms => ({ starts, wires: of.slice(0, used), coefficients: numbers.slice(0, used) })) as [Terms, Terms, Terms]
  return { wires, publics, constraints, matrices: [a, b, c], coefficients }
}

/** Numbers for 8-word values as they come: an open hash table, since there are hundreds of thousands. */
class Coefficients {
  private words = new Uint32Array(8 << 10)
  private count = 0
  private table = new Uint32Array(1 << 12)

  constructor() { this.number(Uint32Array.of(1, 0, 0, 0, 0, 0, 0, 0), 0) }

  number(source: Uint32Array, from: number): number {
    for (let slot = this.slot(source, from); ; slot++) {
      slot &= this.table.length - 1
      const entry = this.table[slot]!
      if (entry === 0) return this.add(source, from, slot)
      let k = 0
      while (k < 8 && this.words[8 * (entry - 1) + k] === source[from + k]) k++
      if (k === 8) return entry - 1
    }
  }

  values(): bigint[] {
    const bytes = new Uint8Array(this.words.buffer)
    return Array.from({ length: this.count }, (_, i) => littleEndian(bytes.subarray(32 * i, 32 * i + 32)))
  }

  private slot(source: Uint32Array, from: number): number {
    let hash = 0
    for (let k = 0; k < 8; k++) hash = Math.imul(hash ^ source[from + k]!, 0x9e3779b1) ^ (hash >>> 15)
    return hash >>> 0
  }

  private add(source: Uint32Array, from: number, slot: number): number {
    if (8 * this.count === this.words.length) {
      const words = new Uint32Array(2 * this.words.length)
      words.set(this.words)
      this.words = words
    }
    this.words.set(source.subarray(from, from + 8), 8 * this.count)
    this.table[slot] = ++this.count
    if (4 * this.count > this.table.length) {
      this.table = new Uint32Array(4 * this.table.length)
      for (let i = 0; i < this.count; i++) {
        let to = this.slot(this.words, 8 * i)
        while (this.table[to &= this.table.length - 1] !== 0) to++
        this.table[to] = i + 1
      }
    }
    return this.count - 1
  }
}
