import assert from 'node:assert/strict'
import { newIssuingKey } from '../../src/credential/issuing-key.ts'
import { canonicalJson, type Json } from '../../src/hash/canonical.ts'
import { bodyDigest, type Entry } from '../../src/registry/entry.ts'
import { Follower, replay } from '../../src/registry/follower.ts'
import { parseCommand } from '../../src/registry/command.ts'
import { viewBody } from '../../src/registry/view.ts'
import { accredit, CHECKS, command, fresh, INSURER, newWorld, proof, publishStatus, STRANGER, submission, TWO, admit, type World } from './specimen.ts'

describe('a follower of the log', () => {
  let world: World
  let entries: Entry[]
  const bodies = new Map<string, Json>()

  before(async () => {
    world = await newWorld()
    for (const list of [[3], [3, 4], [3, 4, 5]]) {
      await world.submit(publishStatus(list.length, list))
      world.clock.now += 7
      await world.submit(proof(submission(world)))
    }
    await world.submit(accredit({ key: newIssuingKey(), listNumber: 2 }))
    await world.submit(proof(submission(world, 'pair')))
    await world.submit(command('organisation.suspend', { organisation: INSURER }, ...TWO))
    entries = [...(await world.registry.entries(0, 1000))]
    for (const { body } of entries) bodies.set(body, JSON.parse(JSON.stringify(await world.registry.body(body))) as Json)
  })

  const follow = (changed: readonly Entry[], bodyOf: (digest: string) => Json | undefined = (digest) => bodies.get(digest), bodiesSince = Infinity) => replay(changed, bodyOf, CHECKS, bodiesSince)
  const isCorrupt = { code: 'CORRUPT' }
  const indexOf = (type: string): number => entries.findLastIndex((entry) => entry.type === type)
  const with_ = (index: number, change: Partial<Entry>): Entry[] => entries.map((entry) => (entry.index === index ? ({ ...entry, ...change } as Entry) : entry))

  it('comes to the same state', async () => {
    const state = await follow(entries)
    assert.deepEqual(viewBody(state, ''), viewBody(world.registry.known, ''))
  })

  it('comes to the same state when proofs and replaced lists were pruned', async () => {
    const pruned = new Set(entries.filter(({ type }) => type === 'proof.submit').map(({ body }) => body))
    for (const { body } of entries.filter(({ type, facts }) => type === 'status.publish' && facts['sequence'] !== 3)) pruned.add(body)
    const state = await follow(entries, (digest) => (pruned.has(digest as Entry['body']) ? undefined : bodies.get(digest)))
    assert.deepEqual(viewBody(state, ''), viewBody(world.registry.known, ''))
  })

  it('refuses a missing proof that is too young to have been pruned, and any by default', async () => {
    const last = entries[indexOf('proof.submit')]!
    const without = (digest: string) => (digest === last.body ? undefined : bodies.get(digest))
    await assert.rejects(follow(entries, without, last.at), isCorrupt)
    await assert.rejects(replay(entries, without, CHECKS), isCorrupt)
    await follow(entries, without, last.at + 1)
  })

  it('refuses a log that lacks a command that is never pruned', () => {
    const { body } = entries[indexOf('schema.register')]!
    return assert.rejects(follow(entries, (digest) => (digest === body ? undefined : bodies.get(digest))), isCorrupt)
  })

  it('refuses a log with a proof that does not hold', async () => {
    const index = indexOf('proof.submit')
    const forged = proof({ ...submission(world, 'pair'), nullifiers: [fresh(), fresh()] })
    const digest = bodyDigest(parseCommand(forged))
    await assert.rejects(
      follow(with_(index, { body: digest }), (body) => (body === digest ? (forged as unknown as Json) : bodies.get(body))),
      isCorrupt,
    )
  })

  it('refuses a log with a command that nobody was allowed to give', async () => {
    const forged = command('organisation.admit', admit(STRANGER).body as unknown as Record<string, Json>, TWO[0]!)
    const next = { ...entries.at(-1)!, index: entries.length, type: 'organisation.admit', body: bodyDigest(parseCommand(forged)), signers: [TWO[0]!], facts: { organisation: STRANGER } } as Entry
    await assert.rejects(
      follow([...entries, next], (body) => (body === next.body ? (forged as unknown as Json) : bodies.get(body))),
      isCorrupt,
    )
  })

  for (const [what, change] of Object.entries({
    'other facts': { facts: { ...{}, statement: 'another' } },
    'another signer': { signers: ['LEI:NOBODY'] },
    'another origin': { origin: 'registry.example/other' },
    'an earlier time': { at: 5 },
    'another place': { index: 3 },
    'another type': { type: 'scope.register' as const },
  }))
    it(`refuses an entry with ${what}`, () => assert.rejects(follow(with_(indexOf('statement.register'), change as Partial<Entry>)), isCorrupt))

  it('refuses a status list’s entry whose directory does not follow from it, list or no list', async () => {
    const index = entries.findIndex(({ type }) => type === 'status.publish')
    const changed = with_(index, { facts: { ...entries[index]!.facts, statusRoot: fresh() } })
    await assert.rejects(follow(changed), isCorrupt)
    await assert.rejects(follow(changed, (digest) => (digest === entries[index]!.body ? undefined : bodies.get(digest))), isCorrupt)
  })

  it('refuses a nullifier that is spent twice, even where the proofs were pruned', async () => {
    const follower = new Follower(CHECKS, Infinity)
    for (const entry of entries) await follower.follow(entry, parseCommand(bodies.get(entry.body)))
    const again = entries[indexOf('proof.submit')]!
    await assert.rejects(follower.follow({ ...again, index: entries.length, at: entries.at(-1)!.at }, undefined), isCorrupt)
  })

  describe('after pruning', () => {
    let pruned: World
    let receipts: unknown[]
    before(async () => {
      receipts = await Promise.all(entries.map(({ index }) => world.registry.receipt(index)))
      const count = await world.registry.prune(world.clock.now + 1)
      assert.equal(count, 4 + 2)
      pruned = await world.reopened()
    })

    it('finds every receipt unchanged', async () => {
      assert.deepEqual(await Promise.all(entries.map(({ index }) => pruned.registry.receipt(index))), receipts)
    })

    it('finds the bodies gone, and no others', async () => {
      await assert.rejects(pruned.registry.body(entries[indexOf('proof.submit')]!.body), { code: 'NOT_FOUND' })
      await pruned.registry.body(entries[indexOf('status.publish')]!.body)
    })

    it('still knows what was spent', async () => {
      const entry = entries[entries.findIndex(({ type }) => type === 'proof.submit')]!
      await assert.rejects(pruned.submit(proof(submission(pruned, 'claim', { nullifiers: entry.facts['nullifiers']! }))), { code: 'NULLIFIER_SPENT' })
    })

    it('hashes entries to the same leaves', async () => {
      assert.deepEqual((await pruned.registry.entries(0, 1000)).map((entry) => canonicalJson(entry)), entries.map((entry) => canonicalJson(entry)))
    })
  })
})
