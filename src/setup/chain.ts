/**
 * The chain of phase 2, recomputed from its public part (SPEC §9.2): every step multiplied delta by a secret x that its
 * author knew, and the last step is the beacon.
 *
 *     challenge_i = BLAKE2b-512(circuit ‖ keys of the steps before ‖ s_i ‖ x·s_i)
 *     sp_i        = a point of G2 made from challenge_i
 *     e(x·s, sp)  = e(s, x·sp)        the author knew x
 *     e(delta_i, sp) = e(delta_(i-1), x·sp)      and multiplied delta by it;  delta_0 = generator
 *
 * Points from seeds are made as snarkjs makes them, with its own library; pairings are mcl's.
 */

import { ChaCha, buildBn128 } from 'ffjavascript'
import { createHash } from 'node:crypto'
import mcl from 'mcl-wasm'
import type { G1, G2 } from 'mcl-wasm'
import { bug, refuse } from '../errors/errors.ts'
import { G1_GENERATOR, type G1Text, G2_GENERATOR, type G2Text, parseG1, parseG2 } from '../verifier/points.ts'
import type { BeaconStep, StepKey, Transcript } from './transcript.ts'

/** BLAKE2b-512 of a step's key, hex: what a contributor publishes, so that everyone can see the step is in the chain. */
export function stepHash(key: StepKey): string {
  return blake2b(encodeKey(key))
}

/**
 * Checks a transcript's chain of steps: from the generator and, when it is given, to a verification key's `delta`.
 * @throws Refusal TRANSCRIPT_INVALID when a hash, a step, the beacon or the last delta is not what the rest implies
 */
export async function requireChain({ circuit, steps, beacon }: Transcript, delta?: G2Text): Promise<void> {
  const before: Uint8Array[] = [fromHex(circuit)]
  let last: G1 = G1_GENERATOR.point
  for (const [i, step] of steps.entries()) {
    const name = `step ${i + 1} (${step.name})`
    const { key } = step
    if (stepHash(key) !== step.hash) refuse('TRANSCRIPT_INVALID', `the hash of ${name} is not that of its key`)
    if (blake2b(...before, encodeG1(key.s), encodeG1(key.sx)) !== key.challenge) refuse('TRANSCRIPT_INVALID', `${name} does not follow from the steps before it`)
    const after = g1(key.deltaAfter)
    const [sp, spx] = [await pointOfChallenge(key.challenge), g2(key.spx)]
    if (!sameRatio(g1(key.s), g1(key.sx), sp, spx)) refuse('TRANSCRIPT_INVALID', `${name} does not prove that its author knew the secret`)
    if (!sameRatio(last, after, sp, spx)) refuse('TRANSCRIPT_INVALID', `${name} did not multiply delta by its secret`)
    if (after.isEqual(last)) refuse('TRANSCRIPT_INVALID', `${name} changed nothing`)
    if (step.kind === 'beacon') await requireBeaconKey(step, beacon)
    before.push(encodeKey(key))
    last = after
  }
  if (delta && !sameRatio(G1_GENERATOR.point, last, G2_GENERATOR.point, g2(delta)))
    refuse('TRANSCRIPT_INVALID', "the verification key's delta is not where the steps lead")
}

/** The beacon's secret comes from its value alone: SHA-256 applied 2^exponent times seeds it. */
async function requireBeaconKey({ value, key }: BeaconStep, { announced, iterationsExponent }: Transcript['beacon']): Promise<void> {
  requireAnnounced(announced, value)
  let seed: Uint8Array = fromHex(value)
  for (let i = 0; i < 2 ** iterationsExponent; i++) seed = createHash('sha256').update(seed).digest()
  const curve = await seedCurve()
  const rng = chaCha(seed)
  const secret: Uint8Array = curve.Fr.fromRng(rng)
  const s: Uint8Array = curve.G1.fromRng(rng)
  const expected = [s, curve.G1.timesFr(s, secret)].map((point) => affine(curve.G1, point))
  if (JSON.stringify(expected) !== JSON.stringify([key.s, key.sx])) refuse('TRANSCRIPT_INVALID', 'the last step was not made from the beacon')
}

async function pointOfChallenge(challenge: string): Promise<G2> {
  const curve = await seedCurve()
  const [x, y] = curve.G2.toObject(curve.G2.toAffine(curve.G2.fromRng(chaCha(fromHex(challenge))))) as [[bigint, bigint], [bigint, bigint]]
  return g2([
    [String(x[0]), String(x[1])],
    [String(y[0]), String(y[1])],
  ])
}

/** @throws Refusal TRANSCRIPT_INVALID when a beacon announced by its hash (`sha256:<hex>`) is another one */
export function requireAnnounced(announced: string, value: string): void {
  const [scheme, hash] = announced.split(':')
  if (scheme === 'sha256' && createHash('sha256').update(fromHex(value)).digest('hex') !== hash)
    refuse('TRANSCRIPT_INVALID', 'the beacon is not the value whose hash was announced')
}

/** e(a, y) = e(b, x): b is to a what y is to x. */
function sameRatio(a: G1, b: G1, x: G2, y: G2): boolean {
  return mcl.finalExp(mcl.mul(mcl.millerLoop(a, y), mcl.millerLoop(mcl.neg(b), x))).isOne()
}

// Without worker threads, so that nothing has to be ended.
let curve: Promise<any> | undefined
function seedCurve(): Promise<any> {
  curve ??= buildBn128(true)
  return curve ?? bug('no curve')
}

function chaCha(seed: Uint8Array): unknown {
  const words = new DataView(seed.buffer, seed.byteOffset, seed.byteLength)
  return new ChaCha(Array.from({ length: 8 }, (_, i) => words.getUint32(4 * i, false)))
}

function affine(group: any, point: Uint8Array): [string, string] {
  const [x, y] = group.toObject(group.toAffine(point)) as [bigint, bigint]
  return [String(x), String(y)]
}

function g1(text: G1Text): G1 {
  return parseG1(text, '/', 'TRANSCRIPT_INVALID').point
}

function g2(text: G2Text): G2 {
  return parseG2(text, '/', 'TRANSCRIPT_INVALID').point
}

/** 32 bytes a coordinate, big-endian; the imaginary part of a pair first. */
function encodeKey(key: StepKey): Uint8Array {
  const spx = key.spx.flatMap(([real, imaginary]) => [imaginary, real])
  return Buffer.concat([encodeG1(key.deltaAfter), encodeG1(key.s), encodeG1(key.sx), ...spx.map(encodeCoordinate), fromHex(key.challenge)])
}

function encodeG1(point: G1Text): Uint8Array {
  return Buffer.concat(point.map(encodeCoordinate))
}

function encodeCoordinate(coordinate: string): Uint8Array {
  return fromHex(BigInt(coordinate).toString(16).padStart(64, '0'))
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'))
}

function blake2b(...parts: readonly Uint8Array[]): string {
  const hash = createHash('blake2b512')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}
