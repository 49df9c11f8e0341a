/**
 * Codes of organisations (SPEC §4.1): the legal entity's identifier with its scheme.
 *
 *     LEI:5493001KJTIIGC8Y1R12      SE:ORGNR:5532331183      CVR:5402697509
 */

import { encodeCode } from '../document/encoding.ts'
import { ORGANISATION_CODE } from '../document/schema.ts'
import { shapeOf } from '../document/validator.ts'
import { refuse } from '../errors/errors.ts'
import type { Field } from '../field/field.ts'

const PATTERN = new RegExp(ORGANISATION_CODE, 'u')

/** @throws Refusal MALFORMED */
export function parseOrganisationCode(text: unknown, path = ''): string {
  if (typeof text === 'string' && text.length <= 31 && PATTERN.test(text)) return text
  const expected = 'an identifier with its scheme, such as SE:ORGNR:5532331183, of at most 31 bytes'
  return refuse('MALFORMED', 'not the code of an organisation', [{ path, expected, got: shapeOf(text) }])
}

/** The element of an organisation: its code, encoded as a code (SPEC §3). @throws Refusal MALFORMED */
export function organisationElement(code: string): Field {
  return encodeCode(parseOrganisationCode(code))
}
