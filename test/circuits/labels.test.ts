import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { LABELS_FILE, labelsCircom } from '../../scripts/labels.ts'
import { POSEIDON_LABELS } from '../../src/hash/labels.ts'
import { hash } from '../../src/hash/poseidon.ts'
import { Circuit } from './circuit.ts'
import * as gadgets from './gadgets.ts'
import { f } from './specimen.ts'

describe('labels.circom', () => {
  it('is what scripts/labels.ts makes of src/hash/labels.ts', () => assert.equal(readFileSync(LABELS_FILE, 'utf8'), labelsCircom()))

  for (const label of [POSEIDON_LABELS[0], 'directory-leaf'] as const) {
    it(`gives the circuit the same hash under ${label} as src/hash`, async () => {
      const circuit = await Circuit.gadget(gadgets.hash(2, label.toUpperCase().replaceAll('-', '_')))
      circuit.accepts({ in: [5n, 6n] }, { out: hash(label, [f(5), f(6)]) })
    })
  }
})
