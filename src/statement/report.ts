/**
 * What is wrong with a statement, gathered so that everything is told at once, and the checks that look at more than one rule.
 */

import type { FieldType } from '../document/encoding.ts'
import type { Schema } from '../document/schema.ts'
import { type Problem, refuse } from '../errors/errors.ts'
import { placeholdersOf } from './caption.ts'
import type { Rule } from './compiler.ts'
import { MAX_LITERALS, MAX_PARAMETERS, type StatementDefinition } from './definition.ts'
import { currenciesOf, type Equalities } from './equalities.ts'
import { CURRENCY, nameOfType, type Names, type Operand, typeOfParameter } from './operand.ts'
import { parsePath } from './parser.ts'
import { RuleError } from './tokens.ts'

export class Report {
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

  limits(definition: StatementDefinition, rules: readonly Rule[], scalars: number, literals: number): void {
    if (scalars > MAX_PARAMETERS) this.add('/parameters', `at most ${MAX_PARAMETERS} parameters beside a set`, `${scalars}`)
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
