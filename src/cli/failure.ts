/**
 * How a command can fail, what is printed then, and its exit code:
 *
 *     0 done · 1 refused · 2 wrong usage · 3 something cannot be reached · 70 a defect of this program
 */

import { CommanderError } from 'commander'
import { Refusal, type RefusalCode } from '../errors/errors.ts'
import { canonicalJson, type Json } from '../hash/canonical.ts'
import { loggable } from '../http/problem.ts'
import type { Terminal } from './terminal.ts'

export const EXIT = { ok: 0, refused: 1, usage: 2, unavailable: 3, defect: 70 } as const

/** The command was called wrongly: exit code 2. */
export class Usage extends Error {
  override readonly name = 'Usage'
}

/** Signals an exit code through commander. */
export class Exit extends Error {
  readonly code: number
  constructor(code: number) {
    super(`exit ${code}`)
    this.code = code
  }
}

/** Prints a failure in the right place and says which exit code it has. */
export function report(error: unknown, terminal: Terminal, json: boolean): number {
  if (error instanceof Exit) return error.code
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.ok
    if (json) terminal.stdout(usageJson(error.message)) // otherwise commander has printed its own words
    return EXIT.usage
  }
  const known = asRefusal(error)
  if (known) {
    const mend = howToMend(known.code)
    if (json) terminal.stdout(`${canonicalJson({ refused: { code: known.code, message: firstLine(known.message), problems: known.problems.map((p) => ({ ...p })), mend } })}\n`)
    else terminal.stderr(`refused: ${known.code}: ${known.message}\n${mend ? `to mend it: ${mend}\n` : ''}`)
    return UNREACHABLE.has(known.code) ? EXIT.unavailable : EXIT.refused
  }
  if (error instanceof Usage) {
    if (json) terminal.stdout(usageJson(error.message))
    else terminal.stderr(`usage: ${error.message}\n`)
    return EXIT.usage
  }
  if (json) terminal.stdout(`${canonicalJson({ refused: { code: 'DEFECT', message: 'a defect of this program; see stderr', problems: [] } })}\n`)
  terminal.stderr(`a defect of this program: ${canonicalJson(loggable(error) as Json)}\n`) // never a message of others' code: it could quote a value
  return EXIT.defect
}

const UNREACHABLE: ReadonlySet<RefusalCode> = new Set<RefusalCode>(['UNAVAILABLE', 'NOT_READY', 'BUSY', 'TIMEOUT', 'STORAGE'])

function asRefusal(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error
  const { code, path, syscall } = (typeof error === 'object' && error !== null ? error : {}) as { code?: string; path?: string; syscall?: string }
  if (syscall === 'listen') return new Refusal('UNAVAILABLE', `cannot listen there: ${code}`)
  if (syscall && path) return new Refusal('STORAGE', `${code} at ${path}`)
  return undefined
}

function usageJson(message: string): string {
  return `${canonicalJson({ refused: { code: 'USAGE', message, problems: [] } })}\n`
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}

function howToMend(code: RefusalCode): string | undefined {
  return MEND[code]
}

/** One way out for the codes that a person can do something about. */
const MEND: Partial<Record<RefusalCode, string>> = {
  DOCUMENT_INVALID: 'correct the document as listed, or check the schema with `attestry schema check`',
  SCHEMA_INVALID: 'correct the schema as listed; SPEC §3 says what each `as` takes',
  STATEMENT_INVALID: 'correct the statement as listed; `attestry statement check FILE` shows it again',
  PARAMETER_INVALID: 'give every parameter of the statement as name=value; `attestry statement explain` lists them',
  UNKNOWN_SCHEMA: 'the schema’s authority registers it with `attestry schema register FILE`',
  UNKNOWN_STATEMENT: 'register it with `attestry statement register FILE`',
  UNKNOWN_SHAPE: 'a governor registers the keys with `attestry registry shape register`',
  UNKNOWN_ORGANISATION: 'a governor admits it with `attestry registry admit`',
  UNKNOWN_SCOPE: 'its owner registers it with `attestry registry scope NAME`',
  UNKNOWN_ISSUER: 'the schema’s authority accredits it with `attestry issuer accredit`',
  NOT_ACCREDITED: 'the schema’s authority accredits the issuer with `attestry issuer accredit`',
  UNAUTHENTICATED: 'check the password or the token; tokens are in the home directory of the service',
  BAD_SIGNATURE: 'the signing key is not current in the registry: `attestry doctor` compares them',
  ROOT_SUPERSEDED: 'prove again against the current directory',
  NULLIFIER_SPENT: 'this document has been used in this scope; there is no way to use it again',
  REQUEST_EXPIRED: 'ask the verifier for a new request',
  NOW_OUT_OF_RANGE: 'set the clock; `attestry doctor` shows the difference',
  REVOKED: 'ask the issuer why, and for a new credential',
  EXPIRED: 'ask the issuer for a new credential',
  NO_CREDENTIAL: 'get a credential of that schema and add it with `attestry wallet add FILE`',
  KEY_INVALID: 'make or fetch the keys again; `attestry ceremony verify` says what is wrong with them',
  STORAGE: 'is there such a folder, may you write there, and is there room?',
  CORRUPT: 'a file of your own: restore it from a copy, nothing is signed with it until then; a registry’s log: keep what it showed and ask the governors',
  UNAVAILABLE: 'is the service running, and the address right? `attestry doctor` tries it',
  NOT_READY: 'wait a moment and try again',
  BUSY: 'wait a moment and try again',
  FORBIDDEN: 'another organisation or role has to do this',
}
