import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import pino from 'pino'
import { Refusal } from '../../src/errors/errors.ts'
import type { Json } from '../../src/hash/canonical.ts'
import { listen, type RunningServer } from '../../src/http/server.ts'
import { createProverService, type ProverRole, type ProverService, type ProverServiceOptions } from '../../src/prover/service.ts'
import { verifyAnswer } from '../../src/verifier/verify.ts'
import { documentJson, HOSPITAL, issue } from './issued.ts'
import { type RealKey, realKey } from './shape-keys.ts'
import { definition, INSURER, ORIGIN, parameters, World } from './world.ts'

const PASSWORD = 'correct horse battery'
const CHEAP = { N: 2 ** 4, r: 8, p: 1 }
const ROLES = { viewer: ['view'], approver: ['approve', 'view'], prover: ['prove', 'view'], other: ['prove'] } as const satisfies Record<string, readonly ProverRole[]>
type Who = keyof typeof ROLES
const tokenOf = (who: Who): string => `token-of-${who}-0123456789`

describe('prover service', function () {
  this.timeout(300_000)
  let key: RealKey
  let world: World
  let directory: string
  let service: ProverService
  let server: RunningServer
  let log: string
  let down: boolean
  /** How often the lists are not yet those of the view. */
  let behind: number
  before(async () => (key = await realKey('attest')))

  const start = async (change: Partial<ProverServiceOptions> = {}): Promise<void> => {
    const stream = new Writable({ write: (chunk, _encoding, done) => done(void (log += String(chunk))) })
    service = createProverService({
      directory,
      registry: {
        view: async () => (down ? Promise.reject(new Refusal('UNAVAILABLE', 'the registry cannot be reached')) : world.view),
        statusLists: async () => (behind-- > 0 ? new Map() : world.lists),
        submit: async ({ origin }) => ({ receipt: 1, origin }),
      },
      // The registry here gives no real receipts; journeys test those.
      verify: async ({ receipt, ...check }) => (receipt === undefined ? verifyAnswer(check) : undefined),
      artefacts: { attest: key.artefacts },
      tokens: (Object.keys(ROLES) as Who[]).map((name) => ({ name, token: tokenOf(name), roles: ROLES[name] })),
      logger: pino({ level: 'debug' }, stream),
      cost: CHEAP,
      now: () => world.now,
      ...change,
    })
    server = await listen(service.app)
  }
  beforeEach(async () => {
    world = new World({ attest: key })
    directory = await mkdtemp(join(tmpdir(), 'prover-'))
    log = ''
    down = false
    behind = 0
  })
  afterEach(async () => {
    await service.close(0)
    await server.close(0)
    await rm(directory, { recursive: true, force: true })
  })

  const call = async (who: Who | undefined, method: string, path: string, body?: unknown): Promise<{ status: number; body: any }> => {
    const headers = { ...(who && { authorization: `Bearer ${tokenOf(who)}` }), ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
    const response = await fetch(server.url + path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
    const text = await response.text()
    return { status: response.status, body: text ? JSON.parse(text) : undefined }
  }
  const refuses = async (code: string, ...args: Parameters<typeof call>) => assert.equal((await call(...args)).body.code, code)
  const openWallet = () => call('approver', 'POST', '/wallet', { password: PASSWORD })
  /** A wallet with a credential of the first hospital, in the service. */
  const giveCredential = async (change: Parameters<typeof issue>[1] = {}) => {
    const { holderId } = (await call('approver', 'GET', `/wallet/holder-ids/${HOSPITAL}`)).body
    return (await call('approver', 'POST', '/credentials', { credential: issue(BigInt(holderId) as never, { key: world.issuingKey, ...change }) })).body.id as string
  }
  const bring = async (who: Who = 'prover', statement: object = definition) => {
    const request = world.request(world.register(statement))
    return { request, explained: (await call(who, 'POST', '/requests', { request })).body }
  }
  const approve = (digest: string, body = {}) => call('approver', 'POST', `/requests/${digest}/approve`, body)
  const ended = async (id: string, who: Who = 'prover'): Promise<any> => {
    for (;;) {
      const { body } = await call(who, 'GET', `/proofs/${id}`)
      if (!['queued', 'running'].includes(body.state)) return body
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  /** Everything up to an approved request. */
  const ready = async (change: Partial<ProverServiceOptions> = {}) => {
    await start(change)
    await openWallet()
    await giveCredential()
    const { request, explained } = await bring()
    await approve(explained.request)
    return { request, digest: explained.request as string }
  }
  const unreliable = { program: new URL('./unreliable-worker.ts', import.meta.url) }

  it('explains a request, proves it when approved, submits it and keeps answer and receipt', async () => {
    const { request, digest } = await ready()
    const { status, body: job } = await call('prover', 'POST', '/proofs', { request: digest })
    assert.equal(status, 202)
    assert.equal((await ended(job.id)).state, 'done')
    const { answer, receipt } = (await call('prover', 'GET', `/answers/${job.id}`)).body
    assert.equal(receipt, null)
    await verifyAnswer({ answer, request, view: world.view, now: world.now })
    assert.deepEqual((await call('prover', 'POST', `/answers/${job.id}/submit`)).body.receipt, { receipt: 1, origin: ORIGIN })
    assert.deepEqual((await call('prover', 'GET', '/answers')).body.answers.map((one: any) => [one.id, one.submitted]), [[job.id, true]])

    // Another tenant sees nothing of it (F33).
    for (const [method, path] of [['GET', `/answers/${job.id}`], ['POST', `/answers/${job.id}/submit`], ['GET', `/proofs/${job.id}`]]) await refuses('NOT_FOUND', 'other', method ?? '', path ?? '')
    assert.deepEqual((await call('other', 'GET', '/answers')).body.answers, [])
  })

  it('writes one audit line a proof, and no value into any log, error, metric or file', async () => {
    const temporary = async () => (await readdir(tmpdir())).sort()
    const { digest } = await ready()
    const before = await temporary()
    const good = (await call('prover', 'POST', '/proofs', { request: digest })).body
    await ended(good.id)
    await giveCredential({ document: { number: 'INV-2', total: '99999.99' } })
    const failing = (await bring('prover', { ...definition, rules: [...definition.rules, 'now > 2100-01-01T00:00:00Z'] })).explained
    await approve(failing.request)
    const bad = (await call('prover', 'POST', '/proofs', { request: failing.request })).body
    const refusal = await ended(bad.id)
    assert.equal(refusal.refusal.code, 'RULE_FALSE')
    await call('prover', 'POST', '/requests', { request: { body: { secret: 'SE:PNR:191212121212' } } })

    const audit = log.split('\n').filter((line) => line.includes('"audit"')).map((line) => JSON.parse(line))
    assert.deepEqual(audit.map(({ tenant, verifier, result }) => [tenant, verifier, result]), [['prover', INSURER, 'done'], ['prover', INSURER, 'RULE_FALSE']])
    assert.ok(audit.every(({ statement, request, ms, time }) => statement && request && ms >= 0 && time))

    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    assert.ok(metrics.includes('prover_proofs_total{result="done"'))
    const stored = (await filesIn(directory)).join('\n')
    const answer = JSON.stringify((await call('prover', 'GET', `/answers/${good.id}`)).body)
    const { disclosureBlinding, parameterBlinding, pseudonym } = JSON.parse(answer).answer
    const { holderSecret } = (await walletContent(directory)) as { holderSecret: string }
    const secrets = [PASSWORD, holderSecret, disclosureBlinding, parameterBlinding, pseudonym, ...Object.values(documentJson).filter((value) => value.length > 3), '99999.99', ...Object.values(parameters).filter((value) => value.length > 3)]
    const left = (await temporary()).filter((name) => !before.includes(name))
    const leftover = (await Promise.all(left.map((name) => readFile(join(tmpdir(), name), 'latin1').catch(() => '')))).join('\n')
    for (const secret of secrets) {
      assert.ok(!leftover.includes(secret), 'temporary files')
      assert.ok(!log.includes(secret), 'log')
      assert.ok(!metrics.includes(secret), 'metrics')
      assert.ok(!stored.includes(secret), 'files')
      assert.ok(!JSON.stringify(refusal).includes(secret), 'refusal')
    }
  })

  describe('wallet', () => {
    it('says whether it exists and is open', async () => {
      await start()
      assert.deepEqual((await call('viewer', 'GET', '/wallet')).body, { exists: false, unlocked: false, credentials: null })
      await openWallet()
      assert.deepEqual((await call('viewer', 'GET', '/wallet')).body, { exists: true, unlocked: true, credentials: 0 })
    })
    it('does nothing while it is locked', async () => {
      await ready()
      await call('approver', 'POST', '/wallet/lock')
      for (const [method, path, body] of [['GET', '/credentials'], ['POST', '/credentials', { credential: {} }], ['POST', '/requests', { request: {} }]] as const) await refuses('NOT_READY', 'approver', method, path, body)
      for (const [method, path, body] of [['POST', '/proofs', { request: '00' }], ['GET', '/answers']] as const) await refuses('NOT_READY', 'prover', method, path, body)
    })
    it('opens again with its password alone (F34)', async () => {
      await ready()
      await call('approver', 'POST', '/wallet/lock')
      await refuses('UNAUTHENTICATED', 'approver', 'POST', '/wallet/unlock', { password: 'correct horse batterz' })
      assert.equal((await call('approver', 'POST', '/wallet/unlock', { password: PASSWORD })).body.credentials, 1)
    })
    it('is not made twice', async () => {
      await ready()
      await refuses('EXISTS', 'approver', 'POST', '/wallet', { password: PASSWORD })
    })
    it('picks a credential up from its issuer', async () => {
      await start()
      await openWallet()
      const issuer = createServer((request, response) => {
        response.setHeader('content-type', 'application/json')
        if (request.url === '/issuer') return void response.end(JSON.stringify({ organisation: HOSPITAL }))
        let body = ''
        request.on('data', (chunk) => (body += chunk))
        request.on('end', () => {
          const { code, holderId } = JSON.parse(body)
          response.statusCode = code === 'ABCD' ? 201 : 404
          response.end(code === 'ABCD' ? JSON.stringify(issue(BigInt(holderId) as never, { key: world.issuingKey })) : '{}')
        })
      }).listen(0, '127.0.0.1')
      await new Promise((resolve) => issuer.once('listening', resolve))
      const url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/`
      await refuses('NOT_FOUND', 'approver', 'POST', '/credentials', { issuer: url, code: 'WXYZ' })
      const { status, body } = await call('approver', 'POST', '/credentials', { issuer: url, code: 'ABCD' })
      assert.deepEqual([status, body.issuer], [201, HOSPITAL])
      issuer.close()
      await refuses('UNAVAILABLE', 'approver', 'POST', '/credentials', { issuer: url, code: 'ABCD' })
      await refuses('MALFORMED', 'approver', 'POST', '/credentials', { issuer: 'file:///etc/passwd', code: 'ABCD' })
    })
    it('refuses a credential of another holder', async () => {
      await start()
      await openWallet()
      await refuses('CREDENTIAL_INVALID', 'approver', 'POST', '/credentials', { credential: issue(5n as never) })
    })
    it('shows a document to those who may see it, and forgets it', async () => {
      await start()
      await openWallet()
      const id = await giveCredential()
      assert.deepEqual((await call('viewer', 'GET', `/credentials/${id}`)).body.document, documentJson)
      assert.equal((await call('approver', 'DELETE', `/credentials/${id}`)).status, 204)
      await refuses('NOT_FOUND', 'viewer', 'GET', `/credentials/${id}`)
    })
  })

  describe('roles', () => {
    it('refuse whoever has no token', async () => {
      await start()
      for (const [method, path] of [['GET', '/wallet'], ['POST', '/wallet'], ['POST', '/requests'], ['POST', '/proofs'], ['GET', '/answers']]) await refuses('UNAUTHENTICATED', undefined, method ?? '', path ?? '')
    })
    it('keep seeing, approving and proving apart', async () => {
      const { digest } = await ready()
      for (const who of ['viewer', 'prover'] as const) {
        await refuses('FORBIDDEN', who, 'POST', '/wallet/unlock', { password: PASSWORD })
        await refuses('FORBIDDEN', who, 'POST', '/credentials', {})
        await refuses('FORBIDDEN', who, 'POST', `/requests/${digest}/approve`, {})
        await refuses('FORBIDDEN', who, 'GET', '/requests')
      }
      for (const who of ['viewer', 'approver'] as const) {
        await refuses('FORBIDDEN', who, 'POST', '/proofs', { request: digest })
        await refuses('FORBIDDEN', who, 'GET', '/answers')
      }
      await refuses('FORBIDDEN', 'other', 'GET', '/credentials')
    })
  })

  describe('approval', () => {
    it('comes before any proof', async () => {
      await start({ pool: unreliable })
      await openWallet()
      await giveCredential()
      const { explained } = await bring()
      assert.equal(explained.decision, 'undecided')
      await refuses('DECLINED', 'prover', 'POST', '/proofs', { request: explained.request })
      assert.deepEqual((await call('approver', 'GET', '/requests')).body.requests.map((one: any) => one.request), [explained.request])
      await call('approver', 'POST', `/requests/${explained.request}/decline`)
      await refuses('DECLINED', 'prover', 'POST', '/proofs', { request: explained.request })
      assert.deepEqual((await call('approver', 'GET', '/requests')).body.requests, [])
    })
    it('is not asked for what the holder lets through', async () => {
      const { hash: statement } = world.register()
      await start({ automatic: [{ verifier: INSURER, statement }], pool: unreliable })
      await openWallet()
      await giveCredential()
      assert.equal((await bring()).explained.decision, 'automatic')
      assert.equal((await bring('prover', { ...definition, version: 2 })).explained.decision, 'undecided')
    })
    it('can name the credential', async () => {
      const { digest } = await ready()
      const second = await giveCredential({ document: { number: 'INV-2', total: '1.00' } })
      await approve(digest, { credentials: { invoice: '00'.repeat(16) } })
      const job = (await call('prover', 'POST', '/proofs', { request: digest, credentials: { invoice: second } })).body
      assert.equal((await ended(job.id)).refusal.code, 'NO_CREDENTIAL')
    })
    it('shows what would be shown, to whom, and who stays hidden', async () => {
      await start({ pool: unreliable })
      await openWallet()
      const id = await giveCredential()
      const { explained } = await bring()
      assert.equal(explained.verifierName, 'Insurer')
      assert.deepEqual(explained.candidates, [{ credentials: { invoice: id }, hiddenAmong: { invoice: 3 } }])
      assert.ok(explained.explanation.proved.length >= 3 && explained.explanation.hidden[0].includes('3') && explained.registryLearns.length > 1)
    })
    it('tells why nothing in the wallet does', async () => {
      await start({ pool: unreliable })
      await openWallet()
      await giveCredential({ expiresAt: world.now })
      assert.deepEqual((await bring()).explained.failures.map(({ code }: any) => code), ['EXPIRED'])
    })
  })

  it('refuses a request that is not signed by the verifier it names, and remembers nothing', async () => {
    await start({ pool: unreliable })
    await openWallet()
    const { body, signatures } = world.request(world.register())
    await refuses('BAD_SIGNATURE', 'prover', 'POST', '/requests', { request: { body: { ...body, expires: body.expires + 1 }, signatures } })
    assert.deepEqual((await call('approver', 'GET', '/requests')).body.requests, [])
  })
  it('refuses without the registry', async () => {
    await ready({ pool: unreliable })
    down = true
    await refuses('UNAVAILABLE', 'prover', 'POST', '/requests', { request: world.request(world.register()) })
  })
  it('looks again when a status list was published between view and lists', async () => {
    await ready({ pool: unreliable })
    behind = 2
    assert.equal((await bring()).explained.candidates.length, 1)
    behind = 9
    assert.deepEqual((await bring()).explained.failures.map(({ code }: any) => code), ['UNKNOWN_LIST'])
  })
  it('hands out nothing that its own check does not accept', async () => {
    const { digest } = await ready({ pool: { program: new URL('./lying-worker.ts', import.meta.url) } })
    const job = (await call('prover', 'POST', '/proofs', { request: digest })).body
    assert.equal((await ended(job.id)).refusal.code, 'PROOF_INVALID')
    assert.deepEqual((await call('prover', 'GET', '/answers')).body.answers, [])
  })

  describe('tenants', () => {
    it('see no other’s request or job (F33)', async () => {
      const { digest } = await ready({ pool: { program: new URL('./hanging-worker.ts', import.meta.url) } })
      const job = (await call('prover', 'POST', '/proofs', { request: digest })).body
      for (const [method, path] of [['GET', `/requests/${digest}`], ['GET', `/proofs/${job.id}`], ['DELETE', `/proofs/${job.id}`]]) await refuses('NOT_FOUND', 'other', method ?? '', path ?? '')
      await refuses('NOT_FOUND', 'other', 'POST', '/proofs', { request: digest })
      assert.equal((await call('prover', 'GET', `/proofs/${job.id}`)).status, 200)
    })
    it('reach no file by the name of an answer', async () => {
      await ready({ pool: unreliable })
      for (const id of ['..%2Fwallet', '..%2f..%2fetc%2fpasswd', 'x', '0'.repeat(31)]) await refuses('NOT_FOUND', 'prover', 'GET', `/answers/${id}`)
    })
  })

  describe('load', () => {
    /** A worker that never answers. */
    const hanging = async (queue: number, timeoutMs = 60_000) => {
      const { digest } = await ready({ pool: { program: new URL('./hanging-worker.ts', import.meta.url), queue, timeoutMs } })
      const begin = async () => (await call('prover', 'POST', '/proofs', { request: digest })).body
      return { begin, digest }
    }
    it('is refused once the queue is full (F33)', async () => {
      const { begin } = await hanging(2)
      const jobs = [await begin(), await begin(), await begin()]
      assert.ok(jobs.every(({ state }) => state === 'queued'))
      assert.equal((await begin()).code, 'BUSY')
    })
    it('can be cancelled, running or waiting, and gives its place free (F33)', async () => {
      const { begin } = await hanging(1)
      const [first, second] = [await begin(), await begin()]
      for (const { id } of [second, first]) assert.equal((await call('prover', 'DELETE', `/proofs/${id}`)).body.state, 'cancelled')
      assert.equal((await begin()).state, 'queued')
    })
    it('is refused after the time that a proof may take (F33)', async () => {
      const { begin } = await hanging(1, 200)
      assert.equal((await ended((await begin()).id)).refusal.code, 'TIMEOUT')
    })
    it('of one crashed worker is refused and the next served (F33)', async () => {
      const { digest } = await ready({ pool: { program: new URL('./crashing-worker.ts', import.meta.url) } })
      for (let i = 0; i < 2; i++) assert.equal((await ended((await call('prover', 'POST', '/proofs', { request: digest })).body.id)).refusal.code, 'UNAVAILABLE')
    })
  })

  it('finishes the proof under way when it closes, and takes no other (F32)', async () => {
    const { digest } = await ready()
    const job = (await call('prover', 'POST', '/proofs', { request: digest })).body
    const closing = service.close()
    assert.equal((await call(undefined, 'GET', '/readyz')).status, 503)
    await refuses('NOT_READY', 'prover', 'POST', '/proofs', { request: digest })
    await closing
    assert.equal((await call('prover', 'GET', `/proofs/${job.id}`)).body.state, 'done')
    assert.equal((await call('prover', 'GET', `/answers/${job.id}`)).status, 200)
  })

  it('describes itself', async () => {
    await start({ pool: unreliable })
    const { body } = await call(undefined, 'GET', '/openapi.json')
    assert.equal(body.openapi, '3.1.0')
    for (const path of ['/wallet', '/credentials', '/requests', '/proofs/{id}', '/answers/{id}/submit']) assert.ok(body.paths[path])
    assert.equal((await call(undefined, 'GET', '/healthz')).status, 200)
  })

  for (const [name, body] of Object.entries({ 'text': 'x', 'an array': [], 'no request': {}, 'a request that is null': { request: null }, 'members that are no list': { request: {}, members: 5 } }))
    it(`refuses ${name} as a new request`, async () => {
      await start({ pool: unreliable })
      await openWallet()
      await refuses('MALFORMED', 'prover', 'POST', '/requests', body)
    })
})

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return Promise.all(entries.filter((entry) => entry.isFile()).map(async (entry) => (await readFile(join(entry.parentPath, entry.name))).toString('latin1')))
}

/** What is sealed in the wallet, in the clear. */
async function walletContent(directory: string): Promise<Json> {
  const { unseal } = await import('../../src/prover/sealed.ts')
  return (await unseal(await readFile(join(directory, 'wallet.json'), 'utf8'), PASSWORD)).value
}
