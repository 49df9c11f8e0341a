/**
 * How a schema says where its fields stand in a real format (SPEC §3.1): `read` in the schema file, the same for XML and JSON.
 *
 *     "buyer":  { "path": "BuyerCustomerParty/Party/PartyLegalEntity/CompanyID",
 *                 "scheme": { "path": "BuyerCustomerParty/Party/PartyLegalEntity/CompanyID/@schemeID", "default": "GLN" } }
 *     "date":   { "path": "date", "part": "date" }
 *     "number": { "path": "identifier[system=http://myHospital.org/Invoices]/value" }
 *
 * A path is steps separated by `/`. A step is the name of an element or member, with `[n]` for the n-th of several (from 1) or
 * `[name=text]` for the one whose attribute or member has that text; the last step may be an attribute, `@name`.
 */

import { type Problem, refuse } from '../errors/errors.ts'
import type { Json } from '../hash/canonical.ts'
import { shapeOf } from './validator.ts'

export type ReaderFormat = 'ubl-2' | 'fhir-r4'

export interface Step {
  readonly name: string
  readonly attribute: boolean
  readonly which?: { readonly index: number } | { readonly name: string; readonly text: string }
}

/** Where one text comes from. */
export interface Source {
  readonly path?: readonly Step[]
  /** The path as written, for problems. */
  readonly written?: string
  /** `date`: the civil date of a date and time, as written and not converted. */
  readonly part?: 'date'
  /** What is written there → what it is called here; anything else is refused. */
  readonly map?: ReadonlyMap<string, string>
  /** The text when nothing is there. */
  readonly default?: string
}

export interface FieldSource extends Source {
  /** Put before the value with a colon: `SE:ORGNR` + `:` + `5532331183`. */
  readonly scheme?: Source
}

export interface Reader {
  /** The XML root's local name, or the FHIR resource type. */
  readonly root: string
  readonly fields: ReadonlyMap<string, FieldSource>
}

interface SourceJson {
  readonly path?: string
  readonly part?: 'date'
  readonly map?: Readonly<Record<string, string>>
  readonly default?: string
  readonly scheme?: SourceJson
}

type ReadersJson = Partial<Record<ReaderFormat, { root?: string; resourceType?: string; fields: Record<string, SourceJson> }>>

/**
 * Reads the `read` member, already checked against the meta-schema.
 * @param names the schema's members
 * @throws Refusal SCHEMA_INVALID for a member that the schema lacks and for a path that is none
 */
export function parseReaders(json: Json | undefined, names: readonly string[]): ReadonlyMap<ReaderFormat, Reader> {
  const problems: Problem[] = []
  const readers = new Map<ReaderFormat, Reader>()
  for (const [format, { root, resourceType, fields }] of Object.entries((json ?? {}) as ReadersJson)) {
    const sources = new Map<string, FieldSource>()
    for (const [name, source] of Object.entries(fields)) {
      const at = `/read/${format}/fields/${name}`
      if (!names.includes(name)) problems.push({ path: at, expected: 'a member of properties', got: 'another name' })
      const scheme = source.scheme === undefined ? {} : { scheme: parseSource(source.scheme, `${at}/scheme`, problems) }
      sources.set(name, { ...parseSource(source, at, problems), ...scheme })
    }
    readers.set(format as ReaderFormat, { root: root ?? resourceType ?? '', fields: sources })
  }
  return problems.length === 0 ? readers : refuse('SCHEMA_INVALID', 'the schema cannot be read this way', problems)
}

function parseSource({ path, part, map, default: otherwise }: SourceJson, at: string, problems: Problem[]): Source {
  const steps = path === undefined ? undefined : parsePath(path)
  if (path !== undefined && steps === undefined)
    problems.push({ path: `${at}/path`, expected: 'steps separated by /, such as a/b[2]/c[name=text]/@d', got: shapeOf(path) })
  return {
    ...(steps === undefined || path === undefined ? {} : { path: steps, written: path }),
    ...(part === undefined ? {} : { part }),
    ...(map === undefined ? {} : { map: new Map(Object.entries(map)) }),
    ...(otherwise === undefined ? {} : { default: otherwise }),
  }
}

/** The steps of a path; undefined when it is none. */
export function parsePath(path: string): readonly Step[] | undefined {
  const step = /(@?)([A-Za-z_][A-Za-z0-9_.-]*)(?:\[(?:([1-9][0-9]{0,3})|([A-Za-z_][A-Za-z0-9_.-]*)=([^\]]*))\])?(\/|$)/y
  const steps: Step[] = []
  let more = true
  while (more) {
    const match = step.exec(path)
    if (!match) return undefined
    const [, at, name = '', index, key, text = '', slash] = match
    const which = index !== undefined ? { which: { index: Number(index) } } : key !== undefined ? { which: { name: key, text } } : {}
    more = slash === '/'
    if (at === '@' && (more || index !== undefined || key !== undefined)) return undefined
    steps.push({ name, attribute: at === '@', ...which })
  }
  return step.lastIndex === path.length ? steps : undefined
}
