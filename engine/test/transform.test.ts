import assert from 'node:assert/strict'
import { littleEndian } from '../src/files.ts'
import { buildDomain, power, rootOfUnity } from '../src/domain.ts'
import { SCALAR_ORDER as r } from '../src/wasm/msm.ts'
import { PAIR } from '../src/wasm/field.ts'
import { ARITHMETICS, Cells, machineOf } from './machines.ts'

for (const arithmetic of ARITHMETICS) describe(`the transform on ${arithmetic}`, () => {
  const machine = machineOf(arithmetic)
  const cells = new Cells(machine, 'fr')

  for (const log of [2, 3, 4, 6]) it(`moves ${2 ** log} values to the odd coset as evaluation does`, () => {
    const n = 2 ** log, { pairs, roots, inverseRoots, shifts } = buildDomain(machine, n)
    const coefficients = Array.from({ length: n }, (_, i) => [0n, 1n, r - 1n, BigInt(i) ** 70n % r][i % 4]!)
    const evaluate = (x: bigint) => coefficients.reduceRight((sum, c) => (sum * x + c) % r, 0n)
    const w = rootOfUnity(log), shift = rootOfUnity(log + 1)
    const values = Array.from({ length: n }, (_, j) => evaluate(power(w, BigInt(j), r)))

    const data = machine.allocate(PAIR * pairs), zero = machine.allocate(PAIR * pairs), one = machine.allocate(PAIR * pairs), scalars = machine.allocate(32 * n)
    for (let j = 0; j < pairs; j++) {
      const pair = cells.pair(values[j]!, values[j + pairs]!)
      machine.bytes.copyWithin(data + PAIR * j, pair, pair + PAIR)
      machine.bytes.set(cells.field.encode(0n, 0n), zero + PAIR * j)
      machine.bytes.copyWithin(one + PAIR * j, machine.program.fr.one, machine.program.fr.one + PAIR)
    }
    machine.exports.toCoefficients!(data, pairs, inverseRoots)
    machine.exports.multiplyPairs!(data, data, shifts, pairs)
    machine.exports.toValues!(data, pairs, roots)
    machine.exports.quotient!(scalars, data, one, zero, pairs)
    const got = Array.from({ length: n }, (_, j) => littleEndian(machine.bytes.subarray(scalars + 32 * j, scalars + 32 * j + 32)))
    assert.deepEqual(got, Array.from({ length: n }, (_, j) => evaluate((power(w, BigInt(j), r) * shift) % r)))
  })
})
