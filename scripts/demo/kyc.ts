/** Story 2: a bank's KYC record, first as a pre-check that reveals nothing, then for onboarding with an escrow, then revoked. */

import type { Party } from './stage.ts'
import type { World } from './world.ts'

const STORY = '2 eKYC'
const BANK_A = 'LEI:5493001KJTIIGC8Y1R12'

export interface KycCast {
  readonly supervisor: Party
  readonly bankA: Party
  readonly bankB: Party
  readonly customer: Party
}

/** What later scenes need of the first. */
export interface KycScene extends KycCast {
  /** Of Bank B's desk. */
  readonly desk: string
  /** Of Bank A's issuer service. */
  readonly address: string
}

export async function kycCast(world: World): Promise<KycCast> {
  const [supervisor, bankA, bankB, customer] = await Promise.all([
    world.organisation('Financial supervisor', 'EU:GOV:FINSUP'),
    world.organisation('Bank A', BANK_A),
    world.organisation('Bank B', 'LEI:7LTWFZYICNSX8D621K86'),
    world.person('Moderna Produkter'),
  ])
  return { supervisor, bankA, bankB, customer }
}

/** Pre-check, on `attest`. */
export async function kycPrecheck(world: World, cast: KycCast): Promise<KycScene> {
  const { stage } = world
  const { supervisor, bankA, bankB, customer } = cast
  stage.heading(`Story ${STORY}: pre-check (attest)`)
  await world.schema(supervisor, 'kyc-record')
  await world.statement('kyc-precheck')
  await world.accredit(bankA, 'kyc-record', supervisor, 'bank')
  const address = await world.issuing(bankA)
  await world.issue(bankA, address, customer, world.document(bankA, 'kyc-record.json'), '--schema', 'kyc-record')
  stage.step(bankA.name, 'issued the result of its KYC check to its customer')

  const desk = await world.desk(bankB)
  const question = await world.ask(bankB, desk, 'kyc-precheck', { bank: BANK_A })
  const { proof, established } = await world.prove(STORY, customer, bankB, question)
  stage.step(customer.name, `proved to Bank B: passed at Bank A, level ≥ 2, risk low or medium, not expired, not revoked; entry ${proof.index}`)
  stage.step(bankB.name, `learned only that, and the pseudonym ${String(established.pseudonym).slice(0, 12)}… (revealed: ${JSON.stringify(established.disclosed)})`)
  return { ...cast, desk, address }
}

/** Onboarding with an escrow to the regulator, on `match`. */
export async function kycOnboarding(world: World, { supervisor, bankB, customer, desk }: KycScene): Promise<void> {
  const { stage } = world
  stage.heading(`Story ${STORY}: onboarding (match, one document)`)
  await supervisor.run('keygen', 'escrow')
  const { file } = await supervisor.run('registry', 'regulator', 'financial-supervisor', '--out', world.paper('regulator.json'))
  await world.governor.run('registry', 'sign', String(file))
  stage.step(supervisor.name, 'registered its escrow key, signed by itself and the governor')
  await world.statement('kyc-onboarding')
  const question = await world.ask(bankB, desk, 'kyc-onboarding', { bank: BANK_A })
  const { proof, established } = await world.prove(STORY, customer, bankB, question)
  stage.step(customer.name, `proved again, revealing name and registration number to Bank B alone; entry ${proof.index}`)
  stage.step(bankB.name, `learned ${JSON.stringify(established.disclosed)}, under the same pseudonym`)
  const { values } = await supervisor.run('escrow', 'open', String(proof.index))
  stage.step(supervisor.name, `opened what the proof escrows to it: ${JSON.stringify(values)}`)
}

/** Revocation: the honest wallet says why, the registry refuses the other. */
export async function kycRevocation(world: World, { bankA, bankB, customer, desk }: KycScene): Promise<void> {
  const { stage } = world
  stage.heading(`Story ${STORY}: revocation (attest)`)
  await customer.run('unchecked', 'remember')
  const [record] = (await bankA.run('issuer', 'list')) as unknown as { id: string }[]
  await bankA.run('revoke', String(record?.id))
  stage.step(bankA.name, 'revoked the credential and published its status list')
  const question = await world.ask(bankB, desk, 'kyc-precheck', { bank: BANK_A })
  stage.refusal(customer.name, 'the honest wallet does not prove', await customer.refused('REVOKED', 'prove', question.address, '--yes', ...world.password(customer)))

  const { answer } = await customer.run('unchecked', 'prove', question.address, ...world.password(customer))
  stage.refusal('Registry', 'a wallet that checks nothing proved on the old directory root', await customer.refused('ROOT_SUPERSEDED', 'submit', String(answer)))
  await stage.end(bankB, customer)
}
