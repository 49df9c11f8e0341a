/** `attestry statement`: what can be proved. */

import type { Command } from 'commander'
import type { Schema } from '../document/schema.ts'
import type { Json } from '../hash/canonical.ts'
import { pinStatement, type PinnedStatement, statementHash } from '../shape/pin.ts'
import { compileStatement, type Statement } from '../statement/compiler.ts'
import { parseDefinition } from '../statement/definition.ts'
import { explain } from '../statement/sentences.ts'
import { act, signingOptions } from './act.ts'
import { does, type Options, type Outcome, repeated, type Session } from './command.ts'
import { readJsonFile } from './files.ts'
import { viewOf } from './link.ts'
import { findStatement, schemaSource } from './lookup.ts'
import { parseParameters } from './parameters.ts'

export function define(command: Command): void {
  const check = command.command('check').description('say everything that is wrong with a statement file, or what it compiles to').argument('<file>')
  does(withSchemas(check), checkFile)

  const explanation = command.command('explain').description('print every rule, reveal, escrow and scope as a sentence').argument('<statement>', 'a file, or name or hash at the registry')
  explanation.option('--parameter <name=value...>', 'show this value in place of the name').option('--language <code>', 'of the caption', 'en')
  does(withSchemas(explanation), explainStatement)

  const register = command.command('register').description('register a statement, pinned to the schemas as they are now').argument('<file>')
  does(signingOptions(register), registerFile)

  does(signingOptions(command.command('retire').description('take a statement out of use').argument('<statement>', 'name or hash')), async (session, [name = ''], options) => {
    const { hash } = findStatement(await viewOf(session.home()), name)
    return act(session, options, 'statement.retire', { statement: hash }, { statement: hash })
  })
  does(command.command('list').description('the statements that the registry knows'), list)
}

function withSchemas(command: Command): Command {
  return command.option('--schema <file...>', 'schemas to compile against, before those of the registry and those that come with attestry')
}

interface Compiled {
  readonly statement: Statement
  readonly pinned: PinnedStatement
}

async function compile(session: Session, file: string, schemaOf: (name: string) => Schema | undefined): Promise<Compiled> {
  const statement = compileStatement(parseDefinition(await readJsonFile(session, file)), schemaOf)
  return { statement, pinned: pinStatement(statement) }
}

async function checkFile(session: Session, [file = '']: readonly string[], options: Options): Promise<Outcome> {
  const { statement, pinned } = await compile(session, file, await schemaSource(session, repeated(options, 'schema')))
  const hash = statementHash(pinned)
  const lines = [`${statement.definition.statement} is a statement for the shape ${pinned.shape}, hash ${hash}`, ...explain(statement).map((line) => `  ${line}`)]
  return { json: { statement: statement.definition.statement, hash, shape: pinned.shape, schemas: { ...pinned.schemas } }, lines }
}

async function explainStatement(session: Session, [name = '']: readonly string[], options: Options): Promise<Outcome> {
  const statement = await statementNamed(session, name, options)
  const parameters = parseParameters(statement, repeated(options, 'parameter'))
  const lines = explain(statement, parameters, typeof options.language === 'string' ? options.language : 'en')
  return { json: { statement: statement.definition.statement, sentences: lines, parameters: statement.parameters.map(({ name, type }) => ({ name, as: type.as })) }, lines }
}

async function statementNamed(session: Session, name: string, options: Options): Promise<Statement> {
  if (/\.json$|[/\\]|^-$/.test(name)) return (await compile(session, name, await schemaSource(session, repeated(options, 'schema')))).statement
  return findStatement(await viewOf(session.home()), name).statement
}

async function registerFile(session: Session, [file = '']: readonly string[], options: Options): Promise<Outcome> {
  const { schemas } = await viewOf(session.home())
  const { pinned } = await compile(session, file, newest([...schemas.values()]))
  const hash = statementHash(pinned)
  return act(session, options, 'statement.register', { statement: pinned as unknown as Json }, { name: pinned.definition.statement, statement: hash, shape: pinned.shape })
}

function newest(schemas: readonly Schema[]): (name: string) => Schema | undefined {
  return (name) => schemas.filter((schema) => schema.name === name).sort((a, b) => b.version - a.version)[0]
}

async function list(session: Session): Promise<Outcome> {
  const { statements } = await viewOf(session.home())
  const all = [...statements.entries()].map(([hash, { pinned, status, registeredBy }]) => ({ name: pinned.definition.statement, statement: hash, shape: pinned.shape, status, registeredBy }))
  return { json: all, lines: all.length === 0 ? ['no statement is registered'] : all.map(({ name, statement, shape, status }) => `${name} (${shape}, ${status}) ${statement}`) }
}
