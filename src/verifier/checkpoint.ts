/**
 * Checkpoints: a log's signed state (C2SP tlog-checkpoint; SPEC §7.2).
 *
 *     registry.example/attestry
 *     1042
 *     k3Jx…=
 *
 * Line 1 names the log, line 2 is its size, line 3 its RFC 6962 root. The note is signed under the log's name.
 */

import { invariant, refuse } from '../errors/errors.ts'
import type { OrganisationKey, PublicKey } from '../signature/organisation-key.ts'
import { fromBase64, toBase64 } from './base64.ts'
import { openNote, signNote } from './note.ts'

export interface Checkpoint {
  readonly origin: string
  /** Number of leaves. */
  readonly size: number
  /** 32 bytes. */
  readonly root: Uint8Array
}

/** The text that is signed. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  invariant(Number.isSafeInteger(size) && size >= 0 && root.length === 32, 'a checkpoint has a size and a root of 32 bytes')
  return `${origin}\n${size}\n${toBase64(root)}\n`
}

/** A signed checkpoint. */
export function signCheckpoint(checkpoint: Checkpoint, logKey: OrganisationKey): string {
  return signNote(formatCheckpoint(checkpoint), checkpoint.origin, logKey)
}

/**
 * Opens a checkpoint of the log `origin` under its key. Further lines, which C2SP allows as extensions, are refused: this log
 * writes none.
 * @throws Refusal MALFORMED, BAD_SIGNATURE, WRONG_ORIGIN
 */
export function openCheckpoint(note: string, origin: string, logKey: PublicKey): Checkpoint {
  const { text } = openNote(note, [{ name: origin, key: logKey }])
  const checkpoint = parseCheckpoint(text)
  if (checkpoint.origin !== origin) return refuse('WRONG_ORIGIN', `the checkpoint is of ${checkpoint.origin}, not of ${origin}`)
  return checkpoint
}

/** Reads a checkpoint's text. A spelling counts only if printing it gives the same text back. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', sizeText = '', rootText = '', ...rest] = text.split('\n')
  const size = Number(sizeText)
  if (origin === '' || rest.length !== 1 || rest[0] !== '' || !Number.isSafeInteger(size) || size < 0 || String(size) !== sizeText) return malformed()
  const root = fromBase64(rootText, '/root')
  return root.length === 32 ? { origin, size, root } : malformed()
}

function malformed(): never {
  return refuse('MALFORMED', 'not a checkpoint', [{ path: '/', expected: 'origin, size and root on three lines', got: 'something else' }])
}
