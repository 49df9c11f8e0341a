/**
 * The holder's one secret, and what issuers know of it (SPEC §4.3): towards each issuer another id, so that two issuers cannot
 * compare their holders, and none learns the secret.
 */

import { type Field, randomField, ZERO } from '../field/field.ts'
import { hash } from '../hash/poseidon.ts'
import { organisationElement } from './organisation.ts'

/** Never leaves the wallet. */
export type HolderSecret = Field

/** A uniform element that is not 0. */
export function newHolderSecret(): HolderSecret {
  const secret = randomField()
  return secret === ZERO ? newHolderSecret() : secret
}

/** What the holder gives to one issuer, to be put into its credentials. @throws Refusal MALFORMED for a bad organisation code */
export function holderIdOf(secret: HolderSecret, issuerOrg: string): Field {
  return hash('holder', [secret, organisationElement(issuerOrg)])
}
