/**
 * A statement and the circuit mean the same: for random well-typed statements over random documents, a witness exists exactly when the
 * rules hold as people read them.
 */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { encode, encodeCode } from '../../src/document/encoding.ts'
import { parseDocument } from '../../src/document/document.ts'
import { Refusal } from '../../src/errors/errors.ts'
import { type CircuitInputs, WitnessCalculator } from '../../src/prover/witness.ts'
import { compileCircuit } from '../../src/setup/compile.ts'
import { pinStatement } from '../../src/shape/pin.ts'
import { evaluateRules, type Values } from '../../src/statement/evaluate.ts'
import { encodeParameters } from '../../src/statement/parameters.ts'
import type { Statement } from '../../src/statement/compiler.ts'
import { compile, ONE, rule, TWO } from '../statement/specimen.ts'
import { ATTEST, MATCH, rulesHold } from './circuit-rules.ts'
import { randomStatement, randomValues } from './random-statement.ts'

/** What fills the registers (SPEC §5.1), from a statement and values. */
function inputsOf(statement: Statement, values: Values) {
  const document = statement.documents.map((name) => {
    const { fields, issuer, class: issuerClass, issuedAt, expiresAt } = values.documents[name] ?? assert.fail(name)
    const schema = statement.schemas[name] ?? assert.fail(name)
    return [...parseDocument(schema, fields).fields, encodeCode(issuer), encodeCode(issuerClass), BigInt(issuedAt), BigInt(expiresAt)]
  })
  const given = Object.fromEntries(statement.parameters.map(({ name }) => [name, values.parameters[name]]))
  const pinned = pinStatement(statement)
  return { shape: pinned.shape, rules: BigInt(pinned.rules), literal: pinned.literals.map(BigInt), parameter: [...encodeParameters(statement, given).elements] as bigint[], now: BigInt(values.now), document }
}

function registersOf({ document, now, parameter, literal }: ReturnType<typeof inputsOf>): bigint[] {
  const registers = Array<bigint>(64).fill(0n)
  const put = (first: number, list: readonly bigint[] = []): void => list.forEach((value, i) => (registers[first + i] = value))
  put(1, document[0])
  put(21, [now])
  put(22, parameter)
  put(28, literal)
  put(33, document[1])
  return registers
}

const holds = (statement: Statement, values: Values): boolean => evaluateRules(statement, values).holds

describe('rules and the arithmetic of SPEC §5.2', () => {
  it('hold for the same documents', () => {
    let held = 0
    let failed = 0
    fc.assert(
      fc.property(randomStatement, randomValues, (statement, values) => {
        const inputs = inputsOf(statement, values)
        const expected = holds(statement, values)
        expected ? held++ : failed++
        assert.equal(rulesHold(inputs.rules, registersOf(inputs), inputs.shape === 'attest' ? ATTEST : MATCH), expected)
      }),
      { numRuns: 3000 },
    )
    assert.ok(held > 300 && failed > 300, `${held} held, ${failed} did not: the pools are one-sided`)
  })
})

describe('rules and the circuits', function () {
  const calculators = {} as Record<'attest' | 'match', WitnessCalculator>

  before(async () => {
    for (const shape of ['attest', 'match'] as const) {
      const file = fileURLToPath(new URL(`circuits/${shape}-rules.circom`, import.meta.url))
      const { wasm } = await compileCircuit(file, fileURLToPath(new URL(`../../build/test-circuits/${shape}-rules`, import.meta.url)), { optimization: 1 })
      calculators[shape] = await WitnessCalculator.load(await readFile(wasm))
    }
  })

  function hasWitness(inputs: ReturnType<typeof inputsOf>): boolean {
    const { shape, document, now, parameter, literal, rules } = inputs
    const second = shape === 'match' ? [document[1] ?? Array<bigint>(20).fill(0n)] : []
    try {
      calculators[shape].witness({ document: [document[0] ?? [], ...second], now, parameter, literal, rules } as CircuitInputs)
      return true
    } catch (error) {
      if (error instanceof Refusal && error.code === 'RULE_FALSE') return false
      throw error
    }
  }

  it('agree: a witness exists exactly when the rules hold', () =>
    fc.assert(
      fc.property(randomStatement, randomValues, (statement, values) => {
        assert.equal(hasWitness(inputsOf(statement, values)), holds(statement, values))
      }),
      { numRuns: 400 },
    ))

  const [specimen = assert.fail()] = fc.sample(randomValues, { numRuns: 1, seed: 1 })
  function withValues(change: { bill?: object; quota?: object; parameters?: object }): Values {
    const { bill = assert.fail(), quota = assert.fail() } = specimen.documents
    return { ...specimen, documents: { bill: { ...bill, fields: { ...bill.fields, ...change.bill } }, quota: { ...quota, fields: { ...quota.fields, ...change.quota } } }, parameters: { ...change.parameters } }
  }
  function agree(statement: Statement, values: Values, expected: boolean): void {
    assert.equal(holds(statement, values), expected)
    assert.equal(hasWitness(inputsOf(statement, values)), expected)
  }

  for (const [total, tax, expected] of [['2', '2', true], ['2.0001', '2', false], ['1.9999', '2', true], ['1844674407370955.1615', '1844674407370955.1615', true], ['1844674407370955.1615', '0', false], ['0', '1844674407370955.1615', true]] as const)
    it(`${total} <= ${tax} is ${expected} at the edges`, () => agree(rule('bill.total <= bill.tax'), withValues({ bill: { total, tax } }), expected))

  it('a sum beyond 2^64 is no small number', () => agree(rule('bill.total + bill.tax <= bill.total'), withValues({ bill: { total: '1844674407370955.1615', tax: '1844674407370955.1615' } }), false))
  it('the largest product is compared in full', () => agree(rule('$f * $g > bill.count', { f: { as: 'integer', maximum: 4294967295 }, g: { as: 'integer', maximum: 4294967295 } }), withValues({ bill: { count: '18446744065119617024' }, parameters: { f: 4294967295, g: 4294967295 } }), true))
  it('a year before 1970 and a leap day are days like others', () => agree(rule('bill.day + 1 = 1960-03-01'), withValues({ bill: { day: '1960-02-29' } }), true))
  it('offsets of timestamps do not matter', () => agree(rule('bill.sent = 2026-01-01T00:00:00Z'), withValues({ bill: { sent: '2026-01-01T05:30:00+05:30' } }), true))

  it('a false last alternative does not carry into the next rule (C15c)', () => agree(compile({ ...ONE, rules: ["bill.state = 'open' or bill.paid = true", 'bill.pieces = 1'] }), withValues({ bill: { state: 'closed', paid: false, pieces: 1 } }), false))
  it('a true first alternative does not carry into the next rule', () => agree(compile({ ...ONE, rules: ["bill.state = 'open' or bill.paid = true", 'bill.pieces = 1'] }), withValues({ bill: { state: 'open', paid: false, pieces: 2 } }), false))
  it('a false last rule is not rescued by an or before it', () => agree(compile({ ...ONE, rules: ['bill.pieces = 1', "bill.state = 'open' or bill.paid = true"] }), withValues({ bill: { state: 'closed', paid: false, pieces: 1 } }), false))

  it('an operand that its issuer made negative modulo r bends no other\'s limit (C15c)', () => {
    const statement = compile({ ...TWO, rules: [...TWO.rules, 'bill.total + quota.used <= quota.limit'] })
    const values = withValues({ bill: { seller: 'EX:A', currency: 'EUR', total: '10' }, quota: { owner: 'EX:A', currency: 'EUR', used: '3', limit: '5' } })
    agree(statement, values, false)
    const inputs = inputsOf(statement, values)
    inputs.document[0]?.splice(3, 1, encode({ as: 'integer' }, 0) - 60000n + 21888242871839275222246405745257275088548364400416034343698204186575808495617n)
    assert.equal(hasWitness(inputs), false)
  })
})
