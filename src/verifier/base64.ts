/** Base64 with padding, in its one spelling: what decodes is printed back to the same text. */

import { refuse } from '../errors/errors.ts'

export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

/** @throws Refusal MALFORMED */
export function fromBase64(text: string, path: string): Uint8Array {
  const bytes = decode(text)
  if (!bytes || toBase64(bytes) !== text) return refuse('MALFORMED', 'not base64', [{ path, expected: 'standard base64 with padding', got: `${text.length} characters` }])
  return bytes
}

function decode(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
  } catch {
    return undefined
  }
}
