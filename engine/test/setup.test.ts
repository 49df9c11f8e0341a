import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Engine, prepareVerificationKey, verify } from '../src/index.ts'
import { bestArithmetic } from '../src/platform.ts'
import { MalformedFile } from '../src/files.ts'
import { Setup } from '../src/setup/setup.ts'
import { beaconSeed, Transcript, challengePoint } from '../src/setup/contribute.ts'
import { SetupMachine, Blake2b } from '../src/setup/program.ts'
import { Task } from '../src/setup/task.ts'
import { SECTION, readG1, readKeyFile, writeContributions, writeG1, writeG2, writeHeader, writeSections, type Contribution, type KeyFile } from '../src/setup/zkey.ts'
import { G1, G2 } from '../src/setup/curve.ts'
import { overreadDifference } from '../src/setup/overread.ts'
import { scaleSteps, split } from '../src/setup/scalar.ts'
import { inverse, mod } from '../src/wasm/field.ts'
import { LAMBDA } from '../src/wasm/multiples.ts'
import { SCALAR_ORDER as r } from '../src/wasm/msm.ts'
import { circuit as compiled } from './circuit.ts'
import { oracleCurve, phase1, r1cs, sketch, snarkjs, type Sketch } from './setup-oracles.ts'

const POWER = 6
const ARITHMETICS = await bestArithmetic() === 'relaxed-simd' ? ['relaxed-simd', 'i64'] as const : ['i64'] as const
const BEACON = { hash: new Uint8Array(32).fill(0x5a), iterationsExponent: 10, name: 'beacon' }
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** The whole of a key's file, from its parts. */
const keyFrom = (file: KeyFile, changed: { header?: Partial<KeyFile['header']>; parts?: Record<number, Uint8Array>; circuitHash?: Uint8Array; contributions?: readonly Contribution[] }): Uint8Array =>
  writeSections([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((type) => [type,
    type === SECTION.header ? writeHeader({ ...file.header, ...changed.header })
      : type === SECTION.contributions ? writeContributions(changed.circuitHash ?? file.circuitHash, changed.contributions ?? file.contributions)
        : changed.parts?.[type] ?? file.parts.get(type)!]))

describe('setup', function () {
  this.timeout(120_000)
  let setup: Setup, ptau: Uint8Array
  const circuit = r1cs(sketch(7, { wires: 60, outputs: 1, inputs: 2, constraints: 50 }))

  before(async () => {
    setup = await Setup.create({ threads: 2 })
    ptau = await phase1(POWER)
  })
  after(async () => {
    setup.close()
    await (await oracleCurve()).terminate()
  })

  for (const arithmetic of ARITHMETICS) for (const threads of [1, 2]) {
    it(`makes new keys that are snarkjs's, byte for byte (${arithmetic}, ${threads} threads)`, async () => {
      const own = await Setup.create({ threads, arithmetic })
      const sketches: Sketch[] = [
        ...[1, 2, 3].map((seed) => sketch(seed, { wires: 70, outputs: seed - 1, inputs: seed - 1, constraints: 40 + seed })),
        sketch(4, { wires: 5, outputs: 1, inputs: 3, constraints: 1 }), // no private wire
        { wires: 4, outputs: 1, inputs: 0, constraints: [[[[2, 1n], [2, r - 1n]], [[3, 5n], [3, 5n]], [[1, 1n]]]] }, // terms that cancel, and that double
      ]
      for (const each of sketches) {
        const file = r1cs(each)
        assert.equal(hex(await own.newKey(file, ptau)), hex(await snarkjs.newKey(file, ptau)))
      }
      own.close()
    })
  }

  for (const arithmetic of ARITHMETICS) {
    it(`prepares phase 1 as snarkjs does, byte for byte (${arithmetic})`, async () => {
      const own = await Setup.create({ threads: 2, arithmetic })
      for (const power of [1, 2, 5, 7]) {
        const raw = await phase1(power, 1, false)
        assert.equal(hex(await own.preparePhase1(raw)), hex(await snarkjs.prepare(raw)))
      }
      // tau = 1: all points equal, and all sums but the first of each basis nothing
      const raw = await phase1(4, 0, false)
      assert.equal(hex(await own.preparePhase1(raw)), hex(await snarkjs.prepare(raw)))
      own.close()
    })
  }

  it('makes contributions and beacons that snarkjs accepts', async () => {
    const first = await setup.contribute(await setup.newKey(circuit, ptau), { name: 'one', entropy: Uint8Array.of(1, 2, 3) })
    const second = await setup.contribute(first.key)
    const last = await setup.beacon(second.key, BEACON)
    assert.equal(await snarkjs.verify(circuit, ptau, last.key), true)
    const checked = await setup.verifyKey(last.key, circuit, ptau)
    assert.deepEqual([checked.valid, checked.reason], [true, undefined])
    assert.deepEqual(checked.contributions.map(({ hash }) => hex(hash)), [first, second, last].map(({ hash }) => hex(hash)))
    assert.deepEqual(checked.contributions.map(({ name }) => name), ['one', undefined, 'beacon'])
  })

  it('makes keys that prove, but not before there is a contribution (B9)', async () => {
    const { witness } = await compiled(1, 1)
    const folder = new URL('../../build/engine/chain-1-1/', import.meta.url)
    const [r1csFile, phase] = await Promise.all(['chain.r1cs', 'c.ptau'].map(async (name) => new Uint8Array(await readFile(new URL(name, folder)))))
    const initial = await setup.newKey(r1csFile!, phase!), { key } = await setup.contribute(initial)
    assert.equal((await setup.verifyKey(key, r1csFile!, phase!)).valid, true)
    const engine = await Engine.create({ threads: 1 })
    const { proof, publicSignals } = await engine.prove(engine.readKey(key), witness)
    engine.close()
    assert.equal(await verify(await prepareVerificationKey(await snarkjs.verificationKey(key)), publicSignals, proof), true)
    await assert.rejects(prepareVerificationKey(await snarkjs.verificationKey(initial)), /a delta other than/)
  })

  it('draws a beacon as snarkjs does, byte for byte', async () => {
    const key = (await setup.contribute(await setup.newKey(circuit, ptau))).key
    const ours = await setup.beacon(key, BEACON), theirs = await snarkjs.beacon(key, 'beacon', hex(BEACON.hash), 10)
    assert.equal(hex(ours.key), hex(theirs.key))
    assert.equal(hex(ours.hash), hex(theirs.hash))
  })

  it('accepts keys that snarkjs made, and chains of both', async () => {
    const theirs = await snarkjs.contribute(await snarkjs.newKey(circuit, ptau), 'theirs')
    assert.equal((await setup.verifyKey(theirs.key, circuit, ptau)).valid, true)
    const last = await snarkjs.beacon((await setup.contribute(theirs.key)).key, 'beacon', 'abcd', 11)
    const checked = await setup.verifyKey(last.key, circuit, ptau)
    assert.equal(checked.valid, true)
    assert.deepEqual([checked.contributions[0]!.hash, checked.contributions[2]!.hash].map(hex), [theirs.hash, last.hash].map(hex))
    assert.equal(await snarkjs.verify(circuit, ptau, last.key), true)
  })

  it('contributes after one whose name is not UTF-8, or as long as can be', async () => {
    const first = readKeyFile((await setup.contribute(await setup.newKey(circuit, ptau))).key), contributions = first.parts.get(SECTION.contributions)!
    for (const name of [new Uint8Array(255).fill(0xff), new Uint8Array(90).fill(0xff), new Uint8Array(255).fill(65)]) {
      const named = Buffer.concat([contributions.subarray(0, -4), Uint8Array.of(2 + name.length & 255, 2 + name.length >> 8, 0, 0, 1, name.length), name])
      const parts = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((type) => [type, first.parts.get(type)!] as const)
      const key = (await setup.contribute(writeSections([...parts, [SECTION.contributions, named]]))).key
      assert.equal((await setup.verifyKey(key, circuit, ptau)).valid, true)
      assert.equal(await snarkjs.verify(circuit, ptau, key), true)
    }
  })

  it('makes two contributions that differ', async () => {
    const key = await setup.newKey(circuit, ptau)
    const [a, b] = [await setup.contribute(key), await setup.contribute(key)]
    assert.notEqual(hex(a.hash), hex(b.hash))
  })

  describe('refuses (B9)', () => {
    let key: Uint8Array, file: KeyFile
    const point = G1.multiply(G1.generator, 12345n)!
    const off = writeG1({ x: 1n, y: 3n })
    before(async () => {
      const contributed = await setup.contribute(await setup.newKey(circuit, ptau), { name: 'one' })
      key = (await setup.beacon((await setup.contribute(contributed.key)).key, BEACON)).key
      file = readKeyFile(key)
    })
    const refused = async (altered: Uint8Array, reason: RegExp) => {
      const checked = await setup.verifyKey(altered, circuit, ptau)
      assert.equal(checked.valid, false)
      assert.match(checked.reason!, reason)
    }
    const withPoint = (type: number, index: number, bytes: Uint8Array): Uint8Array => {
      const part = file.parts.get(type)!.slice()
      part.set(bytes, bytes.length * index)
      return keyFrom(file, { parts: { [type]: part } })
    }
    const contribution = (index: number, change: (from: Contribution) => Contribution): Uint8Array =>
      keyFrom(file, { contributions: file.contributions.map((from, i) => (i === index ? change(from) : from)) })

    it('accepts its specimen', async () => assert.equal((await setup.verifyKey(keyFrom(file, {}), circuit, ptau)).valid, true))
    it('an initial key: no contribution', async () => refused(await setup.newKey(circuit, ptau), /no contribution/))
    it('another circuit', async () => {
      const other = await setup.contribute(await setup.newKey(r1cs(sketch(8, { wires: 60, outputs: 1, inputs: 2, constraints: 50 })), ptau))
      await refused(other.key, /another section/)
    })
    it('another phase 1', async () => refused((await setup.contribute(await setup.newKey(circuit, await phase1(POWER)))).key, /another alpha1/))
    for (const name of ['ic', 'a', 'b1', 'b2', 'coefficients'] as const) {
      it(`one flipped bit of section ${name}`, async () => {
        const part = file.parts.get(SECTION[name])!.slice()
        part[part.length - 1]! ^= 1
        await refused(keyFrom(file, { parts: { [SECTION[name]]: part } }), new RegExp(`another section ${name}`))
      })
    }
    it('an IC point more or less', async () => {
      const ic = file.parts.get(SECTION.ic)!
      await refused(keyFrom(file, { parts: { [SECTION.ic]: ic.subarray(64) } }), /section ic/)
      await refused(keyFrom(file, { parts: { [SECTION.ic]: new Uint8Array([...ic, ...ic.subarray(0, 64)]) } }), /section ic/)
    })
    for (const [name, type] of [['l', SECTION.l], ['h', SECTION.h]] as const) {
      it(`another point in section ${name}, the last one too`, async () => {
        await refused(withPoint(type, 0, writeG1(point)), new RegExp(`section ${name} is not divided`))
        await refused(withPoint(type, file.parts.get(type)!.length / 64 - 1, writeG1(point)), new RegExp(`section ${name} is not divided`))
      })
      it(`a point off the curve, at infinity or not reduced in section ${name}`, async () => {
        await refused(withPoint(type, 1, off), /off the curve/)
        await refused(withPoint(type, file.parts.get(type)!.length / 64 - 1, new Uint8Array(64)), new RegExp(`section ${name} is not divided`))
        await refused(withPoint(type, 1, new Uint8Array(64).fill(0xff)), /not reduced/)
      })
      it(`two points exchanged in section ${name}`, async () => {
        const part = file.parts.get(type)!.slice(), size = part.length
        part.set(file.parts.get(type)!.subarray(size - 64), size - 128)
        part.set(file.parts.get(type)!.subarray(size - 128, size - 64), size - 64)
        await refused(keyFrom(file, { parts: { [type]: part } }), new RegExp(`section ${name} is not divided`))
      })
    }
    it('another alpha, beta or gamma; gamma = delta', async () => {
      await refused(keyFrom(file, { header: { alpha1: writeG1(point) } }), /another alpha1/)
      await refused(keyFrom(file, { header: { beta1: writeG1(point) } }), /another beta1/)
      await refused(keyFrom(file, { header: { beta2: writeG2(G2.generator) } }), /another beta2/)
      await refused(keyFrom(file, { header: { gamma2: file.header.delta2 } }), /another gamma2/)
    })
    it('another delta, in one group or in both', async () => {
      const [delta1, delta2] = [writeG1(point), writeG2(G2.multiply(G2.generator, 12345n)!)]
      await refused(keyFrom(file, { header: { delta1 } }), /delta1/)
      await refused(keyFrom(file, { header: { delta2 } }), /delta2/)
      await refused(keyFrom(file, { header: { delta1, delta2 } }), /delta1/)
      await refused(keyFrom(file, { header: { delta1: writeG1(G1.generator), delta2: writeG2(G2.generator) } }), /delta1/)
    })
    it('delta2 off its curve or outside its subgroup', async () => {
      await refused(keyFrom(file, { header: { delta2: writeG2({ x: [1n, 0n], y: [1n, 0n] }) } }), /delta2/)
      await refused(keyFrom(file, { header: { delta2: writeG2(outside()) } }), /delta2/)
    })
    it('a contribution left out, doubled or moved', async () => {
      const [a, b, c] = file.contributions as [Contribution, Contribution, Contribution]
      for (const contributions of [[a, b], [a, c], [b, c], [a, a, b, c], [b, a, c]]) await refused(keyFrom(file, { contributions }), /contribution|delta1/)
    })
    it('an altered contribution', async () => {
      await refused(contribution(0, (from) => ({ ...from, deltaAfter: point })), /contribution 1: delta/)
      await refused(contribution(0, (from) => ({ ...from, s: point })), /contribution 1: another transcript/)
      await refused(contribution(1, (from) => ({ ...from, sx: G1.negate(from.sx) })), /contribution 2: another transcript/)
      await refused(contribution(1, (from) => ({ ...from, spx: G2.negate(from.spx) })), /contribution 2: its key/)
      await refused(contribution(1, (from) => ({ ...from, spx: outside() })), /contribution 2: a point/)
      await refused(contribution(1, (from) => ({ ...from, deltaAfter: { x: 0n, y: 0n } })), /contribution 2: a point/)
      await refused(contribution(1, (from) => ({ ...from, transcript: new Uint8Array(64) })), /contribution 2: another transcript/)
    })
    it('a beacon that is not one, or takes too long', async () => {
      await refused(contribution(2, (from) => ({ ...from, beacon: { hash: Uint8Array.of(1), iterationsExponent: 10 } })), /not the beacon/)
      await refused(contribution(2, (from) => ({ ...from, beacon: { ...from.beacon!, iterationsExponent: 11 } })), /not the beacon/)
      await refused(contribution(2, (from) => ({ ...from, beacon: { ...from.beacon!, iterationsExponent: 63 } })), /too many/)
      await refused(contribution(0, (from) => ({ ...from, beacon: BEACON })), /not the beacon/)
    })
    // Whoever makes all contributions can choose them so that delta is known in the end.
    const together = async (secrets: readonly bigint[]): Promise<Uint8Array> => {
      const initial = readKeyFile(await setup.newKey(circuit, ptau)), contributions: Contribution[] = []
      const transcript = new Transcript(setup['setup'].machine, initial.circuitHash)
      for (const secret of secrets) {
        const s = G1.multiply(G1.generator, 77n)!, sx = G1.multiply(s, secret)!, challenge = transcript.challenge(s, sx)
        const deltaAfter = G1.multiply(contributions.at(-1)?.deltaAfter ?? G1.generator, secret)!
        contributions.push({ deltaAfter, s, sx, spx: G2.multiply(challengePoint(challenge), secret)!, transcript: challenge })
        transcript.add(contributions.at(-1)!)
      }
      const delta = secrets.reduce((product, secret) => (product * secret) % r), header = { delta1: writeG1(G1.multiply(G1.generator, delta)!), delta2: writeG2(G2.multiply(G2.generator, delta)!) }
      const divided = (type: number) => {
        const part = initial.parts.get(type)!.slice()
        for (let at = 0; at < part.length; at += 64) if (part.subarray(at, at + 64).some((byte) => byte !== 0)) part.set(writeG1(G1.multiply(readG1(part, at), inverse(delta, r))!), at)
        return part
      }
      return keyFrom(initial, { header, contributions, parts: { [SECTION.l]: divided(SECTION.l), [SECTION.h]: divided(SECTION.h) } })
    }
    const x = 0x1234567890abcdef1234567890abcdefn
    it('no contributions for being chosen, if their product is neither 1 nor −1', async () =>
      assert.equal((await setup.verifyKey(await together([x, mod(2n * inverse(x, r), r)]), circuit, ptau)).valid, true))
    for (const [what, delta] of [['1', 1n], ['−1', r - 1n]] as const) it(`contributions that together make delta ${what}, after all else was found right`, async () => {
      const known = await together([x, mod(delta * inverse(x, r), r)])
      await refused(known, /^delta is ±1$/) // the last thing that is looked at
      assert.equal(await snarkjs.verify(circuit, ptau, known), true)
    })
    it('contributions to another circuit', async () => refused(keyFrom(file, { circuitHash: new Uint8Array(64) }), /another circuit/))
    it('a file cut off anywhere, or with more sections', async () => {
      for (let length = 0; length < key.length; length += 997) assert.equal((await setup.verifyKey(key.subarray(0, length), circuit, ptau, { initial: key })).valid, false)
      await refused(writeSections([...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((type) => [type, file.parts.get(type)!] as const), [11, new Uint8Array(4)]]), /unknown section/)
    })
    it('to contribute to a key with points outside their groups', async () => {
      await assert.rejects(setup.contribute(withPoint(SECTION.l, 1, off)), MalformedFile)
      await assert.rejects(setup.contribute(withPoint(SECTION.h, 3, off)), MalformedFile)
      await assert.rejects(setup.contribute(keyFrom(file, { header: { delta1: off } })), MalformedFile)
      await assert.rejects(setup.contribute(keyFrom(file, { header: { delta2: writeG2(outside()) } })), MalformedFile)
    })
    it('a phase 1 that is too small, not prepared, without contribution or cut off', async () => {
      await assert.rejects(setup.newKey(circuit, await phase1(POWER - 1)), /the circuit needs 6/)
      await assert.rejects(setup.newKey(circuit, await phase1(POWER, 1, false)), MalformedFile)
      await assert.rejects(setup.newKey(circuit, await phase1(POWER, 0)), /at infinity/)
      await assert.rejects(setup.newKey(circuit, ptau.subarray(0, ptau.length - 1)), MalformedFile)
    })
    it('a phase 1 whose Lagrange basis is another one', async () => {
      const other = await phase1(POWER), mixed = ptau.slice()
      // Section 12's basis of twice the size, which H comes from.
      const at = sectionStart(ptau, 12) + 64 * (2 ** (POWER + 1) - 1)
      mixed.set(other.subarray(at, at + 64 * 2 ** (POWER + 1)), at)
      const made = await setup.contribute(await setup.newKey(circuit, mixed))
      const checked = await setup.verifyKey(made.key, circuit, mixed)
      assert.match(checked.reason!, /Lagrange basis/)
    })
    it('to prepare a phase 1 that is cut off or has points at infinity', async () => {
      const raw = await phase1(2, 1, false), empty = raw.slice()
      empty.fill(0, sectionStart(raw, 4) + 64, sectionStart(raw, 4) + 128)
      await assert.rejects(setup.preparePhase1(empty), /at infinity/)
      for (let length = 0; length < raw.length; length += 101) await assert.rejects(setup.preparePhase1(raw.subarray(0, length)), MalformedFile)
    })
    it('circuits of more wires or constraints than their length allows', async () => {
      const header = sectionStart(circuit, 1)
      for (const [at, most] of [[36, 2 ** 28], [36, 2 ** 32 - 1], [60, 2 ** 27]] as const) {
        const file = circuit.slice()
        new DataView(file.buffer).setUint32(header + at, most, true)
        await assert.rejects(setup.newKey(file, ptau), /label for each wire|wrong size/)
      }
    })
    it('circuits that are not whole', async () => {
      for (let length = 0; length < circuit.length; length += 101) await assert.rejects(setup.newKey(circuit.subarray(0, length), ptau), MalformedFile)
      const wrongWire = r1cs({ wires: 3, outputs: 0, inputs: 0, constraints: [[[[3, 1n]], [], []]] })
      await assert.rejects(setup.newKey(wrongWire, ptau), /a wire that is not there/)
      await assert.rejects(setup.newKey(r1cs({ wires: 3, outputs: 0, inputs: 0, constraints: [[[[1, r]], [], []]] }), ptau), /not reduced/)
    })
  })

  it('takes Buffers, whose slices share memory, wherever they begin, and changes none', async () => {
    const raw = await phase1(3, 1, false), prepared = await setup.preparePhase1(raw)
    const key = await setup.newKey(circuit, ptau), last = (await setup.beacon((await setup.contribute(key)).key, BEACON)).key
    const given = [raw, circuit, ptau, key, last, BEACON.hash].map(shifted) as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer], before = given.map(hex)
    assert.equal(hex(await setup.preparePhase1(given[0])), hex(prepared))
    assert.equal(hex(await setup.newKey(given[1], given[2])), hex(key))
    assert.equal((await setup.verifyKey((await setup.contribute(given[3])).key, circuit, ptau)).valid, true)
    assert.equal(hex((await setup.beacon(given[3], { ...BEACON, hash: given[5] })).key), hex((await setup.beacon(key, BEACON)).key))
    assert.equal((await setup.verifyKey(given[4], given[1], given[2], { initial: given[3] })).reason, undefined)
    assert.deepEqual(given.map(hex), before)
  })

  it('refuses a point at infinity in a Buffer of a phase 1', async () => {
    const raw = shifted(await phase1(2, 1, false))
    raw.fill(0, sectionStart(raw, 4) + 64, sectionStart(raw, 4) + 128)
    await assert.rejects(setup.preparePhase1(raw), /at infinity/)
  })

  it('refuses beacons out of bounds', async () => {
    const key = await setup.newKey(circuit, ptau)
    for (const wrong of [{ hash: new Uint8Array(0) }, { hash: new Uint8Array(256) }, { iterationsExponent: 9 }, { iterationsExponent: 64 }, { iterationsExponent: 10.5 }]) {
      await assert.rejects(setup.beacon(key, { ...BEACON, ...wrong }), RangeError)
    }
  })

  it('hashes as BLAKE2b-512 does, whatever the pieces', async () => {
    const { machine, pool } = await SetupMachine.create({ threads: 1 })
    for (const length of [0, 1, 63, 127, 128, 129, 255, 256, 257, 65535, 65536, 65537, 200000]) {
      const data = Uint8Array.from({ length }, (_, i) => (i * i) >> 3)
      for (const at of [0, 1, 128, length >> 1]) {
        assert.equal(hex(Blake2b.of(machine, data.subarray(0, at), data.subarray(at))), createHash('blake2b512').update(data).digest('hex'))
      }
    }
    pool.close()
  })

  it('hashes a beacon as SHA-256 does, so many times', async () => {
    const { machine, pool } = await SetupMachine.create({ threads: 1 })
    for (const [length, exponent] of [[1, 1], [32, 0], [32, 10], [55, 3], [56, 3], [64, 2], [255, 2], [20, 17]] as const) {
      const hash = Uint8Array.from({ length }, (_, i) => 255 - i)
      let value: Uint8Array = hash
      for (let i = 0; i < 2 ** exponent; i++) value = createHash('sha256').update(value).digest()
      assert.equal(hex(await Task.perform(machine, pool, {}, (task) => beaconSeed(task, hash, exponent))), hex(value))
    }
    pool.close()
  })

  it('computes as snarkjs does with bytes that are no point', async () => {
    const subtrahend = writeG1(G1.multiply(G1.generator, 77n)!)
    for (let trial = 0; trial < 40; trial++) {
      const minuend = new Uint8Array(createHash('sha512').update(`${trial}`).digest())
      const [result] = await (await oracleCurve()).tm.queueAction([
        { cmd: 'ALLOCSET', var: 0, buff: minuend }, { cmd: 'ALLOCSET', var: 1, buff: subtrahend }, { cmd: 'ALLOC', var: 2, len: 96 },
        { cmd: 'CALL', fnName: 'g1m_subAffine', params: [{ var: 0 }, { var: 1 }, { var: 2 }] },
        { cmd: 'CALL', fnName: 'g1m_batchToAffine', params: [{ var: 2 }, { val: 1 }, { var: 2 }] },
        { cmd: 'CALL', fnName: 'g1m_batchLEMtoU', params: [{ var: 2 }, { val: 1 }, { var: 2 }] }, { cmd: 'GET', out: 0, var: 2, len: 64 },
      ])
      const ours = overreadDifference(minuend, subtrahend)
      assert.equal(hex(ours.subarray(0, 32).reverse()) + hex(ours.subarray(32).reverse()), hex(result))
    }
  })

  it('cuts scalars in two halves of 127 bits that give them back', () => {
    for (let i = 0; i < 3000; i++) {
      const k = i < 300 ? BigInt(i) : i < 600 ? r - BigInt(i - 299) : BigInt('0x' + createHash('sha256').update(`${i}`).digest('hex')) % r
      const [u, v] = split(k)
      assert.equal((u + v * LAMBDA - k) % r, 0n)
      for (const half of [u, v]) assert.ok(half < 1n << 127n && half > -(1n << 127n))
      if (k > 0n) assert.ok(scaleSteps(k).length > 0)
    }
    assert.throws(() => scaleSteps(0n), RangeError)
  })
})

/** A Buffer in the midst of a larger one. */
function shifted(bytes: Uint8Array): Buffer {
  const pool = Buffer.alloc(4 * Math.ceil(bytes.length / 4) + 8, 0xaa)
  pool.set(bytes, 3)
  return pool.subarray(3, 3 + bytes.length)
}

/** A point of the twist that is not of order r. */
function outside() {
  for (let x = 1n; ; x++) {
    const drawn = G2.lift([x, 1n])
    if (drawn && !G2.contains(drawn)) return drawn
  }
}

function sectionStart(file: Uint8Array, type: number): number {
  const view = new DataView(file.buffer, file.byteOffset)
  for (let at = 12; ; at += 12 + Number(view.getBigUint64(at + 4, true))) if (view.getUint32(at, true) === type) return at + 12
}
