/**
 * The registry over HTTP, for provers, issuers, verifiers and the command line. It runs in a browser too.
 *
 *     const registry = new RegistryClient('http://127.0.0.1:4000')
 *     const view = await registry.fetchView(logKey)
 *     const receipt = await registry.submit(submission)
 *
 * A refusal of the registry arrives as the `Refusal` that it is; an unreachable registry, or one that answers otherwise, as UNAVAILABLE.
 * A receipt is passed on as it came: whether it holds is for `verifyReceipt` to say.
 */

import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { type Problem, Refusal, REFUSAL_CODES, refuse } from '../errors/errors.ts'
import { type Field, printField } from '../field/field.ts'
import { type Json, parseJson } from '../hash/canonical.ts'
import { type Digest, digestJson } from '../hash/digest.ts'
import type { Envelope } from '../signature/envelope.ts'
import type { PublicKey } from '../signature/organisation-key.ts'
import { parseView, type View } from '../view/view.ts'

export interface RegistryClientOptions {
  /** For one answer, downloads of files aside. Default 30 s. */
  readonly timeoutMs?: number
}

export interface EntriesPage {
  readonly entries: readonly Json[]
  /** Where the next page starts. */
  readonly next: number
  /** Entries in the log now. */
  readonly size: number
}

/** A view of a large consortium, with all its keys. */
const ANSWER_LIMITS = { bytes: 67_108_864, depth: 64 }

export class RegistryClient {
  private readonly url: string
  private readonly timeoutMs: number

  /** @param url of the service, with or without a slash at the end. @throws Refusal MALFORMED unless it is http or https */
  constructor(url: string, { timeoutMs = 30_000 }: RegistryClientOptions = {}) {
    if (!/^https?:\/\/[^\s?#]+$/.test(url)) refuse('MALFORMED', 'not the URL of a registry', [{ path: '/url', expected: 'http:// or https://', got: `${url.length} characters` }])
    this.url = url.replace(/\/+$/, '')
    this.timeoutMs = timeoutMs
  }

  /**
   * The registry's public state, its signature and itself checked.
   * @param logKey of the registry that the caller trusts; undefined takes what comes, for a first contact
   */
  async fetchView(logKey: PublicKey | undefined): Promise<View> {
    return parseView(await this.viewJson(), logKey)
  }

  /** The signed view as it came. */
  viewJson(): Promise<Json> {
    return this.json('GET', '/view')
  }

  /** Sends a submission (its JSON). @returns the receipt */
  submit(submission: Json): Promise<Json> {
    return this.json('POST', '/submissions', submission)
  }

  /** Sends a signed command. @returns the receipt */
  command(command: Envelope): Promise<Json> {
    return this.json('POST', '/commands', command as unknown as Json)
  }

  /** All status lists of a schema (SPEC §7.3). */
  lists(schemaId: Field): Promise<Json> {
    return this.json('GET', `/lists/${printField(schemaId)}`)
  }

  /** The receipt of an entry; for the log just after it, or for a larger size. */
  receipt(index: number, size: number = index + 1): Promise<Json> {
    return this.json('GET', `/entries/${index}/receipt?size=${size}`)
  }

  /** Entries from an index on, at most `limit` (1–1000). */
  async entries(from: number, limit: number): Promise<EntriesPage> {
    return (await this.members(`/entries?from=${from}&limit=${limit}`)) as unknown as EntriesPage
  }

  /** A command by its digest, checked against it. @throws Refusal NOT_FOUND when it was pruned */
  async body(digest: Digest): Promise<Json> {
    const body = await this.json('GET', `/bodies/${digest}`)
    return digestJson('body', body) === digest ? body : refuse('CORRUPT', 'the registry answered with another body')
  }

  /** The newest signed state of the log: a note. */
  async checkpoint(): Promise<string> {
    return (await this.fetch('GET', '/checkpoint')).text()
  }

  /** RFC 6962's consistency proof, base64. */
  async consistency(first: number, second: number): Promise<readonly string[]> {
    return (await this.members(`/log/consistency?first=${first}&second=${second}`))['consistency'] as readonly string[]
  }

  /** The entry that spent a nullifier. @throws Refusal NOT_FOUND when it is unspent */
  async spentIn(nullifier: Field): Promise<number> {
    return (await this.members(`/nullifiers/${printField(nullifier)}`))['index'] as number
  }

  /** What can be had by `file`: proving keys and witness calculators. */
  async files(): Promise<readonly { readonly digest: string; readonly name: string; readonly bytes: number }[]> {
    return (await this.members('/keys'))['files'] as unknown as { digest: string; name: string; bytes: number }[]
  }

  /**
   * A proving key or witness calculator, checked against its SHA-256.
   * @param progress called with the bytes received so far
   */
  async file(digest: string, progress: (bytes: number) => void = () => undefined): Promise<Uint8Array> {
    const response = await this.fetch('GET', `/keys/${digest}`, undefined, null)
    const parts: Uint8Array[] = []
    let bytes = 0
    try {
      for (let reader = response.body?.getReader(), part = await reader?.read(); reader && part && !part.done; part = await reader.read()) {
        parts.push(part.value)
        bytes += part.value.length
        progress(bytes)
      }
    } catch {
      return refuse('UNAVAILABLE', 'the registry broke off the download')
    }
    const file = new Uint8Array(bytes)
    parts.reduce((at, part) => (file.set(part, at), at + part.length), 0)
    return bytesToHex(sha256(file)) === digest ? file : refuse('CORRUPT', 'the registry answered with another file')
  }

  /** An answer that must be an object. */
  private async members(path: string): Promise<{ readonly [name: string]: Json | undefined }> {
    const json = await this.json('GET', path)
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as { readonly [name: string]: Json | undefined }) : refuse('UNAVAILABLE', 'the registry’s answer is not to be read')
  }

  private async json(method: string, path: string, body?: Json): Promise<Json> {
    const response = await this.fetch(method, path, body)
    try {
      return parseJson(await response.text(), ANSWER_LIMITS)
    } catch {
      return refuse('UNAVAILABLE', 'the registry’s answer is not to be read')
    }
  }

  private async fetch(method: string, path: string, body?: Json, timeoutMs: number | null = this.timeoutMs): Promise<Response> {
    const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
    const response = await fetch(this.url + path, { method, redirect: 'error', ...sent, ...(timeoutMs !== null && { signal: AbortSignal.timeout(timeoutMs) }) }).catch(() =>
      refuse('UNAVAILABLE', 'the registry cannot be reached'),
    )
    if (response.ok) return response
    throw refusalOf(response.status, await response.text().catch(() => ''))
  }
}

/** The refusal in a problem+json; anything else says only that the service does not work. */
export function refusalOf(status: number, text: string, service = 'the registry'): Refusal {
  const { code, detail, problems } = problemIn(text)
  const known = REFUSAL_CODES.find((one) => one === code)
  if (!known) return new Refusal('UNAVAILABLE', `${service} answered with status ${status}`)
  return new Refusal(known, typeof detail === 'string' ? detail : `refused by ${service}`, Array.isArray(problems) ? problems.filter(isProblem) : [])
}

function problemIn(text: string): { code?: Json; detail?: Json; problems?: Json } {
  try {
    const json = parseJson(text)
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as Record<string, Json>) : {}
  } catch {
    return {}
  }
}

function isProblem(value: unknown): value is Problem {
  const { path, expected, got } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  return typeof path === 'string' && typeof expected === 'string' && typeof got === 'string'
}
