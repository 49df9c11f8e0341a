/**
 * Every code with which anything is refused, with the HTTP status that the services answer. The list is closed and stable:
 * a code is never renamed or reused. SPEC §1 explains each.
 */
const CODES = {
  // The input itself
  MALFORMED: 400, // not in the one accepted spelling, or not the expected structure
  TOO_LARGE: 413, // over a documented limit of size, depth or count
  DOCUMENT_INVALID: 422, // a document that does not fit its schema; every problem is listed
  SCHEMA_INVALID: 422,
  STATEMENT_INVALID: 422, // a statement that the language cannot mean
  PARAMETER_INVALID: 422,
  REQUEST_INVALID: 422,
  CREDENTIAL_INVALID: 422,
  // Who and what is known
  UNKNOWN_ORGANISATION: 404,
  UNKNOWN_SCHEMA: 404,
  UNKNOWN_STATEMENT: 404,
  UNKNOWN_SHAPE: 404,
  UNKNOWN_SCOPE: 404,
  UNKNOWN_ISSUER: 404,
  UNKNOWN_LIST: 404,
  UNKNOWN_SET: 404,
  UNKNOWN_REGULATOR: 404,
  UNKNOWN_ROOT: 409, // a directory or set root that this registry never had
  UNKNOWN_KEY: 404,
  NOT_FOUND: 404,
  RETIRED: 409, // known once, no longer active
  SUSPENDED: 409,
  EXISTS: 409, // already there, with other content
  // Who may do what
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  BAD_SIGNATURE: 403,
  WRONG_ORIGIN: 409, // signed for, or proved to, another registry
  STALE: 409, // signed too long ago, or superseded
  REPLAYED: 409, // a nonce or an idempotency key used before for something else
  RATE_LIMITED: 429, // too many requests from one client
  // A proof
  PROOF_INVALID: 422,
  INPUTS_DIFFER: 422, // a public input is not what the statement and the request derive
  NOW_OUT_OF_RANGE: 422, // the proof's clock is too far from the registry's
  REQUEST_EXPIRED: 410,
  ROOT_SUPERSEDED: 409, // a directory root that was replaced longer ago than the statement allows
  NULLIFIER_SPENT: 409,
  OPENING_INVALID: 422, // an opening that does not open its commitment
  ESCROW_INVALID: 422,
  // What a wallet can tell its holder
  RULE_FALSE: 422, // the statement does not hold for these documents
  EXPIRED: 422,
  NOT_YET_VALID: 422,
  REVOKED: 422,
  NOT_ACCREDITED: 422,
  ANONYMITY_TOO_SMALL: 422, // fewer possible issuers than the statement's minimumIssuers
  NO_CREDENTIAL: 422,
  DECLINED: 403, // the holder, or its policy, said no
  // Keys and the ceremony
  KEY_INVALID: 422, // a verification key or a zkey that must not be trusted
  TRANSCRIPT_INVALID: 422,
  // The machinery
  NOT_READY: 503,
  BUSY: 503, // a bounded queue is full
  TIMEOUT: 504,
  CANCELLED: 499,
  CORRUPT: 500, // stored data fails its own check; nothing is signed any more
  STORAGE: 503, // the disk or database refused
  UNAVAILABLE: 503, // another service cannot be reached
} as const

export type RefusalCode = keyof typeof CODES

/** The codes in the order of the table. */
export const REFUSAL_CODES = Object.keys(CODES) as readonly RefusalCode[]

/** The HTTP status that goes with a code. */
export function httpStatus(code: RefusalCode): number {
  return CODES[code]
}
