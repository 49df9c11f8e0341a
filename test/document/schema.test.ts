import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { parseSchema } from '../../src/document/schema.ts'
import type { Json } from '../../src/hash/canonical.ts'
import { type Members, paths, refused, schemaJson } from './specimens.ts'

const specimen = (): Members => schemaJson('medical-invoice')
const properties = () => structuredClone(specimen()['properties']) as Record<string, Members>

function refusesMember(name: string, changes: Members, expectedPath: string): void {
  const changed = properties()
  changed[name] = { ...changed[name], ...changes }
  assert.ok(paths(refused('SCHEMA_INVALID', () => parseSchema({ ...specimen(), properties: changed }))).includes(expectedPath), expectedPath)
}

describe('schemas', () => {
  for (const file of readdirSync(new URL('../../schemas', import.meta.url))) {
    it(`reads ${file}, named after its file`, () => {
      const schema = parseSchema(schemaJson(file.replace('.json', '')))
      assert.equal(`${schema.name}.json`, file)
      assert.equal(schema.namespace, `org.attestry.${schema.name}`)
    })
  }

  it('gives another id for any edit, and the same for another order of members', () => {
    const { title, ...rest } = specimen()
    assert.equal(parseSchema({ ...rest, title }).id, parseSchema(specimen()).id)
    assert.notEqual(parseSchema({ ...specimen(), title: 'Hospital invoice' }).id, parseSchema(specimen()).id)
  })

  for (const value of [null, 7, 'schema', [], {}]) it(`refuses ${JSON.stringify(value)}`, () => void refused('SCHEMA_INVALID', () => parseSchema(value)))

  for (const [change, path] of [
    [{ $id: 'Medical Invoice' }, '/$id'],
    [{ version: 0 }, '/version'],
    [{ authority: 'ministry' }, '/authority'],
    [{ serialAuthority: '' }, '/serialAuthority'],
    [{ additionalProperties: true }, '/additionalProperties'],
    [{ naturalKey: [] }, '/naturalKey'],
    [{ naturalKey: ['department'] }, '/naturalKey/0'],
    [{ naturalKey: ['nothing'] }, '/naturalKey/0'],
    [{ $ref: 'elsewhere' }, '/$ref'],
    [{ namespace: '-' }, '/namespace'],
  ] as [Members, string][])
    it(`refuses a schema with ${JSON.stringify(change)}`, () => assert.ok(paths(refused('SCHEMA_INVALID', () => parseSchema({ ...specimen(), ...change }))).includes(path)))

  it('refuses a slot above 15', () => refusesMember('number', { slot: 16 }, '/properties/number/slot'))
  it('refuses one slot for two fields', () => refusesMember('number', { slot: 1 }, '/properties/provider/slot'))
  it('refuses an encoding that does not exist', () => refusesMember('number', { as: 'float' }, '/properties/number/as'))
  it('refuses an encoding without a slot', () => refusesMember('net', { as: 'amount', currency: 'currency' }, '/properties/net/slot'))
  it('refuses an amount as a JSON number', () => refusesMember('total', { type: 'number' }, '/properties/total/type'))
  it('refuses an amount whose currency is no code', () => refusesMember('total', { currency: 'date' }, '/properties/total/currency'))
  it('refuses an amount whose currency is no field', () => refusesMember('total', { currency: 'nothing' }, '/properties/total/currency'))
  it('refuses a member of another encoding', () => refusesMember('date', { decimals: 2 }, '/properties/date/decimals'))
  it('refuses a number that canonical JSON does not keep', () => refusesMember('net', { maximum: 0.5 }, '/properties/net/maximum'))
  for (const name of ['issuer', 'class', 'issuedAt', 'expiresAt'])
    it(`refuses a member called ${name}, as the credential calls one of its own`, () => {
      const changed = { ...properties(), [name]: { type: 'string' } }
      assert.deepEqual(paths(refused('SCHEMA_INVALID', () => parseSchema({ ...specimen(), properties: changed }))), [`/properties/${name}`])
    })
  for (const pattern of ['^(a|a)*$', '^(a*)*$', '^(?:[a-z]+)+$', '^a*a*a*a*a*$', `^${'a?'.repeat(30)}$`, `^${'(a|a)'.repeat(30)}$`, '^(a{1,9}){7}$', '^(?=a)a$', '^(a)\\1$', '^(?<x>a)$'])
    it(`refuses the pattern ${pattern.slice(0, 30)}, for which a matcher may need hours (A7)`, () => refusesMember('number', { pattern }, '/properties/number/pattern'))
  it('refuses such a pattern of a member without a slot, at any depth', () => {
    const lines = { type: 'array', items: { type: 'object', properties: { code: { type: 'string', pattern: '^(a+)+$' } } } }
    assert.deepEqual(paths(refused('SCHEMA_INVALID', () => parseSchema({ ...specimen(), properties: { ...properties(), lines } }))), ['/properties/lines/items/properties/code/pattern'])
  })
  for (const pattern of ['^(0|[1-9][0-9]{0,14})(\\.[0-9]{1,4})?$', '^[^\\]]+$', '^\\p{Lu}{2,8}(:x)?$', '^(AB|CD|EF)-\\d{4,}$', '^[(*]\\($', '^a{2}b*c?$'])
    it(`takes the pattern ${pattern}`, () => {
      const changed = properties()
      changed['number'] = { ...changed['number'], pattern }
      parseSchema({ ...specimen(), properties: changed })
    })
  it('refuses a pattern that is none', () => {
    const changed = properties()
    changed['number'] = { ...changed['number'], pattern: '(' }
    refused('SCHEMA_INVALID', () => parseSchema({ ...specimen(), properties: changed }))
  })

  it('refuses a field that is not required: absent never becomes 0', () => {
    const required = (specimen()['required'] as string[]).filter((name) => name !== 'total')
    assert.deepEqual(paths(refused('SCHEMA_INVALID', () => parseSchema({ ...specimen(), required }))), ['/required'])
  })

  for (const path of ['', '/', 'a//b', 'a/@b/c', 'a[', 'a[0]', 'a[x]', '@a[1]', 'a b', 'a/', '../a'])
    it(`refuses the reader's path ${JSON.stringify(path)}`, () => {
      const read = { 'fhir-r4': { resourceType: 'Invoice', fields: { number: { path } } } } as unknown as Json
      refused('SCHEMA_INVALID', () => parseSchema({ ...specimen(), read }))
    })

  it('refuses a reader of a member that the schema lacks', () => {
    const read = { 'fhir-r4': { resourceType: 'Invoice', fields: { nothing: { path: 'a' } } } } as unknown as Json
    assert.deepEqual(paths(refused('SCHEMA_INVALID', () => parseSchema({ ...specimen(), read }))), ['/read/fhir-r4/fields/nothing'])
  })

  it('knows the largest value of a measure in its last decimal', () => {
    const changed = { ...properties(), weight: { type: 'string', slot: 9, as: 'measure', unit: 'KGM', decimals: 3, largest: '26000' } }
    const schema = parseSchema({ ...specimen(), properties: changed, required: [...(specimen()['required'] as string[]), 'weight'] })
    assert.deepEqual(schema.fields.at(-1)?.type, { as: 'measure', unit: 'KGM', decimals: 3, maximum: 26000000n })
  })
})
