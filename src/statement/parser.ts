/**
 * From the text of a rule to its parts, without looking at any schema. The grammar is in SPEC §8.2:
 *
 *     rule        = membership | comparison { "or" comparison }
 *     comparison  = side operator side            operator = "=" "!=" "<" "<=" ">" ">="
 *     side        = operand [ ("+" | "*") operand ]
 *     membership  = operand "in" ( "$" name | "set:" name | path )
 *     operand     = path | "$" name | "now" | literal
 *     path        = name "." name
 */

import { RuleError, type Token, tokenize } from './tokens.ts'

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>='

/** An operand as it is written; `text` is its spelling, `column` where it starts. */
export type OperandSyntax = (
  | { readonly kind: 'path'; readonly document: string; readonly member: string }
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'now' }
  | { readonly kind: 'number'; readonly number: string; readonly unit?: string }
  | { readonly kind: 'date' | 'timestamp' | 'quoted'; readonly value: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
) & { readonly text: string; readonly column: number }

export interface SideSyntax {
  readonly first: OperandSyntax
  readonly second?: { readonly by: '+' | '*'; readonly operand: OperandSyntax }
  readonly column: number
}

export interface ComparisonSyntax {
  readonly left: SideSyntax
  readonly operator: Operator
  readonly right: SideSyntax
  readonly column: number
}

export type SetSyntax = { readonly kind: 'published'; readonly name: string; readonly column: number } | OperandSyntax

export type RuleSyntax =
  | { readonly kind: 'comparisons'; readonly alternatives: readonly ComparisonSyntax[] }
  | { readonly kind: 'membership'; readonly member: OperandSyntax; readonly set: SetSyntax }

/** @throws RuleError */
export function parseRule(text: string): RuleSyntax {
  const words = new Words(text)
  const left = words.side()
  const rule: RuleSyntax = words.takesName('in') ? membership(words, left) : comparisons(words, left)
  words.end(rule.kind === 'membership' ? 'the end of the rule (a membership stands on a line of its own)' : 'or, or the end of the rule')
  return rule
}

/** An operand by itself, as `reveals` and `escrow` name them. @throws RuleError */
export function parsePath(text: string): OperandSyntax & { kind: 'path' } {
  const words = new Words(text)
  const operand = words.operand()
  words.end('nothing more')
  if (operand.kind !== 'path') throw new RuleError(1, 'a document and its member, such as order.number', text)
  return operand
}

function membership(words: Words, side: SideSyntax): RuleSyntax {
  if (side.second) throw new RuleError(side.column, 'a single operand before in', `${side.first.text} ${side.second.by} ${side.second.operand.text}`)
  return { kind: 'membership', member: side.first, set: words.set() }
}

function comparisons(words: Words, first: SideSyntax): RuleSyntax {
  const alternatives: ComparisonSyntax[] = []
  let left = first
  for (;;) {
    alternatives.push({ left, operator: words.operator(), right: words.side(), column: left.column })
    if (!words.takesName('or')) return { kind: 'comparisons', alternatives }
    left = words.side()
  }
}

/** The tokens of one rule and a place among them. */
class Words {
  private readonly text: string
  private readonly tokens: readonly Token[]
  private next = 0

  constructor(text: string) {
    this.text = text
    this.tokens = tokenize(text)
  }

  side(): SideSyntax {
    const first = this.operand()
    const by = this.takesSymbol('+') ? '+' : this.takesSymbol('*') ? '*' : undefined
    if (!by) return { first, column: first.column }
    const side: SideSyntax = { first, second: { by, operand: this.operand() }, column: first.column }
    const token = this.peek()
    if (token.kind === 'symbol' && (token.text === '+' || token.text === '*')) throw new RuleError(token.column, 'at most two operands on a side', `a third after ${token.text}`)
    return side
  }

  operand(): OperandSyntax {
    const token = this.take()
    const { column } = token
    switch (token.kind) {
      case 'parameter':
        return { kind: 'parameter', name: token.text, text: `$${token.text}`, column }
      case 'number':
        return { kind: 'number', number: token.text, text: token.unit === undefined ? token.text : `${token.text} ${token.unit}`, column, ...(token.unit !== undefined && { unit: token.unit }) }
      case 'date':
      case 'timestamp':
        return { kind: token.kind, value: token.text, text: token.text, column }
      case 'quoted':
        return { kind: 'quoted', value: token.text, text: `'${token.text}'`, column }
      case 'name':
        return this.named(token.text, column)
      default:
        throw new RuleError(column, 'a field, a parameter or a literal', this.spell(token))
    }
  }

  operator(): Operator {
    const token = this.take()
    if (token.kind === 'symbol' && ['=', '!=', '<', '<=', '>', '>='].includes(token.text)) return token.text as Operator
    throw new RuleError(token.column, 'an operator (= != < <= > >=) or in', this.spell(token))
  }

  set(): SetSyntax {
    const token = this.peek()
    if (token.kind === 'set') {
      this.next++
      return { kind: 'published', name: token.text, column: token.column }
    }
    const operand = this.operand()
    if (operand.kind === 'parameter' || operand.kind === 'path') return operand
    throw new RuleError(operand.column, '$parameter, set:name or document.field', operand.text)
  }

  takesName(name: string): boolean {
    const token = this.peek()
    if (token.kind !== 'name' || token.text !== name) return false
    this.next++
    return true
  }

  end(expected: string): void {
    const token = this.peek()
    if (token.kind !== 'end') throw new RuleError(token.column, expected, this.spell(token))
  }

  private named(name: string, column: number): OperandSyntax {
    if (name === 'now') return { kind: 'now', text: name, column }
    if (name === 'true' || name === 'false') return { kind: 'boolean', value: name === 'true', text: name, column }
    if (!this.takesSymbol('.')) throw new RuleError(column, 'document.field, $parameter, now or a literal (codes in single quotes)', name)
    const member = this.take()
    if (member.kind !== 'name') throw new RuleError(member.column, `a field of ${name}`, this.spell(member))
    return { kind: 'path', document: name, member: member.text, text: `${name}.${member.text}`, column }
  }

  private takesSymbol(symbol: string): boolean {
    const token = this.peek()
    if (token.kind !== 'symbol' || token.text !== symbol) return false
    this.next++
    return true
  }

  private peek(): Token {
    return this.tokens[Math.min(this.next, this.tokens.length - 1)] as Token
  }

  private take(): Token {
    const token = this.peek()
    this.next++
    return token
  }

  private spell(token: Token): string {
    return token.kind === 'end' ? 'the end of the rule' : this.text.slice(token.column - 1, token.column - 1 + Math.max(1, token.text.length))
  }
}
