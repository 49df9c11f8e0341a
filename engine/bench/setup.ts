// npx tsx engine/bench/setup.ts CIRCUIT.r1cs PHASE1.ptau [rounds]: new key, contribution, beacon and check, snarkjs and ours in turns
// on the same files, both with all processors. JSON lines; times in ms, medians.

import { readFile } from 'node:fs/promises'
// @ts-expect-error no types
import { zKey, curves } from 'snarkjs'
import { Setup } from '../src/setup/setup.ts'

const [r1csName, ptauName, rounds = '1'] = process.argv.slice(2)
if (!r1csName || !ptauName) throw new Error('a circuit and a phase 1')
const [r1cs, ptau] = [new Uint8Array(await readFile(r1csName)), new Uint8Array(await readFile(ptauName))]
const memory = (data?: Uint8Array) => ({ type: 'mem', ...(data ? { data } : {}) }) as { type: string; data: Uint8Array }
const BEACON = { name: 'beacon', hash: new Uint8Array(32).fill(7), iterationsExponent: 10 }

const times = new Map<string, { ours: number[]; snarkjs: number[] }>()
async function timed<T>(what: string, who: 'ours' | 'snarkjs', work: () => Promise<T>): Promise<T> {
  const start = performance.now(), result = await work()
  const list = times.get(what) ?? { ours: [], snarkjs: [] }
  times.set(what, list)
  list[who].push(performance.now() - start)
  return result
}
const written = async (make: (file: object) => Promise<unknown>) => {
  const file = memory()
  await make(file)
  return new Uint8Array(file.data)
}

const setup = await Setup.create()
for (let round = 0; round < Number(rounds); round++) {
  const initial = await timed('new_key', 'ours', () => setup.newKey(r1cs, ptau))
  const theirs = await timed('new_key', 'snarkjs', () => written((to) => zKey.newZKey(memory(r1cs), memory(ptau), to)))
  if (Buffer.compare(initial, theirs) !== 0) throw new Error('new keys differ')
  const contributed = (await timed('contribute', 'ours', () => setup.contribute(initial, { name: 'one' }))).key
  await timed('contribute', 'snarkjs', () => written((to) => zKey.contribute(memory(initial), to, 'one', 'entropy')))
  const last = (await timed('beacon', 'ours', () => setup.beacon(contributed, BEACON))).key
  const same = await timed('beacon', 'snarkjs', () => written((to) => zKey.beacon(memory(contributed), to, BEACON.name, Buffer.from(BEACON.hash).toString('hex'), 10)))
  if (Buffer.compare(last, same) !== 0) throw new Error('beacons differ')
  const { valid } = await timed('check', 'ours', () => setup.verifyKey(last, r1cs, ptau))
  const accepted = await timed('check', 'snarkjs', () => zKey.verifyFromR1cs(memory(r1cs), memory(ptau), memory(last)))
  if (!valid || accepted !== true) throw new Error('the key is refused')
}
const median = (list: number[]) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)]!
for (const [what, { ours, snarkjs }] of times) {
  console.log(JSON.stringify({ bench: `setup_${what}`, ours: Math.round(median(ours)), snarkjs: Math.round(median(snarkjs)), [`ratio_setup_${what}`]: Number((median(snarkjs) / median(ours)).toFixed(2)) }))
}
setup.close()
await (await curves.getCurveFromName('bn128')).terminate()
