/**
 * How many issuers a document's issuer is hidden among (SPEC §8.7): counted by the holder before it proves and by whoever
 * checks the proof, each with what it knows.
 *
 * The verifier knows the directory, the statement, its own parameters and what is revealed to it. An accredited organisation
 * is a possible issuer unless a rule about issuer and class alone, or a reveal, excludes it. Rules that compare the issuer with
 * hidden fields exclude nobody, since the verifier sees neither side; nor do rules with parameters for who does not know them.
 */

import type { DirectoryLeaf } from '../credential/directory.ts'
import { organisationElement } from '../credential/organisation.ts'
import { encodeCode } from '../document/encoding.ts'
import { bug } from '../errors/errors.ts'
import type { Field } from '../field/field.ts'
import type { Comparison } from './comparison.ts'
import type { Rule, Statement } from './compiler.ts'
import type { Operand } from './operand.ts'

export interface Known {
  /** All leaves of the directory. */
  readonly leaves: readonly DirectoryLeaf[]
  /** What is known of the leaf that the document proves under: all of it to the holder, a revealed class to the verifier. */
  readonly own: Pick<Partial<DirectoryLeaf>, 'class'>
  /** Elements of the parameters by name, for who knows them. */
  readonly parameter: (name: string) => Field | undefined
  /** Members of the set that a membership rule names, when the verifier knows them. */
  readonly setMembers: ReadonlySet<Field> | undefined
}

/** Number of organisations that could have issued `document` for all that the verifier learns; at least 1. */
export function hiddenAmong(statement: Statement, document: string, known: Known): number {
  const schemaId = statement.schemas[document]?.id
  const visible = visibleOperands(statement)
  const shows = (member: string): boolean => [...statement.equalities.equals(`${document}.${member}`)].some((text) => visible.has(text))
  const possible = known.leaves.filter((leaf) => leaf.schemaId === schemaId && allows(statement, document, leaf, known))
  if (shows('issuer')) return 1
  const left = possible.filter((leaf) => !shows('class') || known.own.class === undefined || leaf.class === known.own.class)
  return Math.max(1, new Set(left.map(({ organisation }) => organisation)).size)
}

/** What the verifier sees as it is: reveals, parameters, literals. */
function visibleOperands({ reveals, rules }: Statement): Set<string> {
  const operands = rules.flatMap((rule) => (rule.kind === 'comparisons' ? rule.alternatives.flatMap(({ left, right }) => [...left.operands, ...right.operands]) : []))
  const open = operands.filter(({ source }) => source.from === 'parameter' || source.from === 'literal')
  return new Set([...open, ...reveals].map(({ text }) => text))
}

function allows(statement: Statement, document: string, leaf: DirectoryLeaf, known: Known): boolean {
  return statement.rules.every((rule) => !isAbout(rule, document) || holdsFor(rule, leaf, known))
}

/** Whether a rule reads nothing but this document's issuer or class, parameters and literals. */
function isAbout(rule: Rule, document: string): boolean {
  const ofIssuer = ({ source }: Operand): boolean => source.from === 'credential' && source.document === document && (source.member === 'issuer' || source.member === 'class')
  const open = ({ source }: Operand): boolean => source.from === 'parameter' || source.from === 'literal'
  if (rule.kind === 'membership') return ofIssuer(rule.membership.member) && rule.membership.source.from !== 'field'
  const operands = rule.alternatives.flatMap(({ left, right }) => [...left.operands, ...right.operands])
  return operands.some(ofIssuer) && operands.every((operand) => ofIssuer(operand) || open(operand))
}

function holdsFor(rule: Rule, leaf: DirectoryLeaf, known: Known): boolean {
  if (rule.kind === 'membership') {
    const value = valueOf(rule.membership.member, leaf, known)
    return value === undefined || (known.setMembers?.has(value) ?? true)
  }
  return rule.alternatives.some((comparison) => compares(comparison, leaf, known))
}

/** Issuers and classes are codes: only = and !=, single operands. */
function compares({ left, operator, right }: Comparison, leaf: DirectoryLeaf, known: Known): boolean {
  const [a, b] = [valueOf(left.operands[0], leaf, known), valueOf(right.operands[0], leaf, known)]
  if (a === undefined || b === undefined) return true
  const equal = a === b
  return operator === '=' ? equal : operator === '!=' ? !equal : true
}

function valueOf({ source }: Operand, leaf: DirectoryLeaf, known: Known): Field | undefined {
  switch (source.from) {
    case 'credential':
      return source.member === 'issuer' ? organisationElement(leaf.organisation) : encodeCode(leaf.class)
    case 'parameter':
      return known.parameter(source.name)
    case 'literal':
      return source.element
    default:
      return bug(`${source.from} in a rule about the issuer alone`)
  }
}
