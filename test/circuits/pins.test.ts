/**
 * What keys and verifiers depend on, pinned (C19): a change here changes the circuit, and every key with it. `pins.json` is
 * edited by hand, on purpose.
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { compileShape, readPublicNames, readR1csCounts, SHAPE_DOMAINS, type ShapeName } from '../../src/setup/compile.ts'
import { Circuit } from './circuit.ts'
import * as gadgets from './gadgets.ts'
import pins from './pins.json' with { type: 'json' }

/** SPEC §5.4: the only order there is. */
const PUBLIC_INPUTS: Record<ShapeName, string> = {
  attest: 'nullifier linkTag disclosure rules layout schema literal[0] literal[1] literal[2] literal[3] parameterCommitment directoryRoot setRoot now scope request context',
  match:
    'nullifier[0] nullifier[1] linkTag[0] linkTag[1] disclosure escrow[0] escrow[1] escrow[2] escrow[3] rules layout schema[0] schema[1] literal[0] literal[1] literal[2] literal[3] parameterCommitment directoryRoot now scope[0] scope[1] escrowKey[0] escrowKey[1] request context',
}

for (const shape of ['attest', 'match'] as const) {
  describe(`shape ${shape}, pinned`, function () {
    this.timeout(180_000) // the first to ask compiles it

    it('has its public inputs in the order of SPEC §5.4', async () => {
      const { sym, r1cs } = await compileShape(shape)
      const { publics } = await readR1csCounts(r1cs)
      assert.deepEqual(await readPublicNames(sym, publics), PUBLIC_INPUTS[shape].split(' '))
    })

    it(`has ${pins.shapes[shape].constraints} constraints and fits 2^${SHAPE_DOMAINS[shape]}`, async () => {
      const counts = await readR1csCounts((await compileShape(shape)).r1cs)
      assert.deepEqual(counts, pins.shapes[shape].counts)
      assert.ok(counts.constraints + counts.publics + 1 <= 2 ** SHAPE_DOMAINS[shape])
    })

    it('is the pinned system of constraints', async () => {
      const { r1cs } = await compileShape(shape)
      assert.equal(createHash('sha256').update(readFileSync(r1cs)).digest('hex'), pins.shapes[shape].r1csSha256)
    })

    it('compiles without a finding in our own templates', async () => {
      const { warnings } = await compileShape(shape)
      assert.deepEqual(warnings.filter((warning) => !/In template "(CompConstant|EscalarMulAny|EscalarMulFix)\(/.test(warning)), [])
    })
  })
}

const COSTS = {
  bits: gadgets.bits(8), uint: gadgets.uint(64), select: gadgets.select(5), insert: gadgets.insert, treePath: gadgets.treePath(1), rule: gadgets.rule(5, 0), ruleChecked: gadgets.rule(6, 1), rules: gadgets.rules(5, 6, 0), rulesChecked: gadgets.rules(6, 8, 1),
  validity: gadgets.validity, statusBit: gadgets.statusBit, signature: gadgets.signature, nullifier: gadgets.nullifier, ephemeralPoints: gadgets.ephemeralPoints,
}

describe('gadgets, pinned at O2', () => {
  for (const [name, gadget] of Object.entries(COSTS)) {
    const cost = pins.gadgets[name as keyof typeof COSTS]
    it(`${gadget.template} costs ${cost}`, async () => (await Circuit.gadget(gadget)).costs(cost)).timeout(60_000)
  }
})
