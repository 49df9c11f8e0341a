import assert from 'node:assert/strict'
import { buildPoseidon } from 'circomlibjs'
import fc from 'fast-check'
import { Refusal } from '../../src/errors/errors.ts'
import { FIELD_ORDER, type Field, toField, ZERO } from '../../src/field/field.ts'
import { canonicalJson, parseJson } from '../../src/hash/canonical.ts'
import { digest, digestJson, digestToField, parseDigest } from '../../src/hash/digest.ts'
import { labelElement, POSEIDON_LABELS } from '../../src/hash/labels.ts'
import { hash, purePermutation, unlabelledHash } from '../../src/hash/poseidon.ts'
import { emptyRoot, rootOf, Tree } from '../../src/hash/tree.ts'

const element = fc.bigInt(0n, FIELD_ORDER - 1n).map((value) => toField(value))
const refused = (code: string) => (error: unknown) => error instanceof Refusal && error.code === code

describe('canonical JSON', () => {
  for (const text of ['{"a":"\\ud800"}', '{"\\udc00":1}', '[1e999]'])
    it(`refuses ${text}, which JSON can spell and RFC 8785 cannot (A7)`, () => assert.throws(() => canonicalJson(parseJson(text)), refused('MALFORMED')))
})

describe('labelled Poseidon', () => {
  it('equals circomlib’s with the label as initial state, for 1 to 16 inputs', async () => {
    const reference = await buildPoseidon()
    for (let n = 1; n <= 16; n++) {
      const inputs = Array.from({ length: n }, (_, i) => toField(BigInt(i) ** 40n % FIELD_ORDER))
      const capacity = labelElement('fields')
      assert.equal(purePermutation(capacity, inputs), reference.F.toObject(reference(inputs, reference.F.e(capacity))))
    }
  })

  it('gives circomlib’s published value when unlabelled', () => {
    // poseidon([1, 2]) of circomlib, as in its own test suite
    assert.equal(unlabelledHash([toField(1), toField(2)]), 7853200120776062878684798364095072458815029376092732009249414926327459813530n)
  })

  it('separates labels, lengths and positions', () => {
    const [a, b] = [toField(1), toField(2)]
    const outputs = [hash('holder', [a, b]), hash('node', [a, b]), hash('holder', [b, a]), hash('holder', [a, b, ZERO]), unlabelledHash([a, b])]
    assert.equal(new Set(outputs).size, outputs.length)
  })

  it('has a distinct, non-zero capacity element below 2^248 for each label', () => {
    const elements = POSEIDON_LABELS.map(labelElement)
    assert.equal(new Set(elements).size, elements.length)
    for (const value of elements) assert.ok(value > 0n && value < 1n << 248n)
  })
})

describe('a labelled digest', () => {
  it('separates labels from each other and from what is hashed', () => {
    const bytes = new TextEncoder().encode('x')
    assert.notEqual(digest('schema', bytes), digest('statement', bytes))
  })

  it('does not depend on the order of members', () => {
    assert.equal(digestJson('schema', { a: 1, b: 2 }), digestJson('schema', { b: 2, a: 1 }))
  })

  it('becomes an element of its first 248 bits', () => {
    const value = digestJson('schema', {})
    assert.equal(digestToField(value).toString(16).padStart(62, '0'), value.slice(0, 62))
  })

  for (const text of ['', 'ab', 'A'.repeat(64), 'g'.repeat(64), `${'a'.repeat(64)}\n`, 5, null])
    it(`is not read from ${JSON.stringify(text)?.slice(0, 12)}`, () => assert.throws(() => parseDigest(text), refused('MALFORMED')))
})

describe('JSON from outside', () => {
  it('is read like JSON.parse reads it', () => {
    fc.assert(fc.property(fc.json({ maxDepth: 4 }), (text) => {
      if (text.includes('__proto__')) return
      assert.deepEqual(parseJson(text), JSON.parse(text))
    }))
  })

  it('is refused with a member name twice, escaped or not (A7)', () => {
    assert.throws(() => parseJson('{"a":1,"a":2}'), refused('MALFORMED'))
    assert.throws(() => parseJson('{"b":[{"a":1,"\\u0061":2}]}'), refused('MALFORMED'))
    assert.deepEqual(parseJson('[{"a":1},{"a":2}]'), [{ a: 1 }, { a: 2 }])
  })

  it('is refused with a member __proto__ (A5)', () => assert.throws(() => parseJson('{"__proto__":{}}'), refused('MALFORMED')))
  it('is refused when too deep (A7)', () => assert.throws(() => parseJson('['.repeat(33) + ']'.repeat(33)), refused('TOO_LARGE')))
  it('is refused when too long (A7)', () => assert.throws(() => parseJson(`"${'x'.repeat(99)}"`, { bytes: 50, depth: 3 }), refused('TOO_LARGE')))
  for (const text of ['', '{', '{"a"', '"', '{"a":1,}', "{'a':1}", 'NaN', '{"a\n":1}'])
    it(`is refused when it is ${JSON.stringify(text)}`, () => assert.throws(() => parseJson(text), refused('MALFORMED')))

  it('is written canonically (RFC 8785)', () => assert.equal(canonicalJson({ b: [1, 'é'], a: null }), '{"a":null,"b":[1,"é"]}'))
})

describe('a quaternary tree', () => {
  const leaves = fc.array(element, { maxLength: 16 })

  it('has a path from each leaf to its root', () => {
    fc.assert(fc.property(leaves, fc.nat(15), (values, position) => {
      const tree = new Tree(2, values)
      assert.equal(rootOf(values[position] ?? ZERO, tree.path(position)), tree.root)
    }), { numRuns: 20 })
  })

  it('has the same root however its leaves came in', () => {
    const values = [toField(5), toField(6), toField(7)]
    const tree = new Tree(3)
    for (const position of [2, 0, 1]) tree.set(position, values[position] as Field)
    assert.equal(tree.root, new Tree(3, values).root)
  })

  it('is the empty root without leaves, and again after they are taken out', () => {
    const tree = new Tree(3)
    assert.equal(tree.root, emptyRoot(3))
    tree.set(9, toField(1))
    assert.notEqual(tree.root, emptyRoot(3))
    tree.set(9, ZERO)
    assert.equal(tree.root, emptyRoot(3))
  })

  const tree = new Tree(3, [toField(5), toField(6), toField(7)])
  const path = tree.path(1)
  it('does not lead a wrong leaf to the root (C16)', () => assert.notEqual(rootOf(toField(5), path), tree.root))
  it('does not lead a leaf from a wrong position to the root (C16)', () => assert.notEqual(rootOf(toField(6), { ...path, position: 0 }), tree.root))
  it('does not lead over a truncated path to the root (C16)', () => assert.notEqual(rootOf(toField(6), { ...path, siblings: path.siblings.slice(1) }), tree.root))
  it('does not lead over a changed sibling to the root (C16)', () => {
    const [first, ...rest] = path.siblings
    assert.notEqual(rootOf(toField(6), { ...path, siblings: [[first![0], first![1], toField(1)], ...rest] }), tree.root)
  })
})
