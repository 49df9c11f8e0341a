/**
 * A registry at work: one command after the other is decided, made durable and answered with a receipt (SPEC §7).
 *
 * The state is what the log's entries lead to, held in memory; store and log are checked against each other on opening and
 * followed when another process appends. Nothing is signed that is not durable, and nothing at all once stored data has
 * failed a check or the disk has failed: then the process has to be started again, which checks everything.
 */

import { Refusal, refuse } from '../errors/errors.ts'
import { type Field, printField } from '../field/field.ts'
import { canonicalJson, type Json } from '../hash/canonical.ts'
import type { Digest } from '../hash/digest.ts'
import { type Envelope, signEnvelope } from '../signature/envelope.ts'
import type { OrganisationKey } from '../signature/organisation-key.ts'
import { type Checks, factsFor, type Reads } from './checks.ts'
import { type Command, type CommandBody, parseCommand } from './command.ts'
import { decide, type Decision } from './decide.ts'
import { type Entry, leafOf } from './entry.ts'
import type { Frontier } from './log.ts'
import { commandOf, entryOf, extend, openLog } from './opening.ts'
import { isCount, type Receipt, SignedLog } from './signed-log.ts'
import type { State } from './state.ts'
import type { Store } from './store.ts'
import { listsBody, type ViewBody, viewBody } from './view.ts'

export interface RegistryOptions {
  readonly store: Store
  /** Ed25519; the one that genesis names. */
  readonly logKey: OrganisationKey
  readonly checks: Checks
  /** Seconds since 1970; may jump, the log's time never goes back. */
  readonly clock?: () => number
  /** Commands waiting at most; further ones are refused with BUSY. Default 256. */
  readonly queue?: number
}

export type { Receipt } from './signed-log.ts'

const MAX_PAGE = 1_000

export class Registry {
  private readonly options: RegistryOptions
  private readonly reads: Reads
  private readonly state: State
  private readonly log: SignedLog
  private waiting = 0
  private last: Promise<unknown> = Promise.resolve()
  private halted: Refusal | undefined

  private constructor(options: RegistryOptions, state: State, frontier: Frontier) {
    this.options = options
    this.state = state
    this.log = new SignedLog(options.store, options.logKey, frontier)
    const { spentBy, nonceUsedBy } = storeReads(options.store)
    this.reads = { spentBy: (nullifiers) => this.guarded(() => spentBy(nullifiers)), nonceUsedBy: (nonce) => this.guarded(() => nonceUsedBy(nonce)) }
  }

  /**
   * Opens a registry on its store and checks every row of it.
   * @throws Refusal CORRUPT when store, log and last checkpoint do not agree, KEY_INVALID when the log key is not genesis's, STORAGE, BUSY
   */
  static async open(options: RegistryOptions): Promise<Registry> {
    const { state, frontier } = await openLog(options)
    return new Registry(options, state, frontier)
  }

  /** Entries in the log, as far as this process has seen it. */
  get size(): number {
    return this.state.size
  }

  /** Commands that wait or are being decided. */
  get queued(): number {
    return this.waiting
  }

  /** Why nothing is signed any more; undefined while all is well. */
  get failure(): Refusal | undefined {
    return this.halted
  }

  /**
   * Decides a command and records it. The same command, or a proof of the same public inputs, gives the same receipt again.
   * @throws Refusal of `parseCommand` and `decide`; BUSY when too many wait; CORRUPT, STORAGE; nothing is written then
   */
  async submit(json: unknown): Promise<Receipt> {
    const command = parseCommand(json)
    if (this.waiting >= (this.options.queue ?? 256)) return refuse('BUSY', 'too many commands are waiting')
    this.waiting++
    const turn = this.last.then(() => this.record(command))
    this.last = turn.catch(() => undefined)
    return turn.finally(() => this.waiting--)
  }

  /** The log's newest state. @throws Refusal NOT_READY before genesis */
  checkpoint(): string {
    this.requireSound()
    return this.log.checkpoint(this.state.origin)
  }

  /**
   * The receipt of an entry, for the log of `size` entries.
   * @param size default: just after the entry, so that a receipt is the same whenever it is asked for
   * @throws Refusal NOT_FOUND, MALFORMED, CORRUPT
   */
  async receipt(index: number, size: number = index + 1): Promise<Receipt> {
    this.requireSound()
    return this.guarded(() => this.log.receipt(index, size))
  }

  /** RFC 6962's inclusion proof of an entry, base64. @throws Refusal NOT_FOUND, MALFORMED, CORRUPT */
  async inclusion(index: number, size: number): Promise<readonly string[]> {
    return (await this.receipt(index, size)).inclusion
  }

  /** RFC 6962's proof that the log of `first` entries is a prefix of that of `second`, base64. @throws Refusal NOT_FOUND, MALFORMED, CORRUPT */
  async consistency(first: number, second: number): Promise<readonly string[]> {
    this.requireSound()
    return this.guarded(() => this.log.consistency(first, second))
  }

  /** Entries from an index on; fewer than asked for at the end of the log. A page never changes: entries are only appended. */
  async entries(from: number, limit: number): Promise<readonly Entry[]> {
    if (!isCount(from) || !isCount(limit) || limit < 1 || limit > MAX_PAGE) return refuse('MALFORMED', `entries are read from an index on, 1 to ${MAX_PAGE} at a time`)
    const visible = Math.max(0, Math.min(limit, this.size - from))
    return visible === 0 ? [] : (await this.options.store.leaves(from, visible)).map(entryOf)
  }

  /** The command with this digest. @throws Refusal NOT_FOUND (never was, or pruned), CORRUPT */
  async body(digest: Digest): Promise<Command> {
    return this.guarded(async () => {
      const json = await this.options.store.body(digest)
      return json === undefined ? refuse('NOT_FOUND', 'no such body is kept') : commandOf(json, digest)
    })
  }

  /** The entry that spent a nullifier. @throws Refusal NOT_FOUND */
  async spentIn(nullifier: Field): Promise<number> {
    const index = (await this.options.store.spentBy([printField(nullifier)])).get(printField(nullifier))
    return index ?? refuse('NOT_FOUND', 'the nullifier is unspent')
  }

  /** The public state as of the newest checkpoint, signed (SPEC §7.3). @throws Refusal NOT_READY, BUSY (while it takes over another process's entries) */
  view(): Envelope<ViewBody> {
    if (this.state.size !== this.log.frontier.size) refuse('BUSY', 'the registry is catching up with another process')
    return signEnvelope(viewBody(this.state, this.checkpoint()), this.state.origin, this.options.logKey)
  }

  /** All status lists of a schema (SPEC §7.3). @throws Refusal UNKNOWN_SCHEMA */
  async lists(schemaId: Field): Promise<Json> {
    if (!this.state.schemas.has(schemaId)) return refuse('UNKNOWN_SCHEMA', 'the schema is not registered')
    return listsBody(this.state, schemaId, async (digest) => ((await this.body(digest)).body as CommandBody<'status.publish'>).list)
  }

  /** What the state holds, to read. */
  get known(): State {
    return this.state
  }

  /**
   * Forgets the bodies of proofs recorded before a time, and of status lists that later ones replaced.
   * @returns how many bodies were let go
   */
  async prune(before: number): Promise<number> {
    const current = new Set([...this.state.lists.values()].map(({ body }) => body))
    const digests: Digest[] = []
    for (let from = 0; from < this.size; from += MAX_PAGE) {
      for (const { type, body, at } of await this.entries(from, MAX_PAGE)) {
        const lets = type === 'proof.submit' ? at < before : type === 'status.publish' && !current.has(body) && at < before
        if (lets && (await this.options.store.body(body)) !== undefined) digests.push(body)
      }
    }
    await this.options.store.prune(digests)
    return digests.length
  }

  /** Waits for the commands under way and closes the store. */
  async close(): Promise<void> {
    await this.last
    await this.options.store.close()
  }

  private async record(command: Command): Promise<Receipt> {
    for (;;) {
      this.requireSound(false)
      await this.guarded(() => this.catchUp())
      const at = Math.max(this.options.clock?.() ?? Math.floor(Date.now() / 1000), this.state.at)
      requireLogKey(command, this.options.logKey)
      // Outside the guard: nothing has changed yet, so a defect that some command uncovers here ends this command and not the registry.
      const decision = decide(this.state, command, await factsFor(command, this.state, at, this.options.checks, this.reads), at)
      // Another process may have recorded it a moment ago: then this one catches up first.
      if (decision.kind === 'recorded' && decision.index < this.size) return this.receipt(decision.index)
      if (decision.kind === 'record' && (await this.guarded(() => this.write(command, decision)))) return this.receipt(decision.entry.index)
    }
  }

  /** @returns false when another process has appended first */
  private async write(command: Command, { entry, writes }: Decision & { kind: 'record' }): Promise<boolean> {
    const frontier = this.log.frontier.copy()
    const nodes = frontier.append(leafOf(entry))
    const { nullifiers, nonce, apply } = writes
    const body = { digest: entry.body, json: canonicalJson(command as unknown as Json) }
    const result = await this.options.store.commit({ index: entry.index, leaf: canonicalJson(entry), body, nodes, nullifiers, nonce })
    if (result === 'superseded') return false
    await this.publish(entry.origin, frontier, apply)
    return true
  }

  /** Takes over what another process has appended. */
  private async catchUp(): Promise<void> {
    const size = await this.options.store.size()
    if (size === this.size) return
    const frontier = this.log.frontier.copy()
    await extend(this.options.store, this.state, frontier, size)
    await this.publish(this.state.origin, frontier)
  }

  /** Keeps the checkpoint, then shows it, and the state with it: what was signed once is never forgotten. */
  private async publish(origin: string, frontier: Frontier, apply: () => void = () => undefined): Promise<void> {
    await this.options.store.keepCheckpoint(this.log.checkpoint(origin, frontier))
    this.log.frontier = frontier
    apply()
  }

  private requireSound(withGenesis = true): void {
    if (this.halted) throw this.halted
    if (withGenesis && this.state.size === 0) refuse('NOT_READY', 'this registry has no genesis yet')
  }

  /** Ends all signing when stored data or the disk has failed. */
  private async guarded<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (error) {
      if (!(error instanceof Refusal)) this.halted ??= new Refusal('CORRUPT', 'the registry has met a state that it cannot explain')
      else if (error.code === 'CORRUPT' || error.code === 'STORAGE') this.halted ??= error
      throw error
    }
  }
}

function storeReads(store: Store): Reads {
  const entryAt = async (index: number): Promise<Entry> => entryOf((await store.leaves(index, 1))[0] ?? refuse('CORRUPT', `entry ${index} is missing`))
  return {
    async spentBy(nullifiers) {
      const spent = await store.spentBy(nullifiers)
      return new Map(await Promise.all([...spent].map(async ([nullifier, index]) => [nullifier, await entryAt(index)] as const)))
    },
    async nonceUsedBy(nonce) {
      const index = await store.nonceUsedBy(nonce)
      return index === undefined ? undefined : entryAt(index)
    },
  }
}

/** @throws Refusal KEY_INVALID when a genesis names another log key than the one this registry signs with */
function requireLogKey({ body }: Command, logKey: OrganisationKey): void {
  if (body.type === 'genesis' && (body as CommandBody<'genesis'>).logKey.publicKey !== logKey.publicKey) refuse('KEY_INVALID', 'genesis names another log key than this registry has')
}
