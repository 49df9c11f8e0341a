// Points whose logarithms are small and known: sums of them collide at all levels, and are compared with multiples of the
// generator that integer arithmetic names.

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { bestLayout, jobsFor, type Layout } from '../src/multiply.ts'
import { SCALAR_ORDER as r, windowCount } from '../src/wasm/msm.ts'
import { curveOf, integersOf, times } from './curve.ts'
import { ARITHMETICS } from './machines.ts'
import { Sums, edgeScalars, multiplesOf, type Integers, type List } from './sums-of-products.ts'

const CHUNK = 1024 // additions that share an inversion in sums.ts
const same = (a: Integers, b: Integers) => a.length === b.length && a.every((x, i) => x === b[i])
const sum = (list: readonly number[]) => list.reduce((total, k) => total + k, 0)
const repeat = (pattern: readonly number[], length: number) => Array.from({ length }, (_, i) => pattern[i % pattern.length]!)

const logarithm = fc.integer({ min: -4, max: 4 }).filter((k) => k !== 0)
const width = fc.integer({ min: 4, max: 15 })
const scalarFor = (c: number) => fc.oneof(
  fc.constantFrom(...edgeScalars(c)), fc.integer({ min: -9, max: 9 }).map((s) => (BigInt(s) + r) % r),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.bigInt({ min: 0n, max: r - 1n }))

for (const group of ['g1', 'g2'] as const) for (const arithmetic of ARITHMETICS) describe(`adversarial sums in ${group} on ${arithmetic}`, function () {
  this.timeout(30_000) // an endless loop on a thread fails the test here
  let sums: Sums
  const multiple = multiplesOf(group)
  before(async () => { sums = await Sums.start(arithmetic, group) })
  after(() => sums.close())

  describe('of lists, the kernel', () => {
    const LOGARITHMS = [1, 2, 3, 4, -1, -2, -3, -4]
    /** Entries of these logarithms, 0 for one that is nothing; every second k is the point −k negated. */
    const listOf = (logarithms: readonly number[]): List => logarithms.map((k, i) => (k === 0 ? undefined : { point: LOGARITHMS.indexOf(i % 2 ? -k : k), negative: i % 2 === 1 }))
    async function agree(lists: readonly (readonly number[])[]): Promise<void> {
      const points = sums.place(LOGARITHMS.map(multiple)), found = await sums.lists(points, lists.map(listOf))
      sums.release(points)
      for (const [l, list] of lists.entries()) assert.ok(same(found[l]!, multiple(sum(list))), `list ${l} is ${sum(list)}·G`)
    }
    const list = fc.array(fc.integer({ min: -4, max: 4 }), { maxLength: 40 })

    it('are right where sums are equal, opposite or nothing', () => fc.assert(fc.asyncProperty(fc.array(list, { maxLength: 12 }), agree), { numRuns: 1000 }))

    for (const [what, pattern] of [
      ['equal points', [1]], ['a point and its opposite in turns', [1, -1]], ['pairs and their opposites in turns', [1, 1, -1, -1]],
      ['fours and their opposites in turns', [2, 2, 2, 2, -2, -2, -2, -2]], ['sums that are nothing beside some that are not', [3, -3, 1, 0]],
      ['nothings only', [0]], ['sums that turn out equal', [1, 2, 2, 1, 3, -1, 4, -2]],
    ] as const) it(`are right for ${what}, at the edges of chunks`, async () => {
      const lists = [0, 1, 2, 3, ...[1, 2, 4].flatMap((chunks) => [-2, -1, 0, 1, 2].map((more) => chunks * CHUNK + more))].map((length) => repeat(pattern, length))
      for (const list of lists) await agree([list])
      await agree(lists)
    })

    it('are right for as many pairs as fill a chunk, some vanishing or doubling, first or last', async () => {
      for (const pairs of [CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK]) for (const place of [0, pairs >> 1, pairs - 1]) for (const special of [[1, -1], [2, 2]]) {
        await agree(Array.from({ length: pairs }, (_, i) => (i === place ? special : [1, 2])))
      }
    })
  })

  describe('of buckets, rows, columns and bits', () => {
    /** What `windows` has to answer for one window: sums for the bits of |digit| − 1, then for all. */
    const expected = (logarithms: readonly number[], digits: readonly number[], c: number) => Array.from({ length: c }, (_, bit) =>
      sum(logarithms.map((k, i) => (digits[i] !== 0 && (bit === c - 1 || (Math.abs(digits[i]!) - 1) >> bit & 1) ? Math.sign(digits[i]!) * k : 0))))

    async function agree(logarithms: readonly number[], digits: readonly (readonly number[])[], c: number): Promise<void> {
      const points = sums.place(logarithms.map(multiple)), found = await sums.partsOf(points, digits, c)
      sums.release(points)
      for (const [w, row] of digits.entries()) for (const [k, log] of expected(logarithms, row, c).entries()) {
        assert.ok(same(found[w]![k]!, multiple(log)), `part ${k} of digits ${row} is ${log}·G`)
      }
    }

    it('are right for three points in any buckets of a small grid: every way to meet', async () => {
      const digits = Array.from({ length: 17 }, (_, i) => i - 8)
      const all = digits.flatMap((a) => digits.flatMap((b) => digits.map((c) => [a, b, c])))
      for (const logarithms of [[1, 1, 2], [1, 2, 3]]) await agree(logarithms, all, 4)
    })

    it('are right where rows, columns or bits of the grid vanish or double', () => {
      /** Buckets that differ from each other in the columns, in the rows, or in both. */
      const digitsFor = (c: number) => fc.tuple(fc.nat(2 ** (c - 1) - 1), fc.array(fc.tuple(fc.nat(2 ** (c - 1) - 1), fc.constantFrom('column', 'row', 'any', 'same')), { minLength: 1, maxLength: 3 })).chain(([base, others]) => {
        const low = 2 ** ((c - 1) >> 1) - 1
        const near = others.map(([other, how]) => (how === 'column' ? (base & ~low) | (other & low) : how === 'row' ? (base & low) | (other & ~low) : how === 'any' ? other : base))
        return fc.array(fc.tuple(fc.constantFrom(base, ...near), fc.constantFrom(1, 1, -1, 0)).map(([bucket, sign]) => sign * (bucket + 1)), { minLength: 40, maxLength: 40 })
      })
      const problem = width.chain((c) => fc.tuple(fc.constant(c), fc.array(logarithm, { maxLength: 40 }), fc.array(digitsFor(c), { minLength: 1, maxLength: 6 })))
      return fc.assert(fc.asyncProperty(problem, ([c, logarithms, digits]) => agree(logarithms, digits.map((row) => row.slice(0, logarithms.length)), c)), { numRuns: 1000 })
    })

    it('are right where every bucket is full, and stay in their workspace', async () => {
      for (const c of [4, 5, 8, 11]) {
        const half = 2 ** (c - 1), digits = Array.from({ length: 4 * half }, (_, i) => (i % half + 1) * (i % 3 ? 1 : -1))
        await agree(repeat([1, 2, -1, 4, -3], digits.length), [digits, digits.toReversed()], c)
      }
    })
  })

  describe('of products', () => {
    async function agree(logarithms: readonly number[], scalars: readonly bigint[], layout: Layout = bestLayout(logarithms.length), what = ''): Promise<void> {
      const total = logarithms.reduce((all, k, i) => all + BigInt(k) * scalars[i]!, 0n) % r
      assert.ok(same(await sums.productOf(logarithms.map(multiple), scalars, layout), multiple(total)), `${what} ${total}·G`)
    }
    const layoutOf = (c: number, blocks: number): Layout => ({ width: c, blocks, period: Math.ceil(windowCount(c) / blocks) })
    /** Points of small logarithms, each with one of a few scalars. */
    const problemFor = (c: number, maxLength: number) => fc.array(scalarFor(c), { minLength: 1, maxLength: 5 }).chain((scalars) =>
      fc.array(fc.tuple(logarithm, fc.constantFrom(...scalars)), { maxLength }))

    it('are right for small logarithms and few scalars', () => {
      const problem = width.chain((c) => fc.tuple(fc.constant(layoutOf(c, 1)), problemFor(c, 40)))
      return fc.assert(fc.asyncProperty(problem, ([layout, terms]) => agree(terms.map(([k]) => k), terms.map(([, s]) => s), layout)), { numRuns: 300 })
    })

    it('are right for the same with tables, in the layout for as many', () => {
      const problem = fc.tuple(width, fc.integer({ min: 2, max: 9 })).chain(([c, blocks]) => fc.tuple(fc.constant(layoutOf(c, blocks)), problemFor(c, 20)))
      return fc.assert(fc.asyncProperty(problem, async ([layout, terms]) => {
        for (const each of [layout, bestLayout(terms.length, layout.blocks)]) await agree(terms.map(([k]) => k), terms.map(([, s]) => s), each)
      }), { numRuns: 50 })
    })

    it('are the naive ones of the points themselves', () => {
      const { BASE, ZERO } = curveOf(group)
      const point = (k: number) => (k < 0 ? BASE.multiply(BigInt(-k)).negate() : BASE.multiply(BigInt(k)))
      return fc.assert(fc.asyncProperty(width.chain((c) => fc.tuple(fc.constant(c), problemFor(c, 6))), async ([c, terms]) => {
        const naive = terms.reduce((all, [k, s]) => all.add(times(point(k), s, ZERO)), ZERO)
        assert.deepEqual(await sums.productOf(terms.map(([k]) => integersOf(point(k), group)), terms.map(([, s]) => s), layoutOf(c, 1)), integersOf(naive, group))
      }), { numRuns: 30 })
    })

    const full = (i: number) => (BigInt(i + 3) ** 97n * 0xfedcba9876543210fedcba9876543210fedcba98765432n) % r
    const any = 0x123456789abcdef0fedcba9876543210123456789abcdef0fedcba987654321n
    const cases: [string, (i: number, n: number) => [number, bigint]][] = [
      ['different points, full scalars', (i) => [i + 1, full(i)]],
      ['equal points, full scalars', (i) => [1, full(i)]],
      ['equal points, equal scalars', () => [1, any]],
      ['different points, equal scalars', (i) => [i + 1, any]],
      ['a point and its opposite in turns, equal scalars', (i) => [i % 2 ? 1 : -1, any]],
      ['pairs and their opposites in turns, equal scalars', (i) => [i % 4 < 2 ? 1 : -1, any]],
      ['opposite halves, equal scalars', (i, n) => [i < n >> 1 ? 3 : -3, any]],
      ['different points and their opposites, equal scalars', (i) => [i % 2 ? i : -i - 1, any]],
      ['equal points, a scalar and its opposite in turns', (i) => [2, i % 2 ? any : r - any]],
      ['small logarithms, full scalars', (i) => [i % 9 - 4 || 4, full(i)]],
      ['scalars 0', (i) => [i + 1, 0n]],
      ['scalars 1', (i) => [i + 1, 1n]],
      ['scalars r − 1', (i) => [i + 1, r - 1n]],
      ['scalars 2^253 − 1', (i) => [i + 1, (1n << 253n) - 1n]],
      ['scalars next to r/2', (i) => [i + 1, (r >> 1n) + BigInt(i % 2)]],
      ['bits', (i) => [i + 1, BigInt(i * 7 >> 2 & 1)]],
      ['one scalar that is not 0, at the first place', (i) => [i + 1, i === 0 ? any : 0n]],
      ['one scalar that is not 0, at the last place', (i, n) => [i + 1, i === n - 1 ? r - 1n : 0n]],
      ['one point that differs, at the last place', (i, n) => [i === n - 1 ? 5 : 1, any]],
      ['scalars of one digit each, at all places', (i) => [i % 7 + 1, 1n << BigInt(i * 5 % 253)]],
    ]
    for (const [what, term] of cases) it(`are right for ${what}`, async () => {
      for (const [n, blocks] of [[2, 1], [33, 1], [33, 4], [2500, 1]] as const) {
        const terms = Array.from({ length: n }, (_, i) => term(i, n))
        await agree(terms.map(([k]) => k), terms.map(([, s]) => s), bestLayout(n, blocks), `${n} points, ${blocks} blocks`)
      }
      assert.ok(jobsFor({ group, points: 0, indices: 0, count: 2500 }, bestLayout(2500)) > 1, 'the last in several jobs')
    })

    it('are right where all digits fill one bucket of each window, the largest too, with every width', async () => {
      for (let c = 4; c <= 15; c++) {
        for (const digit of [1n, 1n << BigInt(c - 2), (1n << BigInt(c - 1)) - 1n, 1n << BigInt(c - 1)]) {
          let scalar = digit
          while ((scalar << BigInt(c)) + digit <= r >> 1n) scalar = (scalar << BigInt(c)) + digit
          for (const pattern of [[1], [1, -1], [1, 1, -1, -1], [1, 2, -3, 4]]) await agree(repeat(pattern, 30), repeat([0], 30).map(() => scalar), layoutOf(c, 1), `digits ${digit}, ${c} bits`)
        }
      }
    })

    it('are right for each edge of the scalars alone, with every width', async () => {
      for (let c = 4; c <= 15; c++) {
        const edges = edgeScalars(c), scalars = edges.slice(0, 600)
        await agree(scalars.map((_, i) => i % 9 - 4 || 1), scalars, layoutOf(c, 1), `${c} bits`)
        for (const [i, s] of edges.entries()) if (i % 97 === c) await agree([i % 2 ? 1 : -2], [s], layoutOf(c, 1), `${c} bits`)
      }
    })
  })
})
