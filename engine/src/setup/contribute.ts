// A contribution: a secret x that no one keeps makes delta ← delta·x, and the points divided by delta, L and H, ← x⁻¹ times
// themselves. Its public key proves that its maker knew x, in snarkjs's way: a point s and x·s of G1, and x·p for the point p of
// G2 that hashing all that came before, s and x·s chooses.
//
// Points that come from others are checked to be of their groups first: times x, others would tell about x.

import { MalformedFile } from '../files.ts'
import { inverse } from '../wasm/field.ts'
import { SCALAR_ORDER } from '../wasm/msm.ts'
import { scaleWorkspace } from '../wasm/scale.ts'
import { ChaCha } from './chacha.ts'
import { G1, G2, type PointG1, type PointG2 } from './curve.ts'
import { Blake2b, POINT, RAW, cut, type SetupMachine } from './program.ts'
import { scaleSteps } from './scalar.ts'
import { SECTION, hashedG1, hashedG2, readG1, readG2, readKeyFile, writeContributions, writeG1, writeG2, writeHeader, writeSections, type Contribution } from './zkey.ts'

export interface Contributed {
  readonly key: Uint8Array<ArrayBuffer>
  /** 64 bytes: what its maker publishes. */
  readonly hash: Uint8Array
}

export interface ContributeOptions {
  /** Stands in the key; at most 64 characters are kept. */
  readonly name?: string
  /** Hashed together with the platform's randomness, never instead of it. */
  readonly entropy?: Uint8Array
}

export interface BeaconOptions {
  readonly name?: string
  /** Public randomness, announced before it is known: 1 to 255 bytes. */
  readonly hash: Uint8Array
  /** It is hashed 2^this times first: 10 to 63. */
  readonly iterationsExponent: number
}

/** @throws MalformedFile */
export function contribute(setup: SetupMachine, zkey: Uint8Array, { name, entropy }: ContributeOptions): Promise<Contributed> {
  const random = crypto.getRandomValues(new Uint8Array(64))
  const seed = Blake2b.of(setup.machine, random, entropy ?? new Uint8Array(0))
  random.fill(0)
  return contributeWith(setup, zkey, seed.subarray(0, 32), name, undefined).finally(() => { seed.fill(0) })
}

/** @throws MalformedFile; RangeError for a beacon out of bounds */
export async function beacon(setup: SetupMachine, zkey: Uint8Array, { name, hash, iterationsExponent }: BeaconOptions): Promise<Contributed> {
  if (hash.length < 1 || hash.length > 255) throw new RangeError('beacon: 1 to 255 bytes')
  if (!Number.isInteger(iterationsExponent) || iterationsExponent < 10 || iterationsExponent > 63) throw new RangeError('beacon: 2^10 to 2^63 iterations')
  return contributeWith(setup, zkey, await beaconSeed(hash, iterationsExponent), name, { hash: hash.slice(), iterationsExponent })
}

/** SHA-256, 2^exponent times. */
export async function beaconSeed(hash: Uint8Array, exponent: number): Promise<Uint8Array> {
  const node = typeof process !== 'undefined' && process.versions?.node !== undefined ? process.getBuiltinModule('node:crypto') : undefined
  let value = hash.slice()
  for (let i = 0n; i < 1n << BigInt(exponent); i++) {
    value = new Uint8Array(node ? node.createHash('sha256').update(value).digest() : await crypto.subtle.digest('SHA-256', value))
  }
  return value
}

/** What a contribution's key is drawn from: 32 bytes. */
export function drawKey(seed: Uint8Array): { secret: bigint; s: PointG1; sx: PointG1 } {
  const drawn = new ChaCha(seed), secret = drawn.scalar(), s = drawn.g1()
  return { secret, s, sx: G1.multiply(s, secret)! }
}

/** The hash of a key's circuit and contributions, open at its end. */
export class Transcript {
  private readonly hash: Blake2b
  constructor(setup: SetupMachine, circuitHash: Uint8Array) { this.hash = new Blake2b(setup.machine).update(circuitHash) }
  /** What a contribution with this key has to sign. */
  challenge(s: PointG1, sx: PointG1): Uint8Array { return this.hash.clone().update(hashedG1(s)).update(hashedG1(sx)).digest() }
  add(contribution: Contribution): void { for (const part of publicKey(contribution)) this.hash.update(part) }
  close(): void { this.hash.digest() }
}

const publicKey = ({ deltaAfter, s, sx, spx, transcript }: Contribution): Uint8Array[] => [hashedG1(deltaAfter), hashedG1(s), hashedG1(sx), hashedG2(spx), transcript]
export const contributionHash = (setup: SetupMachine, contribution: Contribution): Uint8Array => Blake2b.of(setup.machine, ...publicKey(contribution))
/** The point of G2 that a transcript's hash chooses. */
export const challengePoint = (transcript: Uint8Array): PointG2 => new ChaCha(transcript.subarray(0, 32)).g2()

async function contributeWith(setup: SetupMachine, zkey: Uint8Array, seed: Uint8Array, name: string | undefined, fromBeacon: Contribution['beacon']): Promise<Contributed> {
  const file = readKeyFile(zkey), { header, circuitHash, contributions } = file
  const [delta1, delta2] = [readG1(header.delta1), readG2(header.delta2)]
  if (!G1.contains(delta1) || !G2.contains(delta2)) throw new MalformedFile('zkey: delta is not of its group')
  const { secret, s, sx } = drawKey(seed)
  if (secret === 0n) throw new RangeError('a contribution of 0')

  const transcript = new Transcript(setup, circuitHash)
  for (const earlier of contributions) transcript.add(earlier)
  const challenge = transcript.challenge(s, sx)
  transcript.close()
  const deltaAfter = G1.multiply(delta1, secret)!
  const short = name?.slice(0, 64)
  const contribution: Contribution = {
    deltaAfter, s, sx, spx: G2.multiply(challengePoint(challenge), secret)!, transcript: challenge,
    ...(short ? { name: short } : {}), ...(fromBeacon ? { beacon: fromBeacon } : {}),
  }
  const steps = scaleSteps(inverse(secret, SCALAR_ORDER))
  const [l, h] = await Promise.all([SECTION.l, SECTION.h].map((type) => scaled(setup, file.parts.get(type)!, steps))) as [Uint8Array, Uint8Array]
  steps.fill(0)
  const part = (type: number) => [type, file.parts.get(type)!] as const
  const key = writeSections([
    part(SECTION.protocol), [SECTION.header, writeHeader({ ...header, delta1: writeG1(deltaAfter), delta2: writeG2(G2.multiply(delta2, secret)!) })],
    ...[SECTION.ic, SECTION.coefficients, SECTION.a, SECTION.b1, SECTION.b2].map(part), [SECTION.l, l], [SECTION.h, h],
    [SECTION.contributions, writeContributions(circuitHash, [...contributions, contribution])],
  ])
  return { key, hash: contributionHash(setup, contribution) }
}

const POINTS_PER_JOB = 1024

/** A section's points (those at infinity stay) by the steps of a scalar. @throws MalformedFile where one is off the curve */
async function scaled(setup: SetupMachine, section: Uint8Array, steps: Uint8Array): Promise<Uint8Array> {
  const { machine, pool } = setup
  const { raw, places } = finite(section)
  const padded = new Uint8Array(RAW.g1 * Math.ceil(places.length / 4) * 4)
  padded.set(raw)
  for (let at = raw.length; at < padded.length; at += RAW.g1) padded.set(raw.subarray(0, RAW.g1), at)
  const count = padded.length / RAW.g1
  return setup.scope(async (allocate) => {
    const points = await setup.importPoints(padded, allocate)
    await checkOnCurve(setup, points, count, allocate)
    const code = allocate(steps.length)
    machine.bytes.set(steps, code)
    await Promise.all(cut(count, POINTS_PER_JOB).map(([from, to]) => pool.run((workspace) => [['g1_scale', points + POINT.g1 * from, to - from, code, steps.length, workspace]],
      { workspace: scaleWorkspace(POINTS_PER_JOB) })))
    machine.bytes.fill(0, code, code + steps.length)
    const result = await setup.exportPoints('g1', points, count), out = new Uint8Array(section.length)
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

export async function checkOnCurve(setup: SetupMachine, points: number, count: number, allocate: (bytes: number) => number): Promise<void> {
  const { machine, pool } = setup, parts = cut(count, POINTS_PER_JOB), flags = allocate(4 * parts.length)
  machine.bytes.fill(0, flags, flags + 4 * parts.length)
  await Promise.all(parts.map(([from, to], i) => pool.run(() => [['g1_check', points + POINT.g1 * from, to - from, flags + 4 * i]])))
  if (new Uint32Array(machine.memory.buffer, flags, parts.length).some((bad) => bad > 0)) throw new MalformedFile('zkey: a point off the curve')
}
