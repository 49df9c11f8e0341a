/**
 * The holder's desk: the open wallet, requests and their approval, proofs under way, answers given. What the service does, without
 * its HTTP.
 */

import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { StatusList } from '../credential/status-list.ts'
import { refuse } from '../errors/errors.ts'
import type { Field } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import type { Digest } from '../hash/digest.ts'
import { type ShapeName, SHAPES } from '../shape/shapes.ts'
import { answerJson, parseAnswer, type Submission } from '../shape/submission.ts'
import type { View } from '../view/view.ts'
import { Answers, type GivenAnswer } from './answers.ts'
import { Approvals, type AutomaticApproval, type KnownRequest } from './approvals.ts'
import type { Situation } from './asked.ts'
import { type Ended, Jobs, type JobStatus, type Running } from './jobs.ts'
import { pickUp } from './pick-up.ts'
import { type PoolOptions, ProvingPool } from './pool.ts'
import { makeAnswer } from './proof.ts'
import type { Artefacts } from './protocol.ts'
import { type Cost, DEFAULT_COST } from './sealed.ts'
import { materialFor, type Preparation, prepare, requireCandidate } from './select.ts'
import { WalletFile } from './wallet-file.ts'
import type { StoredCredential } from './wallet.ts'

/** The registry, as a wallet needs it. */
export interface RegistryLink {
  /** Checked against the log key that the holder trusts. */
  view(): Promise<View>
  /** The status lists of all issuers of a schema at once, by list id, so that asking betrays nothing. */
  statusLists(schemaId: Field): Promise<ReadonlyMap<Field, StatusList>>
  /** @returns the receipt as it came */
  submit(submission: Submission): Promise<Json>
}

/** An answer to be checked as its verifier will: with a receipt, once the registry has it. */
export interface OwnAnswer {
  readonly answer: Json
  readonly request: Json
  readonly view: View
  /** Seconds. */
  readonly now: number
  readonly receipt?: Json
}

export interface DeskOptions {
  /** Holds wallet.json and answers/. */
  readonly directory: string
  readonly registry: RegistryLink
  /** `verifyAnswer`; throws when the answer does not hold. */
  readonly verify: (answer: OwnAnswer) => Promise<unknown>
  /** Where the proving artefacts of each shape lie, or will lie. */
  readonly artefacts: Readonly<Partial<Record<ShapeName, Artefacts>>>
  /** Requests that need nobody's approval. Default none. */
  readonly automatic?: readonly AutomaticApproval[]
  /** Already open. */
  readonly wallet?: WalletFile
  readonly pool?: PoolOptions
  /** Of the wallet's password; only tests make it less. */
  readonly cost?: Cost
  /** Seconds since 1970; for tests. */
  readonly now?: () => number
}

/** A proof that has ended: who had what proved to whom, when and with what result; no value. */
export interface AuditRecord {
  readonly tenant: string
  readonly known: KnownRequest
  readonly ended: Ended
  readonly ms: number
}

/** The wallet's credential ids by the documents' names. */
export type Choice = Readonly<Record<string, string>>

const QUEUE = 16

export class Desk {
  readonly approvals: Approvals
  readonly jobs: Jobs
  readonly pool: ProvingPool
  #wallet: WalletFile | undefined
  #closing = false
  readonly #options: DeskOptions
  readonly #provingKeys = new Map<ShapeName, Promise<string>>()
  readonly #audit: (record: AuditRecord) => void

  constructor(options: DeskOptions, audit: (record: AuditRecord) => void) {
    const { workers = 1, queue = QUEUE } = options.pool ?? {}
    this.#options = options
    this.#audit = audit
    this.#wallet = options.wallet
    this.approvals = new Approvals(options.automatic ?? [])
    this.jobs = new Jobs(workers + queue, () => this.#now())
    // The jobs are what is bounded; each of them must find its place here.
    this.pool = new ProvingPool({ ...options.pool, queue: workers + queue })
  }

  get closing(): boolean {
    return this.#closing
  }

  get walletState(): { exists: boolean; unlocked: boolean; credentials: number | null } {
    return { exists: existsSync(this.#path('wallet.json')), unlocked: this.#wallet !== undefined, credentials: this.#wallet?.wallet.credentials.length ?? null }
  }

  /** @throws Refusal EXISTS, MALFORMED, STORAGE */
  async createWallet(password: string): Promise<void> {
    this.#wallet = await WalletFile.create(this.#path('wallet.json'), password, this.#options.cost ?? DEFAULT_COST)
  }

  /** @throws Refusal NOT_FOUND, KEY_INVALID, UNAUTHENTICATED, CORRUPT */
  async unlock(password: string): Promise<void> {
    this.#wallet = await WalletFile.open(this.#path('wallet.json'), password)
  }

  lock(): void {
    this.#wallet = undefined
  }

  /** @throws Refusal NOT_READY while the wallet is locked */
  open(): WalletFile {
    return this.#wallet ?? refuse('NOT_READY', 'the wallet is locked')
  }

  /** @throws Refusal NOT_FOUND */
  credential(id: string): StoredCredential {
    return this.open().wallet.credentials.find((one) => one.id === id) ?? refuse('NOT_FOUND', 'the wallet has no such credential')
  }

  /** Adds a credential file. @throws Refusal UNKNOWN_SCHEMA, CREDENTIAL_INVALID, STORAGE */
  async addCredential(json: Json): Promise<StoredCredential> {
    const file = this.open()
    const id = (json as { schema?: unknown } | null)?.schema
    const { schemas } = await this.#options.registry.view()
    const schema = (typeof id === 'string' ? schemas.get(id) : undefined) ?? refuse('UNKNOWN_SCHEMA', 'the schema of the credential is not registered')
    await file.change((wallet) => wallet.with(json, schema))
    const { commitment } = json as { commitment: string }
    return file.wallet.credentials.find(({ checked }) => checked.credential.commitment === commitment) ?? refuse('NOT_FOUND', 'the credential was removed at once')
  }

  /** Fetches a credential from its issuer and adds it. @throws Refusal as `pickUp` and `addCredential` do */
  async pickUp(issuerUrl: string, code: string): Promise<StoredCredential> {
    const { wallet } = this.open()
    return this.addCredential(await pickUp(issuerUrl, code, (organisation) => wallet.holderIdAt(organisation)))
  }

  /** Checks a request, remembers it and says what could answer it. @throws Refusal as `prepare` does, BUSY */
  async receive(tenant: string, envelope: Json, members?: readonly Json[]): Promise<{ known: KnownRequest; preparation: Preparation }> {
    const preparation = await this.#prepare(envelope, members)
    const { digest, request } = preparation.asked
    const known = this.approvals.add(tenant, { digest, envelope, request, ...(members && { members }) }, this.#now())
    return { known, preparation }
  }

  /** What a known request means as things stand now. */
  explain({ envelope, members }: KnownRequest): Promise<Preparation> {
    return this.#prepare(envelope, members)
  }

  /** Starts proving. @throws Refusal NOT_READY, NOT_FOUND, DECLINED, BUSY */
  start(tenant: string, request: string, choice?: Choice): JobStatus {
    this.open()
    const known = this.approvals.requireApproved(request, tenant)
    const begun = performance.now()
    return this.jobs.start(
      tenant,
      (running) => this.#prove(known, tenant, known.credentials ?? choice, running),
      (ended) => this.#audit({ tenant, known, ended, ms: Math.round(performance.now() - begun) }),
    )
  }

  /** Has the registry record an answer's proof, and keeps the receipt, checked. Once is enough. */
  async submit(tenant: string, id: string): Promise<Json> {
    const answers = this.answers()
    const given = await answers.get(tenant, id)
    if (given.receipt !== null) return given.receipt
    const receipt = await this.#options.registry.submit(parseAnswer(given.answer).submission)
    const view = await this.#options.registry.view()
    await this.#options.verify({ answer: given.answer, request: given.signedRequest, view, now: this.#now(), receipt })
    await answers.put({ ...given, receipt })
    return receipt
  }

  answers(): Answers {
    return new Answers(this.#path('answers'), this.open())
  }

  /** Takes no further proofs and lets what runs finish for at most `graceMs`. */
  async close(graceMs?: number): Promise<void> {
    this.#closing = true
    await Promise.all([this.jobs.close(), this.pool.close(graceMs)])
  }

  async #prove(known: KnownRequest, tenant: string, choice: Choice | undefined, { id, signal, onStart }: Running): Promise<void> {
    const file = this.open()
    const preparation = await this.#prepare(known.envelope, known.members)
    const material = materialFor(preparation, requireCandidate(preparation, choice), file.wallet)
    const artefacts = this.#options.artefacts[material.asked.pinned.shape] ?? refuse('NOT_READY', 'there are no proving artefacts for this shape')
    const circuit = { prove: (shape: ShapeName, inputs: Parameters<ProvingPool['prove']>[0]['inputs']) => this.pool.prove({ shape, artefacts, inputs, publics: SHAPES[shape].publicInputs.length }, { signal, onStart }) }
    const { view } = preparation.situation
    const answer = await makeAnswer(material, circuit, async (made) => void (await this.#options.verify({ answer: answerJson(made), request: known.envelope, view, now: this.#now() })))
    const { verifier, statement } = known.request
    const given: GivenAnswer = { id, tenant, at: this.#now(), verifier, statement, request: known.digest, signedRequest: known.envelope, answer: answerJson(answer), receipt: null }
    await new Answers(this.#path('answers'), file).put(given)
  }

  /** Looks again when a status list was published between the view and the lists. */
  async #prepare(envelope: Json, members: readonly Json[] | undefined): Promise<Preparation> {
    const { wallet } = this.open()
    for (let attempt = 1; ; attempt++) {
      const preparation = prepare(envelope, wallet, await this.#situation(envelope, members))
      const between = preparation.candidates.length === 0 && preparation.failures.some(({ code }) => code === 'UNKNOWN_LIST')
      if (!between || attempt === 3) return preparation
    }
  }

  async #situation(envelope: Json, members: readonly Json[] | undefined): Promise<Situation> {
    const { registry } = this.#options
    const view = await registry.view()
    const digest = (envelope as { body?: { statement?: Digest } } | null)?.body?.statement
    const { schemas = {} } = (digest === undefined ? undefined : view.statements.get(digest)?.statement) ?? {}
    const lists = await Promise.all([...new Set(Object.values(schemas).map(({ id }) => id))].map((id) => registry.statusLists(id)))
    return {
      view,
      statusList: (listId) => lists.map((byId) => byId.get(listId)).find((list) => list !== undefined),
      now: this.#now(),
      provingKeys: await this.#keysHere(),
      ...(members && { members }),
    }
  }

  /** Keys can come while the service runs: the setup of a large shape takes minutes. */
  async #keysHere(): Promise<Partial<Record<ShapeName, string>>> {
    for (const shape of Object.keys(SHAPES) as ShapeName[]) {
      const { zkey } = this.#options.artefacts[shape] ?? {}
      if (zkey !== undefined && !this.#provingKeys.has(shape) && existsSync(zkey)) this.#provingKeys.set(shape, sha256OfFile(zkey))
    }
    return Object.fromEntries(await Promise.all([...this.#provingKeys].map(async ([shape, hash]) => [shape, await hash])))
  }

  #path(name: string): string {
    return join(this.#options.directory, name)
  }

  #now(): number {
    return this.#options.now?.() ?? Math.floor(Date.now() / 1000)
  }
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
