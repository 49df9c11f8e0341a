/**
 * A circuit's inputs by their names in the circuit (SPEC §5.5), from credentials and their paths.
 */

import type { CheckedCredential } from '../credential/credential.ts'
import type { StatusPath } from '../credential/status-list.ts'
import { encodeCode } from '../document/encoding.ts'
import { bug, invariant } from '../errors/errors.ts'
import type { Field } from '../field/field.ts'
import type { TreePath } from '../hash/tree.ts'
import { SET_DEPTH } from '../statement/set.ts'
import { type ShapeName, SHAPES } from './shapes.ts'

export type CircuitInput = bigint | readonly CircuitInput[]

/** One credential with where it stands in its status list and the directory. */
export interface PlacedCredential {
  readonly credential: CheckedCredential
  /** The class of the directory leaf. */
  readonly issuerClass: string
  readonly status: StatusPath
  readonly directory: TreePath
}

export interface Secrets {
  /** In the order of the statement's documents. */
  readonly credentials: readonly PlacedCredential[]
  readonly holderSecret: Field
  /** Six. */
  readonly parameters: readonly Field[]
  /** Root of a `$set`, else 0. */
  readonly parameterSetRoot: Field
  /** 0 without a pseudonym. */
  readonly pseudonymScope: Field
  readonly parameterBlinding: Field
  readonly disclosureBlinding: Field
  /** The member's way to the set's root, when the statement has a membership. */
  readonly setPath?: TreePath
}

const PER_CREDENTIAL: Readonly<Record<string, (placed: PlacedCredential) => CircuitInput>> = {
  fields: ({ credential }) => credential.fields,
  serial: ({ credential }) => credential.serial,
  listId: ({ credential }) => credential.listId,
  issuedAt: ({ credential }) => BigInt(credential.issuedAt),
  expiresAt: ({ credential }) => BigInt(credential.expiresAt),
  documentHash: ({ credential }) => credential.documentHash,
  issuerOrg: ({ credential }) => credential.issuer,
  issuerClass: ({ issuerClass }) => encodeCode(issuerClass),
  issuingKey: ({ credential }) => [credential.issuingKey.x, credential.issuingKey.y],
  signatureR8: ({ credential }) => credential.signature.r8,
  signatureS: ({ credential }) => credential.signature.s,
  statusWordIndex: ({ status }) => BigInt(status.wordIndex),
  statusByte: ({ status }) => BigInt(status.byte),
  statusBit: ({ status }) => BigInt(status.bit),
  statusWord: ({ status }) => status.word,
  statusSiblings: ({ status }) => status.path.siblings,
  directoryPosition: ({ directory }) => BigInt(directory.position),
  directorySiblings: ({ directory }) => directory.siblings,
}

/** The private inputs. A second place without a document is filled with 0. */
export function privateInputs(shape: ShapeName, secrets: Secrets): Record<string, CircuitInput> {
  const { credentials: places, setMembership } = SHAPES[shape]
  const [first, second] = secrets.credentials
  if (!first || secrets.credentials.length > places) return bug(`${shape} takes 1 to ${places} credentials`)
  invariant(secrets.parameters.length === 6, 'six parameters')
  const perCredential = Object.entries(PER_CREDENTIAL).map(([name, read]) => {
    const values = [read(first)]
    if (places === 2) values.push(second ? read(second) : zeros(values[0] ?? 0n))
    return [name, values] as const
  })
  const path = secrets.setPath ?? { position: 0, siblings: Array.from({ length: SET_DEPTH }, () => [0n, 0n, 0n]) }
  return {
    ...Object.fromEntries(perCredential),
    holderSecret: secrets.holderSecret,
    parameter: secrets.parameters,
    pseudonymScope: secrets.pseudonymScope,
    parameterBlinding: secrets.parameterBlinding,
    disclosureBlinding: secrets.disclosureBlinding,
    ...(setMembership && { parameterSetRoot: secrets.parameterSetRoot, setPosition: BigInt(path.position), setSiblings: path.siblings }),
  }
}

/** All inputs of a circuit: public ones by their names in SPEC §5.4 (`literal[0]`), private ones as they are. */
export function circuitInputs(publics: Readonly<Record<string, Field>>, privates: Readonly<Record<string, CircuitInput>>): Record<string, CircuitInput> {
  const arrays: Record<string, CircuitInput[]> = {}
  const singles: Record<string, CircuitInput> = {}
  for (const [name, value] of Object.entries(publics)) {
    const [, array, index] = /^(\w+)\[(\d+)\]$/.exec(name) ?? []
    if (array === undefined) singles[name] = value
    else (arrays[array] ??= [])[Number(index)] = value
  }
  return { ...singles, ...arrays, ...privates }
}

function zeros(like: CircuitInput): CircuitInput {
  return typeof like === 'bigint' ? 0n : like.map(zeros)
}
