/**
 * What a statement says in one sentence, with placeholders: "{order.supplier}'s order is worth no more than …" (SPEC §8.6).
 */

import { bug } from '../errors/errors.ts'
import type { OperandSyntax } from './parser.ts'
import { RuleError } from './tokens.ts'

export interface Placeholder {
  readonly syntax: OperandSyntax
  /** With its braces. */
  readonly text: string
}

const PLACEHOLDER = /^(?:([a-z][A-Za-z0-9]*)\.([A-Za-z_][A-Za-z0-9_]*)|\$([a-z][A-Za-z0-9]*))$/

/** The placeholders of a caption. @throws RuleError for a brace without a partner or anything else between two */
export function placeholdersOf(caption: string): Placeholder[] {
  const rest = caption.replace(/\{[^{}]*\}/g, (text) => ' '.repeat(text.length))
  const stray = rest.search(/[{}]/)
  if (stray >= 0) throw new RuleError(stray + 1, 'braces in pairs', rest[stray] ?? '')
  return [...caption.matchAll(/\{([^{}]*)\}/g)].map(({ 0: text, 1: inner = '', index }) => {
    const [, document, member, parameter] = PLACEHOLDER.exec(inner) ?? []
    const place = { text: inner, column: index + 2 }
    if (document !== undefined && member !== undefined) return { text, syntax: { kind: 'path', document, member, ...place } }
    if (parameter !== undefined) return { text, syntax: { kind: 'parameter', name: parameter, ...place } }
    throw new RuleError(index + 2, 'document.field or $parameter', inner)
  })
}

/** The caption in a language, in English or in the first one there is, with each placeholder replaced. */
export function caption(says: string | Readonly<Record<string, string>>, language: string, replace: (placeholder: Placeholder) => string): string {
  const text = typeof says === 'string' ? says : inLanguage(says, language)
  const places = new Map(placeholdersOf(text).map((placeholder) => [placeholder.text, placeholder]))
  return text.replace(/\{[^{}]*\}/g, (written) => {
    const placeholder = places.get(written)
    return placeholder ? replace(placeholder) : written
  })
}

function inLanguage(captions: Readonly<Record<string, string>>, language: string): string {
  const wanted = [language, language.split('-')[0] ?? language, 'en'].find((tag) => Object.hasOwn(captions, tag))
  return (wanted === undefined ? Object.values(captions)[0] : captions[wanted]) ?? bug('a caption has a language')
}
