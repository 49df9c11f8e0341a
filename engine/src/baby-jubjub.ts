import { ELEMENT, inverse, mod } from './wasm/field.ts'
import { BASE_ENTRY, BASE_WINDOWS, EDWARDS_A, EDWARDS_D } from './wasm/edwards.ts'
import { SCALAR_ORDER as p } from './wasm/msm.ts'
import { littleEndian, toLittleEndian } from './files.ts'
import type { Poseidon } from './poseidon.ts'
import type { Machine } from './wasm/machine.ts'

export type Point = readonly [x: bigint, y: bigint]

/** circomlib's base, of order l: eight times the curve's generator. */
export const BASE: Point = [
  5299619240641551281634865583518297030282874472190772894086521144482721001553n,
  16950150798460657717958625567821834550301663161624707787222815936182638968203n,
]
/** The base's order. */
export const SUBGROUP_ORDER = 2736030358979909402780800718157159386076813972158567259200215660948447373041n

export interface SigningRequest {
  /** The secret scalar, as the equation S = nonce + hash·scalar wants it. */
  scalar: bigint
  /** Uniform in [1, l), secret, and never used for a second message: two uses give the scalar away. */
  nonce: bigint
  publicKey: Point
  /** Below r. */
  message: bigint
}
export interface EddsaSignature { R8: Point; S: bigint }

/** Multiples of the base, and EdDSA over Poseidon as circomlib verifies it, in bulk and on the caller's thread. */
export class BabyJubjub {
  private readonly machine: Machine
  private readonly poseidon: Poseidon
  private table: number | undefined

  constructor(machine: Machine, poseidon: Poseidon) { this.machine = machine; this.poseidon = poseidon }

  /** scalar·BASE for each; scalars in [0, 2^252). Not constant-time. @throws RangeError */
  multiplyBase(scalars: readonly bigint[]): Point[] {
    if (scalars.some((s) => s < 0n || s >> 252n !== 0n)) throw new RangeError('a scalar outside of [0, 2^252)')
    const { machine } = this, table = this.table ??= this.makeTable()
    const count = scalars.length
    const [raw, points] = [machine.allocate(64 * count), machine.allocate(2 * ELEMENT * count)]
    try {
      const { bytes } = machine
      scalars.forEach((scalar, i) => bytes.set(toLittleEndian(scalar), raw + 32 * i))
      machine.exports.edwards_multiplyBase!(points, raw, count, table)
      machine.exports.fr_export!(raw, points, 2 * count, machine.program.factors.fr.toPlain)
      const coordinate = (i: number) => littleEndian(bytes.subarray(raw + 32 * i, raw + 32 * i + 32))
      return scalars.map((_, i) => [coordinate(2 * i), coordinate(2 * i + 1)] as const)
    } finally {
      machine.bytes.fill(0, raw, raw + 64 * count)
      machine.release(raw)
      machine.release(points)
    }
  }

  /** R8 = nonce·BASE, S = nonce + Poseidon(R8, publicKey, message)·scalar mod l. @throws RangeError */
  sign(requests: readonly SigningRequest[]): EddsaSignature[] {
    if (requests.some(({ nonce }) => nonce <= 0n || nonce >= SUBGROUP_ORDER)) throw new RangeError('a nonce outside of [1, l)')
    const points = this.multiplyBase(requests.map(({ nonce }) => nonce))
    const inputs = new Uint8Array(5 * 32 * requests.length)
    requests.forEach(({ publicKey, message }, i) => [...points[i]!, ...publicKey, message].forEach((value, k) => {
      if (value < 0n || value >= p) throw new RangeError('a message or coordinate that is not reduced')
      inputs.set(toLittleEndian(value), 32 * (5 * i + k))
    }))
    const hashes = this.poseidon.hash(5, inputs)
    return requests.map(({ scalar, nonce }, i) => ({ R8: points[i]!, S: mod(nonce + littleEndian(hashes.subarray(32 * i, 32 * i + 32)) * scalar, SUBGROUP_ORDER) }))
  }

  private makeTable(): number {
    const { machine } = this
    const add = ([x1, y1]: Point, [x2, y2]: Point): Point => {
      const k = (EDWARDS_D * x1 % p) * x2 % p * y1 % p * y2 % p
      return [mod((x1 * y2 + y1 * x2) * inverse(1n + k, p), p), mod((y1 * y2 - EDWARDS_A * x1 % p * x2) * inverse(1n - k, p), p)]
    }
    const values: bigint[] = []
    let step = BASE
    for (let w = 0; w < BASE_WINDOWS; w++) {
      let point: Point = [0n, 1n]
      for (let k = 0; k < 16; k++) {
        values.push(point[0], point[1], EDWARDS_D * point[0] % p * point[1] % p)
        point = add(point, step)
      }
      step = point
    }
    const raw = machine.allocate(32 * values.length), table = machine.allocate(BASE_ENTRY * values.length / 3)
    const { bytes } = machine
    values.forEach((value, i) => bytes.set(toLittleEndian(value), raw + 32 * i))
    machine.exports.fr_import!(table, raw, values.length, machine.program.factors.fr.fromPlain)
    machine.release(raw)
    return table
  }
}
