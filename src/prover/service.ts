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

import type { Express, Request, Response } from 'express'
import type { Logger } from 'pino'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { refuse } from '../errors/errors.ts'
import { printField } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import { createApp, type HttpContext } from '../http/app.ts'
import { callerOf, type Token } from '../http/auth.ts'
import { jsonBody, objectBody } from '../http/body.ts'
import { loggable } from '../http/problem.ts'
import type { GivenAnswer } from './answers.ts'
import { proverApi } from './api.ts'
import type { KnownRequest } from './approvals.ts'
import { type AuditRecord, type Choice, Desk, type DeskOptions } from './desk.ts'
import type { Preparation } from './select.ts'
import type { StoredCredential } from './wallet.ts'

export type { RegistryLink } from './desk.ts'

export type ProverRole = 'view' | 'approve' | 'prove'

export interface ProverServiceOptions extends DeskOptions {
  readonly tokens: readonly (Token & { readonly roles: readonly ProverRole[] })[]
  readonly version?: string
  /** Takes the audit lines too: one a proof. */
  readonly logger?: Logger
  readonly requestsPerMinute?: number
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
    ready: () => !service.desk.closing,
    routes: (router, http) => service.routes(router, http),
  })
  return { app, close: (graceMs) => service.desk.close(graceMs) }
}

type Members = Readonly<Record<string, Json | undefined>>

const SMALL = { bytes: 16_384 }

class Service {
  readonly desk: Desk
  private readonly options: ProverServiceOptions
  private proofs: { results: Counter; seconds: Histogram } | undefined

  constructor(options: ProverServiceOptions) {
    this.options = options
    this.desk = new Desk(options, (record) => this.audit(record))
  }

  routes(app: Express, http: HttpContext): void {
    this.measure(http.metrics)
    this.walletRoutes(app, http)
    this.credentialRoutes(app, http)
    this.requestRoutes(app, http)
    this.proofRoutes(app, http)
    this.answerRoutes(app, http)
  }

  private walletRoutes(app: Express, { allow }: HttpContext): void {
    const { desk } = this
    app.get('/wallet', allow('view', 'approve', 'prove'), (_request, response) => void response.json(desk.walletState))
    app.post('/wallet', allow('approve'), jsonBody(SMALL), async (request, response) => {
      await desk.createWallet(text(objectBody(request), 'password'))
      response.status(201).json(desk.walletState)
    })
    app.post('/wallet/unlock', allow('approve'), jsonBody(SMALL), async (request, response) => {
      await desk.unlock(text(objectBody(request), 'password'))
      response.json(desk.walletState)
    })
    app.post('/wallet/lock', allow('approve'), (_request, response) => {
      desk.lock()
      response.json(desk.walletState)
    })
    app.get('/wallet/holder-ids/:issuer', allow('view', 'approve'), (request, response) => {
      response.json({ holderId: printField(desk.open().wallet.holderIdAt(named(request, 'issuer'))) })
    })
  }

  private credentialRoutes(app: Express, { allow }: HttpContext): void {
    const { desk } = this
    app.get('/credentials', allow('view', 'approve'), (_request, response) => void response.json({ credentials: desk.open().wallet.credentials.map(credentialSummary) }))
    app.post('/credentials', allow('approve'), jsonBody(), async (request, response) => {
      const body = objectBody(request)
      const stored = await (body['credential'] === undefined ? desk.pickUp(text(body, 'issuer'), text(body, 'code')) : desk.addCredential(body['credential']))
      response.status(201).json(credentialSummary(stored))
    })
    app.get('/credentials/:id', allow('view', 'approve'), (request, response) => {
      const stored = desk.credential(named(request, 'id'))
      response.json({ ...credentialSummary(stored), document: stored.checked.document.json })
    })
    app.delete('/credentials/:id', allow('approve'), async (request, response) => {
      await desk.open().change((wallet) => wallet.without(named(request, 'id')))
      response.status(204).end()
    })
  }

  private requestRoutes(app: Express, { allow }: HttpContext): void {
    const { desk } = this
    app.post('/requests', allow('view', 'approve', 'prove'), jsonBody(), async (request, response) => {
      const { request: envelope, members } = objectBody(request)
      if (envelope === undefined) refuse('MALFORMED', 'not a request', [{ path: '/request', expected: 'a signed request', got: 'nothing' }])
      const { known, preparation } = await desk.receive(tenantOf(response), envelope as Json, listOf(members))
      response.status(201).json(explanation(known, preparation))
    })
    app.get('/requests', allow('approve'), (_request, response) => void response.json({ requests: desk.approvals.undecided().map(requestSummary) }))
    app.get('/requests/:digest', allow('view', 'approve', 'prove'), async (request, response) => {
      const tenant = tenantOf(response)
      const known = desk.approvals.get(named(request, 'digest'), this.approves(tenant) ? undefined : tenant)
      response.json(explanation(known, await desk.explain(known)))
    })
    app.post('/requests/:digest/approve', allow('approve'), jsonBody(SMALL), (request, response) => {
      response.json(requestSummary(desk.approvals.decide(named(request, 'digest'), 'approved', choiceOf(objectBody(request)))))
    })
    app.post('/requests/:digest/decline', allow('approve'), (request, response) => void response.json(requestSummary(desk.approvals.decide(named(request, 'digest'), 'declined'))))
  }

  private proofRoutes(app: Express, { allow }: HttpContext): void {
    const { desk } = this
    app.post('/proofs', allow('prove'), jsonBody(SMALL), (request, response) => {
      const body = objectBody(request)
      response.status(202).json(desk.start(tenantOf(response), text(body, 'request'), choiceOf(body)))
    })
    app.get('/proofs/:id', allow('prove'), (request, response) => void response.json(desk.jobs.status(tenantOf(response), named(request, 'id'))))
    app.delete('/proofs/:id', allow('prove'), async (request, response) => void response.json(await desk.jobs.cancel(tenantOf(response), named(request, 'id'))))
  }

  private answerRoutes(app: Express, { allow }: HttpContext): void {
    const { desk } = this
    app.get('/answers', allow('prove'), async (_request, response) => void response.json({ answers: (await desk.answers().list(tenantOf(response))).map(answerSummary) }))
    app.get('/answers/:id', allow('prove'), async (request, response) => {
      const given = await desk.answers().get(tenantOf(response), named(request, 'id'))
      response.json({ ...answerSummary(given), answer: given.answer, receipt: given.receipt })
    })
    app.post('/answers/:id/submit', allow('prove'), async (request, response) => void response.json({ receipt: await desk.submit(tenantOf(response), named(request, 'id')) }))
  }

  private approves(tenant: string): boolean {
    return this.options.tokens.some(({ name, roles }) => name === tenant && roles.includes('approve'))
  }

  private audit({ tenant, known: { digest, request }, ended: { id, state, code, failure }, ms }: AuditRecord): void {
    const { logger } = this.options
    const { verifier, statement } = request
    const result = code ?? state
    logger?.info({ audit: 'proof', id, tenant, verifier, statement, request: digest, result, ms }, 'proof')
    if (failure !== undefined) logger?.error({ id, ...loggable(failure) }, 'failed')
    this.proofs?.results.inc({ result })
    this.proofs?.seconds.observe(ms / 1000)
  }

  private measure(metrics: Registry): void {
    const { jobs, pool } = this.desk
    const registers = [metrics]
    this.proofs = {
      results: new Counter({ name: 'prover_proofs_total', help: 'Proofs by result: done, or the code of the refusal', labelNames: ['result'], registers }),
      seconds: new Histogram({ name: 'prover_proof_seconds', help: 'From asking for a proof to its end', registers, buckets: [0.5, 1, 2, 4, 8, 16, 32, 64] }),
    }
    const gauge = (name: string, help: string, value: () => number) => new Gauge({ name, help, registers, collect: function () { this.set(value()) } })
    gauge('prover_jobs', 'Proofs under way, waiting ones included', () => jobs.active)
    gauge('prover_workers_busy', 'Workers that prove', () => pool.state.running)
  }
}

function tenantOf(response: Response): string {
  return callerOf(response) ?? refuse('UNAUTHENTICATED', 'a bearer token is needed')
}

function named(request: Request, parameter: string): string {
  const value = request.params[parameter]
  return typeof value === 'string' ? value : refuse('MALFORMED', 'not one name')
}

function credentialSummary({ id, checked: { schema, issuerOrg, issuedAt, expiresAt } }: StoredCredential) {
  return { id, schema: schema.name, title: schema.title, issuer: issuerOrg, issuedAt, expiresAt }
}

function requestSummary({ digest, request: { verifier, statement, expires }, decision, credentials }: KnownRequest) {
  return { request: digest, verifier, statement, expires, decision, ...(credentials && { credentials }) }
}

function explanation(known: KnownRequest, { asked, explanation: sentences, registryLearns, candidates, failures }: Preparation) {
  return {
    ...requestSummary(known),
    verifierName: asked.verifier.name,
    explanation: sentences,
    registryLearns,
    candidates: candidates.map(({ credentials, hiddenAmong }) => ({ credentials, hiddenAmong })),
    failures,
  }
}

function answerSummary({ id, at, verifier, statement, request, receipt }: GivenAnswer) {
  return { id, at, verifier, statement, request, submitted: receipt !== null }
}

function text(body: Members, name: string): string {
  const value = body[name]
  if (typeof value === 'string' && value.length > 0 && value.length <= 4096) return value
  return refuse('MALFORMED', 'a member is missing', [{ path: `/${name}`, expected: 'text', got: value === undefined ? 'nothing' : typeof value }])
}

function listOf(value: Json | undefined): readonly Json[] | undefined {
  return value === undefined || Array.isArray(value) ? value : refuse('MALFORMED', 'not the members of a set', [{ path: '/members', expected: 'an array', got: typeof value }])
}

function choiceOf({ credentials: value }: Members): Choice | undefined {
  const isChoice = value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every((id) => typeof id === 'string'))
  return isChoice ? (value as Choice | undefined) : refuse('MALFORMED', 'not a choice of credentials', [{ path: '/credentials', expected: "the wallet's ids by the documents' names", got: typeof value }])
}
