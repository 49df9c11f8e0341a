import { ELEMENT, PAIR } from './wasm/field.ts'
import { SCALAR_ORDER } from './wasm/msm.ts'
import { littleEndian } from './files.ts'
import { poseidonParameters } from './wasm/poseidon.ts'
import type { Machine } from './wasm/machine.ts'

interface Tables { rounds: number; constants: number; matrix: number }

/** Poseidon in bulk, with circomlib's parameters, on the caller's thread. */
export class Poseidon {
  private readonly machine: Machine
  private readonly tables = new Map<number, Tables>()

  constructor(machine: Machine) { this.machine = machine }

  /**
   * Hashes groups of `arity` field elements: 32 little-endian bytes each, below r, in and out.
   * @throws RangeError for another arity than 1 … 16, a length that is no multiple, or an element that is not reduced
   */
  hash(arity: number, inputs: Uint8Array): Uint8Array {
    if (!Number.isInteger(arity) || arity < 1 || arity > 16) throw new RangeError('1 to 16 inputs')
    const elements = inputs.length / 32, count = elements / arity
    if (!Number.isInteger(count)) throw new RangeError('not whole groups of inputs')
    requireReduced(inputs)
    const { machine } = this, { fr } = machine.program.factors
    const t = arity + 1, { rounds, constants, matrix } = this.tablesOf(t)
    const owned = [32 * elements, ELEMENT * elements, ELEMENT * count].map((bytes) => machine.allocate(bytes)) as [number, number, number]
    const [raw, values, hashes] = owned
    try {
      machine.bytes.set(inputs, raw)
      machine.exports.fr_import!(values, raw, elements, fr.fromPlain)
      machine.exports.poseidon!(hashes, values, count, t, rounds, constants, matrix)
      machine.exports.fr_export!(raw, hashes, count, fr.toPlain)
      return machine.bytes.slice(raw, raw + 32 * count)
    } finally {
      machine.bytes.fill(0, raw, raw + 32 * elements)
      for (const at of owned) machine.release(at)
    }
  }

  private tablesOf(t: number): Tables {
    let tables = this.tables.get(t)
    if (!tables) {
      const { machine } = this, { fr } = machine.program
      const { constants, matrix, rounds } = poseidonParameters(SCALAR_ORDER, t)
      const pairs = (values: bigint[]) => {
        const at = machine.allocate(PAIR * values.length)
        values.forEach((value, i) => machine.bytes.set(fr.encode(fr.mont(value), fr.mont(value)), at + PAIR * i))
        return at
      }
      this.tables.set(t, tables = { rounds, constants: pairs(constants), matrix: pairs(matrix) })
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
