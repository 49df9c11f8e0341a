// Runs in the browser: snarkjs and this engine take turns. Answers lines for browser.ts.

import { Engine, WitnessCalculator, indexedDbStore, prepareVerificationKey, verify, type Proof, type ProvingKey } from '../src/index.ts'

declare const snarkjs: { groth16: {
  prove(zkey: Uint8Array, witness: Uint8Array, logger?: undefined, options?: { singleThread: boolean }): Promise<unknown>
  verify(key: unknown, signals: string[], proof: Proof): Promise<boolean>
} }

const bytes = async (path: string) => new Uint8Array(await (await fetch(path)).arrayBuffer())
const json = async (path: string) => (await fetch(path)).json()
const round = (x: number) => Number(x.toPrecision(3))
const median = (list: number[]) => list.toSorted((a, b) => a - b)[list.length >> 1]!
async function timed<T>(work: () => T | Promise<T>): Promise<[number, T]> {
  const start = performance.now(), value = await work()
  return [performance.now() - start, value]
}

async function lines(): Promise<object[]> {
  const { rounds, threads: counts, measure } = await json('/settings.json') as { rounds: number; threads: number[]; measure: boolean }
  const [zkey, wasm, inputs, verificationKey] = [await bytes('/zkey'), await bytes('/wasm'), await json('/inputs.json'), await json('/key.json')]
  const vk = await prepareVerificationKey(verificationKey)
  const [load, calculator] = await timed(() => WitnessCalculator.load(wasm))
  const [firstWitness, witness] = await timed(() => calculator.witness(inputs))
  const witnessMs = median(await series(rounds, () => calculator.witness(inputs)))
  const about = { isolated: crossOriginIsolated, processors: navigator.hardwareConcurrency, wires: calculator.wires, rounds, calculator_load_ms: round(load), first_witness_ms: round(firstWitness), witness_ms: round(witnessMs) }

  const out: object[] = []
  for (const threads of counts) {
    const engine = await Engine.create({ threads })
    const [read, plain] = await timed(() => engine.readKey(zkey))
    const [first] = await timed(() => engine.prove(plain, witness))
    const [prepare, made] = await timed(() => engine.openKey(zkey, { store: indexedDbStore(`bench-${threads}`), onProblem: stop }))
    made.release()
    let progress = 0 // must stay 0: the tables are there
    const [kept, tables] = await timed(() => engine.openKey(zkey, { store: indexedDbStore(`bench-${threads}`), onProblem: stop, onProgress: () => progress++ }))
    if (progress !== 0) throw new Error('the tables were not found in IndexedDB')
    const check = async (key: ProvingKey) => {
      const { proof, publicSignals } = await engine.prove(key, witness)
      if (!await verify(vk, publicSignals, proof)) throw new Error('we refuse')
      if (measure && !await snarkjs.groth16.verify(verificationKey, publicSignals, proof)) throw new Error('snarkjs refuses')
    }
    await check(plain)
    await check(tables)
    const line = { bench: 'prove-chromium', ...about, threads: engine.threads, arithmetic: engine.arithmetic, read_ms: round(read), first_ms: round(first), prepare_ms: round(prepare), read_stored_ms: round(kept) }
    if (!measure) {
      out.push({ ...line, policy: 'no workers', engine_ms: round(median(await series(rounds, () => engine.prove(plain, witness)))) })
      engine.close()
      continue
    }
    const times: Record<'snarkjs' | 'engine' | 'prepared', number[]> = { snarkjs: [], engine: [], prepared: [] }
    for (let i = -1; i < rounds; i++) {
      const [theirs] = await timed(() => snarkjs.groth16.prove(zkey, witness, undefined, { singleThread: threads === 1 }))
      const [ours] = await timed(() => engine.prove(plain, witness))
      const [prepared] = await timed(() => engine.prove(tables, witness))
      if (i >= 0) { times.snarkjs.push(theirs); times.engine.push(ours); times.prepared.push(prepared) }
    }
    const ratio = (who: 'engine' | 'prepared') => round(median(times.snarkjs.map((time, i) => time / times[who][i]!)))
    out.push({
      ...line, snarkjs_ms: round(median(times.snarkjs)), engine_ms: round(median(times.engine)), prepared_ms: round(median(times.prepared)),
      [`ratio_snarkjs_${threads}_threads_chromium`]: ratio('engine'), [`ratio_snarkjs_${threads}_threads_chromium_prepared`]: ratio('prepared'),
    })
    engine.close()
  }
  return out
}

async function series(rounds: number, work: () => unknown): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < rounds; i++) times.push((await timed(work))[0])
  return times
}

function stop(problem: unknown): never { throw problem }

lines().catch((error) => [{ error: String(error?.stack ?? error) }]).then((result) => fetch('/result', { method: 'POST', body: JSON.stringify(result) }))
