import assert from 'node:assert/strict'
import fc from 'fast-check'
import { NumberText, parseLosslessJson } from '../../src/document/lossless-json.ts'
import { parseDocument } from '../../src/document/document.ts'
import { readDocument, supplement } from '../../src/document/reader.ts'
import { parseSchema } from '../../src/document/schema.ts'
import { fixture, fixtureJson, kycRecord, medicalInvoice, type Members, paths, refused, schema, schemaJson } from './specimens.ts'

const order = schema('purchase-order')
const orderXml = fixture('UBL-Order-2.1-Example.xml')
const fhir = fixture('fhir-r4-invoice-example.json')
const declaration = schema('export-declaration')
const declarationXml = fixture('UBL-ExportCustomsDeclaration-2.3-Example.xml')

/** The order with one piece of its text replaced. */
function changed(source: string, from: string | RegExp, to: string): string {
  const result = source.replace(from, to)
  assert.notEqual(result, source)
  return result
}

describe('reading real documents', () => {
  it('reads the UBL 2.1 order, identifiers with their scheme', () => {
    assert.deepEqual(readDocument(order, orderXml), {
      number: '34',
      buyer: 'SE:ORGNR:5532331183',
      supplier: 'SE:ORGNR:5532332283',
      issueDate: '2010-01-20',
      currency: 'SEK',
      payable: '6225',
    })
  })

  it('reads the UBL invoice and the one adapted to the declaration', () => {
    const invoice = schema('commercial-invoice')
    assert.equal((readDocument(invoice, fixture('UBL-Invoice-2.1-Example.xml')) as Members)['exporter'], 'CVR:5402697509')
    const [adapted, declared] = [readDocument(invoice, fixture('export-invoice.xml')) as Members, readDocument(declaration, declarationXml) as Members]
    for (const name of ['exporter', 'currency', 'total']) assert.equal(adapted[name], declared[name])
    assert.equal(adapted['number'], declared['invoiceNumber'])
  })

  it('reads the UBL 2.3 export declaration, with the scheme that the schema gives where the document has none', () => {
    const { exporter, total, grossWeight } = readDocument(declaration, declarationXml) as Members
    assert.deepEqual({ exporter, total, grossWeight }, { exporter: 'CVR:45789034', total: '10500.00', grossWeight: '88.00' })
  })

  it('reads the FHIR R4 invoice: the civil date as written, decimals as written', () => {
    const { date, total, net } = readDocument(medicalInvoice, fhir) as Members
    assert.deepEqual({ date, total, net }, { date: '2017-01-25', total: '48', net: '40' })
  })

  it('keeps the day on the writer’s clock where UTC has another', () => {
    const late = changed(fhir, '2017-01-25T08:00:00+01:00', '2017-01-25T00:30:00+01:00')
    assert.equal((readDocument(medicalInvoice, late) as Members)['date'], '2017-01-25')
  })

  for (const text of ['48.10', '48.1000', '1844674407370955.1615', '0.1'])
    it(`reads ${text} from the text, not through a floating-point number`, () => {
      assert.equal((readDocument(medicalInvoice, changed(fhir, '"value": 48', `"value": ${text}`)) as Members)['total'], text)
    })

  it('does not calculate an exponent: the document then refuses it', () => {
    const read = readDocument(medicalInvoice, changed(fhir, '"value": 48', '"value": 4.8e1'))
    assert.deepEqual(paths(refused('DOCUMENT_INVALID', () => parseDocument(medicalInvoice, supplement(read, fixtureJson('medical-invoice.supplement.json'))))), ['/total'])
  })

  it('reads a patient’s number under a known naming system', () => {
    const named = changed(fhir, '{ "reference": "Patient/example" }', '{ "identifier": { "system": "urn:oid:1.2.40.0.10.1.4.3.1", "value": "1237010180" } }')
    assert.equal((readDocument(medicalInvoice, named) as Members)['subject'], 'AT:SVNR:1237010180')
  })

  it('refuses a patient’s number under an unknown naming system', () => {
    const named = changed(fhir, '{ "reference": "Patient/example" }', '{ "identifier": { "system": "urn:oid:1.2.3", "value": "1237010180" } }')
    const refusal = refused('DOCUMENT_INVALID', () => readDocument(medicalInvoice, named))
    assert.deepEqual(paths(refusal), ['/subject'])
    assert.ok(!refusal.message.includes('1237010180'))
  })

  it('refuses an identifier without a scheme where the schema wants one', () =>
    assert.deepEqual(paths(refused('DOCUMENT_INVALID', () => readDocument(order, changed(orderXml, '<cbc:CompanyID schemeID="SE:ORGNR">5532331183', '<cbc:CompanyID>5532331183')))), ['/buyer']))

  it('refuses two values where one is meant', () =>
    assert.deepEqual(paths(refused('DOCUMENT_INVALID', () => readDocument(order, changed(orderXml, '<cbc:ID>34</cbc:ID>', '<cbc:ID>34</cbc:ID><cbc:ID>35</cbc:ID>')))), ['/number']))

  it('refuses a weight in another unit, as missing', () => {
    const read = readDocument(declaration, changed(declarationXml, '<cbc:GrossWeightMeasure unitCode="KGM">', '<cbc:GrossWeightMeasure unitCode="LBR">'))
    assert.deepEqual(paths(refused('DOCUMENT_INVALID', () => parseDocument(declaration, read))), ['/grossWeight'])
  })

  it('collapses space around numbers and dates, as XML Schema does, and nowhere else', () => {
    assert.equal((readDocument(order, changed(orderXml, '>6225</cbc:PayableAmount>', '>\n 6225 </cbc:PayableAmount>')) as Members)['payable'], '6225')
    assert.equal((readDocument(order, changed(orderXml, '<cbc:ID>34</cbc:ID>', '<cbc:ID> 34</cbc:ID>')) as Members)['number'], ' 34')
  })

  it('leaves a missing member out, for the document to refuse', () =>
    assert.deepEqual(paths(refused('DOCUMENT_INVALID', () => parseDocument(order, readDocument(order, changed(orderXml, '<cbc:IssueDate>2010-01-20</cbc:IssueDate>', ''))))), ['/issueDate']))

  it('refuses another UBL document', () => void refused('DOCUMENT_INVALID', () => readDocument(order, fixture('UBL-Invoice-2.1-Example.xml'))))
  it('refuses the right root in another namespace', () => void refused('DOCUMENT_INVALID', () => readDocument(order, changed(orderXml, 'xsd:Order-2"', 'xsd:Invoice-2"'))))
  it('does not see elements of other namespaces', () => {
    const foreign = changed(orderXml, 'xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"', 'xmlns:cbc="urn:example:other"')
    assert.deepEqual(readDocument(order, foreign), {})
  })
  it('refuses another FHIR resource', () => void refused('DOCUMENT_INVALID', () => readDocument(medicalInvoice, changed(fhir, '"Invoice"', '"Patient"'))))
  it('refuses a format that the schema cannot read', () => {
    refused('DOCUMENT_INVALID', () => readDocument(kycRecord, orderXml))
    refused('DOCUMENT_INVALID', () => readDocument(order, fhir, 'fhir-r4'))
  })

  it('reads plain JSON as it is', () => assert.deepEqual(readDocument(kycRecord, fixture('kyc-record.json')), fixtureJson('kyc-record.json')))
  for (const number of ['3.0', '3e0', '9007199254740993', '-0', '0.3'])
    it(`refuses the number ${number} in plain JSON`, () => assert.deepEqual(paths(refused('DOCUMENT_INVALID', () => readDocument(kycRecord, changed(fixture('kyc-record.json'), '"level": 3', `"level": ${number}`)))), ['/level']))
  it('refuses JSON with a member twice (A7)', () => void refused('MALFORMED', () => readDocument(kycRecord, '{"level": 3, "level": 4}')))
  it('refuses JSON that is too deep (A7)', () => void refused('TOO_LARGE', () => readDocument(kycRecord, '['.repeat(100) + ']'.repeat(100))))

  it('reads every JSON number losslessly', () =>
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const back = (json: unknown): unknown =>
          json instanceof NumberText ? Number(json.text) : Array.isArray(json) ? json.map(back) : typeof json === 'object' && json !== null ? Object.fromEntries(Object.entries(json).map(([k, v]) => [k, back(v)])) : json
        fc.pre(!JSON.stringify(value).includes('"__proto__":'))
        assert.deepEqual(back(parseLosslessJson(JSON.stringify(value))), JSON.parse(JSON.stringify(value)))
      }),
    ))
})

describe('a supplement', () => {
  it('adds what the document lacks', () => assert.deepEqual(supplement({ a: '1' }, { b: '2' }), { a: '1', b: '2' }))
  it('may repeat what the document says', () => assert.deepEqual(supplement({ a: '1' }, { a: '1' }), { a: '1' }))
  it('is refused when it contradicts', () => assert.deepEqual(paths(refused('DOCUMENT_INVALID', () => supplement({ a: '1' }, { a: '2' }))), ['/a']))
  for (const value of [null, 'x', [], 7]) it(`is refused when it is ${JSON.stringify(value)}`, () => void refused('DOCUMENT_INVALID', () => supplement({}, value)))
})

describe('hostile XML', () => {
  const bomb = `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "${'&lol;'.repeat(10)}">]><Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2">&lol2;</Order>`
  const note = (text: string) => changed(orderXml, '<cbc:ID>34</cbc:ID>', `<cbc:ID>${text}</cbc:ID>`)

  it('is refused when it has a DTD', () => void refused('DOCUMENT_INVALID', () => readDocument(order, bomb)))
  it('is refused when it reads a file', () => void refused('DOCUMENT_INVALID', () => readDocument(order, '<!DOCTYPE o [<!ENTITY x SYSTEM "file:///etc/passwd">]><Order>&x;</Order>')))
  it('is refused when it names an entity that XML does not have', () => {
    for (const entity of ['&lol;', '&nbsp;', '&', '&constructor;', '&#0;', '&#xD800;', '&#x110000;']) refused('DOCUMENT_INVALID', () => readDocument(order, note(entity)))
  })
  it('is refused when it is nested too deep', () => void refused('TOO_LARGE', () => readDocument(order, note('<a>'.repeat(1000) + '</a>'.repeat(1000)))))
  it('is refused when it is too long', () => void refused('TOO_LARGE', () => readDocument(order, note('x'.repeat(1_048_577)))))
  it('is refused when it has too many elements', () => void refused('TOO_LARGE', () => readDocument(order, note('<a/>'.repeat(60_000)))))
  it('is refused when it is not well-formed', () => {
    for (const source of ['<Order>', '<Order></Ordre>', '<Order a=b/>', '<Order/><Order/>', '<', '<Order', '<Order a="1" a="2"/>']) refused('DOCUMENT_INVALID', () => readDocument(order, source))
  })
  it('is refused when a comment, section or tag does not end, however often it begins', () => {
    for (const open of ['<!--', '<![CDATA[', '<?', '<a b="', '<a ']) refused('DOCUMENT_INVALID', () => readDocument(order, note(open.repeat(100_000))))
  })
  it('is refused when it uses a prefix that it does not declare', () => void refused('DOCUMENT_INVALID', () => readDocument(order, note('<z:ID>1</z:ID>'))))
  it('does not touch a prototype', () => {
    for (const name of ['__proto__', 'constructor', 'prototype']) refused('DOCUMENT_INVALID', () => readDocument(order, note(`<${name}><polluted>1</polluted></${name}>`)))
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
  })
  it('reads predefined entities, character references and CDATA', () => {
    for (const [written, meant] of [['A&amp;B', 'A&B'], ['&#65;&#x42;', 'AB'], ['<![CDATA[A&amp;B<]]>', 'A&amp;B<'], ['A&amp;lt;', 'A&lt;'], ['A<!-- c -->B', 'AB']] as const)
      assert.equal((readDocument(order, note(written)) as Members)['number'], meant)
  })
})

describe('a schema from outside', () => {
  it('reads a UBL document that nobody here has heard of', () => {
    const waybill = parseSchema({
      ...schemaJson('credit-line'),
      $id: 'waybill',
      namespace: 'example.waybill',
      naturalKey: ['number'],
      required: ['number', 'weight'],
      properties: {
        number: { type: 'string', slot: 0, as: 'code' },
        weight: { type: 'string', slot: 1, as: 'measure', unit: 'KGM', decimals: 2 },
      },
      read: { 'ubl-2': { root: 'Waybill', fields: { number: { path: 'ID' }, weight: { path: 'Shipment/GrossWeightMeasure[unitCode=KGM]' } } } },
    })
    const xml = `<w:Waybill xmlns:w="urn:oasis:names:specification:ubl:schema:xsd:Waybill-2" xmlns="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
      xmlns:c="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"><ID>KHN23</ID><c:Shipment><GrossWeightMeasure unitCode='KGM'>130</GrossWeightMeasure></c:Shipment></w:Waybill>`
    assert.deepEqual(parseDocument(waybill, readDocument(waybill, xml)).fields.slice(0, 2), [0x4b484e3233n, 13000n])
  })
})
