/**
 * The prover's service: inside the holder's own organisation, since it holds the wallet.
 *
 *     const prover = createProverService({ directory, registry, verify: verifyAnswer, artefacts, tokens })
 *     const server = await listen(prover.app, { port: 4200 })
 *     …
 *     await prover.close(); await server.close()     // the proof under way comes to its end first
 *
 * Tokens have roles: `view` sees credentials, requests and failures, `approve` decides about requests and looks after the wallet,
 * `prove` has approved requests proved. A token's name is the tenant: its jobs and answers are nobody else's.
 */

import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Express, Response } from 'express'
import type { Logger } from 'pino'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { StatusList } from '../credential/status-list.ts'
import { refuse } from '../errors/errors.ts'
import { type Field, printField } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import type { Digest } from '../hash/digest.ts'
import { createApp, type HttpContext } from '../http/app.ts'
import { callerOf, type Token } from '../http/auth.ts'
import { jsonBody, objectBody } from '../http/body.ts'
import { loggable } from '../http/problem.ts'
import { type ShapeName, SHAPES } from '../shape/shapes.ts'
import { answerJson, parseAnswer, type Submission } from '../shape/submission.ts'
import type { View } from '../view/view.ts'
import { Answers, type GivenAnswer } from './answers.ts'
import { proverApi } from './api.ts'
import { Approvals, type AutomaticApproval, type KnownRequest } from './approvals.ts'
import { type Ended, Jobs, type Running } from './jobs.ts'
import { pickUp } from './pick-up.ts'
import { type PoolOptions, ProvingPool } from './pool.ts'
import { makeAnswer } from './proof.ts'
import type { Artefacts } from './protocol.ts'
import { type Cost, DEFAULT_COST } from './sealed.ts'
import { materialFor, type Preparation, prepare, requireCandidate, type Situation } from './select.ts'
import { WalletFile } from './wallet-file.ts'
import type { StoredCredential } from './wallet.ts'

export type ProverRole = 'view' | 'approve' | 'prove'

/** The registry, as a wallet needs it. What it returns has been checked against the registry's log key. */
export interface RegistryLink {
  view(): Promise<View>
  /** The status lists of all issuers of a schema at once, by list id, so that asking betrays nothing. */
  statusLists(schemaId: Field): Promise<ReadonlyMap<Field, StatusList>>
  /** @returns the receipt */
  submit(submission: Submission): Promise<Json>
}

export interface ProverServiceOptions {
  /** Holds wallet.json and answers/. */
  readonly directory: string
  readonly registry: RegistryLink
  /** Checks an answer as its verifier will (`verifyAnswer`); throws when it does not hold. */
  readonly verify: (check: { readonly answer: Json; readonly request: Json; readonly view: View; readonly now: number }) => Promise<unknown>
  /** Where the proving artefacts of each shape lie, or will lie. */
  readonly artefacts: Readonly<Partial<Record<ShapeName, Artefacts>>>
  readonly tokens: readonly (Token & { readonly roles: readonly ProverRole[] })[]
  /** Requests that need nobody's approval. Default none. */
  readonly automatic?: readonly AutomaticApproval[]
  /** Already open; else `POST /wallet` or `POST /wallet/unlock` opens it. */
  readonly wallet?: WalletFile
  readonly pool?: PoolOptions
  readonly version?: string
  /** Takes the audit lines too: one a proof, without any value. */
  readonly logger?: Logger
  readonly requestsPerMinute?: number
  /** Of the wallet's password; only tests make it less. */
  readonly cost?: Cost
  /** Seconds since 1970; for tests. */
  readonly now?: () => number
}

export interface ProverService {
  readonly app: Express
  /** Takes no further proofs, lets what runs finish for at most `graceMs` (default 30 s), ends the workers. */
  close(graceMs?: number): Promise<void>
}

/** @throws Refusal as `createApp` does */
export function createProverService(options: ProverServiceOptions): ProverService {
  const service = new Service(options)
  const app = createApp({
    name: 'prover',
    api: proverApi(options.version ?? '0.1.0'),
    tokens: options.tokens,
    ...(options.requestsPerMinute === undefined ? {} : { requestsPerMinute: options.requestsPerMinute }),
    ...(options.logger === undefined ? {} : { logger: options.logger }),
    ready: () => !service.closing,
    routes: (router, http) => service.routes(router, http),
  })
  return { app, close: (graceMs) => service.close(graceMs) }
}

type Members = Readonly<Record<string, Json | undefined>>

const QUEUE = 16

class Service {
  closing = false
  private readonly options: ProverServiceOptions
  private readonly pool: ProvingPool
  private readonly jobs: Jobs
  private readonly approvals: Approvals
  private readonly provingKeys = new Map<ShapeName, Promise<string>>()
  private wallet: WalletFile | undefined
  private proofs: { results: Counter; seconds: Histogram } | undefined

  constructor(options: ProverServiceOptions) {
    const { workers = 1, queue = QUEUE } = options.pool ?? {}
    this.options = options
    this.pool = new ProvingPool({ ...options.pool, queue: workers + queue })
    this.jobs = new Jobs(workers + queue, () => this.now())
    this.approvals = new Approvals(options.automatic ?? [])
    this.wallet = options.wallet
  }

  routes(app: Express, { allow, metrics }: HttpContext): void {
    this.measure(metrics)
    const everybody = allow('view', 'approve', 'prove')
    const small = jsonBody({ bytes: 16_384 })
    app.get('/wallet', everybody, (_request, response) => void response.json(this.walletState()))
    app.post('/wallet', allow('approve'), small, async (request, response) => {
      this.wallet = await WalletFile.create(this.path('wallet.json'), password(objectBody(request)), this.options.cost ?? DEFAULT_COST)
      response.status(201).json(this.walletState())
    })
    app.post('/wallet/unlock', allow('approve'), small, async (request, response) => {
      this.wallet = await WalletFile.open(this.path('wallet.json'), password(objectBody(request)))
      response.json(this.walletState())
    })
    app.post('/wallet/lock', allow('approve'), (_request, response) => {
      this.wallet = undefined
      response.json(this.walletState())
    })
    app.get('/wallet/holder-ids/:issuer', allow('view', 'approve'), (request, response) => void response.json({ holderId: printField(this.open().wallet.holderIdAt(request.params.issuer as string)) }))
    app.get('/credentials', allow('view', 'approve'), (_request, response) => void response.json({ credentials: this.open().wallet.credentials.map(summary) }))
    app.get('/credentials/:id', allow('view', 'approve'), (request, response) => void response.json(this.credential(request.params.id as string)))
    app.post('/credentials', allow('approve'), jsonBody(), async (request, response) => void response.status(201).json(await this.addCredential(objectBody(request))))
    app.delete('/credentials/:id', allow('approve'), async (request, response) => {
      await this.open().change((wallet) => wallet.without(request.params.id as string))
      response.status(204).end()
    })
    app.post('/requests', everybody, jsonBody(), async (request, response) => void response.status(201).json(await this.receive(tenantOf(response), objectBody(request))))
    app.get('/requests', allow('approve'), (_request, response) => void response.json({ requests: this.approvals.undecided().map(requestSummary) }))
    app.get('/requests/:digest', everybody, async (request, response) => void response.json(await this.explain(this.visible(request.params.digest as string, response))))
    app.post('/requests/:digest/approve', allow('approve'), small, (request, response) => {
      const { credentials } = objectBody(request)
      response.json(requestSummary(this.approvals.decide(request.params.digest as string, 'approved', credentials === undefined ? undefined : choiceOf(credentials))))
    })
    app.post('/requests/:digest/decline', allow('approve'), (request, response) => void response.json(requestSummary(this.approvals.decide(request.params.digest as string, 'declined'))))
    app.post('/proofs', allow('prove'), small, (request, response) => void response.status(202).json(this.start(tenantOf(response), objectBody(request))))
    app.get('/proofs/:id', allow('prove'), (request, response) => void response.json(this.jobs.status(tenantOf(response), request.params.id as string)))
    app.delete('/proofs/:id', allow('prove'), async (request, response) => void response.json(await this.jobs.cancel(tenantOf(response), request.params.id as string)))
    app.get('/answers', allow('prove'), async (_request, response) => void response.json({ answers: (await this.answers().list(tenantOf(response))).map(answerSummary) }))
    app.get('/answers/:id', allow('prove'), async (request, response) => void response.json(await this.answers().get(tenantOf(response), request.params.id as string)))
    app.post('/answers/:id/submit', allow('prove'), async (request, response) => void response.json(await this.submit(tenantOf(response), request.params.id as string)))
  }

  async close(graceMs?: number): Promise<void> {
    this.closing = true
    await Promise.all([this.jobs.close(), this.pool.close(graceMs)])
  }

  private walletState(): Json {
    return { exists: existsSync(this.path('wallet.json')), unlocked: this.wallet !== undefined, credentials: this.wallet?.wallet.credentials.length ?? null }
  }

  private credential(id: string): Json {
    const stored = this.open().wallet.credentials.find((one) => one.id === id) ?? refuse('NOT_FOUND', 'the wallet has no such credential')
    return { ...summary(stored), document: stored.checked.document.json }
  }

  private async addCredential({ credential, issuer, code }: Members): Promise<Json> {
    const file = this.open()
    const fetched = credential ?? (await pickUp(text(issuer, '/issuer'), text(code, '/code'), (organisation) => file.wallet.holderIdAt(organisation)))
    const schemaId = (fetched as { schema?: unknown } | null)?.schema
    const { schemas } = await this.options.registry.view()
    const schema = (typeof schemaId === 'string' ? schemas.get(schemaId) : undefined) ?? refuse('UNKNOWN_SCHEMA', 'the schema of the credential is not registered')
    await file.change((wallet) => wallet.with(fetched, schema))
    const { commitment } = fetched as { commitment: string }
    return summary(file.wallet.credentials.find(({ checked }) => checked.credential.commitment === commitment) ?? refuse('NOT_FOUND', 'the credential was removed at once'))
  }

  private async receive(tenant: string, { request, members }: Members): Promise<Json> {
    if (request === undefined) return refuse('MALFORMED', 'not a request', [{ path: '/request', expected: 'a signed request', got: 'nothing' }])
    if (!isList(members)) return refuse('MALFORMED', 'not the members of a set', [{ path: '/members', expected: 'an array', got: typeof members }])
    const preparation = await this.prepare(request, members)
    const { digest, request: body } = preparation.asked
    const checked = { digest, envelope: request, request: body, ...(members && { members }) }
    return explanation(this.approvals.add(tenant, checked, this.now()), preparation)
  }

  private async explain(known: KnownRequest): Promise<Json> {
    return explanation(known, await this.prepare(known.envelope, known.members))
  }

  private visible(digest: string, response: Response): KnownRequest {
    const tenant = tenantOf(response)
    const approves = this.options.tokens.some(({ name, roles }) => name === tenant && roles.includes('approve'))
    return this.approvals.get(digest, approves ? undefined : tenant)
  }

  private start(tenant: string, { request, credentials }: Members): Json {
    this.open()
    const known = this.approvals.requireApproved(text(request, '/request'), tenant)
    const choice = known.credentials ?? (credentials === undefined ? undefined : choiceOf(credentials))
    const begun = performance.now()
    const onEnd = (ended: Ended): void => this.audit(known, tenant, ended, Math.round(performance.now() - begun))
    return { ...this.jobs.start(tenant, (running) => this.prove(known, tenant, choice, running), onEnd) }
  }

  private async prove(known: KnownRequest, tenant: string, choice: Readonly<Record<string, string>> | undefined, { id, signal, onStart }: Running): Promise<void> {
    const file = this.open()
    const preparation = await this.prepare(known.envelope, known.members)
    const material = materialFor(preparation, requireCandidate(preparation, choice), file.wallet)
    const prove = (shape: ShapeName, inputs: Parameters<ProvingPool['prove']>[0]['inputs']) =>
      this.pool.prove({ shape, artefacts: this.artefacts(shape), inputs, publics: SHAPES[shape].publicInputs.length }, { signal, onStart })
    const { view } = preparation.situation
    const answer = await makeAnswer(material, { prove }, async (made) => void (await this.options.verify({ answer: answerJson(made), request: known.envelope, view, now: this.now() })))
    const { verifier, statement } = known.request
    const given: GivenAnswer = { id, tenant, at: this.now(), verifier, statement, request: known.digest, answer: answerJson(answer), receipt: null }
    await new Answers(this.path('answers'), file).put(given)
  }

  private async submit(tenant: string, id: string): Promise<Json> {
    const answers = this.answers()
    const given = await answers.get(tenant, id)
    const receipt = await this.options.registry.submit(parseAnswer(given.answer).submission)
    await answers.put({ ...given, receipt })
    return { receipt }
  }

  private async prepare(request: Json, members?: readonly Json[]): Promise<Preparation> {
    return prepare(request, this.open().wallet, await this.situation(request, members))
  }

  private async situation(request: Json, members: readonly Json[] | undefined): Promise<Situation> {
    const view = await this.options.registry.view()
    const digest = (request as { body?: { statement?: Digest } } | null)?.body?.statement
    const registered = digest === undefined ? undefined : view.statements.get(digest)
    const schemas = new Set(Object.values(registered?.statement.schemas ?? {}).map(({ id }) => id))
    const lists = await Promise.all([...schemas].map((id) => this.options.registry.statusLists(id)))
    return {
      view,
      statusList: (listId) => lists.map((byId) => byId.get(listId)).find((list) => list !== undefined),
      now: this.now(),
      provingKeys: await this.keysHere(),
      ...(members && { members }),
    }
  }

  /** Keys can come while the service runs: the setup of a large shape takes minutes. */
  private async keysHere(): Promise<Partial<Record<ShapeName, string>>> {
    const names = Object.keys(SHAPES) as ShapeName[]
    const entries = names.flatMap((shape) => {
      const { zkey } = this.options.artefacts[shape] ?? {}
      if (!this.provingKeys.has(shape) && zkey !== undefined && existsSync(zkey)) this.provingKeys.set(shape, sha256OfFile(zkey))
      const known = this.provingKeys.get(shape)
      return known ? [known.then((hash) => [shape, hash] as const)] : []
    })
    return Object.fromEntries(await Promise.all(entries))
  }

  private artefacts(shape: ShapeName): Artefacts {
    return this.options.artefacts[shape] ?? refuse('NOT_READY', `no proving artefacts for the shape ${shape}`)
  }

  /** @throws Refusal NOT_READY while the wallet is locked */
  private open(): WalletFile {
    return this.wallet ?? refuse('NOT_READY', 'the wallet is locked')
  }

  private answers(): Answers {
    return new Answers(this.path('answers'), this.open())
  }

  /** Who had what proved to whom, when and with what result; no value. */
  private audit({ digest, request: { verifier, statement } }: KnownRequest, tenant: string, { id, state, code, failure }: Ended, ms: number): void {
    const result = code ?? state
    this.options.logger?.info({ audit: 'proof', id, tenant, verifier, statement, request: digest, result, ms }, 'proof')
    if (failure !== undefined) this.options.logger?.error({ id, ...loggable(failure) }, 'failed')
    this.proofs?.results.inc({ result })
    this.proofs?.seconds.observe(ms / 1000)
  }

  private measure(metrics: Registry): void {
    const { jobs, pool } = this
    const registers = [metrics]
    this.proofs = {
      results: new Counter({ name: 'prover_proofs_total', help: 'Proofs by result: done, or the code of the refusal', labelNames: ['result'], registers }),
      seconds: new Histogram({ name: 'prover_proof_seconds', help: 'From asking for a proof to its end', registers, buckets: [0.5, 1, 2, 4, 8, 16, 32, 64] }),
    }
    new Gauge({ name: 'prover_jobs', help: 'Proofs under way, waiting ones included', registers, collect: function () { this.set(jobs.active) } })
    new Gauge({ name: 'prover_workers_busy', help: 'Workers that prove', registers, collect: function () { this.set(pool.state.running) } })
  }

  private path(name: string): string {
    return join(this.options.directory, name)
  }

  private now(): number {
    return this.options.now?.() ?? Math.floor(Date.now() / 1000)
  }
}

function tenantOf(response: Response): string {
  return callerOf(response) ?? refuse('UNAUTHENTICATED', 'a bearer token is needed')
}

function summary({ id, checked }: StoredCredential) {
  const { schema, issuerOrg, issuedAt, expiresAt } = checked
  return { id, schema: schema.name, title: schema.title, issuer: issuerOrg, issuedAt, expiresAt }
}

function requestSummary({ digest, request, decision, credentials }: KnownRequest): Json {
  const { verifier, statement, expires } = request
  return { request: digest, verifier, statement, expires, decision, ...(credentials && { credentials }) }
}

function explanation(known: KnownRequest, { asked, explanation: sentences, registryLearns, candidates, failures }: Preparation): Json {
  return {
    ...(requestSummary(known) as object),
    verifierName: asked.verifier.name,
    explanation: sentences as unknown as Json,
    registryLearns,
    candidates: candidates.map(({ credentials, hiddenAmong }) => ({ credentials, hiddenAmong })),
    failures: failures as unknown as Json,
  }
}

function answerSummary({ id, at, verifier, statement, request, receipt }: GivenAnswer): Json {
  return { id, at, verifier, statement, request, submitted: receipt !== null }
}

function password(body: Members): string {
  return text(body['password'], '/password')
}

function text(value: Json | undefined, path: string): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= 4096) return value
  return refuse('MALFORMED', 'a member is missing', [{ path, expected: 'text', got: value === undefined ? 'nothing' : typeof value }])
}

function isList(value: Json | undefined): value is readonly Json[] | undefined {
  return value === undefined || Array.isArray(value)
}

function choiceOf(value: Json): Readonly<Record<string, string>> {
  const isChoice = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every((id) => typeof id === 'string')
  return isChoice ? (value as Record<string, string>) : refuse('MALFORMED', 'not a choice of credentials', [{ path: '/credentials', expected: "the wallet's ids by the documents' names", got: typeof value }])
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
