/**
 * `attestry prove`: answers a request from the wallet. What it means is shown before anything is proved; the answer is checked as its
 * verifier will check it before it leaves.
 */

import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { refuse } from '../errors/errors.ts'
import type { Json } from '../hash/canonical.ts'
import type { Digest } from '../hash/digest.ts'
import { Answers } from '../prover/answers.ts'
import type { Situation } from '../prover/asked.ts'
import { makeAnswer } from '../prover/proof.ts'
import { type Candidate, materialFor, type Preparation, prepare, requireCandidate } from '../prover/select.ts'
import type { RegistryLink } from '../prover/service.ts'
import type { Wallet } from '../prover/wallet.ts'
import { answerJson } from '../shape/submission.ts'
import { verifyAnswer } from '../verifier/verify.ts'
import { recorded } from './act.ts'
import { does, type Options, type Outcome, repeated, type Session, Usage } from './command.ts'
import { readJsonFile, requireNewFile, writeNewFile } from './files.ts'
import { getJson, isUrl, postJson } from './http-json.ts'
import { proverLink } from './link.ts'
import { withPassword } from './password.ts'
import { artefactsOf, localCircuit } from './proving.ts'
import { confirm } from './terminal.ts'
import { openWallet } from './wallet.ts'

export function define(command: Command): void {
  command
    .argument('<request>', 'file or address of the signed request')
    .option('--credential <document=id...>', 'which credential to use (default: the one that is hidden best)')
    .option('--members <file>', 'JSON array: members of the set in a document, for `x in document.field`')
    .option('--dry-run', 'only say what would be shown to whom')
    .option('--yes', 'prove without asking')
    .option('--no-submit', 'do not record the proof at the registry')
    .option('--no-send', 'do not send the answer to the address that the request came from')
    .option('--out <file>', 'write the answer there too; it opens what the proof discloses')
  does(withPassword(command), prove)
}

async function prove(session: Session, [source = '']: readonly string[], options: Options): Promise<Outcome> {
  const home = session.home()
  if (typeof options.out === 'string') requireNewFile(session, options.out)
  const file = await openWallet(session, home, options)
  const request = isUrl(source) ? await getJson(source, 'the verifier') : await readJsonFile(session, source)
  const registry = proverLink(home)
  const members = typeof options.members === 'string' ? ((await readJsonFile(session, options.members)) as readonly Json[]) : undefined
  const { preparation, candidate } = await choose(registry, file.wallet, request, members, choiceOf(options))
  const shown = explain(preparation, candidate)
  if (options.dryRun === true) return { json: { ...shown.json, proved: false }, lines: shown.lines }
  await approve(session, options, shown.lines)

  const { view } = preparation.situation
  const { shape } = preparation.asked.checked.pinned
  const circuit = localCircuit(await artefactsOf(session, home, view, shape))
  session.progress.update(`proving with ${shape}`, 0)
  const verify = async (answer: Json) => verifyAnswer({ answer, request, view, now: preparation.situation.now })
  const answer = await makeAnswer(materialFor(preparation, candidate, file.wallet), circuit, async (made) => void (await verify(answerJson(made))))
  session.progress.update(`proving with ${shape}`, 1)

  const json = answerJson(answer)
  const out = typeof options.out === 'string' ? { answer: await writeNewFile(session, options.out, `${JSON.stringify(json, null, 1)}\n`) } : {}
  const { statement, verifier } = preparation.asked.request
  const given = { id: randomBytes(16).toString('hex'), tenant: 'command line', at: preparation.situation.now, verifier, statement, request: preparation.asked.digest, signedRequest: request, answer: json }
  const answers = new Answers(home.data('answers'), file)
  await answers.put({ ...given, receipt: null })
  const receipt = options.submit === false ? undefined : await registry.submit(answer.submission)
  const entry = receipt === undefined ? undefined : recorded(home, receipt, 'the proof', {})
  if (receipt !== undefined) await answers.put({ ...given, receipt })
  const sent = isUrl(source) && options.send !== false
  if (sent) await postJson(`${source.replace(/\/+$/, '')}/answer`, 'the verifier', { answer: json, ...(receipt === undefined ? {} : { receipt }) })

  const facts = (entry?.json ?? {}) as Record<string, Json>
  const lines = [`proved to ${preparation.asked.verifier.name}: ${preparation.explanation.caption}`, ...(entry?.lines ?? []), ...(sent ? ['the verifier has accepted the answer'] : []), ...hiddenLines(candidate)]
  return { json: { ...shown.json, proved: true, sent, ...out, ...facts }, lines }
}

/** Looks again when status lists changed between two answers of the registry. */
async function choose(registry: RegistryLink, wallet: Wallet, request: Json, members: readonly Json[] | undefined, choice: Readonly<Record<string, string>> | undefined): Promise<{ preparation: Preparation; candidate: Candidate }> {
  for (let attempt = 1; ; attempt++) {
    const preparation = prepare(request, wallet, await situationFor(registry, request, members))
    const changed = preparation.candidates.length === 0 && preparation.failures.some(({ code }) => code === 'UNKNOWN_LIST')
    if (!changed || attempt === 3) return { preparation, candidate: requireCandidate(preparation, choice) }
  }
}

/** What the registry says now, about this request's statement. */
export async function situationFor(registry: RegistryLink, request: Json, members?: readonly Json[]): Promise<Situation> {
  const view = await registry.view()
  const digest = (request as { body?: { statement?: Digest } } | null)?.body?.statement
  const schemas = Object.values((digest && view.statements.get(digest)?.statement.schemas) ?? {}).map(({ id }) => id)
  const lists = await Promise.all([...new Set(schemas)].map((id) => registry.statusLists(id)))
  return {
    view,
    statusList: (listId) => lists.map((byId) => byId.get(listId)).find((list) => list !== undefined),
    now: Math.floor(Date.now() / 1000),
    // Fetched when they are not here yet.
    provingKeys: Object.fromEntries([...view.shapes].map(([shape, keys]) => [shape, keys.findLast(({ status }) => status === 'active')?.provingKey ?? ''])),
    ...(members && { members }),
  }
}

function explain({ asked, explanation, registryLearns }: Preparation, { hiddenAmong }: Candidate): { json: Record<string, Json>; lines: string[] } {
  const { caption, proved, revealed, escrowed, spent, hidden } = explanation
  const sections: [string, readonly string[]][] = [
    [`${asked.verifier.name} (${asked.verifier.code}) asks: ${caption}`, []],
    ['This is proved:', proved],
    ['This is revealed:', [...revealed, ...escrowed]],
    ['This is used up:', spent],
    ['Who issued your documents:', hidden],
    ['The registry learns:', registryLearns],
  ]
  const lines = sections.flatMap(([title, sentences]) => [title, ...sentences.map((sentence) => `  ${sentence}`)])
  const json = { request: asked.digest, verifier: asked.verifier.code, statement: asked.request.statement, caption, proved: [...proved], revealed: [...revealed], escrowed: [...escrowed], spent: [...spent], hiddenAmong: { ...hiddenAmong } }
  return { json: { explanation: json, hiddenAmong: { ...hiddenAmong } }, lines }
}

async function approve(session: Session, { yes }: Options, lines: readonly string[]): Promise<void> {
  if (yes === true) return
  if (!session.terminal.interactive) throw new Usage('no terminal to ask whether to prove this: look with --dry-run, then give --yes')
  session.note(lines.join('\n'))
  if (!(await confirm('Prove this? [y/N] '))) refuse('DECLINED', 'you said no')
}

function hiddenLines({ hiddenAmong }: Candidate): string[] {
  return Object.entries(hiddenAmong).map(([document, count]) => `the issuer of the ${document} was hidden among ${count}`)
}

function choiceOf(options: Options): Readonly<Record<string, string>> | undefined {
  const texts = repeated(options, 'credential')
  if (texts.length === 0) return undefined
  return Object.fromEntries(
    texts.map((text) => {
      const [document, id, ...rest] = text.split('=')
      if (!document || !id || rest.length > 0) throw new Usage('--credential is document=id')
      return [document, id]
    }),
  )
}
