// A whole program on a platform that lacks something: does everything once and prints the results. What lacks is taken away
// before the engine is imported.

import type { Arithmetic } from '../src/wasm/machine.ts'

const [lacking, arithmetic] = process.argv.slice(2) as [string, Arithmetic]

const takeAway: Record<string, () => void> = {
  'SharedArrayBuffer': () => { delete (globalThis as { SharedArrayBuffer?: unknown }).SharedArrayBuffer },
  'shared memory': () => {
    WebAssembly.Memory = class extends WebAssembly.Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        if (descriptor.shared) throw new TypeError('shared memory is refused')
        super(descriptor)
      }
    }
  },
}
takeAway[lacking]!()

const { everythingOnce } = await import('./everything-once.ts')
console.log(JSON.stringify(await everythingOnce({ arithmetic, threads: 4 }, 1)))
await (globalThis as { curve_bn128?: { terminate(): Promise<void> } }).curve_bn128?.terminate()
