/** What a verifier keeps of each request: the signed question, its release key, and what came back. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { refuse } from '../errors/errors.ts'
import { canonicalJson, type Json } from '../hash/canonical.ts'
import type { Digest } from '../hash/digest.ts'
import type { Envelope } from '../signature/envelope.ts'
import type { OrganisationKey } from '../signature/organisation-key.ts'
import { type RequestBody, requestDigest } from '../statement/request.ts'
import { type Home, writePrivate } from './home.ts'

export interface KeptRequest {
  readonly request: Envelope<RequestBody>
  readonly releaseKey: OrganisationKey
  /** Present once it has been answered. */
  readonly answer?: Json
  readonly receipt?: Json
  readonly established?: Json
}

export class Requests {
  private readonly home: Home

  constructor(home: Home) {
    this.home = home
  }

  add(request: Envelope<RequestBody>, releaseKey: OrganisationKey): void {
    this.put({ request, releaseKey })
  }

  /** @throws Refusal NOT_FOUND */
  get(digest: string): KeptRequest {
    const path = this.path(digest)
    if (!/^[0-9a-f]{64}$/.test(digest) || !existsSync(path)) return refuse('NOT_FOUND', 'there is no such request')
    return JSON.parse(readFileSync(path, 'utf8')) as KeptRequest
  }

  /** In order of issuing. */
  all(): KeptRequest[] {
    const folder = dirname(this.path('none'))
    const digests = existsSync(folder) ? readdirSync(folder).flatMap((name) => /^([0-9a-f]{64})\.json$/.exec(name)?.[1] ?? []) : []
    return digests.map((digest) => this.get(digest)).sort((a, b) => a.request.body.issuedAt - b.request.body.issuedAt)
  }

  /** Keeps what answered a request. */
  answered(digest: Digest, answer: Json, receipt: Json | undefined, established: Json): void {
    this.put({ ...this.get(digest), answer, established, ...(receipt === undefined ? {} : { receipt }) })
  }

  path(digest: string): string {
    return this.home.data('requests', `${/^[0-9a-f]{64}$/.test(digest) ? digest : 'none'}.json`)
  }

  private put(kept: KeptRequest): void {
    writePrivate(this.path(requestDigest(kept.request.body)), `${canonicalJson(kept as unknown as Json)}\n`)
  }
}
