/**
 * Phase 2 of the ceremony, step by step, files in and files out (SPEC §9.2): separate people run separate steps on separate
 * machines and hand on two files, the key and its transcript.
 *
 *     newKey → contribute (each contributor) → applyBeacon → exportKeys          and, by anyone: verifyCeremony
 *
 * A step checks what it is handed, never overwrites a file, and leaves nothing behind when it fails or is stopped. It says how far
 * it is: 1 when its files are there. The contributors' secrets exist in the memory of `contribute` only.
 */

import { link, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { hexToBytes } from '@noble/hashes/utils.js'
import { exportVerificationKey, MalformedFile, Setup, type WorkOptions } from '../../engine/src/index.ts'
import { refuse } from '../errors/errors.ts'
import type { Json } from '../hash/canonical.ts'
import { verificationKeyId } from '../verifier/groth16.ts'
import { requireAnnounced, requireChain, stepHash } from './chain.ts'
import { readR1csCounts } from './compile.ts'
import { sha256OfFile } from './digests.ts'
import { identifyPhase1, importPhase1, type Mode, requirePhase1 } from './phase1.ts'
import { type ProvingKeyFacts, readProvingKey } from './proving-key.ts'
import { BEACON_VALUE, parseTranscript, requireName, type Step, type Transcript } from './transcript.ts'
import { requireTrustworthyKey } from './trust.ts'

/** The two files that go from hand to hand. */
export interface KeyFiles {
  readonly zkey: string
  readonly transcript: string
}

export interface NewKey {
  readonly shape: string
  readonly r1cs: string
  /** A ptau file. */
  readonly phase1: string
  readonly mode: Mode
  /**
   * Which public randomness, not yet known, will end the ceremony, in words: "drand quicknet, round 9000000". Or
   * `sha256:<hex>`, the hash of a value that is already chosen; verification then checks the two against each other.
   */
  readonly beacon: string
}

/** The beacon's value is hashed 2^10 times. */
export const BEACON_ITERATIONS_EXPONENT = 10

/**
 * Makes a shape's key from circuit and phase 1, with no contribution yet: whoever knows its secret (it is 1) can forge, so it
 * is refused everywhere until the ceremony is complete.
 * @throws Refusal KEY_INVALID for a phase 1 that this mode refuses or that is too small; EXISTS; the signal's reason
 */
export async function newKey(from: NewKey, to: KeyFiles, options: WorkOptions = {}): Promise<Transcript> {
  const phase1 = await importPhase1(from.phase1, from.mode)
  const { publics, constraints } = await readR1csCounts(from.r1cs)
  if (constraints + publics + 1 > 2 ** phase1.power) refuse('KEY_INVALID', `the circuit is too big for a phase 1 of 2^${phase1.power} powers`)
  return produce(to, options, async (zkey, work) => {
    await write(zkey, async (setup) => setup.newKey(await readFile(from.r1cs), await readFile(from.phase1), work))
    const { circuit } = await readProvingKey(zkey)
    const beacon = { announced: from.beacon, iterationsExponent: BEACON_ITERATIONS_EXPONENT }
    return parseTranscript({ transcript: 1, shape: from.shape, phase1, r1cs: await sha256OfFile(from.r1cs), publicInputs: publics, circuit, beacon, steps: [] })
  })
}

/**
 * One contributor's step. The secret comes from the platform's generator, inside this process; no text is asked for, because
 * what is typed, passed or logged can be read.
 * @returns the transcript; `hash` of its last step is what the contributor publishes
 */
export async function contribute(from: KeyFiles, to: KeyFiles, name: string, options: WorkOptions = {}): Promise<Transcript> {
  requireName(name)
  const before = await readOpen(from)
  return produce(to, options, async (zkey, work) => {
    await write(zkey, async (setup) => (await setup.contribute(await readFile(from.zkey), { name, ...work })).key)
    return withLastStep(before, await readProvingKey(zkey))
  })
}

/**
 * The last step: randomness that nobody could choose.
 * @param value  the announced beacon's bytes, hex
 */
export async function applyBeacon(from: KeyFiles, to: KeyFiles, value: string, options: WorkOptions = {}): Promise<Transcript> {
  const before = await readOpen(from)
  if (!BEACON_VALUE.test(value)) refuse('MALFORMED', 'a beacon is 16 to 64 bytes in lower-case hexadecimal')
  if (before.steps.length === 0) refuse('KEY_INVALID', 'nobody has contributed yet')
  requireAnnounced(before.beacon.announced, value)
  return produce(to, options, async (zkey, work) => {
    const beacon = { name: 'beacon', hash: hexToBytes(value), iterationsExponent: BEACON_ITERATIONS_EXPONENT }
    await write(zkey, async (setup) => (await setup.beacon(await readFile(from.zkey), { ...beacon, ...work })).key)
    return withLastStep(before, await readProvingKey(zkey))
  })
}

/**
 * Exports the verification key of a complete ceremony, and its transcript with the digests of both keys. The same zkey
 * always gives the same bytes.
 * @param to  paths of the verification key's JSON and of the finished transcript
 */
export async function exportKeys(from: KeyFiles, to: { readonly verificationKey: string; readonly transcript: string }): Promise<Transcript> {
  const before = await readMatching(from)
  if (before.steps.at(-1)?.kind !== 'beacon') refuse('KEY_INVALID', 'the ceremony is not complete: the beacon is missing')
  const verificationKey = await verificationKeyOf(from.zkey)
  const result = { provingKey: await sha256OfFile(from.zkey), verificationKey: verificationKeyId(verificationKey) }
  const transcript = { ...before, result }
  await appear([to.verificationKey, to.transcript], async ([key, text]) => {
    await writeJson(key, verificationKey)
    await writeJson(text, transcript)
  })
  return transcript
}

export interface CeremonyFiles extends KeyFiles {
  readonly r1cs: string
  readonly phase1: string
  readonly verificationKey: string
}

/**
 * Recomputes everything that a finished ceremony says: phase 1's hash, the circuit's digest, the key that follows from both,
 * every step and its hash, the beacon, both keys' digests. Takes as long as making the key.
 * @throws Refusal KEY_INVALID, TRANSCRIPT_INVALID with what differs
 */
export async function verifyCeremony(files: CeremonyFiles, mode: Mode, options: WorkOptions = {}): Promise<Transcript> {
  const [phase1, r1cs, { publics }] = [await identifyPhase1(files.phase1), await sha256OfFile(files.r1cs), await readR1csCounts(files.r1cs)]
  const verificationKey = await readJson(files.verificationKey)
  const transcript = parseTranscript(await readJson(files.transcript))
  requirePhase1(phase1, mode)
  if (phase1.blake2b !== transcript.phase1.blake2b) refuse('TRANSCRIPT_INVALID', 'another phase 1 than the transcript names')
  await requireTrustworthyKey(verificationKey, transcript, mode, { shape: transcript.shape, r1cs, publicInputs: publics })
  await readMatching(files)
  if (transcript.result?.provingKey !== (await sha256OfFile(files.zkey))) refuse('TRANSCRIPT_INVALID', 'another zkey than the transcript names')
  if (transcript.result.verificationKey !== verificationKeyId(await verificationKeyOf(files.zkey))) refuse('KEY_INVALID', 'the verification key is not that of the zkey')
  const check = { maximumIterationsExponent: BEACON_ITERATIONS_EXPONENT, ...untilTheEnd(options) }
  const sound = await (await engine()).verifyKey(await readFile(files.zkey), await readFile(files.r1cs), await readFile(files.phase1), check)
  if (!sound.valid) refuse('KEY_INVALID', `the zkey does not follow from circuit and phase 1: ${sound.reason}`)
  options.onProgress?.(1)
  return transcript
}

let setup: Promise<Setup> | undefined

function engine(): Promise<Setup> {
  return (setup ??= Setup.create())
}

/** Ends the engine's threads and gives its memory back. */
export async function endThreads(): Promise<void> {
  ;(await setup)?.close()
  setup = undefined
}

/** Writes what the engine makes. @throws Refusal KEY_INVALID for files that it cannot read */
async function write(path: string, make: (setup: Setup) => Promise<Uint8Array>): Promise<void> {
  try {
    await writeFile(path, await make(await engine()), { flag: 'wx' })
  } catch (error) {
    if (error instanceof MalformedFile) return refuse('KEY_INVALID', `no key can be made: ${error.message}`)
    throw error
  }
}

/** For the engine: the end is told when all is done that comes after it. */
function untilTheEnd({ onProgress, signal }: WorkOptions): WorkOptions {
  return { signal, onProgress: (done) => void (done < 1 && onProgress?.(done)) }
}

/** A key and its transcript that agree, and whose ceremony is still open. */
async function readOpen(files: KeyFiles): Promise<Transcript> {
  const transcript = await readMatching(files)
  if (transcript.steps.at(-1)?.kind === 'beacon') refuse('KEY_INVALID', 'the ceremony has ended with its beacon')
  return transcript
}

/** A key and its transcript that agree, with a sound chain of steps. */
async function readMatching(files: KeyFiles): Promise<Transcript> {
  const transcript = parseTranscript(await readJson(files.transcript))
  const facts = await readProvingKey(files.zkey)
  const steps = facts.steps.map((_, i) => stepOf(facts, i))
  const same = facts.circuit === transcript.circuit && facts.publicInputs === transcript.publicInputs && JSON.stringify(steps) === JSON.stringify(transcript.steps)
  if (!same) refuse('TRANSCRIPT_INVALID', 'the transcript is not the one of this zkey')
  await requireChain(transcript)
  return transcript
}

function withLastStep(before: Transcript, facts: ProvingKeyFacts): Transcript {
  return parseTranscript({ ...before, steps: [...before.steps, stepOf(facts, facts.steps.length - 1)] })
}

function stepOf(facts: ProvingKeyFacts, i: number): Step {
  const { kind, name, key, beacon } = facts.steps[i] ?? refuse('KEY_INVALID', 'the zkey lacks a step')
  const hash = stepHash(key)
  if (kind === 'contribution') return { kind, name, hash, key }
  if (beacon?.iterationsExponent !== BEACON_ITERATIONS_EXPONENT) return refuse('KEY_INVALID', `the beacon must be hashed 2^${BEACON_ITERATIONS_EXPONENT} times`)
  return { kind, name, hash, key, value: beacon.value }
}

/** @throws Refusal KEY_INVALID for a file that is no key, or has points off their groups */
async function verificationKeyOf(zkey: string): Promise<Json> {
  try {
    return exportVerificationKey(await readFile(zkey)) as unknown as Json
  } catch (error) {
    if (error instanceof MalformedFile) return refuse('KEY_INVALID', `no verification key can be read: ${error.message}`)
    throw error
  }
}

/** Runs a step that makes a key at the path it is given, and gives the key and its transcript their names. */
async function produce(to: KeyFiles, options: WorkOptions, make: (zkey: string, work: WorkOptions) => Promise<Transcript>): Promise<Transcript> {
  const made = await appear([to.zkey, to.transcript], async ([zkey, text]) => {
    const transcript = await make(zkey, untilTheEnd(options))
    await writeJson(text, transcript)
    options.signal?.throwIfAborted()
    return transcript
  })
  options.onProgress?.(1)
  return made
}

/**
 * Two files that appear together when both are whole: `make` writes them under other names.
 * @throws Refusal EXISTS when a name is taken, also if it was taken meanwhile
 */
async function appear<T>(names: readonly [string, string], make: (paths: [string, string]) => Promise<T>): Promise<T> {
  await requireAbsent(names)
  const unfinished = names.map((name) => `${name}.${process.pid}.part`) as [string, string]
  try {
    const made = await make(unfinished)
    await publish(unfinished[0], names[0])
    await publish(unfinished[1], names[1]).catch(async (error: unknown) => {
      await rm(names[0])
      throw error
    })
    return made
  } finally {
    for (const path of unfinished) await rm(path, { force: true })
  }
}

/** Gives a finished file its name, which must be free: a link, unlike a rename, never replaces. */
async function publish(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return refuse('EXISTS', `${to} exists already`)
    throw error
  }
}

async function requireAbsent(paths: readonly string[]): Promise<void> {
  for (const path of paths)
    if (await stat(path).catch(() => undefined)) refuse('EXISTS', `${path} exists already and is not overwritten`)
}

async function writeJson(path: string, value: Json | Transcript): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, null, 1)}\n`, { flag: 'wx' })
}

async function readJson(path: string): Promise<Json> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Json
  } catch {
    return refuse('CORRUPT', `${path} cannot be read as JSON`)
  }
}
