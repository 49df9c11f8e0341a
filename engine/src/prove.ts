// Groth16 (J. Groth, "On the size of pairing-based non-interactive arguments", EUROCRYPT 2016), the prover:
//
//   A = α + Σ wᵢ·Aᵢ + r·δ      B = β + Σ wᵢ·Bᵢ + s·δ      C = Σ wᵢ·Cᵢ + Σ hⱼ·Hⱼ + s·A + r·B₁ − r·s·δ
//
// with hⱼ = a·b − c at the odd coset's j-th point (snarkjs keys hold H in that basis, the division by the vanishing
// polynomial included). The sums over the witness wait for nothing; the transform runs beside them, most urgent, since the
// sum over H waits for it.

import { MalformedFile, littleEndian, sections, toLittleEndian } from './files.ts'
import { ELEMENT, PAIR } from './wasm/field.ts'
import { bestLayout, digitsOf, jobsFor, product, workspaceFor, type Context } from './multiply.ts'
import { SCALAR_ORDER } from './wasm/msm.ts'
import type { Machine } from './wasm/machine.ts'
import type { Domain } from './domain.ts'
import type { ProvingKey } from './proving-key.ts'
import type { Pool } from './pool.ts'
import type { Proof } from './proof.ts'

export interface ProveOptions {
  /** Called with the share of the work done, in (0, 1]. */
  onProgress?: (done: number) => void
  signal?: AbortSignal
}

export type Randomness = () => bigint

/** Uniform below r: 48 bytes of the platform's generator, reduced. */
export const secureScalar: Randomness = () => littleEndian(crypto.getRandomValues(new Uint8Array(48))) % SCALAR_ORDER

/** The scalars of a .wtns file, or `witness` itself: 32 little-endian bytes a wire. @throws MalformedFile */
export function readWitness(witness: Uint8Array, wires: number): Uint8Array {
  if (String.fromCharCode(...witness.subarray(0, 4)) === 'wtns') {
    const parts = sections(witness, 'wtns', 2)
    const header = parts.get(1)
    if (header?.length !== 40 || littleEndian(header.subarray(4, 36)) !== SCALAR_ORDER) throw new MalformedFile('wtns: not over BN254')
    witness = parts.get(2) ?? new Uint8Array(0)
  }
  if (witness.length !== 32 * wires) throw new MalformedFile(`witness: not ${wires} wires`)
  const view = new DataView(witness.buffer, witness.byteOffset)
  const top = SCALAR_ORDER >> 192n
  for (let i = 0; i < wires; i++) {
    if (view.getBigUint64(32 * i + 24, true) >= top && littleEndian(witness.subarray(32 * i, 32 * i + 32)) >= SCALAR_ORDER) throw new MalformedFile(`witness: wire ${i} is not reduced`)
  }
  if (littleEndian(witness.subarray(0, 32)) !== 1n) throw new MalformedFile('witness: wire 0 is not 1')
  return witness
}

export async function prove(machine: Machine, pool: Pool, domain: Domain, key: ProvingKey, witnessFile: Uint8Array, random: Randomness, options: ProveOptions = {}): Promise<{ proof: Proof; publicSignals: string[] }> {
  const { signal } = options
  signal?.throwIfAborted()
  const witness = readWitness(witnessFile, key.wires)
  const publicSignals = Array.from({ length: key.publics }, (_, i) => littleEndian(witness.subarray(32 * (i + 1), 32 * (i + 2))).toString())
  const [r, s] = [random(), random()]
  const owned: number[] = []
  let failed = false // then nothing may begin any more: the memory is given back
  const allocate = (bytes: number) => {
    if (failed) throw new Error('the proof has failed')
    const at = machine.allocate(bytes)
    owned.push(at)
    return at
  }
  const { factors } = machine.program
  const { wireLayout, quotientLayout } = key
  // The same for every job, so that a thread's workspace is settled with its first.
  const workspace = Math.max(...[key.a, key.b1, key.b2, key.c].map((points) => workspaceFor(machine, points, wireLayout)), workspaceFor(machine, key.h, quotientLayout))
  const running: Promise<unknown>[] = []
  let planned = 0, done = 0
  const run: Pool['run'] = async (work, settings) => {
    if (failed) throw new Error('the proof has failed')
    planned++
    const job = pool.run(work, { ...settings, signal, workspace }).then(() => options.onProgress?.(++done / Math.max(planned, jobsExpected)))
    running.push(job)
    job.catch(() => {}) // its caller sees the error
    return job
  }
  const context: Context = { machine, allocate, run }

  const scalars = allocate(32 * (key.wires + 2))
  machine.bytes.set(witness, scalars)
  machine.bytes.set(toLittleEndian(r), scalars + 32 * key.wires)
  machine.bytes.set(toLittleEndian(s), scalars + 32 * (key.wires + 1))

  // Quotient: 5. Digits of the witness and of h: 2. Each sum, and its fold. The last sum: digits, one job, fold.
  const jobsExpected = 5 + 2 + [key.a, key.b1, key.b2, key.c].reduce((sum, p) => sum + jobsFor(p, wireLayout) + 1, 0) + jobsFor(key.h, quotientLayout) + 1 + 3

  async function quotient(): Promise<number> {
    const elements = allocate(ELEMENT * key.wires), values = allocate(32 * key.domain)
    const [a, b, c] = [0, 1, 2].map(() => allocate(PAIR * domain.pairs)) as [number, number, number]
    await run(() => [
      ['fr_import', elements, scalars, key.wires, factors.fr.fromPlain],
      ['evaluate', a, domain.pairs, key.matrixA.starts, key.matrixA.signals, key.matrixA.values, elements],
      ['evaluate', b, domain.pairs, key.matrixB.starts, key.matrixB.signals, key.matrixB.values, elements],
      ['multiplyPairs', c, a, b, domain.pairs],
    ], { urgency: 9 })
    await Promise.all([a, b, c].map((data) => run(() => [
      ['toCoefficients', data, domain.pairs, domain.inverseRoots],
      ['multiplyPairs', data, data, domain.shifts, domain.pairs],
      ['toValues', data, domain.pairs, domain.roots],
    ], { urgency: 9 })))
    await run(() => [['quotient', values, a, b, c, domain.pairs]], { urgency: 9 })
    return values
  }

  try {
    const values = quotient()
    const digits = digitsOf(context, scalars, key.wires + 2, wireLayout)
    const hSum = values.then(async (at) => product(context, key.h, await digitsOf(context, at, key.domain, quotientLayout), 1))
    const onWitness = async (points: ProvingKey['a'], urgency: number) => product(context, points, await digits, urgency)
    const [a, b1, b2, c, h] = await Promise.all([onWitness(key.a, 3), onWitness(key.b1, 4), onWitness(key.b2, 5), onWitness(key.c, 2), hSum])
    const last = await assemble(a, b1, c, h)
    const coordinate = read()
    return {
      proof: {
        pi_a: [coordinate(a, 0), coordinate(a, 1), '1'],
        pi_b: [[coordinate(b2, 0), coordinate(b2, 1)], [coordinate(b2, 2), coordinate(b2, 3)], ['1', '0']],
        pi_c: [coordinate(last, 0), coordinate(last, 1), '1'],
        protocol: 'groth16', curve: 'bn128',
      },
      publicSignals,
    }
  } catch (error) {
    failed = true
    throw error
  } finally {
    await Promise.allSettled(running)
    await pool.ended // so that nothing is written after it is wiped
    for (const at of owned) machine.release(at, true) // the witness in all its forms
    pool.wipe()
  }

  /** C = ΣC + ΣH + s·A + r·B₁ − r·s·δ, as a product of five points. */
  async function assemble(a: number, b1: number, c: number, h: number): Promise<number> {
    const terms = ([[c, 1n], [h, 1n], [a, s], [b1, r], [key.delta1, SCALAR_ORDER - (r * s) % SCALAR_ORDER]] as const).filter(([at]) => machine.bytes.subarray(at, at + 2 * ELEMENT).some((byte) => byte !== 0))
    const points = allocate(2 * ELEMENT * terms.length), indices = allocate(4 * terms.length), small = allocate(32 * terms.length)
    terms.forEach(([at, scalar], i) => {
      machine.bytes.copyWithin(points + 2 * ELEMENT * i, at, at + 2 * ELEMENT)
      new Uint32Array(machine.memory.buffer, indices, terms.length)[i] = i
      machine.bytes.set(toLittleEndian(scalar % SCALAR_ORDER), small + 32 * i)
    })
    return product(context, { group: 'g1', points, indices, count: terms.length }, await digitsOf(context, small, terms.length, bestLayout(terms.length)), 9)
  }

  function read(): (point: number, coordinate: number) => string {
    const bytes = allocate(32)
    return (point, k) => {
      machine.exports.fp_export!(bytes, point + ELEMENT * k, 1, factors.fp.toPlain)
      return littleEndian(machine.bytes.subarray(bytes, bytes + 32)).toString()
    }
  }
}
