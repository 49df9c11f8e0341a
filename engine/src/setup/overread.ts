// One point that snarkjs hashes by mistake. For domains of 2^15 and more it hashes τ^(2n−1) − τ^(n−1) after the vanishing powers;
// where phase 1 is just large enough it has no τ^(2n−1), and the next 64 bytes of the file stand in: a section's head, and part of
// a point. Read as coordinates they exceed the modulus, and the arithmetic of its curve (wasmcurves: integers of 256 bits, one
// correction an operation) then leaves the field. The hash of the circuit depends on the result, so it is followed here bit by bit.

import { littleEndian, toLittleEndian } from '../files.ts'
import { BASE_ORDER as p } from '../wasm/machine.ts'
import { inverse, mod } from '../wasm/field.ts'

const W = 1n << 256n
const negatedInverse = mod(-inverse(p, W), W)
const wrap = (x: bigint) => BigInt.asUintN(256, x)
/** One correction of a sum or product that may have overflowed. */
const corrected = (x: bigint) => (x >= p ? wrap(x - p) : x)
const add = (a: bigint, b: bigint) => corrected(a + b)
const sub = (a: bigint, b: bigint) => (a < b ? wrap(a - b + p) : a - b)
const mul = (a: bigint, b: bigint) => corrected((a * b + wrap(a * b * negatedInverse) * p) / W)
const double = (a: bigint) => add(a, a)

/** minuend − subtrahend, both 64 bytes in Montgomery form, as snarkjs computes it; plain integers, 64 bytes. */
export function overreadDifference(minuend: Uint8Array, subtrahend: Uint8Array): Uint8Array {
  const [x1, y1, x2, y2] = [[minuend, 0], [minuend, 32], [subtrahend, 0], [subtrahend, 32]].map(([bytes, at]) =>
    littleEndian((bytes as Uint8Array).subarray(at as number, (at as number) + 32))) as [bigint, bigint, bigint, bigint]
  const h = sub(x2, x1), s = double(sub(sub(0n, y2), y1)), i = double(double(mul(h, h))), j = mul(h, i), v = mul(x1, i)
  const x3 = sub(sub(mul(s, s), j), double(v)), y3 = sub(mul(sub(v, x3), s), double(mul(y1, j))), z3 = double(h)
  // x/z², y/z³ in Montgomery form have the factor 2^256 to the power of 1 − 2 and 1 − 3 left over.
  const z = inverse(z3, p)
  const out = new Uint8Array(64)
  out.set(toLittleEndian(mod(x3 * z * z * W, p)))
  out.set(toLittleEndian(mod(y3 * z * z * z * W * W, p)), 32)
  return out
}
