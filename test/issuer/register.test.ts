import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseCredential } from '../../src/credential/credential.ts'
import { CAPACITY } from '../../src/credential/status-list.ts'
import { parseDocument } from '../../src/document/document.ts'
import { parseSchema } from '../../src/document/schema.ts'
import { Refusal } from '../../src/errors/errors.ts'
import { printField, toField, ZERO } from '../../src/field/field.ts'
import { accelerateWithWasm } from '../../src/hash/poseidon-wasm.ts'
import { certificate, publishStatus, retire, retirements, type Signatory, statusPublish } from '../../src/issuer/commands.ts'
import { createOffer, redeemOffer } from '../../src/issuer/offers.ts'
import { newPermutationKey, positionAt } from '../../src/issuer/positions.ts'
import { openRegister, type Register, type RegisterOptions } from '../../src/issuer/register.ts'
import { parseCertificate, parseCommand } from '../../src/registry/command.ts'
import { type Body, type Envelope, requireSignatures } from '../../src/signature/envelope.ts'
import { generateOrganisationKey, publicPart } from '../../src/signature/organisation-key.ts'
import { fixtureJson, kyc, kycRecord, refused, schemaJson } from '../document/specimens.ts'

const ISSUER = 'EU:BANK:1'
const NOW = 1_740_000_000
const UNTIL = 1_800_000_000
const holderId = toField(77)
const schemaId = printField(kycRecord.id)

/** The record's document under an edited schema. */
const edited = parseSchema({ ...schemaJson('kyc-record'), version: 2, title: 'KYC record, second edition' })
const editedDocument = () => parseDocument(edited, fixtureJson('kyc-record.json'))

describe('an issuer’s register', () => {
  let folder: string
  let register: Register
  const path = () => join(folder, 'issuer', 'issuer.db')
  const open = (options: RegisterOptions = {}): Register => {
    register = openRegister(path(), ISSUER, options)
    register.addSchema(kycRecord)
    return register
  }
  const issue = (changes: Partial<Parameters<Register['issue']>[0]> = {}, now = NOW) => register.issue({ document: kyc(), holderId, expiresAt: UNTIL, ...changes }, now)

  before(accelerateWithWasm)
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'attestry-issuer-'))
    open()
  })
  afterEach(() => {
    register.close()
    rmSync(folder, { recursive: true })
  })

  it('issues credentials that hold', () => {
    const { credential } = issue()
    const checked = parseCredential(credential, kycRecord)
    assert.deepEqual({ issuer: checked.issuerOrg, issuedAt: checked.issuedAt, holderId: checked.holderId }, { issuer: ISSUER, issuedAt: NOW, holderId })
  })

  it('keeps its serial key, issuing key and positions when it is opened again', () => {
    const first = issue()
    register.close()
    const second = open() && issue()
    assert.equal(second.credential.serial, first.credential.serial)
    assert.deepEqual(second.credential.issuingKey, first.credential.issuingKey)
    assert.notEqual(second.credential.statusIndex, first.credential.statusIndex)
  })

  it('is readable by its owner only', () => {
    issue()
    for (const suffix of ['', '-wal', '-shm']) assert.equal(statSync(path() + suffix).mode & 0o077, 0)
    assert.equal(statSync(join(folder, 'issuer')).mode & 0o077, 0)
  })

  it('is refused to another organisation', () => void refused('CORRUPT', () => openRegister(path(), 'EU:BANK:2')))

  it('is refused when the file is no database', () => {
    writeFileSync(join(folder, 'other.db'), 'not a database at all, but some text that is long enough to be looked at'.repeat(100))
    refused('CORRUPT', () => openRegister(join(folder, 'other.db'), ISSUER))
  })

  it('gives the same record the same serial under an edited schema and another issuing key, and so the same nullifier (g)', () => {
    const first = issue()
    register.rotateKey(kycRecord, 'rotated')
    const second = issue()
    register.addSchema(edited)
    const third = issue({ document: editedDocument() })
    assert.deepEqual([second.credential.serial, third.credential.serial], [first.credential.serial, first.credential.serial])
    assert.equal(new Set([first, second, third].map(({ credential }) => credential.issuingKey.x)).size, 3)
  })

  it('refuses to issue under a schema that has a newer version, and under one that it does not issue', () => {
    register.addSchema(edited)
    refused('RETIRED', () => issue())
    refused('UNKNOWN_SCHEMA', () => register.schema('medical-invoice'))
  })

  it('refuses a schema whose serials another organisation makes', () =>
    void refused('FORBIDDEN', () => register.addSchema(parseSchema({ ...schemaJson('kyc-record'), serialAuthority: 'EU:GOV:SERIALS' }))))

  it('refuses what would have expired already, no holder and times out of range', () => {
    refused('EXPIRED', () => issue({ expiresAt: NOW }))
    refused('MALFORMED', () => issue({ holderId: ZERO }))
    for (const expiresAt of [2 ** 40, 1.5, Number.NaN]) refused('MALFORMED', () => issue({ expiresAt }))
    assert.equal(register.credentials().length, 0)
  })

  it('leaves an earlier credential of a record alone unless it is asked to replace it', () => {
    const first = issue()
    issue()
    assert.ok(!register.statusList(schemaId, 0).isRevoked(first.credential.statusIndex))
    const third = issue({ replace: true })
    assert.deepEqual(register.credentials().map(({ revokedAt }) => revokedAt), [NOW, NOW, null])
    assert.ok(!register.statusList(schemaId, 0).isRevoked(third.credential.statusIndex))
  })

  it('replaces nothing of another record', () => {
    issue({ document: kyc({ number: 'KYC-2' }) })
    issue({ replace: true })
    assert.deepEqual(register.credentials().map(({ revokedAt }) => revokedAt), [null, null])
  })

  it('revokes one credential by its id, or all of a record', () => {
    const [first, second] = [issue(), issue()]
    assert.equal(register.revoke({ credential: first.id }, NOW + 1), 1)
    assert.ok(register.statusList(schemaId, 0).isRevoked(first.credential.statusIndex))
    assert.ok(!register.statusList(schemaId, 0).isRevoked(second.credential.statusIndex))
    assert.equal(register.revoke({ record: kyc() }, NOW + 2), 1)
    assert.ok(register.statusList(schemaId, 0).isRevoked(second.credential.statusIndex))
    assert.equal(register.revoke({ record: kyc() }, NOW + 3), 0)
  })

  it('revokes what was issued under an earlier version of the schema', () => {
    const { credential } = issue()
    register.addSchema(edited)
    register.revoke({ record: editedDocument() }, NOW)
    assert.ok(register.statusList(schemaId, 0).isRevoked(credential.statusIndex))
  })

  it('has every credential that it handed out after kill −9 (25)', async () => {
    register.close()
    const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('./issue-for-ever.ts', import.meta.url)), path(), ISSUER])
    let out = ''
    child.stdout.on('data', (chunk) => {
      out += String(chunk)
      if (out.split('\n').length > 20) child.kill('SIGKILL')
    })
    await new Promise((resolve) => child.on('close', resolve))
    open()
    const handedOut = out.split('\n').slice(0, -1)
    const kept = register.credentials({ limit: 1000 }).map(({ commitment }) => commitment)
    assert.ok(handedOut.length >= 20)
    assert.deepEqual(handedOut, kept.slice(0, handedOut.length))
    assert.equal(register.lists()[0]?.used, kept.length)
  })

  it('refuses to revoke what it never issued', () => {
    refused('NOT_FOUND', () => register.revoke({ credential: 'none' }, NOW))
    refused('NOT_FOUND', () => register.revoke({ record: kyc() }, NOW))
  })

  it('issues many or none', () => {
    const good = { document: kyc(), holderId, expiresAt: UNTIL }
    refused('EXPIRED', () => register.issueMany([good, { ...good, expiresAt: 1 }], NOW))
    assert.deepEqual([register.credentials().length, register.lists()[0]?.used], [0, 0])
    assert.equal(register.issueMany([good, good, good], NOW).length, 3)
  })

  it('opens a further list when one is full, and never gives a position twice', () => {
    register.close()
    open({ listCapacity: 5 })
    const issued = register.issueMany(Array.from({ length: 12 }, () => ({ document: kyc(), holderId, expiresAt: UNTIL })), NOW)
    assert.deepEqual(register.lists().map(({ number, used }) => [number, used]), [[0, 5], [1, 5], [2, 2]])
    assert.equal(new Set(issued.map(({ credential }) => `${credential.listNumber}/${credential.statusIndex}`)).size, 12)
    assert.deepEqual(register.places().map(({ listNumber }) => listNumber), [0, 1, 2])
  })

  it('pages through what it issued', () => {
    const ids = register.issueMany(Array.from({ length: 5 }, () => ({ document: kyc(), holderId, expiresAt: UNTIL })), NOW).map(({ id }) => id)
    const after = register.credentials({ limit: 2 }).at(-1)?.id ?? ''
    assert.deepEqual(register.credentials({ after, limit: 10 }).map(({ id }) => id), ids.slice(2))
    refused('NOT_FOUND', () => register.credentials({ after: 'none' }))
  })

  it('keeps the places of a rotated key that has signed, and names those of a compromised one', () => {
    issue()
    register.rotateKey(kycRecord, 'compromised')
    issue()
    register.rotateKey(kycRecord, 'rotated')
    register.rotateKey(kycRecord, 'rotated') // never signed anything in between
    assert.deepEqual(register.places().map(({ status }) => status), ['compromised', 'rotated', 'active'])
  })

  describe('offers', () => {
    const offer = (changes: Partial<Parameters<typeof createOffer>[1]> = {}) => createOffer(register, { document: kyc(), validUntil: UNTIL, ...changes }, NOW)

    it('become a credential for who brings the code', () => {
      const { code } = offer()
      const credential = redeemOffer(register, code.toLowerCase().replaceAll('-', ''), holderId, NOW + 5)
      assert.equal(parseCredential(credential, kycRecord).holderId, holderId)
    })
    it('give the same holder the same credential again, and another holder none', () => {
      const { code } = offer()
      const first = redeemOffer(register, code, holderId, NOW)
      assert.deepEqual(redeemOffer(register, code, holderId, NOW + 1), first)
      refused('REPLAYED', () => redeemOffer(register, code, toField(78), NOW + 1))
      assert.equal(register.credentials().length, 1)
    })
    it('end, and their document goes', () => {
      const { code, expiresAt } = offer({ lifetime: 60 })
      refused('NOT_FOUND', () => redeemOffer(register, code, holderId, expiresAt))
      assert.equal(register.database.all('SELECT * FROM offer').length, 0)
    })
    it('keep no document once they are picked up, and never the code', () => {
      const { code } = offer()
      redeemOffer(register, code, holderId, NOW)
      const [row] = register.database.all('SELECT * FROM offer')
      assert.equal(row?.['document'], null)
      assert.ok(!JSON.stringify(row).includes(code))
    })
    it('keep documents and credentials where only the code reads them', () => {
      const { code } = offer()
      const read = () => JSON.stringify(register.database.all('SELECT * FROM offer'))
      const secrets = [String(kyc().json['company']), 'company']
      for (const secret of secrets) assert.ok(!read().includes(secret))
      const credential = redeemOffer(register, code, holderId, NOW)
      for (const secret of [...secrets, credential.serial, credential.commitment]) assert.ok(!read().includes(secret))
    })
    it('are refused when what is kept of them was changed', () => {
      const { code } = offer()
      register.database.run("UPDATE offer SET document = 'AAAA' || substr(document, 5)")
      refused('CORRUPT', () => redeemOffer(register, code, holderId, NOW))
    })
    it('are refused for a code that nobody gave out', () => {
      offer()
      for (const code of ['', 'K7QF', '0'.repeat(26)]) refused('NOT_FOUND', () => redeemOffer(register, code, holderId, NOW))
    })
    it('are refused when the schema has changed since', () => {
      const { code } = offer()
      register.addSchema(edited)
      refused('RETIRED', () => redeemOffer(register, code, holderId, NOW))
    })
    it('replace earlier credentials when they are picked up, not before', () => {
      issue()
      const { code } = offer({ replace: true })
      assert.deepEqual(register.credentials().map(({ revokedAt }) => revokedAt), [null])
      redeemOffer(register, code, holderId, NOW + 9)
      assert.deepEqual(register.credentials().map(({ revokedAt }) => revokedAt), [NOW + 9, null])
    })
  })

  describe('what it signs for the registry', () => {
    const organisationKey = generateOrganisationKey()
    const by: Signatory = { origin: 'registry.example', organisation: ISSUER, organisationKey }
    const signers = (envelope: Envelope) => requireSignatures(envelope, (code) => (code === ISSUER ? [publicPart(organisationKey)] : undefined))
    const sent: Envelope[] = []
    const publish = (submit = async (envelope: Envelope): Promise<unknown> => sent.push(envelope), now = NOW) => publishStatus(register, { ...by, submit, now })
    const bodies = () => sent.map(({ body }) => body)

    beforeEach(() => void (sent.length = 0))

    it('signs what the registry can read', () => {
      const [place] = register.places()
      const [list] = register.lists()
      assert.ok(place && list)
      parseCertificate(certificate(place, by))
      for (const command of [retire(place, 'rotated', by), statusPublish(register, list, 1, by)]) parseCommand(command)
    })

    it('certifies its issuing key for each list', () => {
      const [place] = register.places()
      assert.ok(place)
      const envelope = certificate(place, by)
      assert.deepEqual(signers(envelope), [ISSUER])
      assert.deepEqual(envelope.body, { type: 'issuing-key.certify', origin: by.origin, organisation: ISSUER, issuingKey: place.issuingKey, schemaId, listNumber: 0 } satisfies Body)
    })

    it('retires a key with a nonce', () => {
      const [place] = register.places()
      assert.ok(place)
      const { body } = retire(place, 'compromised', by)
      assert.match(String(body['nonce']), /^[0-9a-f]{32}$/)
      assert.equal(body['reason'], 'compromised')
    })

    it('retires a rotated key place by place, a compromised one once', () => {
      const [place] = register.places()
      assert.ok(place)
      const places = [place, { ...place, listNumber: 1 }]
      assert.deepEqual(retirements(places, 'rotated', by).map(({ body }) => body['listNumber']), [0, 1])
      assert.equal(retirements(places, 'compromised', by).length, 1)
    })

    it('publishes a list once for each change, with the bitmap as it is', async () => {
      assert.equal((await publish()).length, 0)
      const { id } = issue()
      assert.equal((await publish()).length, 0)
      register.revoke({ credential: id }, NOW)
      assert.equal((await publish()).length, 1)
      assert.equal((await publish()).length, 0)
      assert.deepEqual(sent.map(signers), [[ISSUER]])
      assert.equal(bodies()[0]?.['list'], register.statusList(schemaId, 0).print())
    })

    it('counts sequences upwards, also when the clock stands still or the register is an older copy', async () => {
      for (let i = 0; i < 3; i++) {
        register.revoke({ credential: issue({ document: kyc({ number: `N${i}` }) }).id }, NOW)
        await publish()
      }
      assert.deepEqual(bodies().map(({ sequence }) => sequence), [NOW, NOW + 1, NOW + 2])
    })

    it('tries again what could not be published', async () => {
      register.revoke({ credential: issue().id }, NOW)
      await assert.rejects(publish(() => Promise.reject(new Refusal('UNAVAILABLE', 'no registry'))), { code: 'UNAVAILABLE' })
      assert.equal((await publish()).length, 1)
    })

    it('does not take a revocation for published that came while it was publishing', async () => {
      register.revoke({ credential: issue().id }, NOW)
      const late = issue({ document: kyc({ number: 'late' }) }).id
      await publish(async (envelope) => {
        register.revoke({ credential: late }, NOW)
        sent.push(envelope)
      })
      assert.equal((await publish()).length, 1)
    })

    it('signs for no other organisation', async () => {
      await assert.rejects(publishStatus(register, { ...by, organisation: 'EU:BANK:2', submit: async () => undefined, now: NOW }), { code: 'FORBIDDEN' })
    })
  })
})

describe('positions of a status list', () => {
  it('come in an order that another key does not have, each once', () => {
    const [a, b] = [newPermutationKey(), newPermutationKey()]
    const first = Array.from({ length: 2000 }, (_, n) => positionAt(a, n))
    assert.equal(new Set(first).size, 2000)
    assert.ok(first.every((position) => position >= 0 && position < CAPACITY))
    assert.notDeepEqual(first.slice(0, 10), Array.from({ length: 10 }, (_, n) => positionAt(b, n)))
    assert.notDeepEqual([...first].sort((x, y) => x - y), first)
  })
  it('end with the list', () => {
    assert.ok(positionAt(newPermutationKey(), CAPACITY - 1) < CAPACITY)
    assert.throws(() => positionAt(newPermutationKey(), CAPACITY), { name: 'Bug' })
  })
})
