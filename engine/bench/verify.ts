// Verification against snarkjs and mcl-wasm: one JSON line a number of public signals, times in milliseconds a proof. All ways take
// turns within a round; ratios are medians of the rounds' ratios.

import { verifyBatch } from '../src/pairing/batch.ts'
import { prepareVerificationKey, verify } from '../src/pairing/verify.ts'
import { SimulatedKey, scalar } from '../test/simulated-key.ts'
import { bySnarkjs, endSnarkjs, mclVerifier } from '../test/verify-oracles.ts'

const SIZES = [1, 8, 64, 256]
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!

/** Distinct valid proofs with full-size public signals, `rounds` rounds. */
export async function benchVerify(rounds = 7, counts: readonly number[] = [2, 17]): Promise<void> {
  const mcl = await mclVerifier()
  for (const count of counts) {
    const simulated = new SimulatedKey(count)
    const proofs = Array.from({ length: 64 }, (_, i) => {
      const signals = Array.from({ length: count }, (_, j) => scalar(i + 20, j + 20))
      return { signals: signals.map(String), proof: simulated.prove(signals, i + 1) }
    })
    const [key, plainKey] = [await prepareVerificationKey(simulated.json), await prepareVerificationKey(simulated.json, { arithmetic: 'i64' })]
    const mclKey = mcl.prepare(simulated.json)
    const single = (times: number, one: (proof: typeof proofs[0]) => unknown) => async () => {
      for (let i = 0; i < times; i++) if (!await one(proofs[i % 64]!)) throw new Error('a valid proof refused')
      return times
    }
    const batch = (from: typeof key, size: number) => async () => {
      const items = Array.from({ length: size }, (_, i) => ({ key: from, ...proofs[i % 64]! }))
      if (!(await verifyBatch(items)).every(({ accepted }) => accepted)) throw new Error('a valid proof refused')
      return size
    }
    const ways: Record<string, () => Promise<number>> = {
      snarkjs: single(2, ({ signals, proof }) => bySnarkjs(simulated.json, signals, proof)),
      mcl: single(6, ({ signals, proof }) => mcl.verify(mclKey, signals, proof)),
      single: single(30, ({ signals, proof }) => verify(key, signals, proof)),
      single_i64: single(15, ({ signals, proof }) => verify(plainKey, signals, proof)),
      ...Object.fromEntries(SIZES.flatMap((size) => [[`batch_${size}`, batch(key, size)], [`batch_${size}_i64`, batch(plainKey, size)]])),
    }
    const times: Record<string, number[]> = {}
    for (let round = -2; round < rounds; round++) {
      for (const [name, work] of Object.entries(ways)) {
        const start = performance.now()
        const done = await work()
        if (round >= 0) (times[name] ??= []).push((performance.now() - start) / done)
      }
    }
    const ratio = (a: string, b: string) => Number(median(times[a]!.map((time, i) => time / times[b]![i]!)).toPrecision(3))
    console.log(JSON.stringify({
      bench: 'verify', public_signals: count, rounds,
      ...Object.fromEntries(Object.entries(times).map(([name, list]) => [`${name}_ms`, Number(median(list).toPrecision(3))])),
      ratio_single_to_mcl: ratio('single', 'mcl'), ratio_single_to_snarkjs: ratio('single', 'snarkjs'), ratio_single_i64_to_mcl: ratio('single_i64', 'mcl'),
      ...Object.fromEntries(SIZES.flatMap((size) => ['', '_i64'].flatMap((kind) => [
        [`ratio_batch_${size}${kind}_to_single`, ratio(`batch_${size}${kind}`, `single${kind}`)], [`ratio_batch_${size}${kind}_to_mcl_single`, ratio(`batch_${size}${kind}`, 'mcl')],
      ]))),
    }))
  }
  await endSnarkjs()
}
