/** `attestry doctor`: says what is missing or wrong with this installation and this party, and how to mend each. */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { Refusal } from '../errors/errors.ts'
import type { Json } from '../hash/canonical.ts'
import type { Entry } from '../registry/entry.ts'
import { compileShape } from '../setup/compile.ts'
import { sha256OfFile } from '../setup/digests.ts'
import { findLocalKeys } from '../setup/local.ts'
import { requireTrustworthyKey } from '../setup/trust.ts'
import { SHAPES, type ShapeName } from '../shape/shapes.ts'
import { keyId, type OrganisationKey } from '../signature/organisation-key.ts'
import { parseEscrowKey } from '../verifier/escrow.ts'
import { keysOf, type View } from '../view/view.ts'
import { does, type Options, type Outcome, type Session } from './command.ts'
import { Home, type KeyName } from './home.ts'
import { registryOf } from './link.ts'
import { withPassword } from './password.ts'
import { openWallet, walletPath } from './wallet.ts'

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url))

/** One thing that was looked at. */
interface Finding {
  readonly check: string
  readonly state: 'good' | 'wrong' | 'missing' | 'unknown'
  readonly found: string
  /** What to do, when something is to be done. */
  readonly mend?: string
}

export function define(command: Command): void {
  does(withPassword(command), examine)
}

async function examine(session: Session, _args: readonly string[], options: Options): Promise<Outcome> {
  const findings: Finding[] = [nodeVersion(), installation(), ...(await circuits())]
  const home = openHome(session, findings)
  if (home) {
    findings.push(...fileModes(home))
    const view = await registry(home, findings)
    findings.push(...keyFiles(home, view), ...(await shapeKeys(home, view)), ...(await wallet(session, home, options)))
  }
  const bad = findings.filter(({ state }) => state === 'wrong' || state === 'missing')
  const headline = bad.length === 0 ? 'all is well' : `${bad.length} thing${bad.length === 1 ? '' : 's'} to mend`
  const lines = findings.flatMap(({ check, state, found, mend }) => [`  ${state.padEnd(8)} ${check}: ${found}`, ...(mend ? [`           → ${mend}`] : [])])
  return { json: { well: bad.length === 0, findings: findings.map((finding) => ({ ...finding })) }, lines: [headline, ...lines], ok: bad.length === 0 }
}

function nodeVersion(): Finding {
  const { node } = process.versions
  return Number(node.split('.')[0]) >= 20 ? good('node', node) : wrong('node', node, 'install Node 20 or newer')
}

function installation(): Finding {
  const lock = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as { dependencies: Record<string, string> }
  const absent = Object.keys(lock.dependencies).filter((name) => !existsSync(join(PACKAGE, 'node_modules', name)))
  return absent.length === 0 ? good('packages', 'all are installed') : missing('packages', `${absent.join(', ')}`, 'run `npm ci --ignore-scripts` in the folder of attestry')
}

/** Compiled circuits and local keys: each is made when it is needed, so that a missing one only costs time. */
async function circuits(): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const shape of Object.keys(SHAPES) as ShapeName[]) {
    findings.push(
      await attempt(`circuit ${shape}`, async () => {
        const { sourceHash } = await compileShape(shape)
        return good(`circuit ${shape}`, `compiled, sources ${sourceHash.slice(0, 16)}`)
      }),
      await attempt(`local keys ${shape}`, async () => {
        const keys = await findLocalKeys(shape)
        return keys ? good(`local keys ${shape}`, `made by ${keys.transcript.steps.length} steps on a ${keys.transcript.phase1.kind} phase 1`) : unknown(`local keys ${shape}`, 'not made here', 'only for development: `attestry ceremony local`')
      }),
    )
  }
  return findings
}

function openHome(session: Session, findings: Finding[]): Home | undefined {
  try {
    const home = session.home()
    findings.push(good('home', `${home.path} of ${home.config.name}`))
    return home
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    findings.push(missing('home', error.message, 'attestry init NAME --organisation CODE --registry URL'))
    return undefined
  }
}

/** What a home must keep to itself. */
function fileModes(home: Home): Finding[] {
  if (process.platform === 'win32') return []
  const open = [home.path, join(home.path, 'keys'), home.data(), ...filesIn(join(home.path, 'keys')), ...filesIn(home.data())].filter((path) => (statSync(path).mode & 0o077) !== 0)
  const secret = open.filter((path) => path === home.path || /keys|wallet|issuer\.db|tokens/.test(path.slice(home.path.length)))
  return [secret.length === 0 ? good('file modes', 'nobody else can read this home') : wrong('file modes', `others can read ${secret.join(', ')}`, 'chmod 700 the folders and 600 the files; think about new keys if anybody did read them')]
}

function filesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []
}

async function registry(home: Home, findings: Finding[]): Promise<View | undefined> {
  const { registry: url } = home.config
  if (!url) {
    findings.push(unknown('registry', 'this home belongs to none', 'attestry init … --registry URL, or `attestry registry genesis` to begin one'))
    return undefined
  }
  try {
    const view = await registryOf(home).view()
    findings.push(good('registry', `${view.origin} at ${url}: ${view.size} entries, ${view.mode} mode, the view is signed by the log key that this home fixed`))
    findings.push(await clock(url, view.nowTolerance))
    return view
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const mend = error.code === 'UNAVAILABLE' ? `is it running, and is ${url} right?` : 'ask the governors: this is not the registry that this home knows'
    findings.push(wrong('registry', `${error.code}: ${error.message}`, mend))
    return undefined
  }
}

/** The registry's clock, from its answer's date: a proof's time may be off by no more than the tolerance. */
async function clock(url: string, tolerance: number): Promise<Finding> {
  const asked = Date.now()
  const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined)
  const theirs = Date.parse(response?.headers.get('date') ?? '')
  if (Number.isNaN(theirs)) return unknown('clock', 'the registry does not say what time it is', 'compare the clock with another source')
  const difference = Math.round((theirs - (asked + Date.now()) / 2) / 1000)
  return Math.abs(difference) <= Math.max(2, tolerance / 2) ? good('clock', `${Math.abs(difference)} s from the registry's`) : wrong('clock', `${difference} s from the registry's, ${tolerance} s are allowed`, 'set the clock, or use a time server')
}

function keyFiles(home: Home, view: View | undefined): Finding[] {
  const findings: Finding[] = []
  const { organisation } = home.config
  const read = <T>(name: KeyName, use: (key: T) => Finding): void => {
    try {
      findings.push(use(home.readKey<T>(name)))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      findings.push(wrong(`${name} key`, error.message, `attestry keygen ${name}`))
    }
  }
  if (organisation) read<OrganisationKey>('organisation', (key) => organisationKey(key, organisation, view))
  if (home.hasKey('log')) read<OrganisationKey>('log', (key) => (view && home.config.logKey && keyId(view.logKey) !== keyId(key) ? wrong('log key', 'not the one of the registry', 'use the log key of genesis') : good('log key', keyId(key))))
  if (home.hasKey('escrow')) read<unknown>('escrow', (key) => escrowKey(key, view))
  return findings
}

function organisationKey(key: OrganisationKey, organisation: string, view: View | undefined): Finding {
  if (!view) return good('organisation key', keyId(key))
  const known = view.organisations.get(organisation)
  if (!known) return missing('organisation key', `${organisation} is not admitted`, 'give `attestry keygen card` to a governor')
  if (known.status !== 'active') return wrong('organisation key', `${organisation} is suspended`, 'ask the governors')
  return keysOf(view, organisation)?.some((one) => keyId(one) === keyId(key)) ? good('organisation key', keyId(key)) : wrong('organisation key', 'not one that the registry knows', 'restore the key file, or let the governors rotate')
}

function escrowKey(json: unknown, view: View | undefined): Finding {
  const key = parseEscrowKey(json)
  const named = [...(view?.regulators ?? [])].find(([, regulator]) => regulator.escrowKey.x === key.x && regulator.escrowKey.y === key.y)
  if (!view) return good('escrow key', 'sound')
  return named ? good('escrow key', `registered as ${named[0]}`) : unknown('escrow key', 'sound, not registered', 'attestry registry regulator NAME')
}

/** Every active key is checked again as the registry checked it: key points, transcript, phase 1 of the registry's mode, this circuit. */
async function shapeKeys(home: Home, view: View | undefined): Promise<Finding[]> {
  if (!view) return []
  const findings: Finding[] = []
  const transcripts = await registeredTranscripts(home)
  for (const shape of Object.keys(SHAPES) as ShapeName[]) {
    const active = view.shapes.get(shape)?.filter(({ status }) => status === 'active') ?? []
    if (active.length === 0) findings.push(unknown(`shape ${shape}`, 'the registry has no active key: statements for it cannot be proved', 'a governor registers one: `attestry registry shape`'))
    for (const { key, verificationKey } of active) findings.push(await attempt(`shape ${shape}`, () => shapeKey(shape, verificationKey, transcripts.get(key), view)))
  }
  return findings
}

async function shapeKey(shape: ShapeName, verificationKey: Json, transcript: Json | undefined, { mode }: View): Promise<Finding> {
  const { r1cs } = await compileShape(shape)
  const circuit = { shape, publicInputs: SHAPES[shape].publicInputs.length, r1cs: await sha256OfFile(r1cs) }
  const { transcript: checked } = await requireTrustworthyKey(verificationKey, transcript, mode, circuit)
  const contributions = checked.steps.filter(({ kind }) => kind === 'contribution').length
  return good(`shape ${shape}`, `a key by ${contributions} contributors and a beacon${checked.phase1.kind === 'test' ? ', a test key: good for development only' : ''}`)
}

/** The transcripts that the registry's log holds, by the id of their verification key. */
async function registeredTranscripts(home: Home): Promise<ReadonlyMap<string, Json>> {
  const { client } = registryOf(home)
  const found = new Map<string, Json>()
  for (let from = 0, size = 1; from < size; ) {
    const page = await client.entries(from, 1_000)
    for (const { type, body, facts } of page.entries as unknown as readonly Entry[]) {
      if (type !== 'shape.register') continue
      const command = (await client.body(body)) as unknown as { body: { transcript: Json } }
      found.set(String(facts.verificationKey), command.body.transcript)
    }
    ;[from, size] = [page.next, page.size]
  }
  return found
}

async function wallet(session: Session, home: Home, options: Options): Promise<Finding[]> {
  if (!existsSync(walletPath(home))) return []
  if (options.passwordFile === undefined && !session.terminal.env.ATTESTRY_PASSWORD) return [unknown('wallet', 'there, not opened', 'give --password-file to try')]
  return [
    await attempt('wallet', async () => {
      const { wallet: open } = await openWallet(session, home, options)
      const now = Date.now() / 1000
      const expired = open.credentials.filter(({ checked }) => checked.expiresAt <= now).length
      return expired > 0 ? unknown('wallet', `opens; ${expired} of ${open.credentials.length} credentials have expired`, 'ask the issuers for new ones') : good('wallet', `opens; ${open.credentials.length} credentials`)
    }),
  ]
}

async function attempt(check: string, look: () => Promise<Finding>): Promise<Finding> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof Refusal) return wrong(check, `${error.code}: ${error.message}`, error.code === 'UNAUTHENTICATED' ? 'another password' : 'restore it from a copy, or make it again')
    return wrong(check, error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'failed', 'run `npm ci --ignore-scripts` and try again')
  }
}

function good(check: string, found: string): Finding {
  return { check, state: 'good', found }
}

function wrong(check: string, found: string, mend: string): Finding {
  return { check, state: 'wrong', found, mend }
}

function missing(check: string, found: string, mend: string): Finding {
  return { check, state: 'missing', found, mend }
}

/** Not wrong, but worth a look. */
function unknown(check: string, found: string, mend: string): Finding {
  return { check, state: 'unknown', found, mend }
}
