/** The wallet's password: from a private file, the environment or a person, never from an argument, which others can see. */

import type { Command } from 'commander'
import { readFileSync } from 'node:fs'
import { type Options, type Session, Usage } from './command.ts'
import { requirePrivate } from './home.ts'
import { askSecret } from './terminal.ts'

export function withPassword(command: Command): Command {
  return command.option('--password-file <file>', "file of mode 0600 with the wallet's password (or ATTESTRY_PASSWORD; asked for otherwise)")
}

/** @throws Usage when there is none and nobody to ask; Refusal KEY_INVALID when others can read the file */
export async function passwordFrom(session: Session, { passwordFile }: Options): Promise<string> {
  if (typeof passwordFile === 'string') return readPasswordFile(session.path(passwordFile))
  const fromEnvironment = session.terminal.env.ATTESTRY_PASSWORD
  if (fromEnvironment) return fromEnvironment
  if (session.terminal.interactive) return askSecret('Password of the wallet: ')
  throw new Usage('no terminal to ask for the password: give --password-file or ATTESTRY_PASSWORD')
}

function readPasswordFile(path: string): string {
  try {
    requirePrivate(path)
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Usage(`${path} does not exist`)
    throw error
  }
}
