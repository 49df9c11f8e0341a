/**
 * Issue's journeys (a) and (c): a schema, a statement and a document that attestry has never seen, from the command line to a receipt; and
 * afterwards nobody else's directory or log holds what is the holder's.
 */

import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bn254 } from '@noble/curves/bn254.js'
import { endProving } from '../../src/cli/proving.ts'
import { fieldToBytes, parseField } from '../../src/field/field.ts'
import type { Json } from '../../src/hash/canonical.ts'
import { openRegister } from '../../src/issuer/register.ts'
import { WalletFile } from '../../src/prover/wallet-file.ts'
import { localSetup } from '../../src/setup/local.ts'
import { newFolder, Person } from '../cli/person.ts'

const KEYS = fileURLToPath(new URL('../../build/keys/attest', import.meta.url))
const AUTHORITY = 'NO:GOV:PORTS'
const HARBOUR = 'NO:ORGNR:871033012'
const INSURER = 'NO:ORGNR:959387887'

const SCHEMA = {
  $id: 'berthing-report', title: 'Berthing report', namespace: 'no.ports.berthing-report', version: 1, authority: AUTHORITY, naturalKey: ['vessel', 'voyage'],
  type: 'object', required: ['vessel', 'voyage', 'master', 'arrival', 'draught', 'fee', 'currency'], additionalProperties: false,
  properties: {
    vessel: { type: 'string', slot: 0, as: 'code', pattern: '^IMO:[0-9]{7}$' },
    voyage: { type: 'string', slot: 1, as: 'code' },
    master: { type: 'string', slot: 2, as: 'text' },
    arrival: { type: 'string', slot: 3, as: 'timestamp' },
    draught: { type: 'string', slot: 4, as: 'measure', unit: 'MTR', decimals: 2 },
    fee: { type: 'string', slot: 5, as: 'amount', currency: 'currency' },
    currency: { type: 'string', slot: 6, as: 'code', pattern: '^[A-Z]{3}$' },
    pilot: { type: 'string' },
  },
}
const STATEMENT = {
  statement: 'berthed-within-tariff', version: 1, says: '{report.vessel} berthed and paid no more than the tariff.', documents: { report: { schema: 'berthing-report' } },
  parameters: { tariff: { as: 'amount', currency: 'currency' }, currency: 'code' },
  rules: ['report.currency = $currency', 'report.fee <= $tariff', 'report.draught >= 4.5 MTR'],
  reveals: ['report.vessel'],
  once: { report: 'berthing' },
}
const DOCUMENT = { vessel: 'IMO:9321483', voyage: 'VOY-7731-QX', master: 'Ulla Fjordgaard-Lindqvist', arrival: '2025-03-14T05:51:37Z', draught: '7.35', fee: '48317.77', currency: 'NOK', pilot: 'Peder Aas-Brattvik' }
const PARAMETERS = { tariff: '90001.23', currency: 'NOK' }

describe('a schema, a statement and a document from outside', () => {
  const folder = newFolder()
  const [operator, governor, authority, harbour, shipowner, insurer] = ['operator', 'governor', 'authority', 'harbour', 'shipowner', 'insurer'].map((name) => new Person(folder, name)) as [Person, Person, Person, Person, Person, Person]
  const people = [operator, governor, authority, harbour, shipowner, insurer]
  let registry = ''
  let desk = ''
  let index = 0
  let receipt = ''
  let request = ''

  before(() => localSetup('attest'))
  after(async () => {
    await Promise.all(people.map((person) => person.leave()))
    await endProving()
    rmSync(folder, { recursive: true, force: true })
  })

  const file = (name: string, content: unknown): string => {
    mkdirSync(join(folder, 'outside'), { recursive: true })
    const path = join(folder, 'outside', name)
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 })
    return path
  }

  it('runs end to end, with src/ and circuits/ as they are', async () => {
    await Promise.all([governor.ok('init', 'Governor', '--organisation', 'NO:GOV:SHIPPING'), operator.ok('init', 'Operator')])
    await operator.ok('keygen', 'log')
    await operator.ok('registry', 'genesis', 'registry.test/ports', '--mode', 'development', '--governor', file('governor.json', await governor.ok('keygen', 'card')))
    registry = await operator.serve('registry')
    await governor.ok('registry', 'join', registry)
    for (const [person, name, code] of [[authority, 'Port authority', AUTHORITY], [harbour, 'Harbour', HARBOUR], [insurer, 'Insurer', INSURER]] as const) {
      await person.ok('init', name, '--organisation', code, '--registry', registry)
      await governor.ok('registry', 'admit', file(`${name}.json`, await person.ok('keygen', 'card')))
    }
    await shipowner.ok('init', 'Shipowner', '--registry', registry)
    await shipowner.ok('wallet', 'create')
    await governor.ok('registry', 'shape', 'attest', KEYS)

    const [schema, statement, document] = [file('schema.json', SCHEMA), file('statement.json', STATEMENT), file('document.json', DOCUMENT)]
    await authority.ok('schema', 'check', schema)
    await authority.ok('schema', 'register', schema)
    await authority.ok('registry', 'scope', 'berthing')
    const checked = await authority.ok('statement', 'check', statement)
    assert.equal(checked.shape, 'attest')
    assert.deepEqual((await authority.ok('statement', 'register', statement)).statement, checked.hash)

    const { certificate } = await harbour.ok('issuer', 'certify', 'berthing-report')
    await authority.ok('issuer', 'accredit', file('certificate.json', certificate), '--class', 'harbour')
    await harbour.ok('issue', document, '--schema', schema, '--dry-run')
    const { code } = await harbour.ok('issue', document, '--schema', 'berthing-report', '--offer')
    await shipowner.ok('wallet', 'pick-up', await harbour.serve('issuer'), String(code))
    rmSync(document)

    desk = await insurer.serve('verifier')
    request = String((await insurer.ok('request', 'make', 'berthed-within-tariff', '--parameters', file('parameters.json', PARAMETERS))).request)
    rmSync(join(folder, 'outside', 'parameters.json'))
    const proved = await shipowner.ok('prove', `${desk}/requests/${request}`, '--yes')
    assert.deepEqual(proved.hiddenAmong, { report: 1 })
    ;[index, receipt] = [Number(proved.index), String(proved.receipt)]
    const established = await insurer.ok('request', 'show', request)
    assert.deepEqual(established.disclosed, { 'report.vessel': DOCUMENT.vessel })
    assert.equal((established.accepted as { index: number }).index, index)
  })

  it('refuses the same answer to another request, and another answer to the same', async () => {
    const kept = JSON.parse(readFileSync(join(insurer.home, 'data', 'requests', `${request}.json`), 'utf8')) as { answer: Json; receipt: Json }
    const { request: second } = await insurer.ok('request', 'make', 'berthed-within-tariff', '--parameters', file('parameters.json', PARAMETERS), '--out', join(folder, 'outside', 'second.json'))
    rmSync(join(folder, 'outside', 'parameters.json'))
    const said = await insurer.run('verify', file('answer.json', kept.answer), '--request', join(folder, 'outside', 'second.json'), '--receipt', file('receipt.json', kept.receipt))
    assert.deepEqual([said.code, said.refused], [1, 'INPUTS_DIFFER'])
    for (const name of ['answer.json', 'receipt.json', 'second.json']) rmSync(join(folder, 'outside', name))
    const show = await insurer.run('request', 'show', String(second))
    assert.deepEqual([show.code, show.refused], [1, 'NOT_FOUND'])
  })

  it('records it once, however often and however malleated it is submitted (A6, D22)', async () => {
    const kept = JSON.parse(readFileSync(join(insurer.home, 'data', 'requests', `${request}.json`), 'utf8')) as { answer: { submission: { proof: Proof } } }
    const { submission } = kept.answer
    const { a, b, c } = submission.proof
    const negated = { a: [a[0], minus(a[1])], b: [b[0], [minus(b[1][0]), minus(b[1][1])]], c }
    for (const proof of [submission.proof, negated]) {
      const again = await insurer.ok('submit', file('submission.json', { ...submission, proof }))
      assert.equal(again.index, index)
    }
    const another = await fetch(`${desk}/requests/${request}/answer`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ answer: { ...kept.answer, texts: { x: 'y' } } }) })
    assert.deepEqual([another.status, ((await another.json()) as { code: string }).code], [409, 'REPLAYED'])
    rmSync(join(folder, 'outside', 'submission.json'))
  })

  it('refuses what was changed on the way, each with its code, and writes nothing (A3–A5, D21–D23)', async () => {
    const { answer } = JSON.parse(readFileSync(join(insurer.home, 'data', 'requests', `${request}.json`), 'utf8')) as { answer: { submission: { [name: string]: Json; proof: Proof } } }
    const { submission } = answer
    const { proof } = submission
    const changes: Record<string, [object, string]> = {
      'another registry': [{ origin: 'registry.test/elsewhere' }, 'WRONG_ORIGIN'],
      'an expiry that has passed': [{ expires: Math.floor(Date.now() / 1000) }, 'REQUEST_EXPIRED'],
      'a later expiry': [{ expires: Number(submission.expires) + 1 }, 'PROOF_INVALID'],
      'another statement': [{ statement: 'ab'.repeat(32) }, 'UNKNOWN_STATEMENT'],
      'another shape': [{ shape: 'match' }, 'INPUTS_DIFFER'],
      'another key': [{ verificationKey: 'ab'.repeat(32) }, 'UNKNOWN_KEY'],
      'a root that never was': [{ directoryRoot: '7' }, 'UNKNOWN_ROOT'],
      'a clock an hour behind': [{ now: Number(submission.now) - 3_600 }, 'NOW_OUT_OF_RANGE'],
      'another nullifier': [{ nullifiers: ['7'] }, 'PROOF_INVALID'],
      'nullifier and link tag swapped': [{ nullifiers: submission.linkTags, linkTags: submission.nullifiers }, 'PROOF_INVALID'],
      'another request': [{ request: 'ab'.repeat(32) }, 'PROOF_INVALID'],
      'an escrow that the statement has not': [{ escrow: ['1', '2', '3', '4'] }, 'INPUTS_DIFFER'],
      // With other inputs than the recorded ones: those have a receipt already, whatever the proof's bytes.
      'a coordinate + q': [{ nullifiers: ['7'], proof: { ...proof, a: [(BigInt(proof.a[0]) + bn254.fields.Fp.ORDER).toString(), proof.a[1]] } }, 'MALFORMED'],
      'a point off the curve': [{ nullifiers: ['7'], proof: { ...proof, c: [proof.c[0], minus(proof.c[0])] } }, 'MALFORMED'],
      'a point at infinity': [{ nullifiers: ['7'], proof: { ...proof, a: ['0', '0'] } }, 'MALFORMED'],
      'halves of b swapped': [{ nullifiers: ['7'], proof: { ...proof, b: [[proof.b[0][1], proof.b[0][0]], [proof.b[1][1], proof.b[1][0]]] } }, 'MALFORMED'],
    }
    const size = async () => ((await (await fetch(`${registry}/entries?from=0&limit=1`)).json()) as { size: number }).size
    const before = await size()
    for (const [what, [change, code]] of Object.entries(changes)) {
      const said = await insurer.run('submit', file('changed.json', { ...submission, ...change }))
      assert.deepEqual([said.code, said.refused], [1, code], what)
    }
    assert.equal(await size(), before)
    rmSync(join(folder, 'outside', 'changed.json'))
  })

  it('leaves every party well, says its doctor', async () => {
    for (const person of [operator, governor, harbour, shipowner, insurer]) {
      const { findings } = await person.ok('doctor')
      assert.ok((findings as unknown as { check: string; found: string }[]).some(({ check, found }) => check === 'shape attest' && /3 contributors and a beacon, a test key/.test(found)) || person === operator)
    }
  })

  it('leaves nothing of the holder’s in any other party’s directory or log', async () => {
    const [holder, register] = [await WalletFile.open(join(shipowner.home, 'data', 'wallet.json'), 'correct horse battery'), openRegister(join(harbour.home, 'data', 'issuer.db'), HARBOUR)]
    const [record] = register.credentials()
    register.close()
    const secret = element(String(holder.wallet.holderSecret))
    const serial = element(record?.serial ?? assert.fail())
    const document = [DOCUMENT.voyage, DOCUMENT.master, DOCUMENT.pilot, DOCUMENT.fee, '483177700', DOCUMENT.arrival].map((text) => Buffer.from(text))
    const parameters = [PARAMETERS.tariff, '900012300'].map((text) => Buffer.from(text))

    const search = (person: Person, needles: readonly Buffer[]): string[] => traces(person).flatMap(([path, bytes]) => needles.filter((needle) => bytes.includes(needle)).map((needle) => `${path}: ${needle.toString('utf8').slice(0, 30)}`))
    assert.ok(search(harbour, serial).length > 0, 'the search finds what is there: an issuer keeps serials')
    assert.ok(search(insurer, parameters).length > 0, 'and a verifier its parameters')
    for (const person of [operator, governor, authority, insurer]) assert.deepEqual(search(person, [...document, ...serial, ...secret]), [])
    for (const person of [operator, governor, authority, harbour]) assert.deepEqual(search(person, [...parameters, ...secret]), [])
    const own = search(shipowner, [...document, ...serial, ...secret, ...parameters]).filter((found) => !found.startsWith('log: ')) // its own screen may show it
    assert.deepEqual(own, [], 'the holder’s own is sealed')
  })

  it('checks the receipt and a bundle of evidence with every service off', async () => {
    const bundle = join(folder, 'outside', 'evidence.json')
    await insurer.ok('receipt', 'bundle', String(index), bundle, '--request', request)
    await Promise.all(people.map((person) => person.leave()))
    const offline = new Person(folder, 'insurer')
    assert.equal((await offline.ok('receipt', 'verify', receipt)).index, index)
    const established = await offline.ok('receipt', 'verify', bundle)
    assert.deepEqual(established.disclosed, { 'report.vessel': DOCUMENT.vessel })
    await offline.ok('receipt', 'page', bundle, join(folder, 'outside', 'evidence.html'))
    assert.match(readFileSync(join(folder, 'outside', 'evidence.html'), 'utf8'), /berthed-within-tariff/)
    const unreachable = await offline.run('receipt', 'get', String(index))
    assert.deepEqual([unreachable.code, unreachable.refused], [3, 'UNAVAILABLE'])
  })

  /** Everything that a person's side wrote: files, and what the screen showed. */
  function traces(person: Person): [string, Buffer][] {
    const names = readdirSync(person.home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    return [...names.map((path): [string, Buffer] => [path, readFileSync(path)]), ['log', Buffer.from(person.log)]]
  }
})

type Proof = { a: [string, string]; b: [[string, string], [string, string]]; c: [string, string] }

function minus(coordinate: string): string {
  return (bn254.fields.Fp.ORDER - BigInt(coordinate)).toString()
}

/** The spellings in which an element could leak. */
function element(decimal: string): Buffer[] {
  const bytes = Buffer.from(fieldToBytes(parseField(decimal)))
  const short = bytes.subarray(1) // a serial has 31 bytes
  return [Buffer.from(decimal), Buffer.from(bytes.toString('hex')), Buffer.from(short.toString('hex')), bytes, short, Buffer.from(bytes).reverse(), Buffer.from(bytes.toString('base64')), Buffer.from(short.toString('base64url'))]
}
