/** Speaks the worker's protocol and misbehaves as the task's shape says. */

import type { Reply, Task } from '../../src/prover/protocol.ts'

const done = (shape: string): Reply => ({ type: 'proved', proof: { a: ['1', '2'], b: [['1', '2'], ['3', '4']], c: ['1', '2'] }, publicInputs: [shape] })
const say = (reply: Reply): void => void process.send?.(reply)

const misbehave: Record<string, (task: Task) => void> = {
  ok: () => say(done('ok')),
  slow: () => void setTimeout(() => say(done('slow')), 1_000),
  hang: () => undefined,
  fail: () => say({ type: 'failed' }),
  crash: () => process.exit(3),
  'out-of-memory': () => {
    const hoard: number[][] = []
    for (;;) hoard.push(Array.from({ length: 1_000_000 }, (_, i) => i + hoard.length))
  },
}

process.on('disconnect', () => process.exit())
process.on('message', (task: Task) => misbehave[task.shape]?.(task))
