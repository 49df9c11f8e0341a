/**
 * `npm start`: registry, issuer and prover up in development mode, on data that stays in data/. The first start makes keys, organisations,
 * schemas, statements and the shapes' verification keys; a later one finds them.
 *
 *     data/consortium    governor and authority of every schema, owner of the scopes
 *     data/registry      the log          http://127.0.0.1:4000/docs
 *     data/issuer        a bank, accredited for KYC records and credit lines          :4100/docs
 *     data/prover        a holder's wallet                                            :4200/docs
 *     data/verifier      a desk that asks and checks answers                          :4300/docs
 *
 * ATTESTRY_PORT=5000 moves the four ports to 5000, 5100, …; ATTESTRY_DATA the folder.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCli } from '../src/cli/main.ts'
import { Progress } from '../src/cli/progress.ts'
import { processTerminal, type Terminal } from '../src/cli/terminal.ts'
import type { Json } from '../src/hash/canonical.ts'
import { localSetup } from '../src/setup/local.ts'

const PACKAGE = fileURLToPath(new URL('..', import.meta.url))
const DATA = resolve(PACKAGE, process.env.ATTESTRY_DATA ?? 'data')
const PORT = Number(process.env.ATTESTRY_PORT ?? 4000)
const GOVERNOR = 'EU:GOV:CONSORTIUM'
const terminal = processTerminal()
const running: Promise<unknown>[] = []

type Output = Readonly<Record<string, Json>>

/** Runs a command of a party; what it prints is for the next step. */
async function run(party: string, ...argv: string[]): Promise<Output> {
  const { code, output } = await attempt(party, argv, terminal)
  if (code !== 0) throw new Error(`attestry ${argv.join(' ')} for ${party}: ${JSON.stringify(output)}`)
  return output
}

async function attempt(party: string, argv: readonly string[], { stop, env }: Terminal): Promise<{ code: number; output: Output }> {
  let text = ''
  const quiet: Terminal = { stop, env, cwd: PACKAGE, interactive: false, stdout: (part) => void (text += part), stderr: () => undefined }
  const code = await runCli([...argv, '--home', join(DATA, party), '--json'], quiet)
  return { code, output: text === '' ? {} : (JSON.parse(text.split('\n')[0] ?? '{}') as Output) }
}

/** Starts a service; resolves once it listens, and prints where. */
async function serve(party: string, service: string, port: number, ...more: string[]): Promise<void> {
  const argv = ['serve', service, '--port', String(port), '--home', join(DATA, party), ...more]
  await new Promise<void>((listening, failed) => {
    const shown: Terminal = { ...terminal, cwd: PACKAGE, interactive: false, env: { ATTESTRY_LOG: 'warn', ...terminal.env }, stdout: (text) => (terminal.stdout(text), listening()) }
    const ended = runCli(argv, shown)
    running.push(ended)
    void ended.then((code) => failed(new Error(`${service} ended with exit code ${code}`)))
  })
}

async function seed(): Promise<void> {
  const registry = `http://127.0.0.1:${PORT}`
  await run('consortium', 'registry', 'join', registry)
  for (const [party, name, code] of [['issuer', 'Demo bank', 'LEI:5493001KJTIIGC8Y1R12'], ['verifier', 'Demo verifier', 'LEI:7LTWFZYICNSX8D621K86']] as const) {
    await once(join(DATA, party, 'config.json'), () => run(party, 'init', name, '--organisation', code, '--registry', registry))
    await admit(await run(party, 'keygen', 'card'))
  }
  for (const code of authorities()) await authority(code, registry)
  await perhaps('consortium', 'keygen', 'escrow')
  for (const scope of ['reimbursement', 'financing', 'shipment']) await perhaps('consortium', 'registry', 'scope', scope)
  await perhaps('consortium', 'registry', 'regulator', 'financial-supervisor')
  for (const shape of ['attest', 'match']) await perhaps('consortium', 'registry', 'shape', shape, join(PACKAGE, 'build', 'keys', shape))
  for (const file of files('schemas')) await perhaps(partyOf(authorityOf(file)), 'schema', 'register', file)
  for (const file of files('statements')) await perhaps('consortium', 'statement', 'register', file)
  for (const schema of ['kyc-record', 'credit-line']) {
    const { certificate } = await run('issuer', 'issuer', 'certify', schema)
    await perhaps(partyOf('EU:GOV:FINSUP'), 'issuer', 'accredit', paper('certificate', certificate), '--class', 'bank')
  }
  await once(join(DATA, 'prover', 'config.json'), () => run('prover', 'init', 'Holder', '--registry', registry))
  const password = join(DATA, 'prover', 'password')
  await once(password, async () => writeFileSync(password, randomBytes(16).toString('hex'), { mode: 0o600 }))
  await perhaps('prover', 'wallet', 'create', '--password-file', password)
}

/** What has been done on an earlier start is there already. */
async function perhaps(party: string, ...argv: string[]): Promise<void> {
  const { code, output } = await attempt(party, argv, terminal)
  const refused = output.refused as { code?: string } | undefined
  if (code !== 0 && refused?.code !== 'EXISTS') throw new Error(`attestry ${argv.join(' ')} for ${party}: ${JSON.stringify(output)}`)
}

async function once(path: string, make: () => Promise<unknown>): Promise<void> {
  if (!existsSync(path)) await make()
}

async function authority(code: string, registry: string): Promise<void> {
  await once(join(DATA, partyOf(code), 'config.json'), () => run(partyOf(code), 'init', `Authority ${code}`, '--organisation', code, '--registry', registry))
  await admit(await run(partyOf(code), 'keygen', 'card'))
}

async function admit(card: Output): Promise<void> {
  await perhaps('consortium', 'registry', 'admit', paper('card', card))
}

function paper(name: string, content: Json | undefined): string {
  const path = join(DATA, `${name}.json`)
  writeFileSync(path, JSON.stringify(content))
  return path
}

function files(folder: string): string[] {
  return readdirSync(join(PACKAGE, folder)).filter((name) => name.endsWith('.json')).map((name) => join(PACKAGE, folder, name))
}

function authorities(): string[] {
  return [...new Set(files('schemas').map(authorityOf))]
}

function authorityOf(file: string): string {
  return (JSON.parse(readFileSync(file, 'utf8')) as { authority: string }).authority
}

function partyOf(code: string): string {
  return join('authorities', code.toLowerCase().replaceAll(':', '-'))
}

async function begin(): Promise<void> {
  mkdirSync(DATA, { recursive: true, mode: 0o700 })
  const progress = new Progress(terminal)
  for (const shape of ['attest', 'match'] as const) await localSetup(shape, { onProgress: ({ step, fraction }) => progress.update(`${shape}: ${step}`, fraction) })
  progress.close()
  await once(join(DATA, 'consortium', 'config.json'), () => run('consortium', 'init', 'Consortium', '--organisation', GOVERNOR))
  await once(join(DATA, 'registry', 'config.json'), () => run('registry', 'init', 'Registry'))
  await perhaps('registry', 'keygen', 'log')
  await perhaps('registry', 'registry', 'genesis', 'localhost/attestry', '--governor', paper('card', await run('consortium', 'keygen', 'card')), '--mode', 'development', '--name', 'Local consortium')
  await serve('registry', 'registry', PORT)
  await seed()
  await serve('issuer', 'issuer', PORT + 100)
  await serve('prover', 'prover', PORT + 200, '--password-file', join(DATA, 'prover', 'password'))
  await serve('verifier', 'verifier', PORT + 300)
  terminal.stdout('Everything is up, in development mode: its keys are test keys. Ctrl-C ends it; the data stay.\n')
}

try {
  await begin()
  await Promise.all(running)
  process.exit(0)
} catch (error) {
  if (terminal.stop.aborted) process.exit(0)
  terminal.stderr(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
