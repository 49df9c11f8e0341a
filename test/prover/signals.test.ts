import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { WalletFile } from '../../src/prover/wallet-file.ts'

describe('prover process', function () {
  this.timeout(120_000)
  let directory: string
  let child: ChildProcess
  let url: string
  let job: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'prover-'))
    child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('./served.ts', import.meta.url)), directory], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = await once(createInterface({ input: child.stdout ?? assert.fail() }), 'line')
    const started = JSON.parse(line)
    url = started.url
    const { request } = await call('POST', '/requests', { request: started.request })
    job = (await call('POST', '/proofs', { request })).id
    while ((await call('GET', `/proofs/${job}`)).state === 'queued') await new Promise((resolve) => setTimeout(resolve, 10))
  })
  afterEach(async () => {
    child.kill('SIGKILL')
    await rm(directory, { recursive: true, force: true })
  })

  const call = async (method: string, path: string, body?: unknown): Promise<any> => {
    const headers = { authorization: 'Bearer token-of-prover-0123456789', 'content-type': 'application/json' }
    return (await fetch(url + path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })).json()
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    it(`finishes the proof under way on ${signal}, keeps the answer, and ends with 0 (F32)`, async () => {
      child.kill(signal)
      const [code] = await once(child, 'exit')
      assert.equal(code, 0)
      const audit = (await readFile(join(directory, 'log.json'), 'utf8')).split('\n').find((line) => line.includes('"audit"'))
      assert.equal(JSON.parse(audit ?? '{}').result, 'done')
      const wallet = await WalletFile.open(join(directory, 'wallet.json'), 'correct horse battery')
      const kept = (await wallet.kept(join(directory, 'answers', `${job}.json`))) as { answer?: unknown }
      assert.ok(kept.answer)
    })

  it('leaves a wallet that opens, and no worker, when it is killed in mid-proof', async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
    const wallet = await WalletFile.open(join(directory, 'wallet.json'), 'correct horse battery')
    assert.equal(wallet.wallet.credentials.length, 1)
    assert.deepEqual((await readdir(directory)).sort(), ['log.json', 'wallet.json'])
  })
})
