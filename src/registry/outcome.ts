/** What the handlers of commands get and give: the inside of `decide`. */

import type { Refusal } from '../errors/errors.ts'
import type { Json } from '../hash/canonical.ts'
import type { Digest } from '../hash/digest.ts'
import type { CommandBody, CommandType } from './command.ts'
import type { Signers } from './commands/authority.ts'
import type { Entry } from './entry.ts'
import type { State } from './state.ts'

/** What was found out before deciding, because it takes long or is read from the store. */
export interface Facts {
  /** Who used the command's nonce before. */
  readonly nonce?: { readonly index: number; readonly body: Digest }
  /** The entries that recorded the submission's nullifiers, by nullifier. */
  readonly spent: ReadonlyMap<string, Entry>
  /** Whether the proof is valid, and for which key and public inputs that was checked. */
  readonly proof?: { readonly checked: string; readonly valid: boolean }
  /** What is wrong with the verification key that is to be registered. */
  readonly keyRefusal?: Refusal
}

export interface Situation {
  readonly state: State
  readonly signers: Signers
  readonly facts: Facts
  /** Digest of the command. */
  readonly digest: Digest
  /** The entry's index and time, if there will be one. */
  readonly index: number
  readonly at: number
}

export interface Outcome {
  /** The entry's facts (SPEC §7.2). */
  readonly facts: { readonly [name: string]: Json }
  /** Nullifiers that it spends. */
  readonly nullifiers?: readonly string[]
  /** Changes the state; called once, when the entry is durable. */
  readonly apply: () => void
}

/** Checks a command of one type against the situation. @throws Refusal */
export type Handler<T extends CommandType> = (body: CommandBody<T>, situation: Situation) => Outcome
