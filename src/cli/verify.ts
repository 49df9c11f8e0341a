/** `attestry verify`: is this the answer to our request, and what does it establish? */

import type { Command } from 'commander'
import type { Json } from '../hash/canonical.ts'
import type { Established } from '../verifier/established.ts'
import { verifyAnswer } from '../verifier/verify.ts'
import { parseView, type View } from '../view/view.ts'
import { does, type Options, type Outcome, required, type Session } from './command.ts'
import { readJsonFile } from './files.ts'
import { viewOf } from './link.ts'

export function define(command: Command): void {
  command
    .argument('<answer>', 'file from the holder')
    .requiredOption('--request <file>', 'the signed request that it answers')
    .option('--receipt <file>', "the registry's receipt; without one nothing is accepted for a statement with `once`")
    .option('--view <file>', "a saved view of the registry, to check offline (default: the registry's)")
  does(command, verify)
}

async function verify(session: Session, [file = '']: readonly string[], options: Options): Promise<Outcome> {
  const [answer, request] = [await readJsonFile(session, file), await readJsonFile(session, required(options, 'request'))]
  const receipt = typeof options.receipt === 'string' ? await readJsonFile(session, options.receipt) : undefined
  const now = Math.floor(Date.now() / 1000)
  return shown(await verifyAnswer({ answer, request, view: await viewFor(session, options), now, ...(receipt === undefined ? {} : { receipt }) }))
}

async function viewFor(session: Session, { view }: Options): Promise<View> {
  const home = session.home()
  return typeof view === 'string' ? parseView(await readJsonFile(session, view), home.config.logKey) : viewOf(home)
}

/** What has been established, for machines and people. */
export function shown(established: Established): Outcome {
  const { says, proved, accepted, askedBy, disclosed, pseudonym, hiddenAmong, seen, notSeen, statement } = established
  const sections: [string, readonly string[]][] = [
    ['Proved:', proved],
    ['Revealed to the verifier:', Object.entries(disclosed ?? {}).map(([name, value]) => `${name} = ${JSON.stringify(value)}`)],
    ['Pseudonym:', pseudonym === undefined ? [] : [pseudonym]],
    ['Hidden among:', Object.entries(hiddenAmong ?? {}).map(([document, count]) => `${count} possible issuers of the ${document}`)],
    ['Seen:', seen],
    ['Not seen:', notSeen],
  ]
  const headline = `${accepted ? `accepted as entry ${accepted.index} at ${new Date(accepted.at * 1000).toISOString()}` : 'proved, not recorded as far as is known'}: ${says}`
  const lines = [headline, `statement ${statement.name} version ${statement.version}${askedBy ? `, asked by ${askedBy}` : ''}`, ...sections.flatMap(([title, list]) => (list.length === 0 ? [] : [title, ...list.map((line) => `  ${line}`)]))]
  return { json: established as unknown as Json, lines }
}
