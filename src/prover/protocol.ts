/** What a service process and its proving worker say to each other (worker.ts). */

import type { Problem, RefusalCode } from '../errors/errors.ts'
import type { Groth16Proof } from '../shape/submission.ts'
import type { CircuitInputs } from './witness.ts'

/** Files of one shape. */
export interface Artefacts {
  /** The circuit's witness program, as `circom --wasm` wrote it. */
  readonly wasm: string
  /** The proving key. */
  readonly zkey: string
}

/** To the worker: make a proof. Secrets travel through the pipe between two processes of one machine, never through a file. */
export interface Task {
  readonly shape: string
  readonly artefacts: Artefacts
  readonly inputs: CircuitInputs
  /** How many public inputs the shape has. */
  readonly publics: number
}

export interface Proved {
  readonly proof: Groth16Proof
  /** The public inputs as the circuit computed them, decimal, in its order. */
  readonly publicInputs: readonly string[]
}

/** From the worker, one for each task. `failed` is a defect: its cause stays in the worker, since it could quote a value. */
export type Reply =
  | ({ readonly type: 'proved' } & Proved)
  | { readonly type: 'refused'; readonly code: RefusalCode; readonly message: string; readonly problems: readonly Problem[] }
  | { readonly type: 'failed' }
