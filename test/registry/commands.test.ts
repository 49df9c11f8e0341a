import assert from 'node:assert/strict'
import { newIssuingKey } from '../../src/credential/issuing-key.ts'
import type { Json } from '../../src/hash/canonical.ts'
import { realChecks } from '../../src/registry/checks.ts'
import { type Envelope, signEnvelope } from '../../src/signature/envelope.ts'
import { generateOrganisationKey, keyId, publicPart } from '../../src/signature/organisation-key.ts'
import { verificationKeyId } from '../../src/verifier/groth16.ts'
import { parseView } from '../../src/view/view.ts'
import {
  accredit, admit, CHECKS, command, ESCROW_KEY, genesis, GOVERNORS, HOSPITAL, INSURER, ISSUING_KEY, KEYS, LOG_KEY, MINISTRY, newDirectory, nonce, openWorld,
  pointOf, pristine, publicOf, publishStatus, refuses, registerShape, registerStatement, REGULATOR, SCHEMA, SCHEMA_ID, setup, SIMULATED, STATEMENTS, STRANGER, TWO, type World,
} from './specimen.ts'

const json = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json

describe('a registry’s commands', () => {
  let world!: World
  beforeEach(async () => {
    world = await pristine(world)
  })
  after(() => world.registry.close())

  it('lead to a view that agrees with itself', () => {
    const view = parseView(json(world.registry.view()), publicPart(LOG_KEY))
    assert.equal(view.size, world.registry.size)
    assert.deepEqual([...view.statements.keys()], [...world.registry.known.statements.keys()])
    assert.equal(view.directory.root, world.registry.known.directory.roots.current)
  })

  describe('of any kind', () => {
    it('are refused before genesis', async () => {
      const empty = await openWorld(newDirectory())
      await assert.rejects(empty.submit(admit(STRANGER)), { code: 'NOT_READY' })
    })

    it('are refused with a second genesis', () => refuses(world, genesis(), 'EXISTS'))

    it('are refused for another registry', async () => {
      const { body } = admit(STRANGER)
      await refuses(world, signed({ ...body, origin: 'registry.example/other' }, ...TWO), 'WRONG_ORIGIN')
    })

    it('give the same receipt when sent again', async () => {
      const again = admit(STRANGER)
      const first = await world.submit(again)
      world.clock.now += 50
      assert.deepEqual(await world.submit(again), first)
      assert.equal(world.registry.size, first.entry.index + 1)
    })

    it('are refused with a nonce that was used for something else (D22)', async () => {
      const first = admit(STRANGER)
      await world.submit(first)
      const { body } = command('scope.register', { name: 'other' })
      await refuses(world, signed({ ...body, nonce: first.body['nonce']! }, INSURER), 'REPLAYED')
    })

    it('are refused with that nonce after a restart too (D22)', async () => {
      const first = admit(STRANGER)
      await world.submit(first)
      world = await world.reopened()
      await refuses(world, signed({ ...command('scope.register', { name: 'other' }).body, nonce: first.body['nonce']! }, INSURER), 'REPLAYED')
    })

    it('are refused when a signature is by another key', async () => {
      const forged = signEnvelope(command('scope.register', { name: 'other' }).body, INSURER, generateOrganisationKey())
      await refuses(world, forged, 'BAD_SIGNATURE')
    })

    it('are refused when one of several signatures does not hold', async () => {
      const { body, signatures } = admit(STRANGER)
      await refuses(world, { body, signatures: [...signatures, { ...signatures[0]!, organisation: GOVERNORS[2] }] }, 'BAD_SIGNATURE')
    })

    it('are refused when one organisation signs twice', async () => {
      const { body, signatures } = command('organisation.admit', admit(STRANGER).body as Record<string, Json>, GOVERNORS[0])
      await refuses(world, { body, signatures: [...signatures, ...signatures] }, 'BAD_SIGNATURE')
    })

    it('are refused when the body was changed after signing', async () => {
      const { body, signatures } = admit(STRANGER)
      await refuses(world, { body: { ...body, name: 'Another' }, signatures }, 'BAD_SIGNATURE')
    })

    it('are refused from organisations that are not admitted', () => refuses(world, command('scope.register', { name: 'other' }, STRANGER), 'UNKNOWN_ORGANISATION'))

    it('are refused from nobody', () => refuses(world, command('scope.register', { name: 'other' }), 'FORBIDDEN'))

    for (const [what, change] of Object.entries({
      'an unknown type': (c: Envelope) => ({ ...c, body: { ...c.body, type: 'organisation.promote' } }),
      'a further member': (c: Envelope) => ({ ...c, body: { ...c.body, more: 1 } }),
      'a missing member': ({ body: { name: _, ...body }, signatures }: Envelope) => ({ body, signatures }),
      'no nonce': ({ body: { nonce: _, ...body }, signatures }: Envelope) => ({ body, signatures }),
      'a nonce in capitals': (c: Envelope) => ({ ...c, body: { ...c.body, nonce: nonce().toUpperCase().replace(/^./, 'A') } }),
      'a code in another spelling': (c: Envelope) => ({ ...c, body: { ...c.body, organisation: 'lei:small' } }),
      'seventeen signatures': (c: Envelope) => ({ ...c, signatures: Array(17).fill(c.signatures[0]) }),
      'a list for a body': (c: Envelope) => ({ ...c, body: [] }),
      'null': () => null,
    }))
      it(`are refused with ${what}`, () => refuses(world, change(admit(STRANGER)), 'MALFORMED'))
  })

  describe('genesis', () => {
    it('is refused with another log key than the registry has', async () => {
      const empty = await openWorld(newDirectory())
      const { body } = genesis()
      await assert.rejects(empty.submit({ body: { ...body, logKey: publicPart(generateOrganisationKey()) }, signatures: [] }), { code: 'KEY_INVALID' })
    })

    for (const [what, change, code] of [
      ['more governors needed than there are', { k: 4 }, 'MALFORMED'],
      ['an origin with a space', { origin: 'registry example' }, 'MALFORMED'],
      ['one governor twice', { governors: Array(2).fill({ organisation: GOVERNORS[0], name: 'x', keys: [publicOf(GOVERNORS[0])] }) }, 'MALFORMED'],
      ['one key for two governors', { governors: [GOVERNORS[0], GOVERNORS[1]].map((organisation) => ({ organisation, name: 'x', keys: [publicOf(GOVERNORS[0])] })) }, 'MALFORMED'],
      ['a key of small order', { governors: [{ organisation: GOVERNORS[0], name: 'x', keys: [{ alg: 'ed25519', publicKey: '01'.padEnd(64, '0') }] }], k: 1 }, 'KEY_INVALID'],
    ] as const)
      it(`is refused with ${what}`, async () => {
        const empty = await openWorld(newDirectory())
        await assert.rejects(empty.submit({ body: { ...genesis().body, ...change }, signatures: [] }), { code })
        assert.equal(empty.registry.size, 0)
      })
  })

  describe('on organisations', () => {
    it('are refused with one governor’s signature where two are needed', () => refuses(world, command('organisation.admit', members(admit(STRANGER)), GOVERNORS[0]), 'FORBIDDEN'))

    it('are refused with signatures of others in governors’ place', () => refuses(world, command('organisation.admit', members(admit(STRANGER)), GOVERNORS[0], MINISTRY), 'FORBIDDEN'))

    it('are refused when the organisation is there', () => refuses(world, admit(HOSPITAL), 'EXISTS'))

    it('are refused with another organisation’s key', () =>
      refuses(world, command('organisation.admit', { organisation: STRANGER, name: 'x', keys: [publicOf(HOSPITAL)] }, ...TWO), 'EXISTS'))

    it('let an organisation change its own keys', async () => {
      const key = generateOrganisationKey('p256')
      await world.submit(rotation([{ ...publicPart(key) }], [keyId(KEYS.get(INSURER)!)], INSURER))
      await refuses(world, command('scope.register', { name: 'late' }, INSURER), 'BAD_SIGNATURE')
      await world.submit(signEnvelope(command('scope.register', { name: 'late' }).body, INSURER, key))
    })

    it('let governors replace lost keys', async () => {
      await world.submit(rotation([{ ...publicPart(generateOrganisationKey()) }], [], ...TWO))
    })

    it('let no other organisation touch the keys', () => refuses(world, rotation([{ ...publicPart(generateOrganisationKey()) }], [], HOSPITAL), 'FORBIDDEN'))

    it('leave nobody without a key', () => refuses(world, rotation([], [keyId(KEYS.get(INSURER)!)], INSURER), 'MALFORMED'))

    it('are refused when they remove a key that is not there', () => refuses(world, rotation([], ['00'.repeat(32)], INSURER), 'UNKNOWN_KEY'))

    it('silence who is suspended', async () => {
      await world.submit(command('organisation.suspend', { organisation: INSURER }, ...TWO))
      await refuses(world, command('scope.register', { name: 'late' }, INSURER), 'SUSPENDED')
      await refuses(world, command('organisation.suspend', { organisation: INSURER }, ...TWO), 'SUSPENDED')
    })

    it('lift a suspension by admitting again', async () => {
      await world.submit(command('organisation.suspend', { organisation: INSURER }, ...TWO))
      await world.submit(admit(INSURER))
      await world.submit(command('scope.register', { name: 'late' }, INSURER))
    })

    it('leave enough governors to decide', async () => {
      await world.submit(command('organisation.suspend', { organisation: GOVERNORS[2] }, ...TWO))
      await refuses(world, command('organisation.suspend', { organisation: GOVERNORS[1] }, ...TWO), 'FORBIDDEN')
    })
  })

  describe('on schemas and issuers', () => {
    it('are refused without the authority’s signature', () => refuses(world, command('schema.register', { schema: json({ ...SCHEMA, $id: 'second', namespace: 'n.second' }) }, HOSPITAL), 'FORBIDDEN'))

    it('compile no schema that nobody signed (A7)', () => refuses(world, command('schema.register', { schema: { ...json(SCHEMA) as object, naturalKey: ['nothing'] } }), 'FORBIDDEN'))

    it('are refused for a schema that is none', () => refuses(world, command('schema.register', { schema: { ...json(SCHEMA) as object, naturalKey: ['nothing'] } }, MINISTRY), 'SCHEMA_INVALID'))

    it('take a newer version of a schema', async () => {
      await world.submit(command('schema.register', { schema: json({ ...SCHEMA, version: 2 }) }, MINISTRY))
    })

    it('refuse the same version with other content', () => refuses(world, command('schema.register', { schema: json({ ...SCHEMA, title: 'Another' }) }, MINISTRY), 'EXISTS'))

    it('refuse another authority in the same namespace', () =>
      refuses(world, command('schema.register', { schema: json({ ...SCHEMA, $id: 'mine', authority: HOSPITAL }) }, HOSPITAL), 'FORBIDDEN'))

    it('accredit only with the authority’s signature', () => refuses(world, accredit({ key: newIssuingKey(), listNumber: 2, signers: [HOSPITAL] }), 'FORBIDDEN'))

    it('accredit only with a certificate by the issuer itself', () => refuses(world, accredit({ key: newIssuingKey(), listNumber: 2, certifier: INSURER }), 'BAD_SIGNATURE'))

    it('accredit only with a certificate for this registry', () => refuses(world, accredit({ key: newIssuingKey(), listNumber: 2, origin: 'registry.example/other' }), 'WRONG_ORIGIN'))

    it('accredit only for registered schemas', () => refuses(world, accredit({ key: newIssuingKey(), schemaId: '7' }), 'UNKNOWN_SCHEMA'))

    it('accredit one key once for a list', () => refuses(world, accredit(), 'EXISTS'))

    it('accredit no key of another organisation', () => refuses(world, accredit({ organisation: INSURER }), 'EXISTS'))

    it('accredit no key off the curve', () => refuses(world, accredit({ key: { x: ISSUING_KEY.x, y: ISSUING_KEY.x } }), 'KEY_INVALID'))

    it('keep the leaf of a key that was rotated out', async () => {
      await world.submit(retire('rotated', MINISTRY))
      assert.equal(world.registry.known.directory.entries().length, 1)
      await refuses(world, retire('rotated', MINISTRY), 'RETIRED')
    })

    for (const reason of ['compromised', 'withdrawn'] as const)
      it(`take away the leaf of a key that was ${reason}`, async () => {
        const { roots } = world.registry.known.directory
        const before = roots.current
        world.clock.now += 10
        await world.submit(retire(reason, MINISTRY))
        assert.equal(world.registry.known.directory.entries().length, 0)
        assert.equal(roots.supersededAt(before), world.clock.now)
      })

    for (const by of [HOSPITAL, MINISTRY])
      it(`take away every leaf of a key that ${by === HOSPITAL ? 'its issuer' : 'the authority of its schemas'} reports compromised`, async () => {
        await world.submit(accredit({ listNumber: 2 }))
        await world.submit(accredit({ key: newIssuingKey(), listNumber: 3 }))
        await world.submit(retire('compromised', by))
        assert.deepEqual(world.registry.known.directory.entries().map(({ leaf }) => leaf.listNumber), [3])
      })

    it('never accredit a compromised key again', async () => {
      await world.submit(retire('compromised', HOSPITAL))
      await refuses(world, accredit({ listNumber: 2 }), 'RETIRED')
    })

    it('do not let an issuer withdraw itself', () => refuses(world, retire('withdrawn', HOSPITAL), 'FORBIDDEN'))

    it('let nobody else retire an issuer', () => refuses(world, retire('compromised', INSURER), 'FORBIDDEN'))

    it('refuse to retire who is not accredited', () => refuses(world, retire('withdrawn', MINISTRY, 9), 'UNKNOWN_ISSUER'))

    it('give an old and a new key of one list the same revocations', async () => {
      await world.submit(accredit({ key: newIssuingKey(), listNumber: 2 }))
      await world.submit(publishStatus(1, [5]))
      await world.submit(accredit({ key: newIssuingKey() }))
      const roots = world.registry.known.directory.entries().map(({ leaf }) => [leaf.listNumber, leaf.statusRoot] as const)
      assert.equal(roots[0]![1], roots[2]![1])
      assert.notEqual(roots[0]![1], roots[1]![1])
      await world.submit(publishStatus(2, [5, 6]))
      const [first, , third] = world.registry.known.directory.entries()
      assert.equal(first!.leaf.statusRoot, third!.leaf.statusRoot)
    })

    it('publish a list only with the issuer’s signature', () => refuses(world, publishStatus(1, [3], { signer: MINISTRY }), 'FORBIDDEN'))

    it('publish a list only in a rising sequence', async () => {
      await world.submit(publishStatus(2, [3]))
      await refuses(world, publishStatus(2, [3, 4]), 'STALE')
      await refuses(world, publishStatus(1, []), 'STALE')
    })

    it('publish no list without an issuer', () => refuses(world, publishStatus(1, [3], { listNumber: 7 }), 'UNKNOWN_LIST'))

    for (const [what, list] of [['trailing zero bytes', 'gAA'], ['padding', 'gA=='], ['another alphabet', 'g+8/'], ['loose bits at the end', 'gB']] as const)
      it(`publish no list with ${what}`, () => refuses(world, command('status.publish', { organisation: HOSPITAL, schemaId: SCHEMA_ID, listNumber: 1, sequence: 1, list }, HOSPITAL), 'MALFORMED'))

    it('serve all lists of a schema', async () => {
      await world.submit(accredit({ key: newIssuingKey(), listNumber: 2 }))
      await world.submit(publishStatus(1, [0]))
      const lists = (await world.registry.lists(world.registry.known.schemas.keys().next().value!)) as { all: { list: string; sequence: number }[] }
      assert.deepEqual(lists.all.map(({ list, sequence }) => [list, sequence]), [['gA', 1], ['', 0]])
    })
  })

  describe('on sets, scopes and regulators', () => {
    it('refuse a scope that is there', () => refuses(world, command('scope.register', { name: 'claims' }, INSURER), 'EXISTS'))

    it('refuse a set of another owner', () => refuses(world, command('set.publish', { name: 'members', of: 'code', members: ['LEI:C'] }, HOSPITAL), 'FORBIDDEN'))

    it('refuse another type of members', () => refuses(world, command('set.publish', { name: 'members', of: 'integer', members: [1] }, INSURER), 'EXISTS'))

    it('refuse a member twice', () => refuses(world, command('set.publish', { name: 'numbers', of: 'integer', members: [1, '1'] }, INSURER), 'MALFORMED'))

    it('refuse a member that does not fit the type', () => refuses(world, command('set.publish', { name: 'days', of: 'date', members: ['2024-02-30'] }, INSURER), 'MALFORMED'))

    it('keep the time at which a set’s root was replaced', async () => {
      const before = world.registry.known.sets.get('members')!.roots.current
      world.clock.now += 5
      await world.submit(command('set.publish', { name: 'members', of: 'code', members: ['LEI:A'] }, INSURER))
      assert.equal(world.registry.known.sets.get('members')!.roots.supersededAt(before), world.clock.now)
    })

    for (const [what, signers] of [['the governors', [REGULATOR]], ['the regulator', TWO]] as const)
      it(`refuse a regulator without the signature of ${what}`, () => refuses(world, command('regulator.register', { organisation: REGULATOR, name: 'second', escrowKey: pointOf(ESCROW_KEY) }, ...signers), 'FORBIDDEN'))

    it('refuse another escrow key under the same name', () => refuses(world, regulator('watchdog', pointOf(newIssuingKey())), 'EXISTS'))

    for (const [what, escrowKey] of [
      ['the identity', { x: '0', y: '1' }],
      ['a point of order 2', { x: '0', y: '21888242871839275222246405745257275088548364400416034343698204186575808495616' }],
      ['a point off the curve', { x: '1', y: '1' }],
    ] as const)
      it(`refuse ${what} as an escrow key`, () => refuses(world, regulator('second', escrowKey), 'KEY_INVALID'))
  })

  describe('on shapes and statements', () => {
    it('refuse a verification key without two governors', () => refuses(world, command('shape.register', members(registerShape('attest')), GOVERNORS[0]), 'FORBIDDEN'))

    it('refuse a verification key whose ceremony is not to be trusted (B9)', () =>
      refuses(world, command('shape.register', { ...members(registerShape('attest')), verificationKey: { another: 'key' }, transcript: {} }, ...TWO), 'KEY_INVALID'))

    it('refuse, with the real checks, a key with delta = gamma and one that no ceremony made (B9)', async () => {
      const real = await openWorld(newDirectory(), undefined, realChecks({ attest: '00'.repeat(32), match: '00'.repeat(32) }))
      await real.submit(genesis())
      const key = SIMULATED.attest.verificationKey as Record<string, Json>
      const register = (verificationKey: Json) => command('shape.register', { ...members(registerShape('attest')), verificationKey }, ...TWO)
      await refuses(real, register({ ...key, vk_delta_2: key['vk_gamma_2']! }), 'KEY_INVALID')
      await refuses(real, register({ ...key, IC: (key['IC'] as Json[]).slice(1) }), 'KEY_INVALID')
      await refuses(real, register(key), 'TRANSCRIPT_INVALID')
      await real.registry.close()
    })

    it('look at no ceremony that too few governors have signed (A7)', async () => {
      let looked = 0
      const counting = await openWorld(world.directory, world.clock, { ...CHECKS, key: async () => void looked++ })
      const unsigned = { body: registerShape('attest').body, signatures: [] }
      await refuses(counting, unsigned, 'FORBIDDEN')
      await refuses(counting, command('shape.register', members(registerShape('attest')), GOVERNORS[0]), 'FORBIDDEN')
      assert.equal(looked, 0)
      await counting.registry.close()
    })

    it('refuse a shape that does not exist', () => refuses(world, command('shape.register', { ...members(registerShape('attest')), shape: 'transfer' }, ...TWO), 'UNKNOWN_SHAPE'))

    it('refuse a key that is registered already', () => refuses(world, registerShape('attest'), 'EXISTS'))

    it('refuse to retire a key twice', async () => {
      const retirement = () => command('shape.retire', { shape: 'attest', verificationKey: verificationKeyId(SIMULATED.attest.verificationKey) }, ...TWO)
      await world.submit(retirement())
      await refuses(world, retirement(), 'RETIRED')
    })

    it('refuse a statement that is registered already', () => refuses(world, registerStatement('claim', INSURER), 'EXISTS'))

    it('refuse a look-alike of a statement under its name and version', async () => {
      const definition = { ...STATEMENTS.glance.definition, rules: ['bill.payer = $payer', 'bill.amount <= 5000'] }
      await refuses(world, command('statement.register', { statement: json(await pin(definition)) }, HOSPITAL), 'EXISTS')
    })

    it('refuse a newer version of another organisation’s statement', async () => {
      const definition = { ...STATEMENTS.glance.definition, version: 2, rules: ['bill.payer = $payer', 'bill.amount <= 5000'] }
      await refuses(world, command('statement.register', { statement: json(await pin(definition)) }, INSURER), 'FORBIDDEN')
      await world.submit(command('statement.register', { statement: json(await pin(definition)) }, HOSPITAL))
    })

    it('refuse rules that are not what the definition compiles to', () =>
      refuses(world, command('statement.register', { statement: { ...(json(STATEMENTS.claim) as object), rules: '5' } }, INSURER), 'INPUTS_DIFFER'))

    it('refuse a statement over a schema that is not registered', () =>
      refuses(world, command('statement.register', { statement: { ...(json(STATEMENTS.claim) as object), schemas: { bill: '7' } } }, INSURER), 'UNKNOWN_SCHEMA'))

    it('refuse a statement that spends in a scope without its owner’s signature', async () => {
      const definition = { ...STATEMENTS.claim.definition, version: 2 }
      await refuses(world, command('statement.register', { statement: json(await pin(definition)) }, HOSPITAL), 'FORBIDDEN')
    })

    for (const [what, definition, code] of [
      ['a scope', { ...STATEMENTS.claim.definition, version: 2, once: { bill: 'nowhere' } }, 'UNKNOWN_SCOPE'],
      ['a set', { ...STATEMENTS.member.definition, version: 2, rules: ['bill.payer in set:nobody'] }, 'UNKNOWN_SET'],
      ['a regulator', { ...STATEMENTS.pair.definition, version: 2, escrow: { regulator: 'nobody', values: ['one.payer'] } }, 'UNKNOWN_REGULATOR'],
    ] as const)
      it(`refuse a statement with ${what} that is not registered`, async () => refuses(world, command('statement.register', { statement: json(await pin(definition)) }, INSURER), code))

    it('refuse a set of another type than the operand', async () => {
      const definition = { ...STATEMENTS.member.definition, version: 2, rules: ['bill.amount in set:members'] }
      await refuses(world, command('statement.register', { statement: json(await pin(definition)) }, INSURER), 'STATEMENT_INVALID')
    })

    it('let only the registrant retire a statement, once', async () => {
      const [hash] = world.registry.known.statements.keys()
      await refuses(world, command('statement.retire', { statement: hash! }, HOSPITAL), 'FORBIDDEN')
      await world.submit(command('statement.retire', { statement: hash! }, INSURER))
      await refuses(world, command('statement.retire', { statement: hash! }, INSURER), 'RETIRED')
    })

    it('refuse a protocol that this software does not know', () => refuses(world, command('protocol.activate', { version: 2 }, ...TWO), 'NOT_READY'))
  })

  it('set everything up in as many entries as commands', () => assert.equal(world.registry.size, setup().length + 1))
})

function signed(body: Envelope['body'], ...signers: readonly string[]): Envelope {
  return signers.reduce<Envelope>((envelope, signer) => signEnvelope(envelope, signer, KEYS.get(signer)!), { body, signatures: [] })
}

/** A command's members without type, origin and nonce. */
function members({ body: { type: _type, origin: _origin, nonce: _nonce, ...rest } }: Envelope): Record<string, Json> {
  return rest as Record<string, Json>
}

function rotation(add: Json, remove: readonly string[], ...signers: readonly string[]): Envelope {
  return command('organisation.rotate', { organisation: INSURER, add, remove }, ...signers)
}

function retire(reason: string, signer: string, listNumber = 1): Envelope {
  return command('issuer.retire', { organisation: HOSPITAL, issuingKey: pointOf(ISSUING_KEY), schemaId: SCHEMA_ID, listNumber, reason }, signer)
}

function regulator(name: string, escrowKey: Json): Envelope {
  return command('regulator.register', { organisation: REGULATOR, name, escrowKey }, REGULATOR, ...TWO)
}

async function pin(definition: unknown) {
  const { parseSchema } = await import('../../src/document/schema.ts')
  const { pinStatement } = await import('../../src/shape/pin.ts')
  const { compileStatement } = await import('../../src/statement/compiler.ts')
  const { parseDefinition } = await import('../../src/statement/definition.ts')
  return pinStatement(compileStatement(parseDefinition(definition), () => parseSchema(SCHEMA)))
}
