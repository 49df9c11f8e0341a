// The curves over bigints, as slow as they are plain: what sums and products are compared with.

import { bn254 } from '@noble/curves/bn254.js'

export type Group = 'g1' | 'g2'
export interface NoblePoint { add(q: NoblePoint): NoblePoint; negate(): NoblePoint; double(): NoblePoint; multiply(s: bigint): NoblePoint; toAffine(): { x: any; y: any }; is0(): boolean; equals(q: NoblePoint): boolean }

export const curveOf = (group: Group): { BASE: NoblePoint; ZERO: NoblePoint } => (group === 'g1' ? bn254.G1.Point : bn254.G2.Point) as never
export const times = (p: NoblePoint, s: bigint, zero: NoblePoint): NoblePoint => (s === 0n ? zero : p.multiply(s))

/** Coordinates as integers: x, y, or their real and imaginary parts; all 0 for infinity. */
export function integersOf(p: NoblePoint, group: Group): bigint[] {
  if (p.is0()) return Array<bigint>(group === 'g1' ? 2 : 4).fill(0n)
  const { x, y } = p.toAffine()
  return group === 'g1' ? [x, y] : [x.c0, x.c1, y.c0, y.c1]
}
