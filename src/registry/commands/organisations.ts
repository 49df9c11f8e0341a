/**
 * Genesis and the organisations: admission, keys, suspension. Suspending silences an organisation's keys; what it issued is
 * the business of the authorities that accredited it. Admitting it again lifts the suspension.
 */

import { refuse } from '../../errors/errors.ts'
import { printField } from '../../field/field.ts'
import { keyId, parsePublicKey, type PublicKey } from '../../signature/organisation-key.ts'
import type { Handler } from '../outcome.ts'
import type { Organisation, State } from '../state.ts'

const MAX_KEYS = 16

export const genesis: Handler<'genesis'> = (body, { state, signers, index }) => {
  if (state.size !== 0) return refuse('EXISTS', 'this registry has a genesis')
  if (signers.all.length > 0) return refuse('MALFORMED', 'genesis has no signatures')
  const logKey = parsePublicKey(body.logKey, '/body/logKey')
  if (logKey.alg !== 'ed25519') return refuse('KEY_INVALID', 'a log key is an Ed25519 key')
  const governors = body.governors.map((governor, i) => ({ ...governor, keys: parseKeys(governor.keys, `/body/governors/${i}/keys`) }))
  const codes = governors.map(({ organisation }) => organisation)
  if (new Set(codes).size !== codes.length) return refuse('MALFORMED', 'a governor is named twice')
  if (body.k > codes.length) return refuse('MALFORMED', `k is ${body.k}, but there are ${codes.length} governors`)
  requireNewKeys(state, governors.flatMap(({ keys }) => keys))
  return {
    facts: { name: body.name, mode: body.mode, logKey: { ...logKey }, directoryRoot: printField(state.directory.roots.current) },
    apply: () => {
      Object.assign(state, { origin: body.origin, name: body.name, mode: body.mode, logKey, nowTolerance: body.nowTolerance, governors: codes, k: body.k })
      for (const { organisation, name, keys } of governors) put(state, { organisation, name, keys, status: 'active', index })
    },
  }
}

export const admit: Handler<'organisation.admit'> = (body, { state, signers, index }) => {
  signers.requireGovernors()
  const { organisation, name } = body
  const known = state.organisations.get(organisation)
  if (known?.status === 'active') return refuse('EXISTS', `${organisation} is admitted already`)
  const keys = parseKeys(body.keys, '/body/keys')
  requireNewKeys(state, keys, organisation)
  return { facts: { organisation }, apply: () => put(state, { organisation, name, keys, status: 'active', index }) }
}

export const rotate: Handler<'organisation.rotate'> = (body, { state, signers, index }) => {
  const known = state.organisations.get(body.organisation) ?? refuse('UNKNOWN_ORGANISATION', 'the organisation is not admitted here')
  if (!signers.has(body.organisation) && !signers.areGovernors())
    return refuse('FORBIDDEN', `needs the signature of ${body.organisation} or of ${state.k} governors`)
  const add = parseKeys(body.add, '/body/add')
  requireNewKeys(state, add)
  const ids = known.keys.map(keyId) as string[]
  if (body.remove.some((id) => !ids.includes(id))) return refuse('UNKNOWN_KEY', 'a key to remove is not one of the organisation’s')
  const keys = [...known.keys.filter((key) => !body.remove.includes(keyId(key))), ...add]
  if (keys.length === 0 || keys.length > MAX_KEYS) return refuse('MALFORMED', `an organisation has 1 to ${MAX_KEYS} keys`)
  return { facts: { organisation: body.organisation }, apply: () => put(state, { ...known, keys, index: known.index }, index) }
}

export const suspend: Handler<'organisation.suspend'> = ({ organisation }, { state, signers, index }) => {
  signers.requireGovernors()
  const known = state.organisations.get(organisation) ?? refuse('UNKNOWN_ORGANISATION', 'the organisation is not admitted here')
  if (known.status === 'suspended') return refuse('SUSPENDED', `${organisation} is suspended already`)
  const left = state.governors.filter((code) => code !== organisation && state.organisations.get(code)?.status === 'active')
  if (left.length < state.k) return refuse('FORBIDDEN', `without ${organisation} fewer than ${state.k} governors would be left`)
  return { facts: { organisation }, apply: () => put(state, { ...known, status: 'suspended' }, index) }
}

function put(state: State, organisation: Organisation, entry = organisation.index): void {
  const code = organisation.organisation
  state.organisations.set(code, organisation)
  state.organisationEntries.set(code, [...(state.organisationEntries.get(code) ?? []), entry])
}

function parseKeys(keys: readonly unknown[], path: string): PublicKey[] {
  return keys.map((key, i) => parsePublicKey(key, `${path}/${i}`))
}

/** One key, one organisation: else a signature could be shown as another's. */
function requireNewKeys(state: State, keys: readonly PublicKey[], except?: string): void {
  const ids = keys.map(keyId)
  if (new Set(ids).size !== ids.length) refuse('MALFORMED', 'a key is named twice')
  for (const { organisation, keys: known } of state.organisations.values()) {
    if (organisation !== except && known.some((key) => ids.includes(keyId(key)))) refuse('EXISTS', 'a key is another organisation’s already, or there already')
  }
}
