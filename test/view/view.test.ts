import assert from 'node:assert/strict'
import { toField } from '../../src/field/field.ts'
import { generateOrganisationKey, publicPart } from '../../src/signature/organisation-key.ts'
import { keysOf, parseView, supersededAt } from '../../src/view/view.ts'
import { HOSPITAL, INSURER, Scene } from '../verifier/scene.ts'

describe('a view', () => {
  const scene = new Scene()
  const key = publicPart(scene.log.key)
  const refuses = (change: (body: any) => void, code: string) => assert.throws(() => parseView(scene.viewJson(change), key), { name: 'Refusal', code })

  it('is read with everything in it', () => {
    const view = parseView(scene.viewJson(), key)
    assert.equal(view.size, scene.log.size)
    assert.deepEqual([...view.statements.keys()], Object.values(scene.statements).map(({ hash }) => hash))
    assert.equal(view.directory.leaves[0]?.leaf.organisation, HOSPITAL)
    assert.equal(view.shapes.get('attest')?.length, 1)
    assert.deepEqual(keysOf(view, INSURER), [publicPart(scene.insurerKey)])
  })
  it('names its own log key at a first contact', () => assert.equal(parseView(scene.viewJson(), undefined).logKey.publicKey, key.publicKey))
  it('has no keys for a suspended or unknown organisation', () => {
    const view = parseView(scene.viewJson((body) => (body.organisations[0].status = 'suspended')), key)
    assert.equal(keysOf(view, INSURER), undefined)
    assert.equal(keysOf(view, HOSPITAL), undefined)
  })
  it('knows when a root was replaced', () => {
    scene.recentRoots = [{ root: toField(5), supersededAt: 100 }]
    const { directory } = parseView(scene.viewJson(), key)
    scene.recentRoots = []
    assert.equal(supersededAt(directory, scene.directory.root), null)
    assert.equal(supersededAt(directory, toField(5)), 100)
    assert.equal(supersededAt(directory, toField(6)), undefined)
  })

  it('of another log key is refused', () => assert.throws(() => parseView(scene.viewJson(), publicPart(generateOrganisationKey())), { code: 'BAD_SIGNATURE' }))
  it('signed by somebody else is refused', () => assert.throws(() => parseView(scene.viewJson(() => {}, generateOrganisationKey()), key), { code: 'BAD_SIGNATURE' }))
  it('without a signature is refused', () => assert.throws(() => parseView({ ...scene.viewJson(), signatures: [] }, key), { code: 'BAD_SIGNATURE' }))
  it('changed after it was signed is refused', () => {
    const json = structuredClone(scene.viewJson())
    json.body.nowTolerance = 1_000_000
    assert.throws(() => parseView(json, key), { code: 'BAD_SIGNATURE' })
  })
  for (const junk of [null, [], 'view', 7, {}]) it(`is not ${JSON.stringify(junk)}`, () => assert.throws(() => parseView(junk, key), { code: 'MALFORMED' }))

  for (const [what, change] of Object.entries<(body: any) => void>({
    'another id of a schema': (body) => (body.schemas[0].schemaId = '7'),
    'a schema edited under its old id': (body) => (body.schemas[0].schema.title = 'Bill'),
    'another hash of a statement': (body) => (body.statements[0].statement = 'ab'.repeat(32)),
    'other packed rules': (body) => (body.statements[0].pinned.rules = '0'),
    'another id of a verification key': (body) => (body.shapes[0].key = 'ab'.repeat(32)),
    'another element of a scope': (body) => (body.scopes[0].element = '7'),
    'another root of a set': (body) => (body.sets[0].root = '7'),
    'another member of a set': (body) => (body.sets[0].members = ['EUR', 'USD']),
    'another directory root': (body) => (body.directory.root = '7'),
    'a leaf less': (body) => (body.directory.leaves = []),
    'another class of an issuer': (body) => (body.directory.leaves[0].class = 'bank'),
    'another list of an issuer': (body) => (body.directory.leaves[0].listId = '7'),
    'a leaf twice': (body) => body.directory.leaves.push(body.directory.leaves[0]),
    'a scope twice': (body) => body.scopes.push(body.scopes[0]),
  }))
    it(`with ${what} is refused, although it is signed`, () => refuses(change, 'INPUTS_DIFFER'))
  it('with a leaf outside the directory is refused', () => refuses((body) => (body.directory.leaves[0].position = 65_536), 'MALFORMED'))
  it('with an escrow key of small order is refused', () => refuses((body) => (body.regulators[0].escrowKey = { x: '0', y: '1' }), 'KEY_INVALID'))
  it('with a statement about a schema that it lacks is refused', () => refuses((body) => (body.schemas = []), 'UNKNOWN_SCHEMA'))
  it('with further or missing members is refused', () => {
    refuses((body) => (body.more = 1), 'MALFORMED')
    refuses((body) => delete body.scopes, 'MALFORMED')
  })
})
