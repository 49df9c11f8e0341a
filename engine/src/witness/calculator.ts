// Witnesses: the values of all wires of a circuit, from its inputs, by the WebAssembly that circom generates, loaded once and kept
// warm. Inputs are checked before the circuit sees them: circom's own program silently reduces 7 + r to 7.

import { MalformedFile, bytesOf, toLittleEndian, type Bytes } from '../files.ts'
import { InvalidInput } from '../invalid-input.ts'
import { SCALAR_ORDER } from '../wasm/msm.ts'
import { fnv, quicken } from './quicken.ts'

/** An element as an integer or in decimal, or nested arrays of such; flattened in order. */
export type CircuitInput = bigint | number | string | readonly CircuitInput[]
export type CircuitInputs = Readonly<Record<string, CircuitInput>>

/** What circom 2's modules export, as far as it is used here. Elements travel in 32-bit words, least significant first. */
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
const SPELLING = /^(0|[1-9][0-9]{0,76})$/

/** What a circuit's program stops with. */
class Stopped extends Error {}

export class WitnessCalculator {
  /** How many elements the circuit's inputs have in all. */
  readonly inputs: number
  readonly wires: number
  private readonly circuit: CircomExports
  private readonly messages: string[]

  private constructor(circuit: CircomExports, messages: string[]) {
    this.circuit = circuit
    this.messages = messages
    this.inputs = circuit.getInputSize()
    this.wires = circuit.getWitnessSize()
  }

  /** @param wasm what `circom --wasm` wrote, version 2, over BN254. @throws MalformedFile */
  static async load(wasm: Bytes): Promise<WitnessCalculator> {
    const messages: string[] = []
    let circuit: CircomExports | undefined
    const readMessage = (): string => {
      let text = ''
      for (let char = circuit?.getMessageChar(); char; char = circuit?.getMessageChar()) text += String.fromCharCode(char)
      return text
    }
    const runtime = {
      exceptionHandler: (code: number): never => { throw new Stopped(`circom ${code}`) },
      printErrorMessage: () => void messages.push(readMessage().trim()),
      // What a circuit logs could be a secret: it is taken out of the buffer and dropped.
      writeBufferMessage: () => void readMessage(),
      showSharedRWMemory: () => undefined,
    }
    const module = await compile(bytesOf(wasm, 'wasm'))
    const instance = await WebAssembly.instantiate(module, { runtime }).catch((error) => { throw new MalformedFile(`wasm: not a circom circuit: ${error.message}`) })
    circuit = instance.exports as unknown as CircomExports
    if (circuit.getVersion?.() !== 2 || circuit.getFieldNumLen32() !== WORDS || primeOf(circuit) !== SCALAR_ORDER) throw new MalformedFile('wasm: not a circom 2 circuit over BN254')
    return new WitnessCalculator(circuit, messages)
  }

  /**
   * Computes the witness, with all constraints that circom can check on the way (`===` and `assert`).
   * @returns the witness in iden3's wtns format, version 2
   * @throws InvalidInput MALFORMED for an input that is not an element in its one spelling, missing, unknown or of another length;
   *   NO_WITNESS where the constraints cannot be fulfilled, with circom's message, which names lines of the circuit and no values
   */
  witness(inputs: CircuitInputs): Uint8Array<ArrayBuffer> {
    const { circuit, messages } = this
    const flat = Object.entries(inputs).map(([name, input]) => this.input(name, input))
    const given = flat.reduce((sum, { elements }) => sum + elements.length, 0)
    if (given !== this.inputs) throw new InvalidInput('MALFORMED', '', `${this.inputs} elements of inputs`, `${given}`)

    messages.length = 0
    try {
      circuit.init(1)
      for (const { high, low, elements } of flat) {
        elements.forEach((element, position) => {
          for (let word = 0, rest = element; word < WORDS; word++, rest >>= 32n) circuit.writeSharedRWMemory(word, Number(rest & 0xffff_ffffn))
          circuit.setInputSignal(high, low, position)
        })
      }
    } catch (error) {
      if (error instanceof Stopped) throw new InvalidInput('NO_WITNESS', '', `inputs that fulfil the circuit's constraints`, [error.message, ...messages].join('; '))
      throw error
    }
    return this.file()
  }

  private input(name: string, input: CircuitInput): { high: number; low: number; elements: bigint[] } {
    const [high, low] = nameHash(name), path = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    const size = this.circuit.getInputSignalSize(high, low)
    if (size < 0) throw new InvalidInput('MALFORMED', path, 'an input of the circuit', 'another name')
    const elements = flatten(input, path)
    if (elements.length !== size) throw new InvalidInput('MALFORMED', path, `${size} elements`, `${elements.length}`)
    return { high, low, elements }
  }

  private file(): Uint8Array<ArrayBuffer> {
    const { circuit, wires } = this
    const header = 4 * (3 + 3 + 1 + WORDS + 1 + 3)
    const words = new Uint32Array(header / 4 + wires * WORDS)
    words.set([0x736e7477, 2, 2]) // "wtns", version, number of sections
    words.set([1, 4 + 4 * WORDS + 4, 0, 4 * WORDS], 3) // section 1: length, bytes of an element,
    words.set(new Uint32Array(toLittleEndian(SCALAR_ORDER).buffer), 7) // the field's order,
    words.set([wires, 2, 4 * WORDS * wires, 0], 7 + WORDS) // number of wires; section 2 (its length stays below 2^32 for 2^27 wires)
    for (let wire = 0, at = header / 4; wire < wires; wire++) {
      circuit.getWitness(wire)
      for (let word = 0; word < WORDS; word++) words[at++] = circuit.readSharedRWMemory(word)
    }
    return new Uint8Array(words.buffer)
  }
}

function primeOf(circuit: CircomExports): bigint {
  circuit.getRawPrime()
  let prime = 0n
  for (let word = WORDS - 1; word >= 0; word--) prime = (prime << 32n) | BigInt(circuit.readSharedRWMemory(word) >>> 0)
  return prime
}

/** With the faster arithmetic where the platform takes it: it has SIMD, as all do since 2021. @throws MalformedFile */
async function compile(wasm: Uint8Array): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(quicken(wasm).wasm as BufferSource).catch(() => WebAssembly.compile(wasm as BufferSource))
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) throw new MalformedFile(`wasm: ${error.message}`)
    throw error
  }
}

const DEEPEST = 64 // nested arrays

function flatten(input: CircuitInput, path: string, depth = 0): bigint[] {
  if (Array.isArray(input)) {
    if (depth === DEEPEST) throw new InvalidInput('MALFORMED', path, `at most ${DEEPEST} arrays in each other`)
    return Array.from({ length: input.length }, (_, i) => flatten(input[i], `${path}/${i}`, depth + 1)).flat() // `flatMap` would skip holes
  }
  if (typeof input === 'bigint' ? input >= 0n : typeof input === 'number' ? Number.isSafeInteger(input) && input >= 0 : typeof input === 'string' && SPELLING.test(input)) {
    const element = BigInt(input as bigint)
    if (element < SCALAR_ORDER) return [element]
    throw new InvalidInput('MALFORMED', path, 'an element', 'r or more')
  }
  throw new InvalidInput('MALFORMED', path, 'an element: an integer from 0, or one in decimal without leading zeros')
}

/** circom looks inputs up by the 64-bit FNV-1a hash of their names. */
function nameHash(name: string): [high: number, low: number] {
  const hash = fnv(new TextEncoder().encode(name))
  return [Number(hash >> 32n), Number(hash & 0xffff_ffffn)]
}
