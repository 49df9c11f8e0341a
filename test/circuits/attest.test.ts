/** Shape `attest`: one valid specimen, one change a test, proved by a wallet that checks nothing (SPEC §5.6; C13, C15–C19). */

import assert from 'node:assert/strict'
import { reduce } from '../../src/field/field.ts'
import { hash } from '../../src/hash/poseidon.ts'
import { Tree } from '../../src/hash/tree.ts'
import { Circuit } from './circuit.ts'
import {
  ATTEST_RULES, attestLayout, attestSpecimen, BANK, BLINDING, commitmentOf, CONTEXT, coordinates, CURRENCIES, f, HOLDER_SECRET, HOSPITAL, type Inputs, invoice, leafOf, LITERALS, LOW_ORDER_POINTS, NOW,
  packRules, PARAMETERS, parameterCommitment, Point, PSEUDONYM_SCOPE, REQUEST, SCOPE, set, sign, signWith, type Slot, SUBGROUP_ORDER, type Value, World,
} from './specimen.ts'

const card = invoice()
const specimen = attestSpecimen()
const tampered = (name: string, change: (value: bigint) => bigint, inputs = specimen): Inputs => ({ ...inputs, [name]: [reduce(change((inputs[name] as bigint[])[0] ?? 0n))] })
const rules = (...slots: Slot[]): Inputs => ({ ...specimen, rules: packRules(5, slots) })
const layout = (change: Parameters<typeof attestLayout>[0]) => attestLayout({ reveal: [1], setMember: 4, setSource: 1, pseudonym: true, once: true, ...change })

describe('shape attest', function () {
  let circuit: Circuit
  before(async () => (circuit = await Circuit.shape('attest')))

  describe('what it outputs', () => {
    const nullifier = hash('nullifier', [card.serial, SCOPE, f(0)])
    const linkTag = hash('link', [commitmentOf(card, HOLDER_SECRET), HOLDER_SECRET, REQUEST])
    const pseudonym = hash('pseudonym', [HOLDER_SECRET, PSEUDONYM_SCOPE])
    const disclosed = (first: bigint, ...rest: bigint[]) => hash('disclosure', [f(first), ...[0, 1, 2, 3].map((i) => f(rest[i] ?? 0n)), f(BLINDING + 1n)])

    it('is the nullifier, link tag and disclosure of SPEC §4.6', () => circuit.accepts(specimen, { nullifier, linkTag, disclosure: disclosed(pseudonym, card.fields[0] ?? 0n) }))

    it('is another nullifier in another scope', () => circuit.accepts({ ...specimen, scope: f(8) }, { nullifier: hash('nullifier', [card.serial, f(8), f(0)]) }))

    it('is the same nullifier when the record is issued again, to another holder secret and list (C17)', () => {
      const again = invoice({ listId: f(777), issuedAt: NOW, statusIndex: 3 })
      const world = new World([again])
      const inputs = { ...attestSpecimen(again, world), ...arrays(world.credential(again, 1, again.issuer.secret, f(99))), holderSecret: 99n }
      circuit.accepts(inputs, { nullifier })
    })

    it('without once, is a nullifier that the issuer cannot compute', () =>
      circuit.accepts({ ...specimen, layout: layout({ once: false }), scope: 0n }, { nullifier: hash('nullifier', [card.serial, CONTEXT, HOLDER_SECRET]) }))

    it('without pseudonym, has 0 in its place', () => circuit.accepts({ ...specimen, layout: layout({ pseudonym: false }) }, { disclosure: disclosed(0n, card.fields[0] ?? 0n) }))

    it('reveals any register, four of them', () =>
      circuit.accepts({ ...specimen, layout: layout({ reveal: [17, 18, 21, 22] }) }, { disclosure: disclosed(pseudonym, card.issuer.org, card.issuer.class, NOW, PARAMETERS[0] ?? 0n) }))

    for (const name of ['nullifier', 'linkTag', 'disclosure']) {
      it(`has no other ${name}`, () => {
        const witness = circuit.witness(specimen)
        witness[circuit.wire(name)] = reduce(circuit.value(witness, name) + 1n)
        circuit.refutes(witness)
      })
    }
  })

  describe('what every public input does', () => {
    for (const name of ['rules', 'layout', 'schema', 'literal[0]', 'parameterCommitment', 'directoryRoot', 'setRoot', 'now', 'scope', 'request', 'context']) {
      it(`binds ${name} (C18, C19)`, () => {
        const inputs = name === 'context' ? { ...specimen, layout: layout({ once: false }) } : specimen
        const witness = circuit.witness(inputs)
        witness[circuit.wire(name)] = reduce(circuit.value(witness, name) + 1n)
        circuit.refutes(witness)
      })
    }

    it('has each in some constraint, whatever the layout is: none can be exchanged in a proof', () => {
      for (let wire = 1; wire <= 17; wire++) assert.notEqual(circuit.r1cs.touching(wire).length, 0)
    })
  })

  describe('the period', () => {
    it('accepts now = issuedAt', () => circuit.accepts({ ...specimen, now: card.issuedAt }))
    it('accepts the last second', () => circuit.accepts({ ...specimen, now: card.expiresAt - 1n }))
    it('rejects the expiry second itself (C23)', () => circuit.rejects({ ...specimen, now: card.expiresAt }))
    it('rejects an expired credential (C15)', () => circuit.rejects({ ...specimen, now: card.expiresAt + 1n }))
    it('rejects a credential not yet valid', () => circuit.rejects({ ...specimen, now: card.issuedAt - 1n }))
    it('rejects another expiry than the signed one', () => circuit.rejects(tampered('expiresAt', (value) => value + 5000n)))
    it('rejects an expiry that is negative mod r, signed or not', () => circuit.rejects(attestSpecimen(invoice({ expiresAt: reduce(-1n) }))))
  })

  describe('the status list', () => {
    const revoked = new World([card], new Map([[card.listId, [card.statusIndex]]]))
    const neighbours = new World([card], new Map([[card.listId, [card.statusIndex - 1, card.statusIndex + 1, card.statusIndex + 8, card.statusIndex + 248]]]))

    it('accepts a credential whose neighbours are revoked', () => circuit.accepts(attestSpecimen(card, neighbours)))
    it('rejects a revoked credential (C15b)', () => circuit.rejects(attestSpecimen(card, revoked)))
    it('rejects a revoked credential under the word it had before', () => circuit.rejects({ ...attestSpecimen(card, revoked), statusWord: [revoked.list(card).leaf(3) ^ (128n >> 5n << (8n * 17n))] }))
    it('rejects a revoked credential at the next position', () => circuit.rejects({ ...attestSpecimen(card, revoked), statusBit: [6n] }))
    it('rejects a word of 249 bits', () => {
      const list = new Tree(6)
      list.set(3, f(2n ** 248n))
      circuit.rejects(withList(card, list))
    })

    for (const index of [248 * 4, 248 * 4 + 7]) {
      it(`rejects revoked position ${index} as byte 31 of the word before (C15b)`, () => {
        const late = invoice({ statusIndex: index })
        const world = new World([late], new Map([[late.listId, [index]]]))
        const path = world.list(late).path(3)
        circuit.rejects({
          ...attestSpecimen(late, world), statusWordIndex: [3n], statusByte: [31n], statusBit: [BigInt(index % 8)],
          statusWord: [world.list(late).leaf(3)], statusSiblings: [path.siblings.map((three) => [...three])],
        })
      })
    }

    it('accepts the last position of a list', () => circuit.accepts(attestSpecimen(invoice({ statusIndex: 1_015_807 }))))
    it('rejects a position past the last', () => circuit.rejects(attestSpecimen(invoice({ statusIndex: 1_015_808 }))))

    it('rejects an inner node as the word (C16)', () => {
      const path = revoked.list(card).path(3)
      const node = hash('node', [0, 1, 2, 3].map((k) => revoked.list(card).leaf(k)))
      circuit.rejects({ ...attestSpecimen(card, revoked), statusWord: [node], statusSiblings: [[...path.siblings.slice(1), path.siblings[0] ?? []].map((three) => [...three])] })
    })

    describe('of another list of the same issuer (C15b)', () => {
      const other = invoice({ listId: f(503), serial: f(77), statusIndex: 3 })
      const world = new World([card, other], new Map([[card.listId, [card.statusIndex]]]))
      const otherPath = { ...arrays(world.credential({ ...other, statusIndex: card.statusIndex }, 5)) }
      const proved = { ...attestSpecimen(card, world), ...pick(otherPath, ['statusWord', 'statusSiblings', 'directoryPosition', 'directorySiblings']) }

      it('rejects the revoked credential against it', () => circuit.rejects(proved))
      it('rejects the revoked credential with that list written into it', () => circuit.rejects({ ...proved, listId: [other.listId] }))
    })
  })

  describe('the signature', () => {
    const message = commitmentOf(card, HOLDER_SECRET)
    const key = Point.BASE.multiply(HOSPITAL.secret)

    it('rejects a key that is not accredited (C15)', () => circuit.rejects({ ...specimen, ...arrays(new World([card]).credential(card, 1, 999n)) }))
    it('rejects a signature by another key than the accredited one', () => {
      const { R8, S } = sign(999n, message)
      circuit.rejects({ ...specimen, signatureR8: [R8], signatureS: [S] })
    })
    it('rejects a signature over another message', () => {
      const { R8, S } = sign(HOSPITAL.secret, f(5))
      circuit.rejects({ ...specimen, signatureR8: [R8], signatureS: [S] })
    })
    it('rejects a commitment without its label', () => {
      const { R8, S } = sign(HOSPITAL.secret, hash('node', [message, f(0), f(0), f(0)]))
      circuit.rejects({ ...specimen, signatureR8: [R8], signatureS: [S] })
    })
    it('rejects S + l', () => circuit.rejects(tampered('signatureS', (S) => S + SUBGROUP_ORDER)))
    it('rejects S + 1', () => circuit.rejects(tampered('signatureS', (S) => S + 1n)))
    it('rejects -S', () => circuit.rejects(tampered('signatureS', (S) => -S)))

    for (const [order, point] of LOW_ORDER_POINTS) {
      it(`rejects R8 + a point of order ${order}`, () => {
        if (order === 1) return circuit.accepts({ ...specimen, ...signedWith(point) })
        return circuit.rejects({ ...specimen, ...signedWith(point) })
      })

      it(`rejects an accredited key of order ${order}`, () => {
        // 8·key is the identity, so S·B = R8 with any S is a signature over everything.
        const world = new World([card])
        const leaf = hash('directory-leaf', [card.issuer.org, ...coordinates(point), card.schema, card.issuer.class, card.listId, world.list(card).root])
        world.directory.set(9, leaf)
        const path = world.directory.path(9)
        circuit.rejects({
          ...attestSpecimen(card, world), issuingKey: [coordinates(point)], signatureR8: [coordinates(Point.BASE.multiply(5n))], signatureS: [5n],
          directoryPosition: [9n], directorySiblings: [path.siblings.map((three) => [...three])],
        })
      })
    }

    function signedWith(torsion: typeof key): Inputs {
      const { R8, S } = signWith(HOSPITAL.secret, message, torsion)
      return { signatureR8: [R8], signatureS: [S] }
    }
  })

  describe('holder and document', () => {
    it('rejects another holder secret', () => circuit.rejects({ ...specimen, holderSecret: HOLDER_SECRET + 1n }))
    for (const name of ['serial', 'documentHash', 'listId', 'issuedAt', 'issuerOrg', 'issuerClass']) {
      it(`rejects another ${name} than the signed or accredited one`, () => circuit.rejects(tampered(name, (value) => value + 1n)))
    }
    for (let slot = 0; slot < 16; slot++) {
      it(`rejects another value in slot ${slot} than the signed one`, () => {
        const fields = [...card.fields] as bigint[]
        fields[slot] = reduce((fields[slot] ?? 0n) - 1n)
        return circuit.rejects({ ...specimen, rules: 0n, layout: layout({ setSource: 0 }), fields: [fields] })
      })
    }
    it('rejects a document of another schema', () => circuit.rejects({ ...specimen, schema: card.schema + 1n }))
  })

  describe('the directory', () => {
    const world = new World([card])
    const path = world.directory.path(1).siblings.map((three) => [...three] as bigint[])

    it('rejects another sibling (C16)', () => circuit.rejects({ ...specimen, directorySiblings: [path.map((three, k) => (k === 5 ? [three[0] ?? 0n, 1n, three[2] ?? 0n] : three))] }))
    it('rejects another position', () => circuit.rejects({ ...specimen, directoryPosition: [3n] }))
    it('rejects a position of 17 bits', () => circuit.rejects({ ...specimen, directoryPosition: [65_537n] }))
    it('rejects a stale or foreign root', () => circuit.rejects({ ...specimen, directoryRoot: new World([card, invoice({ listId: f(9) })]).directory.root }))
    it('rejects an absent leaf', () => circuit.rejects({ ...specimen, directoryPosition: [0n], directorySiblings: [world.directory.path(0).siblings.map((three) => [...three])] }))
    it('rejects the issuer under the class of another', () => circuit.rejects({ ...specimen, issuerClass: [BANK.class] }))
    it('hides which accredited issuer it was: the same public inputs for another (b)', () => {
      const other = invoice({ issuer: BANK, listId: f(502), serial: f(4n << 240n) })
      const both = new World([card, other])
      const [first, second] = [attestSpecimen(card, both), { ...attestSpecimen(other, both), ...arrays(both.credential(other, 5)) }]
      const names = ['rules', 'layout', 'schema', 'parameterCommitment', 'directoryRoot', 'setRoot', 'now', 'scope', 'request', 'context', 'disclosure']
      const [a, b] = [circuit.accepts(first), circuit.accepts(second)]
      assert.deepEqual(names.map((name) => circuit.value(a, name)), names.map((name) => circuit.value(b, name)))
    })
  })

  describe('the rules', () => {
    it('accepts no rule at all', () => circuit.accepts(rules()))
    for (const [at, wrong] of [{ a: 3, c: 29, op: '<=', numeric: true }, { a: 2, c: 22 }, { a: 4, c: 29 }, { a: 25, c: 5, op: '<=', numeric: true }, { a: 18, c: 29 }, { a: 17 }].entries()) {
      it(`rejects a false rule in slot ${at}`, () => circuit.rejects(rules(...ATTEST_RULES.map((rule, i) => (i === at ? (wrong as Slot) : rule)))))
    }
    it('rejects a false last rule of an or (C15c)', () => circuit.rejects(rules(...ATTEST_RULES.slice(0, 5), { a: 17 })))
    it('rejects an or left open after the last slot', () => circuit.rejects(rules(...ATTEST_RULES.slice(0, 5), { ...ATTEST_RULES[5], or: true })))
    it('rejects an ordering of a negative parameter', () => {
      const parameters = [reduce(-1n), ...PARAMETERS.slice(1)]
      return circuit.rejects({ ...specimen, parameter: [...parameters], parameterCommitment: parameterCommitment(parameters) })
    })
  })

  describe('parameters and literals', () => {
    it('rejects parameters other than the committed ones', () => circuit.rejects({ ...specimen, parameter: [f(99_999_0000), ...PARAMETERS.slice(1)] }))
    it('rejects another blinding', () => circuit.rejects({ ...specimen, parameterBlinding: BLINDING + 2n }))
    it('rejects another pseudonym scope than the committed one', () => circuit.rejects({ ...specimen, pseudonymScope: 1n }))
    it('rejects another parameter set root than the committed one', () => circuit.rejects({ ...specimen, parameterSetRoot: 1n }))
    it('rejects a rule over another literal', () => circuit.rejects({ ...specimen, literal: [LITERALS[1] ?? 0n, ...LITERALS.slice(1)] }))
  })

  describe('the set', () => {
    const private_ = set([f(0x444b4b), f(0x1111), card.fields[3] ?? f(0)])
    const inSet = (change: Inputs, tree: Tree, position: number): Inputs => ({ ...specimen, ...change, setRoot: 0n, setPosition: BigInt(position), setSiblings: tree.path(position).siblings.map((three) => [...three]) })
    const committed = { parameterSetRoot: private_.root, parameterCommitment: parameterCommitment(PARAMETERS, private_.root) }
    const items = set([card.fields[3] ?? f(0), f(1)]) // its root is the invoice's slot 5

    it('accepts a member of the verifier\'s secret set', () => circuit.accepts(inSet({ ...committed, layout: layout({ setSource: 2 }) }, private_, 2)))
    it('accepts a member of the set in the document', () => circuit.accepts(inSet({ layout: layout({ setSource: 3, setRegister: 6 }) }, items, 0)))
    it('accepts anything without a set', () => circuit.accepts({ ...specimen, layout: layout({ setSource: 0 }), setRoot: 0n, setSiblings: Array(7).fill([1n, 2n, 3n]) as Value }))
    it('rejects what is not in the published set', () => circuit.rejects({ ...specimen, layout: layout({ setMember: 2 }) }))
    it('rejects a member at another position', () => circuit.rejects({ ...specimen, setPosition: 1n }))
    it('rejects a member of another set than the published one', () => circuit.rejects({ ...specimen, setRoot: private_.root }))
    it('rejects the published set for the verifier\'s', () => circuit.rejects({ ...specimen, ...committed, layout: layout({ setSource: 2 }) }))
    it('rejects the verifier\'s set for the document\'s', () => circuit.rejects(inSet({ ...committed, layout: layout({ setSource: 3, setRegister: 6 }) }, private_, 2)))
    it('rejects an absent leaf (C16)', () => circuit.rejects({ ...inSet({}, CURRENCIES, 5), setRoot: CURRENCIES.root }))
    it('rejects an inner node as a member (C16)', () => {
      const node = hash('node', [0, 1, 2, 3].map((k) => CURRENCIES.leaf(k)))
      const siblings = [...CURRENCIES.path(0).siblings.slice(1), CURRENCIES.path(0).siblings[0] ?? []].map((three) => [...three])
      const parameters = [node, ...PARAMETERS.slice(1)]
      return circuit.rejects({ ...specimen, rules: 0n, parameter: [...parameters], parameterCommitment: parameterCommitment(parameters), layout: layout({ setMember: 22 }), setPosition: 0n, setSiblings: siblings })
    })
  })

  it('rejects a layout beyond its 34 bits', () => circuit.rejects({ ...specimen, layout: (specimen.layout as bigint) + 2n ** 34n }))
  it('rejects rules beyond their 156 bits', () => circuit.rejects({ ...specimen, rules: (specimen.rules as bigint) + 2n ** 156n }))
})

/** Each input of one credential as an array of length 1. */
function arrays(credential: Inputs): Inputs {
  return Object.fromEntries(Object.entries(credential).map(([name, value]) => [name, [value]]))
}

function pick(inputs: Inputs, names: readonly string[]): Inputs {
  return Object.fromEntries(names.map((name) => [name, inputs[name] ?? 0n]))
}

/** The specimen with a status list that no honest issuer publishes, accredited all the same. */
function withList(card: ReturnType<typeof invoice>, list: Tree): Inputs {
  const world = new World([card])
  world.directory.set(1, leafOf(card, list.root))
  const path = list.path(Math.floor(card.statusIndex / 248))
  return { ...attestSpecimen(card, world), statusWord: [list.leaf(path.position)], statusSiblings: [path.siblings.map((three) => [...three])] }
}
