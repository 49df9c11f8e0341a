/**
 * Receipts: an entry, the proof that it is in the log, and the log's signed state (SPEC §7.2). Whoever has the log key checks
 * one offline.
 */

import { utf8ToBytes } from '@noble/hashes/utils.js'
import { refuse } from '../errors/errors.ts'
import { canonicalJson, type Json } from '../hash/canonical.ts'
import { type Digest, digestJson, parseDigest } from '../hash/digest.ts'
import { type Envelope, parseEnvelope } from '../signature/envelope.ts'
import type { PublicKey } from '../signature/organisation-key.ts'
import { fromBase64 } from './base64.ts'
import { type Checkpoint, openCheckpoint } from './checkpoint.ts'
import { requireInclusion } from './merkle.ts'

/** What a leaf of the log says. */
export interface LogEntry {
  readonly entry: 1
  readonly origin: string
  readonly index: number
  /** When it was accepted: seconds since 1970, the registry's clock. */
  readonly at: number
  readonly type: string
  /** Digest of the command. */
  readonly body: Digest
  readonly signers: readonly string[]
  readonly facts: { readonly [name: string]: Json }
}

export interface Receipt {
  readonly entry: LogEntry
  readonly inclusion: readonly Uint8Array[]
  /** A signed note. */
  readonly checkpoint: string
}

/** An entry that is known to be in the log, and the state of the log that shows it. */
export interface VerifiedEntry {
  readonly entry: LogEntry
  readonly checkpoint: Checkpoint
}

/** A command with its receipt, as evidence carries them. */
export interface VerifiedCommand extends VerifiedEntry {
  readonly command: Envelope
}

/** A tree of 2^53 leaves has proofs of 53 hashes. */
const MAX_HASHES = 53
const MAX_SIGNERS = 32
const ENTRY_MEMBERS = ['entry', 'origin', 'index', 'at', 'type', 'body', 'signers', 'facts']

/** @throws Refusal MALFORMED */
export function parseReceipt(json: unknown): Receipt {
  const { receipt, entry, inclusion, checkpoint } = exactly(json, ['receipt', 'entry', 'inclusion', 'checkpoint'], '/')
  if (receipt !== 1) return wrong('/receipt', 'version 1')
  if (!Array.isArray(inclusion) || inclusion.length > MAX_HASHES) return wrong('/inclusion', `at most ${MAX_HASHES} hashes`)
  if (typeof checkpoint !== 'string') return wrong('/checkpoint', 'a signed note')
  return { entry: parseEntry(entry), inclusion: inclusion.map((hash, i) => parseHash(hash, `/inclusion/${i}`)), checkpoint }
}

/**
 * Checks a receipt of the log `origin` under its key.
 * @throws Refusal MALFORMED, WRONG_ORIGIN, BAD_SIGNATURE, PROOF_INVALID
 */
export function verifyReceipt({ entry, inclusion, checkpoint }: Receipt, origin: string, logKey: PublicKey): VerifiedEntry {
  if (entry.origin !== origin) return refuse('WRONG_ORIGIN', `the entry is of ${entry.origin}, not of ${origin}`)
  const head = openCheckpoint(checkpoint, origin, logKey)
  requireInclusion(utf8ToBytes(canonicalJson(entry as unknown as Json)), entry.index, head, inclusion)
  return { entry, checkpoint: head }
}

/**
 * Checks `{receipt, command}`: the receipt, and that the command is the one whose digest the entry holds.
 * @throws Refusal as `verifyReceipt`; OPENING_INVALID for another command
 */
export function verifyRecorded(json: unknown, origin: string, logKey: PublicKey): VerifiedCommand {
  const { receipt, command } = exactly(json, ['receipt', 'command'], '/')
  const verified = verifyReceipt(parseReceipt(receipt), origin, logKey)
  const envelope = parseEnvelope(command)
  const same = digestJson('body', envelope as unknown as Json) === verified.entry.body && envelope.body.type === verified.entry.type
  return same ? { ...verified, command: envelope } : refuse('OPENING_INVALID', `the command is not the one of entry ${verified.entry.index}`)
}

/** Reads an entry as it is in the log. @throws Refusal MALFORMED */
export function parseEntry(json: unknown): LogEntry {
  const { entry, origin, index, at, type, body, signers, facts } = exactly(json, ENTRY_MEMBERS, '/entry')
  if (entry !== 1) return wrong('/entry/entry', 'version 1')
  if (typeof origin !== 'string' || typeof type !== 'string') return wrong('/entry', 'origin and type')
  if (!isCount(index) || !isCount(at)) return wrong('/entry', 'index and at, safe integers')
  const named = Array.isArray(signers) && signers.length <= MAX_SIGNERS && signers.every((signer) => typeof signer === 'string')
  if (!named) return wrong('/entry/signers', 'codes of organisations')
  if (typeof facts !== 'object' || facts === null || Array.isArray(facts)) return wrong('/entry/facts', 'an object')
  return { entry, origin, index, at, type, body: parseDigest(body, '/entry/body'), signers: signers as string[], facts: facts as LogEntry['facts'] }
}

function parseHash(value: unknown, path: string): Uint8Array {
  const hash = typeof value === 'string' ? fromBase64(value, path) : undefined
  return hash?.length === 32 ? hash : wrong(path, '32 bytes in base64')
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function exactly(json: unknown, names: readonly string[], path: string): Record<string, unknown> {
  const fits = typeof json === 'object' && json !== null && !Array.isArray(json) && Object.keys(json).length === names.length && names.every((name) => Object.hasOwn(json, name))
  return fits ? (json as Record<string, unknown>) : wrong(path, `exactly ${names.join(', ')}`)
}

function wrong(path: string, expected: string): never {
  return refuse('MALFORMED', path.startsWith('/entry') ? 'not an entry of a log' : 'not a receipt', [{ path, expected, got: 'something else' }])
}
