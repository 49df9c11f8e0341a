/**
 * Failures on the wire: problem+json (RFC 9457) with a stable type for each refusal code.
 *
 *     HTTP/1.1 422        content-type: application/problem+json
 *     { "type": "urn:attestry:problem:DOCUMENT_INVALID", "title": "Document invalid", "status": 422, "code": "DOCUMENT_INVALID",
 *       "detail": "the document does not fit the schema medical-invoice",
 *       "problems": [ { "path": "/total", "expected": "…", "got": "…" } ], "instance": "<id of the request>" }
 */

import { Bug, type Problem, Refusal, type RefusalCode, httpStatus } from '../errors/errors.ts'

export const PROBLEM_TYPE = 'application/problem+json'

export interface ProblemBody {
  readonly type: string
  readonly title: string
  readonly status: number
  /** Left out for a failure of ours. */
  readonly code?: RefusalCode
  readonly detail?: string
  readonly problems?: readonly Problem[]
}

/** What a client is told. A failure that is no refusal says nothing but 500: its message could hold anything. */
export function problem(error: unknown): ProblemBody {
  const refusal = error instanceof Refusal ? error : bodyRefusal(error)
  if (!refusal) return { type: 'about:blank', title: 'Internal error', status: 500 }
  const { code, problems } = refusal
  return {
    type: `urn:attestry:problem:${code}`,
    title: code.charAt(0) + code.slice(1).toLowerCase().replaceAll('_', ' '),
    status: httpStatus(code),
    code,
    detail: refusal.message.split('\n', 1)[0] ?? '',
    ...(problems.length > 0 ? { problems } : {}),
  }
}

/** What may be logged of a failure: of ours, where it happened; of anybody else's library, not even the message. */
export function loggable(error: unknown): Record<string, unknown> {
  if (error instanceof Refusal) return { code: error.code }
  if (!(error instanceof Error)) return { error: typeof error }
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)).slice(0, 8)
  return { error: error.name, ...(error instanceof Bug ? { message: error.message } : {}), at: frames.map((line) => line.trim()) }
}

/** The errors of body-parser and of Express itself (a malformed path), by their documented `type` and `status`. */
function bodyRefusal(error: unknown): Refusal | undefined {
  const { type, status } = (typeof error === 'object' && error !== null ? error : {}) as { type?: unknown; status?: unknown }
  if (type === 'entity.too.large') return new Refusal('TOO_LARGE', 'the body is over the limit')
  if (type === 'request.aborted' || type === 'request.size.invalid') return new Refusal('MALFORMED', 'the body did not arrive whole')
  if (typeof type === 'string' && /^(encoding|charset)\.unsupported$/.test(type)) return new Refusal('MALFORMED', 'the body is compressed or in another character set')
  return status === 400 ? new Refusal('MALFORMED', 'the request is malformed') : undefined
}
