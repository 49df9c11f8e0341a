import assert from 'node:assert/strict'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { artefactsOf } from '../../src/cli/proving.ts'
import { sha256OfFile } from '../../src/setup/digests.ts'
import { localSetup } from '../../src/setup/local.ts'

describe('proving keys of a home', () => {
  let folder: string
  let built: string
  let kept: string
  let found: () => Promise<string>
  before(async function () {
    this.timeout(300_000) // makes the keys where they are not there yet
    folder = await mkdtemp(join(tmpdir(), 'attestry-proving-'))
    await mkdir(join(folder, 'proving-keys'))
    built = (await localSetup('attest')).provingKey
    const digest = await sha256OfFile(built)
    kept = join(folder, 'proving-keys', `${digest}.zkey`)
    const home = { data: (...parts: string[]) => join(folder, ...parts) }
    const view = { shapes: new Map([['attest', [{ status: 'active', provingKey: digest }]]]) }
    found = async () => (await artefactsOf({} as never, home as never, view as never, 'attest')).zkey
  })
  after(() => rm(folder, { recursive: true }))

  it('are taken from where they were kept', async () => {
    await copyFile(built, kept)
    assert.equal(await found(), kept)
  })
  it('are not taken from there when they are not what the registry names any more', async () => {
    await writeFile(kept, 'something else')
    assert.equal(await found(), built)
  })
})
