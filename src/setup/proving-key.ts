/**
 * What a zkey file says about itself: its circuit, its delta and the steps of its phase 2. Section 10 holds the steps; points
 * there are affine, Montgomery form, little-endian.
 */

import { bug, refuse } from '../errors/errors.ts'
import { COORDINATE_ORDER } from '../field/field.ts'
import type { G1Text, G2Text } from '../verifier/points.ts'
import { littleEndian, readSections, uint32 } from './binary-file.ts'
import type { StepKey } from './transcript.ts'

export interface ProvingKeyFacts {
  readonly publicInputs: number
  readonly delta: G1Text
  /** BLAKE2b-512 over the key before any contribution, hex. */
  readonly circuit: string
  readonly steps: readonly ProvingKeyStep[]
}

export interface ProvingKeyStep {
  readonly kind: 'contribution' | 'beacon'
  readonly name: string
  readonly key: StepKey
  readonly beacon?: { readonly value: string; readonly iterationsExponent: number }
}

const [HEADER, STEPS] = [2, 10] as const
const [NAME, ITERATIONS, BEACON] = [1, 2, 3]

/** @throws Refusal CORRUPT, KEY_INVALID */
export async function readProvingKey(path: string): Promise<ProvingKeyFacts> {
  const sections = await readSections(path, 'zkey', [1, HEADER, STEPS])
  if (uint32(sections[1], 0) !== 1) refuse('KEY_INVALID', 'the zkey is not for Groth16')
  const header = new Reader(sections[HEADER])
  if (header.uint32() !== 32 || header.integer(32) !== COORDINATE_ORDER) refuse('KEY_INVALID', 'the zkey is not over BN254')
  header.skip(4 + 32 + 4)
  const publicInputs = header.uint32()
  header.skip(4 + 64 + 64 + 128 + 128) // domain size; alpha and beta in G1; beta and gamma in G2
  const delta = header.g1()
  const reader = new Reader(sections[STEPS])
  const circuit = reader.hex(64)
  const steps = Array.from({ length: reader.uint32() }, () => readStep(reader))
  reader.requireEnd()
  return { publicInputs, delta, circuit, steps }
}

function readStep(reader: Reader): ProvingKeyStep {
  const key = { deltaAfter: reader.g1(), s: reader.g1(), sx: reader.g1(), spx: reader.g2(), challenge: reader.hex(64) }
  const type = reader.uint32()
  const parameters = new Map<number, Uint8Array>()
  const inner = new Reader(reader.bytes(reader.uint32()))
  while (!inner.atEnd) {
    const [id = 0] = inner.bytes(1)
    parameters.set(id, id === ITERATIONS ? inner.bytes(1) : inner.bytes(inner.bytes(1)[0] ?? 0))
  }
  const name = new TextDecoder().decode(parameters.get(NAME) ?? new Uint8Array())
  const [value, iterations] = [parameters.get(BEACON), parameters.get(ITERATIONS)?.[0]]
  if (type === 0 && !value) return { kind: 'contribution', name, key }
  if (type === 1 && value && iterations) return { kind: 'beacon', name, key, beacon: { value: hex(value), iterationsExponent: iterations } }
  return refuse('KEY_INVALID', 'a step of the zkey is neither a contribution nor a beacon')
}

class Reader {
  private readonly source: Uint8Array
  private at = 0

  constructor(source: Uint8Array) {
    this.source = source
  }

  get atEnd(): boolean {
    return this.at === this.source.length
  }

  requireEnd(): void {
    if (!this.atEnd) refuse('CORRUPT', 'a section of the zkey has bytes left over')
  }

  skip(length: number): void {
    this.bytes(length)
  }

  bytes(length: number): Uint8Array {
    if (this.at + length > this.source.length) return refuse('CORRUPT', 'a section of the zkey is cut off')
    this.at += length
    return this.source.subarray(this.at - length, this.at)
  }

  hex(length: number): string {
    return hex(this.bytes(length))
  }

  uint32(): number {
    return uint32(this.bytes(4), 0)
  }

  integer(length: number): bigint {
    return littleEndian(this.bytes(length), 0, length)
  }

  g1(): G1Text {
    return [this.coordinate(), this.coordinate()]
  }

  g2(): G2Text {
    return [
      [this.coordinate(), this.coordinate()],
      [this.coordinate(), this.coordinate()],
    ]
  }

  private coordinate(): string {
    return ((this.integer(32) * MONTGOMERY_INVERSE) % COORDINATE_ORDER).toString(10)
  }
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** (2^256)^-1 modulo q, by Fermat. */
const MONTGOMERY_INVERSE = power(2n ** 256n % COORDINATE_ORDER, COORDINATE_ORDER - 2n)

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (let bit = exponent, square = base; bit > 0n; bit >>= 1n, square = (square * square) % COORDINATE_ORDER)
    if (bit & 1n) result = (result * square) % COORDINATE_ORDER
  return result === 0n ? bug('no inverse') : result
}
