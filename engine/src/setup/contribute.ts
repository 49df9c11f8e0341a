// A contribution: a secret x that no one keeps makes delta ← delta·x, and the points divided by delta, L and H, ← x⁻¹ times
// themselves. Its public key proves that its maker knew x, in snarkjs's way: a point s and x·s of G1, and x·p for the point p of
// G2 that hashing all that came before, s and x·s chooses.
//
// Points that come from others are checked to be of their groups first: times x, others would tell about x.

import { MalformedFile } from '../files.ts'
import { inverse } from '../wasm/field.ts'
import type { Machine } from '../wasm/machine.ts'
import { SCALAR_ORDER } from '../wasm/msm.ts'
import { scaleWorkspace } from '../wasm/scale.ts'
import { ChaCha } from './chacha.ts'
import { G1, G2, type PointG1, type PointG2 } from './curve.ts'
import { Blake2b, POINT, RAW, cut } from './program.ts'
import { scaleSteps } from './scalar.ts'
import { COST, together, type Task, type WorkOptions } from './task.ts'
import { SECTION, hashedG1, hashedG2, readG1, readG2, readKeyFile, writeContributions, writeG1, writeG2, writeHeader, writeSections, type Contribution, type KeyFile } from './zkey.ts'

export interface Contributed {
  readonly key: Uint8Array<ArrayBuffer>
  /** 64 bytes: what its maker publishes. */
  readonly hash: Uint8Array
}

export interface ContributeOptions extends WorkOptions {
  /** Stands in the key; at most 64 characters are kept. */
  readonly name?: string
  /** Hashed together with the platform's randomness, never instead of it. */
  readonly entropy?: Uint8Array
}

export interface BeaconOptions extends WorkOptions {
  readonly name?: string
  /** Public randomness, announced before it is known: 1 to 255 bytes. */
  readonly hash: Uint8Array
  /** It is hashed 2^this times first: 10 to 63. */
  readonly iterationsExponent: number
}

/** @throws MalformedFile */
export async function contribute(task: Task, zkey: Uint8Array, { name, entropy }: ContributeOptions): Promise<Contributed> {
  const random = crypto.getRandomValues(new Uint8Array(64))
  const seed = Blake2b.of(task.machine, random, entropy ?? new Uint8Array(0))
  random.fill(0)
  try {
    return await contributeWith(task, readKeyFile(zkey), seed.subarray(0, 32), name, undefined)
  } finally { seed.fill(0) }
}

/** @throws MalformedFile; RangeError for a beacon out of bounds */
export async function beacon(task: Task, zkey: Uint8Array, { name, hash, iterationsExponent }: BeaconOptions): Promise<Contributed> {
  if (hash.length < 1 || hash.length > 255) throw new RangeError('beacon: 1 to 255 bytes')
  if (!Number.isInteger(iterationsExponent) || iterationsExponent < 10 || iterationsExponent > 63) throw new RangeError('beacon: 2^10 to 2^63 iterations')
  const file = readKeyFile(zkey), own = hash.slice()
  const [hashing, scaling] = task.parts(COST.hash * 2 ** iterationsExponent, COST.scale * (file.header.wires + file.header.domain))
  return contributeWith(scaling, file, await beaconSeed(hashing, own, iterationsExponent), name, { hash: own, iterationsExponent })
}

const HASHES_PER_JOB = 2 ** 16

/** SHA-256, 2^exponent times. */
export async function beaconSeed(task: Task, hash: Uint8Array, exponent: number): Promise<Uint8Array> {
  const first = new Uint8Array(await crypto.subtle.digest('SHA-256', hash.slice()))
  const left = 2n ** BigInt(exponent) - 1n, run = task.counting(Number(left))
  return task.scope(async (allocate) => {
    const words = allocate(32)
    task.machine.bytes.set(swapped(first), words)
    for (let done = 0n; done < left; done += BigInt(HASHES_PER_JOB)) {
      const times = Math.min(HASHES_PER_JOB, Number(left - done))
      await run(() => [['sha256_repeat', words, times]], { units: times })
    }
    return swapped(task.machine.bytes.slice(words, words + 32))
  })
}

/** 32-bit words with their bytes in the other order, in place. */
function swapped(bytes: Uint8Array): Uint8Array {
  for (let at = 0; at < bytes.length; at += 4) bytes.subarray(at, at + 4).reverse()
  return bytes
}

/** What a contribution's key is drawn from: 32 bytes. */
export function drawKey(seed: Uint8Array): { secret: bigint; s: PointG1; sx: PointG1 } {
  const drawn = new ChaCha(seed), secret = drawn.scalar(), s = drawn.g1()
  return { secret, s, sx: G1.multiply(s, secret)! }
}

/** The hash of a key's circuit and contributions, open at its end. */
export class Transcript {
  private readonly hash: Blake2b
  constructor(machine: Machine, circuitHash: Uint8Array) { this.hash = new Blake2b(machine).update(circuitHash) }
  /** What a contribution with this key has to sign. */
  challenge(s: PointG1, sx: PointG1): Uint8Array { return this.hash.clone().update(hashedG1(s)).update(hashedG1(sx)).digest() }
  add(contribution: Contribution): void { for (const part of publicKey(contribution)) this.hash.update(part) }
}

const publicKey = ({ deltaAfter, s, sx, spx, transcript }: Contribution): Uint8Array[] => [hashedG1(deltaAfter), hashedG1(s), hashedG1(sx), hashedG2(spx), transcript]
export const contributionHash = (machine: Machine, contribution: Contribution): Uint8Array => Blake2b.of(machine, ...publicKey(contribution))
/** The point of G2 that a transcript's hash chooses. */
export const challengePoint = (transcript: Uint8Array): PointG2 => new ChaCha(transcript.subarray(0, 32)).g2()

async function contributeWith(task: Task, file: KeyFile, seed: Uint8Array, name: string | undefined, fromBeacon: Contribution['beacon']): Promise<Contributed> {
  const { header, circuitHash, contributions } = file
  const [delta1, delta2] = [readG1(header.delta1), readG2(header.delta2)]
  if (!G1.contains(delta1) || !G2.contains(delta2)) throw new MalformedFile('zkey: delta is not of its group')
  const { secret, s, sx } = drawKey(seed)
  if (secret === 0n) throw new RangeError('a contribution of 0')

  const transcript = new Transcript(task.machine, circuitHash)
  for (const earlier of contributions) transcript.add(earlier)
  const challenge = transcript.challenge(s, sx)
  const deltaAfter = G1.multiply(delta1, secret)!
  const short = name?.slice(0, 64)
  const contribution: Contribution = {
    deltaAfter, s, sx, spx: G2.multiply(challengePoint(challenge), secret)!, transcript: challenge,
    ...(short ? { name: short } : {}), ...(fromBeacon ? { beacon: fromBeacon } : {}),
  }
  const [l, h] = await dividedBy(secret, task, file)
  const part = (type: number) => [type, file.parts.get(type)!] as const
  const key = writeSections([
    part(SECTION.protocol), [SECTION.header, writeHeader({ ...header, delta1: writeG1(deltaAfter), delta2: writeG2(G2.multiply(delta2, secret)!) })],
    ...[SECTION.ic, SECTION.coefficients, SECTION.a, SECTION.b1, SECTION.b2].map(part), [SECTION.l, l], [SECTION.h, h],
    [SECTION.contributions, writeContributions(circuitHash, [...contributions, contribution])],
  ])
  return { key, hash: contributionHash(task.machine, contribution) }
}

/** Sections L and H. @throws MalformedFile where a point is off the curve */
async function dividedBy(secret: bigint, task: Task, { header, parts }: KeyFile): Promise<[Uint8Array, Uint8Array]> {
  const steps = scaleSteps(inverse(secret, SCALAR_ORDER)), shares = task.parts(header.wires, header.domain)
  try {
    return await together([SECTION.l, SECTION.h].map((type, i) => scaled(shares[i]!, parts.get(type)!, steps))) as [Uint8Array, Uint8Array]
  } finally { steps.fill(0) }
}

const POINTS_PER_JOB = 1024 // at most, a multiple of 4
const JOBS = 8 // at least, so that small keys too take all threads and tell how far they are

/** A section's points (those at infinity stay) by the steps of a scalar. @throws MalformedFile where one is off the curve */
async function scaled(task: Task, section: Uint8Array, steps: Uint8Array): Promise<Uint8Array> {
  const { machine } = task, [checking, scaling] = task.parts(1, 20)
  const { raw, places } = finite(section)
  const padded = new Uint8Array(RAW.g1 * Math.ceil(places.length / 4) * 4)
  padded.set(raw)
  for (let at = raw.length; at < padded.length; at += RAW.g1) padded.set(raw.subarray(0, RAW.g1), at)
  const count = padded.length / RAW.g1
  return task.scope(async (allocate) => {
    const points = await task.importPoints(padded, allocate)
    await checkOnCurve(checking, points, count, allocate)
    const code = allocate(steps.length), run = scaling.counting(count), perJob = Math.min(POINTS_PER_JOB, 4 * Math.ceil(count / 4 / JOBS))
    machine.bytes.set(steps, code)
    try {
      await together(cut(count, perJob).map(([from, to]) => run((workspace) => [['g1_scale', points + POINT.g1 * from, to - from, code, steps.length, workspace]],
        { workspace: scaleWorkspace(perJob), units: to - from })))
    } finally { machine.bytes.fill(0, code, code + steps.length) }
    const result = await task.exportPoints('g1', points, count), out = new Uint8Array(section.length)
    places.forEach((place, i) => out.set(result.subarray(RAW.g1 * i, RAW.g1 * (i + 1)), RAW.g1 * place))
    return out
  })
}

/** A section without its points at infinity, and where the others were. @throws MalformedFile for coordinates that are not reduced */
export function finite(section: Uint8Array): { raw: Uint8Array; places: Uint32Array } {
  const copy = section.slice(), words = new Uint32Array(copy.buffer), perPoint = RAW.g1 / 4
  const places = new Uint32Array(section.length / RAW.g1)
  let count = 0
  for (let i = 0; i < places.length; i++) {
    const at = i * perPoint
    let k = 0
    while (k < perPoint && words[at + k] === 0) k++
    if (k === perPoint) continue
    if (words[at + 7]! >= TOP || words[at + 15]! >= TOP) readG1(copy, RAW.g1 * i)
    words.copyWithin(count * perPoint, at, at + perPoint)
    places[count++] = i
  }
  return { raw: copy.subarray(0, RAW.g1 * count), places: places.subarray(0, count) }
}
const TOP = 0x30644e72 // of the modulus: below it, a coordinate is reduced

export async function checkOnCurve(task: Task, points: number, count: number, allocate: (bytes: number) => number): Promise<void> {
  const { machine } = task, parts = cut(count, POINTS_PER_JOB), flags = allocate(4 * parts.length), run = task.counting(parts.length)
  machine.bytes.fill(0, flags, flags + 4 * parts.length)
  await together(parts.map(([from, to], i) => run(() => [['g1_check', points + POINT.g1 * from, to - from, flags + 4 * i]])))
  if (new Uint32Array(machine.memory.buffer, flags, parts.length).some((bad) => bad > 0)) throw new MalformedFile('zkey: a point off the curve')
}
