/**
 * A view: the public state of a registry as of a checkpoint (SPEC §7.3). Wallets, verifiers and issuers trust this one
 * document, signed by the log key, and ask nothing else.
 *
 * What can be computed is computed again: ids of schemas and keys, hashes of statements, elements of scopes, roots of sets and
 * directory. A view that does not agree with itself is refused, whoever signed it.
 */

import { listIdOf, scopeElement } from '../credential/commitment.ts'
import { Directory, DIRECTORY_CAPACITY, type DirectoryEntry } from '../credential/directory.ts'
import { type IssuingPublicKey, parseIssuingPublicKey } from '../credential/issuing-key.ts'
import { parseOrganisationCode } from '../credential/organisation.ts'
import type { FieldType } from '../document/encoding.ts'
import { parseSchema, type Schema } from '../document/schema.ts'
import { compileValidator, type Validator } from '../document/validator.ts'
import { refuse } from '../errors/errors.ts'
import { type Field, parseField, printField } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import { type Digest, digestJson } from '../hash/digest.ts'
import { type CheckedStatement, parsePinned } from '../shape/pin.ts'
import type { ShapeName } from '../shape/shapes.ts'
import { parseEnvelope, requireSignatures } from '../signature/envelope.ts'
import { parsePublicKey, type PublicKey } from '../signature/organisation-key.ts'
import type { SetElementType } from '../statement/definition.ts'
import { type MemberSet, parseMembers } from '../statement/set.ts'
import { VIEW_SCHEMA } from './view-schema.ts'

export type RegistryMode = 'development' | 'production'

export interface ViewOrganisation {
  readonly name: string
  readonly keys: readonly PublicKey[]
  readonly status: 'active' | 'suspended'
}

export interface ViewStatement extends CheckedStatement {
  readonly registeredBy: string
  readonly status: 'active' | 'retired'
}

export interface ViewShape {
  readonly shape: ShapeName
  /** Digest of label `verification-key`. */
  readonly key: Digest
  readonly verificationKey: Json
  /** SHA-256 of the zkey. */
  readonly provingKey: string
  readonly status: 'active' | 'retired'
}

export interface ViewScope {
  readonly owner: string
  readonly element: Field
}

/** A root that was replaced, and when (seconds). */
export interface SupersededRoot {
  readonly root: Field
  readonly supersededAt: number
}

export interface ViewSet {
  readonly owner: string
  readonly of: SetElementType
  readonly members: readonly Json[]
  readonly set: MemberSet
  readonly root: Field
  readonly recentRoots: readonly SupersededRoot[]
}

export interface ViewRegulator {
  readonly organisation: string
  /** On the curve, of order l, not the identity. */
  readonly escrowKey: IssuingPublicKey
}

export interface ViewDirectory {
  readonly leaves: readonly DirectoryEntry[]
  readonly root: Field
  /** Without the current root; latest first. */
  readonly recentRoots: readonly SupersededRoot[]
  /** The tree over the leaves, for paths. */
  readonly tree: Directory
}

export interface View {
  readonly origin: string
  readonly name: string
  readonly mode: RegistryMode
  /** Entries of the log that this is the result of. */
  readonly size: number
  /** Time of the last entry, seconds. */
  readonly at: number
  /** The signed note of that size. */
  readonly checkpoint: string
  readonly logKey: PublicKey
  /** How far a proof's `now` may be from the registry's clock, seconds. */
  readonly nowTolerance: number
  readonly governors: readonly string[]
  readonly k: number
  readonly organisations: ReadonlyMap<string, ViewOrganisation>
  /** By id in decimal. */
  readonly schemas: ReadonlyMap<string, Schema>
  readonly statements: ReadonlyMap<Digest, ViewStatement>
  /** In order of registration. */
  readonly shapes: ReadonlyMap<ShapeName, readonly ViewShape[]>
  readonly scopes: ReadonlyMap<string, ViewScope>
  readonly sets: ReadonlyMap<string, ViewSet>
  readonly regulators: ReadonlyMap<string, ViewRegulator>
  readonly directory: ViewDirectory
}

/** The JSON, as far as VIEW_SCHEMA has checked it. */
interface ViewBody {
  readonly origin: string
  readonly logKey: Json
  readonly name: string
  readonly mode: RegistryMode
  readonly size: number
  readonly at: number
  readonly checkpoint: string
  readonly nowTolerance: number
  readonly governors: readonly string[]
  readonly k: number
  readonly organisations: readonly { organisation: string; name: string; keys: readonly Json[]; status: ViewOrganisation['status'] }[]
  readonly schemas: readonly { schemaId: string; schema: Json }[]
  readonly statements: readonly { statement: Digest; pinned: Json; registeredBy: string; status: ViewStatement['status'] }[]
  readonly shapes: readonly ViewShape[]
  readonly scopes: readonly { name: string; owner: string; element: string }[]
  readonly sets: readonly { name: string; owner: string; of: SetElementType; members: readonly Json[]; root: string; recentRoots: readonly RootJson[] }[]
  readonly regulators: readonly { name: string; organisation: string; escrowKey: Json }[]
  readonly directory: { root: string; leaves: readonly LeafJson[]; recentRoots: readonly RootJson[] }
}
type RootJson = { root: string; supersededAt: number }
type LeafJson = { position: number; organisation: string; issuingKey: Json; schemaId: string; class: string; listId: string; listNumber: number; statusRoot: string }

let validator: Validator | undefined

/**
 * Reads a view and checks that the log key signed it.
 * @param logKey  the key of the registry that the caller trusts; undefined takes the one in the view, for a first contact
 * @throws Refusal MALFORMED, BAD_SIGNATURE, INPUTS_DIFFER when the view does not agree with itself
 */
export function parseView(json: unknown, logKey: PublicKey | undefined): View {
  const envelope = parseEnvelope(json)
  validator ??= compileValidator(VIEW_SCHEMA)
  const problems = validator(envelope.body)
  if (problems.length > 0) return refuse('MALFORMED', 'not a view', problems)
  const body = envelope.body as unknown as ViewBody
  const key = logKey ?? parsePublicKey(body.logKey, '/body/logKey')
  const signers = requireSignatures(envelope, (organisation) => (organisation === body.origin ? [key] : undefined))
  if (signers.length === 0) return refuse('BAD_SIGNATURE', 'the view is not signed')
  const schemas = schemasOf(body)
  return {
    origin: body.origin,
    name: body.name,
    mode: body.mode,
    size: body.size,
    at: body.at,
    checkpoint: body.checkpoint,
    logKey: key,
    nowTolerance: body.nowTolerance,
    governors: body.governors,
    k: body.k,
    organisations: unique('organisations', body.organisations, ({ organisation, name, keys, status }) => [parseOrganisationCode(organisation), { name, keys: keys.map((k) => parsePublicKey(k)), status }]),
    schemas,
    statements: statementsOf(body, schemas),
    shapes: shapesOf(body),
    scopes: scopesOf(body),
    sets: setsOf(body),
    regulators: unique('regulators', body.regulators, ({ name, organisation, escrowKey }) => [name, { organisation, escrowKey: parseIssuingPublicKey(escrowKey) }]),
    directory: directoryOf(body),
  }
}

/** When a root was replaced: null for the current one, undefined for one that the view does not know. */
export function supersededAt({ root: current, recentRoots }: { readonly root: Field; readonly recentRoots: readonly SupersededRoot[] }, root: Field): number | null | undefined {
  return root === current ? null : recentRoots.find((recent) => recent.root === root)?.supersededAt
}

/** The keys of an organisation that may sign now. */
export function keysOf(view: View, organisation: string): readonly PublicKey[] | undefined {
  const known = view.organisations.get(organisation)
  return known?.status === 'active' ? known.keys : undefined
}

function schemasOf(body: ViewBody): Map<string, Schema> {
  return unique('schemas', body.schemas, ({ schemaId, schema: json }) => {
    const schema = parseSchema(json)
    return [same(schemaId, printField(schema.id), 'id of a schema'), schema]
  })
}

function statementsOf(body: ViewBody, schemas: ReadonlyMap<string, Schema>): Map<Digest, ViewStatement> {
  return unique('statements', body.statements, ({ statement, pinned, registeredBy, status }) => {
    const checked = parsePinned(pinned, (id) => schemas.get(id))
    return [same(statement, checked.hash, 'hash of a statement'), { ...checked, registeredBy, status }]
  })
}

function shapesOf(body: ViewBody): Map<ShapeName, ViewShape[]> {
  const byShape = new Map<ShapeName, ViewShape[]>()
  for (const shape of unique('shapes', body.shapes, (shape) => [same(shape.key, digestJson('verification-key', shape.verificationKey), 'id of a verification key'), shape]).values())
    byShape.set(shape.shape, [...(byShape.get(shape.shape) ?? []), shape])
  return byShape
}

function scopesOf(body: ViewBody): Map<string, ViewScope> {
  return unique('scopes', body.scopes, ({ name, owner, element }) => {
    const expected = scopeElement(body.origin, name)
    same(element, printField(expected), 'element of a scope')
    return [name, { owner, element: expected }]
  })
}

function setsOf(body: ViewBody): Map<string, ViewSet> {
  return unique('sets', body.sets, ({ name, owner, of, members, root, recentRoots }) => {
    const type: FieldType = { as: of === 'organisation' ? 'code' : of }
    const set = parseMembers(type, members, 'MALFORMED', `/body/sets/${name}`)
    same(root, printField(set.root), 'root of a set')
    return [name, { owner, of, members, set, root: set.root, recentRoots: rootsOf(recentRoots) }]
  })
}

function directoryOf({ directory: { root, leaves: json, recentRoots } }: ViewBody): ViewDirectory {
  const leaves = json.map(leafOf)
  if (new Set(leaves.map(({ position }) => position)).size !== leaves.length) refuse('INPUTS_DIFFER', 'the view has two leaves in one place of the directory')
  const tree = new Directory(leaves)
  same(root, printField(tree.root), 'root of the directory')
  return { leaves, root: tree.root, recentRoots: rootsOf(recentRoots), tree }
}

function leafOf({ position, issuingKey, schemaId, listId, listNumber, statusRoot, ...rest }: LeafJson): DirectoryEntry {
  if (position >= DIRECTORY_CAPACITY) refuse('MALFORMED', 'not a place in the directory')
  const organisation = parseOrganisationCode(rest.organisation)
  const schema = parseField(schemaId)
  const list = listIdOf(organisation, schema, listNumber)
  same(listId, printField(list), 'id of a status list')
  const leaf = { organisation, issuingKey: parseIssuingPublicKey(issuingKey), schemaId: schema, class: rest.class, listId: list, listNumber, statusRoot: parseField(statusRoot) }
  return { position, leaf }
}

function rootsOf(roots: readonly RootJson[]): SupersededRoot[] {
  return roots.map(({ root, supersededAt: at }) => ({ root: parseField(root), supersededAt: at }))
}

function unique<T, K extends string, V>(what: string, list: readonly T[], entry: (item: T) => readonly [K, V]): Map<K, V> {
  const map = new Map(list.map(entry))
  return map.size === list.length ? map : refuse('INPUTS_DIFFER', `the view names one of its ${what} twice`)
}

function same<T extends string>(stated: T, computed: string, what: string): T {
  return stated === computed ? stated : refuse('INPUTS_DIFFER', `the view does not agree with itself: the ${what} is another`)
}
