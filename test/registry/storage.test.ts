import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs, { cpSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'libsql'
import { parseField } from '../../src/field/field.ts'
import { generateOrganisationKey } from '../../src/signature/organisation-key.ts'
import { Registry } from '../../src/registry/registry.ts'
import { SqliteStore } from '../../src/registry/sqlite-store.ts'
import { openCheckpoint } from '../../src/verifier/checkpoint.ts'
import type { Job } from './child.ts'
import { CHECKS, fresh, LOG_KEY, newDirectory, newWorld, openWorld, ORIGIN, proof, publishStatus, START, submission, type World } from './specimen.ts'

describe('the store', () => {
  let directory: string
  let last: number

  /** A closed registry with two proofs and two status lists. */
  before(async () => {
    const world = await newWorld()
    await world.submit(publishStatus(1, [3]))
    await world.submit(publishStatus(2, [3, 4]))
    await world.submit(proof(submission(world)))
    last = (await world.submit(proof(submission(world, 'pair')))).entry.index
    await world.registry.close()
    const db = new Database(join(world.directory, 'registry.db'))
    db.pragma('wal_checkpoint(TRUNCATE)')
    db.close()
    directory = world.directory
  })

  const copy = (): string => {
    const other = newDirectory()
    cpSync(directory, other, { recursive: true })
    return other
  }
  const changed = (sql: string): string => {
    const other = copy()
    const db = new Database(join(other, 'registry.db'))
    const { changes } = db.prepare(sql).run()
    assert.ok(changes > 0, 'the test changes something')
    db.close()
    return other
  }

  it('opens to the same state', async () => {
    const one = await openWorld(copy())
    const two = await openWorld(copy())
    assert.deepEqual(one.registry.view(), two.registry.view())
    assert.equal(one.registry.size, last + 1)
  })

  it('is refused with another log key', async () => {
    await assert.rejects(Registry.open({ store: new SqliteStore(copy()), logKey: generateOrganisationKey(), checks: CHECKS }), { code: 'KEY_INVALID' })
  })

  const entry = "(SELECT max(idx) FROM entries WHERE leaf LIKE '%proof.submit%')"
  for (const [what, sql] of Object.entries({
    'an entry with another fact': `UPDATE entries SET leaf = replace(leaf, '"now":17', '"now":18') WHERE idx = ${entry}`,
    'an entry in another spelling': `UPDATE entries SET leaf = leaf || ' ' WHERE idx = 3`,
    'an entry that is missing at the end': `DELETE FROM entries WHERE idx = (SELECT max(idx) FROM entries)`,
    'an entry that is missing in the middle': `DELETE FROM entries WHERE idx = 4`,
    'two entries exchanged': `UPDATE entries SET idx = CASE idx WHEN 3 THEN -4 WHEN 4 THEN -3 END WHERE idx IN (3, 4)`,
    'a body with one letter changed': `UPDATE bodies SET json = replace(json, 'Test consortium', 'Best consortium')`,
    'a proof’s body with one digit changed': `UPDATE bodies SET json = replace(json, '"a":["', '"a":["1') WHERE json LIKE '%proof.submit%'`,
    'a command’s body missing': `DELETE FROM bodies WHERE json LIKE '%scope.register%'`,
    'a tree node with one bit changed': `UPDATE nodes SET hash = x'00' || substr(hash, 2) WHERE level = 1 AND idx = 1`,
    'a tree node missing': `DELETE FROM nodes WHERE level = 2 AND idx = 0`,
    'a tree node too many': `INSERT INTO nodes VALUES (9, 9, x'00')`,
    'a nullifier missing': `DELETE FROM nullifiers WHERE nullifier = (SELECT max(nullifier) FROM nullifiers)`,
    'a nullifier too many': `INSERT INTO nullifiers VALUES ('7', 3)`,
    'a nullifier of another entry': `UPDATE nullifiers SET idx = 3`,
    'a nullifier changed': `UPDATE nullifiers SET nullifier = nullifier || '1' WHERE nullifier = (SELECT max(nullifier) FROM nullifiers)`,
    'a nonce missing': `DELETE FROM nonces WHERE nonce = (SELECT max(nonce) FROM nonces)`,
    'a nonce changed': `UPDATE nonces SET nonce = 'x' || nonce WHERE nonce = (SELECT max(nonce) FROM nonces)`,
  }))
    it(`refuses to open with ${what} (E26)`, () => assert.rejects(async () => openWorld(changed(sql)), { code: 'CORRUPT' }))

  for (let at = 0; at < 12; at++)
    it(`refuses one flipped bit in the checkpoint, at place ${at} (E26)`, async () => {
      const other = copy()
      flip(join(other, 'checkpoint'), Math.floor((at + 0.5) / 12 * statSync(join(other, 'checkpoint')).size))
      await assert.rejects(async () => openWorld(other), { code: 'CORRUPT' })
    })

  it('refuses one flipped bit in the database file, or it changes nothing (E26)', async () => {
    const expected = (await openWorld(copy())).registry.view()
    const { size } = statSync(join(directory, 'registry.db'))
    let refused = 0
    for (let i = 0; i < 40; i++) {
      const other = copy()
      flip(join(other, 'registry.db'), Math.floor(((i + 0.37) * size) / 40))
      try {
        assert.deepEqual((await openWorld(other)).registry.view(), expected, `place ${i}`)
      } catch (error) {
        const { code } = error as { code: string }
        assert.ok(code === 'CORRUPT' || code === 'STORAGE', `place ${i}: ${code} ${(error as Error).message}`)
        refused++
      }
    }
    assert.ok(refused > 12, `${refused} of 40 flips noticed`)
  })

  it('refuses to open when the checkpoint is missing (E26)', async () => {
    const other = copy()
    fs.rmSync(join(other, 'checkpoint'))
    await assert.rejects(async () => openWorld(other), { code: 'CORRUPT' })
  })

  it('refuses a file that is no database (E26)', async () => {
    const other = newDirectory()
    writeFileSync(join(other, 'registry.db'), 'This is a text of some length, and no database at all.'.repeat(100))
    await assert.rejects(async () => openWorld(other), { code: 'CORRUPT' })
  })

  describe('with entries in the write-ahead log only', () => {
    let open: World
    before(async () => {
      open = await openWorld(copy())
      for (let i = 0; i < 3; i++) await open.submit(proof(submission(open)))
    })

    it('opens with all of them after a crash', async () => {
      assert.equal((await openWorld(snapshot(open))).registry.size, open.registry.size)
    })

    it('refuses to open when its end was cut off (E26)', async () => {
      const other = snapshot(open)
      const wal = join(other, 'registry.db-wal')
      truncateSync(wal, statSync(wal).size - 5000)
      await assert.rejects(async () => openWorld(other), { code: 'CORRUPT' })
    })

    it('refuses to open with one flipped bit in it (E26)', async () => {
      const other = snapshot(open)
      const wal = join(other, 'registry.db-wal')
      flip(wal, Math.floor(statSync(wal).size / 2))
      await assert.rejects(async () => openWorld(other), { code: 'CORRUPT' })
    })

    it('refuses to open an older copy of the database with the newest checkpoint: a rollback (E27)', async () => {
      const other = copy()
      cpSync(join(open.directory, 'checkpoint'), join(other, 'checkpoint'))
      await assert.rejects(async () => openWorld(other), { code: 'CORRUPT' })
    })
  })

  describe('whose disk fails', () => {
    const prototype = Database.prototype as Database.Database
    const { exec } = prototype
    const { fsyncSync } = fs
    afterEach(() => {
      prototype.exec = exec
      fs.fsyncSync = fsyncSync
      syncBuiltinESMExports()
    })

    for (const [what, code] of [['is full', 'SQLITE_FULL'], ['has an I/O error', 'SQLITE_IOERR_WRITE'], ['cannot be flushed', 'SQLITE_IOERR_FSYNC']] as const)
      it(`signs nothing any more when the disk ${what}, and opens again (E26)`, async () => {
        const world = await openWorld(copy())
        const json = proof(submission(world))
        prototype.exec = function (this: Database.Database, sql: string) {
          if (sql === 'COMMIT') throw Object.assign(new Error('disk'), { code })
          return exec.call(this, sql)
        } as typeof exec
        await assert.rejects(world.submit(json), { code: 'STORAGE' })
        prototype.exec = exec
        await assert.rejects(world.submit(json), { code: 'STORAGE' })
        assert.throws(() => world.registry.checkpoint(), { code: 'STORAGE' })
        assert.throws(() => world.registry.view(), { code: 'STORAGE' })
        const again = await world.reopened()
        assert.equal((await again.submit(json)).entry.index, last + 1)
      })

    it('acknowledges nothing when the checkpoint cannot be flushed, and loses nothing either', async () => {
      const world = await openWorld(copy())
      const json = proof(submission(world))
      fs.fsyncSync = () => {
        throw Object.assign(new Error('disk'), { code: 'EIO' })
      }
      syncBuiltinESMExports()
      await assert.rejects(world.submit(json), { code: 'STORAGE' })
      fs.fsyncSync = fsyncSync
      syncBuiltinESMExports()
      const again = await world.reopened()
      assert.equal((await again.submit(json)).entry.index, last + 1)
      assert.equal(again.registry.size, last + 2)
    })

    it('signs nothing any more when a stored node turns out damaged', async () => {
      const world = await openWorld(copy())
      const db = new Database(join(world.directory, 'registry.db'))
      db.exec(`UPDATE nodes SET hash = x'00' || substr(hash, 2) WHERE level = 0 AND idx = 4`)
      db.close()
      await assert.rejects(world.registry.receipt(4), { code: 'CORRUPT' })
      assert.throws(() => world.registry.checkpoint(), { code: 'CORRUPT' })
      await assert.rejects(world.submit(proof(submission(world))), { code: 'CORRUPT' })
    })
  })

  it('loses nothing that was acknowledged, whatever write it is killed at (E25)', async () => {
    const base = await openWorld(copy())
    const [first, second] = [proof(submission(base)), proof(submission(base))]
    await base.registry.close()
    /** @returns whether the process was killed before its last acknowledgement */
    const killedAt = async (killAt: number): Promise<boolean> => {
      const other = copy()
      const { lines, killed } = await run({ directory: other, logKey: LOG_KEY, now: START, commands: [first, second], killAt })
      const receipts = lines.filter((line) => line.startsWith('{')).map((line) => (JSON.parse(line) as { receipt: { entry: { index: number } } }).receipt)
      assert.ok(killed || receipts.length === 2, `write ${killAt}`)
      const world = await openWorld(other)
      for (const receipt of receipts) assert.deepEqual(await world.registry.receipt(receipt.entry.index), receipt)
      for (const json of [second, first]) await world.submit(json)
      assert.equal(world.registry.size, last + 3, `write ${killAt}`)
      await world.registry.close()
      return receipts.length < 2
    }
    let kills = 0
    for (let from = 1, more = true; more; from += 4) {
      const outcomes = await Promise.all([0, 1, 2, 3].map((i) => killedAt(from + i)))
      kills += outcomes.filter(Boolean).length
      more = outcomes.every(Boolean)
    }
    assert.ok(kills >= 10, `${kills} places to be killed at`)
  })

  it('lets one of two processes spend a nullifier (E24)', async () => {
    const base = await openWorld(copy())
    const nullifiers = Array.from({ length: 15 }, fresh)
    const commands = () => nullifiers.map((nullifier) => proof(submission(base, 'claim', { nullifiers: [nullifier] })))
    const jobs = [commands(), commands().reverse()].map((commands): Job => ({ directory: base.directory, logKey: LOG_KEY, now: START, commands }))
    const outcomes = (await Promise.all(jobs.map(run))).map(({ lines }) => lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as { code?: string; receipt?: { entry: { facts: { nullifiers: string[] } }; checkpoint: string } }))
    const accepted = outcomes.flat().flatMap(({ receipt }) => (receipt ? [receipt] : []))
    assert.deepEqual(accepted.flatMap(({ entry }) => entry.facts.nullifiers).sort(), [...nullifiers].sort())
    assert.deepEqual(new Set(outcomes.flat().flatMap(({ code }) => code ?? [])), new Set(['NULLIFIER_SPENT']))
    const world = await openWorld(base.directory)
    assert.equal(world.registry.size, last + 1 + nullifiers.length)
    for (const nullifier of nullifiers) await world.registry.spentIn(parseField(nullifier))
    // Both processes have signed checkpoints: all of them are of this one log.
    const heads = accepted.map(({ checkpoint }) => openCheckpoint(checkpoint, ORIGIN, LOG_KEY))
    assert.equal(new Set(heads.map(({ size }) => size)).size, nullifiers.length)
    for (const { size } of heads) await world.registry.consistency(size, world.registry.size)
  })

  it('takes over what another process has appended', async () => {
    const one = await openWorld(copy())
    const two = await openWorld(one.directory)
    await one.submit(publishStatus(3, [3, 4, 5]))
    const json = submission(two, 'glance')
    await assert.rejects(two.submit(proof(json)), { code: 'ROOT_SUPERSEDED' })
    const { entry } = await two.submit(proof(submission(two, 'glance')))
    assert.equal(entry.index, last + 2)
    await one.submit(proof(submission(one)))
    await two.submit(proof(submission(two)))
    assert.equal(two.registry.size, last + 5)
  })
})

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url))

async function run(job: Job): Promise<{ lines: string[]; killed: boolean }> {
  const file = join(newDirectory(), 'job.json')
  writeFileSync(file, JSON.stringify(job))
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', CHILD, file], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout! })
  const closed = once(reader, 'close')
  reader.on('line', (line) => {
    lines.push(line)
    if (line === 'ready') child.stdin!.end('go\n')
  })
  const [, signal] = (await exited) as [number | null, string | null]
  await closed
  return { lines, killed: signal === 'SIGKILL' }
}

/** What is on the disk now, as after the power failed. */
function snapshot({ directory }: World): string {
  const other = newDirectory()
  cpSync(directory, other, { recursive: true })
  return other
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at]! ^= 0x10
  writeFileSync(path, bytes)
}
