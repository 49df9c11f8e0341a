/** Files that a command is given: read whole, bounded, with `-` for standard input; a file that is not there is wrong usage. */

import { existsSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { refuse } from '../errors/errors.ts'
import { type Json, parseJson } from '../hash/canonical.ts'
import { type Session, Usage } from './command.ts'

const MAX_BYTES = 16 * 1024 * 1024
/** Evidence bundles hold whole schemas and verification keys. */
const LIMITS = { bytes: MAX_BYTES, depth: 64 }

/** @throws Usage when it cannot be read; Refusal TOO_LARGE */
export async function readTextFile(session: Session, path: string): Promise<string> {
  const name = path === '-' ? '/dev/stdin' : session.path(path)
  try {
    const { size } = await stat(name)
    if (size > MAX_BYTES) return refuse('TOO_LARGE', `${path} is over ${MAX_BYTES} bytes`)
    return await readFile(name, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'EISDIR' || code === 'EACCES') throw new Usage(`${path} cannot be read (${code})`)
    throw error
  }
}

/** @throws Usage; Refusal TOO_LARGE, MALFORMED */
export async function readJsonFile(session: Session, path: string): Promise<Json> {
  return parseJson(await readTextFile(session, path), LIMITS)
}

/** Said before the work whose result goes there. @throws Refusal EXISTS */
export function requireNewFile(session: Session, path: string): void {
  if (existsSync(session.path(path))) refuse('EXISTS', `${path} exists already and is not overwritten`)
}

/** Writes a result that is not there yet. @throws Refusal EXISTS */
export async function writeNewFile(session: Session, path: string, text: string, mode = 0o600): Promise<string> {
  const name = session.path(path)
  try {
    await writeFile(name, text, { flag: 'wx', mode })
    return name
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return refuse('EXISTS', `${path} exists already and is not overwritten`)
    if (code === 'ENOENT') throw new Usage(`the folder of ${path} does not exist`)
    throw error
  }
}
