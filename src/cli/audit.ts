/** `attestry registry audit`: go over a registry's whole log, decide every entry again, and remember how far. */

import { existsSync, readFileSync } from 'node:fs'
import { RegistryClient } from '../client/registry-client.ts'
import { secondsOfTimestamp } from '../document/civil-time.ts'
import { refuse } from '../errors/errors.ts'
import type { Json } from '../hash/canonical.ts'
import { accelerateWithWasm } from '../hash/poseidon-wasm.ts'
import { auditLog, type AuditReport } from '../registry/audit.ts'
import { realChecks } from '../registry/checks.ts'
import { circuitDigests } from '../setup/compile.ts'
import { type Options, type Outcome, type Session, Usage } from './command.ts'
import { writePrivate } from './home.ts'
import { registryOf } from './link.ts'

/** @throws Refusal as `auditLog`: CORRUPT when the log does not hold */
export async function audit(session: Session, [url]: readonly string[], options: Options): Promise<Outcome> {
  const home = session.home()
  const client = url === undefined ? registryOf(home).client : new RegistryClient(url)
  const { origin, logKey } = home.config
  if (!origin || !logKey) return refuse('NOT_FOUND', `${home.path} belongs to no registry, and trusts no log key: \`attestry registry join URL\``)
  const bodiesSince = secondsOf(options.bodiesSince)
  const kept = home.data('audited.note')
  await accelerateWithWasm()
  const report = await auditLog(client, {
    origin,
    logKey,
    checks: realChecks(await circuitDigests()),
    ...(bodiesSince !== undefined && { bodiesSince }),
    ...(existsSync(kept) && { audited: readFileSync(kept, 'utf8') }),
    progress: (done, size) => session.progress.update('entries of the log', done / size),
    signal: session.terminal.stop,
  })
  writePrivate(kept, report.checkpoint)
  return { json: { ...report, kept } as unknown as Json, lines: linesOf(report, kept) }
}

function linesOf({ origin, size, root, from, to, entries, proofs, pruned, view, audited }: AuditReport, kept: string): string[] {
  return [
    `the log of ${origin} holds: ${count(size, 'entry', 'entries')}, every one decided again`,
    `  recorded from ${time(from)} to ${time(to)}, root ${root}`,
    ...Object.entries(entries).map(([type, number]) => `  ${String(number).padStart(7)} ${type}`),
    `  ${count(proofs.verified, 'proof', 'proofs')} verified, in ${count(proofs.batches, 'batch', 'batches')}`,
    pruned === 0 ? '  every body was there' : `  ${count(pruned, 'body', 'bodies')} pruned, ${proofs.pruned} of them with proofs: taken on the registry’s word`,
    `  the signed view of ${count(view, 'entry', 'entries')} is what they lead to`,
    audited === null ? '  the first audit from this home' : `  grown from the ${count(audited, 'entry', 'entries')} of the last audit`,
    `  checkpoint ${kept}`,
  ]
}

function count(number: number, one: string, more: string): string {
  return `${number} ${number === 1 ? one : more}`
}

function time(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}

function secondsOf(text: Options[string]): number | undefined {
  if (text === undefined) return undefined
  const seconds = secondsOfTimestamp(/^[0-9-]{10}$/.test(String(text)) ? `${String(text)}T00:00:00Z` : text)
  if (seconds === undefined) throw new Usage('--bodies-since is a date (2026-03-01) or a time (2026-03-01T12:00:00Z)')
  return Number(seconds)
}
