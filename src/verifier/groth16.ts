/**
 * Groth16 over BN254 (SPEC §9.4): does this proof satisfy this key for these public inputs?
 *
 *     e(A, B) = e(alpha, beta) · e(IC0 + Σ input_i · IC_i, gamma) · e(C, delta)
 *
 * What comes from outside is parsed first (`parseVerificationKey`, `parseProof`), so that verification meets only points of
 * the right groups and reduced field elements. No snarkjs here: this folder is free of the GPL.
 */

import mcl from 'mcl-wasm'
import { InvalidInput, prepareVerificationKey, type PreparedVerificationKey, verify, verifyBatch } from '../../engine/src/index.ts'
import { Refusal, refuse } from '../errors/errors.ts'
import { type Field, parseField } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import { type Digest, digestJson } from '../hash/digest.ts'
import { type G1Point, type G1Text, G2_GENERATOR, type G2Point, type G2Text, parseG1, parseG1Text, parseG2, parseG2Text } from './points.ts'

/** A key whose points were checked. */
export interface VerificationKey {
  readonly id: Digest
  /** How many public inputs a proof under this key has. */
  readonly publicInputs: number
  /** delta in G2, as in the file: what a ceremony's last step must have led to. */
  readonly deltaText: G2Point['text']
  /** The engine's tables, made when first needed: some milliseconds, and 45 KB + 10 KB a public input that stay. */
  readonly prepared: () => Promise<PreparedVerificationKey>
}

/** The three points in their one spelling. That they are in their groups is checked with the equation. */
export interface ParsedProof {
  readonly a: G1Text
  readonly b: G2Text
  readonly c: G1Text
}

/** A proof, and under which key it is claimed to hold for which public inputs. */
export interface ProofClaim {
  readonly key: VerificationKey
  readonly publicInputs: readonly Field[]
  readonly proof: ParsedProof
}

/** What `verify` answers, or the refusal that it throws. */
export type Verdict = boolean | Refusal

/** What checks proofs; the one place to plug in another engine. */
export interface Verifier {
  /**
   * Whether `proof` holds for `publicInputs` (in the circuit's order); false for a wrong number of them.
   * @throws Refusal MALFORMED for a point off its group or at infinity
   */
  verify(key: VerificationKey, publicInputs: readonly Field[], proof: ParsedProof): Promise<boolean>

  /**
   * What `verify` says to each claim, of one key or of several, in a fraction of the time. A false proof passes with probability at
   * most 2^−128, whatever stands beside it; each one that is found costs some more checks of the others.
   */
  verifyAll(claims: readonly ProofClaim[]): Promise<readonly Verdict[]>
}

/** The id of a verification key: digest of label `verification-key` over its JSON. */
export function verificationKeyId(json: Json): Digest {
  return digestJson('verification-key', json)
}

const KEY_MEMBERS = ['protocol', 'curve', 'nPublic', 'vk_alpha_1', 'vk_beta_2', 'vk_gamma_2', 'vk_delta_2', 'IC']
const MAX_PUBLIC_INPUTS = 1000

/**
 * Reads a verification key: snarkjs's JSON without `vk_alphabeta_12`, which would only say again what alpha and beta say.
 *
 * Refuses what would let anyone forge: delta equal to gamma or its negative (A = alpha, B = beta, C = ∓Σ then verifies),
 * gamma other than the generator (no ceremony of this kind makes one), points off their groups or at infinity, a number of IC points
 * other than nPublic + 1.
 *
 * @throws Refusal KEY_INVALID
 */
export function parseVerificationKey(json: unknown): VerificationKey {
  const key = members(json)
  if (key.protocol !== 'groth16' || key.curve !== 'bn128') wrong('/protocol', 'groth16 over bn128')
  const { nPublic, IC } = key
  if (typeof nPublic !== 'number' || !Number.isInteger(nPublic) || nPublic < 1 || nPublic > MAX_PUBLIC_INPUTS) return wrong('/nPublic', `an integer from 1 to ${MAX_PUBLIC_INPUTS}`)
  if (!Array.isArray(IC) || IC.length !== nPublic + 1) return wrong('/IC', `${nPublic + 1} points`)
  affineG1(key.vk_alpha_1, '/vk_alpha_1')
  affineG2(key.vk_beta_2, '/vk_beta_2')
  const [gamma, delta] = [affineG2(key.vk_gamma_2, '/vk_gamma_2'), affineG2(key.vk_delta_2, '/vk_delta_2')]
  if (!gamma.point.isEqual(G2_GENERATOR.point)) wrong('/vk_gamma_2', 'the generator of G2')
  if (delta.point.isEqual(gamma.point) || mcl.neg(delta.point).isEqual(gamma.point)) wrong('/vk_delta_2', 'a delta that contributions have moved away from gamma')
  IC.forEach((point, i) => affineG1(point, `/IC/${i}`))
  let prepared: Promise<PreparedVerificationKey> | undefined
  return { id: verificationKeyId(json as Json), publicInputs: nPublic, deltaText: delta.text, prepared: () => (prepared ??= prepareVerificationKey(json)) }
}

/**
 * Reads the three points of a proof (SPEC §6.4).
 * @throws Refusal MALFORMED for further members, another spelling, a coordinate of q or more
 */
export function parseProof(json: unknown): ParsedProof {
  const known = typeof json === 'object' && json !== null && !Array.isArray(json) && Object.keys(json).length === 3
  if (!known) return refuse('MALFORMED', 'not a proof', [{ path: '/proof', expected: 'exactly a, b and c', got: 'something else' }])
  const { a, b, c } = json as Record<string, unknown>
  return { a: parseG1Text(a, '/proof/a'), b: parseG2Text(b, '/proof/b'), c: parseG1Text(c, '/proof/c') }
}

/**
 * Reads a list of public inputs that comes from outside: exactly as many as the key has, each in its one spelling. (Of a
 * submission they are derived, not read.)
 * @throws Refusal MALFORMED
 */
export function parsePublicInputs(json: unknown, key: VerificationKey): Field[] {
  const length = Array.isArray(json) ? json.length : undefined
  if (!Array.isArray(json) || length !== key.publicInputs)
    return refuse('MALFORMED', 'not the public inputs', [{ path: '/publicInputs', expected: `an array of ${key.publicInputs}`, got: length === undefined ? typeof json : `one of ${length}` }])
  return json.map((input, i) => parseField(input, `/publicInputs/${i}`))
}

/** Verification by the engine of engine/. */
export const engineVerifier: Verifier = {
  async verify(key, publicInputs, proof) {
    if (publicInputs.length !== key.publicInputs) return false
    try {
      return await verify(await key.prepared(), publicInputs, asSnarkjs(proof))
    } catch (error) {
      throw error instanceof InvalidInput ? noPoints() : error
    }
  },

  async verifyAll(claims) {
    const fits = ({ key, publicInputs }: ProofClaim): boolean => publicInputs.length === key.publicInputs
    const items = await Promise.all(claims.filter(fits).map(async ({ key, publicInputs, proof }) => ({ key: await key.prepared(), signals: publicInputs, proof: asSnarkjs(proof) })))
    const outcomes = (await verifyBatch(items)).values()
    return claims.map((claim) => {
      const { accepted = false, error } = fits(claim) ? (outcomes.next().value ?? {}) : {}
      return error ? noPoints() : accepted
    })
  },
}

function asSnarkjs({ a, b, c }: ParsedProof): object {
  return { pi_a: [...a, '1'], pi_b: [...b, ['1', '0']], pi_c: [...c, '1'], protocol: 'groth16', curve: 'bn128' }
}

function noPoints(): Refusal {
  return new Refusal('MALFORMED', 'not a proof', [{ path: '/proof', expected: 'points of G1, G2 and G1', got: 'one outside' }])
}

/** Whether a proof holds: `engineVerifier.verify`. */
export function verifyGroth16(key: VerificationKey, publicInputs: readonly Field[], proof: ParsedProof): Promise<boolean> {
  return engineVerifier.verify(key, publicInputs, proof)
}

function members(json: unknown): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return wrong('/', 'an object')
  const names = Object.keys(json)
  if (names.length !== KEY_MEMBERS.length || !KEY_MEMBERS.every((name) => names.includes(name))) return wrong('/', `exactly ${KEY_MEMBERS.join(', ')}`)
  return json as Record<string, unknown>
}

/** snarkjs writes keys in projective coordinates; only z = 1 is accepted. */
function affineG1(value: unknown, path: string): G1Point {
  if (!Array.isArray(value) || value.length !== 3 || value[2] !== '1') return wrong(path, 'three coordinates, the last "1"')
  return parseG1(value.slice(0, 2), path, 'KEY_INVALID')
}

function affineG2(value: unknown, path: string): G2Point {
  const z: unknown = Array.isArray(value) && value.length === 3 ? value[2] : undefined
  if (!Array.isArray(value) || !Array.isArray(z) || z.length !== 2 || z[0] !== '1' || z[1] !== '0') return wrong(path, 'three coordinates, the last ["1", "0"]')
  return parseG2(value.slice(0, 2), path, 'KEY_INVALID')
}

function wrong(path: string, expected: string): never {
  return refuse('KEY_INVALID', 'not a usable verification key', [{ path, expected, got: 'something else' }])
}
