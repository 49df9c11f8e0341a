/**
 * Labelled SHA-256 over bytes or canonical JSON (SPEC §2.3).
 *
 *     digest('schema', bytes) = SHA-256("attestry/1/schema" ‖ 0x00 ‖ bytes)        32 bytes
 *     digestField(…)          = its first 31 bytes as a big-endian integer          a field element below 2^248
 */

import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { refuse } from '../errors/errors.ts'
import { type Field, fieldFromBytes } from '../field/field.ts'
import { canonicalJson, type Json } from './canonical.ts'
import type { DigestLabel } from './labels.ts'

declare const brand: unique symbol

/** 32 bytes as 64 lower-case hexadecimal digits. */
export type Digest = string & { readonly [brand]: 'Digest' }

export function digestBytes(label: DigestLabel, bytes: Uint8Array): Uint8Array {
  return sha256(concatBytes(utf8ToBytes(`attestry/1/${label}`), Uint8Array.of(0), bytes))
}

/** Digest of bytes. */
export function digest(label: DigestLabel, bytes: Uint8Array): Digest {
  return bytesToHex(digestBytes(label, bytes)) as Digest
}

/** Digest of a value's canonical JSON (RFC 8785). */
export function digestJson(label: DigestLabel, value: Json): Digest {
  return digest(label, utf8ToBytes(canonicalJson(value)))
}

/** The first 248 bits of a digest as a field element. */
export function digestToField(value: Digest): Field {
  return fieldFromBytes(hexToBytes(value).subarray(0, 31))
}

/** `digestToField(digestJson(label, value))`. */
export function hashJsonToField(label: DigestLabel, value: Json): Field {
  return digestToField(digestJson(label, value))
}

/** @throws Refusal MALFORMED unless `text` is 64 lower-case hexadecimal digits */
export function parseDigest(text: unknown, path = '/'): Digest {
  if (typeof text !== 'string' || !/^[0-9a-f]{64}$/.test(text))
    return refuse('MALFORMED', 'not a digest', [{ path, expected: '64 lower-case hexadecimal digits', got: typeof text }])
  return text as Digest
}
