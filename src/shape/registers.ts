/**
 * Which register holds what (SPEC §5.1). The only place where names become register numbers.
 */

import { bug } from '../errors/errors.ts'
import type { Statement } from '../statement/compiler.ts'
import { CREDENTIAL_MEMBERS, type Operand } from '../statement/operand.ts'

/** Holds 0 in every shape. */
export const ZERO_REGISTER = 0
const FIRST_PARAMETER = 22
const FIRST_LITERAL = 28
const NOW = 21
/** A document's first field, by the document's place. */
const FIRST_FIELD = [1, 33] as const

/** The register of an operand of this statement. */
export function registerOf({ source, text }: Operand, statement: Statement): number {
  switch (source.from) {
    case 'field':
      return firstField(statement, source.document) + source.slot
    case 'credential':
      return firstField(statement, source.document) + 16 + CREDENTIAL_MEMBERS.indexOf(source.member)
    case 'parameter':
      return FIRST_PARAMETER + place(statement.parameters.findIndex(({ name }) => name === source.name), text)
    case 'now':
      return NOW
    case 'literal':
      return source.element === 0n ? ZERO_REGISTER : FIRST_LITERAL + place(statement.literals.indexOf(source.element), text)
  }
}

function firstField({ documents }: Statement, document: string): number {
  return FIRST_FIELD[documents.indexOf(document)] ?? bug(`no place for the document ${document}`)
}

function place(index: number, text: string): number {
  return index >= 0 ? index : bug(`no register for ${text}`)
}
