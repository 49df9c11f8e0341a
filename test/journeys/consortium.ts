/**
 * A whole consortium in one process: a real registry on a store of its own with the real keys, issuers with their registers, holders
 * with their wallets. No HTTP; everything else is as it is in service.
 */

import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StatusList } from '../../src/credential/status-list.ts'
import { parseDocument } from '../../src/document/document.ts'
import { parseSchema, type Schema } from '../../src/document/schema.ts'
import { bug, invariant } from '../../src/errors/errors.ts'
import { type Field, printField, ZERO } from '../../src/field/field.ts'
import type { Json } from '../../src/hash/canonical.ts'
import type { Digest } from '../../src/hash/digest.ts'
import { certificate, publishStatus, retire, type Signatory } from '../../src/issuer/commands.ts'
import { openRegister, type Register } from '../../src/issuer/register.ts'
import { readRequest, type Situation } from '../../src/prover/asked.ts'
import { EngineProver } from '../../src/prover/engine.ts'
import { type Circuit, draftAnswer, type Material } from '../../src/prover/proof.ts'
import { Wallet } from '../../src/prover/wallet.ts'
import { publicWires, WitnessCalculator } from '../../src/prover/witness.ts'
import { realChecks } from '../../src/registry/checks.ts'
import { Registry } from '../../src/registry/registry.ts'
import { SqliteStore } from '../../src/registry/sqlite-store.ts'
import { sha256OfFile } from '../../src/setup/digests.ts'
import { localSetup, type ShapeKeys } from '../../src/setup/local.ts'
import { pinStatement, statementHash } from '../../src/shape/pin.ts'
import type { PlacedCredential } from '../../src/shape/private-inputs.ts'
import { type ShapeName, SHAPES } from '../../src/shape/shapes.ts'
import { type Answer, submissionJson, type Submission } from '../../src/shape/submission.ts'
import { type Body, signEnvelope } from '../../src/signature/envelope.ts'
import { generateOrganisationKey, type OrganisationKey, publicPart } from '../../src/signature/organisation-key.ts'
import { compileStatement } from '../../src/statement/compiler.ts'
import { parseDefinition } from '../../src/statement/definition.ts'
import { makeRequest } from '../../src/statement/request.ts'
import { newEscrowKey, publicEscrowKey } from '../../src/verifier/escrow.ts'
import { parseView, type View } from '../../src/view/view.ts'

export const GOVERNOR = 'EU:GOV:CONSORTIUM'
export const VERIFIER = 'AT:VU:U100'
const ORIGIN = 'registry.example/journeys'
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const YEAR = 365 * 86_400

export function projectJson(path: string): Json {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as Json
}

/** What a wallet that checks nothing may choose freely. */
export interface Unchecked {
  readonly credentials?: readonly PlacedCredential[]
  readonly situation?: Situation
  readonly change?: Partial<Material>
}

export class Consortium {
  readonly folder: string
  readonly registry: Registry
  readonly escrowKey = newEscrowKey()
  /** The registry's clock, seconds. */
  readonly clock: { now: number }
  private readonly keys = new Map<string, OrganisationKey>()
  private readonly logKey: OrganisationKey
  private readonly shapes: Readonly<Partial<Record<ShapeName, ShapeKeys>>>
  private readonly engine = new EngineProver()
  private readonly calculators = new Map<ShapeName, Promise<{ calculator: WitnessCalculator; zkey: Uint8Array }>>()

  private constructor(folder: string, registry: Registry, logKey: OrganisationKey, clock: { now: number }, shapes: Readonly<Partial<Record<ShapeName, ShapeKeys>>>) {
    this.folder = folder
    this.registry = registry
    this.logKey = logKey
    this.clock = clock
    this.shapes = shapes
  }

  static async begin(shapeNames: readonly ShapeName[]): Promise<Consortium> {
    const shapes = Object.fromEntries(await Promise.all(shapeNames.map(async (shape) => [shape, await localSetup(shape)] as const))) as Partial<Record<ShapeName, ShapeKeys>>
    const circuits = { attest: '', match: '', ...Object.fromEntries(await Promise.all(Object.entries(shapes).map(async ([shape, { circuit }]) => [shape, await sha256OfFile(circuit.r1cs)]))) }
    const [logKey, clock] = [generateOrganisationKey(), { now: Math.floor(Date.now() / 1000) }]
    const folder = mkdtempSync(join(tmpdir(), 'attestry-journey-'))
    const registry = await Registry.open({ store: new SqliteStore(join(folder, 'registry')), logKey, checks: realChecks(circuits), clock: () => clock.now })
    const consortium = new Consortium(folder, registry, logKey, clock, shapes)
    await consortium.genesis()
    return consortium
  }

  private async genesis(): Promise<void> {
    const card = { organisation: GOVERNOR, name: 'Consortium', keys: [{ ...publicPart(this.key(GOVERNOR)) }] }
    const body = { type: 'genesis', origin: ORIGIN, nonce: nonce(), name: 'Journeys', mode: 'development', governors: [card], k: 1, logKey: { ...publicPart(this.logKey) }, nowTolerance: 300 }
    await this.registry.submit({ body, signatures: [] })
    await this.admit(VERIFIER)
    for (const [shape, { verificationKey, transcript }] of Object.entries(this.shapes)) {
      const provingKey = transcript.result?.provingKey ?? bug('an unfinished ceremony')
      await this.command('shape.register', { shape, verificationKey, provingKey, transcript: transcript as unknown as Json }, GOVERNOR)
    }
    await this.command('regulator.register', { organisation: GOVERNOR, name: 'financial-supervisor', escrowKey: { ...publicEscrowKey(this.escrowKey) } }, GOVERNOR)
  }

  async close(): Promise<void> {
    await this.registry.close()
    await this.engine.close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  key(organisation: string): OrganisationKey {
    const key = this.keys.get(organisation) ?? generateOrganisationKey()
    this.keys.set(organisation, key)
    return key
  }

  signatory(organisation: string): Signatory {
    return { origin: ORIGIN, organisation, organisationKey: this.key(organisation) }
  }

  async command(type: string, members: Readonly<Record<string, Json>>, ...signers: string[]): Promise<Json> {
    const body: Body = { type, origin: ORIGIN, nonce: nonce(), ...members }
    const envelope = signers.reduce((signed, code) => signEnvelope(signed, code, this.key(code)), { body, signatures: [] } as Parameters<typeof signEnvelope<Body>>[0])
    return this.registry.submit(envelope)
  }

  async admit(code: string): Promise<void> {
    await this.command('organisation.admit', { organisation: code, name: code, keys: [{ ...publicPart(this.key(code)) }] }, GOVERNOR)
  }

  /** Registers a schema; its authority is admitted when it is new. */
  async schema(json: Json): Promise<Schema> {
    const schema = parseSchema(json)
    if (!this.registry.known.organisations.has(schema.authority)) await this.admit(schema.authority)
    await this.command('schema.register', { schema: schema.json }, schema.authority)
    return schema
  }

  /** Registers a statement, with the scopes that it uses. */
  async statement(json: Json): Promise<Digest> {
    const definition = parseDefinition(json)
    for (const scope of new Set(Object.values(definition.once ?? {}))) if (!this.registry.known.scopes.has(scope)) await this.command('scope.register', { name: scope }, GOVERNOR)
    const schemas = [...this.registry.known.schemas.values()].map(({ schema }) => schema).sort((a, b) => b.version - a.version)
    const pinned = pinStatement(compileStatement(definition, (name) => schemas.find((schema) => schema.name === name)))
    await this.command('statement.register', { statement: pinned as unknown as Json }, GOVERNOR)
    return statementHash(pinned)
  }

  /** An accredited issuer of a schema, new or not. */
  async issuer(code: string, schema: Schema, kind = 'issuer'): Promise<Register> {
    if (!this.registry.known.organisations.has(code)) await this.admit(code)
    const register = openRegister(join(this.folder, `${code.replaceAll(':', '-')}.db`), code)
    register.addSchema(schema)
    await this.accreditAll(register, schema, kind)
    return register
  }

  /** Accredits every place of a register that the directory lacks. */
  async accreditAll(register: Register, schema: Schema, kind = 'issuer'): Promise<void> {
    const known = this.registry.known.directory.entries().map(({ leaf }) => `${leaf.issuingKey.x} ${leaf.listNumber}`)
    for (const place of register.places().filter(({ schemaId, status }) => schemaId === printField(schema.id) && status === 'active'))
      if (!known.includes(`${place.issuingKey.x} ${place.listNumber}`))
        await this.command('issuer.accredit', { certificate: certificate(place, this.signatory(register.organisation)) as unknown as Json, class: kind }, schema.authority)
  }

  async retire(register: Register, place: ReturnType<Register['places']>[number], reason: 'rotated' | 'compromised'): Promise<void> {
    await this.registry.submit(retire(place, reason, this.signatory(register.organisation)))
  }

  async publish(register: Register): Promise<void> {
    await publishStatus(register, { ...this.signatory(register.organisation), submit: (command) => this.registry.submit(command), now: this.clock.now })
  }

  /** Issues a document to a wallet. @returns the wallet with it, and the issuer's id */
  issue(register: Register, schema: Schema, json: Json, wallet: Wallet, seconds = YEAR): { wallet: Wallet; id: string } {
    const { id, credential } = register.issue({ document: parseDocument(schema, json), holderId: wallet.holderIdAt(register.organisation), expiresAt: this.clock.now + seconds }, this.clock.now)
    return { wallet: wallet.with(JSON.parse(JSON.stringify(credential)), schema), id }
  }

  view(): View {
    return parseView(JSON.parse(JSON.stringify(this.registry.view())), publicPart(this.logKey))
  }

  /** What the registry says now. */
  async situation(): Promise<Situation> {
    const view = this.view()
    const lists = new Map<Field, StatusList>()
    for (const { id } of view.schemas.values()) {
      const { all } = (await this.registry.lists(id)) as { all: { listId: string; list: string }[] }
      for (const { listId, list } of all) lists.set(BigInt(listId) as Field, StatusList.parse(list))
    }
    const provingKeys = Object.fromEntries([...view.shapes].map(([shape, keys]) => [shape, keys.at(-1)?.provingKey ?? '']))
    return { view, statusList: (listId) => lists.get(listId), now: this.clock.now, provingKeys }
  }

  request(statement: Digest, parameters: Readonly<Record<string, Json>>): Json {
    const { pinned: _, ...known } = this.view().statements.get(statement) ?? bug('no statement')
    const { now } = this.clock
    const order = { origin: ORIGIN, verifier: VERIFIER, statement: known, parameters, issuedAt: now - 1, expires: now + 3_600, releaseKey: generateOrganisationKey().publicKey }
    return signEnvelope(makeRequest(order), VERIFIER, this.key(VERIFIER)) as unknown as Json
  }

  /** What a wallet that checks nothing would prove with: its last credential of each kind, good or not. */
  async material(request: Json, wallet: Wallet, { credentials, situation, change }: Unchecked = {}): Promise<Material> {
    const now = situation ?? (await this.situation())
    const asked = readRequest(request, now)
    const { statement } = asked.checked
    const placed = credentials ?? statement.documents.map((document) => this.place(wallet, statement.schemas[document] ?? bug('no schema'), now))
    const { verificationKey, facts, parameters } = asked
    return { asked: asked.checked, request: asked.request, parameters, verificationKey, credentials: placed, holderSecret: wallet.holderSecret, facts, directoryRoot: now.view.directory.root, setRoot: ZERO, now: now.now, ...change }
  }

  /** Where a credential stands, without asking whether it is good. */
  place(wallet: Wallet, schema: Schema, { view, statusList }: Situation, index = -1): PlacedCredential {
    const { checked } = wallet.credentials.filter(({ checked: one }) => one.schemaId === schema.id).at(index) ?? bug('no credential')
    const { position, leaf } = view.directory.tree.find(checked) ?? bug('no leaf')
    const list = statusList(checked.listId) ?? bug('no list')
    return { credential: checked, issuerClass: leaf.class, status: list.path(checked.statusIndex), directory: view.directory.tree.path(position) }
  }

  /** The circuit's public inputs for this material, by name. @throws Refusal RULE_FALSE when there is no witness */
  async publics(material: Material): Promise<Record<string, string>> {
    const { shape } = material.asked.pinned
    const { calculator } = await this.artefacts(shape)
    const names = SHAPES[shape].publicInputs
    const values = publicWires(calculator.witness(draftAnswer(material).inputs), names.length)
    return Object.fromEntries(names.map((name, i) => [name, String(values[i])]))
  }

  /** Proves without any check. */
  async prove(material: Material): Promise<Answer> {
    const { shape } = material.asked.pinned
    const draft = draftAnswer(material)
    const { proof, publicInputs } = await this.circuit.prove(shape, draft.inputs)
    return draft.complete(proof, publicInputs)
  }

  readonly circuit: Circuit = {
    prove: async (shape, inputs) => {
      const { calculator, zkey } = await this.artefacts(shape)
      const witness = calculator.witness(inputs)
      return { proof: await this.engine.prove({ shape, zkey }, witness), publicInputs: publicWires(witness, SHAPES[shape].publicInputs.length).map(String) }
    },
  }

  submit(submission: Submission): Promise<Json> {
    return this.registry.submit({ body: { type: 'proof.submit', origin: ORIGIN, submission: submissionJson(submission) }, signatures: [] })
  }

  private artefacts(shape: ShapeName): Promise<{ calculator: WitnessCalculator; zkey: Uint8Array }> {
    const { circuit, provingKey } = this.shapes[shape] ?? bug(`no keys of ${shape}`)
    const known = this.calculators.get(shape) ?? (async () => ({ calculator: await WitnessCalculator.load(await readFile(circuit.wasm)), zkey: await readFile(provingKey) }))()
    this.calculators.set(shape, known)
    return known
  }
}

/** The public inputs in which two runs differ. */
export function differences(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): string[] {
  invariant(Object.keys(a).length === Object.keys(b).length, 'two runs of one shape')
  return Object.keys(a).filter((name) => a[name] !== b[name])
}

function nonce(): string {
  return randomBytes(16).toString('hex')
}
