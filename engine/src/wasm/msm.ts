// Multi-scalar multiplication: Σ sᵢ·Pᵢ by signed windows and buckets (Pippenger), every addition affine (sums.ts).
//
//   1  recode   s or −s, whichever is below r/2, in base 2^c with digits in [−2^(c−1), 2^(c−1)]
//   2  buckets  per window: list the points (with sign) under |digit|; sum each list
//   3  weights  Σ (b+1)·S_b over b = hi·2^k + lo: sum the rows (one hi) and the columns (one lo) of that grid, then for
//               each bit of hi and of lo the rows and columns that have it. Two additions per bucket, all shared
//   4  fold     Horner over the bits of all windows, in Jacobian coordinates
//
// Digits that are 0 cost nothing, so small scalars are cheap. Its time depends on the scalars.

import type { Coordinates } from './coordinates.ts'
import { call, i32, i64, type Func, type I32, type Local, type Module, type Val } from './emit.ts'
import type { Jacobian } from './jacobian.ts'

export const SCALAR_ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617n

/** Windows of c bits for scalars in (−r/2, r/2): one bit to spare, so that the last digit carries nowhere. */
export const windowCount = (c: number): number => Math.ceil(254 / c)

/** `recode(scalars, count, c, windows, digits, stride)`: 32-byte scalars below r → 16-bit digits[window·stride + i]. */
export function buildRecode(m: Module): Func {
  const words = (x: bigint) => [0n, 64n, 128n, 192n].map((s) => BigInt.asIntN(64, x >> s))
  const order = words(SCALAR_ORDER), half = words(SCALAR_ORDER >> 1n)
  return m.func('recode', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], [], (f, scalars, count, c, windows, digits, stride) => {
    const s = [0, 1, 2, 3].map(() => f.local('i64'))
    const negated = [0, 1, 2, 3].map(() => f.local('i64'))
    const borrow = f.local('i64'), temp = f.local('i64'), negative = f.local('i32')
    const at = f.local('i32'), carry = f.local('i32'), digit = f.local('i32'), out = f.local('i32'), w = f.local('i32')
    const width = f.local('i64', i64.extendU(c!))
    /** borrow = x < y, difference = x − y. */
    const subtract = (x: readonly (Local<'i64'> | bigint)[], y: readonly (Local<'i64'> | bigint)[], difference: Local<'i64'>[]) => {
      f.set(borrow, i64.of(0n))
      for (let k = 0; k < 4; k++) {
        f.set(temp, i64.sub(x[k]!, y[k]!))
        const below = i64.extendU(i64.ltU(x[k]!, y[k]!))
        const next = f.local('i64', i64.or(below, i64.extendU(i64.ltU(temp, borrow))))
        f.set(difference[k]!, i64.sub(temp, borrow))
        f.set(borrow, next)
      }
    }
    f.for(0, count!, 1, (i) => {
      f.set(at, i32.add(scalars!, i32.shl(i, 5)))
      s.forEach((word, k) => f.set(word, i64.load(at, 8 * k)))
      subtract(half, s, negated)
      f.set(negative, i64.ne(borrow, 0n))
      f.if(negative, () => {
        subtract(order, s, negated)
        s.forEach((word, k) => f.set(word, negated[k]!))
      })
      f.set(carry, i32.of(0))
      f.set(w, i32.of(0))
      f.set(out, i32.add(digits!, i32.shl(i, 1)))
      f.while(() => i32.ltU(w, windows!), () => {
        f.set(digit, i32.add(i32.and(i32.wrap(s[0]!), i32.sub(i32.shl(1, c!), 1)), carry))
        for (let k = 0; k < 4; k++) {
          f.set(s[k]!, k < 3 ? i64.or(i64.shrU(s[k]!, width), i64.shl(s[k + 1]!, i64.sub(64n, width))) : i64.shrU(s[k]!, width))
        }
        f.set(carry, i32.gtU(digit, i32.shl(1, i32.sub(c!, 1))))
        f.if(carry, () => f.set(digit, i32.sub(digit, i32.shl(1, c!))))
        f.store16(out, 0, i32.select(i32.sub(0, digit), digit, negative))
        f.step(out, i32.shl(stride!, 1))
        f.step(w, 1)
      })
    })
  })
}

/** Bytes of workspace for `<name>_windows`; `count` is of points in all blocks. */
export function windowsWorkspace(count: number, windows: number, c: number, element: number): number {
  const buckets = windows * 2 ** (c - 1)
  const entries = count * windows + 4 * buckets
  return 16 * (buckets + windows * c) + 4 * entries + 2 * element * (entries / 2 + 4) + 256
}

/**
 * `<name>_windows(points, indices, count, digits, stride, first, last, c, workspace, result, blocks, period)`: for the windows
 * first ≤ w < last, with `digits` the address of window 0 and `stride` digits per window, writes the c points of each to
 * `result`: the sums for weights 2^0 … 2^(c−2), then the sum for weight 1 of all; (0, 0) stands for infinity.
 * `indices[i]` is the scalar of point i. Points are affine, none at infinity. Block b of the points, `count` each, holds
 * them times 2^(c·period·b): its digits in window w are those of window w + period·b.
 */
export function buildWindows(m: Module, coordinates: Coordinates, sums: Func): Func {
  const { name, element } = coordinates
  const point = 2 * element
  const y = m.frame(coordinates.pair)
  const types = Array<'i32'>(12).fill('i32')
  return m.func(`${name}_windows`, types, [], (f, points, indices, count, digits, stride, first, last, c, workspace, result, blocks, period) => {
    const local = (v?: Val<'i32'>) => f.local('i32', v)
    const half = local(i32.shl(1, i32.sub(c!, 1)))
    const windows = local(i32.sub(last!, first!))
    const lists = local(i32.mul(windows, half))
    const align = (v: Val<'i32'>) => i32.and(i32.add(v, 15), -16)
    const counts = local(workspace), offsets = local(i32.add(counts, i32.shl(lists, 2)))
    const entries = local(i32.add(offsets, i32.shl(lists, 2)))
    f.fill(counts, 0, i32.shl(lists, 2))
    const digit = local(), list = local(), w = local(), at = local(), i = local(), total = local(i32.of(0)), value = local()
    const block = local(), blockPoints = local()

    /** Runs over the non-zero digits: `list` is the bucket, `i` four times the point's number in its block. */
    const eachDigit = (body: () => void) => {
      f.set(w, i32.of(first!))
      f.set(block, i32.of(0))
      f.set(blockPoints, i32.of(points!))
      f.while(() => i32.ltU(w, last!), () => {
        f.set(at, i32.add(digits!, i32.shl(i32.mul(i32.add(w, i32.mul(block, period!)), stride!), 1)))
        f.set(i, i32.of(0))
        f.while(() => i32.ltU(i, i32.shl(count!, 2)), () => {
          f.set(digit, i32.load16s(i32.add(at, i32.shl(i32.load(i32.add(indices!, i)), 1))))
          f.if(digit, () => {
            f.set(list, i32.shl(i32.add(i32.mul(i32.sub(w, first!), half),
              i32.sub(i32.select(i32.sub(0, digit), digit, i32.ltS(digit, 0)), 1)), 2))
            body()
          })
          f.step(i, 4)
        })
        f.step(block, 1)
        f.step(blockPoints, i32.mul(count!, point))
        f.if(i32.eq(block, blocks!), () => {
          f.set(block, i32.of(0))
          f.set(blockPoints, i32.of(points!))
          f.step(w, 1)
        })
      })
    }
    /** offsets = running totals of counts; counts = offsets, as cursors. */
    const place = (listCount: Val<'i32'>) => {
      f.set(total, i32.of(0))
      f.for(0, i32.shl(listCount, 2), 4, (l) => {
        f.set(value, i32.load(i32.add(counts, l)))
        f.store32(i32.add(offsets, l), 0, total)
        f.store32(i32.add(counts, l), 0, total)
        f.set(total, i32.add(total, value))
      })
    }
    const cursorsToCounts = (listCount: Val<'i32'>) => f.for(0, i32.shl(listCount, 2), 4, (l) =>
      f.store32(i32.add(counts, l), 0, i32.sub(i32.load(i32.add(counts, l)), i32.load(i32.add(offsets, l)))))
    const push = (listAt: Val<'i32'>, entry: Val<'i32'>) => {
      f.set(value, i32.load(i32.add(counts, listAt)))
      f.store32(i32.add(entries, i32.shl(value, 2)), 0, entry)
      f.store32(i32.add(counts, listAt), 0, i32.add(value, 1))
    }

    // Buckets
    eachDigit(() => f.store32(i32.add(counts, list), 0, i32.add(i32.load(i32.add(counts, list)), 1)))
    place(lists)
    eachDigit(() => push(list, i32.or(i32.add(blockPoints, i32.mul(i, point / 4)), i32.ltS(digit, 0))))
    cursorsToCounts(lists)
    const scratch = local(align(i32.add(entries, i32.shl(total, 2))))
    f.set(scratch, align(call(sums, entries, offsets, counts, lists, scratch)))

    // Rows and columns. A list of a fixed size each: rows of 2^k, columns of 2^(c−1−k), nothing (0) where a bucket is empty.
    const bucketCounts = local(counts), bucketOffsets = local(offsets), bucketEntries = local(entries)
    const low = local(i32.shrU(i32.sub(c!, 1), 1)), high = local(i32.sub(i32.sub(c!, 1), low))
    const rows = local(i32.shl(1, high)), columns = local(i32.shl(1, low)), perWindow = local(i32.add(rows, columns))
    const gridLists = local(i32.mul(windows, perWindow))
    const hi = local(), lo = local(), entry = local()
    f.set(counts, scratch)
    f.set(offsets, i32.add(counts, i32.shl(gridLists, 2)))
    f.set(entries, i32.add(offsets, i32.shl(gridLists, 2)))
    f.set(w, i32.of(0))
    f.set(total, i32.of(0))
    f.while(() => i32.ltU(w, windows), () => {
      f.for(0, perWindow, 1, (l) => {
        const at2 = f.local('i32', i32.shl(i32.add(i32.mul(w, perWindow), l), 2))
        f.store32(i32.add(counts, at2), 0, total)
        f.store32(i32.add(offsets, at2), 0, total)
        f.set(total, i32.add(total, i32.select(columns, rows, i32.ltU(l, rows))))
      })
      f.step(w, 1)
    })
    f.for(0, lists, 1, (b) => {
      f.set(w, i32.divU(b, half))
      f.set(hi, i32.shrU(i32.remU(b, half), low))
      f.set(lo, i32.and(b, i32.sub(columns, 1)))
      f.set(at, i32.shl(b, 2))
      f.if(i32.load(i32.add(bucketCounts, at)), () => {
        f.set(entry, i32.load(i32.add(bucketEntries, i32.shl(i32.load(i32.add(bucketOffsets, at)), 2))))
        push(i32.shl(i32.add(i32.mul(w, perWindow), hi), 2), entry)
        push(i32.shl(i32.add(i32.mul(w, perWindow), i32.add(rows, lo)), 2), entry)
      })
    })
    cursorsToCounts(gridLists)
    f.set(scratch, align(i32.add(entries, i32.shl(total, 2))))
    f.set(scratch, align(call(sums, entries, offsets, counts, gridLists, scratch)))

    // Bits of lo, bits of hi, and all rows once.
    f.set(bucketCounts, counts); f.set(bucketOffsets, offsets); f.set(bucketEntries, entries)
    const bitLists = local(i32.mul(windows, c!))
    f.set(counts, scratch)
    f.set(offsets, i32.add(counts, i32.shl(bitLists, 2)))
    f.set(entries, i32.add(offsets, i32.shl(bitLists, 2)))
    f.set(total, i32.of(0))
    const source = local(), bit = local()
    const collect = (from: Val<'i32'>, length: Val<'i32'>, mask: Val<'i32'> | undefined) => f.for(0, length, 1, (l) => {
      const add = () => {
        f.set(at, i32.shl(i32.add(from, l), 2))
        f.if(i32.load(i32.add(bucketCounts, at)), () => {
          f.store32(i32.add(entries, i32.shl(total, 2)), 0, i32.load(i32.add(bucketEntries, i32.shl(i32.load(i32.add(bucketOffsets, at)), 2))))
          f.step(total, 1)
        })
      }
      if (mask) f.if(i32.and(i32.shrU(l, mask), 1), add)
      else add()
    })
    const next = local(i32.of(0))
    const openList = () => f.store32(i32.add(offsets, i32.shl(next, 2)), 0, total)
    const closeList = () => {
      f.store32(i32.add(counts, i32.shl(next, 2)), 0, i32.sub(total, i32.load(i32.add(offsets, i32.shl(next, 2)))))
      f.step(next, 1)
    }
    f.set(w, i32.of(0))
    f.while(() => i32.ltU(w, windows), () => {
      f.set(source, i32.mul(w, perWindow))
      for (const [length, bits, from] of [[columns, low, i32.add(source, rows)], [rows, high, source]] as const) {
        f.set(bit, i32.of(0))
        f.while(() => i32.ltU(bit, bits), () => { openList(); collect(from, length, bit); closeList(); f.step(bit, 1) })
      }
      openList(); collect(source, rows, undefined); closeList()
      f.step(w, 1)
    })
    f.set(scratch, align(i32.add(entries, i32.shl(total, 2))))
    f.set(scratch, call(sums, entries, offsets, counts, bitLists, scratch))
    f.fill(result!, 0, i32.mul(bitLists, point))
    f.for(0, bitLists, 1, (l) => {
      f.set(at, i32.shl(l, 2))
      f.if(i32.load(i32.add(counts, at)), () => {
        f.set(entry, i32.load(i32.add(entries, i32.shl(i32.load(i32.add(offsets, at)), 2))))
        f.if(entry, () => {
          const sign = i32.and(entry, 1), from = i32.and(entry, -2), to = f.local('i32', i32.add(result!, i32.mul(l, point)))
          f.copy(to, from, element)
          coordinates.gatherSigned(f, y, i32.add(from, element), i32.add(from, element), sign, sign) // a sum of one point
          coordinates.scatter(f, y, 0, i32.add(to, element))
        })
      })
    })
  })
}

/** `<name>_fold(parts, windows, c, dst)`: the product from the parts of all windows; an affine point, (0, 0) for infinity. */
export function buildFold(m: Module, c: Coordinates, jacobian: Jacobian): Func {
  const sum = m.frame(3 * c.pair), affine = m.frame(2 * c.pair)
  return m.func(`${c.name}_fold`, ['i32', 'i32', 'i32', 'i32'], [], (f, parts, windows, width, dst) => {
    const at = f.local('i32'), bit = f.local('i32'), w = f.local('i32', i32.of(windows!))
    const add = (index: I32) => {
      f.set(at, i32.add(parts!, i32.mul(i32.add(i32.mul(w, width!), index), 2 * c.element)))
      c.gather(f, affine, at, at)
      c.gather(f, i32.add(affine, c.pair), i32.add(at, c.element), i32.add(at, c.element))
      f.call(jacobian.addAffine, sum, sum, affine)
    }
    jacobian.infinity(f, sum)
    f.while(() => i32.ne(w, 0), () => {
      f.set(w, i32.sub(w, 1))
      f.set(bit, i32.of(width!))
      f.while(() => i32.ne(bit, 0), () => {
        f.set(bit, i32.sub(bit, 1))
        f.call(jacobian.double, sum, sum)
        f.if(i32.ltU(bit, i32.sub(width!, 1)), () => add(bit))
      })
      add(i32.sub(width!, 1))
    })
    f.call(jacobian.toAffine, affine, sum)
    c.scatter(f, affine, 0, dst!)
    c.scatter(f, i32.add(affine, c.pair), 0, i32.add(dst!, c.element))
  })
}

/**
 * `<name>_blocks(points, count, from, to, blocks, doublings)`: fills blocks 1 … blocks − 1 of points from ≤ i < to from block 0,
 * each the one before times 2^doublings.
 */
export function buildBlocks(m: Module, c: Coordinates, jacobian: Jacobian): Func {
  const sum = m.frame(3 * c.pair), affine = m.frame(2 * c.pair), size = 2 * c.element
  return m.func(`${c.name}_blocks`, Array<'i32'>(6).fill('i32'), [], (f, points, count, from, to, blocks, doublings) => {
    const a = f.local('i32'), b = f.local('i32'), next = f.local('i32', i32.mul(count!, size))
    f.for(from!, to!, 2, (i) => {
      f.set(a, i32.add(points!, i32.mul(i, size)))
      f.set(b, i32.select(i32.add(a, size), a, i32.ltU(i32.add(i, 1), to!)))
      c.gather(f, sum, a, b)
      c.gather(f, i32.add(sum, c.pair), i32.add(a, c.element), i32.add(b, c.element))
      c.copy(f, i32.add(sum, 2 * c.pair), c.one)
      f.for(1, blocks!, 1, () => {
        f.for(0, doublings!, 1, () => f.call(jacobian.double, sum, sum))
        f.call(jacobian.toAffine, affine, sum)
        f.set(a, i32.add(a, next))
        f.set(b, i32.add(b, next))
        for (const [lane, to] of [[0, a], [1, b]] as const) {
          c.scatter(f, affine, lane, to)
          c.scatter(f, i32.add(affine, c.pair), lane, i32.add(to, c.element))
        }
      })
    })
  })
}
