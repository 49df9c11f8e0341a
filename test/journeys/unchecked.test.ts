/** Issue's journeys (b), (d), (e): what the registry holds against a wallet that checks nothing, and what nobody can see. */

import assert from 'node:assert/strict'
import { nullifierHidden, nullifierOnce } from '../../src/credential/commitment.ts'
import type { Schema } from '../../src/document/schema.ts'
import { Refusal, type RefusalCode } from '../../src/errors/errors.ts'
import { FIELD_ORDER, toField } from '../../src/field/field.ts'
import type { Json } from '../../src/hash/canonical.ts'
import type { Digest } from '../../src/hash/digest.ts'
import type { Register } from '../../src/issuer/register.ts'
import { draftAnswer, type Material } from '../../src/prover/proof.ts'
import { Wallet } from '../../src/prover/wallet.ts'
import { pinStatement, statementHash } from '../../src/shape/pin.ts'
import { SHAPES } from '../../src/shape/shapes.ts'
import { type Answer, answerJson } from '../../src/shape/submission.ts'
import { compileStatement } from '../../src/statement/compiler.ts'
import { parseDefinition } from '../../src/statement/definition.ts'
import { encodeRequest } from '../../src/statement/parameters.ts'
import { newEscrowKey } from '../../src/verifier/escrow.ts'
import { verifyAnswer } from '../../src/verifier/verify.ts'
import { Consortium, differences, projectJson } from './consortium.ts'

const HOSPITAL = 'AT:KA:K911'
const BANK = 'LEI:5493001KJTIIGC8Y1R12'
const POLICY = { insured: 'AT:SVNR:1237010180', currency: 'EUR', limit: '100.00', from: '2017-01-01', to: '2017-12-31' }
const INVOICE = { number: '654321', provider: HOSPITAL, subject: POLICY.insured, date: '2017-01-25', total: '48', currency: 'EUR', status: 'issued' }

describe('a wallet that checks nothing', () => {
  let world: Consortium
  let medical: Schema, kyc: Schema, order: Schema
  let claim: Digest, precheck: Digest, onboarding: Digest, twice: Digest
  let hospital: Register, bank: Register, buyer: Register
  /** Holds one good credential of each kind. */
  let wallet = Wallet.create()
  /** A good answer to `precheck`, whose points others claim to be theirs. */
  let honest: Answer

  before(async () => {
    world = await Consortium.begin(['attest', 'match'])
    medical = await world.schema(projectJson('schemas/medical-invoice.json'))
    kyc = await world.schema(projectJson('schemas/kyc-record.json'))
    order = await world.schema(projectJson('schemas/purchase-order.json'))
    claim = await world.statement(projectJson('statements/medical-invoice-within-policy.json'))
    precheck = await world.statement(projectJson('statements/kyc-precheck.json'))
    onboarding = await world.statement(projectJson('statements/kyc-onboarding.json'))
    twice = await world.statement({
      statement: 'two-orders', version: 1, says: 'Two orders to one supplier.', documents: { a: { schema: 'purchase-order' }, b: { schema: 'purchase-order' } },
      rules: ['a.supplier = b.supplier'],
    })
    hospital = await world.issuer(HOSPITAL, medical, 'hospital')
    bank = await world.issuer(BANK, kyc, 'bank')
    buyer = await world.issuer('SE:ORGNR:5532331183', order, 'company')
    wallet = world.issue(hospital, medical, INVOICE, wallet).wallet
    wallet = world.issue(bank, kyc, projectJson('test/fixtures/kyc-record.json'), wallet).wallet
    wallet = world.issue(buyer, order, { number: '34', buyer: 'SE:ORGNR:5532331183', supplier: 'SE:ORGNR:5532332283', issueDate: '2010-01-20', currency: 'SEK', payable: '6225' }, wallet).wallet
    honest = await world.prove(await world.material(world.request(precheck, { bank: BANK }), wallet))
  })
  after(() => world.close())

  const refusedAs = (code: RefusalCode) => (error: unknown) => error instanceof Refusal && error.code === code

  /** No witness exists; and claiming the public inputs with another proof's points is found out. */
  async function impossible(material: Material, code: RefusalCode = 'PROOF_INVALID'): Promise<void> {
    await assert.rejects(() => world.publics(material), refusedAs('RULE_FALSE'))
    const { publicInputs } = SHAPES[material.asked.pinned.shape]
    const outputs = publicInputs.map((name, i) => (/^(nullifier|linkTag)/.test(name) ? String(i + 1) : '1'))
    await assert.rejects(() => world.submit(draftAnswer(material).complete(honest.submission.proof, outputs).submission), refusedAs(code))
  }

  async function withCredential(schema: Schema, register: Register, document: Json, request: Json, change: Partial<Material> = {}, seconds?: number): Promise<Material> {
    const other = world.issue(register, schema, document, Wallet.create(), seconds).wallet
    return world.material(request, other, { change })
  }

  it('gets a good proof recorded', async () => {
    const receipt = (await world.submit(honest.submission)) as { entry: { type: string } }
    assert.equal(receipt.entry.type, 'proof.submit')
  })

  it('is refused when the credential is revoked, on the new root and on the old one', async () => {
    const record = { ...(projectJson('test/fixtures/kyc-record.json') as object), number: 'KYC-2' }
    const issued = world.issue(bank, kyc, record, Wallet.create())
    const before = await world.situation()
    bank.revoke({ credential: issued.id }, world.clock.now)
    await world.publish(bank)
    const request = world.request(precheck, { bank: BANK })
    await impossible(await world.material(request, issued.wallet))
    const stale = await world.prove(await world.material(request, issued.wallet, { situation: before }))
    await assert.rejects(() => world.submit(stale.submission), refusedAs('ROOT_SUPERSEDED'))
  })

  it('is refused when the credential has expired, now and with a clock put back', async () => {
    const issued = world.issue(bank, kyc, { ...(projectJson('test/fixtures/kyc-record.json') as object), number: 'KYC-3' }, Wallet.create(), 60).wallet
    const issuedAt = world.clock.now
    world.clock.now += 1_000
    try {
      const material = await world.material(world.request(precheck, { bank: BANK }), issued)
      await impossible(material)
      const past = { ...material, now: issuedAt }
      await world.publics(past) // a witness there is
      const answer = draftAnswer(past).complete(honest.submission.proof, Array.from({ length: 17 }, (_, i) => String(i + 1)))
      await assert.rejects(() => world.submit(answer.submission), refusedAs('NOW_OUT_OF_RANGE'))
    } finally {
      world.clock.now -= 1_000
    }
  })

  it('is refused over the limit', async () => {
    await impossible(await world.material(world.request(claim, { ...POLICY, limit: '47.9999' }), wallet))
  })

  it('is refused with another holder’s credential', async () => {
    const thief = Wallet.create()
    await impossible(await world.material(world.request(precheck, { bank: BANK }), wallet, { change: { holderSecret: thief.holderSecret } }))
  })

  it('is refused with one credential in both slots', async () => {
    const situation = await world.situation()
    const placed = world.place(wallet, order, situation)
    await impossible(await world.material(world.request(twice, {}), wallet, { situation, credentials: [placed, placed] }))
  })

  it('is refused when it is revoked in its list but proved against another list', async () => {
    const other = await world.issuer('LEI:7LTWFZYICNSX8D621K86', kyc, 'bank')
    const issued = world.issue(bank, kyc, { ...(projectJson('test/fixtures/kyc-record.json') as object), number: 'KYC-4' }, Wallet.create())
    bank.revoke({ credential: issued.id }, world.clock.now)
    await world.publish(bank)
    const situation = await world.situation()
    const placed = world.place(issued.wallet, kyc, situation)
    const clean = situation.view.directory.leaves.find(({ leaf }) => leaf.organisation === other.organisation)
    const list = clean && situation.statusList(clean.leaf.listId)
    assert.ok(clean && list)
    const elsewhere = { ...placed, status: list.path(placed.credential.statusIndex), directory: situation.view.directory.tree.path(clean.position) }
    await impossible(await world.material(world.request(precheck, { bank: BANK }), issued.wallet, { situation, credentials: [elsewhere] }))
    const ownLeaf = { ...placed, status: list.path(placed.credential.statusIndex) }
    await impossible(await world.material(world.request(precheck, { bank: BANK }), issued.wallet, { situation, credentials: [ownLeaf] }))
  })

  it('is refused with a status word to which r was added, before there is a witness', async () => {
    const material = await world.material(world.request(precheck, { bank: BANK }), wallet)
    const { inputs } = draftAnswer(material)
    const [word] = inputs.statusWord as readonly bigint[]
    await assert.rejects(() => world.circuit.prove('attest', { ...inputs, statusWord: [(word ?? 0n) + FIELD_ORDER] }), refusedAs('MALFORMED'))
  })

  it('is refused when the last alternative of an `or` is false too', async () => {
    const record = { ...(projectJson('test/fixtures/kyc-record.json') as object), number: 'KYC-5', risk: 'high' }
    await impossible(await withCredential(kyc, bank, record, world.request(precheck, { bank: BANK })))
  })

  it('is refused when it escrows to a key of its own', async () => {
    const { x, y } = newEscrowKey()
    const material = await world.material(world.request(onboarding, { bank: BANK }), wallet)
    const answer = await world.prove({ ...material, facts: { ...material.facts, escrowKey: [x, y] } })
    await assert.rejects(() => world.submit(answer.submission), refusedAs('PROOF_INVALID'))
  })

  it('is refused with a look-alike of the statement', async () => {
    const definition = projectJson('statements/kyc-precheck.json') as { rules: string[] }
    const statement = compileStatement(parseDefinition({ ...definition, rules: definition.rules.slice(0, 3) }), () => kyc)
    const pinned = pinStatement(statement)
    const lookAlike = { pinned, statement, hash: statementHash(pinned) }
    const material = await world.material(world.request(precheck, { bank: BANK }), wallet)
    const { submission } = await world.prove({ ...material, asked: lookAlike })
    await assert.rejects(() => world.submit(submission), refusedAs('UNKNOWN_STATEMENT'))
    await assert.rejects(() => world.submit({ ...submission, statement: precheck }), refusedAs('PROOF_INVALID'))
  })

  it('is found out by its verifier when it proves for parameters that nobody asked for', async () => {
    const request = world.request(claim, { ...POLICY, limit: '1.00' })
    const material = await world.material(request, wallet)
    const raised = encodeRequest(material.asked.statement, { ...material.request, parameters: POLICY })
    const answer = await world.prove({ ...material, parameters: raised })
    const receipt = await world.submit(answer.submission) // the registry does not know the parameters
    await assert.rejects(verifyAnswer({ answer: answerJson(answer), request, view: world.view(), now: world.clock.now, receipt }), refusedAs('OPENING_INVALID'))
  })

  describe('what nobody can see', () => {
    it('keeps every public input when the hidden hospital is swapped, but nullifier and link tag', async () => {
      const second = await world.issuer('AT:KA:K912', medical, 'hospital')
      let other = Wallet.create()
      other = world.issue(second, medical, { ...INVOICE, provider: 'AT:KA:K912', number: '77', total: '12.50', date: '2017-11-30' }, other).wallet
      const [request, situation] = [world.request(claim, POLICY), await world.situation()]
      const run = async (holder: Wallet) => world.publics(await world.material(request, holder, { situation }))
      const [a, b] = await withSameBlindings([() => run(wallet), () => run(other)])
      assert.deepEqual(differences(a, b), ['nullifier', 'linkTag'])
      const [c, d] = [await run(wallet), await run(other)]
      // The context is a hash over the parameter commitment.
      assert.deepEqual(differences(c, d), ['nullifier', 'linkTag', 'disclosure', 'parameterCommitment', 'context'])
    })

    it('does not let an issuer, with its serials and the whole log, find the uses of its documents without `once`', async () => {
      const entries = await world.registry.entries(0, 1_000)
      const recorded = entries.filter(({ type, facts }) => type === 'proof.submit' && facts.statement === precheck)
      assert.ok(recorded.length > 0)
      const serials = bank.credentials({ limit: 1_000 }).map(({ serial, commitment }) => ({ serial: toField(BigInt(serial)), commitment: toField(BigInt(commitment)) }))
      const logged = new Set(JSON.stringify(entries).match(/\b[0-9]{20,77}\b/g) ?? [])
      const known = [...logged].map(BigInt).filter((element) => element < FIELD_ORDER).map((element) => toField(element))
      for (const { facts } of recorded) {
        const targets = new Set([...(facts.nullifiers as string[]), ...(facts.linkTags as string[])])
        for (const { serial, commitment } of serials)
          for (const element of [...known, serial, commitment, toField(0n)]) {
            assert.ok(!targets.has(String(nullifierOnce(serial, element))))
            assert.ok(!targets.has(String(nullifierHidden(serial, toField(BigInt(facts.context as string)), element))))
          }
      }
    })

    it('lets the issuer find the spending of its documents under `once`, which SECURITY.md says', async () => {
      const scope = world.view().scopes.get('reimbursement')?.element ?? toField(0n)
      const [record] = hospital.credentials()
      const { facts } = (await world.registry.entries(0, 1_000)).find((entry) => entry.type === 'proof.submit' && entry.facts.statement === claim) ?? assert.fail()
      assert.deepEqual(facts.nullifiers, [String(nullifierOnce(toField(BigInt(record?.serial ?? '0')), scope))])
    })
  })
})

/** Runs each with the same randomness. */
async function withSameBlindings<T>(runs: readonly [() => Promise<T>, () => Promise<T>]): Promise<[T, T]> {
  const real = crypto.getRandomValues.bind(crypto)
  const fixed = async (run: () => Promise<T>): Promise<T> => {
    let counter = 0
    crypto.getRandomValues = ((array: Uint8Array) => array.fill(++counter)) as typeof crypto.getRandomValues
    try {
      return await run()
    } finally {
      crypto.getRandomValues = real
    }
  }
  return [await fixed(runs[0]), await fixed(runs[1])]
}
