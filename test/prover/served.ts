/**
 * A prover service in a process of its own, ended by signals: `node --import tsx served.ts DIRECTORY`. Prints its address and a
 * request for which it needs no approval.
 */

import { join } from 'node:path'
import pino from 'pino'
import { closeOnSignals, listen } from '../../src/http/server.ts'
import { createProverService } from '../../src/prover/service.ts'
import { WalletFile } from '../../src/prover/wallet-file.ts'
import { verifyAnswer } from '../../src/verifier/verify.ts'
import { HOSPITAL, issue, schema } from './issued.ts'
import { realKey } from './shape-keys.ts'
import { INSURER, World } from './world.ts'

const [directory = ''] = process.argv.slice(2)
const key = await realKey('attest')
const world = new World({ attest: key })
const wallet = await WalletFile.create(join(directory, 'wallet.json'), 'correct horse battery', { N: 2 ** 4, r: 8, p: 1 })
await wallet.change((before) => before.with(issue(before.holderIdAt(HOSPITAL), { key: world.issuingKey }), schema))
const statement = world.register()

const service = createProverService({
  directory,
  wallet,
  registry: { view: async () => world.view, statusLists: async () => world.lists, submit: async () => null },
  verify: verifyAnswer,
  artefacts: { attest: key.artefacts },
  tokens: [{ name: 'prover', token: 'token-of-prover-0123456789', roles: ['prove'] }],
  automatic: [{ verifier: INSURER, statement: statement.hash }],
  logger: pino(pino.destination({ dest: join(directory, 'log.json'), sync: true })),
  now: () => world.now,
})
const server = await listen(service.app)
closeOnSignals(async () => {
  await service.close()
  await server.close()
})
console.log(JSON.stringify({ url: server.url, request: world.request(statement) }))
