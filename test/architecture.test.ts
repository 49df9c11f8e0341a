/**
 * Which folder of src/ may import which, what runs in a browser, and what is free of the GPL: read off the import lines.
 */

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SRC = resolve(ROOT, 'src')
const ENGINE = resolve(ROOT, 'engine/src')

/** Each folder with the folders that it may import beside itself. */
const BASE = ['errors', 'field', 'hash', 'signature']
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  field: ['errors'],
  hash: ['errors', 'field', 'engine'],
  signature: ['errors', 'field', 'hash'],
  document: BASE,
  credential: [...BASE, 'document'],
  statement: [...BASE, 'document', 'credential'],
  shape: [...BASE, 'document', 'credential', 'statement'],
  view: [...BASE, 'document', 'credential', 'statement', 'shape'],
  http: BASE,
  verifier: ['engine', ...BASE, 'document', 'credential', 'statement', 'shape', 'view'],
  issuer: [...BASE, 'document', 'credential', 'statement', 'shape', 'view', 'http'],
  prover: ['engine', ...BASE, 'document', 'credential', 'statement', 'shape', 'view', 'http'],
  setup: ['engine', ...BASE, 'shape', 'verifier'],
  registry: [...BASE, 'document', 'credential', 'statement', 'shape', 'view', 'http', 'verifier', 'setup'],
  client: [...BASE, 'document', 'credential', 'statement', 'shape', 'view', 'http'],
}

/** Folders that run in a browser as they are; a file of theirs that cannot is named. */
const BROWSER = ['errors', 'field', 'hash', 'signature', 'document', 'credential', 'statement', 'shape', 'view', 'verifier']
const GPL = ['snarkjs', 'circom2', 'circomlib', 'circomlibjs', 'ffjavascript', 'r1csfile']
/** Poseidon of engine/, loaded only by who wants it faster: neither for the verifier nor needed by anything that it imports. */
const ACCELERATOR = 'hash/poseidon-wasm.ts'

interface Import {
  readonly from: string
  readonly specifier: string
  readonly typeOnly: boolean
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts')).map((name) => name.replaceAll('\\', '/'))
const imports = files.flatMap(importsOf)

describe('the architecture', () => {
  it('is read off more than a few imports', () => {
    assert.ok(files.length > 50 && imports.length > 3 * files.length)
    assert.ok(imports.some(({ from, specifier }) => from === 'verifier/groth16.ts' && specifier === 'mcl-wasm'))
  })

  it('lets imports go one way', () => {
    const wrong = imports.flatMap(({ from, specifier }) => {
      const [folder, target] = [folderOf(from), folderOf(localTarget(from, specifier) ?? '')]
      const allowed = folder in MAY_IMPORT ? MAY_IMPORT[folder] : undefined
      return allowed && target && target !== folder && !allowed.includes(target) ? [`${from} imports ${target}`] : []
    })
    assert.deepEqual(wrong, [])
  })

  it('keeps prover, issuer and verifier apart', () => {
    const parties = ['prover', 'issuer', 'verifier']
    const wrong = imports.filter(({ from, specifier }) => {
      const target = folderOf(localTarget(from, specifier) ?? '')
      return parties.includes(folderOf(from)) && parties.includes(target) && target !== folderOf(from)
    })
    assert.deepEqual(wrong, [])
  })

  it('needs nothing of Node where a browser runs', () => {
    const wrong = imports.filter(({ from, specifier }) => BROWSER.includes(folderOf(from)) && specifier.startsWith('node:'))
    assert.deepEqual(wrong, [])
    for (const file of files.filter((name) => BROWSER.includes(folderOf(name)))) assert.doesNotMatch(withoutComments(file), /\b(Buffer|process|__dirname|require)\b\s*[.(]/, file)
  })

  it('keeps the GPL out of the verifier and all that it imports', () => {
    const reached = closure(files.filter((name) => folderOf(name) === 'verifier'))
    assert.ok(!reached.has(ACCELERATOR))
    const wrong = imports.filter(({ from, specifier }) => reached.has(from) && GPL.includes(packageOf(specifier)))
    assert.deepEqual(wrong, [])
  })

  it('takes only packages with a permissive licence into the verifier', () => {
    const reached = closure(files.filter((name) => folderOf(name) === 'verifier'))
    const packages = new Set(imports.filter(({ from, typeOnly }) => reached.has(from) && !typeOnly).flatMap(({ specifier }) => (isPackage(specifier) ? [packageOf(specifier)] : [])))
    for (const name of withDependencies(packages)) {
      const { license } = manifest(name)
      assert.match(String(license), /^(MIT|BSD-3-Clause|BSD-2-Clause|Apache-2\.0|ISC)$/, `${name} is under ${license}`)
    }
  })

  it('keeps the engine a package of its own: nothing of the project in it, no package at all', () => {
    const sources = readdirSync(ENGINE, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
    assert.ok(sources.length > 10)
    const wrong = sources.flatMap((name) => specifiersIn(readFileSync(resolve(ENGINE, name), 'utf8')).filter((specifier) => !resolve(ENGINE, dirname(name), specifier).startsWith(`${ENGINE}/`) || !specifier.startsWith('.')))
    assert.deepEqual(wrong, [])
  })

  it('has the licence text beside the verifier', () => assert.match(readFileSync(resolve(SRC, 'verifier/LICENSE'), 'utf8'), /Apache License\s+Version 2\.0/))

  it('imports local files by their whole names', () => {
    const wrong = imports.filter(({ from, specifier }) => specifier.startsWith('.') && !existsSync(resolve(SRC, dirname(from), specifier)))
    assert.deepEqual(wrong, [])
  })
})

function importsOf(from: string): Import[] {
  const source = withoutComments(from)
  const found = [...source.matchAll(/^(?:import|export)\s+(type\s)?[^'"]*?from\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm)]
  return found.map(([, type, named, bare, dynamic]) => ({ from, specifier: named ?? bare ?? dynamic ?? '', typeOnly: type !== undefined }))
}

function specifiersIn(source: string): string[] {
  return [...source.matchAll(/^(?:import|export)\s[^'"]*?from\s+['"]([^'"]+)['"]/gm)].map(([, specifier]) => specifier ?? '')
}

function withoutComments(file: string): string {
  return readFileSync(resolve(SRC, file), 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/^\s*\/\/.*$/gm, '')
}

/** The files reached from some by imports of values. */
function closure(start: readonly string[]): Set<string> {
  const reached = new Set<string>()
  const visit = (file: string): void => {
    if (reached.has(file)) return
    reached.add(file)
    for (const { from, specifier, typeOnly } of imports) {
      const target = from === file && !typeOnly ? localTarget(from, specifier) : undefined
      if (target) visit(target)
    }
  }
  start.forEach(visit)
  return reached
}

function localTarget(from: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? relative(SRC, resolve(SRC, dirname(from), specifier)).replaceAll('\\', '/') : undefined
}

function folderOf(file: string): string {
  if (file.startsWith('../engine/')) return 'engine'
  return file.includes('/') ? (file.split('/')[0] ?? '') : ''
}

function isPackage(specifier: string): boolean {
  return !specifier.startsWith('.') && !specifier.startsWith('node:')
}

function packageOf(specifier: string): string {
  return specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}

function withDependencies(names: ReadonlySet<string>): Set<string> {
  const all = new Set<string>()
  const visit = (name: string): void => {
    if (all.has(name)) return
    all.add(name)
    Object.keys(manifest(name).dependencies ?? {}).forEach(visit)
  }
  names.forEach(visit)
  return all
}

function manifest(name: string): { license?: string; dependencies?: Record<string, string> } {
  return JSON.parse(readFileSync(resolve(ROOT, 'node_modules', name, 'package.json'), 'utf8'))
}
