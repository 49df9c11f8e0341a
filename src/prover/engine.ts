/**
 * Proving engines. `Prover` is the one place where a faster engine plugs in; snarkjs is the reference behind it.
 */

import { buildBn128 } from 'ffjavascript'
import { groth16 } from 'snarkjs'
import { invariant, refuse } from '../errors/errors.ts'
import type { Groth16Proof } from '../shape/submission.ts'

/** A proving key in memory: iden3's zkey format. Loaded once; an engine may keep what it derives from it as long as it lives. */
export interface ProvingKey {
  readonly shape: string
  readonly zkey: Uint8Array
}

/** Makes Groth16 proofs over BN254. */
export interface Prover {
  /**
   * @param witness in wtns format, of the key's circuit
   * @returns a proof, fresh randomness each time
   * @throws Refusal KEY_INVALID when key and witness are not of one circuit
   */
  prove(key: ProvingKey, witness: Uint8Array): Promise<Groth16Proof>
  /** Ends the engine's threads; without it the process does not end. */
  close(): Promise<void>
}

/** snarkjs with the curve's threads kept and the key in memory (it re-reads files for each proof otherwise). */
export class SnarkjsProver implements Prover {
  #closed = false

  async prove(key: ProvingKey, witness: Uint8Array): Promise<Groth16Proof> {
    invariant(!this.#closed, 'the engine is closed')
    let proof: { pi_a: string[]; pi_b: string[][]; pi_c: string[] }
    try {
      ;({ proof } = await groth16.prove({ type: 'mem', data: key.zkey }, { type: 'mem', data: witness }))
    } catch {
      // What snarkjs throws is about the structure of one of the two; its own words are not ours to vouch for.
      return refuse('KEY_INVALID', 'proving key and witness are not of one circuit')
    }
    const point = ([x = '', y = '']: string[]): [string, string] => [x, y]
    const [bx = [], by = []] = proof.pi_b
    return { a: point(proof.pi_a), b: [point(bx), point(by)], c: point(proof.pi_c) }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    // The curve is one for the process (ffjavascript keeps it in a global); asking for it again returns that one.
    const curve = await buildBn128()
    await curve.terminate()
  }
}
