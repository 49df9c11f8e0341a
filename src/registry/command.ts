/**
 * What can be sent to a registry (SPEC §7.1): the structure of each command, checked before anything else is done with it.
 */

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { ORGANISATION_CODE } from '../document/schema.ts'
import { refuse } from '../errors/errors.ts'
import type { Json } from '../hash/canonical.ts'
import { type Body, type Envelope, parseEnvelope } from '../signature/envelope.ts'
import type { PublicKey } from '../signature/organisation-key.ts'

export type Mode = 'development' | 'production'

interface Point {
  readonly x: string
  readonly y: string
}

interface Governor {
  readonly organisation: string
  readonly name: string
  readonly keys: readonly PublicKey[]
}

/** The members of each body beside type, origin and nonce. */
interface Bodies {
  'genesis': { name: string; mode: Mode; governors: readonly Governor[]; k: number; logKey: PublicKey; nowTolerance: number }
  'organisation.admit': Governor
  'organisation.rotate': { organisation: string; add: readonly PublicKey[]; remove: readonly string[] }
  'organisation.suspend': { organisation: string }
  'schema.register': { schema: Json }
  'issuer.accredit': { certificate: Envelope; class: string }
  'issuer.retire': { organisation: string; issuingKey: Point; schemaId: string; listNumber: number; reason: 'rotated' | 'compromised' | 'withdrawn' }
  'status.publish': { organisation: string; schemaId: string; listNumber: number; sequence: number; list: string }
  'set.publish': { name: string; of: SetMemberType; members: readonly Json[] }
  'scope.register': { name: string }
  'regulator.register': { organisation: string; name: string; escrowKey: Point }
  'shape.register': { shape: string; verificationKey: Json; provingKey: string; transcript: Json }
  'shape.retire': { shape: string; verificationKey: string }
  'statement.register': { statement: Json }
  'statement.retire': { statement: string }
  'proof.submit': { submission: Json }
  'protocol.activate': { version: number }
}

export const SET_MEMBER_TYPES = ['organisation', 'code', 'text', 'date', 'timestamp', 'integer'] as const
export type SetMemberType = (typeof SET_MEMBER_TYPES)[number]

export type CommandType = keyof Bodies

/** A body of type T. Every command but proof.submit has a nonce. */
export type CommandBody<T extends CommandType = CommandType> = Body & { readonly type: T; readonly nonce?: string } & Readonly<Bodies[T]>

export type Command = Envelope<CommandBody>

/** The body of an `issuing-key.certify` envelope. */
export interface Certificate extends Body {
  readonly type: 'issuing-key.certify'
  readonly organisation: string
  readonly issuingKey: { readonly x: string; readonly y: string }
  readonly schemaId: string
  readonly listNumber: number
}

/** Printable ASCII without space and +: it names the log in signed notes, where those two are marks. */
const origin = { type: 'string', pattern: '^[!-*,-~]{1,200}$' }
const hex = (length: number) => ({ type: 'string', pattern: `^[0-9a-f]{${length}}$` })
const code = { type: 'string', pattern: ORGANISATION_CODE, maxLength: 31 }
const element = { type: 'string', pattern: '^(0|[1-9][0-9]{0,76})$' }
const counter = { type: 'integer', minimum: 0, maximum: 2 ** 32 - 1 }
const title = { type: 'string', minLength: 1, maxLength: 200 }
/** Names of scopes, sets and regulators, spelt as statements spell them. */
const name = { type: 'string', pattern: '^[a-z][a-z0-9]*(-[a-z0-9]+)*$', maxLength: 64 }
const point = members({ x: element, y: element })
const keys = (minItems: number) => ({ type: 'array', minItems, maxItems: 16, items: { type: 'object' } })
const governor = { organisation: code, name: title, keys: keys(1) }
const list = { organisation: code, schemaId: element, listNumber: counter }

/** JSON Schemas of the members beside type, origin and nonce; the OpenAPI page shows them too. */
export const COMMAND_SCHEMAS: { readonly [T in CommandType]: Record<keyof Bodies[T], object> } = {
  'genesis': {
    name: title,
    mode: { enum: ['development', 'production'] },
    governors: { type: 'array', minItems: 1, maxItems: 16, items: members(governor) },
    k: { type: 'integer', minimum: 1, maximum: 16 },
    logKey: { type: 'object' },
    nowTolerance: { type: 'integer', minimum: 1, maximum: 86_400 },
  },
  'organisation.admit': governor,
  'organisation.rotate': { organisation: code, add: keys(0), remove: { type: 'array', maxItems: 16, items: hex(64) } },
  'organisation.suspend': { organisation: code },
  'schema.register': { schema: { type: 'object' } },
  'issuer.accredit': { certificate: { type: 'object' }, class: { type: 'string', minLength: 1, maxLength: 31 } },
  'issuer.retire': { ...list, issuingKey: point, reason: { enum: ['rotated', 'compromised', 'withdrawn'] } },
  'status.publish': { ...list, sequence: { ...counter, minimum: 1 }, list: { type: 'string', maxLength: 169_304, pattern: '^[A-Za-z0-9_-]*$' } },
  'set.publish': { name, of: { enum: SET_MEMBER_TYPES }, members: { type: 'array', minItems: 1, maxItems: 16_384 } },
  'scope.register': { name },
  'regulator.register': { organisation: code, name, escrowKey: point },
  'shape.register': { shape: { type: 'string', maxLength: 31 }, verificationKey: { type: 'object' }, provingKey: hex(64), transcript: { type: 'object' } },
  'shape.retire': { shape: { type: 'string', maxLength: 31 }, verificationKey: hex(64) },
  'statement.register': { statement: { type: 'object' } },
  'statement.retire': { statement: hex(64) },
  'proof.submit': { submission: { type: 'object' } },
  'protocol.activate': { version: { type: 'integer', minimum: 1, maximum: 1_000 } },
}

const certificateSchema = members({ type: { const: 'issuing-key.certify' }, origin, ...list, issuingKey: point })

export const COMMAND_TYPES = Object.keys(COMMAND_SCHEMAS) as readonly CommandType[]

/** The JSON Schema of a whole body. */
export function bodySchema(type: CommandType): object {
  const base = { type: { const: type }, origin }
  return members({ ...base, ...(type === 'proof.submit' ? {} : { nonce: hex(32) }), ...COMMAND_SCHEMAS[type] })
}

const ajv = new Ajv2020({ allErrors: true, strict: true })
const validators = new Map<string, ValidateFunction>(COMMAND_TYPES.map((type) => [type, ajv.compile(bodySchema(type))]))
const validateCertificate = ajv.compile(certificateSchema)

/**
 * Reads a command from outside: an envelope whose body has the members of its type and no others.
 * What the members mean is checked by `decide`.
 * @throws Refusal MALFORMED with every problem
 */
export function parseCommand(value: unknown): Command {
  const envelope = parseEnvelope(value)
  const validate = validators.get(envelope.body.type)
  if (!validate) return refuse('MALFORMED', 'no such type of command', [{ path: '/body/type', expected: COMMAND_TYPES.join(' | '), got: 'another' }])
  requireFits(validate, envelope.body, '/body')
  return envelope as Command
}

/** Reads the certificate inside `issuer.accredit`. @throws Refusal MALFORMED */
export function parseCertificate(value: unknown): Envelope<Certificate> {
  const envelope = parseEnvelope(value)
  requireFits(validateCertificate, envelope.body, '/body/certificate/body')
  return envelope as Envelope<Certificate>
}

function requireFits(validate: ValidateFunction, body: unknown, path: string): void {
  if (validate(body)) return
  const problems = (validate.errors ?? []).map((error) => ({
    path: path + error.instancePath,
    expected: error.keyword === 'additionalProperties' ? `no member ${JSON.stringify(error.params.additionalProperty)}` : (error.message ?? error.keyword),
    got: 'something else',
  }))
  refuse('MALFORMED', 'not a command', problems)
}

/** An object with exactly these members. */
function members(properties: Record<string, object>): object {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false }
}
