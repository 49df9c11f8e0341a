/**
 * What every service of Attestry is made of: an Express application with security headers, rate limit, request ids, a log line a
 * request, metrics, health, API pages and problem+json. A service adds its routes.
 *
 *     const app = createApp({ name: 'issuer', description, tokens, logger, routes(app, http) {
 *       app.post('/revocations', http.allow('revoke'), jsonBody(), (request, response) => { … })
 *     } })
 *     const server = await listen(app, { host: '127.0.0.1', port: 0 })
 *
 * No log line, metric or error holds a body, a query, a header or a path parameter: the log has the route's pattern.
 */

import { randomUUID } from 'node:crypto'
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler, type Response } from 'express'
import { rateLimit } from 'express-rate-limit'
import helmet from 'helmet'
import type { Logger } from 'pino'
import { Counter, Histogram, Registry } from 'prom-client'
import { Refusal } from '../errors/errors.ts'
import { callerOf, type Token, Tokens } from './auth.ts'
import { type ApiDescription, openapi, serveDocs } from './docs.ts'
import { loggable, PROBLEM_TYPE, problem } from './problem.ts'

export interface AppOptions {
  /** Short, in metrics and logs: `issuer`. */
  readonly name: string
  readonly api: ApiDescription
  /** Whom the service knows; without any, only open routes answer. */
  readonly tokens?: readonly Token[]
  /** Requests a minute and client; health and metrics do not count. Default 600. */
  readonly requestsPerMinute?: number
  /** Left out: no log. */
  readonly logger?: Logger
  /** Whether the service can work now; a throw counts as no. */
  readonly ready?: () => boolean | Promise<boolean>
  readonly routes: (app: Express, http: HttpContext) => void
}

export interface HttpContext {
  /** Lets callers with one of the roles pass. */
  readonly allow: (...roles: readonly string[]) => RequestHandler
  /** For the service's own metrics. */
  readonly metrics: Registry
}

/** The application; it does not listen yet. @throws Refusal MALFORMED for bad tokens */
export function createApp(options: AppOptions): Express {
  const app = express()
  const metrics = new Registry()
  const tokens = new Tokens(options.tokens ?? [])
  app.disable('x-powered-by')
  app.set('query parser', 'simple')
  app.use(identify, observe(options, metrics))
  app.use(helmet({ strictTransportSecurity: false, contentSecurityPolicy: { directives: { 'style-src': ["'self'", "'unsafe-inline'"], 'upgrade-insecure-requests': null } } }))
  serveHealth(app, options, metrics)
  app.use(limitRate(options.requestsPerMinute ?? 600))
  serveDocs(app, openapi(options.api))
  options.routes(app, { allow: (...roles) => tokens.allow(...roles), metrics })
  app.use(() => {
    throw new Refusal('NOT_FOUND', 'there is nothing here')
  })
  app.use(answerProblem(options.logger))
  return app
}

/** Id of a request: in the log, in `x-request-id` and as `instance` of a problem. */
export function requestId(response: Response): string {
  return response.locals['id'] as string
}

const identify: RequestHandler = (_request, response, next) => {
  response.locals['id'] = randomUUID()
  response.set({ 'x-request-id': requestId(response), 'cache-control': 'no-store' })
  next()
}

function observe({ name, logger }: AppOptions, metrics: Registry): RequestHandler {
  const labelNames = ['method', 'route', 'status'] as const
  const requests = new Counter({ name: 'http_requests_total', help: 'Requests answered', labelNames, registers: [metrics] })
  const seconds = new Histogram({ name: 'http_request_seconds', help: 'Time to the answer', labelNames, registers: [metrics], buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60] })
  metrics.setDefaultLabels({ service: name })
  return (request, response, next) => {
    const start = process.hrtime.bigint()
    response.on('close', () => {
      const took = Number(process.hrtime.bigint() - start) / 1e9
      const labels = { method: request.method, route: routeOf(request), status: response.writableFinished ? response.statusCode : 499 }
      requests.inc(labels)
      seconds.observe(labels, took)
      logger?.info({ id: requestId(response), ...labels, caller: callerOf(response), ms: Math.round(took * 1000) }, 'request')
    })
    next()
  }
}

/** The pattern of the route, never the path itself. */
function routeOf(request: Request): string {
  const route: unknown = (request.route as { path?: unknown } | undefined)?.path
  return typeof route === 'string' ? `${request.baseUrl}${route}` : 'none'
}

function serveHealth(app: Express, { ready }: AppOptions, metrics: Registry): void {
  app.get('/healthz', (_request, response) => void response.json({ status: 'alive' }))
  app.get('/readyz', async (_request, response) => {
    const isReady = !app.get('closing') && (await Promise.resolve().then(() => ready?.() ?? true).catch(() => false))
    response.status(isReady ? 200 : 503).json({ status: isReady ? 'ready' : 'not ready' })
  })
  app.get('/metrics', async (_request, response) => {
    response.type(metrics.contentType).send(await metrics.metrics())
  })
}

function limitRate(limit: number): RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    limit,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    handler: (_request, _response, next) => next(new Refusal('RATE_LIMITED', `at most ${limit} requests a minute`)),
  })
}

function answerProblem(logger?: Logger): ErrorRequestHandler {
  return (error, _request, response, next) => {
    const body = problem(error)
    const id = requestId(response)
    if (body.status === 500) logger?.error({ id, ...loggable(error) }, 'failed')
    else logger?.debug({ id, ...loggable(error) }, 'refused')
    if (response.headersSent) return void next(error)
    response.status(body.status).type(PROBLEM_TYPE).send(JSON.stringify({ ...body, instance: id }))
  }
}
