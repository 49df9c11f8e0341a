// Numbers from 32 bytes by ChaCha20 (D. J. Bernstein), with snarkjs's conventions: what it draws from a seed, this draws.

import { BASE_ORDER } from '../wasm/machine.ts'
import { SCALAR_ORDER } from '../wasm/msm.ts'
import { inverse } from '../wasm/field.ts'
import { G1, G2, type E2, type PointG1, type PointG2 } from './curve.ts'

const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]
const QUARTERS = [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15], [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]] as const

export class ChaCha {
  private readonly state = new Uint32Array(16)
  private readonly block = new Uint32Array(16)
  private used = 16

  /** `seed`: 32 bytes, read as big-endian words. */
  constructor(seed: Uint8Array) {
    const view = new DataView(seed.buffer, seed.byteOffset)
    this.state.set(CONSTANTS)
    for (let i = 0; i < 8; i++) this.state[4 + i] = view.getUint32(4 * i)
  }

  /** A field element whose Montgomery form (times 2^256) is drawn: 254 bits, until they are below the modulus. */
  private element(modulus: bigint, perMontgomery: bigint): bigint {
    for (;;) {
      let value = 0n
      for (let i = 0n; i < 256n; i += 64n) value |= ((BigInt(this.word()) << 32n) | BigInt(this.word())) << i
      value = BigInt.asUintN(254, value)
      if (value < modulus) return (value * perMontgomery) % modulus
    }
  }

  scalar(): bigint { return this.element(SCALAR_ORDER, PER_MONTGOMERY.scalar) }
  g1(): PointG1 { return G1.draw(() => this.coordinate(), () => this.flag()) }
  g2(): PointG2 { return G2.draw((): E2 => [this.coordinate(), this.coordinate()], () => this.flag()) }

  private coordinate(): bigint { return this.element(BASE_ORDER, PER_MONTGOMERY.base) }
  private flag(): boolean { return (this.word() & 1) === 1 }

  private word(): number {
    if (this.used === 16) {
      const { block, state } = this
      block.set(state)
      const mix = (a: number, b: number, c: number, d: number) => {
        const turn = (to: number, by: number, from: number, left: number) => {
          block[to] = block[to]! + block[by]!
          const x = block[from]! ^ block[to]!
          block[from] = (x << left) | (x >>> (32 - left))
        }
        turn(a, b, d, 16); turn(c, d, b, 12); turn(a, b, d, 8); turn(c, d, b, 7)
      }
      for (let round = 0; round < 10; round++) for (const [a, b, c, d] of QUARTERS) mix(a, b, c, d)
      for (let i = 0; i < 16; i++) block[i] = block[i]! + state[i]!
      for (let i = 12; i < 16; i++) if ((state[i] = state[i]! + 1, state[i]) !== 0) break
      this.used = 0
    }
    return this.block[this.used++]!
  }
}

const PER_MONTGOMERY = { scalar: inverse(1n << 256n, SCALAR_ORDER), base: inverse(1n << 256n, BASE_ORDER) }
