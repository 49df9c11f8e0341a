/**
 * Sets of codes, texts, numbers or dates as trees (SPEC §2.4, §4.6): depth 7, a leaf H(set-member; element) for each member, members
 * in ascending order of their elements, so that a set has one root however it is listed.
 */

import { encode, type FieldType } from '../document/encoding.ts'
import { type Problem, Refusal, type RefusalCode, refuse } from '../errors/errors.ts'
import type { Field } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import { hash } from '../hash/poseidon.ts'
import { Tree, type TreePath } from '../hash/tree.ts'

export const SET_DEPTH = 7
export const MAX_MEMBERS = 4 ** SET_DEPTH

/** Members by position, with their tree. */
export class MemberSet {
  readonly elements: readonly Field[]
  private readonly tree: Tree
  private readonly positions: ReadonlyMap<Field, number>

  /** @param elements distinct, at most MAX_MEMBERS, in any order */
  constructor(elements: readonly Field[]) {
    this.elements = [...elements].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    this.tree = new Tree(SET_DEPTH, this.elements.map((element) => hash('set-member', [element])))
    this.positions = new Map(this.elements.map((element, position) => [element, position]))
  }

  get root(): Field {
    return this.tree.root
  }

  /** The way from a member's leaf to the root; undefined for what is not a member. */
  path(element: Field): TreePath | undefined {
    const position = this.positions.get(element)
    return position === undefined ? undefined : this.tree.path(position)
  }
}

/**
 * Reads the members of a set from outside.
 * @throws Refusal with `code`: not an array of 1 to MAX_MEMBERS, a member that does not fit the type, two that are the same
 */
export function parseMembers(type: FieldType, json: unknown, code: RefusalCode, path = ''): MemberSet {
  if (!Array.isArray(json) || json.length < 1 || json.length > MAX_MEMBERS)
    return refuse(code, 'not the members of a set', [{ path: path || '/', expected: `an array of 1 to ${MAX_MEMBERS} members`, got: Array.isArray(json) ? `${json.length}` : typeof json }])
  const problems: Problem[] = []
  const seen = new Set<Field>()
  json.forEach((value: Json, i) => {
    const element = encodeOr(problems, type, value, `${path}/${i}`)
    if (element === undefined) return
    if (seen.has(element)) problems.push({ path: `${path}/${i}`, expected: 'a member that is not there yet', got: 'one that is' })
    seen.add(element)
  })
  if (problems.length > 0) refuse(code, 'not the members of a set', problems.slice(0, 100))
  return new MemberSet([...seen])
}

/** The element of a value, or its problem in the list. */
export function encodeOr(problems: Problem[], type: FieldType, value: Json | undefined, path: string): Field | undefined {
  try {
    return encode(type, value, path)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    problems.push(...error.problems)
    return undefined
  }
}
