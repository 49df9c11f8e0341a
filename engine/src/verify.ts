// Verification: e(A, B) = e(α, β)·e(Σ pᵢ·ICᵢ, γ)·e(C, δ), as one product of Miller loops that a single final
// exponentiation must take to 1.
//
//   one proof   lines of γ and δ come from the prepared key, in the two lanes; e(−α, β) before exponentiation too
//   a batch     Π e(ρⱼ·Aⱼ, Bⱼ) · Π_keys e(−Σρⱼ·α, β)·e(−Σρⱼ·vkxⱼ, γ)·e(−Σρⱼ·Cⱼ, δ) = 1, two proofs a step, one squaring for all
//
// ρⱼ = a + b·λ with a, b of 64 random bits: 2^128 values, and half the doublings of a 128-bit factor, as λ·(x, y) = (β·x, y)
// on G1 (R. Gallant, R. Lambert, S. Vanstone, CRYPTO 2001) and 1 + λ + λ² = 0. A batch that contains a false proof passes
// with probability below 2^−127.
//
// Checks of points: A and C on the curve, whose order is prime; B on the twist and in the subgroup, for free: after the
// Miller loop T = (6x+2)·B + π(B) − π²(B), and B has order r exactly if T = −π³(B). (In ℤ[z]/(z² − tz + p), where π lives, the norm
// of 6x+2 + z − z² + z³ has with the twist's order r·(2p − r) the greatest common divisor r: test/verify.test.ts computes it.
// Cf. Y. Dai, K. Lin, C.-A. Zhao, Z. Zhou, "Fast subgroup membership testings for G1, G2 and GT on pairing-friendly curves".)

import { littleEndian, toLittleEndian } from './files.ts'
import { ELEMENT, PAIR } from './wasm/field.ts'
import { SCALAR_ORDER, windowCount, windowsWorkspace } from './wasm/msm.ts'
import { PAIR12, PAIR2 } from './wasm/pairing.ts'
import { BASE_ORDER, type Machine } from './wasm/machine.ts'
import { Malformed, parseProof, parsePublics, parseVerificationKey } from './proof.ts'

export const BN_X = 4965661367192848881n
const LINE = 3 * PAIR2
const POINT = 2 * ELEMENT // G1, elements
const R = SCALAR_ORDER
export const LAMBDA = 4407920970296243842393367215006156084916469457145843978461n
export const BETA = 2203960485148121921418603742825762020974279258880205651966n

/** accepted; refused: well-formed and false; malformed: not a proof and public inputs in their one spelling. */
export type Verdict = 'accepted' | 'refused' | 'malformed'

export interface Statement { key: VerificationKey; publicSignals: unknown; proof: unknown }

/** A verification key in a machine's memory: its points checked, its pairings prepared. */
export interface VerificationKey {
  readonly publics: number
  /** IC as elements; α after them. */
  readonly ic: number
  /** Lines of γ in lane 0, of δ in lane 1. */
  readonly gammaDelta: number
  /** Lines of β in lane 0, ones in lane 1. */
  readonly beta: number
  /** The Miller loop of (−α, β) in lane 0, 1 in lane 1. */
  readonly minusAlphaBeta: number
  release(): void
}

interface Parsed { index: number; key: VerificationKey; publics: bigint[]; coordinates: bigint[]; elements: number }

/** Non-adjacent form, most significant digit first. */
function naf(n: bigint): number[] {
  const digits: number[] = []
  for (; n > 0n; n >>= 1n) {
    const digit = n & 1n ? 2 - Number(n & 3n) : 0
    digits.unshift(digit)
    n -= BigInt(digit)
  }
  return digits
}

const LOOP = naf(6n * BN_X + 2n).slice(1)
const X_DIGITS = naf(BN_X).slice(1)
const LINES = LOOP.length + LOOP.filter((digit) => digit !== 0).length + 2

interface Fixed { lines: number; point: number }
/** A point of G2 whose lines are computed as the loop runs. `alone`: lane 1 only repeats lane 0. */
interface Running { q: number; point: number; alone: boolean; t: number; line: number; minusQ: number; q1: number; q2: number; q3: number }

export class Pairings {
  private readonly machine: Machine
  private owned: number[] = []

  constructor(machine: Machine) { this.machine = machine }

  private get e() { return this.machine.exports }

  private allocate(bytes: number): number {
    const at = this.machine.allocate(bytes)
    this.owned.push(at)
    return at
  }

  private scoped<T>(body: () => T): T {
    const outer = this.owned
    this.owned = []
    try { return body() } finally {
      for (const at of this.owned) this.machine.release(at)
      this.owned = outer
    }
  }

  // ——— keys

  /** @throws Malformed, also for points that are not on their curve or not in the subgroup */
  prepare(value: unknown): VerificationKey {
    const { alpha, beta, gamma, delta, ic } = parseVerificationKey(value)
    const kept: number[] = []
    const keep = (bytes: number) => { const at = this.machine.allocate(bytes); kept.push(at); return at }
    return this.scoped(() => {
      const points = keep(POINT * (ic.length + 1))
      this.import(points, [...ic, alpha].flat())
      for (let i = 0; i <= ic.length; i++) {
        if (this.e.g1_onCurve!(this.pair1(points + POINT * i, points + POINT * i)) !== 3) throw new Malformed('a point of the key is not on the curve')
      }
      const twist = this.allocate(12 * ELEMENT)
      this.import(twist, [...gamma, ...delta, ...beta])
      const [g, d, b] = [0, 1, 2].map((k) => twist + 4 * ELEMENT * k) as [number, number, number]
      const gammaDelta = keep(LINE * LINES), betaLines = keep(LINE * LINES), minusAlphaBeta = keep(PAIR12)
      for (const [lines, q] of [[gammaDelta, this.pair2(g, d)], [betaLines, this.pair2(b, b)]] as const) {
        if (this.e.g2_onCurve!(q) !== 3 || !this.linesOf(lines, q)) throw new Malformed('a point of the key is not in the subgroup')
      }
      const alphaPoint = points + POINT * ic.length
      const minusAlpha = this.withNeutralLane(this.minus(this.pair1(alphaPoint, alphaPoint)))
      this.clearLane1(betaLines)
      const f = this.miller([{ lines: betaLines, point: minusAlpha }], []).f
      this.machine.bytes.copyWithin(minusAlphaBeta, f, f + PAIR12)
      return { publics: ic.length - 1, ic: points, gammaDelta, beta: betaLines, minusAlphaBeta, release: () => { for (const at of kept) this.machine.release(at) } }
    })
  }

  /** Lane 1 of prepared lines becomes the constant 1, at any point with y = 1 there. */
  private clearLane1(lines: number): void {
    const { fp } = this.machine.program
    const one = fp.mont(1n)
    for (let i = 0; i < LINES; i++) {
      for (let k = 0; k < 6; k++) {
        const at = lines + LINE * i + PAIR * k
        const [value] = fp.decode(this.machine.bytes.slice(at, at + PAIR))
        this.machine.bytes.set(fp.encode(value, k === 0 ? one : 0n), at)
      }
    }
  }

  // ——— verification

  verify({ key, publicSignals, proof }: Statement): Verdict {
    return this.scoped(() => {
      const parsed = this.parse(0, { key, publicSignals, proof })
      if (typeof parsed === 'string') return parsed
      const inputs = this.sum(key.ic, [1n, ...parsed.publics])
      const c = parsed.elements + 6 * ELEMENT
      if (inputs === undefined) return 'refused' // Σ pᵢ·ICᵢ at infinity: no honest key has such inputs that anyone can find
      const lines = [{ lines: key.gammaDelta, point: this.minus(this.pair1(inputs, c)) }]
      const a = this.pair1(parsed.elements, parsed.elements)
      const running = this.running(this.pair2(parsed.elements + POINT, parsed.elements + POINT), a, true)
      const { f, members } = this.miller(lines, [running])
      if (members[0] !== 3) return 'refused'
      this.e.fp12_mul!(f, f, key.minusAlphaBeta)
      return this.isOne(f) ? 'accepted' : 'refused'
    })
  }

  /** Verdicts in the order of the statements. `random` gives 64 bits; a new draw for every sub-batch. */
  verifyBatch(statements: readonly Statement[], random: () => bigint = random64): Verdict[] {
    return this.scoped(() => {
      const verdicts: Verdict[] = Array(statements.length).fill('refused')
      const open: Parsed[] = []
      statements.forEach((statement, index) => {
        const parsed = this.parse(index, statement)
        if (typeof parsed === 'string') verdicts[index] = parsed
        else open.push(parsed)
      })
      const settle = (batch: Parsed[]): void => {
        if (batch.length === 0) return
        const { outside, holds } = this.scoped(() => this.batchHolds(batch, random))
        if (outside.size > 0) return settle(batch.filter((proof) => !outside.has(proof)))
        if (holds) for (const { index } of batch) verdicts[index] = 'accepted'
        else if (batch.length > 1) {
          const middle = batch.length >> 1
          settle(batch.slice(0, middle))
          settle(batch.slice(middle))
        }
      }
      settle(open)
      return verdicts
    })
  }

  private parse(index: number, { key, publicSignals, proof }: Statement): Parsed | Verdict {
    let coordinates: bigint[], publics: bigint[]
    try {
      publics = parsePublics(publicSignals, key.publics)
      coordinates = parseProof(proof)
    } catch (error) {
      if (error instanceof Malformed) return 'malformed'
      throw error
    }
    const elements = this.allocate(8 * ELEMENT)
    this.import(elements, coordinates)
    const curve = this.e.g1_onCurve!(this.pair1(elements, elements + 6 * ELEMENT)) === 3
      && this.e.g2_onCurve!(this.pair2(elements + POINT, elements + POINT)) === 3
    return curve ? { index, key, publics, coordinates, elements } : 'refused'
  }

  private batchHolds(batch: Parsed[], random: () => bigint): { outside: Set<Parsed>; holds: boolean } {
    const factors = batch.map(() => [(random() << 1n | 1n) & 0xffffffffffffffffn, random()] as const)
    const rho = factors.map(([a, b]) => (a + b * LAMBDA) % R)
    const running: Running[] = []
    for (let i = 0; i < batch.length; i += 2) {
      const [first, second] = [i, i + 1 < batch.length ? i + 1 : i]
      const q = this.pair2(batch[first]!.elements + POINT, batch[second]!.elements + POINT)
      running.push(this.running(q, this.randomized(batch, factors, first, second), first === second))
    }
    const fixed: Fixed[] = []
    for (const key of new Set(batch.map(({ key }) => key))) {
      const members = batch.flatMap((proof, i) => (proof.key === key ? [i] : []))
      const weights = Array<bigint>(key.publics + 1).fill(0n)
      for (const i of members) [1n, ...batch[i]!.publics].forEach((value, k) => { weights[k] = (weights[k]! + rho[i]! * value) % R })
      const inputs = this.sum(key.ic, weights), alpha = this.sum(key.ic + POINT * (key.publics + 1), [weights[0]!])
      const c = this.allocate(POINT * members.length)
      members.forEach((i, k) => this.machine.bytes.copyWithin(c + POINT * k, batch[i]!.elements + 6 * ELEMENT, batch[i]!.elements + 8 * ELEMENT))
      const cSum = this.sum(c, members.map((i) => rho[i]!))
      if (inputs === undefined || alpha === undefined || cSum === undefined) return { outside: new Set(), holds: false } // chance 2^−120: draw again by halving
      fixed.push({ lines: key.gammaDelta, point: this.minus(this.pair1(inputs, cSum)) })
      fixed.push({ lines: key.beta, point: this.withNeutralLane(this.minus(this.pair1(alpha, alpha))) })
    }
    const { f, members } = this.miller(fixed, running)
    const outside = new Set<Parsed>()
    batch.forEach((proof, i) => { if (((members[i >> 1]! >> (i & 1)) & 1) === 0) outside.add(proof) })
    return { outside, holds: outside.size === 0 && this.isOne(f) }
  }

  /** Affine pair (ρ·A of the first, ρ·A of the second). */
  private randomized(batch: Parsed[], factors: readonly (readonly [bigint, bigint])[], first: number, second: number): number {
    const table = this.allocate(8 * POINT), digits = this.allocate(128), result = this.allocate(2 * PAIR)
    for (const [lane, i] of [[0, first], [1, second]] as const) {
      const [x, y] = batch[i]!.coordinates as [bigint, bigint]
      const p = BASE_ORDER
      this.import(table + 4 * POINT * lane, [0n, 0n, x, y, (x * BETA) % p, y, (x * BETA % p) * BETA % p, p - y])
      const [a, b] = factors[i]!
      for (let bit = 0; bit < 64; bit++) this.machine.bytes[digits + 2 * bit + lane] = Number((a >> BigInt(bit)) & 1n) + 2 * Number((b >> BigInt(bit)) & 1n)
    }
    this.e.g1_scale!(result, table, digits, 64)
    return result
  }

  // ——— points

  private import(to: number, values: bigint[]): void {
    const raw = this.machine.allocate(32 * values.length)
    const { bytes } = this.machine
    values.forEach((value, i) => bytes.set(toLittleEndian(value), raw + 32 * i))
    this.e.fp_import!(to, raw, values.length, this.machine.program.factors.fp.fromPlain)
    this.machine.release(raw)
  }

  private pairs(first: number, second: number, coordinates: number): number {
    const at = this.allocate(PAIR * coordinates)
    for (let k = 0; k < coordinates; k++) this.e.fp_gather!(at + PAIR * k, first + ELEMENT * k, second + ELEMENT * k)
    return at
  }

  private pair1(first: number, second: number): number { return this.pairs(first, second, 2) }
  private pair2(first: number, second: number): number { return this.pairs(first, second, 4) }

  /** Negates an affine G1 pair in place. */
  private minus(point: number): number {
    this.e.fp_negate!(point + PAIR, point + PAIR)
    return point
  }

  /** Lane 1 := (0, 1), where constant lines are 1. */
  private withNeutralLane(point: number): number {
    const { fp } = this.machine.program
    const set = (at: number, lane1: bigint) => this.machine.bytes.set(fp.encode(fp.decode(this.machine.bytes.slice(at, at + PAIR))[0], fp.mont(lane1)), at)
    set(point, 0n)
    set(point + PAIR, 1n)
    return point
  }

  /** Σ scalars·points, an element point; undefined for infinity. */
  private sum(points: number, scalars: bigint[]): number | undefined {
    const count = scalars.length, width = count < 8 ? 4 : count < 64 ? 5 : 6, windows = windowCount(width)
    const raw = this.allocate(32 * count), indices = this.allocate(4 * count), digits = this.allocate(2 * count * windows)
    const parts = this.allocate(windows * width * POINT), result = this.allocate(POINT), workspace = this.allocate(windowsWorkspace(count, windows, width, ELEMENT))
    scalars.forEach((scalar, i) => this.machine.bytes.set(toLittleEndian(scalar), raw + 32 * i))
    const list = new Uint32Array(this.machine.memory.buffer, indices, count)
    for (let i = 0; i < count; i++) list[i] = i
    this.e.recode!(raw, count, width, windows, digits, count)
    this.e.g1_windows!(points, indices, count, digits, count, 0, windows, width, workspace, parts)
    this.e.g1_fold!(parts, windows, width, result)
    return littleEndian(this.machine.bytes.slice(result, result + POINT)) === 0n ? undefined : result
  }

  // ——— the loop

  private running(q: number, point: number, alone: boolean): Running {
    const [t, line, minusQ, q1, q2, q3] = [3, 3, 2, 2, 2, 2].map((n) => this.allocate(n * PAIR2)) as [number, number, number, number, number, number]
    const { bytes, program } = this.machine
    bytes.copyWithin(t, q, q + 2 * PAIR2)
    bytes.copyWithin(t + 2 * PAIR2, program.g2.one, program.g2.one + PAIR2)
    bytes.copyWithin(minusQ, q, q + 2 * PAIR2)
    const negateY = (at: number) => { for (const k of [2, 3]) this.e.fp_negate!(at + PAIR * k, at + PAIR * k) }
    negateY(minusQ)
    this.e.twist_frobenius1!(q1, q)
    this.e.twist_frobenius2!(q2, q)
    negateY(q2)
    this.e.twist_frobenius3!(q3, q)
    negateY(q3)
    return { q, point, alone, t, line, minusQ, q1, q2, q3 }
  }

  /** Calls `step` for each line of the loop in turn: a doubling (undefined), or an addition of the named multiple. */
  private loop(step: (add: 'q' | 'minusQ' | 'q1' | 'q2' | undefined, index: number) => void, square: () => void): void {
    let index = 0
    LOOP.forEach((digit, i) => {
      if (i > 0) square()
      step(undefined, index++)
      if (digit !== 0) step(digit > 0 ? 'q' : 'minusQ', index++)
    })
    step('q1', index++)
    step('q2', index++)
  }

  /** Writes the lines of a G2 pair; whether both lanes are in the subgroup. */
  private linesOf(lines: number, q: number): boolean {
    const r = this.running(q, 0, false)
    this.loop((add, index) => {
      if (add) this.e.twist_add!(r.t, r[add], lines + LINE * index)
      else this.e.twist_double!(r.t, lines + LINE * index)
    }, () => {})
    return this.e.twist_equals!(r.t, r.q3) === 3
  }

  /** Both lanes of the product of all Miller loops, and which lanes' running points are in the subgroup. */
  private miller(fixed: readonly Fixed[], running: readonly Running[]): { f: number; members: number[] } {
    const f = this.unit()
    const { e } = this
    this.loop((add, index) => {
      for (const { lines, point } of fixed) e.fp12_line!(f, lines + LINE * index, point, 0)
      for (const r of running) {
        if (add) e.twist_add!(r.t, r[add], r.line)
        else e.twist_double!(r.t, r.line)
        e.fp12_line!(f, r.line, r.point, r.alone ? 1 : 0)
      }
    }, () => e.fp12_sqr!(f, f))
    return { f, members: running.map((r) => e.twist_equals!(r.t, r.q3)) }
  }

  private unit(): number {
    const f = this.allocate(PAIR12)
    const { bytes, program } = this.machine
    bytes.fill(0, f, f + PAIR12)
    bytes.copyWithin(f, program.g2.one, program.g2.one + PAIR2)
    return f
  }

  /** Whether the product of f's lanes to the power (p¹² − 1)/r is 1. */
  private isOne(f: number): boolean {
    const { e } = this
    const next = () => this.allocate(PAIR12)
    const made = (op: string, ...args: number[]) => { const at = next(); e[op]!(at, ...args); return at }
    const mul = (a: number, b: number) => made('fp12_mul', a, b), conjugate = (a: number) => made('fp12_conjugate', a), square = (a: number) => made('fp12_sqrCyclotomic', a)
    const product = mul(f, made('fp12_swap', f))
    // The easy part: (p⁶ − 1)·(p² + 1)
    const unitary = mul(conjugate(product), made('fp12_invert', product))
    const g = mul(made('fp12_frobenius2', unitary), unitary)
    // The hard part, a multiple of (p⁴ − p² + 1)/r with exponents in x (L. Fuentes-Castañeda, E. Knapp,
    // F. Rodríguez-Henríquez, "Faster hashing to G2", SAC 2011):
    //   (1 + 6x + 12x² + 12x³) + (4x + 6x² + 12x³)·p + (6x + 6x² + 12x³)·p² + (−1 + 4x + 6x² + 12x³)·p³
    const powerX = (a: number): number => {
      const result = next(), inverted = conjugate(a)
      this.machine.bytes.copyWithin(result, a, a + PAIR12)
      for (const digit of X_DIGITS) {
        e.fp12_sqrCyclotomic!(result, result)
        if (digit !== 0) e.fp12_mul!(result, result, digit > 0 ? a : inverted)
      }
      return result
    }
    const x1 = powerX(g), x2 = powerX(x1), x3 = powerX(x2)
    const x1Twice = square(x1), x2Six = (() => { const twice = square(x2); return mul(square(twice), twice) })()
    const x1Six = mul(square(x1Twice), x1Twice)
    const x3Twelve = (() => { const twice = square(x3), four = square(twice); return mul(square(four), four) })()
    const a = mul(mul(x3Twelve, x2Six), x1Six)
    const b = mul(a, conjugate(x1Twice))
    const terms = [mul(mul(a, x2Six), g), made('fp12_frobenius1', b), made('fp12_frobenius2', a), made('fp12_frobenius3', mul(b, conjugate(g)))]
    return (e.fp12_isOne!(terms.reduce(mul)) & 1) === 1
  }
}

function random64(): bigint {
  return crypto.getRandomValues(new BigUint64Array(1))[0]!
}
