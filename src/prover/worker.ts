/**
 * A proving worker: a process of its own that computes witness and proof of one task after another.
 *
 * A process, not a thread: one that runs out of memory, hangs or is cancelled can be ended without hurting the service. It
 * writes to no stream, and to disk only what it computes from proving keys, beside them. It ends when the service does (its channel closes), not on the terminal's signals: a proof under way is
 * finished.
 */

import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Refusal, refuse } from '../errors/errors.ts'
import { EngineProver, type ProvingKey } from './engine.ts'
import type { Artefacts, Reply, Task } from './protocol.ts'
import { publicWires, WitnessCalculator } from './witness.ts'

interface Loaded {
  readonly key: ProvingKey
  readonly calculator: WitnessCalculator
}

const engine = new EngineProver()
const loaded = new Map<string, Loaded>()

async function load(shape: string, { wasm, zkey }: Artefacts): Promise<Loaded> {
  const known = loaded.get(shape)
  if (known) return known
  const read = (path: string) => readFile(path).catch(() => refuse('NOT_READY', `the proving artefacts of shape ${shape} are not there yet`))
  const fresh = { key: { shape, zkey: await read(zkey), tables: join(dirname(zkey), 'tables') }, calculator: await WitnessCalculator.load(await read(wasm)) }
  loaded.set(shape, fresh)
  return fresh
}

async function prove({ shape, artefacts, inputs, publics }: Task): Promise<Reply> {
  const { key, calculator } = await load(shape, artefacts)
  const witness = calculator.witness(inputs)
  const publicInputs = publicWires(witness, publics).map(String)
  return { type: 'proved', proof: await engine.prove(key, witness), publicInputs }
}

function failure(error: unknown): Reply {
  if (!(error instanceof Refusal)) return { type: 'failed' }
  const { code, message, problems } = error
  return { type: 'refused', code, message, problems }
}

const say = (reply: Reply): void => void process.send?.(reply)

process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
process.on('disconnect', () => process.exit())
process.on('message', (task: Task) => void prove(task).catch(failure).then(say))
