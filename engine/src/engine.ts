import { BabyJubjub } from './baby-jubjub.ts'
import { buildDomain, type Domain } from './domain.ts'
import { bytesOf, type Bytes } from './files.ts'
import { DEFAULT_BLOCKS, openKey, requireBlocks, type OpenOptions } from './open-key.ts'
import { bestArithmetic, threadsAvailable } from './platform.ts'
import { Pool } from './pool.ts'
import { Poseidon } from './poseidon.ts'
import type { Proof } from './proof.ts'
import { prove, secureScalar, type ProveOptions, type Randomness } from './prove.ts'
import { layoutsOf, readProvingKey, withBlocks, type PrepareOptions, type ProvingKey } from './proving-key.ts'
import { readStoredKey, storedBytes, writeStoredKey } from './stored-key.ts'
import { Machine, buildProgram, type Arithmetic } from './wasm/machine.ts'

export interface EngineOptions {
  /** Threads that prove. Default: the processors, or 1 where memory cannot be shared. */
  threads?: number
  /** Default: relaxed SIMD where it is there and fused. */
  arithmetic?: Arithmetic
}

/** A machine with its threads. Threads never keep a program alive that waits for nothing of theirs. */
export class Engine {
  readonly arithmetic: Arithmetic
  /** @internal */
  readonly machine: Machine
  /** @internal */
  readonly pool: Pool
  readonly poseidon: Poseidon
  readonly babyJubjub: BabyJubjub
  private readonly domains = new Map<number, Domain>()

  private constructor(machine: Machine, pool: Pool) {
    this.machine = machine
    this.pool = pool
    this.poseidon = new Poseidon(machine)
    this.babyJubjub = new BabyJubjub(machine, this.poseidon)
    this.arithmetic = machine.program.arithmetic
  }

  /** @throws RangeError, or Error where the arithmetic asked for is not to be had */
  static async create(options: EngineOptions = {}): Promise<Engine> {
    const threads = options.threads ?? threadsAvailable()
    if (!Number.isInteger(threads) || threads < 1) throw new RangeError('threads: at least 1')
    const best = await bestArithmetic()
    if (options.arithmetic === 'relaxed-simd' && best !== 'relaxed-simd') throw new Error('no fused relaxed SIMD here')
    const shared = threads > 1 && typeof SharedArrayBuffer !== 'undefined'
    const machine = new Machine(buildProgram(options.arithmetic ?? best), { shared, threads: shared ? threads : 1 })
    return new Engine(machine, await Pool.start(machine))
  }

  /** Reads a snarkjs .zkey. @throws MalformedFile */
  readKey(zkey: Bytes): ProvingKey {
    return this.withDomain(readProvingKey(this.machine, bytesOf(zkey, 'zkey')))
  }

  /**
   * A key with its tables: from `store` where they are kept, or made anew and put there. The store's failures and damaged contents
   * stop nothing.
   *
   * @throws MalformedFile, RangeError, or the signal's reason
   */
  async openKey(zkey: Bytes, options: OpenOptions = {}): Promise<ProvingKey> { return openKey(this, bytesOf(zkey, 'zkey'), options) }

  /**
   * Tables for a key that is used again and again: its points times powers of two, in `blocks` blocks (2 to 32; 2 by default).
   * Takes a second or two of processor time for 10,000 wires; release what it answers before the key itself.
   *
   * @throws RangeError, or the signal's reason
   */
  async prepareKey(key: ProvingKey, blocks = DEFAULT_BLOCKS, options: PrepareOptions = {}): Promise<ProvingKey> {
    requireBlocks(blocks)
    const done = key.memory.use(this.machine)
    try {
      return await withBlocks(this.machine, this.pool, key, blocks, options)
    } finally { done() }
  }

  /** Bytes that `storeKey` would write for `key` prepared in so many blocks; its tables take about as much memory. */
  preparedBytes(key: ProvingKey, blocks = DEFAULT_BLOCKS): number {
    requireBlocks(blocks)
    const done = key.memory.use(this.machine)
    try {
      return storedBytes(this.machine, key, layoutsOf(key, blocks))
    } finally { done() }
  }

  /**
   * A key with its tables, as bytes to be kept where the key would be safe: its points are not checked when it is read again.
   * For this arithmetic only, and self-contained: no .zkey is needed beside it.
   */
  storeKey(key: ProvingKey): Uint8Array<ArrayBuffer> {
    const done = key.memory.use(this.machine)
    try {
      return writeStoredKey(this.machine, key)
    } finally { done() }
  }

  /** What `storeKey` wrote. @throws MalformedFile if it is damaged, or of another arithmetic or version: prepare it anew then */
  readStoredKey(bytes: Bytes): ProvingKey {
    return this.withDomain(readStoredKey(this.machine, bytesOf(bytes, 'stored key')))
  }

  /**
   * Proves; `witness` is a .wtns file or 32 little-endian bytes a wire, and may be changed once this has returned its promise.
   *
   * @throws MalformedFile, TypeError for a key of another engine, Error for one that is released, or the signal's reason
   */
  prove(key: ProvingKey, witness: Bytes, options: ProveOptions = {}): Promise<{ proof: Proof; publicSignals: string[] }> {
    return proveWith(this, secureScalar, key, witness, options)
  }

  /** Threads that prove: fewer than were asked for where memory cannot be shared or a thread cannot be started. */
  get threads(): number { return this.pool.threads }

  close(): void { this.pool.close() }

  /** Tables of the transform of n values. @internal */
  domain(n: number): Domain {
    let domain = this.domains.get(n)
    if (!domain) this.domains.set(n, domain = buildDomain(this.machine, n))
    return domain
  }

  private withDomain(key: ProvingKey): ProvingKey {
    try {
      this.domain(key.domain)
      return key
    } catch (error) { // no memory for it
      key.release()
      throw error
    }
  }
}

/** For tests that need two provers to agree, and not part of the package's face: known randomness gives the witness away. @internal */
export async function proveWith(engine: Engine, random: Randomness, key: ProvingKey, witness: Bytes, options: ProveOptions = {}): Promise<{ proof: Proof; publicSignals: string[] }> {
  const used = key.faster ?? key, wires = bytesOf(witness, 'witness'), done = used.memory.use(engine.machine)
  try {
    return await prove(engine.machine, engine.pool, engine.domain(key.domain), used, wires, random, options)
  } finally { done() }
}
