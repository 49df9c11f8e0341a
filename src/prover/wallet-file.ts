/**
 * A sealed file on disk (Node only): mode 0600, replaced in one step, so that a crash leaves the old or the new version and a
 * temporary file holds ciphertext only.
 */

import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, link, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { refuse } from '../errors/errors.ts'
import type { Json } from '../hash/canonical.ts'
import { type Cost, DEFAULT_COST, SealingKey, unseal } from './sealed.ts'
import { Wallet } from './wallet.ts'

/** A wallet that is open, and the file that keeps it. */
export class WalletFile {
  readonly path: string
  readonly #key: SealingKey
  #wallet: Wallet
  #changing: Promise<unknown> = Promise.resolve()

  private constructor(path: string, wallet: Wallet, key: SealingKey) {
    this.path = path
    this.#wallet = wallet
    this.#key = key
  }

  /**
   * Makes a wallet with a new holder secret.
   * @param password at least 8 characters
   * @param cost of the password's derivation; only tests make it less
   * @throws Refusal EXISTS, MALFORMED (password), STORAGE
   */
  static async create(path: string, password: string, cost: Cost = DEFAULT_COST): Promise<WalletFile> {
    if (password.length < 8) return refuse('MALFORMED', 'the password is too short', [{ path: '/password', expected: 'at least 8 characters', got: 'fewer' }])
    const wallet = Wallet.create()
    const key = await SealingKey.derive(password, cost)
    await stored(() => mkdir(dirname(path), { recursive: true, mode: 0o700 }))
    await put(path, key.seal(wallet.toJson()), 'new')
    return new WalletFile(path, wallet, key)
  }

  /** @throws Refusal NOT_FOUND, KEY_INVALID (others can read or write the file), UNAUTHENTICATED (wrong password), CORRUPT */
  static async open(path: string, password: string): Promise<WalletFile> {
    const { value, key } = await unseal(await readPrivate(path), password)
    return new WalletFile(path, Wallet.parse(value), key)
  }

  get wallet(): Wallet {
    return this.#wallet
  }

  /** Puts another version in the wallet's place, one at a time: when the promise fulfils, it is on disk. */
  change(next: (wallet: Wallet) => Wallet): Promise<void> {
    const change = this.#changing.then(async () => {
      const wallet = next(this.#wallet)
      await put(this.path, this.#key.seal(wallet.toJson()), 'replace')
      this.#wallet = wallet
    })
    this.#changing = change.catch(() => undefined)
    return change
  }

  /** Takes over what another process has written since. @throws Refusal as `open`; UNAUTHENTICATED also when the password was changed */
  reload(): Promise<void> {
    const reading = this.#changing.then(async () => {
      this.#wallet = Wallet.parse(this.#key.unseal(await readPrivate(this.path)))
    })
    this.#changing = reading.catch(() => undefined)
    return reading
  }

  /** Seals something that belongs to this wallet but is kept beside it. */
  async keep(path: string, value: Json): Promise<void> {
    await put(path, this.#key.seal(value), 'replace')
  }

  /** @throws Refusal NOT_FOUND, KEY_INVALID, UNAUTHENTICATED (sealed by another wallet), CORRUPT */
  async kept(path: string): Promise<Json> {
    return this.#key.unseal(await readPrivate(path))
  }
}

async function readPrivate(path: string): Promise<string> {
  let file: FileHandle
  try {
    file = await open(path, constants.O_RDONLY)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return refuse('NOT_FOUND', 'there is no such sealed file')
    return refuse('STORAGE', 'the sealed file cannot be opened')
  }
  try {
    // Asked of the open file, not of the name: nothing can be put in its place in between.
    const { mode } = await file.stat()
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      return refuse('KEY_INVALID', `others can read or write the sealed file (mode ${(mode & 0o777).toString(8)}); it was perhaps read: set mode 600 and think about a new wallet`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

/** Writes all of a file beside its place, then gives it its name: over an older one, or only where there is none. */
async function put(path: string, text: string, how: 'new' | 'replace'): Promise<void> {
  const temporary = `${path}.${randomBytes(8).toString('hex')}.part`
  await stored(async () => {
    try {
      await writeThrough(await open(temporary, 'wx', 0o600), text)
      if (how === 'replace') await rename(temporary, path)
      else await link(temporary, path).catch((error: NodeJS.ErrnoException) => (error.code === 'EEXIST' ? refuse('EXISTS', 'there is a wallet already') : Promise.reject(error)))
    } finally {
      await rm(temporary, { force: true })
    }
    await syncDirectory(dirname(path))
  })
}

async function writeThrough(file: FileHandle, text: string): Promise<void> {
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes a rename or a new name durable, where directories can be synced. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await open(path, constants.O_RDONLY)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** Turns what a disk refuses into a refusal; one of ours stays as it is. */
async function stored(write: () => Promise<unknown>): Promise<void> {
  try {
    await write()
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (error instanceof Error && 'syscall' in error) return refuse('STORAGE', `the file could not be written (${code ?? 'unknown'})`)
    throw error
  }
}
