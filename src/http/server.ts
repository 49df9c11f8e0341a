/**
 * Listening and stopping. A body that dribbles in is cut off; a stop lets what has begun come to its end, for a while.
 */

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Express } from 'express'
import { refuse } from '../errors/errors.ts'

export interface ListenOptions {
  /** Loopback unless said otherwise. */
  readonly host?: string
  /** 0: any free port. */
  readonly port?: number
  /** Time a request may take to arrive whole. Default 30 s. */
  readonly requestTimeoutMs?: number
}

export interface RunningServer {
  /** `http://127.0.0.1:4321`, without a slash. */
  readonly url: string
  readonly server: Server
  /** Takes no further requests, waits up to `graceMs` (default 10 s) for those under way, then cuts them off. Idempotent. */
  close(graceMs?: number): Promise<void>
}

/** @throws Refusal UNAVAILABLE when the address cannot be had */
export async function listen(app: Express, { host = '127.0.0.1', port = 0, requestTimeoutMs = 30_000 }: ListenOptions = {}): Promise<RunningServer> {
  const server = createServer({ requestTimeout: requestTimeoutMs, headersTimeout: Math.min(10_000, requestTimeoutMs), connectionsCheckingInterval: 1_000, maxHeaderSize: 16_384 }, app)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  }).catch((error: NodeJS.ErrnoException) => refuse('UNAVAILABLE', `cannot listen on ${host}:${port} (${error.code ?? 'unknown'})`))
  const { port: actual } = server.address() as AddressInfo
  let closed: Promise<void> | undefined
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}`, server, close: (graceMs) => (closed ??= stop(app, server, graceMs)) }
}

/** Runs `close` once on SIGTERM or SIGINT, then ends the process: 0, or 1 when it failed. */
export function closeOnSignals(close: () => Promise<void>): void {
  let closing = false
  const stopNow = (): void => {
    if (closing) return
    closing = true
    close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.on('SIGTERM', stopNow)
  process.on('SIGINT', stopNow)
}

async function stop(app: Express, server: Server, graceMs = 10_000): Promise<void> {
  app.set('closing', true)
  const ended = new Promise<void>((resolve) => server.close(() => resolve()))
  // A connection is idle only once its answer is out, and would then be kept alive for a while.
  const sweep = setInterval(() => server.closeIdleConnections(), 20)
  const cutOff = setTimeout(() => server.closeAllConnections(), graceMs)
  await ended
  clearInterval(sweep)
  clearTimeout(cutOff)
}
