import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { bestLayout, jobsFor, type Points } from '../src/multiply.ts'
import { toLittleEndian } from '../src/files.ts'
import { SCALAR_ORDER as r, windowCount } from '../src/wasm/msm.ts'
import { curveOf, integersOf, type Group, type NoblePoint } from './curve.ts'
import { ARITHMETICS, machineOf } from './machines.ts'
import { Sums, edgeScalars, multiplesOf, type Integers, type Scalars } from './sums-of-products.ts'

for (const arithmetic of ARITHMETICS) describe(`scalars on ${arithmetic}`, () => {
  const machine = machineOf(arithmetic), at = machine.allocate(32), digits = machine.allocate(2 * 64)

  function recoded(s: bigint, c: number): void {
    const windows = windowCount(c)
    machine.bytes.set(toLittleEndian(s), at)
    machine.exports.recode!(at, 1, c, windows, digits, 1)
    const list = new Int16Array(machine.memory.buffer, digits, windows)
    assert.ok(list.every((digit) => Math.abs(digit) <= 2 ** (c - 1)), `${s} in windows of ${c} bits`)
    assert.equal(((list.reduceRight((sum, digit) => (sum << BigInt(c)) + BigInt(digit), 0n) - s) % r), 0n, `${s} in windows of ${c} bits`)
  }

  it('are recoded to digits that give them back, with every width and at every edge', () => {
    const scalar = fc.oneof(fc.constantFrom(0n, 1n, 2n, r - 1n, r - 2n, r >> 1n, (r >> 1n) + 1n, (1n << 253n) - 1n, 1n << 253n, 1n << 64n, (1n << 128n) - 1n), fc.bigInt({ min: 0n, max: r - 1n }))
    fc.assert(fc.property(scalar, fc.integer({ min: 4, max: 15 }), recoded), { numRuns: 500 })
  })

  it('are recoded where every digit carries, or just does not', () => {
    for (let c = 4; c <= 15; c++) for (const s of edgeScalars(c)) recoded(s, c)
  })
})

const MOST = 4096
const seeded = (what: string, bits: number): bigint => BigInt('0x' + createHash('sha512').update(what).digest('hex')) >> BigInt(512 - bits)

/** Points that know nothing of each other's logarithms, scalars of all kinds, and the naive sums of their products from the first on. */
interface Case { readonly points: readonly Integers[]; readonly scalars: readonly bigint[]; naive(from: number, count: number): Integers }
const cases = new Map<Group, Case>()

/** Bit by bit. */
function naiveProduct(point: NoblePoint, scalar: bigint, zero: NoblePoint): NoblePoint {
  let sum = zero
  for (const bit of scalar.toString(2)) {
    sum = sum.double()
    if (bit === '1') sum = sum.add(point)
  }
  return sum
}

/** Made once, by doublings and additions, for both arithmetics. */
function caseOf(group: Group): Case {
  const known = cases.get(group)
  if (known) return known
  const { BASE, ZERO } = curveOf(group)
  const edges = [0n, 1n, r - 1n, 2n, r - 2n, r >> 1n, (r >> 1n) + 1n, (1n << 253n) - 1n, 1n << 253n, (1n << 128n) - 1n]
  const scalarOf = (i: number): bigint => {
    const any = seeded(`scalar ${i}`, 300) % r
    return [any, any, any >> 190n, any >> 246n, r - 1n - (any >> 190n), edges[Number(any % BigInt(edges.length))]!, any & 1n, any >> 246n][i % 8]!
  }
  const steps = Array.from({ length: 32 }, (_, i) => BASE.multiply(seeded(`${group} ${i}`, 300) % r))
  const points: NoblePoint[] = [], scalars = Array.from({ length: MOST }, (_, i) => scalarOf(i)), sums = [ZERO]
  for (const [i, scalar] of scalars.entries()) {
    const point = (points.at(-1) ?? ZERO).add(steps[Number(seeded(`step ${i}`, 5))]!)
    points.push(point)
    sums.push(sums.at(-1)!.add(scalar > r >> 1n ? naiveProduct(point.negate(), r - scalar, ZERO) : naiveProduct(point, scalar, ZERO)))
  }
  const made: Case = {
    points: points.map((p) => integersOf(p, group)), scalars,
    naive: (from, count) => integersOf(sums[from + count]!.add(sums[from]!.negate()), group),
  }
  cases.set(group, made)
  return made
}

/** Numbers below `below` that look random. */
const someOf = (what: string, count: number, below: number): number[] => Array.from({ length: count }, (_, i) => Number(seeded(`${what} ${i}`, 60) % BigInt(below)))

for (const group of ['g1', 'g2'] as const) for (const arithmetic of ARITHMETICS) describe(`sums of products in ${group} on ${arithmetic}`, function () {
  this.timeout(120_000)
  let sums: Sums, made: Case, points: Points, scalars: Scalars
  before(async () => {
    sums = await Sums.start(arithmetic, group)
    made = caseOf(group)
    points = sums.place(made.points)
    scalars = sums.placeScalars(made.scalars)
  })
  after(() => sums.close())

  const agree = async (from: number, count: number, blocks = 1) =>
    assert.deepEqual(await sums.product(...sums.part(points, scalars, from, count), bestLayout(count, blocks)), made.naive(from, count), `${count} points from ${from} on, in ${blocks} blocks`)

  it('are the naive ones for every size up to 130', async () => { for (let n = 0; n <= 130; n++) await agree(0, n) })

  it('are the naive ones for every power of two up to 4096 and its neighbours', async () => {
    for (let n = 4; n <= MOST; n *= 2) for (const size of [n - 1, n, n + 1]) if (size <= MOST) await agree(0, size)
    assert.ok(jobsFor({ ...points, count: MOST }, bestLayout(MOST)) > 2, 'in several jobs')
  })

  it('are the naive ones for sizes and places by chance', async () => {
    for (const [i, size] of someOf('size', 24, MOST).entries()) await agree(someOf('place', 24, MOST - size + 1)[i]!, size)
  })

  it('are the naive ones for three points anywhere', async () => { for (const from of someOf('triple', 60, MOST - 2)) await agree(from, 3) })

  for (const blocks of [2, 3, 4, 8, 32]) it(`are the naive ones with tables of ${blocks} blocks`, async () => {
    for (const size of [0, 1, 2, 3, 5, 16, 17, 63, 64, 65, 127, 128, 129, 257]) await agree(size, size, blocks)
  })

  it('are the naive ones with tables for many points', async () => {
    await agree(0, 1025, 4)
    await agree(3, group === 'g1' ? MOST - 3 : 1537, 2)
  })

  for (let width = 4; width <= 15; width++) it(`are the naive ones by the functions themselves, with windows of ${width} bits`, async () => {
    for (const size of [0, 1, 2, 3, 17, 64, 300]) {
      assert.deepEqual(await sums.exported(...sums.part(points, scalars, size, size), width, size % 2 ? [1, 5] : []), made.naive(size, size), `${size} points`)
    }
  })

  it('take scalars by number, more than once or never', async () => {
    const n = 40, indices = someOf('index', n, 25)
    const expected = indices.reduce((sum, index, i) => (sum + BigInt(i + 1) * made.scalars[index]!) % r, 0n), multiple = multiplesOf(group)
    assert.deepEqual(await sums.productOf(indices.map((_, i) => multiple(i + 1)), made.scalars.slice(0, 25), bestLayout(n), indices), multiple(expected))
  })

  it('give back all memory', async () => {
    await agree(0, MOST)
    const held = sums.engine.machine.allocatedBytes
    await agree(0, 100, 4)
    await agree(0, 2000)
    assert.equal(sums.engine.machine.allocatedBytes, held)
  })
})
