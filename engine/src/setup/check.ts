// The full check of a key: that it is this circuit's, from this phase 1, and that its contributions make the delta it has.
//
//   1  the initial key is made again (new-key.ts); what contributions leave alone must be equal, byte by byte
//   2  each contribution: its transcript, its key in both groups, delta moved by it; a beacon's key is drawn again
//   3  L and H times delta must be the initial key's: a random combination of each, 128 bits a point, and pairings
//   4  the initial H, from the Lagrange basis of twice the size, must be what the powers of tau say:
//      Σ qᵢ·(τ^(n+i) − τ^i) = Σ −2·q(ωⱼ)·Hⱼ for a random polynomial q, ωⱼ the odd roots of order 2n
//
// The other bases of phase 1 are taken as they are: check phase 1 where it comes from.

import { power, rootOfUnity } from '../domain.ts'
import { MalformedFile, littleEndian, toLittleEndian } from '../files.ts'
import { bestLayout, digitsOf, product } from '../multiply.ts'
import { mod } from '../wasm/field.ts'
import { SCALAR_ORDER as r } from '../wasm/msm.ts'
import { Transcript, beaconSeed, challengePoint, checkOnCurve, contributionHash, drawKey, finite } from './contribute.ts'
import { G1, G2, type PointG1 } from './curve.ts'
import { newKey } from './new-key.ts'
import { sameRatio } from './pairing.ts'
import { readPhase1 } from './phase1.ts'
import { POINT, RAW, type SetupMachine } from './program.ts'
import { SECTION, readG1, readG2, readKeyFile, type Contribution, type KeyFile } from './zkey.ts'

export interface CheckOptions {
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
export async function verifyKey(setup: SetupMachine, zkey: Uint8Array, r1cs: Uint8Array, ptau: Uint8Array, options: CheckOptions = {}): Promise<Checked> {
  let file: KeyFile
  try { file = readKeyFile(zkey) } catch (error) {
    if (error instanceof MalformedFile) return { valid: false, reason: error.message, circuitHash: new Uint8Array(64), contributions: [] }
    throw error
  }
  const { circuitHash } = file
  const contributions = file.contributions.map((contribution) => ({
    ...(contribution.name === undefined ? {} : { name: contribution.name }), hash: contributionHash(setup, contribution), ...(contribution.beacon ? { beacon: contribution.beacon } : {}),
  }))
  const initial = readKeyFile(options.initial ?? await newKey(setup, r1cs, ptau))
  try {
    compare(file, initial)
    await checkContributions(setup, file, options.maximumIterationsExponent ?? 24)
    await checkScaled(setup, file, initial)
    await checkQuotientBasis(setup, initial, ptau)
    return { valid: true, circuitHash, contributions }
  } catch (error) {
    if (error instanceof Invalid || error instanceof MalformedFile) return { valid: false, reason: error.message, circuitHash, contributions }
    throw error
  }
}

function compare(file: KeyFile, initial: KeyFile): void {
  for (const size of ['wires', 'publics', 'domain'] as const) demand(file.header[size] === initial.header[size], `another number of ${size}`)
  for (const point of ['alpha1', 'beta1', 'beta2', 'gamma2'] as const) demand(same(file.header[point], initial.header[point]), `another ${point}`)
  for (const name of ['ic', 'coefficients', 'a', 'b1', 'b2'] as const) demand(same(file.parts.get(SECTION[name])!, initial.parts.get(SECTION[name])!), `another section ${name}`)
  demand(same(file.circuitHash, initial.circuitHash), 'contributions to another circuit')
}

async function checkContributions(setup: SetupMachine, { header, circuitHash, contributions }: KeyFile, maximumIterationsExponent: number): Promise<void> {
  demand(contributions.length > 0, 'no contribution')
  const transcript = new Transcript(setup, circuitHash)
  try {
    let delta: PointG1 = G1.generator
    for (const [i, contribution] of contributions.entries()) {
      const { deltaAfter, s, sx, spx, beacon } = contribution, at = `contribution ${i + 1}`
      demand([deltaAfter, s, sx].every((point) => G1.contains(point)) && G2.contains(spx), `${at}: a point that is not of its group`)
      demand(same(contribution.transcript, transcript.challenge(s, sx)), `${at}: another transcript`)
      const challenge = challengePoint(contribution.transcript)
      demand(await sameRatio(s, sx, challenge, spx), `${at}: its key differs in the two groups`)
      demand(await sameRatio(delta, deltaAfter, challenge, spx), `${at}: delta is moved by something else`)
      if (beacon) {
        demand(beacon.iterationsExponent <= maximumIterationsExponent, `${at}: a beacon of too many iterations`)
        const drawn = drawKey(await beaconSeed(beacon.hash, beacon.iterationsExponent))
        demand(G1.equal(s, drawn.s) && G1.equal(sx, drawn.sx), `${at}: not the beacon's key`)
      }
      transcript.add(contribution)
      delta = deltaAfter
    }
    const delta1 = readG1(header.delta1), delta2 = readG2(header.delta2)
    demand(G1.equal(delta1, delta), 'delta1 is not what the contributions make')
    demand(G2.contains(delta2) && await sameRatio(G1.generator, delta1, G2.generator, delta2), 'delta2 is not delta1')
    demand(delta1.x !== G1.generator.x, 'delta is ±1')
  } finally { transcript.close() }
}

const COEFFICIENT_BYTES = 16

async function checkScaled(setup: SetupMachine, file: KeyFile, initial: KeyFile): Promise<void> {
  const delta2 = readG2(file.header.delta2)
  for (const name of ['l', 'h'] as const) {
    const [ours, theirs] = [file, initial].map(({ parts }) => parts.get(SECTION[name])!) as [Uint8Array, Uint8Array]
    const scalars = randomScalars(ours.length / RAW.g1)
    const sum = await combination(setup, ours, scalars), expected = await combination(setup, theirs, scalars)
    const matches = sum && expected ? await sameRatio(sum, expected, G2.generator, delta2) : sum === expected
    demand(matches, `section ${name} is not divided by delta`)
  }
}

async function checkQuotientBasis(setup: SetupMachine, initial: KeyFile, ptau: Uint8Array): Promise<void> {
  const { domain: n } = initial.header, { tau1 } = readPhase1(ptau)
  const scalars = randomScalars(n - 1), q = [...Array.from({ length: n - 1 }, (_, i) => littleEndian(scalars.subarray(32 * i, 32 * i + 32))), 0n]
  const powers = new Uint8Array(32 * (2 * n - 1))
  powers.set(scalars, 32 * n)
  for (let i = 0; i < n - 1; i++) powers.set(toLittleEndian(mod(-q[i]!, r)), 32 * i)
  const values = new Uint8Array(32 * n)
  valuesAtOddRoots(q).forEach((value, i) => values.set(toLittleEndian(mod(-2n * value, r)), 32 * i))
  const [left, right] = [await combination(setup, tau1.subarray(0, RAW.g1 * (2 * n - 1)), powers), await combination(setup, initial.parts.get(SECTION.h)!, values)]
  demand(left !== undefined && right !== undefined && G1.equal(left, right), 'phase 1: its Lagrange basis is not of its powers of tau')
}

/** q(ω^(2j+1)) for j = 0 … n − 1, ω of order 2n: a transform of n values, in integers. */
function valuesAtOddRoots(coefficients: readonly bigint[]): bigint[] {
  const n = coefficients.length, log = Math.log2(n), shift = rootOfUnity(log + 1)
  const values = Array<bigint>(n)
  let power1 = 1n
  for (let i = 0; i < n; i++) {
    let reversed = 0
    for (let bit = 0; bit < log; bit++) reversed |= ((i >> bit) & 1) << (log - 1 - bit)
    values[reversed] = (coefficients[i]! * power1) % r
    power1 = (power1 * shift) % r
  }
  for (let half = 1; half < n; half *= 2) {
    const root = power(shift, BigInt(n / half), r)
    let twiddle = 1n
    for (let j = 0; j < half; j++, twiddle = (twiddle * root) % r) {
      for (let low = j; low < n; low += 2 * half) {
        const a = values[low]!, b = (values[low + half]! * twiddle) % r
        values[low] = a + b >= r ? a + b - r : a + b
        values[low + half] = a >= b ? a - b : a - b + r
      }
    }
  }
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
export async function combination(setup: SetupMachine, section: Uint8Array, scalars: Uint8Array): Promise<PointG1 | undefined> {
  const { machine, pool } = setup, { raw, places } = finite(section), count = places.length
  if (count === 0) return undefined
  return setup.scope(async (allocate) => {
    const points = await setup.importPoints(raw, allocate)
    await checkOnCurve(setup, points, count, allocate)
    const at = allocate(scalars.length)
    machine.bytes.set(scalars, at)
    const context = { machine, allocate, run: pool.run.bind(pool) }
    const digits = await digitsOf(context, at, scalars.length / 32, bestLayout(count))
    const sum = await product(context, { group: 'g1', points, indices: setup.words(places, allocate), count }, digits, 1)
    if (machine.bytes.subarray(sum, sum + POINT.g1).every((byte) => byte === 0)) return undefined
    const bytes = await setup.exportPoints('g1', sum, 1, 'plain')
    return { x: littleEndian(bytes.subarray(0, 32)), y: littleEndian(bytes.subarray(32, 64)) }
  })
}
