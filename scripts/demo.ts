/**
 * `npm run demo`: four stories, each party a process with a directory of its own, talking HTTP. Compiles the circuits and makes
 * keys in a local ceremony the first time (cached in build/); ends with a check of all receipts while every service is off.
 *
 *     npm run demo              lines for people
 *     npm run demo -- --json    one JSON line a step
 *
 * Exit code 1 when a step does not go as told; a refusal that the story wants is as told.
 */

import { join, relative } from 'node:path'
import { Progress } from '../src/cli/progress.ts'
import { runCli } from '../src/cli/main.ts'
import { processTerminal } from '../src/cli/terminal.ts'
import { compileShape } from '../src/setup/compile.ts'
import { localSetup } from '../src/setup/local.ts'
import { creditCast, creditLimit } from './demo/credit.ts'
import { customs, customsCast } from './demo/customs.ts'
import { hospitalCast, hospitalInvoice } from './demo/hospital.ts'
import { kycCast, kycOnboarding, kycPrecheck, kycRevocation } from './demo/kyc.ts'
import { searchForSecrets } from './demo/search.ts'
import { Unexpected } from './demo/stage.ts'
import { whoSawWhat } from './demo/summary.ts'
import { PACKAGE, World } from './demo/world.ts'

const terminal = processTerminal()
const progress = new Progress(terminal)
const world = new World(join(PACKAGE, 'build', 'demo'), process.argv.includes('--json'))
const { stage } = world

async function play(): Promise<void> {
  stage.heading('Preparation')
  for (const shape of ['attest', 'match'] as const) await timed(`compiling ${shape}`, () => compileShape(shape))
  await timed('keys of attest', () => keysOf('attest'))
  stage.step('Ceremony', 'keys of attest are there: three contributors and a beacon, on a test phase 1 (development only)')
  // The stories on `attest` begin while the keys of `match` are made.
  const match = soon(keysOf('match'))

  await world.begin()
  await world.shape('attest')
  // While one story plays, the parties of the next come on.
  const first = await hospitalCast(world)
  const second = soon(kycCast(world))
  await hospitalInvoice(world, first)
  const third = soon(creditCast(world))
  const kyc = await kycPrecheck(world, await second)

  await match
  progress.close()
  stage.step('Ceremony', 'keys of match are there')
  await world.shape('match')
  await kycOnboarding(world, kyc)
  await kycRevocation(world, kyc)
  const fourth = soon(customsCast(world))
  await creditLimit(world, await third, kyc)
  await customs(world, await fourth)
  await stage.end()
}

/** Something that is awaited later: until then a failure of it is nobody's. */
function soon<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined)
  return work
}

function keysOf(shape: 'attest' | 'match'): Promise<unknown> {
  return localSetup(shape, { onProgress: ({ step, fraction }) => progress.update(`${shape}: ${step}`, fraction) })
}

/** What takes long says so before it begins. */
async function timed(what: string, work: () => Promise<unknown>): Promise<void> {
  const begun = Date.now()
  const notice = setTimeout(() => terminal.stderr(`${what} …\n`), 2_000)
  await work()
  clearTimeout(notice)
  const seconds = Math.round((Date.now() - begun) / 1000)
  if (seconds > 2) stage.step('Preparation', `${what}: ${seconds} s`)
}

/** With every service off: receipts and the bundle hold, under the log key that each home directory fixed. */
async function checkOffline(): Promise<void> {
  stage.heading('Offline: every service is off')
  for (const { story, holder, index, receipt } of world.proofs) {
    await offline('receipt', 'verify', receipt, '--home', holder.home)
    stage.step(holder.name, `receipt of entry ${index} (story ${story}) holds: ${relative(PACKAGE, receipt)}`)
  }
  const [{ verifier }] = world.proofs as [(typeof world.proofs)[0]]
  const bundle = join(verifier.home, 'evidence.json')
  await offline('receipt', 'verify', bundle, '--home', verifier.home)
  stage.step(verifier.name, `the evidence bundle holds: ${relative(PACKAGE, bundle)}, and its page ${relative(PACKAGE, join(verifier.home, 'evidence.html'))}`)
}

/** Nobody has in any file or log what was not theirs to see. */
function checkDirectories(): void {
  const { files, found } = searchForSecrets(stage.folder)
  if (found.length > 0) throw new Unexpected(`values of documents lie where they should not: ${found.join('; ')}`)
  stage.step('Everybody', `has only what the table says: ${files} files of all parties were searched for names, numbers, limits and totals`)
}

async function offline(...argv: string[]): Promise<void> {
  let output = ''
  const code = await runCli([...argv, '--json'], { ...terminal, interactive: false, stdout: (text) => void (output += text) })
  if (code !== 0) throw new Unexpected(`attestry ${argv.join(' ')} → ${output}`)
}

const begun = Date.now()
// Whatever waits for a party then fails, and the play ends below.
terminal.stop.addEventListener('abort', () => void stage.end())
try {
  await play()
  whoSawWhat(world)
  await checkOffline()
  checkDirectories()
  stage.heading(`All four stories went as told, in ${Math.round((Date.now() - begun) / 1000)} s. Directories: ${relative(PACKAGE, world.stage.folder)}`)
  process.exit(0)
} catch (error) {
  progress.close()
  if (!terminal.stop.aborted) terminal.stderr(`${error instanceof Unexpected ? `not as told: ${error.message}` : String(error instanceof Error ? error.stack : error)}\n`)
  await stage.end()
  process.exit(terminal.stop.aborted ? 130 : 1)
}
