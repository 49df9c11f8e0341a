/**
 * Witnesses: the values of all wires of a circuit, from its inputs, by the WebAssembly that circom generates and the engine quickens.
 *
 * One `WitnessCalculator` is loaded once for each circuit and kept warm. It checks its input before the circuit sees it:
 * circom's own program silently reduces 7 + r to 7.
 */

import { type CircuitInputs, WitnessCalculator as Calculator, InvalidInput, MalformedFile } from '../../engine/src/index.ts'
import { bug, refuse } from '../errors/errors.ts'
import { type Field, toField } from '../field/field.ts'

export type { CircuitInput, CircuitInputs } from '../../engine/src/index.ts'

export class WitnessCalculator {
  readonly #calculator: Calculator

  private constructor(calculator: Calculator) {
    this.#calculator = calculator
  }

  /** @param wasm the module that `circom --wasm` wrote */
  static async load(wasm: Uint8Array): Promise<WitnessCalculator> {
    try {
      return new WitnessCalculator(await Calculator.load(wasm))
    } catch (error) {
      if (error instanceof MalformedFile) bug(error.message)
      throw error
    }
  }

  /**
   * Computes the witness, with all constraints that circom can check on the way (`===` and `assert`).
   * @returns the witness in iden3's wtns format, version 2
   * @throws Refusal MALFORMED for an input that is not an element in its one spelling, missing, unknown or of another length;
   *   RULE_FALSE when no witness exists
   */
  witness(inputs: CircuitInputs): Uint8Array {
    try {
      return this.#calculator.witness(inputs)
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error
      const { code, path, expected, got = 'something else' } = error
      if (code === 'NO_WITNESS') return refuse('RULE_FALSE', `these inputs satisfy no constraint system of the circuit (${got})`)
      return refuse('MALFORMED', 'not the inputs of the circuit', [{ path: path || '/', expected, got }])
    }
  }
}

const WORDS = 8 // of 32 bits: an element of BN254
const WITNESS_OFFSET = 4 * (3 + 3 + 1 + WORDS + 1 + 3)

/** The first `count` public inputs of a witness: wires 1 to count, as circom orders them. */
export function publicWires(wtns: Uint8Array, count: number): Field[] {
  const view = new DataView(wtns.buffer, wtns.byteOffset, wtns.byteLength)
  return Array.from({ length: count }, (_, i) => {
    let value = 0n
    for (let word = WORDS - 1; word >= 0; word--) value = (value << 32n) | BigInt(view.getUint32(WITNESS_OFFSET + 4 * (WORDS * (i + 1) + word), true))
    return toField(value)
  })
}
