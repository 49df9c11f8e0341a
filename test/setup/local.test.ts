import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileShape } from '../../src/setup/compile.ts'
import { localSetup, type SetupProgress } from '../../src/setup/local.ts'
import { fetchTestPhase1 } from '../../src/setup/phase1.ts'

const BUILD = fileURLToPath(new URL('../../build', import.meta.url))
const CHILD = fileURLToPath(new URL('../../src/setup/local-child.ts', import.meta.url))

describe('a local set-up', () => {
  let folder: string
  before(async () => {
    await compileShape('attest')
    await fetchTestPhase1(join(BUILD, 'phase1'))
    await mkdir(join(BUILD, 'test-setup'), { recursive: true })
    folder = await mkdtemp(join(BUILD, 'test-setup', 'local-'))
    for (const made of ['circuits', 'phase1']) await symlink(join(BUILD, made), join(folder, made))
  })
  after(() => rm(folder, { recursive: true }))
  const keys = () => readdir(join(folder, 'keys')).catch(() => [])

  it('says how far it is within its long steps, and leaves nothing behind when it is stopped', async () => {
    const [stop, reason, seen] = [new AbortController(), new Error('enough'), [] as SetupProgress[]]
    const onProgress = (progress: SetupProgress) => {
      seen.push(progress)
      if (seen.filter(({ step }) => step === 'new key').length > 10) stop.abort(reason)
    }
    await assert.rejects(localSetup('attest', { buildDir: folder, onProgress, signal: stop.signal }), (error) => error === reason)
    assert.ok(seen.every(({ fraction }, i) => fraction >= (seen[i - 1]?.fraction ?? 0)))
    assert.equal(seen.at(-1)?.step, 'new key')
    assert.deepEqual(await keys(), [])
  })

  it('does not begin when it is stopped before', async () => {
    await assert.rejects(localSetup('attest', { buildDir: folder, signal: AbortSignal.abort(new Error('never')) }), /never/)
    assert.deepEqual(await keys(), [])
  })

  for (const [what, end] of [['is interrupted', (child: ReturnType<typeof fork>) => child.kill('SIGINT')], ['loses its parent', (child: ReturnType<typeof fork>) => child.disconnect()]] as const)
    it(`whose process ${what} leaves nothing behind`, async () => {
      const child = fork(CHILD, ['attest', folder], { execArgv: ['--import', import.meta.resolve('tsx')] })
      const told: { progress?: SetupProgress; refusal?: { code: string } }[] = []
      child.on('message', (message: (typeof told)[0]) => {
        const first = told.every(({ progress }) => progress?.step !== 'new key')
        told.push(message)
        if (first && message.progress?.step === 'new key') end(child)
      })
      const [code] = (await once(child, 'exit')) as [number]
      assert.equal(code, 1)
      assert.equal(told.at(-1)?.refusal?.code, what === 'is interrupted' ? 'CANCELLED' : undefined)
      assert.deepEqual(await keys(), [])
    })
})
