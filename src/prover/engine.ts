/**
 * The proving engine behind one narrow interface. snarkjs is the oracle that its proofs are tested against.
 */

import { directoryStore, Engine, MalformedFile, type ProvingKey as EngineKey } from '../../engine/src/index.ts'
import { invariant, refuse } from '../errors/errors.ts'
import type { Groth16Proof } from '../shape/submission.ts'

/** A proving key in memory: iden3's zkey format. Loaded once; an engine may keep what it derives from it as long as it lives. */
export interface ProvingKey {
  readonly shape: string
  readonly zkey: Uint8Array
  /**
   * A directory, as safe as the key's own, where an engine may keep what it computes from the key: the next process proves faster
   * at once. Without it, nothing is written.
   */
  readonly tables?: string
}

/** Makes Groth16 proofs over BN254. */
export interface Prover {
  /**
   * @param witness in wtns format, of the key's circuit
   * @returns a proof, fresh randomness each time
   * @throws Refusal KEY_INVALID when key and witness are not of one circuit
   */
  prove(key: ProvingKey, witness: Uint8Array): Promise<Groth16Proof>
  /** Ends the engine's threads and gives its memory back. */
  close(): Promise<void>
}

/** The engine of engine/: WebAssembly on all processors, with each key read once. Tables that are missing are made beside the first proofs. */
export class EngineProver implements Prover {
  private engine: Promise<Engine> | undefined
  private readonly keys = new WeakMap<Uint8Array, Promise<EngineKey>>()
  private closed = false

  async prove(key: ProvingKey, witness: Uint8Array): Promise<Groth16Proof> {
    invariant(!this.closed, 'the engine is closed')
    const engine = await (this.engine ??= Engine.create())
    try {
      const { proof } = await engine.prove(await this.read(engine, key), witness)
      const point = ([x, y]: readonly [string, string, ...string[]]): [string, string] => [x, y]
      return { a: point(proof.pi_a), b: [point(proof.pi_b[0]), point(proof.pi_b[1])], c: point(proof.pi_c) }
    } catch (error) {
      if (error instanceof MalformedFile) return refuse('KEY_INVALID', 'proving key and witness are not of one circuit')
      throw error
    }
  }

  private read(engine: Engine, { zkey, tables }: ProvingKey): Promise<EngineKey> {
    const known = this.keys.get(zkey)
    if (known) return known
    const reading = tables === undefined ? Promise.resolve().then(() => engine.readKey(zkey)) : engine.openKey(zkey, { store: directoryStore(tables), wait: false })
    this.keys.set(zkey, reading)
    return reading
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    ;(await this.engine)?.close()
  }
}
