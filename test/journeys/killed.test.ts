/** A registry killed with -9 during submissions loses nothing that it acknowledged, records nothing twice and opens again. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RegistryClient } from '../../src/client/registry-client.ts'
import { Refusal } from '../../src/errors/errors.ts'
import type { Json } from '../../src/hash/canonical.ts'
import { type Envelope, signEnvelope } from '../../src/signature/envelope.ts'
import type { OrganisationKey } from '../../src/signature/organisation-key.ts'
import { parseReceipt, verifyReceipt } from '../../src/verifier/receipt.ts'
import { newFolder, Person } from '../cli/person.ts'

const ATTESTRY = fileURLToPath(new URL('../../bin/attestry.mjs', import.meta.url))
const ORIGIN = 'registry.test/killed'

describe('a registry that is killed with -9 during submissions', () => {
  const folder = newFolder()
  const [operator, governor] = [new Person(folder, 'operator'), new Person(folder, 'governor')]
  let child: ChildProcess | undefined
  after(() => {
    child?.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  it('has every command that it acknowledged, each once, and goes on', async () => {
    await Promise.all([governor.ok('init', 'Governor', '--organisation', 'NO:GOV:SHIPPING'), operator.ok('init', 'Operator')])
    await operator.ok('keygen', 'log')
    const card = join(folder, 'card.json')
    writeFileSync(card, JSON.stringify(await governor.ok('keygen', 'card')))
    await operator.ok('registry', 'genesis', ORIGIN, '--mode', 'development', '--governor', card)
    const key = JSON.parse(readFileSync(join(governor.home, 'keys', 'organisation.json'), 'utf8')) as OrganisationKey

    const acknowledged = new Map<string, Json>()
    const sent: Envelope[] = []
    for (let round = 0; round < 2; round++) {
      const client = new RegistryClient(await start())
      let count = 0
      const answers = Array.from({ length: 120 }, (_, i) => {
        const command = signEnvelope({ type: 'scope.register', origin: ORIGIN, nonce: randomBytes(16).toString('hex'), name: `scope-${round}-${i}` }, 'NO:GOV:SHIPPING', key)
        sent.push(command)
        return client.command(command).then((receipt) => {
          acknowledged.set(String(command.body.name), receipt)
          if (++count === 5) child?.kill('SIGKILL')
        })
      })
      const ended = await Promise.allSettled(answers)
      assert.ok(ended.some(({ status }) => status === 'rejected'), 'it was killed before it had answered all')
    }

    const client = new RegistryClient(await start())
    const { logKey } = await client.fetchView(undefined)
    const { entries } = await client.entries(0, 1_000)
    const names = (entries as unknown as { facts: { name?: string } }[]).slice(1).map(({ facts }) => facts.name)
    assert.equal(new Set(names).size, names.length, 'no command is recorded twice')
    for (const [name, receipt] of acknowledged) {
      const { entry } = verifyReceipt(parseReceipt(receipt), ORIGIN, logKey)
      assert.equal(names[entry.index - 1], name)
      assert.deepEqual(await client.receipt(entry.index), receipt)
    }
    // Whoever got no answer asks again, and has each command recorded once.
    for (const command of sent) await client.command(command)
    assert.equal((await client.entries(0, 1_000)).size, 1 + sent.length)
    const [first] = sent
    await assert.rejects(client.command(signEnvelope({ ...(first?.body ?? assert.fail()), nonce: randomBytes(16).toString('hex') }, 'NO:GOV:SHIPPING', key)), (error) => error instanceof Refusal && error.code === 'EXISTS')
  })

  /** @returns the address */
  function start(): Promise<string> {
    const process_ = spawn(process.execPath, [ATTESTRY, 'serve', 'registry', '--home', operator.home, '--json'], { stdio: ['ignore', 'pipe', 'ignore'] })
    child = process_
    return new Promise((resolve, reject) => {
      process_.stdout.on('data', (data: Buffer) => resolve((JSON.parse(data.toString()) as { listening: string }).listening))
      process_.once('exit', () => reject(new Error('the registry did not start')))
    })
  }
})
