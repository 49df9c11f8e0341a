/** `name=value` on the command line as the parameters of a statement, in the notation that each parameter's type has in JSON. */

import type { Json } from '../hash/canonical.ts'
import type { Statement } from '../statement/compiler.ts'
import { Usage } from './command.ts'

/**
 * @returns values by name; which are missing or superfluous is told by the statement's own check
 * @throws Usage for a text without `=`
 */
export function parseParameters(statement: Statement, texts: readonly string[]): Record<string, Json> {
  const types = new Map(statement.parameters.map(({ name, type }) => [name, type.as]))
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw new Usage('a parameter is name=value') // the text could be a secret: not repeated
      const [name, value] = [text.slice(0, at), text.slice(at + 1)]
      return [name, valueOf(types.get(name), value)]
    }),
  )
}

function valueOf(as: string | undefined, text: string): Json {
  if (as === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  if (as === 'integer' && /^(0|[1-9][0-9]{0,15})$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text)
  return text
}
