/**
 * What an issuer signs for the registry with its organisation key (SPEC §7.1): the certificates that the schema's authority accredits,
 * its status lists, and the retiring of an issuing key.
 */

import { bytesToHex } from '@noble/hashes/utils.js'
import { refuse } from '../errors/errors.ts'
import type { Json } from '../hash/canonical.ts'
import { type Envelope, signEnvelope } from '../signature/envelope.ts'
import type { OrganisationKey } from '../signature/organisation-key.ts'
import type { DirectoryPlace, ListState, Register } from './register.ts'

/** In whose name, and for which registry, commands are signed. */
export interface Signatory {
  readonly origin: string
  readonly organisation: string
  readonly organisationKey: OrganisationKey
}

/** Hands a command to the registry; throws a Refusal when it is refused or cannot be delivered. */
export type SubmitCommand = (envelope: Envelope) => Promise<unknown>

/** `issuing-key.certify`: this key signs for this organisation under this list. For the schema's authority, who accredits it. */
export function certificate({ issuingKey, schemaId, listNumber }: DirectoryPlace, by: Signatory): Envelope {
  return signed({ type: 'issuing-key.certify', issuingKey: { ...issuingKey }, schemaId, listNumber }, by)
}

/** `status.publish`: a whole list. */
export function statusPublish(register: Register, list: ListState, sequence: number, by: Signatory): Envelope {
  const { schemaId, number: listNumber } = list
  return signed({ type: 'status.publish', nonce: nonce(), schemaId, listNumber, sequence, list: register.statusList(schemaId, listNumber).print() }, by)
}

/** The commands that retire keys' places: one for each place of a rotated key; one for a compromised key, which loses them all. */
export function retirements(places: readonly DirectoryPlace[], reason: 'rotated' | 'compromised', by: Signatory): Envelope[] {
  const keys = new Set<string>()
  const isFirst = ({ issuingKey: { x, y } }: DirectoryPlace) => keys.size < keys.add(`${x},${y}`).size
  return (reason === 'rotated' ? places : places.filter(isFirst)).map((place) => retire(place, reason, by))
}

/** `issuer.retire`: `rotated` keeps the place in the directory, `compromised` gives up every place of the key. */
export function retire({ issuingKey, schemaId, listNumber }: DirectoryPlace, reason: 'rotated' | 'compromised', by: Signatory): Envelope {
  return signed({ type: 'issuer.retire', nonce: nonce(), issuingKey: { ...issuingKey }, schemaId, listNumber, reason }, by)
}

export interface PublishOptions extends Signatory {
  readonly submit: SubmitCommand
  /** Seconds since 1970. */
  readonly now: number
}

/**
 * Publishes every list that has changed since it was last published. One list that cannot be published does not hold back the others.
 * @returns the lists that were published
 * @throws Refusal of the first list that could not be, after all have been tried
 */
export async function publishStatus(register: Register, options: PublishOptions): Promise<ListState[]> {
  if (options.organisation !== register.organisation) refuse('FORBIDDEN', 'an issuer publishes its own lists')
  const published: ListState[] = []
  const failures: unknown[] = []
  for (const list of register.lists().filter(({ version, published }) => version > published)) {
    try {
      await options.submit(statusPublish(register, list, register.nextSequence(list, options.now), options))
      register.markPublished(list)
      published.push(list)
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  return published
}

function signed({ type, ...members }: { readonly type: string; readonly [name: string]: Json }, { origin, organisation, organisationKey }: Signatory): Envelope {
  return signEnvelope({ type, origin, organisation, ...members }, organisation, organisationKey)
}

function nonce(): string {
  return bytesToHex(crypto.getRandomValues(new Uint8Array(16)))
}
