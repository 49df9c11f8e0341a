/**
 * Which operands the rules make equal in every case: rules `a = b` outside any `or`, and what follows from several of them.
 */

import type { Comparison } from './comparison.ts'
import type { Operand } from './operand.ts'

export class Equalities {
  /** Classes of equal operands, by the operands' text. */
  private readonly classOf = new Map<string, Set<string>>()

  constructor(unconditional: readonly Comparison[]) {
    for (const { left, operator, right } of unconditional)
      if (operator === '=' && !left.by && !right.by) this.join(left.operands[0].text, right.operands[0].text)
  }

  /** Whether both (as written in rules) must have one value. */
  areEqual(a: string, b: string): boolean {
    return a === b || this.equals(a).has(b)
  }

  /** All that equal `operand`, itself included. */
  equals(operand: string): ReadonlySet<string> {
    return this.classOf.get(operand) ?? new Set([operand])
  }

  private join(a: string, b: string): void {
    const union = new Set([...this.equals(a), ...this.equals(b)])
    for (const member of union) this.classOf.set(member, union)
  }
}

/** The currencies of a comparison's amounts, without repetition; empty when it has none. */
export function currenciesOf({ left, right }: Comparison): string[] {
  const operands: Operand[] = [...left.operands, ...right.operands]
  return [...new Set(operands.flatMap(({ type }) => (type.as === 'amount' ? [type.currency] : [])))]
}
