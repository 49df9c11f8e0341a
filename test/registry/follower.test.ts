import assert from 'node:assert/strict'
import { bn254 } from '@noble/curves/bn254.js'
import { newIssuingKey } from '../../src/credential/issuing-key.ts'
import { Refusal } from '../../src/errors/errors.ts'
import { canonicalJson, type Json } from '../../src/hash/canonical.ts'
import type { ProofClaim } from '../../src/registry/checks.ts'
import { readSubmission } from '../../src/registry/commands/acceptance.ts'
import { bodyDigest, type Entry } from '../../src/registry/entry.ts'
import { parseCommand } from '../../src/registry/command.ts'
import { Follower, PROOFS_AT_ONCE, type Recorded } from '../../src/registry/follower.ts'
import type { State } from '../../src/registry/state.ts'
import { viewBody } from '../../src/registry/view.ts'
import type { Envelope } from '../../src/signature/envelope.ts'
import { accredit, admit, CHECKS, command, fresh, INSURER, newWorld, proof, publishStatus, setup, START, STRANGER, submission, TWO, type World } from './specimen.ts'

const G1 = bn254.G1.Point

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

  type BodyOf = (digest: string) => Json | undefined
  const kept: BodyOf = (digest) => bodies.get(digest)
  const recorded = (entry: Entry, bodyOf: BodyOf = kept): Recorded => ({ entry, command: bodyOf(entry.body) === undefined ? undefined : parseCommand(bodyOf(entry.body)) })

  /** One by one, and with the proofs many at once: both must say the same. */
  async function follow(log: readonly Entry[], bodyOf: BodyOf = kept, bodiesSince: number | undefined = Infinity): Promise<State> {
    const [strict, batched] = [new Follower(CHECKS, bodiesSince), new Follower(CHECKS, bodiesSince)]
    const outcome = (work: Promise<void>) => work.then(() => 'followed', (error: Refusal) => `${error.code} ${error.message}`)
    const oneByOne = async (): Promise<void> => {
      for (const { entry, command } of log.map((entry) => recorded(entry, bodyOf))) await strict.follow(entry, command)
    }
    const atOnce = batched.followAll(log.map((entry) => recorded(entry, bodyOf)))
    const [first, second] = [await outcome(oneByOne()), await outcome(atOnce)]
    assert.equal(second, first)
    await atOnce
    assert.deepEqual(viewBody(batched.state, ''), viewBody(strict.state, ''))
    return batched.state
  }
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
    await assert.rejects(follow(entries, without, 0), isCorrupt)
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

  describe('with proofs verified many at once', () => {
    /** The registrations of the world, what they lead to, and proofs to come after them. */
    let start: Entry[]
    let started: State
    let proofs: Envelope[]
    before(async () => {
      start = entries.slice(0, setup().length + 1)
      started = await follow(start)
      const world = { registry: { known: started }, clock: { now: START } } as World
      proofs = Array.from({ length: 2 * PROOFS_AT_ONCE + 10 }, (_, i) => proof(submission(world, i % 3 === 1 ? 'pair' : 'claim')))
    })

    const proofOf = (command: Envelope): Record<string, Json> => (command.body as unknown as { submission: { proof: Record<string, Json> } }).submission.proof
    const withProof = (command: Envelope, changed: Record<string, Json>): Envelope => {
      const { submission: json } = command.body as unknown as { submission: Record<string, Json> }
      return proof({ ...json, proof: { ...proofOf(command), ...changed } })
    }
    const moved = (command: Envelope, by = G1.BASE): Envelope => {
      const [x, y] = (proofOf(command)['c'] as string[]).map(BigInt)
      const point = G1.fromAffine({ x: x!, y: y! }).add(by).toAffine()
      return withProof(command, { c: [String(point.x), String(point.y)] })
    }
    const noPoint = (command: Envelope): Envelope => withProof(command, { a: ['1', '3'] })

    /** The log that a registry would have made that accepts everything. */
    function logOf(commands: readonly Envelope[]): Recorded[] {
      const indexed = commands.map((command, i): Recorded => {
        const parsed = parseCommand(JSON.parse(JSON.stringify(command)))
        const { facts } = readSubmission((command.body as unknown as { submission: Json }).submission, started)
        return { entry: { entry: 1, origin: start[0]!.origin, index: start.length + i, at: START, type: 'proof.submit', body: bodyDigest(parsed), signers: [], facts }, command: parsed }
      })
      return [...start.map((entry) => recorded(entry)), ...indexed]
    }
    const put = (changes: Readonly<Record<number, (command: Envelope) => Envelope>>): Recorded[] => logOf(proofs.map((one, i) => changes[i]?.(one) ?? one))
    const refusesAt = async (i: number, log: readonly Recorded[], why = 'PROOF_INVALID'): Promise<Follower> => {
      const follower = new Follower(CHECKS)
      await assert.rejects(follower.followAll(log), { code: 'CORRUPT', message: new RegExp(`^entry ${start.length + i} holds what would be refused: ${why}`) })
      return follower
    }
    const last = 2 * PROOFS_AT_ONCE + 9

    it('follows what holds, and takes every proof to the check exactly once', async () => {
      const batches: number[] = []
      const counting = { ...CHECKS, proof: () => assert.fail('one by one'), proofs: (claims: readonly ProofClaim[]) => (batches.push(claims.length), CHECKS.proofs(claims)) }
      const follower = new Follower(counting)
      await follower.followAll(logOf(proofs))
      assert.deepEqual(batches, [PROOFS_AT_ONCE, PROOFS_AT_ONCE, 10])
      assert.equal(follower.state.size, start.length + proofs.length)
    })

    for (const [where, i] of [['first', 0], ['last of a batch', PROOFS_AT_ONCE - 1], ['first of the next', PROOFS_AT_ONCE], ['in the middle', PROOFS_AT_ONCE + 30], ['in the last, incomplete batch', last - 4], ['last', last]] as const) {
      it(`refuses a false proof: ${where}`, () => refusesAt(i, put({ [i]: moved })))
      it(`refuses a proof of no points: ${where}`, () => refusesAt(i, put({ [i]: noPoint }), 'MALFORMED'))
    }

    it('names the first of several false proofs', () => refusesAt(3, put({ 3: moved, 4: noPoint, 50: moved, 100: moved })))
    it('names the first where all are false', () => refusesAt(0, put(Object.fromEntries(proofs.map((_, i) => [i, moved])))))
    it('refuses two that are wrong by opposite points', () => refusesAt(20, put({ 20: (one) => moved(one, G1.BASE.multiply(77n)), 21: (one) => moved(one, G1.BASE.multiply(77n).negate()) })))

    for (const [what, after] of Object.entries({
      'an entry that does not follow': (log: Recorded[], at: number) => [...log.slice(0, at), log[at + 1]!],
      'a missing body': (log: Recorded[], at: number) => log.map((one, i) => (i === at ? { entry: one.entry, command: undefined } : one)),
      'entries that cannot be had': function* (log: Recorded[], at: number) {
        yield* log.slice(0, at)
        throw new Refusal('UNAVAILABLE', 'the registry cannot be reached')
      },
    }))
      it(`does not let ${what} hide a false proof before it`, async () => {
        const follower = new Follower(CHECKS)
        await assert.rejects(follower.followAll(after(put({ 5: moved }), start.length + 9)), { code: 'CORRUPT', message: new RegExp(`^entry ${start.length + 5} .*PROOF_INVALID`) })
      })

    it('tells why the entries ended where all proofs before hold, and can go on', async () => {
      const log = logOf(proofs)
      const follower = new Follower(CHECKS)
      const broken = function* () {
        yield* log.slice(0, start.length + 9)
        throw new Refusal('UNAVAILABLE', 'the registry cannot be reached')
      }
      await assert.rejects(follower.followAll(broken()), { code: 'UNAVAILABLE' })
      assert.equal(follower.state.size, start.length + 9)
      await follower.followAll(log.slice(start.length + 9))
      assert.equal(follower.state.size, log.length)
    })

    it('shows no state, and follows nothing more, after a false proof', async () => {
      const follower = await refusesAt(70, put({ 70: moved }))
      assert.throws(() => follower.state, isCorrupt)
      const next = logOf(proofs)[start.length + 128]!
      await assert.rejects(follower.follow(next.entry, next.command), isCorrupt)
      await assert.rejects(follower.followAll([next]), isCorrupt)
    })

    it('shows no state while proofs wait', async () => {
      const follower = new Follower(CHECKS)
      const looking = function* () {
        yield* logOf(proofs).slice(0, start.length + 3)
        assert.throws(() => follower.state, { name: 'Bug' })
      }
      await follower.followAll(looking())
      assert.equal(follower.state.size, start.length + 3)
    })

    it('refuses a proof at once when it follows one by one', async () => {
      const [follower, log] = [new Follower(CHECKS), put({ 3: moved })]
      await follower.followAll(log.slice(0, start.length + 3))
      const { entry, command } = log[start.length + 3]!
      await assert.rejects(follower.follow(entry, command), isCorrupt)
      const good = logOf(proofs)[start.length + 3]!
      await follower.follow(good.entry, good.command)
    })

    for (const nullifiers of [undefined, 'none', [7], ['07'], [null]])
      it(`refuses a pruned proof whose entry spends ${JSON.stringify(nullifiers)}`, async () => {
        const [{ entry }] = logOf(proofs).slice(start.length) as [Recorded]
        const follower = new Follower(CHECKS, Infinity)
        await follower.followAll(start.map((one) => recorded(one)))
        await assert.rejects(follower.follow({ ...entry, facts: { ...entry.facts, nullifiers: nullifiers as Json } }, undefined), isCorrupt)
      })
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
