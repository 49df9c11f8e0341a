/**
 * Following a log: every entry is decided again and must come out the same, so that a follower needs no trust in the
 * registry but that it showed everyone the same log (SPEC §7.2).
 */

import { invariant, refuse, Refusal } from '../errors/errors.ts'
import { type Field, parseField } from '../field/field.ts'
import { canonicalJson } from '../hash/canonical.ts'
import { type Checks, factsFor, type ProofClaim, type Reads } from './checks.ts'
import type { Command, CommandBody } from './command.ts'
import { Signers } from './commands/authority.ts'
import { statusOutcome } from './commands/issuers.ts'
import { conclude, decide } from './decide.ts'
import { bodyDigest, type Entry } from './entry.ts'
import { State } from './state.ts'

/** An entry with its command; undefined when that was pruned. */
export interface Recorded {
  readonly entry: Entry
  readonly command: Command | undefined
}

/** Proofs that `followAll` verifies at once: more of them save little more, and cost more when some are false. */
export const PROOFS_AT_ONCE = 64

export class Follower {
  private readonly followed = new State()
  private readonly checks: Checks
  private readonly bodiesSince: number
  private readonly spent = new Set<string>()
  private readonly nonces = new Map<string, Entry>()
  /** Proofs that entries claim to have been accepted, not verified yet: never more than PROOFS_AT_ONCE. */
  private claims: (ProofClaim & { readonly index: number })[] = []
  private failure: Refusal | undefined

  /**
   * @param bodiesSince entries from this time on (seconds) must come with their body. 0, all of them: a missing body is taken on
   *   trust, and an operator who may call any body pruned could hide a false proof. A follower that began late gives the start of
   *   the registry's retention.
   */
  constructor(checks: Checks, bodiesSince = 0) {
    this.checks = checks
    this.bodiesSince = bodiesSince
  }

  /** What the entries lead to. @throws Refusal CORRUPT when one of their proofs was found false */
  get state(): State {
    this.requireSound()
    invariant(this.claims.length === 0, 'nobody sees a state whose proofs are not verified')
    return this.followed
  }

  /**
   * Takes the next entry over.
   *
   * @param command undefined when its body was pruned, before `bodiesSince`: then proofs and superseded status lists are taken over as the entry tells
   * @throws Refusal CORRUPT when the entry does not follow from the command and the entries before it
   */
  async follow(entry: Entry, command: Command | undefined): Promise<void> {
    this.requireSound()
    await this.take(entry, command, this.checks)
  }

  /**
   * Takes the next entries over, as `follow` does one by one, but with their proofs verified many at once, after the entries have been
   * applied as if they held. When it is done, all do.
   *
   * However it ends, also because the entries cannot be had any longer, the proofs before are verified first: nothing that comes after a
   * false one hides it.
   *
   * @throws Refusal CORRUPT for the first entry that does not follow; after a false proof nothing can be followed any more. Whatever the iteration throws
   */
  async followAll(recorded: AsyncIterable<Recorded> | Iterable<Recorded>): Promise<void> {
    this.requireSound()
    try {
      for await (const { entry, command } of recorded) {
        await this.take(entry, command, this.trusting)
        if (this.claims.length >= PROOFS_AT_ONCE) await this.verifyClaims()
      }
    } finally {
      await this.verifyClaims()
    }
  }

  private async take(entry: Entry, command: Command | undefined, checks: Checks): Promise<void> {
    requireNext(this.followed, entry)
    if (!command && entry.at >= this.bodiesSince) return refuse('CORRUPT', `the body of entry ${entry.index} is missing, too young to have been pruned`)
    if (command && bodyDigest(command) !== entry.body) return refuse('CORRUPT', `the body of entry ${entry.index} is not the one that its entry names`)
    const nullifiers = nullifiersOf(entry)
    if (nullifiers.some((nullifier) => this.spent.has(nullifier))) return refuse('CORRUPT', `entry ${entry.index} spends a nullifier again`)
    await followEntry(this.followed, entry, command, checks, this.reads)
    for (const nullifier of nullifiers) this.spent.add(nullifier)
    if (command?.body.nonce !== undefined) this.nonces.set(command.body.nonce, entry)
  }

  private async verifyClaims(): Promise<void> {
    this.requireSound()
    if (this.claims.length === 0) return
    const verdicts = await this.checks.proofs(this.claims)
    const at = this.claims.findIndex((_, i) => verdicts[i] !== true)
    const [claim, verdict] = [this.claims[at], verdicts[at]]
    if (claim) throw (this.failure = notAcceptable(claim.index, verdict instanceof Refusal ? verdict : FALSE_PROOF))
    this.claims = []
  }

  private requireSound(): void {
    if (this.failure) throw this.failure
  }

  /** What an entry claims about its proof is believed, until it is verified with others. */
  private readonly trusting: Checks = {
    proof: async (claim) => {
      this.claims.push({ ...claim, index: this.followed.size })
      return true
    },
    proofs: (claims) => this.checks.proofs(claims),
    key: (shape, body, mode) => this.checks.key(shape, body, mode),
  }

  private readonly reads: Reads = {
    // An entry that spends a nullifier again is refused before it is decided, and one with other nullifiers than its command after.
    spentBy: async () => new Map(),
    nonceUsedBy: async (nonce) => this.nonces.get(nonce),
  }
}

const FALSE_PROOF = new Refusal('PROOF_INVALID', 'the proof does not hold for its public inputs')

/** Applies one entry to a state, by deciding its command again, or by its facts where the command was pruned. */
export async function followEntry(state: State, entry: Entry, command: Command | undefined, checks: Checks, reads: Reads): Promise<void> {
  try {
    if (!command) return takeOver(state, entry)
    const decision = decide(state, command, await factsFor(command, state, entry.at, checks, reads), entry.at)
    if (decision.kind !== 'record' || canonicalJson(decision.entry) !== canonicalJson(entry)) return refuse('CORRUPT', `entry ${entry.index} is not what its command leads to`)
    decision.writes.apply()
  } catch (error) {
    throw error instanceof Refusal && error.code !== 'CORRUPT' ? notAcceptable(entry.index, error) : error
  }
}

function notAcceptable(index: number, { code, message }: Refusal): Refusal {
  return new Refusal('CORRUPT', `entry ${index} holds what would be refused: ${code}: ${message}`)
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

/** What a proof spends, command or no command, each in its one spelling. */
function nullifiersOf({ type, index, facts: { nullifiers } }: Entry): string[] {
  if (type !== 'proof.submit') return []
  const spelt = Array.isArray(nullifiers) && nullifiers.every(isField)
  return spelt ? (nullifiers as string[]) : refuse('CORRUPT', `entry ${index} does not say what it spends`)
}

function isField(text: unknown): boolean {
  try {
    parseField(text)
    return true
  } catch (error) {
    if (error instanceof Refusal) return false
    throw error
  }
}
