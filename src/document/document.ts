/**
 * A document: JSON that fits a schema, with the elements of its sixteen slots (SPEC §3). An empty slot is 0.
 */

import { type Problem, Refusal, refuse } from '../errors/errors.ts'
import { type Field, ZERO } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import { encode } from './encoding.ts'
import type { Schema, SchemaField } from './schema.ts'
import { MAX_PROBLEMS, shapeOf } from './validator.ts'

export const SLOTS = 16

/** Nesting and number of values; what is larger is not one record. */
const LIMITS = { depth: 16, values: 20_000 }

export interface Document {
  readonly schema: Schema
  readonly json: { readonly [name: string]: Json | undefined }
  /** Sixteen elements by slot. */
  readonly fields: readonly Field[]
}

/**
 * Checks a document and encodes its fields.
 * @throws Refusal DOCUMENT_INVALID with every problem: path (JSON Pointer), expected, got; TOO_LARGE
 */
export function parseDocument(schema: Schema, json: unknown): Document {
  const problems = [...plainJsonProblems(json), ...schema.validate(json)]
  const reported = new Set(problems.map(({ path }) => path))
  const fields: Field[] = Array.from({ length: SLOTS }, () => ZERO)
  if (typeof json === 'object' && json !== null) {
    const members = json as Record<string, Json | undefined>
    for (const field of schema.fields) {
      const path = `/${field.name}`
      const result = encoded(field, Object.hasOwn(members, field.name) ? members[field.name] : undefined, path) // absent never becomes 0
      if (typeof result === 'bigint') fields[field.slot] = result
      else if (!reported.has(path)) problems.push(...(result as Problem[]))
    }
  }
  if (problems.length > 0) return refuse('DOCUMENT_INVALID', `the document does not fit the schema ${schema.name}`, problems.slice(0, MAX_PROBLEMS))
  return { schema, json: json as Document['json'], fields }
}

function encoded(field: SchemaField, value: Json | undefined, path: string): Field | readonly Problem[] {
  try {
    return encode(field.type, value, path)
  } catch (error) {
    if (error instanceof Refusal) return error.problems
    throw error
  }
}

/** What canonical JSON cannot spell: fractions, unsafe integers, lone surrogates, and values that are not JSON at all. */
function plainJsonProblems(json: unknown): Problem[] {
  const problems: Problem[] = []
  let values = 0
  const visit = (value: unknown, path: string, depth: number): void => {
    if (++values > LIMITS.values || depth > LIMITS.depth) refuse('TOO_LARGE', `a document has at most ${LIMITS.values} values and ${LIMITS.depth} levels`)
    if (typeof value === 'number' && !Number.isSafeInteger(value))
      problems.push({ path, expected: 'a safe integer, or decimal text', got: shapeOf(value) })
    else if (typeof value === 'string' && /\p{Surrogate}/u.test(value)) problems.push({ path, expected: 'Unicode text', got: 'half of a surrogate pair' })
    else if (Array.isArray(value)) value.forEach((item, i) => visit(item, `${path}/${i}`, depth + 1))
    else if (typeof value === 'object' && value !== null)
      for (const [name, member] of Object.entries(value)) visit(member, `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, depth + 1)
    else if (value !== null && !['number', 'string', 'boolean'].includes(typeof value)) problems.push({ path, expected: 'JSON', got: shapeOf(value) })
  }
  visit(json, '', 1)
  return problems
}
