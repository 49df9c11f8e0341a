/**
 * A statement in plain sentences, made from the data alone: what a wallet shows before it proves anything, beside the caption that the
 * statement's author wrote (SPEC §8.6).
 *
 *     The order's payable amount is at most the line's limit.
 *     The registry accepts this order once under the scope "financing".
 */

import type { FieldType } from '../document/encoding.ts'
import type { Json } from '../hash/canonical.ts'
import { caption as captionOf, type Placeholder } from './caption.ts'
import type { Comparison, Side } from './comparison.ts'
import type { Rule, Statement } from './compiler.ts'
import type { Operand } from './operand.ts'
import type { Operator } from './parser.ts'

export interface Explanation {
  /** What the statement's author says it says. */
  readonly caption: string
  /** One sentence for each rule. */
  readonly proved: readonly string[]
  /** What the verifier learns beside it. */
  readonly revealed: readonly string[]
  readonly escrowed: readonly string[]
  readonly spent: readonly string[]
  /** Whom each issuer is hidden among, or that it is not. */
  readonly hidden: readonly string[]
}

export interface ExplainOptions {
  /** Shown in place of "the given bank". */
  readonly parameters?: Readonly<Record<string, Json | undefined>>
  /** Of the caption; the rest is English. */
  readonly language?: string
  /** Number of possible issuers (SPEC §8.7), by document. */
  readonly issuers?: Readonly<Record<string, number>>
}

/** All sentences in one list, the caption first. */
export function explain(statement: Statement, parameters?: Readonly<Record<string, Json | undefined>>, language?: string): string[] {
  const { caption, ...rest } = explainStatement(statement, { ...(parameters && { parameters }), ...(language !== undefined && { language }) })
  return [caption, ...Object.values(rest).flat()]
}

export function explainStatement(statement: Statement, { parameters = {}, language = 'en', issuers = {} }: ExplainOptions = {}): Explanation {
  const phrases = new Phrases(statement, parameters)
  const { reveals, escrow, once, pseudonym } = statement
  return {
    caption: capitalised(captionOf(statement.definition.says, language, (placeholder) => phrases.placeholder(placeholder))),
    proved: [...statement.rules.map((rule) => sentence(phrases.rule(rule))), ...statement.documents.map((document) => sentence(phrases.credential(document)))],
    revealed: [
      ...reveals.map((operand) => sentence(`the verifier alone learns ${phrases.operand(operand)}`)),
      ...(pseudonym === undefined ? [] : [`The verifier recognises you again under the pseudonym "${pseudonym}"; nobody else's pseudonym for you can be joined with it.`]),
      ...(reveals.length === 0 && pseudonym === undefined ? ['No value is revealed.'] : []),
    ],
    escrowed: (escrow?.values ?? []).map((operand) => sentence(`the regulator "${escrow?.regulator}" can open ${phrases.operand(operand)}`)),
    spent: statement.documents.map((document) =>
      Object.hasOwn(once, document) ? `The registry accepts this ${words(document)} once under the scope "${once[document]}".` : `The ${words(document)} can be used again, and nobody sees that it is the same one.`,
    ),
    hidden: statement.documents.map((document) => hiddenSentence(statement, document, issuers[document])),
  }
}

/** Whether the verifier or the registry learns, from rules or reveals, who issued a document. */
export function issuerIsKnown({ equalities, reveals }: Statement, document: string): boolean {
  const issuer = `${document}.issuer`
  const same = [...equalities.equals(issuer)]
  return reveals.some(({ text }) => same.includes(text)) || same.some((text) => /^[$']/.test(text))
}

function hiddenSentence(statement: Statement, document: string, issuers: number | undefined): string {
  if (issuerIsKnown(statement, document)) return `The verifier knows who issued the ${words(document)}.`
  const among = issuers === undefined ? 'all accredited organisations that the rules allow' : issuers === 1 ? '1 accredited organisation, which is no hiding' : `${issuers} accredited organisations`
  return `Who issued the ${words(document)} stays hidden among ${among}.`
}

const VERBS: Readonly<Record<'number' | 'time' | 'other', Readonly<Record<Operator, string>>>> = {
  number: { '=': 'equals', '!=': 'differs from', '<': 'is less than', '<=': 'is at most', '>': 'is more than', '>=': 'is at least' },
  time: { '=': 'is', '!=': 'is not', '<': 'is before', '<=': 'is not after', '>': 'is after', '>=': 'is not before' },
  other: { '=': 'is', '!=': 'is not', '<': '', '<=': '', '>': '', '>=': '' },
}

/** How operands are called. */
class Phrases {
  private readonly statement: Statement
  private readonly parameters: Readonly<Record<string, Json | undefined>>

  constructor(statement: Statement, parameters: Readonly<Record<string, Json | undefined>>) {
    this.statement = statement
    this.parameters = parameters
  }

  rule(rule: Rule): string {
    if (rule.kind === 'comparisons') return rule.alternatives.map((comparison) => this.comparison(comparison)).join(', or ')
    const { member, source } = rule.membership
    const set = source.from === 'published' ? `the published set "${source.name}"` : source.from === 'field' ? this.operand(source.operand) : `the verifier's list "${words(source.name)}"`
    return `${this.operand(member)} is in ${set}`
  }

  credential(document: string): string {
    const { title } = this.statement.schemas[document] ?? { title: document }
    return `an organisation accredited for it issued the ${words(document)} (${title}) to the holder, and it is neither expired nor revoked`
  }

  operand({ source, text, type }: Operand): string {
    switch (source.from) {
      case 'field':
        return `the ${words(source.document)}'s ${this.titleOf(source.document, source.field)}`
      case 'credential':
        return { issuer: `the organisation that issued the ${words(source.document)}`, class: `the class of the ${words(source.document)}'s issuer`, issuedAt: `the time at which the ${words(source.document)} was issued`, expiresAt: `the time at which the ${words(source.document)} expires` }[source.member]
      case 'parameter':
        return this.parameter(source.name, type)
      case 'now':
        return 'the time of the proof'
      case 'literal':
        return text
    }
  }

  placeholder({ syntax }: Placeholder): string {
    if (syntax.kind === 'parameter') return this.parameter(syntax.name, this.statement.parameters.find(({ name }) => name === syntax.name)?.type)
    return syntax.kind === 'path' ? `the ${words(syntax.document)}'s ${this.titleOf(syntax.document, syntax.member)}` : syntax.text
  }

  private comparison({ left, operator, right, numeric }: Comparison): string {
    const kind = !numeric ? 'other' : left.type.as === 'date' || left.type.as === 'timestamp' ? 'time' : 'number'
    return `${this.side(left)} ${VERBS[kind][operator]} ${this.side(right)}`
  }

  private side({ operands: [first, second], by, type }: Side): string {
    if (!second) return this.operand(first)
    const unit = (operand: Operand): string => (operand.type.as === type.as ? '' : type.as === 'date' ? ' days' : type.as === 'timestamp' ? ' seconds' : '')
    return `${this.operand(first)}${unit(first)} ${by === '*' ? 'times' : 'plus'} ${this.operand(second)}${unit(second)}`
  }

  private parameter(name: string, type: FieldType | undefined): string {
    const value = this.given(name)
    if (value === undefined) return `the given ${words(name)}`
    if (type?.as === 'measure') return `${String(value)} ${type.unit}`
    if (type?.as !== 'amount') return String(value)
    const currency = type.currency.startsWith('$') ? this.given(type.currency.slice(1)) : type.currency.slice(1, -1)
    return currency === undefined ? String(value) : `${String(value)} ${String(currency)}`
  }

  private given(name: string): Json | undefined {
    return Object.hasOwn(this.parameters, name) ? this.parameters[name] : undefined
  }

  private titleOf(document: string, member: string): string {
    const title = this.statement.schemas[document]?.fields.find(({ name }) => name === member)?.title
    // "Payable amount" inside a sentence; "VAT number" stays as it is
    return title === undefined ? words(member) : /^\p{Lu}\p{Ll}/u.test(title) ? `${title.charAt(0).toLowerCase()}${title.slice(1)}` : title
  }
}

/** `creditLine` as "credit line". */
function words(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`)
}

function sentence(text: string): string {
  return `${capitalised(text)}.`
}

function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}
