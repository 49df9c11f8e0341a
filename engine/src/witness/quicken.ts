// A module that circom wrote, with the arithmetic on which it spends its time replaced by ours. Functions are known by their whole
// code, and replaced only where all are there: what another version of circom or another prime made otherwise stays as it is,
// slower, not wrong.

import { MalformedFile } from '../files.ts'
import { unsigned } from '../wasm/emit.ts'
import { copySignal, invert, leaveMontgomery, multiply, square } from './arithmetic.ts'

/** By length and FNV-1a hash of 64 bits of the code that circom 2.0 to 2.2 write for BN254. */
const REPLACEMENTS: ReadonlyMap<string, Uint8Array> = new Map([
  ['52:7353069e114ed303', copySignal], // Fr_copy
  ['3962:3de356a64c1e7218', multiply], // Fr_F1m_mul
  ['4227:54a38a573030fa21', square], // Fr_F1m_square
  ['289:2aa869bde59b0ba3', invert], // Fr_int_inverseMod
  ['21:5d3ad654865604bc', leaveMontgomery], // Fr_F1m_fromMontgomery
])
const LENGTHS = new Set([...REPLACEMENTS.keys()].map((key) => Number(key.split(':')[0])))
const CODE_SECTION = 10

/** @returns the module with its arithmetic replaced, or as it is. @throws MalformedFile */
export function quicken(wasm: Uint8Array): { wasm: Uint8Array; quickened: boolean } {
  const reader = new Reader(wasm)
  const parts: Uint8Array[] = [reader.take(8)]
  if (String.fromCharCode(...parts[0]!) !== '\0asm\x01\0\0\0') throw new MalformedFile('not a WebAssembly module')
  const found = new Set<Uint8Array>()
  while (!reader.atEnd) {
    const start = reader.at, id = reader.take(1)[0], content = reader.take(reader.number())
    if (id !== CODE_SECTION) {
      parts.push(wasm.subarray(start, reader.at))
      continue
    }
    const code = new Reader(content), count = code.number()
    const bodies = Array.from({ length: count }, () => {
      const body = code.take(code.number()), better = LENGTHS.has(body.length) && REPLACEMENTS.get(`${body.length}:${fnv(body).toString(16)}`)
      if (better) found.add(better)
      return better || body
    })
    const pieces = [Uint8Array.from(unsigned(count)), ...bodies.flatMap((body) => [Uint8Array.from(unsigned(body.length)), body])]
    parts.push(Uint8Array.from([CODE_SECTION, ...unsigned(pieces.reduce((sum, piece) => sum + piece.length, 0))]), ...pieces)
  }
  return found.size === REPLACEMENTS.size ? { wasm: joined(parts), quickened: true } : { wasm, quickened: false }
}

class Reader {
  private readonly bytes: Uint8Array
  at = 0
  constructor(bytes: Uint8Array) { this.bytes = bytes }
  get atEnd(): boolean { return this.at === this.bytes.length }

  take(length: number): Uint8Array {
    if (this.at + length > this.bytes.length) throw new MalformedFile('a truncated WebAssembly module')
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  /** LEB128, 32 bits. */
  number(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.take(1)[0]!
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80 && value < 2 ** 32) return value
    }
    throw new MalformedFile('a WebAssembly module with an endless number')
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** FNV-1a, 64 bits. */
export function fnv(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffff_ffff_ffff_ffffn
  return hash
}
