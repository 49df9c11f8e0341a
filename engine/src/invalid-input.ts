/**
 * - `MALFORMED`: a proof, a list of signals or a circuit's input that is not in its one spelling; a proof's points that are not of the groups
 * - `KEY_INVALID`: a verification key of which the same holds, or which would let anyone forge
 * - `NO_WITNESS`: a circuit's inputs that do not fulfil its constraints
 */
export type InvalidCode = 'MALFORMED' | 'KEY_INVALID' | 'NO_WITNESS'

/** What came from outside cannot be used. `code` is stable; `path` is a JSON Pointer into what was passed; no value is named. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput'
  readonly code: InvalidCode
  readonly path: string
  readonly expected: string
  /** What came instead, in words, where that says more than that it is something else. */
  readonly got: string | undefined

  constructor(code: InvalidCode, path: string, expected: string, got?: string) {
    super(`${path || '/'}: expected ${expected}${got === undefined ? '' : `, got ${got}`}`)
    this.code = code
    this.path = path
    this.expected = expected
    this.got = got
  }
}
