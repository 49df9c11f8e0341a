/**
 * Evidence: one file that shows, with every service off, that a registry accepted a proof, and of what (SPEC §7.5). All
 * receipts in it are for one checkpoint, so they speak of one log.
 */

import { parseIssuingPublicKey } from '../credential/issuing-key.ts'
import { scopeElement } from '../credential/commitment.ts'
import { parseSchema, type Schema } from '../document/schema.ts'
import { refuse } from '../errors/errors.ts'
import { type Field, printField } from '../field/field.ts'
import { canonicalJson, type Json } from '../hash/canonical.ts'
import { openAnswer } from '../shape/opening.ts'
import { type CheckedStatement, parsePinned } from '../shape/pin.ts'
import { parseAnswer, parseSubmission, type Submission, submissionJson } from '../shape/submission.ts'
import type { Keyring } from '../signature/envelope.ts'
import { keyId, parsePublicKey, type PublicKey } from '../signature/organisation-key.ts'
import { parseRequest, type RequestBody, requireRequestSignature } from '../statement/request.ts'
import { parseMembers } from '../statement/set.ts'
import { requireAuthorised } from './authority.ts'
import { type Established, established, requireRecords } from './established.ts'
import { verificationKeyId } from './groth16.ts'
import { parseReceipt, type VerifiedCommand, type VerifiedEntry, verifyReceipt, verifyRecorded } from './receipt.ts'
import { type Known, requireProof, requireSameQuestion } from './verify.ts'

export interface EvidenceTrust {
  /** The log key of the registry, from a source that the checker trusts. Without it the file's own is taken, and `notSeen` says so. */
  readonly logKey?: PublicKey
}

const MEMBERS = ['evidence', 'origin', 'logKey', 'proof', 'genesis', 'statement', 'shape', 'schemas', 'scopes', 'sets', 'regulators', 'directory', 'organisations']
const OPTIONAL = ['request', 'answer']
const MAX_RECORDS = 1024

/**
 * Checks a bundle of evidence.
 * @returns what it establishes; always with `accepted`
 * @throws Refusal with the first check that failed
 */
export async function verifyEvidence(json: unknown, trust: EvidenceTrust = {}): Promise<Established> {
  const bundle = new Bundle(json, trust.logKey)
  const accepted = bundle.recorded('proof', 'proof.submit')
  const submission = parseSubmission(accepted.command.body['submission'])
  requireRecords(accepted, submission)
  const before = accepted.entry.index
  const { verificationKey } = registered(bundle.recorded('shape', 'shape.register'), before)
  if (verificationKeyId(verificationKey ?? null) !== submission.verificationKey) differ('shape', 'the verification key of the proof')
  const known = knownIn(bundle, submission, before)
  await requireProof(known, submission, verificationKey ?? null)
  bundle.requireDirectory(submission, before)
  requireSet(bundle, known, submission, before)
  const request = requestIn(bundle, submission, keyringIn(bundle, before))
  const opened = request && openedIn(bundle, known, submission, request)
  return established({
    checked: known,
    submission,
    accepted,
    ...(request && { request }),
    ...(opened && { opened }),
    seen: ['the registration of statement, schemas and verification key in the same log, and the signatures of those who may register them'],
    notSeen: [
      ...(trust.logKey ? [] : ['where the log key comes from: it was taken from the file itself']),
      'other checkpoints of this log: that it shows everyone the same is for its followers to say',
      'the ceremony behind the verification key: its transcript is in the file, and the key’s points were checked',
      'changes of organisations’ keys that the file may leave out'
    ],
  })
}

/** The statement with what is registered beside it, recomputed from the commands. */
function knownIn(bundle: Bundle, submission: Submission, before: number): Known {
  const schemas = new Map<string, Schema>(
    bundle.list('schemas', 'schema.register').map((recorded) => {
      const schema = parseSchema(registered(recorded, before)['schema'])
      return [printField(schema.id), schema]
    }),
  )
  const checked = parsePinned(registered(bundle.recorded('statement', 'statement.register'), before)['statement'], (id) => schemas.get(id))
  if (checked.hash !== submission.statement) differ('statement', 'the statement of the proof')
  return { ...checked, facts: { scopes: scopesIn(bundle, checked, before), escrowKey: escrowKeyIn(bundle, checked, before) } }
}

function scopesIn(bundle: Bundle, { statement }: CheckedStatement, before: number): Record<string, Field> {
  const names = new Set(bundle.list('scopes', 'scope.register').map((recorded) => registered(recorded, before)['name']))
  return Object.fromEntries(
    Object.entries(statement.once).map(([document, scope]) => [document, names.has(scope) ? scopeElement(bundle.origin, scope) : refuse('UNKNOWN_SCOPE', `the evidence lacks the scope ${scope}`)]),
  )
}

function escrowKeyIn(bundle: Bundle, { statement: { escrow } }: CheckedStatement, before: number): [Field, Field] | null {
  if (!escrow) return null
  const found = bundle.list('regulators', 'regulator.register').map((recorded) => registered(recorded, before))
  const body = found.find(({ name }) => name === escrow.regulator) ?? refuse('UNKNOWN_REGULATOR', `the evidence lacks the regulator ${escrow.regulator}`)
  const { x, y } = parseIssuingPublicKey(body['escrowKey'])
  return [x, y]
}

/** The published set, if the statement names one, had the proof's root. */
function requireSet(bundle: Bundle, { statement: { set } }: Known, { setRoot }: Submission, before: number): void {
  if (set?.source.from !== 'published') return
  const { name } = set.source
  const published = bundle.list('sets', 'set.publish').map((recorded) => registered(recorded, before))
  if (!published.some((body) => body['name'] === name && rootOfSet(body) === setRoot)) refuse('UNKNOWN_SET', `the evidence lacks the set ${name} with the proof's root`)
}

/** The keys of the organisations when the proof was accepted, all registrations signed for with the keys of their time. */
function keyringIn(bundle: Bundle, before: number): Keyring {
  const organisations = bundle.list('organisations')
  if (!organisations.every(({ entry }) => entry.type.startsWith('organisation.'))) differ('organisations', 'commands of type organisation.*')
  const lists = (['schemas', 'scopes', 'sets', 'regulators'] as const).flatMap((name) => bundle.list(name))
  const commands = [...organisations, ...lists, bundle.recorded('statement', 'statement.register'), bundle.recorded('shape', 'shape.register')]
  for (const command of commands) registered(command, before)
  return requireAuthorised(bundle.recorded('genesis', 'genesis'), commands)
}

/** The request, if it is there: signed by a key that the one who asks had in this log. */
function requestIn(bundle: Bundle, submission: Submission, keyring: Keyring): RequestBody | undefined {
  if (bundle.members['request'] === undefined) return undefined
  const request = parseRequest(bundle.members['request'])
  requireRequestSignature(request, keyring)
  requireSameQuestion(submission, request.body)
  return request.body
}

function openedIn(bundle: Bundle, known: Known, submission: Submission, request: RequestBody) {
  if (bundle.members['answer'] === undefined) return undefined
  const answer = parseAnswer(bundle.members['answer'])
  if (canonicalJson(submissionJson(answer.submission)) !== canonicalJson(submissionJson(submission))) differ('answer', 'the answer with this submission')
  return openAnswer(known.statement, answer, request)
}

/** The body of a command that was recorded before the proof. */
function registered({ entry, command }: VerifiedCommand, before: number): { readonly [name: string]: Json | undefined } {
  return entry.index < before ? command.body : differ('index', 'what was registered before the proof was accepted')
}

/** The file, its receipts checked as they are taken out. */
class Bundle {
  readonly members: Readonly<Record<string, unknown>>
  readonly origin: string
  private readonly logKey: PublicKey
  private checkpoint: string | undefined

  constructor(json: unknown, logKey: PublicKey | undefined) {
    const names = typeof json === 'object' && json !== null && !Array.isArray(json) ? Object.keys(json) : []
    if (!MEMBERS.every((name) => names.includes(name)) || !names.every((name) => MEMBERS.includes(name) || OPTIONAL.includes(name))) malformed('/', `${MEMBERS.join(', ')} and at most ${OPTIONAL.join(', ')}`)
    this.members = json as Record<string, unknown>
    const { evidence, origin } = this.members
    if (evidence !== 1 || typeof origin !== 'string') malformed('/', 'evidence 1 and an origin')
    this.origin = origin
    this.logKey = logKey ?? parsePublicKey(this.members['logKey'], '/logKey')
    const genesis = this.recorded('genesis', 'genesis')
    const stated = parsePublicKey(genesis.command.body['logKey'], '/genesis/logKey')
    if (genesis.entry.index !== 0 || keyId(stated) !== keyId(this.logKey)) differ('genesis', 'entry 0, with this log key')
  }

  recorded(name: string, type: string): VerifiedCommand {
    return this.verify(this.members[name], name, type)
  }

  list(name: string, type?: string): VerifiedCommand[] {
    const list = this.members[name]
    if (!Array.isArray(list) || list.length > MAX_RECORDS) return malformed(`/${name}`, `an array of at most ${MAX_RECORDS}`)
    return list.map((recorded, i) => this.verify(recorded, `${name}/${i}`, type))
  }

  /** The directory had the proof's root after some entry before it. */
  requireDirectory(submission: Submission, before: number): void {
    const json = this.members['directory']
    const { entry } = this.sameLog(json, verifyReceipt(parseReceipt(json), this.origin, this.logKey))
    if (entry.index >= before || entry.facts['directoryRoot'] !== printField(submission.directoryRoot)) differ('directory', 'an entry before the proof, with its directory root')
  }

  private verify(json: unknown, name: string, type?: string): VerifiedCommand {
    const verified = verifyRecorded(json, this.origin, this.logKey)
    if (type !== undefined && verified.entry.type !== type) differ(name, `a command of type ${type}`)
    return this.sameLog((json as { receipt: unknown }).receipt, verified)
  }

  private sameLog<T extends VerifiedEntry>(receipt: unknown, verified: T): T {
    const { checkpoint } = receipt as { checkpoint: string }
    this.checkpoint ??= checkpoint
    return this.checkpoint === checkpoint ? verified : differ('checkpoint', 'receipts that are all for one checkpoint')
  }
}

function rootOfSet({ of, members }: { readonly [name: string]: Json | undefined }): Field {
  const as = of === 'organisation' ? 'code' : of
  if (as !== 'code' && as !== 'text' && as !== 'date' && as !== 'timestamp' && as !== 'integer') return differ('sets', 'a set of a known type')
  return parseMembers({ as }, members, 'MALFORMED').root
}

function differ(path: string, expected: string): never {
  return refuse('INPUTS_DIFFER', 'the evidence does not fit together', [{ path: `/${path}`, expected, got: 'something else' }])
}

function malformed(path: string, expected: string): never {
  return refuse('MALFORMED', 'not a bundle of evidence', [{ path, expected, got: 'something else' }])
}
