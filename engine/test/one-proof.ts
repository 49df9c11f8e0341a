// A whole program: proves once with two threads and says so. Nothing here closes the engine or exits.

import { Engine } from '../src/index.ts'
import { circuit } from './circuit.ts'

const { zkey, witness } = await circuit(3, 2)
const engine = await Engine.create({ threads: 2 })
const { publicSignals } = await engine.prove(engine.readKey(zkey), witness)
console.log('proved', publicSignals[0])
