// A prepared phase 1 (snarkjs's .ptau): powers of tau, and the same in the Lagrange bases of every size.

import { MalformedFile, littleEndian, sections } from '../files.ts'
import { BASE_ORDER } from '../wasm/machine.ts'
import { RAW } from './program.ts'

export interface Phase1 {
  readonly power: number
  readonly file: Uint8Array
  /** Bytes of points: tau^i in G1 (2^(power+1) − 1 of them) and in G2, alpha·tau^i and beta·tau^i in G1. */
  readonly tau1: Uint8Array
  readonly tau2: Uint8Array
  readonly alpha1: Uint8Array
  readonly beta1: Uint8Array
  readonly beta2: Uint8Array
  /** Bytes of the basis of a size of 2^k, k ≤ power (and power + 1 of tau in G1). */
  basis(of: 'tau1' | 'tau2' | 'alpha1' | 'beta1', k: number): Uint8Array
}

const SECTIONS = { tau1: 12, tau2: 13, alpha1: 14, beta1: 15 } as const

/** @throws MalformedFile, also where it is not prepared */
export function readPhase1(file: Uint8Array): Phase1 {
  const parts = sections(file, 'ptau', 1)
  const malformed = (what: string): never => { throw new MalformedFile(`ptau: ${what}`) }
  const header = parts.get(1)
  if (header?.length !== 44 || littleEndian(header.subarray(4, 36)) !== BASE_ORDER) return malformed('not over BN254')
  const power = new DataView(header.buffer, header.byteOffset).getUint32(36, true)
  if (power < 1 || power > 28) malformed('an impossible power')
  const n = 2 ** power
  const part = (type: number, length: number) => {
    const bytes = parts.get(type)
    return bytes?.length === length ? bytes : malformed(`section ${type} is missing or has a wrong size`)
  }
  const bases = {
    tau1: part(SECTIONS.tau1, RAW.g1 * (4 * n - 1)), tau2: part(SECTIONS.tau2, RAW.g2 * (2 * n - 1)),
    alpha1: part(SECTIONS.alpha1, RAW.g1 * (2 * n - 1)), beta1: part(SECTIONS.beta1, RAW.g1 * (2 * n - 1)),
  }
  return {
    power, file, tau1: part(2, RAW.g1 * (2 * n - 1)), tau2: part(3, RAW.g2 * n),
    alpha1: part(4, RAW.g1 * n), beta1: part(5, RAW.g1 * n), beta2: part(6, RAW.g2),
    basis(of, k) {
      const size = of === 'tau2' ? RAW.g2 : RAW.g1
      return bases[of].subarray(size * (2 ** k - 1), size * (2 ** (k + 1) - 1))
    },
  }
}
