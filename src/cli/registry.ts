/**
 * `attestry registry`: what the operator, governors and owners do, and anybody who audits. A command that needs several signatures is written with `--out`,
 * signed by each with `sign`, and sent by the last.
 */

import { randomBytes } from 'node:crypto'
import { join as joinPath } from 'node:path'
import type { Command } from 'commander'
import { parseOrganisationCode } from '../credential/organisation.ts'
import { refuse } from '../errors/errors.ts'
import type { Json } from '../hash/canonical.ts'
import { parseEnvelope } from '../signature/envelope.ts'
import { generateOrganisationKey, keyId, type OrganisationKey, publicPart } from '../signature/organisation-key.ts'
import { act, signAndSend, signingOptions } from './act.ts'
import { does, type Options, type Outcome, repeated, required, type Session, Usage } from './command.ts'
import { readJsonFile } from './files.ts'
import { registryAt } from './init.ts'
import { publicEscrowKeyOf } from './keygen.ts'

export function define(command: Command): void {
  const genesis = command.command('genesis').description('begin a registry here: the first entry names governors, mode and log key')
  genesis
    .argument('<origin>', 'its name for ever, such as registry.example/attestry')
    .requiredOption('--governor <card...>', 'cards of the governors (`attestry keygen card`)')
    .option('--name <name>', 'for people', 'Attestry registry')
    .option('--mode <mode>', 'production or development (test keys allowed)', 'production')
    .option('--k <n>', 'how many governors decide', '1')
    .option('--tolerance <seconds>', "how far a proof's clock may be off", '300')
  does(genesis, startRegistry)

  const join = command.command('join').description('make a running registry the one of this home').argument('<url>')
  does(join.option('--log-key <hex>', 'its log key, from somewhere else than the registry'), joinRegistry)

  const audit = command.command('audit').description('go over the whole log: decide every entry again, verify every proof').argument('[url]', "the registry, or a copy of it (default: the home's)")
  does(audit.option('--bodies-since <time>', 'accept that the registry has pruned bodies before this date or time (default: all must be there)'), async (session, args, options) => (await import('./audit.ts')).audit(session, args, options))

  const sign = command.command('sign').description('add this organisation’s signature to a command in a file and send it').argument('<file>')
  does(signingOptions(sign), signFile)

  const admit = command.command('admit').description('admit an organisation (governors)').argument('<card>', 'what `attestry keygen card` prints there')
  does(signingOptions(admit), async (session, [card = ''], options) => {
    const { organisation, name, keys } = (await readJsonFile(session, card)) as Record<string, Json>
    return act(session, options, 'organisation.admit', { organisation: organisation ?? null, name: name ?? null, keys: keys ?? null }, { organisation: organisation ?? null })
  })

  const rotate = command.command('rotate').description("replace this organisation's own key by a new one")
  does(signingOptions(rotate), rotateOwnKey)

  const suspend = command.command('suspend').description('suspend an organisation (governors)').argument('<organisation>')
  does(signingOptions(suspend), (session, [code], options) => act(session, options, 'organisation.suspend', { organisation: parseOrganisationCode(code) }, { organisation: parseOrganisationCode(code) }))

  const scope = command.command('scope').description('register a scope: within it a document is spent once').argument('<name>')
  does(signingOptions(scope), (session, [name = ''], options) => act(session, options, 'scope.register', { name }, { scope: name }))

  const set = command.command('set').description('publish a set, or its next version').argument('<name>').argument('<members>', 'JSON array')
  does(signingOptions(set.requiredOption('--of <type>', 'organisation, code, text, date, timestamp or integer')), publishSet)

  const regulator = command.command('regulator').description("register this organisation's escrow key under a name that statements use").argument('<name>')
  does(signingOptions(regulator), registerRegulator)

  const shape = command.command('shape').description("register a shape's keys (governors)").argument('<shape>', 'attest or match').argument('<folder>', 'with verification.json and transcript.json')
  does(signingOptions(shape), registerShape)

  const retire = command.command('retire-shape').description('take a verification key out of use (governors)').argument('<shape>').argument('<key>', 'its id')
  does(signingOptions(retire), (session, [shape = '', key = ''], options) => act(session, options, 'shape.retire', { shape, verificationKey: key }, { shape, verificationKey: key }))
}

async function startRegistry(session: Session, [origin = '']: readonly string[], options: Options): Promise<Outcome> {
  const home = session.home()
  const [k, nowTolerance] = [wholeNumber(options, 'k'), wholeNumber(options, 'tolerance')]
  const governors = await Promise.all(repeated(options, 'governor').map((card) => readJsonFile(session, card)))
  const logKey = publicPart(home.readKey<OrganisationKey>('log'))
  const body = { type: 'genesis', origin, nonce: randomBytes(16).toString('hex'), name: required(options, 'name'), mode: required(options, 'mode'), governors, k, logKey: { ...logKey }, nowTolerance }
  const { withLocalRegistry } = await import('./local-registry.ts')
  await withLocalRegistry(home, (registry) => registry.submit({ body, signatures: [] }))
  home.configure({ origin, logKey })
  const lines = [`the registry ${origin} has begun`, `log key ${logKey.publicKey} (id ${keyId(logKey)}): governors publish it`, 'start it with `attestry serve registry`']
  return { json: { origin, logKey: { ...logKey }, governors: governors.length, k }, lines }
}

async function joinRegistry(session: Session, [url = '']: readonly string[], options: Options): Promise<Outcome> {
  const home = session.home()
  const { registry } = home.config
  const found = await registryAt(url, options)
  if (home.config.origin !== undefined && home.config.origin !== found.origin) return refuse('EXISTS', `this home belongs to ${home.config.origin}${registry ? ` at ${registry}` : ''}`)
  if (home.config.logKey !== undefined && keyId(home.config.logKey) !== keyId(found.logKey)) return refuse('KEY_INVALID', 'the registry there has another log key than the one that this home fixed')
  home.configure(found)
  return { json: { origin: found.origin, logKey: { ...found.logKey } }, lines: [`belongs to ${found.origin}, log key id ${keyId(found.logKey)}`] }
}

async function signFile(session: Session, [file = '']: readonly string[], options: Options): Promise<Outcome> {
  const command = parseEnvelope(await readJsonFile(session, file))
  return signAndSend(session, session.home(), command, options, { command: command.body.type })
}

/** The new key is written beside the old one first, so that neither is lost when this ends in between. */
async function rotateOwnKey(session: Session, _args: readonly string[], options: Options): Promise<Outcome> {
  if (options.out !== undefined) throw new Usage('an organisation rotates its own key by itself, without --out')
  const home = session.home()
  const [old, next] = [home.readKey<OrganisationKey>('organisation'), generateOrganisationKey()]
  home.saveKey('organisation-next', { ...next })
  const outcome = await act(session, {}, 'organisation.rotate', { organisation: home.organisation, add: [{ ...publicPart(next) }], remove: [keyId(old)] }, { added: keyId(next), removed: keyId(old) })
  home.promoteKey('organisation-next', 'organisation')
  return outcome
}

async function publishSet(session: Session, [name = '', file = '']: readonly string[], options: Options): Promise<Outcome> {
  const members = await readJsonFile(session, file)
  return act(session, options, 'set.publish', { name, of: required(options, 'of'), members }, { set: name })
}

async function registerRegulator(session: Session, [name = '']: readonly string[], options: Options): Promise<Outcome> {
  const home = session.home()
  return act(session, options, 'regulator.register', { organisation: home.organisation, name, escrowKey: { ...publicEscrowKeyOf(home) } }, { regulator: name })
}

async function registerShape(session: Session, [shape = '', folder = '']: readonly string[], options: Options): Promise<Outcome> {
  const file = (name: string) => readJsonFile(session, joinPath(folder, name))
  const [verificationKey, transcript] = [await file('verification.json'), await file('transcript.json')]
  const provingKey = (transcript as { result?: { provingKey?: string } }).result?.provingKey ?? refuse('TRANSCRIPT_INVALID', 'the ceremony has not been exported')
  return act(session, options, 'shape.register', { shape, verificationKey, provingKey, transcript }, { shape, provingKey })
}

function wholeNumber(options: Options, name: string): number {
  const number = Number(options[name])
  if (!Number.isInteger(number) || number < 1) throw new Usage(`--${name} is a whole number from 1`)
  return number
}
