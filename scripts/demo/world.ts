/** What all stories share: the registry with its governor, and how a party joins it. */

import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Json } from '../../src/hash/canonical.ts'
import { type Party, type Result, Stage } from './stage.ts'

export const PACKAGE = fileURLToPath(new URL('../..', import.meta.url))
const DOCUMENTS = fileURLToPath(new URL('documents', import.meta.url))

/** A recorded proof, for the summary and the check at the end. */
export interface Recorded {
  readonly story: string
  readonly holder: Party
  readonly verifier: Party
  readonly request: string
  readonly index: number
  readonly receipt: string
  readonly hiddenAmong: Readonly<Record<string, number>>
}

export class World {
  readonly stage: Stage
  readonly governor: Party
  readonly operator: Party
  readonly proofs: Recorded[] = []
  private url = ''
  private letters = 0

  constructor(folder: string, json: boolean) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(join(folder, 'letters'), { recursive: true })
    this.stage = new Stage(folder, json)
    this.governor = this.stage.party('Consortium')
    this.operator = this.stage.party('Registry')
  }

  /** Genesis, and the registry's service. */
  async begin(): Promise<void> {
    const { governor, operator, stage } = this
    await Promise.all([governor.run('init', governor.name, '--organisation', 'EU:GOV:CONSORTIUM'), operator.run('init', operator.name)])
    await operator.run('keygen', 'log')
    const card = this.letter(await governor.run('keygen', 'card'))
    await operator.run('registry', 'genesis', 'registry.example/attestry', '--governor', card, '--mode', 'development', '--name', 'Demo consortium')
    const { listening } = await operator.serve('serve', 'registry')
    this.url = String(listening)
    await governor.run('registry', 'join', this.url)
    stage.step(operator.name, `listens at ${this.url}; one governor decides (k = 1), development mode`)
    for (const scope of ['reimbursement', 'financing', 'shipment']) await governor.run('registry', 'scope', scope)
    stage.step(governor.name, 'owns the scopes reimbursement, financing and shipment: within each a document is used once')
  }

  /** A person: a home directory and a wallet, known to nobody. */
  async person(name: string): Promise<Party> {
    const party = this.stage.party(name)
    await party.run('init', name, '--registry', this.url)
    await this.wallet(party)
    return party
  }

  /** An organisation: a home directory with its key, admitted by the governor. */
  async organisation(name: string, code: string): Promise<Party> {
    const party = this.stage.party(name)
    await party.run('init', name, '--organisation', code, '--registry', this.url)
    await this.governor.run('registry', 'admit', this.letter(await party.run('keygen', 'card')))
    return party
  }

  /** Gives a party a wallet, locked by a password of its own. */
  async wallet(party: Party): Promise<void> {
    writeFileSync(join(party.home, 'password'), randomBytes(16).toString('hex'), { mode: 0o600 })
    await party.run('wallet', 'create', ...this.password(party))
  }

  password(party: Party): string[] {
    return ['--password-file', join(party.home, 'password')]
  }

  async schema(authority: Party, name: string): Promise<void> {
    await authority.run('schema', 'register', join(PACKAGE, 'schemas', `${name}.json`))
  }

  async statement(name: string): Promise<Result> {
    return this.governor.run('statement', 'register', join(PACKAGE, 'statements', `${name}.json`))
  }

  async shape(name: 'attest' | 'match'): Promise<void> {
    await this.governor.run('registry', 'shape', name, join(PACKAGE, 'build', 'keys', name))
    this.stage.step(this.governor.name, `registered the verification key of ${name}, from a local ceremony of three contributors and a beacon`)
  }

  /** An issuer gets its key certified and accredited. */
  async accredit(issuer: Party, schema: string, authority: Party, kind: string): Promise<void> {
    const { certificate } = await issuer.run('issuer', 'certify', schema)
    await authority.run('issuer', 'accredit', this.letter(certificate), '--class', kind)
  }

  /** An issuer's service. @returns its address */
  async issuing(issuer: Party): Promise<string> {
    return String((await issuer.serve('serve', 'issuer')).listening)
  }

  /** A document of a party's own: copied into its directory and nowhere else. */
  document(party: Party, name: string): string {
    const path = join(party.home, 'documents', name)
    mkdirSync(join(party.home, 'documents'), { recursive: true })
    cpSync(join(DOCUMENTS, name), path)
    return path
  }

  /** Issuing: the issuer hands a one-time code to the holder, whose wallet fetches the credential with it. */
  async issue(issuer: Party, address: string, holder: Party, ...document: string[]): Promise<void> {
    const { code } = await issuer.run('issue', ...document, '--offer')
    await holder.run('wallet', 'pick-up', address, String(code), ...this.password(holder))
  }

  /** A verifier asks. @returns digest and address of the request */
  async ask(verifier: Party, desk: string, statement: string, parameters: Record<string, Json>): Promise<{ digest: string; address: string }> {
    const path = join(verifier.home, `question-${++this.letters}.json`)
    writeFileSync(path, JSON.stringify(parameters), { mode: 0o600 })
    const { request } = await verifier.run('request', 'make', statement, '--parameters', path)
    return { digest: String(request), address: `${desk}/requests/${String(request)}` }
  }

  async desk(verifier: Party): Promise<string> {
    return String((await verifier.serve('serve', 'verifier')).listening)
  }

  /** The holder proves, the registry records, the verifier accepts. */
  async prove(story: string, holder: Party, verifier: Party, { digest, address }: { digest: string; address: string }): Promise<{ proof: Recorded; established: Result }> {
    const result = await holder.run('prove', address, '--yes', ...this.password(holder))
    const established = await verifier.run('request', 'show', digest)
    const proof = { story, holder, verifier, request: digest, index: Number(result.index), receipt: String(result.receipt), hiddenAmong: result.hiddenAmong as Record<string, number> }
    this.proofs.push(proof)
    return { proof, established }
  }

  /** Where a public paper that several sign goes round. */
  paper(name: string): string {
    return join(this.stage.folder, 'letters', name)
  }

  /** Hands a public paper from one party to another. */
  letter(content: Json | undefined): string {
    const path = join(this.stage.folder, 'letters', `${++this.letters}.json`)
    writeFileSync(path, JSON.stringify(content))
    return path
  }
}
