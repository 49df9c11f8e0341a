/**
 * What a check has established, and what it has not: never a bare boolean. Everything here follows from what was checked; a
 * member that is absent was not shown.
 */

import type { Field } from '../field/field.ts'
import { printField, ZERO } from '../field/field.ts'
import { canonicalJson, type Json } from '../hash/canonical.ts'
import type { Digest } from '../hash/digest.ts'
import { refuse } from '../errors/errors.ts'
import { contextOf } from '../shape/context.ts'
import type { Opened } from '../shape/opening.ts'
import type { CheckedStatement } from '../shape/pin.ts'
import type { Submission } from '../shape/submission.ts'
import type { RequestBody } from '../statement/request.ts'
import { explainStatement } from '../statement/sentences.ts'
import type { VerifiedEntry } from './receipt.ts'

export interface Established {
  readonly origin: string
  readonly statement: { readonly hash: Digest; readonly name: string; readonly version: number }
  /** The statement's own caption. What it says is only as good as `proved`. */
  readonly says: string
  /** Sentences made from the statement's rules, all of which hold for documents that the holder has. */
  readonly proved: readonly string[]
  /** The proof's clock, seconds: documents were issued, not expired and not revoked then. */
  readonly provedAt: number
  /** The entry by which the registry accepted it; for a statement with `once` nothing is spent before that. */
  readonly accepted?: { readonly index: number; readonly at: number; readonly size: number }
  /** Who asked, and with which parameters: only with the signed request. */
  readonly askedBy?: string
  readonly parameters?: { readonly [name: string]: Json }
  /** Revealed values by their spelling in the statement: only with the opening. */
  readonly disclosed?: Readonly<Record<string, Json>>
  /** Decimal; the same holder towards the same verifier has the same one. */
  readonly pseudonym?: string
  /** By document: accredited issuers among which the true one is hidden. */
  readonly hiddenAmong?: Readonly<Record<string, number>>
  readonly nullifiers: readonly string[]
  readonly linkTags: readonly string[]
  readonly seen: readonly string[]
  readonly notSeen: readonly string[]
}

export interface Evidence {
  readonly checked: CheckedStatement
  readonly submission: Submission
  readonly accepted?: VerifiedEntry
  readonly request?: RequestBody
  readonly opened?: Opened
  readonly hiddenAmong?: Readonly<Record<string, number>>
  /** What else was, or was not, looked at. */
  readonly seen: readonly string[]
  readonly notSeen: readonly string[]
}

/** Puts into words what a successful check rests on. */
export function established({ checked, submission, accepted, request, opened, hiddenAmong, seen, notSeen }: Evidence): Established {
  const { statement, hash } = checked
  const sentences = explainStatement(statement, request ? { parameters: request.parameters } : {})
  const scopes = Object.entries(statement.once)
  const missing = [
    ...(accepted ? [] : scopes.map(([document, scope]) => `a receipt: whether the ${document} has been spent in the scope ${scope} is not known`)),
    ...(accepted || scopes.length > 0 ? [] : ['a receipt: the registry has not recorded this proof, as far as is known']),
    ...(request ? [] : ['the signed request: who asked, and with which parameters, is not known; the proof is for the committed ones']),
    ...(opened || statement.reveals.length === 0 ? [] : ['the opening of the disclosure: the revealed values are not known']),
    ...(statement.escrow ? [`what the escrow to ${statement.escrow.regulator} opens to; the circuit made it from the same documents`] : []),
  ]
  return {
    origin: submission.origin,
    statement: { hash, name: statement.definition.statement, version: statement.definition.version },
    says: sentences.caption,
    proved: sentences.proved,
    provedAt: submission.now,
    ...(accepted && { accepted: { index: accepted.entry.index, at: accepted.entry.at, size: accepted.checkpoint.size } }),
    ...(request && { askedBy: request.verifier, parameters: request.parameters }),
    ...(opened && { disclosed: opened.values }),
    ...(opened && opened.pseudonym !== ZERO && { pseudonym: printField(opened.pseudonym) }),
    ...(hiddenAmong && { hiddenAmong }),
    nullifiers: submission.nullifiers.map(printField),
    linkTags: submission.linkTags.map(printField),
    seen: ['the proof, valid for the statement’s own public inputs', ...(accepted ? ['the receipt of the registry'] : []), ...(request ? ['the signed request'] : []), ...(opened ? ['the opening of parameters and disclosure'] : []), ...seen],
    notSeen: [...missing, ...notSeen],
  }
}

/**
 * Checks that an entry of the log records this very submission.
 * @throws Refusal INPUTS_DIFFER
 */
export function requireRecords({ entry }: VerifiedEntry, submission: Submission): void {
  const expected = submissionFacts(submission)
  if (entry.type !== 'proof.submit' || canonicalJson(entry.facts) !== canonicalJson(expected)) refuse('INPUTS_DIFFER', 'the receipt is for another submission')
}

/** The facts of a `proof.submit` entry (SPEC §7.2). */
function submissionFacts(submission: Submission): { readonly [name: string]: Json } {
  const { statement, shape, verificationKey, request, now, expires } = submission
  const elements: Record<string, Field> = {
    context: contextOf(submission),
    parameterCommitment: submission.parameterCommitment,
    directoryRoot: submission.directoryRoot,
    setRoot: submission.setRoot,
    disclosure: submission.disclosure,
  }
  const lists = { nullifiers: submission.nullifiers, linkTags: submission.linkTags, escrow: submission.escrow }
  const printed = Object.fromEntries(Object.entries(elements).map(([name, element]) => [name, printField(element)]))
  const printedLists = Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, list.map(printField)]))
  return { statement, shape, verificationKey, request, now, expires, ...printed, ...printedLists }
}
