// A proving key as bytes that its machine's memory holds: what `readKey` and `prepareKey` computed, so that neither is done again.
//
//   'agk1'; arithmetic (0 relaxed SIMD, 1 i64); checksum, 64 bits, of all that follows; then 32-bit words: wires, publics, domain,
//   two layouts of (width, blocks, period), the counts of a, b1, b2, c, h; then the areas, in the order of `areasOf`.
//
// The checksum finds accidents, not forgers.

import { MalformedFile } from './files.ts'
import { KeyMemory } from './key-memory.ts'
import { windowCount } from './wasm/msm.ts'
import { ELEMENT } from './wasm/field.ts'
import type { Layout, Points } from './multiply.ts'
import type { Matrix, ProvingKey } from './proving-key.ts'
import type { Arithmetic, Machine } from './wasm/machine.ts'

const MAGIC = 0x316b6761 // 'agk1': the digit is the version, of this format and of what the tables mean
const ARITHMETICS: readonly Arithmetic[] = ['relaxed-simd', 'i64']
const START = 16, HEADER_WORDS = 14
const NAMES = ['a', 'b1', 'b2', 'c', 'h'] as const

interface Header { wires: number; publics: number; domain: number; wireLayout: Layout; quotientLayout: Layout; counts: readonly number[] }

/** Bytes of the areas before the matrices: each sum's points and indices, and delta. */
const pointAreas = ({ counts, wireLayout, quotientLayout }: Header): number[] => [
  ...NAMES.flatMap((name, i) => [counts[i]! * (name === 'h' ? quotientLayout : wireLayout).blocks * 2 * ELEMENT * (name === 'b2' ? 2 : 1), 4 * counts[i]!]),
  2 * ELEMENT,
]

type Layouts = Pick<ProvingKey, 'wireLayout' | 'quotientLayout'>

/** Bytes of all areas, with the points in these layouts. */
function areaSizes(machine: Machine, key: ProvingKey, { wireLayout, quotientLayout }: Layouts): number[] {
  const { wires, publics, domain } = key
  return [
    ...pointAreas({ wires, publics, domain, wireLayout, quotientLayout, counts: NAMES.map((name) => key[name].count) }),
    ...[key.matrixA, key.matrixB].flatMap(({ starts }) => {
      const count = new Uint32Array(machine.memory.buffer, starts, domain + 1)[domain]!
      return [4 * (domain + 1), 4 * count, ELEMENT * count]
    }),
  ]
}

/** Length of what `writeStoredKey` would write for this key with its points in these layouts. */
export function storedBytes(machine: Machine, key: ProvingKey, layouts: Layouts = key): number {
  return areaSizes(machine, key, layouts).reduce((sum, size) => sum + size, START + 4 * HEADER_WORDS)
}

export function writeStoredKey(machine: Machine, key: ProvingKey): Uint8Array<ArrayBuffer> {
  const { bytes } = machine, { wires, publics, domain, wireLayout, quotientLayout } = key
  const points = NAMES.map((name) => key[name]), sizes = areaSizes(machine, key, key)
  const addresses = [...points.flatMap((p) => [p.points, p.indices]), key.delta1, ...[key.matrixA, key.matrixB].flatMap(({ starts, signals, values }) => [starts, signals, values])]
  const file = new Uint8Array(storedBytes(machine, key))
  const words = new Uint32Array(file.buffer)
  words.set([wires, publics, domain, ...[wireLayout, quotientLayout].flatMap(({ width, blocks, period }) => [width, blocks, period]), ...points.map(({ count }) => count)], START / 4)
  let at = START + 4 * HEADER_WORDS
  addresses.forEach((address, i) => {
    file.set(bytes.subarray(address, address + sizes[i]!), at)
    at += sizes[i]!
  })
  words.set([MAGIC, ARITHMETICS.indexOf(machine.program.arithmetic), ...checksum(words.subarray(START / 4))])
  return file
}

/** @throws MalformedFile */
export function readStoredKey(machine: Machine, bytes: Uint8Array): ProvingKey {
  const malformed = (what: string): never => { throw new MalformedFile(`stored key: ${what}`) }
  const file = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes) // not `slice`: a Buffer's shares
  if (file.length < START + 4 * HEADER_WORDS || file.length % 4 !== 0) malformed('too short')
  const words = new Uint32Array(file.buffer, file.byteOffset, file.length / 4)
  if (words[0] !== MAGIC) malformed('not one, or of another version')
  if (ARITHMETICS[words[1]!] !== machine.program.arithmetic) malformed('made for another arithmetic')
  if (checksum(words.subarray(START / 4)).some((word, i) => word !== words[2 + i])) malformed('damaged')

  const [wires, publics, domain, w1, b1, p1, w2, b2, p2, ...counts] = words.subarray(START / 4, START / 4 + HEADER_WORDS) as unknown as number[] as [number, number, number, number, number, number, number, number, number, ...number[]]
  const layouts = [{ width: w1, blocks: b1, period: p1 }, { width: w2, blocks: b2, period: p2 }] as const
  if (layouts.some(({ width, blocks, period }) => width < 4 || width > 15 || blocks < 1 || blocks > 32 || blocks * period < windowCount(width) || period > windowCount(width))) malformed('impossible layouts')
  if (domain < 4 || (domain & (domain - 1)) !== 0 || domain > 2 ** 27 || publics + 1 > wires) malformed('impossible sizes')

  let at = START + 4 * HEADER_WORDS
  const take = (size: number): Uint8Array => {
    if (at + size > file.length) malformed('too short')
    at += size
    return file.subarray(at - size, at)
  }
  const numbers = (area: Uint8Array) => new Uint32Array(area.buffer, area.byteOffset, area.length / 4)
  const areas = pointAreas({ wires, publics, domain, wireLayout: layouts[0], quotientLayout: layouts[1], counts }).map(take)
  for (let i = 0; i < NAMES.length; i++) if (numbers(areas[2 * i + 1]!).some((index) => index >= (NAMES[i] === 'h' ? domain : wires + 2))) malformed('a point of no wire')
  for (let matrix = 0; matrix < 2; matrix++) {
    const starts = take(4 * (domain + 1)), rows = numbers(starts)
    if (rows[0] !== 0 || rows.some((row, i) => i > 0 && row < rows[i - 1]!)) malformed('impossible rows')
    const signals = take(4 * rows[domain]!)
    if (numbers(signals).some((wire) => wire >= wires)) malformed('a coefficient of no wire')
    areas.push(starts, signals, take(ELEMENT * rows[domain]!))
  }
  if (at !== file.length) malformed('too long')

  const memory = new KeyMemory(machine), placed: number[] = []
  try {
    for (const area of areas) {
      placed.push(memory.allocate(area.length))
      machine.bytes.set(area, placed.at(-1))
    }
  } catch (error) {
    memory.release()
    throw error
  }
  const points = (i: number): Points => ({ group: NAMES[i] === 'b2' ? 'g2' : 'g1', points: placed[2 * i]!, indices: placed[2 * i + 1]!, count: counts[i]! })
  const matrix = (i: number): Matrix => ({ starts: placed[i]!, signals: placed[i + 1]!, values: placed[i + 2]! })
  return {
    wires, publics, domain, wireLayout: layouts[0], quotientLayout: layouts[1],
    a: points(0), b1: points(1), b2: points(2), c: points(3), h: points(4), delta1: placed[10]!, matrixA: matrix(11), matrixB: matrix(14), memory, release() { memory.release() },
  }
}

/** Every step is a bijection of the state for a given word, and of the word for a given state: no change of one word goes unseen. */
function checksum(words: Uint32Array): [number, number] {
  let a = 0x9e3779b9, b = 0x85ebca6b
  for (let i = 0; i < words.length; i++) {
    a = Math.imul(a ^ words[i]!, 0x01000193)
    a ^= a >>> 15
    b = Math.imul((b << 13) | (b >>> 19), 0xc2b2ae35) + a | 0
  }
  return [a >>> 0, b >>> 0]
}
