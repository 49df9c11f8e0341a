/** The structure of a view as JSON Schema (SPEC §7.3); what its members mean is checked by `parseView`. */

import type { Json } from '../hash/canonical.ts'

const element: Json = { type: 'string', pattern: '^(0|[1-9][0-9]{0,76})$' }
const digest: Json = { type: 'string', pattern: '^[0-9a-f]{64}$' }
const code: Json = { type: 'string', maxLength: 31 }
const name: Json = { type: 'string', minLength: 1, maxLength: 200 }
const seconds: Json = { type: 'integer', minimum: 0, exclusiveMaximum: 2 ** 40 }
const count: Json = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }
const point: Json = members({ x: element, y: element })
const publicKey: Json = members({ alg: { enum: ['ed25519', 'p256'] }, publicKey: { type: 'string', maxLength: 66 } })
const retirable: Json = { enum: ['active', 'retired'] }
const recentRoots: Json = list(members({ root: element, supersededAt: seconds }), 256)

/** The body of a view. */
export const VIEW_SCHEMA: { readonly [member: string]: Json } = members({
  type: { const: 'view' },
  origin: { type: 'string', minLength: 1, maxLength: 255 },
  name,
  mode: { enum: ['development', 'production'] },
  protocol: { const: 1 },
  size: { ...(count as object), minimum: 1 },
  at: seconds,
  checkpoint: { type: 'string', maxLength: 10_000 },
  logKey: publicKey,
  nowTolerance: count,
  governors: list(code, 16),
  k: { type: 'integer', minimum: 1, maximum: 16 },
  organisations: list(members({ organisation: code, name, keys: list(publicKey, 16), status: { enum: ['active', 'suspended'] } })),
  schemas: list(members({ schemaId: element, schema: { type: 'object' } })),
  statements: list(members({ statement: digest, pinned: { type: 'object' }, registeredBy: code, status: retirable })),
  shapes: list(members({ shape: { enum: ['attest', 'match'] }, key: digest, verificationKey: { type: 'object' }, provingKey: digest, status: retirable })),
  scopes: list(members({ name, owner: code, element })),
  sets: list(members({ name, owner: code, of: { enum: ['organisation', 'code', 'text', 'date', 'timestamp', 'integer'] }, members: list({}), root: element, recentRoots })),
  regulators: list(members({ name, organisation: code, escrowKey: point })),
  directory: members({
    root: element,
    leaves: list(members({ position: count, organisation: code, issuingKey: point, schemaId: element, class: code, listId: element, listNumber: count, statusRoot: element })),
    recentRoots,
  }),
})

/** An object with exactly these members. */
function members(properties: Record<string, Json>): { readonly [member: string]: Json } {
  return { type: 'object', required: Object.keys(properties), additionalProperties: false, properties }
}

function list(items: Json, maxItems = 65_536): Json {
  return { type: 'array', maxItems, items }
}
