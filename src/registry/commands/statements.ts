/**
 * Shapes with their verification keys, the statements that use them, and the protocol's version.
 */

import { refuse } from '../../errors/errors.ts'
import { parseField } from '../../field/field.ts'
import { type Digest, digestJson } from '../../hash/digest.ts'
import { parsePinned } from '../../shape/pin.ts'
import { type ShapeName, SHAPES } from '../../shape/shapes.ts'
import type { Statement } from '../../statement/compiler.ts'
import { verificationKeyId } from '../../verifier/groth16.ts'
import type { Handler } from '../outcome.ts'
import type { State } from '../state.ts'
import type { Signers } from './authority.ts'
import { memberType } from './publications.ts'

/** The protocol versions that this software can follow. */
const LATEST_PROTOCOL = 1

/** k governors vouch that they ran the ceremony; that its transcript and key hold is one of the facts. */
export const registerShape: Handler<'shape.register'> = (body, { state, signers, facts, index }) => {
  signers.requireGovernors()
  const { verificationKey, provingKey } = body
  if (!isShape(body.shape)) return refuse('UNKNOWN_SHAPE', `there is no shape ${body.shape}`)
  const shape = body.shape
  const key = verificationKeyId(verificationKey)
  if (state.shapes.has(key)) return refuse('EXISTS', 'the verification key is registered already')
  if (facts.keyRefusal) throw facts.keyRefusal
  const transcript = digestJson('transcript', body.transcript)
  return {
    facts: { shape, verificationKey: key, provingKey, transcript },
    apply: () => void state.shapes.set(key, { shape, key, verificationKey, provingKey, status: 'active', index }),
  }
}

export const retireShape: Handler<'shape.retire'> = (body, { state, signers }) => {
  signers.requireGovernors()
  const known = state.shapes.get(body.verificationKey as Digest)
  if (known?.shape !== body.shape) return refuse('UNKNOWN_KEY', `no such verification key of ${body.shape}`)
  if (known.status === 'retired') return refuse('RETIRED', 'the verification key is retired already')
  return { facts: { shape: known.shape, verificationKey: known.key }, apply: () => void state.shapes.set(known.key, { ...known, status: 'retired' }) }
}

/** What is pinned is compiled again from the definition; another result is refused by `parsePinned`. */
export const registerStatement: Handler<'statement.register'> = (body, { state, signers, index }) => {
  const registeredBy = signers.first()
  const { pinned, statement, hash } = parsePinned(body.statement, (id) => state.schemas.get(parseField(id))?.schema)
  const { statement: name, version } = statement.definition
  for (const { hash: other, statement: { definition }, registeredBy: owner } of state.statements.values()) {
    // Whoever asks by name gets the newest version: it must not be somebody else's.
    if (definition.statement === name && !signers.has(owner)) return refuse('FORBIDDEN', `the name ${name} belongs to ${owner}`)
    if (other === hash || (definition.statement === name && definition.version === version)) return refuse('EXISTS', `${name} version ${version} is registered already`)
  }
  requireScopes(statement, state, signers)
  requirePublications(statement, state)
  return { facts: { statement: hash }, apply: () => void state.statements.set(hash, { pinned, statement, hash, registeredBy, status: 'active', index }) }
}

export const retireStatement: Handler<'statement.retire'> = (body, { state, signers }) => {
  const known = state.statements.get(body.statement as Digest) ?? refuse('UNKNOWN_STATEMENT', 'the statement is not registered')
  signers.require(known.registeredBy, 'who registered the statement')
  if (known.status === 'retired') return refuse('RETIRED', 'the statement is retired already')
  return { facts: { statement: known.hash }, apply: () => void state.statements.set(known.hash, { ...known, status: 'retired' }) }
}

export const activateProtocol: Handler<'protocol.activate'> = ({ version }, { state, signers }) => {
  signers.requireGovernors()
  if (version <= state.protocol) return refuse('EXISTS', `protocol ${state.protocol} is active already`)
  if (version > LATEST_PROTOCOL) return refuse('NOT_READY', `this registry knows protocols up to ${LATEST_PROTOCOL}`)
  return { facts: { version }, apply: () => void (state.protocol = version) }
}

/** Nobody spends documents in another's scope without its owner's signature. */
function requireScopes(statement: Statement, state: State, signers: Signers): void {
  for (const name of Object.values(statement.once)) {
    const scope = state.scopes.get(name) ?? refuse('UNKNOWN_SCOPE', `the scope ${name} is not registered`)
    signers.require(scope.owner, `the owner of the scope ${name}`)
  }
}

function requirePublications({ escrow, set }: Statement, state: State): void {
  if (escrow && !state.regulators.has(escrow.regulator)) refuse('UNKNOWN_REGULATOR', `the regulator ${escrow.regulator} is not registered`)
  if (set?.source.from !== 'published') return
  const published = state.sets.get(set.source.name) ?? refuse('UNKNOWN_SET', `the set ${set.source.name} is not published`)
  const { as } = memberType(published.of)
  if (as !== set.member.type.as)
    refuse('STATEMENT_INVALID', 'the set has members of another type', [{ path: '/rules', expected: `${set.member.type.as} (the operand before in)`, got: `a set of ${published.of}` }])
}

export function isShape(name: string): name is ShapeName {
  return Object.hasOwn(SHAPES, name)
}
