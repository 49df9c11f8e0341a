/**
 * The parameters of a request as elements (SPEC §6.1, §8.4). They are secret between verifier and holder: nothing of a value is in
 * any problem.
 */

import { pseudonymScopeOf } from '../credential/commitment.ts'
import { type Problem, refuse } from '../errors/errors.ts'
import { type Field, ZERO } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import type { Statement } from './compiler.ts'
import { MAX_PARAMETERS } from './definition.ts'
import { typeOfParameter } from './operand.ts'
import { encodeOr, type MemberSet, parseMembers } from './set.ts'

export interface EncodedParameters {
  /** Six elements in the order of `Statement.parameters`, then 0. */
  readonly elements: readonly Field[]
  /** Root of the `$set`, 0 without one. */
  readonly setRoot: Field
  readonly set?: MemberSet
}

/** What the parameter commitment is over, but for the blinding. */
export interface RequestElements extends EncodedParameters {
  /** 0 when the statement has no pseudonym. */
  readonly pseudonymScope: Field
}

/**
 * Encodes parameters.
 * @param json     one value for each scalar parameter, in its type's notation, and no other
 * @param members  the members of the statement's `$set`, if it has one
 * @throws Refusal PARAMETER_INVALID with every problem
 */
export function encodeParameters(statement: Statement, json: Readonly<Record<string, Json | undefined>>, members?: readonly Json[]): EncodedParameters {
  const problems: Problem[] = []
  const known = new Set(statement.parameters.map(({ name }) => name))
  for (const name of Object.keys(json)) if (!known.has(name)) problems.push({ path: `/parameters/${name}`, expected: 'no such parameter', got: 'one' })
  const elements = statement.parameters.map(({ name, type }) => encodeOr(problems, type, Object.hasOwn(json, name) ? json[name] : undefined, `/parameters/${name}`) ?? ZERO)
  const definition = setDefinition(statement)
  if (!definition && members !== undefined) problems.push({ path: '/set', expected: 'no set', got: 'one' })
  if (problems.length > 0) refuse('PARAMETER_INVALID', `not the parameters of ${statement.definition.statement}`, problems)
  const set = definition && parseMembers(typeOfParameter(definition.of), members, 'PARAMETER_INVALID', '/set')
  return { elements: [...elements, ...Array.from({ length: MAX_PARAMETERS - elements.length }, () => ZERO)], setRoot: set?.root ?? ZERO, ...(set && { set }) }
}

/**
 * Everything of a request that its parameter commitment is over.
 * @throws Refusal PARAMETER_INVALID
 */
export function encodeRequest(statement: Statement, request: { readonly origin: string; readonly verifier: string; readonly parameters: Readonly<Record<string, Json | undefined>>; readonly set?: readonly Json[] | undefined }): RequestElements {
  const pseudonymScope = statement.pseudonym === undefined ? ZERO : pseudonymScopeOf(request.origin, statement.pseudonym, request.verifier)
  return { ...encodeParameters(statement, request.parameters, request.set), pseudonymScope }
}

function setDefinition({ definition, set }: Statement) {
  const type = set?.source.from === 'parameter' ? definition.parameters?.[set.source.name] : undefined
  return typeof type === 'object' && type.as === 'set' ? type : undefined
}
