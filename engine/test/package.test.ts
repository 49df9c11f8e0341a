import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { circuit } from './circuit.ts'

const run = promisify(execFile)
const ENGINE = fileURLToPath(new URL('..', import.meta.url))
const CHAIN = fileURLToPath(new URL('../../build/engine/chain-3-2', import.meta.url))

/** What someone who uses snarkjs today would write, in JavaScript, with nothing installed but the package. */
const PROGRAM = `
import { readFile } from 'node:fs/promises'
import { Engine, WitnessCalculator, directoryStore, prepareVerificationKey, verify, verifyBatch } from '@attestry/engine'

const [folder] = process.argv.slice(2)
const calculator = await WitnessCalculator.load(await readFile(folder + '/chain_js/chain.wasm'))
const witness = calculator.witness({ label: 7, secret: '12345678901234567890123456789', amounts: [2n ** 64n - 1n, 1001] })
const engine = await Engine.create()
const key = await engine.openKey(await readFile(folder + '/chain.zkey'), { store: directoryStore('tables') })
const { proof, publicSignals } = await engine.prove(key, witness)
const vk = await prepareVerificationKey(JSON.parse(await readFile(folder + '/key.json', 'utf8')))
const [outcome] = await verifyBatch([{ key: vk, signals: publicSignals, proof }])
console.log(JSON.stringify({ publicSignals, valid: await verify(vk, publicSignals, proof), accepted: outcome.accepted }))
`

/** And in TypeScript, checked without Node's types. */
const TYPED = `
import { Engine, Setup, WitnessCalculator, indexedDbStore, prepareVerificationKey, verify, type Proof, type ProvingKey } from '@attestry/engine'

export async function prove(wasm: Uint8Array, zkey: Uint8Array, vkey: unknown): Promise<Proof> {
  const engine: Engine = await Engine.create({ threads: 2 })
  const key: ProvingKey = await engine.openKey(zkey, { store: indexedDbStore(), wait: false, onProblem: console.warn })
  const { proof, publicSignals } = await engine.prove(key, (await WitnessCalculator.load(wasm)).witness({ a: 1, b: [2n, '3'] }), { onProgress: (done: number) => {} })
  if (!await verify(await prepareVerificationKey(vkey), publicSignals, proof)) throw new Error('refused')
  const setup = await Setup.create()
  setup.close()
  return proof
}
`

describe('the package', function () {
  this.timeout(120_000)
  let folder: string
  before(async () => {
    await circuit(3, 2)
    folder = await mkdtemp(join(tmpdir(), 'engine-package-'))
    const { stdout } = await run('npm', ['pack', '--pack-destination', folder, '--json'], { cwd: ENGINE })
    const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [{ filename: string }]
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(folder, filename)], { cwd: folder })
  })
  after(() => rm(folder, { recursive: true }))

  it('proves and verifies in plain Node, installed from its tarball, with nothing else', async () => {
    await writeFile(join(folder, 'program.js'), PROGRAM)
    const { stdout } = await run(process.execPath, ['program.js', CHAIN], { cwd: folder, timeout: 60_000 })
    assert.deepEqual(JSON.parse(stdout), { publicSignals: (await circuit(3, 2)).publicSignals, valid: true, accepted: true })
  })

  it('has types that stand by themselves, without Node\'s', async () => {
    await writeFile(join(folder, 'typed.ts'), TYPED)
    const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
    for (const resolution of [['--module', 'nodenext'], ['--module', 'esnext', '--moduleResolution', 'bundler']]) {
      await run(process.execPath, [tsc, '--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2023,dom', ...resolution, 'typed.ts'], { cwd: folder })
        .catch(({ stdout }) => assert.fail(stdout))
    }
  })

  it('shows no way to choose the randomness of a proof, nor its memory', async () => {
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', "import * as face from '@attestry/engine'; console.log(JSON.stringify([Object.keys(face), Object.getOwnPropertyNames(face.Engine.prototype)]))"], { cwd: folder })
    assert.deepEqual((JSON.parse(stdout) as string[][]).map((names) => names.filter((name) => name !== 'domain' && name !== 'withDomain').sort()), [
      ['Engine', 'InvalidInput', 'MalformedFile', 'Poseidon', 'Setup', 'WitnessCalculator', 'directoryStore', 'exportVerificationKey', 'indexedDbStore', 'prepareVerificationKey', 'verify', 'verifyBatch'],
      ['close', 'constructor', 'openKey', 'prepareKey', 'preparedBytes', 'prove', 'readKey', 'readStoredKey', 'storeKey', 'threads'],
    ])
    await assert.rejects(run(process.execPath, ['--input-type=module', '-e', "await import('@attestry/engine/dist/engine.js')"], { cwd: folder }), /ERR_PACKAGE_PATH_NOT_EXPORTED/)
    assert.doesNotMatch(await readFile(join(folder, 'node_modules/@attestry/engine/dist/engine.d.ts'), 'utf8'), /proveWith|readonly machine|readonly pool/)
  })

  it('has a licence, a readme, no tests and no dependency', async () => {
    const installed = join(folder, 'node_modules/@attestry/engine')
    assert.match(await readFile(join(installed, 'LICENSE'), 'utf8'), /Apache License/)
    assert.ok((await readFile(join(installed, 'README.md'), 'utf8')).length > 1000)
    await assert.rejects(readFile(join(installed, 'test/package.test.ts')), { code: 'ENOENT' })
    const { dependencies } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'))
    assert.equal(dependencies, undefined)
  })
})
