import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import pino from 'pino'
import { parseCredential } from '../../src/credential/credential.ts'
import { holderIdOf, newHolderSecret } from '../../src/credential/holder.ts'
import { Refusal, type RefusalCode } from '../../src/errors/errors.ts'
import { printField } from '../../src/field/field.ts'
import { newToken } from '../../src/http/auth.ts'
import { listen, type RunningServer } from '../../src/http/server.ts'
import { createIssuerService, type IssuerRole, type IssuerService } from '../../src/issuer/service.ts'
import type { Envelope } from '../../src/signature/envelope.ts'
import { generateOrganisationKey } from '../../src/signature/organisation-key.ts'
import { fixture, fixtureJson, medicalInvoice, schemaJson } from '../document/specimens.ts'

const HOSPITAL = 'AT:KA:K911'
const UNTIL = 1_800_000_000

describe('the issuer’s service', () => {
  const tokens = Object.fromEntries((['issue', 'revoke', 'view', 'keys'] as IssuerRole[]).map((role) => [role, newToken()])) as Record<IssuerRole, string>
  const folder = mkdtempSync(join(tmpdir(), 'attestry-issuer-service-'))
  const logged: string[] = []
  const sent: Envelope[] = []
  let registryIsUp = true
  let service: IssuerService
  let server: RunningServer

  before(async () => {
    service = await createIssuerService({
      organisation: HOSPITAL,
      origin: 'registry.example',
      organisationKey: generateOrganisationKey('p256'),
      databasePath: join(folder, 'issuer.db'),
      tokens: Object.entries(tokens).map(([role, token]) => ({ token, name: role, roles: [role as IssuerRole] })),
      submitCommand: async (envelope) => (registryIsUp ? sent.push(envelope) : Promise.reject(new Refusal('UNAVAILABLE', 'no registry'))),
      logger: pino({ level: 'trace' }, new Writable({ write: (chunk, _encoding, done) => void (logged.push(String(chunk)), done()) })),
      retrySeconds: 0,
      requestsPerMinute: 10_000,
      now: () => 1_740_000_000,
    })
    server = await listen(service.app)
  })
  after(async () => {
    await server.close()
    await service.close()
    rmSync(folder, { recursive: true })
  })

  async function call(method: 'GET' | 'POST', path: string, role?: IssuerRole, body?: unknown): Promise<{ status: number; body: any }> {
    const response = await fetch(server.url + path, {
      method,
      headers: { ...(role ? { authorization: `Bearer ${tokens[role]}` } : {}), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: await response.json() }
  }

  async function refuses(code: RefusalCode, ...request: Parameters<typeof call>): Promise<any> {
    const { body } = await call(...request)
    assert.equal(body.code, code, JSON.stringify(body))
    return body
  }

  const holderId = printField(holderIdOf(newHolderSecret(), HOSPITAL))
  const invoice = (changes: Record<string, unknown> = {}) => ({ schema: 'medical-invoice', document: fixture('fhir-r4-invoice-example.json'), supplement: fixtureJson('medical-invoice.supplement.json'), expiresAt: UNTIL, ...changes })

  it('takes a schema from who may give it one', async () => {
    await refuses('FORBIDDEN', 'POST', '/schemas', 'issue', schemaJson('medical-invoice'))
    await refuses('SCHEMA_INVALID', 'POST', '/schemas', 'keys', { $id: 'x' })
    assert.equal((await call('POST', '/schemas', 'keys', schemaJson('medical-invoice'))).status, 201)
    const { body } = await call('GET', '/issuer')
    assert.deepEqual(body.schemas, [{ name: 'medical-invoice', title: 'Medical invoice', id: printField(medicalInvoice.id) }])
  })

  it('turns a FHIR invoice into an offer and the offer into a credential', async () => {
    const offer = await call('POST', '/offers', 'issue', invoice())
    assert.equal(offer.status, 201)
    const { body } = await call('POST', '/credentials', undefined, { code: offer.body.code, holderId })
    const checked = parseCredential(body, medicalInvoice)
    assert.equal(checked.fields[4], 480000n)
    assert.equal(checked.issuerOrg, HOSPITAL)
  })

  it('tells what is wrong with a document, all of it and no value', async () => {
    const body = await refuses('DOCUMENT_INVALID', 'POST', '/offers', 'issue', invoice({ supplement: { provider: 'Hospital Kaltenbrunn' } }))
    assert.deepEqual([...new Set(body.problems.map(({ path }: { path: string }) => path))].sort(), ['/provider', '/subject'])
    assert.ok(!JSON.stringify(body).includes('Kaltenbrunn'))
  })

  it('refuses a supplement that contradicts the document', async () => void (await refuses('DOCUMENT_INVALID', 'POST', '/offers', 'issue', invoice({ supplement: { ...fixtureJson('medical-invoice.supplement.json'), total: '4800' } }))))

  it('refuses offers that are none', async () => {
    for (const changes of [{ expiresAt: 'x' }, { expiresAt: 1.5 }, { schema: 7 }, { format: 'pdf' }, { document: undefined }, { replace: 'yes' }, { offerSeconds: 1 }]) await refuses('MALFORMED', 'POST', '/offers', 'issue', invoice(changes))
    await refuses('EXPIRED', 'POST', '/offers', 'issue', invoice({ expiresAt: 1 }))
    await refuses('UNKNOWN_SCHEMA', 'POST', '/offers', 'issue', invoice({ schema: 'credit-line' }))
    await refuses('UNAUTHENTICATED', 'POST', '/offers', undefined, invoice())
    await refuses('FORBIDDEN', 'POST', '/offers', 'view', invoice())
  })

  it('refuses pick-ups that are none', async () => {
    await refuses('NOT_FOUND', 'POST', '/credentials', undefined, { code: '0000-0000', holderId })
    const { body } = await call('POST', '/offers', 'issue', invoice())
    for (const bad of ['007', '', 7, '-1', '1e3', null]) await refuses('MALFORMED', 'POST', '/credentials', undefined, { code: body.code, holderId: bad })
    for (const code of [7, null, 'x'.repeat(100)]) await refuses('MALFORMED', 'POST', '/credentials', undefined, { code, holderId })
  })

  it('revokes, and publishes at once', async () => {
    const { id } = (await call('GET', '/credentials?limit=1', 'view')).body.credentials[0]
    await refuses('FORBIDDEN', 'POST', '/revocations', 'issue', { credential: id })
    await refuses('NOT_FOUND', 'POST', '/revocations', 'revoke', { credential: 'none' })
    assert.deepEqual((await call('POST', '/revocations', 'revoke', { credential: id })).body, { revoked: 1, published: true })
    assert.deepEqual(sent.map(({ body }) => [body.type, body['listNumber']]), [['status.publish', 0]])
  })

  it('revokes also when the registry cannot be reached, and publishes later', async () => {
    registryIsUp = false
    const { body } = await call('POST', '/offers', 'issue', invoice())
    await call('POST', '/credentials', undefined, { code: body.code, holderId })
    assert.deepEqual((await call('POST', '/revocations', 'revoke', invoice())).body, { revoked: 1, published: false })
    await refuses('UNAVAILABLE', 'POST', '/status-lists/publish', 'revoke')
    registryIsUp = true
    assert.deepEqual((await call('POST', '/status-lists/publish', 'revoke')).body, { published: 1 })
    assert.deepEqual((await call('POST', '/status-lists/publish', 'revoke')).body, { published: 0 })
  })

  it('rotates the issuing key, and says what the registry has to be told', async () => {
    const before = (await call('GET', '/certificates', 'view')).body.certificates
    assert.equal(before.length, 1)
    await refuses('MALFORMED', 'POST', '/issuing-keys', 'keys', { schema: 'medical-invoice', reason: 'bored' })
    const { body } = await call('POST', '/issuing-keys', 'keys', { schema: 'medical-invoice', reason: 'rotated' })
    assert.notDeepEqual(body.issuingKey, before[0].body.issuingKey)
    assert.equal(body.certificates.length, 2)
    assert.deepEqual(body.retire[0].body.issuingKey, before[0].body.issuingKey)
  })

  it('lists what it issued without a document', async () => {
    const { body } = await call('GET', '/credentials', 'view')
    assert.deepEqual(Object.keys(body.credentials[0]).sort(), ['commitment', 'expiresAt', 'id', 'issuedAt', 'listNumber', 'revokedAt', 'schema', 'serial', 'statusIndex'])
    for (const query of ['limit=0', 'limit=1001', 'limit=x', 'limit=1&limit=2']) await refuses('MALFORMED', 'GET', `/credentials?${query}`, 'view')
  })

  it('is ready and describes itself', async () => {
    assert.equal((await call('GET', '/readyz')).body.status, 'ready')
    const { paths } = (await call('GET', '/openapi.json')).body
    for (const path of ['/offers', '/credentials', '/revocations', '/issuing-keys']) assert.ok(path in paths)
  })

  it('has logged requests, and no document value, holder or token (A20)', () => {
    const log = logged.join('')
    assert.ok(log.includes('/offers') && log.includes('/credentials'))
    for (const hidden of ['654321', 'AT:SVNR', '1237010180', 'Kaltenbrunn', holderId, ...Object.values(tokens)]) assert.ok(!log.includes(hidden), hidden)
  })

  it('keeps the amount of no picked-up document outside of offers that still run', () => {
    service.register.database.run('DELETE FROM offer')
    service.register.database.all('PRAGMA wal_checkpoint(TRUNCATE)')
    const stored = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1')).join('')
    for (const hidden of ['654321', 'AT:SVNR:1237010180']) assert.ok(!stored.includes(hidden), hidden)
  })
})
