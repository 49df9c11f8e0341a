/**
 * `attestry init`: makes a party's home directory; for an organisation also its organisation key. The registry's origin and log
 * key are looked up and fixed here, at the first contact, so that no later answer of another registry is taken for its.
 */

import type { Command } from 'commander'
import { parseOrganisationCode } from '../credential/organisation.ts'
import { generateOrganisationKey, keyId, parsePublicKey, publicPart } from '../signature/organisation-key.ts'
import { does, type Options, type Outcome, type Session } from './command.ts'
import { type Config, Home } from './home.ts'
import { contact } from './link.ts'

export function define(command: Command): void {
  command
    .argument('[name]', 'name of the party, for people', 'a party')
    .option('--organisation <code>', 'its code, such as LEI:5493001KJTIIGC8Y1R12; a private person has none')
    .option('--registry <url>', 'base URL of the registry')
    .option('--log-key <hex>', "the registry's Ed25519 log key, from somewhere else than the registry; the first contact is believed otherwise")
  does(command, init)
}

async function init(session: Session, [name = '']: readonly string[], options: Options): Promise<Outcome> {
  const organisation = options.organisation === undefined ? undefined : parseOrganisationCode(options.organisation)
  const config: Config = { home: 1, name, ...(organisation === undefined ? {} : { organisation }), ...(typeof options.registry === 'string' ? await registryAt(options.registry, options) : {}) }
  const home = Home.create(session.homePath, config)
  if (organisation) home.saveKey('organisation', { ...generateOrganisationKey() })
  const lines = [`${home.path} is the home of ${name}${organisation ? ` (${organisation})` : ''}`]
  if (config.origin && config.logKey) lines.push(`registry ${config.origin}, log key ${keyId(config.logKey)}: compare it with the one that the governors publish`)
  if (organisation) lines.push('a governor admits it with its card: `attestry keygen card`')
  const { logKey, registry, origin } = config
  return { json: { path: home.path, name, organisation: organisation ?? null, registry: registry ?? null, origin: origin ?? null, logKey: logKey ? { ...logKey } : null }, lines }
}

/** Name and log key of a registry, at the first contact. @throws Refusal BAD_SIGNATURE when it is not the log key given */
export async function registryAt(registry: string, { logKey }: Options): Promise<Required<Pick<Config, 'registry' | 'origin' | 'logKey'>>> {
  const expected = typeof logKey === 'string' ? parsePublicKey({ alg: 'ed25519', publicKey: logKey }, '--log-key') : undefined
  const view = await contact(registry, expected)
  return { registry, origin: view.origin, logKey: publicPart(view.logKey) }
}
