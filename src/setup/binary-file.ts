/**
 * The container that ptau, r1cs and zkey files share: four letters of type, version, number of sections; each section has an
 * id (u32), a size (u64) and its bytes; all little-endian. Read strictly: one section of an id, nothing after the last.
 */

import { type FileHandle, open } from 'node:fs/promises'
import { refuse } from '../errors/errors.ts'

interface Section {
  readonly at: number
  readonly size: number
}

/** Small sections are read whole into memory; the large ones of points are the engine's. */
const MAX_READ = 64 * 1024 * 1024
const MAX_SECTIONS = 64

/** Reads the named sections of a file; a missing or repeated one is refused. */
export async function readSections<Id extends number>(path: string, type: 'ptau' | 'r1cs' | 'zkey', ids: readonly Id[]): Promise<Record<Id, Uint8Array>> {
  const file = await open(path, 'r')
  try {
    const sections = await tableOf(file, type)
    const found = {} as Record<Id, Uint8Array>
    for (const id of ids) {
      const { at, size } = sections.get(id) ?? refuse('CORRUPT', `the ${type} file has no section ${id}`)
      if (size > MAX_READ) refuse('CORRUPT', `section ${id} of the ${type} file is too large`)
      found[id] = await readAt(file, at, size)
    }
    return found
  } finally {
    await file.close()
  }
}

async function tableOf(file: FileHandle, type: string): Promise<Map<number, Section>> {
  const { size: fileSize } = await file.stat()
  const start = await readAt(file, 0, 12)
  if (new TextDecoder().decode(start.subarray(0, 4)) !== type) refuse('CORRUPT', `not a ${type} file`)
  const count = uint32(start, 8)
  if (count > MAX_SECTIONS) refuse('CORRUPT', `the ${type} file has too many sections`)
  const sections = new Map<number, Section>()
  let at = 12
  for (let i = 0; i < count; i++) {
    const head = await readAt(file, at, 12)
    const id = uint32(head, 0)
    const size = uint32(head, 4) + uint32(head, 8) * 2 ** 32
    if (sections.has(id)) refuse('CORRUPT', `section ${id} of the ${type} file occurs twice`)
    sections.set(id, { at: at + 12, size })
    at += 12 + size
  }
  if (at !== fileSize) refuse('CORRUPT', `the ${type} file is cut off or has something after its last section`)
  return sections
}

async function readAt(file: FileHandle, at: number, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size)
  const { bytesRead } = await file.read(bytes, 0, size, at)
  if (bytesRead !== size) refuse('CORRUPT', 'the file is cut off')
  return bytes
}

/** A little-endian u32 at a position. */
export function uint32(bytes: Uint8Array, at: number): number {
  if (at + 4 > bytes.length) refuse('CORRUPT', 'a section is cut off')
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true)
}

/** A little-endian unsigned integer of `length` bytes at a position. */
export function littleEndian(bytes: Uint8Array, at: number, length: number): bigint {
  if (at + length > bytes.length) refuse('CORRUPT', 'a section is cut off')
  let value = 0n
  for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i] ?? 0)
  return value
}
