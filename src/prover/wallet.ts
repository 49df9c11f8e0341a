/**
 * A holder's wallet: one secret and the credentials about its holder. A value; every change makes another one.
 *
 *     { "wallet": 1, "holderSecret": "<dec>", "schemas": { "<schemaId>": <JSON Schema> },
 *       "credentials": [ { "id": "<hex>", "credential": <credential file> } ] }
 *
 * The secret never leaves it but into a proof; issuers see holder ids, one for each issuer.
 */

import { bytesToHex, randomBytes } from '@noble/hashes/utils.js'
import { type CheckedCredential, type Credential, credentialJson, parseCredential } from '../credential/credential.ts'
import { type HolderSecret, holderIdOf, newHolderSecret } from '../credential/holder.ts'
import { parseSchema, type Schema } from '../document/schema.ts'
import { refuse } from '../errors/errors.ts'
import { type Field, parseField, printField } from '../field/field.ts'
import type { Json } from '../hash/canonical.ts'

/** A credential under the name that the wallet gave it: random, so that it can stand in an address or a log. */
export interface StoredCredential {
  readonly id: string
  readonly checked: CheckedCredential
}

interface WalletJson {
  readonly wallet: 1
  readonly holderSecret: string
  readonly schemas: Readonly<Record<string, Json>>
  readonly credentials: readonly { readonly id: string; readonly credential: Credential }[]
}

interface Content {
  readonly holderSecret: HolderSecret
  readonly credentials: readonly StoredCredential[]
}

export class Wallet {
  readonly #content: Content

  private constructor(content: Content) {
    this.#content = content
  }

  static create(): Wallet {
    return new Wallet({ holderSecret: newHolderSecret(), credentials: [] })
  }

  /**
   * Reads what `toJson` wrote, checking every credential again.
   * @throws Refusal CORRUPT
   */
  static parse(json: Json): Wallet {
    try {
      const { wallet, holderSecret, schemas, credentials } = json as unknown as WalletJson
      if (wallet !== 1) return refuse('CORRUPT', 'not a wallet of this version')
      const known = new Map(Object.entries(schemas).map(([id, schema]) => [id, parseSchema(schema)]))
      const stored = credentials.map(({ id, credential }) => ({ id, checked: parseCredential(credential, known.get(credential.schema) ?? refuse('CORRUPT', 'a schema is missing')) }))
      return new Wallet({ holderSecret: parseField(holderSecret), credentials: stored })
    } catch {
      return refuse('CORRUPT', 'the sealed file holds no wallet of this version')
    }
  }

  /** Secrets and documents in the clear: only for sealing. */
  toJson(): Json {
    const { holderSecret, credentials } = this.#content
    const schemas = Object.fromEntries(credentials.map(({ checked }) => [printField(checked.schema.id), checked.schema.json]))
    return {
      wallet: 1,
      holderSecret: printField(holderSecret),
      schemas,
      credentials: credentials.map(({ id, checked }) => ({ id, credential: credentialJson(checked.credential) })),
    }
  }

  get holderSecret(): HolderSecret {
    return this.#content.holderSecret
  }

  get credentials(): readonly StoredCredential[] {
    return this.#content.credentials
  }

  /** What an issuer is told instead of who the holder is. */
  holderIdAt(issuer: string): Field {
    return holderIdOf(this.holderSecret, issuer)
  }

  /**
   * With one credential more; the same one again changes nothing.
   * @throws Refusal CREDENTIAL_INVALID: altered, not signed, or issued to another holder
   */
  with(json: unknown, schema: Schema): Wallet {
    const checked = parseCredential(json, schema)
    if (checked.holderId !== this.holderIdAt(checked.issuerOrg)) return refuse('CREDENTIAL_INVALID', 'the credential was issued to another holder')
    if (this.credentials.some((stored) => stored.checked.commitment === checked.commitment)) return this
    return new Wallet({ ...this.#content, credentials: [...this.credentials, { id: bytesToHex(randomBytes(16)), checked }] })
  }

  /** @throws Refusal NOT_FOUND */
  without(id: string): Wallet {
    const credentials = this.credentials.filter((stored) => stored.id !== id)
    if (credentials.length === this.credentials.length) return refuse('NOT_FOUND', 'the wallet has no such credential')
    return new Wallet({ ...this.#content, credentials })
  }
}
