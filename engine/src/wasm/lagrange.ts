// The transform over points (phase 1 made ready): n/2·log n products with roots of unity, in step over many points, every addition
// affine with shared inversions (Montgomery's trick).
//
// A root is u + v·λ with u, v odd, 32 digits each in base 16, all of them odd: u = Σ (2nₖ − 15)·16^k, as in multiples.ts. So all
// points take the same steps, whatever their roots. In these steps an addition meets equal or opposite points only if a
// multiple below 2^128 of a root's neighbourhood hits the lattice of (u, v) ~ 0: about 2^−120 for scalars that no one chooses.
// The butterflies themselves go through sums.ts, where every case is handled; points at infinity are left out of the products.

import type { Coordinates } from './coordinates.ts'
import { call, i32, type Body, type Func, type I32, type Module, type Val } from './emit.ts'
import { PAIR, type Field } from './field.ts'
import type { InStep } from './in-step.ts'
import { BETA } from './multiples.ts'

const ODD = 8, DIGITS = 32
/** Bytes of a root's digits: 16 of u, 16 of v. */
export const ROOT_DIGITS = 32

/** `count`: of points, or butterflies. */
export const lagrangeWorkspace = (count: number, element: number): number => {
  const pairs = Math.ceil(count / 4) * 2, pair = element * 2
  return 8 * (4 * pairs + 16) + pairs * pair * (6 + 3 * ODD) + 4 * count * 10 + 4 * element * count + 2048
}

export function buildLagrange(m: Module, c: Coordinates, field: Field, { double, add }: InStep, sums: Func, dummyPoint: number): void {
  const size = 2 * c.element, ENTRY = 3 * c.element // x, y, x of λ times it
  const turned = m.frame(c.pair)
  const beta = field.constantPair(c.name === 'g1' ? BETA : BETA * BETA)

  /**
   * multiply(list, count, workspace): the points at list[0], list[2], … each times the scalar whose digits are at list[1], … `count` a
   * multiple of 4, none at infinity.
   */
  const multiply = m.func(`${c.name}_multiplyListed`, Array<'i32'>(3).fill('i32'), [], (f, list, count, workspace) => {
    const bytes = f.local('i32', i32.mul(count!, c.pair / 2)), column = (k: number) => (k === 0 ? i32.of(workspace!) : i32.add(workspace!, i32.mul(bytes, k)))
    const columnAt = (k: number) => f.local('i32', column(k))
    const [xs, ys, addX, addY, work, table] = [columnAt(0), columnAt(1), columnAt(2), columnAt(3), columnAt(4), columnAt(6)]
    const at = f.local('i32'), k = f.local('i32'), a = f.local('i32'), b = f.local('i32')
    const eachPair = (body: () => void) => {
      f.set(at, i32.of(list!))
      f.set(k, i32.of(0))
      f.while(() => i32.ltU(k, bytes), () => {
        body()
        f.step(at, 16)
        f.step(k, c.pair)
      })
    }
    eachPair(() => {
      f.set(a, i32.load(at)); f.set(b, i32.load(at, 8))
      c.gather(f, i32.add(xs, k), a, b)
      c.gather(f, i32.add(ys, k), i32.add(a, c.element), i32.add(b, c.element))
    })
    f.copy(addX, xs, i32.shl(bytes, 1))
    f.call(double, addX, addY, addX, addY, 0, bytes, work)
    const entry = f.local('i32')
    f.for(0, ODD, 1, (j) => {
      f.if(j, () => f.call(add, xs, ys, addX, addY, 0, bytes, work))
      f.set(entry, i32.add(table, i32.mul(j, ENTRY)))
      eachPair(() => {
        for (let part = 0; part < c.pair; part += PAIR) {
          f.call(field.mul, i32.add(turned, part), i32.add(i32.add(xs, k), part), beta)
          f.call(field.reduce, i32.add(turned, part), i32.add(turned, part))
        }
        for (const lane of [0, 1] as const) {
          c.scatter(f, i32.add(xs, k), lane, entry)
          c.scatter(f, i32.add(ys, k), lane, i32.add(entry, c.element))
          c.scatter(f, turned, lane, i32.add(entry, 2 * c.element))
          f.step(entry, ODD * ENTRY)
        }
      })
    })

    const place = f.local('i32', i32.of(DIGITS)), n = f.local('i32'), digit = [f.local('i32'), f.local('i32')] as const
    /** addX, addY = what the digits at `place` of u or v choose. */
    const collect = (half: 0 | 1) => {
      f.set(entry, i32.of(table))
      eachPair(() => {
        for (const lane of [0, 1] as const) {
          f.set(n, i32.and(i32.shrU(i32.load8u(i32.add(i32.load(at, 8 * lane + 4), i32.shrU(place, 1)), 16 * half), i32.shl(i32.and(place, 1), 2)), 15))
          f.set(lane === 0 ? a : b, i32.add(entry, i32.mul(ENTRY, i32.select(i32.sub(n, ODD), i32.sub(ODD - 1, n), i32.geU(n, ODD)))))
          f.set(digit[lane], i32.ltU(n, ODD))
          f.step(entry, ODD * ENTRY)
        }
        const x = half === 0 ? 0 : 2 * c.element
        c.gather(f, i32.add(addX, k), i32.add(a, x), i32.add(b, x))
        c.gatherSigned(f, i32.add(addY, k), i32.add(a, c.element), i32.add(b, c.element), digit[0], digit[1])
      })
    }
    f.while(() => place, () => {
      f.set(place, i32.sub(place, 1))
      f.if(i32.eq(place, DIGITS - 1), () => {
        collect(0)
        f.copy(xs, addX, i32.shl(bytes, 1))
      }, () => {
        f.for(0, 4, 1, () => f.call(double, xs, ys, xs, ys, 0, bytes, work))
        collect(0)
        f.call(add, xs, ys, addX, addY, 0, bytes, work)
      })
      collect(1)
      f.call(add, xs, ys, addX, addY, 0, bytes, work)
    })
    eachPair(() => {
      for (const lane of [0, 1] as const) {
        f.set(a, i32.load(at, 8 * lane))
        c.scatter(f, i32.add(xs, k), lane, a)
        c.scatter(f, i32.add(ys, k), lane, i32.add(a, c.element))
      }
    })
  }, false)

  const dummies = m.frame(4 * size), zeros = m.frame(c.pair)
  const isInfinite = (f: Body, at: I32) => {
    c.gather(f, zeros, i32.add(at, c.element), i32.add(at, c.element))
    f.call(c.reduce, zeros, zeros)
    return i32.and(call(c.zeros, zeros), 1)
  }
  /** Fills up to a multiple of 4. */
  const fill = (f: Body, list: Val<'i32'>, count: Val<'i32'> & { index: number }, digits: I32) => {
    const left = f.local('i32', i32.of(0))
    f.while(() => i32.and(count, 3), () => {
      const place = f.local('i32', i32.add(list, i32.shl(count, 3))), dummy = f.local('i32', i32.add(dummies, i32.mul(left, size)))
      f.copy(dummy, dummyPoint, size)
      f.store32(place, 0, dummy); f.store32(place, 4, digits)
      f.step(count as never, 1)
      f.step(left, 1)
    })
  }
  const align = (v: Val<'i32'>) => i32.and(i32.add(v, 15), -16)

  /** `<name>_multiplyAll(points, count, digits, workspace)`: all times one scalar; those at infinity stay. */
  m.func(`${c.name}_multiplyAll`, Array<'i32'>(4).fill('i32'), [], (f, points, count, digits, workspace) => {
    const listed = f.local('i32', i32.of(0))
    f.for(points!, i32.add(points!, i32.mul(count!, size)), size, (point) => f.if(i32.eqz(isInfinite(f, point)), () => {
      const place = f.local('i32', i32.add(workspace!, i32.shl(listed, 3)))
      f.store32(place, 0, point); f.store32(place, 4, digits!)
      f.step(listed, 1)
    }))
    fill(f, workspace!, listed, digits!)
    f.if(listed, () => f.call(multiply, workspace!, listed, align(i32.add(workspace!, i32.shl(listed, 3)))))
  })

  m.func(`${c.name}_copy`, Array<'i32'>(3).fill('i32'), [], (f, to, from, bytes) => f.copy(to!, from!, bytes!))

  const sign = m.frame(c.pair)
  /**
   * `<name>_butterflies(data, half, from, to, digits, stride, workspace)`: for the butterflies from ≤ i < to of the layer that joins
   * j and j + half, (a, b) ← (a + w·b, a − w·b); w's digits are at digits + stride·j, w = 1 for j = 0.
   */
  m.func(`${c.name}_butterflies`, Array<'i32'>(7).fill('i32'), [], (f, data, half, from, to, digits, stride, workspace) => {
    const listed = f.local('i32', i32.of(0)), j = f.local('i32'), low = f.local('i32'), high = f.local('i32')
    const eachButterfly = (body: (i: Val<'i32'>) => void) => f.for(from!, to!, 1, (i) => {
      f.set(j, i32.and(i, i32.sub(half!, 1)))
      f.set(low, i32.add(data!, i32.mul(i32.add(i32.shl(i32.sub(i, j), 1), j), size)))
      f.set(high, i32.add(low, i32.mul(half!, size)))
      body(i)
    })
    eachButterfly(() => f.if(i32.and(i32.ne(j, 0), i32.eqz(isInfinite(f, high))), () => {
      const place = f.local('i32', i32.add(workspace!, i32.shl(listed, 3)))
      f.store32(place, 0, high)
      f.store32(place, 4, i32.add(digits!, i32.mul(j, stride!)))
      f.step(listed, 1)
    }))
    fill(f, workspace!, listed, digits!)
    f.if(listed, () => f.call(multiply, workspace!, listed, align(i32.add(workspace!, i32.shl(listed, 3)))))

    const lists = f.local('i32', i32.shl(i32.sub(to!, from!), 1))
    const counts = f.local('i32', workspace!), offsets = f.local('i32', i32.add(counts, i32.shl(lists, 2))), entries = f.local('i32', i32.add(offsets, i32.shl(lists, 2)))
    const scratch = f.local('i32', align(i32.add(entries, i32.shl(lists, 3))))
    const list = f.local('i32', i32.of(0)), entry = f.local('i32'), end = f.local('i32')
    eachButterfly(() => {
      f.if(isInfinite(f, low), () => f.set(low, i32.of(0)))
      f.if(isInfinite(f, high), () => f.set(high, i32.of(0)))
      for (const negative of [0, 1]) {
        f.store32(i32.add(counts, i32.shl(list, 2)), 0, 2)
        f.store32(i32.add(offsets, i32.shl(list, 2)), 0, i32.shl(list, 1))
        f.set(entry, i32.add(entries, i32.shl(list, 3)))
        f.store32(entry, 0, low)
        f.store32(entry, 4, negative ? i32.select(i32.or(high, 1), 0, high) : high)
        f.step(list, 1)
      }
    })
    f.set(end, call(sums, entries, offsets, counts, lists, scratch))
    // Where a or b is missing its entry is the other point itself, which the first copy would overwrite: through the end of scratch.
    f.set(list, i32.of(0))
    const copy = f.local('i32')
    eachButterfly(() => {
      f.set(copy, i32.of(end))
      for (let n = 0; n < 2; n++) {
        f.set(entry, i32.of(0))
        f.if(i32.load(i32.add(counts, i32.shl(list, 2))), () => f.set(entry, i32.load(i32.add(entries, i32.shl(list, 3)))))
        f.if(entry, () => {
          const at = i32.and(entry, -2)
          f.copy(copy, at, c.element)
          c.gatherSigned(f, sign, i32.add(at, c.element), i32.add(at, c.element), i32.and(entry, 1), i32.and(entry, 1))
          c.scatter(f, sign, 0, i32.add(copy, c.element))
        }, () => f.fill(copy, 0, size))
        f.step(copy, size)
        f.step(list, 1)
      }
      f.copy(low, end, size)
      f.copy(high, i32.add(end, size), size)
    })
  })
}
