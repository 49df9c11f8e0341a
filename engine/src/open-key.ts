// A key with its tables, from where they are kept or made anew.

import type { Engine } from './engine.ts'
import { MalformedFile } from './files.ts'
import type { KeyStore } from './key-store.ts'
import type { ProvingKey } from './proving-key.ts'

export interface OpenOptions {
  /** Where the tables are kept; without it they live as long as the key. */
  readonly store?: KeyStore
  /** 2 to 32; each block costs the memory of the key's points once more. Default: 2, with most of the gain. */
  readonly blocks?: number
  /** Tables larger than this are neither made nor kept: the key is a plain one then. Default: none are too large. */
  readonly maximumBytes?: number
  /**
   * Whether to wait for tables that are not there yet. Otherwise the key is a plain one until they are; making them lets proofs
   * go first, keeps no program alive, and ends with the key's `release`. Default: true.
   */
  readonly wait?: boolean
  /** Called with the share of the tables made, in (0, 1]. */
  readonly onProgress?: (done: number) => void
  readonly signal?: AbortSignal
  /** Told of a store that fails, of a kept key that is damaged, and of tables that could not be made while nobody waited. None makes the key less good. */
  readonly onProblem?: (problem: unknown) => void
}

/** @throws MalformedFile, RangeError, or the signal's reason */
export async function openKey(engine: Engine, zkey: Uint8Array, options: OpenOptions): Promise<ProvingKey> {
  const { store, blocks = DEFAULT_BLOCKS, maximumBytes = Infinity, wait = true, onProblem = () => {}, signal } = options
  requireBlocks(blocks)
  signal?.throwIfAborted()
  const name = store && await nameOf(engine, zkey, blocks)
  const kept = name && await readKept(engine, store, name, onProblem)
  if (kept) return kept

  const key = engine.readKey(zkey)
  if (engine.preparedBytes(key, blocks) > maximumBytes) return key
  const keep = async (prepared: ProvingKey) => {
    try { if (name) await store.put(name, labelled(name, engine.storeKey(prepared))) } catch (problem) { onProblem(problem) }
  }
  if (!wait) return fasterLater(engine, key, blocks, options, keep)
  try {
    const prepared = await engine.prepareKey(key, blocks, options)
    await keep(prepared)
    return both(prepared, key)
  } catch (error) {
    key.release()
    throw error
  }
}

export const DEFAULT_BLOCKS = 2

/** @throws RangeError */
export function requireBlocks(blocks: number): void {
  if (!Number.isInteger(blocks) || blocks < 2 || blocks > 32) throw new RangeError('2 to 32 blocks')
}

/** Digest of the file, so that no key is taken for another, and what the tables depend on. The format says its version itself. */
async function nameOf({ arithmetic }: Engine, zkey: Uint8Array, blocks: number): Promise<string> {
  const shared = typeof SharedArrayBuffer !== 'undefined' && zkey.buffer instanceof SharedArrayBuffer // which no digest takes
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', (shared ? new Uint8Array(zkey) : zkey) as BufferSource))
  return `${Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')}-${arithmetic}-${blocks}`
}

async function readKept(engine: Engine, store: KeyStore, name: string, onProblem: (problem: unknown) => void): Promise<ProvingKey | undefined> {
  try {
    const bytes = await store.get(name)
    return bytes && engine.readStoredKey(content(name, bytes))
  } catch (problem) {
    onProblem(problem)
    return undefined
  }
}

const LABEL = 96 // bytes: the name and zeros

/** What is stored begins with its name: a store that mixes names up is found out. */
function labelled(name: string, stored: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(LABEL + stored.length)
  bytes.set(new TextEncoder().encode(name))
  bytes.set(stored, LABEL)
  return bytes
}

/** @throws MalformedFile */
function content(name: string, bytes: Uint8Array): Uint8Array {
  const label = new TextDecoder().decode(bytes.subarray(0, LABEL)).replace(/\0+$/, '')
  if (label !== name) throw new MalformedFile('stored key: another name than asked for')
  return bytes.subarray(LABEL)
}

/** `prepared` shares what is no table with `plain`. */
const both = (prepared: ProvingKey, plain: ProvingKey): ProvingKey => ({ ...prepared, release() { prepared.release(); plain.release() } })

function fasterLater(engine: Engine, plain: ProvingKey, blocks: number, { onProgress, signal, onProblem = () => {} }: OpenOptions, keep: (prepared: ProvingKey) => unknown): ProvingKey {
  const released = new AbortController()
  const key: ProvingKey = {
    ...plain,
    release() {
      released.abort(new Error('the key is released'))
      key.faster?.release()
      delete key.faster
      plain.release()
    },
  }
  const settings = { ...(onProgress && { onProgress }), background: true, signal: signal ? AbortSignal.any([signal, released.signal]) : released.signal }
  engine.prepareKey(plain, blocks, settings).then(async (prepared) => {
    if (released.signal.aborted) return prepared.release()
    key.faster = prepared
    await keep(prepared)
  }).catch((problem) => { if (!released.signal.aborted) onProblem(problem) })
  return key
}
