/** Finding by name what people name: statements, schemas. */

import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSchema, type Schema } from '../document/schema.ts'
import { refuse } from '../errors/errors.ts'
import type { Digest } from '../hash/digest.ts'
import type { View, ViewStatement } from '../view/view.ts'
import type { Session } from './command.ts'
import { readJsonFile } from './files.ts'
import { reachableView } from './link.ts'

const BUNDLED = fileURLToPath(new URL('../../schemas', import.meta.url))

/** An active statement by hash, or the newest one of a name. @throws Refusal UNKNOWN_STATEMENT, RETIRED */
export function findStatement(view: View, name: string): ViewStatement {
  const exact = view.statements.get(name as Digest)
  const named = [...view.statements.values()].filter(({ statement }) => statement.definition.statement === name)
  const active = named.filter(({ status }) => status === 'active').sort((a, b) => b.statement.definition.version - a.statement.definition.version)
  const found = exact ?? active[0]
  if (found?.status === 'active') return found
  if (found || named.length > 0) return refuse('RETIRED', `the statement ${name} is retired`)
  return refuse('UNKNOWN_STATEMENT', `the registry has no statement ${name}`)
}

/** The newest registered schema of a name. @throws Refusal UNKNOWN_SCHEMA */
export function findSchema(view: View, name: string): Schema {
  return newest([...view.schemas.values()], name) ?? view.schemas.get(name) ?? refuse('UNKNOWN_SCHEMA', `the registry has no schema ${name}`)
}

function newest(schemas: readonly Schema[], name: string): Schema | undefined {
  return schemas.filter((schema) => schema.name === name).sort((a, b) => b.version - a.version)[0]
}

/** Schemas by name: those of the files given, then the registry's when it can be reached, then those that come with attestry. */
export async function schemaSource(session: Session, files: readonly string[]): Promise<(name: string) => Schema | undefined> {
  const given = await Promise.all(files.map(async (file) => parseSchema(await readJsonFile(session, file))))
  const view = await reachableView(session)
  const bundled = await bundledSchemas()
  return (name) => newest(given, name) ?? (view && newest([...view.schemas.values()], name)) ?? newest(bundled, name)
}

async function bundledSchemas(): Promise<Schema[]> {
  const names = readdirSync(BUNDLED).filter((name) => name.endsWith('.json'))
  return Promise.all(names.map(async (name) => parseSchema(JSON.parse(await readFile(join(BUNDLED, name), 'utf8')))))
}
