/**
 * The transcript of a ceremony: what was done, in which order, to which files (SPEC §9.3). It travels with the key from
 * contributor to contributor and is registered with it.
 *
 *     { "transcript": 1, "shape": "attest",
 *       "phase1": { "kind": "public", "name": "powersOfTau28_hez_final_15.ptau", "power": 15, "blake2b": "9823…" },
 *       "r1cs": "<SHA-256>", "publicInputs": 17, "circuit": "<snarkjs's circuit hash>",
 *       "beacon": { "announced": "drand quicknet, round 9000000", "iterationsExponent": 10 },
 *       "steps": [ { "kind": "contribution", "name": "Ada", "hash": "…", "key": { "deltaAfter": ["x","y"], … } }, …
 *                  { "kind": "beacon", "name": "beacon", "value": "<hex>", "hash": "…", "key": … } ],
 *       "result": { "provingKey": "<SHA-256>", "verificationKey": "<digest>" } }
 */

import { refuse } from '../errors/errors.ts'
import { parseDigest, type Digest } from '../hash/digest.ts'
import { parseG1, parseG2, type G1Text, type G2Text } from '../verifier/points.ts'
import type { Phase1 } from './phase1.ts'

/** A contributor's public key: delta was multiplied by x, known only through s, x·s and x·sp. */
export interface StepKey {
  /** delta·G1 after this step. */
  readonly deltaAfter: G1Text
  readonly s: G1Text
  readonly sx: G1Text
  readonly spx: G2Text
  /** BLAKE2b-512 of all before it, hex. */
  readonly challenge: string
}

export interface Contribution {
  readonly kind: 'contribution'
  readonly name: string
  /** BLAKE2b-512 of the key, hex: what the contributor publishes. */
  readonly hash: string
  readonly key: StepKey
}

export interface BeaconStep {
  readonly kind: 'beacon'
  readonly name: string
  /** The beacon's bytes, hex. */
  readonly value: string
  readonly hash: string
  readonly key: StepKey
}

export type Step = Contribution | BeaconStep

export interface Transcript {
  readonly transcript: 1
  readonly shape: string
  readonly phase1: Phase1
  /** SHA-256 of the r1cs file. */
  readonly r1cs: string
  readonly publicInputs: number
  /** BLAKE2b-512 over the key before any contribution, hex. */
  readonly circuit: string
  readonly beacon: { readonly announced: string; readonly iterationsExponent: number }
  readonly steps: readonly Step[]
  /** Present once the keys are exported. */
  readonly result?: { readonly provingKey: string; readonly verificationKey: Digest }
}

export const MAX_STEPS = 1000
/** The only exponent (SPEC §9.2): whoever checks a transcript hashes 2^exponent times, and 2^40 would never end. */
const ITERATIONS_EXPONENT = 10
const NAME = /^[\x20-\x7e]{1,64}$/

/** What a contributor may be called: printable ASCII, 1–64 characters. */
export function requireName(name: string): void {
  if (!NAME.test(name)) refuse('MALFORMED', 'a contributor is named by 1–64 printable ASCII characters')
}

/**
 * Reads a transcript that comes from outside.
 * @throws Refusal TRANSCRIPT_INVALID
 */
export function parseTranscript(value: unknown): Transcript {
  const known = ['transcript', 'shape', 'phase1', 'r1cs', 'publicInputs', 'circuit', 'beacon', 'steps', 'result']
  const t = members(value, '/', known)
  if (t.transcript !== 1) wrong('/transcript', 'version 1')
  if (!Array.isArray(t.steps) || t.steps.length > MAX_STEPS) return wrong('/steps', `at most ${MAX_STEPS} steps`)
  const beacon = members(t.beacon, '/beacon', ['announced', 'iterationsExponent'])
  return {
    transcript: 1,
    shape: text(t.shape, '/shape', /^[a-z0-9-]{1,32}$/),
    phase1: parsePhase1(t.phase1),
    r1cs: text(t.r1cs, '/r1cs', HEX32),
    publicInputs: count(t.publicInputs, '/publicInputs', 1, 1000),
    circuit: text(t.circuit, '/circuit', HEX64),
    beacon: {
      announced: text(beacon.announced, '/beacon/announced', /^[\x20-\x7e]{1,200}$/),
      iterationsExponent: count(beacon.iterationsExponent, '/beacon/iterationsExponent', ITERATIONS_EXPONENT, ITERATIONS_EXPONENT),
    },
    steps: t.steps.map((step, i) => parseStep(step, `/steps/${i}`)),
    ...(t.result === undefined ? {} : { result: parseResult(t.result) }),
  }
}

function parsePhase1(value: unknown): Phase1 {
  const { kind, name, power, blake2b } = members(value, '/phase1', ['kind', 'name', 'power', 'blake2b'])
  if (kind !== 'public' && kind !== 'test') return wrong('/phase1/kind', 'public or test')
  return { kind, name: text(name, '/phase1/name', NAME), power: count(power, '/phase1/power', 1, 28), blake2b: text(blake2b, '/phase1/blake2b', HEX64) }
}

function parseStep(value: unknown, path: string): Step {
  const { kind } = members(value, path, ['kind', 'name', 'value', 'hash', 'key'])
  const step = members(value, path, kind === 'beacon' ? ['kind', 'name', 'value', 'hash', 'key'] : ['kind', 'name', 'hash', 'key'])
  const common = { name: text(step.name, `${path}/name`, NAME), hash: text(step.hash, `${path}/hash`, HEX64), key: parseStepKey(step.key, `${path}/key`) }
  if (kind === 'contribution') return { kind, ...common }
  if (kind === 'beacon') return { kind, ...common, value: text(step.value, `${path}/value`, BEACON_VALUE) }
  return wrong(`${path}/kind`, 'contribution or beacon')
}

function parseStepKey(value: unknown, path: string): StepKey {
  const key = members(value, path, ['deltaAfter', 's', 'sx', 'spx', 'challenge'])
  return {
    deltaAfter: parseG1(key.deltaAfter, `${path}/deltaAfter`, 'TRANSCRIPT_INVALID').text,
    s: parseG1(key.s, `${path}/s`, 'TRANSCRIPT_INVALID').text,
    sx: parseG1(key.sx, `${path}/sx`, 'TRANSCRIPT_INVALID').text,
    spx: parseG2(key.spx, `${path}/spx`, 'TRANSCRIPT_INVALID').text,
    challenge: text(key.challenge, `${path}/challenge`, HEX64),
  }
}

function parseResult(value: unknown): NonNullable<Transcript['result']> {
  const { provingKey, verificationKey } = members(value, '/result', ['provingKey', 'verificationKey'])
  return { provingKey: text(provingKey, '/result/provingKey', HEX32), verificationKey: parseDigest(text(verificationKey, '/result/verificationKey', HEX32)) }
}

const HEX32 = /^[0-9a-f]{64}$/
const HEX64 = /^[0-9a-f]{128}$/
/** 16–64 bytes: a beacon shorter than 128 bits could be tried out beforehand. */
export const BEACON_VALUE = /^([0-9a-f]{2}){16,64}$/

function members<Name extends string>(value: unknown, path: string, known: readonly Name[]): Partial<Record<Name, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(path, 'an object')
  const unknown = Object.keys(value).find((name) => !known.some((k) => k === name))
  return unknown === undefined ? (value as Partial<Record<Name, unknown>>) : wrong(path, `only ${known.join(', ')}`)
}

function text(value: unknown, path: string, pattern: RegExp): string {
  return typeof value === 'string' && pattern.test(value) ? value : wrong(path, `text that fits ${pattern}`)
}

function count(value: unknown, path: string, from: number, to: number): number {
  return Number.isInteger(value) && Number(value) >= from && Number(value) <= to ? Number(value) : wrong(path, `an integer from ${from} to ${to}`)
}

function wrong(path: string, expected: string): never {
  return refuse('TRANSCRIPT_INVALID', 'not a transcript of a ceremony', [{ path, expected, got: 'something else' }])
}
