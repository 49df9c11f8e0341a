/**
 * SPEC §10 shows the bytes of one worked example. It is computed here anew; `UPDATE_SPEC=1` writes it into SPEC.md.
 */

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import {
  commitmentOf,
  disclosureOf,
  documentHashOf,
  fieldsHashOf,
  linkTagOf,
  listIdOf,
  nullifierHidden,
  nullifierOnce,
  parameterCommitmentOf,
  pseudonymOf,
  pseudonymScopeOf,
  scopeElement,
} from '../src/credential/commitment.ts'
import { leafElement } from '../src/credential/directory.ts'
import { holderIdOf } from '../src/credential/holder.ts'
import { parseIssuingKey, signCommitment } from '../src/credential/issuing-key.ts'
import { organisationElement } from '../src/credential/organisation.ts'
import { serialOf } from '../src/credential/serial.ts'
import { StatusList } from '../src/credential/status-list.ts'
import { parseDocument } from '../src/document/document.ts'
import { readDocument } from '../src/document/reader.ts'
import { parseSchema } from '../src/document/schema.ts'
import { type Field, parseField, printField, toField, ZERO } from '../src/field/field.ts'
import { canonicalJson, type Json, parseJson } from '../src/hash/canonical.ts'
import { digest, digestToField } from '../src/hash/digest.ts'
import { labelElement } from '../src/hash/labels.ts'
import { hash } from '../src/hash/poseidon.ts'
import { emptyRoot } from '../src/hash/tree.ts'
import { contextOf } from '../src/shape/context.ts'
import { pinStatement, statementHash } from '../src/shape/pin.ts'
import { signedBytes } from '../src/signature/envelope.ts'
import { compileStatement } from '../src/statement/compiler.ts'
import { parseDefinition } from '../src/statement/definition.ts'
import { encodeParameters } from '../src/statement/parameters.ts'
import { requestDigest } from '../src/statement/request.ts'

const SPEC = new URL('../SPEC.md', import.meta.url)
const START = '<!-- worked example: begin -->\n'
const END = '<!-- worked example: end -->'

const text = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const json = (path: string) => parseJson(text(path))
const lines: string[] = []
const row = (name: string, value: string | Field) => lines.push(`    ${name.padEnd(32)} ${typeof value === 'string' ? value : printField(value)}`)
const section = (title: string) => lines.push('', title, '')

function workedExample(): string {
  const origin = 'registry.example/attestry'
  const issuer = 'AT:KA:K911'

  section('Hashes (§2).')
  row('L of label holder', toField(labelElement('holder')))
  row('H(holder; 1, 2)', hash('holder', [toField(1), toField(2)]))
  row('digest(schema, "abc")', digest('schema', new TextEncoder().encode('abc')))
  row('  its element', digestToField(digest('schema', new TextEncoder().encode('abc'))))
  row('empty root, depth 6', emptyRoot(6))
  row('empty root, depth 8', emptyRoot(8))

  section('The FHIR invoice of test/fixtures with its supplement, under schemas/medical-invoice.json (§3).')
  const schema = parseSchema(json('schemas/medical-invoice.json'))
  const supplement = json('test/fixtures/medical-invoice.supplement.json') as Record<string, Json>
  const read = readDocument(schema, text('test/fixtures/fhir-r4-invoice-example.json'), 'fhir-r4') as Record<string, Json>
  const document = parseDocument(schema, { ...read, ...supplement })
  row('document', canonicalJson(document.json))
  row('schemaId', schema.id)
  for (const { name, slot } of schema.fields) row(`field ${slot}, ${name}`, document.fields[slot] ?? ZERO)
  const fieldsHash = fieldsHashOf(document.fields)
  row('fieldsHash', fieldsHash)
  const documentHash = documentHashOf(new Uint8Array(16).fill(7), document.json)
  row('documentHash, salt 16 × 07', documentHash)

  section(`Its credential by ${issuer}: serial key 32 × 01, holder secret 42, issuing key scalar 5, list 0, position 300 (§4).`)
  const secret = toField(42)
  const key = parseIssuingKey(issuingKeyFive)
  const serial = serialOf(new Uint8Array(32).fill(1), document)
  const listId = listIdOf(issuer, schema.id, 0)
  row('organisation', organisationElement(issuer))
  row('holderId', holderIdOf(secret, issuer))
  row('serial', serial)
  row('listId', listId)
  const commitment = commitmentOf({ schemaId: schema.id, holderId: holderIdOf(secret, issuer), serial, listId, statusIndex: 300, issuedAt: 1_700_000_000, expiresAt: 1_800_000_000, documentHash, fieldsHash })
  row('commitment', commitment)
  const { r8, s } = signCommitment(key, commitment)
  row('issuing key x', key.x)
  row('issuing key y', key.y)
  row('R8 x', r8[0])
  row('R8 y', r8[1])
  row('S', toField(s))
  const list = new StatusList()
  list.revoke(0)
  list.revoke(301)
  row('status list, 0 and 301 revoked', list.print())
  row('  its root', list.root)
  const { wordIndex, byte, bit, word } = list.path(300)
  row('  position 300', `word ${wordIndex} = ${word}, byte ${byte}, bit ${bit}`)
  row('directory leaf', leafElement({ organisation: issuer, issuingKey: key, schemaId: schema.id, class: 'hospital', listId, listNumber: 0, statusRoot: list.root }))

  section('statements/medical-invoice-within-policy.json, pinned (§5, §6.3).')
  const statement = compileStatement(parseDefinition(json('statements/medical-invoice-within-policy.json')), () => schema)
  const pinned = pinStatement(statement)
  row('shape', pinned.shape)
  row('rules', pinned.rules)
  row('layout', pinned.layout)
  row('literals', pinned.literals.join(', '))
  row('statement hash', statementHash(pinned))

  section('A request for it, and what its proof is bound to (§4.6, §6).')
  const parameters = { insured: String(supplement.subject), currency: 'EUR', limit: '5000.00', from: '2017-01-01', to: '2017-12-31' }
  const body = {
    type: 'request' as const,
    origin,
    verifier: 'LEI:529900T8BM49AURSDO55',
    statement: statementHash(pinned),
    parameters,
    challenge: '00112233445566778899aabbccddeeff',
    issuedAt: 1_700_000_000,
    expires: 1_700_003_600,
    releaseKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  }
  row('signed bytes', JSON.stringify(new TextDecoder().decode(signedBytes(body))))
  const request = requestDigest(body)
  row('requestDigest', request)
  const { elements } = encodeParameters(statement, parameters)
  elements.forEach((element, i) => row(`parameter ${i + 1}`, element))
  const parameterCommitment = parameterCommitmentOf(elements, ZERO, ZERO, toField(8))
  row('parameterCommitment, blinding 8', parameterCommitment)
  const context = contextOf({ origin, statement: statementHash(pinned), expires: body.expires, releaseKey: body.releaseKey, parameterCommitment, request })
  row('context', context)
  const scope = scopeElement(origin, 'reimbursement')
  row('scope', scope)
  row('nullifier, once', nullifierOnce(serial, scope))
  row('nullifier, without once', nullifierHidden(serial, context, secret))
  row('link tag', linkTagOf(commitment, secret, digestToField(request)))
  const pseudonymScope = pseudonymScopeOf(origin, 'kyc', body.verifier)
  row('pseudonym scope (kyc)', pseudonymScope)
  row('pseudonym', pseudonymOf(secret, pseudonymScope))
  row('disclosure of nothing, blind. 9', disclosureOf(ZERO, [ZERO, ZERO, ZERO, ZERO], toField(9)))
  return `${lines.join('\n').trimStart()}\n`
}

/** a = 5: a·Base8, computed once with circomlibjs. */
const issuingKeyFive = (() => {
  const x = parseField('11480966271046430430613841218147196773252373073876138147006741179837832100836')
  const y = parseField('15148236048131954717802795400425086368006776860859772698778589175317365693546')
  return { secret: '5', x: x.toString(), y: y.toString() }
})()

describe('SPEC §10', () => {
  it('shows the bytes that the code computes', () => {
    const spec = readFileSync(SPEC, 'utf8')
    const [before, rest] = spec.split(START)
    const [shown, after] = rest?.split(END) ?? []
    assert.ok(before !== undefined && shown !== undefined && after !== undefined, 'SPEC.md has no worked example')
    const computed = workedExample()
    if (process.env.UPDATE_SPEC) writeFileSync(SPEC, before + START + computed + END + after)
    else assert.equal(shown, computed)
  })
})
