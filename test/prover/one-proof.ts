/** Makes one proof of the toy circuit and closes its engine; then nothing keeps the process. */

import { readFile } from 'node:fs/promises'
import { EngineProver } from '../../src/prover/engine.ts'
import { WitnessCalculator } from '../../src/prover/witness.ts'
import { factors, toy } from './toy.ts'

const { wasm, zkey } = await toy()
const witness = (await WitnessCalculator.load(await readFile(wasm))).witness(factors)
const prover = new EngineProver()
await prover.prove({ shape: 'toy', zkey: await readFile(zkey) }, witness)
await prover.close()
console.log('closed')
