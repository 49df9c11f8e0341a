/**
 * What a rule compares, with its type: fields of documents, what a credential says beside them, parameters, the time, literals
 * (SPEC §8.3).
 */

import { describeType, encode, type FieldType } from '../document/encoding.ts'
import { CREDENTIAL_MEMBERS, ORGANISATION_CODE, type Schema } from '../document/schema.ts'
import { Refusal } from '../errors/errors.ts'
import type { Field } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import type { ScalarParameterType, SetElementType } from './definition.ts'
import type { OperandSyntax } from './parser.ts'
import { RuleError } from './tokens.ts'

/** What the credential says beside the document's fields. */
export { CREDENTIAL_MEMBERS }
export type CredentialMember = (typeof CREDENTIAL_MEMBERS)[number]

export type Source =
  | { readonly from: 'field'; readonly document: string; readonly field: string; readonly slot: number }
  | { readonly from: 'credential'; readonly document: string; readonly member: CredentialMember }
  | { readonly from: 'parameter'; readonly name: string }
  | { readonly from: 'now' }
  /** `value` as a document would have it: decimal text without the unit, a date, a code, true. */
  | { readonly from: 'literal'; readonly value: Json; readonly element: Field }

export interface Operand {
  readonly source: Source
  /** An amount's `currency` is the spelling of the operand that holds it: `order.currency`, `$currency` or `'EUR'`. */
  readonly type: FieldType
  /** As it is written in a rule; equal text means the same operand. */
  readonly text: string
}

/** A scalar parameter; its place in `Statement.parameters` is its number. */
export interface Parameter {
  readonly name: string
  readonly type: FieldType
}

/** Codes of organisations (SPEC §4.1), as a type that literals and parameters are checked against. */
const ORGANISATION: FieldType = { as: 'code', pattern: ORGANISATION_CODE }
export const CURRENCY: FieldType = { as: 'code', pattern: '^[A-Z]{3}$' }

/** The names that a statement's rules can use, and which of them they do use. */
export class Names {
  readonly used = new Set<string>()
  private readonly schemas: Readonly<Record<string, Schema>>
  private readonly parameters: ReadonlyMap<string, FieldType>

  constructor(schemas: Readonly<Record<string, Schema>>, parameters: ReadonlyMap<string, FieldType>) {
    this.schemas = schemas
    this.parameters = parameters
  }

  /**
   * @param context an amount or a measure of the same comparison: what a number with a unit is read as
   * @throws RuleError
   */
  resolve(syntax: OperandSyntax, context?: FieldType): Operand {
    switch (syntax.kind) {
      case 'path':
        return this.path(syntax)
      case 'parameter':
        return this.parameter(syntax.name, syntax)
      case 'now':
        return { source: { from: 'now' }, type: { as: 'timestamp' }, text: 'now' }
      case 'number':
        return number(syntax, context)
      case 'date':
      case 'timestamp':
        return literal(syntax, { as: syntax.kind }, syntax.value)
      case 'quoted':
        return literal(syntax, { as: 'code' }, syntax.value)
      case 'boolean':
        return literal(syntax, { as: 'boolean' }, syntax.value)
    }
  }

  path({ document, member, text, column }: OperandSyntax & { kind: 'path' }): Operand {
    const schema = Object.hasOwn(this.schemas, document) ? this.schemas[document] : undefined
    if (!schema) throw new RuleError(column, `a document of the statement (${Object.keys(this.schemas).join(', ')})`, document)
    this.used.add(document)
    const field = schema.fields.find(({ name }) => name === member)
    const ofCredential = CREDENTIAL_MEMBERS.find((name) => name === member)
    if (ofCredential) return { source: { from: 'credential', document, member: ofCredential }, type: typeOfMember(ofCredential), text }
    if (!field) throw new RuleError(column, `a field of ${schema.name} with a slot (${schema.fields.map(({ name }) => name).join(', ')}) or ${CREDENTIAL_MEMBERS.join(', ')}`, text)
    const type: FieldType = field.type.as === 'amount' ? { as: 'amount', currency: `${document}.${field.type.currency}` } : field.type
    return { source: { from: 'field', document, field: field.name, slot: field.slot }, type, text }
  }

  parameter(name: string, { text, column }: { text: string; column: number }): Operand {
    const type = this.parameters.get(name)
    if (!type) throw new RuleError(column, `a parameter of the statement (${[...this.parameters.keys()].join(', ') || 'it has none'})`, text)
    this.used.add(`$${name}`)
    return { source: { from: 'parameter', name }, type, text }
  }
}

/** The type of values that a parameter takes; an amount's currency as in `Operand`. */
export function typeOfParameter(definition: ScalarParameterType | SetElementType): FieldType {
  if (definition === 'organisation') return ORGANISATION
  if (typeof definition === 'string') return { as: definition }
  switch (definition.as) {
    case 'integer':
      return { as: 'integer', maximum: BigInt(definition.maximum) }
    case 'measure':
      return { as: 'measure', unit: definition.unit, decimals: definition.decimals }
    case 'amount':
      return { as: 'amount', currency: /^[A-Z]/.test(definition.currency) ? `'${definition.currency}'` : `$${definition.currency}` }
  }
}

/** A type in a few words, for problems: "an amount", "a measure in KGM with 3 decimals". */
export function nameOfType(type: FieldType): string {
  switch (type.as) {
    case 'measure':
      return `a measure in ${type.unit} with ${type.decimals} decimals`
    case 'integer':
    case 'amount':
      return `an ${type.as}`
    case 'text':
      return 'text'
    default:
      return `a ${type.as}`
  }
}

function typeOfMember(member: CredentialMember): FieldType {
  return member === 'issuer' ? ORGANISATION : member === 'class' ? { as: 'code' } : { as: 'timestamp' }
}

function number(syntax: OperandSyntax & { kind: 'number' }, context: FieldType | undefined): Operand {
  const { number: text, unit, column } = syntax
  if (unit === undefined) {
    if (text.includes('.')) throw new RuleError(column, `a unit or a currency after ${text}`, 'none')
    return literal(syntax, { as: 'integer' }, BigInt(text) <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(text) : text)
  }
  if (context?.as === 'measure') {
    if (context.unit !== unit) throw new RuleError(column, `a number in ${context.unit}`, syntax.text)
    return literal(syntax, context, text)
  }
  if (context?.as !== 'amount') throw new RuleError(column, `an amount or a measure to compare ${syntax.text} with`, 'neither')
  if (!/^[A-Z]{3}$/.test(unit)) throw new RuleError(column, 'the ISO 4217 code of a currency after the number', unit)
  return literal(syntax, { as: 'amount', currency: `'${unit}'` }, text)
}

function literal({ text, column }: OperandSyntax, type: FieldType, value: Json): Operand {
  try {
    return { source: { from: 'literal', value, element: encode(type, value) }, type, text }
  } catch (error) {
    if (error instanceof Refusal) throw new RuleError(column, describeType(type), text)
    throw error
  }
}
