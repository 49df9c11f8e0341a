/**
 * An entry of the log (SPEC §7.2): what the Merkle tree's leaves are made of. Digests and accepted facts only.
 *
 *     { "entry": 1, "origin": "registry.example/attestry", "index": 7, "at": 1790000000, "type": "scope.register",
 *       "body": "5f0c…", "signers": ["LEI:5493001KJTIIGC8Y1R12"], "facts": { "name": "financing" } }
 */

import { utf8ToBytes } from '@noble/hashes/utils.js'
import { canonicalJson, type Json } from '../hash/canonical.ts'
import { type Digest, digestJson } from '../hash/digest.ts'
import type { Command, CommandType } from './command.ts'

export interface Entry {
  readonly entry: 1
  readonly origin: string
  readonly index: number
  /** The sequencer's time: seconds since 1970, never less than that of the entry before. */
  readonly at: number
  readonly type: CommandType
  /** Digest of the command, signatures included. */
  readonly body: Digest
  readonly signers: readonly string[]
  readonly facts: { readonly [name: string]: Json }
  readonly [name: string]: Json
}

/** The leaf: an entry's canonical JSON. */
export function leafOf(entry: Entry): Uint8Array {
  return utf8ToBytes(canonicalJson(entry))
}

export function bodyDigest(command: Command): Digest {
  return digestJson('body', command as unknown as Json)
}
