import assert from 'node:assert/strict'
import fc from 'fast-check'
import { mod, inverse } from '../src/wasm/field.ts'
import { ARITHMETICS, Cells, machineOf } from './machines.ts'

for (const arithmetic of ARITHMETICS) for (const name of ['fp', 'fr'] as const) describe(`${name} on ${arithmetic}`, () => {
  const machine = machineOf(arithmetic)
  const cells = new Cells(machine, name)
  const { field } = cells
  const { p, bits, limbs } = field
  const over = inverse(field.R, p)
  const call = (op: string, ...args: number[]) => machine.exports[`${name}_${op}`]!(...args)
  const [A, B, C, D, out] = [0, 1, 2, 3, 4].map(() => machine.allocate(80)) as [number, number, number, number, number]

  // Integers at the edges: around 0, p/2, p, 2p and around every limb's boundary.
  const unit = 1n << BigInt(bits - 1)
  const near = (x: bigint) => [x - 1n, x, x + 1n]
  const edges = [0n, p / 2n, p, p - p / 2n].flatMap(near).concat(
    Array.from({ length: limbs - 1 }, (_, k) => [unit << BigInt(bits * k), 1n << BigInt(bits * (k + 1))]).flat().flatMap(near))
  const value = fc.oneof(fc.constantFrom(...edges), fc.bigInt({ min: 0n, max: p - 1n })).chain((x) => fc.constantFrom(x, -x))

  // Limbs as lazy additions leave them: up to two units each, at the ends and around the middle.
  const limb = fc.oneof(fc.constantFrom(0n, 1n, -1n, unit, -unit, unit - 1n, 1n - unit, 2n * unit, -2n * unit, 2n * unit - 1n), fc.bigInt({ min: -2n * unit, max: 2n * unit }))
  const top = fc.bigInt({ min: -(p >> BigInt(bits * (limbs - 1))), max: p >> BigInt(bits * (limbs - 1)) })
  const lazy = fc.tuple(fc.array(limb, { minLength: limbs - 1, maxLength: limbs - 1 }), top).map(([low, high]) => [...low, high])
  const carried = lazy.map((list) => list.map((x, k) => (k < limbs - 1 ? (x < -unit ? -unit : x > unit ? unit : x) : x)))
  /** Writes lanes given limb by limb; answers their values. */
  const put = (at: number, lane0: bigint[], lane1: bigint[]): [bigint, bigint] => {
    if (arithmetic === 'i64') lane0.concat(0n, lane1, 0n).forEach((x, i) => { new Int32Array(machine.memory.buffer)[at / 4 + i] = Number(x) })
    else lane0.forEach((x, i) => { const view = new Float64Array(machine.memory.buffer); view[at / 8 + 2 * i] = Number(x); view[at / 8 + 2 * i + 1] = Number(lane1[i]) })
    const read = (list: bigint[]) => list.reduceRight((sum, x) => (sum << BigInt(bits)) + x, 0n)
    assert.deepEqual(cells.raw(at), [read(lane0), read(lane1)])
    return [read(lane0), read(lane1)]
  }
  const both = (got: [bigint, bigint], want: [bigint, bigint]) => got.forEach((x, lane) => assert.equal(mod(x - want[lane]!, p), 0n, `lane ${lane}`))
  const small = (at: number, bound: bigint) => cells.raw(at).forEach((x) => assert.ok((x < 0n ? -x : x) <= bound))

  it('multiplies any two lazy pairs, in both lanes, within its bound', () => {
    fc.assert(fc.property(lazy, lazy, lazy, lazy, (a0, a1, b0, b1) => {
      const a = put(A, a0, a1), b = put(B, b0, b1)
      call('mul', out, A, B)
      both(cells.raw(out), [a[0] * b[0] * over, a[1] * b[1] * over])
      small(out, p)
    }), { numRuns: 400 })
  })

  it('squares any two pairs of one unit', () => {
    fc.assert(fc.property(carried, carried, (a0, a1) => {
      const a = put(A, a0, a1)
      call('sqr', out, A)
      both(cells.raw(out), [a[0] ** 2n * over, a[1] ** 2n * over])
    }), { numRuns: 400 })
  })

  it('sums three products of a lazy factor and one of one unit with one reduction', () => {
    const [E, F] = [machine.allocate(80), machine.allocate(80)]
    fc.assert(fc.property(lazy, carried, lazy, carried, lazy, carried, (a, b, c, d, e, g) => {
      const [x0, z0] = put(A, a, c), [y0, w0] = put(B, b, d), [x1, z1] = put(C, c, e), [y1, w1] = put(D, d, g), [x2, z2] = put(E, e, a), [y2, w2] = put(F, g, b)
      call('dot3', out, A, B, C, D, E, F)
      both(cells.raw(out), [(x0 * y0 + x1 * y1 + x2 * y2) * over, (z0 * w0 + z1 * w1 + z2 * w2) * over])
    }), { numRuns: 300 })
  })

  it('sums and subtracts two products with one reduction', () => {
    fc.assert(fc.property(lazy, lazy, lazy, lazy, (a, b, c, d) => {
      const [x] = put(A, a, b), [y] = put(B, b, c), [z] = put(C, c, d), [w] = put(D, d, a)
      call('dot', out, A, B, C, D)
      assert.equal(mod(cells.raw(out)[0] - (x * y + z * w) * over, p), 0n)
      call('dotSub', out, A, B, C, D)
      assert.equal(mod(cells.raw(out)[0] - (x * y - z * w) * over, p), 0n)
    }), { numRuns: 400 })
  })

  it('multiplies where the result is one of its factors', () => {
    const at = cells.pair(3n, 5n)
    call('mul', at, at, at)
    assert.deepEqual(cells.values(at), [9n, 25n])
  })

  it('reduces to the one representation in (−p/2, p/2)', () => {
    fc.assert(fc.property(lazy, lazy, (a0, a1) => {
      const a = put(A, a0, a1)
      call('reduce', out, A)
      both(cells.raw(out), a)
      small(out, p / 2n + (p >> 40n))
    }), { numRuns: 400 })
  })

  it('knows every multiple of p for 0, and nothing else', () => {
    for (const [x, zero] of [[0n, true], [p, true], [-p, true], [2n * p, true], [1n, false], [p - 1n, false], [p + 1n, false], [unit, false]] as const) {
      machine.bytes.set(field.encode(x, 5n), A)
      call('reduce', A, A)
      assert.equal(call('zeros', A), zero ? 1 : 0, String(x))
    }
  })

  it('reads and writes integers of both forms', () => {
    fc.assert(fc.property(fc.array(value.map((x) => mod(x, p)), { minLength: 1, maxLength: 5 }), (values) => {
      const at = cells.elements(values)
      assert.deepEqual(cells.integers(at, values.length), values)
      machine.release(at)
    }))
  })

  it('inverts in both lanes, and answers 0 where a lane has no inverse', () => {
    fc.assert(fc.property(value, value, (x, y) => {
      const at = cells.pair(x, y)
      call('invert', at, at)
      const [vx, vy] = [mod(x, p), mod(y, p)]
      assert.deepEqual(cells.values(at), vx === 0n || vy === 0n ? [0n, 0n] : [inverse(vx, p), inverse(vy, p)])
      machine.release(at)
    }), { numRuns: 300 })
  })
})
