/** JSON over HTTP to the services of other parties: bounded, without redirects, refusals passed on as what they are. */

import { refusalOf } from '../client/registry-client.ts'
import { refuse } from '../errors/errors.ts'
import { type Json, parseJson } from '../hash/canonical.ts'

const TIMEOUT_MS = 60_000 // a verifier may fetch a view and submit before it answers
const LIMITS = { bytes: 4_194_304, depth: 64 }

/** @param who  for messages: `the verifier`. @throws Refusal of the service, UNAVAILABLE */
export function getJson(url: string, who: string): Promise<Json> {
  return exchange(url, who, { method: 'GET' })
}

export function postJson(url: string, who: string, body: Json): Promise<Json> {
  return exchange(url, who, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
}

export function isUrl(text: string): boolean {
  return /^https?:\/\//.test(text)
}

async function exchange(url: string, who: string, init: RequestInit): Promise<Json> {
  const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => refuse('UNAVAILABLE', `${who} cannot be reached`))
  const text = await response.text().catch(() => refuse('UNAVAILABLE', `${who} broke off its answer`))
  if (!response.ok) throw refusalOf(response.status, text, who)
  try {
    return parseJson(text, LIMITS)
  } catch {
    return refuse('UNAVAILABLE', `the answer of ${who} is not to be read`)
  }
}
