/** `attestry schema`: what documents look like. */

import type { Command } from 'commander'
import { describeType } from '../document/encoding.ts'
import { parseSchema, type Schema } from '../document/schema.ts'
import { printField } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import { does, type Outcome, type Session } from './command.ts'
import { readJsonFile } from './files.ts'
import { act, signingOptions } from './act.ts'
import { viewOf } from './link.ts'

export function define(command: Command): void {
  does(command.command('check').description('say everything that is wrong with a schema file, or what it means').argument('<file>'), check)
  const register = command.command('register').description("register a schema, as its authority").argument('<file>')
  does(signingOptions(register), async (session, [file = ''], options) => {
    const schema = parseSchema(await readJsonFile(session, file))
    return act(session, options, 'schema.register', { schema: schema.json }, { schema: schema.name, schemaId: printField(schema.id) })
  })
  does(command.command('list').description('the schemas that the registry knows'), list)
}

async function check(session: Session, [file = '']: readonly string[]): Promise<Outcome> {
  const schema = parseSchema(await readJsonFile(session, file))
  return { json: describe(schema), lines: linesOf(schema) }
}

async function list(session: Session): Promise<Outcome> {
  const { schemas } = await viewOf(session.home())
  const all = [...schemas.values()]
  return { json: all.map(describe), lines: all.length === 0 ? ['no schema is registered'] : all.map((schema) => `${schema.name} version ${schema.version}, ${printField(schema.id)}: ${schema.title}`) }
}

function describe(schema: Schema): Json {
  const { name, title, namespace, version, authority, naturalKey, fields } = schema
  return { schema: name, schemaId: printField(schema.id), title, namespace, version, authority, naturalKey, fields: fields.map(({ name, slot, type }) => ({ name, slot, as: type.as })) }
}

function linesOf(schema: Schema): string[] {
  const key = schema.naturalKey.join(' + ')
  return [
    `${schema.name} version ${schema.version} is a schema, id ${printField(schema.id)}`,
    `issuers are accredited by ${schema.authority}; the same record is the same ${key}`,
    ...schema.fields.map(({ name, slot, type }) => `  ${String(slot).padStart(2)} ${name.padEnd(20)} ${describeType(type)}`),
  ]
}

