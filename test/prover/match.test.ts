import assert from 'node:assert/strict'
import { nullifierOnce, scopeElement } from '../../src/credential/commitment.ts'
import { Refusal } from '../../src/errors/errors.ts'
import { toField } from '../../src/field/field.ts'
import { ProvingPool } from '../../src/prover/pool.ts'
import { type Circuit, makeAnswer, type Material } from '../../src/prover/proof.ts'
import { materialFor, prepare, requireCandidate } from '../../src/prover/select.ts'
import { contextOf } from '../../src/shape/context.ts'
import { SHAPES } from '../../src/shape/shapes.ts'
import { answerJson } from '../../src/shape/submission.ts'
import { newEscrowKey, openEscrow } from '../../src/verifier/escrow.ts'
import { verifyAnswer } from '../../src/verifier/verify.ts'
import { documentJson } from './issued.ts'
import { type RealKey, realKey } from './shape-keys.ts'
import { ORIGIN, World } from './world.ts'

const couple = {
  statement: 'two-invoices',
  version: 1,
  says: 'Two invoices to one patient.',
  documents: { first: { schema: 'invoice' }, second: { schema: 'invoice' } },
  rules: ['first.patient = second.patient', 'first.currency = second.currency', 'first.total < second.total'],
  reveals: ['first.number'],
  once: { first: 'financing' },
  escrow: { regulator: 'regulator', values: ['second.total', 'first.patient'] },
}
const single = { statement: 'one-invoice', version: 1, says: 'One invoice.', documents: { invoice: { schema: 'invoice' } }, rules: ["invoice.currency = 'EUR'"], escrow: { regulator: 'regulator', values: ['invoice.patient'] } }

describe('making an answer about two documents, or with an escrow', function () {
  this.timeout(600_000)
  let key: RealKey
  let pool: ProvingPool
  let world: World
  before(async () => {
    key = await realKey('match')
    pool = new ProvingPool()
    world = new World({ match: key })
    world.give({ document: { number: 'INV-1', total: '10.00' }, statusIndex: 1 })
    world.give({ document: { number: 'INV-2', total: '20.00' }, statusIndex: 2 })
  })
  after(() => pool.close(0))

  const circuit: Circuit = { prove: (shape, inputs) => pool.prove({ shape, artefacts: key.artefacts, inputs, publics: SHAPES[shape].publicInputs.length }) }
  const prepared = (definition: object) => {
    const request = world.request(world.register(definition), { parameters: {} })
    const preparation = prepare(request, world.wallet, world.situation())
    return { request, preparation, material: materialFor(preparation, requireCandidate(preparation), world.wallet) }
  }
  const answered = async (definition: object) => {
    const { request, preparation, material } = prepared(definition)
    const verify = (answer: unknown) => verifyAnswer({ answer, request, view: world.view, now: world.now })
    const answer = await makeAnswer(material, circuit, async (made) => void (await verify(answerJson(made))))
    const { submission } = answer
    const opened = openEscrow(preparation.asked.checked.statement, { escrow: submission.escrow, context: contextOf(submission) }, world.escrowKey)
    return { answer, material, opened, established: await verify(answerJson(answer)) }
  }
  const refused = (change: (material: Material) => Partial<Material>) => {
    const { material } = prepared(couple)
    return assert.rejects(makeAnswer({ ...material, ...change(material) }, circuit, async () => undefined), (error: unknown) => error instanceof Refusal && error.code === 'RULE_FALSE')
  }

  it('chooses the pair for which the rules hold, and the regulator opens what is escrowed', async () => {
    const { answer, material, opened } = await answered(couple)
    assert.deepEqual(material.credentials.map(({ credential }) => credential.document.json['number']), ['INV-1', 'INV-2'])
    assert.deepEqual(opened, { 'second.total': '20', 'first.patient': documentJson.patient })
    const [first] = answer.submission.nullifiers
    assert.equal(first, nullifierOnce(material.credentials[0]?.credential.serial ?? toField(0), scopeElement(ORIGIN, 'financing')))
    assert.equal(new Set([...answer.submission.nullifiers, ...answer.submission.linkTags]).size, 4)
  })

  it('proves one document with an escrow, the second place off', async () => {
    const { answer, opened } = await answered(single)
    assert.equal(answer.submission.nullifiers.length, 1)
    assert.deepEqual(opened, { 'invoice.patient': documentJson.patient })
  })

  describe('finds no witness, even without any check before, for', () => {
    it('one credential in both places', () => refused(({ credentials: [, second] }) => ({ credentials: [second, second] as never })))
    it('the two the wrong way round', () => refused(({ credentials }) => ({ credentials: [...credentials].reverse() })))
    it('an escrow under a key that is no point', () => refused(({ facts }) => ({ facts: { ...facts, escrowKey: [toField(1), toField(1)] } })))
  })

  it('fails its own check with an escrow under another key', async () => {
    const { request, material } = prepared(couple)
    const { x, y } = newEscrowKey()
    const other = { ...material, facts: { ...material.facts, escrowKey: [x, y] as const } }
    const verify = async (answer: unknown) => void (await verifyAnswer({ answer, request, view: world.view, now: world.now }))
    await assert.rejects(makeAnswer(other, circuit, (made) => verify(answerJson(made))), (error: unknown) => error instanceof Refusal && error.code === 'PROOF_INVALID')
  })
})
