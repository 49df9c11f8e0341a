/**
 * A statement pinned to schemas, a shape and compiled rules: what is registered, and what its hash is over (SPEC §6.3).
 */

import { compileStatement, type Statement } from '../statement/compiler.ts'
import { parseDefinition, type StatementDefinition } from '../statement/definition.ts'
import type { Schema } from '../document/schema.ts'
import { type Problem, refuse } from '../errors/errors.ts'
import { type Field, parseField, printField, ZERO } from '../field/field.ts'
import { canonicalJson, type Json } from '../hash/canonical.ts'
import { type Digest, digestJson } from '../hash/digest.ts'
import { packLayout, packRules, slotsOf } from './pack.ts'
import { type Shape, SHAPE_NAMES, type ShapeName, SHAPES } from './shapes.ts'

/** As it is registered and hashed: JSON, elements in decimal. */
export interface PinnedStatement {
  readonly definition: StatementDefinition
  /** Schema ids by document. */
  readonly schemas: Readonly<Record<string, string>>
  readonly shape: ShapeName
  readonly rules: string
  readonly layout: string
  readonly literals: readonly [string, string, string, string]
}

export interface CheckedStatement {
  readonly pinned: PinnedStatement
  readonly statement: Statement
  readonly hash: Digest
}

/**
 * Chooses the smallest shape that fits and packs the rules for it.
 * @throws Refusal STATEMENT_INVALID, with what keeps it out of every shape
 */
export function pinStatement(statement: Statement): PinnedStatement {
  const misfits = SHAPE_NAMES.map((name) => misfit(statement, SHAPES[name]))
  const shape = SHAPES[SHAPE_NAMES[misfits.indexOf(undefined)] ?? refuse('STATEMENT_INVALID', `no shape fits the statement ${statement.definition.statement}`, misfits as Problem[])]
  const literal = (i: number): string => printField(statement.literals[i] ?? ZERO)
  return {
    definition: statement.definition,
    schemas: Object.fromEntries(statement.documents.map((document) => [document, printField(statement.schemas[document]?.id ?? ZERO)])),
    shape: shape.name,
    rules: printField(packRules(statement, shape)),
    layout: printField(packLayout(statement, shape)),
    literals: [literal(0), literal(1), literal(2), literal(3)],
  }
}

/** The statement's name everywhere: digest of label `statement` over the pinned statement. */
export function statementHash(pinned: PinnedStatement): Digest {
  return digestJson('statement', pinned as unknown as Json)
}

/**
 * Checks a pinned statement from outside by compiling its definition again.
 * @param schemaById the schema with this id (decimal), if it is known
 * @throws Refusal MALFORMED, UNKNOWN_SCHEMA, STATEMENT_INVALID, INPUTS_DIFFER when the compilation gives something else
 */
export function parsePinned(json: unknown, schemaById: (id: string) => Schema | undefined): CheckedStatement {
  const { definition: file, schemas: ids } = record(json, '')
  const definition = parseDefinition(file)
  const byName = new Map<string, Schema>()
  for (const [document, { schema: name }] of Object.entries(definition.documents)) {
    const id = printField(parseField(own(record(ids, '/schemas'), document), `/schemas/${document}`))
    const schema = schemaById(id) ?? refuse('UNKNOWN_SCHEMA', `the schema of ${document} is not known`)
    if (schema.name !== name || (byName.get(name)?.id ?? schema.id) !== schema.id)
      refuse('INPUTS_DIFFER', 'not the schema that the statement names', [{ path: `/schemas/${document}`, expected: `the id of one schema ${name}`, got: `that of ${schema.name}, or of another version of it` }])
    byName.set(name, schema)
  }
  const statement = compileStatement(definition, (name) => byName.get(name))
  const pinned = pinStatement(statement)
  if (canonicalJson(pinned as unknown as Json) !== canonicalJson(json as Json)) refuse('INPUTS_DIFFER', 'the statement compiles to something else than it is pinned to', differences(pinned, json))
  return { pinned, statement, hash: statementHash(pinned) }
}

/** The elements of a pinned statement that are public inputs. */
export function pinnedElements(pinned: PinnedStatement, statement: Statement): { rules: Field; layout: Field; literals: Field[]; schemas: Field[] } {
  return {
    rules: parseField(pinned.rules),
    layout: parseField(pinned.layout),
    literals: pinned.literals.map((literal) => parseField(literal)),
    schemas: statement.documents.map((document) => statement.schemas[document]?.id ?? ZERO),
  }
}

function misfit(statement: Statement, shape: Shape): Problem | undefined {
  const slots = slotsOf(statement)
  const { length } = statement.documents
  const path = `shape ${shape.name}`
  if (length > shape.credentials) return { path, expected: `at most ${shape.credentials} document`, got: `${length}` }
  if (slots > shape.rules) return { path, expected: `at most ${shape.rules} comparisons, alternatives counted`, got: `${slots}` }
  if (statement.set && !shape.setMembership) return { path, expected: 'no membership (in)', got: 'one' }
  if (statement.escrow && !shape.escrow) return { path, expected: 'no escrow', got: 'one' }
  return undefined
}

function differences(pinned: PinnedStatement, json: unknown): Problem[] {
  const came = json as Record<string, Json>
  const names = new Set([...Object.keys(pinned), ...Object.keys(came)])
  const text = (value: unknown): string => (value === undefined ? 'none' : canonicalJson(value as Json))
  return [...names].flatMap((name) => {
    const [expected, got] = [text((pinned as unknown as Record<string, Json>)[name]), text(came[name])]
    return expected === got ? [] : [{ path: `/${name}`, expected, got }]
  })
}

function own(value: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined
}

function record(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('MALFORMED', 'not a pinned statement', [{ path: path || '/', expected: 'an object', got: typeof value }])
  return value as Record<string, unknown>
}
