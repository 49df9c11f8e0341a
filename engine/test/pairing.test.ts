import assert from 'node:assert/strict'
import { bn254 } from '@noble/curves/bn254.js'
import { bestArithmetic } from '../src/platform.ts'
import { PairingMachine, writeInteger } from '../src/pairing/program.ts'
import { COMB_OFFSET, COMB_TABLE, COMB_TERM, combWorkspace } from '../src/wasm/comb.ts'
import { PAIR, inverse, mod } from '../src/wasm/field.ts'
import { FIXED, FRESH, LINES } from '../src/wasm/miller.ts'
import { BETA, COEFFICIENT, LAMBDA, SIDE_BY_SIDE, coefficient, multiplesWorkspace } from '../src/wasm/multiples.ts'
import { OFF_CURVE, PROOF } from '../src/wasm/points.ts'
import { CURVE_X, FINAL_MULTIPLE, FP12 } from '../src/wasm/tower.ts'
import { G1, G2, outsider, scalar, times, type PointG1, type PointG2 } from './simulated-key.ts'

const { Fp2, Fp12, Fr } = bn254.fields
const P = bn254.fields.Fp.ORDER, R = Fr.ORDER
type Twelve = typeof Fp12.ONE

/** Values where limbs carry, and their neighbours. */
const EDGES = [0n, 1n, 2n, P - 1n, P - 2n, (P - 1n) / 2n, (P + 1n) / 2n, ...[29, 51, 58, 102, 153, 204, 232, 253].flatMap((k) => [2n ** BigInt(k) - 1n, 2n ** BigInt(k)])]
const value = (i: number): bigint => (i % 3 === 0 ? EDGES[(i / 3) % EDGES.length]! : scalar(9, i))
const twelve = (seed: number): Twelve => {
  let i = seed * 12
  const two = () => Fp2.create({ c0: value(i++), c1: value(i++) })
  const six = () => ({ c0: two(), c1: two(), c2: two() })
  return { c0: six(), c1: six() }
}
/** Coefficients of 1, w, …, w⁵. */
const flat = (x: Twelve) => [x.c0.c0, x.c1.c0, x.c0.c1, x.c1.c1, x.c0.c2, x.c1.c2]

describe('pairing: constants', () => {
  it('FINAL_MULTIPLE is prime to r, so that the final exponentiation still decides', () => assert.notEqual(FINAL_MULTIPLE % R, 0n))
  it('x is the parameter of the curve', () => {
    const x = CURVE_X
    assert.equal(P, 36n * x ** 4n + 36n * x ** 3n + 24n * x ** 2n + 6n * x + 1n)
    assert.equal(R, 36n * x ** 4n + 36n * x ** 3n + 18n * x ** 2n + 6n * x + 1n)
  })
  it('(6x + 2) + ψ − ψ² + ψ³ kills the subgroup and nothing else', () => {
    // ψ² = tψ − p on the twist, so it is c0 + c1·ψ, and of degree c0² + c0·c1·t + c1²·p
    const t = P + 1n - R
    let c0 = 6n * CURVE_X + 2n, c1 = 0n
    let [power0, power1] = [0n, 1n] // ψ = 0 + 1·ψ
    for (const sign of [1n, -1n, 1n]) {
      c0 += sign * power0
      c1 += sign * power1
      ;[power0, power1] = [-power1 * P, power0 + power1 * t]
    }
    const degree = c0 * c0 + c0 * c1 * t + c1 * c1 * P
    const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b))
    assert.equal(mod(6n * CURVE_X + 2n + P - P ** 2n + P ** 3n, R), 0n) // on the subgroup ψ is p
    assert.equal(gcd(degree, 2n * P - R), 1n)
  })
  it('λ·(x, y) = (β·x, y)', () => {
    const { x, y } = G1.BASE.multiply(LAMBDA).toAffine()
    assert.deepEqual([x, y], [BETA, 2n])
  })
  it('makes different coefficients of different bytes, never 0', () => {
    // N(a + b·λ) = a² − ab + b² is a multiple of r where a + b·λ is
    assert.equal(mod(LAMBDA ** 2n + LAMBDA + 1n, R), 0n)
    assert.ok(3n * (2n ** 65n) ** 2n < R)
    const ends = [0, 255].flatMap((u) => [0, 255].map((v) => coefficient(Uint8Array.from([...Array(8).fill(u), ...Array(8).fill(v)]), R)))
    assert.equal(new Set([...ends, 0n]).size, 5)
  })
})

for (const arithmetic of ['relaxed-simd', 'i64'] as const) {
  describe(`pairing: ${arithmetic}`, () => {
    let machine: PairingMachine, e: PairingMachine['exports']
    before(async function () {
      if (await bestArithmetic() !== 'relaxed-simd' && arithmetic === 'relaxed-simd') this.skip()
      machine = await PairingMachine.create(arithmetic)
      e = machine.exports
    })

    const write = (integers: readonly bigint[], at = machine.keep(32 * integers.length)) => {
      integers.forEach((x, i) => writeInteger(machine.view, at + 32 * i, x))
      return at
    }
    /** Pairs in Montgomery form. */
    const pairs = (integers: readonly bigint[], to = machine.keep(PAIR * integers.length / 2)) => {
      e['importPairs'](to, write(integers), integers.length / 2)
      return to
    }
    const read = (at: number): [bigint, bigint] => {
      const { field } = machine, over = inverse(field.R, P)
      return field.decode(machine.bytes.slice(at, at + PAIR)).map((x) => mod(x * over, P)) as [bigint, bigint]
    }
    const write12 = (x: Twelve) => pairs(flat(x).flatMap(({ c0, c1 }) => [c0, c1]))
    const read12 = (at: number): Twelve => {
      const c = [0, 1, 2, 3, 4, 5].map((k) => { const [c0, c1] = read(at + PAIR * k); return Fp2.create({ c0, c1 }) })
      return { c0: { c0: c[0]!, c1: c[2]!, c2: c[4]! }, c1: { c0: c[1]!, c1: c[3]!, c2: c[5]! } }
    }
    const g1 = (point: PointG1, other = point) => {
      const [p, q] = [point.toAffine(), other.toAffine()]
      return pairs([p.x, q.x, p.y, q.y])
    }
    const g2 = (point: PointG2) => { const { x, y } = point.toAffine(); return pairs([x.c0, x.c1, y.c0, y.c1]) }
    /** A fresh pair (−p, q). */
    const fresh = (p: PointG1, q: PointG2, to = machine.keep(FRESH)) => { e['toFresh'](to, g1(p), 0, g2(q)); return to }
    const final = (at: number) => { e['finalExponentiation'](at, at); return read12(at) }
    const scoped = (body: () => void) => () => machine.scope(body)
    /** The loops of fresh pairs, one by one and in step. */
    const both = (list: readonly (readonly [PointG1, PointG2])[]) => {
      const result = machine.keep(FP12), at = machine.keep(FRESH * list.length)
      list.forEach(([p, q], i) => fresh(p, q, at + FRESH * i))
      e['millerLoop'](result, at, list.length, 0, 0, 0)
      const apart = { subgroup: list.map((_, i) => e['inSubgroup'](at + FRESH * i) === 1), value: final(result) }
      list.forEach(([p], i) => { const spare = machine.keep(FIXED); e['toNegatedFixed'](at + FRESH * i, spare, g1(p)) })
      const done = e['millerLoopInStep'](result, at, list.length, 0, 0, 0, machine.keep(2 * PAIR * list.length)) === 1
      return { apart, inStep: done ? { subgroup: list.map((_, i) => e['inSubgroup'](at + FRESH * i) === 1), value: final(result) } : undefined }
    }

    it('multiplies and squares in Fp12 as @noble/curves does, at the edges of limbs too', scoped(() => {
      const to = machine.keep(FP12)
      for (let i = 0; i < 60; i++) {
        const [a, b] = [twelve(i), twelve(i + 7)]
        const [at, bt] = [write12(a), write12(b)]
        e['fp12_mul'](to, at, bt)
        assert.ok(Fp12.eql(read12(to), Fp12.mul(a, b)))
        e['fp12_sqr'](to, at)
        assert.ok(Fp12.eql(read12(to), Fp12.sqr(a)))
        for (const n of [1, 2, 3]) {
          e[`fp12_frobenius${n}`](to, at)
          assert.ok(Fp12.eql(read12(to), Fp12.frobeniusMap(a, n)))
        }
        const [l0, l1, l3] = flat(b) as [any, any, any]
        const line = (constant: any): Twelve => ({ c0: { c0: constant, c1: Fp2.ZERO, c2: Fp2.ZERO }, c1: { c0: l1, c1: l3, c2: Fp2.ZERO } })
        e['fp12_mulLine3'](at, bt, bt + PAIR, bt + 2 * PAIR)
        assert.ok(Fp12.eql(read12(at), Fp12.mul(a, line(l0))))
        const again = write12(a)
        e['fp12_mulLine'](again, bt + PAIR, bt + 2 * PAIR)
        assert.ok(Fp12.eql(read12(again), Fp12.mul(a, line(Fp2.ONE))))
      }
    }))

    it('raises to (p¹² − 1)/r·FINAL_MULTIPLE', scoped(() => {
      for (const i of [1, 2]) {
        const a = twelve(i)
        assert.ok(Fp12.eql(final(write12(a)), Fp12.pow(a, ((P ** 12n - 1n) / R) * FINAL_MULTIPLE)))
      }
    }))

    it('pairs as @noble/curves does, bilinearly, not degenerately', scoped(() => {
      for (const [a, b] of [[1n, 1n], [scalar(1, 1), scalar(1, 2)], [R - 1n, 1n], [2n, R - 1n]] as const) {
        const { apart, inStep } = both([[G1.BASE.multiply(a).negate(), G2.BASE.multiply(b)]])
        const expected = bn254.pairing(G1.BASE.multiply(a), G2.BASE.multiply(b))
        assert.ok(Fp12.eql(apart.value, expected))
        assert.ok(inStep && Fp12.eql(inStep.value, expected))
        assert.ok(Fp12.eql(apart.value, Fp12.pow(bn254.pairing(G1.BASE, G2.BASE), (a * b) % R)))
        assert.ok(!Fp12.eql(apart.value, Fp12.ONE))
      }
    }))

    it('multiplies many loops, fresh and fixed, and finds 1 where the exponents cancel', scoped(() => {
      const [a, b, c] = [scalar(2, 1), scalar(2, 2), scalar(2, 3)]
      const lines = machine.keep(LINES), list = machine.keep(8), fixed = machine.keep(2 * FIXED), point = machine.keep(3 * PAIR), result = machine.keep(FP12)
      e['prepareLines'](lines, g2(G2.BASE.multiply(c)))
      ;[0, 4].forEach((k) => machine.view.setUint32(list + k, lines, true))
      // e(−aG, bH) · e(cG, cH) · e((ab − c²)/c·G, cH) = 1
      for (const [extra, expected] of [[0n, true], [1n, false]] as const) {
        const rest = Fr.div(Fr.create(a * b - c * c + extra), c)
        e['toJacobian'](point, g1(G1.BASE.multiply(c), G1.BASE.multiply(rest)))
        e['toFixed'](fixed, fixed + FIXED, point)
        const f = fresh(G1.BASE.multiply(a), G2.BASE.multiply(b))
        e['millerLoop'](result, f, 1, fixed, list, 2)
        e['finalExponentiation'](result, result)
        assert.equal(e['isOne12'](result) === 1, expected)
        e['toNegatedFixed'](f, machine.keep(FIXED), g1(G1.BASE.multiply(a)))
        assert.equal(e['millerLoopInStep'](result, f, 1, fixed, list, 2, machine.keep(2 * PAIR)), 1)
        e['finalExponentiation'](result, result)
        assert.equal(e['isOne12'](result) === 1, expected)
      }
    }))

    it('takes a fixed pair at infinity as 1', scoped(() => {
      const lines = machine.keep(LINES), list = machine.keep(4), fixed = machine.keep(2 * FIXED), result = machine.keep(FP12)
      e['prepareLines'](lines, g2(G2.BASE))
      machine.view.setUint32(list, lines, true)
      e['toFixed'](fixed, fixed + FIXED, pairs([1n, 1n, 1n, 1n, 0n, 0n]))
      e['millerLoop'](result, 0, 0, fixed, list, 1)
      e['finalExponentiation'](result, result)
      assert.equal(e['isOne12'](result), 1)
    }))

    it('tells the subgroup from the rest of the twist (A5)', scoped(() => {
      const inside = [G2.BASE, G2.BASE.negate(), ...[1, 2, 3].map((i) => G2.BASE.multiply(scalar(3, i)))]
      const small = outsider(10069n) // the smallest prime factor of the cofactor
      const outside = [
        outsider(), outsider().add(G2.BASE), times(outsider(), R), times(outsider(), R).add(G2.BASE.multiply(scalar(3, 4))), times(outsider(5864401n), 3n),
        ...Array.from({ length: 20 }, (_, i) => times(small, BigInt(i + 1))), small.add(G2.BASE),
      ]
      for (const q of inside) {
        const { apart, inStep } = both([[G1.BASE, q], [G1.BASE, G2.BASE]])
        assert.deepEqual(apart.subgroup, [true, true])
        assert.deepEqual(inStep?.subgroup, [true, true])
      }
      for (const q of outside) {
        const { apart, inStep } = both([[G1.BASE, q], [G1.BASE, G2.BASE]])
        assert.deepEqual(apart.subgroup, [false, true])
        if (inStep) assert.deepEqual(inStep.subgroup, [false, true])
      }
    }))

    it('refuses T = (0, 0, 0), which an exceptional case leaves and which satisfies every homogeneous equation', scoped(() => {
      const item = fresh(G1.BASE, G2.BASE), result = machine.keep(FP12)
      e['millerLoop'](result, item, 1, 0, 0, 0)
      assert.equal(e['inSubgroup'](item), 1)
      machine.bytes.fill(0, item + 4 * PAIR, item + 7 * PAIR)
      assert.equal(e['inSubgroup'](item), 0)
    }))

    it('knows the points of both curves', scoped(() => {
      const proof = machine.keep(PROOF)
      const point = (p: PointG1) => { const { x, y } = p.toAffine(); return [x, y] as const }
      const [a, c] = [point(G1.BASE), point(G1.BASE.multiply(scalar(4, 1)))]
      const { x, y } = G2.BASE.multiply(scalar(4, 2)).toAffine()
      const mask = (a: readonly [bigint, bigint], c: readonly [bigint, bigint], b: readonly bigint[]) => e['importProof'](proof, write([a[0], c[0], a[1], c[1], ...b]))
      const b = [x.c0, x.c1, y.c0, y.c1]
      assert.equal(mask(a, c, b), 0)
      assert.equal(mask([1n, 3n], c, b), OFF_CURVE.a)
      assert.equal(mask(a, [0n, 0n], b), OFF_CURVE.c)
      assert.equal(mask(a, c, [x.c1, x.c0, y.c1, y.c0]), OFF_CURVE.b)
      assert.equal(mask(a, c, [0n, 0n, 0n, 0n]), OFF_CURVE.b)
      assert.equal(mask([0n, 0n], [2n, 2n], [1n, 0n, 1n, 0n]), OFF_CURVE.a | OFF_CURVE.b | OFF_CURVE.c)
    }))

    /** The affine point that a Jacobian one stands for. */
    const affine = (at: number): PointG1 => {
      const [[x], [y], [z]] = [0, 1, 2].map((k) => read(at + PAIR * k)) as [[bigint, bigint], [bigint, bigint], [bigint, bigint]]
      if (z === 0n) return G1.ZERO
      const over = inverse(z, P)
      return G1.fromAffine({ x: mod(x * over * over, P), y: mod(y * over * over * over, P) })
    }

    it('sums multiples of tabled points, whatever the scalars', scoped(() => {
      const points = [G1.BASE, G1.BASE.multiply(scalar(5, 1)), G1.BASE.multiply(scalar(5, 1)).negate(), G1.BASE.multiply(scalar(5, 2))]
      const tables = machine.keep(points.length * COMB_TABLE), to = machine.keep(3 * PAIR)
      points.forEach((point, i) => e['combTable'](tables + i * COMB_TABLE, g1(point)))
      const edges = [1n, 2n, 3n, R - 1n, R - 2n, (R - 1n) / 2n, (R + 1n) / 2n, 2n ** 64n, 2n ** 64n - 1n, 2n ** 128n, 2n ** 192n + 1n, 2n ** 253n]
      const cases: bigint[][] = [
        [], ...edges.map((s) => [s]), ...edges.map((s, i) => [s, edges[(i + 3) % edges.length]!, edges[(i + 5) % edges.length]!, scalar(5, i + 9)]),
        [0n, 5n, 5n], [0n, 7n, 0n, 0n], [0n, scalar(5, 3), scalar(5, 3)], [0n, 6n, 8n], // opposite points, equal scalars: infinity
      ]
      for (const scalars of cases) {
        const terms = machine.keep(COMB_TERM * 4)
        let count = 0
        scalars.forEach((s, i) => {
          if (s === 0n) return
          const at = terms + COMB_TERM * count++, odd = s % 2n === 1n ? s : R - s
          write([(odd >> 1n) + COMB_OFFSET], at)
          machine.bytes[at + 32] = Number((odd >> 1n) + COMB_OFFSET >> 256n)
          machine.view.setUint32(at + 40, tables + i * COMB_TABLE, true)
          machine.view.setUint32(at + 44, odd === s ? 0 : 1, true)
        })
        e['combSum'](to, terms, count, machine.keep(combWorkspace(count)))
        const expected = scalars.reduce((sum, s, i) => (s === 0n ? sum : sum.add(points[i]!.multiply(s))), G1.ZERO)
        assert.ok(affine(to).equals(expected), `${scalars}`)
      }
    }))

    it('multiplies points by their coefficients in step, and sums them with equal and opposite points among them', scoped(() => {
      const base = Array.from({ length: 7 }, (_, i) => G1.BASE.multiply(scalar(6, i)))
      for (const points of [base.slice(0, 1), base.slice(0, 2), base, [base[0]!, base[0]!, base[0]!.negate()], Array<PointG1>(6).fill(G1.BASE)]) {
        for (const fill of [undefined, 0, 255, 0x80]) {
          const count = Math.ceil(points.length / 2)
          const bytes = Uint8Array.from({ length: 2 * count * COEFFICIENT }, (_, i) => fill ?? Number(scalar(7, i) % 256n))
          const coefficients = machine.keep(bytes.length), at = machine.keep(SIDE_BY_SIDE * count), work = machine.keep(multiplesWorkspace(count)), sum = machine.keep(3 * PAIR)
          machine.bytes.set(bytes, coefficients)
          const place = () => { for (let i = 0; i < count; i++) machine.bytes.copyWithin(at + SIDE_BY_SIDE * i, g1(points[2 * i]!, points[2 * i + 1] ?? points[2 * i]!), machine.keep(0)) }
          const expected = points.map((point, i) => point.multiply(coefficient(bytes.subarray(COEFFICIENT * i, COEFFICIENT * (i + 1)), R)))
          place()
          e['multiples'](at, count, coefficients, work)
          expected.forEach((point, i) => {
            const lane = i & 1, pair = at + SIDE_BY_SIDE * (i >> 1)
            const { x, y } = point.toAffine()
            assert.deepEqual([read(pair)[lane], read(pair + PAIR)[lane]], [x, y])
          })
          place()
          e['combination'](sum, at, points.length, coefficients, work)
          assert.ok(affine(sum).equals(expected.reduce((total, point) => total.add(point), G1.ZERO)))
        }
      }
    }))
  })
}
