import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { zKey } from 'snarkjs'
import type { WorkOptions } from '../../engine/src/index.ts'
import { EXIT } from '../../src/cli/failure.ts'
import { runCli } from '../../src/cli/main.ts'
import { Refusal, type RefusalCode } from '../../src/errors/errors.ts'
import { verificationKeyId } from '../../src/verifier/groth16.ts'
import { applyBeacon, contribute, endThreads, exportKeys, type KeyFiles, newKey, verifyCeremony } from '../../src/setup/ceremony.ts'
import { sha256OfFile } from '../../src/setup/digests.ts'
import { identifyPhase1, requirePhase1 } from '../../src/setup/phase1.ts'
import { requireTrustworthyKey } from '../../src/setup/trust.ts'
import { ANNOUNCED, BEACON, type Finished, readJson, Workshop } from './workshop.ts'

const withCode = (code: RefusalCode, words = /./) => (error: unknown) => error instanceof Refusal && error.code === code && words.test(error.message)

describe('the ceremony', () => {
  let workshop: Workshop
  let finished: Finished
  let circuit: { shape: string; r1cs: string; publicInputs: number }
  let verificationKey: any
  let transcript: any

  before(async () => {
    workshop = await Workshop.open()
    finished = await workshop.finished()
    verificationKey = await readJson(finished.verificationKey)
    transcript = await readJson(finished.transcript)
    circuit = { shape: 'square', r1cs: await sha256OfFile(workshop.square), publicInputs: 3 }
  })
  after(async () => {
    await workshop.close()
    await endThreads()
  })

  const trust = (change: { key?: object; transcript?: object; mode?: 'production'; circuit?: object }) =>
    requireTrustworthyKey({ ...verificationKey, ...change.key }, { ...transcript, ...change.transcript }, change.mode ?? 'development', { ...circuit, ...change.circuit })
  const verify = (change: Partial<Finished>) => verifyCeremony({ ...finished, ...change }, 'development')

  describe('verification', () => {
    it('accepts a ceremony of two contributors and a beacon', () => verify({}))
    it('agrees with the snarkjs command', async () => assert.equal(await zKey.verifyFromR1cs(finished.r1cs, await inMemory(finished.phase1), finished.zkey), true))
    it('rejects a test phase 1 outside development mode (B9)', () => assert.rejects(verifyCeremony(finished, 'production'), withCode('KEY_INVALID', /test phase 1/)))
    it('rejects another circuit (B9)', () => assert.rejects(verify({ r1cs: workshop.cube }), withCode('KEY_INVALID', /another circuit/)))
    it('rejects the key of another run', async () => {
      const other = await workshop.finished()
      await assert.rejects(verify({ zkey: other.zkey }), withCode('TRANSCRIPT_INVALID'))
      await assert.rejects(verify({ verificationKey: other.verificationKey }), withCode('TRANSCRIPT_INVALID'))
    })
    it('rejects a zkey whose H points were changed after the beacon', async () => {
      const zkey = await withSwappedPoints(finished.zkey, workshop.path())
      const altered = await workshop.changed(finished.transcript, () => {})
      const files = { ...finished, zkey, transcript: altered }
      const digest = await sha256OfFile(zkey)
      await writeFile(altered, JSON.stringify({ ...transcript, result: { ...transcript.result, provingKey: digest } }))
      await assert.rejects(verifyCeremony(files, 'development'), withCode('KEY_INVALID', /does not follow/))
    })
    it('rejects a zkey with something after its end', async () => {
      const zkey = workshop.path()
      await writeFile(zkey, Buffer.concat([await readFile(finished.zkey), Buffer.from([0])]))
      await assert.rejects(verify({ zkey }), withCode('CORRUPT'))
    })
    it('rejects a zkey that is cut off', async () => {
      const zkey = workshop.path()
      await writeFile(zkey, (await readFile(finished.zkey)).subarray(0, -1))
      await assert.rejects(verify({ zkey }), withCode('CORRUPT'))
    })
  })

  describe('trust in a verification key', () => {
    it('accepts the key with its transcript', async () => assert.equal((await trust({})).key.publicInputs, 3))
    it('rejects a key without a contribution, which snarkjs calls ok (B9)', async () => {
      const initial = finished.initialZkey
      assert.equal(await zKey.verifyFromInit(initial, await inMemory(finished.phase1), initial), true)
      const { vk_alphabeta_12: _, ...key } = await zKey.exportVerificationKey(initial)
      await assert.rejects(trust({ key }), withCode('KEY_INVALID', /delta/))
    })
    it('rejects a beacon without a contribution', () => assert.rejects(trust({ transcript: { steps: transcript.steps.slice(2) } }), withCode('KEY_INVALID', /at least one contribution/)))
    it('rejects contributions without a beacon', () => assert.rejects(trust({ transcript: { steps: transcript.steps.slice(0, 2) } }), withCode('KEY_INVALID', /beacon/)))
    it('rejects a transcript without its first step', () => assert.rejects(trust({ transcript: { steps: transcript.steps.slice(1) } }), withCode('TRANSCRIPT_INVALID', /does not follow/)))
    it('rejects steps in another order', () => assert.rejects(trust({ transcript: { steps: [transcript.steps[1], transcript.steps[0], transcript.steps[2]] } }), withCode('TRANSCRIPT_INVALID', /does not follow/)))
    it('rejects another hash of a contribution', () => assert.rejects(trust({ transcript: { steps: withStep(0, { hash: 'ab'.repeat(64) }) } }), withCode('TRANSCRIPT_INVALID', /hash/)))
    it('rejects another delta after a step', () => {
      const key = { ...transcript.steps[0].key, deltaAfter: transcript.steps[1].key.deltaAfter }
      return assert.rejects(trust({ transcript: { steps: withStep(0, { key }) } }), withCode('TRANSCRIPT_INVALID'))
    })
    it('rejects another value of the beacon', () => assert.rejects(trust({ transcript: { steps: withStep(2, { value: 'ff'.repeat(32) }) } }), withCode('TRANSCRIPT_INVALID', /beacon/)))
    it('rejects a beacon other than the one whose hash was announced', () =>
      assert.rejects(trust({ transcript: { beacon: { announced: `sha256:${'0'.repeat(64)}`, iterationsExponent: 10 } } }), withCode('TRANSCRIPT_INVALID', /announced/)))
    it('rejects a beacon that would be hashed for ever', () =>
      assert.rejects(trust({ transcript: { beacon: { ...transcript.beacon, iterationsExponent: 40 } } }), withCode('TRANSCRIPT_INVALID', /not a transcript/)))
    it('rejects another circuit hash', () => assert.rejects(trust({ transcript: { circuit: '00'.repeat(64) } }), withCode('TRANSCRIPT_INVALID')))
    it('rejects another r1cs (B9)', () => assert.rejects(trust({ circuit: { r1cs: '00'.repeat(32) } }), withCode('KEY_INVALID', /another circuit/)))
    it('rejects another shape', () => assert.rejects(trust({ circuit: { shape: 'match' } }), withCode('KEY_INVALID', /not for match/)))
    it('rejects another number of public inputs (B9)', () => assert.rejects(trust({ circuit: { publicInputs: 4 } }), withCode('KEY_INVALID', /public inputs/)))
    it('rejects one IC point too few (B9)', () => assert.rejects(trust({ key: { IC: verificationKey.IC.slice(1) } }), withCode('KEY_INVALID')))
    it('rejects another key than the transcript names', () => assert.rejects(trust({ key: { vk_alpha_1: verificationKey.IC[0] } }), withCode('TRANSCRIPT_INVALID', /another verification key/)))
    it('rejects a delta that the steps do not lead to', async () => {
      const other = (await readJson((await workshop.finished()).verificationKey)) as { vk_delta_2: unknown }
      const key = { ...verificationKey, vk_delta_2: other.vk_delta_2 }
      const result = { ...transcript.result, verificationKey: verificationKeyId(key) }
      await assert.rejects(requireTrustworthyKey(key, { ...transcript, result }, 'development', circuit), withCode('TRANSCRIPT_INVALID', /delta/))
    })
    it('rejects a test phase 1 outside development mode (B9)', () => assert.rejects(trust({ mode: 'production' }), withCode('KEY_INVALID', /test phase 1/)))
    it('rejects a phase 1 that only says it is public', () =>
      assert.rejects(trust({ mode: 'production', transcript: { phase1: { ...transcript.phase1, kind: 'public' } } }), withCode('KEY_INVALID', /published list/)))
    it('rejects a transcript that was not exported', () => {
      const { result: _, ...open } = transcript
      return assert.rejects(requireTrustworthyKey(verificationKey, open, 'development', circuit), withCode('TRANSCRIPT_INVALID', /exported/))
    })
    it('rejects further members of a transcript', () => assert.rejects(trust({ transcript: { trusted: true } }), withCode('TRANSCRIPT_INVALID')))

    const withStep = (i: number, change: object) => transcript.steps.map((step: object, k: number) => (k === i ? { ...step, ...change } : step))
  })

  describe('its steps', () => {
    it('never overwrite a key or a transcript (B10)', async () => {
      const from = await workshop.fresh()
      const before = await readFile(finished.zkey)
      for (const to of [{ zkey: finished.zkey, transcript: workshop.path() }, { zkey: workshop.path(), transcript: finished.transcript }])
        await assert.rejects(contribute(from, to, 'Ada'), withCode('EXISTS'))
      await assert.rejects(exportKeys(finished, { verificationKey: finished.verificationKey, transcript: workshop.path() }), withCode('EXISTS'))
      assert.deepEqual(await readFile(finished.zkey), before)
    })
    it('put no secret into what they hand on, twice never the same (B10)', async () => {
      const from = await workshop.fresh()
      const [one, two] = [await workshop.contributed(from), await workshop.contributed(from)]
      const [first, second] = [(await readJson(one.transcript)) as any, (await readJson(two.transcript)) as any]
      assert.notEqual(first.steps[0].hash, second.steps[0].hash)
      assert.deepEqual(Object.keys(first.steps[0].key), ['deltaAfter', 's', 'sx', 'spx', 'challenge'])
    })
    it('print nothing (B10)', async () => {
      const from = await workshop.fresh()
      const printed: unknown[] = []
      const { write } = process.stdout
      process.stdout.write = (text: unknown) => printed.push(text) > 0
      try {
        await workshop.contributed(from)
      } finally {
        process.stdout.write = write
      }
      assert.deepEqual(printed, [])
    })
    describe('that take long', () => {
      const steps: Record<string, (to: KeyFiles, options: WorkOptions) => Promise<unknown>> = {
        newKey: (to, options) => newKey({ shape: 'square', r1cs: workshop.square, phase1: workshop.phase1, mode: 'development', beacon: ANNOUNCED }, to, options),
        contribute: async (to, options) => contribute(await workshop.fresh(), to, 'Ada', options),
        applyBeacon: async (to, options) => applyBeacon(await workshop.contributed(await workshop.fresh()), to, BEACON, options),
        verifyCeremony: (_, options) => verifyCeremony(finished, 'development', options),
      }
      for (const [name, step] of Object.entries(steps)) {
        it(`say how far they are, in the middle too, and 1 when the files are there (${name})`, async () => {
          const [to, fractions] = [workshop.files(), [] as number[]]
          let whole = false
          await step(to, { onProgress: (fraction) => { fractions.push(fraction); whole = existsSync(to.zkey) && existsSync(to.transcript) } })
          assert.ok(fractions.length >= 5 && fractions.every((fraction, i) => fraction > (fractions[i - 1] ?? 0)), `${fractions}`)
          assert.equal(fractions.at(-1), 1)
          assert.equal(whole, name !== 'verifyCeremony')
        })
        it(`leave nothing behind when they are stopped (${name})`, async () => {
          const [to, stop, reason] = [workshop.files(), new AbortController(), new Error('enough')]
          await assert.rejects(step(to, { signal: stop.signal, onProgress: (fraction) => fraction > 0.3 && stop.abort(reason) }), (error) => error === reason)
          assert.deepEqual(await leftOf(to), [])
          await step(to, {}) // and can be done again
        })
      }
      it('are not stopped any more once their files are there', async () => {
        const [to, stop] = [workshop.files(), new AbortController()]
        await contribute(await workshop.fresh(), to, 'Ada', { signal: stop.signal, onProgress: (fraction) => fraction === 1 && stop.abort() })
        assert.deepEqual(await leftOf(to), [basename(to.transcript), basename(to.zkey)])
      })
      it('leave no key behind when the name of its transcript is taken meanwhile', async () => {
        const to = workshop.files()
        const taken = contribute(await workshop.fresh(), to, 'Ada', { onProgress: () => void (existsSync(to.transcript) || writeFileSync(to.transcript, 'mine')) })
        await assert.rejects(taken, withCode('EXISTS'))
        assert.deepEqual(await leftOf(to), [basename(to.transcript)])
        assert.equal(await readFile(to.transcript, 'utf8'), 'mine')
      })
      it('can be interrupted at the command line', async () => {
        const [from, to, stop] = [await workshop.fresh(), workshop.files(), new AbortController()]
        let said = ''
        const stderr = (text: string) => {
          said += text
          stop.abort()
        }
        const terminal = { stdout: (text: string) => void (said += text), stderr, interactive: false, env: {}, cwd: workshop.folder, stop: stop.signal }
        const code = await runCli(['ceremony', 'contribute', prefix(from), prefix(to), '--name', 'Ada', '--json'], terminal)
        assert.equal(code, EXIT.refused)
        assert.match(said, /^contribution: \d+ %\n\{"refused":\{"code":"CANCELLED"/)
        assert.deepEqual(await leftOf(to), [])
      })

      const prefix = ({ zkey }: KeyFiles) => zkey.slice(0, -'.zkey'.length)
      const leftOf = async (to: KeyFiles) => (await readdir(workshop.folder)).filter((name) => name.startsWith(`${basename(prefix(to))}.`)).sort()
    })
    it('export the same bytes again', async () => {
      const last = { zkey: finished.zkey, transcript: await workshop.changed(finished.transcript, (json) => delete json.result) }
      const to = { verificationKey: workshop.path(), transcript: workshop.path() }
      await exportKeys(last, to)
      assert.equal(await readFile(to.verificationKey, 'utf8'), await readFile(finished.verificationKey, 'utf8'))
      assert.equal(await readFile(to.transcript, 'utf8'), await readFile(finished.transcript, 'utf8'))
    })
    it('reject a transcript of another key', async () => {
      const other = await workshop.contributed(await workshop.fresh())
      await assert.rejects(contribute({ zkey: finished.zkey, transcript: other.transcript }, workshop.files(), 'Ada'), withCode('TRANSCRIPT_INVALID'))
    })
    it('reject a contribution after the beacon', () => assert.rejects(contribute(finished, workshop.files(), 'Ada'), withCode('KEY_INVALID', /ended/)))
    it('reject a beacon before any contribution', async () => assert.rejects(applyBeacon(await workshop.fresh(), workshop.files(), BEACON), withCode('KEY_INVALID', /nobody/)))
    it('reject a beacon of less than 128 bits', async () => assert.rejects(applyBeacon(await workshop.contributed(await workshop.fresh()), workshop.files(), 'ff'), withCode('MALFORMED')))
    it('reject an export before the beacon', async () => {
      const open = await workshop.contributed(await workshop.fresh())
      await assert.rejects(exportKeys(open, { verificationKey: workshop.path(), transcript: workshop.path() }), withCode('KEY_INVALID', /beacon/))
    })
    it('reject a beacon other than the announced one', async () => {
      const committed = await workshop.contributed(await workshop.fresh(workshop.square, `sha256:${'0'.repeat(64)}`))
      await assert.rejects(applyBeacon(committed, workshop.files(), BEACON), withCode('TRANSCRIPT_INVALID', /announced/))
    })
    it('reject a name that would not be printed', () => assert.rejects(contribute(finished, workshop.files(), 'Ada\u001b[2J'), withCode('MALFORMED')))
  })

  describe('phase 1', () => {
    it('is a test file unless its hash is published', async () => assert.equal((await identifyPhase1(workshop.phase1)).kind, 'test'))
    it('must have a contribution (B9)', () => assert.rejects(identifyPhase1(workshop.phase1Untouched), withCode('KEY_INVALID', /no contribution/)))
    it('must be large enough (B9)', async () => {
      const large = workshop.path()
      await copyFile(await withMoreConstraints(workshop.square, workshop.path()), large)
      await assert.rejects(newKey({ shape: 'square', r1cs: large, phase1: workshop.phase1, mode: 'development', beacon: ANNOUNCED }, workshop.files()), withCode('KEY_INVALID', /too big/))
    })
    it('must be a ptau file', () => assert.rejects(identifyPhase1(workshop.square), withCode('CORRUPT')))
    it('is refused when it only has a public name', () =>
      assert.throws(() => requirePhase1({ kind: 'public', name: 'powersOfTau28_hez_final_15.ptau', power: 15, blake2b: 'ab'.repeat(64) }, 'production'), withCode('KEY_INVALID')))
  })
})

/** snarkjs leaves a ptau file open that it reads itself. */
async function inMemory(path: string): Promise<object> {
  return { type: 'mem', data: await readFile(path) }
}

/** Swaps the first two points of the H section: still valid points, still the right size. */
async function withSwappedPoints(source: string, copy: string): Promise<string> {
  const bytes = Buffer.from(await readFile(source))
  for (let at = 12, i = 0; i < bytes.readUInt32LE(8); i++) {
    const [id, size] = [bytes.readUInt32LE(at), Number(bytes.readBigUInt64LE(at + 4))]
    const start = at + 12
    if (id === 9) {
      const first = Buffer.from(bytes.subarray(start, start + 64))
      bytes.copyWithin(start, start + 64, start + 128)
      first.copy(bytes, start + 64)
    }
    at = start + size
  }
  await writeFile(copy, bytes)
  return copy
}

/** An r1cs whose header says that it has 2^16 constraints; sizes are looked at before constraints. */
async function withMoreConstraints(source: string, copy: string): Promise<string> {
  const bytes = Buffer.from(await readFile(source))
  for (let at = 12, i = 0; i < bytes.readUInt32LE(8); i++) {
    const [id, size] = [bytes.readUInt32LE(at), Number(bytes.readBigUInt64LE(at + 4))]
    if (id === 1) bytes.writeUInt32LE(1 << 16, at + 12 + size - 4)
    at += 12 + size
  }
  await writeFile(copy, bytes)
  return copy
}
