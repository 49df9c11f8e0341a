import assert from 'node:assert/strict'
import { type Credential, issueCredential, parseCredential } from '../../src/credential/credential.ts'
import { commitmentOf, disclosureOf, linkTagOf, nullifierHidden, nullifierOnce, pseudonymOf, pseudonymScopeOf, scopeElement } from '../../src/credential/commitment.ts'
import { Directory, type DirectoryLeaf, leafElement } from '../../src/credential/directory.ts'
import { holderIdOf, newHolderSecret } from '../../src/credential/holder.ts'
import { newIssuingKey } from '../../src/credential/issuing-key.ts'
import { organisationElement, parseOrganisationCode } from '../../src/credential/organisation.ts'
import { newSerialKey, serialOf } from '../../src/credential/serial.ts'
import { parseDocument } from '../../src/document/document.ts'
import { parseSchema } from '../../src/document/schema.ts'
import { type Field, FIELD_ORDER, printField, toField, ZERO } from '../../src/field/field.ts'
import { emptyRoot, rootOf } from '../../src/hash/tree.ts'
import { invoice, invoiceJson, kycRecord, medicalInvoice, type Members, paths, refused, schemaJson } from '../document/specimens.ts'

const ISSUER = 'AT:KA:K911'
const issuingKey = newIssuingKey()
const serialKey = newSerialKey()
const secret = newHolderSecret()

const issue = (changes: Partial<Parameters<typeof issueCredential>[0]> = {}): Credential =>
  issueCredential({
    ...{ schema: medicalInvoice, document: invoice(), issuerOrg: ISSUER, holderId: holderIdOf(secret, ISSUER), issuingKey, serialKey },
    ...{ listNumber: 0, statusIndex: 77, issuedAt: 1_700_000_000, expiresAt: 1_800_000_000, ...changes },
  })

const specimen = issue()
const plain = (): Members => structuredClone(specimen) as unknown as Members

describe('credentials', () => {
  it('hold after a way through JSON', () => {
    const checked = parseCredential(JSON.parse(JSON.stringify(specimen)), medicalInvoice)
    assert.equal(printField(checked.commitment), specimen.commitment)
    assert.equal(checked.fields.length, 16)
    assert.equal(checked.issuer, organisationElement(ISSUER))
    assert.equal(commitmentOf(checked), checked.commitment)
  })

  for (const [member, value] of [
    ['holderId', '5'],
    ['serial', '5'],
    ['listNumber', 1],
    ['statusIndex', 78],
    ['issuedAt', 1_700_000_001],
    ['expiresAt', 1_900_000_000],
    ['issuer', 'AT:KA:K912'],
    ['salt', '00'.repeat(16)],
    ['commitment', '5'],
  ] as const)
    it(`do not hold with another ${member}`, () => assert.deepEqual(paths(refused('CREDENTIAL_INVALID', () => parseCredential({ ...plain(), [member]: value }, medicalInvoice))), ['/commitment']))

  it('do not hold with another member of the document, with or without a slot', () => {
    for (const changes of [{ total: '49' }, { department: 'SURGERY' }, { total: '48.0' }])
      refused('CREDENTIAL_INVALID', () => parseCredential({ ...plain(), document: { ...invoiceJson(), ...changes } }, medicalInvoice))
  })

  it('do not hold with another key or signature (A15)', () => {
    const { x, y } = newIssuingKey()
    const other = { issuingKey: { x: printField(x), y: printField(y) } }
    assert.deepEqual(paths(refused('CREDENTIAL_INVALID', () => parseCredential({ ...plain(), ...other }, medicalInvoice))), ['/signature'])
    refused('CREDENTIAL_INVALID', () => parseCredential({ ...plain(), signature: issue({ statusIndex: 1 }).signature as never }, medicalInvoice))
    refused('CREDENTIAL_INVALID', () => parseCredential({ ...plain(), issuingKey: { x: '0', y: '1' } }, medicalInvoice))
  })

  it('do not hold under an edited or another schema', () => {
    refused('CREDENTIAL_INVALID', () => parseCredential(plain(), parseSchema({ ...schemaJson('medical-invoice'), version: 2 })))
    refused('CREDENTIAL_INVALID', () => parseCredential(plain(), kycRecord))
  })

  it('do not hold when they expire before they are issued, or later than 2^40', () => {
    refused('CREDENTIAL_INVALID', () => parseCredential({ ...plain(), issuedAt: 1_800_000_000 }, medicalInvoice))
    refused('CREDENTIAL_INVALID', () => parseCredential({ ...plain(), expiresAt: 2 ** 40 }, medicalInvoice))
  })

  for (const [member, value] of [
    ['holderId', '007'],
    ['holderId', FIELD_ORDER.toString()],
    ['serial', 7],
    ['statusIndex', 1_015_808],
    ['statusIndex', -1],
    ['credential', 2],
    ['extra', 1],
    ['signature', { r8: ['1'], s: '1' }],
    ['document', []],
  ] as const)
    it(`are refused with ${member} = ${JSON.stringify(value)}`, () => void refused('CREDENTIAL_INVALID', () => parseCredential({ ...plain(), [member]: value }, medicalInvoice)))

  for (const value of [null, 7, 'x', [], {}]) it(`are refused when they are ${JSON.stringify(value)}`, () => void refused('CREDENTIAL_INVALID', () => parseCredential(value, medicalInvoice)))

  it('of one document differ in salt, so that two of them do not show that they are of one', () => {
    assert.notEqual(issue().commitment, specimen.commitment)
  })
})

describe('serials', () => {
  const other = (schema: Members) => parseDocument(parseSchema(schema), invoiceJson())

  it('are below 2^248 and secret', () => {
    const serial = serialOf(serialKey, invoice())
    assert.ok(serial < 2n ** 248n)
    assert.notEqual(serial, serialOf(newSerialKey(), invoice()))
  })

  it('are the same for the same record under an edited schema, so its nullifier is too (g)', () => {
    const edited = other({ ...schemaJson('medical-invoice'), title: 'Invoice of a hospital', version: 2 })
    assert.notEqual(edited.schema.id, medicalInvoice.id)
    const scope = scopeElement('registry.example', 'medical-claims')
    assert.equal(nullifierOnce(serialOf(serialKey, edited), scope), nullifierOnce(serialOf(serialKey, invoice()), scope))
  })

  it('are the same under another issuing key, holder, list and day (g)', () => {
    const again = issue({ issuingKey: newIssuingKey(), holderId: toField(9), listNumber: 4, issuedAt: 1_700_000_001 })
    assert.equal(again.serial, specimen.serial)
  })

  it('are the same when only what is outside the natural key changes', () => assert.equal(serialOf(serialKey, invoice({ total: '49' })), serialOf(serialKey, invoice())))

  it('differ for another record and another namespace', () => {
    assert.notEqual(serialOf(serialKey, invoice({ number: '654322' })), serialOf(serialKey, invoice()))
    assert.notEqual(serialOf(serialKey, other({ ...schemaJson('medical-invoice'), namespace: 'org.example.invoice' })), serialOf(serialKey, invoice()))
  })

  it('do not run two fields together', () => assert.notEqual(serialOf(serialKey, invoice({ provider: 'AT:KA:K9', number: '1165' })), serialOf(serialKey, invoice({ provider: 'AT:KA:K91', number: '165' }))))
})

describe('holders and what is derived from them', () => {
  it('have another id for every issuer', () => assert.notEqual(holderIdOf(secret, ISSUER), holderIdOf(secret, 'AT:KA:K912')))
  it('are recognised by one verifier and no other', () => {
    const scope = (verifier: string) => pseudonymOf(secret, pseudonymScopeOf('registry.example', 'claims', verifier))
    assert.equal(scope('AT:FMA:1'), scope('AT:FMA:1'))
    assert.notEqual(scope('AT:FMA:1'), scope('AT:FMA:2'))
  })
  it('spend a document under another nullifier in another scope or registry (A17)', () => {
    const of = (origin: string, name: string) => nullifierOnce(toField(7), scopeElement(origin, name))
    assert.notEqual(of('a.example', 'x'), of('a.example', 'y'))
    assert.notEqual(of('a.example', 'x'), of('b.example', 'x'))
  })
  it('have no nullifier that is 0 when an input is 0 (A17)', () => {
    for (const value of [nullifierOnce(ZERO, ZERO), nullifierHidden(ZERO, ZERO, ZERO), linkTagOf(ZERO, ZERO, ZERO), pseudonymOf(ZERO, ZERO), disclosureOf(ZERO, [ZERO, ZERO, ZERO, ZERO], ZERO)]) assert.notEqual(value, ZERO)
  })
  it('have hidden nullifiers that the serial alone does not give', () => assert.notEqual(nullifierHidden(toField(7), toField(8), secret), nullifierHidden(toField(7), toField(8), newHolderSecret())))
})

describe('codes of organisations', () => {
  for (const code of ['LEI:5493001KJTIIGC8Y1R12', 'SE:ORGNR:5532331183', 'CVR:5402697509']) it(`can be ${code}`, () => assert.equal(parseOrganisationCode(code), code))
  for (const code of ['5532331183', 'se:orgnr:1', 'LEI:', 'LEI:a b', `LEI:${'1'.repeat(28)}`, 'ABCDEFGH:ABCDEFGH:123456789012345', 'LEI:1\n', '', 7, null]) it(`cannot be ${JSON.stringify(code)}`, () => void refused('MALFORMED', () => parseOrganisationCode(code)))
})

describe('the issuer directory', () => {
  const leaf: DirectoryLeaf = { organisation: ISSUER, issuingKey, schemaId: medicalInvoice.id, class: 'hospital', listId: toField(3), listNumber: 0, statusRoot: emptyRoot(6) }

  it('leads from a leaf to its root', () => {
    const directory = new Directory([{ position: 0, leaf }, { position: 17, leaf: { ...leaf, organisation: 'AT:KA:K912' } }])
    assert.equal(rootOf(leafElement(leaf), directory.path(0)), directory.root)
  })

  for (const [member, value] of Object.entries({ organisation: 'AT:KA:K912', issuingKey: newIssuingKey(), schemaId: toField(1), class: 'practice', listId: toField(4), statusRoot: toField(5) } as Partial<DirectoryLeaf>))
    it(`has another leaf for another ${member} (A16)`, () => assert.notEqual(leafElement({ ...leaf, [member]: value }), leafElement(leaf)))

  it('forgets a leaf that is taken away', () => {
    const directory = new Directory([{ position: 5, leaf }])
    directory.set(5, undefined)
    assert.equal(directory.root, emptyRoot(8))
    assert.equal(directory.find({ issuingKey, schemaId: medicalInvoice.id, listId: toField(3) }), undefined)
  })

  it('does not find a leaf of another list, key or schema', () => {
    const directory = new Directory([{ position: 5, leaf }])
    const wanted = { issuingKey, schemaId: medicalInvoice.id, listId: toField(3) as Field }
    assert.equal(directory.find(wanted)?.position, 5)
    for (const change of [{ listId: toField(4) }, { schemaId: toField(1) }, { issuingKey: newIssuingKey() }]) assert.equal(directory.find({ ...wanted, ...change }), undefined)
  })
})
