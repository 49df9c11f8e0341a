// Keys: made, contributed to, checked; the files are snarkjs's.

import { beacon, contribute, type BeaconOptions, type Contributed, type ContributeOptions } from './contribute.ts'
import { verifyKey, type CheckOptions, type Checked } from './check.ts'
import { newKey } from './new-key.ts'
import { preparePhase1 } from './prepare-phase1.ts'
import { SetupMachine, type SetupOptions } from './program.ts'
import { bytesOf, type Bytes } from '../files.ts'
import { Task, type WorkOptions } from './task.ts'

export type { BeaconOptions, CheckOptions, Checked, Contributed, ContributeOptions, SetupOptions, WorkOptions }

/**
 * A machine with its threads. Files are bytes; none is changed. All operations tell how far they are, and can be stopped: the
 * promise is then rejected with the signal's reason, the memory is given back, and the next operation can begin.
 */
export class Setup {
  private readonly setup: SetupMachine
  private constructor(setup: SetupMachine) { this.setup = setup }

  /** @throws RangeError, or Error where the arithmetic asked for is not to be had */
  static async create(options: SetupOptions = {}): Promise<Setup> { return new Setup(await SetupMachine.create(options)) }

  /**
   * The initial key (.zkey) of a circuit (.r1cs) from a prepared phase 1 (.ptau), byte for byte as `snarkjs zkey new` makes it.
   * Nobody may prove with it: whoever likes can forge under it until there is a contribution.
   *
   * @throws MalformedFile, also where phase 1 is too small, not prepared, or without any contribution
   */
  newKey(r1cs: Bytes, ptau: Bytes, options: WorkOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    return this.perform(options, (task) => newKey(task, bytesOf(r1cs, 'r1cs'), bytesOf(ptau, 'ptau')))
  }

  /** The key with one more contribution, from the platform's randomness. @throws MalformedFile, also for points outside their groups */
  contribute(zkey: Bytes, options: ContributeOptions = {}): Promise<Contributed> {
    return this.perform(options, (task) => contribute(task, bytesOf(zkey, 'zkey'), options))
  }

  /** The key with a contribution that everybody can draw again from public randomness. @throws MalformedFile, RangeError */
  beacon(zkey: Bytes, options: BeaconOptions): Promise<Contributed> {
    return this.perform(options, (task) => beacon(task, bytesOf(zkey, 'zkey'), { ...options, hash: bytesOf(options.hash, 'hash') }))
  }

  /**
   * Whether a key is what its contributions have made of this circuit's initial key. At least one contribution is asked for.
   * Wrong keys are accepted with probability at most 2^−127.
   *
   * @throws MalformedFile where the circuit or phase 1 cannot be read
   */
  verifyKey(zkey: Bytes, r1cs: Bytes, ptau: Bytes, options: CheckOptions = {}): Promise<Checked> {
    const { initial, ...others } = options
    return this.perform(options, (task) => verifyKey(task, bytesOf(zkey, 'zkey'), bytesOf(r1cs, 'r1cs'), bytesOf(ptau, 'ptau'), { ...others, ...(initial ? { initial: bytesOf(initial, 'initial') } : {}) }))
  }

  /** A phase 1 (.ptau) with its Lagrange bases, as `snarkjs powersoftau prepare phase2` makes it. @throws MalformedFile */
  preparePhase1(ptau: Bytes, options: WorkOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    return this.perform(options, (task) => preparePhase1(task, bytesOf(ptau, 'ptau')))
  }

  /** Ends the threads; what is still at work fails. */
  close(): void { this.setup.close() }

  private perform<T>(options: WorkOptions, body: (task: Task) => Promise<T>): Promise<T> {
    return Task.perform(this.setup.machine, this.setup.pool, options, body)
  }
}
