/**
 * The formulas of SPEC §4.3 and §4.6, one function each. Argument order is the order in the hash.
 */

import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { invariant } from '../errors/errors.ts'
import { type Field, printField, toField, ZERO } from '../field/field.ts'
import { canonicalJson, type Json } from '../hash/canonical.ts'
import { digest, digestToField, hashJsonToField } from '../hash/digest.ts'
import { hash } from '../hash/poseidon.ts'

export interface CommitmentParts {
  readonly schemaId: Field
  readonly holderId: Field
  readonly serial: Field
  readonly listId: Field
  /** Position in the status list. */
  readonly statusIndex: number
  /** Seconds since 1970, below 2^40. */
  readonly issuedAt: number
  readonly expiresAt: number
  readonly documentHash: Field
  readonly fieldsHash: Field
}

/** commitment = H(commitment; schemaId, holderId, serial, listId, statusIndex, issuedAt, expiresAt, documentHash, fieldsHash) */
export function commitmentOf(parts: CommitmentParts): Field {
  const { schemaId, holderId, serial, listId, statusIndex, issuedAt, expiresAt, documentHash, fieldsHash } = parts
  return hash('commitment', [schemaId, holderId, serial, listId, toField(statusIndex), toField(issuedAt), toField(expiresAt), documentHash, fieldsHash])
}

/** fieldsHash = H(fields; f0…f15) */
export function fieldsHashOf(fields: readonly Field[]): Field {
  invariant(fields.length === 16, 'a document has sixteen fields')
  return hash('fields', fields)
}

/** Salted, so that nobody who guesses the document can check the guess. */
export function documentHashOf(salt: Uint8Array, json: Json): Field {
  invariant(salt.length === 16, 'a salt has 16 bytes')
  return digestToField(digest('document', concatBytes(salt, utf8ToBytes(canonicalJson(json)))))
}

/** listId = digest element of label `list` over [org, schemaId in decimal, number] */
export function listIdOf(org: string, schemaId: Field, number: number): Field {
  return hashJsonToField('list', [org, printField(schemaId), number])
}

/** The nullifier of a document under `once`: the same in every proof within the scope. */
export function nullifierOnce(serial: Field, scope: Field): Field {
  return hash('nullifier', [serial, scope, ZERO])
}

/** The nullifier of any other document: not even the issuer, who knows the serial, recognises it. */
export function nullifierHidden(serial: Field, context: Field, holderSecret: Field): Field {
  return hash('nullifier', [serial, context, holderSecret])
}

/** Equal across the proofs of one request that use the same credential. `request` is the digest element of the request. */
export function linkTagOf(commitment: Field, holderSecret: Field, request: Field): Field {
  return hash('link', [commitment, holderSecret, request])
}

export function pseudonymOf(holderSecret: Field, pseudonymScope: Field): Field {
  return hash('pseudonym', [holderSecret, pseudonymScope])
}

/** @param values four elements; unused ones are 0 */
export function disclosureOf(pseudonym: Field, values: readonly Field[], blinding: Field): Field {
  invariant(values.length === 4, 'a disclosure has four values')
  return hash('disclosure', [pseudonym, ...values, blinding])
}

/** @param parameters six elements; unused ones are 0. `setRoot` and `pseudonymScope` are 0 when there is none */
export function parameterCommitmentOf(parameters: readonly Field[], setRoot: Field, pseudonymScope: Field, blinding: Field): Field {
  invariant(parameters.length === 6, 'a statement has six parameters')
  return hash('parameters', [...parameters, setRoot, pseudonymScope, blinding])
}

/** The element of a scope: registries do not join up, because the origin is in it. */
export function scopeElement(origin: string, name: string): Field {
  return hashJsonToField('scope', [origin, name])
}

/** @param verifier code of the organisation that asks */
export function pseudonymScopeOf(origin: string, name: string, verifier: string): Field {
  return hashJsonToField('pseudonym-scope', [origin, name, verifier])
}
