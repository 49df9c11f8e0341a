/**
 * The stage of the demo: starts each party's process, types commands for its people, prints each step as a line and stops
 * the play when one does not go as told.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bug } from '../../src/errors/errors.ts'
import { canonicalJson, type Json } from '../../src/hash/canonical.ts'
import type { Answer } from './party.ts'

/** What a command printed. Members are looked up by name; a missing one ends the play. */
export type Result = Readonly<Record<string, Json>>

/** A step did not go as told. */
export class Unexpected extends Error {
  override readonly name = 'Unexpected'
}

interface Pending {
  readonly line: (result: Result) => void
  readonly end: (code: number) => void
}

export class Party {
  readonly name: string
  readonly home: string
  private readonly process: ChildProcess
  private readonly pending = new Map<number, Pending>()
  private count = 0

  constructor(name: string, folder: string) {
    this.name = name
    this.home = join(folder, name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'))
    mkdirSync(this.home, { recursive: true, mode: 0o700 })
    this.process = fork(fileURLToPath(new URL('party.ts', import.meta.url)), [this.home], { execArgv: ['--import', 'tsx'], stdio: ['ignore', 2, 2, 'ipc'] })
    this.process.on('message', (message) => this.receive(message as Answer))
    this.process.on('exit', (code) => this.abandon(code))
    this.process.on('error', () => this.abandon(1)) // it died before a message reached it
  }

  /** Types a command; resolves with what it printed. @throws Unexpected unless it ends with exit code 0 */
  async run(...argv: string[]): Promise<Result> {
    const { code, result } = await this.order(argv)
    if (code !== 0) throw new Unexpected(`${this.name}: attestry ${argv.join(' ')} → ${canonicalJson(result)}`)
    return result
  }

  /** Types a command that must be refused, with this code. */
  async refused(expected: string, ...argv: string[]): Promise<{ code: string; message: string }> {
    const { code, result } = await this.order(argv)
    const refusal = (result.refused ?? {}) as { code?: string; message?: string }
    if (code === 0 || refusal.code !== expected)
      throw new Unexpected(`${this.name}: attestry ${argv.join(' ')} should be refused with ${expected}, but → ${canonicalJson(result)}`)
    return { code: expected, message: refusal.message ?? '' }
  }

  /** Starts a service; resolves with its address once it listens. */
  serve(...argv: string[]): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.send(argv, { line: resolve, end: (code) => reject(new Unexpected(`${this.name}: ${argv.join(' ')} ended with ${code}`)) })
    })
  }

  /** Stops its services and ends the process. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      if (this.process.exitCode !== null || !this.process.connected) return resolve()
      this.process.once('exit', () => resolve())
      this.process.send({ stop: true })
      setTimeout(() => this.process.kill('SIGKILL'), 10_000).unref()
    })
  }

  private order(argv: readonly string[]): Promise<{ code: number; result: Result }> {
    return new Promise((resolve) => {
      let last: Result = {}
      this.send(argv, { line: (result) => void (last = result), end: (code) => resolve({ code, result: last }) })
    })
  }

  private send(argv: readonly string[], pending: Pending): void {
    const id = ++this.count
    this.pending.set(id, pending)
    this.process.send({ id, argv })
  }

  private receive({ id, line, code }: Answer): void {
    const pending = this.pending.get(id) ?? bug('an answer to nothing')
    if (line !== undefined) pending.line(JSON.parse(line) as Result)
    if (code !== undefined) {
      this.pending.delete(id)
      pending.end(code)
    }
  }

  private abandon(code: number | null): void {
    for (const pending of this.pending.values()) pending.end(code ?? 1)
    this.pending.clear()
  }
}

export class Stage {
  readonly folder: string
  private readonly json: boolean
  private readonly parties: Party[] = []

  constructor(folder: string, json: boolean) {
    this.folder = folder
    this.json = json
  }

  party(name: string): Party {
    const party = new Party(name, this.folder)
    this.parties.push(party)
    return party
  }

  heading(text: string): void {
    if (this.json) this.print({ step: 'heading', text })
    else this.say(`\n${this.bold(text)}`)
  }

  /** Prints one step: who did what, and facts about it. */
  step(who: string, what: string, facts: Record<string, Json> = {}): void {
    if (this.json) this.print({ step: 'done', who, what, facts })
    else this.say(`  ${who.padEnd(22)} ${what}`)
  }

  /** Prints a refusal that was expected. */
  refusal(who: string, what: string, refusal: { code: string; message: string }): void {
    if (this.json) this.print({ step: 'refused', who, what, code: refusal.code })
    else this.say(`  ${who.padEnd(22)} ${what}\n  ${''.padEnd(22)} ✗ ${refusal.code}: ${refusal.message}`)
  }

  table(title: string, rows: readonly (readonly string[])[]): void {
    if (this.json) return this.print({ step: 'table', title, rows: rows.map((row) => [...row]) })
    const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
    this.say(`\n${this.bold(title)}`)
    for (const row of rows) this.say(`  ${row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  ')}`)
  }

  async end(...parties: Party[]): Promise<void> {
    await Promise.all((parties.length > 0 ? parties : this.parties).map((party) => party.stop()))
  }

  /** A line, in place of a progress bar that may stand there and is drawn again below. */
  private say(text: string): void {
    process.stdout.write(`${process.stdout.isTTY ? '\r\u001b[K' : ''}${text}\n`)
  }

  private print(value: Json): void {
    process.stdout.write(`${canonicalJson(value)}\n`)
  }

  private bold(text: string): string {
    return process.env.NO_COLOR || !process.stdout.isTTY ? text : `\u001b[1m${text}\u001b[0m`
  }
}
