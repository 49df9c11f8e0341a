/** A log of a few entries, its tree computed as RFC 6962 §2.1 defines it: by recursion, and so slowly. */

import { createHash } from 'node:crypto'
import { canonicalJson, type Json } from '../../src/hash/canonical.ts'
import { digestJson } from '../../src/hash/digest.ts'
import { generateOrganisationKey, type OrganisationKey } from '../../src/signature/organisation-key.ts'
import { signCheckpoint } from '../../src/verifier/checkpoint.ts'

export const ORIGIN = 'registry.example/attestry'

export class SmallLog {
  readonly key: OrganisationKey = generateOrganisationKey()
  readonly origin: string
  readonly leaves: Uint8Array[] = []
  readonly entries: { readonly [name: string]: Json }[] = []
  readonly commands: Json[] = []

  constructor(origin = ORIGIN) {
    this.origin = origin
  }

  get size(): number {
    return this.leaves.length
  }

  /** @returns the entry's index */
  append(command: Json & { readonly body: { readonly type: string; readonly [name: string]: Json }; readonly signatures?: readonly { readonly organisation: string }[] }, facts: { readonly [name: string]: Json }, at = 1_700_000_000, signers = (command.signatures ?? []).map(({ organisation }) => organisation)): number {
    const index = this.size
    const entry = { entry: 1, origin: this.origin, index, at: at + index, type: command.body.type, body: digestJson('body', command), signers, facts }
    this.commands.push(command)
    this.entries.push(entry)
    this.leaves.push(Buffer.from(canonicalJson(entry)))
    return index
  }

  checkpoint(size = this.size, key = this.key): string {
    return signCheckpoint({ origin: this.origin, size, root: rootOf(this.leaves.slice(0, size)) }, key)
  }

  receipt(index: number, size = this.size): { readonly [name: string]: any } {
    return { receipt: 1, entry: this.entries[index], inclusion: pathOf(index, this.leaves.slice(0, size)).map(base64), checkpoint: this.checkpoint(size) }
  }

  recorded(index: number): { readonly [name: string]: any } {
    return { receipt: this.receipt(index), command: this.commands[index] }
  }
}

export function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256()
  if (leaves.length === 1) return sha256(Uint8Array.of(0), leaves[0]!)
  const k = split(leaves.length)
  return sha256(Uint8Array.of(1), rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)))
}

/** PATH(m, D[n]) */
export function pathOf(m: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return []
  const k = split(leaves.length)
  return m < k ? [...pathOf(m, leaves.slice(0, k)), rootOf(leaves.slice(k))] : [...pathOf(m - k, leaves.slice(k)), rootOf(leaves.slice(0, k))]
}

/** PROOF(m, D[n]) = SUBPROOF(m, D[n], true) */
export function consistencyOf(m: number, leaves: readonly Uint8Array[], whole = true): Uint8Array[] {
  const n = leaves.length
  if (m === 0) return []
  if (m === n) return whole ? [] : [rootOf(leaves)]
  const k = split(n)
  return m <= k ? [...consistencyOf(m, leaves.slice(0, k), whole), rootOf(leaves.slice(k))] : [...consistencyOf(m - k, leaves.slice(k), false), rootOf(leaves.slice(0, k))]
}

function split(n: number): number {
  let k = 1
  while (2 * k < n) k *= 2
  return k
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}
