import assert from 'node:assert/strict'
import { bn254 } from '@noble/curves/bn254.js'
import { newIssuingKey } from '../../src/credential/issuing-key.ts'
import { FIELD_ORDER, parseField } from '../../src/field/field.ts'
import type { Json } from '../../src/hash/canonical.ts'
import { Registry } from '../../src/registry/registry.ts'
import { SqliteStore } from '../../src/registry/sqlite-store.ts'
import { verificationKeyId } from '../../src/verifier/groth16.ts'
import { parseReceipt, verifyReceipt } from '../../src/verifier/receipt.ts'
import {
  accredit, CHECKS, command, fresh, HOSPITAL, INSURER, LOG_KEY, newWorld, ORIGIN, pristine, proof, proved, publishStatus, refuses, SIMULATED, START, submission, TWO, type World,
} from './specimen.ts'

const Q = bn254.fields.Fp.ORDER

describe('the acceptance of a proof', () => {
  let world!: World
  beforeEach(async () => {
    world = await pristine(world)
  })
  after(() => world.registry.close())

  for (const name of ['claim', 'glance', 'member', 'pair'] as const)
    it(`records a proof of ${name} with a receipt that verifies offline`, async () => {
      const receipt = await world.submit(proof(submission(world, name)))
      const { entry } = verifyReceipt(parseReceipt(JSON.parse(JSON.stringify(receipt))), ORIGIN, LOG_KEY)
      assert.equal(entry.type, 'proof.submit')
      assert.deepEqual(entry.signers, [])
    })

  describe('of what is not well formed (A1, A2)', () => {
    const broken: Record<string, Json> = {
      'no nullifier': { nullifiers: [] },
      'three nullifiers': { nullifiers: ['1', '2', '3'] },
      'nested nullifiers': { nullifiers: [['1']] },
      'null for a nullifier': { nullifiers: [null] },
      'a number for a nullifier': { nullifiers: [7] },
      'a leading zero': { nullifiers: ['007'] },
      'hexadecimal': { nullifiers: ['0x7'] },
      'a negative element': { nullifiers: ['-7'] },
      'white space': { nullifiers: ['7 '] },
      'an exponent': { nullifiers: ['7e1'] },
      'an element of r': { nullifiers: [String(FIELD_ORDER)] },
      'an element of 7 + r': { disclosure: String(FIELD_ORDER + 7n) },
      'more than 77 digits': { disclosure: '1'.repeat(78) },
      'a time with a fraction': { now: START + 0.5 },
      'a further member': { more: 1 },
      'an escrow of three': { escrow: ['1', '2', '3'] },
      'a proof without c': { proof: { a: ['1', '2'], b: [['1', '2'], ['3', '4']] } },
      'a proof with a further member': { proof: { a: ['1', '2'], b: [['1', '2'], ['3', '4']], c: ['1', '2'], protocol: 'groth16' } },
      'a projective point': { proof: { a: ['1', '2', '1'], b: [['1', '2'], ['3', '4']], c: ['1', '2'] } },
    }
    for (const [what, change] of Object.entries(broken)) it(`refuses ${what}`, () => refuses(world, proof({ ...submission(world), ...(change as object) }), 'MALFORMED'))

    for (const [what, value] of [['half of a surrogate pair', '\ud800'], ['a number that is not finite', Infinity]] as const)
      it(`refuses ${what} and goes on signing (A7)`, async () => {
        await refuses(world, proof({ ...submission(world), releaseKey: value }), 'MALFORMED')
        assert.equal(world.registry.failure, undefined)
      })

    it('refuses more than 16 KiB (A7)', () => refuses(world, proof({ ...submission(world), releaseKey: 'a'.repeat(17_000) }), 'TOO_LARGE'))

    it('refuses signatures around it', () => {
      const { body } = proof(submission(world))
      return refuses(world, { body, signatures: command('scope.register', { name: 'x' }, INSURER).signatures }, 'MALFORMED')
    })
  })

  describe('for something else', () => {
    it('refuses another registry', () => refuses(world, { body: { type: 'proof.submit', origin: 'registry.example/other', submission: submission(world) }, signatures: [] }, 'WRONG_ORIGIN'))

    it('refuses a submission for another registry under this one’s name', () => refuses(world, proof({ ...submission(world), origin: 'registry.example/other' }), 'WRONG_ORIGIN'))

    it('refuses a statement that is not registered', () => refuses(world, proof({ ...submission(world), statement: 'ab'.repeat(32) }), 'UNKNOWN_STATEMENT'))

    it('refuses a retired statement', async () => {
      const json = submission(world)
      await world.submit(command('statement.retire', { statement: json['statement']! }, INSURER))
      await refuses(world, proof(json), 'RETIRED')
    })

    it('refuses a verification key that is not registered (A4)', () => refuses(world, proof({ ...submission(world), verificationKey: 'ab'.repeat(32) }), 'UNKNOWN_KEY'))

    it('refuses the verification key of another shape (A4)', () => refuses(world, proof({ ...submission(world), verificationKey: verificationKeyId(SIMULATED.match.verificationKey) }), 'UNKNOWN_KEY'))

    it('refuses another shape (A4)', () => refuses(world, proof({ ...submission(world), shape: 'match' }), 'INPUTS_DIFFER'))

    it('refuses a retired verification key', async () => {
      const json = submission(world)
      await world.submit(command('shape.retire', { shape: 'attest', verificationKey: json['verificationKey']! }, ...TWO))
      await refuses(world, proof(json), 'RETIRED')
    })

    it('refuses one document where the statement has two', () => refuses(world, proof({ ...submission(world, 'pair'), nullifiers: [fresh()], linkTags: [fresh()] }), 'INPUTS_DIFFER'))

    it('refuses an escrow where the statement has none', () => refuses(world, proof({ ...submission(world), escrow: ['1', '2', '3', '4'] }), 'INPUTS_DIFFER'))

    it('refuses a proof for another escrow key', () => refuses(world, proof(proved('pair', submission(world, 'pair'), newIssuingKey())), 'PROOF_INVALID'))

    it('refuses a proof of one statement under another', () => {
      const { statement } = submission(world, 'glance')
      return refuses(world, proof({ ...submission(world), statement: statement! }), 'PROOF_INVALID')
    })

    for (const name of ['nullifiers', 'linkTags'] as const) it(`refuses changed ${name} (A3, C19)`, () => refuses(world, proof({ ...submission(world), [name]: [fresh()] }), 'PROOF_INVALID'))

    for (const name of ['disclosure', 'parameterCommitment'] as const) it(`refuses a changed ${name} (C18)`, () => refuses(world, proof({ ...submission(world), [name]: fresh() }), 'PROOF_INVALID'))

    it('refuses another request (C18)', () => refuses(world, proof({ ...submission(world), request: '12'.repeat(32) }), 'PROOF_INVALID'))

    it('refuses another release key (C18)', () => refuses(world, proof({ ...submission(world), releaseKey: '12'.repeat(32) }), 'PROOF_INVALID'))

    it('refuses a longer expiry (C18)', () => refuses(world, proof({ ...submission(world), expires: START + 9_999 }), 'PROOF_INVALID'))

    it('refuses swapped nullifiers (A3)', () => {
      const json = submission(world, 'pair')
      return refuses(world, proof({ ...json, nullifiers: [...(json['nullifiers'] as string[])].reverse() }), 'PROOF_INVALID')
    })
  })

  describe('in time (D23)', () => {
    it('refuses at the second in which the request expires', async () => {
      const json = submission(world)
      world.clock.now = Number(json['expires'])
      await refuses(world, proof(json), 'REQUEST_EXPIRED')
    })

    for (const [away, outcome] of [[-121, 'refuses'], [-120, 'accepts'], [120, 'accepts'], [121, 'refuses']] as const)
      it(`${outcome} a proof whose clock is ${away} s away`, async () => {
        const json = proof(submission(world, 'claim', { now: START + away }))
        if (outcome === 'accepts') await world.submit(json)
        else await refuses(world, json, 'NOW_OUT_OF_RANGE')
      })

    it('never goes back when the clock does', async () => {
      world.clock.now = START + 1_000
      await world.submit(command('scope.register', { name: 'later' }, INSURER))
      world.clock.now = START
      const { entry } = await world.submit(command('scope.register', { name: 'latest' }, INSURER))
      assert.equal(entry.at, START + 1_000)
    })

    it('refuses a request that expired before the clock was put back', async () => {
      const json = submission(world)
      world.clock.now = Number(json['expires']) + 1
      await world.submit(command('scope.register', { name: 'later' }, INSURER))
      world.clock.now = START
      await refuses(world, proof(json), 'REQUEST_EXPIRED')
    })
  })

  describe('by the directory root (D21)', () => {
    it('refuses a root that never was', () => refuses(world, proof(submission(world, 'claim', { directoryRoot: fresh() })), 'UNKNOWN_ROOT'))

    it('accepts a root that was replaced within the statement’s fresh', async () => {
      const json = submission(world)
      await world.submit(publishStatus(1, [3]))
      world.clock.now += 59
      await world.submit(proof(json))
    })

    it('refuses a root that was replaced as long ago as the statement allows', async () => {
      const json = submission(world)
      await world.submit(publishStatus(1, [3]))
      world.clock.now += 60
      await refuses(world, proof(json), 'ROOT_SUPERSEDED')
    })

    it('refuses a root that was replaced in the same second, where only the current one counts', async () => {
      const json = submission(world, 'glance')
      await world.submit(publishStatus(1, [3]))
      await refuses(world, proof(json), 'ROOT_SUPERSEDED')
    })

    it('refuses a revocation’s old root after a restart too', async () => {
      const json = submission(world, 'glance')
      await world.submit(publishStatus(1, [3]))
      world = await world.reopened()
      await refuses(world, proof(json), 'ROOT_SUPERSEDED')
    })

    it('accepts a root again that has come back', async () => {
      await world.submit(publishStatus(1, [3]))
      const json = submission(world, 'glance')
      await world.submit(publishStatus(2, []))
      await refuses(world, proof(json), 'ROOT_SUPERSEDED')
      await world.submit(publishStatus(3, [3]))
      await world.submit(proof(json))
    })

    it('refuses the root that only another registry has', async () => {
      const other = await newWorld()
      await other.submit(accredit({ organisation: HOSPITAL, key: newIssuingKey(), listNumber: 5 }))
      const { directoryRoot } = submission(other)
      await refuses(world, proof(submission(world, 'claim', { directoryRoot: directoryRoot! })), 'UNKNOWN_ROOT')
    })
  })

  describe('by the set root', () => {
    it('refuses a root where the statement has no set', () => refuses(world, proof({ ...submission(world), setRoot: '7' }), 'UNKNOWN_ROOT'))

    it('refuses none where the statement has a set', () => refuses(world, proof({ ...submission(world, 'member'), setRoot: '0' }), 'UNKNOWN_ROOT'))

    it('refuses a set’s root that was replaced too long ago', async () => {
      const json = submission(world, 'member')
      await world.submit(command('set.publish', { name: 'members', of: 'code', members: ['LEI:A'] }, INSURER))
      world.clock.now += 60
      await refuses(world, proof(json), 'ROOT_SUPERSEDED')
    })
  })

  describe('once', () => {
    it('refuses a document that was spent', async () => {
      const first = submission(world)
      await world.submit(proof(first))
      await refuses(world, proof(submission(world, 'claim', { nullifiers: first['nullifiers']! })), 'NULLIFIER_SPENT')
    })

    it('refuses it after a restart too (D22)', async () => {
      const first = submission(world)
      await world.submit(proof(first))
      world = await world.reopened()
      await refuses(world, proof(submission(world, 'claim', { nullifiers: first['nullifiers']! })), 'NULLIFIER_SPENT')
    })

    it('refuses the second of two documents spent before', async () => {
      const first = submission(world)
      await world.submit(proof(first))
      await refuses(world, proof(submission(world, 'pair', { nullifiers: [fresh(), ...(first['nullifiers'] as string[])] })), 'NULLIFIER_SPENT')
    })

    it('refuses one document in both places', () => {
      const nullifier = fresh()
      return refuses(world, proof(submission(world, 'pair', { nullifiers: [nullifier, nullifier] })), 'NULLIFIER_SPENT')
    })

    it('gives the same receipt for the same submission again (D22)', async () => {
      const json = submission(world)
      const receipt = await world.submit(proof(json))
      await world.submit(proof(submission(world)))
      world = await world.reopened()
      assert.deepEqual(await world.submit(proof(json)), receipt)
    })

    it('gives the same receipt when the request has expired and root and statement have gone since (D22)', async () => {
      const json = submission(world)
      const receipt = await world.submit(proof(json))
      await world.submit(publishStatus(1, [3]))
      await world.submit(command('statement.retire', { statement: json['statement']! }, INSURER))
      world.clock.now = Number(json['expires']) + 1
      assert.deepEqual(await world.submit(proof(json)), receipt)
      await refuses(world, proof({ ...json, disclosure: fresh() }), 'REQUEST_EXPIRED')
    })

    it('gives the same receipt for another proof of the same public inputs (A6)', async () => {
      const json = submission(world)
      const receipt = await world.submit(proof(json))
      assert.deepEqual(await world.submit(proof(proved('claim', json))), receipt)
    })

    it('gives the same receipt for a malleated proof, never a second entry (A6)', async () => {
      const json = submission(world)
      const receipt = await world.submit(proof(json))
      assert.deepEqual(await world.submit(proof({ ...json, proof: negated(json['proof'] as unknown as Proof) })), receipt)
      assert.equal(world.registry.size, receipt.entry.index + 1)
    })

    it('refuses a malleated proof with a coordinate + q (A6)', async () => {
      const json = submission(world)
      const { a, b, c } = json['proof'] as unknown as Proof
      await refuses(world, proof({ ...json, proof: { a: [String(BigInt(a[0]) + Q), a[1]], b, c } }), 'MALFORMED')
    })

    for (const [what, change] of Object.entries({
      'the halves of G2 swapped': ({ a, b, c }: Proof) => ({ a, b: b.map(([x, y]) => [y, x]), c }),
      'a point off the curve': ({ b, c }: Proof) => ({ a: ['1', '3'], b, c }),
      'the point at infinity': ({ b, c }: Proof) => ({ a: ['0', '0'], b, c }),
    }))
      it(`refuses a proof with ${what} (A5)`, () => {
        const json = submission(world)
        return refuses(world, proof({ ...json, proof: change(json['proof'] as unknown as Proof) as unknown as Json }), 'MALFORMED')
      })

    it('records exactly one of forty submissions of one nullifier at once (E24)', async () => {
      const nullifiers = [fresh()]
      const outcomes = await Promise.allSettled(Array.from({ length: 40 }, () => world.submit(proof(submission(world, 'claim', { nullifiers })))))
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
      const codes = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [(outcome.reason as { code: string }).code] : []))
      assert.deepEqual(new Set(codes), new Set(['NULLIFIER_SPENT']))
    })

    it('finds the entry that spent a nullifier', async () => {
      const json = submission(world)
      const { entry } = await world.submit(proof(json))
      assert.equal(await world.registry.spentIn(parseField((json['nullifiers'] as string[])[0])), entry.index)
      await assert.rejects(world.registry.spentIn(parseField(fresh())), { code: 'NOT_FOUND' })
    })
  })

  it('ends one submission, not the registry, when a check of ours breaks', async () => {
    let broken = true
    const checks = { ...CHECKS, proof: async (...args: Parameters<typeof CHECKS.proof>) => (broken ? Promise.reject(new TypeError('a defect')) : CHECKS.proof(...args)) }
    const registry = await Registry.open({ store: new SqliteStore(world.directory), logKey: LOG_KEY, checks, clock: () => START })
    await assert.rejects(registry.submit(proof(submission(world))), TypeError)
    broken = false
    assert.equal(registry.failure, undefined)
    await registry.submit(proof(submission(world)))
    await registry.close()
    world = await newWorld()
  })

  it('refuses what comes when too much is waiting', async () => {
    const narrow = await Registry.open({ store: new SqliteStore(world.directory), logKey: LOG_KEY, checks: CHECKS, clock: () => START, queue: 4 })
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => narrow.submit(proof(submission(world)))))
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [(outcome.reason as { code: string }).code] : []))
    assert.deepEqual(refused, Array(6).fill('BUSY'))
    await narrow.close()
    world = await newWorld()
  })
})

type Proof = { a: [string, string]; b: [[string, string], [string, string]]; c: [string, string] }

/** (−A, −B, C): the same product. */
function negated({ a, b, c }: Proof): Json {
  const minus = (y: string): string => String(Q - BigInt(y))
  return { a: [a[0], minus(a[1])], b: [b[0], [minus(b[1][0]), minus(b[1][1])]], c }
}
