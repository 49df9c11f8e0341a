// Many sums of affine points at once: the one kernel under every multi-scalar product here.
//
// Lists of points are halved round by round; all additions of a round share inversions (P. Montgomery's trick), so that
// an affine addition costs five products and a square. A list entry is a point's address with its sign in bit 0 and 0 for
// nothing: sums that come out at infinity vanish from their list. Equal or opposite points make a chunk's product of
// differences 0; only then are its additions looked at one by one and turned into doublings or into nothing.

import type { Coordinates } from './coordinates.ts'
import { call, i32, type Func, type Module, type Val } from './emit.ts'

const CHUNK = 1024 // additions that share an inversion: their differences and products fill 120 KB in G1, 240 KB in G2
const OPERATION = 16 // bytes: addresses of both entries, of the result, of the list's slot
type Address = Val<'i32'>
const VANISHES = 1 // bit 0 of the slot address

/**
 * `<name>_sums(entries, offsets, counts, lists, scratch)`: list l is counts[l] entries from entries[offsets[l]] on, all
 * 32-bit; afterwards counts[l] ≤ 1, and its entry (possibly 0) is the list's sum. Sums are written from `scratch` on, at
 * most half as many as there are entries, and the inputs are not touched. Answers the end of what it wrote.
 */
export function buildSums(m: Module, c: Coordinates, dummyPoints: { first: number; second: number }): Func {
  const vectors = CHUNK / 2
  const operations = m.frame((CHUNK + 3) * OPERATION)
  const differences = m.frame(vectors * c.pair), slopes = m.frame(vectors * c.pair), prefixes = m.frame(vectors * c.pair)
  const temp = () => m.frame(c.pair)
  const temps = (): [Address, Address] => [temp(), temp()]
  const x1 = temp(), x2 = temp(), y1 = temp(), y2 = temp(), t = temp(), element = temp(), product = temp()
  // Two chains of products, over the even and over the odd vectors: neighbouring calls then do not wait for each other.
  const totals = temps(), inverses = temps(), lambdas = temps(), sumsX = temps(), sumsY = temps()
  const dummyResult = m.frame(2 * c.element), dummySlot = m.frame(16)
  const address = (entry: Val<'i32'>) => i32.and(entry, -2)
  const sign = (entry: Val<'i32'>) => i32.and(entry, 1)

  /** prefixes, and the product of all differences, reduced. `count`: of vectors, even. */
  const multiplyUp = m.func(`${c.name}_multiplyUp`, ['i32'], [], (f, count) => {
    for (const total of totals) c.copy(f, total, c.one)
    f.for(0, i32.mul(count!, c.pair), 2 * c.pair, (k) => totals.forEach((total, i) => {
      c.copy(f, i32.add(i32.add(prefixes, k), i * c.pair), total)
      f.call(c.mul, total, total, i32.add(i32.add(differences, k), i * c.pair))
    }))
    f.call(c.mul, product, totals[0], totals[1])
    f.call(c.reduce, product, product)
  }, false)

  /** Doublings and vanishing sums: where a lane's difference is 0, its slope is chosen anew. */
  const repair = m.func(`${c.name}_repair`, ['i32'], [], (f, count) => {
    const lane = f.local('i32'), op = f.local('i32', operations), k = f.local('i32', i32.of(0)), zero = f.local('i32'), equal = f.local('i32')
    const entry = f.local('i32')
    f.while(() => i32.ltU(k, i32.mul(count!, c.pair)), () => {
      f.call(c.reduce, t, i32.add(differences, k))
      f.set(zero, call(c.zeros, t))
      f.if(zero, () => {
        f.call(c.reduce, t, i32.add(slopes, k))
        f.set(equal, call(c.zeros, t))
        f.set(lane, i32.of(0))
        f.while(() => i32.ltU(lane, 2), () => {
          f.if(i32.and(i32.shrU(zero, lane), 1), () => {
            const at = i32.add(op, i32.mul(lane, OPERATION))
            f.set(entry, i32.load(at))
            f.if(i32.and(i32.shrU(equal, lane), 1), () => {
              c.gather(f, x1, address(entry), address(entry))
              c.gatherSigned(f, y1, i32.add(address(entry), c.element), i32.add(address(entry), c.element), sign(entry), sign(entry))
              c.add(f, y1, y1, y1)
              c.getLane(f, element, y1, 0)
              c.setLane(f, i32.add(differences, k), lane, element)
              f.call(c.sqr, x1, x1)
              c.add(f, x2, x1, x1)
              c.add(f, x1, x2, x1)
              f.call(c.reduce, x1, x1)
              c.getLane(f, element, x1, 0)
              c.setLane(f, i32.add(slopes, k), lane, element)
            }, () => {
              f.store32(at, 12, i32.or(i32.load(at, 12), VANISHES))
              c.getLane(f, element, c.one, 0)
              c.setLane(f, i32.add(differences, k), lane, element)
              c.getLane(f, element, c.zero, 0)
              c.setLane(f, i32.add(slopes, k), lane, element)
            })
          })
          f.step(lane, 1)
        })
      })
      f.step(op, 2 * OPERATION)
      f.step(k, c.pair)
    })
  }, false)

  const addAll = m.func(`${c.name}_addAll`, ['i32'], [], (f, count) => {
    // Filled up to two whole vectors
    const filled = f.local('i32', i32.and(i32.add(count!, 3), -4)), last = f.local('i32')
    f.for(count!, filled, 1, (i) => {
      f.set(last, i32.add(operations, i32.mul(i, OPERATION)))
      f.store32(last, 0, dummyPoints.first)
      f.store32(last, 4, dummyPoints.second)
      f.store32(last, 8, dummyResult)
      f.store32(last, 12, dummySlot)
    })
    const vectorCount = f.local('i32', i32.shrU(filled, 1))
    const op = f.local('i32', operations), k = f.local('i32', i32.of(0))
    const a0 = f.local('i32'), b0 = f.local('i32'), a1 = f.local('i32'), b1 = f.local('i32')
    const fetch = (vector: 0 | 1) => {
      const at = 2 * OPERATION * vector
      f.set(a0, i32.load(op, at)); f.set(b0, i32.load(op, at + 4))
      f.set(a1, i32.load(op, at + OPERATION)); f.set(b1, i32.load(op, at + OPERATION + 4))
    }
    const each = (body: (vector: 0 | 1) => void) => { body(0); body(1) }
    const of = (list: Address, vector: 0 | 1) => i32.add(i32.add(list, k), vector * c.pair)
    f.while(() => i32.ltU(k, i32.mul(vectorCount, c.pair)), () => {
      fetch(0)
      c.gather(f, x1, address(a0), address(a1))
      c.gather(f, x2, address(b0), address(b1))
      c.sub(f, i32.add(differences, k), x2, x1)
      c.gatherSigned(f, y1, i32.add(address(a0), c.element), i32.add(address(a1), c.element), sign(a0), sign(a1))
      c.gatherSigned(f, y2, i32.add(address(b0), c.element), i32.add(address(b1), c.element), sign(b0), sign(b1))
      c.sub(f, i32.add(slopes, k), y2, y1)
      f.step(op, 2 * OPERATION)
      f.step(k, c.pair)
    })
    f.call(multiplyUp, vectorCount)
    f.if(call(c.zeros, product), () => {
      f.call(repair, vectorCount)
      f.call(multiplyUp, vectorCount)
    })
    f.call(c.invert, product, product)
    f.call(c.mul, inverses[0], product, totals[1])
    f.call(c.mul, inverses[1], product, totals[0])
    f.while(() => i32.ne(k, 0), () => {
      f.set(op, i32.sub(op, 4 * OPERATION))
      f.set(k, i32.sub(k, 2 * c.pair))
      each((v) => f.call(c.mul, lambdas[v], inverses[v], of(prefixes, v)))
      each((v) => f.call(c.mul, inverses[v], inverses[v], of(differences, v)))
      each((v) => f.call(c.mul, lambdas[v], lambdas[v], of(slopes, v)))
      each((v) => f.call(c.sqr, sumsX[v], lambdas[v]))
      each((v) => {
        fetch(v)
        c.gather(f, x1, address(a0), address(a1))
        c.gather(f, x2, address(b0), address(b1))
        c.sub(f, t, sumsX[v], x1)
        c.sub(f, t, t, x2)
        f.call(c.reduce, sumsX[v], t)
        c.sub(f, sumsY[v], x1, sumsX[v])
      })
      each((v) => f.call(c.mul, sumsY[v], sumsY[v], lambdas[v]))
      each((v) => {
        fetch(v)
        c.gatherSigned(f, y1, i32.add(address(a0), c.element), i32.add(address(a1), c.element), sign(a0), sign(a1))
        c.sub(f, t, sumsY[v], y1)
        f.call(c.reduce, t, t)
        for (const lane of [0, 1] as const) {
          const at = OPERATION * (2 * v + lane)
          const to = f.local('i32', i32.load(op, at + 8))
          c.scatter(f, sumsX[v], lane, to)
          c.scatter(f, t, lane, i32.add(to, c.element))
          const slot = f.local('i32', i32.load(op, at + 12))
          f.if(i32.and(slot, VANISHES), () => f.store32(i32.and(slot, -2), 0, 0))
        }
      })
    })
  }, false)

  return m.func(`${c.name}_sums`, ['i32', 'i32', 'i32', 'i32', 'i32'], ['i32'], (f, entries, offsets, counts, lists, scratch) => {
    const end = f.local('i32', scratch!), again = f.local('i32', i32.of(1)), pending = f.local('i32'), entry = f.local('i32'), out = f.local('i32')
    const read = f.local('i32'), write = f.local('i32'), stop = f.local('i32'), length = f.local('i32'), op = f.local('i32')
    const flush = () => {
      f.call(addAll, i32.divU(i32.sub(op, operations), OPERATION))
      f.set(op, operations)
    }
    const isSum = (e: Val<'i32'>) => i32.and(i32.geU(e, scratch!), i32.ltU(e, end))
    f.while(() => again, () => {
      f.set(again, i32.of(0))
      f.set(op, operations)
      f.for(0, i32.shl(lists!, 2), 4, (l) => {
        f.set(length, i32.load(i32.add(counts!, l)))
        f.if(i32.gtU(length, 1), () => {
          f.set(read, i32.add(entries!, i32.shl(i32.load(i32.add(offsets!, l)), 2)))
          f.set(write, read)
          f.set(stop, i32.add(read, i32.shl(length, 2)))
          f.set(pending, i32.of(0))
          f.while(() => i32.ltU(read, stop), () => {
            f.set(entry, i32.load(read))
            f.step(read, 4)
            f.if(entry, () => {
              f.if(pending, () => {
                f.set(out, end)
                f.if(isSum(pending), () => f.set(out, address(pending)), () => {
                  f.if(isSum(entry), () => f.set(out, address(entry)), () => f.step(end, 2 * c.element))
                })
                f.store32(op, 0, pending); f.store32(op, 4, entry); f.store32(op, 8, out); f.store32(op, 12, write)
                f.store32(write, 0, out)
                f.step(write, 4)
                f.step(op, OPERATION)
                f.set(pending, i32.of(0))
                f.if(i32.eq(i32.sub(op, operations), CHUNK * OPERATION), flush)
              }, () => f.set(pending, entry))
            })
          })
          f.if(pending, () => { f.store32(write, 0, pending); f.step(write, 4) })
          f.set(length, i32.shrU(i32.sub(write, i32.add(entries!, i32.shl(i32.load(i32.add(offsets!, l)), 2))), 2))
          f.store32(i32.add(counts!, l), 0, length)
          f.if(i32.gtU(length, 1), () => f.set(again, i32.of(1)))
        })
      })
      f.if(i32.ne(op, operations), flush)
    })
    f.result(end)
  })
}
