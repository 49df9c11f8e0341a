/**
 * Whether a verification key may be used, by its transcript (SPEC §9.4): what the registry checks before it registers a
 * shape. It needs no zkey; that the zkey belongs to circuit and phase 1 is `verifyCeremony`'s, which the k organisations
 * who sign the registration have run.
 */

import { refuse } from '../errors/errors.ts'
import { parseVerificationKey, type VerificationKey } from '../verifier/groth16.ts'
import { requireChain } from './chain.ts'
import { type Mode, requirePhase1 } from './phase1.ts'
import { parseTranscript, type Transcript } from './transcript.ts'

/** The circuit that a key must be for. */
export interface ExpectedCircuit {
  readonly shape: string
  readonly publicInputs: number
  /** SHA-256 of the r1cs file. */
  readonly r1cs: string
}

export interface TrustworthyKey {
  readonly key: VerificationKey
  readonly transcript: Transcript
}

/**
 * Refuses a key that lets anyone forge, that is another circuit's, or whose ceremony is incomplete, altered or, outside
 * development, rests on a test phase 1.
 * @throws Refusal KEY_INVALID, TRANSCRIPT_INVALID
 */
export async function requireTrustworthyKey(verificationKey: unknown, transcript: unknown, mode: Mode, circuit: ExpectedCircuit): Promise<TrustworthyKey> {
  const key = parseVerificationKey(verificationKey)
  const parsed = parseTranscript(transcript)
  if (key.publicInputs !== circuit.publicInputs) refuse('KEY_INVALID', `the key has ${key.publicInputs} public inputs, ${circuit.shape} has ${circuit.publicInputs}`)
  if (parsed.shape !== circuit.shape || parsed.publicInputs !== circuit.publicInputs) refuse('KEY_INVALID', `the ceremony was for ${parsed.shape}, not for ${circuit.shape}`)
  if (parsed.r1cs !== circuit.r1cs) refuse('KEY_INVALID', `the ceremony was for another circuit than the ${circuit.shape} of this installation: the digest of its r1cs differs`)
  requirePhase1(parsed.phase1, mode)
  requireComplete(parsed)
  if (parsed.result?.verificationKey !== key.id) refuse('TRANSCRIPT_INVALID', 'the transcript is for another verification key')
  await requireChain(parsed, key.deltaText)
  return { key, transcript: parsed }
}

/** At least one contribution, then exactly one beacon, at the end. */
function requireComplete({ steps, result }: Transcript): void {
  const last = steps.at(-1)
  if (steps.length < 2 || last?.kind !== 'beacon' || steps.slice(0, -1).some(({ kind }) => kind !== 'contribution'))
    return refuse('KEY_INVALID', 'the ceremony needs at least one contribution and then one beacon')
  if (!result) refuse('TRANSCRIPT_INVALID', 'the ceremony has not been exported')
}
