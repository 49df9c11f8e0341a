/**
 * The words of a rule (SPEC §8.2).
 *
 *     order.payable + 5.00 EUR <= $limit    →  name . name + number(5.00, EUR) <= $name
 */

import type { Problem } from '../errors/errors.ts'

export type Token = (
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'parameter'; readonly text: string }
  | { readonly kind: 'number'; readonly text: string; readonly unit?: string }
  | { readonly kind: 'date' | 'timestamp'; readonly text: string }
  | { readonly kind: 'quoted'; readonly text: string }
  | { readonly kind: 'set'; readonly text: string }
  | { readonly kind: 'symbol'; readonly text: string }
  | { readonly kind: 'end'; readonly text: '' }
) & {
  /** 1-based. */
  readonly column: number
}

/** One thing wrong with the text of a rule, and the column at which. */
export class RuleError extends Error {
  readonly column: number
  readonly expected: string
  readonly got: string

  constructor(column: number, expected: string, got: string) {
    super(`column ${column}: expected ${expected}, got ${got}`)
    this.column = column
    this.expected = expected
    this.got = got
  }

  at(place: string): Problem {
    return { path: `${place}, column ${this.column}`, expected: this.expected, got: this.got }
  }
}

// Tried in this order, each at the place where the last one ended. A unit never swallows the words `or` and `in`.
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{2}:\d{2})/
const DATE = /^\d{4}-\d{2}-\d{2}/
const NUMBER = /^(\d+(?:\.\d+)?)(?: +(?!(?:or|in)(?![A-Za-z0-9]))([A-Za-z%][A-Za-z0-9%/]*))?/
const QUOTED = /^'([^']*)'/
const PARAMETER = /^\$([A-Za-z][A-Za-z0-9]*)/
const SET = /^set:([a-z][a-z0-9-]*)/
const NAME = /^[A-Za-z_][A-Za-z0-9_]*/
const SYMBOL = /^(?:!=|<=|>=|[=<>+*.])/

/** @throws RuleError at the first character that starts no word */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  for (let at = 0; ; ) {
    while (text[at] === ' ') at++
    const rest = text.slice(at)
    const column = at + 1
    if (rest === '') return [...tokens, { kind: 'end', text: '', column }]
    const [token, length] = word(rest, column)
    if (/^[A-Za-z0-9_]{2}/.test(text.slice(at + length - 1)) && token.kind !== 'symbol')
      throw new RuleError(at + length + 1, 'a space or an operator', JSON.stringify(text[at + length]))
    tokens.push(token)
    at += length
  }
}

function word(rest: string, column: number): [Token, number] {
  let match: RegExpExecArray | null
  if ((match = TIMESTAMP.exec(rest))) return [{ kind: 'timestamp', text: match[0], column }, match[0].length]
  if ((match = DATE.exec(rest))) return [{ kind: 'date', text: match[0], column }, match[0].length]
  if ((match = NUMBER.exec(rest))) {
    const [whole, text = '', unit] = match
    if (/^0\d/.test(text)) throw new RuleError(column, 'a number without leading zeros', text)
    return [{ kind: 'number', text, column, ...(unit !== undefined && { unit }) }, whole.length]
  }
  if ((match = QUOTED.exec(rest))) return [{ kind: 'quoted', text: match[1] ?? '', column }, match[0].length]
  if ((match = PARAMETER.exec(rest))) return [{ kind: 'parameter', text: match[1] ?? '', column }, match[0].length]
  if ((match = SET.exec(rest))) return [{ kind: 'set', text: match[1] ?? '', column }, match[0].length]
  if ((match = NAME.exec(rest))) return [{ kind: 'name', text: match[0], column }, match[0].length]
  if ((match = SYMBOL.exec(rest))) return [{ kind: 'symbol', text: match[0], column }, match[0].length]
  throw new RuleError(column, "a field, a parameter, a literal or an operator", rest.startsWith("'") ? 'a quote that does not end' : JSON.stringify(rest[0]))
}
