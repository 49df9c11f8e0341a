/**
 * A wallet that checks nothing: what a dishonest holder would run. Its proofs are as good as the circuits let them be; what is wrong
 * with them the registry has to find.
 *
 *     unchecked remember              keeps what the registry says now
 *     unchecked prove REQUEST         proves on what was kept, else on what the registry says now, whatever the request is good for
 */

import type { Command } from 'commander'
import { readRequest, type Situation } from '../../src/prover/asked.ts'
import { draftAnswer, type Material } from '../../src/prover/proof.ts'
import { answerJson } from '../../src/shape/submission.ts'
import { StatusList } from '../../src/credential/status-list.ts'
import { does, type Options, type Outcome, type Session } from '../../src/cli/command.ts'
import { writePrivate } from '../../src/cli/home.ts'
import { getJson } from '../../src/cli/http-json.ts'
import { proverLink, viewOf } from '../../src/cli/link.ts'
import { withPassword } from '../../src/cli/password.ts'
import { situationFor } from '../../src/cli/prove.ts'
import { artefactsOf, localCircuit } from '../../src/cli/proving.ts'
import { openWallet } from '../../src/cli/wallet.ts'
import { bug } from '../../src/errors/errors.ts'
import { ZERO } from '../../src/field/field.ts'

/** In memory: the process of a party lives as long as its story. */
let remembered: (() => Situation) | undefined

export function define(command: Command): void {
  does(command.command('remember'), remember)
  does(withPassword(command.command('prove').argument('<request>')), prove)
}

async function remember(session: Session): Promise<Outcome> {
  const registry = proverLink(session.home())
  const view = await registry.view()
  const lists = await Promise.all([...view.schemas.values()].map(({ id }) => registry.statusLists(id)))
  remembered = () => ({
    view,
    statusList: (listId) => lists.map((byId) => byId.get(listId)).find((list) => list !== undefined),
    now: Math.floor(Date.now() / 1000),
    provingKeys: Object.fromEntries([...view.shapes].map(([shape, keys]) => [shape, keys.at(-1)?.provingKey ?? ''])),
  })
  return { json: { remembered: view.size }, lines: [] }
}

async function prove(session: Session, [address = '']: readonly string[], options: Options): Promise<Outcome> {
  const home = session.home()
  const { wallet } = await openWallet(session, home, options)
  const request = await getJson(address, 'the verifier')
  const situation = remembered?.() ?? (await situationFor(proverLink(home), request))
  const asked = readRequest(request, situation)
  const { statement, pinned } = asked.checked
  // The latest credential of each kind, good or not.
  const credentials = statement.documents.map((document) => {
    const schema = statement.schemas[document] ?? bug('no schema')
    const { checked } = wallet.credentials.findLast(({ checked: one }) => one.schemaId === schema.id) ?? bug('no credential')
    const { position, leaf } = situation.view.directory.tree.find(checked) ?? bug('no leaf')
    const list = situation.statusList(checked.listId) ?? new StatusList()
    return { credential: checked, issuerClass: leaf.class, status: list.path(checked.statusIndex), directory: situation.view.directory.tree.path(position) }
  })
  const material: Material = { asked: asked.checked, request: asked.request, parameters: asked.parameters, verificationKey: asked.verificationKey, credentials, holderSecret: wallet.holderSecret, facts: asked.facts, directoryRoot: situation.view.directory.root, setRoot: ZERO, now: situation.now }
  const circuit = localCircuit(await artefactsOf(session, home, await viewOf(home), pinned.shape))
  const draft = draftAnswer(material)
  const { proof, publicInputs } = await circuit.prove(pinned.shape, draft.inputs)
  const path = home.data('unchecked-answer.json')
  writePrivate(path, JSON.stringify(answerJson(draft.complete(proof, publicInputs))))
  return { json: { answer: path }, lines: [] }
}
