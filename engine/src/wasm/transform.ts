// The transform over Fr and the quotient polynomial's values: everything between witness and scalars of H.
//
// A vector of n = 2^k values lies in n/2 pairs: value j in pair j mod n/2, lane j div n/2. The two halves are then the
// two lanes of one transform of n/2 values with the same twiddles; only the outermost layer joins lanes.
//
//   toCoefficients  decimation in frequency (Gentleman–Sande): natural order → bit-reversed
//   toValues        decimation in time (Cooley–Tukey): bit-reversed → natural
//
// so nothing is ever permuted. Layer h (butterflies j, j + h) has its twiddles contiguous, from element h of its table:
// table[h + j] = ω_{2h}^j; the outermost layer h = n/2 included.

import { ELEMENT, PAIR, type Field } from './field.ts'
import { i32, type Body, type I32, type Module, type Val } from './emit.ts'

export function buildTransform(m: Module, fr: Field): void {
  const temp = () => m.frame(PAIR)
  const [u, v, w, t] = [temp(), temp(), temp(), temp()]
  const pointers = (n: number) => Array<'i32'>(n).fill('i32')
  const product = (f: Body, dst: I32, a: I32, b: I32) => f.call(fr.mul, dst, a, b)
  const twiddle = (f: Body, table: I32, index: Val<'i32'>) => {
    const at = f.local('i32', i32.add(table, i32.mul(index, ELEMENT)))
    fr.gather(f, w, at, at)
  }
  /** w = (1, table[index]) for the layer across lanes. */
  const laneTwiddle = (f: Body, table: I32, index: Val<'i32'>) => {
    const at = f.local('i32', i32.add(table, i32.mul(index, ELEMENT)))
    fr.copy(f, w, fr.one)
    fr.setLane(f, w, 1, at)
  }
  const layer = (f: Body, data: Val<'i32'>, pairs: Val<'i32'>, h: Val<'i32'>, body: (j: Val<'i32'>, low: Val<'i32'>, high: Val<'i32'>) => void) =>
    f.for(0, pairs, i32.shl(h, 1), (block) => f.for(0, h, 1, (j) => {
      const low = f.local('i32', i32.add(data, i32.mul(i32.add(block, j), PAIR)))
      body(j, low, i32.add(low, i32.mul(h, PAIR)))
    }))

  /** toCoefficients(data, pairs, table of ω⁻¹): without the factor 1/n. */
  m.func('toCoefficients', pointers(3), [], (f, data, pairs, table) => {
    f.for(0, pairs!, 1, (j) => {
      const at = f.local('i32', i32.add(data!, i32.mul(j, PAIR)))
      laneTwiddle(f, table!, i32.add(pairs!, j))
      fr.butterfly(f, t, at)
      product(f, at, t, w)
    })
    const h = f.local('i32', i32.shrU(pairs!, 1))
    f.while(() => h, () => {
      layer(f, data!, pairs!, h, (j, low, high) => {
        twiddle(f, table!, i32.add(h, j))
        fr.sub(f, t, low, high)
        fr.add(f, u, low, high)
        f.call(fr.reduce, low, u)
        product(f, high, t, w)
      })
      f.set(h, i32.shrU(h, 1))
    })
  })

  /** toValues(data, pairs, table of ω). */
  m.func('toValues', pointers(3), [], (f, data, pairs, table) => {
    const h = f.local('i32', i32.of(1))
    f.while(() => i32.ltU(h, pairs!), () => {
      layer(f, data!, pairs!, h, (j, low, high) => {
        twiddle(f, table!, i32.add(h, j))
        product(f, v, high, w)
        fr.add(f, u, low, v)
        fr.sub(f, t, low, v)
        f.call(fr.reduce, low, u)
        f.call(fr.reduce, high, t)
      })
      f.set(h, i32.shl(h, 1))
    })
    f.for(0, pairs!, 1, (j) => {
      const at = f.local('i32', i32.add(data!, i32.mul(j, PAIR)))
      laneTwiddle(f, table!, i32.add(pairs!, j))
      product(f, v, at, w)
      fr.butterfly(f, t, v)
      f.call(fr.reduce, at, t)
    })
  })

  /** powers(dst, count, start, step): elements dst[i] = start·step^i, i < count; start and step are pairs of one value. */
  m.func('powers', pointers(4), [], (f, dst, count, start, step) => {
    fr.copy(f, t, fr.one)
    fr.copy(f, u, step!)
    // u = (step, step); t = (1, step) → current = start·t
    fr.getLane(f, w, u, 0)
    fr.setLane(f, t, 1, w)
    product(f, v, t, start!)
    product(f, u, u, u)
    f.for(0, count!, 2, (i) => {
      const at = f.local('i32', i32.add(dst!, i32.mul(i, ELEMENT)))
      fr.getLane(f, at, v, 0)
      f.if(i32.ltU(i32.add(i, 1), count!), () => fr.getLane(f, i32.add(at, ELEMENT), v, 1))
      product(f, v, v, u)
    })
  })

  /**
   * reversedPowers(dst, pairs, first, factors): pairs dst[i + 2^t] = dst[i]·factors[t], dst[0] = first: with the right
   * factors, the powers of one element in bit-reversed order.
   */
  m.func('reversedPowers', pointers(4), [], (f, dst, pairs, first, factors) => {
    fr.copy(f, dst!, first!)
    const length = f.local('i32', i32.of(1)), factor = f.local('i32', i32.of(factors!))
    f.while(() => i32.ltU(length, pairs!), () => {
      f.for(0, length, 1, (i) => {
        const at = f.local('i32', i32.add(dst!, i32.mul(i, PAIR)))
        product(f, i32.add(at, i32.mul(length, PAIR)), at, factor)
      })
      f.set(length, i32.shl(length, 1))
      f.step(factor, PAIR)
    })
  })

  /** multiplyPairs(dst, a, b, pairs). */
  m.func('multiplyPairs', pointers(4), [], (f, dst, a, b, pairs) => {
    f.for(0, i32.mul(pairs!, PAIR), PAIR, (k) => product(f, i32.add(dst!, k), i32.add(a!, k), i32.add(b!, k)))
  })

  const plainOne = fr.plainPair(1n)
  /** quotient(scalars, a, b, c, pairs): scalars[j] = a_j·b_j − c_j, 32 plain bytes each, in natural order. */
  m.func('quotient', pointers(5), [], (f, scalars, a, b, c, pairs) => {
    f.for(0, pairs!, 1, (j) => {
      const k = f.local('i32', i32.mul(j, PAIR))
      product(f, t, i32.add(a!, k), i32.add(b!, k))
      fr.sub(f, t, t, i32.add(c!, k))
      product(f, t, t, plainOne)
      f.call(fr.reduce, t, t)
      f.call(fr.pack, i32.add(scalars!, i32.shl(j, 5)), t, 0)
      f.call(fr.pack, i32.add(scalars!, i32.shl(i32.add(j, pairs!), 5)), t, 1)
    })
  })

  const zeroElement = fr.zero
  /**
   * evaluate(dst, pairs, starts, signals, values, witness): row j of a sparse matrix times the witness, in transform layout.
   * Row j is the entries starts[j] … starts[j + 1] − 1 of signals (32-bit) and values (elements); witness: elements.
   */
  m.func('evaluate', pointers(6), [], (f, dst, pairs, starts, signals, values, witness) => {
    const at = [f.local('i32'), f.local('i32')], end = [f.local('i32'), f.local('i32')], value = [f.local('i32'), f.local('i32')], signal = [f.local('i32'), f.local('i32')]
    f.for(0, pairs!, 1, (j) => {
      for (const lane of [0, 1]) {
        const row = i32.add(starts!, i32.shl(lane === 0 ? j : i32.add(j, pairs!), 2))
        f.set(at[lane]!, i32.load(row))
        f.set(end[lane]!, i32.load(row, 4))
      }
      fr.copy(f, u, fr.zero)
      f.while(() => i32.or(i32.ltU(at[0]!, end[0]!), i32.ltU(at[1]!, end[1]!)), () => {
        for (const lane of [0, 1]) {
          f.if(i32.ltU(at[lane]!, end[lane]!), () => {
            f.set(value[lane]!, i32.add(values!, i32.mul(at[lane]!, ELEMENT)))
            f.set(signal[lane]!, i32.add(witness!, i32.mul(i32.load(i32.add(signals!, i32.shl(at[lane]!, 2))), ELEMENT)))
            f.step(at[lane]!, 1)
          }, () => {
            f.set(value[lane]!, i32.of(zeroElement))
            f.set(signal[lane]!, i32.of(zeroElement))
          })
        }
        fr.gather(f, v, value[0]!, value[1]!)
        fr.gather(f, w, signal[0]!, signal[1]!)
        product(f, v, v, w)
        fr.add(f, u, u, v)
        f.call(fr.reduce, u, u)
      })
      fr.copy(f, i32.add(dst!, i32.mul(j, PAIR)), u)
    })
  })
}

/** Elements to and from 32-byte integers, by one product with a factor that turns one form into the other. */
export function buildConversions(m: Module, field: Field): void {
  const name = field.modulus.name
  const pair = m.frame(PAIR), first = m.frame(ELEMENT), second = m.frame(ELEMENT)
  m.func(`${name}_import`, ['i32', 'i32', 'i32', 'i32'], [], (f, dst, source, count, factor) => {
    f.for(0, count!, 2, (i) => {
      const from = f.local('i32', i32.add(source!, i32.shl(i, 5))), to = f.local('i32', i32.add(dst!, i32.mul(i, ELEMENT)))
      const more = f.local('i32', i32.ltU(i32.add(i, 1), count!))
      f.call(field.unpack, first, from)
      f.call(field.unpack, second, i32.add(from, i32.shl(more, 5)))
      field.gather(f, pair, first, second)
      f.call(field.mul, pair, pair, factor!)
      f.call(field.reduce, pair, pair)
      field.scatter(f, pair, 0, to)
      f.if(more, () => field.scatter(f, pair, 1, i32.add(to, ELEMENT)))
    })
  })
  m.func(`${name}_export`, ['i32', 'i32', 'i32', 'i32'], [], (f, dst, elements, count, factor) => {
    f.for(0, count!, 1, (i) => {
      const from = f.local('i32', i32.add(elements!, i32.mul(i, ELEMENT)))
      field.gather(f, pair, from, from)
      f.call(field.mul, pair, pair, factor!)
      f.call(field.reduce, pair, pair)
      f.call(field.pack, i32.add(dst!, i32.shl(i, 5)), pair, 0)
    })
  })
}
