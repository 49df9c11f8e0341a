import assert from 'node:assert/strict'
import { disclosureOf, parameterCommitmentOf } from '../../src/credential/commitment.ts'
import { printField, randomField, ZERO } from '../../src/field/field.ts'
import type { Json } from '../../src/hash/canonical.ts'
import { evidenceHtml, evidenceText } from '../../src/registry/evidence-page.ts'
import { type EvidenceBundle, gatherEvidence } from '../../src/registry/evidence.ts'
import { statementHash } from '../../src/shape/pin.ts'
import { signEnvelope } from '../../src/signature/envelope.ts'
import { generateOrganisationKey, publicPart } from '../../src/signature/organisation-key.ts'
import { encodeRequest } from '../../src/statement/parameters.ts'
import { makeRequest, requestDigest } from '../../src/statement/request.ts'
import { verifyEvidence } from '../../src/verifier/evidence.ts'
import { command, COMPILED, INSURER, KEYS, LOG_KEY, newWorld, ORIGIN, proof, publishStatus, START, STATEMENTS, submission, TWO, type World } from './specimen.ts'

type Members = Record<string, Json>

describe('a bundle of evidence', () => {
  let world: World
  let index: number
  let openings: { request: Json; answer: Json }
  let bundle: Members
  const trust = { logKey: publicPart(LOG_KEY) }

  before(async () => {
    world = await newWorld()
    const key = generateOrganisationKey()
    await world.submit(command('organisation.rotate', { organisation: INSURER, add: [{ ...publicPart(key) }], remove: [] }, INSURER))
    await world.submit(publishStatus(1, [3]))
    const [statement, blinding, disclosureBlinding] = [COMPILED.claim, randomField(), randomField()]
    const checked = { pinned: STATEMENTS.claim, statement, hash: statementHash(STATEMENTS.claim) }
    const body = makeRequest({ statement: checked, origin: ORIGIN, verifier: INSURER, parameters: { payer: 'LEI:<script>' }, issuedAt: START, expires: START + 600, releaseKey: 'cd'.repeat(32) })
    const { elements, setRoot, pseudonymScope } = encodeRequest(statement, body)
    const json = submission(world, 'claim', {
      request: requestDigest(body),
      parameterCommitment: printField(parameterCommitmentOf(elements, setRoot, pseudonymScope, blinding)),
      disclosure: printField(disclosureOf(ZERO, [ZERO, ZERO, ZERO, ZERO], disclosureBlinding)),
    })
    index = (await world.submit(proof(json))).entry.index
    const answer = { answer: 1, submission: json, parameterBlinding: printField(blinding), parameterSetRoot: '0', pseudonym: '0', values: [], texts: {}, disclosureBlinding: printField(disclosureBlinding) }
    openings = { request: signEnvelope(body, INSURER, key) as unknown as Json, answer }
    bundle = plain(await gatherEvidence(sourceOf(world), index, openings))
    // Later entries are no part of it.
    await world.submit(command('organisation.suspend', { organisation: INSURER }, ...TWO))
    await world.submit(publishStatus(2, [3, 4]))
  })

  it('checks with every service off', async () => {
    const established = await verifyEvidence(bundle, trust)
    assert.equal(established.accepted?.index, index)
    assert.equal(established.askedBy, INSURER)
    assert.deepEqual(established.parameters, { payer: 'LEI:<script>' })
  })

  it('checks without the private openings, and then says less', async () => {
    const established = await verifyEvidence(plain(await gatherEvidence(sourceOf(world), index)), trust)
    assert.equal(established.askedBy, undefined)
    assert.equal(established.disclosed, undefined)
  })

  for (const name of ['pair', 'member', 'glance'] as const)
    it(`checks for the statement ${name} too`, async () => {
      const { entry } = await world.submit(proof(submission(world, name)))
      const established = await verifyEvidence(plain(await gatherEvidence(sourceOf(world), entry.index)), trust)
      assert.equal(established.statement.name, STATEMENTS[name].definition.statement)
    })

  it('is the same whenever it is gathered', async () => {
    assert.deepEqual(plain(await gatherEvidence(sourceOf(world), index, openings)), bundle)
  })

  it('is refused for an entry that is no proof', () => assert.rejects(gatherEvidence(sourceOf(world), 3), { code: 'NOT_FOUND' }))

  it('is refused for an entry that is not there', () => assert.rejects(gatherEvidence(sourceOf(world), 9_999), { code: 'NOT_FOUND' }))

  for (const name of ['proof', 'genesis', 'statement', 'shape', 'schemas', 'scopes', 'directory'] as const)
    it(`does not check with another ${name}`, async () => {
      const swapped = { ...bundle, [name]: Array.isArray(bundle[name]) ? [] : bundle[name === 'genesis' ? 'shape' : 'genesis']! }
      await assert.rejects(verifyEvidence(swapped, trust), (error: { name: string }) => error.name === 'Refusal')
    })

  it('does not check without the change of keys that its request needs', () => assert.rejects(verifyEvidence({ ...bundle, organisations: [] }, trust), { code: 'BAD_SIGNATURE' }))

  it('does not check under another log key', () => assert.rejects(verifyEvidence(bundle, { logKey: publicPart(generateOrganisationKey()) }), { name: 'Refusal' }))

  it('does not check when a command in it was changed', async () => {
    const [scope] = bundle['scopes'] as { receipt: Json; command: { body: Members; signatures: Json } }[]
    const changed = { ...bundle, scopes: [{ ...scope!, command: { ...scope!.command, body: { ...scope!.command.body, name: 'claimz' } } }] }
    await assert.rejects(verifyEvidence(changed, trust), { code: 'OPENING_INVALID' })
  })

  it('makes a page that a value cannot put a script into (F34)', async () => {
    const established = await verifyEvidence(bundle, trust)
    const html = evidenceHtml(established, 'ab'.repeat(32))
    assert.ok(!html.includes('<script>') && html.includes('LEI:&lt;script&gt;'))
    const text = evidenceText(established, 'ab'.repeat(32))
    for (const said of [`entry ${index}`, INSURER, ORIGIN, 'bill-claimed', 'ab'.repeat(32)]) assert.ok(text.includes(said) && html.includes(said), said)
  })

  it('holds no key of anybody’s', () => {
    const text = JSON.stringify(bundle)
    for (const { secretKey } of [...KEYS.values(), LOG_KEY]) assert.ok(!text.includes(secretKey))
  })
})

function sourceOf({ registry }: World) {
  return {
    entries: (from: number, limit: number) => registry.entries(from, limit),
    receipt: (at: number, size: number) => registry.receipt(at, size),
    body: async (digest: Parameters<typeof registry.body>[0]) => plain(await registry.body(digest)),
  }
}

function plain(value: EvidenceBundle | object): Members {
  return JSON.parse(JSON.stringify(value)) as Members
}
