/**
 * An audit (SPEC §7.2): anybody goes over a registry's whole log. Every entry is decided again and every proof verified, the tree is
 * built again up to what the log key signed, and the registry's view must be what the entries lead to. Nothing is believed but the log
 * key, and pruned bodies as far as the caller says.
 */

import { bug, Refusal, refuse } from '../errors/errors.ts'
import { canonicalJson, type Json } from '../hash/canonical.ts'
import type { Digest } from '../hash/digest.ts'
import { parseEnvelope, requireSignatures } from '../signature/envelope.ts'
import type { PublicKey } from '../signature/organisation-key.ts'
import { fromBase64, toBase64 } from '../verifier/base64.ts'
import { type Checkpoint, openCheckpoint } from '../verifier/checkpoint.ts'
import { requireConsistency } from '../verifier/merkle.ts'
import { parseEntry } from '../verifier/receipt.ts'
import type { Checks } from './checks.ts'
import { type Command, parseCommand } from './command.ts'
import { type Entry, leafOf } from './entry.ts'
import { Follower, type Recorded } from './follower.ts'
import { Frontier } from './log.ts'
import { viewBody } from './view.ts'

/** A registry as anybody sees it, such as a `RegistryClient`. Nothing that it says is believed. */
export interface AuditSource {
  /** The newest signed state of the log: a note. */
  checkpoint(): Promise<string>
  entries(from: number, limit: number): Promise<{ readonly entries: readonly Json[] }>
  /** A command by its digest. @throws Refusal NOT_FOUND when it was pruned */
  body(digest: Digest): Promise<Json>
  /** RFC 6962's consistency proof, base64. */
  consistency(first: number, second: number): Promise<readonly string[]>
  /** The signed view. */
  viewJson(): Promise<Json>
}

export interface AuditOptions {
  readonly origin: string
  /** Of the registry that the caller trusts to be this one. */
  readonly logKey: PublicKey
  readonly checks: Checks
  /** See `Follower`. Default: every body must be there. */
  readonly bodiesSince?: number
  /** The note of an earlier audit: the log must have grown from it. */
  readonly audited?: string
  /** Called with the entries gone over, and with how many there are. */
  readonly progress?: (done: number, size: number) => void
  readonly signal?: AbortSignal
  /** Waits so many milliseconds; for tests. */
  readonly pause?: (ms: number) => Promise<unknown>
}

export interface AuditReport {
  readonly origin: string
  readonly size: number
  /** Base64. */
  readonly root: string
  /** The note of that size and root: for the next audit. */
  readonly checkpoint: string
  /** Times of the first and the last entry, seconds. */
  readonly from: number
  readonly to: number
  /** How many entries there are of each type, in order of their first. */
  readonly entries: Readonly<Record<string, number>>
  readonly proofs: { readonly verified: number; readonly batches: number; readonly pruned: number }
  /** Entries without their body, taken as they stand: pruned proofs and replaced status lists. */
  readonly pruned: number
  /** Entries that the view is of which was compared. */
  readonly view: number
  /** Entries of the log in the earlier audit; null without one. */
  readonly audited: number | null
}

/** A signed state of the log. */
interface Head extends Checkpoint {
  readonly note: string
}

const PAGE = 200
/** Bodies on their way at once: each can have 2 MiB. */
const BODIES_AT_ONCE = 8
/** How long a service that takes only so many requests a minute is waited for, and how often it is asked again. */
const [PATIENCE_MS, PAUSE_MS] = [120_000, 5_000]

/**
 * Goes over the whole log.
 *
 * @throws Refusal CORRUPT, naming the entry where one is to blame, when the log does not hold: not decided so, a false proof, another root, another
 *   view, not grown from `audited`; BAD_SIGNATURE, WRONG_ORIGIN, MALFORMED for notes and views; CANCELLED; what the source throws
 */
export async function auditLog(source: AuditSource, options: AuditOptions): Promise<AuditReport> {
  const registry = patient(source, options.pause)
  const newest = headOf(await registry.checkpoint(), options)
  const view = await signedView(registry, options)
  // The log may have grown between the two; which is the later one is not said.
  const heads = [newest, view.head].sort((a, b) => a.size - b.size)
  const last = heads[1] ?? newest
  const audited = options.audited === undefined ? undefined : await requireGrown(registry, options.audited, last, options)
  const walk = new Walk(registry, last.size, options)
  for (const head of heads) {
    await walk.upTo(head)
    if (head === view.head) walk.requireView(view.body)
  }
  return { ...walk.report, origin: options.origin, size: last.size, root: toBase64(last.root), checkpoint: last.note, view: view.head.size, audited: audited?.size ?? null }
}

/** One way through the log, from its first entry. */
class Walk {
  private readonly source: AuditSource
  private readonly size: number
  private readonly options: AuditOptions
  private readonly follower: Follower
  private readonly tree = new Frontier()
  private readonly times = { from: 0, to: 0 }
  private readonly entries: Record<string, number> = {}
  private readonly proofs = { verified: 0, batches: 0, pruned: 0 }
  private pruned = 0

  constructor(source: AuditSource, size: number, options: AuditOptions) {
    this.source = source
    this.size = size
    this.options = options
    const { checks } = options
    const proofs: Checks['proofs'] = async (claims) => {
      const verdicts = await checks.proofs(claims)
      this.proofs.verified += claims.length
      this.proofs.batches++
      return verdicts
    }
    this.follower = new Follower({ proof: (claim) => checks.proof(claim), proofs, key: (...key) => checks.key(...key) }, options.bodiesSince)
  }

  get report() {
    return { ...this.times, entries: this.entries, proofs: this.proofs, pruned: this.pruned }
  }

  /** Decides every entry before a head again; they must be what was signed. */
  async upTo({ size, root }: Head): Promise<void> {
    await this.follower.followAll(this.recorded(size))
    const { logKey } = this.follower.state
    if (logKey?.publicKey !== this.options.logKey.publicKey) return refuse('CORRUPT', 'entry 0 names another log key than the one that signs this log')
    if (toBase64(this.tree.root) !== toBase64(root)) refuse('CORRUPT', `the ${size} entries that the registry shows are not those that it signed: they lead to another root`)
  }

  /** The public state is a result of the entries, so that a view that differs was made up. */
  requireView(body: { readonly [name: string]: Json | undefined }): void {
    const own = viewBody(this.follower.state, String(body['checkpoint']))
    const differing = [...new Set([...Object.keys(own), ...Object.keys(body)])].filter((name) => canonicalJson(own[name] ?? null) !== canonicalJson(body[name] ?? null))
    if (differing.length > 0) refuse('CORRUPT', `the registry’s view is not what its ${own.size} entries lead to: ${differing.join(', ')}`)
  }

  private async *recorded(size: number): AsyncGenerator<Recorded> {
    while (this.tree.size < size) {
      const start = this.tree.size
      const { entries: page } = await this.source.entries(start, Math.min(PAGE, size - start))
      if (!Array.isArray(page) || page.length === 0 || page.length > size - start) return refuse('CORRUPT', `the registry does not show entry ${start} of the ${size} that it signed`)
      const ahead: Promise<Recorded>[] = []
      for (const [i, json] of page.entries()) {
        ahead.push(unheard(this.read(json, start + i)))
        if (ahead.length === BODIES_AT_ONCE) yield this.count(await (ahead.shift() ?? bug('nothing ahead')))
      }
      for (const one of ahead) yield this.count(await one)
    }
  }

  /** Reads an entry and has its command fetched. Whatever is wrong with either names the entry. */
  private async read(json: Json, index: number): Promise<Recorded> {
    const entry = await named(`entry ${index}`, () => entryAt(json, index, this.options.origin))
    return { entry, command: await named(`the body of entry ${index}`, () => this.commandOf(entry)) }
  }

  private async commandOf({ body }: Entry): Promise<Command | undefined> {
    try {
      return parseCommand(await this.source.body(body))
    } catch (error) {
      if (error instanceof Refusal && error.code === 'NOT_FOUND') return undefined
      throw error
    }
  }

  private count(recorded: Recorded): Recorded {
    const { entry, command } = recorded
    if (this.options.signal?.aborted) refuse('CANCELLED', 'the audit was stopped')
    if (entry.index === 0) this.times.from = entry.at
    this.times.to = entry.at
    this.entries[entry.type] = (this.entries[entry.type] ?? 0) + 1
    if (!command) this.pruned++
    if (!command && entry.type === 'proof.submit') this.proofs.pruned++
    this.tree.append(leafOf(entry))
    this.options.progress?.(this.tree.size, this.size)
    return recorded
  }
}

function entryAt(json: Json, index: number, origin: string): Entry {
  const entry = parseEntry(json) as Entry
  return entry.index === index && entry.origin === origin ? entry : refuse('CORRUPT', 'it has another place or another origin')
}

function headOf(note: string, { origin, logKey }: AuditOptions): Head {
  const head = openCheckpoint(note, origin, logKey)
  return head.size > 0 ? { ...head, note } : refuse('CORRUPT', 'the registry signed an empty log')
}

/** The view as it is signed, and the state of the log that it is of. That it is right is another question. */
async function signedView(source: AuditSource, options: AuditOptions): Promise<{ readonly body: { readonly [name: string]: Json | undefined }; readonly head: Head }> {
  const envelope = parseEnvelope(await source.viewJson())
  const { body } = envelope
  const signers = requireSignatures(envelope, (code) => (code === options.origin ? [options.logKey] : undefined))
  if (signers.length === 0) return refuse('BAD_SIGNATURE', 'the view is not signed')
  if (body.type !== 'view' || typeof body['checkpoint'] !== 'string') return refuse('MALFORMED', 'not a view with its checkpoint')
  return { body, head: headOf(body['checkpoint'], options) }
}

/** @throws Refusal CORRUPT, with both notes, unless the log of the earlier audit is the beginning of this one */
async function requireGrown(source: AuditSource, audited: string, last: Head, options: AuditOptions): Promise<Head> {
  const before = await named('the checkpoint of the last audit', async () => headOf(audited, options))
  const notes = [{ path: '/checkpoint', expected: `a log grown from ${JSON.stringify(audited)}`, got: JSON.stringify(last.note) }]
  if (last.size < before.size) return refuse('CORRUPT', `the log was rolled back: ${before.size} entries were audited, ${last.size} are there`, notes)
  try {
    const proof: readonly string[] = last.size === before.size ? [] : await source.consistency(before.size, last.size)
    requireConsistency(before, last, Array.isArray(proof) ? proof.map((hash) => fromBase64(hash, '/consistency')) : refuse('MALFORMED', 'not a consistency proof'))
  } catch (error) {
    const shown = error instanceof Refusal && (error.code === 'PROOF_INVALID' || error.code === 'MALFORMED')
    throw shown ? new Refusal('CORRUPT', `the log is not the one that was audited at ${before.size} entries: something in it was changed or dropped`, notes) : error
  }
  return before
}

/** A service lets everybody ask only so often: its answer is waited for. */
function patient(source: AuditSource, pause: (ms: number) => Promise<unknown> = (ms) => new Promise((resolve) => setTimeout(resolve, ms))): AuditSource {
  const patiently = async <T>(ask: () => Promise<T>): Promise<T> => {
    for (let waited = 0; ; waited += PAUSE_MS) {
      try {
        return await ask()
      } catch (error) {
        const busy = error instanceof Refusal && (error.code === 'RATE_LIMITED' || error.code === 'BUSY')
        if (!busy || waited >= PATIENCE_MS) throw error
        await pause(PAUSE_MS)
      }
    }
  }
  return {
    checkpoint: () => patiently(() => source.checkpoint()),
    entries: (from, limit) => patiently(() => source.entries(from, limit)),
    body: (digest) => patiently(() => source.body(digest)),
    consistency: (first, second) => patiently(() => source.consistency(first, second)),
    viewJson: () => patiently(() => source.viewJson()),
  }
}

/** Says of what is refused what it is; what cannot be read in a log is damage. */
async function named<T>(what: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    throw new Refusal(error.code === 'MALFORMED' || error.code === 'TOO_LARGE' ? 'CORRUPT' : error.code, `${what}: ${error.message}`)
  }
}

/** A promise that is awaited later, when its turn has come; nobody need hear its failure before. */
function unheard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}
