/**
 * The frame around every command: standard options, what it sees, what it prints.
 *
 * With `--json` one line of canonical JSON on stdout is all that is printed there: the result, or
 * `{"refused": {"code", "message", "problems", "mend"?}}`.
 */

import { isAbsolute, join } from 'node:path'
import type { Command } from 'commander'
import { bug } from '../errors/errors.ts'
import { canonicalJson, type Json } from '../hash/canonical.ts'
import { EXIT, Exit } from './failure.ts'
import { Home } from './home.ts'
import { Progress } from './progress.ts'
import type { Terminal } from './terminal.ts'

export { Usage } from './failure.ts'

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

function finish(session: Session, outcome: Outcome | undefined): void {
  if (!outcome) return
  session.progress.close()
  if (session.json) session.terminal.stdout(`${canonicalJson(outcome.json)}\n`)
  else if (outcome.lines.length > 0) session.terminal.stdout(`${outcome.lines.join('\n')}\n`)
  if (outcome.ok === false) throw new Exit(EXIT.refused)
}
