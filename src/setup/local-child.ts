/**
 * The process in which `localSetup` runs a ceremony: node local-child.ts <shape> <build folder>. Stops when its parent lets go of
 * it or ends, and when it is interrupted, leaving nothing behind; a second interrupt ends it at once.
 */

import { Refusal } from '../errors/errors.ts'
import type { ShapeName } from './compile.ts'
import { runLocalCeremony } from './local.ts'

const [, , shape, buildDir = ''] = process.argv
const stop = new AbortController()
for (const event of ['disconnect', 'SIGINT', 'SIGTERM']) process.once(event, () => stop.abort(new Refusal('CANCELLED', `the setup of ${shape} was stopped`)))
try {
  await runLocalCeremony(shape as ShapeName, buildDir, { signal: stop.signal, onProgress: (progress) => tell({ progress }) })
  process.exit(0)
} catch (error) {
  // An interrupt reaches the compiler too, which then fails in its own way.
  const reason: unknown = stop.signal.aborted ? stop.signal.reason : error
  if (!(reason instanceof Refusal)) throw error
  if (!tell({ refusal: { code: reason.code, message: reason.message } }, () => process.exit(1))) process.exit(1)
}

function tell(message: object, then: () => void = () => undefined): boolean {
  if (!process.connected || !process.send) return false
  process.send(message, then)
  return true
}
