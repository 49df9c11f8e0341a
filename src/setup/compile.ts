/**
 * Compiles circuits with circom2 (circom 2.2.3 in WebAssembly), in a child process: one compilation takes all of a thread.
 *
 * What comes out depends on the sources and the options only, so it is kept beside their hash and made again only when that
 * changes. Artefacts appear under their names in one rename: a reader never sees half a compilation.
 */

import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { bug, invariant } from '../errors/errors.ts'
import { sha256OfFile } from './digests.ts'

/** circom's --O0 (nothing simplified), --O1 (constants and renamings), --O2 (all linear constraints; used for keys). */
export type Optimization = 0 | 1 | 2

export interface CompileOptions {
  readonly optimization: Optimization
  /** Also look for under-constrained signals; findings come back as `warnings`. */
  readonly inspect?: boolean
}

/** Paths of what a compilation made. */
export interface CompiledCircuit {
  readonly r1cs: string
  readonly wasm: string
  readonly sym: string
  /** SHA-256 of all sources, the compiler and the options, hexadecimal. */
  readonly sourceHash: string
  /** The compiler's warnings, one a member; always empty without `inspect`. */
  readonly warnings: readonly string[]
}

/** Counts from an r1cs file's header. */
export interface R1csCounts {
  readonly constraints: number
  /** Public inputs and outputs. */
  readonly publics: number
  readonly privates: number
  readonly wires: number
}

/** The shapes of SPEC §5 with the power of two that constraints + public inputs + 1 stay within. */
export const SHAPE_DOMAINS = { attest: 14, match: 15 } as const

export type ShapeName = keyof typeof SHAPE_DOMAINS

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url))
const requireHere = createRequire(import.meta.url)
const COMPILER = requireHere.resolve('circom2/cli.js')
const COMPILER_VERSION = (requireHere('circom2/package.json') as { version: string }).version
/** The folder below which `include "circomlib/…"` is found. */
const LIBRARIES = resolve(dirname(requireHere.resolve('circomlib/package.json')), '..')
const OUTPUT_LIMIT = 16 * 1024 * 1024 // bytes of compiler output; a clean run prints under 4 KiB

/** Compiles a shape at --O2 into `<buildDir>/circuits/<name>/`, or finds it there; `warnings` are of circomlib's templates only. */
export function compileShape(name: ShapeName, buildDir: string = join(PACKAGE, 'build')): Promise<CompiledCircuit> {
  const file = join(PACKAGE, 'circuits', 'shapes', `${name}.circom`)
  return compileCircuit(file, join(buildDir, 'circuits', name), { optimization: 2, inspect: true })
}

/** SHA-256 of each shape's r1cs file: which circuits this installation takes keys for. Compiles what is not there. */
export async function circuitDigests(buildDir: string = join(PACKAGE, 'build')): Promise<Readonly<Record<ShapeName, string>>> {
  const digest = async (name: ShapeName) => sha256OfFile((await compileShape(name, buildDir)).r1cs)
  return { attest: await digest('attest'), match: await digest('match') }
}

/**
 * Compiles one file with a `component main` into `outDir`, or finds there what these sources and options made before.
 * @param file    path of a .circom file; `circomlib/…` and paths relative to each file can be included
 * @param outDir  holds `<name>.r1cs`, `.wasm`, `.sym` afterwards; whatever else was in it is gone
 * @throws Error with the compiler's own words when the sources do not compile
 */
export async function compileCircuit(file: string, outDir: string, options: CompileOptions): Promise<CompiledCircuit> {
  const sourceHash = await hashSources(file, options)
  const name = basename(file, '.circom')
  const before = await madeBefore(outDir, sourceHash)
  if (before) return { ...pathsIn(outDir, name), ...before }
  const temporary = `${outDir}.${randomUUID()}`
  await mkdir(temporary, { recursive: true })
  try {
    const warnings = await runCompiler(file, temporary, options)
    await rename(join(temporary, `${name}_js`, `${name}.wasm`), join(temporary, `${name}.wasm`))
    await rm(join(temporary, `${name}_js`), { recursive: true })
    await writeFile(join(temporary, 'made.json'), JSON.stringify({ sourceHash, warnings }))
    await replaceDirectory(temporary, outDir, sourceHash)
    return { ...pathsIn(outDir, name), sourceHash, warnings }
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** Reads constraint and wire counts without reading the constraints. */
export async function readR1csCounts(path: string): Promise<R1csCounts> {
  const handle = await open(path)
  try {
    const { size } = await handle.stat()
    const read = async (length: number, position: number): Promise<DataView> => {
      const buffer = new Uint8Array(length)
      const { bytesRead } = await handle.read(buffer, 0, length, position)
      invariant(bytesRead === length, 'r1cs file ends early')
      return new DataView(buffer.buffer)
    }
    // magic, version, number of sections; then sections of type (4 bytes), size (8), content. Type 1 is the header.
    for (let position = 12; position < size; ) {
      const section = await read(12, position)
      if (section.getUint32(0, true) !== 1) {
        position += 12 + Number(section.getBigUint64(4, true))
        continue
      }
      const fieldBytes = (await read(4, position + 12)).getUint32(0, true)
      const counts = await read(28, position + 16 + fieldBytes) // wires, outputs, public, private (4 each), labels (8), constraints (4)
      return {
        wires: counts.getUint32(0, true),
        publics: counts.getUint32(4, true) + counts.getUint32(8, true),
        privates: counts.getUint32(12, true),
        constraints: counts.getUint32(24, true),
      }
    }
    return bug('r1cs file without a header')
  } finally {
    await handle.close()
  }
}

/**
 * Names of a circuit's public inputs in the order of the proof's, from its .sym file: `nullifier`, `literal[0]`, …
 * @param publics  how many there are (`R1csCounts.publics`)
 */
export async function readPublicNames(symPath: string, publics: number): Promise<string[]> {
  const names: string[] = []
  for (const line of (await readFile(symPath, 'utf8')).split('\n')) {
    const [, wire, , name] = line.split(',') // label, wire, component, name
    const index = Number(wire)
    if (name !== undefined && index >= 1 && index <= publics && /^main\.[^.]+$/.test(name)) names[index - 1] ??= name.slice('main.'.length)
  }
  invariant(names.filter((name) => name !== undefined).length === publics, 'a public input without a name')
  return names
}

function pathsIn(directory: string, name: string): Pick<CompiledCircuit, 'r1cs' | 'wasm' | 'sym'> {
  const path = (ending: string) => join(directory, `${name}.${ending}`)
  return { r1cs: path('r1cs'), wasm: path('wasm'), sym: path('sym') }
}

async function runCompiler(file: string, outDir: string, { optimization, inspect }: CompileOptions): Promise<string[]> {
  // The compiler sees the folder it runs in, and that folder's parents by relative paths only.
  const seen = (path: string) => relative(PACKAGE, resolve(path)) || '.'
  const args = [COMPILER, seen(file), '-l', seen(LIBRARIES), `--O${optimization}`, '--r1cs', '--wasm', '--sym', '-o', seen(outDir)]
  if (inspect) args.push('--inspect')
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: PACKAGE, maxBuffer: OUTPUT_LIMIT })
    return plain(stdout + stderr)
      .split('\n')
      .filter((line) => line.startsWith('warning['))
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${basename(file)} does not compile\n${plain(stdout + stderr)}`, { cause: error })
  }
}

/** Without the compiler's colours. */
function plain(text: string): string {
  return text.replaceAll(/\u001b\[[0-9;]*m/g, '')
}

interface Made {
  readonly sourceHash: string
  readonly warnings: readonly string[]
}

/** What `outDir` says it holds, if that is of these sources. */
async function madeBefore(outDir: string, sourceHash: string): Promise<Made | undefined> {
  const text = await readFile(join(outDir, 'made.json'), 'utf8').catch(() => undefined)
  const made = text === undefined ? undefined : (JSON.parse(text) as Made)
  return made?.sourceHash === sourceHash ? made : undefined
}

async function replaceDirectory(from: string, to: string, sourceHash: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    // Another process may have put the same artefacts there, and be reading them.
    if (await madeBefore(to, sourceHash)) return
    await rm(to, { recursive: true, force: true })
    try {
      return await rename(from, to)
    } catch (error) {
      if (attempt === 3) throw error
    }
  }
}

async function hashSources(file: string, { optimization, inspect = false }: CompileOptions): Promise<string> {
  const sources = new Map<string, string>()
  await collect(resolve(file), sources)
  const hash = createHash('sha256')
  hash.update(JSON.stringify({ compiler: COMPILER_VERSION, optimization, inspect, main: basename(file) }))
  // By content, not by path: the same sources elsewhere are the same circuit.
  for (const content of [...sources.values()].sort()) hash.update(createHash('sha256').update(content).digest())
  return hash.digest('hex')
}

/** `file` and all it includes. */
async function collect(file: string, sources: Map<string, string>): Promise<void> {
  if (sources.has(file)) return
  const content = await readFile(file, 'utf8')
  sources.set(file, content)
  for (const [, included = ''] of content.matchAll(/^\s*include\s+"([^"]+)"/gm)) {
    const beside = resolve(dirname(file), included)
    await collect(existsSync(beside) ? beside : join(LIBRARIES, included), sources)
  }
}
