/** A folder with small circuits and a small phase 1, in which a ceremony takes a second. */

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { curves, powersOfTau } from 'snarkjs'
import type { Json } from '../../src/hash/canonical.ts'
import { applyBeacon, contribute, exportKeys, type KeyFiles, newKey } from '../../src/setup/ceremony.ts'
import { compileCircuit } from '../../src/setup/compile.ts'

const BUILD = fileURLToPath(new URL('../../build/test-setup', import.meta.url))
export const BEACON = '0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20'
export const ANNOUNCED = 'the numbers from 1 to 32'

export interface Finished extends KeyFiles {
  readonly r1cs: string
  readonly phase1: string
  readonly verificationKey: string
  /** The key before any contribution. */
  readonly initialZkey: string
}

export class Workshop {
  readonly folder: string
  readonly phase1: string
  readonly phase1Untouched: string
  readonly square: string
  readonly cube: string
  private count = 0

  private constructor(folder: string, circuits: { square: string; cube: string }) {
    this.folder = folder
    this.phase1 = join(folder, 'phase1.ptau')
    this.phase1Untouched = join(folder, 'untouched.ptau')
    this.square = circuits.square
    this.cube = circuits.cube
  }

  static async open(): Promise<Workshop> {
    const folder = join(BUILD, `${process.pid}`)
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    const compiled = async (name: string) => (await compileCircuit(fileURLToPath(new URL(`./circuits/${name}.circom`, import.meta.url)), join(BUILD, name), { optimization: 2 })).r1cs
    const workshop = new Workshop(folder, { square: await compiled('square'), cube: await compiled('cube') })
    await workshop.makePhase1()
    return workshop
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }

  /** A new pair of names. */
  files(): KeyFiles {
    const name = join(this.folder, `${++this.count}`)
    return { zkey: `${name}.zkey`, transcript: `${name}.json` }
  }

  path(): string {
    return join(this.folder, `${++this.count}.file`)
  }

  async fresh(r1cs = this.square, beacon = ANNOUNCED): Promise<KeyFiles> {
    const to = this.files()
    await newKey({ shape: 'square', r1cs, phase1: this.phase1, mode: 'development', beacon }, to)
    return to
  }

  async contributed(from: KeyFiles, name = 'Ada'): Promise<KeyFiles> {
    const to = this.files()
    await contribute(from, to, name)
    return to
  }

  /** Two contributors and the beacon. */
  async finished(r1cs = this.square): Promise<Finished> {
    const initial = await this.fresh(r1cs)
    const last = this.files()
    await applyBeacon(await this.contributed(await this.contributed(initial), 'Grace'), last, BEACON)
    const exported = { verificationKey: this.path(), transcript: this.path() }
    await exportKeys(last, exported)
    return { zkey: last.zkey, ...exported, r1cs, phase1: this.phase1, initialZkey: initial.zkey }
  }

  /** A copy of a JSON file with a change in it. */
  async changed(path: string, change: (json: any) => void): Promise<string> {
    const json = JSON.parse(await readFile(path, 'utf8'))
    change(json)
    const copy = this.path()
    await writeFile(copy, JSON.stringify(json))
    return copy
  }

  private async makePhase1(): Promise<void> {
    const curve = await curves.getCurveFromName('bn128')
    const [empty, contributed] = [join(this.folder, 'a.ptau'), join(this.folder, 'b.ptau')]
    await powersOfTau.newAccumulator(curve, 4, empty)
    await powersOfTau.preparePhase2(empty, this.phase1Untouched)
    await powersOfTau.contribute(empty, contributed, 'test', 'test')
    await powersOfTau.preparePhase2(contributed, this.phase1)
  }
}

export async function readJson(path: string): Promise<Json> {
  return JSON.parse(await readFile(path, 'utf8')) as Json
}
