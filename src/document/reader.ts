/**
 * Reads real documents, UBL 2.x XML and FHIR R4 JSON, into the JSON that a schema describes, by the schema's own `read` member
 * (SPEC §3.1). Nothing here knows an invoice from an order. Decimals and dates come as they are written.
 */

import { type Problem, refuse } from '../errors/errors.ts'
import { canonicalJson, type Json } from '../hash/canonical.ts'
import { type LosslessJson, NumberText, parseLosslessJson } from './lossless-json.ts'
import type { FieldSource, Reader, ReaderFormat, Source, Step } from './mapping.ts'
import { fieldOf, type Schema } from './schema.ts'
import { shapeOf } from './validator.ts'
import { parseXml, type XmlElement } from './xml.ts'

export type DocumentFormat = 'json' | ReaderFormat

type Members = { readonly [name: string]: Json | undefined }

/** What both formats look like to a path. */
interface Node {
  children(name: string): readonly Node[]
  attribute(name: string): string | undefined
  /** Undefined when it is not a single text. */
  readonly text: string | undefined
}

const UBL = 'urn:oasis:names:specification:ubl:schema:xsd:'
const UBL_COMPONENTS = [`${UBL}CommonBasicComponents-2`, `${UBL}CommonAggregateComponents-2`]

/**
 * Reads a document's text. What is not there is left out, for `supplement` or for `parseDocument` to find missing.
 * @param format left out: XML is UBL, JSON with a `resourceType` that the schema can read is FHIR, other JSON is the document itself
 * @throws Refusal DOCUMENT_INVALID with every problem, TOO_LARGE, MALFORMED (not JSON)
 */
export function readDocument(schema: Schema, source: string, format?: DocumentFormat): Json {
  const text = source.replace(/^\uFEFF/, '')
  if (format === 'ubl-2' || (format === undefined && text.trimStart().startsWith('<'))) return readUbl(schema, text)
  const json = parseLosslessJson(text)
  const isFhir = format === 'fhir-r4' || (format === undefined && schema.readers.has('fhir-r4') && memberOf(json, 'resourceType') !== undefined)
  return isFhir ? readFhir(schema, json) : plain(json)
}

/**
 * Adds what the source does not say and the issuer knows.
 * @throws Refusal DOCUMENT_INVALID when it contradicts what was read
 */
export function supplement(document: Json, added: Json): Json {
  const [read, extra] = [members(document), members(added)]
  const problems = Object.entries(extra)
    .filter(([name, value]) => value !== undefined && Object.hasOwn(read, name) && canonicalJson(read[name] ?? null) !== canonicalJson(value))
    .map(([name, value]) => ({ path: `/${name}`, expected: 'the same as in the document', got: `${shapeOf(value)} in the supplement` }))
  if (problems.length > 0) return refuse('DOCUMENT_INVALID', 'the supplement contradicts the document', problems)
  return { ...read, ...extra }
}

function members(value: Json): Members {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members
  return refuse('DOCUMENT_INVALID', 'not a document', [{ path: '', expected: 'an object', got: shapeOf(value) }])
}

function readUbl(schema: Schema, source: string): Json {
  const reader = readerOf(schema, 'ubl-2')
  const root = parseXml(source)
  if (root.name !== reader.root) return wrongRoot(schema, `the root ${reader.root}`, `a root of another name`)
  if (root.namespace !== `${UBL}${reader.root}-2`) return wrongRoot(schema, `the namespace ${UBL}${reader.root}-2`, 'another namespace')
  return readFields(schema, reader, xmlNode(root))
}

function readFhir(schema: Schema, json: LosslessJson): Json {
  const reader = readerOf(schema, 'fhir-r4')
  const type = memberOf(json, 'resourceType')
  if (type !== reader.root) return wrongRoot(schema, `the resourceType ${reader.root}`, type === undefined ? 'none' : 'another one')
  return readFields(schema, reader, jsonNode(json))
}

function readFields(schema: Schema, reader: Reader, root: Node): Json {
  const problems: Problem[] = []
  const document: Record<string, Json> = {}
  for (const [name, source] of reader.fields) {
    const text = readField(root, source, `/${name}`, problems)
    if (text !== undefined) document[name] = typed(schema, name, text)
  }
  if (problems.length > 0) return refuse('DOCUMENT_INVALID', `the document cannot be read by the schema ${schema.name}`, problems)
  return document
}

function readField(root: Node, source: FieldSource, path: string, problems: Problem[]): string | undefined {
  const text = readSource(root, source, path, problems)
  if (text === undefined || source.scheme === undefined) return text
  const before = problems.length
  const scheme = readSource(root, source.scheme, path, problems)
  if (scheme !== undefined) return `${scheme}:${text}`
  if (problems.length === before) problems.push({ path, expected: `an identifier with its scheme, at ${source.scheme.written ?? 'a constant'}`, got: 'no scheme' })
  return undefined
}

function readSource(root: Node, source: Source, path: string, problems: Problem[]): string | undefined {
  const found = source.path === undefined ? [] : resolve(root, source.path)
  if (found.length > 1) problems.push({ path, expected: `one value at ${source.written}`, got: `${found.length}` })
  if (found.length !== 1) return found.length === 0 ? source.default : undefined
  const [text] = found
  if (text === undefined) problems.push({ path, expected: `a single value at ${source.written}`, got: 'a structure' })
  return text === undefined ? undefined : mapped(source, text, path, problems)
}

function mapped(source: Source, text: string, path: string, problems: Problem[]): string | undefined {
  const part = source.part === 'date' ? civilDate(text) : text
  if (source.map === undefined) return part
  if (!source.map.has(part)) problems.push({ path, expected: `one of ${[...source.map.keys()].join(', ')} at ${source.written}`, got: shapeOf(part) })
  return source.map.get(part)
}

/** The date of a date and time, as written there: the day on the clock of whoever wrote it. */
function civilDate(text: string): string {
  return /^\s*([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T[0-9:.]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})?\s*$/.exec(text)?.[1] ?? text
}

/** Every value at the end of the steps; undefined stands for one that is not a single text. */
function resolve(root: Node, steps: readonly Step[]): (string | undefined)[] {
  let nodes: readonly Node[] = [root]
  for (const step of steps) {
    if (step.attribute) return nodes.map((node) => node.attribute(step.name)).filter((text) => text !== undefined)
    const { which } = step
    const next = nodes.flatMap((node) => node.children(step.name))
    if (which === undefined) nodes = next
    else if ('index' in which) nodes = next.slice(which.index - 1, which.index)
    else nodes = next.filter((node) => (node.attribute(which.name) ?? node.children(which.name)[0]?.text) === which.text)
  }
  return nodes.map((node) => node.text)
}

/** Text as the JSON that the schema wants: numbers and booleans only where they are meant, in their one spelling. */
function typed(schema: Schema, name: string, text: string): Json {
  const property = (schema.json['properties'] as Record<string, { type?: Json }>)[name]
  const as = fieldOf(schema, name)?.type.as
  const bare = as === undefined || as === 'code' || as === 'text' ? text : text.trim() // XML Schema collapses space around numbers and dates
  const wants = [property?.type].flat()
  if ((as === 'boolean' || wants.includes('boolean')) && (bare === 'true' || bare === 'false')) return bare === 'true'
  if ((as === 'integer' || wants.includes('integer')) && /^(0|[1-9][0-9]{0,15})$/.test(bare) && Number.isSafeInteger(Number(bare))) return Number(bare)
  return bare
}

function xmlNode(element: XmlElement): Node {
  return {
    children: (name) => element.children.filter((child) => child.name === name && UBL_COMPONENTS.includes(child.namespace)).map(xmlNode),
    attribute: (name) => element.attributes.get(name),
    text: element.children.length === 0 ? element.text : undefined,
  }
}

function jsonNode(json: LosslessJson): Node {
  return {
    children(name) {
      const member = memberOf(json, name)
      if (member === undefined) return []
      return (Array.isArray(member) ? (member as readonly LosslessJson[]) : [member]).map(jsonNode)
    },
    attribute: (name) => jsonText(memberOf(json, name)),
    text: jsonText(json),
  }
}

function jsonText(json: LosslessJson | undefined): string | undefined {
  if (json instanceof NumberText) return json.text
  return typeof json === 'string' ? json : typeof json === 'boolean' ? String(json) : undefined
}

function memberOf(json: LosslessJson, name: string): LosslessJson | undefined {
  if (typeof json !== 'object' || json === null || json instanceof NumberText || Array.isArray(json)) return undefined
  return Object.hasOwn(json, name) ? (json as Readonly<Record<string, LosslessJson>>)[name] : undefined
}

/** A document that is JSON already. A number in another spelling than its own is refused: nothing is rounded on the way. */
function plain(json: LosslessJson): Json {
  const problems: Problem[] = []
  const document = plainValue(json, '', problems)
  return problems.length === 0 ? document : refuse('DOCUMENT_INVALID', 'the document has numbers that JSON does not keep', problems)
}

function plainValue(json: LosslessJson, path: string, problems: Problem[]): Json {
  if (json instanceof NumberText) {
    const number = Number(json.text)
    if (!Number.isSafeInteger(number) || String(number) !== json.text)
      problems.push({ path, expected: 'a safe integer, or decimal text', got: `a number like ${json.text.replace(/[0-9]/g, '9').slice(0, 40)}` })
    return number
  }
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) return json.map((item, i) => plainValue(item as LosslessJson, `${path}/${i}`, problems))
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, plainValue(value as LosslessJson, `${path}/${name}`, problems)]))
}

function readerOf(schema: Schema, format: ReaderFormat): Reader {
  return schema.readers.get(format) ?? refuse('DOCUMENT_INVALID', `the schema ${schema.name} does not say how to read ${format}`)
}

function wrongRoot(schema: Schema, expected: string, got: string): never {
  return refuse('DOCUMENT_INVALID', `not a document for the schema ${schema.name}`, [{ path: '', expected, got }])
}
