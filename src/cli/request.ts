/** `attestry request`: a verifier's signed question. Its one-time release key stays here. */

import type { Command } from 'commander'
import { refuse } from '../errors/errors.ts'
import type { Json } from '../hash/canonical.ts'
import { generateOrganisationKey, type OrganisationKey } from '../signature/organisation-key.ts'
import { signEnvelope } from '../signature/envelope.ts'
import { makeRequest, requestDigest } from '../statement/request.ts'
import { does, type Options, type Outcome, repeated, type Session, Usage } from './command.ts'
import { readJsonFile, writeNewFile } from './files.ts'
import type { Home } from './home.ts'
import { viewOf } from './link.ts'
import { findStatement } from './lookup.ts'
import { parseParameters } from './parameters.ts'
import { Requests } from './requests.ts'

export function define(command: Command): void {
  command
    .argument('<statement>', 'name or hash at the registry')
    .option('--parameter <name=value...>', 'a secret between you and the holder')
    .option('--parameters <file>', 'the same as a JSON object; keeps values out of the process list')
    .option('--set <file>', 'JSON array: members of the statement’s $set')
    .option('--minutes <n>', 'until the request expires', '60')
    .option('--out <file>', 'write the signed request there')
  does(command, request)
}

async function request(session: Session, [name = '']: readonly string[], options: Options): Promise<Outcome> {
  const home = session.home()
  const view = await viewOf(home)
  const { statement } = findStatement(view, name)
  const fromFile = typeof options.parameters === 'string' ? await readJsonFile(session, options.parameters) : {}
  const parameters = { ...asMembers(fromFile), ...parseParameters(statement, repeated(options, 'parameter')) }
  const set = typeof options.set === 'string' ? ((await readJsonFile(session, options.set)) as readonly Json[]) : undefined
  const envelope = await ask(home, name, { parameters, minutes: minutesOf(options), ...(set && { set }) })
  const digest = requestDigest(envelope.body)
  const file = typeof options.out === 'string' ? await writeNewFile(session, options.out, `${JSON.stringify(envelope, null, 1)}\n`) : undefined
  const lines = [`request ${digest}`, `expires ${new Date(envelope.body.expires * 1000).toISOString()}`, file ? `wrote it to ${file}` : 'the desk (`attestry serve verifier`) hands it out under /requests/' + digest]
  return { json: { request: digest, expires: envelope.body.expires, ...(file ? { file } : {}) }, lines }
}

export interface Question {
  readonly parameters: Readonly<Record<string, Json>>
  readonly set?: readonly Json[]
  readonly minutes: number
}

/** Makes, signs and keeps a request. */
export async function ask(home: Home, name: string, { parameters, set, minutes }: Question): Promise<ReturnType<typeof signEnvelope<ReturnType<typeof makeRequest>>>> {
  const view = await viewOf(home)
  const { statement, hash } = findStatement(view, name)
  const releaseKey = generateOrganisationKey()
  const issuedAt = Math.floor(Date.now() / 1000)
  const body = makeRequest({
    origin: view.origin,
    verifier: home.organisation,
    statement: { hash, statement },
    parameters,
    ...(set && { set }),
    issuedAt,
    expires: issuedAt + minutes * 60,
    releaseKey: releaseKey.publicKey,
  })
  const envelope = signEnvelope(body, home.organisation, home.readKey<OrganisationKey>('organisation'))
  new Requests(home).add(envelope, releaseKey)
  return envelope
}

export function minutesOf({ minutes }: Options): number {
  const number = Number(minutes)
  if (!Number.isInteger(number) || number < 1 || number > 525_600) throw new Usage('--minutes is a whole number from 1 to 525600')
  return number
}

function asMembers(json: Json): Record<string, Json> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return refuse('PARAMETER_INVALID', 'parameters are a JSON object')
  return { ...(json as Record<string, Json>) }
}
