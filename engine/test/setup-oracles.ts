// Small circuits written by hand, phase 1 for them, and snarkjs's setup over files in memory.

// @ts-expect-error no types
import { curves, powersOfTau, zKey } from 'snarkjs'
import { toLittleEndian } from '../src/files.ts'
import { SCALAR_ORDER as r } from '../src/wasm/msm.ts'

export type Row = readonly (readonly [wire: number, coefficient: bigint])[]
export interface Sketch { wires: number; outputs: number; inputs: number; constraints: readonly (readonly [Row, Row, Row])[] }

const word = (x: number) => toLittleEndian(BigInt(x), 4)
const join = (...parts: (Uint8Array | readonly Uint8Array[])[]) => new Uint8Array(Buffer.concat(parts.flat()))
const section = (type: number, content: Uint8Array) => join(word(type), toLittleEndian(BigInt(content.length), 8), content)

/** As circom writes it. */
export function r1cs({ wires, outputs, inputs, constraints }: Sketch): Uint8Array {
  const header = join(word(32), toLittleEndian(r), word(wires), word(outputs), word(inputs), word(wires - outputs - inputs - 1), toLittleEndian(BigInt(wires), 8), word(constraints.length))
  const row = (terms: Row) => join(word(terms.length), terms.flatMap(([wire, coefficient]) => [word(wire), toLittleEndian(coefficient)]))
  return join(new TextEncoder().encode('r1cs'), word(1), word(3), section(2, join(constraints.flatMap((rows) => rows.map(row)))), section(1, header),
    section(3, join(Array.from({ length: wires }, (_, i) => toLittleEndian(BigInt(i), 8)))))
}

/** Random rows whose coefficients aim at the edges; the same seed, the same circuit. */
export function sketch(seed: number, { wires, outputs, inputs, constraints }: { wires: number; outputs: number; inputs: number; constraints: number }): Sketch {
  let state = seed
  const random = (below: number) => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return Math.floor((state / 2 ** 32) * below) }
  const wide = () => Array.from({ length: 9 }, () => BigInt(random(2 ** 30))).reduce((x, y) => (x << 30n) + y) % r
  const edges = [1n, 1n, 1n, r - 1n, r - 1n, 2n, r - 2n, 128n, 129n, 1n << 64n, (1n << 127n) - 1n, 1n << 253n, r >> 1n, (r >> 1n) + 1n, 4407920970296243842393367215006156084916469457145843978461n, 0n]
  const row = (): Row => Array.from({ length: random(5) }, () => [random(wires), random(3) === 0 ? wide() : edges[random(edges.length)]!])
  return { wires, outputs, inputs, constraints: Array.from({ length: constraints }, () => [row(), row(), row()] as const) }
}

const memory = (data?: Uint8Array) => ({ type: 'mem', ...(data ? { data } : {}) }) as { type: string; data: Uint8Array }
const written = async (make: (file: object) => Promise<unknown>): Promise<Uint8Array> => {
  const file = memory()
  await make(file)
  return new Uint8Array(file.data)
}

/** snarkjs's one curve, made again if other tests have ended it. */
export const oracleCurve = () => curves.getCurveFromName('bn128')

/** A prepared phase 1. `contributions`: 0 leaves tau = 1. */
export async function phase1(power: number, contributions = 1, prepared = true): Promise<Uint8Array> {
  let file = await written((to) => oracleCurve().then((curve: unknown) => powersOfTau.newAccumulator(curve, power, to)))
  for (let i = 0; i < contributions; i++) file = await written((to) => powersOfTau.contribute(memory(file), to, 'test', 'test entropy'))
  return prepared ? written((to) => powersOfTau.preparePhase2(memory(file), to)) : file
}

export const snarkjs = {
  prepare: (ptau: Uint8Array) => written((to) => powersOfTau.preparePhase2(memory(ptau), to)),
  newKey: (circuit: Uint8Array, ptau: Uint8Array) => written((to) => zKey.newZKey(memory(circuit), memory(ptau), to)),
  async contribute(key: Uint8Array, name: string): Promise<{ key: Uint8Array; hash: Uint8Array }> {
    const to = memory(), hash = await zKey.contribute(memory(key), to, name, 'test entropy')
    return { key: new Uint8Array(to.data), hash }
  },
  async beacon(key: Uint8Array, name: string, hex: string, exponent: number): Promise<{ key: Uint8Array; hash: Uint8Array }> {
    const to = memory(), hash = await zKey.beacon(memory(key), to, name, hex, exponent)
    return { key: new Uint8Array(to.data), hash }
  },
  verificationKey: (key: Uint8Array): Promise<unknown> => zKey.exportVerificationKey(memory(key)),
  verify: (circuit: Uint8Array, ptau: Uint8Array, key: Uint8Array): Promise<boolean> => zKey.verifyFromR1cs(memory(circuit), memory(ptau), memory(key)),
}
