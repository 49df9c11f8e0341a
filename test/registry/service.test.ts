import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import pino from 'pino'
import { RegistryClient } from '../../src/client/registry-client.ts'
import { parseField } from '../../src/field/field.ts'
import { httpStatus, type RefusalCode } from '../../src/errors/errors.ts'
import type { Json } from '../../src/hash/canonical.ts'
import type { Digest } from '../../src/hash/digest.ts'
import { listen, type RunningServer } from '../../src/http/server.ts'
import { createRegistryService, type RegistryService } from '../../src/registry/service.ts'
import { generateOrganisationKey, publicPart } from '../../src/signature/organisation-key.ts'
import { openCheckpoint } from '../../src/verifier/checkpoint.ts'
import { fromBase64 } from '../../src/verifier/base64.ts'
import { requireConsistency } from '../../src/verifier/merkle.ts'
import { parseReceipt, verifyReceipt } from '../../src/verifier/receipt.ts'
import { CHECKS, command, fresh, genesis, INSURER, LOG_KEY, newDirectory, ORIGIN, proof, publishStatus, SCHEMA_ID, setup, START, submission, type World } from './specimen.ts'

describe('the registry’s service', () => {
  const log: string[] = []
  const zkey = Buffer.from('a proving key '.repeat(100_000))
  const digest = createHash('sha256').update(zkey).digest('hex')
  let service: RegistryService
  let server: RunningServer
  let client: RegistryClient
  let world: World

  before(async () => {
    const directory = newDirectory()
    const file = join(newDirectory(), 'key')
    writeFileSync(file, zkey)
    const sink = new Writable({ write: (chunk: Buffer, _encoding, done) => (log.push(chunk.toString()), done()) })
    const circuits = { attest: '00'.repeat(32), match: '00'.repeat(32) }
    service = await createRegistryService({ directory, logKey: LOG_KEY, circuits, checks: CHECKS, clock: () => START, genesis: genesis() as unknown as Json, files: { 'attest.zkey': file }, logger: pino({ level: 'debug' }, sink), requestsPerMinute: 10_000 })
    for (const step of setup()) await service.registry.submit(step)
    server = await listen(service.app)
    client = new RegistryClient(server.url)
    // The specimen makes submissions for a world; this is the one behind the service.
    world = { registry: service.registry, clock: { now: START } } as World
  })
  after(async () => {
    await server.close()
    await service.close()
  })

  const problem = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(server.url + path, init)
    assert.equal(response.headers.get('content-type'), 'application/problem+json; charset=utf-8')
    return (await response.json()) as { status: number; code: RefusalCode; type: string }
  }
  const post = (path: string, body: string | Buffer, type = 'application/json') => problem(path, { method: 'POST', body: body as unknown as string, headers: { 'content-type': type } })

  it('records a proof and gives a receipt that verifies offline', async () => {
    const receipt = await client.submit(submission(world))
    assert.equal(verifyReceipt(parseReceipt(receipt), ORIGIN, LOG_KEY).entry.type, 'proof.submit')
  })

  it('records a command', async () => {
    const receipt = await client.command(command('scope.register', { name: 'by-http' }, INSURER))
    assert.equal(verifyReceipt(parseReceipt(receipt), ORIGIN, LOG_KEY).entry.type, 'scope.register')
  })

  it('passes a refusal on with its code', async () => {
    const json = submission(world)
    await client.submit(json)
    await assert.rejects(client.submit(submission(world, 'claim', { nullifiers: json['nullifiers']! })), { name: 'Refusal', code: 'NULLIFIER_SPENT' })
    await assert.rejects(client.command(command('scope.register', { name: 'claims' }, INSURER)), { code: 'EXISTS' })
    await assert.rejects(client.submit({ ...submission(world), now: START + 500 }), { code: 'NOW_OUT_OF_RANGE' })
  })

  it('serves a view under the log key, and under no other', async () => {
    const view = await client.fetchView(publicPart(LOG_KEY))
    assert.equal(view.size, service.registry.size)
    await assert.rejects(client.fetchView(publicPart(generateOrganisationKey())), { code: 'BAD_SIGNATURE' })
  })

  it('serves a new view as soon as there is a new entry', async () => {
    await client.submit(submission(world))
    assert.equal((await client.fetchView(publicPart(LOG_KEY))).size, service.registry.size)
  })

  it('serves the lists of a schema', async () => {
    await client.command(publishStatus(1, [3]))
    const lists = (await client.lists(parseField(SCHEMA_ID))) as { all: { sequence: number }[] }
    assert.deepEqual(lists.all.map(({ sequence }) => sequence), [1])
    await assert.rejects(client.lists(parseField('7')), { code: 'UNKNOWN_SCHEMA' })
  })

  it('serves checkpoints that one consistency proof ties together', async () => {
    const first = openCheckpoint(await client.checkpoint(), ORIGIN, LOG_KEY)
    await client.submit(submission(world))
    const second = openCheckpoint(await client.checkpoint(), ORIGIN, LOG_KEY)
    requireConsistency(first, second, (await client.consistency(first.size, second.size)).map((hash) => fromBase64(hash, '/')))
  })

  it('serves pages that stay the same while entries are appended (F32)', async () => {
    const page = await client.entries(0, 5)
    assert.equal(page.next, 5)
    const tail = await client.entries(service.registry.size - 1, 100)
    await client.submit(submission(world))
    assert.deepEqual((await client.entries(0, 5)).entries, page.entries)
    const more = await client.entries(tail.next, 100)
    assert.equal(more.entries.length, 1)
    assert.deepEqual((await client.entries(more.next, 100)).entries, [])
  })

  it('serves every receipt again, and bodies by their digest', async () => {
    const json = submission(world)
    const receipt = await client.submit(json)
    const { entry } = parseReceipt(receipt)
    assert.deepEqual(await client.receipt(entry.index), receipt)
    assert.deepEqual(await client.body(entry.body), proof(json))
    assert.equal(await client.spentIn(parseField((json['nullifiers'] as string[])[0])), entry.index)
    await assert.rejects(client.spentIn(parseField(fresh())), { code: 'NOT_FOUND' })
  })

  it('serves proving keys by their hash', async () => {
    assert.deepEqual(await client.files(), [{ digest, name: 'attest.zkey', bytes: zkey.length }])
    let received = 0
    const file = await client.file(digest, (bytes) => (received = bytes))
    assert.deepEqual(Buffer.from(file), zkey)
    assert.equal(received, zkey.length)
    await assert.rejects(client.file('00'.repeat(32)), { code: 'NOT_FOUND' })
  })

  for (const path of ['/entries?from=-1', '/entries?from=1e3', '/entries?limit=0', '/entries?limit=1001', '/entries?from=07', '/entries/x', '/entries/0/receipt?size=', '/log/inclusion?index=0', '/log/inclusion?index=5&size=5', '/log/consistency?first=7&second=3', '/bodies/xyz', '/lists/007', '/keys/..%2f..%2fetc', '/keys/short', '/entries/%zz'])
    it(`refuses GET ${path}`, async () => assert.equal((await problem(path)).code, 'MALFORMED'))

  for (const path of ['/nothing', '/entries/999999', '/entries/999999/receipt', '/entries/0/receipt?size=999999', '/log/consistency?first=1&second=999999', `/bodies/${'00'.repeat(32)}`])
    it(`does not find GET ${path}`, async () => {
      const { code, status } = await problem(path)
      assert.equal(code, 'NOT_FOUND')
      assert.equal(status, httpStatus(code))
    })

  for (const [what, body] of Object.entries({
    'text that is no JSON': '{',
    'nothing': '',
    'null': 'null',
    'a list': '[]',
    'a member twice': '{"body":{"type":"scope.register","type":"genesis"},"signatures":[]}',
    '__proto__': '{"__proto__":{},"body":{},"signatures":[]}',
    'bytes that are no UTF-8': Buffer.from([0x7b, 0xff, 0x7d]),
  }))
    it(`refuses ${what} at both doors (A7)`, async () => {
      assert.equal((await post('/commands', body)).code, 'MALFORMED')
      assert.equal((await post('/submissions', body)).code, 'MALFORMED')
    })

  it('refuses deep JSON (A7)', async () => {
    assert.equal((await post('/commands', '['.repeat(40) + ']'.repeat(40))).code, 'TOO_LARGE')
    assert.equal((await post('/submissions', '['.repeat(9) + ']'.repeat(9))).code, 'TOO_LARGE')
  })

  it('refuses bodies over the limit (A7)', async () => {
    assert.equal((await post('/submissions', JSON.stringify('x'.repeat(17_000)))).code, 'TOO_LARGE')
    assert.equal((await post('/commands', JSON.stringify('x'.repeat(2_100_000)))).code, 'TOO_LARGE')
  })

  it('refuses another content type', async () => assert.equal((await post('/submissions', '{}', 'text/plain')).code, 'MALFORMED'))

  it('refuses a proof at the door for commands', async () => assert.equal((await post('/commands', JSON.stringify(proof(submission(world))))).code, 'MALFORMED'))

  it('refuses a genesis from outside', async () => assert.equal((await post('/commands', JSON.stringify(genesis()))).code, 'EXISTS'))

  it('describes every route of its own', async () => {
    const { openapi, paths } = (await (await fetch(`${server.url}/openapi.json`)).json()) as { openapi: string; paths: Record<string, unknown> }
    assert.equal(openapi, '3.1.0')
    for (const path of ['/commands', '/submissions', '/checkpoint', '/entries', '/entries/{index}', '/entries/{index}/receipt', '/log/consistency', '/log/inclusion', '/view', '/lists/{schemaId}', '/bodies/{digest}', '/keys/{digest}', '/nullifiers/{nullifier}'])
      assert.ok(paths[path], path)
  })

  it('is alive, ready and measured', async () => {
    for (const path of ['/healthz', '/readyz', '/docs']) assert.equal((await fetch(server.url + path)).status, 200)
    assert.match(await (await fetch(`${server.url}/metrics`)).text(), new RegExp(`registry_log_entries(\\{.*\\})? ${service.registry.size}\n`))
  })

  it('logs nothing about what was submitted or by whom', async () => {
    const json = submission(world)
    const { length } = log
    await client.submit(json)
    const lines = log.slice(length).join('')
    assert.match(lines, /"route":"\/submissions"/)
    const elements = [...(json['nullifiers'] as string[]), ...(json['linkTags'] as string[]), json['disclosure'] as string, json['parameterCommitment'] as string]
    for (const text of [...elements, json['statement'] as string, json['request'] as string, '127.0.0.1', '::1', 'user-agent']) assert.ok(!lines.includes(text), text)
  })

  describe('for its client', () => {
    const servers: Server[] = []
    after(() => servers.forEach((one) => one.close()))
    const answering = async (body: string): Promise<RegistryClient> => {
      const other = createServer((_request, response) => void response.end(body)).listen(0, '127.0.0.1')
      servers.push(other)
      await once(other, 'listening')
      return new RegistryClient(`http://127.0.0.1:${(other.address() as AddressInfo).port}`)
    }

    it('is unavailable when nobody listens', () => assert.rejects(new RegistryClient('http://127.0.0.1:9').viewJson(), { code: 'UNAVAILABLE' }))

    it('is unavailable when something else answers', async () => assert.rejects((await answering('<html>hello</html>')).viewJson(), { code: 'UNAVAILABLE' }))

    it('has a URL', () => assert.throws(() => new RegistryClient('ftp://registry.example'), { code: 'MALFORMED' }))

    it('cannot pass off another body or file', async () => {
      const other = await answering('{"body":{},"signatures":[]}')
      await assert.rejects(other.body('00'.repeat(32) as Digest), { code: 'CORRUPT' })
      await assert.rejects(other.file('00'.repeat(32)), { code: 'CORRUPT' })
    })
  })

  it('answers what is under way when it stops (F32)', async () => {
    const other = await createRegistryService({ directory: newDirectory(), logKey: LOG_KEY, circuits: { attest: '', match: '' }, checks: CHECKS, clock: () => START, genesis: genesis() as unknown as Json })
    for (const step of setup()) await other.registry.submit(step)
    const running = await listen(other.app)
    const there = { registry: other.registry, clock: { now: START } } as World
    const submissions = Array.from({ length: 12 }, () => submission(there))
    const arrived = once(running.server, 'request')
    const answers = Promise.allSettled(submissions.map((json) => new RegistryClient(running.url).submit(json)))
    await arrived
    await running.close()
    const outcomes = await answers
    await other.close()
    for (const outcome of outcomes) assert.ok(outcome.status === 'fulfilled' || (outcome.reason as { code: string }).code === 'UNAVAILABLE')
    assert.equal(other.registry.size, setup().length + 1 + outcomes.filter(({ status }) => status === 'fulfilled').length)
    await assert.rejects(new RegistryClient(running.url).viewJson(), { code: 'UNAVAILABLE' })
  })
})
