/**
 * A request as it came, checked, and what it means at this registry.
 */

import type { StatusList } from '../credential/status-list.ts'
import { bug, refuse } from '../errors/errors.ts'
import type { Field } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import type { Digest } from '../hash/digest.ts'
import type { CheckedStatement } from '../shape/pin.ts'
import type { Facts } from '../shape/public-inputs.ts'
import type { ShapeName } from '../shape/shapes.ts'
import type { Statement } from '../statement/compiler.ts'
import { encodeRequest, type RequestElements } from '../statement/parameters.ts'
import { parseRequest, type RequestBody, requestDigest, requireRequest } from '../statement/request.ts'
import { type MemberSet, parseMembers } from '../statement/set.ts'
import { keysOf, type View } from '../view/view.ts'

/** What the registry said, and when. */
export interface Situation {
  readonly view: View
  /** The current status list with that id. */
  readonly statusList: (listId: Field) => StatusList | undefined
  /** Seconds: the proof's clock. */
  readonly now: number
  /** SHA-256 of the proving keys that are here, hex, by shape. */
  readonly provingKeys: Readonly<Partial<Record<ShapeName, string>>>
  /** Members of the set whose root stands in a document, for a statement that says `x in doc.field`. */
  readonly members?: readonly Json[]
}

/** A request that has been checked, with what it means at this registry. */
export interface Asked {
  readonly request: RequestBody
  readonly digest: Digest
  readonly checked: CheckedStatement
  readonly verifier: { readonly code: string; readonly name: string }
  readonly parameters: RequestElements
  readonly facts: Facts
  readonly verificationKey: Digest
  /** Of the membership's set, wherever it comes from. */
  readonly set?: { readonly members: readonly Json[]; readonly tree: MemberSet }
}

/**
 * Checks a request.
 * @param json as it came
 * @throws Refusal MALFORMED, REQUEST_INVALID, WRONG_ORIGIN, REQUEST_EXPIRED, BAD_SIGNATURE, UNKNOWN_STATEMENT, RETIRED,
 *   PARAMETER_INVALID, UNKNOWN_SHAPE, NOT_READY (another proving key), UNKNOWN_SCOPE, UNKNOWN_SET, UNKNOWN_REGULATOR
 */
export function readRequest(json: unknown, { view, now, members, provingKeys }: Situation): Asked {
  const envelope = parseRequest(json)
  const request = envelope.body
  requireRequest(envelope, { origin: view.origin, keyring: (code) => keysOf(view, code), now })
  const registered = view.statements.get(request.statement) ?? refuse('UNKNOWN_STATEMENT', 'the request is about a statement that this registry does not know')
  if (registered.status !== 'active') return refuse('RETIRED', 'the statement is no longer active')
  const { statement, pinned } = registered
  const parameters = encodeRequest(statement, request)
  const active = (view.shapes.get(pinned.shape) ?? []).filter(({ status }) => status === 'active')
  if (active.length === 0) return refuse('UNKNOWN_SHAPE', `the registry has no active key for the shape ${pinned.shape}`)
  const shape = active.find(({ provingKey }) => provingKey === provingKeys[pinned.shape]) ?? refuse('NOT_READY', `the proving key here is not one that the registry has for the shape ${pinned.shape}`)
  const set = membersOf(statement, request, view, parameters, members)
  return {
    request,
    digest: requestDigest(request),
    checked: { pinned, statement, hash: request.statement },
    verifier: { code: request.verifier, name: view.organisations.get(request.verifier)?.name ?? request.verifier },
    parameters,
    facts: factsOf(statement, view),
    verificationKey: shape.key,
    ...(set && { set }),
  }
}

function factsOf(statement: Statement, view: View): Facts {
  const scope = (name: string): Field => view.scopes.get(name)?.element ?? refuse('UNKNOWN_SCOPE', `the registry has no scope ${name}`)
  const key = statement.escrow && (view.regulators.get(statement.escrow.regulator)?.escrowKey ?? refuse('UNKNOWN_REGULATOR', `the registry has no regulator ${statement.escrow.regulator}`))
  return {
    scopes: Object.fromEntries(Object.entries(statement.once).map(([document, name]) => [document, scope(name)])),
    escrowKey: key ? [key.x, key.y] : null,
  }
}

function membersOf({ set }: Statement, request: RequestBody, view: View, { set: asked }: RequestElements, own: readonly Json[] | undefined): Asked['set'] {
  switch (set?.source.from) {
    case undefined:
      return undefined
    case 'published': {
      const { name } = set.source
      const { members, set: tree } = view.sets.get(name) ?? refuse('UNKNOWN_SET', `the registry has no set ${name}`)
      return { members, tree }
    }
    case 'parameter':
      return { members: request.set ?? [], tree: asked ?? bug('a parameter set without a tree') }
    case 'field':
      return own && { members: own, tree: parseMembers(set.member.type, own, 'PARAMETER_INVALID', '/members') }
  }
}
