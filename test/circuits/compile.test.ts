import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileCircuit, readPublicNames, readR1csCounts } from '../../src/setup/compile.ts'

const BUILD = fileURLToPath(new URL('../../build/', import.meta.url))
const SQUARE = 'template Square() { signal input x; signal input y; signal output out; signal z <== x * x; out <== z * y; }'

describe('compileCircuit', () => {
  let folder: string
  let file: string
  const O2 = { optimization: 2 } as const

  beforeEach(async () => {
    await mkdir(BUILD, { recursive: true })
    folder = await mkdtemp(join(BUILD, 'compile-'))
    file = join(folder, 'main.circom')
    await writeFile(join(folder, 'square.circom'), `pragma circom 2.2.0;\n${SQUARE}\n`)
    await writeFile(file, 'pragma circom 2.2.0;\ninclude "square.circom";\ncomponent main {public [y]} = Square();\n')
  })
  afterEach(() => rm(folder, { recursive: true }))

  const madeAt = async (path: string) => (await stat(path)).ino

  it('writes r1cs, wasm and sym under the circuit\'s name', async () => {
    const { r1cs, wasm, sym } = await compileCircuit(file, join(folder, 'out'), O2)
    assert.deepEqual([r1cs, wasm, sym], ['r1cs', 'wasm', 'sym'].map((ending) => join(folder, 'out', `main.${ending}`)))
    assert.deepEqual(await readR1csCounts(r1cs), { wires: 5, publics: 2, privates: 1, constraints: 2 })
    assert.deepEqual(await readPublicNames(sym, 2), ['out', 'y'])
  })

  it('makes nothing again while the sources stand', async () => {
    const { r1cs } = await compileCircuit(file, join(folder, 'out'), O2)
    const before = await madeAt(r1cs)
    await compileCircuit(file, join(folder, 'out'), O2)
    assert.equal(await madeAt(r1cs), before)
  })

  it('compiles again when an included file changes', async () => {
    const one = await compileCircuit(file, join(folder, 'out'), O2)
    await writeFile(join(folder, 'square.circom'), `pragma circom 2.2.0;\n${SQUARE.replace('z * y', 'z * (y + 1)')}\n`)
    const before = await readFile(one.r1cs)
    const other = await compileCircuit(file, join(folder, 'out'), O2)
    assert.notEqual(other.sourceHash, one.sourceHash)
    assert.notDeepEqual(await readFile(other.r1cs), before)
  })

  it('compiles again for another optimisation', async () => {
    const { sourceHash } = await compileCircuit(file, join(folder, 'out'), O2)
    assert.notEqual((await compileCircuit(file, join(folder, 'out'), { optimization: 0 })).sourceHash, sourceHash)
  })

  it('gives two callers at once the same artefacts', async () => {
    const [a, b] = await Promise.all([compileCircuit(file, join(folder, 'out'), O2), compileCircuit(file, join(folder, 'out'), O2)])
    assert.deepEqual(a, b)
    assert.equal((await readR1csCounts(a.r1cs)).constraints, 2)
  })

  it('reports an under-constrained signal as a warning', async () => {
    await writeFile(join(folder, 'square.circom'), `pragma circom 2.2.0;\n${SQUARE.replace('out <==', 'signal input idle; out <==')}\n`)
    const { warnings } = await compileCircuit(file, join(folder, 'out'), { ...O2, inspect: true })
    assert.equal(warnings.length, 1)
    assert.match(warnings[0] ?? '', /idle/)
  })

  it('says what the compiler says when the sources are wrong, and leaves nothing', async () => {
    await writeFile(join(folder, 'square.circom'), 'template Square( {')
    await assert.rejects(compileCircuit(file, join(folder, 'out'), O2), /main\.circom does not compile[\s\S]*error/)
    await assert.rejects(stat(join(folder, 'out')))
  })
})
