import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FIELD_ORDER } from '../../src/field/field.ts'
import { generateOrganisationKey } from '../../src/signature/organisation-key.ts'
import { newFolder, Person } from './person.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FIXTURES = join(ROOT, 'test', 'fixtures')
const SCHEMAS = join(ROOT, 'schemas')

describe('the command line', () => {
  const folder = newFolder()
  const person = new Person(folder, 'person')
  before(() => person.ok('init', 'Person', '--organisation', 'SE:ORGNR:5532331183'))
  after(() => rmSync(folder, { recursive: true, force: true }))

  const file = (name: string, content: unknown): string => {
    const path = join(folder, name)
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
    return path
  }

  describe('exit codes', () => {
    it('0: help, of everything and of one command', async () => {
      const help = await person.raw('--help')
      assert.equal(help.code, 0)
      for (const name of 'init keygen ceremony issuer schema statement issue revoke wallet request prove verify submit receipt serve doctor'.split(' ')) assert.match(help.stdout, new RegExp(`^  ${name} `, 'm'))
      assert.equal((await person.raw('statement', '--help')).code, 0)
    })

    const wrong: Record<string, string[]> = {
      'no command of that name': ['prophesy'],
      'no subcommand of that name': ['wallet', 'burn'],
      'a missing argument': ['schema', 'check'],
      'an unknown option': ['schema', 'check', 'x.json', '--loudly'],
      'a file that is not there': ['schema', 'check', 'nowhere.json'],
      'neither holder nor offer': ['issue', join(FIXTURES, 'kyc-record.json'), '--schema', 'kyc-record'],
      'a port that is none': ['serve', 'registry', '--port', '99999'],
      'an index that is none': ['receipt', 'get', '-1'],
      'a shape that is none': ['ceremony', 'local', 'circle'],
    }
    for (const [what, argv] of Object.entries(wrong))
      it(`2: ${what}`, async () => {
        const said = await person.run(...argv)
        assert.deepEqual([said.code, said.refused, said.stderr], [2, 'USAGE', ''])
      })

    it('1: a home that is not there', async () => {
      const said = await new Person(folder, 'nobody').run('keygen', 'card')
      assert.deepEqual([said.code, said.refused], [1, 'NOT_FOUND'])
    })

    it('3: a folder that cannot be made', async () => {
      const said = await new Person(file('a-file', ''), 'below').run('init', 'Nobody')
      assert.deepEqual([said.code, said.refused], [3, 'STORAGE'])
    })

    it('3: a registry that cannot be reached', async () => {
      const said = await person.run('registry', 'join', 'http://127.0.0.1:9')
      assert.deepEqual([said.code, said.refused], [3, 'UNAVAILABLE'])
    })
  })

  it('prints results on stdout and refusals on stderr, with a way to mend them', async () => {
    const good = await person.raw('schema', 'check', join(SCHEMAS, 'kyc-record.json'))
    assert.deepEqual([good.code, good.stderr], [0, ''])
    assert.match(good.stdout, /^kyc-record version 1 is a schema/)
    const bad = await person.raw('schema', 'check', file('schema.json', { $id: 'x' }))
    assert.deepEqual([bad.code, bad.stdout], [1, ''])
    assert.match(bad.stderr, /^refused: SCHEMA_INVALID: [^\n]+\n {2}at \/title: expected .*\n[\s\S]*to mend it: /)
  })

  it('prints one line of JSON and nothing else with --json', async () => {
    const said = await person.run('schema', 'check', join(SCHEMAS, 'kyc-record.json'))
    assert.equal(said.stderr, '')
    assert.match(said.stdout, /^\{[^\n]*\}\n$/)
  })

  it('is a program, without colours where there is no terminal', () => {
    const said = spawnSync(process.execPath, [join(ROOT, 'bin', 'attestry.mjs'), 'doctor', '--home', join(folder, 'nobody')], { encoding: 'utf8', input: '' })
    assert.equal(said.status, 1)
    assert.match(said.stdout, /to mend\n/)
    assert.match(said.stdout, /missing +home: [\s\S]*→ attestry init/)
    assert.doesNotMatch(said.stdout + said.stderr, /\u001b/)
  })

  describe('without a terminal', () => {
    it('does not ask for a password', async () => {
      const silent = new Person(folder, 'person')
      delete silent.env.ATTESTRY_PASSWORD
      const said = await silent.run('wallet', 'create')
      assert.deepEqual([said.code, said.refused], [2, 'USAGE'])
    })

    it('refuses a password file that others can read (F34)', async () => {
      const path = file('password', 'correct horse battery')
      chmodSync(path, 0o644)
      const said = await person.run('wallet', 'create', '--password-file', path)
      assert.deepEqual([said.code, said.refused], [1, 'KEY_INVALID'])
    })
  })

  describe('the home directory', () => {
    it('is the owner’s alone', () => {
      for (const [name, mode] of [['', 0o700], ['keys', 0o700], ['data', 0o700], ['config.json', 0o600], ['keys/organisation.json', 0o600]] as const)
        assert.equal(statSync(join(person.home, name)).mode & 0o777, mode, name)
    })

    it('is not made twice, and no key is overwritten (B10)', async () => {
      const before = readFileSync(join(person.home, 'keys', 'organisation.json'), 'utf8')
      assert.equal((await person.run('init', 'Person')).refused, 'EXISTS')
      assert.equal((await person.run('keygen', 'organisation')).refused, 'EXISTS')
      assert.equal(readFileSync(join(person.home, 'keys', 'organisation.json'), 'utf8'), before)
    })

    it('never prints a secret', async () => {
      await person.ok('keygen', 'escrow')
      await person.ok('keygen', 'log')
      await person.ok('keygen', 'card')
      for (const name of ['organisation', 'escrow', 'log']) {
        const { secret, secretKey } = JSON.parse(readFileSync(join(person.home, 'keys', `${name}.json`), 'utf8')) as { secret?: string; secretKey?: string }
        assert.ok(!person.log.includes(secret ?? secretKey ?? assert.fail()))
      }
    })

    it('refuses a key file that others can read (F34)', async () => {
      const other = new Person(folder, 'careless')
      await other.ok('init', 'Careless', '--organisation', 'SE:ORGNR:5532332283')
      chmodSync(join(other.home, 'keys', 'organisation.json'), 0o640)
      assert.equal((await other.run('keygen', 'card')).refused, 'KEY_INVALID')
      const doctor = await other.run('doctor')
      assert.equal(doctor.code, 1)
      assert.match(doctor.stdout, /"check":"file modes","found":"others can read [^"]*organisation.json","mend":"chmod/)
    })

    it('refuses a wrong password, and no password at all', async () => {
      const holder = new Person(folder, 'holder')
      await holder.ok('init', 'Holder')
      await holder.ok('wallet', 'create')
      holder.env.ATTESTRY_PASSWORD = 'another password'
      assert.equal((await holder.run('wallet', 'list')).refused, 'UNAUTHENTICATED')
    })
  })

  describe('documents and statements', () => {
    it('reads a real document by its schema', async () => {
      const said = await person.ok('issue', join(FIXTURES, 'UBL-Order-2.1-Example.xml'), '--schema', 'purchase-order', '--dry-run')
      assert.equal((said.document as { payable: string }).payable, '6225')
    })

    it('lists every problem of a document, with path, what was expected and what came', async () => {
      const { provider: _, ...rest } = { provider: '', number: '654321', subject: 'nobody', date: '25.1.2017', total: '48,00', currency: 'EUR', status: 'issued' }
      const said = await person.run('issue', file('document.json', rest), '--schema', 'medical-invoice', '--dry-run')
      assert.deepEqual([said.code, said.refused], [1, 'DOCUMENT_INVALID'])
      const { problems } = said.json.refused as unknown as { problems: { path: string; expected: string; got: string }[] }
      for (const path of ['provider', 'subject', 'date', 'total']) assert.ok(problems.some((problem) => problem.path.includes(path) || problem.expected.includes(path)), path)
    })

    it('explains a statement in sentences', async () => {
      const said = await person.raw('statement', 'explain', join(ROOT, 'statements', 'order-within-credit-limit.json'), '--home', person.home)
      assert.equal(said.code, 0)
      assert.match(said.stdout, /financing/)
    })

    it('says what is wrong with a statement', async () => {
      const said = await person.run('statement', 'check', file('statement.json', { statement: 'x', version: 1, says: 'x', documents: { kyc: { schema: 'kyc-record' } }, rules: ['kyc.level >= kyc.name'] }))
      assert.deepEqual([said.code, said.refused], [1, 'STATEMENT_INVALID'])
      assert.match(said.stdout, /rule 1/)
    })
  })

  describe('submissions that are none (A1, A2, A5, A7), with nothing sent and nothing written', () => {
    const digest = '5f'.repeat(32)
    const specimen = {
      submission: 1, origin: 'registry.test/x', statement: digest, shape: 'attest', verificationKey: digest, expires: 2_000_000_000, releaseKey: generateOrganisationKey().publicKey, parameterCommitment: '1', request: digest,
      directoryRoot: '1', setRoot: '0', now: 1_900_000_000, nullifiers: ['1'], linkTags: ['1'], disclosure: '1', escrow: [] as string[], proof: { a: ['1', '2'], b: [['1', '2'], ['3', '4']], c: ['1', '2'] },
    }
    const broken: Record<string, [unknown, string]> = {
      'an empty list': [{ ...specimen, nullifiers: [] }, 'MALFORMED'],
      'a list too long': [{ ...specimen, nullifiers: ['1', '2', '3'] }, 'MALFORMED'],
      'a nested list': [{ ...specimen, nullifiers: [['1']] }, 'MALFORMED'],
      'null': [{ ...specimen, disclosure: null }, 'MALFORMED'],
      'a number': [{ ...specimen, disclosure: 7 }, 'MALFORMED'],
      'a boolean': [{ ...specimen, disclosure: true }, 'MALFORMED'],
      'leading zeros': [{ ...specimen, disclosure: '007' }, 'MALFORMED'],
      'hexadecimal': [{ ...specimen, disclosure: '0x7' }, 'MALFORMED'],
      'white space': [{ ...specimen, disclosure: ' 7' }, 'MALFORMED'],
      'r': [{ ...specimen, disclosure: FIELD_ORDER.toString() }, 'MALFORMED'],
      '7 + r': [{ ...specimen, disclosure: (7n + FIELD_ORDER).toString() }, 'MALFORMED'],
      'a negative element': [{ ...specimen, disclosure: '-7' }, 'MALFORMED'],
      'more than 77 digits': [{ ...specimen, disclosure: '9'.repeat(78) }, 'MALFORMED'],
      'a further member': [{ ...specimen, more: 1 }, 'MALFORMED'],
      'a shape that is none': [{ ...specimen, shape: 'circle' }, 'MALFORMED'],
      'a point of three': [{ ...specimen, proof: { ...specimen.proof, a: ['1', '2', '1'] } }, 'MALFORMED'],
      'the member __proto__': [`{"__proto__": {}, "submission": 1}`, 'MALFORMED'],
      'a member twice': [`{"submission": 1, "submission": 1}`, 'MALFORMED'],
      'no JSON': ['{', 'MALFORMED'],
      'JSON too deep': ['['.repeat(100) + ']'.repeat(100), 'TOO_LARGE'],
    }
    for (const [what, [content, code]] of Object.entries(broken))
      it(`refuses ${what}`, async () => {
        const said = await person.run('submit', file('submission.json', content))
        assert.deepEqual([said.code, said.refused], [1, code])
        assert.ok(!existsSync(join(person.home, 'data', 'receipts')))
      })

    it('refuses a file over the limit (A7)', async () => {
      const said = await person.run('submit', file('large.json', ' '.repeat(17 * 1024 * 1024)))
      assert.deepEqual([said.code, said.refused], [1, 'TOO_LARGE'])
    })
  })

  it('checks a ceremony’s files before it does anything with them', async () => {
    const said = await person.run('ceremony', 'contribute', join(folder, 'none'), join(folder, 'next'), '--name', 'Ada')
    assert.equal(said.code, 1)
    assert.ok(!existsSync(join(folder, 'next.zkey')))
  })
})
