// The full check of a key: that it is this circuit's, from this phase 1, and that its contributions make the delta it has.
//
//   1  the initial key is made again (new-key.ts); what contributions leave alone must be equal, byte by byte
//   2  each contribution: its transcript, its key in both groups, delta moved by it; a beacon's key is drawn again
//   3  L and H times delta must be the initial key's: a random combination of each, 128 bits a point, and pairings
//   4  the initial H, from the Lagrange basis of twice the size, must be what the powers of tau say:
//      Σ qᵢ·(τ^(n+i) − τ^i) = Σ −2·q(ωⱼ)·Hⱼ for a random polynomial q, ωⱼ the odd roots of order 2n
//   5  delta must not be ±1, as contributions can make it that are one person's, and right in all else: everyone could forge
//
// The other bases of phase 1 are taken as they are: check phase 1 where it comes from.

import { rootOfUnity } from '../domain.ts'
import { MalformedFile, littleEndian, toLittleEndian } from '../files.ts'
import { bestLayout, digitsOf, jobsFor, product } from '../multiply.ts'
import { mod } from '../wasm/field.ts'
import { SCALAR_ORDER as r } from '../wasm/msm.ts'
import { Transcript, beaconSeed, challengePoint, checkOnCurve, contributionHash, drawKey, finite } from './contribute.ts'
import { G1, G2, type PointG1 } from './curve.ts'
import { newKey } from './new-key.ts'
import { sameRatio } from './pairing.ts'
import { readPhase1 } from './phase1.ts'
import { POINT, RAW } from './program.ts'
import { COST, type Task, type WorkOptions } from './task.ts'
import { SECTION, readG1, readG2, readKeyFile, type Contribution, type KeyFile } from './zkey.ts'

export interface CheckOptions extends WorkOptions {
  /** The initial key, if you have just made it from this circuit and this phase 1. By default it is made again. */
  readonly initial?: Uint8Array
  /** Beacons of more iterations than 2^this are refused, since someone else chooses them. Default: 24. */
  readonly maximumIterationsExponent?: number
}

export interface Checked {
  readonly valid: boolean
  /** Why not. */
  readonly reason?: string
  /** 64 bytes: what the contributions build on. */
  readonly circuitHash: Uint8Array
  readonly contributions: readonly { readonly name?: string; readonly hash: Uint8Array; readonly beacon?: Contribution['beacon'] }[]
}

class Invalid extends Error {}
const demand: (holds: boolean, reason: string) => asserts holds = (holds, reason) => { if (!holds) throw new Invalid(reason) }
const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i])

/** @throws MalformedFile where the circuit or phase 1 cannot be read; a key that cannot be is invalid */
export async function verifyKey(task: Task, zkey: Uint8Array, r1cs: Uint8Array, ptau: Uint8Array, options: CheckOptions = {}): Promise<Checked> {
  let file: KeyFile
  try { file = readKeyFile(zkey) } catch (error) {
    if (error instanceof MalformedFile) return { valid: false, reason: error.message, circuitHash: new Uint8Array(64), contributions: [] }
    throw error
  }
  const { circuitHash, header: { wires, domain } } = file, maximumIterationsExponent = options.maximumIterationsExponent ?? 24
  const contributions = file.contributions.map((contribution) => ({
    ...(contribution.name === undefined ? {} : { name: contribution.name }), hash: contributionHash(task.machine, contribution), ...(contribution.beacon ? { beacon: contribution.beacon } : {}),
  }))
  const terms = file.parts.get(SECTION.coefficients)!.length / COEFFICIENT_TERM
  const [making, following, hashing, scaled, basis] = task.parts(
    options.initial ? 0 : COST.newKey * terms, COST.contribution * contributions.length,
    COST.hash * iterations(file, maximumIterationsExponent), COST.combination * 2 * (wires + domain), (COST.value + COST.combination * 3) * domain)
  const initial = readKeyFile(options.initial ?? await newKey(making, r1cs, ptau))
  try {
    compare(file, initial)
    await checkContributions(following, hashing, file, maximumIterationsExponent)
    await checkScaled(scaled, file, initial)
    await checkQuotientBasis(basis, initial, ptau)
    // Last: a key that is refused for this is right in all else.
    demand(readG1(file.header.delta1).x !== G1.generator.x, 'delta is ±1')
    return { valid: true, circuitHash, contributions }
  } catch (error) {
    if (error instanceof Invalid || error instanceof MalformedFile) return { valid: false, reason: error.message, circuitHash, contributions }
    throw error
  }
}

const COEFFICIENT_TERM = 44 // bytes in a file

/** How often the beacons of a key are hashed, those that are not refused for it. */
const iterations = ({ contributions }: KeyFile, maximumExponent: number): number =>
  contributions.reduce((sum, { beacon }) => (beacon && beacon.iterationsExponent <= maximumExponent ? sum + 2 ** beacon.iterationsExponent : sum), 0)

function compare(file: KeyFile, initial: KeyFile): void {
  for (const size of ['wires', 'publics', 'domain'] as const) demand(file.header[size] === initial.header[size], `another number of ${size}`)
  for (const point of ['alpha1', 'beta1', 'beta2', 'gamma2'] as const) demand(same(file.header[point], initial.header[point]), `another ${point}`)
  for (const name of ['ic', 'coefficients', 'a', 'b1', 'b2'] as const) demand(same(file.parts.get(SECTION[name])!, initial.parts.get(SECTION[name])!), `another section ${name}`)
  demand(same(file.circuitHash, initial.circuitHash), 'contributions to another circuit')
}

async function checkContributions(task: Task, hashing: Task, file: KeyFile, maximumIterationsExponent: number): Promise<void> {
  const { header, circuitHash, contributions } = file
  demand(contributions.length > 0, 'no contribution')
  const transcript = new Transcript(task.machine, circuitHash), beacons = iterations(file, maximumIterationsExponent)
  let delta: PointG1 = G1.generator
  await task.each(contributions.length, async (i) => {
    const contribution = contributions[i]!, { deltaAfter, s, sx, spx, beacon } = contribution, at = `contribution ${i + 1}`
    demand([deltaAfter, s, sx].every((point) => G1.contains(point)) && G2.contains(spx), `${at}: a point that is not of its group`)
    demand(same(contribution.transcript, transcript.challenge(s, sx)), `${at}: another transcript`)
    const challenge = challengePoint(contribution.transcript)
    demand(await sameRatio(s, sx, challenge, spx), `${at}: its key differs in the two groups`)
    demand(await sameRatio(delta, deltaAfter, challenge, spx), `${at}: delta is moved by something else`)
    if (beacon) {
      const { hash, iterationsExponent } = beacon
      demand(iterationsExponent <= maximumIterationsExponent, `${at}: a beacon of too many iterations`)
      const [own] = hashing.parts(2 ** iterationsExponent, beacons - 2 ** iterationsExponent)
      const drawn = drawKey(await beaconSeed(own, hash, iterationsExponent))
      demand(G1.equal(s, drawn.s) && G1.equal(sx, drawn.sx), `${at}: not the beacon's key`)
    }
    transcript.add(contribution)
    delta = deltaAfter
  })
  const delta1 = readG1(header.delta1), delta2 = readG2(header.delta2)
  demand(G1.equal(delta1, delta), 'delta1 is not what the contributions make')
  demand(G2.contains(delta2) && await sameRatio(G1.generator, delta1, G2.generator, delta2), 'delta2 is not delta1')
}

const COEFFICIENT_BYTES = 16

async function checkScaled(task: Task, file: KeyFile, initial: KeyFile): Promise<void> {
  const delta2 = readG2(file.header.delta2), { wires, domain } = file.header, shares = task.parts(wires, domain)
  for (const [i, name] of (['l', 'h'] as const).entries()) {
    const [ours, theirs] = [file, initial].map(({ parts }) => parts.get(SECTION[name])!) as [Uint8Array, Uint8Array]
    const scalars = randomScalars(ours.length / RAW.g1), [first, second] = shares[i]!.parts(1, 1)
    const sum = await combination(first, ours, scalars), expected = await combination(second, theirs, scalars)
    const matches = sum && expected ? await sameRatio(sum, expected, G2.generator, delta2) : sum === expected
    demand(matches, `section ${name} is not divided by delta`)
  }
}

async function checkQuotientBasis(task: Task, initial: KeyFile, ptau: Uint8Array): Promise<void> {
  const { domain: n } = initial.header, { tau1 } = readPhase1(ptau)
  const [evaluating, ofPowers, ofValues] = task.parts(COST.value, 2 * COST.combination, COST.combination)
  const scalars = randomScalars(n - 1), q = [...Array.from({ length: n - 1 }, (_, i) => littleEndian(scalars.subarray(32 * i, 32 * i + 32))), 0n]
  const powers = new Uint8Array(32 * (2 * n - 1))
  powers.set(scalars, 32 * n)
  for (let i = 0; i < n - 1; i++) powers.set(toLittleEndian(mod(-q[i]!, r)), 32 * i)
  const values = new Uint8Array(32 * n)
  ;(await valuesAtOddRoots(evaluating, q)).forEach((value, i) => values.set(toLittleEndian(mod(-2n * value, r)), 32 * i))
  const left = await combination(ofPowers, tau1.subarray(0, RAW.g1 * (2 * n - 1)), powers), right = await combination(ofValues, initial.parts.get(SECTION.h)!, values)
  demand(left !== undefined && right !== undefined && G1.equal(left, right), 'phase 1: its Lagrange basis is not of its powers of tau')
}

/** q(ω^(2j+1)) for j = 0 … n − 1, ω of order 2n: a transform of n values, in integers. */
async function valuesAtOddRoots(task: Task, coefficients: readonly bigint[]): Promise<bigint[]> {
  const n = coefficients.length, log = Math.log2(n), shift = rootOfUnity(log + 1), [ordering, adding] = task.parts(1, log / 2)
  const values = Array<bigint>(n), roots = Array<bigint>(n / 2) // of order n
  let power = 1n
  await ordering.each(n, (i) => {
    let reversed = 0
    for (let bit = 0; bit < log; bit++) reversed |= ((i >> bit) & 1) << (log - 1 - bit)
    values[reversed] = (coefficients[i]! * power) % r
    if (i % 2 === 0) roots[i / 2] = power
    power = (power * shift) % r
  })
  await adding.each(log * n / 2, (i) => {
    const half = 2 ** Math.floor(i / (n / 2)), k = i % (n / 2), j = k % half, low = 2 * (k - j) + j
    const a = values[low]!, b = (values[low + half]! * roots[j * (n / 2 / half)]!) % r
    values[low] = a + b >= r ? a + b - r : a + b
    values[low + half] = a >= b ? a - b : a - b + r
  })
  return values
}

/** 32 little-endian bytes each. */
function randomScalars(count: number): Uint8Array {
  const out = new Uint8Array(32 * count), piece = new Uint8Array(COEFFICIENT_BYTES * 4096)
  for (let i = 0; i < count; i++) {
    if (i % 4096 === 0) crypto.getRandomValues(piece)
    out.set(piece.subarray(COEFFICIENT_BYTES * (i % 4096), COEFFICIENT_BYTES * (i % 4096 + 1)), 32 * i)
  }
  return out
}

/** Σ scalarᵢ·Pᵢ over a section's points in G1; undefined for infinity. @throws MalformedFile for points off the curve */
export async function combination(task: Task, section: Uint8Array, scalars: Uint8Array): Promise<PointG1 | undefined> {
  const { machine } = task, { raw, places } = finite(section), count = places.length
  if (count === 0) return undefined
  const [checking, adding] = task.parts(1, 8)
  return task.scope(async (allocate) => {
    const points = { group: 'g1', points: await task.importPoints(raw, allocate), indices: task.words(places, allocate), count } as const
    await checkOnCurve(checking, points.points, count, allocate)
    const at = allocate(scalars.length), layout = bestLayout(count)
    machine.bytes.set(scalars, at)
    const context = { machine, allocate, run: adding.counting(jobsFor(points, layout) + 2) } // and its digits and its end
    const sum = await product(context, points, await digitsOf(context, at, scalars.length / 32, layout), 1)
    if (machine.bytes.subarray(sum, sum + POINT.g1).every((byte) => byte === 0)) return undefined
    const bytes = await task.exportPoints('g1', sum, 1, 'plain')
    return { x: littleEndian(bytes.subarray(0, 32)), y: littleEndian(bytes.subarray(32, 64)) }
  })
}
