/**
 * JSON with its numbers as they are written: `48.00` stays `48.00`, and 9007199254740993 is not rounded. Amounts are read from the text
 * of a document, never through a floating-point number (SPEC §3).
 */

import { bug } from '../errors/errors.ts'
import { type JsonLimits, parseJson } from '../hash/canonical.ts'

/** A number as it was written. */
export class NumberText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type LosslessJson = null | boolean | string | NumberText | readonly LosslessJson[] | { readonly [name: string]: LosslessJson }

const TOKEN = /[\s]*([{}[\],:]|"[^"\\]*(?:\\.[^"\\]*)*"|-?[0-9][0-9.eE+-]*|true|false|null)/y

/** @throws Refusal TOO_LARGE, MALFORMED as `parseJson` does */
export function parseLosslessJson(text: string, limits?: JsonLimits): LosslessJson {
  parseJson(text, limits) // from here on it is known to be JSON, without duplicate names and not too deep
  const tokens = new RegExp(TOKEN)
  const next = (): string => tokens.exec(text)?.[1] ?? bug('JSON.parse and the tokeniser disagree')
  return value(next(), next)
}

function value(token: string, next: () => string): LosslessJson {
  if (token === '{') return object(next)
  if (token === '[') return array(next)
  if (token.startsWith('"')) return JSON.parse(token) as string
  if (token === 'true' || token === 'false') return token === 'true'
  return token === 'null' ? null : new NumberText(token)
}

function object(next: () => string): LosslessJson {
  const members: Record<string, LosslessJson> = {}
  for (let token = next(); token !== '}'; token = next()) {
    if (token === ',') continue
    next() // the colon
    members[JSON.parse(token) as string] = value(next(), next)
  }
  return members
}

function array(next: () => string): LosslessJson {
  const items: LosslessJson[] = []
  for (let token = next(); token !== ']'; token = next()) if (token !== ',') items.push(value(token, next))
  return items
}
