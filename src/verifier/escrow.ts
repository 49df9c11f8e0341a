/**
 * The regulator's side of an escrow (SPEC §5.7): hashed ElGamal on Baby Jubjub. What the holder's proof encrypted in circuit
 * opens with the escrow key's secret alone, from what the log holds.
 *
 *     (sx, sy) = secret · ephemeral        value i = ciphertext i − H(escrow-pad; sx, sy, context, i)
 */

import { babyjubjub } from '@noble/curves/misc.js'
import { type IssuingPublicKey, newIssuingKey, parseIssuingKey } from '../credential/issuing-key.ts'
import { decode } from '../document/encoding.ts'
import { refuse, Refusal } from '../errors/errors.ts'
import { type Field, reduce, toField } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import { hash } from '../hash/poseidon.ts'
import type { Statement } from '../statement/compiler.ts'

/** Like an issuing key a point secret · Base8 of order l, but for nothing else: it never signs. */
export interface EscrowKey extends IssuingPublicKey {
  /** Decimal. Never leaves the regulator. */
  readonly secret: string
}

export interface EscrowCiphertext {
  /** Ephemeral x, y, ciphertext 1, 2: public inputs of the proof. */
  readonly escrow: readonly Field[]
  /** The proof's context: no ciphertext opens in another proof's place. */
  readonly context: Field
}

export function newEscrowKey(): EscrowKey {
  return newIssuingKey()
}

/** Reads an escrow key from its file: {secret, x, y}. @throws Refusal KEY_INVALID */
export function parseEscrowKey(json: unknown): EscrowKey {
  return parseIssuingKey(json)
}

/** The public part, as `regulator.register` carries it. */
export function publicEscrowKey({ x, y }: EscrowKey): { readonly x: string; readonly y: string } {
  return { x: x.toString(), y: y.toString() }
}

/**
 * Opens the values that a statement escrows, by their spelling in it: { "kyc.registrationNumber": "…" }.
 *
 * A proof that the registry accepted always opens: the circuit made the ciphertext. A key that is not the registered one gives
 * elements that decode to no value of the type, but for one in 2^64 or fewer.
 *
 * @throws Refusal ESCROW_INVALID
 */
export function openEscrow(statement: Statement, ciphertext: EscrowCiphertext, key: EscrowKey): Readonly<Record<string, Json>> {
  const operands = statement.escrow?.values ?? refuse('ESCROW_INVALID', 'the statement escrows nothing')
  const elements = decrypt(ciphertext, key)
  return Object.fromEntries(operands.map(({ text, type }, i) => [text, decodeOr(() => decode(type, elements[i] ?? toField(0)))]))
}

function decrypt({ escrow, context }: EscrowCiphertext, { secret }: EscrowKey): Field[] {
  const [x, y, ...ciphertexts] = escrow
  if (x === undefined || y === undefined || ciphertexts.length !== 2) return refuse('ESCROW_INVALID', 'not an escrow of two values')
  const shared = ephemeralPoint(x, y).multiply(BigInt(secret)).toAffine()
  return ciphertexts.map((ciphertext, i) => reduce(ciphertext - hash('escrow-pad', [toField(shared.x), toField(shared.y), context, toField(i + 1)])))
}

/** In the subgroup, or the answer would tell something about the secret modulo the cofactor. */
function ephemeralPoint(x: Field, y: Field): InstanceType<typeof babyjubjub.Point> {
  try {
    const point = babyjubjub.Point.fromAffine({ x, y })
    point.assertValidity()
    if (!point.is0() && point.isTorsionFree()) return point
  } catch {
    // Falls through: off the curve is no better than out of the subgroup.
  }
  return refuse('ESCROW_INVALID', 'the ephemeral key of the escrow is not a point of order l')
}

function decodeOr(decodeValue: () => Json): Json {
  try {
    return decodeValue()
  } catch (error) {
    if (error instanceof Refusal) return refuse('ESCROW_INVALID', 'the escrow opens to nothing with this key')
    throw error
  }
}
