// A whole program: proves once with two threads and says so. Nothing here closes the engine or exits. With `later`, tables are still
// being made when it ends.

import { Engine } from '../src/index.ts'
import { circuit } from './circuit.ts'

const { zkey, witness } = await circuit(3, 2)
const engine = await Engine.create({ threads: 2 })
const key = process.argv[2] === 'later' ? await engine.openKey(zkey, { wait: false, blocks: 32 }) : engine.readKey(zkey)
const { publicSignals } = await engine.prove(key, witness)
console.log('proved', publicSignals[0])
