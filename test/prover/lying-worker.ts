/** Answers every task with points of the curve that prove nothing. */

import { bn254 } from '@noble/curves/bn254.js'
import type { Reply, Task } from '../../src/prover/protocol.ts'

const { x, y } = bn254.G2.Point.BASE.toAffine()
const b = [[String(x.c0), String(x.c1)], [String(y.c0), String(y.c1)]] as const

process.on('disconnect', () => process.exit())
process.on('message', ({ publics }: Task) => {
  const reply: Reply = { type: 'proved', proof: { a: ['1', '2'], b, c: ['1', '2'] }, publicInputs: Array.from({ length: publics }, () => '1') }
  process.send?.(reply)
})
