/** Story 3: an order within a hidden limit, the buyer hidden among three. */

import type { KycScene } from './kyc.ts'
import type { Party } from './stage.ts'
import type { World } from './world.ts'

const STORY = '3 Credit limit'
const BANK = 'LEI:5493001KJTIIGC8Y1R12'

export interface CreditCast {
  readonly companies: Party
  readonly buyer: Party
  /** Other companies whose orders are accepted: among them the buyer is hidden. */
  readonly others: readonly Party[]
  readonly supplier: Party
  readonly financier: Party
}

export async function creditCast(world: World): Promise<CreditCast> {
  const [companies, buyer, supplier, financier] = await Promise.all([
    world.organisation('Company register', 'SE:GOV:BUSREG'),
    world.organisation('Johnssons byggvaror', 'SE:ORGNR:5532331183'),
    world.person('Supplier Moderna'),
    world.organisation('Financing bank', 'LEI:529900T8BM49AURSDO55'),
  ])
  const others = await Promise.all([['Nordic Fastening', 'SE:ORGNR:5561234567'], ['Lake District Homes', 'SE:ORGNR:5567654321']].map(([name = '', code = '']) => world.organisation(name, code)))
  return { companies, buyer, others, supplier, financier }
}

/** The bank is Bank A of the story before. */
export async function creditLimit(world: World, { companies, buyer, others, supplier, financier }: CreditCast, { supervisor, bankA: bank, address }: KycScene): Promise<void> {
  const { stage } = world
  stage.heading(`Story ${STORY} (match)`)
  await Promise.all([world.schema(companies, 'purchase-order'), world.schema(supervisor, 'credit-line')])
  await world.statement('order-within-credit-limit')
  for (const company of [buyer, ...others]) await world.accredit(company, 'purchase-order', companies, 'company')
  await world.accredit(bank, 'credit-line', supervisor, 'bank')
  const orders = await world.issuing(buyer)

  await world.issue(buyer, orders, supplier, world.document(buyer, 'UBL-Order-2.1-Example.xml'), '--schema', 'purchase-order')
  stage.step(buyer.name, 'issued its purchase order, read from UBL 2.1')
  await world.issue(bank, address, supplier, world.document(bank, 'credit-line.json'), '--schema', 'credit-line')
  stage.step(bank.name, 'issued a credit line to the same company')

  const question = await world.ask(financier, await world.desk(financier), 'order-within-credit-limit', { bank: BANK })
  const { proof } = await world.prove(STORY, supplier, financier, question)
  stage.step(supplier.name, `proved: the buyer issued the order, order and line name one company and currency, the amount is within the limit; entry ${proof.index}`)
  stage.step(financier.name, 'accepted: neither amount nor limit was shown, and the order cannot be financed here again')
  await stage.end(companies, buyer, ...others, supplier, financier)
}
