/**
 * Two kinds of failure, never mixed (SPEC §1).
 *
 * - `Refusal`: what came from outside cannot be accepted. Expected, carries a stable code, safe to show: its message says
 *   what was expected, what came and where, and never holds a secret.
 * - `Bug`: an invariant of ours does not hold. Never caught except to end the process or the request.
 */

import type { RefusalCode } from './codes.ts'
export type { RefusalCode } from './codes.ts'
export { REFUSAL_CODES, httpStatus } from './codes.ts'

/** One thing that is wrong with an input, and where. `path` is a JSON Pointer, an XPath-like path or a rule's place. */
export interface Problem {
  readonly path: string
  readonly expected: string
  readonly got: string
}

/** What came from outside is refused: `code` is stable, `message` readable, `problems` lists every single finding. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: RefusalCode
  readonly problems: readonly Problem[]

  constructor(code: RefusalCode, message: string, problems: readonly Problem[] = []) {
    super(problems.length === 0 ? message : `${message}\n${problems.map(formatProblem).join('\n')}`)
    this.code = code
    this.problems = problems
  }
}

/** An invariant of this program is broken: a defect here, not in the input. */
export class Bug extends Error {
  override readonly name = 'Bug'
}

/** Throws a `Refusal`; usable as an expression: `lookup(x) ?? refuse('UNKNOWN', …)`. */
export function refuse(code: RefusalCode, message: string, problems: readonly Problem[] = []): never {
  throw new Refusal(code, message, problems)
}

/** Throws a `Bug`; usable as an expression. */
export function bug(message: string): never {
  throw new Bug(message)
}

/** Throws a `Bug` unless `condition` holds. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Bug(message)
}

function formatProblem({ path, expected, got }: Problem): string {
  return `  at ${path}: expected ${expected}, got ${got}`
}
