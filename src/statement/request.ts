/**
 * Requests: a verifier's signed question (SPEC §6.1). Type and origin are in the signed bytes; the challenge and the one-time release
 * key make every request another one.
 *
 *     { "type": "request", "origin": "registry.example/attestry", "verifier": "SE:ORGNR:…", "statement": "5f0c…",
 *       "parameters": { "limit": "5000.00", … }, "challenge": "a1b2…", "issuedAt": 1767225600, "expires": 1767229200, "releaseKey": "d75a…" }
 */

import { bytesToHex } from '@noble/hashes/utils.js'
import { parseOrganisationCode } from '../credential/organisation.ts'
import { compileValidator, type Validator } from '../document/validator.ts'
import { refuse } from '../errors/errors.ts'
import type { Json } from '../hash/canonical.ts'
import { type Digest, digestJson } from '../hash/digest.ts'
import { type Body, type Envelope, type Keyring, parseEnvelope, requireSignatures } from '../signature/envelope.ts'
import { parsePublicKey } from '../signature/organisation-key.ts'
import type { Statement } from './compiler.ts'
import { encodeParameters } from './parameters.ts'
import { MAX_MEMBERS } from './set.ts'

export interface RequestBody extends Body {
  readonly type: 'request'
  readonly verifier: string
  readonly statement: Digest
  readonly parameters: { readonly [name: string]: Json }
  /** The members of a `$set`. */
  readonly set?: readonly Json[]
  readonly challenge: string
  /** Seconds. */
  readonly issuedAt: number
  readonly expires: number
  /** Hex, Ed25519: whoever holds its secret may release what the proof reserves. */
  readonly releaseKey: string
}

const TIME = { type: 'integer', minimum: 0, exclusiveMaximum: 2 ** 40 }

const REQUEST_SCHEMA = {
  type: 'object',
  required: ['type', 'origin', 'verifier', 'statement', 'parameters', 'challenge', 'issuedAt', 'expires', 'releaseKey'],
  additionalProperties: false,
  properties: {
    type: { const: 'request' },
    origin: { type: 'string', minLength: 1, maxLength: 255 },
    verifier: { type: 'string', maxLength: 31 },
    statement: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    parameters: { type: 'object', maxProperties: 6 },
    set: { type: 'array', minItems: 1, maxItems: MAX_MEMBERS },
    challenge: { type: 'string', pattern: '^([0-9a-f]{2}){16,32}$' },
    issuedAt: TIME,
    expires: TIME,
    releaseKey: { type: 'string', pattern: '^[0-9a-f]{64}$' },
  },
}

let validator: Validator | undefined

export interface RequestOrder {
  readonly origin: string
  /** Code of the organisation that asks and signs. */
  readonly verifier: string
  readonly statement: { readonly hash: Digest; readonly statement: Statement }
  readonly parameters: { readonly [name: string]: Json }
  readonly set?: readonly Json[]
  /** Seconds. */
  readonly issuedAt: number
  readonly expires: number
  /** Hex, Ed25519 public key, made for this request. */
  readonly releaseKey: string
}

/**
 * A request to sign, with a fresh challenge of 16 bytes.
 * @throws Refusal PARAMETER_INVALID, REQUEST_INVALID
 */
export function makeRequest({ statement, ...rest }: RequestOrder): RequestBody {
  encodeParameters(statement.statement, rest.parameters, rest.set)
  const challenge = bytesToHex(crypto.getRandomValues(new Uint8Array(16)))
  return checkBody({ type: 'request', ...rest, statement: statement.hash, challenge })
}

/**
 * Reads a request's structure; `requireRequest` checks who signed it.
 * @throws Refusal MALFORMED (no envelope), REQUEST_INVALID with every problem
 */
export function parseRequest(json: unknown): Envelope<RequestBody> {
  const { body, signatures } = parseEnvelope(json)
  return { body: checkBody(body), signatures }
}

/** The request's identity: digest of label `request` over its body. */
export function requestDigest(body: RequestBody): Digest {
  return digestJson('request', body)
}

/**
 * Checks that the request is for this registry, still open, and signed by the verifier that it names and nobody else.
 * @param now seconds; a request is open while now < expires
 * @throws Refusal WRONG_ORIGIN, REQUEST_EXPIRED, BAD_SIGNATURE
 */
export function requireRequest({ body, signatures }: Envelope<RequestBody>, { origin, keyring, now }: { readonly origin: string; readonly keyring: Keyring; readonly now: number }): void {
  if (body.origin !== origin) refuse('WRONG_ORIGIN', 'the request is for another registry', [{ path: '/body/origin', expected: origin, got: body.origin }])
  if (now >= body.expires) refuse('REQUEST_EXPIRED', `the request expired at ${body.expires}, it is ${now}`)
  requireRequestSignature({ body, signatures }, keyring)
}

/** The signature alone: for evidence that is older than the request's expiry. @throws Refusal BAD_SIGNATURE */
export function requireRequestSignature(envelope: Envelope<RequestBody>, keyring: Keyring): void {
  const signers = requireSignatures(envelope, keyring)
  if (signers.length !== 1 || signers[0] !== envelope.body.verifier) refuse('BAD_SIGNATURE', `the request is not signed by ${envelope.body.verifier} alone`)
}

function checkBody(body: Body): RequestBody {
  validator ??= compileValidator(REQUEST_SCHEMA)
  const problems = validator(body)
  if (problems.length > 0) refuse('REQUEST_INVALID', 'not a request', problems.map(({ path, ...rest }) => ({ path: `/body${path}`, ...rest })))
  const request = body as RequestBody
  parseOrganisationCode(request.verifier, '/body/verifier')
  parsePublicKey({ alg: 'ed25519', publicKey: request.releaseKey }, '/body/releaseKey')
  if (request.issuedAt >= request.expires) refuse('REQUEST_INVALID', 'not a request', [{ path: '/body/expires', expected: 'later than issuedAt', got: 'not later' }])
  return request
}
