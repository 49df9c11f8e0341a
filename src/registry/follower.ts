/**
 * Following a log: every entry is decided again and must come out the same, so that a follower needs no trust in the
 * registry but that it showed everyone the same log (SPEC §7.2).
 */

import { bug, refuse, Refusal } from '../errors/errors.ts'
import { type Field, parseField } from '../field/field.ts'
import { canonicalJson, type Json } from '../hash/canonical.ts'
import { type Checks, factsFor, type Reads } from './checks.ts'
import { type Command, type CommandBody, parseCommand } from './command.ts'
import { Signers } from './commands/authority.ts'
import { statusOutcome } from './commands/issuers.ts'
import { conclude, decide } from './decide.ts'
import { bodyDigest, type Entry } from './entry.ts'
import { State } from './state.ts'

export class Follower {
  readonly state = new State()
  private readonly checks: Checks
  private readonly bodiesSince: number
  private readonly spent = new Map<string, Entry>()
  private readonly nonces = new Map<string, Entry>()

  /**
   * @param bodiesSince entries from this time on (seconds) must come with their body. 0, all of them: a missing body is taken on
   *   trust, and an operator who may call any body pruned could hide a false proof. A follower that began late gives the start of
   *   the registry's retention.
   */
  constructor(checks: Checks, bodiesSince = 0) {
    this.checks = checks
    this.bodiesSince = bodiesSince
  }

  /**
   * Takes the next entry over.
   *
   * @param command undefined when its body was pruned, before `bodiesSince`: then proofs and superseded status lists are taken over as the entry tells
   * @throws Refusal CORRUPT when the entry does not follow from the command and the entries before it
   */
  async follow(entry: Entry, command: Command | undefined): Promise<void> {
    requireNext(this.state, entry)
    if (!command && entry.at >= this.bodiesSince) return refuse('CORRUPT', `the body of entry ${entry.index} is missing, too young to have been pruned`)
    if (command && bodyDigest(command) !== entry.body) return refuse('CORRUPT', `the body of entry ${entry.index} is not the one that its entry names`)
    const nullifiers = entry.type === 'proof.submit' ? (entry.facts.nullifiers as string[]) : []
    if (nullifiers.some((nullifier) => this.spent.has(nullifier))) return refuse('CORRUPT', `entry ${entry.index} spends a nullifier again`)
    await followEntry(this.state, entry, command, this.checks, this.reads)
    for (const nullifier of nullifiers) this.spent.set(nullifier, entry)
    if (command?.body.nonce !== undefined) this.nonces.set(command.body.nonce, entry)
  }

  private readonly reads: Reads = {
    spentBy: async (nullifiers) => new Map(nullifiers.flatMap((nullifier) => [...(this.spent.has(nullifier) ? [[nullifier, this.spent.get(nullifier) ?? bug('lost entry')] as const] : [])])),
    nonceUsedBy: async (nonce) => this.nonces.get(nonce),
  }
}

/**
 * The state after a log's entries.
 * @param bodyOf the command with that digest, as JSON; undefined when it was pruned
 * @param bodiesSince see `Follower`
 */
export async function replay(entries: Iterable<Entry>, bodyOf: (digest: string) => Json | undefined, checks: Checks, bodiesSince = 0): Promise<State> {
  const follower = new Follower(checks, bodiesSince)
  for (const entry of entries) {
    const body = bodyOf(entry.body)
    await follower.follow(entry, body === undefined ? undefined : parseCommand(body))
  }
  return follower.state
}

/** Applies one entry to a state, by deciding its command again, or by its facts where the command was pruned. */
export async function followEntry(state: State, entry: Entry, command: Command | undefined, checks: Checks, reads: Reads): Promise<void> {
  if (!command) return takeOver(state, entry)
  try {
    const decision = decide(state, command, await factsFor(command, state, entry.at, checks, reads), entry.at)
    if (decision.kind !== 'record' || canonicalJson(decision.entry) !== canonicalJson(entry)) return refuse('CORRUPT', `entry ${entry.index} is not what its command leads to`)
    decision.writes.apply()
  } catch (error) {
    if (error instanceof Refusal && error.code !== 'CORRUPT') return refuse('CORRUPT', `entry ${entry.index} holds what would be refused: ${error.code}`)
    throw error
  }
}

/** Without the command: what the log says has happened. Only for what retention lets go. */
export function takeOver(state: State, entry: Entry): void {
  requireNext(state, entry)
  if (entry.type === 'proof.submit') {
    state.size = entry.index + 1
    state.at = entry.at
  } else if (entry.type === 'status.publish') takeOverList(state, entry)
  else refuse('CORRUPT', `the body of entry ${entry.index} (${entry.type}) is missing`)
}

function takeOverList(state: State, entry: Entry): void {
  const { facts, index, at } = entry
  const field = (name: string): Field => parseField(facts[name])
  const known = state.lists.get(field('listId')) ?? refuse('CORRUPT', `entry ${index} publishes an unknown list`)
  const published = { ...known, sequence: Number(facts.sequence), statusRoot: field('statusRoot'), body: entry.body }
  const command = { body: { type: entry.type, origin: entry.origin } as CommandBody, signatures: [] }
  const situation = { state, signers: new Signers(state, command), facts: { spent: new Map() }, digest: entry.body, index, at }
  const outcome = statusOutcome(published, situation)
  const decision = conclude(state, command, situation, outcome)
  if (decision.kind !== 'record' || canonicalJson(outcome.facts) !== canonicalJson(facts)) return refuse('CORRUPT', `entry ${index} records another directory than its status root leads to`)
  decision.writes.apply()
}

function requireNext(state: State, { entry, index, at, origin }: Entry): void {
  if (entry !== 1 || index !== state.size || at < state.at || (index > 0 && origin !== state.origin)) refuse('CORRUPT', `entry ${index} does not follow the one before it`)
}
