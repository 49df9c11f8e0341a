/**
 * The local ceremony: three contributors and a beacon on one machine, for development and demonstrations (SPEC §9.5).
 *
 * All three are this machine, and phase 1 is the test file: whoever ran it could have kept the secrets. So its transcript
 * says `test`, and a registry outside development mode refuses the key.
 */

import { fork } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { refuse, Refusal, type RefusalCode } from '../errors/errors.ts'
import type { Json } from '../hash/canonical.ts'
import { verificationKeyId } from '../verifier/groth16.ts'
import { applyBeacon, contribute, exportKeys, type KeyFiles, newKey, verifyCeremony } from './ceremony.ts'
import { type CompiledCircuit, compileShape, type ShapeName } from './compile.ts'
import { sha256OfFile } from './digests.ts'
import { fetchTestPhase1 } from './phase1.ts'
import { parseTranscript, type Transcript } from './transcript.ts'

export interface SetupProgress {
  readonly shape: ShapeName
  /** In words: `new key`. */
  readonly step: string
  /** Part done of this shape's whole setup, 0 to 1. */
  readonly fraction: number
}

export interface ShapeKeys {
  readonly shape: ShapeName
  readonly circuit: CompiledCircuit
  /** Path of the zkey. */
  readonly provingKey: string
  /** Paths of the two JSON files, and what is in them. */
  readonly verificationKeyFile: string
  readonly transcriptFile: string
  readonly verificationKey: Json
  readonly transcript: Transcript
}

export interface LocalSetupOptions {
  readonly onProgress?: (progress: SetupProgress) => void
  /** Stops the setup, leaving nothing behind: a step of the ceremony at once, others (phase 1, compiling) when they are done. */
  readonly signal?: AbortSignal
  readonly buildDir?: string
}

const BUILD = fileURLToPath(new URL('../../build', import.meta.url))
const CHILD = fileURLToPath(new URL('./local-child.ts', import.meta.url))
const CONTRIBUTORS = ['local contributor 1', 'local contributor 2', 'local contributor 3']

/** Parts of a setup and the share of its time that each takes; measured on `attest`. */
const SHARES = { phase1: 0.02, circuit: 0.02, key: 0.3, step: 0.08, check: 0.34 } as const

/**
 * The keys of a shape in `<buildDir>/keys/<shape>/`: proving.zkey, verification.json, transcript.json. Makes them when they are not
 * there for the circuit as it is now (10 to 20 seconds each on two quiet cores), in a process of its own, so that the
 * caller stays responsive.
 *
 * Every check of `verifyCeremony` is run.
 * @throws the signal's reason; Refusal CANCELLED when that process was interrupted
 */
export async function localSetup(shape: ShapeName, { onProgress, signal, buildDir = BUILD }: LocalSetupOptions = {}): Promise<ShapeKeys> {
  const found = await findLocalKeys(shape, buildDir)
  if (found) return found
  signal?.throwIfAborted()
  await runChild(shape, buildDir, { onProgress, signal })
  return (await findLocalKeys(shape, buildDir)) ?? refuse('CORRUPT', `the keys of ${shape} were changed while they were made`)
}

/** The keys of a shape if they are there, whole, and for the circuit as it is now. */
export async function findLocalKeys(shape: ShapeName, buildDir: string = BUILD): Promise<ShapeKeys | undefined> {
  const circuit = await compileShape(shape, buildDir)
  const folder = join(buildDir, 'keys', shape)
  const [provingKey, verificationKeyFile, transcriptFile] = ['proving.zkey', 'verification.json', 'transcript.json'].map((name) => join(folder, name)) as [string, string, string]
  if (!(await exists(transcriptFile))) return undefined
  const verificationKey = JSON.parse(await readFile(verificationKeyFile, 'utf8')) as Json
  const transcript = parseTranscript(JSON.parse(await readFile(transcriptFile, 'utf8')))
  const { r1cs, result } = transcript
  if (r1cs !== (await sha256OfFile(circuit.r1cs))) return undefined
  if (result?.provingKey !== (await sha256OfFile(provingKey)) || result.verificationKey !== verificationKeyId(verificationKey))
    return refuse('CORRUPT', `the files in ${folder} do not belong together: remove that folder and run the setup again`)
  return { shape, circuit, provingKey, verificationKeyFile, transcriptFile, verificationKey, transcript }
}

/** The whole ceremony in this process; `localSetup` runs it in a child. */
export async function runLocalCeremony(shape: ShapeName, buildDir: string, { onProgress, signal }: { onProgress: (progress: SetupProgress) => void; signal: AbortSignal }): Promise<void> {
  let done = 0
  const begin = (step: string, share: number) => {
    signal.throwIfAborted()
    const start = done
    done += share
    onProgress({ shape, step, fraction: start })
    return { signal, onProgress: (fraction: number) => onProgress({ shape, step, fraction: start + share * fraction }) }
  }
  begin('phase 1 (test file)', SHARES.phase1)
  const phase1 = await fetchTestPhase1(join(buildDir, 'phase1'))
  begin('compiling the circuit', SHARES.circuit)
  const { r1cs } = await compileShape(shape, buildDir)
  const work = join(buildDir, 'keys', `${shape}.${process.pid}.part`)
  await mkdir(work, { recursive: true })
  try {
    const at = (n: number): KeyFiles => ({ zkey: join(work, `${n}.zkey`), transcript: join(work, `${n}.json`) })
    // Chosen and bound by its hash before the first contribution, published after the last: nobody could aim at it.
    const beacon = randomBytes(32).toString('hex')
    const announced = `sha256:${createHash('sha256').update(Buffer.from(beacon, 'hex')).digest('hex')}`
    await newKey({ shape, r1cs, phase1, mode: 'development', beacon: announced }, at(0), begin('new key', SHARES.key))
    for (const [i, name] of CONTRIBUTORS.entries()) await contribute(at(i), at(i + 1), name, begin(`contribution ${i + 1} of ${CONTRIBUTORS.length}`, SHARES.step))
    const last = at(CONTRIBUTORS.length + 1)
    await applyBeacon(at(CONTRIBUTORS.length), last, beacon, begin('beacon', SHARES.step))
    const checking = begin('checking the ceremony', SHARES.check)
    const finished = join(work, 'finished')
    await mkdir(finished)
    const files = { zkey: join(finished, 'proving.zkey'), verificationKey: join(finished, 'verification.json'), transcript: join(finished, 'transcript.json') }
    await exportKeys(last, files)
    await rename(last.zkey, files.zkey)
    await verifyCeremony({ ...files, r1cs, phase1 }, 'development', checking)
    await moveInto(finished, join(buildDir, 'keys', shape))
    onProgress({ shape, step: 'ready', fraction: 1 })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/**
 * Keys of an earlier circuit are kept beside, under the start of their circuit's digest: no key is ever overwritten. When another
 * run was faster, its keys stay and these go.
 */
async function moveInto(from: string, to: string): Promise<void> {
  const [mine, theirs] = [await circuitOf(from), await circuitOf(to)]
  if (mine === theirs) return
  if (theirs !== undefined) await rename(to, await freeName(`${to}-${theirs.slice(0, 16)}`))
  await mkdir(dirname(to), { recursive: true })
  await rename(from, to)
}

/** The r1cs digest of the keys in a folder, if there are any. */
async function circuitOf(folder: string): Promise<string | undefined> {
  const file = join(folder, 'transcript.json')
  return (await exists(file)) ? parseTranscript(JSON.parse(await readFile(file, 'utf8'))).r1cs : undefined
}

async function freeName(name: string): Promise<string> {
  for (let i = 1; ; i++) {
    const candidate = i === 1 ? name : `${name}-${i}`
    if (!(await exists(candidate))) return candidate
  }
}

type FromChild = { readonly progress: SetupProgress } | { readonly refusal: { readonly code: RefusalCode; readonly message: string } }

function runChild(shape: ShapeName, buildDir: string, { onProgress, signal }: { onProgress: LocalSetupOptions['onProgress'] | undefined; signal: AbortSignal | undefined }): Promise<void> {
  const child = fork(CHILD, [shape, buildDir], { execArgv: ['--import', import.meta.resolve('tsx')] })
  const stop = () => child.connected && child.disconnect()
  signal?.addEventListener('abort', stop)
  return new Promise<void>((resolve, reject) => {
    child.on('message', (message: FromChild) => {
      if ('progress' in message) onProgress?.(message.progress)
      else reject(new Refusal(message.refusal.code, message.refusal.message))
    })
    child.on('error', reject)
    child.on('exit', (code) => (code === 0 ? resolve() : reject(signal?.aborted ? signal.reason : new Error(`the setup of ${shape} ended with ${code}`))))
  }).finally(() => signal?.removeEventListener('abort', stop))
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
