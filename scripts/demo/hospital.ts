/** Story 1: a hospital invoice, claimed once, the hospital hidden among three. */

import { join } from 'node:path'
import { bug } from '../../src/errors/errors.ts'
import type { Party } from './stage.ts'
import type { World } from './world.ts'

const STORY = '1 Hospital invoice'
const POLICY = { insured: 'AT:SVNR:1237010180', currency: 'EUR', limit: '100.00', from: '2017-01-01', to: '2017-12-31' }

export interface HospitalCast {
  readonly ministry: Party
  readonly hospitals: readonly Party[]
  readonly patient: Party
  readonly first: Party
  readonly second: Party
}

export async function hospitalCast(world: World): Promise<HospitalCast> {
  const [ministry, patient, first, second] = await Promise.all([
    world.organisation('Health ministry', 'AT:GOV:HEALTH'),
    world.person('Patient'),
    world.organisation('Insurer One', 'AT:VU:U100'),
    world.organisation('Insurer Two', 'AT:VU:U200'),
  ])
  const hospitals = await Promise.all([911, 912, 913].map((n) => world.organisation(`Hospital K${n}`, `AT:KA:K${n}`)))
  return { ministry, hospitals, patient, first, second }
}

export async function hospitalInvoice(world: World, { ministry, hospitals, patient, first, second }: HospitalCast): Promise<void> {
  const { stage } = world
  stage.heading(`Story ${STORY} (attest)`)
  await world.schema(ministry, 'medical-invoice')
  await world.statement('medical-invoice-within-policy')
  for (const one of hospitals) await world.accredit(one, 'medical-invoice', ministry, 'hospital')
  stage.step(ministry.name, `accredited three hospitals: ${hospitals.map(({ name }) => name).join(', ')}`)

  const hospital = hospitals[0] ?? bug('no hospital')
  const address = await world.issuing(hospital)
  const invoice = world.document(hospital, 'fhir-r4-invoice-example.json')
  const supplement = world.document(hospital, 'medical-invoice.supplement.json')
  await world.issue(hospital, address, patient, invoice, '--schema', 'medical-invoice', '--with', supplement)
  stage.step(hospital.name, 'turned its FHIR R4 invoice into a credential; the patient fetched it with a one-time code')

  const [desk, otherDesk] = [await world.desk(first), await world.desk(second)]
  const claim = await world.ask(first, desk, 'medical-invoice-within-policy', POLICY)
  stage.step(first.name, 'asks: an accredited hospital, the person insured, the policy’s currency, within limit and period?')
  const { proof } = await world.prove(STORY, patient, first, claim)
  stage.step(patient.name, `proved it; entry ${proof.index}; the hospital stays hidden among ${proof.hiddenAmong.invoice}`, { ...proof.hiddenAmong })
  stage.step(first.name, 'accepted: the right to claim this invoice is spent')

  const again = await world.ask(first, desk, 'medical-invoice-within-policy', POLICY)
  stage.refusal('Registry', 'the same invoice claimed again at Insurer One', await patient.refused('NULLIFIER_SPENT', 'prove', again.address, '--yes', ...world.password(patient)))
  const elsewhere = await world.ask(second, otherDesk, 'medical-invoice-within-policy', POLICY)
  stage.refusal('Registry', 'the same invoice claimed at Insurer Two', await patient.refused('NULLIFIER_SPENT', 'prove', elsewhere.address, '--yes', ...world.password(patient)))

  const bundle = join(first.home, 'evidence.json')
  await first.run('receipt', 'bundle', String(proof.index), bundle, '--request', claim.digest)
  await first.run('receipt', 'page', bundle, join(first.home, 'evidence.html'))
  stage.step(first.name, 'gathered the evidence into one file, and a page for a judge')
  await stage.end(ministry, ...hospitals, patient, first, second)
}
