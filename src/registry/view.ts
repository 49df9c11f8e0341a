/**
 * The public state in one document (SPEC §7.3): what a wallet, an issuer or a verifier needs to know of a registry, and the
 * same for everyone, so that asking for it tells nothing.
 */

import { bug } from '../errors/errors.ts'
import { printField } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import type { Digest } from '../hash/digest.ts'
import type { Body } from '../signature/envelope.ts'
import type { RootHistory, State } from './state.ts'

export interface ViewBody extends Body {
  readonly type: 'view'
}

/** Superseded roots in a view, at most. */
const MAX_RECENT_ROOTS = 256

export function viewBody(state: State, checkpoint: string): ViewBody {
  const { origin, name, mode, protocol, size, at, nowTolerance, governors, k, directory } = state
  const logKey = state.logKey ?? bug('a view before genesis')
  return {
    type: 'view',
    origin,
    name,
    mode,
    protocol,
    size,
    at,
    checkpoint,
    logKey: { ...logKey },
    nowTolerance,
    governors,
    k,
    organisations: [...state.organisations.values()].map(({ organisation, name, keys, status }) => ({ organisation, name, keys: keys.map((key) => ({ ...key })), status })),
    schemas: [...state.schemas.values()].map(({ schema }) => ({ schemaId: printField(schema.id), schema: schema.json })),
    statements: [...state.statements.values()].map(({ hash, pinned, registeredBy, status }) => ({ statement: hash, pinned: pinned as unknown as Json, registeredBy, status })),
    shapes: [...state.shapes.values()].map(({ shape, key, verificationKey, provingKey, status }) => ({ shape, key, verificationKey, provingKey, status })),
    scopes: [...state.scopes.values()].map(({ name, owner, element }) => ({ name, owner, element: printField(element) })),
    sets: [...state.sets.values()].map(({ name, owner, of, members, roots }) => ({ name, owner, of, members, ...rootsOf(roots) })),
    regulators: [...state.regulators.values()].map(({ name, organisation, escrowKey: { x, y } }) => ({ name, organisation, escrowKey: { x: printField(x), y: printField(y) } })),
    directory: { ...rootsOf(directory.roots), leaves: leavesOf(state) },
  }
}

/** All status lists of a schema (SPEC §7.3). @param listOf the published list in the body with that digest */
export async function listsBody(state: State, schemaId: bigint, listOf: (body: Digest) => Promise<string>): Promise<Json> {
  const lists = [...state.lists.values()].filter((list) => list.schemaId === schemaId)
  const all = await Promise.all(
    lists.map(async ({ organisation, listNumber, listId, sequence, statusRoot, body }) => ({
      organisation,
      listNumber,
      listId: printField(listId),
      sequence,
      statusRoot: printField(statusRoot),
      list: body === null ? '' : await listOf(body),
    })),
  )
  return { lists: 1, origin: state.origin, schemaId: schemaId.toString(10), size: state.size, all }
}

function rootsOf(roots: RootHistory): { root: string; recentRoots: Json } {
  const recentRoots = roots.superseded(MAX_RECENT_ROOTS).map(({ root, supersededAt }) => ({ root: printField(root), supersededAt }))
  return { root: printField(roots.current), recentRoots }
}

function leavesOf({ directory }: State): Json {
  return directory.entries().map(({ position, leaf }) => ({
    position,
    organisation: leaf.organisation,
    issuingKey: { x: printField(leaf.issuingKey.x), y: printField(leaf.issuingKey.y) },
    schemaId: printField(leaf.schemaId),
    class: leaf.class,
    listId: printField(leaf.listId),
    listNumber: leaf.listNumber,
    statusRoot: printField(leaf.statusRoot),
  }))
}
