/** Fetching a credential from its issuer's service with a pick-up code. */

import { refuse } from '../errors/errors.ts'
import { type Field, printField } from '../field/field.ts'
import { type Json, parseJson } from '../hash/canonical.ts'

const LIMITS = { bytes: 1_048_576, depth: 32 }
const TIMEOUT_MS = 15_000

/**
 * @param url        of the issuer's service
 * @param holderIdAt what that issuer is told instead of who the holder is
 * @returns the credential file, not yet checked
 * @throws Refusal UNAVAILABLE, MALFORMED (no such service), NOT_FOUND (the code is not, or no longer, good)
 */
export async function pickUp(url: string, code: string, holderIdAt: (issuer: string) => Field): Promise<Json> {
  const base = baseOf(url)
  const { organisation } = (await ask(`${base}/issuer`)) as { organisation?: unknown }
  if (typeof organisation !== 'string') return refuse('MALFORMED', 'there is no issuer at this address')
  const body = JSON.stringify({ code, holderId: printField(holderIdAt(organisation)) })
  return ask(`${base}/credentials`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
}

function baseOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.username || parsed.password) return refuse('MALFORMED', 'not an address', [{ path: '/issuer', expected: 'an http or https URL', got: 'something else' }])
  return `${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}`
}

async function ask(url: string, init: RequestInit = {}): Promise<Json> {
  const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => refuse('UNAVAILABLE', 'the issuer cannot be reached'))
  if (response.status === 404) return refuse('NOT_FOUND', 'the issuer has nothing for this code')
  if (!response.ok) return refuse('UNAVAILABLE', `the issuer answers ${response.status}`)
  return parseJson(await boundedText(response), LIMITS)
}

/** Stops reading once the limit is passed, whatever the length header said. */
async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder('utf-8')
  let text = ''
  try {
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true })
      if (text.length > LIMITS.bytes) break
    }
  } catch {
    return refuse('UNAVAILABLE', 'the issuer broke off its answer')
  }
  return text.length > LIMITS.bytes ? refuse('TOO_LARGE', 'the issuer sent more than a credential') : text + decoder.decode()
}
