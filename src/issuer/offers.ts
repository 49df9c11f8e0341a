/**
 * Delivery: the issuer's staff hand in a document and get a one-time code; whoever brings the code with a holder id gets the credential. The code
 * itself is not kept, only its digest; document and credential are kept sealed under the code, so that whoever reads the database reads neither.
 */

import { createCipheriv, createDecipheriv, createHash, randomBytes, randomUUID } from 'node:crypto'
import type { Credential } from '../credential/credential.ts'
import { type Document, parseDocument } from '../document/document.ts'
import { bug, refuse } from '../errors/errors.ts'
import { type Field, printField } from '../field/field.ts'
import { canonicalJson } from '../hash/canonical.ts'
import type { Register } from './register.ts'

export interface Offer {
  readonly id: string
  /** For the holder, over a private way: `K7QF-…`, 130 random bits in 26 characters without I, L, O and U. */
  readonly code: string
  /** Until when it can be picked up; seconds since 1970. */
  readonly expiresAt: number
}

export interface OfferRequest {
  readonly document: Document
  /** Expiry of the credential, seconds since 1970. */
  readonly validUntil: number
  readonly replace?: boolean
  /** How long the code works, in seconds; default a week. */
  readonly lifetime?: number
}

interface OfferRow {
  readonly id: string
  readonly schema_id: string
  readonly document: string | null
  readonly valid_until: number
  readonly replaces: number
  readonly holder_id: string | null
  readonly credential: string | null
}

const WEEK = 7 * 86_400
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ' // Crockford's base 32

/** Keeps a document until it is picked up. @throws Refusal EXPIRED, RETIRED, UNKNOWN_SCHEMA */
export function createOffer(register: Register, { document, validUntil, replace = false, lifetime = WEEK }: OfferRequest, now: number): Offer {
  const { schema } = document
  if (register.schema(schema.name).id !== schema.id) refuse('RETIRED', `${schema.name} has a newer version`)
  if (validUntil <= now) refuse('EXPIRED', 'the credential would have expired already')
  const offer = { id: randomUUID(), code: newCode(), expiresAt: Math.min(now + lifetime, validUntil) }
  purge(register, now)
  register.database.run(
    'INSERT INTO offer VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL)',
    ...[digestOf(offer.code), offer.id, printField(schema.id), seal(offer.code, canonicalJson(document.json)), validUntil, replace ? 1 : 0, offer.expiresAt],
  )
  return offer
}

/**
 * Issues the credential of an offer. The same holder may ask again while the offer lasts, in case the answer got lost, and gets the same credential.
 * @throws Refusal NOT_FOUND (no such code, or no longer), REPLAYED (picked up by another holder), RETIRED (the schema has changed since)
 */
export function redeemOffer(register: Register, code: string, holderId: Field, now: number): Credential {
  purge(register, now)
  const key = digestOf(code)
  return register.database.transaction(() => {
    const row = register.database.one<OfferRow>('SELECT * FROM offer WHERE code = ?', key) ?? refuse('NOT_FOUND', 'there is no offer for that code, or no longer')
    if (row.credential !== null) return row.holder_id === printField(holderId) ? (JSON.parse(unseal(code, row.credential)) as Credential) : refuse('REPLAYED', 'the offer has been picked up')
    const document = parseDocument(register.schemaById(row.schema_id), JSON.parse(unseal(code, row.document ?? bug('an open offer has a document'))))
    const { credential } = register.issueOne({ document, holderId, expiresAt: row.valid_until, replace: row.replaces === 1 }, now)
    register.database.run('UPDATE offer SET document = NULL, holder_id = ?, credential = ? WHERE code = ?', printField(holderId), seal(code, JSON.stringify(credential)), key)
    return credential
  })
}

function purge(register: Register, now: number): void {
  register.database.run('DELETE FROM offer WHERE expires_at <= ?', now)
}

function newCode(): string {
  const symbols = Array.from(randomBytes(26), (byte) => ALPHABET[byte & 31])
  return symbols.join('').replace(/(.{4})(?=.)/g, '$1-')
}

/** The digest by which a code is kept: of its symbols, without the dashes and in capitals, so that it can be typed. */
function digestOf(code: string): string {
  return labelled('pick-up', code).toString('hex')
}

function labelled(label: string, code: string): Buffer {
  return createHash('sha256').update(`attestry/1/${label}\0${code.replaceAll('-', '').toUpperCase()}`).digest()
}

/** AES-256-GCM under a key that only the code gives: nonce, tag, ciphertext in base64. */
function seal(code: string, text: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', labelled('pick-up-seal', code), nonce)
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64')
}

function unseal(code: string, base64: string): string {
  const bytes = Buffer.from(base64, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', labelled('pick-up-seal', code), bytes.subarray(0, 12), { authTagLength: 16 })
  decipher.setAuthTag(bytes.subarray(12, 28))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
  } catch {
    return refuse('CORRUPT', 'an offer in the issuer’s database is damaged')
  }
}
