/**
 * The registry's state machine (SPEC §7): one command, decided on the state, on facts read before, and on the sequencer's
 * time. Pure and synchronous, so that every follower of the log comes to the same decisions.
 */

import { refuse } from '../errors/errors.ts'
import type { Command, CommandBody, CommandType } from './command.ts'
import { readSubmission, recordsSame, submitProof } from './commands/acceptance.ts'
import { Signers } from './commands/authority.ts'
import { accredit, publishStatus, registerSchema, retire } from './commands/issuers.ts'
import { admit, genesis, rotate, suspend } from './commands/organisations.ts'
import { publishSet, registerRegulator, registerScope } from './commands/publications.ts'
import { activateProtocol, registerShape, registerStatement, retireShape, retireStatement } from './commands/statements.ts'
import { bodyDigest, type Entry } from './entry.ts'
import type { Facts, Handler, Outcome, Situation } from './outcome.ts'
import type { State } from './state.ts'

const HANDLERS: { readonly [T in CommandType]: Handler<T> } = {
  'genesis': genesis,
  'organisation.admit': admit,
  'organisation.rotate': rotate,
  'organisation.suspend': suspend,
  'schema.register': registerSchema,
  'issuer.accredit': accredit,
  'issuer.retire': retire,
  'status.publish': publishStatus,
  'set.publish': publishSet,
  'scope.register': registerScope,
  'regulator.register': registerRegulator,
  'shape.register': registerShape,
  'shape.retire': retireShape,
  'statement.register': registerStatement,
  'statement.retire': retireStatement,
  'proof.submit': submitProof,
  'protocol.activate': activateProtocol,
}

export type Decision =
  /** The same was recorded before: its receipt is the answer. */
  | { readonly kind: 'recorded'; readonly index: number }
  | { readonly kind: 'record'; readonly entry: Entry; readonly writes: Writes }

export interface Writes {
  readonly nullifiers: readonly string[]
  readonly nonce: string | null
  /** Changes the state. To be called exactly once, after entry and nullifiers are durable. */
  readonly apply: () => void
}

/**
 * Decides a command.
 *
 * @param state changed only by the decision's `apply`
 * @param at seconds since 1970, not before the state's last entry
 * @throws Refusal with the first check that failed; nothing has changed then
 */
export function decide(state: State, command: Command, facts: Facts, at: number): Decision {
  const { body } = command
  requirePlace(state, body)
  const digest = bodyDigest(command)
  const earlier = recordedBefore(state, command, facts)
  if (earlier !== undefined) return { kind: 'recorded', index: earlier }
  const situation = { state, signers: signersOf(state, command), facts, digest, index: state.size, at }
  const outcome = handle(body, situation)
  return conclude(state, command, situation, outcome)
}

/** Makes the entry of an outcome, and what is written with it. */
export function conclude(state: State, { body }: Command, { signers, digest, index, at }: Omit<Situation, 'facts'>, outcome: Outcome): Decision {
  const entry: Entry = { entry: 1, origin: body.origin, index, at, type: body.type, body: digest, signers: signers.all, facts: outcome.facts }
  const apply = () => {
    outcome.apply()
    state.size = index + 1
    state.at = at
  }
  return { kind: 'record', entry, writes: { nullifiers: outcome.nullifiers ?? [], nonce: body.nonce ?? null, apply } }
}

function handle<T extends CommandType>(body: CommandBody<T>, situation: Situation): Outcome {
  // The table's type ties each handler to its type of body; TypeScript cannot follow that through the union.
  const handler = HANDLERS[body.type] as unknown as Handler<T>
  return handler(body, situation)
}

function requirePlace(state: State, body: CommandBody): void {
  if (state.size === 0 && body.type !== 'genesis') refuse('NOT_READY', 'this registry has no genesis yet')
  if (state.size > 0 && body.origin !== state.origin) refuse('WRONG_ORIGIN', 'the command is for another registry')
}

function signersOf(state: State, command: Command): Signers {
  const { type } = command.body
  if ((type === 'genesis' || type === 'proof.submit') && command.signatures.length > 0) refuse('MALFORMED', `${type} has no signatures`)
  return new Signers(state, command)
}

/** The index of the entry that recorded this very command, or a proof of the same public inputs. @throws Refusal REPLAYED */
function recordedBefore(state: State, command: Command, { nonce, spent }: Facts): number | undefined {
  if (nonce) return nonce.body === bodyDigest(command) ? nonce.index : refuse('REPLAYED', 'the nonce was used before, for another command')
  if (command.body.type !== 'proof.submit' || spent.size === 0) return undefined
  const { facts } = readSubmission((command.body as CommandBody<'proof.submit'>).submission, state)
  return [...spent.values()].find((entry) => recordsSame(entry, facts))?.index
}
