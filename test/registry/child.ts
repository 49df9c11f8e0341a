/**
 * A registry in a process of its own, for tests that kill it or set two on one store. Reads a job (a JSON file), says `ready`, waits for a
 * line on standard input, submits, and writes each outcome as one line at once.
 */

import { readFileSync, writeSync } from 'node:fs'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import Database from 'libsql'
import type { Checks } from '../../src/registry/checks.ts'
import { Registry } from '../../src/registry/registry.ts'
import { SqliteStore } from '../../src/registry/sqlite-store.ts'
import type { OrganisationKey } from '../../src/signature/organisation-key.ts'

export interface Job {
  readonly directory: string
  readonly logKey: OrganisationKey
  readonly now: number
  readonly commands: readonly unknown[]
  /** Kills this process before its n-th write of the last command; left out: never. */
  readonly killAt?: number
}

const job = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Job
// Both processes are asked about proofs of the parent, which the parent's own registry checks for real.
const checks: Checks = { proof: async () => true, proofs: async (claims) => claims.map(() => true), key: async () => undefined }
const registry = await Registry.open({ store: new SqliteStore(job.directory), logKey: job.logKey, checks, clock: () => job.now })
say('ready')
await new Promise((resolve) => process.stdin.once('data', resolve))
for (const [i, command] of job.commands.entries()) {
  if (job.killAt !== undefined && i === job.commands.length - 1) killBefore(job.killAt)
  const outcome = await registry.submit(command).then(
    (receipt) => ({ receipt }),
    (error: { code: string }) => ({ code: error.code }),
  )
  say(JSON.stringify(outcome))
}
say('done')
process.exit(0)

function say(line: string): void {
  writeSync(1, `${line}\n`)
}

/** Every call that writes to the database or to a file counts. */
function killBefore(n: number): void {
  let writes = 0
  const count = (): void => {
    if (++writes === n) process.kill(process.pid, 'SIGKILL')
  }
  const counted = <T extends object>(object: T, name: keyof T): void => {
    const original = object[name] as unknown as (...values: unknown[]) => unknown
    object[name] = function (this: unknown, ...values: unknown[]) {
      count()
      return original.apply(this, values)
    } as never
  }
  const probe = new Database(':memory:')
  counted(Database.prototype as Database.Database, 'exec')
  counted(Object.getPrototypeOf(probe.prepare('SELECT 1')) as Database.Statement, 'run')
  for (const name of ['openSync', 'writeSync', 'fsyncSync', 'renameSync'] as const) counted(fs, name)
  syncBuiltinESMExports()
}
