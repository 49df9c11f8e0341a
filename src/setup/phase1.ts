/**
 * Phase 1 of the ceremony: the universal powers of tau (SPEC §9.1).
 *
 * Production uses a file of the public ceremony of the Hermez project, known by its BLAKE2b-512. Development uses a test file
 * with one contribution, by its author, who could forge proofs: it is marked `test` in every transcript and refused outside
 * development mode.
 */

import { execFile } from 'node:child_process'
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { refuse } from '../errors/errors.ts'
import { littleEndian, readSections, uint32 } from './binary-file.ts'
import { blake2bOfFile } from './digests.ts'
import { fileInTarball } from './tarball.ts'

export type Mode = 'development' | 'production'

export interface Phase1 {
  readonly kind: 'public' | 'test'
  readonly name: string
  /** The file has 2^power powers. */
  readonly power: number
  /** BLAKE2b-512 of the file, hex. */
  readonly blake2b: string
}

/** The files of the public ceremony, from the list that snarkjs publishes in its README. */
export const PUBLIC_PHASE1: readonly Phase1[] = [
  publicFile(14, 'eeefbcf7c3803b523c94112023c7ff89558f9b8e0cf5d6cdcba3ade60f168af4a181c9c21774b94fbae6c90411995f7d854d02ebd93fb66043dbb06f17a831c1'),
  publicFile(15, '982372c867d229c236091f767e703253249a9b432c1710b4f326306bfa2428a17b06240359606cfe4d580b10a5a1f63fbed499527069c18ae17060472969ae6e'),
  publicFile(16, '6a6277a2f74e1073601b4f9fed6e1e55226917efb0f0db8a07d98ab01df1ccf43eb0e8c3159432acd4960e2f29fe84a4198501fa54c8dad9e43297453efec125'),
  publicFile(17, '6247a3433948b35fbfae414fa5a9355bfb45f56efa7ab4929e669264a0258976741dfbe3288bfb49828e5df02c2e633df38d2245e30162ae7e3bcca5b8b49345'),
]

/** The test file and the npm package that carries it; the package is fetched as a file and never installed. */
const TEST_FILE = {
  package: 'snarkjs@0.5.0',
  tarball: 'snarkjs-0.5.0.tgz',
  member: 'package/test/plonk_circuit/powersOfTau15_final.ptau',
  name: 'powersOfTau15_final.ptau',
  blake2b: 'c696c9f05f6cdf0fe1cdf8c88fc7cd67511205d0a480d6722c2627beb3945de72334ad26ca9fe0ca43058e1f5371b168b785ac08dfdbcc3e3e024368f06f0a04',
} as const

/** Sections of a ptau file. */
const [HEADER, CONTRIBUTIONS] = [1, 7] as const

/**
 * Says what a ptau file is: `public` when its hash is on the published list, `test` otherwise.
 * @throws Refusal KEY_INVALID for another curve or a file without a contribution, whose secret is known to be 1
 */
export async function identifyPhase1(path: string): Promise<Phase1> {
  const sections = await readSections(path, 'ptau', [HEADER, CONTRIBUTIONS])
  const header = sections[HEADER]
  if (uint32(header, 0) !== 32 || littleEndian(header, 4, 32) !== BN254_Q) refuse('KEY_INVALID', 'phase 1 is not over BN254')
  if (uint32(sections[CONTRIBUTIONS], 0) === 0) refuse('KEY_INVALID', 'phase 1 has no contribution')
  const blake2b = await blake2bOfFile(path)
  const published = PUBLIC_PHASE1.find((file) => file.blake2b === blake2b)
  return published ?? { kind: 'test', name: blake2b === TEST_FILE.blake2b ? TEST_FILE.name : 'a local test file', power: uint32(header, 36), blake2b }
}

/**
 * Refuses a phase 1 that must not be used in this mode: in production only what the published list names.
 * @throws Refusal KEY_INVALID
 */
export function requirePhase1(phase1: Phase1, mode: Mode): void {
  if (phase1.kind === 'test') {
    if (mode !== 'development') refuse('KEY_INVALID', 'a test phase 1 is refused outside development mode: whoever made it could forge proofs')
    return
  }
  const listed = PUBLIC_PHASE1.some(({ name, power, blake2b }) => name === phase1.name && power === phase1.power && blake2b === phase1.blake2b)
  if (!listed) refuse('KEY_INVALID', 'phase 1 is called public, but its hash is not on the published list')
}

/** Imports a phase-1 file for a mode: identified, checked, named in the transcript from here on. */
export async function importPhase1(path: string, mode: Mode): Promise<Phase1> {
  const phase1 = await identifyPhase1(path)
  requirePhase1(phase1, mode)
  return phase1
}

/**
 * The test file in `folder`, fetched through npm the first time (38 MB).
 * @returns its path
 * @throws Refusal UNAVAILABLE when npm cannot fetch it, CORRUPT when it is not the known file
 */
export async function fetchTestPhase1(folder: string): Promise<string> {
  const path = join(folder, TEST_FILE.name)
  await mkdir(folder, { recursive: true })
  if (!(await exists(path))) {
    const tarball = join(folder, TEST_FILE.tarball)
    if (!(await exists(tarball))) await npmPack(TEST_FILE.package, folder)
    const bytes = await fileInTarball(tarball, TEST_FILE.member)
    await writeFile(`${path}.part`, bytes)
    await rename(`${path}.part`, path)
    await rm(tarball)
  }
  if ((await blake2bOfFile(path)) === TEST_FILE.blake2b) return path
  await rm(path)
  return refuse('CORRUPT', 'the test phase 1 is not the known file; it was removed, run the setup again')
}

async function npmPack(spec: string, folder: string): Promise<void> {
  // Under `npm run` npm names its own program; elsewhere it is looked up on the path.
  const script = process.env.npm_execpath
  const [program, first] = script?.endsWith('npm-cli.js') ? [process.execPath, [script]] : [process.platform === 'win32' ? 'npm.cmd' : 'npm', []]
  try {
    await promisify(execFile)(program, [...first, 'pack', spec, '--pack-destination', folder, '--ignore-scripts', '--silent'], { shell: program === 'npm.cmd' })
  } catch {
    refuse('UNAVAILABLE', `npm could not fetch ${spec}, which carries the test phase 1: check the network and npm's registry`)
  }
}

function publicFile(power: number, blake2b: string): Phase1 {
  return { kind: 'public', name: `powersOfTau28_hez_final_${power}.ptau`, power, blake2b }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

const BN254_Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583n
