import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { readSections } from '../../src/setup/binary-file.ts'
import { fetchTestPhase1, PUBLIC_PHASE1, requirePhase1 } from '../../src/setup/phase1.ts'
import { fileInTarball } from '../../src/setup/tarball.ts'

describe('files of a setup', () => {
  let folder: string
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'attestry-'))))
  after(() => rm(folder, { recursive: true }))

  const saved = async (bytes: Uint8Array) => {
    const path = join(folder, `${Math.random()}`)
    await writeFile(path, bytes)
    return path
  }
  const refuses = (promise: Promise<unknown>, code: string) => assert.rejects(promise, { name: 'Refusal', code })

  describe('a tarball', () => {
    const archive = Buffer.concat([member('package/a', 'first'), member('package/b', 'x'.repeat(600)), member('c', 'third', 'package/deep'), Buffer.alloc(1024)])

    it('gives out its files', async () => {
      const path = await saved(gzipSync(archive))
      assert.equal(new TextDecoder().decode(await fileInTarball(path, 'package/a')), 'first')
      assert.equal((await fileInTarball(path, 'package/b')).length, 600)
      assert.equal(new TextDecoder().decode(await fileInTarball(path, 'package/deep/c')), 'third')
    })
    it('without the file is refused', async () => refuses(fileInTarball(await saved(gzipSync(archive)), 'package/z'), 'CORRUPT'))
    it('that is cut off is refused', async () => refuses(fileInTarball(await saved(gzipSync(archive.subarray(0, 1100))), 'package/b'), 'CORRUPT'))
    it('that is not gzip is refused', async () => refuses(fileInTarball(await saved(archive), 'package/a'), 'CORRUPT'))
    it('larger than expected is refused', async () => refuses(fileInTarball(await saved(gzipSync(archive)), 'package/a', 1000), 'CORRUPT'))
  })

  describe('the test phase 1', () => {
    it('is thrown away when it is not the known file', async () => {
      const path = join(folder, 'powersOfTau15_final.ptau')
      await writeFile(path, 'something else')
      await refuses(fetchTestPhase1(folder), 'CORRUPT')
      await assert.rejects(stat(path))
    })
  })

  describe('a public phase 1', () => {
    it('is on the list that snarkjs publishes', async () => {
      const readme = await readFile(new URL('../../node_modules/snarkjs/README.md', import.meta.url), 'utf8')
      for (const { name, blake2b } of PUBLIC_PHASE1) assert.ok(readme.split('\n').some((line) => line.includes(name) && line.includes(blake2b)), name)
    })
    it('is accepted in production', () => PUBLIC_PHASE1.forEach((phase1) => requirePhase1(phase1, 'production')))
  })

  describe('a binary file', () => {
    const file = (...sections: [number, number][]) => {
      const head = Buffer.from('ptau\u0001\0\0\0\0\0\0\0', 'latin1')
      head.writeUInt32LE(sections.length, 8)
      return Buffer.concat([head, ...sections.map(([id, size]) => Buffer.concat([header(id, size), Buffer.alloc(size)]))])
    }
    it('has its sections', async () => assert.equal((await readSections(await saved(file([1, 5], [2, 7])), 'ptau', [2]))[2].length, 7))
    it('of another type is refused', async () => refuses(readSections(await saved(file([1, 5])), 'zkey', [1]), 'CORRUPT'))
    it('without the section is refused', async () => refuses(readSections(await saved(file([1, 5])), 'ptau', [2]), 'CORRUPT'))
    it('with a section twice is refused', async () => refuses(readSections(await saved(file([1, 5], [1, 5])), 'ptau', [1]), 'CORRUPT'))
    it('that is cut off is refused', async () => refuses(readSections(await saved(file([1, 5]).subarray(0, -1)), 'ptau', [1]), 'CORRUPT'))
    it('with more than its sections is refused', async () => refuses(readSections(await saved(Buffer.concat([file([1, 5]), Buffer.alloc(1)])), 'ptau', [1]), 'CORRUPT'))
    it('of a few bytes is refused', async () => refuses(readSections(await saved(Buffer.from('ptau')), 'ptau', [1]), 'CORRUPT'))
  })
})

function header(id: number, size: number): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt32LE(id, 0)
  bytes.writeBigUInt64LE(BigInt(size), 4)
  return bytes
}

function member(name: string, content: string, prefix = ''): Buffer {
  const head = Buffer.alloc(512)
  head.write(name, 0)
  head.write(content.length.toString(8).padStart(11, '0'), 124)
  head.write('0', 156)
  head.write(prefix, 345)
  const body = Buffer.alloc(Math.ceil(content.length / 512) * 512)
  body.write(content)
  return Buffer.concat([head, body])
}
