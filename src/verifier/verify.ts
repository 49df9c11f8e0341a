/**
 * The verifier's library (SPEC §9.6): is this the answer to our question? No network is needed; trust is a view of the registry,
 * and for acceptance a receipt.
 */

import { refuse } from '../errors/errors.ts'
import type { Field } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import type { Digest } from '../hash/digest.ts'
import { openAnswer } from '../shape/opening.ts'
import type { CheckedStatement } from '../shape/pin.ts'
import { derivePublicInputs, type Facts } from '../shape/public-inputs.ts'
import { parseAnswer, type Submission } from '../shape/submission.ts'
import { hiddenAmong } from '../statement/anonymity.ts'
import { encodeRequest } from '../statement/parameters.ts'
import { parseRequest, type RequestBody, requestDigest, requireRequestSignature } from '../statement/request.ts'
import { keysOf, supersededAt, type View, type ViewShape, type ViewStatement } from '../view/view.ts'
import { openCheckpoint } from './checkpoint.ts'
import { established, type Established, requireRecords } from './established.ts'
import { engineVerifier, parseProof, parseVerificationKey, type VerificationKey } from './groth16.ts'
import { parseReceipt, verifyReceipt } from './receipt.ts'

export interface AnswerToVerify {
  /** JSON from the holder. */
  readonly answer: unknown
  /** Our own request, as it was signed and sent. */
  readonly request: unknown
  readonly view: View
  /** Seconds. */
  readonly now: number
  /** JSON from the registry, or from the holder. */
  readonly receipt?: unknown
}

/**
 * Decides whether an answer is one to our request, and opens it.
 *
 * The parameters are those of the request, never of the answer: a proof for others is refused. Without a receipt the proof must be
 * fresh now; with one the registry has checked that, at the entry's time.
 *
 * @returns what has been established; `accepted` only with a receipt for this very submission
 * @throws Refusal with the first check that failed, in the order below
 */
export async function verifyAnswer({ answer: answerJson, request: requestJson, view, now, receipt: receiptJson }: AnswerToVerify): Promise<Established> {
  const request = parseRequest(requestJson)
  const answer = parseAnswer(answerJson)
  const { submission } = answer
  requireOrigin(request.body.origin, view)
  requireCheckpoint(view)
  requireRequestSignature(request, (organisation) => keysOf(view, organisation))
  requireSameQuestion(submission, request.body)
  const accepted = receiptJson === undefined ? undefined : verifyReceipt(parseReceipt(receiptJson), view.origin, view.logKey)
  if (accepted) requireRecords(accepted, submission)
  const known = knownIn(view, submission)
  if ((accepted?.entry.at ?? now) >= request.body.expires) refuse('REQUEST_EXPIRED', `the request expired at ${request.body.expires}`)
  if (!accepted) {
    requireActive(known)
    requireTime(submission, view, request.body.issuedAt, now)
    requireFreshRoots(known, submission, view, now)
  }
  await requireProof(known, submission, known.shape.verificationKey)
  const opened = openAnswer(known.statement, answer, request.body)
  return established({
    checked: known,
    submission,
    request: request.body,
    opened,
    hiddenAmong: issuersOf(known, view, { request: request.body, values: opened.values }),
    seen: [`a view of the registry at ${view.size} entries`],
    notSeen: [],
    ...(accepted && { accepted }),
  })
}

/**
 * Checks a submission as the registry would at that time, but for its nullifiers: what a follower, a regulator or the holder
 * itself can say without the request.
 * @param at seconds
 */
export async function verifySubmission(submission: Submission, view: View, at: number): Promise<Established> {
  requireOrigin(submission.origin, view)
  requireCheckpoint(view)
  if (at >= submission.expires) refuse('REQUEST_EXPIRED', 'the request has expired')
  const known = knownIn(view, submission)
  requireActive(known)
  requireTime(submission, view, at, at)
  requireFreshRoots(known, submission, view, at)
  await requireProof(known, submission, known.shape.verificationKey)
  return established({ checked: known, submission, hiddenAmong: issuersOf(known, view), seen: [`a view of the registry at ${view.size} entries`], notSeen: [] })
}

export interface Known extends CheckedStatement {
  readonly facts: Facts
}

/**
 * Checks a submission's proof for the public inputs that statement and registered facts derive.
 * @throws Refusal INPUTS_DIFFER, KEY_INVALID, MALFORMED, PROOF_INVALID
 */
export async function requireProof(known: Known, submission: Submission, verificationKey: Json): Promise<void> {
  const publicInputs = derivePublicInputs(known, submission, known.facts)
  if (new Set(submission.nullifiers).size !== submission.nullifiers.length) refuse('NULLIFIER_SPENT', 'one document is used twice in one proof')
  const valid = await engineVerifier.verify(preparedKey(verificationKey, submission.verificationKey), publicInputs, parseProof(submission.proof))
  if (!valid) refuse('PROOF_INVALID', 'the proof does not hold for its public inputs')
}

/** The submission must repeat the request, part by part: its context binds them. @throws Refusal WRONG_ORIGIN, INPUTS_DIFFER */
export function requireSameQuestion(submission: Submission, request: RequestBody): void {
  if (submission.origin !== request.origin) refuse('WRONG_ORIGIN', 'the proof was made for another registry')
  const pairs = [
    ['/statement', request.statement, submission.statement],
    ['/request', requestDigest(request), submission.request],
    ['/expires', request.expires, submission.expires],
    ['/releaseKey', request.releaseKey, submission.releaseKey],
  ] as const
  for (const [path, expected, got] of pairs) if (expected !== got) refuse('INPUTS_DIFFER', 'the proof answers another request', [{ path, expected: String(expected), got: String(got) }])
}

interface KnownInView extends Known, Pick<ViewStatement, 'status'> {
  readonly shape: ViewShape
}

function knownIn(view: View, submission: Submission): KnownInView {
  const known = view.statements.get(submission.statement) ?? refuse('UNKNOWN_STATEMENT', 'the statement is not registered here')
  const shapes = view.shapes.get(known.pinned.shape) ?? []
  const shape = shapes.find(({ key }) => key === submission.verificationKey) ?? refuse('UNKNOWN_KEY', `the verification key is not one of ${known.pinned.shape} here`)
  return { ...known, shape, facts: { scopes: scopesOf(known, view), escrowKey: escrowKeyOf(known, view) } }
}

function scopesOf({ statement }: CheckedStatement, view: View): Record<string, Field> {
  const element = (name: string): Field => (view.scopes.get(name) ?? refuse('UNKNOWN_SCOPE', `the scope ${name} is not registered`)).element
  return Object.fromEntries(Object.entries(statement.once).map(([document, scope]) => [document, element(scope)]))
}

function escrowKeyOf({ statement: { escrow } }: CheckedStatement, view: View): [Field, Field] | null {
  if (!escrow) return null
  const { escrowKey } = view.regulators.get(escrow.regulator) ?? refuse('UNKNOWN_REGULATOR', `the regulator ${escrow.regulator} is not registered`)
  return [escrowKey.x, escrowKey.y]
}

function requireOrigin(origin: string, view: View): void {
  if (origin !== view.origin) refuse('WRONG_ORIGIN', `made for the registry ${origin}, not for ${view.origin}`)
}

/** A view speaks of one state of the log, which its registry then cannot deny. @throws Refusal MALFORMED, BAD_SIGNATURE, WRONG_ORIGIN, INPUTS_DIFFER */
function requireCheckpoint({ checkpoint, origin, logKey, size }: View): void {
  const head = openCheckpoint(checkpoint, origin, logKey)
  if (head.size !== size) refuse('INPUTS_DIFFER', 'the view and its checkpoint are of different sizes', [{ path: '/body/checkpoint', expected: String(size), got: String(head.size) }])
}

function requireActive({ status, shape }: KnownInView): void {
  if (status === 'retired') refuse('RETIRED', 'the statement is retired')
  if (shape.status === 'retired') refuse('RETIRED', 'the verification key is retired')
}

/** The proof's clock: from when the question was asked until now, with the registry's tolerance. */
function requireTime({ now: provedAt }: Submission, { nowTolerance }: View, from: number, until: number): void {
  if (provedAt < from - nowTolerance || provedAt > until + nowTolerance) refuse('NOW_OUT_OF_RANGE', `the proof’s time is more than ${nowTolerance} s off`)
}

function requireFreshRoots({ statement }: CheckedStatement, submission: Submission, view: View, at: number): void {
  requireFresh('directory', supersededAt(view.directory, submission.directoryRoot), statement.fresh, at)
  const source = statement.set?.source
  if (source?.from !== 'published') return
  const set = view.sets.get(source.name) ?? refuse('UNKNOWN_SET', `the set ${source.name} is not published`)
  requireFresh('set', supersededAt(set, submission.setRoot), statement.fresh, at)
}

function requireFresh(what: string, replaced: number | null | undefined, fresh: number, at: number): void {
  if (replaced === undefined) refuse('UNKNOWN_ROOT', `this registry’s ${what} has no such root`)
  else if (replaced !== null && at - replaced >= fresh) refuse('ROOT_SUPERSEDED', `the ${what} root was replaced ${at - replaced} s ago; the statement allows less than ${fresh} s`)
}

/** How many organisations may have issued each document, for who knows no more than this. */
function issuersOf({ statement }: CheckedStatement, view: View, asked?: { readonly request: RequestBody; readonly values: Readonly<Record<string, Json>> }): Record<string, number> {
  const encoded = asked && encodeRequest(statement, asked.request)
  const leaves = view.directory.tree.entries().map(({ leaf }) => leaf)
  const source = statement.set?.source
  const published = source?.from === 'published' ? view.sets.get(source.name)?.set.elements : undefined
  const setMembers = source?.from === 'field' ? undefined : (encoded?.set?.elements ?? published)
  const parameter = (name: string) => encoded?.elements[statement.parameters.findIndex((one) => one.name === name)]
  const count = (document: string) => {
    const shown = asked?.values[`${document}.class`]
    return hiddenAmong(statement, document, { leaves, own: typeof shown === 'string' ? { class: shown } : {}, parameter, setMembers: setMembers && new Set(setMembers) })
  }
  return Object.fromEntries(statement.documents.map((document) => [document, count(document)]))
}

// Reading and preparing a key takes longer than a verification.
const MAX_KEYS = 16
const keys = new Map<Digest, VerificationKey>()

function preparedKey(json: Json, id: Digest): VerificationKey {
  const ready = keys.get(id)
  if (ready) return ready
  const key = parseVerificationKey(json)
  if (key.id !== id) return refuse('UNKNOWN_KEY', 'the verification key is not the one that the submission names')
  const [oldest] = keys.size < MAX_KEYS ? [] : keys.keys()
  if (oldest) keys.delete(oldest)
  keys.set(id, key)
  return key
}
