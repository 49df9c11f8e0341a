import assert from 'node:assert/strict'
import { generateOrganisationKey, publicPart } from '../../src/signature/organisation-key.ts'
import { formatCheckpoint, openCheckpoint, parseCheckpoint } from '../../src/verifier/checkpoint.ts'
import { requireConsistency, requireInclusion } from '../../src/verifier/merkle.ts'
import { noteVerifierKey, openNote, signNote } from '../../src/verifier/note.ts'
import { parseReceipt, verifyReceipt, verifyRecorded } from '../../src/verifier/receipt.ts'
import { consistencyOf, ORIGIN, pathOf, rootOf, SmallLog } from './small-log.ts'

const refuses = (act: () => unknown, code: string) => assert.throws(act, { name: 'Refusal', code })
const LEAVES = Array.from({ length: 20 }, (_, i) => Uint8Array.of(i, 7))
const head = (size: number) => ({ size, root: rootOf(LEAVES.slice(0, size)) })

describe('inclusion proofs (E27)', () => {
  const proof = (index: number, size: number) => pathOf(index, LEAVES.slice(0, size))
  const check = (index: number, size: number, hashes = proof(index, size), tree = head(size)) => requireInclusion(LEAVES[index]!, index, tree, hashes)

  it('hold for every leaf of every tree up to 20', () => {
    for (let size = 1; size <= 20; size++) for (let index = 0; index < size; index++) check(index, size)
  })
  it('fail for every other index', () => {
    for (let index = 0; index < 13; index++) if (index !== 6) refuses(() => requireInclusion(LEAVES[6]!, index, head(13), proof(6, 13)), 'PROOF_INVALID')
  })
  // A tree of 14 is refused as well, whenever its path is another one in length or hash.
  it('fail for another size', () => {
    for (const size of [7, 8, 12, 14, 16, 20]) refuses(() => check(6, 13, proof(6, 13), { ...head(13), size, root: head(size).root }), 'PROOF_INVALID')
  })
  it('fail with a hash too few or too many', () => {
    for (let index = 0; index < 13; index++) {
      refuses(() => check(index, 13, proof(index, 13).slice(1)), 'PROOF_INVALID')
      refuses(() => check(index, 13, proof(index, 13).slice(0, -1)), 'PROOF_INVALID')
      refuses(() => check(index, 13, [...proof(index, 13), head(13).root]), 'PROOF_INVALID')
    }
  })
  it('fail with any one hash changed', () => {
    const hashes = proof(6, 13)
    for (let i = 0; i < hashes.length; i++) refuses(() => check(6, 13, hashes.map((hash, k) => (k === i ? flipped(hash) : hash))), 'PROOF_INVALID')
  })
  it('fail for an inner node as a leaf', () => {
    const [left, right] = [rootOf(LEAVES.slice(0, 1)), rootOf(LEAVES.slice(1, 2))]
    refuses(() => requireInclusion(Buffer.concat([left, right]), 0, head(4), [rootOf(LEAVES.slice(2, 4))]), 'PROOF_INVALID')
  })
  it('are nonsense in an empty tree, at or past the end, at a negative or broken index', () => {
    for (const [index, size] of [[0, 0], [13, 13], [14, 13], [-1, 13], [0.5, 13], [NaN, 13], [0, NaN]] as const) refuses(() => requireInclusion(LEAVES[0]!, index, { size, root: head(13).root }, []), 'MALFORMED')
  })
})

describe('consistency proofs (E27)', () => {
  const proof = (first: number, second: number) => consistencyOf(first, LEAVES.slice(0, second))

  it('hold between all trees up to 20', () => {
    for (let second = 0; second <= 20; second++) for (let first = 0; first <= second; first++) requireConsistency(head(first), head(second), proof(first, second))
  })
  it('fail for a rollback', () => refuses(() => requireConsistency(head(13), head(6), proof(6, 13)), 'PROOF_INVALID'))
  it('fail for a fork', () => {
    const fork = { size: 6, root: rootOf([...LEAVES.slice(0, 5), Uint8Array.of(99)]) }
    refuses(() => requireConsistency(fork, head(13), proof(6, 13)), 'PROOF_INVALID')
  })
  it('fail for a fork of a tree that is complete', () => {
    const fork = { size: 8, root: rootOf([...LEAVES.slice(0, 7), Uint8Array.of(99)]) }
    refuses(() => requireConsistency(fork, head(13), proof(8, 13)), 'PROOF_INVALID')
  })
  it('fail for two roots of one size', () => refuses(() => requireConsistency(head(6), { size: 6, root: head(7).root }, []), 'PROOF_INVALID'))
  it('fail for an empty tree with a root', () => refuses(() => requireConsistency({ size: 0, root: head(1).root }, head(6), []), 'PROOF_INVALID'))
  it('fail with a hash too few, too many or changed', () => {
    for (let first = 1; first < 13; first++) {
      const hashes = proof(first, 13)
      for (const bad of [hashes.slice(1), hashes.slice(0, -1), [...hashes, head(1).root], ...hashes.map((_, i) => hashes.map((hash, k) => (k === i ? flipped(hash) : hash)))])
        refuses(() => requireConsistency(head(first), head(13), bad), 'PROOF_INVALID')
    }
  })
  it('fail with a proof where none is due', () => refuses(() => requireConsistency(head(6), head(6), [head(6).root]), 'PROOF_INVALID'))
})

describe('checkpoints (E29)', () => {
  const log = new SmallLog()
  LEAVES.forEach((_, i) => log.append({ body: { type: 'scope.register', origin: ORIGIN, name: `s${i}` } }, { name: `s${i}` }))
  const [note, key] = [log.checkpoint(), publicPart(log.key)]
  const text = note.slice(0, note.indexOf('\n\n') + 1)
  const witness = generateOrganisationKey()
  /** The note with the first bytes of the signature, after the key hash, changed. */
  const broken = (whole: string) => whole.replace(/(— \S+ .{8})(....)/, (_, start: string, four: string) => start + (four === 'AAAA' ? 'BBBB' : 'AAAA'))
  const line = (name: string, signer = witness) => signNote(text, name, signer).slice(text.length + 1)

  it('open under the log key', () => assert.deepEqual(openCheckpoint(note, ORIGIN, key), { origin: ORIGIN, size: 20, root: rootOf(log.leaves) }))
  it('are what they print', () => assert.equal(formatCheckpoint(parseCheckpoint(text)), text))
  it('pass over signatures by others', () => assert.equal(openCheckpoint(note + line('witness.example'), ORIGIN, key).size, 20))
  it('name all expected signers that signed', () => {
    const expected = [{ name: ORIGIN, key }, { name: 'witness.example', key: publicPart(witness) }, { name: 'absent.example', key }]
    assert.deepEqual(openNote(note + line('witness.example'), expected).signers, [ORIGIN, 'witness.example'])
  })
  it('open with a key that is spelt as in sumdb/note', () => assert.match(noteVerifierKey(ORIGIN, key), /^registry\.example\/attestry\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/))

  it('are refused when any character of the text is another', () => {
    for (const changed of [note.replace('20', '21'), note.replace(ORIGIN, 'registry.example/attestrx'), note.replace(/\n(.)/, '\nA')]) refuses(() => openCheckpoint(changed, ORIGIN, key), 'BAD_SIGNATURE')
  })
  it('are refused when the signature is another', () => refuses(() => openCheckpoint(broken(note), ORIGIN, key), 'BAD_SIGNATURE'))
  it('are refused under another key', () => refuses(() => openCheckpoint(note, ORIGIN, publicPart(witness)), 'BAD_SIGNATURE'))
  it('are refused under another name', () => refuses(() => openCheckpoint(note, 'registry.example/other', key), 'BAD_SIGNATURE'))
  it('of another log signed under this name are refused', () => refuses(() => openCheckpoint(signNote('other.example/log\n20\n' + 'A'.repeat(43) + '=\n', ORIGIN, log.key), ORIGIN, key), 'WRONG_ORIGIN'))
  it('signed by nobody we know are refused', () => refuses(() => openCheckpoint(`${text}\n${line('witness.example')}`, ORIGIN, key), 'BAD_SIGNATURE'))
  it('signed twice by the log are refused', () => refuses(() => openCheckpoint(note + note.slice(text.length + 1), ORIGIN, key), 'BAD_SIGNATURE'))
  it('with one valid and one broken signature of the log are refused', () => refuses(() => openCheckpoint(note + broken(note).slice(text.length + 1), ORIGIN, key), 'BAD_SIGNATURE'))
  for (const [what, malformed] of Object.entries({
    'no signature': text,
    'an empty note': '',
    'no newline at the end': note.slice(0, -1),
    'a carriage return': note.replace('\n', '\r\n'),
    'another dash': note.replace('—', '-'),
    'two spaces': note.replace('— ', '—  '),
    'a hundred and one signatures': note + line('witness.example').repeat(100),
    'a signature shorter than a key hash': note.replace(/[A-Za-z0-9+/]+=*\n$/, 'AAAA\n'),
    'base64 without padding': note.replace(/=\n$/, '\n'),
  }))
    it(`with ${what} are refused`, () => refuses(() => openCheckpoint(malformed, ORIGIN, key), 'MALFORMED'))
  for (const [what, spelling] of Object.entries({
    'a size with a leading zero': `${ORIGIN}\n020\nAAAA\n`,
    'a signed size': `${ORIGIN}\n+20\nAAAA\n`,
    'a hexadecimal size': `${ORIGIN}\n0x14\nAAAA\n`,
    'a size past 2^53': `${ORIGIN}\n9007199254740993\n${'A'.repeat(43)}=\n`,
    'a short root': `${ORIGIN}\n20\nAAAA\n`,
    'a further line': `${text}more\n`,
    'no origin': `\n20\n${'A'.repeat(43)}=\n`,
  }))
    it(`with ${what} are refused`, () => refuses(() => parseCheckpoint(spelling), 'MALFORMED'))
})

describe('receipts', () => {
  const log = new SmallLog()
  for (let i = 0; i < 7; i++) log.append({ body: { type: 'scope.register', origin: ORIGIN, name: `s${i}` }, signatures: [] }, { name: `s${i}` })
  const key = publicPart(log.key)
  const receipt = log.receipt(3)
  const verify = (change: object) => verifyReceipt(parseReceipt({ ...receipt, ...change }), ORIGIN, key)

  it('show that an entry is in the log', () => assert.equal(verify({}).entry.index, 3))
  it('hold for every later size', () => {
    for (let size = 4; size <= 7; size++) verifyReceipt(parseReceipt(log.receipt(3, size)), ORIGIN, key)
  })
  it('hold for the command that the entry is about', () => assert.equal(verifyRecorded(log.recorded(3), ORIGIN, key).command.body['name'], 's3'))
  it('are refused for another command', () => refuses(() => verifyRecorded({ receipt, command: log.commands[4] }, ORIGIN, key), 'OPENING_INVALID'))
  it('are refused with another fact, time, index or signer', () => {
    for (const change of [{ facts: { name: 's4' } }, { at: 1 }, { index: 4 }, { signers: ['LEI:5493001KJTIIGC8Y1R12'] }, { body: log.entries[4]!['body'] }])
      refuses(() => verify({ entry: { ...receipt['entry'], ...change } }), 'PROOF_INVALID')
  })
  it('are refused with the path of another entry', () => refuses(() => verify({ inclusion: log.receipt(4)['inclusion'] }), 'PROOF_INVALID'))
  it('are refused with a smaller checkpoint', () => refuses(() => verify({ checkpoint: log.checkpoint(3) }), 'MALFORMED'))
  it('are refused with a checkpoint of another key', () => refuses(() => verify({ checkpoint: log.checkpoint(7, generateOrganisationKey()) }), 'BAD_SIGNATURE'))
  it('are refused for another registry', () => refuses(() => verifyReceipt(parseReceipt(receipt), 'other.example/log', key), 'WRONG_ORIGIN'))
  it('are refused with further members', () => {
    refuses(() => verify({ more: 1 }), 'MALFORMED')
    refuses(() => verify({ entry: { ...receipt['entry'], more: 1 } }), 'MALFORMED')
  })
  for (const junk of [null, [], 'receipt', 7, {}]) it(`are not ${JSON.stringify(junk)}`, () => refuses(() => parseReceipt(junk), 'MALFORMED'))
  for (const change of [{ receipt: 2 }, { checkpoint: 7 }]) it(`are refused with ${JSON.stringify(change)}`, () => refuses(() => verify(change), 'MALFORMED'))
  for (const change of [{ entry: 2 }, { origin: 7 }, { type: null }, { index: -1 }, { index: 0.5 }, { index: '3' }, { at: -1 }, { signers: 'LEI' }, { signers: [7] }, { signers: Array(33).fill('LEI') }, { facts: null }, { facts: [] }])
    it(`are refused with an entry with ${JSON.stringify(change).slice(0, 30)}`, () => refuses(() => verify({ entry: { ...receipt['entry'], ...change } }), 'MALFORMED'))
  for (const inclusion of [null, [''], ['AAAA'], [7], Array(54).fill('A'.repeat(43) + '=')]) it(`have no path like ${JSON.stringify(inclusion)?.slice(0, 20)}`, () => refuses(() => verify({ inclusion }), 'MALFORMED'))
})

function flipped(hash: Uint8Array): Uint8Array {
  return hash.map((byte, i) => (i === 0 ? byte ^ 1 : byte))
}
