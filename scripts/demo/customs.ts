/** Story 4: a declaration that matches a registered invoice, which customs never see. */

import { readFileSync, writeFileSync } from 'node:fs'
import type { Party } from './stage.ts'
import type { World } from './world.ts'

const STORY = '4 Customs'

export interface CustomsCast {
  readonly authority: Party
  readonly office: Party
  readonly broker: Party
  readonly exporter: Party
}

export async function customsCast(world: World): Promise<CustomsCast> {
  const [authority, office, broker, exporter] = await Promise.all([
    world.organisation('E-invoice authority', 'DK:GOV:EINVOICE'),
    world.organisation('Customs', 'DK:GOV:CUSTOMS'),
    world.organisation('Customs broker', 'CVR:10035643'),
    world.person('Gedevang Mejeri'),
  ])
  return { authority, office, broker, exporter }
}

export async function customs(world: World, { authority, office, broker, exporter }: CustomsCast): Promise<void> {
  const { stage } = world
  stage.heading(`Story ${STORY} (match)`)
  await Promise.all([world.schema(authority, 'commercial-invoice'), world.schema(office, 'export-declaration')])
  await world.statement('export-matches-invoice')
  await Promise.all([world.accredit(authority, 'commercial-invoice', authority, 'authority'), world.accredit(broker, 'export-declaration', office, 'broker')])
  const [invoices, declarations] = await Promise.all([world.issuing(authority), world.issuing(broker)])

  await world.issue(authority, invoices, exporter, world.document(authority, 'export-invoice.xml'), '--schema', 'commercial-invoice')
  stage.step(authority.name, 'issued the commercial invoice, read from UBL 2.1')
  const declaration = world.document(broker, 'UBL-ExportCustomsDeclaration-2.3-Example.xml')
  const desk = await world.desk(office)

  const understated = declaration.replace(/\.xml$/, '-understated.xml')
  const text = readFileSync(declaration, 'utf8')
  writeFileSync(understated, text.replaceAll('exi000073', 'exi000074').replace('<cbc:ID>ffi000861</cbc:ID>', '<cbc:ID>ffi000862</cbc:ID>').replace('"EUR">10500.00<', '"EUR">1050.00<'))
  await world.issue(broker, declarations, exporter, understated, '--schema', 'export-declaration')
  const doubtful = await world.ask(office, desk, 'export-matches-invoice', { shipment: 'ffi000862' })
  stage.refusal(exporter.name, 'a declaration understated tenfold', await exporter.refused('RULE_FALSE', 'prove', doubtful.address, '--yes', ...world.password(exporter)))
  stage.refusal(exporter.name, 'a wallet that checks nothing finds no witness for it either', await exporter.refused('RULE_FALSE', 'unchecked', 'prove', doubtful.address, ...world.password(exporter)))

  await world.issue(broker, declarations, exporter, declaration, '--schema', 'export-declaration')
  stage.step(broker.name, 'issued the true export declaration, read from UBL 2.3')
  const question = await world.ask(office, desk, 'export-matches-invoice', { shipment: 'ffi000861' })
  const { proof } = await world.prove(STORY, exporter, office, question)
  stage.step(exporter.name, `proved: both name one exporter, currency and total, and neither was used for another shipment; entry ${proof.index}`)
  stage.step(office.name, 'accepted, without having seen the invoice')
  await stage.end(authority, office, broker, exporter)
}
