/**
 * XML from outside as a small tree, for UBL (SPEC §3.1). There is no DTD: only the five predefined entities and character references
 * exist, so nothing expands. Namespaces are resolved; comments and processing instructions are dropped.
 */

import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { bug, refuse } from '../errors/errors.ts'

export const XML_LIMITS = { bytes: 1_048_576, depth: 32, nodes: 50_000 }

export interface XmlElement {
  readonly name: string
  /** URI of the namespace, `''` for none. */
  readonly namespace: string
  /** By local name; namespaced attributes are left out. */
  readonly attributes: ReadonlyMap<string, string>
  readonly children: readonly XmlElement[]
  /** The text directly in the element, exactly as written. */
  readonly text: string
}

/** fast-xml-parser's nodes with `preserveOrder`: one member named after the tag, attributes in `:@`. */
type RawNode = { readonly [tag: string]: readonly RawNode[] | string } & { readonly ':@'?: Readonly<Record<string, string>> }

const TEXT = '#text'
const CDATA = '#cdata'
const ATTRIBUTES = ':@'

/** @throws Refusal TOO_LARGE, DOCUMENT_INVALID (not well-formed, a DTD, an undefined entity or prefix) */
export function parseXml(source: string): XmlElement {
  if (source.length > XML_LIMITS.bytes) return refuse('TOO_LARGE', `XML is over ${XML_LIMITS.bytes} bytes`)
  if (/<!(DOCTYPE|ENTITY|ELEMENT|ATTLIST)/i.test(source)) return malformed('XML without a DTD', 'a document type declaration')
  requireShallow(source)
  if (XMLValidator.validate(source) !== true) return malformed('well-formed XML', 'something else')
  let elements: readonly RawNode[]
  try {
    elements = (parser().parse(source) as RawNode[]).filter((node) => tagOf(node) !== TEXT && !tagOf(node).startsWith('?'))
  } catch {
    return malformed('well-formed XML', 'something else')
  }
  const [root] = elements
  if (root === undefined || elements.length !== 1) return malformed('one root element', `${elements.length}`)
  return element(root, new Map([['', ''], ['xml', 'http://www.w3.org/XML/1998/namespace']]), { nodes: 0 })
}

function parser(): XMLParser {
  return new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    processEntities: false,
    cdataPropName: CDATA,
    ignoreDeclaration: true,
    ignorePiTags: true,
    maxNestedTags: XML_LIMITS.depth,
  })
}

/** Counts open tags before any parser sees the text; in one pass, whatever the text is. */
function requireShallow(source: string): void {
  let depth = 0
  for (let at = source.indexOf('<'); at >= 0; at = source.indexOf('<', at)) {
    const [opening, closing] = SECTIONS.find(([start]) => source.startsWith(start, at)) ?? []
    const end = closing === undefined ? endOfTag(source, at) : source.indexOf(closing, at + (opening?.length ?? 0))
    if (end < 0) malformed('well-formed XML', 'something that does not end')
    if (closing === undefined && source[end - 1] !== '/') depth += source[at + 1] === '/' ? -1 : 1
    if (depth > XML_LIMITS.depth) refuse('TOO_LARGE', `XML is nested deeper than ${XML_LIMITS.depth}`)
    at = end
  }
}

const SECTIONS: readonly (readonly [string, string])[] = [
  ['<![CDATA[', ']]>'],
  ['<!--', '-->'],
  ['<?', '?>'],
]

/** Place of the `>` that ends a tag: one outside of quotes. -1 when there is none. */
function endOfTag(source: string, start: number): number {
  let quote = ''
  for (let i = start + 1; i < source.length; i++) {
    const char = source[i] ?? ''
    if (quote !== '') quote = char === quote ? '' : quote
    else if (char === '"' || char === "'") quote = char
    else if (char === '>') return i
    else if (char === '<') return -1
  }
  return -1
}

function element(raw: RawNode, outer: ReadonlyMap<string, string>, count: { nodes: number }): XmlElement {
  if (++count.nodes > XML_LIMITS.nodes) return refuse('TOO_LARGE', `XML has more than ${XML_LIMITS.nodes} elements`)
  const tag = tagOf(raw)
  const written = Object.entries(raw[ATTRIBUTES] ?? {}).map(([name, text]) => [name.slice(1), unescape(text)] as const)
  const scope = new Map(outer)
  for (const [name, text] of written) if (name === 'xmlns' || name.startsWith('xmlns:')) scope.set(name.slice(6), text)
  const content = raw[tag]
  const nodes = Array.isArray(content) ? (content as readonly RawNode[]) : []
  const [prefix, name] = tag.includes(':') ? (tag.split(':', 2) as [string, string]) : (['', tag] as const)
  return {
    name,
    namespace: scope.get(prefix) ?? malformed('prefixes that are declared', 'an undeclared one'),
    attributes: new Map(written.filter(([attribute]) => !attribute.includes(':') && attribute !== 'xmlns')),
    children: nodes.filter((node) => ![TEXT, CDATA].includes(tagOf(node)) && !tagOf(node).startsWith('?')).map((node) => element(node, scope, count)),
    text: nodes.map(textOf).join(''),
  }
}

function textOf(node: RawNode): string {
  const tag = tagOf(node)
  if (tag === TEXT) return unescape(String(node[TEXT]))
  if (tag !== CDATA) return ''
  return ((node[CDATA] as readonly RawNode[]) ?? []).map((inner) => String(inner[TEXT])).join('')
}

function tagOf(node: RawNode): string {
  return Object.keys(node).find((key) => key !== ATTRIBUTES) ?? bug('a node of the XML parser has no name')
}

const PREDEFINED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function unescape(text: string): string {
  return text.replace(/&([^;&<\s]{0,32};?)/g, (_, reference: string) => {
    const number = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}));$/.exec(reference)
    if (number) return characterOf(number[1] === undefined ? Number(number[2]) : Number.parseInt(number[1], 16))
    const name = reference.endsWith(';') ? reference.slice(0, -1) : ''
    return Object.hasOwn(PREDEFINED, name) ? (PREDEFINED[name] ?? '') : malformed('the five entities of XML', 'another one')
  })
}

/** XML's Char: no controls but tab and line ends, no surrogates. */
function characterOf(point: number): string {
  const ok = point === 9 || point === 10 || point === 13 || (point >= 0x20 && point <= 0xd7ff) || (point >= 0xe000 && point <= 0xfffd) || (point >= 0x10000 && point <= 0x10ffff)
  return ok ? String.fromCodePoint(point) : malformed('characters of XML', 'a reference to none')
}

function malformed(expected: string, got: string): never {
  return refuse('DOCUMENT_INVALID', 'the document cannot be read as XML', [{ path: '', expected, got }])
}
