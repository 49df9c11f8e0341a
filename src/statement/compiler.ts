/**
 * From a statement file and its schemas to a checked statement (SPEC §8). Everything that the language cannot mean is listed, each
 * with its rule, its operand, what was expected and what came.
 *
 * Names are put in order by their spelling (documents, parameters), never by their place in the file: canonical JSON has no order
 * of members, and two readers of one hash must get the same statement.
 */

import type { FieldType } from '../document/encoding.ts'
import type { Schema } from '../document/schema.ts'
import type { Field } from '../field/field.ts'
import { checkComparison, type Comparison, isSameKind } from './comparison.ts'
import { DEFAULT_FRESH, type ParameterDefinition, type StatementDefinition } from './definition.ts'
import { Equalities } from './equalities.ts'
import { nameOfType, Names, type Operand, type Parameter, typeOfParameter } from './operand.ts'
import { parseRule, type RuleSyntax } from './parser.ts'
import { Report } from './report.ts'
import { untiedDocuments } from './ties.ts'
import { RuleError } from './tokens.ts'

export type SetSource =
  | { readonly from: 'published'; readonly name: string }
  /** The request brings the members. */
  | { readonly from: 'parameter'; readonly name: string }
  | { readonly from: 'field'; readonly operand: Operand }

export interface Membership {
  readonly member: Operand
  readonly source: SetSource
}

export type Rule = { /** 1-based place in the file */ readonly number: number; readonly text: string } & (
  | { readonly kind: 'comparisons'; readonly alternatives: readonly Comparison[] }
  | { readonly kind: 'membership'; readonly membership: Membership }
)

export interface Statement {
  readonly definition: StatementDefinition
  readonly schemas: Readonly<Record<string, Schema>>
  /** Names in the order of the credentials' places. */
  readonly documents: readonly string[]
  /** In the order of the parameters' registers. */
  readonly parameters: readonly Parameter[]
  /** In the order of the literals' registers: distinct, without 0. */
  readonly literals: readonly Field[]
  readonly rules: readonly Rule[]
  readonly reveals: readonly Operand[]
  readonly once: Readonly<Record<string, string>>
  readonly pseudonym?: string
  readonly escrow?: { readonly regulator: string; readonly values: readonly Operand[] }
  readonly set?: Membership
  readonly minimumIssuers: number
  /** Seconds for which a superseded directory root still counts. */
  readonly fresh: number
  readonly equalities: Equalities
}

/**
 * Compiles a statement.
 * @param schemaOf the schema of that name (`$id`)
 * @throws Refusal STATEMENT_INVALID with every problem
 */
export function compileStatement(definition: StatementDefinition, schemaOf: (name: string) => Schema | undefined): Statement {
  const report = new Report(definition.statement)
  const schemas = report.schemas(definition, schemaOf)
  const types = report.parameterTypes(definition)
  const names = new Names(schemas, new Map([...types].filter(([, type]) => type !== 'set') as [string, FieldType][]))

  const rules = (definition.rules ?? []).flatMap((text, i) => report.collect(`rule ${i + 1}`, () => checkRule(text, i + 1, names, definition.parameters ?? {})) ?? [])
  const reveals = report.operands('/reveals', definition.reveals, names, ({ as }) => as !== 'set', 'a value (a set has none)')
  const escrowed = report.operands('/escrow/values', definition.escrow?.values, names, ({ as }) => as !== 'set' && as !== 'text', 'a number or a code')
  for (const document of Object.keys(definition.once ?? {})) {
    if (Object.hasOwn(schemas, document)) names.used.add(document)
    else report.add(`/once/${document}`, 'a document of the statement', document)
  }
  report.captions(definition, names)

  const comparisons = rules.flatMap((rule) => (rule.kind === 'comparisons' && rule.alternatives.length === 1 ? rule.alternatives : []))
  const equalities = new Equalities(comparisons)
  report.currencies(rules, equalities)
  const [parameters, literals] = [scalarParameters(types), literalsOf(rules)]
  report.limits(definition, rules, parameters.length, literals.length)
  report.unused(definition, names)
  const operands = [...rules.flatMap(operandsOfRule), ...reveals, ...escrowed]
  if (definition.untied !== true && report.isClean) report.ties(untiedDocuments(schemas, operands, equalities))
  report.finish()

  const set = rules.find((rule) => rule.kind === 'membership')?.membership
  return {
    definition,
    schemas,
    documents: Object.keys(schemas).sort(),
    parameters,
    literals,
    rules,
    reveals,
    once: definition.once ?? {},
    ...(definition.pseudonym !== undefined && { pseudonym: definition.pseudonym }),
    ...(definition.escrow && { escrow: { regulator: definition.escrow.regulator, values: escrowed } }),
    ...(set && { set }),
    minimumIssuers: definition.minimumIssuers ?? 1,
    fresh: definition.fresh ?? DEFAULT_FRESH,
    equalities,
  }
}

function checkRule(text: string, number: number, names: Names, parameters: Readonly<Record<string, ParameterDefinition>>): Rule {
  const syntax = parseRule(text)
  if (syntax.kind === 'membership') return { number, text, kind: 'membership', membership: checkMembership(syntax, names, parameters) }
  return { number, text, kind: 'comparisons', alternatives: syntax.alternatives.map((comparison) => checkComparison(comparison, names)) }
}

function checkMembership({ member: written, set }: RuleSyntax & { kind: 'membership' }, names: Names, parameters: Readonly<Record<string, ParameterDefinition>>): Membership {
  const member = names.resolve(written)
  const { as } = member.type
  if (as === 'amount' || as === 'measure' || as === 'boolean' || as === 'set' || member.source.from === 'literal')
    throw new RuleError(written.column, 'a code, text, date, timestamp or integer of a document or a parameter before in', written.text)
  switch (set.kind) {
    case 'published':
      return { member, source: { from: 'published', name: set.name } }
    case 'path': {
      const operand = names.path(set)
      if (operand.type.as !== 'set') throw new RuleError(set.column, 'a field of type set', `${set.text}, ${nameOfType(operand.type)}`)
      return { member, source: { from: 'field', operand } }
    }
    case 'parameter': {
      const definition = Object.hasOwn(parameters, set.name) ? parameters[set.name] : undefined
      if (typeof definition !== 'object' || definition.as !== 'set') throw new RuleError(set.column, 'a parameter of type {"as": "set"}', set.text)
      names.used.add(set.text)
      const of = typeOfParameter(definition.of)
      if (!isSameKind(of, member.type)) throw new RuleError(written.column, `${nameOfType(of)} (${set.text} has those)`, `${written.text}, ${nameOfType(member.type)}`)
      return { member, source: { from: 'parameter', name: set.name } }
    }
    default:
      throw new RuleError(set.column, '$parameter, set:name or document.field', set.text)
  }
}

function scalarParameters(types: ReadonlyMap<string, FieldType | 'set'>): Parameter[] {
  return [...types].flatMap(([name, type]) => (type === 'set' ? [] : [{ name, type }])).sort((a, b) => (a.name < b.name ? -1 : 1))
}

function operandsOfRule(rule: Rule): Operand[] {
  if (rule.kind === 'comparisons') return rule.alternatives.flatMap(({ left, right }) => [...left.operands, ...right.operands])
  const { member, source } = rule.membership
  return source.from === 'field' ? [member, source.operand] : [member]
}

/** Two literals with one element share a register; 0 is register 0. */
function literalsOf(rules: readonly Rule[]): Field[] {
  const elements = rules.flatMap(operandsOfRule).flatMap(({ source }) => (source.from === 'literal' && source.element !== 0n ? [source.element] : []))
  return [...new Set(elements)]
}
