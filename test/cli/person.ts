/** Someone at a command line: a home directory, and everything that was ever printed there. Runs in this process, without a terminal. */

import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCli } from '../../src/cli/main.ts'
import type { Json } from '../../src/hash/canonical.ts'

export interface Said {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** The one line of `--json`; {} without any. */
  readonly json: Readonly<Record<string, Json>>
  /** Code of the refusal. */
  readonly refused: string | undefined
}

export class Person {
  readonly home: string
  /** Standard output and error of all commands. */
  log = ''
  readonly env: Record<string, string> = { ATTESTRY_PASSWORD: 'correct horse battery' }
  private readonly stop = new AbortController()
  private readonly services: Promise<number>[] = []

  constructor(folder: string, name: string) {
    this.home = join(folder, name)
  }

  /** Runs a command with `--home` and `--json`. */
  run(...argv: string[]): Promise<Said> {
    return this.raw(...argv, '--home', this.home, '--json')
  }

  /** Runs a command that must succeed. */
  async ok(...argv: string[]): Promise<Said['json']> {
    const said = await this.run(...argv)
    if (said.code !== 0) throw new Error(`attestry ${argv.join(' ')}: exit ${said.code}\n${said.stdout}${said.stderr}`)
    return said.json
  }

  /** Exactly these arguments. */
  async raw(...argv: string[]): Promise<Said> {
    let [stdout, stderr] = ['', '']
    const code = await runCli(argv, {
      stdout: (text) => void (stdout += text),
      stderr: (text) => void (stderr += text),
      interactive: false,
      env: this.env,
      cwd: tmpdir(),
      stop: this.stop.signal,
    })
    this.log += stdout + stderr
    const json = stdout.startsWith('{') || stdout.startsWith('[') ? (JSON.parse(stdout.split('\n')[0] ?? '{}') as Said['json']) : {}
    return { code, stdout, stderr, json, refused: (json.refused as { code?: string } | undefined)?.code }
  }

  /** Starts a service. @returns its address */
  serve(name: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const ended = runCli(['serve', name, '--home', this.home, '--json'], {
        stdout: (text) => {
          this.log += text
          resolve(String((JSON.parse(text) as { listening: string }).listening))
        },
        stderr: (text) => void (this.log += text),
        interactive: false,
        env: this.env,
        cwd: tmpdir(),
        stop: this.stop.signal,
      })
      this.services.push(ended)
      void ended.then((code) => reject(new Error(`serve ${name} ended with ${code}: ${this.log}`)))
    })
  }

  async leave(): Promise<void> {
    this.stop.abort()
    await Promise.all(this.services)
  }
}

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'attestry-cli-'))
}
