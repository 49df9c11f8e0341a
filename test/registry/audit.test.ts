import assert from 'node:assert/strict'
import { Refusal } from '../../src/errors/errors.ts'
import type { Json } from '../../src/hash/canonical.ts'
import type { Digest } from '../../src/hash/digest.ts'
import { auditLog, type AuditOptions, type AuditReport, type AuditSource } from '../../src/registry/audit.ts'
import type { Checks } from '../../src/registry/checks.ts'
import { PROOFS_AT_ONCE } from '../../src/registry/follower.ts'
import { type Envelope, signEnvelope } from '../../src/signature/envelope.ts'
import { generateOrganisationKey, type OrganisationKey, publicPart } from '../../src/signature/organisation-key.ts'
import { fromBase64 } from '../../src/verifier/base64.ts'
import { signCheckpoint } from '../../src/verifier/checkpoint.ts'
import { CHECKS, command, fresh, genesis, INSURER, LOG_KEY, MINISTRY, newDirectory, newWorld, openWorld, ORIGIN, proof, publishStatus, setup, START, submission, type World } from './specimen.ts'

describe('an audit', () => {
  const PROOFS = PROOFS_AT_ONCE + 6
  let world: World
  let honest: AuditSource
  let size: number

  before(async () => {
    world = await newWorld()
    for (const sequence of [1, 2]) await world.submit(publishStatus(sequence, [sequence]))
    world.clock.now += 100
    for (let i = 0; i < PROOFS; i++) await world.submit(proof(submission(world, i % 3 === 1 ? 'pair' : 'claim')))
    honest = sourceOf(world)
    size = world.registry.size
  })

  const json = <T>(value: T) => JSON.parse(JSON.stringify(value))
  const sourceOf = ({ registry }: World): AuditSource => ({
    checkpoint: async () => registry.checkpoint(),
    entries: async (from, limit) => ({ entries: json(await registry.entries(from, limit)) }),
    body: async (digest) => json(await registry.body(digest)),
    consistency: (first, second) => registry.consistency(first, second),
    viewJson: async () => json(registry.view()),
  })
  const audit = (source: AuditSource, options: Partial<AuditOptions> = {}): Promise<AuditReport> =>
    auditLog(source, { origin: ORIGIN, logKey: publicPart(LOG_KEY), checks: CHECKS, pause: async () => undefined, ...options })
  const refuses = (source: AuditSource, code: string, message: RegExp, options: Partial<AuditOptions> = {}) => assert.rejects(audit(source, options), { code, message })
  /** The honest source but for one entry. */
  const withEntry = (index: number, change: (entry: Record<string, Json>) => Json): AuditSource => ({
    ...honest,
    entries: async (from, limit) => ({ entries: (await honest.entries(from, limit)).entries.map((entry, i) => (from + i === index ? change(entry as Record<string, Json>) : entry)) }),
  })
  /** The source but for the body of one entry. */
  const withBody = (source: AuditSource, of: World, index: number, body: (digest: Digest) => Promise<Json>): AuditSource => ({
    ...source,
    body: async (digest) => ((await of.registry.entries(index, 1))[0]?.body === digest ? body(digest) : source.body(digest)),
  })
  const gone = (code: 'NOT_FOUND' | 'UNAVAILABLE' | 'RATE_LIMITED') => async () => Promise.reject(new Refusal(code, 'not here'))

  it('reports what it has gone over', async () => {
    const { entries, root, checkpoint, ...rest } = await audit(honest)
    assert.equal(checkpoint, world.registry.checkpoint())
    assert.equal(root, checkpoint.split('\n')[2])
    assert.deepEqual([entries['genesis'], entries['organisation.admit'], entries['status.publish'], entries['proof.submit']], [1, 4, 2, PROOFS])
    assert.equal(Object.values(entries).reduce((sum, n) => sum + n), size)
    assert.deepEqual(rest, { origin: ORIGIN, size, from: START, to: START + 100, proofs: { verified: PROOFS, batches: 2, pruned: 0 }, pruned: 0, view: size, audited: null })
  })

  it('tells of its progress, and has few bodies on their way at once', async () => {
    let [under, most, told] = [0, 0, 0]
    const body: AuditSource['body'] = async (digest) => {
      most = Math.max(most, ++under)
      await new Promise(setImmediate)
      return honest.body(digest).finally(() => under--)
    }
    await audit({ ...honest, body }, { progress: (done, of) => assert.deepEqual([done, of], [++told, size]) })
    assert.equal(told, size)
    assert.ok(most > 1 && most <= 8, String(most))
  })

  it('stops when it is told to', async () => {
    const stop = new AbortController()
    await refuses(honest, 'CANCELLED', /stopped/, { signal: stop.signal, progress: (done) => void (done === 10 && stop.abort()) })
  })

  describe('of a registry that accepts any proof', () => {
    let careless: World
    let first: number
    before(async () => {
      careless = await openWorld(newDirectory(), undefined, { ...CHECKS, proof: async () => true })
      for (const step of [genesis(), ...setup()]) await careless.submit(step)
      await careless.submit(proof(submission(careless)))
      first = careless.registry.size
      for (let i = 0; i < 2; i++) await careless.submit(proof({ ...submission(careless), nullifiers: [fresh()] }))
      await careless.submit(proof(submission(careless)))
    })

    it('names the first false proof', () => refuses(sourceOf(careless), 'CORRUPT', new RegExp(`^entry ${first} .*PROOF_INVALID`)))
    it('names it also when what comes after it cannot be had', () => refuses(withBody(sourceOf(careless), careless, first + 1, gone('UNAVAILABLE')), 'CORRUPT', new RegExp(`^entry ${first} .*PROOF_INVALID`)))
    it('does not take it for pruned', () => refuses(withBody(sourceOf(careless), careless, first, gone('NOT_FOUND')), 'CORRUPT', new RegExp(`entry ${first} is missing`)))
  })

  describe('of entries that were changed on the way', () => {
    const changes: Record<string, (entry: Record<string, Json>) => Json> = {
      'a time that is no number': (entry) => ({ ...entry, at: String(entry['at']) }),
      'another place': (entry) => ({ ...entry, index: 3 }),
      'another origin': (entry) => ({ ...entry, origin: 'registry.example/other' }),
      'other facts': (entry) => ({ ...entry, facts: { ...(entry['facts'] as object), nullifiers: [fresh()] } }),
      'no facts': (entry) => ({ ...entry, facts: null }),
      'a further member': (entry) => ({ ...entry, note: 'x' }),
      'another body': (entry) => ({ ...entry, body: '00'.repeat(32) }),
      'nothing in it': () => null,
    }
    for (const [what, change] of Object.entries(changes))
      it(`names an entry with ${what}`, () => refuses(withEntry(size - 3, change), 'CORRUPT', new RegExp(`entry ${size - 3}\\b`)))

    it('sees by the root what no decision shows', () => refuses(withEntry(size - 1, (entry) => ({ ...entry, at: Number(entry['at']) + 1 })), 'CORRUPT', /lead to another root/))

    it('refuses a log without its end, or with one entry twice', async () => {
      await refuses({ ...honest, entries: async (from, limit) => (from + limit < size ? honest.entries(from, limit) : { entries: (await honest.entries(from, limit)).entries.slice(0, -1) }) }, 'CORRUPT', new RegExp(`does not show entry ${size - 1} `))
      const [before] = await world.registry.entries(size - 2, 1)
      await refuses(withEntry(size - 1, () => json(before)), 'CORRUPT', new RegExp(`^entry ${size - 1}`))
    })

    it('names the entry whose body is another, is no command, or is missing', async () => {
      const body = (value: Json) => withBody(honest, world, 5, async () => value)
      await refuses(body(json(command('organisation.admit', { organisation: INSURER, name: 'x', keys: [] }, MINISTRY))), 'CORRUPT', /entry 5\b/)
      for (const junk of [null, [], 'x', {}, { body: {}, signatures: [] }]) await refuses(body(junk), 'CORRUPT', /the body of entry 5\b/)
      await refuses(withBody(honest, world, 5, gone('NOT_FOUND')), 'CORRUPT', /the body of entry 5\b/)
      await refuses(withBody(honest, world, 5, gone('UNAVAILABLE')), 'UNAVAILABLE', /the body of entry 5\b/)
    })
  })

  it('names the entry of a key that this installation does not take', () => {
    const key: Checks['key'] = async () => Promise.reject(new Refusal('KEY_INVALID', 'another circuit'))
    return refuses(honest, 'CORRUPT', /^entry 10 .*KEY_INVALID: another circuit/, { checks: { ...CHECKS, key } })
  })

  describe('of what was signed', () => {
    const stranger = generateOrganisationKey()
    const signedView = (change: Record<string, Json>, key: OrganisationKey = LOG_KEY): AuditSource => {
      const { body } = world.registry.view()
      return { ...honest, viewJson: async () => json(signEnvelope({ ...body, ...change } as Envelope['body'], ORIGIN, key)) }
    }
    const head = (at: number, key: OrganisationKey = LOG_KEY, origin = ORIGIN) => signCheckpoint({ origin, size: at, root: fromBase64(world.registry.checkpoint().split('\n')[2]!, '') }, key)

    it('refuses a checkpoint by another key, of another log, of nothing, or that is none', async () => {
      await refuses({ ...honest, checkpoint: async () => head(size, stranger) }, 'BAD_SIGNATURE', /not signed/)
      await refuses({ ...honest, checkpoint: async () => head(size, LOG_KEY, 'registry.example/other') }, 'BAD_SIGNATURE', /not signed/)
      await refuses({ ...honest, checkpoint: async () => head(0) }, 'CORRUPT', /empty log/)
      await refuses({ ...honest, checkpoint: async () => 'a note' }, 'MALFORMED', /not a signed note/)
    })

    it('refuses a checkpoint of this root at another size', async () => {
      await refuses({ ...honest, checkpoint: async () => head(size - 1) }, 'CORRUPT', /lead to another root/)
      await refuses({ ...honest, checkpoint: async () => head(size + 1) }, 'CORRUPT', new RegExp(`does not show entry ${size} `))
    })

    it('refuses a log whose genesis names another key than signs it', async () => {
      const checkpoint = head(size, stranger)
      const source = { ...signedView({ checkpoint, logKey: { ...publicPart(stranger) } }, stranger), checkpoint: async () => checkpoint }
      await refuses(source, 'CORRUPT', /entry 0 names another log key/, { logKey: publicPart(stranger) })
    })

    for (const [what, change] of Object.entries({
      'an organisation too few': { organisations: [] },
      'another k': { k: 1 },
      'another time': { at: START + 1 },
      'no statements': { statements: [] },
      'a further member': { more: true },
    }))
      it(`refuses a signed view with ${what}`, () => refuses(signedView(change as Record<string, Json>), 'CORRUPT', new RegExp(`view is not what its ${size} entries lead to: ${Object.keys(change)[0]}`)))

    it('refuses a view that is not signed, by another key, or without its checkpoint', async () => {
      await refuses({ ...honest, viewJson: async () => ({ ...(json(world.registry.view()) as object), signatures: [] }) }, 'BAD_SIGNATURE', /not signed/)
      await refuses(signedView({}, stranger), 'BAD_SIGNATURE', /./)
      await refuses(signedView({ checkpoint: 7 }), 'MALFORMED', /checkpoint/)
    })
  })

  describe('after another one', () => {
    const noted = async (of: World) => (await audit(sourceOf(of))).checkpoint

    it('holds of a log that has grown, or not', async () => {
      const growing = await newWorld()
      const audited = await noted(growing)
      assert.equal((await audit(sourceOf(growing), { audited })).audited, growing.registry.size)
      await growing.submit(proof(submission(growing)))
      const { audited: before, size: after } = await audit(sourceOf(growing), { audited })
      assert.deepEqual([before, after], [growing.registry.size - 1, growing.registry.size])
    })

    it('refuses a log that was rolled back, and shows both notes', async () => {
      const audited = world.registry.checkpoint()
      const back = await newWorld()
      await assert.rejects(audit(sourceOf(back), { audited }), (error: Refusal) => {
        assert.equal(error.code, 'CORRUPT')
        assert.match(error.message, /rolled back/)
        assert.deepEqual([error.problems[0]?.got, error.problems[0]?.expected.includes(JSON.stringify(audited))], [JSON.stringify(back.registry.checkpoint()), true])
        return true
      })
    })

    it('refuses another log of the same key, longer or as long, whatever proof it gives', async () => {
      const [one, other] = [await newWorld(), await newWorld()]
      const audited = one.registry.checkpoint()
      await refuses(sourceOf(other), 'CORRUPT', /not the one that was audited/, { audited })
      await other.submit(proof(submission(other)))
      await refuses(sourceOf(other), 'CORRUPT', /not the one that was audited/, { audited })
      await refuses({ ...sourceOf(other), consistency: async () => [] }, 'CORRUPT', /not the one that was audited/, { audited })
      await refuses({ ...sourceOf(other), consistency: async () => 'none' as unknown as string[] }, 'CORRUPT', /not the one that was audited/, { audited })
    })

    it('says that the note that was kept is damaged', () => refuses(honest, 'CORRUPT', /the checkpoint of the last audit/, { audited: 'a note' }))
  })

  it('takes the later of checkpoint and view when the log grows meanwhile', async () => {
    const growing = await newWorld()
    const { size: before } = growing.registry
    const earlier = { checkpoint: growing.registry.checkpoint(), view: json(growing.registry.view()) }
    for (let i = 0; i < 2; i++) await growing.submit(command('scope.register', { name: `more-${i}` }, INSURER))
    const source = sourceOf(growing)
    assert.deepEqual(pick(await audit({ ...source, checkpoint: async () => earlier.checkpoint })), [before + 2, before + 2])
    assert.deepEqual(pick(await audit({ ...source, viewJson: async () => earlier.view })), [before + 2, before])
  })
  const pick = ({ size, view }: AuditReport) => [size, view]

  describe('of a registry that has pruned', () => {
    let pruned: World
    before(async () => {
      pruned = await newWorld()
      for (const sequence of [1, 2]) await pruned.submit(publishStatus(sequence, [sequence]))
      await pruned.submit(proof(submission(pruned)))
      pruned.clock.now += 1000
      await pruned.submit(proof(submission(pruned)))
      assert.equal(await pruned.registry.prune(START + 500), 2)
    })

    it('wants every body unless told otherwise', () => refuses(sourceOf(pruned), 'CORRUPT', /the body of entry \d+ is missing/))
    it('accepts those that are missing before the time that it was told, and says how many', async () => {
      const { proofs, pruned: bodies } = await audit(sourceOf(pruned), { bodiesSince: START + 500 })
      assert.deepEqual([proofs, bodies], [{ verified: 1, batches: 1, pruned: 1 }, 2])
    })
    it('refuses one that is missing later', () => refuses(withBody(sourceOf(pruned), pruned, pruned.registry.size - 1, gone('NOT_FOUND')), 'CORRUPT', new RegExp(`entry ${pruned.registry.size - 1} is missing`), { bodiesSince: START + 500 }))
  })

  it('waits for a service that takes only so many requests, but not for ever', async () => {
    const small = await newWorld()
    const source = sourceOf(small)
    let [asked, waited] = [0, 0]
    const pause = async (ms: number) => void (waited += ms)
    await audit({ ...source, body: (digest) => (asked++ % 2 ? source.body(digest) : gone('RATE_LIMITED')()) }, { pause })
    assert.ok(waited > 0)
    waited = 0
    await refuses({ ...source, checkpoint: gone('RATE_LIMITED') }, 'RATE_LIMITED', /./, { pause })
    assert.equal(waited, 120_000)
  })
})
