/**
 * The issuer's service, an organisation's own. Its answers never hold a document but in a credential, for who brings the pick-up code.
 *
 *     const issuer = await createIssuerService({ organisation, origin, organisationKey, databasePath, tokens, submitCommand })
 *     const server = await listen(issuer.app, { port: 4100 })
 *     …
 *     await server.close(); await issuer.close()
 */

import type { Express, Request } from 'express'
import type { Logger } from 'pino'
import { Gauge, type Registry } from 'prom-client'
import { type Document, parseDocument } from '../document/document.ts'
import { type DocumentFormat, readDocument, supplement } from '../document/reader.ts'
import { parseSchema } from '../document/schema.ts'
import { Bug, refuse } from '../errors/errors.ts'
import { printField } from '../field/field.ts'
import { canonicalJson, type Json } from '../hash/canonical.ts'
import { accelerateWithWasm } from '../hash/poseidon-wasm.ts'
import { createApp, type HttpContext } from '../http/app.ts'
import type { Token } from '../http/auth.ts'
import { jsonBody, objectBody } from '../http/body.ts'
import { loggable } from '../http/problem.ts'
import { issuerApi } from './api.ts'
import { certificate, publishStatus, retirements, type Signatory, type SubmitCommand } from './commands.ts'
import { createOffer, redeemOffer } from './offers.ts'
import { openRegister, parseHolderId, type Register, type RegisterOptions } from './register.ts'

export type IssuerRole = 'issue' | 'revoke' | 'view' | 'keys'

export interface IssuerServiceOptions extends Signatory, RegisterOptions {
  readonly databasePath: string
  readonly tokens: readonly (Token & { readonly roles: readonly IssuerRole[] })[]
  readonly submitCommand: SubmitCommand
  readonly version?: string
  readonly logger?: Logger
  readonly requestsPerMinute?: number
  /** Seconds between attempts to publish lists that could not be published at once. Default 30; 0 for never. */
  readonly retrySeconds?: number
  /** Seconds since 1970; for tests. */
  readonly now?: () => number
}

export interface IssuerService {
  readonly app: Express
  readonly register: Register
  /** Publishes what is pending. @throws Refusal of the registry, or UNAVAILABLE */
  publish(): Promise<number>
  close(): Promise<void>
}

type Members = Readonly<Record<string, Json | undefined>>

/** Opens the register and makes the application. @throws Refusal as `openRegister` and `createApp` do */
export async function createIssuerService(options: IssuerServiceOptions): Promise<IssuerService> {
  await accelerateWithWasm()
  const service = new Service(options)
  const app = createApp({
    name: 'issuer',
    api: issuerApi(options.organisation, options.version ?? '0.1.0'),
    tokens: options.tokens,
    ...(options.requestsPerMinute === undefined ? {} : { requestsPerMinute: options.requestsPerMinute }),
    ...(options.logger === undefined ? {} : { logger: options.logger }),
    ready: () => Array.isArray(service.register.lists()), // it can be read
    routes: (router, http) => service.routes(router, http),
  })
  return { app, register: service.register, publish: () => service.publish(), close: () => service.close() }
}

class Service {
  readonly register: Register
  private readonly options: IssuerServiceOptions
  private readonly timer: NodeJS.Timeout | undefined
  /** One publication at a time: two would race for the next sequence number. */
  private publishing: Promise<unknown> = Promise.resolve()

  constructor(options: IssuerServiceOptions) {
    this.options = options
    this.register = openRegister(options.databasePath, options.organisation, options)
    const seconds = options.retrySeconds ?? 30
    if (seconds > 0) this.timer = setInterval(() => void this.publishOrLog(), seconds * 1000).unref()
  }

  routes(app: Express, { allow, metrics }: HttpContext): void {
    const { register } = this
    this.measure(metrics)
    app.get('/issuer', (_request, response) => {
      const schemas = register.currentSchemas().map(({ id, name, title }) => ({ name, title, id: printField(id) }))
      response.json({ organisation: register.organisation, origin: this.options.origin, schemas })
    })
    app.post('/schemas', allow('keys'), jsonBody({ bytes: 131_072 }), (request, response) => {
      const schema = parseSchema(objectBody(request))
      register.addSchema(schema)
      response.status(201).json({ name: schema.name, id: printField(schema.id) })
    })
    app.post('/offers', allow('issue'), jsonBody({ bytes: 2_097_152 }), (request, response) => void response.status(201).json(this.offer(objectBody(request))))
    app.post('/credentials', jsonBody({ bytes: 4096 }), (request, response) => void response.status(201).json(this.pickUp(objectBody(request))))
    app.get('/credentials', allow('view'), (request, response) => void response.json({ credentials: register.credentials(page(request)) }))
    app.post('/revocations', allow('revoke'), jsonBody({ bytes: 2_097_152 }), async (request, response) => void response.json(await this.revoke(objectBody(request))))
    app.get('/status-lists', allow('view'), (_request, response) => void response.json({ lists: register.lists() }))
    app.post('/status-lists/publish', allow('revoke'), async (_request, response) => void response.json({ published: await this.publish() }))
    app.get('/certificates', allow('view'), (_request, response) => void response.json({ certificates: this.certificates() }))
    app.post('/issuing-keys', allow('keys'), jsonBody({ bytes: 4096 }), (request, response) => void response.status(201).json(this.rotate(objectBody(request))))
  }

  publish(): Promise<number> {
    const next = this.publishing.then(
      async () => (await publishStatus(this.register, { ...this.options, submit: this.options.submitCommand, now: this.now() })).length,
    )
    this.publishing = next.catch(() => undefined)
    return next
  }

  async close(): Promise<void> {
    clearInterval(this.timer)
    await this.publishing
    this.register.close()
  }

  private offer(body: Members): Json {
    const { expiresAt, replace = false, offerSeconds } = body
    const validUntil = integer(expiresAt, '/expiresAt')
    if (typeof replace !== 'boolean') refuse('MALFORMED', 'not an offer', [{ path: '/replace', expected: 'true or false', got: typeof replace }])
    const lifetime = offerSeconds === undefined ? {} : { lifetime: integer(offerSeconds, '/offerSeconds', 60, 7_776_000) }
    return { ...createOffer(this.register, { document: this.document(body), validUntil, replace: replace === true, ...lifetime }, this.now()) }
  }

  private pickUp({ code, holderId }: Members): Json {
    if (typeof code !== 'string' || code.length > 64) return refuse('MALFORMED', 'not a pick-up', [{ path: '/code', expected: 'a pick-up code', got: typeof code }])
    return redeemOffer(this.register, code, parseHolderId(holderId), this.now()) as unknown as Json
  }

  /** Revoked is revoked, also when the registry cannot be told at once. */
  private async revoke(body: Members): Promise<Json> {
    const { credential } = body
    if (credential !== undefined && typeof credential !== 'string') refuse('MALFORMED', 'not a revocation', [{ path: '/credential', expected: 'the id of a credential', got: typeof credential }])
    const target = typeof credential === 'string' ? { credential } : { record: this.document(body) }
    const revoked = this.register.revoke(target, this.now())
    return { revoked, published: await this.publishOrLog() }
  }

  private certificates(): Json {
    return this.register.places().filter(({ status }) => status !== 'compromised').map((place) => certificate(place, this.options) as unknown as Json)
  }

  private rotate({ schema: name, reason }: Members): Json {
    if (typeof name !== 'string' || (reason !== 'rotated' && reason !== 'compromised'))
      return refuse('MALFORMED', 'not a rotation', [{ path: '', expected: 'schema and reason (rotated or compromised)', got: 'something else' }])
    const schema = this.register.schema(name)
    const before = this.register.places().filter(({ schemaId, status }) => schemaId === printField(schema.id) && status === 'active')
    const issuingKey = this.register.rotateKey(schema, reason)
    return { issuingKey, certificates: this.certificates(), retire: retirements(before, reason, this.options) as unknown as Json[] }
  }

  /** The document of a body with schema, document, format and supplement. */
  private document({ schema: name, document, format, supplement: added }: Members): Document {
    if (typeof name !== 'string') return refuse('MALFORMED', 'not a document', [{ path: '/schema', expected: 'the name of a schema', got: typeof name }])
    if (format !== undefined && format !== 'json' && format !== 'ubl-2' && format !== 'fhir-r4')
      return refuse('MALFORMED', 'not a document', [{ path: '/format', expected: 'json, ubl-2 or fhir-r4', got: 'something else' }])
    if (document === undefined) return refuse('MALFORMED', 'not a document', [{ path: '/document', expected: 'a document', got: 'nothing' }])
    const schema = this.register.schema(name)
    const source = typeof document === 'string' ? document : canonicalJson(document)
    const read = readDocument(schema, source, (typeof document === 'string' ? format : (format ?? 'json')) as DocumentFormat | undefined)
    return parseDocument(schema, added === undefined ? read : supplement(read, added))
  }

  private async publishOrLog(): Promise<boolean> {
    try {
      await this.publish()
      return true
    } catch (error) {
      if (error instanceof Bug) throw error
      this.options.logger?.warn(loggable(error), 'status lists could not be published')
      return false
    }
  }

  private measure(metrics: Registry): void {
    const { register } = this
    new Gauge({
      name: 'issuer_status_lists_pending',
      help: 'Status lists with changes that the registry does not have',
      registers: [metrics],
      collect() {
        this.set(register.lists().filter(({ version, published }) => version > published).length)
      },
    })
  }

  private now(): number {
    return this.options.now?.() ?? Math.floor(Date.now() / 1000)
  }
}

function page({ query }: Request): { after?: string; limit?: number } {
  const { after, limit } = query
  return {
    ...(typeof after === 'string' ? { after } : {}),
    ...(limit === undefined ? {} : { limit: integer(typeof limit === 'string' && /^[1-9][0-9]{0,3}$/.test(limit) ? Number(limit) : undefined, '/limit', 1, 1000) }),
  }
}

function integer(value: Json | undefined, path: string, minimum = 0, maximum = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= minimum && value <= maximum) return value
  return refuse('MALFORMED', 'not an integer in its range', [{ path, expected: `an integer from ${minimum} to ${maximum}`, got: typeof value }])
}
