/** Issue's journey (g): what stays when schemas are edited and issuing keys rotate. */

import assert from 'node:assert/strict'
import { Refusal } from '../../src/errors/errors.ts'
import type { Json } from '../../src/hash/canonical.ts'
import { Wallet } from '../../src/prover/wallet.ts'
import { Consortium, projectJson } from './consortium.ts'

const HOSPITAL = 'AT:KA:K911'
const POLICY = { insured: 'AT:SVNR:1237010180', currency: 'EUR', limit: '100.00', from: '2017-01-01', to: '2017-12-31' }
const INVOICE = { number: '654321', provider: HOSPITAL, subject: POLICY.insured, date: '2017-01-25', total: '48', currency: 'EUR', status: 'issued' }

describe('renewal', () => {
  let world: Consortium
  before(async () => {
    world = await Consortium.begin(['attest'])
  })
  after(() => world.close())

  it('proves with a credential of a rotated key, and not twice after the schema was edited', async () => {
    const schemaJson = projectJson('schemas/medical-invoice.json') as { [name: string]: Json }
    const statementJson = projectJson('statements/medical-invoice-within-policy.json') as { [name: string]: Json }
    const first = await world.schema(schemaJson)
    const claim = await world.statement(statementJson)
    const hospital = await world.issuer(HOSPITAL, first, 'hospital')
    const { wallet } = world.issue(hospital, first, INVOICE, Wallet.create())

    const before = hospital.places().filter(({ status }) => status === 'active')
    hospital.rotateKey(first, 'rotated')
    for (const place of before) await world.retire(hospital, place, 'rotated')
    await world.accreditAll(hospital, first, 'hospital')
    const answer = await world.prove(await world.material(world.request(claim, POLICY), wallet))
    const receipt = (await world.submit(answer.submission)) as { entry: { type: string } }
    assert.equal(receipt.entry.type, 'proof.submit')

    const second = await world.schema({ ...schemaJson, version: 2, title: 'Medical invoice, edited' })
    const claimAgain = await world.statement({ ...statementJson, version: 2 })
    hospital.addSchema(second)
    await world.accreditAll(hospital, second, 'hospital')
    const again = world.issue(hospital, second, INVOICE, Wallet.create()).wallet
    const spentAgain = await world.prove(await world.material(world.request(claimAgain, POLICY), again))
    assert.deepEqual(spentAgain.submission.nullifiers, answer.submission.nullifiers)
    await assert.rejects(world.submit(spentAgain.submission), (error) => error instanceof Refusal && error.code === 'NULLIFIER_SPENT')
  })
})
