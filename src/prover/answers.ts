/**
 * Answers that were given, each sealed in a file of its own beside the wallet: what a holder showed to whom, with the receipt.
 */

import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { refuse } from '../errors/errors.ts'
import type { Json } from '../hash/canonical.ts'
import type { WalletFile } from './wallet-file.ts'

export interface GivenAnswer {
  /** Of the job that made it. */
  readonly id: string
  readonly tenant: string
  /** Seconds. */
  readonly at: number
  readonly verifier: string
  /** Digests. */
  readonly statement: string
  readonly request: string
  /** The request itself, as its verifier signed it. */
  readonly signedRequest: Json
  /** For the verifier. */
  readonly answer: Json
  /** From the registry, once it has the submission. */
  readonly receipt: Json
}

export class Answers {
  readonly #directory: string
  readonly #wallet: WalletFile

  constructor(directory: string, wallet: WalletFile) {
    this.#directory = directory
    this.#wallet = wallet
  }

  async put(answer: GivenAnswer): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    await this.#wallet.keep(this.#path(answer.id), answer as unknown as Json)
  }

  /** @throws Refusal NOT_FOUND, also for another tenant's */
  async get(tenant: string, id: string): Promise<GivenAnswer> {
    if (!/^[0-9a-f]{32}$/.test(id)) return refuse('NOT_FOUND', 'there is no such answer')
    const answer = (await this.#wallet.kept(this.#path(id))) as unknown as GivenAnswer
    return answer.tenant === tenant ? answer : refuse('NOT_FOUND', 'there is no such answer')
  }

  /** The tenant's, oldest first. */
  async list(tenant: string): Promise<GivenAnswer[]> {
    const names = await readdir(this.#directory).catch(() => [])
    const ids = names.flatMap((name) => /^([0-9a-f]{32})\.json$/.exec(name)?.[1] ?? [])
    const all = await Promise.all(ids.map((id) => this.#wallet.kept(this.#path(id)) as Promise<unknown> as Promise<GivenAnswer>))
    return all.filter((answer) => answer.tenant === tenant).sort((a, b) => a.at - b.at)
  }

  #path(id: string): string {
    return join(this.#directory, `${id}.json`)
  }
}
