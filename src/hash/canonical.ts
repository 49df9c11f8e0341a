/**
 * Canonical JSON, RFC 8785, and reading JSON strictly (SPEC §2.3): what is hashed or signed has one spelling.
 */

import canonicalize from 'canonicalize'
import { bug, refuse } from '../errors/errors.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json | undefined }

/**
 * RFC 8785 text of a value. Members that are `undefined` are left out. Numbers must be safe integers: amounts are text.
 * @throws Refusal MALFORMED for what has no such text although JSON can spell it: half of a surrogate pair, 1e999
 */
export function canonicalJson(value: Json): string {
  return canonical(value) ?? bug('value has no JSON text')
}

function canonical(value: Json): string | undefined {
  try {
    return canonicalize(value)
  } catch {
    return refuse('MALFORMED', 'a value has no canonical JSON text: a number that is not finite, or half of a surrogate pair')
  }
}

export interface JsonLimits {
  /** Bytes of text. */
  readonly bytes: number
  /** Nesting of arrays and objects. */
  readonly depth: number
}

export const DEFAULT_LIMITS: JsonLimits = { bytes: 1_048_576, depth: 32 }

/**
 * Parses JSON that comes from outside: bounded, without duplicate member names, without `__proto__`.
 * @throws Refusal TOO_LARGE, MALFORMED
 */
export function parseJson(text: string, limits: JsonLimits = DEFAULT_LIMITS): Json {
  if (text.length > limits.bytes) return refuse('TOO_LARGE', `JSON text is over ${limits.bytes} bytes`)
  scan(text, limits.depth)
  try {
    return JSON.parse(text) as Json
  } catch {
    return refuse('MALFORMED', 'not JSON')
  }
}

/** One pass over the text for what JSON.parse lets through: depth, duplicate names, `__proto__`. */
function scan(text: string, maxDepth: number): void {
  const names: (Set<string> | null)[] = []
  let expectName = false
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (char === '{' || char === '[') {
      names.push(char === '{' ? new Set() : null)
      expectName = char === '{'
      if (names.length > maxDepth) refuse('TOO_LARGE', `JSON is nested deeper than ${maxDepth}`)
    } else if (char === '}' || char === ']') {
      names.pop()
      expectName = false
    } else if (char === ',') {
      expectName = names.at(-1) instanceof Set
    } else if (char === '"') {
      const end = endOfString(text, i)
      const scope = names.at(-1)
      if (expectName && scope) {
        const name = nameAt(text.slice(i, end + 1))
        if (name === '__proto__') refuse('MALFORMED', 'the member name __proto__ is not allowed')
        if (scope.has(name)) refuse('MALFORMED', `the member name ${JSON.stringify(name)} occurs twice`)
        scope.add(name)
        expectName = false
      }
      i = end
    }
  }
}

function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '"') return i
  }
  return refuse('MALFORMED', 'not JSON: unterminated string')
}

function nameAt(quoted: string): string {
  try {
    return JSON.parse(quoted) as string
  } catch {
    return refuse('MALFORMED', 'not JSON: bad member name')
  }
}
