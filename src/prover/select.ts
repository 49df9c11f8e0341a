/**
 * What a wallet can answer to a request: which of its credentials would do, what would be shown to whom, and, where none does,
 * exactly why.
 *
 * All of it is for the holder's sake. The registry and the verifier check for themselves and trust nothing of this.
 */

import type { CheckedCredential } from '../credential/credential.ts'
import type { Directory } from '../credential/directory.ts'
import type { Schema } from '../document/schema.ts'
import { bug, Refusal, type RefusalCode, refuse } from '../errors/errors.ts'
import { type Field, ZERO } from '../field/field.ts'
import type { PlacedCredential } from '../shape/private-inputs.ts'
import type { Statement } from '../statement/compiler.ts'
import { hiddenAmong } from '../statement/anonymity.ts'
import { evaluateRules } from '../statement/evaluate.ts'
import { type Explanation, explainStatement, issuerIsKnown } from '../statement/sentences.ts'
import { type Asked, readRequest, type Situation } from './asked.ts'
import { elementOf, type Material } from './proof.ts'
import type { StoredCredential, Wallet } from './wallet.ts'

/** Credentials that together satisfy the statement. */
export interface Candidate {
  /** The wallet's ids by the documents' names. */
  readonly credentials: Readonly<Record<string, string>>
  /** In the order of the statement's documents. */
  readonly placed: readonly PlacedCredential[]
  /** How many issuers each document's is hidden among. */
  readonly hiddenAmong: Readonly<Record<string, number>>
}

/** Why credentials do not do. `reason` names rules and roles, never a value. */
export interface Failure {
  readonly credentials: Readonly<Record<string, string>>
  readonly code: RefusalCode
  readonly reason: string
}

export interface Preparation {
  readonly asked: Asked
  readonly situation: Situation
  /** What the statement says, in sentences, with the verifier's parameters filled in. */
  readonly explanation: Explanation
  /** What the registry and everybody who reads it learn. */
  readonly registryLearns: readonly string[]
  /** Best hidden first. */
  readonly candidates: readonly Candidate[]
  readonly failures: readonly Failure[]
}

/** Combinations that are tried, and answers that are listed. */
const LIMITS = { combinations: 10_000, candidates: 50, failures: 100 }

/**
 * Checks a request and looks for an answer to it.
 * @param json the signed request as it came
 * @throws Refusal as `readRequest` does; that no credential does is no refusal, but among the failures
 */
export function prepare(json: unknown, wallet: Wallet, situation: Situation): Preparation {
  const asked = readRequest(json, situation)
  const { statement } = asked.checked
  const directory = situation.view.directory.tree
  const failures: Failure[] = []
  const usable = statement.documents.map((document) => usableFor(document, asked, wallet, situation, directory, failures))
  const candidates: Candidate[] = []
  for (const combination of combinations(usable)) {
    if (candidates.length >= LIMITS.candidates || failures.length >= LIMITS.failures) break
    const result = tryCombination(combination, asked, situation, directory)
    if ('code' in result) failures.push(result)
    else candidates.push(result)
  }
  const least = ({ hiddenAmong: counts }: Candidate): number => Math.min(...Object.values(counts))
  candidates.sort((a, b) => least(b) - least(a))
  const issuers = candidates[0]?.hiddenAmong
  return {
    asked,
    situation,
    explanation: explainStatement(statement, { parameters: asked.request.parameters, ...(issuers && { issuers }) }),
    registryLearns: whatTheRegistryLearns(statement),
    candidates,
    failures,
  }
}

/**
 * The candidate to prove with: the one with these credentials, or the best hidden one.
 * @throws Refusal when there is none, with the code of what came closest: RULE_FALSE, ANONYMITY_TOO_SMALL, REVOKED, EXPIRED,
 *   NOT_YET_VALID, NOT_ACCREDITED, NO_CREDENTIAL; every failure is among its problems
 */
export function requireCandidate({ candidates, failures }: Preparation, credentials?: Readonly<Record<string, string>>): Candidate {
  const wanted = (chosen: Readonly<Record<string, string>>): boolean => !credentials || Object.entries(credentials).every(([document, id]) => chosen[document] === id)
  const candidate = candidates.find((one) => wanted(one.credentials))
  if (candidate) return candidate
  const relevant = failures.filter((failure) => wanted({ ...credentials, ...failure.credentials }))
  const [closest] = [...relevant].sort((a, b) => CLOSENESS.indexOf(a.code) - CLOSENESS.indexOf(b.code))
  if (!closest) return refuse('NO_CREDENTIAL', 'the wallet has no such combination of credentials')
  const problems = relevant.map(({ credentials: ids, code, reason }) => ({ path: Object.entries(ids).map(([document, id]) => `${document}=${id}`).join(' ') || '/', expected: reason, got: code }))
  return refuse(closest.code, closest.reason, problems)
}

const CLOSENESS: readonly RefusalCode[] = ['RULE_FALSE', 'ANONYMITY_TOO_SMALL', 'REVOKED', 'EXPIRED', 'NOT_YET_VALID', 'NOT_ACCREDITED', 'UNKNOWN_LIST', 'NO_CREDENTIAL']

/** What a proof with this candidate is made of. */
export function materialFor({ asked, situation }: Preparation, candidate: Candidate, wallet: Wallet): Material {
  const material: Material = {
    asked: asked.checked,
    request: asked.request,
    parameters: asked.parameters,
    verificationKey: asked.verificationKey,
    credentials: candidate.placed,
    holderSecret: wallet.holderSecret,
    facts: asked.facts,
    directoryRoot: situation.view.directory.root,
    setRoot: asked.checked.statement.set?.source.from === 'published' ? (asked.set?.tree.root ?? ZERO) : ZERO,
    now: situation.now,
  }
  const { set } = asked.checked.statement
  const setPath = set && asked.set?.tree.path(elementOf(set.member, material))
  return setPath ? { ...material, setPath } : material
}

function usableFor(document: string, asked: Asked, wallet: Wallet, situation: Situation, directory: Directory, failures: Failure[]): Usable[] {
  const schema = asked.checked.statement.schemas[document] ?? bug(`no schema for ${document}`)
  const fitting = wallet.credentials.filter(({ checked }) => checked.schema.name === schema.name)
  if (fitting.length === 0) failures.push({ credentials: {}, code: 'NO_CREDENTIAL', reason: `no credential of the kind ${schema.name} for the ${document}` })
  return fitting.flatMap((stored) => {
    try {
      return [{ document, stored, placed: place(stored.checked, schema, situation, directory) }]
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      failures.push({ credentials: { [document]: stored.id }, code: error.code, reason: error.message })
      return []
    }
  })
}

interface Usable {
  readonly document: string
  readonly stored: StoredCredential
  readonly placed: PlacedCredential
}

/**
 * Where a credential stands now.
 * @throws Refusal NO_CREDENTIAL (another version of the schema), EXPIRED, NOT_YET_VALID, NOT_ACCREDITED, REVOKED, UNKNOWN_LIST
 *   (the lists are not of the directory's moment: fetch both again)
 */
export function place(credential: CheckedCredential, schema: Schema, { statusList, now }: Situation, directory: Directory): PlacedCredential {
  if (credential.schemaId !== schema.id) return refuse('NO_CREDENTIAL', `the credential is of another version of ${schema.name} than the statement; its issuer can issue it again`)
  if (now >= credential.expiresAt) return refuse('EXPIRED', 'the credential has expired')
  if (now < credential.issuedAt) return refuse('NOT_YET_VALID', 'the credential is not yet valid')
  const entry = directory.find(credential)
  if (!entry || entry.leaf.organisation !== credential.issuerOrg) return refuse('NOT_ACCREDITED', "the credential's issuer is not accredited for it with this issuing key")
  const list = statusList(credential.listId)
  if (!list || list.root !== entry.leaf.statusRoot) return refuse('UNKNOWN_LIST', "the issuer's status list does not fit the directory")
  if (list.isRevoked(credential.statusIndex)) return refuse('REVOKED', 'the issuer has revoked the credential')
  return { credential, issuerClass: entry.leaf.class, status: list.path(credential.statusIndex), directory: directory.path(entry.position) }
}

function tryCombination(combination: readonly Usable[], asked: Asked, situation: Situation, directory: Directory): Candidate | Failure {
  const { statement } = asked.checked
  const credentials = Object.fromEntries(combination.map(({ document, stored }) => [document, stored.id]))
  const fail = (code: RefusalCode, reason: string): Failure => ({ credentials, code, reason })
  const [first, second] = combination
  if (second && first?.placed.credential.serial === second.placed.credential.serial) return fail('RULE_FALSE', 'both documents are the same record')
  if (statement.set?.source.from === 'field') {
    const { document, slot } = statement.set.source.operand.source as { document: string; slot: number }
    const root = combination.find((one) => one.document === document)?.placed.credential.fields[slot]
    if (!asked.set) return fail('RULE_FALSE', `the members of ${statement.set.source.operand.text} are needed`)
    if (asked.set.tree.root !== root) return fail('RULE_FALSE', `the given members are not those of ${statement.set.source.operand.text}`)
  }
  const { holds, failures } = evaluateRules(statement, {
    documents: Object.fromEntries(combination.map(({ document, placed }) => [document, valuesOf(placed)])),
    parameters: asked.request.parameters,
    now: situation.now,
    ...(asked.set && { members: asked.set.members }),
  })
  const { proved } = explainStatement(statement)
  const sentenceOf = (number: number): string => proved[statement.rules.findIndex((rule) => rule.number === number)] ?? `rule ${number}`
  if (!holds) return fail('RULE_FALSE', `not so: ${failures.map(({ rule, text }) => `${sentenceOf(rule)} (${text})`).join(' ')}`)

  const hidden = Object.fromEntries(combination.map(({ document, placed }) => [document, hiddenCount(document, placed, asked, directory)]))
  const exposed = statement.documents.find((document) => !issuerIsKnown(statement, document) && (hidden[document] ?? 0) < statement.minimumIssuers)
  if (exposed !== undefined) return fail('ANONYMITY_TOO_SMALL', `the ${exposed}'s issuer would be hidden among ${hidden[exposed]}, the statement wants at least ${statement.minimumIssuers}`)
  return { credentials, placed: combination.map(({ placed }) => placed), hiddenAmong: hidden }
}

function valuesOf({ credential, issuerClass }: PlacedCredential) {
  const { document, issuerOrg, issuedAt, expiresAt } = credential
  return { fields: document.json, issuer: issuerOrg, class: issuerClass, issuedAt, expiresAt }
}

function hiddenCount(document: string, { credential }: PlacedCredential, { checked: { statement }, parameters, set }: Asked, directory: Directory): number {
  const own = directory.find(credential)?.leaf ?? bug('a placed credential without a leaf')
  const known = statement.set?.source.from === 'field' ? undefined : set && new Set(set.tree.elements)
  const parameter = (name: string): Field => parameters.elements[statement.parameters.findIndex((one) => one.name === name)] ?? bug(`no parameter ${name}`)
  return hiddenAmong(statement, document, { leaves: directory.entries().map(({ leaf }) => leaf), own, parameter, setMembers: known })
}

function* combinations(choices: readonly (readonly Usable[])[]): Generator<readonly Usable[]> {
  const [first = [], second] = choices
  let tried = 0
  for (const a of first) {
    for (const b of second ?? [undefined]) {
      if (++tried > LIMITS.combinations) return
      yield b ? [a, b] : [a]
    }
  }
}

function whatTheRegistryLearns({ documents, once, escrow, set }: Statement): string[] {
  const spent = documents.filter((document) => Object.hasOwn(once, document))
  return [
    'That somebody proved this statement to some verifier, and when.',
    ...spent.map((document) => `That this ${document} is now used in the scope "${once[document]}": a second use is refused.`),
    ...(escrow ? [`A ciphertext that only the regulator "${escrow.regulator}" can open.`] : []),
    ...(set?.source.from === 'published' ? [`Which version of the set "${set.source.name}" was used.`] : []),
    'Not who asked or answered, not the parameters, not what is revealed to the verifier, not who issued the documents.',
  ]
}
