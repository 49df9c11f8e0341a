/** `attestry issue`: turns a document into a credential, or checks whether it could be one. */

import type { Command } from 'commander'
import { credentialJson } from '../credential/credential.ts'
import { type Document, parseDocument } from '../document/document.ts'
import { type DocumentFormat, readDocument, supplement } from '../document/reader.ts'
import type { Schema } from '../document/schema.ts'
import { parseSchema } from '../document/schema.ts'
import type { Json } from '../hash/canonical.ts'
import { createOffer } from '../issuer/offers.ts'
import { parseHolderId } from '../issuer/register.ts'
import { does, type Options, type Outcome, required, type Session, Usage } from './command.ts'
import { readJsonFile, readTextFile, requireNewFile, writeNewFile } from './files.ts'
import { withRegister } from './issuer.ts'
import { schemaSource } from './lookup.ts'

const DAY = 86_400

export function define(command: Command): void {
  command
    .argument('<document>', 'UBL XML, FHIR JSON or plain JSON; - for standard input')
    .requiredOption('--schema <name>', 'schema to issue under; with --dry-run also a schema file')
    .option('--with <file>', 'JSON members that the document does not have and the issuer knows')
    .option('--format <format>', 'json, ubl-2 or fhir-r4 (default: found out)')
    .option('--days <n>', 'days until the credential expires', '365')
    .option('--replace', 'revoke every earlier credential of the same record')
    .option('--holder <id>', 'issue to this holder id (`attestry wallet holder-id`)')
    .option('--offer', 'make a one-time code for whoever the document is about, instead of --holder')
    .option('--out <file>', 'write the credential there')
    .option('--dry-run', 'only say everything that is wrong with the document, or how it reads')
  does(command, issue)
}

async function issue(session: Session, [file = '']: readonly string[], options: Options): Promise<Outcome> {
  const name = required(options, 'schema')
  if (options.dryRun === true) return described(await read(session, file, await schemaFor(session, name), options))
  if ((options.holder === undefined) === (options.offer === undefined)) throw new Usage('give either --holder ID or --offer')
  if (typeof options.out === 'string') requireNewFile(session, options.out)
  return withRegister(session.home(), async (register) => {
    const document = await read(session, file, register.schema(name), options)
    const now = Math.floor(Date.now() / 1000)
    const expiresAt = now + daysOf(options) * DAY
    if (options.offer === true) {
      const offer = createOffer(register, { document, validUntil: expiresAt, replace: options.replace === true }, now)
      return { json: { ...offer }, lines: [offer.code, 'give this code to the holder over a private way; it works once'] }
    }
    const holderId = parseHolderId(options.holder, '--holder')
    const { id, credential } = register.issue({ document, holderId, expiresAt, replace: options.replace === true }, now)
    const json = credentialJson(credential)
    if (typeof options.out !== 'string') return { json: { id, credential: json }, lines: [JSON.stringify(json)] }
    const out = await writeNewFile(session, options.out, `${JSON.stringify(json, null, 1)}\n`)
    return { json: { id, file: out }, lines: [`issued ${id} to ${out}`, `revoke it with \`attestry revoke ${id}\``] }
  })
}

/** Reads a document by its schema, with what the issuer adds. @throws Refusal DOCUMENT_INVALID with every problem */
export async function read(session: Session, file: string, schema: Schema, { with: added, format }: Options): Promise<Document> {
  const text = await readTextFile(session, file)
  const json = readDocument(schema, text, formatOf(format))
  return parseDocument(schema, typeof added === 'string' ? supplement(json, await readJsonFile(session, added)) : json)
}

async function schemaFor(session: Session, name: string): Promise<Schema> {
  if (/\.json$|[/\\]/.test(name)) return parseSchema(await readJsonFile(session, name))
  const found = (await schemaSource(session, []))(name)
  if (!found) throw new Usage(`no schema ${name}: give a schema file`)
  return found
}

function described({ schema, json }: Document): Outcome {
  const members = json as Readonly<Record<string, Json>>
  const lines = schema.fields.map(({ name }) => `  ${name.padEnd(20)} ${JSON.stringify(members[name])}`)
  return { json: { schema: schema.name, document: json as Json }, lines: [`the document fits ${schema.name} version ${schema.version}`, ...lines] }
}

function formatOf(format: Options[string]): DocumentFormat | undefined {
  if (format === undefined || format === 'json' || format === 'ubl-2' || format === 'fhir-r4') return format
  throw new Usage('--format is json, ubl-2 or fhir-r4')
}

function daysOf({ days }: Options): number {
  const number = Number(days)
  if (!Number.isInteger(number) || number < 1 || number > 36_500) throw new Usage('--days is a whole number from 1 to 36500')
  return number
}
