/**
 * Whether the two documents of a statement have to do with each other (SPEC §8.5). Otherwise a proof would be about *some* order and
 * *some* credit line.
 */

import type { Schema } from '../document/schema.ts'
import type { Equalities } from './equalities.ts'
import type { Operand } from './operand.ts'

/**
 * The names of two documents that nothing ties, or undefined. Documents are tied when the rules equate, in every case, a field of
 * the one with a field or the issuer of the other. Currencies, booleans, classes and times tie nothing, and neither does a
 * literal: all documents in EUR have that in common.
 */
export function untiedDocuments(schemas: Readonly<Record<string, Schema>>, operands: readonly Operand[], equalities: Equalities): string | undefined {
  const [first, second] = Object.keys(schemas).sort()
  if (first === undefined || second === undefined) return undefined
  const identifying = operands.filter((operand) => identifies(operand, schemas))
  const tied = identifying.some(
    (a) => a.source.from === 'field' && identifying.some((b) => documentOf(a) !== documentOf(b) && equalities.areEqual(a.text, b.text) && !isLiteral(equalities.equals(a.text))),
  )
  return tied ? undefined : `${first}, ${second}`
}

function identifies({ source, type }: Operand, schemas: Readonly<Record<string, Schema>>): boolean {
  if (source.from === 'credential') return source.member === 'issuer'
  if (source.from !== 'field' || type.as === 'boolean') return false
  return !schemas[source.document]?.fields.some((field) => field.type.as === 'amount' && field.type.currency === source.field)
}

function documentOf({ source }: Operand): string | undefined {
  return source.from === 'field' || source.from === 'credential' ? source.document : undefined
}

/** A class with a literal in it: equal because each is that constant. */
function isLiteral(members: ReadonlySet<string>): boolean {
  return [...members].some((text) => !/^(\$|[a-z][A-Za-z0-9]*\.|now$)/.test(text))
}
