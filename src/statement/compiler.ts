/**
 * From a statement file and its schemas to a checked statement (SPEC §8). Everything that the language cannot mean is listed, each
 * with its rule, its operand, what was expected and what came.
 *
 * Names are put in order by their spelling (documents, parameters), never by their place in the file: canonical JSON has no order
 * of members, and two readers of one hash must get the same statement.
 */

import type { FieldType } from '../document/encoding.ts'
import type { Schema } from '../document/schema.ts'
import { type Problem, refuse } from '../errors/errors.ts'
import type { Field } from '../field/field.ts'
import { placeholdersOf } from './caption.ts'
import { checkComparison, type Comparison, isSameKind } from './comparison.ts'
import { DEFAULT_FRESH, MAX_LITERALS, MAX_PARAMETERS, type ParameterDefinition, type StatementDefinition } from './definition.ts'
import { currenciesOf, Equalities } from './equalities.ts'
import { CURRENCY, nameOfType, Names, type Operand, type Parameter, typeOfParameter } from './operand.ts'
import { parsePath, parseRule, type RuleSyntax } from './parser.ts'
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
  report.limits(definition, rules, types)
  report.unused(definition, names)
  const operands = [...rules.flatMap(operandsOfRule), ...reveals, ...escrowed]
  if (definition.untied !== true && report.isClean) report.ties(untiedDocuments(schemas, operands, equalities))
  report.finish()

  const set = rules.find((rule) => rule.kind === 'membership')?.membership
  return {
    definition,
    schemas,
    documents: Object.keys(schemas).sort(),
    parameters: scalarParameters(types),
    literals: literalsOf(rules),
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

/** Gathers what is wrong, so that everything is told at once. */
class Report {
  private readonly statement: string
  private readonly problems: Problem[] = []

  constructor(statement: string) {
    this.statement = statement
  }

  get isClean(): boolean {
    return this.problems.length === 0
  }

  add(path: string, expected: string, got: string): void {
    this.problems.push({ path, expected, got })
  }

  collect<T>(place: string, check: () => T): T | undefined {
    try {
      return check()
    } catch (error) {
      if (!(error instanceof RuleError)) throw error
      this.problems.push(error.at(place))
      return undefined
    }
  }

  schemas(definition: StatementDefinition, schemaOf: (name: string) => Schema | undefined): Record<string, Schema> {
    const found: Record<string, Schema> = {}
    for (const [document, { schema }] of Object.entries(definition.documents)) {
      const known = schemaOf(schema)
      if (known) found[document] = known
      else this.add(`/documents/${document}/schema`, 'a known schema', JSON.stringify(schema))
    }
    // Without every schema all that follows would be noise.
    if (!this.isClean) this.finish()
    return found
  }

  parameterTypes(definition: StatementDefinition): Map<string, FieldType | 'set'> {
    const types = new Map<string, FieldType | 'set'>()
    const parameters = Object.entries(definition.parameters ?? {})
    for (const [name, type] of parameters) types.set(name, typeof type === 'object' && type.as === 'set' ? 'set' : typeOfParameter(type))
    for (const [name, type] of parameters) {
      if (typeof type !== 'object' || type.as !== 'amount' || /^[A-Z]/.test(type.currency)) continue
      const currency = types.get(type.currency)
      if (currency === undefined || currency === 'set' || currency.as !== 'code') this.add(`/parameters/${name}/currency`, 'an ISO 4217 code or the name of a parameter of type code', type.currency)
      else types.set(type.currency, CURRENCY)
    }
    return types
  }

  operands(place: string, texts: readonly string[] | undefined, names: Names, fits: (type: FieldType) => boolean, expected: string): Operand[] {
    return (texts ?? []).flatMap((text, i) => {
      const operand = this.collect(`${place}/${i}`, () => names.path(parsePath(text)))
      if (operand && !fits(operand.type)) this.add(`${place}/${i}`, expected, `${text}, ${nameOfType(operand.type)}`)
      return operand ?? []
    })
  }

  captions({ says }: StatementDefinition, names: Names): void {
    const used = new Set(names.used)
    for (const [language, caption] of typeof says === 'string' ? [['', says] as const] : Object.entries(says)) {
      const place = language ? `/says/${language}` : '/says'
      const placeholders = this.collect(place, () => placeholdersOf(caption)) ?? []
      for (const { syntax } of placeholders) this.collect(place, () => names.resolve(syntax))
    }
    // A caption names things; it says nothing about them that a proof would hold.
    for (const name of names.used) if (!used.has(name)) names.used.delete(name)
  }

  currencies(rules: readonly Rule[], equalities: Equalities): void {
    for (const rule of rules) {
      if (rule.kind !== 'comparisons') continue
      for (const comparison of rule.alternatives) {
        const [first, ...others] = currenciesOf(comparison)
        for (const other of others)
          if (first && !equalities.areEqual(first, other)) this.add(`rule ${rule.number}`, `amounts in one currency: a rule that says ${first} = ${other}, outside any or`, `amounts in ${first} and in ${other}`)
      }
    }
  }

  limits(definition: StatementDefinition, rules: readonly Rule[], types: ReadonlyMap<string, FieldType | 'set'>): void {
    const scalars = scalarParameters(types).length
    if (scalars > MAX_PARAMETERS) this.add('/parameters', `at most ${MAX_PARAMETERS} parameters beside a set`, `${scalars}`)
    const literals = literalsOf(rules).length
    if (literals > MAX_LITERALS) this.add('/rules', `at most ${MAX_LITERALS} different literals (0 is free)`, `${literals}`)
    const memberships = rules.filter(({ kind }) => kind === 'membership')
    if (memberships.length > 1) this.add(`rule ${memberships[1]?.number}`, 'at most one membership (in)', `${memberships.length}`)
    if (definition.untied !== undefined && Object.keys(definition.documents).length < 2) this.add('/untied', 'two documents', 'one')
  }

  unused(definition: StatementDefinition, names: Names): void {
    for (const document of Object.keys(definition.documents)) if (!names.used.has(document)) this.add(`/documents/${document}`, 'a rule, reveal, escrow or once that uses it', 'none')
    const asCurrency = new Set(Object.values(definition.parameters ?? {}).flatMap((type) => (typeof type === 'object' && type.as === 'amount' ? [type.currency] : [])))
    for (const name of Object.keys(definition.parameters ?? {}))
      if (!names.used.has(`$${name}`) && !asCurrency.has(name)) this.add(`/parameters/${name}`, 'a rule that uses it', 'none')
  }

  ties(untied: string | undefined): void {
    if (untied) this.add('/rules', `a rule that ties the documents to each other (${untied}), or "untied": true`, 'none')
  }

  finish(): void {
    if (!this.isClean) refuse('STATEMENT_INVALID', `the statement ${this.statement} cannot be meant`, this.problems)
  }
}
