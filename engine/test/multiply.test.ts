import assert from 'node:assert/strict'
import fc from 'fast-check'
import { toLittleEndian } from '../src/files.ts'
import { SCALAR_ORDER as r, windowCount, windowsWorkspace } from '../src/wasm/msm.ts'
import { curveOf, integersOf, times, type NoblePoint } from './curve.ts'
import { ARITHMETICS, Cells, machineOf } from './machines.ts'

for (const arithmetic of ARITHMETICS) describe(`scalars on ${arithmetic}`, () => {
  const machine = machineOf(arithmetic)

  it('are recoded to digits that give them back, with every width and at every edge', () => {
    const scalar = fc.oneof(fc.constantFrom(0n, 1n, 2n, r - 1n, r - 2n, r >> 1n, (r >> 1n) + 1n, (1n << 253n) - 1n, 1n << 253n, 1n << 64n, (1n << 128n) - 1n), fc.bigInt({ min: 0n, max: r - 1n }))
    const at = machine.allocate(32), digits = machine.allocate(2 * 64)
    fc.assert(fc.property(scalar, fc.integer({ min: 4, max: 15 }), (s, c) => {
      const windows = windowCount(c)
      machine.bytes.set(toLittleEndian(s), at)
      machine.exports.recode!(at, 1, c, windows, digits, 1)
      const list = new Int16Array(machine.memory.buffer, digits, windows)
      assert.ok(list.every((digit) => Math.abs(digit) <= 2 ** (c - 1)))
      assert.equal(((list.reduceRight((sum, digit) => (sum << BigInt(c)) + BigInt(digit), 0n) - s) % r), 0n)
    }), { numRuns: 500 })
  })
})

for (const arithmetic of ARITHMETICS) for (const group of ['g1', 'g2'] as const) describe(`sums in ${group} on ${arithmetic}`, () => {
  const machine = machineOf(arithmetic)
  const cells = new Cells(machine)
  const { BASE, ZERO } = curveOf(group)
  const { element } = machine.program[group]
  const size = 2 * element, coordinates = element / 40 * 2

  function product(points: NoblePoint[], scalars: bigint[], c: number, cuts: number[] = []): bigint[] {
    const n = points.length, windows = windowCount(c)
    const owned: number[] = []
    const allocate = (bytes: number) => { const at = machine.allocate(bytes); owned.push(at); return at }
    const at = cells.elements(points.flatMap((p) => integersOf(p, group)))
    const raw = allocate(32 * n), digits = allocate(2 * n * windows), indices = allocate(4 * n), parts = allocate(windows * c * size), result = allocate(size)
    const workspace = allocate(windowsWorkspace(n, windows, c, element))
    scalars.forEach((s, i) => machine.bytes.set(toLittleEndian(s), raw + 32 * i))
    new Uint32Array(machine.memory.buffer, indices, n).forEach((_, i, list) => { list[i] = i })
    machine.exports.recode!(raw, n, c, windows, digits, n)
    const edges = [0, ...cuts, windows]
    for (let i = 0; i + 1 < edges.length; i++) machine.exports[`${group}_windows`]!(at, indices, n, digits, n, edges[i]!, edges[i + 1]!, c, workspace, parts + edges[i]! * c * size, 1, windows)
    machine.exports[`${group}_fold`]!(parts, windows, c, result)
    const answer = cells.integers(result, coordinates)
    for (const block of [...owned, at]) machine.release(block)
    return answer
  }

  const naive = (points: NoblePoint[], scalars: bigint[]) => integersOf(points.reduce((sum, p, i) => sum.add(times(p, scalars[i]!, ZERO)), ZERO), group)
  /** k·G for k = 1, 2, …: cheap to make, all different. */
  const chain = (n: number) => { let p = ZERO; return Array.from({ length: n }, () => (p = p.add(BASE))) }
  const mixed = (i: number) => [0n, 1n, r - 1n, BigInt(i), (1n << 64n) - 1n, r >> 1n, (r >> 1n) + 1n, (BigInt(i + 1) ** 9n * 0x1234567890abcdef1234567890abcdefn) % r][i % 8]!

  for (const n of [0, 1, 2, 3, 17, 64]) for (const c of [4, 5, 8]) it(`give ${n} points times small, large, equal and zero scalars, windows of ${c} bits`, () => {
    const points = chain(n), scalars = points.map((_, i) => mixed(i))
    assert.deepEqual(product(points, scalars, c, [1, 5]), naive(points, scalars))
  })

  it('give one point many times over: every addition a doubling', () => {
    const points = Array<NoblePoint>(300).fill(BASE), scalars = points.map(() => 3n)
    assert.deepEqual(product(points, scalars, 6), integersOf(BASE.multiply(900n), group))
  })

  it('give infinity for points that cancel in one bucket', () => {
    const points = Array.from({ length: 64 }, (_, i) => (i % 2 ? BASE : BASE.negate()))
    assert.deepEqual(product(points, points.map(() => 0x123456789abcdefn), 5), integersOf(ZERO, group))
  })

  it('give the rest where only some cancel or double', () => {
    const list = chain(9)
    const points = [...list, ...list, ...list.map((p) => p.negate()), list[3]!, list[3]!, list[3]!]
    const scalars = points.map((_, i) => BigInt(i % 5) + 7n)
    assert.deepEqual(product(points, scalars, 4), naive(points, scalars))
  })

  it('give 0 for zero scalars', () => assert.deepEqual(product(chain(5), Array<bigint>(5).fill(0n), 7), integersOf(ZERO, group)))

  it('agree with a closed form for 2^12 points and full scalars, more than one chunk of inversions', () => {
    const n = group === 'g1' ? 4096 : 1500
    const points = chain(n), scalars = points.map((_, i) => (BigInt(i + 3) ** 7n * 0xfedcba9876543210fedcba9876543210fedcba98765432n) % r)
    const total = scalars.reduce((sum, s, i) => (sum + s * BigInt(i + 1)) % r, 0n)
    assert.deepEqual(product(points, scalars, 9, [10]), integersOf(BASE.multiply(total), group))
  })
})
