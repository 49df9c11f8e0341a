/**
 * What a proof is bound to (SPEC §6.2): this registry, statement, expiry, release key, parameters and signed request.
 */

import { type Field, printField } from '../field/field.ts'
import { type Digest, hashJsonToField } from '../hash/digest.ts'

export interface ContextParts {
  readonly origin: string
  readonly statement: Digest
  /** Seconds. */
  readonly expires: number
  /** Hex, Ed25519. */
  readonly releaseKey: string
  readonly parameterCommitment: Field
  /** Digest of the signed request's body. */
  readonly request: Digest
}

export function contextOf({ origin, statement, expires, releaseKey, parameterCommitment, request }: ContextParts): Field {
  return hashJsonToField('context', { origin, statement, expires, releaseKey, parameterCommitment: printField(parameterCommitment), request })
}
