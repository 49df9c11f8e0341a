import assert from 'node:assert/strict'
import { MalformedFile, exportVerificationKey, prepareVerificationKey, verify } from '../src/index.ts'
import { G2 } from '../src/setup/curve.ts'
import { SECTION, readKeyFile, writeContributions, writeG1, writeG2, writeHeader, writeSections, type Header } from '../src/setup/zkey.ts'
import { circuit, type Circuit } from './circuit.ts'
import { bySnarkjs, proveBySnarkjs, endSnarkjs } from './verify-oracles.ts'

describe('the verification key of a proving key', () => {
  let made: Circuit
  before(async () => { made = await circuit(3, 2) })
  after(endSnarkjs)

  it('is snarkjs\'s, but for the pairing that alpha and beta imply', () => {
    const { vk_alphabeta_12: _, ...theirs } = made.verificationKey
    assert.deepEqual(exportVerificationKey(made.zkey), theirs)
    assert.equal(JSON.stringify(exportVerificationKey(made.zkey)), JSON.stringify(theirs), 'in the same order too')
  })

  it('is taken by snarkjs and by us', async () => {
    const { proof, publicSignals } = await proveBySnarkjs(made.zkey, made.witness), key = exportVerificationKey(made.zkey)
    assert.equal(await bySnarkjs(key, publicSignals, proof), true)
    assert.equal(await verify(await prepareVerificationKey(key), publicSignals, proof), true)
  })

  it('is read from a Buffer that lies in a larger one', () => {
    const large = Buffer.alloc(made.zkey.length + 7)
    large.set(made.zkey, 5)
    assert.deepEqual(exportVerificationKey(large.subarray(5, 5 + made.zkey.length)), exportVerificationKey(made.zkey))
  })

  const changed = (header: Partial<Header>, ic?: Uint8Array): Uint8Array => {
    const file = readKeyFile(made.zkey)
    return writeSections([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((type) => [type,
      type === SECTION.header ? writeHeader({ ...file.header, ...header }) : type === SECTION.contributions ? writeContributions(file.circuitHash, file.contributions) : type === SECTION.ic && ic ? ic : file.parts.get(type)!]))
  }
  it('is there for a key written again', () => assert.deepEqual(exportVerificationKey(changed({})), exportVerificationKey(made.zkey)))
  for (const [what, file] of [
    ['alpha off the curve', () => changed({ alpha1: writeG1({ x: 1n, y: 3n }) })], ['alpha at infinity', () => changed({ alpha1: new Uint8Array(64) })],
    ['delta outside the subgroup', () => changed({ delta2: writeG2(outsider()) })], ['a coordinate that is not reduced', () => changed({ alpha1: new Uint8Array(64).fill(255) })],
    ['IC off the curve', () => { const ic = readKeyFile(made.zkey).parts.get(SECTION.ic)!.slice(); ic[70]! ^= 1; return changed({}, ic) }],
    ['nothing in it', () => new Uint8Array(0)], ['its end cut off', () => made.zkey.slice(0, -1)],
  ] as [string, () => Uint8Array][]) it(`is refused with ${what}`, () => assert.throws(() => exportVerificationKey(file()), MalformedFile))

  function outsider() {
    for (let x = 1n; ; x++) {
      const point = G2.lift([x, 0n])
      if (point && !G2.contains(point)) return point
    }
  }
})
