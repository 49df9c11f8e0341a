/**
 * Schemas: JSON Schema 2020-12 with slots and encodings (SPEC §3). A schema is data: what a document looks like, which of its
 * members take part in proofs, what makes two documents the same record, who accredits its issuers, how real formats are read.
 */

import { type Problem, refuse } from '../errors/errors.ts'
import type { Field } from '../field/field.ts'
import { canonicalJson, type Json } from '../hash/canonical.ts'
import { hashJsonToField } from '../hash/digest.ts'
import { AMOUNT_DECIMALS, encode, type FieldType } from './encoding.ts'
import { META_SCHEMA } from './meta-schema.ts'
import { type Reader, type ReaderFormat, parseReaders } from './mapping.ts'
import { isQuickPattern } from './pattern.ts'
import { compileValidator, shapeOf, type Validator } from './validator.ts'

export { ORGANISATION_CODE } from './meta-schema.ts'

export interface SchemaField {
  readonly name: string
  /** 0–15. */
  readonly slot: number
  readonly type: FieldType
  readonly title?: string
}

export interface Schema {
  /** Digest element of label `schema` over the canonical schema: any edit changes it. */
  readonly id: Field
  /** The schema's `$id`. */
  readonly name: string
  readonly title: string
  /** Stable over versions: part of every serial. */
  readonly namespace: string
  readonly version: number
  /** Code of the organisation that accredits issuers. */
  readonly authority: string
  /** Code of the one organisation that makes serials for all issuers, if there is one. */
  readonly serialAuthority?: string
  /** Names of the fields that make a record the same record. */
  readonly naturalKey: readonly string[]
  /** By slot, ascending. */
  readonly fields: readonly SchemaField[]
  readonly readers: ReadonlyMap<ReaderFormat, Reader>
  readonly json: { readonly [name: string]: Json }
  readonly validate: Validator
}

/** What statements call so is the credential's (`doc.issuer`): no member of a document has these names. */
export const CREDENTIAL_MEMBERS = ['issuer', 'class', 'issuedAt', 'expiresAt'] as const

/** A canonical schema is at most this long. */
const MAX_BYTES = 65_536

interface Property {
  readonly type?: Json
  readonly title?: string
  readonly slot?: number
  readonly as?: FieldType['as']
  readonly unit?: string
  readonly decimals?: number
  readonly currency?: string
  readonly pattern?: string
  readonly enum?: readonly string[]
  readonly maximum?: number
  readonly largest?: string
  readonly items?: Property
  readonly properties?: Readonly<Record<string, Property>>
}

interface SchemaFile {
  readonly $id: string
  readonly title: string
  readonly namespace: string
  readonly version: number
  readonly authority: string
  readonly serialAuthority?: string
  readonly naturalKey: readonly string[]
  readonly required: readonly string[]
  readonly properties: Readonly<Record<string, Property>>
  readonly read?: Json
}

let metaValidator: Validator | undefined

/**
 * Reads a schema from anywhere.
 * @throws Refusal SCHEMA_INVALID with every problem, TOO_LARGE
 */
export function parseSchema(json: unknown): Schema {
  metaValidator ??= compileValidator(META_SCHEMA)
  requireNone(metaValidator(json), json)
  const file = json as SchemaFile
  requireNone([...fieldProblems(file), ...naturalKeyProblems(file), ...nameProblems(file), ...patternProblems(file, '')], json)
  const text = canonicalJson(json as Json)
  if (text.length > MAX_BYTES) return refuse('TOO_LARGE', `a schema is at most ${MAX_BYTES} bytes`)
  return {
    id: hashJsonToField('schema', json as Json),
    name: file.$id,
    title: file.title,
    namespace: file.namespace,
    version: file.version,
    authority: file.authority,
    ...(file.serialAuthority === undefined ? {} : { serialAuthority: file.serialAuthority }),
    naturalKey: file.naturalKey,
    fields: slotted(file).map(([name, property]) => schemaField(name, property)),
    readers: parseReaders(file.read, Object.keys(file.properties)),
    json: json as Schema['json'],
    validate: compiled(json as object),
  }
}

/** The field of that name, if the schema has it and it has a slot. */
export function fieldOf(schema: Schema, name: string): SchemaField | undefined {
  return schema.fields.find((field) => field.name === name)
}

function slotted(file: SchemaFile): [string, Property & { slot: number; as: FieldType['as'] }][] {
  const entries = Object.entries(file.properties).filter(([, { slot }]) => slot !== undefined) as [string, Property & { slot: number; as: FieldType['as'] }][]
  return entries.sort(([, a], [, b]) => a.slot - b.slot)
}

function schemaField(name: string, property: Property & { slot: number; as: FieldType['as'] }): SchemaField {
  return { name, slot: property.slot, type: fieldType(property), ...(property.title === undefined ? {} : { title: property.title }) }
}

function fieldType({ as, unit = '', decimals = 0, currency = '', pattern, enum: values, maximum, largest }: Property & { as: FieldType['as'] }): FieldType {
  switch (as) {
    case 'integer':
      return maximum === undefined ? { as } : { as, maximum: BigInt(maximum) }
    case 'measure':
      return { as, unit, decimals, ...(largest === undefined ? {} : { maximum: encode({ as, unit, decimals }, largest) as bigint }) }
    case 'amount':
      return { as, currency }
    case 'code':
      return { as, ...(pattern === undefined ? {} : { pattern }), ...(values === undefined ? {} : { enum: values }) }
    default:
      return { as }
  }
}

/** What the meta-schema cannot say: slots distinct, slotted members required, a currency that is a code, a largest that fits. */
function fieldProblems(file: SchemaFile): Problem[] {
  const problems: Problem[] = []
  const bySlot = new Map<number, string>()
  for (const [name, property] of slotted(file)) {
    const path = `/properties/${name}`
    const taken = bySlot.get(property.slot)
    if (taken !== undefined) problems.push({ path: `${path}/slot`, expected: 'a slot of its own', got: `the slot of ${taken}` })
    bySlot.set(property.slot, name)
    if (!file.required.includes(name)) problems.push({ path: '/required', expected: `${name}, because it has a slot`, got: 'a list without it' })
    const currency = property.as === 'amount' ? file.properties[property.currency ?? ''] : undefined
    if (property.as === 'amount' && (currency?.as !== 'code' || currency.slot === undefined))
      problems.push({ path: `${path}/currency`, expected: 'the name of a code field with a slot', got: shapeOf(property.currency) })
    if (property.largest !== undefined && !fitsMeasure(property))
      problems.push({ path: `${path}/largest`, expected: `decimal text with at most ${property.decimals} decimals`, got: shapeOf(property.largest) })
  }
  return problems
}

function fitsMeasure({ unit = '', decimals = AMOUNT_DECIMALS, largest = '' }: Property): boolean {
  try {
    encode({ as: 'measure', unit, decimals }, largest)
    return true
  } catch {
    return false
  }
}

function naturalKeyProblems(file: SchemaFile): Problem[] {
  return file.naturalKey.flatMap((name, i) =>
    file.properties[name]?.slot === undefined ? [{ path: `/naturalKey/${i}`, expected: 'the name of a field with a slot', got: shapeOf(name) }] : [],
  )
}

function nameProblems({ properties }: SchemaFile): Problem[] {
  return CREDENTIAL_MEMBERS.flatMap((name) => (Object.hasOwn(properties, name) ? [{ path: `/properties/${name}`, expected: 'another name: statements call a member of the credential so', got: shapeOf(name) }] : []))
}

/** Patterns at any depth. */
function patternProblems({ pattern, items, properties = {} }: Property, path: string): Problem[] {
  return [
    ...(pattern === undefined || isQuickPattern(pattern) ? [] : [{ path: `${path}/pattern`, expected: 'a pattern with few ways to match, without look-around and references back', got: shapeOf(pattern) }]),
    ...(items ? patternProblems(items, `${path}/items`) : []),
    ...Object.entries(properties).flatMap(([name, property]) => patternProblems(property, `${path}/properties/${name}`)),
  ]
}

function compiled(json: object): Validator {
  try {
    return compileValidator(json)
  } catch (error) {
    return refuse('SCHEMA_INVALID', `not a JSON Schema: ${error instanceof Error ? error.message : 'ajv refuses it'}`)
  }
}

function requireNone(problems: readonly Problem[], json: unknown): void {
  if (problems.length > 0) refuse('SCHEMA_INVALID', `not a schema${nameOf(json)}`, problems)
}

function nameOf(json: unknown): string {
  const name = (json as { $id?: unknown } | null | undefined)?.$id
  return typeof name === 'string' && name.length <= 64 ? ` (${name})` : ''
}
