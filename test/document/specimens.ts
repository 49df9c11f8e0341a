/** The schemas of the project and one valid document each; tests change one thing. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type Document, parseDocument } from '../../src/document/document.ts'
import { readDocument, supplement } from '../../src/document/reader.ts'
import { parseSchema, type Schema } from '../../src/document/schema.ts'
import { Refusal, type RefusalCode } from '../../src/errors/errors.ts'
import { type Json, parseJson } from '../../src/hash/canonical.ts'

export type Members = Record<string, Json>

const root = new URL('../../', import.meta.url)

export const fixture = (name: string): string => readFileSync(new URL(`test/fixtures/${name}`, root), 'utf8')
export const fixtureJson = (name: string): Members => parseJson(fixture(name)) as Members
export const schemaJson = (name: string): Members => parseJson(readFileSync(new URL(`schemas/${name}.json`, root), 'utf8')) as Members
export const schema = (name: string): Schema => parseSchema(schemaJson(name))

export const medicalInvoice = schema('medical-invoice')
export const kycRecord = schema('kyc-record')

export const invoiceJson = (): Members => supplement(readDocument(medicalInvoice, fixture('fhir-r4-invoice-example.json')), fixtureJson('medical-invoice.supplement.json')) as Members
export const invoice = (changes: Members = {}): Document => parseDocument(medicalInvoice, { ...invoiceJson(), ...changes })
export const kyc = (changes: Members = {}): Document => parseDocument(kycRecord, { ...fixtureJson('kyc-record.json'), ...changes })

/** Runs something that must be refused with this code, and returns the refusal. */
export function refused(code: RefusalCode, work: () => unknown): Refusal {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error))
    assert.equal(error.code, code, error.message)
    return error
  }
  return assert.fail(`not refused, expected ${code}`)
}

/** The paths of a refusal's problems. */
export const paths = (refusal: Refusal): string[] => refusal.problems.map(({ path }) => path)
