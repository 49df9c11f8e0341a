/**
 * A registry's public side in one place: an accredited hospital, an insurer that asks, a regulator; and a holder whose proofs
 * are simulated. Enough to check answers, receipts and evidence without circuit, service or store.
 */

import { disclosureOf, listIdOf, parameterCommitmentOf, scopeElement } from '../../src/credential/commitment.ts'
import { Directory, type DirectoryLeaf } from '../../src/credential/directory.ts'
import { newIssuingKey } from '../../src/credential/issuing-key.ts'
import { encode } from '../../src/document/encoding.ts'
import { parseSchema } from '../../src/document/schema.ts'
import { type Field, parseField, printField, toField, ZERO } from '../../src/field/field.ts'
import type { Json } from '../../src/hash/canonical.ts'
import type { Digest } from '../../src/hash/digest.ts'
import { contextOf } from '../../src/shape/context.ts'
import { type CheckedStatement, parsePinned, pinStatement, statementHash } from '../../src/shape/pin.ts'
import { derivePublicInputs } from '../../src/shape/public-inputs.ts'
import { SHAPES } from '../../src/shape/shapes.ts'
import { type Answer, answerJson, parseSubmission, type Submission, submissionJson } from '../../src/shape/submission.ts'
import { type Body, type Envelope, signEnvelope } from '../../src/signature/envelope.ts'
import { generateOrganisationKey, publicPart } from '../../src/signature/organisation-key.ts'
import { compileStatement } from '../../src/statement/compiler.ts'
import { parseDefinition } from '../../src/statement/definition.ts'
import { encodeRequest } from '../../src/statement/parameters.ts'
import { makeRequest, type RequestBody, requestDigest } from '../../src/statement/request.ts'
import { MemberSet } from '../../src/statement/set.ts'
import { verificationKeyId } from '../../src/verifier/groth16.ts'
import { newEscrowKey } from '../../src/verifier/escrow.ts'
import { parseView, type View } from '../../src/view/view.ts'
import { SimulatedKey } from './simulated-key.ts'
import { ORIGIN, SmallLog } from './small-log.ts'

export const NOW = 1_800_000_000
export const MINISTRY = 'SE:ORGNR:2021000001'
export const HOSPITAL = 'SE:ORGNR:5532331183'
export const INSURER = 'SE:ORGNR:5164010000'
export { ORIGIN } from './small-log.ts'

export const schemaJson = {
  $id: 'invoice',
  title: 'Invoice',
  namespace: 'org.example.invoice',
  version: 1,
  authority: MINISTRY,
  naturalKey: ['number'],
  type: 'object',
  required: ['number', 'patient', 'total', 'currency', 'ward'],
  additionalProperties: false,
  properties: {
    number: { type: 'string', slot: 0, as: 'code', maxLength: 31 },
    patient: { type: 'string', slot: 1, as: 'code', maxLength: 31 },
    total: { type: 'string', slot: 2, as: 'amount', currency: 'currency' },
    currency: { type: 'string', slot: 3, as: 'code', pattern: '^[A-Z]{3}$' },
    ward: { type: 'string', slot: 4, as: 'text' },
  },
}

const claim = {
  statement: 'invoice-within-policy',
  version: 1,
  says: 'An accredited hospital treated {$insured}.',
  documents: { invoice: { schema: 'invoice' } },
  parameters: { insured: 'code', currency: 'code', limit: { as: 'amount', currency: 'currency' } },
  rules: ['invoice.patient = $insured', 'invoice.currency = $currency', 'invoice.total <= $limit'],
  reveals: ['invoice.total', 'invoice.ward'],
  once: { invoice: 'reimbursement' },
  pseudonym: 'insurance',
}
const report = { statement: 'invoice-report', version: 1, says: 'An invoice.', documents: { invoice: { schema: 'invoice' } }, escrow: { regulator: 'authority', values: ['invoice.patient', 'invoice.total'] } }
const member = { statement: 'invoice-in-currency', version: 1, says: 'In a known currency.', documents: { invoice: { schema: 'invoice' } }, rules: ['invoice.currency in set:currencies'] }

export const PARAMETERS = { insured: 'SE:PNR:191212121212', currency: 'EUR', limit: '500.00' }
export const CURRENCIES = ['EUR', 'SEK']

type StatementName = 'claim' | 'report' | 'member'
export interface Changes {
  readonly submission?: Partial<Submission>
  readonly answer?: Partial<Answer>
  /** What the proof is made for, when it is not the submission. */
  readonly proved?: Partial<Submission>
  readonly parameters?: { readonly [name: string]: Json }
}

export class Scene {
  readonly log = new SmallLog()
  readonly insurerKey = generateOrganisationKey()
  readonly ministryKey = generateOrganisationKey()
  readonly escrowKey = newEscrowKey()
  readonly keys = { attest: new SimulatedKey(SHAPES.attest.publicInputs.length, 1), match: new SimulatedKey(SHAPES.match.publicInputs.length, 2) }
  readonly schema = parseSchema(schemaJson)
  readonly statements: Record<StatementName, CheckedStatement>
  readonly directory = new Directory()
  readonly leaf: DirectoryLeaf
  readonly setRoot: Field
  /** Indices of entries by what they registered. */
  readonly index: Record<string, number> = {}
  recentRoots: { root: Field; supersededAt: number }[] = []

  constructor() {
    this.statements = { claim: this.compile(claim), report: this.compile(report), member: this.compile(member) }
    const issuingKey = newIssuingKey()
    this.leaf = { organisation: HOSPITAL, issuingKey: { x: issuingKey.x, y: issuingKey.y }, schemaId: this.schema.id, class: 'hospital', listId: listIdOf(HOSPITAL, this.schema.id, 0), listNumber: 0, statusRoot: toField(77) }
    this.directory.set(0, this.leaf)
    this.record()
    this.setRoot = (this.view.sets.get('currencies') ?? fail('no set')).root
  }

  get view(): View {
    return parseView(this.viewJson(), publicPart(this.log.key))
  }

  /** A signed view. @param change of the body, before it is signed */
  viewJson(change: (body: any) => void = () => {}, key = this.log.key): any {
    const body = this.viewBody()
    change(body)
    return signEnvelope(body as unknown as Body, body.origin, key)
  }

  request(name: StatementName = 'claim', change: Partial<RequestBody> = {}): Envelope<RequestBody> {
    const statement = this.statements[name]
    const order = { origin: ORIGIN, verifier: INSURER, statement, parameters: name === 'claim' ? PARAMETERS : {}, issuedAt: NOW - 60, expires: NOW + 600, releaseKey: generateOrganisationKey().publicKey }
    const body = { ...makeRequest(order), ...change } as RequestBody
    return signEnvelope(body, body.verifier, this.insurerKey)
  }

  /** The answer of a holder who has what it takes, or says so. */
  answer({ body }: Envelope<RequestBody>, name: StatementName = 'claim', change: Changes = {}): Answer {
    const checked = this.statements[name]
    const { elements, setRoot, pseudonymScope } = encodeRequest(checked.statement, { ...body, parameters: change.parameters ?? body.parameters })
    const [parameterBlinding, disclosureBlinding] = [toField(1001), toField(1002)]
    const pseudonym = name === 'claim' ? toField(424242) : ZERO
    const values = name === 'claim' ? [encode({ as: 'amount', currency: 'currency' }, '481.50'), encode({ as: 'text' }, 'Ward 7')] : []
    const escrow = name === 'report' ? ['1', '2', '3', '4'].map((x) => parseField(x)) : []
    const parts = {
      origin: body.origin,
      statement: body.statement,
      shape: checked.pinned.shape,
      verificationKey: verificationKeyId(this.keys[checked.pinned.shape].json),
      expires: body.expires,
      releaseKey: body.releaseKey,
      parameterCommitment: parameterCommitmentOf(elements, setRoot, pseudonymScope, parameterBlinding),
      request: requestDigest(body),
      directoryRoot: this.directory.root,
      setRoot: name === 'member' ? this.setRoot : ZERO,
      now: NOW - 5,
      nullifiers: [toField(31337)],
      linkTags: [toField(31338)],
      disclosure: disclosureOf(pseudonym, fourOf(values), disclosureBlinding),
      escrow,
      proof: this.keys.attest.prove([]),
      ...change.submission,
    }
    const proof = change.submission?.proof ?? this.prove(checked, { ...parts, ...change.proved })
    const texts = name === 'claim' ? { 'invoice.ward': 'Ward 7' } : {}
    return { submission: { ...parts, proof }, parameterBlinding, parameterSetRoot: setRoot, pseudonym, values, texts, disclosureBlinding, ...change.answer }
  }

  answerJson(request: Envelope<RequestBody>, name: StatementName = 'claim', change: Changes = {}): any {
    return answerJson(this.answer(request, name, change))
  }

  /** Records a submission without asking whether it holds. @returns its index */
  accept(submission: Submission, at = NOW): number {
    const { proof: _, origin: __, releaseKey: ___, submission: ____, ...facts } = submissionJson(submission) as { readonly [name: string]: Json }
    const entryFacts = { ...facts, context: printField(contextOf(submission)) } as { readonly [name: string]: Json }
    return this.log.append({ body: { type: 'proof.submit', origin: ORIGIN, submission: submissionJson(submission) }, signatures: [] }, entryFacts, at - this.log.size)
  }

  /** A command as it is recorded. */
  command(type: string, members: object, signers: readonly string[] = [MINISTRY]): any {
    let envelope: Envelope = { body: { type, origin: ORIGIN, nonce: '00'.repeat(16), ...members } as Body, signatures: [] }
    for (const signer of signers) envelope = signEnvelope(envelope, signer, signer === INSURER ? this.insurerKey : this.ministryKey)
    return envelope
  }

  /** A bundle of evidence for an accepted proof. */
  evidence(proof: number, openings: { request?: Envelope<RequestBody>; answer?: any } = {}, name: StatementName = 'claim'): any {
    const { shape } = this.statements[name].pinned
    const at = (what: string) => this.log.recorded(this.index[what] ?? fail(what))
    return {
      evidence: 1,
      origin: ORIGIN,
      logKey: publicPart(this.log.key),
      proof: this.log.recorded(proof),
      genesis: at('genesis'),
      statement: at(name),
      shape: at(shape),
      schemas: [at('schema')],
      scopes: name === 'claim' ? [at('scope')] : [],
      sets: name === 'member' ? [at('set')] : [],
      regulators: name === 'report' ? [at('regulator')] : [],
      directory: this.log.receipt(this.index['accredit'] ?? fail('accredit')),
      organisations: [at('insurer')],
      ...openings,
    }
  }

  prove(checked: CheckedStatement, submission: Submission): Submission['proof'] {
    const facts = { scopes: { invoice: scopeElement(ORIGIN, 'reimbursement') }, escrowKey: [this.escrowKey.x, this.escrowKey.y] as const }
    return this.keys[checked.pinned.shape].prove(derivePublicInputs(checked, { ...submission, statement: checked.hash }, facts))
  }

  private compile(definition: object): CheckedStatement {
    const pinned = pinStatement(compileStatement(parseDefinition(definition), () => this.schema))
    return parsePinned(JSON.parse(JSON.stringify(pinned)), () => this.schema)
  }

  private record(): void {
    const add = (what: string, type: string, members: object, facts: object, signers = [MINISTRY]) => {
      this.index[what] = this.log.append(this.command(type, members, signers), facts as { readonly [name: string]: Json })
    }
    const logKey = { ...publicPart(this.log.key) }
    const governor = { organisation: MINISTRY, name: 'Ministry', keys: [{ ...publicPart(this.ministryKey) }] }
    add('genesis', 'genesis', { name: 'Test', mode: 'development', governors: [governor], k: 1, logKey, nowTolerance: 120 }, { name: 'Test', mode: 'development', logKey, directoryRoot: printField(new Directory().root) }, [])
    add('insurer', 'organisation.admit', { organisation: INSURER, name: 'Insurer', keys: [{ ...publicPart(this.insurerKey) }] }, { organisation: INSURER })
    add('schema', 'schema.register', { schema: schemaJson }, { schemaId: printField(this.schema.id) })
    add('scope', 'scope.register', { name: 'reimbursement' }, { name: 'reimbursement' }, [INSURER])
    add('set', 'set.publish', { name: 'currencies', of: 'code', members: CURRENCIES }, { name: 'currencies' })
    add('regulator', 'regulator.register', { organisation: MINISTRY, name: 'authority', escrowKey: this.escrowPoint() }, { name: 'authority' })
    for (const [shape, key] of Object.entries(this.keys)) add(shape, 'shape.register', { shape, verificationKey: key.json, provingKey: 'ab'.repeat(32), transcript: {} }, { shape, verificationKey: verificationKeyId(key.json) })
    for (const [name, { pinned, hash }] of Object.entries(this.statements)) add(name, 'statement.register', { statement: pinned as unknown as Json }, { statement: hash }, [INSURER])
    add('accredit', 'issuer.accredit', {}, { organisation: HOSPITAL, directoryRoot: printField(this.directory.root) })
  }

  private escrowPoint(): { x: string; y: string } {
    return { x: printField(this.escrowKey.x), y: printField(this.escrowKey.y) }
  }

  private viewBody() {
    const { leaf } = this
    return {
      type: 'view',
      origin: ORIGIN,
      name: 'Test',
      mode: 'development',
      protocol: 1,
      size: this.log.size,
      at: NOW,
      checkpoint: this.log.checkpoint(),
      logKey: { ...publicPart(this.log.key) },
      nowTolerance: 120,
      governors: [MINISTRY],
      k: 1,
      organisations: [{ organisation: INSURER, name: 'Insurer', keys: [{ ...publicPart(this.insurerKey) }], status: 'active' }],
      schemas: [{ schemaId: printField(this.schema.id), schema: structuredClone(schemaJson) }],
      statements: Object.values(this.statements).map(({ pinned, hash }) => ({ statement: hash, pinned: JSON.parse(JSON.stringify(pinned)), registeredBy: INSURER, status: 'active' })),
      shapes: Object.entries(this.keys).map(([shape, { json }]) => ({ shape, key: verificationKeyId(json), verificationKey: structuredClone(json), provingKey: 'ab'.repeat(32), status: 'active' })),
      scopes: [{ name: 'reimbursement', owner: INSURER, element: printField(scopeElement(ORIGIN, 'reimbursement')) }],
      sets: [{ name: 'currencies', owner: MINISTRY, of: 'code', members: CURRENCIES, root: setRootOf(CURRENCIES), recentRoots: [] }],
      regulators: [{ name: 'authority', organisation: MINISTRY, escrowKey: this.escrowPoint() }],
      directory: {
        root: printField(this.directory.root),
        leaves: [{ position: 0, organisation: leaf.organisation, issuingKey: { x: printField(leaf.issuingKey.x), y: printField(leaf.issuingKey.y) }, schemaId: printField(leaf.schemaId), class: leaf.class, listId: printField(leaf.listId), listNumber: 0, statusRoot: printField(leaf.statusRoot) }],
        recentRoots: this.recentRoots.map(({ root, supersededAt }) => ({ root: printField(root), supersededAt })),
      },
    }
  }
}

export function reparse(submission: Submission): Submission {
  return parseSubmission(submissionJson(submission))
}

export function otherHash(): Digest {
  return statementHash({ definition: {} } as never)
}

function setRootOf(codes: readonly string[]): string {
  return printField(new MemberSet(codes.map((code) => encode({ as: 'code' }, code))).root)
}

function fourOf(values: readonly Field[]): Field[] {
  return [0, 1, 2, 3].map((i) => values[i] ?? ZERO)
}

function fail(what: string): never {
  throw new Error(what)
}
