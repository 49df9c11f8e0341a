/** The structure of a credential file (SPEC §4.7), for ajv. */

import { ORGANISATION_CODE } from '../document/schema.ts'
import { CAPACITY } from './status-list.ts'

/** Times of credentials are below this: 2^40 seconds since 1970. */
export const TIME_LIMIT = 2 ** 40

const element = { type: 'string', pattern: '^(0|[1-9][0-9]{0,76})$' }
const time = { type: 'integer', minimum: 0, maximum: TIME_LIMIT - 1 }

const properties = {
  credential: { const: 1 },
  schema: element,
  schemaName: { type: 'string', maxLength: 63 },
  issuer: { type: 'string', maxLength: 31, pattern: ORGANISATION_CODE },
  issuingKey: { type: 'object', required: ['x', 'y'], properties: { x: element, y: element }, additionalProperties: false },
  listNumber: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
  statusIndex: { type: 'integer', minimum: 0, maximum: CAPACITY - 1 },
  holderId: element,
  serial: element,
  issuedAt: time,
  expiresAt: time,
  salt: { type: 'string', pattern: '^[0-9a-f]{32}$' },
  document: { type: 'object' },
  commitment: element,
  signature: {
    type: 'object',
    required: ['r8', 's'],
    properties: { r8: { type: 'array', minItems: 2, maxItems: 2, items: element }, s: element },
    additionalProperties: false,
  },
}

export const CREDENTIAL_SCHEMA = { type: 'object', required: Object.keys(properties), properties, additionalProperties: false }
