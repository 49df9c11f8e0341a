/** A small registry in memory as a wallet sees it: three hospitals, an insurer, statements; and one holder's wallet. */

import { listIdOf, scopeElement } from '../../src/credential/commitment.ts'
import { Directory, type DirectoryLeaf } from '../../src/credential/directory.ts'
import { newIssuingKey } from '../../src/credential/issuing-key.ts'
import { StatusList } from '../../src/credential/status-list.ts'
import { type Field, printField } from '../../src/field/field.ts'
import type { Json } from '../../src/hash/canonical.ts'
import type { Digest } from '../../src/hash/digest.ts'
import type { Situation } from '../../src/prover/asked.ts'
import { Wallet } from '../../src/prover/wallet.ts'
import { type CheckedStatement, pinStatement, statementHash } from '../../src/shape/pin.ts'
import type { ShapeName } from '../../src/shape/shapes.ts'
import { type Envelope, signEnvelope } from '../../src/signature/envelope.ts'
import { generateOrganisationKey, publicPart } from '../../src/signature/organisation-key.ts'
import { compileStatement } from '../../src/statement/compiler.ts'
import { parseDefinition } from '../../src/statement/definition.ts'
import { makeRequest, type RequestBody } from '../../src/statement/request.ts'
import { MemberSet, parseMembers } from '../../src/statement/set.ts'
import { newEscrowKey } from '../../src/verifier/escrow.ts'
import { signCheckpoint } from '../../src/verifier/checkpoint.ts'
import type { View, ViewShape } from '../../src/view/view.ts'
import { HOSPITAL, issue, type Change, NOW, schema } from './issued.ts'

export const ORIGIN = 'registry.example/attestry'
export const INSURER = 'SE:ORGNR:5164010000'
export const OTHER_HOSPITALS = ['SE:ORGNR:1111111111', 'SE:ORGNR:2222222222'] as const

export const definition = {
  statement: 'invoice-within-policy',
  version: 1,
  says: 'An accredited hospital treated {$insured}.',
  documents: { invoice: { schema: 'invoice' } },
  parameters: { insured: 'code', currency: 'code', limit: { as: 'amount', currency: 'currency' } },
  rules: ['invoice.patient = $insured', 'invoice.currency = $currency', 'invoice.total <= $limit'],
  reveals: ['invoice.date'],
  once: { invoice: 'reimbursement' },
  pseudonym: 'insurance',
}

export const parameters = { insured: 'SE:PNR:191212121212', currency: 'EUR', limit: '50000.00' }

export interface Key {
  readonly verificationKey: Json
  /** Id of the verification key, and SHA-256 of the zkey. */
  readonly key: Digest
  readonly provingKey: string
}

const NO_KEY: Key = { verificationKey: {}, key: '11'.repeat(32) as Digest, provingKey: '22'.repeat(32) }

export class World {
  readonly issuingKey = newIssuingKey()
  readonly insurerKey = generateOrganisationKey()
  readonly escrowKey = newEscrowKey()
  readonly statements = new Map<Digest, CheckedStatement & { registeredBy: string; status: 'active' | 'retired' }>()
  readonly lists = new Map<Field, StatusList>()
  readonly sets = new Map<string, Json[]>()
  readonly keys: Partial<Record<ShapeName, Key>>
  leaves: (DirectoryLeaf | undefined)[]
  now = NOW
  wallet = Wallet.create()

  constructor(keys: Partial<Record<ShapeName, Key>> = { attest: NO_KEY, match: NO_KEY }) {
    this.keys = keys
    this.leaves = [HOSPITAL, ...OTHER_HOSPITALS].map((organisation, i) => {
      const listId = listIdOf(organisation, schema.id, 1)
      const list = new StatusList()
      this.lists.set(listId, list)
      return { organisation, issuingKey: i === 0 ? this.issuingKey : newIssuingKey(), schemaId: schema.id, class: i === 2 ? 'clinic' : 'hospital', listId, listNumber: 1, statusRoot: list.root }
    })
  }

  /** Registers a statement. */
  register(json: object = definition): CheckedStatement {
    const statement = compileStatement(parseDefinition(json), () => schema)
    const pinned = pinStatement(statement)
    const checked = { pinned, statement, hash: statementHash(pinned) }
    this.statements.set(checked.hash, { ...checked, registeredBy: INSURER, status: 'active' })
    return checked
  }

  /** Puts a credential into the wallet. */
  give(change: Change = {}): string {
    const issuer = change.issuer ?? HOSPITAL
    this.wallet = this.wallet.with(issue(this.wallet.holderIdAt(issuer), { key: this.issuingKey, ...change }), schema)
    return this.wallet.credentials.at(-1)?.id ?? ''
  }

  /** Revokes at the first hospital, in list and directory. */
  revoke(statusIndex: number): void {
    const [leaf] = this.leaves
    const list = leaf && this.lists.get(leaf.listId)
    if (!leaf || !list) throw new Error('no list')
    list.revoke(statusIndex)
    this.leaves[0] = { ...leaf, statusRoot: list.root }
  }

  request(statement: CheckedStatement, change: { parameters?: Record<string, Json>; set?: Json[]; origin?: string; expires?: number } = {}): Envelope<RequestBody> {
    const order = { origin: ORIGIN, verifier: INSURER, statement, parameters, issuedAt: NOW - 10, expires: NOW + 600, releaseKey: generateOrganisationKey().publicKey, ...change }
    return signEnvelope(makeRequest(order), INSURER, this.insurerKey)
  }

  get view(): View {
    const leaves = this.leaves.flatMap((leaf, i) => (leaf ? [{ position: 5 * i + 1, leaf }] : []))
    const tree = new Directory(leaves)
    const scopes = ['reimbursement', 'financing'].map((name) => [name, { owner: INSURER, element: scopeElement(ORIGIN, name) }] as const)
    const { x, y } = this.escrowKey
    return {
      origin: ORIGIN, name: 'Test', mode: 'development', size: 10, at: this.now, checkpoint: signCheckpoint({ origin: ORIGIN, size: 10, root: new Uint8Array(32) }, this.insurerKey), logKey: publicPart(this.insurerKey), nowTolerance: 300, governors: [], k: 1,
      organisations: new Map([[INSURER, { name: 'Insurer', keys: [publicPart(this.insurerKey)], status: 'active' }]]),
      schemas: new Map([[printField(schema.id), schema]]),
      statements: this.statements,
      shapes: new Map(Object.entries(this.keys).map(([shape, key]): [ShapeName, ViewShape[]] => [shape as ShapeName, [{ shape: shape as ShapeName, ...key, status: 'active' }]])),
      scopes: new Map(scopes),
      sets: new Map([...this.sets].map(([name, members]) => [name, publishedSet(members)])),
      regulators: new Map([['regulator', { organisation: INSURER, escrowKey: { x, y } }]]),
      directory: { leaves, root: tree.root, recentRoots: [], tree },
    }
  }

  situation(change: Partial<Situation> = {}): Situation {
    const provingKeys = Object.fromEntries(Object.entries(this.keys).map(([shape, { provingKey }]) => [shape, provingKey]))
    return { view: this.view, statusList: (listId) => this.lists.get(listId), now: this.now, provingKeys, ...change }
  }
}

function publishedSet(members: Json[]) {
  const set: MemberSet = parseMembers({ as: 'code' }, members, 'MALFORMED')
  return { owner: INSURER, of: 'code' as const, members, set, root: set.root, recentRoots: [] }
}
