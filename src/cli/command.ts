/**
 * The frame around every command: standard options, output, exit codes.
 *
 *     exit code   0 done · 1 refused · 2 wrong usage · 3 something cannot be reached · 70 a defect of this program
 *
 * With `--json` one line of canonical JSON on stdout is all that is printed there: the result, or
 * `{"refused": {"code", "message", "problems", "mend"?}}`.
 */

import { isAbsolute, join } from 'node:path'
import { type Command, CommanderError } from 'commander'
import { bug, Refusal, type RefusalCode } from '../errors/errors.ts'
import { canonicalJson, type Json } from '../hash/canonical.ts'
import { Home } from './home.ts'
import { Progress } from './progress.ts'
import type { Terminal } from './terminal.ts'

export const EXIT = { ok: 0, refused: 1, usage: 2, unavailable: 3, defect: 70 } as const

/** What a command found or did: for machines, and for people with the result in the first line. */
export interface Outcome {
  readonly json: Json
  readonly lines: readonly string[]
  /** false when the answer is a no: exit code 1. */
  readonly ok?: boolean
}

/** A text option that commander has made sure is there. */
export function required(options: Options, name: string): string {
  const value = options[name]
  return typeof value === 'string' ? value : bug(`no option ${name}`)
}

/** The texts of an option that may be repeated. */
export function repeated(options: Options, name: string): readonly string[] {
  const value = options[name]
  return Array.isArray(value) ? value : typeof value === 'string' ? [value] : []
}

/** The command was called wrongly: exit code 2. */
export class Usage extends Error {
  override readonly name = 'Usage'
}

/** What an action is given beside its arguments and options. */
export class Session {
  readonly terminal: Terminal
  readonly json: boolean
  readonly progress: Progress
  private readonly homeOption: string | undefined

  constructor(terminal: Terminal, options: { home?: string; json?: boolean }) {
    this.terminal = terminal
    this.json = options.json === true
    this.homeOption = options.home
    this.progress = new Progress(terminal)
  }

  /** The party's home directory: --home, ATTESTRY_HOME or ./attestry-home. */
  get homePath(): string {
    return this.path(this.homeOption ?? this.terminal.env.ATTESTRY_HOME ?? 'attestry-home')
  }

  /** The party's home. @throws Refusal NOT_FOUND when `attestry init` has not been run there */
  home(): Home {
    return Home.open(this.homePath)
  }

  path(path: string): string {
    return isAbsolute(path) ? path : join(this.terminal.cwd, path)
  }

  /** A line for the person that is no result. */
  note(text: string): void {
    this.terminal.stderr(`${text}\n`)
  }
}

/** The positional arguments, then the command's options, as commander read them. */
export type Action = (session: Session, args: readonly string[], options: Options) => Promise<Outcome | undefined>

/** Options by name; a repeated option is an array. */
export type Options = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

const terminals = new WeakMap<Command, Terminal>()

/** Says which terminal the commands below `program` see. */
export function attach(program: Command, terminal: Terminal): void {
  terminals.set(program, terminal)
}

/** Gives a command its standard options and what it does. */
export function does(command: Command, action: Action): Command {
  return command
    .option('--home <dir>', "the party's home directory (default: ATTESTRY_HOME or ./attestry-home)")
    .option('--json', 'print one line of JSON and nothing else')
    .action(async (...given: unknown[]) => {
      const options = command.optsWithGlobals<{ home?: string; json?: boolean }>()
      const args = given.slice(0, -2).flat().filter((arg): arg is string => typeof arg === 'string')
      const session = new Session(terminals.get(rootOf(command)) ?? bug('a command without a terminal'), options)
      try {
        finish(session, await action(session, args, options as Options))
      } finally {
        session.progress.close()
      }
    })
}

function rootOf(command: Command): Command {
  return command.parent ? rootOf(command.parent) : command
}

/** Signals an exit code through commander. */
export class Exit extends Error {
  readonly code: number
  constructor(code: number) {
    super(`exit ${code}`)
    this.code = code
  }
}

function finish(session: Session, outcome: Outcome | undefined): void {
  if (!outcome) return
  session.progress.close()
  if (session.json) session.terminal.stdout(`${canonicalJson(outcome.json)}\n`)
  else if (outcome.lines.length > 0) session.terminal.stdout(`${outcome.lines.join('\n')}\n`)
  if (outcome.ok === false) throw new Exit(EXIT.refused)
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
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  if (json) terminal.stdout(`${canonicalJson({ refused: { code: 'DEFECT', message: 'a defect of this program; see stderr', problems: [] } })}\n`)
  terminal.stderr(`a defect of this program: ${message}\n`)
  return EXIT.defect
}

const UNREACHABLE: ReadonlySet<RefusalCode> = new Set<RefusalCode>(['UNAVAILABLE', 'NOT_READY', 'BUSY', 'TIMEOUT', 'STORAGE'])

function asRefusal(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error
  const { code, path, syscall } = (typeof error === 'object' && error !== null ? error : {}) as { code?: string; path?: string; syscall?: string }
  if (syscall === 'listen') return new Refusal('UNAVAILABLE', `cannot listen there: ${code}`)
  if ((code === 'ENOSPC' || code === 'EIO' || code === 'EROFS') && path) return new Refusal('STORAGE', `${code} at ${path}`)
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
  CORRUPT: 'restore the file from a copy; nothing is signed with it until then',
  UNAVAILABLE: 'is the service running, and the address right? `attestry doctor` tries it',
  NOT_READY: 'wait a moment and try again',
  BUSY: 'wait a moment and try again',
  FORBIDDEN: 'another organisation or role has to do this',
}
