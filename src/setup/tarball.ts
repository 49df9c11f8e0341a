/**
 * One file out of an npm tarball (gzip of POSIX ustar), without a program or package of its own.
 *
 * A tar member is a 512-byte header (name at 0, size in octal at 124, type at 156, prefix at 345), then its bytes, padded to
 * 512.
 */

import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { refuse } from '../errors/errors.ts'

const BLOCK = 512

/**
 * @param maxBytes  what the unpacked archive may have
 * @throws Refusal CORRUPT when the archive is damaged, too large or has no such file
 */
export async function fileInTarball(tarball: string, member: string, maxBytes = 256 * 1024 * 1024): Promise<Uint8Array> {
  const archive = await unzip(tarball, maxBytes)
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const header = archive.subarray(at, at + BLOCK)
    const size = Number.parseInt(text(header, 124, 12), 8)
    if (header.every((byte) => byte === 0)) break
    if (!Number.isSafeInteger(size) || size < 0 || at + BLOCK + size > archive.length) return refuse('CORRUPT', 'the tarball is damaged')
    const [name, prefix] = [text(header, 0, 100), text(header, 345, 155)]
    const isFile = header[156] === 0x30 || header[156] === 0
    if (isFile && (prefix ? `${prefix}/${name}` : name) === member) return archive.subarray(at + BLOCK, at + BLOCK + size)
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
  }
  return refuse('CORRUPT', `the tarball has no file ${member}`)
}

async function unzip(tarball: string, maxOutputLength: number): Promise<Uint8Array> {
  const compressed = await readFile(tarball)
  try {
    return await promisify(gunzip)(compressed, { maxOutputLength })
  } catch {
    return refuse('CORRUPT', 'the tarball is not a gzip file of the expected size')
  }
}

function text(header: Uint8Array, at: number, length: number): string {
  const bytes = header.subarray(at, at + length)
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end)).trim()
}
