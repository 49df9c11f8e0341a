import assert from 'node:assert/strict'
// @ts-ignore no types
import { buildPoseidon } from 'circomlibjs'
import { littleEndian, toLittleEndian } from '../src/files.ts'
import { Poseidon } from '../src/poseidon.ts'
import { SCALAR_ORDER as r } from '../src/wasm/msm.ts'
import { ARITHMETICS, machineOf } from './machines.ts'

const bytes = (values: bigint[]) => Uint8Array.from(values.flatMap((value) => [...toLittleEndian(value)]))

for (const arithmetic of ARITHMETICS) describe(`Poseidon on ${arithmetic}`, () => {
  const poseidon = new Poseidon(machineOf(arithmetic))
  let oracle: any
  before(async () => { oracle = await buildPoseidon() })

  for (let arity = 1; arity <= 16; arity++) it(`hashes ${arity} inputs as circomlib does, an odd number of groups`, () => {
    const values = Array.from({ length: 5 * arity }, (_, i) => [0n, 1n, r - 1n, BigInt(i) ** 61n % r, (1n << 253n) + BigInt(i)][(i * 7 + (i >> 3)) % 5]!)
    const got = poseidon.hash(arity, bytes(values))
    for (let i = 0; i < 5; i++) assert.equal(littleEndian(got.subarray(32 * i, 32 * i + 32)), oracle.F.toObject(oracle(values.slice(arity * i, arity * i + arity))))
  })

  it('hashes nothing to nothing', () => assert.equal(poseidon.hash(2, new Uint8Array(0)).length, 0))

  for (const [what, arity, input] of [['no inputs', 0, []], ['17 inputs', 17, Array(17).fill(0n)], ['half a group', 2, [1n]], ['an element of r', 1, [r]], ['all ones', 1, [2n ** 256n - 1n]]] as const) {
    it(`refuses ${what}`, () => assert.throws(() => poseidon.hash(arity, bytes([...input])), RangeError))
  }
})
