/**
 * Serials (SPEC §4.2): the same record has the same serial, whoever holds it, under every version of the schema and every issuing
 * key; without the serial key nobody can compute one.
 */

import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import type { Document } from '../document/document.ts'
import { fieldOf } from '../document/schema.ts'
import { bug, invariant } from '../errors/errors.ts'
import { type Field, fieldFromBytes, printField } from '../field/field.ts'
import { canonicalJson } from '../hash/canonical.ts'

export const SERIAL_KEY_BYTES = 32

/** 32 random bytes. Kept for life: with another key every record could be used once more. */
export function newSerialKey(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(SERIAL_KEY_BYTES))
}

/** The first 248 bits of HMAC-SHA-256 over namespace and natural key, so below 2^248. */
export function serialOf(serialKey: Uint8Array, document: Document): Field {
  invariant(serialKey.length === SERIAL_KEY_BYTES, 'a serial key has 32 bytes')
  const { schema, fields } = document
  const key = schema.naturalKey.map((name) => printField(fields[(fieldOf(schema, name) ?? bug(`no field ${name}`)).slot] ?? bug('no such slot')))
  return fieldFromBytes(hmac(sha256, serialKey, utf8ToBytes(canonicalJson([schema.namespace, ...key]))).subarray(0, 31))
}
