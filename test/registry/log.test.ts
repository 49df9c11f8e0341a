import assert from 'node:assert/strict'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { consistencyProof, Frontier, inclusionProof, type Place, rootAt } from '../../src/registry/log.ts'
import { leafHash, nodeHash } from '../../src/verifier/merkle.ts'

/** RFC 6962 §2.1 by its recursive definition: the oracle. */
function treeHash(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leafHash(leaves[0]!)
  const k = largestPowerBelow(leaves.length)
  return nodeHash(treeHash(leaves.slice(0, k)), treeHash(leaves.slice(k)))
}

function path(m: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return []
  const k = largestPowerBelow(leaves.length)
  return m < k ? [...path(m, leaves.slice(0, k)), treeHash(leaves.slice(k))] : [...path(m - k, leaves.slice(k)), treeHash(leaves.slice(0, k))]
}

function subproof(m: number, leaves: readonly Uint8Array[], known: boolean): Uint8Array[] {
  if (m === leaves.length) return known ? [] : [treeHash(leaves)]
  const k = largestPowerBelow(leaves.length)
  return m <= k
    ? [...subproof(m, leaves.slice(0, k), known), treeHash(leaves.slice(k))]
    : [...subproof(m - k, leaves.slice(k), false), treeHash(leaves.slice(0, k))]
}

function largestPowerBelow(n: number): number {
  let k = 1
  while (2 * k < n) k *= 2
  return k
}

describe('the log’s tree', () => {
  const leaves = Array.from({ length: 70 }, (_, i) => utf8ToBytes(`leaf ${i}`))
  const stored = new Map<string, Uint8Array>()
  const frontier = new Frontier()
  let reads = 0
  const read = async (places: readonly Place[]) => {
    reads += places.length
    return places.map(({ level, index }) => stored.get(`${level}/${index}`) ?? assert.fail(`no node ${level}/${index}`))
  }
  before(() => leaves.forEach((leaf) => frontier.append(leaf).forEach(({ level, index, hash }) => stored.set(`${level}/${index}`, hash))))

  it('has RFC 6962’s root at every size', async () => {
    for (let size = 1; size <= leaves.length; size++) assert.deepEqual(await rootAt(size, read), treeHash(leaves.slice(0, size)), `size ${size}`)
    assert.deepEqual(frontier.root, treeHash(leaves))
  })

  it('hashes an empty tree to SHA-256 of nothing', async () => {
    assert.equal(Buffer.from(await rootAt(0, read)).toString('hex'), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    assert.deepEqual(new Frontier().root, await rootAt(0, read))
  })

  it('gives RFC 6962’s inclusion proof of every leaf at every size', async () => {
    for (let size = 1; size <= leaves.length; size++)
      for (let m = 0; m < size; m++) assert.deepEqual(await inclusionProof(m, size, read), path(m, leaves.slice(0, size)), `${m} of ${size}`)
  })

  it('gives RFC 6962’s consistency proof between any two sizes', async () => {
    for (let second = 1; second <= leaves.length; second++)
      for (let first = 1; first <= second; first++)
        assert.deepEqual(await consistencyProof(first, second, read), subproof(first, leaves.slice(0, second), true), `${first} to ${second}`)
  })

  it('reads a logarithmic number of nodes for a proof', async () => {
    reads = 0
    await inclusionProof(3, 70, read)
    await consistencyProof(33, 69, read)
    assert.ok(reads <= 4 * 7, `${reads} reads`)
  })

  it('leaves the original alone when a copy grows', () => {
    const root = frontier.root
    frontier.copy().append(utf8ToBytes('another'))
    assert.deepEqual(frontier.root, root)
  })
})
