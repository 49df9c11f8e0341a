// Who uses a key's memory. What is released while a proof uses it is given back when the last such proof ends.

import type { Machine } from './wasm/machine.ts'

export class KeyMemory {
  private readonly machine: Machine
  private readonly under: KeyMemory | undefined
  private readonly owned: number[] = []
  private users = 0
  private released = false

  /** `under`: of a key whose parts this one shares. */
  constructor(machine: Machine, under?: KeyMemory) {
    this.machine = machine
    this.under = under
  }

  allocate(bytes: number): number {
    const at = this.machine.allocate(bytes)
    this.owned.push(at)
    return at
  }

  /** Nothing is given back until what this answers is called, once. @throws TypeError for a key of another engine; Error for one that is released */
  use(machine: Machine): () => void {
    if (machine !== this.machine) throw new TypeError('a key of another engine')
    if (this.released) throw new Error('the key is released')
    const done = this.under?.use(machine)
    this.users++
    return () => {
      this.users--
      this.giveBack()
      done?.()
    }
  }

  release(): void {
    this.released = true
    this.giveBack()
  }

  private giveBack(): void {
    if (this.released && this.users === 0) for (const at of this.owned.splice(0)) this.machine.release(at)
  }
}
