import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { wtns } from 'snarkjs'
import { Refusal, type RefusalCode } from '../../src/errors/errors.ts'
import { FIELD_ORDER } from '../../src/field/field.ts'
import { type CircuitInputs, publicWires, WitnessCalculator } from '../../src/prover/witness.ts'
import { factors, toy, type Toy, TOY_PUBLICS } from './toy.ts'

describe('witness calculator', () => {
  let files: Toy
  let calculator: WitnessCalculator
  before(async function () {
    this.timeout(120_000)
    files = await toy()
    calculator = await WitnessCalculator.load(await readFile(files.wasm))
  })

  const refuses = (inputs: CircuitInputs, code: RefusalCode = 'MALFORMED') =>
    assert.throws(() => calculator.witness(inputs), (error: unknown) => error instanceof Refusal && error.code === code)

  it('gives the bytes that snarkjs gives', async () => {
    const theirs = { type: 'mem', data: new Uint8Array() }
    await wtns.calculate({ ...factors, label: '7' }, files.wasm, theirs)
    assert.deepEqual(Buffer.from(calculator.witness(factors)), Buffer.from(theirs.data))
  })

  it('reads the public inputs off the witness, outputs first', () => {
    assert.deepEqual(publicWires(calculator.witness(factors), TOY_PUBLICS), [8n, 15n, 7n])
  })

  it('forgets the inputs of the witness before', () => {
    calculator.witness({ product: '77', label: '1', factor: ['7', '11'] })
    assert.deepEqual(publicWires(calculator.witness(factors), TOY_PUBLICS), [8n, 15n, 7n])
  })

  const bad: Record<string, CircuitInputs[string]> = {
    '7 + r': 7n + FIELD_ORDER, '"7 + r"': String(7n + FIELD_ORDER), '-1': -1n, '"-1"': '-1', '1.5': 1.5 as never, '"1.5"': '1.5', '"abc"': 'abc', '"007"': '007',
    '"0x7"': '0x7', 'an empty string': '', null: null as never, undefined: undefined as never, true: true as never, 'an object': {} as never, 'an array of two': ['7', '7'],
  }
  for (const [name, value] of Object.entries(bad)) it(`refuses ${name} before the circuit sees it (A14)`, () => refuses({ ...factors, label: value }))

  it('refuses a missing input (A14)', () => {
    const { label: _, ...rest } = factors
    refuses(rest)
  })
  it('refuses an extra input (A14)', () => refuses({ ...factors, other: '1' }))
  it('refuses an input called __proto__ (A14)', () => refuses(JSON.parse('{"product":"15","label":"7","factor":["3","5"],"__proto__":"1"}')))
  it('refuses too short an array', () => refuses({ ...factors, factor: ['3'] }))
  it('refuses too long an array', () => refuses({ ...factors, factor: ['3', '5', '1'] }))

  it('finds no witness for a false statement', () => refuses({ ...factors, product: '16' }, 'RULE_FALSE'))
  it('finds no witness for an operand out of range', () => refuses({ product: String(2n ** 32n), label: '1', factor: [String(2n ** 32n), '1'] }, 'RULE_FALSE'))
  it('works again after a refusal', () => {
    refuses({ ...factors, product: '16' }, 'RULE_FALSE')
    assert.deepEqual(publicWires(calculator.witness(factors), TOY_PUBLICS), [8n, 15n, 7n])
  })
  it('names no value in a refusal', () => {
    const secret = '31415926535897932384'
    for (const inputs of [{ ...factors, factor: [secret, '5'] }, { ...factors, factor: [`0${secret}`, '5'] }, { ...factors, label: [secret, secret] }])
      assert.throws(() => calculator.witness(inputs), (error: Error) => !error.message.includes(secret) && !JSON.stringify(error).includes(secret))
  })
})
