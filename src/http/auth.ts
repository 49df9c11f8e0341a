/**
 * Bearer tokens with roles (RFC 6750). Only digests of tokens are kept, and looked up, so that time tells nothing of a token.
 */

import { createHash, randomBytes } from 'node:crypto'
import type { RequestHandler, Response } from 'express'
import { refuse } from '../errors/errors.ts'

export interface Token {
  /** At least 16 characters. */
  readonly token: string
  /** Who it was given to: in the log beside each request. */
  readonly name: string
  readonly roles: readonly string[]
}

export const MIN_TOKEN_LENGTH = 16

/** A fresh token: 256 random bits in base64url. */
export function newToken(): string {
  return randomBytes(32).toString('base64url')
}

/** Reads the caller's token on every request; `allow` then decides. */
export class Tokens {
  private readonly byDigest = new Map<string, Token>()

  /** @throws Refusal MALFORMED for a token that is too short or occurs twice */
  constructor(tokens: readonly Token[]) {
    for (const token of tokens) {
      if (token.token.length < MIN_TOKEN_LENGTH) refuse('MALFORMED', `the token of ${token.name} is shorter than ${MIN_TOKEN_LENGTH} characters`)
      if (this.byDigest.has(digestOf(token.token))) refuse('MALFORMED', `the token of ${token.name} occurs twice`)
      this.byDigest.set(digestOf(token.token), token)
    }
  }

  /** Lets callers with one of the roles pass. Refuses UNAUTHENTICATED (no known token) or FORBIDDEN (another role). */
  allow(...roles: readonly string[]): RequestHandler {
    return (request, response, next) => {
      const [, presented = ''] = /^Bearer ([A-Za-z0-9._~+/=-]{1,512})$/i.exec(request.get('authorization') ?? '') ?? []
      const token = this.byDigest.get(digestOf(presented))
      if (!token) {
        response.set('www-authenticate', 'Bearer')
        return refuse('UNAUTHENTICATED', 'a bearer token is needed')
      }
      response.locals['caller'] = token.name
      if (!token.roles.some((role) => roles.includes(role))) refuse('FORBIDDEN', `this needs the role ${roles.join(' or ')}`)
      next()
    }
  }
}

/** Name of the caller that `allow` let pass. */
export function callerOf(response: Response): string | undefined {
  return response.locals['caller'] as string | undefined
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
