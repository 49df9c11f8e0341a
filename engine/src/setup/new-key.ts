// A new key from a circuit and a prepared phase 1: J. Groth, "On the size of pairing-based non-interactive arguments",
// EUROCRYPT 2016, with delta = gamma = 1 and everything as the ceremony's files have it (S. Bowe, A. Gabizon, I. Miers, "Scalable
// multi-party computation for zk-SNARK parameters in the random beacon model", 2017):
//
//   Aᵢ = Σ aⱼᵢ·Lⱼ(τ)   Bᵢ = Σ bⱼᵢ·Lⱼ(τ)   Kᵢ = β·Σ aⱼᵢ·Lⱼ(τ) + α·Σ bⱼᵢ·Lⱼ(τ) + Σ cⱼᵢ·Lⱼ(τ)   Hⱼ = L'₂ⱼ₊₁(τ)
//
// over the constraints j of wire i; L' is the basis of twice the size, its odd half. K of public wires is IC, of others L.
// Below the constraints, one row for each public wire, with aⱼᵢ = 1, keeps their polynomials independent.

import { MalformedFile, toLittleEndian } from '../files.ts'
import { SCALAR_ORDER } from '../wasm/msm.ts'
import { combineWorkspace } from '../wasm/combine.ts'
import { G1, G2 } from './curve.ts'
import { overreadDifference } from './overread.ts'
import { readPhase1, type Phase1 } from './phase1.ts'
import { Blake2b, POINT, RAW, cut, toHashed, type Group } from './program.ts'
import { readCircuit, type Circuit } from './r1cs.ts'
import { HALF_BITS, split, windows } from './scalar.ts'
import { together, type Task } from './task.ts'
import { SECTION, readG1, readG2, hashedG1, hashedG2, writeContributions, writeG1, writeG2, writeHeader, writeSections } from './zkey.ts'

/** Of one basis point: which wires take it, with which coefficient. `base`: number of the basis. */
interface Part { readonly base: number; readonly terms: { readonly rows: Uint32Array; readonly wires: Uint32Array; readonly coefficients: Uint32Array } }

const TABLE_BYTES = 400 * 2 ** 20 // of multiples, at most, unless narrow digits need more
const COEFFICIENT_CUT = 15 // additions that take as long
const TERMS_PER_JOB = 2048
const OUTPUTS_PER_JOB = 512

/** @throws MalformedFile, also where phase 1 is too small */
export async function newKey(task: Task, r1cs: Uint8Array, ptau: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const circuit = readCircuit(r1cs), phase1 = readPhase1(ptau)
  const { wires, publics, constraints } = circuit
  const power = Math.max(1, Math.ceil(Math.log2(constraints + publics + 1))), domain = 2 ** power
  if (power > phase1.power) throw new MalformedFile(`ptau: of power ${phase1.power}, the circuit needs ${power}`)
  const [a, b, c] = circuit.matrices.map(({ starts, wires: of, coefficients }) => ({ rows: rowsOf(starts), wires: of, coefficients })) as [Part['terms'], Part['terms'], Part['terms']]
  const publicWires = Uint32Array.from({ length: publics + 1 }, (_, i) => i)
  const aWithPublics = {
    rows: concat(a.rows, publicWires.map((i) => constraints + i)), wires: concat(a.wires, publicWires), coefficients: concat(a.coefficients, new Uint32Array(publics + 1)),
  }
  // In terms of G1; one of G2 takes as long as three.
  const [inG2, inG1, vanishing, hashing] = task.parts(3 * b.wires.length, 2 * a.wires.length + 2 * b.wires.length + c.wires.length, domain / 2, wires)
  const [tau2] = await combinations(inG2, 'g2', circuit, [phase1.basis('tau2', power)], [[{ base: 0, terms: b }]])
  const [A, B1, K] = await combinations(inG1, 'g1', circuit, [phase1.basis('tau1', power), phase1.basis('alpha1', power), phase1.basis('beta1', power)], [
    [{ base: 0, terms: aWithPublics }], [{ base: 0, terms: b }],
    [{ base: 2, terms: aWithPublics }, { base: 1, terms: b }, { base: 0, terms: c }],
  ]) as [Combined, Combined, Combined]
  const B2 = tau2!
  const cutAt = RAW.g1 * (publics + 1)
  const h = oddPoints(phase1.basis('tau1', power + 1))

  const header = {
    wires, publics, domain, alpha1: phase1.alpha1.subarray(0, RAW.g1), beta1: phase1.beta1.subarray(0, RAW.g1), beta2: phase1.beta2,
    gamma2: writeG2(G2.generator), delta1: writeG1(G1.generator), delta2: writeG2(G2.generator),
  }
  const count = (n: number) => toLittleEndian(BigInt(n), 4).reverse()
  const circuitHash = await hashInTurns(hashing, [
    hashedG1(readG1(header.alpha1)), hashedG1(readG1(header.beta1)), hashedG2(readG2(header.beta2)), hashedG2(G2.generator), hashedG1(G1.generator), hashedG2(G2.generator),
    count(publics + 1), toHashed(K.plain.slice(0, cutAt), 'g1'),
    count(domain - 1), toHashed(await vanishingPowers(vanishing, phase1, domain), 'g1'),
    count(wires - publics - 1), toHashed(K.plain.slice(cutAt), 'g1'),
    count(wires), toHashed(A.plain, 'g1'), count(wires), toHashed(B1.plain, 'g1'), count(wires), toHashed(B2.plain, 'g2'),
  ])
  return writeSections([
    [SECTION.protocol, Uint8Array.of(1, 0, 0, 0)], [SECTION.header, writeHeader(header)], [SECTION.coefficients, coefficientSection(circuit)],
    [SECTION.ic, K.file.subarray(0, cutAt)], [SECTION.h, h], [SECTION.l, K.file.subarray(cutAt)],
    [SECTION.a, A.file], [SECTION.b1, B1.file], [SECTION.b2, B2.file], [SECTION.contributions, writeContributions(circuitHash, [])],
  ])
}

const HASHED_IN_A_TURN = 1 << 16

async function hashInTurns(task: Task, parts: readonly Uint8Array[]): Promise<Uint8Array> {
  const hash = new Blake2b(task.machine)
  const pieces = parts.flatMap((part) => cut(part.length, HASHED_IN_A_TURN).map(([from, to]) => part.subarray(from, to)))
  await task.each(pieces.length, (i) => { hash.update(pieces[i]!) })
  return hash.digest()
}

const concat = (a: Uint32Array, b: Uint32Array): Uint32Array => {
  const out = new Uint32Array(a.length + b.length)
  out.set(a)
  out.set(b, a.length)
  return out
}

function rowsOf(starts: Uint32Array): Uint32Array {
  const rows = new Uint32Array(starts.at(-1)!)
  for (let row = 0; row + 1 < starts.length; row++) rows.fill(row, starts[row], starts[row + 1])
  return rows
}

function oddPoints(basis: Uint8Array): Uint8Array {
  const out = new Uint8Array(basis.length / 2)
  for (let at = 0; at < out.length; at += RAW.g1) out.set(basis.subarray(2 * at + RAW.g1, 2 * at + 2 * RAW.g1), at)
  return out
}

interface Combined { readonly file: Uint8Array; readonly plain: Uint8Array }

/** For each list of parts, the combination of every wire. */
async function combinations(task: Task, group: Group, circuit: Circuit, bases: readonly Uint8Array[], outputs: readonly (readonly Part[])[]): Promise<Combined[]> {
  const size = POINT[group], rowsPerBase = bases[0]!.length / RAW[group]
  return task.scope(async (allocate) => {
    // How long a table each point needs.
    const big = circuit.coefficients.map((value) => value !== 1n && value !== SCALAR_ORDER - 1n)
    const tabled = new Uint8Array(bases.length * rowsPerBase)
    for (const { base, terms } of outputs.flat()) terms.rows.forEach((row, i) => { if (big[terms.coefficients[i]!]) tabled[base * rowsPerBase + row] = 1 })
    const withTable = tabled.reduce<number[]>((list, yes, i) => { if (yes) list.push(i); return list }, [])
    let width = 8
    while (width > 4 && withTable.length * size * 2 ** (width - 1) > TABLE_BYTES) width--
    const places = Math.ceil((HALF_BITS + 1) / width)
    const wires = outputs.map((parts) => byWire(parts, circuit.wires, rowsPerBase, big, 2 * places))
    // In additions.
    const [cutting, tabling, ...combining] = task.parts(
      COEFFICIENT_CUT * circuit.coefficients.length, withTable.length * 2 ** (width - 1), ...wires.map(({ additions }) => additions[circuit.wires]!))

    const digits = new Int16Array(2 * places * circuit.coefficients.length)
    await cutting.each(circuit.coefficients.length, (i) => split(circuit.coefficients[i]!).forEach((half, k) => windows(half, width, digits, (2 * i + k) * places)))
    const digitsAt = task.words(new Uint32Array(digits.buffer, 0, digits.length / 2), allocate)

    const references = new Uint32Array(2 * bases.length * rowsPerBase)
    for (const [base, raw] of bases.entries()) {
      refuseInfinity(raw, RAW[group])
      const at = await task.importPoints(raw, allocate)
      for (let row = 0; row < rowsPerBase; row++) references[2 * (base * rowsPerBase + row)] = at + size * row
    }
    await tables(tabling!, group, references, withTable, width, allocate)
    const referencesAt = task.words(references, allocate)

    const results: Combined[] = []
    for (const [i, { order, starts, points, coefficients, additions }] of wires.entries()) results.push(await task.scope(async (own) => {
      const addresses = [starts, points, coefficients].map((list) => task.words(list, own)) as [number, number, number]
      const at = own(size * circuit.wires), run = combining[i]!.counting(additions[circuit.wires]!)
      const jobs: Promise<void>[] = []
      for (let from = 0, to = 0; from < circuit.wires; from = to) {
        while (to < circuit.wires && (to === from || (to - from < OUTPUTS_PER_JOB && starts[to + 1]! - starts[from]! <= TERMS_PER_JOB))) to++
        const [first, last] = [from, to], terms = starts[to]! - starts[from]!
        jobs.push(run((workspace) => [[`${group}_combine`, addresses[0], first, last, addresses[1], addresses[2], referencesAt, digitsAt, width, places, workspace, at]],
          { workspace: combineWorkspace(last - first, terms, 2 * places, size / 2), units: additions[last]! - additions[first]! }))
      }
      await together(jobs)
      const [file, plain] = [await task.exportPoints(group, at, circuit.wires, 'file'), await task.exportPoints(group, at, circuit.wires, 'plain')]
      return { file: inOrder(file, order, RAW[group]), plain: inOrder(plain, order, RAW[group]) }
    }))
    return results
  })
}

/** @throws MalformedFile */
export function refuseInfinity(raw: Uint8Array, size: number): void {
  const words = new Uint32Array(raw.slice().buffer)
  for (let at = 0; at < words.length; at += size / 4) {
    let k = 0
    while (k < size / 4 && words[at + k] === 0) k++
    if (k === size / 4) throw new MalformedFile('ptau: a point at infinity, as where tau = 1: no one has contributed')
  }
}

/**
 * The terms of every wire together. Wires are in an order in which neighbours have about as many dear terms, since outputs are
 * made two at a time; `order[place]` is the wire, and all places before one take about `additions[place]`, of which a dear term has
 * `perDear`.
 */
function byWire(parts: readonly Part[], wires: number, rowsPerBase: number, big: readonly boolean[], perDear: number) {
  const counts = new Uint32Array(wires), dear = new Uint32Array(wires)
  for (const { terms } of parts) terms.wires.forEach((wire, i) => { counts[wire]!++; if (big[terms.coefficients[i]!]) dear[wire]!++ })
  const order = Uint32Array.from(counts.keys()).sort((x, y) => dear[y]! - dear[x]! || counts[y]! - counts[x]!)
  const starts = new Uint32Array(wires + 1), additions = new Float64Array(wires + 1), next = new Uint32Array(wires)
  order.forEach((wire, place) => {
    next[wire] = starts[place]!
    starts[place + 1] = starts[place]! + counts[wire]!
    additions[place + 1] = additions[place]! + counts[wire]! + (perDear - 1) * dear[wire]!
  })
  const points = new Uint32Array(starts[wires]!), coefficients = new Uint32Array(starts[wires]!)
  for (const { base, terms } of parts) terms.wires.forEach((wire, i) => {
    const to = next[wire]!++
    points[to] = base * rowsPerBase + terms.rows[i]!
    coefficients[to] = terms.coefficients[i]!
  })
  return { order, starts, points, coefficients, additions }
}

function inOrder(raw: Uint8Array, order: Uint32Array, size: number): Uint8Array {
  const out = new Uint8Array(raw.length)
  order.forEach((wire, place) => out.set(raw.subarray(size * place, size * (place + 1)), size * wire))
  return out
}

const ROWS_PER_JOB = 64

/** Makes tables of 1 … 2^(width−1) times the points listed, and points `references` to them. Multiples lie next to each other. */
async function tables(task: Task, group: Group, references: Uint32Array, list: readonly number[], width: number, allocate: (bytes: number) => number): Promise<void> {
  const { machine } = task, size = POINT[group], length = 2 ** (width - 1), run = task.counting(list.length)
  const all = allocate(size * length * list.length)
  await together(cut(list.length, ROWS_PER_JOB).map(([from, to]) => {
    const rows = to - from, table = all + size * length * from
    for (let i = 0; i < rows; i++) {
      const at = references[2 * list[from + i]!]!
      machine.bytes.copyWithin(table + size * i, at, at + size)
      references[2 * list[from + i]!] = table + size * i
      references[2 * list[from + i]! + 1] = size * rows
    }
    // From 1 … m on: m + 1 … 2m are sums of m and 1 … m, written one after the other.
    return run((workspace) => {
      const calls: [string, ...number[]][] = []
      let at = workspace
      for (let m = 1; m < length; m *= 2) {
        const lists = m * rows, words = new Uint32Array(machine.memory.buffer, at, 4 * lists)
        const multiple = (k: number, row: number) => table + size * (rows * (k - 1) + row)
        for (let l = 0; l < lists; l++) {
          words[2 * l] = multiple(m, l % rows)
          words[2 * l + 1] = multiple(1 + Math.floor(l / rows), l % rows)
          words[2 * lists + l] = 2 * l
          words[3 * lists + l] = 2
        }
        calls.push([`${group}_sums`, at, at + 8 * lists, at + 12 * lists, lists, multiple(m + 1, 0)])
        at += 16 * lists
      }
      return calls
    }, { workspace: 16 * length * rows, units: rows })
  }))
}

/** Both matrices by constraint: matrix, row, wire, and the value times 2^512 modulo r. */
function coefficientSection(circuit: Circuit): Uint8Array {
  const { matrices: [a, b], constraints, publics } = circuit
  const values = new Uint32Array(8 * circuit.coefficients.length)
  const bytes = new Uint8Array(values.buffer)
  circuit.coefficients.forEach((value, i) => bytes.set(toLittleEndian((value << 512n) % SCALAR_ORDER), 32 * i))
  const count = a.wires.length + b.wires.length + publics + 1
  const words = new Uint32Array(1 + 11 * count)
  words[0] = count
  let at = 1
  const put = (matrix: number, row: number, wire: number, coefficient: number) => {
    words[at] = matrix; words[at + 1] = row; words[at + 2] = wire
    for (let k = 0; k < 8; k++) words[at + 3 + k] = values[8 * coefficient + k]!
    at += 11
  }
  for (let row = 0; row < constraints; row++) {
    for (const [matrix, terms] of [[0, a], [1, b]] as const) {
      for (let i = terms.starts[row]!; i < terms.starts[row + 1]!; i++) put(matrix, row, terms.wires[i]!, terms.coefficients[i]!)
    }
  }
  for (let i = 0; i <= publics; i++) put(0, constraints + i, i, 0)
  return new Uint8Array(words.buffer)
}

const SUMS_PER_JOB = 4096
const HASHED_AT_ONCE = 1 << 14

/** τ^(n+i) − τ^i, as integers: what snarkjs hashes in place of H. It does so by blocks of 2^14, the last of which has one too many. */
async function vanishingPowers(task: Task, { file, tau1 }: Phase1, n: number): Promise<Uint8Array> {
  const count = n - 1 <= HASHED_AT_ONCE ? n - 1 : n
  const start = tau1.byteOffset - file.byteOffset, end = start + RAW.g1 * (n + count)
  if (end > file.length) throw new MalformedFile('ptau: ends too early for the hash of the circuit')
  const inside = start + tau1.length >= end ? count : n - 1
  const { machine } = task, size = POINT.g1, run = task.counting(inside)
  const differences = await task.scope(async (allocate) => {
    const points = await task.importPoints(file.subarray(start, start + RAW.g1 * (n + inside)), allocate)
    const results = allocate(size * (inside + 1))
    await together(cut(inside, SUMS_PER_JOB).map(([from, to]) => run((workspace) => {
      const lists = to - from, words = new Uint32Array(machine.memory.buffer, workspace, 4 * lists)
      for (let l = 0; l < lists; l++) {
        words[2 * l] = points + size * (n + from + l)
        words[2 * l + 1] = (points + size * (from + l)) | 1
        words[2 * lists + l] = 2 * l
        words[3 * lists + l] = 2
      }
      return [['g1_sums', workspace, workspace + 8 * lists, workspace + 12 * lists, lists, results + size * from]]
    }, { workspace: 16 * SUMS_PER_JOB, units: to - from })))
    return task.exportPoints('g1', results, inside, 'plain')
  })
  if (inside === count) return differences
  const all = new Uint8Array(RAW.g1 * count)
  all.set(differences)
  all.set(overreadDifference(file.subarray(end - RAW.g1, end), tau1.subarray(RAW.g1 * (n - 1), RAW.g1 * n)), RAW.g1 * inside)
  return all
}
