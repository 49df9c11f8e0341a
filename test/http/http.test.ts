import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { Writable } from 'node:stream'
import pino from 'pino'
import { Refusal, REFUSAL_CODES, type RefusalCode } from '../../src/errors/errors.ts'
import { createApp } from '../../src/http/app.ts'
import { newToken } from '../../src/http/auth.ts'
import { jsonBody, objectBody } from '../../src/http/body.ts'
import { listen, type RunningServer } from '../../src/http/server.ts'
import { refused } from '../document/specimens.ts'

const SECRET = 'Mustermann-4711'
const token = newToken()
const lines: string[] = []
const log = new Writable({ write: (chunk, _encoding, done) => void (lines.push(String(chunk)), done()) })

const app = (requestsPerMinute = 1000, ready: () => boolean = () => true) =>
  createApp({
    name: 'specimen',
    api: { title: 'Specimen', version: '1', description: 'for tests', paths: { '/echo/{id}': { post: { summary: 'echo', responses: { 200: { description: 'the same' } } } } } },
    tokens: [{ token, name: 'ann', roles: ['echo'] }],
    logger: pino({ level: 'trace' }, log),
    requestsPerMinute,
    ready,
    routes(router, { allow }) {
      router.post('/echo/:id', allow('echo'), jsonBody({ bytes: 200, depth: 4 }), (request, response) => void response.json(objectBody(request)))
      router.post('/other', allow('other'), (_request, response) => void response.json({}))
      router.get('/bug', () => {
        throw new TypeError(SECRET)
      })
      router.get('/refusal/:code', ({ params }) => {
        throw new Refusal(params.code as RefusalCode, 'because', [{ path: '/x', expected: 'a', got: 'b' }])
      })
      router.get('/slow', async (_request, response) => {
        await new Promise((resolve) => setTimeout(resolve, 200))
        response.json({ done: true })
      })
    },
  })

describe('a service', () => {
  let server: RunningServer
  const call = (path: string, init: RequestInit = {}) => fetch(server.url + path, init)
  const post = (body: BodyInit, headers: Record<string, string> = {}) => call('/echo/1', { method: 'POST', body, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers } })

  before(async () => void (server = await listen(app())))
  after(() => server.close())

  async function refuses(response: Response, code: RefusalCode): Promise<void> {
    const body = (await response.json()) as Record<string, unknown>
    assert.equal(response.headers.get('content-type')?.split(';')[0], 'application/problem+json')
    assert.deepEqual({ code: body['code'], type: body['type'], status: body['status'] }, { code, type: `urn:attestry:problem:${code}`, status: response.status })
    assert.equal(body['instance'], response.headers.get('x-request-id'))
  }

  it('answers what is right', async () => assert.deepEqual(await (await post('{"a":1}')).json(), { a: 1 }))
  it('answers every refusal code as problem+json with its status', async () => {
    for (const code of REFUSAL_CODES) await refuses(await call(`/refusal/${code}`), code)
  })
  it('refuses without a token, with an unknown one and with one of another role', async () => {
    for (const authorization of ['', 'Bearer ', `Bearer ${token}x`, `Basic ${token}`, token]) await refuses(await post('{}', { authorization }), 'UNAUTHENTICATED')
    await refuses(await call('/other', { method: 'POST', headers: { authorization: `Bearer ${token}` } }), 'FORBIDDEN')
  })
  it('refuses tokens that are short or doubled', () => {
    const options = { name: 'x', api: { title: '', version: '', description: '', paths: {} }, routes: () => {} }
    refused('MALFORMED', () => createApp({ ...options, tokens: [{ token: 'short', name: 'x', roles: [] }] }))
    refused('MALFORMED', () => createApp({ ...options, tokens: [{ token, name: 'x', roles: [] }, { token, name: 'y', roles: [] }] }))
  })
  for (const [what, body] of [
    ['duplicate members (A7)', '{"a":1,"a":2}'],
    ['__proto__ (A5)', '{"__proto__":{}}'],
    ['no JSON', '{'],
    ['no body', ''],
    ['no object', '[]'],
    ['bytes that are not UTF-8', new Uint8Array([0x22, 0xff, 0x22])],
  ] as const)
    it(`refuses a body with ${what}`, async () => refuses(await post(body), 'MALFORMED'))
  it('refuses a body that is too long or too deep (A7)', async () => {
    await refuses(await post(JSON.stringify({ a: 'x'.repeat(300) })), 'TOO_LARGE')
    await refuses(await post('[[[[[1]]]]]'), 'TOO_LARGE')
  })
  it('refuses another content type and a compressed body', async () => {
    await refuses(await post('{}', { 'content-type': 'text/plain' }), 'MALFORMED')
    await refuses(await post('{}', { 'content-encoding': 'gzip' }), 'MALFORMED')
  })
  it('says nothing of a failure of its own', async () => {
    const response = await call('/bug')
    assert.equal(response.status, 500)
    assert.deepEqual(Object.keys((await response.json()) as object).sort(), ['instance', 'status', 'title', 'type'])
  })
  it('refuses a path that is none', async () => {
    await refuses(await call('/nothing'), 'NOT_FOUND')
    await refuses(await call('/refusal/%ff'), 'MALFORMED')
  })
  it('logs the route, and no path, query, body, header or message (A20)', async () => {
    lines.length = 0
    await post(JSON.stringify({ name: SECRET }))
    await call(`/echo/${SECRET}?name=${SECRET}`, { method: 'POST', headers: { 'x-name': SECRET } })
    await call('/bug')
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.ok(lines.length >= 3)
    assert.ok(lines.some((line) => line.includes('/echo/:id') && line.includes('ann')))
    for (const hidden of [SECRET, token]) assert.ok(!lines.join('').includes(hidden))
  })
  it('describes itself, and loads nothing from elsewhere', async () => {
    const description = (await (await call('/openapi.json')).json()) as { openapi: string; paths: Record<string, Record<string, { responses: object }>> }
    assert.equal(description.openapi, '3.1.0')
    assert.ok('default' in (description.paths['/echo/{id}']?.['post']?.responses ?? {}))
    const page = await (await call('/docs')).text()
    for (const [, url] of page.matchAll(/(?:src|href)="([^"]+)"/g)) assert.equal((await call(url ?? '')).status, 200, url)
    assert.ok(!page.includes('//'))
  })
  it('has metrics of routes', async () => assert.match(await (await call('/metrics')).text(), /http_requests_total\{method="POST",route="\/echo\/:id",status="200",service="specimen"\} \d/))
  it('is alive, and ready only when it can work', async () => {
    assert.equal((await call('/healthz')).status, 200)
    const unready = await listen(app(1000, () => { throw new Error('no') }))
    assert.equal((await fetch(`${unready.url}/readyz`)).status, 503)
    await unready.close()
  })
  it('refuses a client that asks too often, but answers its health', async () => {
    const limited = await listen(app(2))
    for (let i = 0; i < 2; i++) await fetch(`${limited.url}/nothing`)
    await refuses(await fetch(`${limited.url}/nothing`), 'RATE_LIMITED')
    assert.equal((await fetch(`${limited.url}/healthz`)).status, 200)
    await limited.close()
  })
  it('lets a request under way end when it is closed, and takes no other', async () => {
    const closing = await listen(app())
    const slow = fetch(`${closing.url}/slow`)
    await new Promise((resolve) => setTimeout(resolve, 50))
    await Promise.all([closing.close(), closing.close()])
    assert.deepEqual(await (await slow).json(), { done: true })
    await assert.rejects(fetch(`${closing.url}/healthz`))
  })
  it('cuts off a body that dribbles in (A7)', async () => {
    const impatient = await listen(app(), { requestTimeoutMs: 300 })
    const socket = connect(Number(new URL(impatient.url).port), '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => (answer += String(chunk)))
    socket.write(`POST /echo/1 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`)
    await new Promise((resolve) => socket.on('close', resolve))
    assert.match(answer, /^(HTTP\/1\.1 408|$)/)
    await impatient.close()
  })
  it('says when it cannot have its address', async () => {
    await assert.rejects(listen(app(), { port: Number(new URL(server.url).port) }), { code: 'UNAVAILABLE' })
  })
})
