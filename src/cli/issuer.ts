/** `attestry issuer`: accreditation, issuing keys and status lists. */

import type { Command } from 'commander'
import { refuse } from '../errors/errors.ts'
import { printField } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import { certificate, publishStatus, retirements, type Signatory } from '../issuer/commands.ts'
import { openRegister, type Register } from '../issuer/register.ts'
import type { OrganisationKey } from '../signature/organisation-key.ts'
import { act, signingOptions } from './act.ts'
import { does, type Options, type Outcome, required, type Session, Usage } from './command.ts'
import { readJsonFile, writeNewFile } from './files.ts'
import type { Home } from './home.ts'
import { registryOf, viewOf } from './link.ts'
import { findSchema } from './lookup.ts'

export function define(command: Command): void {
  const certify = command.command('certify').description("begin to issue under a schema: make an issuing key and certify it for the schema's authority").argument('<schema>', 'name at the registry')
  does(certify.option('--out <file>', 'write the certificate there'), certifyKey)

  const accredit = command.command('accredit').description('accredit an issuer, as the authority of its schema').argument('<certificate>')
  does(signingOptions(accredit.requiredOption('--class <code>', 'what kind of issuer; rules may use it')), async (session, [file = ''], options) =>
    act(session, options, 'issuer.accredit', { certificate: await readJsonFile(session, file), class: required(options, 'class') }, { certificate: file }),
  )

  const rotate = command.command('rotate').description('replace an issuing key; credentials of a rotated one stay valid, of a compromised one not').argument('<schema>')
  does(rotate.option('--compromised', 'somebody else may have the key').option('--out <file>', 'write the new certificate there'), rotateKey)

  does(command.command('publish').description('publish the status lists that have changed'), publish)
  does(command.command('list').description('what has been issued, without documents'), list)

  const withdraw = command.command('withdraw').description("take an issuer's accreditation away, as the authority").argument('<organisation>').argument('<schema>')
  does(signingOptions(withdraw), withdrawIssuer)
}

/** Opens the issuer's register of a home for one piece of work. */
export async function withRegister<T>(home: Home, work: (register: Register) => T | Promise<T>): Promise<T> {
  const register = openRegister(registerPath(home), home.organisation)
  try {
    return await work(register)
  } finally {
    register.close()
  }
}

export function registerPath(home: Home): string {
  return home.data('issuer.db')
}

/** In whose name an issuer signs. */
export function signatoryOf(home: Home): Signatory {
  return { origin: home.config.origin ?? refuse('NOT_FOUND', 'this home has no registry yet'), organisation: home.organisation, organisationKey: home.readKey<OrganisationKey>('organisation') }
}

async function certifyKey(session: Session, [name = '']: readonly string[], options: Options): Promise<Outcome> {
  const home = session.home()
  const schema = findSchema(await viewOf(home), name)
  return withRegister(home, (register) => {
    register.addSchema(schema)
    return certified(session, home, register, printField(schema.id), options)
  })
}

async function certified(session: Session, home: Home, register: Register, schemaId: string, { out }: Options): Promise<Outcome> {
  const place = register.places().filter((one) => one.schemaId === schemaId && one.status === 'active').at(-1) ?? refuse('UNKNOWN_SCHEMA', 'this issuer does not issue that schema')
  const envelope = certificate(place, signatoryOf(home)) as unknown as Json
  const file = typeof out === 'string' ? await writeNewFile(session, out, `${JSON.stringify(envelope, null, 1)}\n`, 0o644) : undefined
  const lines = file ? [`wrote the certificate to ${file}`, 'the authority of the schema accredits it: `attestry issuer accredit FILE --class CODE`'] : [JSON.stringify(envelope)]
  return { json: { certificate: envelope, ...(file ? { file } : {}) }, lines }
}

async function rotateKey(session: Session, [name = '']: readonly string[], options: Options): Promise<Outcome> {
  const home = session.home()
  const reason = options.compromised === true ? 'compromised' : 'rotated'
  const registry = registryOf(home)
  return withRegister(home, async (register) => {
    const schema = register.schema(name)
    const id = printField(schema.id)
    const before = register.places().filter(({ schemaId, status }) => schemaId === id && status === 'active')
    register.rotateKey(schema, reason)
    for (const command of retirements(before, reason, signatoryOf(home))) await registry.submit(command)
    return certified(session, home, register, id, options)
  })
}

async function publish(session: Session): Promise<Outcome> {
  const home = session.home()
  const { length } = await publishLists(home)
  return { json: { published: length }, lines: [length === 0 ? 'every list is published already' : `published ${length} status list${length === 1 ? '' : 's'}`] }
}

/** Publishes what has changed. @throws Refusal of the registry */
export async function publishLists(home: Home): Promise<readonly unknown[]> {
  const registry = registryOf(home)
  const options = { ...signatoryOf(home), submit: (envelope: Parameters<typeof registry.submit>[0]) => registry.submit(envelope), now: Math.floor(Date.now() / 1000) }
  return withRegister(home, (register) => publishStatus(register, options))
}

async function list(session: Session): Promise<Outcome> {
  return withRegister(session.home(), (register) => {
    const all = register.credentials({ limit: 1000 })
    const day = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10)
    const lines = all.map(({ id, expiresAt, revokedAt }) => `${id} until ${day(expiresAt)}${revokedAt === null ? '' : `, revoked ${day(revokedAt)}`}`)
    return { json: all.map((record) => ({ ...record })), lines: all.length === 0 ? ['nothing has been issued'] : lines }
  })
}

async function withdrawIssuer(session: Session, [organisation = '', name = '']: readonly string[], options: Options): Promise<Outcome> {
  const view = await viewOf(session.home())
  const { id } = findSchema(view, name)
  const leaves = view.directory.leaves.filter(({ leaf }) => leaf.organisation === organisation && leaf.schemaId === id)
  const [first] = leaves
  if (!first) return refuse('UNKNOWN_ISSUER', `${organisation} is not accredited for ${name}`)
  if (leaves.length > 1 && options.out !== undefined) throw new Usage('several keys are accredited: withdraw them without --out')
  const outcomes: Outcome[] = []
  for (const { leaf } of leaves) {
    const { x, y } = leaf.issuingKey
    const members = { organisation, issuingKey: { x: printField(x), y: printField(y) }, schemaId: printField(id), listNumber: leaf.listNumber, reason: 'withdrawn' }
    outcomes.push(await act(session, options, 'issuer.retire', members, { organisation }))
  }
  return outcomes.at(-1) ?? refuse('UNKNOWN_ISSUER', `${organisation} is not accredited for ${name}`)
}
