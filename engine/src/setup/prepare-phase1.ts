// Phase 1 made ready: the points τ^i·G, α·τ^i·G, β·τ^i·G turned into those of the Lagrange bases of every size 2^k, by the inverse
// transform over points. Smaller sizes take the same first points; their factors 2^−k come from the largest's by doublings.

import { MalformedFile, littleEndian, sections, toLittleEndian } from '../files.ts'
import { rootOfUnity } from '../domain.ts'
import { inverse } from '../wasm/field.ts'
import { ROOT_DIGITS, lagrangeWorkspace } from '../wasm/lagrange.ts'
import { BASE_ORDER } from '../wasm/machine.ts'
import { SCALAR_ORDER as r } from '../wasm/msm.ts'
import { refuseInfinity } from './new-key.ts'
import { POINT, RAW, cut, type Group } from './program.ts'
import { oddDigits } from './scalar.ts'
import { together, type Task } from './task.ts'

const PER_JOB = 512 // butterflies, at most
const COST = { g1: 1, g2: 3 } as const // of a product
const ROOT = 0.5 // of cutting a root of unity into digits, in products
const BASES = [[2, 12, 'g1', 1], [3, 13, 'g2', 0], [4, 14, 'g1', 0], [5, 15, 'g1', 0]] as const // section, its basis, group, sizes more

/** @throws MalformedFile */
export async function preparePhase1(task: Task, ptau: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const parts = sections(ptau, 'ptau', 1)
  const malformed = (what: string): never => { throw new MalformedFile(`ptau: ${what}`) }
  const header = parts.get(1)
  if (header?.length !== 44 || littleEndian(header.subarray(4, 36)) !== BASE_ORDER) return malformed('not over BN254')
  const power = new DataView(header.buffer, header.byteOffset).getUint32(36, true)
  if (power < 1 || power > 26) malformed('an impossible power')
  const out: [number, Uint8Array][] = [1, 2, 3, 4, 5, 6, 7].map((type) => [type, parts.get(type) ?? malformed(`section ${type} is missing`)])
  for (const [from, , group, more] of BASES) {
    const section = parts.get(from)!
    if (section.length !== RAW[group] * (2 ** (power + more) - more)) malformed(`section ${from} has a wrong size`)
    refuseInfinity(section, RAW[group])
  }
  const [rooting, ...shares] = task.parts(ROOT, ...BASES.map(([, , group, more]) => COST[group] * 2 ** more * (power + more)))
  const roots = await rootDigits(rooting!, power + 1)
  // Together, so that one's last jobs of a layer and another's run side by side.
  out.push(...await together(BASES.map(async ([from, to, group, more], i) => [to, await bases(shares[i]!, group, parts.get(from)!, power + more, roots)] as [number, Uint8Array])))
  const length = out.reduce((sum, [, part]) => sum + 12 + part.length, 12), file = new Uint8Array(length)
  file.set(new TextEncoder().encode('ptau'))
  file.set(toLittleEndian(1n, 4), 4)
  file.set(toLittleEndian(BigInt(out.length), 4), 8)
  let at = 12
  for (const [type, part] of out) {
    file.set(toLittleEndian(BigInt(type), 4), at)
    file.set(toLittleEndian(BigInt(part.length), 8), at + 4)
    file.set(part, at + 12)
    at += 12 + part.length
  }
  return file
}

/** Digits of ω^−j, ω of order 2^log, for j < 2^(log − 1). */
async function rootDigits(task: Task, log: number): Promise<Uint8Array> {
  const count = 2 ** (log - 1), out = new Uint8Array(ROOT_DIGITS * count), root = inverse(rootOfUnity(log), r)
  let value = 1n
  await task.each(count, (j) => {
    out.set(oddDigits(value), ROOT_DIGITS * j)
    value = (value * root) % r
  })
  return out
}

/** The bases of sizes 1, 2, … 2^log, one after the other. Missing points are infinity. */
async function bases(task: Task, group: Group, section: Uint8Array, log: number, roots: Uint8Array): Promise<Uint8Array> {
  const { machine } = task, size = POINT[group], n = 2 ** log, element = size / 2
  const out = new Uint8Array(RAW[group] * (2 * n - 1))
  const run = task.counting(n + Array.from({ length: log + 1 }, (_, k) => products(2 ** k)).reduce((sum, count) => sum + count))
  return task.scope(async (allocate) => {
    const raw = new Uint8Array(RAW[group] * n)
    raw.set(section)
    const powers = await task.importPoints(raw, allocate), data = allocate(size * n)
    const digits = allocate(roots.length), perN = allocate(ROOT_DIGITS), rootCount = roots.length / ROOT_DIGITS
    machine.bytes.set(roots, digits)
    machine.bytes.set(oddDigits(inverse(BigInt(n), r)), perN)
    const workspace = lagrangeWorkspace(PER_JOB, element)
    await together(cut(n, PER_JOB).map(([from, to]) => run((scratch) => [[`${group}_multiplyAll`, powers + size * from, to - from, perN, scratch]], { workspace, units: to - from })))
    for (let k = log; k >= 0; k--) {
      const length = 2 ** k
      if (k < log) await double(task, group, powers, length)
      const words = new Uint8Array(machine.memory.buffer)
      for (let i = 0; i < length; i++) {
        let reversed = 0
        for (let bit = 0; bit < k; bit++) reversed |= ((i >> bit) & 1) << (k - 1 - bit)
        words.copyWithin(data + size * reversed, powers + size * i, powers + size * (i + 1))
      }
      for (let half = 1; half < length; half *= 2) {
        await together(cut(length / 2, Math.max(32, Math.min(PER_JOB, length / 4))).map(([from, to]) => run((scratch) =>
          [[`${group}_butterflies`, data, half, from, to, digits, ROOT_DIGITS * (rootCount / half), scratch]], { workspace, units: (to - from) * (half - 1) / half })))
      }
      out.set(await task.exportPoints(group, data, length), RAW[group] * (length - 1))
    }
    return out
  })
}

/** A transform's: its butterflies whose root is not 1. */
const products = (length: number): number => length / 2 * Math.log2(length) - (length - 1)

const SUMS_PER_JOB = 1024

/** The first `count` points doubled. */
async function double(task: Task, group: Group, points: number, count: number): Promise<void> {
  const { machine } = task, size = POINT[group]
  await together(cut(count, SUMS_PER_JOB).map(([from, to]) => task.run((workspace) => {
    const lists = to - from, words = new Uint32Array(machine.memory.buffer, workspace, 4 * lists)
    for (let l = 0; l < lists; l++) {
      words[2 * l] = words[2 * l + 1] = points + size * (from + l)
      words[2 * lists + l] = 2 * l
      words[3 * lists + l] = 2
    }
    const sums = workspace + 16 * lists
    return [[`${group}_sums`, workspace, workspace + 8 * lists, workspace + 12 * lists, lists, sums], [`${group}_copy`, points + size * from, sums, size * lists]]
  }, { workspace: (16 + size) * SUMS_PER_JOB + 1024 })))
}
