/** `attestry receipt`: proof that something is in the log, and evidence that can be checked with every service off. */

import { createHash } from 'node:crypto'
import type { Command } from 'commander'
import { RegistryClient } from '../client/registry-client.ts'
import { Refusal, refuse } from '../errors/errors.ts'
import type { Json } from '../hash/canonical.ts'
import type { Entry } from '../registry/entry.ts'
import { type EvidenceSource, gatherEvidence } from '../registry/evidence.ts'
import { evidenceHtml, evidenceText } from '../registry/evidence-page.ts'
import { parsePublicKey, type PublicKey } from '../signature/organisation-key.ts'
import { verifyEvidence } from '../verifier/evidence.ts'
import { parseReceipt, verifyReceipt, verifyRecorded } from '../verifier/receipt.ts'
import { receiptPath } from './act.ts'
import { does, type Options, type Outcome, required, type Session, Usage } from './command.ts'
import { readJsonFile, readTextFile, writeNewFile } from './files.ts'
import { writePrivate } from './home.ts'
import { registryOf } from './link.ts'
import { Requests } from './requests.ts'
import { shown } from './verify.ts'

export function define(command: Command): void {
  does(command.command('get').description('fetch the receipt of an entry and check it').argument('<index>').option('--out <file>'), get)

  const verify = command.command('verify').description('check a receipt or a bundle of evidence, offline').argument('<files...>')
  does(withTrust(verify), verifyFiles)

  const bundle = command.command('bundle').description('gather the evidence of a recorded proof into one file').argument('<index>').argument('<out>')
  bundle.option('--request <digest>', 'put in a request that is kept here, with its answer')
  does(bundle.option('--request-file <file>').option('--answer-file <file>', 'put these in instead'), makeBundle)

  const page = command.command('page').description('check a bundle and write one page about it that anyone can read').argument('<bundle>').argument('<out>', '.html, or .txt')
  does(withTrust(page), makePage)
}

function withTrust(command: Command): Command {
  return command.option('--log-key <hex>', "the registry's log key, from a source that you trust (default: that of the home directory)").option('--origin <name>', "the registry's name, beside --log-key")
}

async function get(session: Session, [text]: readonly string[], { out }: Options): Promise<Outcome> {
  const index = indexOf(text)
  const home = session.home()
  const { client, view } = registryOf(home)
  const { origin, logKey } = await view()
  const json = await client.receipt(index)
  const { entry, checkpoint } = verifyReceipt(parseReceipt(json), origin, logKey)
  const written = `${JSON.stringify(json, null, 1)}\n`
  const file = typeof out === 'string' ? await writeNewFile(session, out, written) : receiptPath(home, entry.index)
  if (typeof out !== 'string') writePrivate(file, written)
  return { json: { index: entry.index, type: entry.type, at: entry.at, size: checkpoint.size, receipt: file }, lines: [`entry ${entry.index}, ${entry.type}, is in the log of ${origin}`, `  receipt ${file}`] }
}

async function verifyFiles(session: Session, files: readonly string[], options: Options): Promise<Outcome> {
  const outcomes: Outcome[] = []
  for (const file of files) outcomes.push(await verifyFile(session, await readJsonFile(session, file), options))
  return outcomes.length === 1 && outcomes[0] ? outcomes[0] : { json: outcomes.map(({ json }) => json), lines: outcomes.flatMap(({ lines }) => lines.slice(0, 1)) }
}

async function verifyFile(session: Session, json: Json, options: Options): Promise<Outcome> {
  const trust = trusted(session, options)
  const members = (typeof json === 'object' && json !== null ? json : {}) as Record<string, Json>
  if ('evidence' in members) return shown(await verifyEvidence(json, trust.logKey ? { logKey: trust.logKey } : {}))
  const { origin, logKey } = trust
  if (!origin || !logKey) throw new Usage('a receipt is checked under a log key: use a home directory, or give --origin and --log-key')
  const { entry, checkpoint } = 'command' in members ? verifyRecorded(json, origin, logKey) : verifyReceipt(parseReceipt(json), origin, logKey)
  const at = new Date(entry.at * 1000).toISOString()
  return { json: { index: entry.index, type: entry.type, at: entry.at, origin, size: checkpoint.size }, lines: [`entry ${entry.index}, ${entry.type}, was recorded by ${origin} at ${at}`, `  in the log of ${checkpoint.size} entries`] }
}

async function makeBundle(session: Session, [text, out = '']: readonly string[], options: Options): Promise<Outcome> {
  const index = indexOf(text)
  const home = session.home()
  const { client, view } = registryOf(home)
  const { logKey } = await view()
  const bundle = (await gatherEvidence(sourceOf(client), index, await openings(session, options))) as Json
  const established = await verifyEvidence(bundle, { logKey })
  const file = await writeNewFile(session, out, `${JSON.stringify(bundle)}\n`)
  return { json: { bundle: file, established: established as unknown as Json }, lines: [`wrote the evidence to ${file}`, ...shown(established).lines] }
}

async function openings(session: Session, { request, requestFile, answerFile }: Options): Promise<{ request?: Json; answer?: Json }> {
  if (typeof request === 'string') {
    const kept = new Requests(session.home()).get(request)
    return { request: kept.request as unknown as Json, ...(kept.answer === undefined ? {} : { answer: kept.answer }) }
  }
  return {
    ...(typeof requestFile === 'string' ? { request: await readJsonFile(session, requestFile) } : {}),
    ...(typeof answerFile === 'string' ? { answer: await readJsonFile(session, answerFile) } : {}),
  }
}

async function makePage(session: Session, [bundle = '', out = '']: readonly string[], options: Options): Promise<Outcome> {
  const text = await readTextFile(session, bundle)
  const { logKey } = trusted(session, options)
  const established = await verifyEvidence(await readJsonFile(session, bundle), logKey ? { logKey } : {})
  const fingerprint = createHash('sha256').update(text).digest('hex')
  const page = out.endsWith('.txt') ? evidenceText(established, fingerprint) : evidenceHtml(established, fingerprint)
  const file = await writeNewFile(session, out, page, 0o644)
  return { json: { page: file, fingerprint }, lines: [`wrote the page to ${file}`] }
}

function sourceOf(client: RegistryClient): EvidenceSource {
  return {
    entries: async (from, limit) => (await client.entries(from, limit)).entries as unknown as readonly Entry[],
    receipt: (index, size) => client.receipt(index, size),
    body: (digest) => client.body(digest),
  }
}

/** Which log to believe: the options', else the home's, if there is one. */
function trusted(session: Session, options: Options): { origin?: string; logKey?: PublicKey } {
  if (typeof options.logKey === 'string') {
    const logKey = parsePublicKey({ alg: 'ed25519', publicKey: options.logKey }, '--log-key')
    return typeof options.origin === 'string' ? { logKey, origin: required(options, 'origin') } : { logKey }
  }
  try {
    const { origin, logKey } = session.home().config
    return { ...(origin ? { origin } : {}), ...(logKey ? { logKey } : {}) }
  } catch (error) {
    if (error instanceof Refusal && error.code === 'NOT_FOUND') return {}
    throw error
  }
}

function indexOf(text: string | undefined): number {
  if (text === undefined || !/^(0|[1-9][0-9]{0,14})$/.test(text)) throw new Usage('the index of an entry is a whole number')
  return Number(text) < Number.MAX_SAFE_INTEGER ? Number(text) : refuse('NOT_FOUND', 'no such entry')
}
