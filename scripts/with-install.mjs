/**
 * Runs a TypeScript script of this project, on a machine that has Node 20 and npm and nothing else: installs the locked
 * dependencies when they are missing or the lock file has changed, then starts the script under tsx.
 *
 *     node scripts/with-install.mjs scripts/demo.ts [arguments…]
 */

import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const marker = join(root, 'node_modules', '.attestry-installed')

const [major] = process.versions.node.split('.').map(Number)
if (major < 20) {
  console.error(`Attestry needs Node 20 or newer; this is ${process.versions.node}.`)
  process.exit(3)
}

const lock = createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).digest('hex')
if (!existsSync(marker) || readFileSync(marker, 'utf8') !== lock) {
  console.error('Installing the locked dependencies (npm ci) …')
  // No install script of any dependency is needed: libsql and esbuild ship their binaries as packages.
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (npm.status !== 0) {
    console.error('npm ci failed: see above. Is the npm registry reachable?')
    process.exit(3)
  }
  writeFileSync(marker, lock)
}

const child = spawn(process.execPath, ['--import', 'tsx', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
