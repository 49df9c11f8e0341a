/** Shape `match`: one valid specimen with two documents, one with one; one change a test (SPEC §5.6, §5.7; C15–C19). */

import assert from 'node:assert/strict'
import { reduce } from '../../src/field/field.ts'
import { hash } from '../../src/hash/poseidon.ts'
import { Circuit } from './circuit.ts'
import {
  asArrays, BANK, BLINDING, commitmentOf, CONTEXT, coordinates, creditLine, ESCROW_KEY, f, HOLDER_SECRET, HOSPITAL, type Inputs, invoice, MATCH_LAYOUT, MATCH_RULES, matchLayout,
  matchSpecimen, NOW, openEscrow, packRules, Point, PSEUDONYM_SCOPE, REQUEST, SCOPE, singleSpecimen, type Slot, World,
} from './specimen.ts'

const [first, second] = [invoice(), creditLine()]
const specimen = matchSpecimen()
const single = singleSpecimen()
const rules = (...slots: Slot[]): Inputs => ({ ...specimen, rules: packRules(6, slots) })
/** Another value in the first (0) or second (1) member of an input. */
const at = (name: string, member: 0 | 1, value: bigint, inputs = specimen): Inputs => ({ ...inputs, [name]: (inputs[name] as bigint[]).map((each, i) => (i === member ? reduce(value) : each)) })
const member = (name: string, k: 0 | 1): bigint => (specimen[name] as bigint[])[k] ?? 0n

describe('shape match', () => {
  let circuit: Circuit
  before(async () => (circuit = await Circuit.shape('match')))

  const escrowOf = (inputs: Inputs) => {
    const witness = circuit.accepts(inputs)
    return [0, 1, 2, 3].map((i) => circuit.value(witness, `escrow[${i}]`))
  }

  describe('what it outputs', () => {
    const pseudonym = hash('pseudonym', [HOLDER_SECRET, PSEUDONYM_SCOPE])
    it('is nullifiers, link tags and disclosure of SPEC §4.6', () =>
      circuit.accepts(specimen, {
        'nullifier[0]': hash('nullifier', [first.serial, SCOPE, f(0)]),
        'nullifier[1]': hash('nullifier', [second.serial, CONTEXT, HOLDER_SECRET]),
        'linkTag[0]': hash('link', [commitmentOf(first, HOLDER_SECRET), HOLDER_SECRET, REQUEST]),
        'linkTag[1]': hash('link', [commitmentOf(second, HOLDER_SECRET), HOLDER_SECRET, REQUEST]),
        disclosure: hash('disclosure', [pseudonym, first.fields[0] ?? f(0), second.fields[2] ?? f(0), f(0), f(0), f(BLINDING + 1n)]),
      }))

    it('spends the second document alone', () =>
      circuit.accepts({ ...specimen, layout: matchLayout({ ...MATCH_LAYOUT, once: [false, true] }), scope: [0n, f(8)] }, {
        'nullifier[0]': hash('nullifier', [first.serial, CONTEXT, HOLDER_SECRET]),
        'nullifier[1]': hash('nullifier', [second.serial, f(8), f(0)]),
      }))

    for (const name of ['nullifier[0]', 'nullifier[1]', 'linkTag[0]', 'linkTag[1]', 'disclosure', 'escrow[0]', 'escrow[1]', 'escrow[2]', 'escrow[3]']) {
      for (const [what, inputs] of [['two documents', specimen], ['one', single]] as const) {
        it(`is no other ${name} with ${what}`, () => {
          const witness = circuit.witness(inputs)
          witness[circuit.wire(name)] = reduce(circuit.value(witness, name) + 1n)
          circuit.refutes(witness)
        })
      }
    }
  })

  describe('what every public input does', () => {
    for (const name of ['rules', 'layout', 'schema[0]', 'schema[1]', 'literal[1]', 'parameterCommitment', 'directoryRoot', 'now', 'scope[0]', 'escrowKey[0]', 'escrowKey[1]', 'request', 'context']) {
      it(`binds ${name} (C18, C19)`, () => {
        const witness = circuit.witness(specimen)
        witness[circuit.wire(name)] = reduce(circuit.value(witness, name) + 1n)
        circuit.refutes(witness)
      })
    }

    it('has each in some constraint, whatever the layout is: none can be exchanged in a proof', () => {
      for (let wire = 1; wire <= 26; wire++) assert.notEqual(circuit.r1cs.touching(wire).length, 0)
    })
  })

  for (const [k, card, position] of [[0, first, 1], [1, second, 5]] as const) {
    describe(`the ${k === 0 ? 'first' : 'second'} document`, () => {
      it('is rejected when it is revoked (C15b)', () => circuit.rejects(matchSpecimen(first, second, new World([first, second], new Map([[card.listId, [card.statusIndex]]])))))
      it('is rejected when it has expired', () => circuit.rejects(withCard(k, { expiresAt: NOW })))
      it('is rejected before it is valid', () => circuit.rejects(withCard(k, { issuedAt: f(NOW + 1n) })))
      it('is rejected under another schema', () => circuit.rejects(at('schema', k, member('schema', k) + 1n)))
      it('is rejected when its key is not accredited', () => circuit.rejects(withCredential(k, new World([first, second]).credential(card, position, 999n))))
      it('is rejected when it is another holder\'s (C15)', () => circuit.rejects(withCredential(k, new World([first, second]).credential(card, position, card.issuer.secret, f(1)))))
      it('is rejected at another place of the directory', () => circuit.rejects(at('directoryPosition', k, 6n)))
      for (const name of ['serial', 'listId', 'documentHash', 'issuerOrg', 'issuerClass', 'signatureS']) {
        it(`is rejected with another ${name}`, () => circuit.rejects(at(name, k, member(name, k) + 1n)))
      }
    })
  }

  describe('two documents are two', () => {
    it('rejects one credential in both slots (C15c)', () => circuit.rejects(twice(first, first)))
    it('rejects two issues of one record: the serial is the same', () => circuit.rejects(twice(first, invoice({ listId: f(503), issuedAt: NOW, statusIndex: 4 }))))
    it('accepts two records of one issuer', () => circuit.accepts(twice(first, invoice({ serial: f(44), statusIndex: 4 }))))
    it('accepts equal serials while the second is off', () => circuit.accepts(at('serial', 1, first.serial, single)))

    function twice(one: typeof first, other: typeof first): Inputs {
      const world = new World(one.listId === other.listId ? [one] : [one, other])
      const position = one.listId === other.listId ? 1 : 5
      return { ...matchSpecimen(one, other, new World([one, other])), ...asArrays([world.credential(one, 1), world.credential(other, position)]), directoryRoot: world.directory.root, rules: 0n }
    }
  })

  describe('the rules', () => {
    for (const [slot, wrong] of ([{ a: 1, c: 34 }, { a: 1, c: 36 }, { a: 35, c: 3, op: '<=', numeric: true }, { a: 49, c: 29 }, { a: 35, b: 3, c: 35, op: '<', numeric: true }] as Slot[]).entries()) {
      it(`rejects a false rule in slot ${slot}`, () => circuit.rejects(rules(...MATCH_RULES.map((rule, i) => (i >= 3 && slot >= 3 ? { ...wrong, or: i === 3 } : i === slot ? wrong : rule)))))
    }
    it('rejects a false rule in the last slot', () => circuit.rejects(rules(...Array<Slot>(7).fill({}), { op: '!=' })))
    it('rejects an or left open after the last slot', () => circuit.rejects(rules(...Array<Slot>(7).fill({}), { or: true })))

    it('rejects a limit bent by a negative addend of another issuer: -600 + 1000 (C15c)', () => {
      const [bill, line] = [invoice({ fields: numbers(1000n, 0n) }), creditLine({ fields: numbers(500n, reduce(-600n)) })]
      const inputs = { ...matchSpecimen(bill, line), rules: packRules(6, [{ a: 1, b: 34, c: 33, op: '<=', numeric: true }]) }
      return circuit.rejects(inputs)
    })
    it('rejects an operand of 2^64', () => circuit.rejects({ ...matchSpecimen(invoice({ fields: numbers(2n ** 64n, 0n) })), rules: packRules(6, [{ a: 1, op: '!=', numeric: true }]) }))
    it('accepts an operand of 2^64 - 1', () => circuit.accepts({ ...matchSpecimen(invoice({ fields: numbers(2n ** 64n - 1n, 0n) })), rules: packRules(6, [{ a: 1, op: '!=', numeric: true }]) }))
    it('lets codes be any element', () => circuit.accepts({ ...matchSpecimen(invoice({ fields: numbers(2n ** 247n, 0n) })), rules: packRules(6, [{ a: 1, op: '!=' }]) }))

    function numbers(a: bigint, b: bigint) {
      return [f(a), f(b), ...Array.from({ length: 14 }, () => f(0))]
    }
  })

  describe('the second document off', () => {
    it('leaves 0 in its outputs', () => circuit.accepts(single, { 'nullifier[1]': 0n, 'linkTag[1]': 0n }))

    const off = { ...specimen, layout: matchLayout({ ...MATCH_LAYOUT, second: false, reveal: [34, 49, 50, 51], escrowed: [34, 52] }), rules: 0n, schema: [first.schema, 0n] }
    it('leaves 0 in its outputs and registers though a valid credential is there (C15c)', () => {
      const pseudonym = hash('pseudonym', [HOLDER_SECRET, PSEUDONYM_SCOPE])
      const witness = circuit.accepts(off, { 'nullifier[1]': 0n, 'linkTag[1]': 0n, disclosure: hash('disclosure', [pseudonym, f(0), f(0), f(0), f(0), f(BLINDING + 1n)]) })
      assert.deepEqual(openEscrow([0, 1, 2, 3].map((i) => circuit.value(witness, `escrow[${i}]`)), CONTEXT), [0n, 0n])
    })
    for (let register = 33; register <= 52; register++) {
      it(`leaves 0 in register ${register}`, () => circuit.rejects({ ...off, rules: packRules(6, [{ a: register, op: '!=' }]) }))
    }
    it('rejects a layout that has it on', () => circuit.rejects({ ...single, layout: matchLayout({ ...MATCH_LAYOUT, reveal: [1], escrowed: [1, 0] }) }))
    it('rejects a revoked first document all the same', () => {
      const world = new World([first], new Map([[first.listId, [first.statusIndex]]]))
      const [credential] = [world.credential(first, 1)]
      const zeros = Object.fromEntries(Object.keys(credential).map((name) => [name, [credential[name] ?? 0n, (single[name] as bigint[])[1] ?? 0n]]))
      return circuit.rejects({ ...single, ...zeros, directoryRoot: world.directory.root })
    })
  })

  describe('the escrow', () => {
    it('opens to the two values with the regulator\'s secret', () => assert.deepEqual(openEscrow(escrowOf(specimen), CONTEXT), [first.fields[0], second.fields[2]]))
    it('does not open with another secret', () => assert.notDeepEqual(openEscrow(escrowOf(specimen), CONTEXT, 5n), [first.fields[0], second.fields[2]]))
    it('does not open in another context', () => assert.notDeepEqual(openEscrow(escrowOf(specimen), f(1)), [first.fields[0], second.fields[2]]))
    it('has another ephemeral point in every context and for every message', () => {
      const all = [specimen, { ...specimen, context: f(1) }, { ...specimen, layout: matchLayout({ ...MATCH_LAYOUT, escrowed: [35, 1] }) }].map((inputs) => escrowOf(inputs)[0])
      assert.equal(new Set(all).size, 3)
    })
    it('is 0 when it is off, whatever the key', () =>
      circuit.accepts({ ...specimen, layout: matchLayout({ ...MATCH_LAYOUT, escrow: false }) }, { 'escrow[0]': 0n, 'escrow[1]': 0n, 'escrow[2]': 0n, 'escrow[3]': 0n }))
    it('is off without a key', () => circuit.accepts({ ...specimen, layout: matchLayout({ ...MATCH_LAYOUT, escrow: false }), escrowKey: [0n, 0n] }))

    it('refuses ciphertexts for another escrow key under the registered one (d)', async () => {
      const other = coordinates(Point.BASE.multiply(5n))
      const witness = await circuit.forge({ ...specimen, escrowKey: other })
      witness[circuit.wire('escrowKey[0]')] = ESCROW_KEY[0]
      witness[circuit.wire('escrowKey[1]')] = ESCROW_KEY[1]
      circuit.refutes(witness)
    })
    it('refuses the ciphertext of another value', async () => {
      const [honest, other] = [await circuit.forge(specimen), await circuit.forge({ ...specimen, layout: matchLayout({ ...MATCH_LAYOUT, escrowed: [1, 34] }) })]
      honest[circuit.wire('escrow[3]')] = circuit.value(other, 'escrow[3]')
      circuit.refutes(honest)
    })
  })

  it('rejects parameters other than the committed ones', () => circuit.rejects({ ...specimen, parameter: Array<bigint>(6).fill(1n) }))
  it('rejects another holder secret', () => circuit.rejects({ ...specimen, holderSecret: HOLDER_SECRET + 1n }))
  it('rejects a layout beyond its 41 bits', () => circuit.rejects({ ...specimen, layout: (specimen.layout as bigint) + 2n ** 41n }))
  it('rejects rules beyond their 240 bits', () => circuit.rejects({ ...specimen, rules: (specimen.rules as bigint) + 2n ** 240n }))
  it('keeps issuers apart: the bank\'s key does not sign invoices', () => circuit.rejects(withCard(0, { issuer: { ...HOSPITAL, secret: BANK.secret } })))

  function withCredential(k: 0 | 1, credential: Inputs): Inputs {
    return { ...specimen, ...Object.fromEntries(Object.entries(credential).map(([name, value]) => [name, (specimen[name] as bigint[]).map((each, i) => (i === k ? value : each))])) }
  }

  /** The specimen with one card signed otherwise, in the directory of the unchanged ones. */
  function withCard(k: 0 | 1, change: Partial<typeof first>): Inputs {
    const card = { ...(k === 0 ? first : second), ...change }
    return withCredential(k, new World([first, second]).credential(card, k === 0 ? 1 : 5))
  }
})
