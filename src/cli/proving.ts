/**
 * Proving in this process, and where its artefacts come from: the home directory, this installation's build/ when it has the very
 * key that the registry names, or the registry, by hash.
 */

import { createWriteStream, existsSync } from 'node:fs'
import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { refuse } from '../errors/errors.ts'
import { EngineProver } from '../prover/engine.ts'
import type { Circuit } from '../prover/proof.ts'
import type { Artefacts } from '../prover/protocol.ts'
import { publicWires, WitnessCalculator } from '../prover/witness.ts'
import { compileShape } from '../setup/compile.ts'
import { sha256OfFile } from '../setup/digests.ts'
import { type ShapeName, SHAPES } from '../shape/shapes.ts'
import type { View } from '../view/view.ts'
import type { Session } from './command.ts'
import type { Home } from './home.ts'
import { registryOf } from './link.ts'

const BUILD = fileURLToPath(new URL('../../build', import.meta.url))

/** The artefacts of a shape, fetched when they are not here. The witness program comes from the circuits of this installation. */
export async function artefactsOf(session: Session, home: Home, view: View, shape: ShapeName): Promise<Artefacts> {
  const key = view.shapes.get(shape)?.findLast(({ status }) => status === 'active') ?? refuse('UNKNOWN_SHAPE', `the registry has no active key of ${shape}`)
  const { wasm } = await compileShape(shape, BUILD)
  const [kept, built] = [home.data('proving-keys', `${key.provingKey}.zkey`), join(BUILD, 'keys', shape, 'proving.zkey')]
  if (existsSync(kept) && (await sha256OfFile(kept)) === key.provingKey) return { wasm, zkey: kept }
  if (existsSync(built) && (await sha256OfFile(built)) === key.provingKey) return { wasm, zkey: built }
  const { client } = registryOf(home)
  const size = (await client.files()).find(({ digest }) => digest === key.provingKey)?.bytes ?? refuse('NOT_READY', `the registry does not serve the proving key of ${shape}`)
  const bytes = await client.file(key.provingKey, (done) => session.progress.update(`proving key of ${shape}`, done / size))
  await pipeline([bytes], createWriteStream(`${kept}.part`, { mode: 0o600 }))
  await rename(`${kept}.part`, kept)
  return { wasm, zkey: kept }
}

interface Loaded {
  readonly zkey: Uint8Array
  readonly calculator: WitnessCalculator
}

/** Keys and witness programs that this process has read: a process that proves twice reads once. */
const loaded = new Map<string, Promise<Loaded>>()

let engine: EngineProver | undefined

/** Makes proofs in this process. */
export function localCircuit({ wasm, zkey }: Artefacts): Circuit {
  return {
    prove: async (shape, inputs) => {
      engine ??= new EngineProver()
      const ready = loaded.get(zkey) ?? load(wasm, zkey)
      loaded.set(zkey, ready)
      const { calculator, zkey: key } = await ready
      const witness = calculator.witness(inputs)
      return { proof: await engine.prove({ shape, zkey: key }, witness), publicInputs: publicWires(witness, SHAPES[shape].publicInputs.length).map(String) }
    },
  }
}

export async function endProving(): Promise<void> {
  await engine?.close()
  engine = undefined
}

async function load(wasm: string, zkey: string): Promise<Loaded> {
  return { calculator: await WitnessCalculator.load(await readFile(wasm)), zkey: await readFile(zkey) }
}
