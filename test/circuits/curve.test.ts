/** The escrow's points, against @noble/curves (SPEC §5.7), and circomlib's signature check alone. */

import assert from 'node:assert/strict'
import { FIELD_ORDER } from '../../src/field/field.ts'
import { hash } from '../../src/hash/poseidon.ts'
import { Circuit } from './circuit.ts'
import { determined, recompute } from './forgery.ts'
import * as gadgets from './gadgets.ts'
import { coordinates, f, Point, SUBGROUP_ORDER } from './specimen.ts'

describe('EphemeralPoints', () => {
  let circuit: Circuit
  const key = Point.BASE.multiply(424242n)
  before(async () => (circuit = await Circuit.gadget(gadgets.ephemeralPoints)))

  const l = SUBGROUP_ORDER
  const scalars = { '1': 1n, '2': 2n, '7': 7n, 'l - 1': l - 1n, 'l + 1': l + 1n, '2^248': 2n ** 248n, '2^251 - 1': 2n ** 251n - 1n, 'r - 1': FIELD_ORDER - 1n, 'a hash': hash('node', [f(1)]), 'another hash': hash('node', [f(2)]) }
  for (const [name, e] of Object.entries(scalars)) {
    it(`multiplies by ${name} as @noble/curves does`, () => {
      const [[x, y], [sx, sy]] = [coordinates(Point.BASE.multiply(e % l)), coordinates(key.multiply(e % l))]
      circuit.accepts({ e, key: coordinates(key) }, { 'ephemeral[0]': x, 'ephemeral[1]': y, 'shared[0]': sx, 'shared[1]': sy })
    })
  }

  for (const [name, e] of [['0', 0n], ['l', l]] as const) {
    it(`multiplies by ${name} to the identity`, () => circuit.accepts({ e, key: coordinates(key) }, { 'ephemeral[0]': 0n, 'ephemeral[1]': 1n, 'shared[0]': 0n, 'shared[1]': 1n }))
  }

  it('has a witness when there is no key', () => circuit.accepts({ e: 5n, key: [0n, 0n] }, { 'shared[0]': 0n, 'shared[1]': 1n }))
})

describe('Num2Bits_strict, which gives an escrow its scalar', () => {
  it('refuses the bits of e + r for e by its comparison alone (C12)', async () => {
    const circuit = await Circuit.gadget({ file: 'curve', template: 'Num2Bits_strict()', inputs: ['in'], outputs: ['out[254]'] }, 0)
    const { r1cs } = circuit
    const witness = circuit.witness({ in: 5n })
    const put = (wires: readonly number[], value: bigint) => wires.forEach((wire, i) => (witness[wire] = (value >> BigInt(i)) & 1n))

    // The other 254 bits; all that follows from them; then the comparison's own bits for its sum.
    const bits = circuit.wires(/\.n2b\.out\[\d+\]$/)
    put(bits, 5n + FIELD_ORDER)
    recompute(r1cs, witness, determined(r1cs, witness, [...r1cs.inputs, ...bits]))
    put(circuit.wires(/compConstant\.num2bits\.out\[\d+\]$/), witness[circuit.find(/compConstant\.num2bits\.in$/)] ?? 0n)
    assert.equal(r1cs.violated(witness).length, 1)
  })
})
