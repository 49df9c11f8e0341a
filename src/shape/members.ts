/**
 * Reading JSON strictly, member by member: every one there, no other, one spelling.
 */

import { TIME_LIMIT } from '../credential/credential.ts'
import { type Problem, refuse } from '../errors/errors.ts'
import { type Field, parseField } from '../field/field.ts'
import { type Digest, parseDigest } from '../hash/digest.ts'

/** The members of a JSON object that must have exactly these. */
export class Members {
  private readonly members: Readonly<Record<string, unknown>>
  private readonly path: string

  constructor(json: unknown, path: string, names: readonly string[]) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) malformed(path || '/', 'an object', json)
    this.members = json as Record<string, unknown>
    this.path = path
    for (const name of Object.keys(this.members)) if (!names.includes(name)) malformed(`${path}/${name.slice(0, 40)}`, 'no such member', this.members[name])
    for (const name of names) if (!Object.hasOwn(this.members, name)) malformed(`${path}/${name}`, 'a value', undefined)
  }

  get(name: string): unknown {
    return this.members[name]
  }

  version(name: string): void {
    if (this.get(name) !== 1) malformed(this.at(name), '1', this.get(name))
  }

  field(name: string): Field {
    return parseField(this.get(name), this.at(name))
  }

  digest(name: string): Digest {
    return parseDigest(this.get(name), this.at(name))
  }

  array(name: string, lengths: readonly number[]): unknown[] {
    const value = this.get(name)
    return Array.isArray(value) && lengths.includes(value.length) ? value : malformed(this.at(name), `an array of ${lengths.join(' or ')}`, value)
  }

  fields(name: string, lengths: readonly number[]): Field[] {
    return this.array(name, lengths).map((value, i) => parseField(value, `${this.at(name)}/${i}`))
  }

  text(name: string, longest: number): string {
    const value = this.get(name)
    return typeof value === 'string' && value.length > 0 && value.length <= longest ? value : malformed(this.at(name), `text of 1 to ${longest} characters`, value)
  }

  seconds(name: string): number {
    const value = this.get(name)
    return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < TIME_LIMIT ? (value as number) : malformed(this.at(name), 'seconds since 1970 below 2^40', value)
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T {
    const value = this.get(name)
    return values.find((one) => one === value) ?? malformed(this.at(name), values.join(' or '), value)
  }

  private at(name: string): string {
    return `${this.path}/${name}`
  }
}

/** @throws Refusal MALFORMED that says what came, never its value */
export function malformed(path: string, expected: string, got: unknown): never {
  const problem: Problem = { path, expected, got: got === undefined ? 'nothing' : got === null ? 'null' : Array.isArray(got) ? `an array of ${got.length}` : typeof got }
  return refuse('MALFORMED', 'not in the expected structure', [problem])
}
