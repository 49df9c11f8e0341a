/**
 * A party's home directory: who it is, which registry it belongs to, its keys, its data.
 *
 *     config.json          { "home": 1, "name", "organisation"?, "registry"?, "origin"?, "logKey"? }
 *     keys/<name>.json     organisation, log, escrow; mode 0600 in a folder of mode 0700
 *     data/                databases (an issuer's with its serial and issuing keys), the wallet, requests, receipts
 *
 * A key file that others can read is refused, not mended silently: who read it meanwhile is not known.
 */

import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { refuse } from '../errors/errors.ts'
import { canonicalJson, type Json, parseJson } from '../hash/canonical.ts'
import type { PublicKey } from '../signature/organisation-key.ts'

export interface Config {
  readonly home: 1
  /** For people. */
  readonly name: string
  /** Code of the organisation; a private person has none. */
  readonly organisation?: string
  /** Base URL of the registry. */
  readonly registry?: string
  /** Name of the registry's log, fixed at the first contact. */
  readonly origin?: string
  /** The registry's log key, fixed at the first contact. */
  readonly logKey?: PublicKey
}

export type KeyName = 'organisation' | 'organisation-next' | 'log' | 'escrow'

export class Home {
  readonly path: string
  config: Config

  private constructor(path: string, config: Config) {
    this.path = path
    this.config = config
  }

  /** @throws Refusal NOT_FOUND, CORRUPT */
  static open(path: string): Home {
    const file = join(path, 'config.json')
    if (!existsSync(file)) return refuse('NOT_FOUND', `no home directory at ${path}: make one with \`attestry init\``)
    const config = parseJson(readFileSync(file, 'utf8')) as unknown as Config
    if (config.home !== 1 || typeof config.name !== 'string') return refuse('CORRUPT', `${file} is not a configuration of this version`)
    return new Home(path, config)
  }

  /** Makes the directory. @throws Refusal EXISTS when there is one already */
  static create(path: string, config: Config): Home {
    if (existsSync(join(path, 'config.json'))) return refuse('EXISTS', `${path} is a home directory already`)
    for (const folder of [path, join(path, 'keys'), join(path, 'data')]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      chmodSync(folder, 0o700)
    }
    const home = new Home(path, config)
    home.configure({})
    return home
  }

  configure(change: Partial<Config>): void {
    this.config = { ...this.config, ...change }
    writePrivate(join(this.path, 'config.json'), `${JSON.stringify(this.config, null, 2)}\n`)
  }

  /** This organisation's code. @throws Refusal NOT_FOUND for a home without one */
  get organisation(): string {
    return this.config.organisation ?? refuse('NOT_FOUND', `${this.path} belongs to no organisation: \`attestry init --organisation CODE\``)
  }

  data(...parts: string[]): string {
    const path = join(this.path, 'data', ...parts)
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    return path
  }

  keyPath(name: KeyName): string {
    return join(this.path, 'keys', `${name}.json`)
  }

  hasKey(name: KeyName): boolean {
    return existsSync(this.keyPath(name))
  }

  keyNames(): KeyName[] {
    const folder = join(this.path, 'keys')
    if (!existsSync(folder)) return []
    return readdirSync(folder).filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -5) as KeyName)
  }

  /** Reads a key. @throws Refusal NOT_FOUND, KEY_INVALID when others than the owner can read it, CORRUPT */
  readKey<T>(name: KeyName): T {
    const path = this.keyPath(name)
    if (!existsSync(path)) return refuse('NOT_FOUND', `no ${name} key in ${this.path}: make one with \`attestry keygen ${name}\``)
    requirePrivate(path)
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as T
    } catch {
      return refuse('CORRUPT', `${path} is damaged; restore it from a copy`)
    }
  }

  /** Puts a key in another's place; the other stays, with the time in its name. */
  promoteKey(from: KeyName, to: KeyName): void {
    renameSync(this.keyPath(to), join(this.path, 'keys', `${to}-until-${Date.now()}.old`))
    renameSync(this.keyPath(from), this.keyPath(to))
  }

  /** Writes a new key. @throws Refusal EXISTS: a key is never overwritten */
  saveKey(name: KeyName, key: Json): void {
    if (this.hasKey(name)) refuse('EXISTS', `there is a ${name} key in ${this.path} already; keys are never overwritten`)
    writePrivate(this.keyPath(name), `${canonicalJson(key)}\n`)
  }
}

/** Writes a file that only its owner can read, whole or not at all. */
export function writePrivate(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeFileSync(`${path}.part`, text, { mode: 0o600, flush: true })
  renameSync(`${path}.part`, path)
}

/** @throws Refusal KEY_INVALID when group or others have any right on the file */
export function requirePrivate(path: string): void {
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0)
    refuse('KEY_INVALID', `${path} can be read by others: chmod 600 it, or replace the key if anybody did`)
}
