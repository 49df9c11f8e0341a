/**
 * Points of BN254, read strictly and held by mcl (WebAssembly, BSD-3; curve BN_SNARK1).
 *
 * A point has one spelling: affine coordinates, decimal, below q.
 *
 *     G1  ["x", "y"]
 *     G2  [["x0", "x1"], ["y0", "y1"]]        x = x0 + x1·i, as snarkjs writes it
 *
 * The point at infinity has no such spelling and is refused everywhere: no honest key or proof contains it.
 */

import mcl from 'mcl-wasm'
import type { G1, G2 } from 'mcl-wasm'
import { refuse, type RefusalCode } from '../errors/errors.ts'
import { COORDINATE_ORDER } from '../field/field.ts'

await mcl.init(mcl.BN_SNARK1)
// From here on reading a point of G2 also checks that it is in the subgroup (half a millisecond).
mcl.verifyOrderG2(true)

export type G1Text = readonly [string, string]
export type G2Text = readonly [readonly [string, string], readonly [string, string]]

export interface Point<P, Text> {
  readonly point: P
  readonly text: Text
}
export type G1Point = Point<G1, G1Text>
export type G2Point = Point<G2, G2Text>

const SPELLING = /^(0|[1-9][0-9]{0,76})$/

/**
 * Reads a point of G1. Every point of the curve is in the group: its cofactor is 1.
 * @throws Refusal with `code` for another spelling, a coordinate of q or more, or a point off the curve
 */
export function parseG1(value: unknown, path: string, code: RefusalCode = 'MALFORMED'): G1Point {
  const text = parseG1Text(value, path, code)
  const point = new mcl.G1()
  try {
    point.setStr(`1 ${text[0]} ${text[1]}`, 10)
  } catch {
    return wrong(code, path, 'a point of G1', 'one off the curve')
  }
  if (point.isZero()) return wrong(code, path, 'a point of G1', 'infinity')
  return { point, text }
}

/**
 * Reads a point of G2, the subgroup of order r: most points of the twist are not in it.
 * @throws Refusal with `code` as `parseG1`, or for a point outside the subgroup
 */
export function parseG2(value: unknown, path: string, code: RefusalCode = 'MALFORMED'): G2Point {
  const text = parseG2Text(value, path, code)
  const point = new mcl.G2()
  try {
    point.setStr(`1 ${text[0].join(' ')} ${text[1].join(' ')}`, 10)
  } catch {
    return wrong(code, path, 'a point of G2', 'one off the curve or outside the subgroup')
  }
  if (point.isZero()) return wrong(code, path, 'a point of G2', 'infinity')
  return { point, text }
}

/** Coordinates in G1's spelling, whatever point they are. @throws Refusal with `code` */
export function parseG1Text(value: unknown, path: string, code: RefusalCode = 'MALFORMED'): G1Text {
  return pair(value, path, code, coordinate)
}

/** Coordinates in G2's spelling, whatever point they are. @throws Refusal with `code` */
export function parseG2Text(value: unknown, path: string, code: RefusalCode = 'MALFORMED'): G2Text {
  return pair(value, path, code, (half, halfPath) => pair(half, halfPath, code, coordinate))
}

/** Generators as EIP-197 and snarkjs have them. */
export const G1_GENERATOR = parseG1(['1', '2'], '/generator')
export const G2_GENERATOR = parseG2(
  [
    ['10857046999023057135944570762232829481370756359578518086990519993285655852781', '11559732032986387107991004021392285783925812861821192530917403151452391805634'],
    ['8495653923123431417604973247489272438418190587263600148770280649306958101930', '4082367875863433681332203403145435568316851327593401208105741076214120093531'],
  ],
  '/generator',
)

function pair<T>(value: unknown, path: string, code: RefusalCode, parse: (half: unknown, path: string, code: RefusalCode) => T): readonly [T, T] {
  if (!Array.isArray(value) || value.length !== 2) return wrong(code, path, 'an array of two', Array.isArray(value) ? `one of ${value.length}` : typeof value)
  return [parse(value[0], `${path}/0`, code), parse(value[1], `${path}/1`, code)]
}

function coordinate(value: unknown, path: string, code: RefusalCode): string {
  if (typeof value !== 'string' || !SPELLING.test(value)) return wrong(code, path, 'a decimal string without leading zeros', typeof value)
  return BigInt(value) < COORDINATE_ORDER ? value : wrong(code, path, 'a coordinate below q', 'a larger one')
}

function wrong(code: RefusalCode, path: string, expected: string, got: string): never {
  return refuse(code, 'not a point of BN254', [{ path, expected, got }])
}
