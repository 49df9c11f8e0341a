/** `attestry submit`: records a proof at the registry. Whoever holds it may; the registry does not ask who. */

import type { Command } from 'commander'
import { parseAnswer, parseSubmission, submissionJson } from '../shape/submission.ts'
import { recorded } from './act.ts'
import { does, type Outcome, type Session } from './command.ts'
import { readJsonFile } from './files.ts'
import { registryOf } from './link.ts'

export function define(command: Command): void {
  does(command.argument('<file>', 'an answer or a bare submission; of an answer only the submission is sent'), submit)
}

async function submit(session: Session, [file = '']: readonly string[]): Promise<Outcome> {
  const json = await readJsonFile(session, file)
  const isAnswer = typeof json === 'object' && json !== null && 'answer' in json
  const submission = isAnswer ? parseAnswer(json).submission : parseSubmission(json)
  const home = session.home()
  return recorded(home, await registryOf(home).client.submit(submissionJson(submission)), 'the proof', {})
}
