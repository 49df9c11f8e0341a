// Sparse combinations of fixed points: Σ kₜ·Pₜ for many outputs, a few terms each, with points that recur (setup).
//
// A coefficient is k = u + v·λ with |u|, |v| < 2^126, λ·(x, y) = (β·x, y) (R. Gallant, R. Lambert, S. Vanstone, CRYPTO 2001);
// u and v have signed digits in base 2^c, and of each point that needs them there is a table of 1 … 2^(c−1) times it. For
// each output and each digit's place the entries that its terms choose are one list; all lists of a job are summed together
// (sums.ts), then joined by doublings. A coefficient ±1 costs one addition.

import type { Coordinates } from './coordinates.ts'
import { call, i32, type Func, type I32, type Module, type Val } from './emit.ts'
import { PAIR, type Field } from './field.ts'
import type { Jacobian } from './jacobian.ts'
import { BETA } from './multiples.ts'

/** Bytes of workspace for outputs of so many terms together; `places` counts those of u and of v. */
export const combineWorkspace = (outputs: number, terms: number, places: number, element: number): number =>
  8 * outputs * places + 4 * terms * places + element * (terms * places + 4) + 64

/**
 * `<name>_combine(starts, from, to, references, coefficients, tables, digits, width, places, workspace, results)`: for the
 * outputs from ≤ s < to, results[s] = the sum over starts[s] ≤ t < starts[s + 1] of coefficient coefficients[t] times point
 * references[t], affine, (0, 0) for infinity. tables[r] is the address of 1·P and the step to the next multiple, 4 bytes each;
 * digits[k] is `places` 16-bit digits of u, then as many of v.
 */
export function buildCombine(m: Module, c: Coordinates, field: Field, jacobian: Jacobian, sums: Func): Func {
  const size = 2 * c.element
  const total = m.frame(3 * c.pair), affine = m.frame(2 * c.pair), element = m.frame(c.element)
  const nothing = m.constant(new Uint8Array(size)) // y = 0: infinity
  // On the twist the same λ belongs to the other cube root of 1.
  const beta = field.constantPair(c.name === 'g1' ? BETA : BETA * BETA)
  const at = (base: I32, k: number) => (k === 0 ? i32.of(base) : i32.add(base, k * c.pair))
  return m.func(`${c.name}_combine`, Array<'i32'>(11).fill('i32'), [], (f, starts, from, to, references, coefficients, tables, digits, width, places, workspace, results) => {
    const local = (v?: Val<'i32'>) => f.local('i32', v)
    const perOutput = local(i32.shl(places!, 1)), lists = local(i32.mul(i32.sub(to!, from!), perOutput))
    const counts = local(workspace!), offsets = local(i32.add(counts, i32.shl(lists, 2))), entries = local(i32.add(offsets, i32.shl(lists, 2)))
    const term = local(), last = local(), digit = local(), place = local(), end = local(), table = local(), list = local(), value = local(), step = local()
    const eachDigit = (body: () => void) => f.for(from!, to!, 1, (s) => {
      f.set(term, i32.shl(i32.load(i32.add(starts!, i32.shl(s, 2))), 2))
      f.set(last, i32.shl(i32.load(i32.add(starts!, i32.shl(s, 2)), 4), 2))
      f.while(() => i32.ltU(term, last), () => {
        f.set(table, i32.add(tables!, i32.shl(i32.load(i32.add(references!, term)), 3)))
        f.set(step, i32.load(table, 4))
        f.set(table, i32.load(table))
        f.set(list, i32.shl(i32.mul(i32.sub(s, from!), perOutput), 2))
        f.set(place, i32.add(digits!, i32.mul(i32.load(i32.add(coefficients!, term)), i32.shl(perOutput, 1))))
        f.set(end, i32.add(place, i32.shl(perOutput, 1)))
        f.while(() => i32.ltU(place, end), () => {
          f.set(digit, i32.load16s(place))
          f.if(digit, body)
          f.step(place, 2)
          f.step(list, 4)
        })
        f.step(term, 4)
      })
    })
    f.fill(counts, 0, i32.shl(lists, 2))
    eachDigit(() => f.store32(i32.add(counts, list), 0, i32.add(i32.load(i32.add(counts, list)), 1)))
    const used = local(i32.of(0))
    f.for(0, i32.shl(lists, 2), 4, (l) => {
      f.set(value, i32.load(i32.add(counts, l)))
      f.store32(i32.add(offsets, l), 0, used)
      f.store32(i32.add(counts, l), 0, used)
      f.set(used, i32.add(used, value))
    })
    eachDigit(() => {
      f.set(value, i32.load(i32.add(counts, list)))
      f.store32(i32.add(counts, list), 0, i32.add(value, 1))
      const negative = i32.ltS(digit, 0)
      const entry = i32.add(table, i32.mul(step, i32.sub(i32.select(i32.sub(0, digit), digit, negative), 1)))
      f.store32(i32.add(entries, i32.shl(value, 2)), 0, i32.or(entry, negative))
    })
    f.for(0, i32.shl(lists, 2), 4, (l) => f.store32(i32.add(counts, l), 0, i32.sub(i32.load(i32.add(counts, l)), i32.load(i32.add(offsets, l)))))
    f.set(value, call(sums, entries, offsets, counts, lists, i32.and(i32.add(i32.add(entries, i32.shl(used, 2)), 15), -16)))

    // Two outputs side by side; the last of an odd number beside itself.
    const first = local(), second = local(), a = local(), b = local(), started = local()
    /** to = the sum of that output's list at `place`, 0 if there is none */
    const sumOf = (to: typeof a, output: Val<'i32'>, index: Val<'i32'>) => {
      f.set(list, i32.shl(i32.add(i32.mul(i32.sub(output, from!), perOutput), index), 2))
      f.set(to, i32.of(0))
      f.if(i32.load(i32.add(counts, list)), () => f.set(to, i32.load(i32.add(entries, i32.shl(i32.load(i32.add(offsets, list)), 2)))))
    }
    const add = (index: Val<'i32'>, turned: boolean) => {
      sumOf(a, first, index)
      sumOf(b, second, index)
      f.if(i32.or(a, b), () => {
        f.set(started, i32.of(1))
        f.if(i32.eqz(a), () => f.set(a, i32.of(nothing)))
        f.if(i32.eqz(b), () => f.set(b, i32.of(nothing)))
        const [pa, pb] = [i32.and(a, -2), i32.and(b, -2)]
        c.gather(f, affine, pa, pb)
        c.gatherSigned(f, at(affine, 1), i32.add(pa, c.element), i32.add(pb, c.element), i32.and(a, 1), i32.and(b, 1))
        if (turned) for (let k = 0; k < c.pair; k += PAIR) {
          const x = i32.add(affine, k)
          f.call(field.mul, x, x, beta)
          f.call(field.reduce, x, x)
        }
        f.call(jacobian.addAffine, total, total, affine)
      })
    }
    f.for(from!, to!, 2, (s) => {
      f.set(first, i32.of(s))
      f.set(second, i32.select(i32.add(s, 1), s, i32.ltU(i32.add(s, 1), to!)))
      f.set(started, i32.of(0))
      jacobian.infinity(f, total)
      f.set(place, i32.of(places!))
      f.while(() => place, () => {
        f.set(place, i32.sub(place, 1))
        f.if(started, () => f.for(0, width!, 1, () => f.call(jacobian.double, total, total)))
        add(place, false)
        add(i32.add(place, places!), true)
      })
      f.call(c.reduce, at(total, 2), at(total, 2))
      const infinite = local(call(c.zeros, at(total, 2)))
      f.for(0, 2, 1, (lane) => f.if(i32.and(i32.shrU(infinite, lane), 1), () => {
        c.getLane(f, element, c.one, 0)
        for (const k of [0, 1, 2]) c.setLane(f, at(total, k), lane, element)
      }))
      f.call(jacobian.toAffine, affine, total)
      for (const [lane, output] of [[1, second], [0, first]] as const) {
        f.set(value, i32.add(results!, i32.mul(output, size)))
        f.if(i32.and(i32.shrU(infinite, lane), 1), () => f.fill(value, 0, size), () => {
          c.scatter(f, affine, lane, value)
          c.scatter(f, at(affine, 1), lane, i32.add(value, c.element))
        })
      }
    })
  })
}
