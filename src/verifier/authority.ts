/**
 * Who stands behind what a proof rests on: the registering commands of a bundle of evidence, decided again as far as their signatures
 * go, in the order of the log and from genesis on (SPEC §7.1). The log key alone, which is the operator's, makes no such signature.
 */

import { refuse } from '../errors/errors.ts'
import { canonicalJson, type Json } from '../hash/canonical.ts'
import { type Keyring, requireSignatures } from '../signature/envelope.ts'
import { keyId, parsePublicKey, type PublicKey } from '../signature/organisation-key.ts'
import type { VerifiedCommand } from './receipt.ts'

type Body = { readonly [name: string]: Json | undefined }

/**
 * Checks the signatures of commands of one log, and that they were enough.
 * @param commands of types that SPEC §7.1 wants signatures for, in any order; the same one may be there twice
 * @returns the keys that the organisations have after the last of them
 * @throws Refusal BAD_SIGNATURE when one is not by a key that its organisation then had, as far as these commands tell; FORBIDDEN when one is missing
 */
export function requireAuthorised(genesis: VerifiedCommand, commands: readonly VerifiedCommand[]): Keyring {
  const consortium = new Consortium(genesis.command.body)
  const byIndex = new Map(commands.map((command) => [command.entry.index, command]))
  for (const index of [...byIndex.keys()].sort((a, b) => a - b)) consortium.take(byIndex.get(index) ?? genesis)
  return consortium.keyring
}

class Consortium {
  private readonly governors: readonly string[]
  private readonly k: number
  private readonly organisations = new Map<string, { readonly keys: readonly PublicKey[]; readonly suspended: boolean }>()
  private readonly scopeOwners = new Map<unknown, string>()

  constructor(genesis: Body) {
    const { governors, k } = genesis as { governors?: readonly { organisation: string; keys: Json }[]; k?: number }
    const named: readonly { organisation: string; keys: Json }[] = Array.isArray(governors) ? governors : []
    this.k = typeof k === 'number' && k >= 1 ? k : refuse('MALFORMED', 'not a genesis: it does not say how many governors decide')
    for (const { organisation, keys } of named) this.organisations.set(organisation, { keys: parseKeys(keys), suspended: false })
    this.governors = [...this.organisations.keys()]
  }

  readonly keyring: Keyring = (code) => {
    const organisation = this.organisations.get(code)
    return organisation?.suspended === false ? organisation.keys : undefined
  }

  take({ entry, command: { body, signatures } }: VerifiedCommand): void {
    const signers = requireSignatures({ body, signatures }, this.keyring)
    if (canonicalJson(signers) !== canonicalJson(entry.signers)) refuse('BAD_SIGNATURE', `entry ${entry.index} names other signers than its command has`)
    this.requireEnough(body, signers, entry.index)
    if (body.type === 'scope.register') this.scopeOwners.set(body['name'], signers[0] ?? '')
    if (body.type.startsWith('organisation.')) this.change(body)
  }

  private requireEnough(body: Body, signers: readonly string[], index: number): void {
    const need = (holds: boolean): void => void (holds || refuse('FORBIDDEN', `entry ${index} (${String(body['type'])}) lacks a signature that it needs`))
    const governors = signers.filter((signer) => this.governors.includes(signer)).length >= this.k
    const signed = (code: unknown): boolean => signers.some((signer) => signer === code)
    switch (body['type']) {
      case 'organisation.admit':
      case 'organisation.suspend':
      case 'shape.register':
        return need(governors)
      case 'organisation.rotate':
        return need(governors || signed(body['organisation']))
      case 'regulator.register':
        return need(governors && signed(body['organisation']))
      case 'schema.register':
        return need(signed((body['schema'] as Body)['authority']))
      case 'statement.register':
        return need(signers.length > 0 && scopesOf(body).every((scope) => signed(this.scopeOwners.get(scope))))
      default:
        return need(signers.length > 0)
    }
  }

  private change({ type, organisation, keys, add, remove }: Body): void {
    const code = String(organisation)
    const known = this.organisations.get(code) ?? { keys: [], suspended: false }
    if (type === 'organisation.admit') this.organisations.set(code, { keys: parseKeys(keys), suspended: false })
    else if (type === 'organisation.suspend') this.organisations.set(code, { ...known, suspended: true })
    else {
      const gone = remove as readonly string[]
      this.organisations.set(code, { ...known, keys: [...known.keys.filter((key) => !gone.includes(keyId(key))), ...parseKeys(add)] })
    }
  }
}

function scopesOf({ statement }: Body): Json[] {
  const { definition } = statement as { definition: { once?: { readonly [document: string]: Json } } }
  return Object.values(definition.once ?? {})
}

function parseKeys(json: Json | undefined): PublicKey[] {
  return Array.isArray(json) ? json.map((key, i) => parsePublicKey(key, `/keys/${i}`)) : refuse('MALFORMED', 'an organisation has a list of keys')
}
