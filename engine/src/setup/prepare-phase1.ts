// Phase 1 made ready: the points τ^i·G, α·τ^i·G, β·τ^i·G turned into those of the Lagrange bases of every size 2^k, by the inverse
// transform over points. Smaller sizes take the same first points; their factors 2^−k come from the largest's by doublings.

import { MalformedFile, littleEndian, sections, toLittleEndian } from '../files.ts'
import { rootOfUnity } from '../domain.ts'
import { inverse } from '../wasm/field.ts'
import { ROOT_DIGITS, lagrangeWorkspace } from '../wasm/lagrange.ts'
import { BASE_ORDER } from '../wasm/machine.ts'
import { SCALAR_ORDER as r } from '../wasm/msm.ts'
import { refuseInfinity } from './new-key.ts'
import { POINT, RAW, cut, type Group, type SetupMachine } from './program.ts'
import { oddDigits } from './scalar.ts'

const PER_JOB = 512 // butterflies, at most
const BASES = [[2, 12, 'g1', 1], [3, 13, 'g2', 0], [4, 14, 'g1', 0], [5, 15, 'g1', 0]] as const // section, its basis, group, sizes more

/** @throws MalformedFile */
export async function preparePhase1(setup: SetupMachine, ptau: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const parts = sections(ptau, 'ptau', 1)
  const malformed = (what: string): never => { throw new MalformedFile(`ptau: ${what}`) }
  const header = parts.get(1)
  if (header?.length !== 44 || littleEndian(header.subarray(4, 36)) !== BASE_ORDER) return malformed('not over BN254')
  const power = new DataView(header.buffer, header.byteOffset).getUint32(36, true)
  if (power < 1 || power > 26) malformed('an impossible power')
  const out: [number, Uint8Array][] = [1, 2, 3, 4, 5, 6, 7].map((type) => [type, parts.get(type) ?? malformed(`section ${type} is missing`)])
  const roots = rootDigits(power + 1)
  for (const [from, , group, more] of BASES) {
    const section = parts.get(from)!
    if (section.length !== RAW[group] * (2 ** (power + more) - more)) malformed(`section ${from} has a wrong size`)
    refuseInfinity(section, RAW[group])
  }
  // Together, so that one's last jobs of a layer and another's run side by side.
  const made = await Promise.allSettled(BASES.map(async ([from, to, group, more]) => [to, await bases(setup, group, parts.get(from)!, power + more, roots)] as [number, Uint8Array]))
  for (const result of made) {
    if (result.status === 'rejected') throw result.reason
    out.push(result.value)
  }
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
function rootDigits(log: number): Uint8Array {
  const out = new Uint8Array(ROOT_DIGITS * 2 ** (log - 1)), root = inverse(rootOfUnity(log), r)
  for (let j = 0, value = 1n; j < 2 ** (log - 1); j++, value = (value * root) % r) out.set(oddDigits(value), ROOT_DIGITS * j)
  return out
}

/** The bases of sizes 1, 2, … 2^log, one after the other. Missing points are infinity. */
async function bases(setup: SetupMachine, group: Group, section: Uint8Array, log: number, roots: Uint8Array): Promise<Uint8Array> {
  const { machine, pool } = setup, size = POINT[group], n = 2 ** log, element = size / 2
  const out = new Uint8Array(RAW[group] * (2 * n - 1))
  return setup.scope(async (allocate) => {
    const raw = new Uint8Array(RAW[group] * n)
    raw.set(section)
    const powers = await setup.importPoints(raw, allocate), data = allocate(size * n)
    const digits = allocate(roots.length), perN = allocate(ROOT_DIGITS), two = allocate(ROOT_DIGITS)
    machine.bytes.set(roots, digits)
    machine.bytes.set(oddDigits(inverse(BigInt(n), r)), perN)
    machine.bytes.set(oddDigits(2n), two)
    const rootCount = roots.length / ROOT_DIGITS
    const workspace = lagrangeWorkspace(PER_JOB, element)
    const multiply = (count: number, scalar: number) => Promise.all(cut(count, PER_JOB).map(([from, to]) =>
      pool.run((scratch) => [[`${group}_multiplyAll`, powers + size * from, to - from, scalar, scratch]], { workspace })))
    await multiply(n, perN)
    for (let k = log; k >= 0; k--) {
      const length = 2 ** k
      if (k < log) await double(setup, group, powers, length)
      const words = new Uint8Array(machine.memory.buffer)
      for (let i = 0; i < length; i++) {
        let reversed = 0
        for (let bit = 0; bit < k; bit++) reversed |= ((i >> bit) & 1) << (k - 1 - bit)
        words.copyWithin(data + size * reversed, powers + size * i, powers + size * (i + 1))
      }
      for (let half = 1; half < length; half *= 2) {
        await Promise.all(cut(length / 2, Math.max(32, Math.min(PER_JOB, length / 4))).map(([from, to]) => pool.run((scratch) =>
          [[`${group}_butterflies`, data, half, from, to, digits, ROOT_DIGITS * (rootCount / half), scratch]], { workspace })))
      }
      out.set(await setup.exportPoints(group, data, length), RAW[group] * (length - 1))
    }
    return out
  })
}

const SUMS_PER_JOB = 1024

/** The first `count` points doubled. */
async function double({ machine, pool }: SetupMachine, group: Group, points: number, count: number): Promise<void> {
  const size = POINT[group]
  await Promise.all(cut(count, SUMS_PER_JOB).map(([from, to]) => pool.run((workspace) => {
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
