import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { canonicalJson } from '../../src/hash/canonical.ts'
import { noteVerifierKey } from '../../src/verifier/note.ts'
import { LOG_KEY, newDirectory, newWorld, ORIGIN, proof, submission } from './specimen.ts'

const FOLDER = fileURLToPath(new URL('go/', import.meta.url))
// Debian's golang-golang-x-mod-dev puts x/mod here; a developer may have it in a GOPATH of their own.
const GOPATH = process.env['GOPATH'] ?? '/usr/share/gocode'

interface Input {
  VerifierKey: string
  Leaves: string[]
  Receipts: { Index: number; Inclusion: readonly string[]; Checkpoint: string }[]
  Consistency: { First: number; Second: number; Proof: readonly string[] }[]
}

describe('Go’s sumdb/note and sumdb/tlog (E30)', function () {
  let program: string
  let input: Input

  before(async function () {
    if (spawnSync('go', ['version']).status !== 0 || !existsSync(join(GOPATH, 'src/golang.org/x/mod/sumdb'))) {
      if (process.env['ATTESTRY_REQUIRE_GO']) assert.fail('Go and golang.org/x/mod are required here')
      console.log('    (left out: needs Go with golang.org/x/mod; on Debian golang-go and golang-golang-x-mod-dev)')
      this.skip()
    }
    program = join(newDirectory(), 'check')
    const built = spawnSync('go', ['build', '-o', program, 'main.go'], { cwd: FOLDER, env: { ...process.env, GOPATH, GO111MODULE: 'off', GOFLAGS: '' }, encoding: 'utf8' })
    assert.equal(built.status, 0, built.stderr)

    const world = await newWorld()
    for (const name of ['pair', 'claim', 'pair', 'claim'] as const) await world.submit(proof(submission(world, name)))
    const { registry } = world
    const { size } = registry
    const receipts = await Promise.all(Array.from({ length: size }, (_, index) => registry.receipt(index)))
    const toEnd = await Promise.all(Array.from({ length: size }, (_, index) => registry.receipt(index, size)))
    input = {
      VerifierKey: noteVerifierKey(ORIGIN, LOG_KEY),
      Leaves: (await registry.entries(0, 1000)).map((entry) => canonicalJson(entry)),
      Receipts: [...receipts, ...toEnd].map(({ entry, inclusion, checkpoint }) => ({ Index: entry.index, Inclusion: inclusion, Checkpoint: checkpoint })),
      Consistency: await Promise.all(Array.from({ length: size }, async (_, i) => ({ First: i + 1, Second: size, Proof: await registry.consistency(i + 1, size) }))),
    }
    await registry.close()
  })

  const check = (changed: Input) => spawnSync(program, [], { input: JSON.stringify(changed), encoding: 'utf8' })

  it('accept every checkpoint, inclusion proof and consistency proof, and build the same tree', () => {
    const { status, stdout, stderr } = check(input)
    assert.equal(status, 0, stderr)
    assert.equal(stdout, `ok ${input.Leaves.length}\n`)
  })

  it('refuse a leaf with one letter changed', () => {
    assert.equal(check({ ...input, Leaves: input.Leaves.with(3, input.Leaves[3]!.replace('admit', 'Admit')) }).status, 1)
  })

  it('refuse a checkpoint with another size', () => {
    const [first, ...others] = input.Receipts
    assert.equal(check({ ...input, Receipts: [{ ...first!, Checkpoint: first!.Checkpoint.replace('\n1\n', '\n2\n') }, ...others] }).status, 1)
  })
})
