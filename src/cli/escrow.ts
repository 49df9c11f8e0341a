/** `attestry escrow`: the regulator's side of a statement with escrow. */

import type { Command } from 'commander'
import { refuse } from '../errors/errors.ts'
import { parseField } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import type { Digest } from '../hash/digest.ts'
import { openEscrow, parseEscrowKey } from '../verifier/escrow.ts'
import { parseReceipt, verifyReceipt } from '../verifier/receipt.ts'
import { does, type Outcome, type Session, Usage } from './command.ts'
import { registryOf } from './link.ts'

export function define(command: Command): void {
  does(command.command('open').description('open the escrowed values of a recorded proof with the escrow key').argument('<index>', 'entry of the log'), open)
}

async function open(session: Session, [index = '']: readonly string[]): Promise<Outcome> {
  if (!/^(0|[1-9][0-9]{0,14})$/.test(index)) throw new Usage('the index of an entry is a whole number')
  const home = session.home()
  const key = parseEscrowKey(home.readKey('escrow'))
  const registry = registryOf(home)
  const view = await registry.view()
  const { entry } = verifyReceipt(parseReceipt(await registry.client.receipt(Number(index))), view.origin, view.logKey)
  if (entry.type !== 'proof.submit') return refuse('NOT_FOUND', `entry ${index} records no proof`)
  const facts = entry.facts as Readonly<Record<string, Json>>
  const { statement } = view.statements.get(facts.statement as Digest) ?? refuse('UNKNOWN_STATEMENT', 'the statement of the entry is not registered')
  const escrow = (facts.escrow as readonly string[]).map((element) => parseField(element))
  const values = openEscrow(statement, { escrow, context: parseField(facts.context) }, key)
  return { json: { index: entry.index, statement: statement.definition.statement, values }, lines: Object.entries(values).map(([name, value]) => `${name} = ${JSON.stringify(value)}`) }
}
