/**
 * One consortium for all tests of the registry: three governors of whom two decide, a ministry that accredits, a hospital, an
 * insurer, a regulator. Proofs really verify, under keys whose trapdoor the test knows; that a key's ceremony is sound is said by a stand-in.
 */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { scopeElement } from '../../src/credential/commitment.ts'
import { type IssuingKey, newIssuingKey } from '../../src/credential/issuing-key.ts'
import { StatusList } from '../../src/credential/status-list.ts'
import { parseSchema } from '../../src/document/schema.ts'
import { Refusal } from '../../src/errors/errors.ts'
import { type Field, printField, toField } from '../../src/field/field.ts'
import type { Json } from '../../src/hash/canonical.ts'
import { type Checks, realChecks } from '../../src/registry/checks.ts'
import { type Receipt, Registry } from '../../src/registry/registry.ts'
import { SqliteStore } from '../../src/registry/sqlite-store.ts'
import { pinStatement, type PinnedStatement, statementHash } from '../../src/shape/pin.ts'
import { derivePublicInputs } from '../../src/shape/public-inputs.ts'
import { SHAPES } from '../../src/shape/shapes.ts'
import { parseSubmission } from '../../src/shape/submission.ts'
import { type Body, type Envelope, signEnvelope } from '../../src/signature/envelope.ts'
import { generateOrganisationKey, type OrganisationKey, publicPart } from '../../src/signature/organisation-key.ts'
import { compileStatement, type Statement } from '../../src/statement/compiler.ts'
import { parseDefinition } from '../../src/statement/definition.ts'
import { verificationKeyId } from '../../src/verifier/groth16.ts'
import { simulatedKey } from './simulated-key.ts'

export const ORIGIN = 'registry.example/test'
export const START = 1_790_000_000

export const GOVERNORS = ['EU:GOV:ALPHA', 'EU:GOV:BETA', 'EU:GOV:GAMMA'] as const
export const MINISTRY = 'EU:GOV:HEALTH'
export const HOSPITAL = 'LEI:HOSPITAL1'
export const INSURER = 'LEI:INSURER1'
export const REGULATOR = 'EU:GOV:WATCH'
export const STRANGER = 'LEI:STRANGER'

export const SCHEMA = {
  $id: 'bill',
  title: 'Bill',
  namespace: 'org.example.bill',
  version: 1,
  authority: MINISTRY,
  naturalKey: ['number'],
  type: 'object',
  required: ['number', 'payer', 'amount'],
  additionalProperties: false,
  properties: {
    number: { type: 'string', slot: 0, as: 'code', pattern: '^[A-Z0-9-]{1,20}$' },
    payer: { type: 'string', slot: 1, as: 'code', pattern: '^[A-Z0-9:-]{1,31}$' },
    amount: { type: 'integer', slot: 2, as: 'integer', minimum: 0 },
  },
} as const

const DEFINITIONS = {
  /** Spent once. */
  claim: { statement: 'bill-claimed', version: 1, says: 'A bill of {$payer}.', documents: { bill: { schema: 'bill' } }, parameters: { payer: 'code' }, rules: ['bill.payer = $payer', 'bill.amount <= 1000'], once: { bill: 'claims' }, fresh: 60 },
  /** Not spent, and only with the current directory. */
  glance: { statement: 'bill-shown', version: 1, says: 'A bill of {$payer}.', documents: { bill: { schema: 'bill' } }, parameters: { payer: 'code' }, rules: ['bill.payer = $payer'], fresh: 0 },
  /** Against a published set. */
  member: { statement: 'bill-of-member', version: 1, says: 'A bill of a member.', documents: { bill: { schema: 'bill' } }, rules: ['bill.payer in set:members'], fresh: 60 },
  /** Two documents, both spent, and an escrow. */
  pair: { statement: 'two-bills', version: 1, says: 'Two bills of one payer.', documents: { one: { schema: 'bill' }, two: { schema: 'bill' } }, rules: ['one.payer = two.payer'], once: { one: 'claims', two: 'claims' }, escrow: { regulator: 'watchdog', values: ['one.payer'] } },
} as const

export type StatementName = keyof typeof DEFINITIONS

const schema = parseSchema(SCHEMA)
export const SCHEMA_ID = printField(schema.id)
export const COMPILED = Object.fromEntries(Object.entries(DEFINITIONS).map(([name, definition]) => [name, compileStatement(parseDefinition(definition), () => schema)])) as Record<StatementName, Statement>
export const STATEMENTS = Object.fromEntries(Object.entries(COMPILED).map(([name, statement]) => [name, pinStatement(statement)])) as Record<StatementName, PinnedStatement>

export const SIMULATED = { attest: simulatedKey(SHAPES.attest.publicInputs.length), match: simulatedKey(SHAPES.match.publicInputs.length) } as const

export interface Clock {
  now: number
}

/** A key may be registered unless its transcript is empty. */
export const CHECKS: Checks = {
  ...realChecks({ attest: '00'.repeat(32), match: '00'.repeat(32) }),
  key: async (_shape, { transcript }) => {
    if (Object.keys(transcript as object).length === 0) throw new Refusal('KEY_INVALID', 'no contribution')
  },
}

/** Keys of every organisation, the same in one run of the tests. */
export const KEYS = new Map<string, OrganisationKey>([...GOVERNORS, MINISTRY, HOSPITAL, INSURER, REGULATOR, STRANGER].map((code, i) => [code, generateOrganisationKey(i % 2 ? 'p256' : 'ed25519')]))
export const LOG_KEY = generateOrganisationKey()
export const ISSUING_KEY: IssuingKey = newIssuingKey()
export const ESCROW_KEY: IssuingKey = newIssuingKey()

export function nonce(): string {
  return randomBytes(16).toString('hex')
}

/** A body with origin and a fresh nonce, signed by these organisations. */
export function command(type: string, members: Record<string, Json>, ...signers: readonly string[]): Envelope {
  let envelope: Envelope = { body: { type, origin: ORIGIN, nonce: nonce(), ...members } as Body, signatures: [] }
  for (const signer of signers) envelope = signEnvelope(envelope, signer, KEYS.get(signer)!)
  return envelope
}

export function genesis(): Envelope {
  const governors = GOVERNORS.map((organisation) => ({ organisation, name: `Governor ${organisation}`, keys: [publicOf(organisation)] }))
  return command('genesis', { name: 'Test consortium', mode: 'development', governors, k: 2, logKey: { ...publicPart(LOG_KEY) }, nowTolerance: 120 })
}

export const TWO: readonly string[] = GOVERNORS.slice(0, 2)

export function admit(organisation: string): Envelope {
  return command('organisation.admit', { organisation, name: `Organisation ${organisation}`, keys: [publicOf(organisation)] }, ...TWO)
}

export interface Accreditation {
  readonly organisation?: string
  readonly key?: { readonly x: Field; readonly y: Field }
  readonly listNumber?: number
  readonly schemaId?: string
  readonly signers?: readonly string[]
  /** Who signs the certificate. */
  readonly certifier?: string
  readonly origin?: string
}

export function accredit({ organisation = HOSPITAL, key = ISSUING_KEY, listNumber = 1, schemaId = SCHEMA_ID, signers = [MINISTRY], certifier = organisation, origin = ORIGIN }: Accreditation = {}): Envelope {
  const body = { type: 'issuing-key.certify', origin, organisation, issuingKey: pointOf(key), schemaId, listNumber }
  const certificate = signEnvelope(body, certifier, KEYS.get(certifier)!)
  return command('issuer.accredit', { certificate: certificate as unknown as Json, class: 'hospital' }, ...signers)
}

export function publishStatus(sequence: number, revoked: readonly number[], { listNumber = 1, signer = HOSPITAL } = {}): Envelope {
  const list = new StatusList()
  for (const position of revoked) list.revoke(position)
  return command('status.publish', { organisation: HOSPITAL, schemaId: SCHEMA_ID, listNumber, sequence, list: list.print() }, signer)
}

export function registerShape(shape: 'attest' | 'match', transcript: Json = { steps: 'three' }): Envelope {
  return command('shape.register', { shape, verificationKey: SIMULATED[shape].verificationKey, provingKey: 'ab'.repeat(32), transcript }, ...TWO)
}

export function registerStatement(name: StatementName, ...signers: readonly string[]): Envelope {
  return command('statement.register', { statement: STATEMENTS[name] as unknown as Json }, ...signers)
}

/** Every command that sets the consortium up, in order, after genesis. */
export function setup(): Envelope[] {
  return [
    ...[MINISTRY, HOSPITAL, INSURER, REGULATOR].map(admit),
    command('schema.register', { schema: SCHEMA as unknown as Json }, MINISTRY),
    accredit(),
    command('scope.register', { name: 'claims' }, INSURER),
    command('set.publish', { name: 'members', of: 'code', members: ['LEI:A', 'LEI:B'] }, INSURER),
    command('regulator.register', { organisation: REGULATOR, name: 'watchdog', escrowKey: pointOf(ESCROW_KEY) }, REGULATOR, ...TWO),
    registerShape('attest'),
    registerShape('match'),
    registerStatement('claim', INSURER),
    registerStatement('glance', HOSPITAL),
    registerStatement('member', INSURER),
    registerStatement('pair', INSURER),
  ]
}

export interface World {
  readonly registry: Registry
  readonly store: SqliteStore
  readonly directory: string
  readonly clock: Clock
  submit(command: unknown): Promise<Receipt>
  /** Closes the registry and opens it again on the same store. */
  reopened(): Promise<World>
}

const directories: string[] = []
process.on('exit', () => directories.forEach((directory) => rmSync(directory, { recursive: true, force: true })))

export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'attestry-registry-'))
  directories.push(directory)
  return directory
}

export async function openWorld(directory: string, clock: Clock = { now: START }, checks: Checks = CHECKS): Promise<World> {
  const store = new SqliteStore(directory)
  const registry = await Registry.open({ store, logKey: LOG_KEY, checks, clock: () => clock.now })
  return {
    registry,
    store,
    directory,
    clock,
    submit: (command) => registry.submit(command),
    reopened: async () => {
      await registry.close()
      return openWorld(directory, clock, checks)
    },
  }
}

/** A registry with everything set up. */
export async function newWorld(): Promise<World> {
  const world = await openWorld(newDirectory())
  await world.submit(genesis())
  for (const step of setup()) await world.submit(step)
  return world
}

/** The world if nothing has happened in it yet, as after a refusal; else a new one in its place. */
export async function pristine(world: World | undefined): Promise<World> {
  if (world && world.registry.size === setup().length + 1 && world.clock.now === START && !world.registry.failure) return world
  await world?.registry.close()
  return newWorld()
}

/** The command is refused with this code, and nothing at all has been written. */
export async function refuses(world: World, command: unknown, code: string): Promise<void> {
  const before = await written(world)
  await assert.rejects(world.submit(command), (error: { code?: string; message: string }) => {
    assert.equal(error.code, code, error.message)
    return true
  })
  assert.deepEqual(await written(world), before)
}

async function written({ registry, store }: World): Promise<unknown> {
  const { body, signatures } = registry.view()
  return { body, signatures, rows: await store.counts(), size: await store.size(), checkpoint: await store.checkpoint() }
}

let counter = 1000n

/** A fresh element: nullifiers, tags, commitments that nothing else has. */
export function fresh(): string {
  return printField(toField(counter++))
}

/** A submission that the registry accepts as it stands; its outputs are fresh unless given, and its proof is one of the changed inputs. */
export function submission(world: World, name: StatementName = 'claim', changes: Record<string, Json> = {}): Record<string, Json> {
  const pinned = STATEMENTS[name]
  const documents = Object.keys(pinned.definition.documents).length
  const state = world.registry.known
  return proved(name, {
    submission: 1,
    origin: ORIGIN,
    statement: statementHash(pinned),
    shape: pinned.shape,
    verificationKey: verificationKeyId(SIMULATED[pinned.shape].verificationKey),
    expires: world.clock.now + 600,
    releaseKey: 'cd'.repeat(32),
    parameterCommitment: fresh(),
    request: 'ef'.repeat(32),
    directoryRoot: printField(state.directory.roots.current),
    setRoot: name === 'member' ? printField(state.sets.get('members')!.roots.current) : '0',
    now: world.clock.now,
    nullifiers: Array.from({ length: documents }, fresh),
    linkTags: Array.from({ length: documents }, fresh),
    disclosure: fresh(),
    escrow: name === 'pair' ? [fresh(), fresh(), fresh(), fresh()] : [],
    proof: { a: ['1', '2'], b: [['1', '2'], ['3', '4']], c: ['1', '2'] },
    ...changes,
  })
}

/** The same submission with another valid proof. @param escrowKey that the proof is made for; the registered one unless given */
export function proved(name: StatementName, json: Record<string, Json>, escrowKey: { x: Field; y: Field } = ESCROW_KEY): Record<string, Json> {
  const [pinned, statement] = [STATEMENTS[name], COMPILED[name]]
  const scope = scopeElement(ORIGIN, 'claims')
  const scopes = Object.fromEntries(Object.keys(statement.once).map((document) => [document, scope]))
  const inputs = derivePublicInputs({ pinned, statement }, parseSubmission(json), { scopes, escrowKey: statement.escrow ? [escrowKey.x, escrowKey.y] : null })
  return { ...json, proof: SIMULATED[pinned.shape].prove(inputs) }
}

/** The command around a submission. */
export function proof(submission: Json): Envelope {
  return { body: { type: 'proof.submit', origin: ORIGIN, submission }, signatures: [] }
}

export function publicOf(organisation: string): Json {
  return { ...publicPart(KEYS.get(organisation)!) }
}

export function pointOf({ x, y }: { readonly x: Field; readonly y: Field }): { x: string; y: string } {
  return { x: printField(x), y: printField(y) }
}
