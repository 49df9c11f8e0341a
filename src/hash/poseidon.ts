/**
 * Labelled Poseidon over BN254's scalar field (SPEC §2.2).
 *
 *     hash('holder', [secret, org]) = Poseidon permutation of (label, secret, org), first element
 *
 * Parameters are circomlib's (x^5, 8 full rounds, the partial rounds below); the label sits in the capacity element that
 * circomlib leaves 0, so it costs a circuit nothing. The permutation here is @noble/curves', with constants from its Grain
 * generator; `accelerate` exchanges it for a faster one of the same values.
 */

import { grainGenConstants, poseidon } from '@noble/curves/abstract/poseidon.js'
import { bn254 } from '@noble/curves/bn254.js'
import { bug } from '../errors/errors.ts'
import type { Field } from '../field/field.ts'
import { labelElement, POSEIDON_LABELS, type PoseidonLabel } from './labels.ts'

/** Partial rounds by number of inputs, 1 to 16 (Poseidon paper, table 8; the values circomlib uses). */
const PARTIAL_ROUNDS = [56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68] as const

/** First element of the permutation of (capacity, inputs…). */
export type Permutation = (capacity: bigint, inputs: readonly bigint[]) => bigint

const capacities = new Map<PoseidonLabel, bigint>(POSEIDON_LABELS.map((label) => [label, labelElement(label)]))
const pure = new Map<number, (state: bigint[]) => bigint[]>()
let permutation: Permutation = purePermutation

/** Hash of 1 to 16 elements under a label. */
export function hash(label: PoseidonLabel, inputs: readonly Field[]): Field {
  return permutation(capacities.get(label) ?? bug(`no label ${label}`), inputs) as Field
}

/** circomlib's own Poseidon, capacity 0: only for EdDSA-Poseidon signatures. */
export function unlabelledHash(inputs: readonly Field[]): Field {
  return permutation(0n, inputs) as Field
}

/** Uses another implementation of the same permutation from now on (see poseidon-wasm.ts). */
export function accelerate(faster: Permutation): void {
  permutation = faster
}

/** The reference implementation, always available for comparison. */
export function purePermutation(capacity: bigint, inputs: readonly bigint[]): bigint {
  const width = inputs.length + 1
  let permute = pure.get(width)
  if (!permute) {
    const roundsPartial = PARTIAL_ROUNDS[inputs.length - 1] ?? bug(`Poseidon takes 1 to 16 inputs, not ${inputs.length}`)
    const shape = { Fp: bn254.fields.Fr, t: width, roundsFull: 8, roundsPartial, sboxPower: 5 }
    permute = poseidon({ ...shape, ...grainGenConstants(shape) })
    pure.set(width, permute)
  }
  return permute([capacity, ...inputs])[0] ?? bug('empty Poseidon state')
}
