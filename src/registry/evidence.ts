/**
 * Gathers the evidence of an accepted proof (SPEC §7.5): everything that a judge needs to check it with every service off.
 *
 * What belongs to it is found in the log itself, up to the proof and no further. The registry sees which receipts and bodies are
 * asked for, so it can tell which proof is looked into.
 */

import { refuse } from '../errors/errors.ts'
import type { Json } from '../hash/canonical.ts'
import type { Digest } from '../hash/digest.ts'
import type { Entry } from './entry.ts'

/** A registry, here or over HTTP. */
export interface EvidenceSource {
  entries(from: number, limit: number): Promise<readonly Entry[]>
  receipt(index: number, size: number): Promise<Json>
  body(digest: Digest): Promise<Json>
}

/** What only its holder can put in: the signed request and the opened answer. */
export interface Openings {
  readonly request?: Json
  readonly answer?: Json
}

export interface EvidenceBundle {
  readonly evidence: 1
  readonly [name: string]: Json | undefined
}

const PAGE = 1_000

/**
 * @param index the entry that recorded the proof
 * @throws Refusal NOT_FOUND when there is no such proof, or its body was pruned, or something that it rests on is missing
 */
export async function gatherEvidence(source: EvidenceSource, index: number, { request, answer }: Openings = {}): Promise<EvidenceBundle> {
  const log = await readLog(source, index)
  const proof = log.entries[index]
  if (proof?.type !== 'proof.submit') return refuse('NOT_FOUND', `entry ${index} records no proof`)
  const record = async (entry: Entry): Promise<Json> => ({ receipt: await source.receipt(entry.index, log.size), command: await source.body(entry.body) })
  const recordAll = (entries: readonly Entry[]): Promise<Json[]> => Promise.all(entries.map(record))

  const genesis = log.first(({ type }) => type === 'genesis', 'genesis')
  const statement = log.first(({ type, facts }) => type === 'statement.register' && facts.statement === proof.facts.statement, 'the statement')
  const { statement: pinned } = bodyOf(await source.body(statement.body)) as unknown as { statement: Pinned }
  const { definition, schemas } = pinned
  const shape = log.first(({ type, facts }) => type === 'shape.register' && facts.verificationKey === proof.facts.verificationKey, 'the verification key')
  const schemaEntries = unique(Object.values(schemas)).map((id) => log.first(({ type, facts }) => type === 'schema.register' && facts.schemaId === id, 'a schema'))
  const scopes = unique(Object.values(definition.once ?? {})).map((name) => log.first(({ type, facts }) => type === 'scope.register' && facts.name === name, `the scope ${name}`))
  const sets = proof.facts.setRoot === '0' ? [] : [log.last(({ type, facts }) => type === 'set.publish' && facts.root === proof.facts.setRoot, 'the set')]
  const regulators = definition.escrow ? [log.first(({ type, facts }) => type === 'regulator.register' && facts.name === definition.escrow?.regulator, 'the regulator')] : []
  const signers = [statement, shape, ...schemaEntries, ...scopes, ...sets, ...regulators].flatMap((entry) => entry.signers)
  return {
    evidence: 1,
    origin: proof.origin,
    logKey: genesis.facts.logKey ?? null,
    proof: await record(proof),
    genesis: await record(genesis),
    statement: await record(statement),
    shape: await record(shape),
    schemas: await recordAll(schemaEntries),
    scopes: await recordAll(scopes),
    sets: await recordAll(sets),
    regulators: await recordAll(regulators),
    directory: await source.receipt(log.last(({ facts, type }) => type !== 'proof.submit' && facts.directoryRoot === proof.facts.directoryRoot, 'the directory').index, log.size),
    organisations: await recordAll(log.about([...signers, ...verifierOf(request)])),
    ...(request !== undefined && { request }),
    ...(answer !== undefined && { answer }),
  }
}

interface Pinned {
  readonly definition: { readonly once?: Readonly<Record<string, string>>; readonly escrow?: { readonly regulator: string } }
  readonly schemas: Readonly<Record<string, string>>
}

/** The log up to and with the proof: nothing later is evidence of it. */
class Log {
  readonly entries: readonly Entry[]
  /** All receipts are for this one size. */
  readonly size: number

  constructor(entries: readonly Entry[]) {
    this.entries = entries
    this.size = entries.length
  }

  first(fits: (entry: Entry) => boolean, what: string): Entry {
    return this.entries.find(fits) ?? refuse('NOT_FOUND', `the log does not hold ${what}`)
  }

  last(fits: (entry: Entry) => boolean, what: string): Entry {
    return this.entries.findLast(fits) ?? refuse('NOT_FOUND', `the log does not hold ${what}`)
  }

  /** The organisation.* entries about these organisations, and about those who signed for them. */
  about(organisations: readonly string[]): Entry[] {
    const wanted = new Set(organisations)
    const isWanted = ({ type, facts }: Entry): boolean => type.startsWith('organisation.') && wanted.has(String(facts.organisation))
    for (let known = -1; known < wanted.size; ) {
      known = wanted.size
      for (const { signers } of this.entries.filter(isWanted)) for (const signer of signers) wanted.add(signer)
    }
    return this.entries.filter(isWanted)
  }
}

async function readLog(source: EvidenceSource, last: number): Promise<Log> {
  const entries: Entry[] = []
  while (entries.length <= last) {
    const page = await source.entries(entries.length, Math.min(PAGE, last + 1 - entries.length))
    if (page.length === 0) return refuse('NOT_FOUND', `the log has no entry ${last}`)
    entries.push(...page)
  }
  return new Log(entries)
}

function verifierOf(request: Json | undefined): string[] {
  const { verifier } = request === undefined ? {} : (bodyOf(request) as { verifier?: Json })
  return typeof verifier === 'string' ? [verifier] : []
}

function bodyOf(envelope: Json): { readonly [name: string]: Json | undefined } {
  const { body } = (typeof envelope === 'object' && envelope !== null ? envelope : {}) as { body?: Json }
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as { readonly [name: string]: Json | undefined }) : refuse('MALFORMED', 'not an envelope')
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)]
}
