/**
 * The schema of schemas: the part of JSON Schema 2020-12 that a schema file may use, and the members of SPEC §3. There is no `$ref` (a
 * schema stands alone, its hash is all of it) and no `format` (dates have `as`). `pattern`s must be quick (pattern.ts): others run them.
 */

/** Codes of organisations (SPEC §4.1). */
export const ORGANISATION_CODE = '^[A-Z0-9]{2,8}(:[A-Z0-9]{2,8})?:[A-Za-z0-9-]{1,27}$'

const code = { type: 'string', minLength: 4, maxLength: 31, pattern: ORGANISATION_CODE }
const memberName = '^[a-z][A-Za-z0-9]{0,31}$'
const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }
const integer = { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }
const text = { type: 'string', minLength: 1, maxLength: 400 }

/** A member without a slot, at any depth: it is signed, but no rule can name it. */
const plain = {
  type: 'object',
  required: ['type'],
  properties: {
    type: { enum: ['string', 'integer', 'boolean', 'array', 'object'] },
    title: text,
    description: text,
    enum: { type: 'array', minItems: 1, maxItems: 400, items: { type: ['string', 'integer', 'boolean'] } },
    pattern: { type: 'string', minLength: 1, maxLength: 400 },
    minLength: count,
    maxLength: count,
    minimum: integer,
    maximum: integer,
    minItems: count,
    maxItems: count,
    uniqueItems: { type: 'boolean' },
    items: { $ref: '#/$defs/plain' },
    required: { type: 'array', maxItems: 64, uniqueItems: true, items: { type: 'string' } },
    properties: { type: 'object', maxProperties: 64, propertyNames: { pattern: memberName }, additionalProperties: { $ref: '#/$defs/plain' } },
    additionalProperties: { const: false },
  },
  additionalProperties: false,
}

/** A member with a slot, by its encoding. */
function slotted(as: string, type: unknown, members: Record<string, unknown>, required: string[] = []): object {
  return {
    if: { required: ['as'], properties: { as: { const: as } } },
    then: {
      type: 'object',
      required: ['slot', 'as', 'type', ...required],
      properties: { type, title: text, description: text, slot: { type: 'integer', minimum: 0, maximum: 15 }, as: { const: as }, ...members },
      additionalProperties: false,
    },
  }
}

const string = { const: 'string' }
const spelling = { pattern: { type: 'string', minLength: 1, maxLength: 400 }, minLength: count, maxLength: count }
const measure = { unit: { type: 'string', pattern: '^\\S{1,16}$' }, decimals: { type: 'integer', minimum: 0, maximum: 9 }, largest: text }
const values = { type: 'array', minItems: 1, maxItems: 400, uniqueItems: true, items: { type: 'string', minLength: 1, maxLength: 31 } }

const field = {
  type: 'object',
  required: ['as', 'slot'],
  properties: { as: { enum: ['integer', 'boolean', 'measure', 'amount', 'date', 'timestamp', 'code', 'text', 'set'] } },
  allOf: [
    slotted('integer', { enum: ['integer', 'string', ['integer', 'string']] }, { ...spelling, minimum: count, maximum: count }),
    slotted('boolean', { const: 'boolean' }, {}),
    slotted('measure', string, { ...spelling, ...measure }, ['unit', 'decimals']),
    slotted('amount', string, { ...spelling, currency: { type: 'string', pattern: memberName } }, ['currency']),
    slotted('date', string, spelling),
    slotted('timestamp', string, spelling),
    slotted('code', string, { ...spelling, enum: values }),
    slotted('text', string, spelling),
    slotted('set', string, spelling),
  ],
}

const path = { type: 'string', minLength: 1, maxLength: 400 }
const texts = { type: 'object', minProperties: 1, maxProperties: 400, additionalProperties: { type: 'string', maxLength: 400 } }
const source = { path, part: { const: 'date' }, map: texts, default: { type: 'string', minLength: 1, maxLength: 400 } }
const scheme = { type: 'object', minProperties: 1, properties: source, additionalProperties: false }
const fields = {
  type: 'object',
  minProperties: 1,
  maxProperties: 64,
  propertyNames: { pattern: memberName },
  additionalProperties: { type: 'object', minProperties: 1, properties: { ...source, scheme }, additionalProperties: false },
}

function reader(rootName: string): object {
  return {
    type: 'object',
    required: [rootName, 'fields'],
    properties: { [rootName]: { type: 'string', pattern: '^[A-Z][A-Za-z]{1,63}$' }, fields },
    additionalProperties: false,
  }
}

export const META_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  required: ['$id', 'title', 'namespace', 'version', 'authority', 'naturalKey', 'type', 'required', 'additionalProperties', 'properties'],
  properties: {
    $schema: { const: 'https://json-schema.org/draft/2020-12/schema' },
    $id: { type: 'string', pattern: '^[a-z][a-z0-9-]{0,62}$' },
    title: text,
    description: text,
    namespace: { type: 'string', pattern: '^[a-z0-9]([a-z0-9.-]{0,126}[a-z0-9])?$' },
    version: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
    authority: code,
    serialAuthority: code,
    naturalKey: { type: 'array', minItems: 1, maxItems: 16, uniqueItems: true, items: { type: 'string' } },
    type: { const: 'object' },
    required: { type: 'array', maxItems: 64, uniqueItems: true, items: { type: 'string' } },
    additionalProperties: { const: false },
    properties: {
      type: 'object',
      minProperties: 1,
      maxProperties: 64,
      propertyNames: { pattern: memberName },
      additionalProperties: {
        type: 'object',
        if: { anyOf: [{ required: ['slot'] }, { required: ['as'] }] },
        then: field,
        else: { $ref: '#/$defs/plain' },
      },
    },
    read: { type: 'object', minProperties: 1, properties: { 'ubl-2': reader('root'), 'fhir-r4': reader('resourceType') }, additionalProperties: false },
  },
  additionalProperties: false,
  $defs: { plain },
} as const
