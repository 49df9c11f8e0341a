/**
 * The shapes' wiring (C11, C12): Poseidon, the signature and the escrow's curve, which have tests of their own, replaced by stubs of one or
 * two constraints each. What is left is ours: no output can move, and of a seeded sample no constraint is idle.
 */

import assert from 'node:assert/strict'
import type { ShapeName } from '../../src/setup/compile.ts'
import { Circuit } from './circuit.ts'
import { freeOutputs, idleConstraints } from './forgery.ts'
import { inverse, mod, type Witness } from './r1cs.ts'
import { attestLayout, attestSpecimen, creditLine, type Inputs, invoice, matchLayout, matchSpecimen, packRules, singleSpecimen, type Slot, type Value } from './specimen.ts'

const STUBS = ['hash', 'signature', 'curve']
const SAMPLE = 250
/** Each operator, all true and close to false: the search changes a few bits, not sixty. */
const TRUE: Slot[] = [
  { a: 3, c: 3, op: '<=', numeric: true }, { a: 21, c: 21, numeric: true }, { c: 21, op: '<', numeric: true }, { a: 21, op: '!=', numeric: true, or: true }, { a: 2, op: '!=' },
  { a: 3, b: 21, c: 21, d: 3, leftProduct: true, rightProduct: true, op: '<=', numeric: true },
]
const elsewhere = { statusIndex: 248 * 9 + 8 * 6 + 2 }

const SPECIMENS: Record<ShapeName, readonly Inputs[]> = {
  attest: [
    attestSpecimen(),
    { ...attestSpecimen(invoice(elsewhere)), rules: packRules(5, TRUE), layout: attestLayout({ reveal: [3, 7, 12, 21], setMember: 3, setSource: 1 }) },
  ],
  match: [
    matchSpecimen(),
    { ...matchSpecimen(invoice(elsewhere), creditLine({ statusIndex: 3000 })), rules: packRules(6, [...TRUE, { a: 35, c: 51, op: '<=', numeric: true }, { c: 29, op: '!=' }]), layout: matchLayout({ reveal: [35, 36, 51, 21], once: [false, true], escrow: false }) },
    singleSpecimen(),
  ],
}

for (const shape of ['attest', 'match'] as const) {
  describe(`the wiring of ${shape}`, function () {
    this.timeout(240_000)
    let circuit: Circuit
    let witnesses: Witness[]
    before(async () => {
      const plain = await Circuit.shape(shape, 0, STUBS)
      circuit = await Circuit.shape(shape, 2, STUBS)
      witnesses = []
      for (const specimen of SPECIMENS[shape]) witnesses.push(circuit.accepts(await settle(plain, specimen)))
    })

    it('leaves no output free to move', () => {
      const outputs = Array.from({ length: circuit.r1cs.outputs }, (_, k) => k + 1)
      for (const witness of witnesses) assert.deepEqual(freeOutputs(circuit.r1cs, witness, outputs), [])
    })

    it(`needs each of ${SAMPLE} constraints`, () => {
      const { length } = circuit.r1cs.constraints
      const sample = Array.from({ length: SAMPLE }, (_, k) => Number(mod(BigInt(k + 1) * 2654435761n) % BigInt(length)))
      assert.deepEqual(idleConstraints(circuit.r1cs, witnesses, [...new Set(sample)]), [])
    })
  })
}

/** Puts what the stubs compute in place of what Poseidon and EdDSA gave: roots, the parameter commitment, signatures. */
async function settle(circuit: Circuit, specimen: Inputs): Promise<Inputs> {
  const documents = (specimen.serial as bigint[]).length
  const siblings = structuredClone(specimen.directorySiblings) as bigint[][][]
  const position = documents === 1 ? specimen.directoryPosition : [0n, 1n]
  const value = (witness: Witness, name: string) => witness[circuit.find(new RegExp(name))] ?? 0n
  const document = (witness: Witness, k: number, name: string) => value(witness, `Document_\\d+_\\d+\\[${k}\\]\\.${name}$`)

  // Two documents' leaves are neighbours below one root.
  const leaves = await circuit.forge(specimen)
  if (documents === 2) {
    siblings[1] = siblings[0]?.map((three) => [...three]) ?? []
    for (const k of [0, 1]) (siblings[k]?.[0] as bigint[])[0] = document(leaves, 1 - k, 'DirectoryRoot_\\d+_\\d+\\.leaf')
  }
  const placed = { ...specimen, directoryPosition: position as Value, directorySiblings: siblings }
  const witness = await circuit.forge(placed)
  const signatureS = Array.from({ length: documents }, (_, k) => {
    const [x, y] = (specimen.issuingKey as bigint[][])[k] ?? []
    const [Rx, Ry] = (specimen.signatureR8 as bigint[][])[k] ?? []
    const weight = (x ?? 0n) + 3n * (y ?? 0n) + 5n * (Rx ?? 0n) + 7n * (Ry ?? 0n)
    return weight === 0n ? 0n : mod(document(witness, k, 'commitment') * inverse(weight))
  })
  const setRoot = documents === 1 ? { setRoot: value(witness, 'Membership_\\d+_\\d+\\.root$') } : {}
  return { ...placed, ...setRoot, signatureS, parameterCommitment: value(witness, '\\.opened$'), directoryRoot: document(witness, 0, 'root') }
}
