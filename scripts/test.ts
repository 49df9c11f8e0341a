/**
 * `npm test`: makes what the tests need (compiled circuits, locally made keys, both cached in build/), runs every test file
 * and ends with the line `N passed, N failed`.
 *
 *     npm test                         everything
 *     npm test -- test/verifier        the files below one folder, or single files
 */

import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import Mocha from 'mocha'
import { localSetup, type SetupProgress } from '../src/setup/local.ts'
import { SHAPE_NAMES } from '../src/shape/shapes.ts'

const chosen = process.argv.slice(2)
if (chosen.length === 0) await makeKeys()
const mocha = new Mocha({ timeout: 300_000, parallel: process.env.ATTESTRY_TEST_JOBS !== '1', jobs: 2 })
for (const file of (chosen.length > 0 ? chosen : ['test']).flatMap(testFiles).sort()) mocha.addFile(file)
await mocha.loadFilesAsync().catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})

const runner = mocha.run((failures) => {
  const { passes = 0, pending = 0 } = runner.stats ?? {}
  const engine = chosen.length === 0 ? engineTests() : { passes: 0, failures: 0 }
  const failed = failures + engine.failures
  console.log(`${passes + engine.passes} passed, ${failed} failed${pending > 0 ? `, ${pending} skipped` : ''}`)
  process.exit(failed > 0 ? 1 : 0)
})

/** The engine is a package of its own, and its tests share snarkjs's threads: a process of its own, one file after the other. */
function engineTests(): { passes: number; failures: number } {
  const { stdout, status } = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/test.ts', 'engine/test'], {
    env: { ...process.env, ATTESTRY_TEST_JOBS: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    timeout: 900_000,
  })
  console.log(stdout)
  const [, passes, failures] = /(\d+) passed, (\d+) failed[^\n]*\n$/.exec(stdout) ?? []
  return { passes: Number(passes ?? 0), failures: Number(failures ?? 0) || (status === 0 ? 0 : 1) }
}

/** Before the tests, so that two of them do not make the same keys side by side. */
async function makeKeys(): Promise<void> {
  for (const shape of SHAPE_NAMES) {
    let said = ''
    const onProgress = ({ step, fraction }: SetupProgress) => {
      const line = `keys of ${shape}: ${Math.floor(fraction * 10) * 10} %, ${step}`
      if (line !== said) console.log((said = line))
    }
    await localSetup(shape, { onProgress })
  }
}

function testFiles(path: string): string[] {
  if (statSync(path).isFile()) return [path]
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(path, name))
}
