// Proofs in headless Chromium: snarkjs and this engine take turns in one page (browser-page.ts), with tables from IndexedDB too.
// First in a page that is cross-origin isolated, with 2 threads and 1; then in one that is not; then in one whose policy refuses workers,
// and snarkjs with them. JSON lines.
//
//   npx tsx engine/bench/browser.ts [--rounds=7] [--circuit=35x25] [--chromium=path]
//     or a key of your own: --key=file.zkey --wasm=file.wasm --inputs=file.json

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
// @ts-ignore no types everywhere
import { zKey } from 'snarkjs'
import { circuit } from '../test/circuit.ts'

const flags = new Map(process.argv.slice(2).map((arg) => arg.replace(/^--/, '').split('=') as [string, string]))
const files = await pageFiles()
const ISOLATED = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
const NO_WORKERS = { 'Content-Security-Policy': "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'" }
for (const [headers, settings] of [
  [ISOLATED, { threads: [2, 1], measure: true }], [{}, { threads: [2], measure: true }], [{ ...ISOLATED, ...NO_WORKERS }, { threads: [2], measure: false }],
] as const) {
  for (const line of await inChromium(headers, settings)) console.log(JSON.stringify(line))
}
process.exit(0) // snarkjs's threads would keep the program alive

type Files = Record<string, [type: string, content: Uint8Array | string]>

async function pageFiles(): Promise<Files> {
  const [hashes, ranges] = (flags.get('circuit') ?? '35x25').split('x').map(Number) as [number, number]
  const given = async (name: string) => new Uint8Array(await readFile(flags.get(name)!))
  const { zkey, wasm, inputs, verificationKey } = flags.has('key')
    ? { zkey: await given('key'), wasm: await given('wasm'), inputs: JSON.parse(await readFile(flags.get('inputs')!, 'utf8')), verificationKey: await zKey.exportVerificationKey(flags.get('key')) }
    : await circuit(hashes, ranges)
  const script = buildSync({ entryPoints: [fileURLToPath(new URL('./browser-page.ts', import.meta.url))], bundle: true, format: 'esm', write: false, target: 'es2022' }).outputFiles[0]!.contents
  const snarkjs = await readFile(join(createRequire(import.meta.url).resolve('snarkjs'), '../snarkjs.min.js'))
  return {
    '/': ['text/html', '<!doctype html><script src="/snarkjs.js"></script><script type="module" src="/page.js"></script>'],
    '/snarkjs.js': ['text/javascript', snarkjs], '/page.js': ['text/javascript', script],
    '/zkey': ['application/octet-stream', zkey], '/wasm': ['application/octet-stream', wasm],
    '/inputs.json': ['application/json', JSON.stringify(inputs)], '/key.json': ['application/json', JSON.stringify(verificationKey)],
  }
}

async function inChromium(headers: Record<string, string>, settings: { threads: readonly number[]; measure: boolean }): Promise<object[]> {
  const told = JSON.stringify({ rounds: Number(flags.get('rounds') ?? 7), ...settings })
  let finish!: (lines: object[]) => void
  const result = new Promise<object[]>((resolve) => { finish = resolve })
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    if (request.url === '/result') {
      let text = ''
      request.on('data', (part) => { text += part }).on('end', () => { response.end(); finish(JSON.parse(text)) })
      return
    }
    const [type, content] = request.url === '/settings.json' ? ['application/json', told] : files[request.url ?? ''] ?? ['text/plain', '']
    response.setHeader('Content-Type', type).end(content)
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const { port } = server.address() as { port: number }
  const profile = await mkdtemp(join(tmpdir(), 'bench-browser-'))
  const browser = execFile(flags.get('chromium') ?? 'chromium', ['--headless=new', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile}`, `http://127.0.0.1:${port}/`])
  browser.on('error', (error) => finish([{ error: `no Chromium: ${error.message}` }]))
  const lines = await result
  browser.kill()
  server.closeAllConnections()
  server.close()
  await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  return lines
}
