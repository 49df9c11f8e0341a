/**
 * Circuits under test: the compiled thing, and a wallet that checks nothing.
 *
 * The *careless* twin of a circuit is compiled from copies of all sources, circomlib's too, without a single `===`: it computes a
 * value for every signal whatever the inputs are. Its values, carried over by the signals' labels, are the witness of a forger who
 * follows the circuit's program, and the real constraints decide about it: at every level of optimisation.
 */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Refusal } from '../../src/errors/errors.ts'
import { type Field, parseField } from '../../src/field/field.ts'
import { type CircuitInputs, WitnessCalculator } from '../../src/prover/witness.ts'
import { type CompiledCircuit, compileCircuit, compileShape, type Optimization, type ShapeName } from '../../src/setup/compile.ts'
import { R1cs, type Witness } from './r1cs.ts'
import type { Inputs } from './specimen.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CACHE = join(ROOT, 'build', 'test-circuits')
const CIRCOMLIB = dirname(createRequire(import.meta.url).resolve('circomlib/package.json'))

export const LEVELS: readonly Optimization[] = [0, 1, 2]

/**
 * A gadget to be made main: the file of circuits/lib, the template with its arguments, its inputs and outputs in order as
 * circom declares them: `['{binary} on', 'fields[16]']`. All inputs become public, or --O2 would take some as defined by the rest.
 */
export interface Gadget {
  readonly file: string
  readonly template: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Files of circuits/lib to be replaced by those of test/circuits/stubs, so that its own wiring can be searched exhaustively. */
  readonly stubs?: readonly string[]
}

interface Shape {
  readonly shape: ShapeName
  readonly stubs?: readonly string[]
}

type Source = Shape | Gadget

interface Careless {
  readonly calculator: WitnessCalculator
  readonly labels: Symbols
}

export class Circuit {
  readonly r1cs: R1cs
  readonly warnings: readonly string[]
  readonly #calculator: WitnessCalculator
  readonly #symbols: Symbols
  readonly #source: Source
  #careless: Careless | undefined

  private constructor(source: Source, r1cs: R1cs, warnings: readonly string[], calculator: WitnessCalculator, symbols: Symbols) {
    this.#source = source
    this.r1cs = r1cs
    this.warnings = warnings
    this.#calculator = calculator
    this.#symbols = symbols
  }

  static async gadget(gadget: Gadget, optimization: Optimization = 2): Promise<Circuit> {
    return Circuit.#load(await compileIn(gadget, optimization), gadget)
  }

  /** A shape as it is used, or at another level, or with stubs. */
  static async shape(shape: ShapeName, optimization: Optimization = 2, stubs: readonly string[] = []): Promise<Circuit> {
    const real = optimization === 2 && stubs.length === 0 ? compileShape(shape) : compileIn({ shape, stubs }, optimization)
    return Circuit.#load(await real, { shape, stubs })
  }

  static async #load(compiled: CompiledCircuit, source: Source): Promise<Circuit> {
    return new Circuit(source, await R1cs.read(compiled.r1cs), compiled.warnings, await loadCalculator(compiled), await Symbols.read(compiled.sym))
  }

  /** The honest witness. @throws Refusal when there is none */
  witness(inputs: Inputs): Witness {
    return wires(this.#calculator.witness(inputs as CircuitInputs))
  }

  /** The witness of a wallet that checks nothing; whether it satisfies the constraints is the question. */
  async forge(inputs: Inputs): Promise<Witness> {
    this.#careless ??= await loadCareless(this.#source)
    const { calculator, labels } = this.#careless
    const value = reader(calculator.witness(inputs as CircuitInputs))
    const witness: Witness = Array<bigint>(this.r1cs.wires).fill(0n)
    witness[0] = 1n
    this.#symbols.forEach((wire, label) => (witness[wire] = value(labels.wire(label))))
    return witness
  }

  /** The values of a signal by name without `main.`: `nullifier`, `escrow[2]`. */
  value(witness: Witness, name: string): Field {
    return parseField(String(witness[this.wire(name)]))
  }

  /** The wire of a signal that has one of its own at this level. */
  wire(name: string): number {
    const wire = this.#symbols.named(`main.${name}`)
    assert.ok(wire > 0, `no wire for ${name}`)
    return wire
  }

  /** The wire of the first signal whose name fits, -1 when it has none of its own at this level. */
  find(name: RegExp): number {
    return this.#symbols.find(name)
  }

  /** The wires of all signals whose name fits. */
  wires(name: RegExp): number[] {
    return this.#symbols.all(name)
  }

  /** There is a witness, the constraints agree, and these signals have these values. Returns the witness. */
  accepts(inputs: Inputs, expected: Readonly<Record<string, bigint>> = {}): Witness {
    const witness = this.witness(inputs)
    assert.deepEqual(this.r1cs.violated(witness), [])
    for (const [name, value] of Object.entries(expected)) assert.equal(this.value(witness, name), value, name)
    return witness
  }

  /** Neither the honest program nor a wallet that checks nothing gets these inputs past the constraints. */
  async rejects(inputs: Inputs): Promise<void> {
    assert.throws(() => this.witness(inputs), (error) => error instanceof Refusal && error.code === 'RULE_FALSE')
    this.refutes(await this.forge(inputs))
  }

  /** The constraints refuse this witness. */
  refutes(witness: Witness): void {
    assert.ok(!this.r1cs.satisfied(witness), 'the constraints accept a forged witness')
  }

  costs(constraints: number): void {
    assert.equal(this.r1cs.constraints.length, constraints)
  }
}

async function loadCalculator({ wasm }: CompiledCircuit): Promise<WitnessCalculator> {
  return WitnessCalculator.load(await readFile(wasm))
}

async function loadCareless(source: Source): Promise<Careless> {
  const twin = await compileIn(source, 0, 'careless')
  return { calculator: await loadCalculator(twin), labels: await Symbols.read(twin.sym) }
}

/** Which wire each signal has: lines `label,wire,component,name`, the wire -1 when it was simplified away. */
class Symbols {
  readonly #wires: Int32Array
  readonly #text: string

  private constructor(wires: Int32Array, text: string) {
    this.#wires = wires
    this.#text = text
  }

  static async read(path: string): Promise<Symbols> {
    const text = await readFile(path, 'utf8')
    const entries: number[] = []
    for (const line of text.split('\n')) {
      const comma = line.indexOf(',')
      if (comma > 0) entries[Number(line.slice(0, comma))] = Number.parseInt(line.slice(comma + 1), 10)
    }
    return new Symbols(Int32Array.from(entries, (wire) => wire ?? -1), text)
  }

  wire(label: number): number {
    return this.#wires[label] ?? -1
  }

  named(name: string): number {
    const end = this.#text.indexOf(`,${name}\n`)
    const line = this.#text.slice(this.#text.lastIndexOf('\n', end) + 1, end)
    return end < 0 ? -1 : Number(line.split(',')[1])
  }

  find(name: RegExp): number {
    const line = new RegExp(`^.*${name.source}`, 'm').exec(this.#text)?.[0]
    return line === undefined ? -1 : Number(line.split(',')[1])
  }

  all(name: RegExp): number[] {
    const lines = this.#text.split('\n').map((line) => line.split(','))
    return lines.filter(([, wire, , full]) => Number(wire) > 0 && full !== undefined && name.test(full)).map(([, wire]) => Number(wire))
  }

  forEach(each: (wire: number, label: number) => void): void {
    this.#wires.forEach((wire, label) => wire > 0 && each(wire, label))
  }
}

function wires(wtns: Uint8Array): Witness {
  const value = reader(wtns)
  return Array.from({ length: (wtns.length - HEADER) / 32 }, (_, wire) => value(wire))
}

const HEADER = 76 // bytes before the elements in iden3's wtns format

function reader(wtns: Uint8Array): (wire: number) => bigint {
  const words = new BigUint64Array(wtns.slice(HEADER).buffer)
  return (wire) => (words[4 * wire] as bigint) | ((words[4 * wire + 1] as bigint) << 64n) | ((words[4 * wire + 2] as bigint) << 128n) | ((words[4 * wire + 3] as bigint) << 192n)
}

async function compileIn(source: Source, optimization: Optimization, kind: 'real' | 'careless' = 'real'): Promise<CompiledCircuit> {
  const stubs = source.stubs ?? []
  const circuits = kind === 'real' && stubs.length === 0 ? join(ROOT, 'circuits') : await copiedSources(kind, stubs)
  const options = { optimization, inspect: kind === 'real' }
  const name = 'shape' in source ? source.shape : source.template.replaceAll(/[^A-Za-z0-9]+/g, '-')
  const out = join(CACHE, [name, ...stubs, kind, `O${optimization}`].join('-'))
  if ('shape' in source) return compileCircuit(join(circuits, 'shapes', `${source.shape}.circom`), out, options)
  const file = join(CACHE, 'mains', [kind, ...stubs].join('-'), `${name}.circom`)
  await write(file, mainOf(source, relative(dirname(file), join(circuits, 'lib', `${source.file}.circom`))))
  return compileCircuit(file, out, options)
}

/** A main around a gadget: main's own inputs can have no tags. */
function mainOf({ template, inputs, outputs }: Gadget, include: string): string {
  const name = (declaration: string) => declaration.replace(/\{.*\} /, '').replace(/\[.*/, '')
  const lines = [...inputs.map((input) => `signal input ${input.replace(/\{.*\} /, '')};`), ...outputs.map((output) => `signal output ${output};`)]
  const passed = inputs.map((input) => {
    if (!input.startsWith('{')) return name(input)
    lines.push(`signal ${input.replace(name(input), `${name(input)}Tagged`)} <== ${name(input)};`)
    return `${name(input)}Tagged`
  })
  const results = outputs.map(name)
  const left = results.length === 0 ? '' : results.length === 1 ? `${results[0]} <== ` : `(${results.join(', ')}) <== `
  lines.push(`${left}${template}(${passed.join(', ')});`)
  return `pragma circom 2.2.0;\ninclude "${include}";\ntemplate Main() {\n  ${lines.join('\n  ')}\n}\ncomponent main {public [${inputs.map(name).join(', ')}]} = Main();\n`
}

const copies = new Map<string, Promise<string>>()

/** Copies of circuits/ with stubs and, for careless ones, of circomlib, both without `===`. Returns the folder of the first. */
function copiedSources(kind: 'real' | 'careless', stubs: readonly string[]): Promise<string> {
  const variant = [kind, ...stubs].join('-')
  const copy = async () => {
    const target = join(CACHE, 'sources', variant)
    const careless = kind === 'careless'
    const change = (text: string, up: string) => (careless ? withoutChecks(text).replaceAll('"circomlib/', `"${up}/circomlib/`) : text)
    await copyCircuits(join(ROOT, 'circuits'), join(target, 'circuits'), (text) => change(text, '../..'), stubs)
    if (careless) await copyCircuits(join(CIRCOMLIB, 'circuits'), join(target, 'circomlib', 'circuits'), (text) => change(text, ''))
    for (const stub of stubs) await write(join(target, 'circuits', 'lib', `${stub}.circom`), change(await readFile(join(ROOT, 'test', 'circuits', 'stubs', `${stub}.circom`), 'utf8'), '../..'))
    return join(target, 'circuits')
  }
  const copied = copies.get(variant) ?? copy()
  copies.set(variant, copied)
  return copied
}

async function copyCircuits(from: string, to: string, change: (text: string) => string, except: readonly string[] = []): Promise<void> {
  for (const file of await readdir(from, { recursive: true })) {
    if (file.endsWith('.circom') && !except.includes(basename(file, '.circom'))) await write(join(to, file), change(await readFile(join(from, file), 'utf8')))
  }
}

function withoutChecks(text: string): string {
  if (!text.includes('===')) return text // the expression below takes minutes over a file of constants
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/\/\/.*$/gm, '')
  return code.replaceAll(/[^;{}]*===[^;]*;/g, '\n')
}

/** Writes only what differs: other test processes may be reading. */
async function write(file: string, text: string): Promise<void> {
  if (existsSync(file) && (await readFile(file, 'utf8')) === text) return
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}
