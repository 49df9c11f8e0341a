import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { groth16 } from 'snarkjs'
import { Refusal } from '../../src/errors/errors.ts'
import { EngineProver, type ProvingKey } from '../../src/prover/engine.ts'
import { SnarkjsProver } from './snarkjs-prover.ts'
import { WitnessCalculator } from '../../src/prover/witness.ts'
import type { Groth16Proof } from '../../src/shape/submission.ts'
import { factors, toy, type Toy } from './toy.ts'

for (const [name, Engine] of [['proving engine', EngineProver], ['snarkjs, its oracle', SnarkjsProver]] as const)
describe(name, () => {
  let files: Toy
  let key: ProvingKey
  let witness: Uint8Array
  const prover = new Engine()
  before(async function () {
    this.timeout(120_000)
    files = await toy()
    key = { shape: 'toy', zkey: await readFile(files.zkey) }
    witness = (await WitnessCalculator.load(await readFile(files.wasm))).witness(factors)
  })
  after(() => prover.close())

  const verifies = ({ a, b, c }: Groth16Proof, publicInputs = ['8', '15', '7']) =>
    groth16.verify(files.verificationKey, publicInputs, { pi_a: [...a, '1'], pi_b: [...b, ['1', '0']], pi_c: [...c, '1'], protocol: 'groth16', curve: 'bn128' })

  it('makes a proof that verifies for its public inputs and no others', async () => {
    const proof = await prover.prove(key, witness)
    assert.equal(await verifies(proof), true)
    assert.equal(await verifies(proof, ['8', '15', '8']), false)
  })

  it('makes two different proofs of one witness (C20)', async () => {
    const [first, second] = [await prover.prove(key, witness), await prover.prove(key, witness)]
    assert.notDeepEqual(first.a, second.a)
    assert.notDeepEqual(first.b, second.b)
    assert.notDeepEqual(first.c, second.c)
    assert.equal(await verifies(second), true)
  })

  it('refuses a witness of another circuit', () =>
    assert.rejects(prover.prove(key, witness.slice(0, witness.length - 32)), (error: unknown) => error instanceof Refusal && error.code === 'KEY_INVALID'))
  it('refuses what is no proving key', () =>
    assert.rejects(prover.prove({ ...key, zkey: new Uint8Array(100) }, witness), (error: unknown) => error instanceof Refusal && error.code === 'KEY_INVALID'))

})

describe('tables of a proving key', () => {
  let directory: string
  let files: Toy
  before(async () => {
    files = await toy()
    directory = await mkdtemp(join(tmpdir(), 'attestry-tables-'))
  })
  after(() => rm(directory, { recursive: true }))

  const proves = async (tables?: string): Promise<void> => {
    const prover = new EngineProver()
    const witness = (await WitnessCalculator.load(await readFile(files.wasm))).witness(factors)
    const { a, b, c } = await prover.prove({ shape: 'toy', zkey: await readFile(files.zkey), ...(tables === undefined ? {} : { tables }) }, witness)
    assert.equal(await groth16.verify(files.verificationKey, ['8', '15', '7'], { pi_a: [...a, '1'], pi_b: [...b, ['1', '0']], pi_c: [...c, '1'], protocol: 'groth16', curve: 'bn128' }), true)
    while (tables === directory && (await readdir(directory)).every((name) => !name.endsWith('.key'))) await new Promise((resolve) => setTimeout(resolve, 5))
    await prover.close()
  }

  it('are kept where the key says, and found by the next process', async () => {
    await proves(directory)
    const [name] = await readdir(directory)
    const made = (await stat(join(directory, name!))).birthtimeMs
    await proves(directory)
    assert.deepEqual(await readdir(directory), [name])
    assert.equal((await stat(join(directory, name!))).birthtimeMs, made)
  })

  it('are made anew when they are damaged', async () => {
    const [name] = await readdir(directory)
    const whole = await readFile(join(directory, name!))
    await writeFile(join(directory, name!), whole.subarray(0, 100))
    await proves(directory)
    while ((await readFile(join(directory, name!))).length !== whole.length) await proves(directory)
    assert.deepEqual(await readFile(join(directory, name!)), whole)
  })

  it('are done without where the directory cannot be written', () => proves(files.zkey))
})

describe('a process that proved', () => {
  it('ends once its engine is closed', async function () {
    this.timeout(30_000)
    const program = fileURLToPath(new URL('./one-proof.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program], { timeout: 25_000 })
    assert.equal(stdout, 'closed\n')
  })
})
