// Where prepared keys are kept between programs and page loads. Bytes are all that a store knows; what they mean and whether they
// are whole is checked when they are read (stored-key.ts). A store may forget: the key is prepared again.

/** A store of your own needs these two. `name` is of [a-z0-9-]; `put` replaces whole or not at all. */
export interface KeyStore {
  /** What was put under this name, or undefined. */
  get(name: string): Promise<Uint8Array | undefined>
  put(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>
}

export interface StoreOptions {
  /** Bytes that all keys may take: those not used for longest are forgotten, and a key that is larger is not kept. Default: 512 MiB. */
  readonly maximumBytes?: number
}

const MAXIMUM_BYTES = 2 ** 29
interface Entry { readonly name: string; readonly bytes: number; readonly usedAt: number }

/** Names to forget so that `incoming` more bytes have room. @throws RangeError where they never will */
function superfluous(entries: readonly Entry[], incoming: number, maximumBytes: number): string[] {
  if (incoming > maximumBytes) throw new RangeError(`a key of ${incoming} bytes is larger than the store's ${maximumBytes}`)
  let room = maximumBytes - incoming
  return entries.toSorted((a, b) => b.usedAt - a.usedAt).flatMap(({ name, bytes }) => ((room -= bytes) < 0 ? [name] : []))
}

const SUFFIX = '.key'
const PART = '.part'
const ABANDONED_MS = 3_600_000 // a part so old is of a program that was ended while it wrote

/**
 * Node: files in a directory, which is made; readable by the user alone. Programs may share it: a file appears whole, by renaming.
 * Who can write there can make proofs tell about witnesses: choose a directory that is as safe as the proving key's.
 */
export function directoryStore(path: string, { maximumBytes = MAXIMUM_BYTES }: StoreOptions = {}): KeyStore {
  const { mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } = process.getBuiltinModule('node:fs/promises')
  const { join } = process.getBuiltinModule('node:path')
  const fileOf = (name: string) => join(path, `${name}${SUFFIX}`)
  const unlessMissing = (error: NodeJS.ErrnoException): undefined => { if (error.code !== 'ENOENT') throw error }
  const entry = async (file: string): Promise<Entry[]> => {
    const facts = await stat(join(path, file)).catch(unlessMissing)
    return facts ? [{ name: file, bytes: facts.size, usedAt: facts.mtimeMs }] : []
  }
  return {
    async get(name) {
      const bytes = await readFile(fileOf(name)).catch(unlessMissing)
      if (bytes) await utimes(fileOf(name), new Date(), new Date()).catch(() => {}) // a directory that can only be read serves too
      return bytes
    },
    async put(name, bytes) {
      await mkdir(path, { recursive: true, mode: 0o700 })
      const others = (await readdir(path)).filter((file) => file !== `${name}${SUFFIX}`)
      const entries = async (suffix: string) => (await Promise.all(others.filter((file) => file.endsWith(suffix)).map(entry))).flat()
      const abandoned = (await entries(PART)).flatMap((file) => (file.usedAt < Date.now() - ABANDONED_MS ? [file.name] : []))
      for (const file of [...abandoned, ...superfluous(await entries(SUFFIX), bytes.length, maximumBytes)]) await rm(join(path, file), { force: true })
      const part = `${fileOf(name)}.${crypto.randomUUID()}${PART}`
      try {
        await writeFile(part, bytes, { mode: 0o600, flag: 'wx' })
        await rename(part, fileOf(name))
      } finally { await rm(part, { force: true }) }
    },
  }
}

const KEYS = 'keys', USES = 'uses' // the bytes; and apart from them, so that it can be read without them, their length and last use

/** Browsers (and workers): a database of the page's origin. */
export function indexedDbStore(database = 'attestry-engine', { maximumBytes = MAXIMUM_BYTES }: StoreOptions = {}): KeyStore {
  let opened: Promise<IDBDatabase> | undefined
  const open = () => (opened ??= new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(database, 1)
    request.onupgradeneeded = () => {
      request.result.createObjectStore(KEYS)
      request.result.createObjectStore(USES, { keyPath: 'name' })
    }
    request.onsuccess = () => {
      const forget = () => { opened = undefined }
      request.result.onclose = forget
      request.result.onversionchange = () => { request.result.close(); forget() } // another page may delete or replace the database
      resolve(request.result)
    }
    request.onerror = () => reject(request.error)
    request.onblocked = () => reject(new DOMException('another page holds an older database', 'InvalidStateError'))
  }).catch((error) => { opened = undefined; throw error }))

  const answerOf = <T>(request: IDBRequest<T>) => new Promise<T>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  /** One transaction: all of `work` or nothing. */
  const transact = async <T>(work: (keys: IDBObjectStore, uses: IDBObjectStore) => Promise<T>): Promise<T> => {
    const transaction = (await open()).transaction([KEYS, USES], 'readwrite')
    const ended = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error ?? new DOMException('aborted', 'AbortError')) // QuotaExceededError among them
    })
    ended.catch(() => {})
    try {
      const value = await work(transaction.objectStore(KEYS), transaction.objectStore(USES))
      await ended
      return value
    } catch (error) {
      try { transaction.abort() } catch { /* it has ended */ }
      throw error
    }
  }
  const use = (name: string, bytes: number): Entry => ({ name, bytes, usedAt: Date.now() })
  return {
    get: (name) => transact(async (keys, uses) => {
      const bytes: Uint8Array | undefined = await answerOf(keys.get(name))
      if (bytes) await answerOf(uses.put(use(name, bytes.length)))
      return bytes
    }),
    put: (name, bytes) => transact(async (keys, uses) => {
      const entries: Entry[] = (await answerOf(uses.getAll())).filter((entry: Entry) => entry.name !== name)
      for (const old of superfluous(entries, bytes.length, maximumBytes)) await Promise.all([answerOf(keys.delete(old)), answerOf(uses.delete(old))])
      await Promise.all([answerOf(keys.put(bytes, name)), answerOf(uses.put(use(name, bytes.length)))])
    }),
  }
}
