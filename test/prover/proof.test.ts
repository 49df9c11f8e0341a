import assert from 'node:assert/strict'
import { disclosureOf, linkTagOf, nullifierOnce, parameterCommitmentOf, pseudonymOf, scopeElement } from '../../src/credential/commitment.ts'
import { encode } from '../../src/document/encoding.ts'
import { Refusal } from '../../src/errors/errors.ts'
import { FIELD_ORDER, toField } from '../../src/field/field.ts'
import { digestToField } from '../../src/hash/digest.ts'
import { ProvingPool } from '../../src/prover/pool.ts'
import { type Circuit, draftAnswer, makeAnswer, type Material } from '../../src/prover/proof.ts'
import { materialFor, prepare, requireCandidate } from '../../src/prover/select.ts'
import type { CircuitInput } from '../../src/prover/witness.ts'
import { derivePublicInputs } from '../../src/shape/public-inputs.ts'
import { SHAPES } from '../../src/shape/shapes.ts'
import { type Answer, answerJson, parseAnswer } from '../../src/shape/submission.ts'
import { parseProof, parseVerificationKey, verifyGroth16 } from '../../src/verifier/groth16.ts'
import { documentJson, NOW } from './issued.ts'
import { type RealKey, realKey } from './shape-keys.ts'
import { ORIGIN, World } from './world.ts'

describe('making an answer with the real circuit', function () {
  this.timeout(300_000)
  let key: RealKey
  let pool: ProvingPool
  let world: World
  let material: Material
  let answer: Answer
  before(async () => {
    key = await realKey('attest')
    pool = new ProvingPool()
    world = new World({ attest: key })
    world.give()
    const preparation = prepare(world.request(world.register()), world.wallet, world.situation())
    material = materialFor(preparation, requireCandidate(preparation), world.wallet)
    answer = await makeAnswer(material, circuit, verify)
  })
  after(() => pool.close(0))

  const circuit: Circuit = { prove: (shape, inputs) => pool.prove({ shape, artefacts: key.artefacts, inputs, publics: SHAPES[shape].publicInputs.length }) }
  const holds = ({ submission }: Answer): Promise<boolean> =>
    verifyGroth16(parseVerificationKey(key.verificationKey), derivePublicInputs(material.asked, submission, material.facts), parseProof(submission.proof))
  const verify = async (made: Answer): Promise<void> => assert.ok(await holds(made))
  const refused = (change: Partial<Material>) => assert.rejects(makeAnswer({ ...material, ...change }, circuit, async () => undefined), (error: unknown) => error instanceof Refusal && error.code === 'RULE_FALSE')

  it('holds for the public inputs that the statement and the request derive', async () => assert.equal(await holds(answer), true))
  it('holds for no other clock, nullifier, expiry or release key (C18)', async () => {
    for (const change of [{ now: NOW + 1 }, { nullifiers: [toField(1)] }, { expires: answer.submission.expires + 1 }, { releaseKey: '00'.repeat(32) }])
      assert.equal(await holds({ ...answer, submission: { ...answer.submission, ...change } }), false)
  })
  it('survives the way to the verifier', () => assert.deepEqual(parseAnswer(JSON.parse(JSON.stringify(answerJson(answer)))), answer))
  it('puts out the nullifier, link tag, disclosure and commitment of the formulas', () => {
    const { submission } = answer
    const [placed] = material.credentials
    const credential = placed?.credential ?? assert.fail()
    const date = encode({ as: 'date' }, documentJson.date)
    assert.deepEqual(submission.nullifiers, [nullifierOnce(credential.serial, scopeElement(ORIGIN, 'reimbursement'))])
    assert.deepEqual(submission.linkTags, [linkTagOf(credential.commitment, world.wallet.holderSecret, digestToField(submission.request))])
    assert.equal(answer.pseudonym, pseudonymOf(world.wallet.holderSecret, material.parameters.pseudonymScope))
    assert.deepEqual(answer.values, [date])
    const zero = toField(0)
    assert.equal(submission.disclosure, disclosureOf(answer.pseudonym, [date, zero, zero, zero], answer.disclosureBlinding))
    assert.equal(submission.parameterCommitment, parameterCommitmentOf(material.parameters.elements, zero, material.parameters.pseudonymScope, answer.parameterBlinding))
  })

  it('makes two different proofs with different blindings of one request, and one nullifier (C20)', async () => {
    const second = await makeAnswer(material, circuit, verify)
    for (const part of ['parameterBlinding', 'disclosureBlinding'] as const) assert.notEqual(second[part], answer[part])
    for (const part of ['parameterCommitment', 'disclosure'] as const) assert.notEqual(second.submission[part], answer.submission[part])
    for (const part of ['a', 'b', 'c'] as const) assert.notDeepEqual(second.submission.proof[part], answer.submission.proof[part])
    assert.deepEqual(second.submission.nullifiers, answer.submission.nullifiers)
  })

  it('returns nothing that its own check refuses', () => {
    const lying: Circuit = { prove: async () => ({ proof: answer.submission.proof, publicInputs: SHAPES.attest.publicInputs.map(() => '1') }) }
    const check = async (made: Answer) => assert.ok(await holds(made), 'it does not hold')
    return assert.rejects(makeAnswer(material, lying, check), /it does not hold/)
  })

  describe('finds no witness, even without any check before, for', () => {
    const placed = () => material.credentials[0] ?? assert.fail()
    it('an amount over the limit', () => refused({ parameters: { ...material.parameters, elements: material.parameters.elements.map((element, i) => (i === 2 ? toField(1) : element)) } }))
    it('another holder’s secret', () => refused({ holderSecret: toField(1) }))
    it('an expired credential', () => refused({ now: placed().credential.expiresAt }))
    it('a credential not yet valid', () => refused({ now: placed().credential.issuedAt - 1 }))
    it('another directory root', () => refused({ directoryRoot: toField(1) }))
    it('another class', () => refused({ credentials: [{ ...placed(), issuerClass: 'clinic' }] }))
    it('an altered field', () => {
      const { credential } = placed()
      const fields = credential.fields.map((field, slot) => (slot === 2 ? toField(1) : field))
      return refused({ credentials: [{ ...placed(), credential: { ...credential, fields } }] })
    })
    it('a revoked credential with the old directory root', () => {
      const world2 = new World({ attest: key })
      world2.give({ statusIndex: 77 })
      const request = world2.request(world2.register())
      const before = prepare(request, world2.wallet, world2.situation())
      const fresh = materialFor(before, requireCandidate(before), world2.wallet)
      world2.revoke(77)
      return refused({ ...fresh, directoryRoot: world2.view.directory.root })
    })
  })

  describe('refuses before the witness (A14)', () => {
    const bad: Record<string, CircuitInput> = { '7 + r': 7n + FIELD_ORDER, '-1': -1n, '1.5': '1.5', abc: 'abc' }
    for (const [name, value] of Object.entries(bad))
      it(name, async () => {
        const { inputs } = draftAnswer(material)
        await assert.rejects(circuit.prove('attest', { ...inputs, holderSecret: value }), (error: unknown) => error instanceof Refusal && error.code === 'MALFORMED')
      })
    for (const name of ['holderSecret', 'fields', 'setSiblings', 'rules'])
      it(`a missing ${name}`, async () => {
        const { [name]: _, ...inputs } = draftAnswer(material).inputs
        await assert.rejects(circuit.prove('attest', inputs), (error: unknown) => error instanceof Refusal && error.code === 'MALFORMED')
      })
    it('an input too many', () => assert.rejects(circuit.prove('attest', { ...draftAnswer(material).inputs, extra: 1n }), (error: unknown) => error instanceof Refusal && error.code === 'MALFORMED'))
  })

  it('leads a member of a published set to its root', async () => {
    const sets = new World({ attest: key })
    sets.give()
    sets.sets.set('euro-area', ['SEK', 'EUR', 'DKK'])
    const statement = { statement: 'in-euro', version: 1, says: 'In euro.', documents: { invoice: { schema: 'invoice' } }, rules: ['invoice.currency in set:euro-area'] }
    const preparation = prepare(sets.request(sets.register(statement), { parameters: {} }), sets.wallet, sets.situation())
    const { submission } = await makeAnswer(materialFor(preparation, requireCandidate(preparation), sets.wallet), circuit, async (made) => {
      const inputs = derivePublicInputs(preparation.asked.checked, made.submission, preparation.asked.facts)
      assert.ok(await verifyGroth16(parseVerificationKey(key.verificationKey), inputs, parseProof(made.submission.proof)))
    })
    assert.equal(submission.setRoot, sets.view.sets.get('euro-area')?.root)
  })
})

