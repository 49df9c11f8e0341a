/** The table at the end: what each party saw, and what it did not. */

import { relative } from 'node:path'
import { PACKAGE, type World } from './world.ts'

const ROWS: readonly (readonly [string, string, string])[] = [
  ['party', 'saw', 'did not see'],
  ['Hospital K911', 'its own invoice; in the log that one of its invoices was claimed', 'who claimed it where, the policy'],
  ['Insurer One', 'an accredited hospital’s invoice of its insured, within limit and period', 'which hospital, the amount, the treatment'],
  ['Insurer Two', 'a refusal', 'where the invoice had been claimed'],
  ['Bank A', 'its own KYC record', 'whom its customer showed it to, and when'],
  ['Bank B', 'the pre-check, a pseudonym; at onboarding name and number', 'the KYC record: level, risk class, dates'],
  ['Financial supervisor', 'the escrowed registration number, opened with its own key', 'the name, the banks’ records'],
  ['Johnssons byggvaror', 'its own order; in the log that it was financed', 'the limit, the financing bank'],
  ['Financing bank', 'one company in order and line, the amount within the limit', 'amount, limit, buyer'],
  ['Customs', 'exporter, currency and total of the two agree', 'the invoice, its total, its customer'],
  ['Registry', 'statements, times, nullifiers, commitments, directory roots', 'parameters, values, pseudonyms, verifiers, holders, issuers'],
]

export function whoSawWhat(world: World): void {
  world.stage.table('What each party saw, and what it did not', ROWS)
  const hidden = world.proofs.map(({ story, holder, verifier, index, hiddenAmong }) => [
    story,
    `${holder.name} → ${verifier.name}`,
    Object.entries(hiddenAmong).map(([document, count]) => `${document}: ${count}`).join(', '),
    `entry ${index}`,
  ])
  world.stage.table('How many issuers each holder’s was hidden among (1: the statement or the request names it, or it is the only one)', [['story', 'from → to', 'hidden among', 'recorded'], ...hidden])
  world.stage.table('Receipts', [['story', 'file'], ...world.proofs.map(({ story, receipt }) => [story, relative(PACKAGE, receipt)])])
}
