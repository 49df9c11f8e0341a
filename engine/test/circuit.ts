// Circuits made for tests and benchmarks: a chain of Poseidon hashes and some 64-bit ranges, about as mixed a witness as
// real ones have. The oracle (snarkjs) makes the keys; everything is kept in build/engine.

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
// @ts-ignore no types everywhere
import { curves, powersOfTau, wtns, zKey } from 'snarkjs'

const require = createRequire(import.meta.url)
const BUILD = fileURLToPath(new URL('../../build/engine', import.meta.url))
const LIBRARIES = resolve(dirname(require.resolve('circomlib/package.json')), '..')

export interface Circuit { zkey: Uint8Array; witness: Uint8Array; verificationKey: Record<string, unknown>; publicSignals: string[]; wasm: Uint8Array; inputs: Record<string, string | string[]> }

/** `ptau`: a prepared phase 1 that is large enough; by default a small one is made. About 240·hashes + 65·ranges constraints. */
export async function circuit(hashes: number, ranges: number, ptau?: string): Promise<Circuit> {
  const folder = join(BUILD, `chain-${hashes}-${ranges}`)
  const file = (name: string) => join(folder, name)
  const inputs = { label: '7', secret: '12345678901234567890123456789', amounts: Array.from({ length: ranges }, (_, i) => String(i % 7 === 0 ? 2n ** 64n - 1n : BigInt(i * 1001))) }
  if (!existsSync(file('done'))) {
    await mkdir(folder, { recursive: true })
    await writeFile(file('chain.circom'), source(hashes, ranges))
    // circom2 sees only files below the folder it runs in
    const root = dirname(LIBRARIES)
    execFileSync(process.execPath, [require.resolve('circom2/cli.js'), relative(root, file('chain.circom')), '--r1cs', '--wasm', '--O2', '-l', 'node_modules', '-o', relative(root, folder)], { cwd: root, stdio: 'pipe' })
    await makeKey(file, ptau)
    await wtns.calculate(inputs, file('chain_js/chain.wasm'), file('chain.wtns'))
    await writeFile(file('done'), '')
  }
  const verificationKey = JSON.parse(await readFile(file('key.json'), 'utf8'))
  const witness = new Uint8Array(await readFile(file('chain.wtns')))
  const wires = witness.subarray(witness.length - 32 * ((witness.length - 76) / 32))
  const publicSignals = [1, 2].map((i) => BigInt('0x' + Buffer.from(wires.slice(32 * i, 32 * i + 32)).reverse().toString('hex')).toString())
  return { zkey: new Uint8Array(await readFile(file('chain.zkey'))), witness, verificationKey, publicSignals, wasm: new Uint8Array(await readFile(file('chain_js/chain.wasm'))), inputs }
}

async function makeKey(file: (name: string) => string, ptau: string | undefined): Promise<void> {
  const curve = await curves.getCurveFromName('bn128')
  if (!ptau) {
    await powersOfTau.newAccumulator(curve, 11, file('a.ptau'))
    await powersOfTau.contribute(file('a.ptau'), file('b.ptau'), 'test', 'test entropy')
    await powersOfTau.preparePhase2(file('b.ptau'), file('c.ptau'))
    ptau = file('c.ptau')
  }
  await zKey.newZKey(file('chain.r1cs'), ptau, file('a.zkey'))
  await zKey.contribute(file('a.zkey'), file('part.zkey'), 'test', 'test entropy')
  await rename(file('part.zkey'), file('chain.zkey'))
  await writeFile(file('key.json'), JSON.stringify(await zKey.exportVerificationKey(file('chain.zkey'))))
  await curve.terminate()
}

const source = (hashes: number, ranges: number): string => `pragma circom 2.1.0;
include "circomlib/circuits/poseidon.circom";
include "circomlib/circuits/bitify.circom";

template Chain(HASHES, RANGES) {
    signal input label, secret;
    signal input amounts[RANGES];
    signal output last;
    signal link[HASHES + 1];

    link[0] <== secret;
    for (var i = 0; i < HASHES; i++) {
        link[i + 1] <== Poseidon(2)([link[i], i < RANGES ? amounts[i] : label]);
    }
    for (var i = 0; i < RANGES; i++) _ <== Num2Bits(64)(amounts[i]);
    last <== link[HASHES];
}

component main { public [label] } = Chain(${hashes}, ${ranges});
`
