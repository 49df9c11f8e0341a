/**
 * What is found out before a command is decided: by reading the store, and by the checks that take long or are another
 * module's. `decide` gets the results as facts.
 */

import { Refusal } from '../errors/errors.ts'
import type { Field } from '../field/field.ts'
import { SHAPES, type ShapeName } from '../shape/shapes.ts'
import type { Groth16Proof } from '../shape/submission.ts'
import { requireTrustworthyKey } from '../setup/trust.ts'
import { engineVerifier, parseProof, parseVerificationKey, type ProofClaim as ParsedClaim, type Verdict, type VerificationKey } from '../verifier/groth16.ts'
import type { Command, CommandBody, Mode } from './command.ts'
import { readSubmission, recordsSame, requireAcceptable } from './commands/acceptance.ts'
import { Signers } from './commands/authority.ts'
import { isShape } from './commands/statements.ts'
import type { Entry } from './entry.ts'
import type { Facts } from './outcome.ts'
import type { RegisteredShape, State } from './state.ts'

/** A submission's proof, and for which public inputs of which shape it is claimed to hold. */
export interface ProofClaim {
  readonly shape: RegisteredShape
  readonly publicInputs: readonly Field[]
  readonly proof: Groth16Proof
}

export interface Checks {
  /** Whether the proof holds. @throws Refusal MALFORMED for coordinates that are no points */
  proof(claim: ProofClaim): Promise<boolean>
  /** What `proof` answers to each, or the refusal that it throws. */
  proofs(claims: readonly ProofClaim[]): Promise<readonly Verdict[]>
  /** @throws Refusal KEY_INVALID, TRANSCRIPT_INVALID */
  key(shape: ShapeName, body: CommandBody<'shape.register'>, mode: Mode): Promise<void>
}

export interface Reads {
  spentBy(nullifiers: readonly string[]): Promise<ReadonlyMap<string, Entry>>
  nonceUsedBy(nonce: string): Promise<Entry | undefined>
}

/** The facts about a command. What `decide` refuses anyway is not looked into. */
export async function factsFor(command: Command, state: State, at: number, checks: Checks, reads: Reads): Promise<Facts> {
  const { nonce } = command.body
  const earlier = nonce === undefined ? undefined : await reads.nonceUsedBy(nonce)
  const common = { spent: new Map<string, Entry>(), ...(earlier && { nonce: { index: earlier.index, body: earlier.body } }) }
  if (command.body.type === 'proof.submit') return { ...common, ...(await proofFacts(command.body as CommandBody<'proof.submit'>, state, at, checks, reads)) }
  if (command.body.type === 'shape.register' && isByGovernors(command, state)) return { ...common, ...(await keyFacts(command.body as CommandBody<'shape.register'>, state, checks)) }
  return common
}

async function proofFacts({ submission: json }: CommandBody<'proof.submit'>, state: State, at: number, checks: Checks, reads: Reads): Promise<Pick<Facts, 'spent' | 'proof'>> {
  const { submission, facts } = readSubmission(json, state)
  const spent = await reads.spentBy(submission.nullifiers.map(String))
  if ([...spent.values()].some((entry) => recordsSame(entry, facts))) return { spent }
  const { shape, publicInputs, checked } = requireAcceptable(json, state, at)
  const valid = await checks.proof({ shape, publicInputs, proof: submission.proof })
  return { spent, proof: { checked, valid } }
}

/** A ceremony takes seconds to check: nobody but governors makes this registry do it. */
function isByGovernors(command: Command, state: State): boolean {
  try {
    return new Signers(state, command).areGovernors()
  } catch (error) {
    if (error instanceof Refusal) return false
    throw error
  }
}

async function keyFacts(body: CommandBody<'shape.register'>, state: State, checks: Checks): Promise<Pick<Facts, 'keyRefusal'>> {
  if (!isShape(body.shape)) return {}
  try {
    await checks.key(body.shape, body, state.mode)
    return {}
  } catch (error) {
    if (error instanceof Refusal) return { keyRefusal: error }
    throw error
  }
}

/**
 * The checks of a real registry: the engine for proofs, the ceremony's rules for keys.
 * @param circuits SHA-256 of the r1cs file that each shape's key must be for
 */
export function realChecks(circuits: Readonly<Record<ShapeName, string>>): Checks {
  const prepared = new Map<string, VerificationKey>() // pairings of the fixed points, once for each key
  const parsed = ({ shape: { key: id, verificationKey }, publicInputs, proof }: ProofClaim): ParsedClaim => {
    const key = prepared.get(id) ?? parseVerificationKey(verificationKey)
    prepared.set(id, key)
    return { key, publicInputs, proof: parseProof(proof) }
  }
  return {
    async proof(claim) {
      const { key, publicInputs, proof } = parsed(claim)
      return engineVerifier.verify(key, publicInputs, proof)
    },
    async proofs(claims) {
      return engineVerifier.verifyAll(claims.map(parsed))
    },
    async key(shape, { verificationKey, transcript, provingKey }, mode) {
      const publicInputs = SHAPES[shape].publicInputs.length
      const trusted = await requireTrustworthyKey(verificationKey, transcript, mode, { shape, publicInputs, r1cs: circuits[shape] })
      if (trusted.transcript.result?.provingKey !== provingKey) throw new Refusal('TRANSCRIPT_INVALID', 'the transcript is for another proving key')
    },
  }
}
