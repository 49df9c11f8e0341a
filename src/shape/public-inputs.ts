/**
 * The public inputs of a proof, derived from what was asked and what is registered (SPEC §5.4). Only the outputs and the few outer
 * parts are taken from the submission, so a proof for one statement or request verifies under no other.
 */

import { bug, invariant, refuse } from '../errors/errors.ts'
import { type Field, toField, ZERO } from '../field/field.ts'
import { digestToField } from '../hash/digest.ts'
import type { Statement } from '../statement/compiler.ts'
import { contextOf } from './context.ts'
import { type PinnedStatement, pinnedElements, statementHash } from './pin.ts'
import { type ShapeName, SHAPES } from './shapes.ts'
import type { Submission } from './submission.ts'

/** What is registered beside the statement. */
export interface Facts {
  /** The scope's element for each document under `once`, by the document's name. */
  readonly scopes: Readonly<Record<string, Field>>
  /** The regulator's key; null without escrow. */
  readonly escrowKey: readonly [Field, Field] | null
}

/** Values by name in circuit order: the only place where names become positions. */
export function publicSignals(shape: ShapeName, values: Readonly<Record<string, Field>>): Field[] {
  const { publicInputs } = SHAPES[shape]
  invariant(Object.keys(values).length === publicInputs.length, `${shape} has ${publicInputs.length} public inputs`)
  return publicInputs.map((name) => values[name] ?? bug(`no value for the public input ${name}`))
}

/** The parts of a submission that are known before there is a proof. */
export type OuterParts = Pick<Submission, 'origin' | 'statement' | 'expires' | 'releaseKey' | 'parameterCommitment' | 'request' | 'directoryRoot' | 'setRoot' | 'now'>

/** A statement as it is registered. */
export interface Registered {
  readonly pinned: PinnedStatement
  readonly statement: Statement
}

/**
 * The public inputs that a submission's proof must be valid for.
 * @throws Refusal INPUTS_DIFFER when the submission is for another statement, or has parts that the statement has not
 */
export function derivePublicInputs(registered: Registered, submission: Submission, facts: Facts): Field[] {
  requireFits(registered, submission)
  return publicSignals(registered.pinned.shape, { ...outputValues(registered.pinned.shape, submission), ...publicInputValues(registered, submission, facts) })
}

/** The public inputs but for the outputs, by name: what a prover gives to the circuit. */
export function publicInputValues({ pinned, statement }: Registered, parts: OuterParts, facts: Facts): Record<string, Field> {
  const { credentials, setMembership, escrow } = SHAPES[pinned.shape]
  const { rules, layout, literals, schemas } = pinnedElements(pinned, statement)
  const scopes = statement.documents.map((document) => (Object.hasOwn(statement.once, document) ? (facts.scopes[document] ?? bug(`no scope for ${document}`)) : ZERO))
  return {
    rules,
    layout,
    ...indexed('schema', schemas, credentials),
    ...indexed('literal', literals, 4),
    parameterCommitment: parts.parameterCommitment,
    directoryRoot: parts.directoryRoot,
    ...(setMembership && { setRoot: parts.setRoot }),
    now: toField(parts.now),
    ...indexed('scope', scopes, credentials),
    ...(escrow && indexed('escrowKey', statement.escrow ? (facts.escrowKey ?? bug('no escrow key')) : [], 2)),
    request: digestToField(parts.request),
    context: contextOf(parts),
  }
}

function outputValues(shape: ShapeName, { nullifiers, linkTags, disclosure, escrow }: Submission): Record<string, Field> {
  const { credentials, escrow: hasEscrow } = SHAPES[shape]
  return { ...indexed('nullifier', nullifiers, credentials), ...indexed('linkTag', linkTags, credentials), disclosure, ...(hasEscrow && indexed('escrow', escrow, 4)) }
}

function requireFits({ pinned, statement }: Registered, submission: Submission): void {
  const differ = (path: string, expected: string, got: string): never => refuse('INPUTS_DIFFER', 'the submission is not for this statement', [{ path, expected, got }])
  const documents = statement.documents.length
  if (statementHash(pinned) !== submission.statement) differ('/statement', 'the hash of this statement', 'another')
  if (pinned.shape !== submission.shape) differ('/shape', pinned.shape, submission.shape)
  if (submission.nullifiers.length !== documents || submission.linkTags.length !== documents) differ('/nullifiers', `${documents} of each`, `${submission.nullifiers.length} and ${submission.linkTags.length}`)
  if (submission.escrow.length !== (statement.escrow ? 4 : 0)) differ('/escrow', statement.escrow ? 'an escrow' : 'none', submission.escrow.length === 0 ? 'none' : 'one')
  if (statement.set?.source.from !== 'published' && submission.setRoot !== ZERO) differ('/setRoot', '0, because no published set is named', 'another')
}

/** One element for each place, 0 where the list has none; a single place has the bare name. */
function indexed(name: string, list: readonly Field[], length: number): Record<string, Field> {
  if (length === 1) return { [name]: list[0] ?? ZERO }
  return Object.fromEntries(Array.from({ length }, (_, i) => [`${name}[${i}]`, list[i] ?? ZERO]))
}
