/**
 * From a store to a state: every row is checked against the log, and the log against the last checkpoint that was given out.
 */

import { utf8ToBytes } from '@noble/hashes/utils.js'
import { Refusal, refuse } from '../errors/errors.ts'
import { parseField } from '../field/field.ts'
import { canonicalJson, type Json } from '../hash/canonical.ts'
import { digest } from '../hash/digest.ts'
import type { OrganisationKey } from '../signature/organisation-key.ts'
import { openCheckpoint } from '../verifier/checkpoint.ts'
import type { Checks, Reads } from './checks.ts'
import { type Command, parseCommand } from './command.ts'
import { type Entry, leafOf } from './entry.ts'
import { followEntry, takeOver } from './follower.ts'
import { Frontier, rootAt } from './log.ts'
import { State } from './state.ts'
import type { Store } from './store.ts'

const PAGE = 500

/** The log is this registry's own: what it once checked before recording is not checked again. */
const CHECKED: Checks = { proof: async () => true, proofs: async (claims) => claims.map(() => true), key: async () => undefined }
const NOTHING_SPENT: Reads = { spentBy: async () => new Map(), nonceUsedBy: async () => undefined }

/** Rebuilds the state and checks every row. @throws Refusal CORRUPT, KEY_INVALID */
export async function openLog({ store, logKey }: { readonly store: Store; readonly logKey: OrganisationKey }): Promise<{ state: State; frontier: Frontier }> {
  // The checkpoint first: the log that is read after it must not be behind it, however fast another process is.
  const note = await store.checkpoint()
  return store.snapshot(() => checkLog(store, logKey, note))
}

async function checkLog(store: Store, logKey: OrganisationKey, note: string | undefined): Promise<{ state: State; frontier: Frontier }> {
  const [state, frontier] = [new State(), new Frontier()]
  const size = await store.size()
  const superseded = await supersededLists(store, size)
  const seen = { nullifiers: 0, nonces: 0, nodes: 0 }
  await extend(store, state, frontier, size, superseded, async (entry, nodes) => {
    await requireRows(store, entry, nodes)
    seen.nullifiers += nullifiersOf(entry).length
    seen.nonces += entry.type === 'proof.submit' ? 0 : 1
    seen.nodes += nodes.length
  })
  if (canonicalJson(await store.counts()) !== canonicalJson(seen)) return refuse('CORRUPT', 'the store holds rows beyond its log')
  if (state.logKey && state.logKey.publicKey !== logKey.publicKey) return refuse('KEY_INVALID', 'this is not the key with which this log is signed')
  await requireCheckpoint(store, state, frontier, note)
  return { state, frontier }
}

/** Brings state and frontier up to `size` entries. */
export async function extend(
  store: Store,
  state: State,
  frontier: Frontier,
  size: number,
  superseded: ReadonlySet<number> = new Set(),
  each: (entry: Entry, nodes: ReturnType<Frontier['append']>) => Promise<void> = async () => undefined,
): Promise<void> {
  while (state.size < size) {
    for (const leaf of await store.leaves(state.size, Math.min(PAGE, size - state.size))) {
      const entry = entryOf(leaf)
      const json = await store.body(entry.body)
      const command = json === undefined ? undefined : commandOf(json, entry.body)
      if (entry.type === 'proof.submit' || superseded.has(entry.index)) takeOver(state, entry)
      else await followEntry(state, entry, command, CHECKED, NOTHING_SPENT)
      await each(entry, frontier.append(leafOf(entry)))
    }
  }
}

/** Reads a stored leaf. @throws Refusal CORRUPT unless it is canonical JSON of an entry */
export function entryOf(leaf: string): Entry {
  const entry = parseOwn(leaf) as unknown as Entry
  if (typeof entry !== 'object' || entry === null || entry.entry !== 1 || canonicalJson(entry) !== leaf) return refuse('CORRUPT', 'a stored entry is damaged')
  return entry
}

/** Reads a stored command. @throws Refusal CORRUPT unless it has this digest */
export function commandOf(json: string, expected: string): Command {
  if (digest('body', utf8ToBytes(json)) !== expected) return refuse('CORRUPT', 'a stored body is damaged')
  return parseCommand(parseOwn(json))
}

/** Entries whose status list a later one replaced: their root is in the log, and computing it again would take most of the time. */
async function supersededLists(store: Store, size: number): Promise<Set<number>> {
  const latest = new Map<string, number>()
  const all: number[] = []
  for (let from = 0; from < size; from += PAGE) {
    for (const { type, index, facts } of (await store.leaves(from, PAGE)).map(entryOf)) {
      if (type !== 'status.publish') continue
      all.push(index)
      latest.set(String(parseField(facts.listId)), index)
    }
  }
  const current = new Set(latest.values())
  return new Set(all.filter((index) => !current.has(index)))
}

async function requireRows(store: Store, entry: Entry, nodes: ReturnType<Frontier['append']>): Promise<void> {
  const stored = await store.nodes(nodes)
  if (!nodes.every(({ hash }, i) => isEqual(hash, stored[i]))) return refuse('CORRUPT', `a tree node of entry ${entry.index} is damaged`)
  const nullifiers = nullifiersOf(entry)
  const spent = await store.spentBy(nullifiers)
  if (!nullifiers.every((nullifier) => spent.get(nullifier) === entry.index)) return refuse('CORRUPT', `a nullifier of entry ${entry.index} is missing`)
  const json = entry.type === 'proof.submit' ? undefined : await store.body(entry.body)
  if (json === undefined) return
  const { nonce } = commandOf(json, entry.body).body
  if (nonce !== undefined && (await store.nonceUsedBy(nonce)) !== entry.index) refuse('CORRUPT', `the nonce of entry ${entry.index} is missing`)
}

/** The log must hold what was last signed: not less, and nothing else. A crash between the two leaves it one entry behind. */
async function requireCheckpoint(store: Store, { origin, logKey }: State, frontier: Frontier, note: string | undefined): Promise<void> {
  if (note === undefined) {
    if (frontier.size > 1) refuse('CORRUPT', 'the last checkpoint is missing')
    return
  }
  if (!logKey) return refuse('CORRUPT', 'there is a checkpoint but no log')
  const { size, root } = openOwn(note, origin, logKey)
  if (size > frontier.size) return refuse('CORRUPT', `the log has ${frontier.size} entries, but ${size} were signed`)
  if (!isEqual(root, await rootAt(size, (places) => store.nodes(places)))) refuse('CORRUPT', 'the log is not the one that was signed')
}

function openOwn(note: string, origin: string, logKey: NonNullable<State['logKey']>): { size: number; root: Uint8Array } {
  try {
    return openCheckpoint(note, origin, logKey)
  } catch (error) {
    if (error instanceof Refusal) return refuse('CORRUPT', 'the last checkpoint is damaged')
    throw error
  }
}

function nullifiersOf({ type, facts }: Entry): readonly string[] {
  return type === 'proof.submit' ? (facts.nullifiers as readonly string[]) : []
}

function parseOwn(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return refuse('CORRUPT', 'stored JSON is damaged')
  }
}

function isEqual(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return a.length === b?.length && a.every((byte, i) => byte === b[i])
}
