/**
 * The README is run: its TypeScript, its JSON files, and its commands against services that `npm start` starts.
 */

import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')

/** Code blocks by language; a name may follow it. */
const blocks = [...README.matchAll(/^```(\w+) ?(\S*)\n([\s\S]*?)^```/gm)].map(([, language, name, code]) => ({ language, name: name ?? '', code: code ?? '' }))
const block = (language: string, index = 0): string => blocks.filter((one) => one.language === language)[index]?.code ?? assert.fail(`no ${language} block ${index}`)

describe('the README', () => {
  // A folder in which the README's paths hold, with data and files of its own.
  const place = mkdtempSync(join(tmpdir(), 'attestry-readme-'))
  let services: ChildProcess | undefined

  before(() => {
    for (const name of ['node_modules', 'bin', 'src', 'build', 'schemas', 'statements', 'circuits', 'package.json']) symlinkSync(join(ROOT, name), join(place, name))
    for (const { name, code } of blocks) {
      if (name === '') continue
      mkdirSync(dirname(join(place, name)), { recursive: true })
      writeFileSync(join(place, name), code)
    }
  })

  after(async () => {
    if (services && services.exitCode === null) {
      const ended = new Promise((resolve) => services?.once('exit', resolve))
      services.kill('SIGTERM')
      await ended
    }
    rmSync(place, { recursive: true, force: true })
  })

  const sh = (code: string): string => execFileSync('bash', ['-euo', 'pipefail', '-c', code], { cwd: place, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] })

  it('has ten lines of code that run', () => {
    const code = block('ts').replaceAll("'./src/", `'${ROOT}src/`)
    writeFileSync(join(place, 'ten-lines.ts'), code)
    const output = execFileSync(process.execPath, ['--import', 'tsx', join(place, 'ten-lines.ts')], { cwd: ROOT, encoding: 'utf8' })
    assert.match(output, /^attest [0-9a-f]{64}\n/)
    assert.match(output, /at most 5000\.00 EUR|5000\.00/)
  })

  it('has a schema, a statement and a document that are checked without a registry', () => {
    assert.match(sh(block('sh', 0)), /the document fits delivery-note version 1/)
  })

  it('has commands that play them to the end', async () => {
    const port = await freePorts()
    services = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'scripts', 'start.ts')], { cwd: ROOT, env: { ...process.env, ATTESTRY_DATA: join(place, 'data'), ATTESTRY_PORT: String(port) }, stdio: ['ignore', 'pipe', 'inherit'] })
    await says(services, 'Everything is up')
    const define = block('sh', 0).split('\n')[0] ?? ''
    const output = sh(`${define}\n${block('sh', 1).replaceAll(':4100', `:${port + 100}`)}`)
    assert.match(output, /accepted as entry \d+/)
    assert.match(output, /note\.parcels = 12/)
    assert.match(output, /the log of localhost\/attestry holds: \d+ entries[\s\S]* 1 proof verified, in 1 batch\n/)
    assert.throws(() => sh(`${define}\n${block('sh', 1).split('\n').find((line) => line.startsWith('attestry prove'))?.replace('answer.json', 'again.json')}`), (error: { stderr: string; status: number }) => error.status === 1 && /NULLIFIER_SPENT/.test(error.stderr))
  })

  it('names no file that is not there', () => {
    for (const [, path] of README.matchAll(/\]\(([^)]+\.md)\)/g)) assert.ok(readFileSync(join(ROOT, path ?? ''), 'utf8').length > 0)
  })
})

function says(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    child.stdout?.on('data', (part: Buffer) => {
      output += part.toString()
      if (output.includes(text)) resolve()
    })
    child.once('exit', (code) => reject(new Error(`ended with ${code}\n${output}`)))
  })
}

/** A port such that it and the three at distances of 100 are free. */
async function freePorts(): Promise<number> {
  for (let port = 21_000; port < 30_000; port += 437) {
    const free = await Promise.all([0, 100, 200, 300].map((more) => isFree(port + more)))
    if (free.every(Boolean)) return port
  }
  return assert.fail('no free ports')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
