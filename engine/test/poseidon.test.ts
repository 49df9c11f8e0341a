import assert from 'node:assert/strict'
// @ts-ignore no types
import { buildPoseidon } from 'circomlibjs'
import { littleEndian, toLittleEndian } from '../src/files.ts'
import { plainParameters, sparseParameters } from '../src/poseidon-parameters.ts'
import { Poseidon } from '../src/poseidon.ts'
import { SCALAR_ORDER as r } from '../src/wasm/msm.ts'
import { ARITHMETICS, machineOf } from './machines.ts'

const bytes = (values: bigint[]) => Uint8Array.from(values.flatMap((value) => [...toLittleEndian(value)]))

describe("Poseidon's sparse form", () => {
  type Rows = readonly (readonly bigint[])[]
  const fifth = (x: bigint) => x ** 5n % r
  const apply = (matrix: Rows, state: readonly bigint[]) => matrix.map((row) => row.reduce((sum, x, i) => sum + x * state[i]!, 0n) % r)
  const add = (state: readonly bigint[], constants: readonly bigint[]) => state.map((x, i) => (x + constants[i]!) % r)

  for (let t = 2; t <= 17; t++) it(`is the same permutation of ${t} elements as the plain form`, () => {
    const plain = plainParameters(r, t), { first, matrix, entry, shift, partial, last } = sparseParameters(r, plain)
    const input = Array.from({ length: t }, (_, i) => (BigInt(i) + 5n) ** 97n % r)
    let want: readonly bigint[] = input
    plain.constants.forEach((constants, round) => {
      const full = round < 4 || round >= plain.constants.length - 4
      want = apply(plain.matrix, add(want, constants).map((x, i) => (full || i === 0 ? fifth(x) : x)))
    })
    let got: readonly bigint[] = input
    first.forEach((constants, round) => { got = apply(round < 3 ? matrix : entry, add(got, constants).map(fifth)) })
    got = add(got, shift)
    for (const { constant, row, column } of partial) {
      const state = [fifth(got[0]!) + constant, ...got.slice(1)]
      got = [apply([row], state)[0]!, ...state.slice(1).map((x, i) => (x + column[i]! * state[0]!) % r)]
    }
    for (const constants of last) got = apply(matrix, add(got, constants).map(fifth))
    assert.deepEqual(got, want)
  })
})

for (const arithmetic of ARITHMETICS) describe(`Poseidon on ${arithmetic}`, () => {
  const poseidon = new Poseidon(machineOf(arithmetic))
  let oracle: any
  before(async () => { oracle = await buildPoseidon() })

  for (let arity = 1; arity <= 16; arity++) it(`hashes ${arity} inputs as circomlib does, an odd number of groups`, () => {
    const values = Array.from({ length: 5 * arity }, (_, i) => [0n, 1n, r - 1n, BigInt(i) ** 61n % r, (1n << 253n) + BigInt(i)][(i * 7 + (i >> 3)) % 5]!)
    const got = poseidon.hash(arity, bytes(values))
    for (let i = 0; i < 5; i++) assert.equal(littleEndian(got.subarray(32 * i, 32 * i + 32)), oracle.F.toObject(oracle(values.slice(arity * i, arity * i + arity))))
  })

  for (const arity of [1, 2, 3, 9]) it(`hashes ${arity} inputs with a capacity element as circomlib does, and 0 is none`, () => {
    const values = Array.from({ length: 3 * arity }, (_, i) => BigInt(i + 2) ** 79n % r)
    for (const capacity of [0n, 1n, r - 1n, 7n ** 90n % r]) {
      const got = poseidon.hash(arity, bytes(values), capacity)
      for (let i = 0; i < 3; i++) assert.equal(littleEndian(got.subarray(32 * i, 32 * i + 32)), oracle.F.toObject(oracle(values.slice(arity * i, arity * i + arity), oracle.F.e(capacity))))
    }
    assert.deepEqual(poseidon.hash(arity, bytes(values), 0n), poseidon.hash(arity, bytes(values)))
  })

  for (const capacity of [-1n, r]) it(`refuses the capacity element ${capacity}`, () => assert.throws(() => poseidon.hash(1, bytes([1n]), capacity), RangeError))

  it('keeps no memory but its tables', () => {
    const machine = machineOf(arithmetic)
    poseidon.hash(2, bytes([1n, 2n]))
    const held = machine.allocatedBytes
    poseidon.hash(2, bytes([1n, 2n, 3n, 4n]))
    assert.throws(() => poseidon.hash(2, bytes([1n, r])), RangeError)
    assert.equal(machine.allocatedBytes, held)
  })

  it('hashes nothing to nothing', () => assert.equal(poseidon.hash(2, new Uint8Array(0)).length, 0))

  for (const [what, arity, input] of [['no inputs', 0, []], ['17 inputs', 17, Array(17).fill(0n)], ['half a group', 2, [1n]], ['an element of r', 1, [r]], ['all ones', 1, [2n ** 256n - 1n]]] as const) {
    it(`refuses ${what}`, () => assert.throws(() => poseidon.hash(arity, bytes([...input])), RangeError))
  }
})
