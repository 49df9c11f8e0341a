// Proofs in headless Chromium: snarkjs and this engine take turns in one page, cross-origin isolated. One JSON line.
//
//   npx tsx engine/bench/browser.ts [--rounds=7] [--circuit=35x25] [--chromium=path]

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { circuit } from '../test/circuit.ts'

const flags = new Map(process.argv.slice(2).map((arg) => arg.replace(/^--/, '').split('=') as [string, string]))
const [hashes, ranges] = (flags.get('circuit') ?? '35x25').split('x').map(Number) as [number, number]
const made = await circuit(hashes, ranges)
const require = createRequire(import.meta.url)
const snarkjs = await readFile(join(require.resolve('snarkjs'), '../snarkjs.min.js'))
const engine = buildSync({ entryPoints: [fileURLToPath(new URL('../src/index.ts', import.meta.url))], bundle: true, format: 'iife', globalName: 'engine', write: false, target: 'es2022' }).outputFiles[0]!.contents

const page = `<!doctype html><script src="/snarkjs.js"></script><script src="/engine.js"></script><script type="module">
const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer())
const timed = async (work) => { const start = performance.now(); const value = await work(); return [performance.now() - start, value] }
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1]
try {
  const [zkey, wtns, vkey] = [await bytes('/zkey'), await bytes('/wtns'), await (await fetch('/key.json')).json()]
  const lines = []
  for (const threads of [2, 1]) {
    const one = await engine.Engine.create({ threads })
    const key = one.readKey(zkey)
    const [first] = await timed(() => one.prove(key, wtns))
    const times = { snarkjs: [], engine: [] }
    for (let i = -1; i < ${Number(flags.get('rounds') ?? 7)}; i++) {
      const [theirs] = await timed(() => snarkjs.groth16.prove(zkey, wtns, undefined, { singleThread: threads === 1 }))
      const [ours, { proof, publicSignals }] = await timed(() => one.prove(key, wtns))
      if (i < 0 && !await snarkjs.groth16.verify(vkey, publicSignals, proof)) throw new Error('snarkjs refuses')
      if (i >= 0) { times.snarkjs.push(theirs); times.engine.push(ours) }
    }
    lines.push({ bench: 'prove-chromium', isolated: crossOriginIsolated, threads: one.threads, processors: navigator.hardwareConcurrency, arithmetic: one.arithmetic, wires: key.wires, first_ms: Math.round(first),
      snarkjs_ms: Math.round(median(times.snarkjs)), engine_ms: Math.round(median(times.engine)), ['ratio_snarkjs_' + threads + '_threads_chromium']: Number(median(times.snarkjs.map((t, i) => t / times.engine[i])).toPrecision(3)) })
    one.close()
  }
  await fetch('/result', { method: 'POST', body: JSON.stringify(lines) })
} catch (error) { await fetch('/result', { method: 'POST', body: JSON.stringify([{ error: String(error?.stack ?? error) }]) }) }
</script>`

const files: Record<string, [string, Uint8Array | string]> = {
  '/': ['text/html', page], '/snarkjs.js': ['text/javascript', snarkjs], '/engine.js': ['text/javascript', engine],
  '/zkey': ['application/octet-stream', made.zkey], '/wtns': ['application/octet-stream', made.witness], '/key.json': ['application/json', JSON.stringify(made.verificationKey)],
}
const profile = await mkdtemp(join(tmpdir(), 'bench-browser-'))
let finish!: (text: string) => void
const result = new Promise<string>((resolve) => { finish = resolve })
const server = createServer((request, response) => {
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin').setHeader('Cross-Origin-Embedder-Policy', 'require-corp')
  if (request.url === '/result') {
    let text = ''
    request.on('data', (part) => { text += part }).on('end', () => { response.end(); finish(text) })
    return
  }
  const [type, content] = files[request.url ?? ''] ?? ['text/plain', '']
  response.setHeader('Content-Type', type).end(content)
})
await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
const { port } = server.address() as { port: number }
const browser = execFile(flags.get('chromium') ?? 'chromium', ['--headless=new', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile}`, `http://127.0.0.1:${port}/`])
for (const line of JSON.parse(await result)) console.log(JSON.stringify(line))
browser.kill()
server.close()
await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
process.exit(0)
