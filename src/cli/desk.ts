/**
 * A verifier's desk: makes signed requests, hands them to holders, receives answers, checks them and shows what they establish.
 *
 *     POST /requests                    (token)   { statement, parameters, set?, minutes? } → { request, expires }
 *     GET  /requests/<digest>                     the signed request; its digest is unguessable, whoever has it may answer
 *     POST /requests/<digest>/answer              { answer, receipt? } → { accepted }
 *     GET  /requests/<digest>/result    (token)   what has been established
 *
 * An answer to a statement with `once` that comes without a receipt is recorded at the registry first: nothing is accepted before
 * it is spent.
 */

import type { Express } from 'express'
import type { Logger } from 'pino'
import { refuse } from '../errors/errors.ts'
import { canonicalJson, type Json } from '../hash/canonical.ts'
import type { Digest } from '../hash/digest.ts'
import { createApp, type HttpContext } from '../http/app.ts'
import type { Token } from '../http/auth.ts'
import { jsonBody, objectBody } from '../http/body.ts'
import type { ApiDescription } from '../http/docs.ts'
import { parseAnswer, submissionJson } from '../shape/submission.ts'
import { requestDigest } from '../statement/request.ts'
import { verifyAnswer } from '../verifier/verify.ts'
import type { Home } from './home.ts'
import { registryOf } from './link.ts'
import { ask } from './request.ts'
import { Requests } from './requests.ts'

export interface DeskOptions {
  readonly home: Home
  /** Role: `ask`. */
  readonly tokens: readonly Token[]
  readonly logger?: Logger
}

/** An answer with four revealed texts of 4,096 characters, and a receipt. */
const MAX_ANSWER_BYTES = 131_072

export function createDesk({ home, tokens, logger }: DeskOptions): Express {
  const desk = new Desk(home)
  return createApp({ name: 'verifier', api: deskApi(home), tokens, ...(logger ? { logger } : {}), routes: (app, http) => desk.routes(app, http) })
}

class Desk {
  private readonly home: Home
  private readonly requests: Requests

  constructor(home: Home) {
    this.home = home
    this.requests = new Requests(home)
  }

  routes(app: Express, { allow }: HttpContext): void {
    app.get('/verifier', (_request, response) => void response.json({ organisation: this.home.organisation, name: this.home.config.name, origin: this.home.config.origin ?? null }))
    app.post('/requests', allow('ask'), jsonBody(), async (request, response) => void response.status(201).json(await this.ask(objectBody(request))))
    app.get('/requests/:digest', (request, response) => void response.json(this.requests.get(request.params.digest as string).request))
    app.post('/requests/:digest/answer', jsonBody({ bytes: MAX_ANSWER_BYTES }), async (request, response) => {
      response.status(201).json(await this.answer(request.params.digest as Digest, objectBody(request)))
    })
    app.get('/requests/:digest/result', allow('ask'), (request, response) => {
      const { established } = this.requests.get(request.params.digest as string)
      response.json(established ?? refuse('NOT_FOUND', 'the request has not been answered'))
    })
  }

  private async ask({ statement, parameters = {}, set, minutes = 60 }: Readonly<Record<string, Json | undefined>>): Promise<Json> {
    if (typeof statement !== 'string') return malformed('/statement', 'name or hash of a statement')
    if (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters)) return malformed('/parameters', 'an object')
    if (set !== undefined && !Array.isArray(set)) return malformed('/set', 'an array')
    if (typeof minutes !== 'number' || !Number.isInteger(minutes) || minutes < 1 || minutes > 525_600) return malformed('/minutes', 'a whole number from 1 to 525600')
    const { body } = await ask(this.home, statement, { parameters: parameters as Record<string, Json>, minutes, ...(set ? { set } : {}) })
    return { request: requestDigest(body), expires: body.expires }
  }

  /** The same answer again is accepted again; another one to a question that has been answered is not. */
  private async answer(digest: Digest, { answer, receipt: given = undefined }: Readonly<Record<string, Json | undefined>>): Promise<Json> {
    const kept = this.requests.get(digest)
    if (answer === undefined) return malformed('/answer', 'an answer')
    if (kept.answer !== undefined && canonicalJson(kept.answer) !== canonicalJson(answer)) return refuse('REPLAYED', 'the request has been answered')
    const registry = registryOf(this.home)
    const { submission } = parseAnswer(answer)
    const view = await registry.view()
    const spends = Object.keys(view.statements.get(kept.request.body.statement)?.statement.once ?? {}).length > 0
    const check = { answer, request: kept.request, view, now: Math.floor(Date.now() / 1000) }
    if (spends && given === undefined) await verifyAnswer(check) // what is no answer to us is not ours to spend
    const receipt = given ?? (spends ? await registry.client.submit(submissionJson(submission)) : undefined)
    const established = await verifyAnswer({ ...check, ...(receipt === undefined ? {} : { receipt }) })
    this.requests.answered(digest, answer, receipt, established as unknown as Json)
    return { accepted: true, entry: established.accepted?.index ?? null }
  }
}

function malformed(path: string, expected: string): never {
  return refuse('MALFORMED', 'not what this takes', [{ path, expected, got: 'something else' }])
}

function deskApi(home: Home): ApiDescription {
  const json = (schema: Json): Json => ({ 'application/json': { schema } })
  const answers = (status: number, description: string): Json => ({ [status]: { description, content: json({ type: 'object' }) } })
  const digest = { name: 'digest', in: 'path', required: true, schema: { type: 'string', pattern: '^[0-9a-f]{64}$' } }
  const question = { type: 'object', required: ['statement'], properties: { statement: { type: 'string' }, parameters: { type: 'object' }, set: { type: 'array' }, minutes: { type: 'integer', minimum: 1, maximum: 525_600 } } }
  const given = { type: 'object', required: ['answer'], properties: { answer: { type: 'object' }, receipt: { type: 'object' } } }
  return {
    title: `Verifier ${home.config.name}`,
    version: '0.1.0',
    description: 'Asks holders to prove statements, and checks what they answer. Role: ask.',
    paths: {
      '/verifier': { get: { summary: 'Who this is', security: [], responses: answers(200, 'organisation and registry') } },
      '/requests': { post: { summary: 'Make a signed request (role ask)', requestBody: { required: true, content: json(question) }, responses: answers(201, 'digest and expiry') } },
      '/requests/{digest}': { get: { summary: 'The signed request, for its holder', security: [], parameters: [digest], responses: answers(200, 'an envelope') } },
      '/requests/{digest}/answer': { post: { summary: 'Answer it', security: [], parameters: [digest], requestBody: { required: true, content: json(given) }, responses: answers(201, 'accepted, with the entry of the log') } },
      '/requests/{digest}/result': { get: { summary: 'What the answer establishes (role ask)', parameters: [digest], responses: answers(200, 'what has been established') } },
    },
  }
}
