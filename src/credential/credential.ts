/**
 * Credentials (SPEC §4.7): a document, committed to for one holder and signed. The file is all that a wallet needs beside its secret.
 *
 *     { "credential": 1, "schema": "<schemaId>", "schemaName": "medical-invoice", "issuer": "<org code>", "issuingKey": { "x", "y" },
 *       "listNumber": 1, "statusIndex": 77, "holderId", "serial", "issuedAt": s, "expiresAt": s, "salt": "<16 bytes in hex>",
 *       "document": { … }, "commitment", "signature": { "r8": ["<x>", "<y>"], "s" } }
 */

import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { type Document, parseDocument } from '../document/document.ts'
import type { Schema } from '../document/schema.ts'
import { compileValidator, type Validator } from '../document/validator.ts'
import { invariant, type Problem, Refusal, refuse } from '../errors/errors.ts'
import { type Field, parseField, printField } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import { commitmentOf, documentHashOf, fieldsHashOf, listIdOf } from './commitment.ts'
import { CREDENTIAL_SCHEMA, TIME_LIMIT } from './credential-schema.ts'
import { type EddsaSignature, type IssuingKey, type IssuingPublicKey, isSignatureOf, parseIssuingPublicKey, signCommitment } from './issuing-key.ts'
import { organisationElement } from './organisation.ts'
import { serialOf } from './serial.ts'
import { isStatusPosition } from './status-list.ts'

export { TIME_LIMIT } from './credential-schema.ts'

/** The file. All elements in decimal. */
export interface Credential {
  readonly credential: 1
  readonly schema: string
  readonly schemaName: string
  readonly issuer: string
  readonly issuingKey: { readonly x: string; readonly y: string }
  readonly listNumber: number
  readonly statusIndex: number
  readonly holderId: string
  readonly serial: string
  readonly issuedAt: number
  readonly expiresAt: number
  readonly salt: string
  readonly document: Document['json']
  readonly commitment: string
  readonly signature: { readonly r8: readonly [string, string]; readonly s: string }
}

/** A credential of which everything has been recomputed and the signature checked. */
export interface CheckedCredential {
  readonly credential: Credential
  readonly schema: Schema
  readonly document: Document
  /** Sixteen elements by slot. */
  readonly fields: readonly Field[]
  readonly schemaId: Field
  /** Code of the issuer. */
  readonly issuerOrg: string
  /** The issuer's element. */
  readonly issuer: Field
  readonly issuingKey: IssuingPublicKey
  readonly listId: Field
  readonly listNumber: number
  readonly statusIndex: number
  readonly holderId: Field
  readonly serial: Field
  readonly issuedAt: number
  readonly expiresAt: number
  readonly documentHash: Field
  readonly fieldsHash: Field
  readonly commitment: Field
  readonly signature: EddsaSignature
}

export interface IssueOrder {
  readonly schema: Schema
  readonly document: Document
  readonly issuerOrg: string
  readonly holderId: Field
  readonly issuingKey: IssuingKey
  readonly serialKey: Uint8Array
  readonly listNumber: number
  readonly statusIndex: number
  /** Seconds since 1970, issuedAt < expiresAt < 2^40. */
  readonly issuedAt: number
  readonly expiresAt: number
}

/** Signs a document for a holder. Pure but for the salt: keeping serial keys, indices and records is the issuer's register's. */
export function issueCredential(order: IssueOrder): Credential {
  const { schema, document, issuerOrg, holderId, issuingKey, listNumber, statusIndex, issuedAt, expiresAt } = order
  invariant(document.schema === schema, 'a document is issued under its own schema')
  invariant(isStatusPosition(statusIndex), 'a status index is a position of the list')
  invariant(issuedAt >= 0 && issuedAt < expiresAt && expiresAt < TIME_LIMIT, 'a credential is issued before it expires')
  const salt = crypto.getRandomValues(new Uint8Array(16))
  const serial = serialOf(order.serialKey, document)
  const commitment = commitmentOf({
    schemaId: schema.id,
    holderId,
    serial,
    listId: listIdOf(issuerOrg, schema.id, listNumber),
    statusIndex,
    issuedAt,
    expiresAt,
    documentHash: documentHashOf(salt, document.json),
    fieldsHash: fieldsHashOf(document.fields),
  })
  const { r8, s } = signCommitment(issuingKey, commitment)
  return {
    credential: 1,
    schema: printField(schema.id),
    schemaName: schema.name,
    issuer: issuerOrg,
    issuingKey: { x: printField(issuingKey.x), y: printField(issuingKey.y) },
    listNumber,
    statusIndex,
    holderId: printField(holderId),
    serial: printField(serial),
    issuedAt,
    expiresAt,
    salt: bytesToHex(salt),
    document: document.json,
    commitment: printField(commitment),
    signature: { r8: [printField(r8[0]), printField(r8[1])], s: s.toString() },
  }
}

let validator: Validator | undefined

/**
 * Checks a credential from anywhere: structure, document, commitment, signature. Whether its issuer is accredited and whether it is revoked
 * is the directory's to say; whether it has expired, the clock's.
 * @throws Refusal CREDENTIAL_INVALID with every problem found
 */
export function parseCredential(json: unknown, schema: Schema): CheckedCredential {
  validator ??= compileValidator(CREDENTIAL_SCHEMA)
  requireNone(validator(json))
  const credential = json as Credential
  requireThat(credential.schema === printField(schema.id), '/schema', `the id of the schema ${schema.name} as it is now`)
  return asCredentialProblem(() => checked(credential, schema))
}

function checked(credential: Credential, schema: Schema): CheckedCredential {
  const document = parseDocument(schema, credential.document)
  const parts = {
    schemaId: schema.id,
    holderId: parseField(credential.holderId, '/holderId'),
    serial: parseField(credential.serial, '/serial'),
    listId: listIdOf(credential.issuer, schema.id, credential.listNumber),
    statusIndex: credential.statusIndex,
    issuedAt: credential.issuedAt,
    expiresAt: credential.expiresAt,
    documentHash: documentHashOf(hexToBytes(credential.salt), document.json),
    fieldsHash: fieldsHashOf(document.fields),
  }
  const issuingKey = parseIssuingPublicKey(credential.issuingKey, '/issuingKey')
  const commitment = commitmentOf(parts)
  const signature = parseSignature(credential)
  requireThat(credential.issuedAt < credential.expiresAt, '/expiresAt', 'later than issuedAt')
  requireThat(printField(commitment) === credential.commitment, '/commitment', 'the commitment to the other members')
  requireThat(isSignatureOf(issuingKey, commitment, signature), '/signature', "the issuing key's signature of the commitment")
  const { issuer: issuerOrg, listNumber } = credential
  const issuer = { issuerOrg, issuer: organisationElement(issuerOrg), issuingKey, listNumber }
  return { credential, schema, document, fields: document.fields, ...issuer, commitment, signature, ...parts }
}

function parseSignature({ signature }: Credential): EddsaSignature {
  const [x, y] = signature.r8
  return { r8: [parseField(x, '/signature/r8/0'), parseField(y, '/signature/r8/1')], s: parseField(signature.s, '/signature/s') }
}

/** Every refusal on the way is one about this credential. */
function asCredentialProblem<T>(check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof Refusal) || error.code === 'CREDENTIAL_INVALID') throw error
    const problems = error.problems.map(({ path, ...rest }) => ({ path: error.code === 'DOCUMENT_INVALID' ? `/document${path}` : path, ...rest }))
    return refuse('CREDENTIAL_INVALID', problems.length > 0 ? 'the credential does not hold' : `the credential does not hold: ${error.message}`, problems)
  }
}

function requireNone(problems: readonly Problem[]): void {
  if (problems.length > 0) refuse('CREDENTIAL_INVALID', 'the credential does not hold', problems)
}

function requireThat(holds: boolean, path: string, expected: string): void {
  if (!holds) requireNone([{ path, expected, got: 'something else' }])
}

/** The credential as plain JSON. */
export function credentialJson(credential: Credential): Json {
  return credential as unknown as Json
}
