/** A schema, a document of it and its issuer, for tests that need credentials. */

import { type Credential, issueCredential } from '../../src/credential/credential.ts'
import { newIssuingKey } from '../../src/credential/issuing-key.ts'
import { parseDocument } from '../../src/document/document.ts'
import { parseSchema } from '../../src/document/schema.ts'
import type { Field } from '../../src/field/field.ts'

export const HOSPITAL = 'SE:ORGNR:5532331183'
export const MINISTRY = 'SE:ORGNR:2021000001'
export const NOW = 1_800_000_000

export const schemaJson = {
  $id: 'invoice',
  title: 'Invoice',
  namespace: 'org.example.invoice',
  version: 1,
  authority: MINISTRY,
  naturalKey: ['number'],
  type: 'object',
  required: ['number', 'patient', 'total', 'currency', 'date', 'note'],
  additionalProperties: false,
  properties: {
    number: { type: 'string', slot: 0, as: 'code', maxLength: 31 },
    patient: { type: 'string', slot: 1, as: 'code', maxLength: 31 },
    total: { type: 'string', slot: 2, as: 'amount', currency: 'currency' },
    currency: { type: 'string', slot: 3, as: 'code', pattern: '^[A-Z]{3}$' },
    date: { type: 'string', slot: 4, as: 'date' },
    note: { type: 'string' },
  },
}
export const schema = parseSchema(schemaJson)

export const documentJson = { number: 'INV-31415926', patient: 'SE:PNR:191212121212', total: '48271.50', currency: 'EUR', date: '2026-11-03', note: 'a very confidential diagnosis' }

const issuingKey = newIssuingKey()
const serialKey = crypto.getRandomValues(new Uint8Array(32))

export interface Change {
  readonly document?: Partial<typeof documentJson>
  readonly issuer?: string
  readonly listNumber?: number
  readonly statusIndex?: number
  readonly issuedAt?: number
  readonly expiresAt?: number
  readonly key?: ReturnType<typeof newIssuingKey>
}

export function issue(holderId: Field, change: Change = {}): Credential {
  const { issuer = HOSPITAL, listNumber = 1, statusIndex = 77, issuedAt = NOW - 1000, expiresAt = NOW + 1000, key = issuingKey } = change
  const document = parseDocument(schema, { ...documentJson, ...change.document })
  return issueCredential({ schema, document, issuerOrg: issuer, holderId, issuingKey: key, serialKey, listNumber, statusIndex, issuedAt, expiresAt })
}
