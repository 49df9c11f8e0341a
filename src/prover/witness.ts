/**
 * Witnesses: the values of all wires of a circuit, from its inputs, by the WebAssembly that circom generates.
 *
 * One `WitnessCalculator` is loaded once for each circuit and kept warm. It checks its input before the circuit sees it:
 * circom's own program silently reduces 7 + r to 7.
 */

import { bug, refuse } from '../errors/errors.ts'
import { type Field, parseField, toField } from '../field/field.ts'

/** An input: an element, its decimal spelling, or nested arrays of such; flattened in order. */
export type CircuitInput = bigint | string | readonly CircuitInput[]
export type CircuitInputs = Readonly<Record<string, CircuitInput>>

/** What circom 2's generated module exports, as far as it is used here. Elements travel in 32-bit words, least significant first. */
interface CircomExports {
  getVersion(): number
  getFieldNumLen32(): number
  getRawPrime(): void
  getWitnessSize(): number
  getInputSize(): number
  /** Number of elements of the input with that name, negative when there is none. */
  getInputSignalSize(nameHigh: number, nameLow: number): number
  init(sanityCheck: number): void
  readSharedRWMemory(word: number): number
  writeSharedRWMemory(word: number, value: number): void
  setInputSignal(nameHigh: number, nameLow: number, position: number): void
  getWitness(wire: number): void
  getMessageChar(): number
}

const WORDS = 8 // of 32 bits: an element of BN254

export class WitnessCalculator {
  readonly #circuit: CircomExports
  readonly #messages: string[]

  private constructor(circuit: CircomExports, messages: string[]) {
    this.#circuit = circuit
    this.#messages = messages
  }

  /** @param wasm the module that `circom --wasm` wrote */
  static async load(wasm: Uint8Array): Promise<WitnessCalculator> {
    const messages: string[] = []
    let circuit: CircomExports | undefined
    const readMessage = (): string => {
      let text = ''
      for (let char = circuit?.getMessageChar(); char; char = circuit?.getMessageChar()) text += String.fromCharCode(char)
      return text
    }
    const runtime = {
      exceptionHandler: (code: number): never => refuse('RULE_FALSE', `these inputs satisfy no constraint system of the circuit (circom ${code}: ${messages.splice(0).join('; ')})`),
      printErrorMessage: () => void messages.push(readMessage().trim()),
      // What a circuit logs could be a secret: it is taken out of the buffer and dropped.
      writeBufferMessage: () => void readMessage(),
      showSharedRWMemory: () => undefined,
    }
    const { instance } = await WebAssembly.instantiate(wasm as BufferSource, { runtime })
    circuit = instance.exports as unknown as CircomExports
    if (circuit.getVersion() !== 2 || circuit.getFieldNumLen32() !== WORDS) bug('not a circom 2 circuit over BN254')
    return new WitnessCalculator(circuit, messages)
  }

  /**
   * Computes the witness, with all constraints that circom can check on the way (`===` and `assert`).
   * @returns the witness in iden3's wtns format, version 2
   * @throws Refusal MALFORMED for an input that is not an element in its one spelling, missing, unknown or of another length;
   *   RULE_FALSE when no witness exists
   */
  witness(inputs: CircuitInputs): Uint8Array {
    const circuit = this.#circuit
    const flat = Object.entries(inputs).map(([name, input]) => this.#input(name, input))
    const given = flat.reduce((sum, { elements }) => sum + elements.length, 0)
    const expected = circuit.getInputSize()
    if (given !== expected) return refuse('MALFORMED', 'inputs of the circuit are missing', [{ path: '/', expected: `${expected} elements`, got: `${given}` }])

    this.#messages.length = 0
    circuit.init(1)
    for (const { high, low, elements } of flat) {
      elements.forEach((element, position) => {
        for (let word = 0, rest: bigint = element; word < WORDS; word++, rest >>= 32n) circuit.writeSharedRWMemory(word, Number(rest & 0xffff_ffffn))
        circuit.setInputSignal(high, low, position)
      })
    }
    return this.#wtns()
  }

  #input(name: string, input: CircuitInput): { high: number; low: number; elements: Field[] } {
    const [high, low] = nameHash(name)
    const size = this.#circuit.getInputSignalSize(high, low)
    if (size < 0) return refuse('MALFORMED', 'the circuit has no such input', [{ path: `/${name}`, expected: 'an input of the circuit', got: 'another name' }])
    const elements = flatten(input, `/${name}`)
    if (elements.length !== size) return refuse('MALFORMED', 'an input has the wrong length', [{ path: `/${name}`, expected: `${size} elements`, got: `${elements.length}` }])
    return { high, low, elements }
  }

  #wtns(): Uint8Array {
    const circuit = this.#circuit
    const count = circuit.getWitnessSize()
    const header = 4 * (3 + 3 + 1 + WORDS + 1 + 3)
    const words = new Uint32Array(header / 4 + count * WORDS)
    let at = 0
    const put = (...values: number[]): void => values.forEach((value) => (words[at++] = value))
    const putShared = (): void => {
      for (let word = 0; word < WORDS; word++) words[at++] = circuit.readSharedRWMemory(word)
    }
    put(0x736e7477, 2, 2) // "wtns", version, number of sections
    put(1, 4 + 4 * WORDS + 4, 0, 4 * WORDS) // section 1: length, bytes of an element,
    circuit.getRawPrime()
    putShared() // the field's order,
    put(count) // number of wires
    put(2, 4 * WORDS * count, 0) // section 2 (its length stays below 2^32 for 2^27 wires)
    for (let wire = 0; wire < count; wire++) {
      circuit.getWitness(wire)
      putShared()
    }
    return new Uint8Array(words.buffer)
  }
}

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

function flatten(input: CircuitInput, path: string): Field[] {
  if (typeof input === 'bigint') return [toField(input, path)]
  if (Array.isArray(input)) return (input as readonly CircuitInput[]).flatMap((item, i) => flatten(item, `${path}/${i}`))
  return [parseField(input, path)]
}

/** circom looks inputs up by the 64-bit FNV-1a hash of their names. */
function nameHash(name: string): [high: number, low: number] {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(name)) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffff_ffff_ffff_ffffn
  return [Number(hash >> 32n), Number(hash & 0xffff_ffffn)]
}
