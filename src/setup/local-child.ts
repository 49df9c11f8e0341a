/** The process in which `localSetup` runs a ceremony: node local-child.ts <shape> <build folder>. Ends with its parent. */

import { Refusal } from '../errors/errors.ts'
import type { ShapeName } from './compile.ts'
import { runLocalCeremony } from './local.ts'

process.on('disconnect', () => process.exit(1))
const [, , shape, buildDir = ''] = process.argv
try {
  await runLocalCeremony(shape as ShapeName, buildDir, (progress) => process.send?.({ progress }))
  process.exit(0)
} catch (error) {
  if (!(error instanceof Refusal)) throw error
  process.send?.({ refusal: { code: error.code, message: error.message } }, () => process.exit(1))
}
