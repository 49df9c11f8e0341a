/**
 * `attestry ceremony`: phase 2 of the trusted setup. Separate people run `new`, `contribute`, `beacon` and `export` on separate
 * machines and hand on two files, NAME.zkey and NAME.json; anyone runs `verify`. `local` does everything at once, for
 * development.
 */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { Refusal } from '../errors/errors.ts'
import type { KeyFiles } from '../setup/ceremony.ts'
import type { ShapeName } from '../setup/compile.ts'
import type { SetupProgress } from '../setup/local.ts'
import type { Mode } from '../setup/phase1.ts'
import type { Transcript } from '../setup/transcript.ts'
import { does, type Options, type Outcome, required, type Session, Usage } from './command.ts'

export function define(command: Command): void {
  const fresh = command.command('new').description('make a key from circuit and phase 1, with no contribution yet').argument('<shape>', 'attest or match').argument('<to>', 'writes TO.zkey and TO.json')
  withPhase1(fresh).requiredOption('--beacon <text>', 'which public randomness, not yet known, will end the ceremony: "drand quicknet, round 9000000"')
  does(fresh, newCeremony)

  const contribution = command.command('contribute').description('add a contribution; the secret is made in memory and forgotten').argument('<from>').argument('<to>')
  does(contribution.requiredOption('--name <name>', 'who contributes'), addContribution)

  const beacon = command.command('beacon').description('end the ceremony with the announced public randomness').argument('<from>').argument('<to>')
  does(beacon.requiredOption('--value <hex>', 'its bytes'), addBeacon)

  does(command.command('export').description('write the keys of a finished ceremony').argument('<from>').argument('<folder>', 'gets verification.json and transcript.json'), exportCeremony)

  const verify = command.command('verify').description('recompute everything that a finished ceremony says').argument('<zkey>').argument('<folder>', 'with verification.json and transcript.json')
  does(withPhase1(verify), verifyFinished)

  does(command.command('local').description('three contributors and a beacon on this machine, cached in build/; for development').argument('[shapes...]', 'attest, match (default: both)'), local)
}

function withPhase1(command: Command): Command {
  return command
    .requiredOption('--phase1 <file>', 'the powers of tau')
    .option('--mode <mode>', 'production (only a public phase 1) or development', 'production')
}

async function newCeremony(session: Session, [shape, to]: readonly string[], options: Options): Promise<Outcome> {
  const [{ newKey }, { compileShape }] = [await import('../setup/ceremony.ts'), await import('../setup/compile.ts')]
  const name = shapeNamed(shape)
  const from = { shape: name, phase1: session.path(required(options, 'phase1')), mode: modeOf(options), beacon: required(options, 'beacon') }
  return withThreads(session, async () => {
    const { r1cs } = await compileShape(name)
    return stepped(await newKey({ ...from, r1cs }, files(session, to), bar(session, 'new key')), 'made a key without contributions: send both files to the first contributor')
  })
}

async function addContribution(session: Session, [from, to]: readonly string[], options: Options): Promise<Outcome> {
  const { contribute } = await import('../setup/ceremony.ts')
  return withThreads(session, async () => stepped(await contribute(files(session, from), files(session, to), required(options, 'name'), bar(session, 'contribution')), 'contributed: publish the hash of your step, and send both files on'))
}

async function addBeacon(session: Session, [from, to]: readonly string[], options: Options): Promise<Outcome> {
  const { applyBeacon } = await import('../setup/ceremony.ts')
  return withThreads(session, async () => stepped(await applyBeacon(files(session, from), files(session, to), required(options, 'value'), bar(session, 'beacon')), 'applied the beacon: the ceremony is complete'))
}

async function exportCeremony(session: Session, [from, folder = '']: readonly string[]): Promise<Outcome> {
  const { exportKeys } = await import('../setup/ceremony.ts')
  const to = session.path(folder)
  mkdirSync(to, { recursive: true })
  return withThreads(session, async () => stepped(await exportKeys(files(session, from), finished(to)), `wrote verification.json and transcript.json to ${to}`))
}

async function verifyFinished(session: Session, [zkey = '', folder = '']: readonly string[], options: Options): Promise<Outcome> {
  const { verifyCeremony } = await import('../setup/ceremony.ts')
  const [{ compileShape }, { parseTranscript }, { readJsonFile }] = [await import('../setup/compile.ts'), await import('../setup/transcript.ts'), await import('./files.ts')]
  const from = finished(session.path(folder))
  const shape = shapeNamed(parseTranscript(await readJsonFile(session, from.transcript)).shape)
  const ceremony = { ...from, zkey: session.path(zkey), phase1: session.path(required(options, 'phase1')) }
  return withThreads(session, async () => {
    const { r1cs } = await compileShape(shape)
    return stepped(await verifyCeremony({ ...ceremony, r1cs }, modeOf(options), bar(session, 'checking')), `the keys of ${shape} follow from its circuit, phase 1 and these steps`)
  })
}

async function local(session: Session, shapes: readonly string[]): Promise<Outcome> {
  const { localSetup } = await import('../setup/local.ts')
  const made: Record<string, string> = {}
  for (const shape of shapes.length > 0 ? shapes : ['attest', 'match']) {
    const onProgress = ({ step, fraction }: SetupProgress) => session.progress.update(`${shape}: ${step}`, fraction)
    const keys = await unlessStopped(session, () => localSetup(shapeNamed(shape), { onProgress, signal: session.terminal.stop }))
    made[shape] = keys.provingKey
  }
  const lines = Object.entries(made).map(([shape, path]) => `${shape}: ${path}`)
  return { json: { provingKeys: made }, lines: [...lines, 'test keys: one machine made them, registries outside development mode refuse them'] }
}

function files(session: Session, prefix = ''): KeyFiles {
  const path = session.path(prefix)
  return { zkey: `${path}.zkey`, transcript: `${path}.json` }
}

function finished(folder: string): { verificationKey: string; transcript: string } {
  return { verificationKey: join(folder, 'verification.json'), transcript: join(folder, 'transcript.json') }
}

function stepped(transcript: Transcript, done: string): Outcome {
  const steps = transcript.steps.map(({ kind, name, hash }) => ({ kind, name, hash }))
  const lines = [done, `${transcript.shape}, phase 1 ${transcript.phase1.name} (${transcript.phase1.kind}), circuit ${transcript.r1cs.slice(0, 16)}…`]
  return { json: { shape: transcript.shape, steps, ...(transcript.result ? { result: { ...transcript.result } } : {}) }, lines: [...lines, ...steps.map(({ name, hash }) => `  ${name}: ${hash}`)] }
}

function shapeNamed(name: string | undefined): ShapeName {
  if (name === 'attest' || name === 'match') return name
  throw new Usage(`no shape ${name}: there are attest and match`)
}

function modeOf({ mode }: Options): Mode {
  if (mode === 'production' || mode === 'development') return mode
  throw new Usage('--mode is production or development')
}

/** Shows how far a step is, and ends it when the command shall end. */
function bar(session: Session, title: string): { onProgress: (fraction: number) => void; signal: AbortSignal } {
  return { signal: session.terminal.stop, onProgress: (fraction) => session.progress.update(title, fraction) }
}

async function withThreads<T>(session: Session, work: () => Promise<T>): Promise<T> {
  const { endThreads } = await import('../setup/ceremony.ts')
  try {
    return await unlessStopped(session, work)
  } finally {
    await endThreads()
  }
}

/** Once the command shall end, other failures are of that: an interrupt reaches the compiler too. @throws Refusal CANCELLED */
async function unlessStopped<T>({ terminal: { stop } }: Session, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (stop.aborted && !(error instanceof Refusal)) throw new Refusal('CANCELLED', 'stopped; nothing unfinished was left behind')
    throw error
  }
}
