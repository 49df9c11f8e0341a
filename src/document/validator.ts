/**
 * JSON Schema 2020-12 as a list of problems instead of ajv's errors. ajv writes and evaluates code, so a browser page that reads
 * schemas from outside needs `unsafe-eval` in its policy; a page that knows its schemas can compile them beforehand with ajv's
 * standalone mode and hand the function in where a `Validator` is expected.
 */

import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import type { Problem } from '../errors/errors.ts'

/** All that is wrong with a value; empty when it fits. */
export type Validator = (value: unknown) => readonly Problem[]

/** More would help nobody. */
export const MAX_PROBLEMS = 100

/** The members that SPEC §3 adds to JSON Schema. */
export const ANNOTATIONS = [
  ...['slot', 'as', 'unit', 'decimals', 'largest', 'currency'],
  ...['namespace', 'version', 'authority', 'serialAuthority', 'naturalKey', 'read'],
] as const

/**
 * ajv does not check the schema against the one of JSON Schema itself, which takes ten times as long as compiling it: META_SCHEMA is
 * stricter, and other schemas here are ours.
 * @throws Error of ajv when `schema` is no JSON Schema
 */
export function compileValidator(schema: object): Validator {
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, allowUnionTypes: true, verbose: true, ownProperties: true, addUsedSchema: false, validateSchema: false })
  ajv.addVocabulary([...ANNOTATIONS])
  const validate = ajv.compile(schema)
  return (value) => (validate(value) ? [] : distinct((validate.errors ?? []).filter(isTelling).map(problemOf)).slice(0, MAX_PROBLEMS))
}

/** Without what is said twice. */
export function distinct(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((problem) => [`${problem.path}\n${problem.expected}`, problem])).values()]
}

/**
 * What came, without saying it: problems go to logs and to other people, values do not. Letters become `a` or `A` and digits `9`,
 * so that `48,50` reads as `99,99`.
 */
export function shapeOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'number') return Number.isInteger(value) ? (value < 0 ? 'a negative number' : 'a number') : 'a number with a fraction'
  if (typeof value === 'boolean') return 'a boolean'
  if (typeof value !== 'string') return typeof value === 'object' ? 'an object' : `a ${typeof value}`
  if (value.normalize('NFC') !== value) return `text of ${value.length} characters that is not in NFC`
  const shape = value.replace(/\p{Lu}/gu, 'A').replace(/[\p{L}\p{M}]/gu, (letter) => (letter === 'A' ? 'A' : 'a')).replace(/\p{N}/gu, '9').replace(/[^ -~]/gu, '?')
  return shape.length > 40 ? `text of ${value.length} characters` : `text like "${shape}"`
}

/** `oneOf`/`if` only say that something below them failed; the errors below are in the list themselves. */
function isTelling(error: ErrorObject): boolean {
  return error.keyword !== 'if'
}

function problemOf(error: ErrorObject): Problem {
  const { instancePath, keyword, params, data } = error
  switch (keyword) {
    case 'required':
      return { path: `${instancePath}/${pointer(params['missingProperty'])}`, expected: 'a value', got: 'nothing' }
    case 'additionalProperties':
      return { path: `${instancePath}/${pointer(params['additionalProperty'])}`, expected: 'no such member', got: 'one' }
    case 'type':
      return { path: instancePath, expected: `of type ${[params['type']].flat().join(' or ')}`, got: shapeOf(data) }
    case 'enum':
      return { path: instancePath, expected: `one of ${(params['allowedValues'] as unknown[]).join(', ')}`, got: shapeOf(data) }
    case 'const':
      return { path: instancePath, expected: String(params['allowedValue']), got: shapeOf(data) }
    case 'pattern':
      return { path: instancePath, expected: `text that matches ${params['pattern']}`, got: shapeOf(data) }
    default:
      return { path: instancePath, expected: (error.message ?? keyword).replace(/^must /, ''), got: shapeOf(data) }
  }
}

/** A member name as a JSON Pointer's step. */
function pointer(name: unknown): string {
  return String(name).replaceAll('~', '~0').replaceAll('/', '~1')
}
