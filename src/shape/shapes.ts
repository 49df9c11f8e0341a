/**
 * The compiled circuits, in numbers (SPEC §5). A shape's public inputs have one order, written here and nowhere else; a test compares
 * it with the compiled circuit.
 */

export type ShapeName = 'attest' | 'match'

export interface Shape {
  readonly name: ShapeName
  /** Documents at most. */
  readonly credentials: 1 | 2
  /** Rule slots. */
  readonly rules: number
  /** Bits of a register number. */
  readonly registerBits: 5 | 6
  readonly setMembership: boolean
  readonly escrow: boolean
  /** Names in circuit order, outputs first; arrays expanded: `literal[0]`. */
  readonly publicInputs: readonly string[]
  /** Power of two that the constraints stay within. */
  readonly domain: number
}

function expand(...names: readonly (string | readonly [string, number])[]): string[] {
  return names.flatMap((name) => (typeof name === 'string' ? [name] : Array.from({ length: name[1] }, (_, i) => `${name[0]}[${i}]`)))
}

export const SHAPES: Readonly<Record<ShapeName, Shape>> = {
  attest: {
    name: 'attest',
    credentials: 1,
    rules: 6,
    registerBits: 5,
    setMembership: true,
    escrow: false,
    publicInputs: expand('nullifier', 'linkTag', 'disclosure', 'rules', 'layout', 'schema', ['literal', 4], 'parameterCommitment', 'directoryRoot', 'setRoot', 'now', 'scope', 'request', 'context'),
    domain: 14,
  },
  match: {
    name: 'match',
    credentials: 2,
    rules: 8,
    registerBits: 6,
    setMembership: false,
    escrow: true,
    publicInputs: expand(['nullifier', 2], ['linkTag', 2], 'disclosure', ['escrow', 4], 'rules', 'layout', ['schema', 2], ['literal', 4], 'parameterCommitment', 'directoryRoot', 'now', ['scope', 2], ['escrowKey', 2], 'request', 'context'),
    domain: 15,
  },
}

/** Smallest first: the order in which a statement is tried. */
export const SHAPE_NAMES = ['attest', 'match'] as const satisfies readonly ShapeName[]
