/**
 * The registry's service. Everything it serves is public, so no route asks who is there: commands carry their signatures, proofs are their
 * own authority, the transport only limits how much comes. Who submitted is not logged.
 *
 *     const registry = await createRegistryService({ directory, logKey, circuits, files })
 *     const server = await listen(registry.app, { port: 4000 })
 *     …
 *     await server.close(); await registry.close()
 */

import { createReadStream, statSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { Express, Request, Response } from 'express'
import type { Logger } from 'pino'
import { Gauge } from 'prom-client'
import { refuse } from '../errors/errors.ts'
import { parseField } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import { parseDigest } from '../hash/digest.ts'
import { accelerateWithWasm } from '../hash/poseidon-wasm.ts'
import { createApp, type HttpContext } from '../http/app.ts'
import { bodyOf, jsonBody } from '../http/body.ts'
import { sha256OfFile } from '../setup/digests.ts'
import type { ShapeName } from '../shape/shapes.ts'
import { MAX_SUBMISSION_BYTES } from '../shape/submission.ts'
import type { OrganisationKey } from '../signature/organisation-key.ts'
import { registryApi } from './api.ts'
import { type Checks, realChecks } from './checks.ts'
import { Registry } from './registry.ts'
import { SqliteStore } from './sqlite-store.ts'

export interface RegistryServiceOptions {
  /** Of the store; made when it is not there. */
  readonly directory: string
  /** Ed25519. */
  readonly logKey: OrganisationKey
  /** SHA-256 of the r1cs file that each shape's verification key must be for. */
  readonly circuits: Readonly<Record<ShapeName, string>>
  /** Proving keys and witness calculators to serve by their SHA-256: paths by name (`attest.zkey`). */
  readonly files?: Readonly<Record<string, string>>
  /** A genesis command, recorded when the log is empty. */
  readonly genesis?: Json
  /** Bodies of proofs and replaced lists are forgotten after so many seconds; left out: never. */
  readonly retention?: number
  readonly version?: string
  readonly logger?: Logger
  readonly requestsPerMinute?: number
  /** Commands waiting at most. */
  readonly queue?: number
  /** Seconds since 1970; for tests. */
  readonly clock?: () => number
  /** In place of the real checks of proofs and keys; for tests. */
  readonly checks?: Checks
}

export interface RegistryService {
  readonly app: Express
  readonly registry: Registry
  /** Lets commands under way come to their end and closes the store. */
  close(): Promise<void>
}

interface ServedFile {
  readonly name: string
  readonly path: string
  readonly bytes: number
}

const COMMAND_BYTES = 2_097_152
const PRUNE_EVERY_MS = 3_600_000

/** Opens the registry, with all the checks of that, and makes the application. @throws Refusal as `Registry.open` does */
export async function createRegistryService(options: RegistryServiceOptions): Promise<RegistryService> {
  await accelerateWithWasm()
  const files = await hashFiles(options.files ?? {})
  const registry = await Registry.open({
    store: new SqliteStore(options.directory),
    logKey: options.logKey,
    checks: options.checks ?? realChecks(options.circuits),
    ...(options.clock && { clock: options.clock }),
    ...(options.queue !== undefined && { queue: options.queue }),
  })
  if (registry.size === 0 && options.genesis !== undefined) await registry.submit(options.genesis)
  const app = createApp({
    name: 'registry',
    api: registryApi(options.version ?? '0.1.0'),
    ...(options.requestsPerMinute === undefined ? {} : { requestsPerMinute: options.requestsPerMinute }),
    ...(options.logger === undefined ? {} : { logger: options.logger }),
    ready: () => registry.failure === undefined && registry.size > 0,
    routes: (router, http) => {
      writeRoutes(router, registry)
      logRoutes(router, registry)
      stateRoutes(router, registry)
      fileRoutes(router, files)
      observe(http, registry)
    },
  })
  const timer = options.retention === undefined ? undefined : pruneRegularly(registry, options.retention)
  return {
    app,
    registry,
    close: async () => {
      clearInterval(timer)
      await registry.close()
    },
  }
}

function writeRoutes(app: Express, registry: Registry): void {
  app.post('/commands', jsonBody({ bytes: COMMAND_BYTES }), async (request: Request, response: Response) => {
    const command = bodyOf(request)
    if (typeof command === 'object' && command !== null && 'body' in command && (command.body as { type?: Json } | null)?.type === 'proof.submit')
      refuse('MALFORMED', 'proofs are sent to /submissions')
    response.status(201).json(await registry.submit(command))
  })
  app.post('/submissions', jsonBody({ bytes: MAX_SUBMISSION_BYTES, depth: 8 }), async (request: Request, response: Response) => {
    const submission = bodyOf(request)
    const { origin } = (typeof submission === 'object' && submission !== null ? submission : {}) as { origin?: Json }
    const receipt = await registry.submit({ body: { type: 'proof.submit', origin: origin ?? null, submission }, signatures: [] })
    response.status(201).json(receipt)
  })
}

function logRoutes(app: Express, registry: Registry): void {
  app.get('/checkpoint', (_request, response) => void response.type('text/plain').send(registry.checkpoint()))
  app.get('/entries', async (request, response) => {
    const [from, limit] = [count(request, 'from', 0), count(request, 'limit', 100)]
    const entries = await registry.entries(from, limit)
    response.json({ entries, next: from + entries.length, size: registry.size })
  })
  app.get('/entries/:index', async (request, response) => {
    const [entry] = await registry.entries(number(request.params.index, 'index'), 1)
    response.json(entry ?? refuse('NOT_FOUND', `the log has ${registry.size} entries`))
  })
  app.get('/entries/:index/receipt', async (request, response) => {
    const index = number(request.params.index, 'index')
    response.json(await registry.receipt(index, count(request, 'size', index + 1)))
  })
  app.get('/log/inclusion', async (request, response) => {
    response.json({ inclusion: await registry.inclusion(count(request, 'index'), count(request, 'size')) })
  })
  app.get('/log/consistency', async (request, response) => {
    response.json({ consistency: await registry.consistency(count(request, 'first'), count(request, 'second')) })
  })
  app.get('/bodies/:digest', async (request, response) => void response.json(await registry.body(parseDigest(request.params.digest))))
}

function stateRoutes(app: Express, registry: Registry): void {
  // One signature and one text for each size of the log, however many ask.
  let latest = { size: -1, text: '' }
  app.get('/view', (_request, response) => {
    if (latest.size !== registry.size) latest = { size: registry.size, text: JSON.stringify(registry.view()) }
    response.type('application/json').send(latest.text)
  })
  app.get('/lists/:schemaId', async (request, response) => void response.json(await registry.lists(parseField(request.params.schemaId))))
  app.get('/nullifiers/:nullifier', async (request, response) => {
    response.json({ index: await registry.spentIn(parseField(request.params.nullifier)) })
  })
}

function fileRoutes(app: Express, files: ReadonlyMap<string, ServedFile>): void {
  app.get('/keys', (_request, response) => void response.json({ files: [...files].map(([digest, { name, bytes }]) => ({ digest, name, bytes })) }))
  app.get('/keys/:digest', async (request, response) => {
    const { path, bytes } = files.get(parseDigest(request.params.digest)) ?? refuse('NOT_FOUND', 'no such file is served')
    response.set({ 'content-type': 'application/octet-stream', 'content-length': String(bytes), 'cache-control': 'public, max-age=31536000, immutable' })
    // A reader that goes away ends the pipeline; there is nobody left to answer then.
    await pipeline(createReadStream(path), response).catch(() => response.destroy())
  })
}

function observe({ metrics }: HttpContext, registry: Registry): void {
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({ name, help, registers: [metrics], collect(): void { this.set(value()) } })
  }
  gauge('registry_log_entries', 'Entries in the log', () => registry.size)
  gauge('registry_commands_waiting', 'Commands in the queue', () => registry.queued)
  gauge('registry_signing', '1 while the registry signs, 0 after stored data or the disk has failed', () => (registry.failure ? 0 : 1))
}

async function hashFiles(files: Readonly<Record<string, string>>): Promise<ReadonlyMap<string, ServedFile>> {
  const served = new Map<string, ServedFile>()
  for (const [name, path] of Object.entries(files)) served.set(await sha256OfFile(path), { name, path, bytes: statSync(path).size })
  return served
}

function pruneRegularly(registry: Registry, retention: number): NodeJS.Timeout {
  const timer = setInterval(() => {
    // A failure halts the registry by itself and shows in /readyz.
    registry.prune(Math.floor(Date.now() / 1000) - retention).catch(() => undefined)
  }, PRUNE_EVERY_MS)
  return timer.unref()
}

/** A count in the query. @throws Refusal MALFORMED when it is missing without a default, or in another spelling */
function count(request: Request, name: string, byDefault?: number): number {
  const text = request.query[name]
  if (text === undefined && byDefault !== undefined) return byDefault
  return number(text, name)
}

function number(text: unknown, name: string): number {
  if (typeof text !== 'string' || !/^(0|[1-9][0-9]{0,14})$/.test(text)) return refuse('MALFORMED', `${name} must be a whole number in decimal`)
  return Number(text)
}
