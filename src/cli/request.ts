/** `attestry request`: a verifier's signed questions. The one-time release key of each stays here. */

import type { Command } from 'commander'
import { refuse } from '../errors/errors.ts'
import type { Json } from '../hash/canonical.ts'
import { type Envelope, signEnvelope } from '../signature/envelope.ts'
import { generateOrganisationKey, type OrganisationKey } from '../signature/organisation-key.ts'
import { makeRequest, type RequestBody, requestDigest } from '../statement/request.ts'
import type { Established } from '../verifier/established.ts'
import { does, type Options, type Outcome, repeated, type Session, Usage } from './command.ts'
import { readJsonFile, writeNewFile } from './files.ts'
import type { Home } from './home.ts'
import { viewOf } from './link.ts'
import { findStatement } from './lookup.ts'
import { parseParameters } from './parameters.ts'
import { Requests } from './requests.ts'
import { shown } from './verify.ts'

export function define(command: Command): void {
  const make = command.command('make').description('sign a request and keep it for the desk (`attestry serve verifier`)').argument('<statement>', 'name or hash at the registry')
  make
    .option('--parameter <name=value...>', 'a secret between you and the holder')
    .option('--parameters <file>', 'the same as a JSON object; keeps values out of the process list')
    .option('--set <file>', 'JSON array: members of the statement’s $set')
    .option('--minutes <n>', 'until the request expires', '60')
    .option('--out <file>', 'write the signed request there')
  does(make, request)
  does(command.command('show').description('what the answer to a request establishes').argument('<request>', 'its digest'), show)
  does(command.command('list').description('requests made here, and whether they were answered'), list)
}

async function request(session: Session, [name = '']: readonly string[], options: Options): Promise<Outcome> {
  const home = session.home()
  const { statement } = findStatement(await viewOf(home), name)
  const fromFile = typeof options.parameters === 'string' ? await readJsonFile(session, options.parameters) : {}
  const parameters = { ...asMembers(fromFile), ...parseParameters(statement, repeated(options, 'parameter')) }
  const set = typeof options.set === 'string' ? ((await readJsonFile(session, options.set)) as readonly Json[]) : undefined
  const envelope = await ask(home, name, { parameters, minutes: minutesOf(options), ...(set && { set }) })
  const digest = requestDigest(envelope.body)
  const file = typeof options.out === 'string' ? await writeNewFile(session, options.out, `${JSON.stringify(envelope, null, 1)}\n`) : undefined
  const lines = [`request ${digest}`, `expires ${new Date(envelope.body.expires * 1000).toISOString()}`, file ? `wrote it to ${file}` : `the desk hands it out under /requests/${digest}`]
  return { json: { request: digest, expires: envelope.body.expires, ...(file ? { file } : {}) }, lines }
}

export interface Question {
  readonly parameters: Readonly<Record<string, Json>>
  readonly set?: readonly Json[]
  readonly minutes: number
}

/** Makes, signs and keeps a request. @throws Refusal UNKNOWN_STATEMENT, RETIRED, PARAMETER_INVALID */
export async function ask(home: Home, name: string, { parameters, set, minutes }: Question): Promise<Envelope<RequestBody>> {
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

async function show(session: Session, [digest = '']: readonly string[]): Promise<Outcome> {
  const { established } = new Requests(session.home()).get(digest)
  return shown((established as unknown as Established | undefined) ?? refuse('NOT_FOUND', 'the request has not been answered'))
}

async function list(session: Session): Promise<Outcome> {
  const all = new Requests(session.home()).all().map(({ request: { body }, established }) => ({ request: requestDigest(body), statement: body.statement, expires: body.expires, answered: established !== undefined }))
  return { json: all, lines: all.length === 0 ? ['no request has been made'] : all.map(({ request, answered, expires }) => `${request} ${answered ? 'answered' : `open until ${new Date(expires * 1000).toISOString()}`}`) }
}

function minutesOf({ minutes }: Options): number {
  const number = Number(minutes)
  if (!Number.isInteger(number) || number < 1 || number > 525_600) throw new Usage('--minutes is a whole number from 1 to 525600')
  return number
}

function asMembers(json: Json): Record<string, Json> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return refuse('PARAMETER_INVALID', 'parameters are a JSON object')
  return { ...(json as Record<string, Json>) }
}
