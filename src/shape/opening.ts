/**
 * What a verifier learns from an answer (SPEC §6.5): the answer must open the commitments of its submission, with the parameters of the
 * verifier's own request, never with any that the answer names.
 */

import { disclosureOf, parameterCommitmentOf } from '../credential/commitment.ts'
import { decode, encode } from '../document/encoding.ts'
import { Refusal, refuse } from '../errors/errors.ts'
import { type Field, ZERO } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import type { Statement } from '../statement/compiler.ts'
import type { Operand } from '../statement/operand.ts'
import { encodeRequest } from '../statement/parameters.ts'
import type { RequestBody } from '../statement/request.ts'
import type { Answer } from './submission.ts'

export interface Opened {
  /** Revealed values in their types' notation, by their spelling in the statement: { "kyc.name": "…" }. */
  readonly values: Readonly<Record<string, Json>>
  /** 0 when the statement has none. */
  readonly pseudonym: Field
}

/**
 * Opens an answer.
 * @throws Refusal OPENING_INVALID when a commitment does not open, a value does not decode, or a text is missing, superfluous or another
 */
export function openAnswer(statement: Statement, answer: Answer, request: RequestBody): Opened {
  const { submission, parameterBlinding, parameterSetRoot, pseudonym, values, disclosureBlinding } = answer
  const { elements, setRoot, pseudonymScope } = encodeRequest(statement, request)
  if (parameterSetRoot !== setRoot || parameterCommitmentOf(elements, setRoot, pseudonymScope, parameterBlinding) !== submission.parameterCommitment)
    refuse('OPENING_INVALID', 'the proof is not for the parameters of the request')
  if (values.length !== statement.reveals.length) refuse('OPENING_INVALID', 'not the values that the statement reveals', [{ path: '/values', expected: `${statement.reveals.length}`, got: `${values.length}` }])
  if (statement.pseudonym === undefined && pseudonym !== ZERO) refuse('OPENING_INVALID', 'the statement has no pseudonym', [{ path: '/pseudonym', expected: '0', got: 'another' }])
  if (disclosureOf(pseudonym, fourOf(values), disclosureBlinding) !== submission.disclosure) refuse('OPENING_INVALID', 'the values are not those of the proof')
  requireNoStrayText(statement, answer)
  return { values: Object.fromEntries(statement.reveals.map((reveal, i) => [reveal.text, valueOf(reveal, values[i] ?? ZERO, answer)])), pseudonym }
}

/** Values padded to the four of a disclosure. */
function fourOf(values: readonly Field[]): Field[] {
  return [0, 1, 2, 3].map((i) => values[i] ?? ZERO)
}

function valueOf({ type, text }: Operand, element: Field, { texts }: Answer): Json {
  const path = `/texts/${text}`
  try {
    if (type.as !== 'text') return decode(type, element)
    const plain = Object.hasOwn(texts, text) ? texts[text] : undefined
    return plain !== undefined && encode(type, plain) === element ? plain : refuse('OPENING_INVALID', 'a text is not the one of the proof', [{ path, expected: 'the text with the revealed digest', got: plain === undefined ? 'none' : 'another' }])
  } catch (error) {
    if (error instanceof Refusal && error.code !== 'OPENING_INVALID') return refuse('OPENING_INVALID', `the revealed value of ${text} is none of its type`)
    throw error
  }
}

function requireNoStrayText({ reveals }: Statement, { texts }: Answer): void {
  const stray = Object.keys(texts).find((name) => !reveals.some(({ text, type }) => text === name && type.as === 'text'))
  if (stray !== undefined) refuse('OPENING_INVALID', 'a text that the statement does not reveal', [{ path: `/texts/${stray.slice(0, 40)}`, expected: 'no such text', got: 'one' }])
}
