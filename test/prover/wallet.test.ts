import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Refusal, type RefusalCode } from '../../src/errors/errors.ts'
import { WalletFile } from '../../src/prover/wallet-file.ts'
import { Wallet } from '../../src/prover/wallet.ts'
import { documentJson, HOSPITAL, issue, schema } from './issued.ts'

const CHEAP = { N: 2 ** 4, r: 8, p: 1 }
const PASSWORD = 'correct horse battery'
const withCode = (code: RefusalCode) => (error: unknown) => error instanceof Refusal && error.code === code

describe('wallet', () => {
  const wallet = Wallet.create()
  const credential = issue(wallet.holderIdAt(HOSPITAL))

  it('keeps a credential that was issued to its holder', () => assert.equal(wallet.with(credential, schema).credentials.length, 1))
  it('keeps the same credential once', () => assert.equal(wallet.with(credential, schema).with(credential, schema).credentials.length, 1))
  it('shows each issuer another holder id', () => assert.notEqual(wallet.holderIdAt(HOSPITAL), wallet.holderIdAt('SE:ORGNR:1111111111')))
  it('reads back what it wrote', () => {
    const full = wallet.with(credential, schema)
    assert.deepEqual(Wallet.parse(full.toJson()).toJson(), full.toJson())
  })
  it('is not changed by a change', () => {
    wallet.with(credential, schema)
    assert.equal(wallet.credentials.length, 0)
  })

  it('refuses a credential of another holder', () => assert.throws(() => Wallet.create().with(credential, schema), withCode('CREDENTIAL_INVALID')))
  it('refuses a credential with another amount', () => assert.throws(() => wallet.with({ ...credential, document: { ...documentJson, total: '1.00' } }, schema), withCode('CREDENTIAL_INVALID')))
  it('refuses a credential with another expiry', () => assert.throws(() => wallet.with({ ...credential, expiresAt: credential.expiresAt + 1 }, schema), withCode('CREDENTIAL_INVALID')))
  it('refuses what is no credential', () => assert.throws(() => wallet.with({}, schema), withCode('CREDENTIAL_INVALID')))
  it('refuses to remove what it has not', () => assert.throws(() => wallet.without('00'), withCode('NOT_FOUND')))
  for (const [name, json] of Object.entries({ 'no object': null, 'another version': { wallet: 2 }, 'no secret': { wallet: 1, schemas: {}, credentials: [] }, 'a credential that was altered': alteredWallet() }))
    it(`refuses stored content with ${name}`, () => assert.throws(() => Wallet.parse(json), withCode('CORRUPT')))
})

function alteredWallet(): any {
  const wallet = Wallet.create()
  const json: any = structuredClone(wallet.with(issue(wallet.holderIdAt(HOSPITAL)), schema).toJson())
  json.credentials[0].credential.document.total = '1.00'
  return json
}

describe('wallet file', () => {
  let directory: string
  let path: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wallet-'))
    path = join(directory, 'wallet.json')
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  const create = () => WalletFile.create(path, PASSWORD, CHEAP)
  const withCredential = async () => {
    const file = await create()
    await file.change((wallet) => wallet.with(issue(wallet.holderIdAt(HOSPITAL)), schema))
    return file
  }

  it('opens with its password and has what was put in', async () => {
    const file = await withCredential()
    const again = await WalletFile.open(path, PASSWORD)
    assert.deepEqual(again.wallet.toJson(), file.wallet.toJson())
  })
  it('is readable by its owner alone, after every change', async () => {
    await create()
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    await rm(path)
    await withCredential()
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  })
  it('leaves no temporary file', async () => {
    await withCredential()
    assert.deepEqual(await readdir(directory), ['wallet.json'])
  })
  it('keeps every one of many changes at once', async () => {
    const file = await create()
    await Promise.all([1, 2, 3, 4, 5].map((statusIndex) => file.change((wallet) => wallet.with(issue(wallet.holderIdAt(HOSPITAL), { statusIndex }), schema))))
    assert.equal((await WalletFile.open(path, PASSWORD)).wallet.credentials.length, 5)
  })
  it('keeps the wallet as it was when a change is refused', async () => {
    const file = await withCredential()
    const before = await readFile(path, 'utf8')
    await assert.rejects(file.change((wallet) => wallet.with({}, schema)), withCode('CREDENTIAL_INVALID'))
    assert.equal(await readFile(path, 'utf8'), before)
    assert.equal(file.wallet.credentials.length, 1)
  })
  it('keeps the wallet as it was when the disk refuses', async () => {
    const file = await withCredential()
    await rm(directory, { recursive: true })
    await assert.rejects(file.change((wallet) => wallet.without(wallet.credentials[0]?.id ?? '')), withCode('STORAGE'))
    assert.equal(file.wallet.credentials.length, 1)
  })
  it('seals what is kept beside it, for this wallet alone', async () => {
    const file = await create()
    const beside = join(directory, 'answer.json')
    await file.keep(beside, { pseudonym: '27182818' })
    assert.ok(!(await readFile(beside, 'utf8')).includes('27182818'))
    assert.deepEqual(await (await WalletFile.open(path, PASSWORD)).kept(beside), { pseudonym: '27182818' })
    const other = await WalletFile.create(join(directory, 'other.json'), PASSWORD, CHEAP)
    await assert.rejects(other.kept(beside), withCode('UNAUTHENTICATED'))
  })
  it('holds neither the secret nor a value of a document in the clear', async () => {
    const file = await withCredential()
    const bytes = await readFile(path)
    const plain = Buffer.concat([bytes, Buffer.from(JSON.parse(bytes.toString()).ciphertext, 'base64')])
    for (const secret of [String(file.wallet.holderSecret), ...Object.values(documentJson)]) assert.ok(!plain.includes(secret))
  })

  it('refuses a wrong password (F34)', async () => {
    await create()
    await assert.rejects(WalletFile.open(path, 'correct horse batterz'), withCode('UNAUTHENTICATED'))
  })
  it('refuses a password of seven characters', () => assert.rejects(WalletFile.create(path, '1234567', CHEAP), withCode('MALFORMED')))
  it('refuses to take the place of a wallet', async () => {
    await create()
    const before = await readFile(path, 'utf8')
    await assert.rejects(create(), withCode('EXISTS'))
    assert.equal(await readFile(path, 'utf8'), before)
  })
  it('refuses a wallet that is not there', () => assert.rejects(WalletFile.open(path, PASSWORD), withCode('NOT_FOUND')))
  it('refuses a truncated file', async () => {
    await create()
    const text = await readFile(path, 'utf8')
    await writeFile(path, text.slice(0, -10))
    await assert.rejects(WalletFile.open(path, PASSWORD), withCode('CORRUPT'))
  })
  for (const mode of process.platform === 'win32' ? [] : [0o640, 0o604, 0o620, 0o602])
    it(`refuses a file with mode ${mode.toString(8)} (F34)`, async () => {
      await create()
      await chmod(path, mode)
      await assert.rejects(WalletFile.open(path, PASSWORD), withCode('KEY_INVALID'))
    })
})
