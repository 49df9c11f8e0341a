/**
 * From everything that a proof is made of to an answer (SPEC §6.4, §6.5).
 *
 * Nothing here asks whether the statement holds, a credential is valid or a request is signed: that is select.ts. What is put
 * together is what the registry and the verifier check for themselves.
 */

import { disclosureOf, parameterCommitmentOf, pseudonymOf } from '../credential/commitment.ts'
import { encodeCode } from '../document/encoding.ts'
import { bug, invariant, refuse } from '../errors/errors.ts'
import { type Field, parseField, randomField, toField, ZERO } from '../field/field.ts'
import type { Digest } from '../hash/digest.ts'
import type { TreePath } from '../hash/tree.ts'
import type { CheckedStatement } from '../shape/pin.ts'
import { circuitInputs, type PlacedCredential, privateInputs } from '../shape/private-inputs.ts'
import { derivePublicInputs, type Facts } from '../shape/public-inputs.ts'
import { SHAPES, type ShapeName } from '../shape/shapes.ts'
import type { Answer, Groth16Proof, Submission } from '../shape/submission.ts'
import type { Operand } from '../statement/operand.ts'
import type { RequestElements } from '../statement/parameters.ts'
import { type RequestBody, requestDigest } from '../statement/request.ts'
import type { CircuitInputs } from './witness.ts'

/** What one proof is made of. */
export interface Material {
  readonly asked: CheckedStatement
  readonly request: RequestBody
  readonly parameters: RequestElements
  /** The verification key that the registry has for the shape. */
  readonly verificationKey: Digest
  /** In the order of the statement's documents. */
  readonly credentials: readonly PlacedCredential[]
  readonly holderSecret: Field
  readonly facts: Facts
  readonly directoryRoot: Field
  /** Root of the published set that the statement names, else 0. */
  readonly setRoot: Field
  /** The member's way to the root of whichever set the statement names. */
  readonly setPath?: TreePath
  /** The proof's clock, seconds. */
  readonly now: number
}

export interface Circuit {
  /** Makes a proof for a shape: a pool of workers, or one in this process. */
  prove(shape: ShapeName, inputs: CircuitInputs): Promise<{ readonly proof: Groth16Proof; /** Decimal, in the circuit's order. */ readonly publicInputs: readonly string[] }>
}

/**
 * Makes a proof and everything that goes with it, with fresh blindings.
 * @param verify  checks the answer as its verifier will, and throws when it does not hold
 * @throws Refusal RULE_FALSE when no witness exists; what `circuit` and `verify` refuse
 */
export async function makeAnswer(material: Material, circuit: Circuit, verify: (answer: Answer) => Promise<void>): Promise<Answer> {
  const draft = draftAnswer(material)
  const { proof, publicInputs } = await circuit.prove(material.asked.pinned.shape, draft.inputs)
  const answer = draft.complete(proof, publicInputs)
  await verify(answer)
  return answer
}

/** The circuit's inputs, and how its proof becomes an answer. */
export interface Draft {
  readonly inputs: CircuitInputs
  complete(proof: Groth16Proof, publicInputs: readonly string[]): Answer
}

export function draftAnswer(material: Material): Draft {
  const { asked, request, parameters, credentials, holderSecret, facts } = material
  const { pinned, statement } = asked
  const [parameterBlinding, disclosureBlinding] = [randomField(), randomField()]
  const { setRoot: parameterSetRoot, pseudonymScope } = parameters
  const pseudonym = statement.pseudonym === undefined ? ZERO : pseudonymOf(holderSecret, pseudonymScope)
  const values = statement.reveals.map((operand) => elementOf(operand, material))
  const withoutProof: Omit<Submission, 'proof'> = {
    origin: request.origin,
    statement: asked.hash,
    shape: pinned.shape,
    verificationKey: material.verificationKey,
    expires: request.expires,
    releaseKey: request.releaseKey,
    parameterCommitment: parameterCommitmentOf(parameters.elements, parameterSetRoot, pseudonymScope, parameterBlinding),
    request: requestDigest(request),
    directoryRoot: material.directoryRoot,
    setRoot: material.setRoot,
    now: material.now,
    nullifiers: statement.documents.map(() => ZERO),
    linkTags: statement.documents.map(() => ZERO),
    disclosure: disclosureOf(pseudonym, [0, 1, 2, 3].map((i) => values[i] ?? ZERO), disclosureBlinding),
    escrow: statement.escrow ? [ZERO, ZERO, ZERO, ZERO] : [],
  }
  const publics = namedInputs(pinned.shape, derivePublicInputs(asked, { ...withoutProof, proof: NO_PROOF }, facts))
  const secrets = { credentials, holderSecret, parameters: parameters.elements, parameterSetRoot, pseudonymScope, parameterBlinding, disclosureBlinding }
  const privates = privateInputs(pinned.shape, material.setPath ? { ...secrets, setPath: material.setPath } : secrets)

  return {
    inputs: circuitInputs(publics, privates),
    complete: (proof, publicInputs) => ({
      submission: { ...withoutProof, ...outputs(asked, publicInputs), proof },
      parameterBlinding,
      parameterSetRoot,
      pseudonym,
      values,
      texts: textsOf(material),
      disclosureBlinding,
    }),
  }
}

const OUTPUT = /^(nullifier|linkTag|disclosure|escrow)(\[|$)/
const NO_PROOF: Groth16Proof = { a: ['0', '0'], b: [['0', '0'], ['0', '0']], c: ['0', '0'] }

/** The public inputs that go into the circuit, by name; what it puts out itself is left out. */
function namedInputs(shape: ShapeName, values: readonly Field[]): Record<string, Field> {
  return Object.fromEntries(SHAPES[shape].publicInputs.flatMap((name, i) => (OUTPUT.test(name) ? [] : [[name, values[i] ?? bug(`no value for ${name}`)]])))
}

/** What the circuit put out, for the documents that the statement has. */
function outputs({ pinned, statement }: CheckedStatement, publicInputs: readonly string[]): Pick<Submission, 'nullifiers' | 'linkTags' | 'disclosure' | 'escrow'> {
  const { publicInputs: names, credentials } = SHAPES[pinned.shape]
  invariant(publicInputs.length === names.length, `${pinned.shape} has ${names.length} public inputs`)
  const value = (name: string): Field => parseField(publicInputs[names.indexOf(name)] ?? bug(`no output ${name}`))
  const each = (name: string): Field[] => statement.documents.map((_, i) => value(credentials === 1 ? name : `${name}[${i}]`))
  return {
    nullifiers: each('nullifier'),
    linkTags: each('linkTag'),
    disclosure: value('disclosure'),
    escrow: statement.escrow ? [0, 1, 2, 3].map((i) => value(`escrow[${i}]`)) : [],
  }
}

/** The element that an operand has in this proof. */
export function elementOf({ source }: Operand, { asked, credentials, parameters, now }: Material): Field {
  const { statement } = asked
  const placed = (document: string): PlacedCredential => credentials[statement.documents.indexOf(document)] ?? bug(`no credential for ${document}`)
  switch (source.from) {
    case 'field':
      return placed(source.document).credential.fields[source.slot] ?? bug(`no slot ${source.slot}`)
    case 'credential': {
      const { credential, issuerClass } = placed(source.document)
      if (source.member === 'issuer') return credential.issuer
      return source.member === 'class' ? encodeCode(issuerClass) : toField(credential[source.member])
    }
    case 'parameter':
      return parameters.elements[statement.parameters.findIndex(({ name }) => name === source.name)] ?? bug(`no parameter ${source.name}`)
    case 'now':
      return toField(now)
    case 'literal':
      return source.element
  }
}

/** The words behind the hashes of revealed texts. */
function textsOf({ asked: { statement }, credentials }: Material): Record<string, string> {
  const revealed = statement.reveals.flatMap(({ source, type, text }) => {
    if (type.as !== 'text' || source.from !== 'field') return []
    const words = credentials[statement.documents.indexOf(source.document)]?.credential.document.json[source.field]
    return [[text, typeof words === 'string' ? words : refuse('CREDENTIAL_INVALID', `${text} is not a text`)] as const]
  })
  return Object.fromEntries(revealed)
}
