import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { Refusal, type RefusalCode } from '../../src/errors/errors.ts'
import { canonicalJson } from '../../src/hash/canonical.ts'
import { DEFAULT_COST, SealingKey, unseal } from '../../src/prover/sealed.ts'

/** Enough for a test, and nothing else. */
export const CHEAP = { N: 2 ** 4, r: 8, p: 1 }

const withCode = (code: RefusalCode) => (error: unknown) => error instanceof Refusal && error.code === code

describe('sealed file', () => {
  const value = { secret: '314159', list: ['ä', null, true] }
  let text: string
  before(async () => (text = (await SealingKey.derive('correct horse', CHEAP)).seal(value)))

  /** Changes the file and makes the checksum right again, as somebody who means to would. */
  const altered = (change: (file: any) => void): string => {
    const file = JSON.parse(text)
    change(file)
    file.checksum = createHash('sha256').update(`${canonicalJson(file.header)}\0${file.ciphertext}`).digest('hex')
    return JSON.stringify(file)
  }

  it('opens with its password', async () => assert.deepEqual((await unseal(text, 'correct horse')).value, value))
  it('opens with the same password in another Unicode form', async () => {
    const sealed = (await SealingKey.derive('caf\u00e9 caf\u00e9', CHEAP)).seal(value)
    assert.deepEqual((await unseal(sealed, 'cafe\u0301 cafe\u0301')).value, value)
  })
  it('opens what its own key seals again, under another nonce', async () => {
    const { key } = await unseal(text, 'correct horse')
    const again = key.seal(value)
    assert.notEqual(again, text)
    assert.deepEqual((await unseal(again, 'correct horse')).value, value)
  })
  it('spends 128 MiB on a password', () => assert.equal(128 * DEFAULT_COST.N * DEFAULT_COST.r, 128 * 2 ** 20))

  it('refuses a wrong password (F34)', () => assert.rejects(unseal(text, 'correct horsf'), withCode('UNAUTHENTICATED')))
  it('refuses an empty password', () => assert.rejects(unseal(text, ''), withCode('UNAUTHENTICATED')))
  it('refuses another wallet’s file', async () => {
    const other = await SealingKey.derive('correct horse', CHEAP)
    assert.throws(() => other.unseal(text), withCode('UNAUTHENTICATED'))
  })

  it('refuses every truncation', async () => {
    for (let length = 0; length < text.length; length += 7) await assert.rejects(unseal(text.slice(0, length), 'correct horse'), withCode('CORRUPT'))
  })
  it('refuses every flipped bit', async () => {
    for (let i = 0; i < text.length; i++) {
      const flipped = text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) ^ (1 << (i % 7))) + text.slice(i + 1)
      await assert.rejects(unseal(flipped, 'correct horse'), withCode('CORRUPT'), `character ${i}`)
    }
  })

  const alterations: Record<string, (file: any) => void> = {
    'a ciphertext': (file) => (file.ciphertext = file.ciphertext.replace(/^./, (c: string) => (c === 'A' ? 'B' : 'A'))),
    'a nonce': (file) => (file.header.nonce = '00'.repeat(24)),
    'a salt': (file) => (file.header.salt = '00'.repeat(32)),
    'a cheaper derivation': (file) => (file.header.N = 2),
  }
  for (const [name, change] of Object.entries(alterations)) it(`refuses ${name} put there on purpose`, () => assert.rejects(unseal(altered(change), 'correct horse'), withCode('UNAUTHENTICATED')))

  const headers: Record<string, (file: any) => void> = {
    'a cost that takes all memory': (file) => (file.header.N = 2 ** 30),
    'a cost that is no power of two': (file) => (file.header.N = 1000),
    'a cost of text': (file) => (file.header.N = '16'),
    'another version': (file) => (file.header.sealed = 2),
    'another cipher': (file) => (file.header.cipher = 'none'),
    'no header': (file) => delete file.header,
    'no ciphertext': (file) => delete file.ciphertext,
  }
  for (const [name, change] of Object.entries(headers))
    it(`refuses ${name}`, () => {
      const file = JSON.parse(text)
      change(file)
      if (file.header) file.checksum = createHash('sha256').update(`${canonicalJson(file.header)}\0${file.ciphertext}`).digest('hex')
      return assert.rejects(unseal(JSON.stringify(file), 'correct horse'), withCode('CORRUPT'))
    })

  it('holds no byte of the value', () => assert.ok(!text.includes('314159') && !Buffer.from(JSON.parse(text).ciphertext, 'base64').includes('314159')))
})
