/**
 * Poseidon in WebAssembly, about four times faster than the pure one: for issuers, registries and replay. It comes from
 * circomlibjs (GPL-3.0), so nothing under src/verifier imports this file.
 */

import { buildPoseidon } from 'circomlibjs'
import { accelerate } from './poseidon.ts'

/** Makes `hash` use WebAssembly in this process. Idempotent. */
export async function accelerateWithWasm(): Promise<void> {
  const wasm = await buildPoseidon()
  const { F } = wasm
  accelerate((capacity, inputs) => F.toObject(wasm([...inputs], F.e(capacity))))
}
