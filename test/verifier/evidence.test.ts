import assert from 'node:assert/strict'
import { toField } from '../../src/field/field.ts'
import { signEnvelope } from '../../src/signature/envelope.ts'
import { generateOrganisationKey, publicPart } from '../../src/signature/organisation-key.ts'
import { verifyEvidence } from '../../src/verifier/evidence.ts'
import { INSURER, MINISTRY, NOW, Scene } from './scene.ts'

describe('evidence', () => {
  const scene = new Scene()
  const trust = { logKey: publicPart(scene.log.key) }
  const request = scene.request()
  const answer = scene.answerJson(request)
  const index = scene.accept(scene.answer(request).submission)
  const other = scene.accept(scene.answer(scene.request()).submission)
  /** As of now: other tests extend the log, and all receipts of a bundle are for one size. */
  const bundled = () => scene.evidence(index, { request, answer })
  const refuses = (json: unknown, code: string, trusted: { logKey?: { alg: 'ed25519' | 'p256'; publicKey: string } } = trust) => assert.rejects(verifyEvidence(json, trusted), { name: 'Refusal', code })

  it('shows with every service off what was proved, to whom, and when it was accepted', async () => {
    const { accepted, askedBy, disclosed, pseudonym } = await verifyEvidence(bundled(), trust)
    assert.deepEqual(accepted, { index, at: NOW, size: scene.log.size })
    assert.equal(askedBy, INSURER)
    assert.equal(disclosed?.['invoice.ward'], 'Ward 7')
    assert.equal(pseudonym, '424242')
  })
  it('shows less without the openings, and says so', async () => {
    const { accepted, askedBy, disclosed, notSeen } = await verifyEvidence(scene.evidence(index), trust)
    assert.equal(accepted?.index, index)
    assert.equal(askedBy ?? disclosed, undefined)
    assert.ok(notSeen.some((line) => /signed request/.test(line)) && notSeen.some((line) => /opening/.test(line)))
  })
  it('says when it vouches for its own log key', async () => assert.ok((await verifyEvidence(bundled())).notSeen.some((line) => /log key/.test(line))))
  it('covers sets and escrows', async () => {
    for (const name of ['member', 'report'] as const) {
      const accepted = scene.accept(scene.answer(scene.request(name), name).submission)
      await verifyEvidence(scene.evidence(accepted, {}, name), trust)
    }
  })

  it('is refused under another log key', () => refuses(bundled(), 'BAD_SIGNATURE', { logKey: publicPart(generateOrganisationKey()) }))
  it('is refused with the genesis of another log', () => refuses({ ...bundled(), genesis: new Scene().log.recorded(0) }, 'BAD_SIGNATURE'))
  it('is refused when it says another origin', () => refuses({ ...bundled(), origin: 'other.example/log' }, 'WRONG_ORIGIN'))
  it('is refused when its receipts are for different checkpoints', () => {
    const receipt = scene.log.receipt(index, index + 1)
    return refuses({ ...bundled(), proof: { ...bundled().proof, receipt } }, 'INPUTS_DIFFER')
  })
  for (const [what, change] of Object.entries<(b: any) => object>({
    'another proof’s receipt': (b) => ({ proof: { ...b.proof, receipt: scene.log.receipt(other) } }),
    'a changed command': (b) => ({ proof: { ...b.proof, command: { ...b.proof.command, body: { ...b.proof.command.body, more: 1 } } } }),
  }))
    it(`is refused with ${what}`, () => refuses({ ...bundled(), ...change(bundled()) }, 'OPENING_INVALID'))
  for (const [what, name, replacement, code] of [
    ['another statement', 'statement', 'member', 'INPUTS_DIFFER'],
    ['a scope in place of the statement', 'statement', 'scope', 'INPUTS_DIFFER'],
    ['another verification key', 'shape', 'match', 'INPUTS_DIFFER'],
  ] as const)
    it(`is refused with ${what}`, () => refuses({ ...bundled(), [name]: scene.log.recorded(scene.index[replacement]!) }, code))
  it('is refused with another verification key of the same shape', () => {
    const { command } = scene.log.recorded(scene.index['attest']!) as { command: { body: { verificationKey: { IC: unknown[] } } } }
    const verificationKey = { ...command.body.verificationKey, IC: [...command.body.verificationKey.IC].reverse() }
    const shape = scene.log.append(scene.command('shape.register', { shape: 'attest', verificationKey, provingKey: 'ab'.repeat(32), transcript: {} }), {})
    const later = scene.accept(scene.answer(request).submission)
    return refuses({ ...scene.evidence(later), shape: scene.log.recorded(shape) }, 'INPUTS_DIFFER')
  })
  it('is refused when the log says something else of the proof than the proof', () => {
    const { submission } = scene.answer(request)
    const { command } = scene.log.recorded(scene.accept(submission))
    const facts = { ...scene.log.entries.at(-1)!['facts'] as object, nullifiers: ['7'] }
    return refuses(scene.evidence(scene.log.append(command, facts as never)), 'INPUTS_DIFFER')
  })
  it('is refused with a genesis that is not the first entry', () => {
    const own = new Scene()
    own.index['genesis'] = own.log.append(own.log.commands[0] as never, own.log.entries[0]!['facts'] as never)
    return assert.rejects(verifyEvidence(own.evidence(own.accept(own.answer(own.request()).submission))), { code: 'INPUTS_DIFFER' })
  })
  it('is refused with other commands among those about organisations', () => refuses({ ...bundled(), organisations: [...bundled().organisations, scene.log.recorded(scene.index['schema']!)] }, 'INPUTS_DIFFER'))
  it('is refused when an entry names other signers than its command', () => {
    const own = new Scene()
    const at = own.index['attest']!
    own.index['attest'] = own.log.append(own.log.commands[at] as never, own.log.entries[at]!['facts'] as never, undefined, [INSURER])
    return assert.rejects(verifyEvidence(own.evidence(own.accept(own.answer(own.request()).submission))), { code: 'BAD_SIGNATURE' })
  })
  it('is refused in another version, and with lists that are none', async () => {
    await refuses({ ...bundled(), evidence: 2 }, 'MALFORMED')
    await refuses({ ...bundled(), schemas: {} }, 'MALFORMED')
  })
  it('is refused without the schema', () => refuses({ ...bundled(), schemas: [] }, 'UNKNOWN_SCHEMA'))
  it('is refused without the scope', () => refuses({ ...bundled(), scopes: [] }, 'UNKNOWN_SCOPE'))
  it('is refused without the set that the statement names', () => {
    const accepted = scene.accept(scene.answer(scene.request('member'), 'member').submission)
    return refuses({ ...scene.evidence(accepted, {}, 'member'), sets: [] }, 'UNKNOWN_SET')
  })
  it('is refused without the regulator', () => {
    const accepted = scene.accept(scene.answer(scene.request('report'), 'report').submission)
    return refuses({ ...scene.evidence(accepted, {}, 'report'), regulators: [] }, 'UNKNOWN_REGULATOR')
  })
  it('is refused when the directory never had the root', () => refuses({ ...bundled(), directory: scene.log.receipt(scene.index['genesis']!) }, 'INPUTS_DIFFER'))
  it('is refused when something was registered after the proof', async () => {
    const late = scene.log.append(scene.command('scope.register', { name: 'reimbursement' }, [INSURER]), { name: 'reimbursement' })
    await refuses({ ...scene.evidence(index, { request, answer }), scopes: [scene.log.recorded(late)] }, 'INPUTS_DIFFER')
  })
  it('is refused when the proof does not hold, although it was recorded', () => {
    const wrong = scene.accept(scene.answer(request, 'claim', { proved: { disclosure: toField(1) } }).submission)
    return refuses(scene.evidence(wrong), 'PROOF_INVALID')
  })
  it('is refused with another request', () => refuses({ ...bundled(), request: scene.request() }, 'INPUTS_DIFFER'))
  it('is refused when the one who asked is not known in the log', () => refuses({ ...bundled(), organisations: [] }, 'BAD_SIGNATURE'))
  it('is refused when the one who asked was suspended before', () => {
    scene.index['suspend'] = scene.log.append(scene.command('organisation.suspend', { organisation: INSURER }), { organisation: INSURER })
    const later = scene.accept(scene.answer(request).submission)
    const json = scene.evidence(later, { request })
    return refuses({ ...json, organisations: [...json.organisations, scene.log.recorded(scene.index['suspend'])] }, 'BAD_SIGNATURE')
  })
  it('is refused when the one who asked got keys while suspended', () => {
    const own = new Scene()
    const key = generateOrganisationKey()
    const about = (type: string, members: object) => own.log.append(own.command(type, { organisation: INSURER, ...members }), { organisation: INSURER })
    const changes = [about('organisation.suspend', {}), about('organisation.rotate', { add: [{ ...publicPart(key) }], remove: [] })]
    const { body } = own.request()
    const asked = signEnvelope(body, INSURER, key)
    const json = own.evidence(own.accept(own.answer(asked).submission), { request: asked })
    return assert.rejects(verifyEvidence({ ...json, organisations: [...json.organisations, ...changes.map((at) => own.log.recorded(at))] }), { code: 'BAD_SIGNATURE' })
  })

  describe('by an operator who registers alone', () => {
    for (const [what, name, signers, code] of [
      ['a verification key', 'attest', [INSURER], 'FORBIDDEN'],
      ['a schema', 'schema', [INSURER], 'FORBIDDEN'],
      ['a statement without the owner of its scope', 'claim', [MINISTRY], 'FORBIDDEN'],
      ['a statement that nobody signed', 'claim', [], 'FORBIDDEN'],
      ['a scope', 'scope', [], 'FORBIDDEN'],
    ] as const)
      it(`is refused with ${what}`, () => {
        const own = new Scene()
        const { body } = own.log.commands[own.index[name]!] as { body: { type: string } }
        own.index[name] = own.log.append(own.command(body.type, body, signers), own.log.entries[own.index[name]!]!['facts'] as never)
        const proved = own.accept(own.answer(own.request()).submission)
        return assert.rejects(verifyEvidence(own.evidence(proved), { logKey: publicPart(own.log.key) }), { code })
      })

    for (const [what, type, members] of [
      ['new keys', 'organisation.rotate', { organisation: INSURER, add: [{ ...publicPart(generateOrganisationKey()) }], remove: [] }],
      ['an admission', 'organisation.admit', { organisation: 'SE:ORGNR:1', name: 'New', keys: [{ ...publicPart(generateOrganisationKey()) }] }],
    ] as const)
      it(`is refused with ${what}`, () => {
        const own = new Scene()
        const change = own.log.append(own.command(type, members, []), { organisation: members.organisation })
        const json = own.evidence(own.accept(own.answer(own.request()).submission))
        return assert.rejects(verifyEvidence({ ...json, organisations: [...json.organisations, own.log.recorded(change)] }), { code: 'FORBIDDEN' })
      })

    it('is refused with a governor’s signature that does not hold', () => {
      const own = new Scene()
      const { body } = own.log.commands[own.index['attest']!] as { body: { type: string } }
      const forged = own.command(body.type, body)
      forged.signatures[0].value = '11'.repeat(64)
      own.index['attest'] = own.log.append(forged, own.log.entries[own.index['attest']!]!['facts'] as never)
      const proved = own.accept(own.answer(own.request()).submission)
      return assert.rejects(verifyEvidence(own.evidence(proved), { logKey: publicPart(own.log.key) }), { code: 'BAD_SIGNATURE' })
    })
  })

  it('is refused with the answer to another submission', () => refuses({ ...bundled(), answer: scene.answerJson(scene.request()) }, 'INPUTS_DIFFER'))
  it('is refused with another opening', () => refuses({ ...bundled(), answer: { ...answer, pseudonym: '1' } }, 'OPENING_INVALID'))
  it('is refused with further members or without one', async () => {
    await refuses({ ...bundled(), more: 1 }, 'MALFORMED')
    const { scopes: _, ...less } = bundled()
    await refuses(less, 'MALFORMED')
  })
  for (const junk of [null, [], 'evidence', 7, {}]) it(`is not ${JSON.stringify(junk)}`, () => refuses(junk, 'MALFORMED'))
})
