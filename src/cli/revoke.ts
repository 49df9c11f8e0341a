/** `attestry revoke`: revokes credentials and tells the registry. */

import type { Command } from 'commander'
import { Refusal } from '../errors/errors.ts'
import { does, type Options, type Outcome, type Session, Usage } from './command.ts'
import { read } from './issue.ts'
import { publishLists, withRegister } from './issuer.ts'

export function define(command: Command): void {
  command
    .argument('[credential]', 'id of one credential, as `attestry issue` printed it')
    .option('--document <file>', 'instead: every credential of the record in this document')
    .option('--schema <name>', 'schema of that document')
    .option('--with <file>', 'JSON members that the document does not have')
    .option('--format <format>', 'json, ubl-2 or fhir-r4 (default: found out)')
    .option('--no-publish', 'do not publish the status list yet')
  does(command, revoke)
}

async function revoke(session: Session, [credential]: readonly string[], options: Options): Promise<Outcome> {
  const { document, schema } = options
  if ((credential === undefined) === (document === undefined)) throw new Usage('give either the id of a credential or --document FILE --schema NAME')
  const home = session.home()
  const revoked = await withRegister(home, async (register) => {
    const now = Math.floor(Date.now() / 1000)
    if (credential !== undefined) return register.revoke({ credential }, now)
    if (typeof document !== 'string' || typeof schema !== 'string') throw new Usage('--document needs --schema')
    return register.revoke({ record: await read(session, document, register.schema(schema), options) }, now)
  })
  const published = options.publish !== false && (await publishOrSay(session, () => publishLists(home)))
  const lines = [`revoked ${revoked} credential${revoked === 1 ? '' : 's'}`, published ? 'the registry knows' : 'the registry does not know yet: `attestry issuer publish`']
  return { json: { revoked, published }, lines }
}

/** Revoked is revoked, also when the registry cannot be told now. */
async function publishOrSay(session: Session, publish: () => Promise<unknown>): Promise<boolean> {
  try {
    await publish()
    return true
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    session.note(`the status list could not be published: ${error.code}: ${error.message}`)
    return false
  }
}
