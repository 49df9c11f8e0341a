// Many affine points doubled, or each added to its own, in step: the inversions are shared (P. Montgomery's trick). Exceptional
// cases are the caller's to rule out: no point at infinity, no sum of equal or opposite points.

import type { Coordinates } from './coordinates.ts'
import { i32, type Func, type I32, type Module, type Val } from './emit.ts'

export interface InStep {
  /** xs, ys, qx, qy, negated, bytes, work: columns of pairs, xs, ys ← xs, ys + qx, ±qy. */
  readonly add: Func
  /** The same parameters: xs, ys ← twice xs, ys. */
  readonly double: Func
}

/** `bytes`: of a column, an even number of pairs; `work`: two columns. */
export function buildInStep(m: Module, c: Coordinates): InStep {
  const temps = (): [Val<'i32'>, Val<'i32'>] => [m.frame(c.pair), m.frame(c.pair)]
  const totals = temps(), inverses = temps(), lambdas = temps(), newX = temps(), rests = temps(), product = m.frame(c.pair), slope = m.frame(c.pair)
  const each = (body: (chain: 0 | 1) => void) => { body(0); body(1) }

  const step = (doubles: boolean) => m.func(`${c.name}_${doubles ? 'doubleInStep' : 'addInStep'}`, Array<'i32'>(7).fill('i32'), [], (f, xs, ys, qx, qy, negated, bytes, work) => {
    const k = f.local('i32')
    const of = (column: I32, chain: 0 | 1) => i32.add(i32.add(column, k), chain * c.pair)
    const differences = work!, prefixes = f.local('i32', i32.add(work!, bytes!))
    for (const total of totals) c.copy(f, total, c.one)
    f.set(k, i32.of(0))
    f.while(() => i32.ltU(k, bytes!), () => {
      each((n) => {
        if (doubles) c.add(f, of(differences, n), of(ys!, n), of(ys!, n))
        else c.sub(f, of(differences, n), of(qx!, n), of(xs!, n))
        c.copy(f, of(prefixes, n), totals[n])
      })
      each((n) => f.call(c.mul, totals[n], totals[n], of(differences, n)))
      f.step(k, 2 * c.pair)
    })
    f.call(c.mul, product, totals[0], totals[1])
    f.call(c.reduce, product, product)
    f.call(c.invert, product, product)
    f.call(c.mul, inverses[0], product, totals[1])
    f.call(c.mul, inverses[1], product, totals[0])
    f.while(() => k, () => {
      f.set(k, i32.sub(k, 2 * c.pair))
      each((n) => f.call(c.mul, lambdas[n], inverses[n], of(prefixes, n)))
      each((n) => f.call(c.mul, inverses[n], inverses[n], of(differences, n)))
      each((n) => {
        if (doubles) {
          f.call(c.sqr, rests[n], of(xs!, n))
          c.add(f, slope, rests[n], rests[n]); c.add(f, slope, slope, rests[n])
          f.call(c.reduce, slope, slope)
        } else {
          f.if(negated!, () => c.neg(f, slope, of(qy!, n)), () => c.copy(f, slope, of(qy!, n)))
          c.sub(f, slope, slope, of(ys!, n))
        }
        f.call(c.mul, lambdas[n], lambdas[n], slope)
      })
      each((n) => f.call(c.sqr, newX[n], lambdas[n]))
      each((n) => {
        c.sub(f, newX[n], newX[n], of(xs!, n)); c.sub(f, newX[n], newX[n], of(doubles ? xs! : qx!, n))
        f.call(c.reduce, newX[n], newX[n])
        c.sub(f, rests[n], of(xs!, n), newX[n])
      })
      each((n) => f.call(c.mul, rests[n], rests[n], lambdas[n]))
      each((n) => {
        c.sub(f, rests[n], rests[n], of(ys!, n))
        f.call(c.reduce, of(ys!, n), rests[n])
        c.copy(f, of(xs!, n), newX[n])
      })
    })
  }, false)
  return { double: step(true), add: step(false) }
}
