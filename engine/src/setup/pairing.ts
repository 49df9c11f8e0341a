// Products of pairings, on the verifier's machine.

import { bestArithmetic } from '../platform.ts'
import { PairingMachine, writeInteger } from '../pairing/program.ts'
import { PAIR } from '../wasm/field.ts'
import { FRESH } from '../wasm/miller.ts'
import { FP12 } from '../wasm/tower.ts'
import { G1, type PointG1, type PointG2 } from './curve.ts'

let made: Promise<PairingMachine> | undefined

/** Whether Π e(Pᵢ, Qᵢ) = 1. All points must be of their groups, none at infinity. */
export async function pairingsCancel(pairs: readonly (readonly [PointG1, PointG2])[]): Promise<boolean> {
  const machine = await (made ??= bestArithmetic().then((arithmetic) => PairingMachine.create(arithmetic)))
  return machine.scope(() => {
    const { exports } = machine
    const source = machine.keep(4 * 32), point = machine.keep(2 * PAIR), q = machine.keep(2 * PAIR), items = machine.keep(FRESH * pairs.length), result = machine.keep(FP12)
    const bring = (to: number, integers: readonly bigint[]) => {
      integers.forEach((x, i) => writeInteger(machine.view, source + 32 * i, x))
      exports.importPairs(to, source, 2)
    }
    pairs.forEach(([p1, p2], i) => {
      bring(point, [p1.x, p1.x, p1.y, p1.y])
      bring(q, [...p2.x, ...p2.y])
      exports.toFresh(items + FRESH * i, point, 0, q)
    })
    exports.millerLoop(result, items, pairs.length, 0, 0, 0)
    exports.finalExponentiation(result, result)
    return exports.isOne12(result) === 1
  })
}

/** Whether b = x·a and d = x·c for one x; points as for `pairingsCancel`. */
export const sameRatio = (a: PointG1, b: PointG1, c: PointG2, d: PointG2): Promise<boolean> => pairingsCancel([[a, d], [G1.negate(b), c]])
