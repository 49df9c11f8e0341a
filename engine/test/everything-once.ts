// Everything the engine does, once, with fixed randomness: the same whatever the threads.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { proveWith } from '../src/engine.ts'
import { Engine, Setup, prepareVerificationKey, verify, verifyBatch } from '../src/index.ts'
import { toLittleEndian } from '../src/files.ts'
import type { Arithmetic } from '../src/wasm/machine.ts'
import { SCALAR_ORDER as r } from '../src/wasm/msm.ts'
import { circuit } from './circuit.ts'

export interface Results { readonly threads: number; readonly sharedMemory: boolean; readonly made: Record<string, unknown> }

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const counting = () => { let n = 0n; return () => (++n * 0x123456789abcdef123456789abcdef123456789abcdefn) % r }

/** Of the circuit with `hashes` hashes and one range, which must have been made before. */
export async function everythingOnce(options: { arithmetic: Arithmetic; threads: number }, hashes: number): Promise<Results> {
  const files = await circuit(hashes, 1), folder = new URL(`../../build/engine/chain-${hashes}-1/`, import.meta.url)
  const [r1cs, ptau] = await Promise.all(['chain.r1cs', 'c.ptau'].map(async (name) => new Uint8Array(await readFile(new URL(name, folder)))))
  const engine = await Engine.create(options), key = engine.readKey(files.zkey)
  const { proof, publicSignals } = await proveWith(engine, counting(), key, files.witness)
  const prepared = await engine.prepareKey(key, 3), again = await proveWith(engine, counting(), prepared, files.witness)
  assert.deepEqual(again, { proof, publicSignals })

  const verificationKey = await prepareVerificationKey(files.verificationKey, options)
  const other = publicSignals.with(0, '1')
  const verified = [await verify(verificationKey, publicSignals, proof), await verify(verificationKey, other, proof)]
  const batch = await verifyBatch([publicSignals, other, publicSignals].map((signals) => ({ key: verificationKey, signals, proof })))

  const setup = await Setup.create(options)
  const initial = await setup.newKey(r1cs!, ptau!)
  const beacon = await setup.beacon(initial, { hash: new Uint8Array(32).fill(7), iterationsExponent: 10 })
  const checked = await setup.verifyKey((await setup.contribute(beacon.key)).key, r1cs!, ptau!)
  setup.close()

  const scalars = Array.from({ length: 5 }, (_, i) => BigInt(i + 1) ** 50n)
  const made = {
    proof, publicSignals, verified, batch, storedKey: digest(engine.storeKey(prepared)),
    newKey: digest(initial), beacon: digest(beacon.key), valid: checked.valid,
    poseidon: digest(engine.poseidon.hash(2, Uint8Array.from(scalars.slice(0, 4).flatMap((s) => [...toLittleEndian(s)])))),
    babyJubjub: engine.babyJubjub.multiplyBase(scalars).map((point) => point.map(String)),
  }
  const results = { threads: engine.threads, sharedMemory: engine.machine.shared, made }
  engine.close()
  return results
}
