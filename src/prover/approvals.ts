/**
 * Requests that came in, and what the holder decided about each before anything is proved.
 */

import { refuse } from '../errors/errors.ts'
import type { Json } from '../hash/canonical.ts'
import type { Digest } from '../hash/digest.ts'
import type { RequestBody } from '../statement/request.ts'

/** Requests that are proved without asking: of this verifier, about this statement. */
export interface AutomaticApproval {
  /** Organisation code. */
  readonly verifier: string
  readonly statement: Digest
}

export type Decision = 'undecided' | 'approved' | 'automatic' | 'declined'

/** A request that was checked when it came. */
export interface CheckedRequest {
  readonly digest: Digest
  readonly envelope: Json
  readonly request: RequestBody
  /** Members of a set whose root stands in a document, when whoever brought the request has them. */
  readonly members?: readonly Json[]
}

export interface KnownRequest extends CheckedRequest {
  /** Those who brought it. */
  readonly tenants: ReadonlySet<string>
  readonly decision: Decision
  /** Credentials that whoever approved it chose, by the documents' names. */
  readonly credentials?: Readonly<Record<string, string>>
}

const MAX_REQUESTS = 1_000

export class Approvals {
  readonly #automatic: readonly AutomaticApproval[]
  readonly #requests = new Map<Digest, KnownRequest>()

  constructor(automatic: readonly AutomaticApproval[]) {
    this.#automatic = automatic
  }

  /** Remembers a request; expired ones are forgotten. @throws Refusal BUSY when too many are open */
  add(tenant: string, checked: CheckedRequest, now: number): KnownRequest {
    const { digest, request } = checked
    for (const [key, { request: old }] of this.#requests) if (old.expires <= now) this.#requests.delete(key)
    const before = this.#requests.get(digest)
    if (!before && this.#requests.size >= MAX_REQUESTS) return refuse('BUSY', `${MAX_REQUESTS} requests are open`)
    const isAutomatic = this.#automatic.some(({ verifier, statement }) => verifier === request.verifier && statement === request.statement)
    const decision = before?.decision ?? (isAutomatic ? 'automatic' : 'undecided')
    const known: KnownRequest = { ...before, ...checked, decision, tenants: new Set([...(before?.tenants ?? []), tenant]) }
    this.#requests.set(digest, known)
    return known
  }

  /** Those that the holder has to decide about. */
  undecided(): KnownRequest[] {
    return [...this.#requests.values()].filter(({ decision }) => decision === 'undecided')
  }

  /** @param tenant undefined: whoever approves, and sees all. @throws Refusal NOT_FOUND */
  get(digest: string, tenant?: string): KnownRequest {
    const known = this.#requests.get(digest as Digest)
    return known && (tenant === undefined || known.tenants.has(tenant)) ? known : refuse('NOT_FOUND', 'there is no such request')
  }

  /** @throws Refusal NOT_FOUND */
  decide(digest: string, decision: 'approved' | 'declined', credentials?: Readonly<Record<string, string>>): KnownRequest {
    const { credentials: _, ...known } = this.get(digest)
    const decided = { ...known, decision, ...(credentials && { credentials }) }
    this.#requests.set(known.digest, decided)
    return decided
  }

  /** @throws Refusal NOT_FOUND, DECLINED when the holder said no, or has not said yes */
  requireApproved(digest: string, tenant: string): KnownRequest {
    const known = this.get(digest, tenant)
    if (known.decision === 'declined') return refuse('DECLINED', 'the holder declined this request')
    if (known.decision === 'undecided') return refuse('DECLINED', 'the holder has not approved this request yet')
    return known
  }
}
