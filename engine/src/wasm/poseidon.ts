// Poseidon over Fr with x⁵, partial rounds in sparse form (poseidon-parameters.ts). Two hashes at a time, one a lane.
//
// The state is padded with a zero to an odd number W of elements, so that a row of a matrix is one product of three terms and
// then some of two. All rows of a table have W entries.

import { ELEMENT, PAIR, type Field } from './field.ts'
import { i32, type Body, type I32, type Module, type Val } from './emit.ts'

const WIDEST = 17
export const paddedWidth = (t: number): number => t | 1

/**
 * `poseidon(out, inputs, count, t, partial, capacity, constants, matrices)`: out[i] = the first element of the permuted state
 * (capacity, t − 1 elements from inputs[(t − 1)·i] on). Tables of pairs, t or W a row:
 *   constants: 4 full rounds; the shift before partial rounds; one for each partial round; 4 full rounds
 *   matrices: the full rounds'; the one before partial rounds; for each partial round its row and its column (W, the first unused)
 */
export function buildPoseidon(m: Module, fr: Field): void {
  const states = [m.frame(WIDEST * PAIR), m.frame(WIDEST * PAIR)] as const
  const x = m.frame(PAIR), power = m.frame(PAIR)
  const [state, mixed] = states

  /** dst = Σ state[k]·entry[k], of one unit. */
  const product = m.func('poseidon_row', ['i32', 'i32', 'i32'], [], (f, dst, entry, padded) => {
    f.call(fr.dot3, dst!, state, entry!, i32.add(state, PAIR), i32.add(entry!, PAIR), i32.add(state, 2 * PAIR), i32.add(entry!, 2 * PAIR))
    f.for(3 * PAIR, padded!, 2 * PAIR, (k) => {
      const at = f.local('i32', i32.add(state, k)), factor = f.local('i32', i32.add(entry!, k))
      f.call(fr.dot, x, at, factor, i32.add(at, PAIR), i32.add(factor, PAIR))
      fr.add(f, dst!, dst!, x)
      f.call(fr.reduce, dst!, dst!)
    })
  }, false)

  /** at = at⁵, at of 1 unit and at most p. */
  const fifth = (f: Body, at: I32) => {
    f.call(fr.sqr, power, at)
    f.call(fr.sqr, power, power)
    f.call(fr.mul, at, power, at)
  }

  m.func('poseidon', Array<'i32'>(8).fill('i32'), [], (f, out, inputs, count, t, partial, capacity, constants, matrices) => {
    const wide = f.local('i32', i32.mul(t!, PAIR)), padded = f.local('i32', i32.mul(i32.or(t!, 1), PAIR)), n = f.local('i32', i32.mul(i32.sub(t!, 1), ELEMENT))
    const matrixBytes = f.local('i32', i32.mul(wide, i32.or(t!, 1)))
    const first = f.local('i32'), second = f.local('i32'), more = f.local('i32'), constant = f.local('i32'), entry = f.local('i32')
    const addConstants = (then: (at: Val<'i32'>) => void) => f.for(0, wide, PAIR, (k) => {
      const at = f.local('i32', i32.add(state, k))
      fr.add(f, at, at, constant)
      f.call(fr.reduce, at, at)
      f.step(constant, PAIR)
      then(at)
    })
    const fullRound = (matrix: Val<'i32'>) => {
      addConstants((at) => fifth(f, at))
      f.set(entry, matrix)
      f.for(0, wide, PAIR, (k) => {
        f.call(product, i32.add(mixed, k), entry, padded)
        f.step(entry, padded)
      })
      f.copy(state, mixed, wide)
    }
    f.for(0, count!, 2, (i) => {
      f.set(more, i32.ltU(i32.add(i, 1), count!))
      f.set(first, i32.add(inputs!, i32.mul(i, n)))
      f.set(second, i32.add(first, i32.select(n, 0, more)))
      fr.copy(f, i32.add(state, i32.sub(padded, PAIR)), fr.zero)
      fr.gather(f, state, capacity!, capacity!)
      f.for(PAIR, wide, PAIR, (k) => {
        fr.gather(f, i32.add(state, k), first, second)
        f.step(first, ELEMENT)
        f.step(second, ELEMENT)
      })
      f.set(constant, i32.of(constants!))
      f.for(0, 3, 1, () => fullRound(i32.of(matrices!)))
      fullRound(i32.add(matrices!, matrixBytes))
      addConstants(() => {})
      f.set(entry, i32.add(matrices!, i32.shl(matrixBytes, 1)))
      f.for(0, partial!, 1, () => {
        fifth(f, state)
        fr.add(f, state, state, constant)
        f.step(constant, PAIR)
        f.call(product, mixed, entry, padded)
        f.step(entry, padded)
        f.for(PAIR, wide, PAIR, (k) => {
          const at = f.local('i32', i32.add(state, k))
          f.call(fr.mul, x, state, i32.add(entry, k))
          fr.add(f, at, at, x)
          f.call(fr.reduce, at, at)
        })
        f.step(entry, padded)
        fr.copy(f, state, mixed)
      })
      f.for(0, 3, 1, () => fullRound(i32.of(matrices!)))
      addConstants((at) => fifth(f, at))
      f.call(product, mixed, matrices!, padded)
      f.call(fr.reduce, mixed, mixed)
      const to = f.local('i32', i32.add(out!, i32.mul(i, ELEMENT)))
      fr.scatter(f, mixed, 0, to)
      f.if(more, () => fr.scatter(f, mixed, 1, i32.add(to, ELEMENT)))
    })
  })
}
