import assert from 'node:assert/strict'
import { Refusal, type RefusalCode } from '../../src/errors/errors.ts'
import type { Json } from '../../src/hash/canonical.ts'
import type { Situation } from '../../src/prover/asked.ts'
import { materialFor, type Preparation, prepare, requireCandidate } from '../../src/prover/select.ts'
import { generateOrganisationKey } from '../../src/signature/organisation-key.ts'
import { signEnvelope } from '../../src/signature/envelope.ts'
import { documentJson, NOW, schema } from './issued.ts'
import { definition, INSURER, OTHER_HOSPITALS, parameters, World } from './world.ts'

const withCode = (code: RefusalCode, text = '') => (error: unknown) => error instanceof Refusal && error.code === code && error.message.includes(text)

describe('preparing an answer', () => {
  let world: World
  beforeEach(() => (world = new World()))

  const ask = (change: { parameters?: Record<string, Json>; set?: Json[]; statement?: object; situation?: Partial<Situation> } = {}): Preparation => {
    const { statement = definition, situation = {}, ...rest } = change
    return prepare(world.request(world.register(statement), rest), world.wallet, world.situation(situation))
  }
  const refuses = (code: RefusalCode, change: Parameters<typeof ask>[0] = {}, text = '') => assert.throws(() => requireCandidate(ask(change)), withCode(code, text))

  it('finds the credential that satisfies the statement', () => {
    const id = world.give()
    const { candidates, failures } = ask()
    assert.deepEqual(candidates.map(({ credentials }) => credentials), [{ invoice: id }])
    assert.deepEqual(failures, [])
  })
  it('shows the rules as sentences with the parameters filled in', () => {
    world.give()
    const { explanation, registryLearns, asked } = ask()
    assert.ok(explanation.proved.some((sentence) => sentence.includes('50000.00 EUR')))
    assert.ok(explanation.revealed.some((sentence) => sentence.includes('date')))
    assert.ok(registryLearns.some((sentence) => sentence.includes('reimbursement')))
    assert.equal(asked.verifier.name, 'Insurer')
  })
  it('says why another credential does not do, without any value', () => {
    const [good] = [world.give(), world.give({ document: { number: 'INV-2', total: '60000.00' } })]
    const { candidates, failures } = ask()
    assert.deepEqual(candidates.map(({ credentials }) => credentials['invoice']), [good])
    assert.equal(failures.length, 1)
    assert.equal(failures[0]?.code, 'RULE_FALSE')
    assert.ok(failures[0]?.reason.includes('invoice.total <= $limit'))
    for (const value of ['60000.00', '50000.00', ...Object.values(documentJson)]) assert.ok(!failures[0]?.reason.includes(value))
  })

  it('refuses with the rule that does not hold', () => {
    world.give({ document: { total: '50000.01' } })
    refuses('RULE_FALSE', {}, 'invoice.total <= $limit')
  })
  it('refuses with every rule that does not hold', () => {
    world.give({ document: { currency: 'SEK', patient: 'SE:PNR:1' } })
    refuses('RULE_FALSE', {}, 'invoice.currency = $currency')
    refuses('RULE_FALSE', {}, 'invoice.patient = $insured')
  })
  it('refuses without a credential of that kind', () => refuses('NO_CREDENTIAL'))
  it('refuses an expired credential, at the very second', () => {
    world.give({ expiresAt: NOW })
    refuses('EXPIRED')
  })
  it('takes a credential in its last second', () => {
    world.give({ expiresAt: NOW + 1 })
    assert.equal(ask().candidates.length, 1)
  })
  it('refuses a credential that is not yet valid', () => {
    world.give({ issuedAt: NOW + 1 })
    refuses('NOT_YET_VALID')
  })
  it('refuses a revoked credential', () => {
    world.give({ statusIndex: 77 })
    world.revoke(77)
    refuses('REVOKED')
  })
  it('is not disturbed by the revocation of a neighbour', () => {
    world.give({ statusIndex: 77 })
    world.revoke(76)
    assert.equal(ask().candidates.length, 1)
  })
  it('refuses when the issuer is not in the directory', () => {
    world.give()
    world.leaves[0] = undefined
    refuses('NOT_ACCREDITED')
  })
  it('refuses when the issuing key is in the directory for another list', () => {
    world.give({ listNumber: 2 })
    refuses('NOT_ACCREDITED')
  })
  it('refuses a status list that does not fit the directory', () => {
    world.give()
    world.lists.get(world.leaves[0]?.listId ?? assert.fail())?.revoke(5)
    refuses('UNKNOWN_LIST')
  })
  it('refuses to stand out among too few issuers', () => {
    world.give()
    assert.equal(ask({ statement: { ...definition, minimumIssuers: 3 } }).candidates[0]?.hiddenAmong['invoice'], 3)
    refuses('ANONYMITY_TOO_SMALL', { statement: { ...definition, minimumIssuers: 4 } }, 'among 3')
  })
  it('tells the closest failure first, and all of them', () => {
    world.give({ document: { total: '50000.01' } })
    world.give({ document: { number: 'INV-2' }, expiresAt: NOW })
    assert.throws(() => requireCandidate(ask()), (error: unknown) => error instanceof Refusal && error.code === 'RULE_FALSE' && error.problems.map(({ got }) => got).sort().join() === 'EXPIRED,RULE_FALSE')
  })
  it('obeys the choice of credentials', () => {
    const [, second] = [world.give(), world.give({ document: { number: 'INV-2' } })]
    assert.equal(requireCandidate(ask(), { invoice: second }).credentials['invoice'], second)
    assert.throws(() => requireCandidate(ask(), { invoice: '00' }), withCode('NO_CREDENTIAL'))
  })

  describe('who is hidden', () => {
    const hidden = (change: object, rest: Parameters<typeof ask>[0] = {}) => {
      world.give()
      return requireCandidate(ask({ statement: { ...definition, ...change }, ...rest })).hiddenAmong['invoice']
    }
    it('is every accredited issuer, without a rule', () => assert.equal(hidden({}), 3))
    it('is those of the class that a rule names', () => assert.equal(hidden({ rules: [...definition.rules, "invoice.class = 'hospital'"] }), 2))
    it('is those of either class in an or', () => assert.equal(hidden({ rules: [...definition.rules, "invoice.class = 'hospital' or invoice.class = 'clinic'"] }), 3))
    it('is all but the one that a rule excludes', () => assert.equal(hidden({ rules: [...definition.rules, `invoice.issuer != '${OTHER_HOSPITALS[0]}'`] }), 2))
    it('is nobody when the class is revealed and no other has it', () => {
      world.leaves[0] = { ...(world.leaves[0] ?? assert.fail()), class: 'university' }
      assert.equal(hidden({ reveals: ['invoice.class'] }), 1)
    })
    it('is nobody when the issuer is revealed', () => assert.equal(hidden({ reveals: ['invoice.issuer'] }), 1))
    it('is nobody when the verifier names the issuer', () =>
      assert.equal(hidden({ parameters: { ...definition.parameters, who: 'organisation' }, rules: [...definition.rules, 'invoice.issuer = $who'] }, { parameters: { ...parameters, who: 'SE:ORGNR:5532331183' } }), 1))
    it('is those on the verifier’s list', () =>
      assert.equal(hidden({ parameters: { ...definition.parameters, who: { as: 'set', of: 'code' } }, rules: [...definition.rules, 'invoice.issuer in $who'] }, { set: ['SE:ORGNR:5532331183', OTHER_HOSPITALS[0]] }), 2))
    it('counts an organisation with two keys once', () => {
      world.leaves.push({ ...(world.leaves[1] ?? assert.fail()), class: 'hospital', listNumber: 2 })
      assert.equal(hidden({}), 3)
    })
  })

  describe('sets', () => {
    const member = { ...definition, rules: [...definition.rules, 'invoice.currency in set:euro-area'] }
    it('leads the member to the root of a published set', () => {
      world.give()
      world.sets.set('euro-area', ['SEK', 'EUR', 'DKK'])
      const preparation = ask({ statement: member })
      const material = materialFor(preparation, requireCandidate(preparation), world.wallet)
      assert.equal(material.setRoot, world.view.sets.get('euro-area')?.root)
      assert.ok(material.setPath)
    })
    it('refuses what is not a member', () => {
      world.give()
      world.sets.set('euro-area', ['SEK', 'DKK'])
      refuses('RULE_FALSE', { statement: member }, 'set:euro-area')
    })
    it('refuses a set that the registry has not', () => {
      world.give()
      refuses('UNKNOWN_SET', { statement: member })
    })
  })

  describe('refuses a request', () => {
    const request = () => world.request(world.register())
    const code = (json: unknown, expected: RefusalCode) => assert.throws(() => prepare(json, world.wallet, world.situation()), withCode(expected))
    it('that is no envelope', () => code({}, 'MALFORMED'))
    it('with a member too many', () => code({ ...request(), body: { ...request().body, extra: 1 } }, 'REQUEST_INVALID'))
    it('that was changed after it was signed', () => {
      const { body, signatures } = request()
      code({ body: { ...body, parameters: { ...parameters, limit: '60000.00' } }, signatures }, 'BAD_SIGNATURE')
    })
    it('signed by another key', () => code(signEnvelope(request().body, INSURER, generateOrganisationKey()), 'BAD_SIGNATURE'))
    it('signed by nobody', () => code({ body: request().body, signatures: [] }, 'BAD_SIGNATURE'))
    it('for another registry', () => code(world.request(world.register(), { origin: 'other.example/attestry' }), 'WRONG_ORIGIN'))
    it('in the second in which it expires', () => code(world.request(world.register(), { expires: NOW }), 'REQUEST_EXPIRED'))
    it('about a statement that the registry does not know', () => {
      const unknown = request()
      world.statements.clear()
      code(unknown, 'UNKNOWN_STATEMENT')
    })
    it('about a retired statement', () => {
      const retired = request()
      for (const [hash, statement] of world.statements) world.statements.set(hash, { ...statement, status: 'retired' })
      code(retired, 'RETIRED')
    })
    it('of a suspended organisation', () => {
      const view = world.view
      const suspended = { ...view, organisations: new Map([...view.organisations].map(([name, rest]) => [name, { ...rest, status: 'suspended' as const }])), statements: world.statements }
      assert.throws(() => prepare(request(), world.wallet, world.situation({ view: suspended })), withCode('BAD_SIGNATURE'))
    })
    it('when the proving key here is not the registered one', () => {
      const asked = request()
      assert.throws(() => prepare(asked, world.wallet, world.situation({ provingKeys: { attest: '33'.repeat(32) } })), withCode('NOT_READY'))
    })
  })

  it('refuses one record in both places of a statement about two', () => {
    world.give()
    const two = {
      statement: 'two-invoices', version: 1, says: 'Two invoices.', documents: { first: { schema: 'invoice' }, second: { schema: 'invoice' } },
      rules: ['first.patient = second.patient'],
    }
    refuses('RULE_FALSE', { statement: two, parameters: {} }, 'the same record')
    world.give({ document: { number: 'INV-2' } })
    assert.equal(ask({ statement: two, parameters: {} }).candidates.length, 2)
  })

  it('knows an older version of the schema for what it is', () => {
    world.give()
    const checked = world.register()
    const edited = { ...checked, statement: { ...checked.statement, schemas: { invoice: { ...schema, id: (schema.id + 1n) as typeof schema.id } } } }
    world.statements.set(checked.hash, { ...edited, registeredBy: INSURER, status: 'active' })
    assert.throws(() => requireCandidate(prepare(world.request(checked), world.wallet, world.situation())), withCode('NO_CREDENTIAL', 'another version'))
  })
})
