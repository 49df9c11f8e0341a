/**
 * Opening an escrow with the regulator's key (SPEC §5.7).
 *
 *     (sx, sy) = k · ephemeral        value i = ciphertext i − H(escrow-pad; sx, sy, context, i)
 *
 * A proof holds that the ciphertexts are of the documents' own values, so what opens is what the issuer signed.
 */

import { babyjubjub } from '@noble/curves/misc.js'
import { type IssuingKey, parseIssuingPublicKey } from '../credential/issuing-key.ts'
import { decode } from '../document/encoding.ts'
import { bug, Refusal, refuse } from '../errors/errors.ts'
import { type Field, printField, reduce, toField } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import { hash } from '../hash/poseidon.ts'
import type { Statement } from '../statement/compiler.ts'

/** What an entry of the log holds of a proof with escrow. */
export interface Sealed {
  /** Ephemeral x, y, ciphertext 1, 2. */
  readonly escrow: readonly Field[]
  readonly context: Field
}

/**
 * @param key  the regulator's escrow key
 * @returns the escrowed values in their types' notation, by their spelling in the statement
 * @throws Refusal ESCROW_INVALID when there is none, or it was not escrowed to this key
 */
export function openEscrow(key: IssuingKey, statement: Statement, { escrow, context }: Sealed): Record<string, Json> {
  const [x, y, ...ciphertexts] = escrow
  if (!statement.escrow || x === undefined || y === undefined) return refuse('ESCROW_INVALID', 'nothing is escrowed here')
  const [sx, sy] = sharedPoint(key, x, y)
  const values = ciphertexts.map((ciphertext, i) => reduce(ciphertext - hash('escrow-pad', [sx, sy, context, toField(i + 1)])))
  return Object.fromEntries(statement.escrow.values.map(({ text, type }, i) => [text, decoded(() => decode(type, values[i] ?? bug('more escrowed values than ciphertexts')))]))
}

function sharedPoint(key: IssuingKey, x: Field, y: Field): [Field, Field] {
  const point = decoded(() => parseIssuingPublicKey({ x: printField(x), y: printField(y) }))
  const shared = babyjubjub.Point.fromAffine(point).multiply(BigInt(key.secret)).toAffine()
  return [toField(shared.x), toField(shared.y)]
}

/** Another key's pads leave elements that are no value of the type. */
function decoded<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof Refusal) return refuse('ESCROW_INVALID', 'this was not escrowed to this key')
    throw error
  }
}
