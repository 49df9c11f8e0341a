/** Accredited issuers, one holder, and a proof's inputs for any statement, without prover or registry. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { disclosureOf, linkTagOf, listIdOf, nullifierHidden, nullifierOnce, parameterCommitmentOf, pseudonymOf, scopeElement } from '../../src/credential/commitment.ts'
import { issueCredential, parseCredential } from '../../src/credential/credential.ts'
import { Directory } from '../../src/credential/directory.ts'
import { holderIdOf } from '../../src/credential/holder.ts'
import { newIssuingKey } from '../../src/credential/issuing-key.ts'
import { StatusList } from '../../src/credential/status-list.ts'
import { parseDocument } from '../../src/document/document.ts'
import { readDocument, supplement } from '../../src/document/reader.ts'
import { parseSchema, type Schema } from '../../src/document/schema.ts'
import { Refusal } from '../../src/errors/errors.ts'
import { type Field, toField, ZERO } from '../../src/field/field.ts'
import { type Json, parseJson } from '../../src/hash/canonical.ts'
import type { Digest } from '../../src/hash/digest.ts'
import { digestToField } from '../../src/hash/digest.ts'
import { type CircuitInputs, publicWires, WitnessCalculator } from '../../src/prover/witness.ts'
import { compileShape } from '../../src/setup/compile.ts'
import { contextOf } from '../../src/shape/context.ts'
import { type CheckedStatement, pinStatement, statementHash } from '../../src/shape/pin.ts'
import { circuitInputs, type PlacedCredential, privateInputs } from '../../src/shape/private-inputs.ts'
import { type Facts, publicInputValues } from '../../src/shape/public-inputs.ts'
import { type ShapeName, SHAPES } from '../../src/shape/shapes.ts'
import type { Answer, Submission } from '../../src/shape/submission.ts'
import { compileStatement, type Statement } from '../../src/statement/compiler.ts'
import { parseDefinition } from '../../src/statement/definition.ts'
import { evaluateRules, type Values } from '../../src/statement/evaluate.ts'
import { encodeRequest } from '../../src/statement/parameters.ts'
import { makeRequest, type RequestBody, requestDigest } from '../../src/statement/request.ts'
import { parseMembers } from '../../src/statement/set.ts'

export const ORIGIN = 'registry.example/attestry'
export const VERIFIER = 'SE:ORGNR:5164010000'
export const NOW = 1_767_225_600
export const RELEASE_KEY = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'
const ESCROW_KEY: [Field, Field] = [newIssuingKey()].map(({ x, y }): [Field, Field] => [x, y])[0] ?? assert.fail()

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

export function schemaNamed(name: string): Schema {
  return parseSchema(parseJson(read(`schemas/${name}.json`)))
}

/** A statement of the project's `statements/`, or any definition over its schemas or `extra` ones. */
export function checkedStatement(definition: string | object, schemaOf: (name: string) => Schema | undefined = schemaNamed): CheckedStatement {
  const statement = compileStatement(parseDefinition(typeof definition === 'string' ? parseJson(read(`statements/${definition}.json`)) : definition), schemaOf)
  const pinned = pinStatement(statement)
  return { pinned, statement, hash: statementHash(pinned) }
}

const plain = (path: string): Json => parseJson(read(`test/fixtures/${path}`))

/** The documents of the four stories, from the standards' own examples. */
export const DOCUMENTS = {
  'medical-invoice': () => supplement(readDocument(schemaNamed('medical-invoice'), read('test/fixtures/fhir-r4-invoice-example.json')), plain('medical-invoice.supplement.json')),
  'kyc-record': () => plain('kyc-record.json'),
  'purchase-order': () => readDocument(schemaNamed('purchase-order'), read('test/fixtures/UBL-Order-2.1-Example.xml')),
  'credit-line': () => plain('credit-line.json'),
  'commercial-invoice': () => readDocument(schemaNamed('commercial-invoice'), read('test/fixtures/export-invoice.xml')),
  'export-declaration': () => readDocument(schemaNamed('export-declaration'), read('test/fixtures/UBL-ExportCustomsDeclaration-2.3-Example.xml')),
} as const

export interface Issued {
  readonly json: Json
  readonly issuer: string
  readonly class?: string
  readonly issuedAt?: number
  readonly expiresAt?: number
}

export interface Question {
  readonly parameters?: Readonly<Record<string, Json>>
  /** Members of whichever set the statement names. */
  readonly members?: readonly Json[]
}

/** Everything about one proof of one holder; `holds` by reading, `witness` by the circuit. */
export class Story {
  readonly checked: CheckedStatement
  readonly request: RequestBody
  readonly facts: Facts
  readonly answer: Answer
  readonly inputs: CircuitInputs
  readonly values: Values

  constructor(checked: CheckedStatement, documents: Readonly<Record<string, Issued>>, question: Question = {}) {
    const { statement, pinned, hash } = checked
    this.checked = checked
    const holderSecret = toField(123456789n << 180n)
    const { credentials, directoryRoot } = place(statement, documents, holderSecret)
    const ofParameter = statement.set?.source.from === 'parameter'
    this.request = makeRequest({ origin: ORIGIN, verifier: VERIFIER, statement: checked, parameters: question.parameters ?? {}, ...(ofParameter && { set: question.members ?? [] }), issuedAt: NOW - 10, expires: NOW + 600, releaseKey: RELEASE_KEY })
    const { elements, setRoot: parameterSetRoot, pseudonymScope } = encodeRequest(statement, this.request)
    const set = statement.set && parseMembers(statement.set.member.type, question.members, 'MALFORMED')
    const [parameterBlinding, disclosureBlinding] = [toField(11), toField(12)]
    const outer = {
      origin: ORIGIN,
      statement: hash,
      expires: this.request.expires,
      releaseKey: RELEASE_KEY,
      parameterCommitment: parameterCommitmentOf(elements, parameterSetRoot, pseudonymScope, parameterBlinding),
      request: requestDigest(this.request),
      directoryRoot,
      setRoot: statement.set?.source.from === 'published' ? (set?.root ?? ZERO) : ZERO,
      now: NOW,
    }
    this.facts = { scopes: Object.fromEntries(Object.entries(statement.once).map(([document, name]) => [document, scopeElement(ORIGIN, name)])), escrowKey: statement.escrow ? ESCROW_KEY : null }
    const memberOf = statement.set && elementIn(statement.set.member.text, statement, credentials, elements)
    const setPath = memberOf === undefined ? undefined : (set?.path(memberOf) ?? set?.path(set.elements[0] ?? ZERO))
    const privates = privateInputs(pinned.shape, { credentials, holderSecret, parameters: elements, parameterSetRoot, pseudonymScope, parameterBlinding, disclosureBlinding, ...(setPath && { setPath }) })
    this.inputs = circuitInputs(publicInputValues(checked, outer, this.facts), privates) as CircuitInputs

    const pseudonym = statement.pseudonym === undefined ? ZERO : pseudonymOf(holderSecret, pseudonymScope)
    const values = statement.reveals.map(({ text }) => elementIn(text, statement, credentials, elements))
    const context = contextOf(outer)
    const submission: Submission = {
      ...outer,
      shape: pinned.shape,
      verificationKey: '00'.repeat(32) as Digest,
      nullifiers: statement.documents.map((document, i) => {
        const { serial } = credentials[i]?.credential ?? assert.fail()
        return Object.hasOwn(statement.once, document) ? nullifierOnce(serial, this.facts.scopes[document] ?? assert.fail()) : nullifierHidden(serial, context, holderSecret)
      }),
      linkTags: credentials.map(({ credential }) => linkTagOf(credential.commitment, holderSecret, digestToField(outer.request))),
      disclosure: disclosureOf(pseudonym, [0, 1, 2, 3].map((i) => values[i] ?? ZERO), disclosureBlinding),
      escrow: [],
      proof: { a: ['1', '2'], b: [['1', '2'], ['3', '4']], c: ['1', '2'] },
    }
    const texts = statement.reveals.flatMap(({ source, type, text }) => (type.as === 'text' && source.from === 'field' ? [[text, String((documents[source.document]?.json as Record<string, Json>)[source.field])]] : []))
    this.answer = { submission, parameterBlinding, parameterSetRoot, pseudonym, values, texts: Object.fromEntries(texts), disclosureBlinding }
    this.values = {
      documents: Object.fromEntries(statement.documents.map((document, i) => {
        const { credential, issuerClass } = credentials[i] ?? assert.fail()
        return [document, { fields: credential.document.json, issuer: credential.issuerOrg, class: issuerClass, issuedAt: credential.issuedAt, expiresAt: credential.expiresAt }]
      })),
      parameters: this.request.parameters,
      now: NOW,
      ...(question.members && { members: question.members }),
    }
  }

  get failures(): number[] {
    return evaluateRules(this.checked.statement, this.values).failures.map(({ rule }) => rule)
  }

  /** The public inputs that the circuit computes, or undefined where there is no witness. */
  async publicInputs(inputs: CircuitInputs = this.inputs): Promise<Field[] | undefined> {
    const { shape } = this.checked.pinned
    try {
      return publicWires((await calculator(shape)).witness(inputs), SHAPES[shape].publicInputs.length)
    } catch (error) {
      if (error instanceof Refusal && error.code === 'RULE_FALSE') return undefined
      throw error
    }
  }
}

const calculators = new Map<ShapeName, Promise<WitnessCalculator>>()

function calculator(shape: ShapeName): Promise<WitnessCalculator> {
  const loaded = calculators.get(shape) ?? compileShape(shape).then(async ({ wasm }) => WitnessCalculator.load(await readFile(wasm)))
  calculators.set(shape, loaded)
  return loaded
}

/** Issues the documents in the statement's order and puts their issuers into one directory. */
function place(statement: Statement, documents: Readonly<Record<string, Issued>>, holderSecret: Field): { credentials: PlacedCredential[]; directoryRoot: Field } {
  const list = new StatusList()
  const directory = new Directory()
  const checked = statement.documents.map((name, i) => {
    const { json, issuer, class: issuerClass = 'member', issuedAt = NOW - 3600, expiresAt = NOW + 3600 } = documents[name] ?? assert.fail(`no document ${name}`)
    const schema = statement.schemas[name] ?? assert.fail()
    const issuingKey = newIssuingKey()
    const order = { schema, document: parseDocument(schema, json), issuerOrg: issuer, holderId: holderIdOf(holderSecret, issuer), issuingKey, serialKey: new Uint8Array(32).fill(i + 1), listNumber: 1, statusIndex: 1000 + i, issuedAt, expiresAt }
    directory.set(7 * i + 3, { organisation: issuer, issuingKey, schemaId: schema.id, class: issuerClass, listId: listIdOf(issuer, schema.id, 1), listNumber: 1, statusRoot: list.root })
    return { credential: parseCredential(JSON.parse(JSON.stringify(issueCredential(order))), schema), issuerClass }
  })
  const credentials = checked.map(({ credential, issuerClass }, i) => ({ credential, issuerClass, status: list.path(credential.statusIndex), directory: directory.path(7 * i + 3) }))
  return { credentials, directoryRoot: directory.root }
}

/** The element of `doc.field` or `$parameter`, read from the credential and not from registers. */
function elementIn(text: string, statement: Statement, credentials: readonly PlacedCredential[], parameters: readonly Field[]): Field {
  if (text.startsWith('$')) return parameters[statement.parameters.findIndex(({ name }) => `$${name}` === text)] ?? assert.fail(text)
  const [document = '', member = ''] = text.split('.')
  const { credential } = credentials[statement.documents.indexOf(document)] ?? assert.fail(text)
  const field = credential.schema.fields.find(({ name }) => name === member)
  if (field) return credential.fields[field.slot] ?? assert.fail(text)
  return member === 'issuer' ? credential.issuer : member === 'issuedAt' ? toField(credential.issuedAt) : assert.fail(text)
}
