/** A small circuit with a key of its own, made in seconds and kept in build/toy: for tests of everything around a proof. */

import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { curves, powersOfTau, zKey } from 'snarkjs'
import type { Artefacts } from '../../src/prover/protocol.ts'
import { compileCircuit } from '../../src/setup/compile.ts'

const BUILD = fileURLToPath(new URL('../../build/toy', import.meta.url))
const CIRCUIT = fileURLToPath(new URL('./toy/factors.circom', import.meta.url))

export interface Toy extends Artefacts {
  /** snarkjs's JSON. */
  readonly verificationKey: Record<string, unknown>
}

/** 3 · 5 = 15, label 7. */
export const factors = { product: '15', label: 7n, factor: ['3', '5'] } as const
export const TOY_PUBLICS = 3

export async function toy(): Promise<Toy> {
  const { r1cs, wasm, sourceHash } = await compileCircuit(CIRCUIT, join(BUILD, 'circuit'), { optimization: 2 })
  const directory = join(BUILD, sourceHash.slice(0, 16))
  const [zkey, verification] = [join(directory, 'factors.zkey'), join(directory, 'verification.json')]
  if (!existsSync(verification)) await makeKey(r1cs, directory, zkey, verification)
  return { wasm, zkey, verificationKey: JSON.parse(await readFile(verification, 'utf8')) }
}

async function makeKey(r1cs: string, directory: string, zkey: string, verification: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  const [powers, contributed, prepared, initial] = ['a.ptau', 'b.ptau', 'c.ptau', 'a.zkey'].map((name) => join(directory, name))
  const curve = await curves.getCurveFromName('bn128')
  await powersOfTau.newAccumulator(curve, 8, powers)
  await powersOfTau.contribute(powers, contributed, 'toy', 'toy entropy')
  await powersOfTau.preparePhase2(contributed, prepared)
  await zKey.newZKey(r1cs, prepared, initial)
  await zKey.contribute(initial, zkey, 'toy', 'toy entropy')
  await writeFile(`${verification}.part`, JSON.stringify(await zKey.exportVerificationKey(zkey)))
  await rename(`${verification}.part`, verification)
  await curve.terminate()
}
