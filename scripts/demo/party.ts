/**
 * The process of one party of the demo: it runs the commands that the party's people type, one message each, with the
 * party's own home directory, and answers with exit code and output. Services that a command starts stay up until `stop`.
 *
 *     in    { "id": n, "argv": ["serve", "registry", …] }   or   { "stop": true }
 *     out   { "id": n, "line": "<one line of JSON>" }  for each line of output,  { "id": n, "code": 0 }  at the end
 */

import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runCli } from '../../src/cli/main.ts'

/** Commands that only the demo has: dishonest ones. */
const EXTRA = { unchecked: { summary: 'a wallet that checks nothing', load: () => import('./unchecked.ts') } }

export interface Order {
  readonly id: number
  readonly argv: readonly string[]
}

export interface Answer {
  readonly id: number
  readonly line?: string
  readonly code?: number
}

/** What is under way when the play ends may come to its end for so long: a service, not a proof that nobody waits for any more. */
const PATIENCE_MS = 3_000

const home = process.argv[2] ?? '.'
const stop = new AbortController()
const running = new Set<Promise<void>>()

process.on('message', (message: Order | { stop: true }) => {
  if ('stop' in message) void end()
  else track(execute(message))
})
// Ctrl-C reaches every process of the terminal; the stage ends the play in order. Without the stage there is no play.
process.on('SIGINT', () => undefined)
process.on('disconnect', () => void end())

function track(work: Promise<void>): void {
  running.add(work)
  void work.finally(() => running.delete(work))
}

async function execute({ id, argv }: Order): Promise<void> {
  const code = await runCli([...argv, '--home', home, '--json'], {
    stdout: (text) => text.split('\n').filter(Boolean).forEach((line) => answer({ id, line })),
    stderr: log,
    interactive: false,
    env: process.env,
    cwd: home,
    stop: stop.signal,
  }, EXTRA)
  answer({ id, code })
}

async function end(): Promise<void> {
  stop.abort()
  await Promise.race([Promise.allSettled([...running]), sleep(PATIENCE_MS)])
  process.exit(0)
}

function answer(message: Answer): void {
  // The stage may be gone by now; then nobody needs the answer.
  if (process.connected) process.send?.(message, undefined, {}, () => undefined)
}

/** Everything a person of this party would see on the screen, kept: the demo searches it for what must not be there. */
function log(text: string): void {
  appendFileSync(join(home, 'party.log'), text)
}
