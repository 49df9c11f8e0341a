/** What governors, authorities, issuers and holders do at the command line, without a proof. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { newFolder, Person, type Said } from './person.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const KYC = join(ROOT, 'test', 'fixtures', 'kyc-record.json')
const SCHEMA = join(ROOT, 'schemas', 'kyc-record.json')
const GOVERNOR = 'EU:GOV:CONSORTIUM'
const SUPERVISOR = 'EU:GOV:FINSUP'
const BANK = 'LEI:5493001KJTIIGC8Y1R12'

describe('a consortium at the command line', () => {
  const folder = newFolder()
  const [operator, governor, supervisor, bank, holder] = ['operator', 'governor', 'supervisor', 'bank', 'holder'].map((name) => new Person(folder, name)) as [Person, Person, Person, Person, Person]
  let registry = ''
  /** The view of the first three entries. */
  let young: Readonly<Record<string, any>> = {}
  const file = (name: string, content: unknown): string => {
    const path = join(folder, name)
    writeFileSync(path, JSON.stringify(content))
    return path
  }

  before(async () => {
    await Promise.all([governor.ok('init', 'Governor', '--organisation', GOVERNOR), operator.ok('init', 'Operator')])
    await operator.ok('keygen', 'log')
    await operator.ok('registry', 'genesis', 'registry.test/cli', '--mode', 'development', '--governor', file('governor.json', await governor.ok('keygen', 'card')))
    registry = await operator.serve('registry')
    await governor.ok('registry', 'join', registry)
    await supervisor.ok('init', 'Supervisor', '--organisation', SUPERVISOR, '--registry', registry)
    await bank.ok('init', 'Bank', '--organisation', BANK, '--registry', registry)
    await holder.ok('init', 'Holder', '--registry', registry)
    for (const person of [supervisor, bank]) await governor.ok('registry', 'admit', file('card.json', await person.ok('keygen', 'card')))
    young = (await (await fetch(`${registry}/view`)).json()) as typeof young
  })
  after(async () => {
    await operator.leave()
    rmSync(folder, { recursive: true, force: true })
  })

  const refuses = async (person: Person, code: string, ...argv: string[]): Promise<void> => {
    const said = await person.run(...argv)
    assert.deepEqual([said.code, said.refused], [1, code], said.stdout)
  }

  it('does not take another registry for its own, nor another log key', async () => {
    const stranger = new Person(folder, 'stranger')
    const { publicKey } = await new Person(folder, 'stranger').ok('init', 'Stranger').then(() => stranger.ok('keygen', 'log'))
    await refuses(stranger, 'BAD_SIGNATURE', 'registry', 'join', registry, '--log-key', String(publicKey))
    await refuses(operator, 'EXISTS', 'registry', 'genesis', 'registry.test/cli', '--governor', join(folder, 'governor.json'))
  })

  it('lets only governors admit and suspend', async () => {
    await refuses(bank, 'FORBIDDEN', 'registry', 'admit', join(folder, 'governor.json'))
    await refuses(bank, 'FORBIDDEN', 'registry', 'suspend', SUPERVISOR)
  })

  it('registers a regulator with two signatures, made one after the other', async () => {
    await supervisor.ok('keygen', 'escrow')
    await refuses(supervisor, 'FORBIDDEN', 'registry', 'regulator', 'financial-supervisor')
    const paper = join(folder, 'regulator.json')
    const { signedBy } = await supervisor.ok('registry', 'regulator', 'financial-supervisor', '--out', paper)
    assert.deepEqual(signedBy, [SUPERVISOR])
    await governor.ok('registry', 'sign', paper)
  })

  it('publishes sets, and their next versions by their owner only', async () => {
    const members = file('members.json', [BANK, 'LEI:7LTWFZYICNSX8D621K86'])
    await supervisor.ok('registry', 'set', 'banks', members, '--of', 'organisation')
    await supervisor.ok('registry', 'set', 'banks', file('members.json', [BANK]), '--of', 'organisation')
    await refuses(bank, 'FORBIDDEN', 'registry', 'set', 'banks', members, '--of', 'organisation')
  })

  it('registers schemas by their authority only', async () => {
    await refuses(bank, 'FORBIDDEN', 'schema', 'register', SCHEMA)
    await supervisor.ok('schema', 'register', SCHEMA)
    assert.equal((await bank.raw('schema', 'list', '--home', bank.home)).stdout.split(' ')[0], 'kyc-record')
    await refuses(supervisor, 'EXISTS', 'schema', 'register', SCHEMA)
  })

  it('registers and retires statements', async () => {
    const { statement } = await governor.ok('statement', 'register', join(ROOT, 'statements', 'kyc-precheck.json'))
    await refuses(bank, 'FORBIDDEN', 'statement', 'retire', String(statement))
    await governor.ok('statement', 'retire', 'kyc-precheck')
    await refuses(governor, 'RETIRED', 'statement', 'retire', 'kyc-precheck')
    await refuses(bank, 'RETIRED', 'request', 'make', 'kyc-precheck', '--parameter', `bank=${BANK}`)
  })

  it('issues to a holder id, and only to that holder’s wallet', async () => {
    const { certificate } = await bank.ok('issuer', 'certify', 'kyc-record')
    await refuses(bank, 'FORBIDDEN', 'issuer', 'accredit', file('certificate.json', certificate), '--class', 'bank')
    await supervisor.ok('issuer', 'accredit', join(folder, 'certificate.json'), '--class', 'bank')
    await holder.ok('wallet', 'create')
    const { holderId } = await holder.ok('wallet', 'holder-id', BANK)
    const credential = join(folder, 'credential.json')
    const { id } = await bank.ok('issue', KYC, '--schema', 'kyc-record', '--holder', String(holderId), '--out', credential)
    await refuses(bank, 'EXISTS', 'issue', KYC, '--schema', 'kyc-record', '--holder', String(holderId), '--out', credential)
    assert.deepEqual(await holder.ok('wallet', 'add', credential), { credentials: 1 })
    const other = new Person(folder, 'other')
    await other.ok('init', 'Other', '--registry', registry)
    await other.ok('wallet', 'create')
    await refuses(other, 'CREDENTIAL_INVALID', 'wallet', 'add', credential)
    const [listed] = (await holder.ok('wallet', 'list')) as unknown as { id: string; issuer: string }[]
    assert.equal(listed?.issuer, BANK)
    await holder.ok('wallet', 'remove', listed?.id ?? '')
    assert.deepEqual(await bank.ok('revoke', String(id)), { published: true, revoked: 1 })
    await refuses(bank, 'NOT_FOUND', 'revoke', 'none')
    const said = await bank.ok('revoke', '--document', KYC, '--schema', 'kyc-record')
    assert.equal(said.revoked, 0) // nothing was issued for the file that was there
  })

  it('rotates issuing keys and organisation keys', async () => {
    const { certificate } = await bank.ok('issuer', 'rotate', 'kyc-record')
    await supervisor.ok('issuer', 'accredit', file('certificate.json', certificate), '--class', 'bank')
    await bank.ok('registry', 'rotate')
    await bank.ok('registry', 'scope', 'of-the-bank')
    assert.ok(readdirSync(join(bank.home, 'keys')).some((name) => name.endsWith('.old')))
    assert.ok(!existsSync(join(bank.home, 'keys', 'organisation-next.json')))
    const leaves = (await supervisor.ok('issuer', 'withdraw', BANK, 'kyc-record')).organisation
    assert.equal(leaves, BANK)
    await refuses(supervisor, 'UNKNOWN_ISSUER', 'issuer', 'withdraw', BANK, 'kyc-record')
  })

  it('silences a suspended organisation, and its doctor says so', async () => {
    await governor.ok('registry', 'suspend', BANK)
    await refuses(bank, 'SUSPENDED', 'registry', 'scope', 'another')
    const doctor = await bank.run('doctor')
    assert.equal(doctor.code, 1)
    assert.match(doctor.stdout, /is suspended/)
  })

  describe('under audit', () => {
    type Answer = Readonly<Record<string, any>>
    /** What stands between the auditor and the registry, and answers as it likes: JSON with a status of its own, text. */
    let between: Server
    let tamper: (path: string, answer: Answer) => Answer | string = (_path, answer) => answer
    let proxy = ''
    before(async () => {
      between = createServer(async ({ url = '' }, response) => {
        const answer = await fetch(registry + url)
        const text = await answer.text()
        const changed = tamper(url, text.startsWith('{') ? JSON.parse(text) : { text })
        response.writeHead(typeof changed === 'string' ? 200 : (changed['status'] ?? answer.status))
        response.end(typeof changed === 'string' ? changed : (changed['text'] ?? JSON.stringify(changed)))
      }).listen(0, '127.0.0.1')
      await once(between, 'listening')
      proxy = `http://127.0.0.1:${(between.address() as AddressInfo).port}`
    })
    after(() => between.close())

    const messageOf = ({ json }: Said): string => (json['refused'] as { message: string }).message

    it('holds, and what it was is remembered', async () => {
      const first = await holder.ok('registry', 'audit')
      const { size, entries } = first as { size: number; entries: Record<string, number> }
      assert.deepEqual([entries['genesis'], entries['organisation.admit'], first.audited, first.view], [1, 2, null, size])
      const again = await holder.raw('registry', 'audit', registry, '--home', holder.home)
      assert.equal(again.code, 0)
      assert.match(again.stdout, new RegExp(`^the log of registry\\.test/cli holds: ${size} entries, every one decided again\n[\\s\\S]*grown from the ${size} entries of the last audit\n`))
      assert.match(again.stderr, /^(entries of the log: \d+ %\n)+$/)
    })

    it('names the entry that was tampered with, and remembers nothing of it', async () => {
      const kept = readFileSync(join(holder.home, 'data', 'audited.note'), 'utf8')
      const inEntry2 = (entry: Answer) => (entry['index'] === 2 ? { ...entry, facts: { organisation: GOVERNOR } } : entry)
      tamper = (path, answer) => (path.startsWith('/entries?') ? { ...answer, entries: answer['entries'].map(inEntry2) } : answer)
      const said = await holder.run('registry', 'audit', proxy)
      assert.deepEqual([said.code, said.refused], [1, 'CORRUPT'])
      assert.match(messageOf(said), /^entry 2 is not what its command leads to/)
      tamper = (path, answer) => (path.startsWith('/bodies/') && answer['body'].type === 'scope.register' ? { ...answer, signatures: [] } : answer)
      assert.match(messageOf(await holder.run('registry', 'audit', proxy)), /^the body of entry \d+: the registry answered with another body/)
      assert.equal(readFileSync(join(holder.home, 'data', 'audited.note'), 'utf8'), kept)
    })

    it('wants every body, but those that it is told were pruned', async () => {
      tamper = (path, answer) => (path.startsWith('/bodies/') && answer['body'].type === 'status.publish' ? { status: 404, code: 'NOT_FOUND', detail: 'pruned' } : answer)
      await refuses(holder, 'CORRUPT', 'registry', 'audit', proxy)
      await refuses(holder, 'CORRUPT', 'registry', 'audit', proxy, '--bodies-since', '2020-01-01')
      assert.equal((await holder.ok('registry', 'audit', proxy, '--bodies-since', '2099-01-01T12:00:00+01:00')).pruned, 1)
      const said = await holder.run('registry', 'audit', '--bodies-since', 'yesterday')
      assert.deepEqual([said.code, said.refused], [2, 'USAGE'])
    })

    it('refuses a log that was rolled back since the last audit', async () => {
      tamper = (path, answer) => (path === '/checkpoint' ? String(young['body'].checkpoint) : path === '/view' ? young : answer)
      const said = await holder.run('registry', 'audit', proxy)
      assert.deepEqual([said.code, said.refused], [1, 'CORRUPT'])
      assert.match(messageOf(said), /^the log was rolled back: \d+ entries were audited, 3 are there/)
      const newcomer = new Person(folder, 'newcomer')
      await newcomer.ok('init', 'Newcomer', '--registry', registry)
      assert.equal((await newcomer.ok('registry', 'audit', proxy)).size, 3) // who has seen nothing else cannot tell
    })

    it('is not thrown by answers that are none', async () => {
      for (const [path, code, refused] of [['/entries', 3, 'UNAVAILABLE'], ['/view', 1, 'MALFORMED'], ['/checkpoint', 1, 'MALFORMED'], ['/bodies', 1, 'CORRUPT']] as const) {
        tamper = (asked, answer) => (asked.startsWith(path) ? 'null' : answer)
        const said = await holder.run('registry', 'audit', proxy)
        assert.deepEqual([said.code, said.refused], [code, refused], path)
      }
    })

    it('needs a registry that answers, and a home that knows one', async () => {
      const said = await holder.run('registry', 'audit', 'http://127.0.0.1:9')
      assert.deepEqual([said.code, said.refused], [3, 'UNAVAILABLE'])
      const nobody = new Person(folder, 'nobody')
      await nobody.ok('init', 'Nobody')
      await refuses(nobody, 'NOT_FOUND', 'registry', 'audit')
      await refuses(nobody, 'NOT_FOUND', 'registry', 'audit', registry)
    })
  })
})
