// From outside to integers below their moduli, or a refusal with a code. Curve and subgroup are checked in WebAssembly.
//
// One spelling for everything: decimal, no sign, no leading zero, no exponent; z = 1 as snarkjs writes it; no further members.
// Each member is read once, so that an object cannot answer differently the second time.

import { InvalidInput, type InvalidCode } from '../invalid-input.ts'
import { SCALAR_ORDER } from '../wasm/msm.ts'
import { BASE_ORDER } from '../wasm/machine.ts'

/** x, y of a point of G1. */
export type PointG1 = readonly [bigint, bigint]
/** x, y of a point of the twist, each real part first: x0, x1, y0, y1. */
export type PointG2 = readonly [bigint, bigint, bigint, bigint]
export interface ProofIntegers { readonly a: PointG1; readonly b: PointG2; readonly c: PointG1 }
export interface KeyIntegers { readonly alpha: PointG1; readonly beta: PointG2; readonly gamma: PointG2; readonly delta: PointG2; readonly ic: readonly PointG1[] }

const MAX_PUBLIC_SIGNALS = 4096 // tables of 10 KB each
const DECIMAL = /^(?:0|[1-9][0-9]{0,76})$/

/** Reads the three points of a proof, as snarkjs writes it: pi_a, pi_b, pi_c, protocol, curve. @throws InvalidInput MALFORMED */
export function parseProof(json: unknown): ProofIntegers {
  const read = new Reader('MALFORMED')
  const [a, b, c, protocol, curve] = read.members(json, ['pi_a', 'pi_b', 'pi_c', 'protocol', 'curve'])
  read.names(protocol, curve)
  return { a: read.g1(a, '/pi_a'), b: read.g2(b, '/pi_b'), c: read.g1(c, '/pi_c') }
}

/** Reads exactly `count` public signals: decimal strings or bigints in [0, r). @throws InvalidInput MALFORMED */
export function parseSignals(signals: unknown, count: number): bigint[] {
  const read = new Reader('MALFORMED')
  const list = read.list(signals, count, '')
  return list.map((value, i) => {
    if (typeof value !== 'bigint') return read.integer(value, SCALAR_ORDER, `/${i}`)
    if (value < 0n || value >= SCALAR_ORDER) return read.refuse(`/${i}`, 'an integer from 0 to r − 1')
    return value
  })
}

/** Reads a verification key as snarkjs exports it; `vk_alphabeta_12` may be there and is not read. @throws InvalidInput KEY_INVALID */
export function parseKey(json: unknown): KeyIntegers {
  const read = new Reader('KEY_INVALID')
  const [protocol, curve, nPublic, alpha, beta, gamma, delta, ic] = read.members(json,
    ['protocol', 'curve', 'nPublic', 'vk_alpha_1', 'vk_beta_2', 'vk_gamma_2', 'vk_delta_2', 'IC'], 'vk_alphabeta_12')
  read.names(protocol, curve)
  if (typeof nPublic !== 'number' || !Number.isInteger(nPublic) || nPublic < 0 || nPublic > MAX_PUBLIC_SIGNALS) {
    return read.refuse('/nPublic', `an integer from 0 to ${MAX_PUBLIC_SIGNALS}`)
  }
  return {
    alpha: read.g1(alpha, '/vk_alpha_1'), beta: read.g2(beta, '/vk_beta_2'), gamma: read.g2(gamma, '/vk_gamma_2'), delta: read.g2(delta, '/vk_delta_2'),
    ic: read.list(ic, nPublic + 1, '/IC').map((point, i) => read.g1(point, `/IC/${i}`)),
  }
}

class Reader {
  private readonly code: InvalidCode
  constructor(code: InvalidCode) { this.code = code }

  refuse(path: string, expected: string): never { throw new InvalidInput(this.code, path, expected) }

  /** The named members' values; no others may be there, save `ignored`. */
  members(json: unknown, names: readonly string[], ignored?: string): unknown[] {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return this.refuse('', 'an object')
    const present = Reflect.ownKeys(json).filter((name) => name !== ignored)
    if (present.length !== names.length || !names.every((name) => present.includes(name))) return this.refuse('', `exactly ${names.join(', ')}`)
    return names.map((name) => (json as Record<string, unknown>)[name])
  }

  names(protocol: unknown, curve: unknown): void {
    if (protocol !== 'groth16') this.refuse('/protocol', 'groth16')
    if (curve !== 'bn128') this.refuse('/curve', 'bn128')
  }

  list(value: unknown, length: number, path: string): unknown[] {
    if (!Array.isArray(value) || value.length !== length) return this.refuse(path, `an array of ${length}`)
    return Array.from({ length }, (_, i): unknown => value[i]) // by index: an array may bring its own iterator
  }

  integer(value: unknown, modulus: bigint, path: string): bigint {
    if (typeof value !== 'string' || !DECIMAL.test(value)) return this.refuse(path, 'a decimal string of at most 77 digits')
    const integer = BigInt(value)
    if (integer >= modulus) return this.refuse(path, 'an integer below the modulus')
    return integer
  }

  g1(value: unknown, path: string): PointG1 {
    const [x, y, z] = this.list(value, 3, path)
    if (z !== '1') this.refuse(`${path}/2`, '"1"')
    return [this.integer(x, BASE_ORDER, `${path}/0`), this.integer(y, BASE_ORDER, `${path}/1`)]
  }

  g2(value: unknown, path: string): PointG2 {
    const [x, y, z] = this.list(value, 3, path).map((part, i) => this.list(part, 2, `${path}/${i}`)) as [unknown[], unknown[], unknown[]]
    if (z[0] !== '1' || z[1] !== '0') this.refuse(`${path}/2`, '["1", "0"]')
    const part = (pair: unknown[], i: 0 | 1, k: 0 | 1) => this.integer(pair[k], BASE_ORDER, `${path}/${i}/${k}`)
    return [part(x, 0, 0), part(x, 0, 1), part(y, 1, 0), part(y, 1, 1)]
  }
}
