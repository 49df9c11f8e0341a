import assert from 'node:assert/strict'
import { parseDocument } from '../../src/document/document.ts'
import type { Json } from '../../src/hash/canonical.ts'
import { invoice, invoiceJson, kyc, kycRecord, medicalInvoice, type Members, paths, refused } from './specimens.ts'

function refuses(changes: Members, expected: string[]): void {
  const refusal = refused('DOCUMENT_INVALID', () => invoice(changes))
  assert.deepEqual(paths(refusal), expected)
}

describe('documents', () => {
  it('puts every field into its slot and 0 into empty ones', () => {
    const { fields } = invoice()
    assert.equal(fields.length, 16)
    assert.equal(fields[4], 480000n)
    assert.deepEqual(fields.slice(7), Array(9).fill(0n))
  })

  it('refuses a floating-point amount', () => refuses({ total: 48.5 }, ['/total', '/total']))
  it('refuses a negative amount', () => refuses({ total: '-48.00' }, ['/total']))
  it('refuses a code in another spelling', () => refuses({ currency: 'eur' }, ['/currency']))
  it('refuses a code that is too long', () => refuses({ number: '1'.repeat(32) }, ['/number']))
  it('refuses a code that is not in NFC', () => refuses({ number: 'e\u0301' }, ['/number']))
  it('refuses an identifier without its scheme', () => refuses({ subject: '1237010180' }, ['/subject']))
  it('refuses another member', () => refuses({ diagnosis: 'B20' }, ['/diagnosis']))
  it('refuses a number that JSON does not keep in a member without a slot', () => refuses({ department: 1.5 }, ['/department', '/department']))

  it('refuses a document without a field that has a slot', () => {
    const { total, ...rest } = invoiceJson()
    assert.ok(total)
    assert.deepEqual(paths(refused('DOCUMENT_INVALID', () => parseDocument(medicalInvoice, rest))), ['/total'])
  })

  it('does not take a field from a prototype', () => {
    const { total, ...rest } = invoiceJson()
    refused('DOCUMENT_INVALID', () => parseDocument(medicalInvoice, Object.assign(Object.create({ total }), rest)))
  })

  it('lists every problem at once, each with path, expected and got, and no value', () => {
    const bad = { ...invoiceJson(), total: '48,77', currency: 'euro', date: '2017-02-30', subject: 'Max Mustermann' }
    const { problems, message } = refused('DOCUMENT_INVALID', () => parseDocument(medicalInvoice, bad))
    assert.deepEqual([...new Set(problems.map(({ path }) => path))].sort(), ['/currency', '/date', '/subject', '/total'])
    assert.deepEqual(problems.find(({ path }) => path === '/total'), { path: '/total', expected: 'decimal text with at most four decimals (an amount)', got: 'text like "99,99"' })
    for (const value of ['48,77', 'euro', '2017-02-30', 'Mustermann']) assert.ok(!message.includes(value))
  })

  for (const value of [null, 7, 'x', [], true, undefined, new Map()] as unknown[]) it(`refuses ${String(value)} as a document`, () => void refused('DOCUMENT_INVALID', () => parseDocument(medicalInvoice, value)))

  it('refuses a document that is nested without end', () => {
    let deep: Json = 'x'
    for (let i = 0; i < 40; i++) deep = [deep]
    refused('TOO_LARGE', () => parseDocument(medicalInvoice, { ...invoiceJson(), department: deep }))
  })

  it('refuses an integer over the maximum of its field', () => assert.deepEqual(paths(refused('DOCUMENT_INVALID', () => kyc({ level: 5 }))), ['/level']))

  it('refuses a risk class that the schema does not have', () => assert.deepEqual(paths(refused('DOCUMENT_INVALID', () => kyc({ risk: 'none' }))), ['/risk']))

  it('tells a document of one schema from that of another', () => void refused('DOCUMENT_INVALID', () => parseDocument(kycRecord, invoiceJson())))
})
