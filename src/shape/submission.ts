/**
 * What leaves the holder: the submission, all that the registry gets, and the answer, for the verifier alone (SPEC §6.4, §6.5).
 *
 * Inside, elements are `Field`s; `submissionJson` and `answerJson` give the JSON that travels. Parsing is strict: every member, no
 * other, one spelling. Whether a proof's coordinates are those of points is the verifier's business.
 */

import { COORDINATE_ORDER, type Field, printField } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import type { Digest } from '../hash/digest.ts'
import { malformed, Members } from './members.ts'
import { SHAPE_NAMES, type ShapeName } from './shapes.ts'

/** Coordinates in decimal; `b` as snarkjs writes it, [real, imaginary]. */
export interface Groth16Proof {
  readonly a: readonly [string, string]
  readonly b: readonly [readonly [string, string], readonly [string, string]]
  readonly c: readonly [string, string]
}

export interface Submission {
  readonly origin: string
  readonly statement: Digest
  readonly shape: ShapeName
  readonly verificationKey: Digest
  readonly expires: number
  readonly releaseKey: string
  readonly parameterCommitment: Field
  readonly request: Digest
  readonly directoryRoot: Field
  readonly setRoot: Field
  readonly now: number
  /** One for each document. */
  readonly nullifiers: readonly Field[]
  readonly linkTags: readonly Field[]
  readonly disclosure: Field
  /** Ephemeral x, y, ciphertext 1, 2; or nothing. */
  readonly escrow: readonly Field[]
  readonly proof: Groth16Proof
}

export interface Answer {
  readonly submission: Submission
  readonly parameterBlinding: Field
  readonly parameterSetRoot: Field
  /** 0 when the statement has none. */
  readonly pseudonym: Field
  /** One for each reveal, in their order. */
  readonly values: readonly Field[]
  /** The plain text of each reveal of type text, by the reveal's spelling (`kyc.name`). */
  readonly texts: Readonly<Record<string, string>>
  readonly disclosureBlinding: Field
}

/** Bytes of a submission's JSON at most. */
export const MAX_SUBMISSION_BYTES = 16_384

const MAX_TEXT = 4096 // characters

/** @throws Refusal MALFORMED with the first problem */
export function parseSubmission(json: unknown, path = ''): Submission {
  const members = new Members(json, path, ['submission', 'origin', 'statement', 'shape', 'verificationKey', 'expires', 'releaseKey', 'parameterCommitment', 'request', 'directoryRoot', 'setRoot', 'now', 'nullifiers', 'linkTags', 'disclosure', 'escrow', 'proof'])
  members.version('submission')
  const nullifiers = members.fields('nullifiers', [1, 2])
  return {
    origin: members.text('origin', 255),
    statement: members.digest('statement'),
    shape: members.oneOf('shape', SHAPE_NAMES),
    verificationKey: members.digest('verificationKey'),
    expires: members.seconds('expires'),
    releaseKey: members.digest('releaseKey'),
    parameterCommitment: members.field('parameterCommitment'),
    request: members.digest('request'),
    directoryRoot: members.field('directoryRoot'),
    setRoot: members.field('setRoot'),
    now: members.seconds('now'),
    nullifiers,
    linkTags: members.fields('linkTags', [nullifiers.length]),
    disclosure: members.field('disclosure'),
    escrow: members.fields('escrow', [0, 4]),
    proof: parseProofShape(members.get('proof'), `${path}/proof`),
  }
}

/** @throws Refusal MALFORMED with the first problem */
export function parseAnswer(json: unknown): Answer {
  const members = new Members(json, '', ['answer', 'submission', 'parameterBlinding', 'parameterSetRoot', 'pseudonym', 'values', 'texts', 'disclosureBlinding'])
  members.version('answer')
  return {
    submission: parseSubmission(members.get('submission'), '/submission'),
    parameterBlinding: members.field('parameterBlinding'),
    parameterSetRoot: members.field('parameterSetRoot'),
    pseudonym: members.field('pseudonym'),
    values: members.fields('values', [0, 1, 2, 3, 4]),
    texts: parseTexts(members.get('texts')),
    disclosureBlinding: members.field('disclosureBlinding'),
  }
}

export function submissionJson(submission: Submission): Json {
  const { expires, now, origin, statement, shape, verificationKey, releaseKey, request, proof } = submission
  const { parameterCommitment, directoryRoot, setRoot, nullifiers, linkTags, disclosure, escrow } = submission
  return {
    submission: 1,
    origin,
    statement,
    shape,
    verificationKey,
    expires,
    releaseKey,
    parameterCommitment: printField(parameterCommitment),
    request,
    directoryRoot: printField(directoryRoot),
    setRoot: printField(setRoot),
    now,
    nullifiers: nullifiers.map(printField),
    linkTags: linkTags.map(printField),
    disclosure: printField(disclosure),
    escrow: escrow.map(printField),
    proof: { a: proof.a, b: proof.b, c: proof.c },
  }
}

export function answerJson({ submission, parameterBlinding, parameterSetRoot, pseudonym, values, texts, disclosureBlinding }: Answer): Json {
  return {
    answer: 1,
    submission: submissionJson(submission),
    parameterBlinding: printField(parameterBlinding),
    parameterSetRoot: printField(parameterSetRoot),
    pseudonym: printField(pseudonym),
    values: values.map(printField),
    texts,
    disclosureBlinding: printField(disclosureBlinding),
  }
}

function parseProofShape(json: unknown, path: string): Groth16Proof {
  const members = new Members(json, path, ['a', 'b', 'c'])
  const [bx, by] = members.array('b', [2])
  return { a: pair(members.get('a'), `${path}/a`), b: [pair(bx, `${path}/b/0`), pair(by, `${path}/b/1`)], c: pair(members.get('c'), `${path}/c`) }
}

/** Two decimal spellings; that they are below q is checked where the point is. */
function pair(json: unknown, path: string): [string, string] {
  const isCoordinate = (text: unknown) => typeof text === 'string' && /^(0|[1-9][0-9]{0,76})$/.test(text) && BigInt(text) < COORDINATE_ORDER
  if (!Array.isArray(json) || json.length !== 2 || !json.every(isCoordinate)) return malformed(path, 'two decimal strings below q without leading zeros', json)
  return [json[0] as string, json[1] as string]
}

function parseTexts(json: unknown): Record<string, string> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return malformed('/texts', 'an object', json)
  const entries = Object.entries(json)
  if (entries.length > 4 || !entries.every(([, text]) => typeof text === 'string' && text.length <= MAX_TEXT)) return malformed('/texts', `at most four texts of at most ${MAX_TEXT} characters`, json)
  return Object.fromEntries(entries) as Record<string, string>
}
