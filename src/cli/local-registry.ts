/** The registry whose log lies in this home directory: for its operator. */

import { join } from 'node:path'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import { createRegistryService, type RegistryService } from '../registry/service.ts'
import type { Registry } from '../registry/registry.ts'
import { circuitDigests, compileShape } from '../setup/compile.ts'
import type { OrganisationKey } from '../signature/organisation-key.ts'
import type { Home } from './home.ts'

const BUILD = fileURLToPath(new URL('../../build', import.meta.url))

export interface LocalRegistryOptions {
  readonly logger?: Logger
  readonly requestsPerMinute?: number
}

/** Opens the registry of a home with the circuits of this installation, and the keys in build/ to serve. */
export async function openLocalRegistry(home: Home, options: LocalRegistryOptions = {}): Promise<RegistryService> {
  const [attest, match] = [await compileShape('attest', BUILD), await compileShape('match', BUILD)]
  const files: Record<string, string> = { 'attest.wasm': attest.wasm, 'match.wasm': match.wasm }
  for (const shape of ['attest', 'match']) {
    const zkey = join(BUILD, 'keys', shape, 'proving.zkey')
    if (existsSync(zkey)) files[`${shape}.zkey`] = zkey
  }
  return createRegistryService({
    directory: home.data('registry'),
    logKey: home.readKey<OrganisationKey>('log'),
    circuits: await circuitDigests(BUILD),
    files,
    ...options,
  })
}

/** One piece of work on the log itself, while no service runs on it. */
export async function withLocalRegistry<T>(home: Home, work: (registry: Registry) => Promise<T>): Promise<T> {
  const service = await openLocalRegistry(home)
  try {
    return await work(service.registry)
  } finally {
    await service.close()
  }
}
