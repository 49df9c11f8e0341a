/** Commands to the registry: made, signed with the organisation key, sent, and their receipts kept. */

import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { refuse } from '../errors/errors.ts'
import type { Json } from '../hash/canonical.ts'
import { type Envelope, signEnvelope } from '../signature/envelope.ts'
import type { OrganisationKey } from '../signature/organisation-key.ts'
import type { Options, Outcome, Session } from './command.ts'
import { writeNewFile } from './files.ts'
import { type Home, writePrivate } from './home.ts'
import { registryOf } from './link.ts'

export function signingOptions(command: Command): Command {
  return command.option('--out <file>', 'only sign, into this file, for others to sign with `attestry registry sign`')
}

/** Makes a command of this organisation and sends it, or writes it to `--out` for further signatures. */
export async function act(session: Session, options: Options, type: string, members: Readonly<Record<string, Json>>, shown: Readonly<Record<string, Json>>): Promise<Outcome> {
  const home = session.home()
  const origin = home.config.origin ?? refuse('NOT_FOUND', 'this home has no registry yet: `attestry init --registry URL`')
  const body = { type, origin, nonce: randomBytes(16).toString('hex'), ...members }
  return signAndSend(session, home, { body, signatures: [] }, options, shown)
}

/** Adds this organisation's signature to a command and sends it, or writes it to `--out`. */
export async function signAndSend(session: Session, home: Home, command: Envelope, { out }: Options, shown: Readonly<Record<string, Json>>): Promise<Outcome> {
  const signed = signEnvelope(command, home.organisation, home.readKey<OrganisationKey>('organisation'))
  if (typeof out === 'string') {
    const file = await writeNewFile(session, out, `${JSON.stringify(signed, null, 1)}\n`, 0o644)
    const by = signed.signatures.map(({ organisation }) => organisation)
    return { json: { ...shown, file, signedBy: by }, lines: [`signed ${command.body.type} into ${file}; signed by ${by.join(', ')}`] }
  }
  const receipt = await registryOf(home).submit(signed)
  return recorded(home, receipt, command.body.type, shown)
}

/** Keeps a receipt, and says so. */
export function recorded(home: Home, receipt: Json, what: string, shown: Readonly<Record<string, Json>>): Outcome {
  const { entry } = receipt as unknown as { entry: { index: number; at: number } }
  const file = receiptPath(home, entry.index)
  writePrivate(file, `${JSON.stringify(receipt, null, 1)}\n`)
  const facts = Object.entries(shown).map(([name, value]) => `  ${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return { json: { ...shown, index: entry.index, at: entry.at, receipt: file }, lines: [`recorded ${what} as entry ${entry.index}`, ...facts, `  receipt ${file}`] }
}

export function receiptPath(home: Home, index: number): string {
  return home.data('receipts', `${index}.json`)
}
