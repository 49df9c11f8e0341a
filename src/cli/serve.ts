/** `attestry serve`: runs a service of this party until it is stopped. Tokens are made on the first start and lie in the home directory. */

import { existsSync, readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { Express } from 'express'
import { pino, type Logger } from 'pino'
import { canonicalJson } from '../hash/canonical.ts'
import { newToken } from '../http/auth.ts'
import { listen } from '../http/server.ts'
import type { IssuerRole } from '../issuer/service.ts'
import type { ProverRole } from '../prover/service.ts'
import { SHAPES, type ShapeName } from '../shape/shapes.ts'
import { does, type Options, type Session, Usage } from './command.ts'
import { type Home, requirePrivate, writePrivate } from './home.ts'
import { proverLink, registryOf, viewOf } from './link.ts'
import { withPassword } from './password.ts'

// Each service is loaded by who starts it: together they take over a second.

/** A service that does not listen yet. */
interface Service {
  readonly app: Express
  close(): Promise<void>
}

type Starter = (session: Session, home: Home, logger: Logger, options: Options) => Promise<Service>

export function define(command: Command): void {
  const services: readonly [string, string, Starter][] = [
    ['registry', 'the registry whose log lies here', startRegistry],
    ['issuer', 'hands out credentials, revokes them, publishes status lists', startIssuer],
    ['prover', 'a holder’s wallet behind an API, on loopback by default', startProver],
    ['verifier', 'a desk that asks and checks answers', startDesk],
  ]
  for (const [name, description, start] of services) {
    const service = command.command(name).description(description).option('--port <n>', '0 takes any free one', '0').option('--host <host>', 'address to listen on', '127.0.0.1')
    does(name === 'prover' ? withPassword(service.option('--locked', 'start with the wallet locked')) : service, async (session, _args, options) => {
      await serve(session, name, start, options)
      return undefined
    })
  }
}

async function serve(session: Session, name: string, start: Starter, options: Options): Promise<void> {
  const home = session.home()
  const port = Number(options.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Usage('--port is a whole number from 0 to 65535')
  const logger = pino({ level: session.terminal.env.ATTESTRY_LOG ?? 'info', base: { service: name } }, { write: (line: string) => session.terminal.stderr(line) })
  const service = await start(session, home, logger, options)
  const server = await listen(service.app, { port, host: String(options.host) })
  const json = { service: name, listening: server.url, docs: `${server.url}/docs`, home: home.path }
  session.terminal.stdout(session.json ? `${canonicalJson(json)}\n` : `${name} of ${home.config.name} listens at ${server.url}\n  API page ${server.url}/docs\n${existsSync(tokensPath(home)) ? `  tokens ${tokensPath(home)}\n` : ''}`)
  await stopped(session.terminal.stop)
  await server.close()
  await service.close()
}

/** Resolves when the signal aborts. A listener that is never called does not keep a process alive; the server does. */
function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

async function startRegistry(_session: Session, home: Home, logger: Logger): Promise<Service> {
  const { openLocalRegistry } = await import('./local-registry.ts')
  return openLocalRegistry(home, { logger })
}

async function startIssuer(_session: Session, home: Home, logger: Logger): Promise<Service> {
  const [{ createIssuerService }, { registerPath, signatoryOf }] = await Promise.all([import('../issuer/service.ts'), import('./issuer.ts')])
  const roles: readonly IssuerRole[] = ['issue', 'revoke', 'view', 'keys']
  const registry = registryOf(home)
  return createIssuerService({ ...signatoryOf(home), databasePath: registerPath(home), tokens: tokensOf(home, roles), submitCommand: (command) => registry.submit(command), logger })
}

async function startProver(session: Session, home: Home, logger: Logger, options: Options): Promise<Service> {
  const [{ createProverService }, { verifyAnswer }] = await Promise.all([import('../prover/service.ts'), import('../verifier/verify.ts')])
  const [{ artefactsOf }, { openWallet }] = await Promise.all([import('./proving.ts'), import('./wallet.ts')])
  const roles: readonly ProverRole[] = ['view', 'approve', 'prove']
  const view = await viewOf(home)
  const shapes = (Object.keys(SHAPES) as ShapeName[]).filter((shape) => view.shapes.get(shape)?.some(({ status }) => status === 'active'))
  const artefacts = Object.fromEntries(await Promise.all(shapes.map(async (shape) => [shape, await artefactsOf(session, home, view, shape)] as const)))
  return createProverService({
    directory: home.data(),
    registry: proverLink(home),
    verify: verifyAnswer,
    artefacts,
    tokens: tokensOf(home, roles),
    logger,
    ...(options.locked === true ? {} : { wallet: await openWallet(session, home, options) }),
  })
}

async function startDesk(_session: Session, home: Home, logger: Logger): Promise<Service> {
  const { createDesk } = await import('./desk.ts')
  return { app: createDesk({ home, tokens: tokensOf(home, ['ask']), logger }), close: async () => undefined }
}

export function tokensPath(home: Home): string {
  return home.data('tokens.json')
}

/** The operator's token, with all roles of the service; made when there is none. */
function tokensOf<R extends string>(home: Home, roles: readonly R[]): { token: string; name: string; roles: readonly R[] }[] {
  const path = tokensPath(home)
  if (!existsSync(path)) writePrivate(path, `${JSON.stringify({ operator: newToken() }, null, 2)}\n`)
  requirePrivate(path)
  const tokens = JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>
  return Object.entries(tokens).map(([name, token]) => ({ token, name, roles }))
}
