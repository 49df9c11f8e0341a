/** snarkjs behind the project's `Prover`: the oracle. */

import { buildBn128 } from 'ffjavascript'
import { groth16 } from 'snarkjs'
import { invariant, refuse } from '../../src/errors/errors.ts'
import type { Prover, ProvingKey } from '../../src/prover/engine.ts'
import type { Groth16Proof } from '../../src/shape/submission.ts'

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
