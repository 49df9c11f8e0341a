import assert from 'node:assert/strict'
import { babyjubjub } from '@noble/curves/misc.js'
import { encode } from '../../src/document/encoding.ts'
import { type Field, reduce, toField } from '../../src/field/field.ts'
import { hash } from '../../src/hash/poseidon.ts'
import { newEscrowKey, openEscrow, parseEscrowKey, publicEscrowKey } from '../../src/verifier/escrow.ts'
import { Scene } from './scene.ts'

const refuses = (act: () => unknown, code: string) => assert.throws(act, { name: 'Refusal', code })

describe('an escrow', () => {
  const scene = new Scene()
  const { statement } = scene.statements.report
  const key = scene.escrowKey
  const context = toField(555)
  const values = [encode({ as: 'code' }, 'SE:PNR:191212121212'), encode({ as: 'amount', currency: 'currency' }, '481.50')]
  const escrow = encrypt(values, key, context, 123_456_789n)

  it('opens to the values that the statement escrows', () => assert.deepEqual(openEscrow(statement, { escrow, context }, key), { 'invoice.patient': 'SE:PNR:191212121212', 'invoice.total': '481.5' }))
  it('opens with the key from its file', () => assert.deepEqual(openEscrow(statement, { escrow, context }, parseEscrowKey(JSON.parse(JSON.stringify({ secret: key.secret, ...publicEscrowKey(key) })))), openEscrow(statement, { escrow, context }, key)))
  it('does not open with another key', () => refuses(() => openEscrow(statement, { escrow, context }, newEscrowKey()), 'ESCROW_INVALID'))
  it('does not open in another context', () => refuses(() => openEscrow(statement, { escrow, context: toField(556) }, key), 'ESCROW_INVALID'))
  it('does not open with its ciphertexts swapped', () => refuses(() => openEscrow(statement, { escrow: [escrow[0]!, escrow[1]!, escrow[3]!, escrow[2]!], context }, key), 'ESCROW_INVALID'))
  it('is nothing for a statement without one', () => refuses(() => openEscrow(scene.statements.claim.statement, { escrow, context }, key), 'ESCROW_INVALID'))
  it('has four elements', () => refuses(() => openEscrow(statement, { escrow: escrow.slice(0, 3), context }, key), 'ESCROW_INVALID'))
  for (const [what, point] of Object.entries({
    'the identity': [0n, 1n],
    'a point of order 2': [0n, babyjubjub.Point.Fp.ORDER - 1n],
    'a point off the curve': [1n, 1n],
    'a point with torsion': withTorsion(),
  }))
    it(`with ${what} as its ephemeral key is refused`, () => refuses(() => openEscrow(statement, { escrow: [...point.map((x) => toField(x)), escrow[2]!, escrow[3]!], context }, key), 'ESCROW_INVALID'))
  for (const json of [null, {}, { secret: '0', x: '0', y: '1' }, { ...publicEscrowKey(key), secret: '1' }]) it(`has no key like ${JSON.stringify(json)?.slice(0, 30)}`, () => refuses(() => parseEscrowKey(json), 'KEY_INVALID'))
})

/** As the circuit does it (SPEC §5.7), for a given ephemeral scalar. */
function encrypt([first, second]: readonly Field[], key: { x: Field; y: Field }, context: Field, scalar: bigint): Field[] {
  const ephemeral = babyjubjub.Point.BASE.multiply(scalar).toAffine()
  const shared = babyjubjub.Point.fromAffine(key).multiply(scalar).toAffine()
  const pad = (i: number) => hash('escrow-pad', [toField(shared.x), toField(shared.y), context, toField(i)])
  return [toField(ephemeral.x), toField(ephemeral.y), reduce(first! + pad(1)), reduce(second! + pad(2))]
}

function withTorsion(): [bigint, bigint] {
  const { x, y } = babyjubjub.Point.BASE.add(babyjubjub.Point.fromAffine({ x: 0n, y: babyjubjub.Point.Fp.ORDER - 1n })).toAffine()
  return [x, y]
}
