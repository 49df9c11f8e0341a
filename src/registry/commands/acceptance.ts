/**
 * The acceptance of a proof (SPEC §7.4), in its order. Everything that can be said before the proof itself is looked at is
 * said by `requireAcceptable`; the registry then has the proof checked, and decides with the result as a fact.
 */

import { refuse } from '../../errors/errors.ts'
import { type Field, printField, ZERO } from '../../field/field.ts'
import { canonicalJson, type Json } from '../../hash/canonical.ts'
import { contextOf } from '../../shape/context.ts'
import { derivePublicInputs } from '../../shape/public-inputs.ts'
import { MAX_SUBMISSION_BYTES, parseSubmission, type Submission } from '../../shape/submission.ts'
import type { Statement } from '../../statement/compiler.ts'
import type { Entry } from '../entry.ts'
import type { Handler } from '../outcome.ts'
import type { RegisteredShape, RegisteredStatement, RootHistory, State } from '../state.ts'

export interface Acceptance {
  readonly submission: Submission
  readonly shape: RegisteredShape
  /** In the circuit's order. */
  readonly publicInputs: readonly Field[]
  /** Names key and public inputs: what a check of the proof was about. */
  readonly checked: string
  readonly facts: Entry['facts']
}

/** Entry facts equal in each of these were made from the same public inputs. */
const PUBLIC_FACTS = ['statement', 'shape', 'verificationKey', 'context', 'request', 'parameterCommitment', 'directoryRoot', 'setRoot', 'now', 'expires', 'nullifiers', 'linkTags', 'disclosure', 'escrow'] as const

/**
 * A submission and the facts of the entry that records it: they follow from it alone, so that one that was recorded is known again when its
 * request has expired and its roots have been replaced.
 * @throws Refusal TOO_LARGE, MALFORMED, WRONG_ORIGIN
 */
export function readSubmission(json: Json, state: State): { readonly submission: Submission; readonly facts: Entry['facts'] } {
  if (canonicalJson(json).length > MAX_SUBMISSION_BYTES) return refuse('TOO_LARGE', `a submission has at most ${MAX_SUBMISSION_BYTES} bytes`)
  const submission = parseSubmission(json)
  if (submission.origin !== state.origin) return refuse('WRONG_ORIGIN', 'the proof was made for another registry')
  return { submission, facts: factsOf(submission) }
}

/**
 * Every check of §7.4 up to the proof.
 * @throws Refusal TOO_LARGE, MALFORMED, WRONG_ORIGIN, REQUEST_EXPIRED, UNKNOWN_STATEMENT, UNKNOWN_SHAPE, UNKNOWN_KEY, UNKNOWN_SCOPE, UNKNOWN_REGULATOR,
 *   RETIRED, UNKNOWN_ROOT, ROOT_SUPERSEDED, NOW_OUT_OF_RANGE, NULLIFIER_SPENT (twice in one submission), INPUTS_DIFFER
 */
export function requireAcceptable(json: Json, state: State, at: number): Acceptance {
  const { submission, facts } = readSubmission(json, state)
  if (at >= submission.expires) return refuse('REQUEST_EXPIRED', 'the request has expired')
  const { pinned, statement } = requireStatement(submission, state)
  const shape = requireShape(submission, pinned.shape, state)
  const scopes = scopesOf(statement, state)
  const escrowKey = escrowKeyOf(statement, state)
  requireFresh(state.directory.roots, submission.directoryRoot, 'directory', statement.fresh, at)
  requireSetRoot(submission, statement, state, at)
  if (Math.abs(submission.now - at) > state.nowTolerance) return refuse('NOW_OUT_OF_RANGE', `the proof’s time is more than ${state.nowTolerance} s from the registry’s`)
  if (new Set(submission.nullifiers).size !== submission.nullifiers.length) return refuse('NULLIFIER_SPENT', 'one document is spent twice in one submission')
  const publicInputs = derivePublicInputs({ pinned, statement }, submission, { scopes, escrowKey })
  return { submission, shape, publicInputs, checked: `${shape.key}:${publicInputs.join(',')}`, facts }
}

export const submitProof: Handler<'proof.submit'> = (body, { state, facts, at }) => {
  const acceptance = requireAcceptable(body.submission, state, at)
  if (facts.proof?.checked !== acceptance.checked || !facts.proof.valid) return refuse('PROOF_INVALID', 'the proof does not hold for its public inputs')
  const nullifiers = acceptance.submission.nullifiers.map(printField)
  if (nullifiers.some((nullifier) => facts.spent.has(nullifier))) return refuse('NULLIFIER_SPENT', 'a document of this proof has been spent in its scope')
  return { facts: acceptance.facts, nullifiers, apply: () => undefined }
}

/** Whether an entry records a proof of these very public inputs: whatever the proof's bytes, it is the same one. */
export function recordsSame(entry: Entry, facts: Entry['facts']): boolean {
  return PUBLIC_FACTS.every((name) => canonicalJson(entry.facts[name] ?? null) === canonicalJson(facts[name] ?? null))
}

function factsOf(submission: Submission): Entry['facts'] {
  return {
    statement: submission.statement,
    shape: submission.shape,
    verificationKey: submission.verificationKey,
    context: printField(contextOf(submission)),
    request: submission.request,
    parameterCommitment: printField(submission.parameterCommitment),
    directoryRoot: printField(submission.directoryRoot),
    setRoot: printField(submission.setRoot),
    now: submission.now,
    expires: submission.expires,
    nullifiers: submission.nullifiers.map(printField),
    linkTags: submission.linkTags.map(printField),
    disclosure: printField(submission.disclosure),
    escrow: submission.escrow.map(printField),
  }
}

function requireStatement({ statement }: Submission, state: State): RegisteredStatement {
  const known = state.statements.get(statement) ?? refuse('UNKNOWN_STATEMENT', 'the statement is not registered here')
  if (known.status === 'retired') return refuse('RETIRED', 'the statement is retired')
  return known
}

function requireShape({ shape, verificationKey }: Submission, pinned: string, state: State): RegisteredShape {
  if (shape !== pinned) return refuse('INPUTS_DIFFER', `the statement is proved with the shape ${pinned}`)
  const known = state.shapes.get(verificationKey) ?? refuse('UNKNOWN_KEY', 'the verification key is not registered here')
  if (known.shape !== shape) return refuse('UNKNOWN_KEY', `the verification key is not one of ${shape}`)
  if (known.status === 'retired') return refuse('RETIRED', 'the verification key is retired')
  return known
}

/** The scopes' elements, by the document that is spent in them. */
function scopesOf({ once }: Statement, state: State): Record<string, Field> {
  const elementOf = (name: string): Field => (state.scopes.get(name) ?? refuse('UNKNOWN_SCOPE', `the scope ${name} is not registered`)).element
  return Object.fromEntries(Object.entries(once).map(([document, scope]) => [document, elementOf(scope)]))
}

function escrowKeyOf({ escrow }: Statement, state: State): [Field, Field] | null {
  if (!escrow) return null
  const { escrowKey } = state.regulators.get(escrow.regulator) ?? refuse('UNKNOWN_REGULATOR', `the regulator ${escrow.regulator} is not registered`)
  return [escrowKey.x, escrowKey.y]
}

function requireSetRoot({ setRoot }: Submission, { set, fresh }: Statement, state: State, at: number): void {
  if (set?.source.from !== 'published') {
    if (setRoot !== ZERO) refuse('UNKNOWN_ROOT', 'the statement uses no published set')
    return
  }
  const published = state.sets.get(set.source.name) ?? refuse('UNKNOWN_SET', `the set ${set.source.name} is not published`)
  requireFresh(published.roots, setRoot, 'set', fresh, at)
}

/** Current, or replaced less than `fresh` seconds ago. */
function requireFresh(roots: RootHistory, root: Field, what: string, fresh: number, at: number): void {
  const supersededAt = roots.supersededAt(root)
  if (supersededAt === undefined) return refuse('UNKNOWN_ROOT', `this registry’s ${what} never had that root`)
  if (supersededAt !== null && at - supersededAt >= fresh) refuse('ROOT_SUPERSEDED', `the ${what} root was replaced ${at - supersededAt} s ago; the statement allows less than ${fresh} s`)
}
