/**
 * What a command can see of the world around it, so that commands also run inside a test or another process.
 */

import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

export interface Terminal {
  /** Results. */
  readonly stdout: (text: string) => void
  /** Notes, progress and errors. */
  readonly stderr: (text: string) => void
  /** Whether a person sits there: only then is anything asked or drawn. */
  readonly interactive: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  /** The folder to which paths are relative. */
  readonly cwd: string
  /** Aborted when the command shall end: services close. */
  readonly stop: AbortSignal
}

/** The process's own terminal; SIGINT and SIGTERM stop the command. */
export function processTerminal(): Terminal {
  const stop = new AbortController()
  let stoppedAt = 0
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // A person who presses Ctrl-C again means it. One press can come twice at once, from the terminal and from npm.
      if (stop.signal.aborted && Date.now() - stoppedAt > 1_000) process.exit(130)
      if (!stop.signal.aborted) stoppedAt = Date.now()
      stop.abort()
    })
  }
  return {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    env: process.env,
    cwd: process.cwd(),
    stop: stop.signal,
  }
}

/** Asks for a secret without showing it. Only on an interactive terminal. */
export function askSecret(question: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true })
  process.stderr.write(question)
  return new Promise((resolve) => {
    lines.question('', (answer) => {
      lines.close()
      process.stderr.write('\n')
      resolve(answer)
    })
  })
}

/** Asks for a yes. Only on an interactive terminal; anything but y or yes is a no. */
export function confirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  return new Promise((resolve) => {
    lines.on('close', () => resolve(false))
    lines.question(question, (answer) => {
      resolve(/^y(es)?$/i.test(answer.trim()))
      lines.close()
    })
  })
}
