/**
 * Reading bodies: bounded, UTF-8, uncompressed, and JSON without duplicate members (SPEC §2.3).
 */

import express, { type RequestHandler } from 'express'
import { refuse } from '../errors/errors.ts'
import { DEFAULT_LIMITS, type Json, type JsonLimits, parseJson } from '../hash/canonical.ts'

/** Puts a JSON body, strictly parsed, into `request.body`. Refuses TOO_LARGE, MALFORMED. */
export function jsonBody(limits: Partial<JsonLimits> = {}): RequestHandler {
  const bounds = { ...DEFAULT_LIMITS, ...limits }
  return reading(bounds.bytes, (text, type) => {
    if (!/^application\/([a-z.+-]+\+)?json(;|$)/i.test(type)) refuse('MALFORMED', 'the body must be of type application/json')
    return parseJson(text, bounds)
  })
}

/** Puts a text body (XML or JSON that a reader parses itself) into `request.body`. Refuses TOO_LARGE, MALFORMED. */
export function textBody(bytes: number = DEFAULT_LIMITS.bytes): RequestHandler {
  return reading(bytes, (text) => text)
}

/** The body that `jsonBody` or `textBody` has read. */
export function bodyOf(request: { body?: unknown }): Json {
  return request.body as Json
}

/** A body that must be an object. @throws Refusal MALFORMED */
export function objectBody(request: { body?: unknown }): Readonly<Record<string, Json | undefined>> {
  const body = bodyOf(request)
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Readonly<Record<string, Json | undefined>>
  return refuse('MALFORMED', 'the body is not an object')
}

function reading(limit: number, parse: (text: string, contentType: string) => Json): RequestHandler {
  const read = express.raw({ type: () => true, limit, inflate: false })
  return (request, response, next) =>
    void read(request, response, (error?: unknown) => {
      if (error !== undefined) return next(error)
      try {
        const body: unknown = request.body
        request.body = parse(utf8(body instanceof Uint8Array ? body : new Uint8Array(0)), request.get('content-type') ?? '')
      } catch (refusal) {
        return next(refusal)
      }
      next()
    })
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return refuse('MALFORMED', 'the body is not UTF-8')
  }
}
