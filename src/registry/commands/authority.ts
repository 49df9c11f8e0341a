/**
 * Who signed a command, and whether that is enough (SPEC §7.1).
 */

import { refuse } from '../../errors/errors.ts'
import { type Envelope, requireSignatures } from '../../signature/envelope.ts'
import type { State } from '../state.ts'

export class Signers {
  /** The organisations whose signatures hold, in the order of the signatures. */
  readonly all: readonly string[]
  private readonly state: State

  /** @throws Refusal UNKNOWN_ORGANISATION, SUSPENDED, BAD_SIGNATURE: every signature must hold, wanted or not */
  constructor(state: State, envelope: Envelope) {
    for (const { organisation } of envelope.signatures) requireActive(state, organisation)
    this.state = state
    this.all = requireSignatures(envelope, state.keyring)
  }

  has(organisation: string): boolean {
    return this.all.includes(organisation)
  }

  /** @throws Refusal FORBIDDEN unless this organisation signed */
  require(organisation: string, role: string): void {
    if (!this.has(organisation)) refuse('FORBIDDEN', `needs the signature of ${role}, ${organisation}`)
  }

  /** @throws Refusal FORBIDDEN unless k governors signed */
  requireGovernors(): void {
    if (!this.areGovernors()) refuse('FORBIDDEN', `needs the signatures of ${this.state.k} governors`)
  }

  areGovernors(): boolean {
    return this.all.filter((signer) => this.state.governors.includes(signer)).length >= this.state.k
  }

  /** The organisation that signed first. @throws Refusal FORBIDDEN when nobody did */
  first(): string {
    return this.all[0] ?? refuse('FORBIDDEN', 'needs the signature of an organisation')
  }
}

/** @throws Refusal UNKNOWN_ORGANISATION, SUSPENDED */
export function requireActive(state: State, code: string): void {
  const organisation = state.organisations.get(code) ?? refuse('UNKNOWN_ORGANISATION', 'an organisation is not admitted here')
  if (organisation.status !== 'active') refuse('SUSPENDED', `${code} is suspended`)
}
