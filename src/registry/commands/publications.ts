/**
 * Names that organisations publish: sets, scopes, regulators' escrow keys. A name belongs to who registered it first.
 */

import { scopeElement } from '../../credential/commitment.ts'
import { parseIssuingPublicKey } from '../../credential/issuing-key.ts'
import type { FieldType } from '../../document/encoding.ts'
import { refuse } from '../../errors/errors.ts'
import { printField } from '../../field/field.ts'
import { parseMembers } from '../../statement/set.ts'
import type { SetMemberType } from '../command.ts'
import type { Handler } from '../outcome.ts'
import { RootHistory } from '../state.ts'

export const publishSet: Handler<'set.publish'> = (body, { state, signers, index, at }) => {
  const { name, of, members } = body
  const known = state.sets.get(name)
  const owner = known?.owner ?? signers.first()
  signers.require(owner, 'the set’s owner')
  if (known && known.of !== of) return refuse('EXISTS', `the set ${name} has members of type ${known.of}`)
  const { root } = parseMembers(memberType(of), members, 'MALFORMED', '/body/members')
  return {
    facts: { name, root: printField(root) },
    apply: () => {
      const roots = known?.roots ?? new RootHistory(root, index)
      roots.replace(root, index, at)
      state.sets.set(name, { name, owner, of, members, roots, index })
    },
  }
}

export const registerScope: Handler<'scope.register'> = ({ name }, { state, signers, index }) => {
  const owner = signers.first()
  if (state.scopes.has(name)) return refuse('EXISTS', `the scope ${name} is registered already`)
  return { facts: { name }, apply: () => void state.scopes.set(name, { name, owner, element: scopeElement(state.origin, name), index }) }
}

/** An escrow key never changes under its name: what was escrowed under it stays readable by the same secret. */
export const registerRegulator: Handler<'regulator.register'> = (body, { state, signers, index }) => {
  const { organisation, name } = body
  signers.require(organisation, 'the regulator')
  signers.requireGovernors()
  if (state.regulators.has(name)) return refuse('EXISTS', `the regulator ${name} is registered already`)
  const escrowKey = parseIssuingPublicKey(body.escrowKey)
  return { facts: { name }, apply: () => void state.regulators.set(name, { name, organisation, escrowKey, index }) }
}

/** How a set's members are encoded. */
export function memberType(of: SetMemberType): FieldType {
  return { as: of === 'organisation' ? 'code' : of }
}
