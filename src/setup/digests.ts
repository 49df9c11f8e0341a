/** Digests of whole files, read as streams: keys are hundreds of megabytes. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'

/** SHA-256 of a file's bytes, in hex: how r1cs files and proving keys are named. */
export function sha256OfFile(path: string): Promise<string> {
  return hashOfFile('sha256', path)
}

/** BLAKE2b-512 in hex: how phase-1 files are published. */
export function blake2bOfFile(path: string): Promise<string> {
  return hashOfFile('blake2b512', path)
}

async function hashOfFile(algorithm: string, path: string): Promise<string> {
  const hash = createHash(algorithm)
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
