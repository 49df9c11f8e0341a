// A program that proves four times and says how much memory it took at most, in MiB: snarkjs or this engine.
//
//   npx tsx engine/bench/memory.ts snarkjs|engine KEY.zkey WITNESS.wtns

import { readFile } from 'node:fs/promises'

const [who, zkeyFile, witnessFile] = process.argv.slice(2) as [string, string, string]
const [zkey, witness] = [new Uint8Array(await readFile(zkeyFile)), new Uint8Array(await readFile(witnessFile))]
let prove: () => Promise<unknown>
if (who === 'snarkjs') {
  // @ts-ignore no types everywhere
  const { groth16 } = await import('snarkjs')
  prove = () => groth16.prove(zkey, witness)
} else {
  const { Engine } = await import('../src/engine.ts')
  const engine = await Engine.create({ threads: 2 }), key = engine.readKey(zkey)
  prove = () => engine.prove(key, witness)
}
for (let i = 0; i < 4; i++) await prove()
// Where there is /proc: what `resourceUsage` tells begins with the memory of the program that started this one.
const peak = /VmHWM:\s+(\d+) kB/.exec(await readFile('/proc/self/status', 'utf8').catch(() => ''))?.[1]
console.log((peak ? Number(peak) : process.resourceUsage().maxRSS) / 1024)
process.exit(0)
