/**
 * `attestry keygen`: makes the keys of a party, each in a file of its own that only its owner can read. A key is never
 * overwritten and never printed; what others need of it is. Serial and issuing keys are made by the issuer's register.
 */

import type { Command } from 'commander'
import { generateOrganisationKey, keyId, type OrganisationKey, publicPart } from '../signature/organisation-key.ts'
import { newEscrowKey, parseEscrowKey, publicEscrowKey } from '../verifier/escrow.ts'
import { does, type Options, type Outcome, type Session, Usage } from './command.ts'
import type { Home } from './home.ts'

export function define(command: Command): void {
  const organisation = command.command('organisation').description('signs commands and requests, certifies issuing keys')
  organisation.option('--alg <alg>', 'ed25519 or p256', 'ed25519')
  does(organisation, organisationKey)
  does(command.command('log').description("signs a registry's checkpoints"), logKey)
  does(command.command('escrow').description('opens what statements escrow to a regulator'), escrowKey)
  does(command.command('card').description('prints what a governor needs to admit this organisation'), card)
}

async function organisationKey(session: Session, _args: readonly string[], { alg }: Options): Promise<Outcome> {
  if (alg !== 'ed25519' && alg !== 'p256') throw new Usage('--alg is ed25519 or p256')
  const home = session.home()
  const key = generateOrganisationKey(alg)
  home.saveKey('organisation', { ...key })
  return made(home, 'organisation', { ...publicPart(key), id: keyId(key) })
}

async function logKey(session: Session): Promise<Outcome> {
  const home = session.home()
  const key = generateOrganisationKey()
  home.saveKey('log', { ...key })
  return made(home, 'log', { ...publicPart(key), id: keyId(key) })
}

async function escrowKey(session: Session): Promise<Outcome> {
  const home = session.home()
  const key = newEscrowKey()
  home.saveKey('escrow', { secret: key.secret, ...publicEscrowKey(key) })
  return made(home, 'escrow', publicEscrowKey(key))
}

/** What `regulator.register` carries of a home's escrow key. */
export function publicEscrowKeyOf(home: Home): { readonly x: string; readonly y: string } {
  return publicEscrowKey(parseEscrowKey(home.readKey('escrow')))
}

async function card(session: Session): Promise<Outcome> {
  const home = session.home()
  const card = cardOf(home)
  return { json: card, lines: [JSON.stringify(card)] }
}

/** What a governor needs to admit an organisation, or genesis to name a governor. */
export function cardOf(home: Home): { organisation: string; name: string; keys: { alg: 'ed25519' | 'p256'; publicKey: string }[] } {
  return { organisation: home.organisation, name: home.config.name, keys: [publicPart(home.readKey<OrganisationKey>('organisation'))] }
}

function made(home: Home, name: string, shown: Record<string, string>): Outcome {
  return { json: { key: name, ...shown }, lines: [`made the ${name} key of ${home.config.name}`, ...Object.entries(shown).map(([k, v]) => `  ${k} ${v}`)] }
}
