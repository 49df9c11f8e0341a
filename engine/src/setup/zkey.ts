// The sections of a .zkey (Groth16), and its list of contributions, read and written.

import { MalformedFile, littleEndian, sections, toLittleEndian } from '../files.ts'
import { inverse, mod } from '../wasm/field.ts'
import { BASE_ORDER } from '../wasm/machine.ts'
import { SCALAR_ORDER } from '../wasm/msm.ts'
import type { E2, PointG1, PointG2 } from './curve.ts'
import { RAW } from './program.ts'

export const SECTION = { protocol: 1, header: 2, ic: 3, coefficients: 4, a: 5, b1: 6, b2: 7, l: 8, h: 9, contributions: 10 } as const
const NAMES = Object.fromEntries(Object.entries(SECTION).map(([name, type]) => [type, name])) as Record<number, keyof typeof SECTION>
const HEADER = { wires: 72, publics: 76, domain: 80, alpha1: 84, beta1: 148, beta2: 212, gamma2: 340, delta1: 468, delta2: 532, length: 660 } as const
const GROTH16 = 1

export interface Header {
  readonly wires: number
  readonly publics: number
  readonly domain: number
  /** Points as the file has them. */
  readonly alpha1: Uint8Array
  readonly beta1: Uint8Array
  readonly beta2: Uint8Array
  readonly gamma2: Uint8Array
  readonly delta1: Uint8Array
  readonly delta2: Uint8Array
}

export interface Contribution {
  readonly deltaAfter: PointG1
  readonly s: PointG1
  readonly sx: PointG1
  readonly spx: PointG2
  /** 64 bytes. */
  readonly transcript: Uint8Array
  readonly name?: string
  /** Of a beacon. */
  readonly beacon?: { readonly hash: Uint8Array; readonly iterationsExponent: number }
}

export interface KeyFile {
  readonly header: Header
  /** By section type; 1 to 9. */
  readonly parts: ReadonlyMap<number, Uint8Array>
  readonly circuitHash: Uint8Array
  readonly contributions: readonly Contribution[]
}

const malformed = (what: string): never => { throw new MalformedFile(`zkey: ${what}`) }

const R = 1n << 256n, perR = inverse(R, BASE_ORDER)
const coordinate = (bytes: Uint8Array, at: number): bigint => {
  const value = littleEndian(bytes.subarray(at, at + 32))
  return value < BASE_ORDER ? (value * perR) % BASE_ORDER : malformed('a coordinate that is not reduced')
}
/** A point's bytes in a file; infinity (all zeros) is refused by whoever asks whether it is on the curve. */
export const readG1 = (bytes: Uint8Array, at = 0): PointG1 => ({ x: coordinate(bytes, at), y: coordinate(bytes, at + 32) })
export const readG2 = (bytes: Uint8Array, at = 0): PointG2 => {
  const e = (from: number): E2 => [coordinate(bytes, from), coordinate(bytes, from + 32)]
  return { x: e(at), y: e(at + 64) }
}
const join = (parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) { out.set(part, at); at += part.length }
  return out
}
const montgomery = (x: bigint): Uint8Array => toLittleEndian(mod(x * R, BASE_ORDER))
export const writeG1 = ({ x, y }: PointG1): Uint8Array<ArrayBuffer> => join([montgomery(x), montgomery(y)])
export const writeG2 = ({ x, y }: PointG2): Uint8Array<ArrayBuffer> => join([...x, ...y].map(montgomery))
/** As points are hashed: big endian, imaginary parts first. */
export const hashedG1 = ({ x, y }: PointG1): Uint8Array => join([x, y].map((e) => toLittleEndian(e).reverse()))
export const hashedG2 = ({ x, y }: PointG2): Uint8Array => join([x[1], x[0], y[1], y[0]].map((e) => toLittleEndian(e).reverse()))

const word = (value: number): Uint8Array => toLittleEndian(BigInt(value), 4)

export function writeHeader(header: Header): Uint8Array<ArrayBuffer> {
  const { wires, publics, domain, alpha1, beta1, beta2, gamma2, delta1, delta2 } = header
  return join([word(32), toLittleEndian(BASE_ORDER), word(32), toLittleEndian(SCALAR_ORDER), word(wires), word(publics), word(domain), alpha1, beta1, beta2, gamma2, delta1, delta2])
}

/** The file: sections in the order given. */
export function writeSections(parts: readonly (readonly [type: number, content: Uint8Array])[]): Uint8Array<ArrayBuffer> {
  return join([new TextEncoder().encode('zkey'), word(1), word(parts.length), ...parts.flatMap(([type, content]) => [word(type), toLittleEndian(BigInt(content.length), 8), content])])
}

export function writeContributions(circuitHash: Uint8Array, contributions: readonly Contribution[]): Uint8Array<ArrayBuffer> {
  return join([circuitHash, word(contributions.length), ...contributions.flatMap(({ deltaAfter, s, sx, spx, transcript, name, beacon }) => {
    const named = name ? nameBytes(name) : undefined
    const parameters = join([
      ...(named ? [Uint8Array.of(1, named.length), named] : []),
      ...(beacon ? [Uint8Array.of(2, beacon.iterationsExponent, 3, beacon.hash.length), beacon.hash] : []),
    ])
    return [writeG1(deltaAfter), writeG1(s), writeG1(sx), writeG2(spx), transcript, word(beacon ? 1 : 0), word(parameters.length), parameters]
  })])
}

const MOST_NAME = 255 // bytes
/** A name that was no UTF-8 has grown when it was read: it is cut as snarkjs cuts it, to fit in any case. */
function nameBytes(name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name)
  return bytes.length <= MOST_NAME ? bytes : new TextEncoder().encode(name.slice(0, 64))
}

/** @throws MalformedFile */
export function readKeyFile(file: Uint8Array): KeyFile {
  const parts = sections(file, 'zkey', 1)
  const part = (type: keyof typeof SECTION, length?: number): Uint8Array => {
    const bytes = parts.get(SECTION[type])
    return bytes && (length === undefined || bytes.length === length) ? bytes : malformed(`section ${type} is missing or has a wrong size`)
  }
  for (const type of parts.keys()) if (NAMES[type] === undefined) malformed(`an unknown section`)
  const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view(part('protocol', 4)).getUint32(0, true) !== GROTH16) malformed('not a Groth16 key')
  const bytes = part('header', HEADER.length), numbers = view(bytes)
  if (numbers.getUint32(0, true) !== 32 || numbers.getUint32(36, true) !== 32 || littleEndian(bytes.subarray(4, 36)) !== BASE_ORDER || littleEndian(bytes.subarray(40, 72)) !== SCALAR_ORDER) malformed('not over BN254')
  const [wires, publics, domain] = [HEADER.wires, HEADER.publics, HEADER.domain].map((at) => numbers.getUint32(at, true)) as [number, number, number]
  if (domain < 2 || (domain & (domain - 1)) !== 0 || domain > 2 ** 27 || publics + 1 > wires) malformed('impossible sizes')
  part('ic', RAW.g1 * (publics + 1)); part('a', RAW.g1 * wires); part('b1', RAW.g1 * wires); part('b2', RAW.g2 * wires)
  part('l', RAW.g1 * (wires - publics - 1)); part('h', RAW.g1 * domain); part('coefficients')
  const at = (from: number, length: number) => bytes.subarray(from, from + length)
  const header: Header = {
    wires, publics, domain, alpha1: at(HEADER.alpha1, 64), beta1: at(HEADER.beta1, 64), beta2: at(HEADER.beta2, 128),
    gamma2: at(HEADER.gamma2, 128), delta1: at(HEADER.delta1, 64), delta2: at(HEADER.delta2, 128),
  }
  return { header, parts, ...readContributions(part('contributions')) }
}

const FIXED_PART = 64 * 3 + 128 + 64 + 8

function readContributions(bytes: Uint8Array): { circuitHash: Uint8Array; contributions: Contribution[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 68) malformed('contributions end early')
  const contributions: Contribution[] = []
  let at = 68
  for (let left = view.getUint32(64, true); left > 0; left--) {
    if (at + FIXED_PART > bytes.length) malformed('contributions end early')
    const kind = view.getUint32(at + 384, true), length = view.getUint32(at + 388, true)
    const start = at
    at += FIXED_PART
    const end = at + length
    if (end > bytes.length || kind > 1) malformed('a contribution of an unknown kind')
    let previous = 0, name: string | undefined, hash: Uint8Array | undefined, iterationsExponent: number | undefined
    while (at < end) {
      const type = bytes[at++]!
      if (type <= previous || type > 3 || at >= end) malformed('a contribution with unknown parameters')
      previous = type
      if (type === 2) { iterationsExponent = bytes[at++]!; continue }
      const from = at + 1
      at = from + bytes[at]!
      if (at > end) malformed('a contribution with unknown parameters')
      if (type === 1) name = new TextDecoder().decode(bytes.subarray(from, at))
      else hash = bytes.slice(from, at)
    }
    if (kind === 1 ? hash === undefined || iterationsExponent === undefined : hash !== undefined || iterationsExponent !== undefined) malformed('a beacon without its parameters')
    contributions.push({
      deltaAfter: readG1(bytes, start), s: readG1(bytes, start + 64), sx: readG1(bytes, start + 128), spx: readG2(bytes, start + 192),
      transcript: bytes.slice(start + 320, start + 384), ...(name === undefined ? {} : { name }),
      ...(kind === 1 ? { beacon: { hash: hash!, iterationsExponent: iterationsExponent! } } : {}),
    })
  }
  if (at !== bytes.length) malformed('more than its contributions')
  return { circuitHash: bytes.slice(0, 64), contributions }
}
