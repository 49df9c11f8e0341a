// Setup, snarkjs and ours in turns on the same files, both with all processors. JSON lines; times in ms, medians; how far long ones
// are is told on stderr.
//
//   npx tsx engine/bench/setup.ts CIRCUIT.r1cs PHASE1.ptau [rounds]    new key, contribution, beacon and check
//   npx tsx engine/bench/setup.ts phase1 [power] [rounds]              a phase 1 of 2^power powers, made here, prepared

import { readFile } from 'node:fs/promises'
// @ts-expect-error no types
import { curves, powersOfTau, zKey } from 'snarkjs'
import { Setup } from '../src/setup/setup.ts'
import { phase1 } from '../test/setup-oracles.ts'

const times = new Map<string, { ours: number[]; snarkjs: number[] }>()
async function timed<T>(what: string, who: 'ours' | 'snarkjs', work: () => Promise<T>): Promise<T> {
  const start = performance.now(), result = await work()
  const list = times.get(what) ?? { ours: [], snarkjs: [] }
  times.set(what, list)
  list[who].push(performance.now() - start)
  return result
}
const memory = (data?: Uint8Array) => ({ type: 'mem', ...(data ? { data } : {}) }) as { type: string; data: Uint8Array }
const written = async (make: (file: object) => Promise<unknown>) => {
  const file = memory()
  await make(file)
  return new Uint8Array(file.data)
}

/** Told on stderr, each tenth once. */
function progressOf(what: string): (done: number) => void {
  const start = performance.now()
  let last = 0
  return (done) => {
    if (Math.floor(10 * done) === last) return
    last = Math.floor(10 * done)
    console.error(`${what}: ${10 * last} %, ${Math.round((performance.now() - start) / 1000)} s`)
  }
}

/** A logger for snarkjs: its transforms, told on stderr as they begin. */
function loggerOf(what: string) {
  const start = performance.now()
  let last: string | undefined
  const tell = (line: unknown) => {
    const transform = /^\w+: fft +\d+/.exec(String(line))?.[0].replace(/ +/g, ' ')
    if (transform !== undefined && transform !== last) console.error(`${what}: ${(last = transform)}, ${Math.round((performance.now() - start) / 1000)} s`)
  }
  return { debug: tell, info: tell, warn: tell, error: tell }
}

async function keys(setup: Setup, r1csName: string, ptauName: string, rounds: number): Promise<void> {
  const [r1cs, ptau] = [new Uint8Array(await readFile(r1csName)), new Uint8Array(await readFile(ptauName))]
  const BEACON = { name: 'beacon', hash: new Uint8Array(32).fill(7), iterationsExponent: 10 }
  for (let round = 0; round < rounds; round++) {
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
    console.error(`round ${round + 1} of ${rounds}`)
  }
}

async function preparation(setup: Setup, power: number, rounds: number): Promise<void> {
  const unprepared = await phase1(power, 1, false)
  for (let round = 0; round < rounds; round++) {
    const ours = await timed('prepare_phase1', 'ours', () => setup.preparePhase1(unprepared, { onProgress: progressOf('ours') }))
    const theirs = await timed('prepare_phase1', 'snarkjs', () => written((to) => powersOfTau.preparePhase2(memory(unprepared), to, loggerOf('snarkjs'))))
    if (Buffer.compare(ours, theirs) !== 0) throw new Error('prepared phases 1 differ')
  }
}

const [first, second, rounds = '1'] = process.argv.slice(2)
const setup = await Setup.create()
let about = {}
if (first === 'phase1') {
  about = { power: Number(second ?? 12) }
  await preparation(setup, Number(second ?? 12), Number(rounds))
} else if (first && second) await keys(setup, first, second, Number(rounds))
else throw new Error('phase1, or a circuit and a phase 1')

const median = (list: number[]) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)]!
for (const [what, { ours, snarkjs }] of times) {
  console.log(JSON.stringify({ bench: `setup_${what}`, ...about, ours: Math.round(median(ours)), snarkjs: Math.round(median(snarkjs)), [`ratio_setup_${what}`]: Number((median(snarkjs) / median(ours)).toFixed(2)) }))
}
setup.close()
await (await curves.getCurveFromName('bn128')).terminate()
