import { ELEMENT, PAIR } from './wasm/field.ts'
import { SCALAR_ORDER } from './wasm/msm.ts'
import { littleEndian, toLittleEndian } from './files.ts'
import { plainParameters, sparseParameters } from './poseidon-parameters.ts'
import { paddedWidth } from './wasm/poseidon.ts'
import type { Machine } from './wasm/machine.ts'

interface Tables { partial: number; constants: number; matrices: number }

/** Poseidon in bulk, with circomlib's parameters, on the caller's thread. */
export class Poseidon {
  private readonly machine: Machine
  private readonly tables = new Map<number, Tables>()

  constructor(machine: Machine) { this.machine = machine }

  /**
   * Hashes groups of `arity` field elements: 32 little-endian bytes each, below r, in and out. `capacity` is the state's first
   * element before the permutation: 0 in circomlib's hash, another for another hash function.
   * @throws RangeError for another arity than 1 … 16, a length that is no multiple, or an element that is not reduced
   */
  hash(arity: number, inputs: Uint8Array, capacity = 0n): Uint8Array {
    if (!Number.isInteger(arity) || arity < 1 || arity > 16) throw new RangeError('1 to 16 inputs')
    const elements = inputs.length / 32, count = elements / arity
    if (!Number.isInteger(count)) throw new RangeError('not whole groups of inputs')
    requireReduced(inputs)
    if (capacity < 0n || capacity >= SCALAR_ORDER) throw new RangeError('the capacity element is not reduced')
    const { machine } = this, { fr } = machine.program.factors
    const { partial, constants, matrices } = this.tablesOf(arity + 1)
    // the bytes, the capacity element's last; both as elements; the hashes
    const sizes = [32 * (elements + 1), ELEMENT * (elements + 1), ELEMENT * count] as const
    const raw = machine.allocate(sizes[0] + sizes[1] + sizes[2]), values = raw + sizes[0], hashes = values + sizes[1]
    try {
      const { bytes } = machine
      bytes.set(inputs, raw)
      if (capacity === 0n) bytes.fill(0, raw + 32 * elements, raw + 32 * (elements + 1))
      else bytes.set(toLittleEndian(capacity), raw + 32 * elements)
      machine.exports.fr_import!(values, raw, elements + 1, fr.fromPlain)
      machine.exports.poseidon!(hashes, values, count, arity + 1, partial, values + ELEMENT * elements, constants, matrices)
      machine.exports.fr_export!(raw, hashes, count, fr.toPlain)
      return bytes.slice(raw, raw + 32 * count)
    } finally {
      machine.release(raw, true)
    }
  }

  private tablesOf(t: number): Tables {
    let tables = this.tables.get(t)
    if (!tables) {
      const { machine } = this, { fr } = machine.program
      const { first, matrix, entry, shift, partial, last } = sparseParameters(SCALAR_ORDER, plainParameters(SCALAR_ORDER, t))
      const pairs = (values: readonly bigint[]) => {
        const at = machine.allocate(PAIR * values.length)
        values.forEach((value, i) => machine.bytes.set(fr.encode(fr.mont(value), fr.mont(value)), at + PAIR * i))
        return at
      }
      const padded = (row: readonly bigint[]) => (row.length < paddedWidth(t) ? [...row, 0n] : row)
      this.tables.set(t, tables = {
        partial: partial.length,
        constants: pairs([...first.flat(), ...shift, ...partial.map(({ constant }) => constant), ...last.flat()]),
        matrices: pairs([...matrix, ...entry, ...partial.flatMap(({ row, column }) => [row, [0n, ...column]])].flatMap(padded)),
      })
    }
    return tables
  }
}

function requireReduced(elements: Uint8Array): void {
  const view = new DataView(elements.buffer, elements.byteOffset, elements.byteLength)
  const top = SCALAR_ORDER >> 192n
  for (let at = 0; at < elements.length; at += 32) {
    if (view.getBigUint64(at + 24, true) >= top && littleEndian(elements.subarray(at, at + 32)) >= SCALAR_ORDER) throw new RangeError('an element is not reduced')
  }
}
