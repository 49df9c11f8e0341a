/**
 * Poseidon in WebAssembly, many times faster than the pure one: for issuers, registries and replay. Of engine/, one hash at a time.
 */

import { Engine } from '../../engine/src/index.ts'
import { accelerate } from './poseidon.ts'

const WORDS = [0, 8, 16, 24] // of an element's 32 bytes, least significant first
let started: Promise<Engine> | undefined

/** Makes `hash` use WebAssembly in this process. Idempotent. */
export async function accelerateWithWasm(): Promise<void> {
  const { poseidon } = await (started ??= Engine.create({ threads: 1 }))
  accelerate((capacity, inputs) => {
    const bytes = new Uint8Array(32 * inputs.length)
    const view = new DataView(bytes.buffer)
    inputs.forEach((input, i) => WORDS.forEach((word) => view.setBigUint64(32 * i + word, BigInt.asUintN(64, input >> BigInt(8 * word)), true)))
    const hash = new DataView(poseidon.hash(inputs.length, bytes, capacity).buffer)
    return WORDS.reduce((sum, word) => sum | (hash.getBigUint64(word, true) << BigInt(8 * word)), 0n)
  })
}
