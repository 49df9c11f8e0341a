/**
 * Schemas, the issuers accredited for them, and their status lists: everything that changes the directory.
 */

import { type DirectoryLeaf } from '../../credential/directory.ts'
import { listIdOf } from '../../credential/commitment.ts'
import { parseIssuingPublicKey } from '../../credential/issuing-key.ts'
import { STATUS_DEPTH, StatusList } from '../../credential/status-list.ts'
import { encodeCode } from '../../document/encoding.ts'
import { parseSchema } from '../../document/schema.ts'
import { refuse } from '../../errors/errors.ts'
import { type Field, parseField, printField } from '../../field/field.ts'
import type { Json } from '../../hash/canonical.ts'
import { emptyRoot } from '../../hash/tree.ts'
import { requireSignatures } from '../../signature/envelope.ts'
import { parseCertificate } from '../command.ts'
import type { Handler, Outcome, Situation } from '../outcome.ts'
import type { LeafChanges, PublishedList, State } from '../state.ts'
import { requireActive } from './authority.ts'

/** A new version of a schema, or another schema in its namespace, comes from the same authority and counts upwards. */
export const registerSchema: Handler<'schema.register'> = (body, { state, signers, index }) => {
  signers.first() // compiling a schema takes a while: not for nobody
  const schema = parseSchema(body.schema)
  signers.require(schema.authority, 'the schema’s authority')
  if (state.schemas.has(schema.id)) return refuse('EXISTS', 'the schema is registered already')
  for (const { schema: other } of state.schemas.values()) {
    if (other.name !== schema.name && other.namespace !== schema.namespace) continue
    if (other.authority !== schema.authority) return refuse('FORBIDDEN', `the name or namespace of ${schema.name} belongs to another authority`)
    if (other.name === schema.name && other.version >= schema.version) return refuse('EXISTS', `${schema.name} has version ${other.version} already`)
  }
  return { facts: { schemaId: printField(schema.id) }, apply: () => void state.schemas.set(schema.id, { schema, index }) }
}

export const accredit: Handler<'issuer.accredit'> = (body, situation) => {
  const { state } = situation
  const certificate = parseCertificate(body.certificate)
  const { organisation, listNumber } = certificate.body
  if (certificate.body.origin !== state.origin) return refuse('WRONG_ORIGIN', 'the certificate is for another registry')
  requireActive(state, organisation)
  if (!requireSignatures(certificate, state.keyring).includes(organisation)) return refuse('BAD_SIGNATURE', 'the certificate is not signed by the issuer')
  const schemaId = requireAuthority(certificate.body.schemaId, situation)
  encodeCode(body.class)
  const issuingKey = parseIssuingPublicKey(certificate.body.issuingKey)
  const list = state.lists.get(listIdOf(organisation, schemaId, listNumber)) ?? emptyList(organisation, schemaId, listNumber)
  requireFreeKey(state, organisation, issuingKey, list.listId)
  const position = state.directory.nextPosition() ?? refuse('TOO_LARGE', 'the directory is full')
  const leaf = { organisation, issuingKey, schemaId, class: body.class, listId: list.listId, listNumber, statusRoot: list.statusRoot }
  const outcome = changeDirectory(situation, new Map([[position, leaf]]), { organisation, schemaId: printField(schemaId), listId: printField(list.listId), position })
  return {
    ...outcome,
    apply: () => {
      outcome.apply()
      state.lists.set(list.listId, list)
    },
  }
}

/**
 * `rotated` keeps the leaf, for the credentials that the key signed; the other reasons end them. A compromised key loses every leaf
 * that who says so speaks for: the issuer for all, an authority for those of its schemas.
 */
export const retire: Handler<'issuer.retire'> = (body, situation) => {
  const { state, signers } = situation
  const { organisation, listNumber, reason } = body
  const schemaId = parseField(body.schemaId, '/body/schemaId')
  const key = parseIssuingPublicKey(body.issuingKey)
  if (reason === 'withdrawn' || !signers.has(organisation)) requireAuthority(body.schemaId, situation)
  const listId = listIdOf(organisation, schemaId, listNumber)
  const [position] = state.directory.find((leaf) => leaf.organisation === organisation && leaf.listId === listId && sameKey(leaf.issuingKey, key))
  if (position === undefined) return refuse('UNKNOWN_ISSUER', 'no such issuer is accredited')
  if (reason === 'rotated' && state.rotated.has(position)) return refuse('RETIRED', 'this key is rotated out already')
  const gone = reason === 'rotated' ? [] : reason === 'withdrawn' ? [position] : leavesOf(key, situation, organisation)
  const changes = new Map<number, DirectoryLeaf | undefined>(gone.map((place) => [place, undefined]))
  const outcome = changeDirectory(situation, changes, { organisation, schemaId: printField(schemaId), listId: printField(listId), position })
  return {
    ...outcome,
    apply: () => {
      outcome.apply()
      if (reason === 'rotated') state.rotated.add(position)
      for (const place of gone) state.rotated.delete(place)
      if (reason === 'compromised') state.compromisedKeys.add(keyText(key))
    },
  }
}

export const publishStatus: Handler<'status.publish'> = (body, situation) => {
  const { signers, digest } = situation
  const { organisation, listNumber, sequence } = body
  signers.require(organisation, 'the issuer')
  const statusRoot = StatusList.parse(body.list, '/body/list').root
  return statusOutcome({ organisation, schemaId: parseField(body.schemaId, '/body/schemaId'), listNumber, sequence, statusRoot, body: digest }, situation)
}

/**
 * What publishing a list with this root does. A follower whose copy of the list was pruned comes here with the root that the
 * log recorded.
 */
export function statusOutcome(published: Omit<PublishedList, 'listId'>, situation: Situation): Outcome {
  const { state } = situation
  const { organisation, schemaId, listNumber, sequence, statusRoot } = published
  const listId = listIdOf(organisation, schemaId, listNumber)
  const known = state.lists.get(listId) ?? refuse('UNKNOWN_LIST', 'no issuer is accredited with this list')
  if (sequence <= known.sequence) return refuse('STALE', `the list’s sequence is ${known.sequence} already`)
  const positions = state.directory.find((leaf) => leaf.listId === listId)
  const changes = new Map(positions.map((position) => [position, { ...leafAt(state, position), statusRoot }]))
  const facts = { organisation, schemaId: printField(schemaId), listId: printField(listId), sequence, statusRoot: printField(statusRoot) }
  const outcome = changeDirectory(situation, changes, facts)
  return {
    ...outcome,
    apply: () => {
      outcome.apply()
      state.lists.set(listId, { ...published, listId })
    },
  }
}

function changeDirectory({ state, index, at }: Situation, changes: LeafChanges, facts: Record<string, Json>): Outcome {
  return {
    facts: { ...facts, directoryRoot: printField(state.directory.rootWith(changes)) },
    apply: () => state.directory.change(changes, index, at),
  }
}

/** @throws Refusal UNKNOWN_SCHEMA, FORBIDDEN unless the schema's authority signed */
function requireAuthority(id: string, { state, signers }: Situation): Field {
  const { schema } = state.schemas.get(parseField(id, '/body/schemaId')) ?? refuse('UNKNOWN_SCHEMA', 'the schema is not registered')
  signers.require(schema.authority, 'the schema’s authority')
  return schema.id
}

/** An issuing key belongs to one organisation, stands once for each list, and never comes back from being compromised. */
function requireFreeKey(state: State, organisation: string, key: DirectoryLeaf['issuingKey'], listId: Field): void {
  if (state.compromisedKeys.has(keyText(key))) refuse('RETIRED', 'this issuing key was reported compromised')
  for (const position of state.directory.find((leaf) => sameKey(leaf.issuingKey, key))) {
    const leaf = leafAt(state, position)
    if (leaf.organisation !== organisation) refuse('EXISTS', 'this issuing key is another organisation’s')
    if (leaf.listId === listId) refuse('EXISTS', 'this issuing key is accredited with this list already')
  }
}

/** Places of a key that the signers of a command speak for. */
function leavesOf(key: DirectoryLeaf['issuingKey'], { state, signers }: Situation, organisation: string): number[] {
  const speaksFor = (schemaId: Field) => signers.has(organisation) || signers.has(state.schemas.get(schemaId)?.schema.authority ?? '')
  return state.directory.find((leaf) => leaf.organisation === organisation && sameKey(leaf.issuingKey, key) && speaksFor(leaf.schemaId))
}

function emptyList(organisation: string, schemaId: Field, listNumber: number): PublishedList {
  return { organisation, schemaId, listNumber, listId: listIdOf(organisation, schemaId, listNumber), sequence: 0, statusRoot: emptyRoot(STATUS_DEPTH), body: null }
}

function leafAt(state: State, position: number): DirectoryLeaf {
  return state.directory.leaf(position) ?? refuse('UNKNOWN_ISSUER', 'no such leaf')
}

function sameKey(a: { x: Field; y: Field }, b: { x: Field; y: Field }): boolean {
  return a.x === b.x && a.y === b.y
}

function keyText({ x, y }: { x: Field; y: Field }): string {
  return `${x},${y}`
}
