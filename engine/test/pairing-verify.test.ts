import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { bn254 } from '@noble/curves/bn254.js'
import { Engine } from '../src/engine.ts'
import { InvalidInput } from '../src/invalid-input.ts'
import { verifyBatch } from '../src/pairing/batch.ts'
import { PairingMachine, type Region } from '../src/pairing/program.ts'
import { prepareVerificationKey, tablesOf, verify, type PreparedVerificationKey } from '../src/pairing/verify.ts'
import { bestArithmetic } from '../src/platform.ts'
import type { Proof } from '../src/proof.ts'
import { circuit } from './circuit.ts'
import { G1, SimulatedKey, g1Point, g1Text, g2Point, g2Text, outsider, proofOf, times } from './simulated-key.ts'
import { byNoble, bySnarkjs, endSnarkjs, mclVerifier, proveBySnarkjs } from './verify-oracles.ts'

const R = bn254.fields.Fr.ORDER, Q = bn254.fields.Fp.ORDER
const simulated = new SimulatedKey(3)
const signals = ['7', '0', String(R - 2n)]
const proof = simulated.prove(signals.map(BigInt))
const other = simulated.prove([8n, 0n, R - 2n])
const [a, b, c] = [g1Point(proof.pi_a), g2Point(proof.pi_b), g1Point(proof.pi_c)]
const delta = g2Point(simulated.json['vk_delta_2'])
const plusQ = (text: string) => String(BigInt(text) + Q)
const swapHalves = ([x, y, z]: Proof['pi_b']): Proof['pi_b'] => [[x[1], x[0]], [y[1], y[0]], z]

/** [what is done, signals, proof] */
const FALSE: [string, string[], Proof][] = [
  ['signals swapped (A3)', ['0', '7', signals[2]!], proof],
  ['a signal off by one (A3)', ['8', '0', signals[2]!], proof],
  ['a proof for other signals (A3)', signals, other],
  ['A and C swapped', signals, { ...proof, pi_a: proof.pi_c, pi_c: proof.pi_a }],
  ['A negated', signals, { ...proof, pi_a: g1Text(a.negate()) }],
  ['C moved by a generator', signals, { ...proof, pi_c: g1Text(c.add(G1.BASE)) }],
  ['B of another proof', signals, { ...proof, pi_b: simulated.prove(signals.map(BigInt), 2).pi_b }],
]
/** Well-formed and valid: that they are the same proof again is for others to see. */
const TRUE: [string, string[], Proof][] = [
  ['a valid proof', signals, proof],
  ['(−A, −B, C) (A6)', signals, proofOf(a.negate(), b.negate(), c)],
  ['a re-randomised proof (A6)', signals, proofOf(a.multiply(bn254.fields.Fr.inv(5n)), b.multiply(5n).add(delta.multiply(5n)), c.add(a))],
  ['a proof for signals whose sum is infinity', ['1', '2', String(simulated.lastSignalForNothing([1n, 2n]))], simulated.prove([1n, 2n, simulated.lastSignalForNothing([1n, 2n])])],
  ['a proof for zeros', ['0', '0', '0'], simulated.prove([0n, 0n, 0n])],
]
const MALFORMED: [string, unknown, unknown][] = [
  // A1
  ['too few signals', signals.slice(0, 2), proof], ['too many signals', [...signals, '0'], proof], ['no signals', [], proof],
  ['signals that are no list', { 0: '7', 1: '0', 2: '1', length: 3 }, proof], ['null for signals', null, proof],
  ...[['7'], null, undefined, 7, 7.5, true, {}, Object('7')].map((value): [string, unknown, unknown] => [`the signal ${JSON.stringify(value)}`, [value, '0', '1'], proof]),
  ['a hole for a signal', [, '0', '1'], proof],
  // A2
  ...[String(R), String(R + 7n), '-2', '-0', '+7', '007', '00', '0x7', ' 7', '7 ', '7\n', '7e0', '7.0', '', '9'.repeat(78), '７', '1_000', '7n'].map((text): [string, unknown, unknown] => [`the signal ${JSON.stringify(text)}`, [text, '0', '1'], proof]),
  ['a bigint of r', [R, 0n, 1n], proof], ['a negative bigint', [-1n, 0n, 1n], proof],
  // A5
  ['a coordinate of A plus q', signals, { ...proof, pi_a: [plusQ(proof.pi_a[0]), proof.pi_a[1], '1'] }],
  ['a coordinate of B plus q', signals, { ...proof, pi_b: [[plusQ(proof.pi_b[0][0]), proof.pi_b[0][1]], proof.pi_b[1], proof.pi_b[2]] }],
  ['A off the curve', signals, { ...proof, pi_a: ['1', '3', '1'] }],
  ['C off the curve', signals, { ...proof, pi_c: ['1', '3', '1'] }],
  ['A at infinity', signals, { ...proof, pi_a: ['0', '1', '0'] }],
  ['C as (0, 0)', signals, { ...proof, pi_c: ['0', '0', '1'] }],
  ['B as (0, 0)', signals, { ...proof, pi_b: [['0', '0'], ['0', '0'], ['1', '0']] }],
  ['B at infinity', signals, { ...proof, pi_b: [['0', '0'], ['1', '0'], ['0', '0']] }],
  ['z of A other than 1', signals, { ...proof, pi_a: [proof.pi_a[0], proof.pi_a[1], '2'] }],
  ['z of B other than 1', signals, { ...proof, pi_b: [proof.pi_b[0], proof.pi_b[1], ['1', '1']] }],
  ['A without z', signals, { ...proof, pi_a: proof.pi_a.slice(0, 2) }],
  ['halves of B swapped', signals, { ...proof, pi_b: swapHalves(proof.pi_b) }],
  ['B off the twist', signals, { ...proof, pi_b: [['1', '0'], ['1', '0'], ['1', '0']] }],
  ['B outside the subgroup', signals, { ...proof, pi_b: g2Text(outsider()) }],
  ['B shifted by a point of the cofactor', signals, { ...proof, pi_b: g2Text(b.add(times(outsider(), R))) }],
  ['B shifted by a point of order 10069', signals, { ...proof, pi_b: g2Text(b.add(outsider(10069n))) }],
  ['B of order 10069', signals, { ...proof, pi_b: g2Text(outsider(10069n)) }],
  ['a further member', signals, { ...proof, pi_d: proof.pi_a }],
  ['an own __proto__', signals, JSON.parse(JSON.stringify(proof).replace('{', '{"__proto__":{},'))],
  ['members only inherited', signals, Object.create(proof)],
  ['a symbol for a member', signals, { ...proof, [Symbol('x')]: 1 }],
  ['A missing', signals, { pi_b: proof.pi_b, pi_c: proof.pi_c, protocol: 'groth16', curve: 'bn128' }],
  ['another protocol', signals, { ...proof, protocol: 'plonk' }],
  ['another curve', signals, { ...proof, curve: 'bls12381' }],
  ['numbers for coordinates', signals, { ...proof, pi_a: [1, 2, 1] }],
  ...[null, [], 'proof', 7, undefined, {}].map((junk): [string, unknown, unknown] => [`${JSON.stringify(junk)} for a proof`, signals, junk]),
]

for (const arithmetic of ['relaxed-simd', 'i64'] as const) {
  describe(`verify: ${arithmetic}`, () => {
    let key: PreparedVerificationKey
    before(async function () {
      if (await bestArithmetic() !== 'relaxed-simd' && arithmetic === 'relaxed-simd') this.skip()
      key = await prepareVerificationKey(simulated.json, { arithmetic })
    })

    for (const [what, list, one] of TRUE) it(`accepts ${what}`, async () => assert.equal(await verify(key, list, one), true))
    for (const [what, list, one] of FALSE) it(`refuses ${what}`, async () => assert.equal(await verify(key, list, one), false))
    for (const [what, list, one] of MALFORMED) it(`cannot read ${what}`, () => assert.rejects(verify(key, list, one), { name: 'InvalidInput', code: 'MALFORMED' }))
    /** What a batch answers, between two valid proofs, which it must not touch. */
    const inBatch = async (list: unknown, one: unknown) => {
      const [before, outcome, after] = await verifyBatch([{ key, signals, proof }, { key, signals: list, proof: one }, { key, signals, proof }])
      assert.ok(before!.accepted && after!.accepted)
      return outcome!
    }
    for (const [what, list, one] of TRUE) it(`accepts ${what} in a batch`, async () => assert.deepEqual(await inBatch(list, one), { accepted: true }))
    for (const [what, list, one] of FALSE) it(`refuses ${what} in a batch`, async () => assert.deepEqual(await inBatch(list, one), { accepted: false }))
    for (const [what, list, one] of MALFORMED) it(`cannot read ${what} in a batch`, async () => {
      const { accepted, error } = await inBatch(list, one)
      assert.deepEqual([accepted, error?.code], [false, 'MALFORMED'])
    })
    it('takes bigints for signals', async () => assert.equal(await verify(key, signals.map(BigInt), proof), true))
    it('reads each member once', async () => {
      const reads: string[] = []
      await verify(key, signals, new Proxy(proof, { get: (target, name) => { reads.push(String(name)); return Reflect.get(target, name) } }))
      assert.equal(new Set(reads).size, reads.length)
    })
    it('does not ask an array for its iterator', async () => {
      const zeros = simulated.prove([7n, 0n, 0n])
      const short = Object.assign(['7', '0', '1'], { [Symbol.iterator]: function* () { yield '7' } })
      assert.equal(await verify(key, short, zeros), false)
    })
    it('refuses a proof under another key (A4)', async () => assert.equal(await verify(await prepareVerificationKey(new SimulatedKey(3, 2).json, { arithmetic }), signals, proof), false))
    it('knows keys of no public signal', async () => {
      const none = new SimulatedKey(0)
      const prepared = await prepareVerificationKey(none.json, { arithmetic })
      assert.equal(await verify(prepared, [], none.prove([])), true)
      assert.equal(await verify(prepared, [], none.prove([], 2)), true)
      assert.equal(await verify(prepared, [], proof), false)
    })
    it('says where it failed to read, and never what it read', async () => {
      await assert.rejects(verify(key, ['7', '0', 'a secret'], proof), (error: InvalidInput) => error.path === '/2' && !error.message.includes('secret'))
      await assert.rejects(verify(key, signals, { ...proof, pi_b: g2Text(outsider()) }), { path: '/pi_b' })
    })

    const change = (members: object) => ({ ...simulated.json, ...members })
    /** Any signals under a key whose delta is ±gamma: A = alpha, B = beta, C = ∓V. */
    const forgery = (delta: bigint) => {
      const broken = new SimulatedKey(3, 1, delta)
      const v = broken.inputPoint([1_000_000n, 1n, 1n])
      const json = broken.json
      return { json, proof: { ...proof, pi_a: json['vk_alpha_1'], pi_b: json['vk_beta_2'], pi_c: g1Text(delta === 1n ? v.negate() : v) } as Proof }
    }
    const KEYS: [string, unknown][] = [
      ['gamma = delta (B9)', forgery(1n).json], ['gamma = −delta (B9)', forgery(R - 1n).json],
      ['delta = gamma, neither the generator (B9)', change({ vk_gamma_2: simulated.json['vk_beta_2'], vk_delta_2: simulated.json['vk_beta_2'] })],
      ['delta = −gamma, neither the generator (B9)', change({ vk_gamma_2: simulated.json['vk_beta_2'], vk_delta_2: g2Text(g2Point(simulated.json['vk_beta_2']).negate()) })],
      ['delta the generator, gamma another (B9)', change({ vk_delta_2: simulated.json['vk_gamma_2'], vk_gamma_2: simulated.json['vk_beta_2'] })],
      ['one IC point too few (B9)', change({ IC: simulated.json['IC'].slice(1) })], ['one IC point too many (B9)', change({ IC: [...simulated.json['IC'], simulated.json['IC'][0]] })],
      ['IC at infinity', change({ IC: [...simulated.json['IC'].slice(1), ['0', '1', '0']] })], ['IC off the curve', change({ IC: [...simulated.json['IC'].slice(1), ['1', '3', '1']] })],
      ...['vk_beta_2', 'vk_gamma_2', 'vk_delta_2'].flatMap((name): [string, unknown][] => [
        [`${name} off the twist`, change({ [name]: [['1', '0'], ['1', '0'], ['1', '0']] })],
        [`${name} outside the subgroup`, change({ [name]: g2Text(outsider()) })],
        [`${name} with another z`, change({ [name]: [...simulated.json[name].slice(0, 2), ['2', '0']] })],
      ]),
      ['alpha off the curve', change({ vk_alpha_1: ['1', '3', '1'] })], ['a further member', change({ vk_omega_2: [] })],
      ['another curve', change({ curve: 'bls12381' })], ['another protocol', change({ protocol: 'plonk' })],
      ...[-1, 1.5, '3', null, 2 ** 32].map((n): [string, unknown] => [`nPublic ${JSON.stringify(n)}`, change({ nPublic: n })]),
      ...[null, [], 'key', 7, undefined].map((junk): [string, unknown] => [`${JSON.stringify(junk)} for a key`, junk]),
    ]
    for (const [what, json] of KEYS) it(`takes no key with ${what}`, () => assert.rejects(prepareVerificationKey(json, { arithmetic }), { name: 'InvalidInput', code: 'KEY_INVALID' }))
    it('knows what such a key would let anyone forge (B9)', () => {
      for (const delta of [1n, R - 1n]) assert.ok(byNoble(forgery(delta).json, ['1000000', '1', '1'], forgery(delta).proof))
    })
    it('does not take something else for a prepared key', () => assert.rejects(verify({ publicSignals: 3 }, signals, proof), TypeError))
  })
}

describe('verify: agreement (A8)', () => {
  after(endSnarkjs)
  for (const [what, list, one] of [...TRUE, ...FALSE]) {
    it(`snarkjs, mcl and @noble/curves say the same of ${what}`, async () => {
      const answer = await verify(await prepareVerificationKey(simulated.json), list, one)
      const mcl = await mclVerifier()
      assert.equal(await bySnarkjs(simulated.json, list, one), answer)
      assert.equal(mcl.verify(mcl.prepare(simulated.json), list, one), answer)
      assert.equal(byNoble(simulated.json, list, one), answer)
    })
  }

  it('accepts what the engine and snarkjs prove under a key that snarkjs made', async () => {
    const { zkey, witness, verificationKey, publicSignals } = await circuit(1, 1)
    const engine = await Engine.create({ threads: 1 })
    try {
      const { proof, publicSignals: proved } = await engine.prove(engine.readKey(zkey), witness)
      const key = await prepareVerificationKey(verificationKey)
      assert.deepEqual(proved, publicSignals)
      assert.equal(await verify(key, publicSignals, proof), true)
      assert.equal(await verify(key, [publicSignals[1], publicSignals[0]], proof), false)
      assert.equal(await bySnarkjs(verificationKey, publicSignals, proof), true)
      const theirs = await proveBySnarkjs(zkey, witness)
      assert.equal(await verify(key, theirs.publicSignals, theirs.proof), true)
    } finally { engine.close() }
  })
})

describe('tables of verification keys', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  setFlagsFromString('--no-expose-gc')
  const turns = async () => { for (let i = 0; i < 3; i++) { collect(); await new Promise((resolve) => setTimeout(resolve, 5)) } }

  it('are taken back when nobody has the key any more: keys made over and over take no more memory', async () => {
    const kept = await prepareVerificationKey(simulated.json), { machine } = tablesOf(kept)
    const some = async () => {
      for (let i = 0; i < 40; i++) assert.equal(await verify(await prepareVerificationKey(simulated.json), signals, proof), true)
      await turns()
    }
    await some()
    const held = machine.bytes.length
    for (let i = 0; i < 4; i++) await some()
    assert.equal(machine.bytes.length, held)
    assert.equal(await verify(kept, signals, proof), true)
  })

  it('are taken back at once of a key that is refused', async () => {
    const bad = { ...simulated.json, vk_beta_2: g2Text(outsider()) }
    const { machine } = tablesOf(await prepareVerificationKey(simulated.json))
    await assert.rejects(prepareVerificationKey(bad), InvalidInput)
    const held = machine.bytes.length
    for (let i = 0; i < 30; i++) await assert.rejects(prepareVerificationKey(bad), InvalidInput)
    assert.equal(machine.bytes.length, held)
  })

  it('of several small keys make room for a large one when they are garbage', async () => {
    const small = new SimulatedKey(1, 7), large = new SimulatedKey(40, 8), { machine } = tablesOf(await prepareVerificationKey(simulated.json))
    await (async () => { await Promise.all(Array.from({ length: 12 }, () => prepareVerificationKey(small.json))) })()
    await turns()
    const held = machine.bytes.length
    for (let i = 0; i < 3; i++) {
      await (async () => { await prepareVerificationKey(large.json) })()
      await turns()
    }
    assert.equal(machine.bytes.length, held)
  })

  it('of too many keys are refused, leave room for calls, and are one piece again when all are garbage', async () => {
    const machine = await PairingMachine.create('i64'), LARGE = 2 ** 24, regions: Region[] = []
    assert.throws(() => { for (;;) regions.push(machine.region(LARGE)) }, RangeError)
    assert.ok(regions.length > 50)
    machine.scope(() => machine.keep(2 ** 25))
    for (const [, region] of [...regions.entries()].sort(([a], [b]) => (a % 7) - (b % 7) || a - b)) machine.giveBack(region) // in some order
    machine.giveBack(machine.region(LARGE * 50))
    assert.throws(() => machine.region(LARGE * 64), RangeError)
  })

  it('of a larger key do not fit where a smaller one was', async () => {
    const few = new SimulatedKey(1, 7), many = new SimulatedKey(9, 8)
    await (async () => { await prepareVerificationKey(few.json) })()
    await turns()
    const [a, b, c] = [await prepareVerificationKey(many.json), await prepareVerificationKey(few.json), await prepareVerificationKey(few.json)]
    const list = Array.from({ length: 9 }, (_, i) => BigInt(i))
    for (const [key, maker, inputs] of [[a, many, list], [b, few, [5n]], [c, few, [6n]], [a, many, list]] as const) assert.equal(await verify(key, inputs, maker.prove(inputs)), true)
  })
})
