/** A party's way to its registry: over HTTP, everything checked against the log key that its home directory has fixed. */

import { RegistryClient } from '../client/registry-client.ts'
import { StatusList } from '../credential/status-list.ts'
import { Refusal, refuse } from '../errors/errors.ts'
import { type Field, parseField } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'
import type { RegistryLink } from '../prover/service.ts'
import { submissionJson } from '../shape/submission.ts'
import type { Envelope } from '../signature/envelope.ts'
import type { PublicKey } from '../signature/organisation-key.ts'
import { parseView, type View } from '../view/view.ts'
import type { Session } from './command.ts'
import { Home } from './home.ts'

/** The registry of a home. */
export interface Link {
  readonly client: RegistryClient
  view(): Promise<View>
  /** Sends a signed command. @returns the receipt */
  submit(command: Envelope): Promise<Json>
}

/** @throws Refusal NOT_FOUND when the home belongs to no registry */
export function registryOf(home: Home): Link {
  const { registry, origin, logKey } = home.config
  if (!registry || !origin || !logKey) return refuse('NOT_FOUND', `${home.path} belongs to no registry: \`attestry init --registry URL\``)
  const client = new RegistryClient(registry)
  return {
    client,
    view: async () => sameOrigin(checkedView(await client.viewJson(), logKey), origin),
    submit: (command) => client.command(command),
  }
}

export function viewOf(home: Home): Promise<View> {
  return registryOf(home).view()
}

/** What a wallet needs of a registry. */
export function proverLink(home: Home): RegistryLink {
  const { client, view } = registryOf(home)
  return {
    view,
    statusLists: async (schemaId) => listsById(await client.lists(schemaId)),
    submit: (submission) => client.submit(submissionJson(submission)),
  }
}

/** The first contact with a registry: its view under the log key that it names, or that is expected. */
export function contact(url: string, expected: PublicKey | undefined): Promise<View> {
  return new RegistryClient(url).fetchView(expected)
}

/** The view when there is a home with a registry that answers. */
export async function reachableView(session: Session): Promise<View | undefined> {
  try {
    return await viewOf(session.home())
  } catch (error) {
    if (error instanceof Refusal && (error.code === 'NOT_FOUND' || error.code === 'UNAVAILABLE')) return undefined
    throw error
  }
}

/** The last view that was checked: checking compiles schemas and statements and hashes trees, and most often nothing has changed. */
let last: { readonly text: string; readonly view: View } | undefined

function checkedView(json: Json, logKey: PublicKey): View {
  const text = JSON.stringify([logKey.publicKey, json])
  if (last?.text !== text) last = { text, view: parseView(json, logKey) }
  return last.view
}

function sameOrigin(view: View, origin: string): View {
  return view.origin === origin ? view : refuse('WRONG_ORIGIN', `the registry there is ${view.origin}, not ${origin}`)
}

/** SPEC §7.3's lists by id. That they are the current ones is checked against the view's status roots where they are used. */
function listsById(json: Json): ReadonlyMap<Field, StatusList> {
  const { all } = (typeof json === 'object' && json !== null ? json : {}) as { all?: unknown }
  if (!Array.isArray(all)) return refuse('MALFORMED', 'not status lists', [{ path: '/all', expected: 'an array', got: typeof all }])
  return new Map(
    all.map((one: { listId?: unknown; list?: unknown } | null, i) => [parseField(one?.listId, `/all/${i}/listId`), StatusList.parse(one?.list, `/all/${i}/list`)] as const),
  )
}
