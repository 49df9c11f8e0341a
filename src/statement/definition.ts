/**
 * The statement file (SPEC §8.1): what is proved, as data.
 *
 *     { "statement": "order-within-credit-limit", "version": 1,
 *       "says": "{order.supplier}'s order is worth no more than the limit that {$bank} last certified for it.",
 *       "documents": { "order": { "schema": "purchase-order" }, "line": { "schema": "credit-line" } },
 *       "parameters": { "bank": "organisation" },
 *       "rules": [ "order.buyer = order.issuer", "line.issuer = $bank", … ],
 *       "once": { "order": "financing" } }
 *
 * ajv compiles the schema below when this is first used; in a browser that needs a content security policy that allows it.
 */

import { compileValidator, type Validator } from '../document/validator.ts'
import { refuse } from '../errors/errors.ts'
import type { Json } from '../hash/canonical.ts'

export type ScalarParameterType =
  | 'organisation'
  | 'code'
  | 'text'
  | 'date'
  | 'timestamp'
  | 'integer'
  | 'boolean'
  | { readonly as: 'integer'; readonly maximum: number }
  | { readonly as: 'amount'; /** a parameter of type code, or an ISO 4217 code */ readonly currency: string }
  | { readonly as: 'measure'; readonly unit: string; readonly decimals: number }

export type SetElementType = 'organisation' | 'code' | 'text' | 'date' | 'timestamp' | 'integer'

export type ParameterDefinition = ScalarParameterType | { readonly as: 'set'; readonly of: SetElementType }

/** The statement file, checked as far as a JSON Schema can. */
export interface StatementDefinition {
  readonly statement: string
  readonly version: number
  readonly says: string | Readonly<Record<string, string>>
  readonly documents: Readonly<Record<string, { readonly schema: string }>>
  readonly parameters?: Readonly<Record<string, ParameterDefinition>>
  readonly rules?: readonly string[]
  readonly reveals?: readonly string[]
  readonly once?: Readonly<Record<string, string>>
  readonly pseudonym?: string
  readonly escrow?: { readonly regulator: string; readonly values: readonly string[] }
  readonly minimumIssuers?: number
  readonly fresh?: number
  readonly untied?: boolean
}

export const MAX_PARAMETERS = 6
export const MAX_LITERALS = 4
const MAX_REVEALS = 4
const MAX_ESCROWED = 2
export const DEFAULT_FRESH = 300

const NAME = { type: 'string', pattern: '^[a-z][A-Za-z0-9]{0,63}$' }
const KEBAB = { type: 'string', pattern: '^[a-z][a-z0-9]*(-[a-z0-9]+)*$', maxLength: 64 }
const CAPTION = { type: 'string', minLength: 1, maxLength: 1000 }
const OPERANDS = { type: 'array', minItems: 1, uniqueItems: true, items: { type: 'string', maxLength: 200 } }
const ELEMENT_TYPES = ['organisation', 'code', 'text', 'date', 'timestamp', 'integer']

/** One form of the object that a parameter's type can be. */
function variant(as: string, members: Record<string, Json>): { if: Json; then: Json } {
  return {
    if: { type: 'object', properties: { as: { const: as } } },
    then: { type: 'object', required: Object.keys(members), additionalProperties: false, properties: { as: true, ...members } },
  }
}

const PARAMETER = {
  if: { type: 'string' },
  then: { enum: [...ELEMENT_TYPES, 'boolean'] },
  else: {
    type: 'object',
    required: ['as'],
    properties: { as: { enum: ['integer', 'amount', 'measure', 'set'] } },
    allOf: [
      variant('integer', { maximum: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } }),
      variant('amount', { currency: { type: 'string', pattern: '^([A-Z]{3}|[a-z][A-Za-z0-9]*)$' } }),
      variant('measure', { unit: { type: 'string', minLength: 1, maxLength: 31 }, decimals: { type: 'integer', minimum: 0, maximum: 9 } }),
      variant('set', { of: { enum: ELEMENT_TYPES } }),
    ],
  },
}

/** The JSON Schema (2020-12) of a statement file. */
export const DEFINITION_SCHEMA = {
  $id: 'https://attestry.org/statement.json',
  title: 'Attestry statement',
  type: 'object',
  required: ['statement', 'version', 'says', 'documents'],
  additionalProperties: false,
  properties: {
    statement: KEBAB,
    version: { type: 'integer', minimum: 1, maximum: 1_000_000 },
    says: {
      if: { type: 'string' },
      then: CAPTION,
      else: { type: 'object', minProperties: 1, propertyNames: { pattern: '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$' }, additionalProperties: CAPTION },
    },
    documents: {
      type: 'object',
      minProperties: 1,
      maxProperties: 2,
      propertyNames: { ...NAME, not: { enum: ['now', 'or', 'in', 'true', 'false', 'set'] } },
      additionalProperties: {
        type: 'object',
        required: ['schema'],
        additionalProperties: false,
        properties: { schema: { type: 'string', minLength: 1, maxLength: 200 } },
      },
    },
    parameters: { type: 'object', propertyNames: NAME, maxProperties: MAX_PARAMETERS + 1, additionalProperties: PARAMETER },
    rules: { type: 'array', maxItems: 16, items: { type: 'string', minLength: 1, maxLength: 500 } },
    reveals: { ...OPERANDS, maxItems: MAX_REVEALS },
    once: { type: 'object', minProperties: 1, propertyNames: NAME, additionalProperties: KEBAB },
    pseudonym: KEBAB,
    escrow: {
      type: 'object',
      required: ['regulator', 'values'],
      additionalProperties: false,
      properties: { regulator: KEBAB, values: { ...OPERANDS, maxItems: MAX_ESCROWED } },
    },
    minimumIssuers: { type: 'integer', minimum: 1, maximum: 65_536 },
    fresh: { type: 'integer', minimum: 0, maximum: 31_536_000 },
    untied: { type: 'boolean' },
  },
}

let validator: Validator | undefined

/**
 * Checks the structure of a statement file; names, types and rules are the compiler's business.
 * @throws Refusal STATEMENT_INVALID with every problem
 */
export function parseDefinition(json: unknown): StatementDefinition {
  validator ??= compileValidator(DEFINITION_SCHEMA)
  const problems = validator(json)
  if (problems.length > 0) refuse('STATEMENT_INVALID', 'the statement file is not well-formed', problems)
  return json as StatementDefinition
}
