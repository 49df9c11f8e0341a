import assert from 'node:assert/strict'
import { toField } from '../../src/field/field.ts'
import type { Envelope } from '../../src/signature/envelope.ts'
import { generateOrganisationKey, publicPart } from '../../src/signature/organisation-key.ts'
import type { RequestBody } from '../../src/statement/request.ts'
import { type AnswerToVerify, verifyAnswer, verifySubmission } from '../../src/verifier/verify.ts'
import { parseView } from '../../src/view/view.ts'
import { type Changes, INSURER, NOW, PARAMETERS, reparse, Scene } from './scene.ts'

describe('the answer to a request', () => {
  const scene = new Scene()
  const { view } = scene
  const request = scene.request()
  const verify = (change: Changes = {}, situation: Partial<AnswerToVerify> = {}) => verifyAnswer({ answer: scene.answerJson(request, 'claim', change), request, view, now: NOW, ...situation })
  const refuses = (promise: Promise<unknown>, code: string) => assert.rejects(promise, { name: 'Refusal', code })
  const { proof } = scene.answer(request).submission
  const viewWith = (change: (body: any) => void) => parseView(scene.viewJson(change), publicPart(scene.log.key))

  describe('establishes', () => {
    it('what the statement says, the values, the pseudonym and who may have issued', async () => {
      const { disclosed, pseudonym, askedBy, parameters, proved, hiddenAmong, statement } = await verify()
      assert.deepEqual(disclosed, { 'invoice.total': '481.5', 'invoice.ward': 'Ward 7' })
      assert.equal(pseudonym, '424242')
      assert.equal(askedBy, INSURER)
      assert.deepEqual(parameters, PARAMETERS)
      assert.equal(statement.name, 'invoice-within-policy')
      assert.deepEqual(hiddenAmong, { invoice: 1 })
      assert.ok(proved.length >= 4)
    })
    it('no acceptance without a receipt, and says so for a statement with once', async () => {
      const { accepted, notSeen } = await verify()
      assert.equal(accepted, undefined)
      assert.ok(notSeen.some((line) => /whether the invoice has been spent in the scope reimbursement is not known/.test(line)))
    })
    it('acceptance with a receipt', async () => {
      const answer = scene.answer(request)
      const index = scene.accept(answer.submission)
      const { accepted, notSeen } = await verify({}, { receipt: scene.log.receipt(index) })
      assert.deepEqual(accepted, { index, at: NOW, size: scene.log.size })
      assert.deepEqual(notSeen, [])
    })
    it('acceptance long after the request expired', async () => {
      const index = scene.accept(scene.answer(request).submission)
      assert.equal((await verify({}, { receipt: scene.log.receipt(index), now: NOW + 10 ** 8 })).accepted?.index, index)
    })
    it('the same pseudonym to the same verifier', async () => assert.equal((await verify()).pseudonym, (await verify()).pseudonym))
  })

  describe('is refused', () => {
    it('to another request of ours (D22)', () => refuses(verify({}, { request: scene.request() }), 'INPUTS_DIFFER'))
    it('to a request by another verifier (D22)', () => {
      const other = scene.request('claim', { verifier: 'SE:ORGNR:1111111111' })
      return refuses(verifyAnswer({ answer: scene.answerJson(other), request: other, view, now: NOW }), 'BAD_SIGNATURE')
    })
    it('to a request with another challenge', () => refuses(verify({}, { request: resigned({ challenge: 'ab'.repeat(16) }) }), 'INPUTS_DIFFER'))
    it('to a request with another expiry (C18)', () => refuses(verify({}, { request: resigned({ expires: NOW + 601 }) }), 'INPUTS_DIFFER'))
    it('to a request with another release key (C18)', () => refuses(verify({}, { request: resigned({ releaseKey: generateOrganisationKey().publicKey }) }), 'INPUTS_DIFFER'))
    it('to a request for another registry (C18)', () => refuses(verify({}, { request: resigned({ origin: 'other.example/log' }) }), 'WRONG_ORIGIN'))
    it('to a request for another statement (C18)', () => refuses(verify({}, { request: resigned({ statement: scene.statements.member.hash, parameters: {} }) }), 'INPUTS_DIFFER'))
    it('to a request that nobody signed', () => refuses(verify({}, { request: { ...request, signatures: [] } }), 'BAD_SIGNATURE'))
    it('when the submission says another request than the proof is for', () => refuses(verify({ proved: { request: 'ab'.repeat(32) as never } }), 'PROOF_INVALID'))

    // A proof for parameters nobody asked for: valid, and signed by nobody.
    it('for another limit than was asked (d)', () => refuses(verify({ parameters: { ...PARAMETERS, limit: '5000000.00' } }), 'OPENING_INVALID'))
    it('for another insured person than was asked (d)', () => refuses(verify({ parameters: { ...PARAMETERS, insured: 'SE:PNR:000000000000' } }), 'OPENING_INVALID'))
    it('with another blinding of the parameters', () => refuses(verify({ answer: { parameterBlinding: toField(1) } }), 'OPENING_INVALID'))
    it('with another set root than was asked', () => refuses(verify({ answer: { parameterSetRoot: toField(1) } }), 'OPENING_INVALID'))
    it('with another revealed value', () => refuses(verify({ answer: { values: [toField(1), toField(2)] } }), 'OPENING_INVALID'))
    it('with a value less', () => refuses(verify({ answer: { values: [] } }), 'OPENING_INVALID'))
    it('with another text', () => refuses(verify({ answer: { texts: { 'invoice.ward': 'Ward 8' } } }), 'OPENING_INVALID'))
    it('without the text', () => refuses(verify({ answer: { texts: {} } }), 'OPENING_INVALID'))
    it('with another pseudonym', () => refuses(verify({ answer: { pseudonym: toField(1) } }), 'OPENING_INVALID'))
    it('with another blinding of the disclosure', () => refuses(verify({ answer: { disclosureBlinding: toField(1) } }), 'OPENING_INVALID'))

    for (const [name, change] of Object.entries({
      nullifiers: [toField(1)],
      linkTags: [toField(1)],
      disclosure: toField(1),
      parameterCommitment: toField(1),
      directoryRoot: toField(1),
      now: NOW - 6,
    }))
      it(`when the proof is for another ${name} (A3, C18)`, () => refuses(verify({ proved: { [name]: change } }), 'PROOF_INVALID'))
    it('when the proof is another statement’s', () => refuses(verify({ submission: { proof: scene.answer(scene.request('member'), 'member').submission.proof } }), 'PROOF_INVALID'))
    it('when the proof is another shape’s (A4)', () => refuses(verify({ submission: { shape: 'match', proof } }), 'INPUTS_DIFFER'))
    it('under a key that is not registered (A4)', () => refuses(verify({ submission: { verificationKey: 'ab'.repeat(32) as never } }), 'UNKNOWN_KEY'))
    it('under the key of another shape (A4)', () => refuses(verify({ submission: { verificationKey: [...view.shapes.get('match')!][0]!.key } }), 'UNKNOWN_KEY'))
    it('with a set root, where no set is named', () => refuses(verify({ submission: { setRoot: toField(1), proof } }), 'INPUTS_DIFFER'))
    it('with an escrow, where none is asked', () => refuses(verify({ submission: { escrow: [1, 2, 3, 4].map((x) => toField(x)), proof } }), 'INPUTS_DIFFER'))
    it('with a second nullifier', () => refuses(verify({ submission: { nullifiers: [toField(1), toField(2)], linkTags: [toField(1), toField(2)], proof } }), 'INPUTS_DIFFER'))
    it('with a point off the curve (A5)', () => refuses(verify({ submission: { proof: { a: ['1', '3'], b: [['1', '2'], ['3', '4']], c: ['1', '2'] } } }), 'MALFORMED'))
    it('with further members (A5)', () => refuses(verifyAnswer({ answer: { ...scene.answerJson(request), trusted: true }, request, view, now: NOW }), 'MALFORMED'))

    it('on a directory root that the registry never had (D21)', () => refuses(verify({ submission: { directoryRoot: toField(7) } }), 'UNKNOWN_ROOT'))
    it('on a directory root that was replaced too long ago (D21)', () => {
      const old = viewWith((body) => (body.directory.recentRoots = [{ root: '7', supersededAt: NOW - 300 }]))
      return refuses(verify({ submission: { directoryRoot: toField(7) } }, { view: old }), 'ROOT_SUPERSEDED')
    })
    it('not on one that was replaced a moment less ago', async () => {
      const recent = viewWith((body) => (body.directory.recentRoots = [{ root: '7', supersededAt: NOW - 299 }]))
      await verify({ submission: { directoryRoot: toField(7) } }, { view: recent })
    })
    it('proved before the request was made, or later than now (D23)', async () => {
      await refuses(verify({ submission: { now: NOW - 60 - 121 } }), 'NOW_OUT_OF_RANGE')
      await refuses(verify({ submission: { now: NOW + 121 } }), 'NOW_OUT_OF_RANGE')
      await verify({ submission: { now: NOW + 120 } })
    })
    it('in the very second in which the request expires (D23)', async () => {
      await verify({}, { now: NOW + 599 })
      await refuses(verify({}, { now: NOW + 600 }), 'REQUEST_EXPIRED')
    })
    it('for a retired statement or key, without a receipt from before', async () => {
      await refuses(verify({}, { view: viewWith((body) => (body.statements[0].status = 'retired')) }), 'RETIRED')
      await refuses(verify({}, { view: viewWith((body) => (body.shapes[0].status = 'retired')) }), 'RETIRED')
    })
    it('with a view that is not its checkpoint’s (E28)', async () => {
      await refuses(verify({}, { view: viewWith((body) => body.size++) }), 'INPUTS_DIFFER')
      await refuses(verify({}, { view: viewWith((body) => (body.checkpoint = new Scene().log.checkpoint())) }), 'BAD_SIGNATURE')
      await refuses(verifySubmission(reparse(scene.answer(request).submission), viewWith((body) => body.size++), NOW), 'INPUTS_DIFFER')
    })
    it('for a statement that is not registered', () => refuses(verify({}, { view: viewWith((body) => body.statements.shift()) }), 'UNKNOWN_STATEMENT'))
    it('when the verifier’s own keys are no longer current', () => refuses(verify({}, { view: viewWith((body) => (body.organisations[0].status = 'suspended')) }), 'BAD_SIGNATURE'))
  })

  describe('with a receipt is refused', () => {
    const index = scene.accept(scene.answer(request).submission)
    const receipt = scene.log.receipt(index)

    it('when the receipt is for another submission', () => {
      const other = scene.request()
      const otherIndex = scene.accept(scene.answer(other).submission)
      return refuses(verify({}, { receipt: scene.log.receipt(otherIndex) }), 'INPUTS_DIFFER')
    })
    it('when the receipt is for another nullifier', () => {
      const otherIndex = scene.accept(scene.answer(request, 'claim', { submission: { nullifiers: [toField(99)] } }).submission)
      return refuses(verify({}, { receipt: scene.log.receipt(otherIndex) }), 'INPUTS_DIFFER')
    })
    it('when the entry is no proof’s', () => refuses(verify({}, { receipt: scene.log.receipt(0) }), 'INPUTS_DIFFER'))
    it('when the receipt is changed', () => refuses(verify({}, { receipt: { ...receipt, entry: { ...receipt['entry'], at: 5 } } }), 'PROOF_INVALID'))
    it('when another log signed it', () => refuses(verify({}, { receipt: new Scene().log.receipt(0) }), 'BAD_SIGNATURE'))
    it('when it was accepted after the request expired', () => {
      const late = scene.accept(scene.answer(request).submission, NOW + 600)
      return refuses(verify({}, { receipt: scene.log.receipt(late) }), 'REQUEST_EXPIRED')
    })
    it('when the proof does not hold, whatever the log says', () => {
      const change = { proved: { disclosure: toField(1) } }
      const wrong = scene.accept(scene.answer(request, 'claim', change).submission)
      return refuses(verify(change, { receipt: scene.log.receipt(wrong) }), 'PROOF_INVALID')
    })
  })

  describe('as a submission alone', () => {
    const submission = reparse(scene.answer(request).submission)

    it('establishes what is proved, and neither who asked nor the values', async () => {
      const { askedBy, disclosed, notSeen, proved } = await verifySubmission(submission, view, NOW)
      assert.equal(askedBy ?? disclosed, undefined)
      assert.ok(proved.length > 0 && notSeen.length >= 3)
    })
    it('with membership in a published set, is bound to the set', async () => {
      const asked = scene.request('member')
      await verifySubmission(scene.answer(asked, 'member').submission, view, NOW)
      await refuses(verifySubmission(scene.answer(asked, 'member', { submission: { setRoot: toField(7) } }).submission, view, NOW), 'UNKNOWN_ROOT')
    })
    it('with an escrow, is bound to the registered key (d)', async () => {
      const asked = scene.request('report')
      const { submission: escrowed } = scene.answer(asked, 'report')
      assert.ok((await verifySubmission(escrowed, view, NOW)).notSeen.some((line) => /escrow/.test(line)))
      const other = viewWith((body) => (body.regulators[0].escrowKey = body.directory.leaves[0].issuingKey))
      await refuses(verifySubmission(escrowed, other, NOW), 'PROOF_INVALID')
    })
    it('is refused at another registry', () => refuses(verifySubmission({ ...submission, origin: 'other.example/log' }, view, NOW), 'WRONG_ORIGIN'))
    it('is refused for a retired statement or key', async () => {
      await refuses(verifySubmission(submission, viewWith((body) => (body.statements[0].status = 'retired')), NOW), 'RETIRED')
      await refuses(verifySubmission(submission, viewWith((body) => (body.shapes[0].status = 'retired')), NOW), 'RETIRED')
    })
    it('is refused when it expires', () => refuses(verifySubmission(submission, view, NOW + 600), 'REQUEST_EXPIRED'))
    it('is refused with a later expiry than was proved (C18)', () => refuses(verifySubmission({ ...submission, expires: NOW + 10_000 }, view, NOW), 'PROOF_INVALID'))
    it('is refused when its clock is off (D23)', () => refuses(verifySubmission(submission, view, NOW + 116), 'NOW_OUT_OF_RANGE'))
    it('holds when it is malleated, with the same nullifiers (A6)', async () => {
      const { a, b, c } = submission.proof
      const q = 21888242871839275222246405745257275088696311157297823662689037894645226208583n
      const negated = (y: string) => String(q - BigInt(y))
      const proof = { a: [a[0], negated(a[1])] as const, b: [b[0], [negated(b[1][0]), negated(b[1][1])]] as const, c }
      assert.deepEqual((await verifySubmission({ ...submission, proof }, view, NOW)).nullifiers, submission.nullifiers.map(String))
    })
  })

  /** The same request with other members, signed anew. */
  function resigned(change: Partial<RequestBody>): Envelope<RequestBody> {
    return scene.request('claim', { ...request.body, ...change })
  }
})
