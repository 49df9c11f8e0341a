/** The gadgets of circuits/lib as they are tested alone. */

import type { Gadget } from './circuit.ts'

export const bits = (BITS: number): Gadget => ({ file: 'range', template: `Bits(${BITS})`, inputs: ['in'], outputs: [`out[${BITS}]`] })
export const uint = (BITS: number): Gadget => ({ file: 'range', template: `Uint(${BITS})`, inputs: ['in'], outputs: [] })
export const select = (B: number): Gadget => ({ file: 'select', template: `Select(${B})`, inputs: [`in[${2 ** B}]`, `{binary} bits[${B}]`], outputs: ['out'] })
export const hash = (N: number, label: string): Gadget => ({ file: 'hash', template: `Hash(${N}, LABEL_${label}())`, inputs: [`in[${N}]`], outputs: ['out'] })
export const insert: Gadget = { file: 'path', template: 'Insert()', inputs: ['item', 'others[3]', '{binary} place[2]'], outputs: ['out[4]'] }
export const treePath = (DEPTH: number): Gadget => ({
  file: 'path',
  template: `TreePath(${DEPTH})`,
  inputs: ['leaf', `{binary} position[${2 * DEPTH}]`, `siblings[${DEPTH}][3]`],
  outputs: ['root'],
})
export const rule = (B: number, CHECKED: 0 | 1): Gadget => ({
  file: 'rule',
  template: `Rule(${B}, ${CHECKED})`,
  inputs: [`registers[${2 ** B}]`, `{binary} slot[${4 * B + 6}]`],
  outputs: ['holds'],
})
export const rules = (B: number, SLOTS: number, CHECKED: 0 | 1): Gadget => ({ file: 'rules', template: `Rules(${B}, ${SLOTS}, ${CHECKED})`, inputs: [`registers[${2 ** B}]`, 'rules'], outputs: [] })
export const validity: Gadget = { file: 'validity', template: 'Validity()', inputs: ['{binary} on', 'now', 'issuedAt', 'expiresAt'], outputs: [] }
export const statusBit: Gadget = { file: 'status', template: 'StatusBit()', inputs: ['wordIndex', 'byte', 'bit', 'word', 'siblings[6][3]'], outputs: ['index', 'root', 'revoked'] }
export const signature: Gadget = { file: 'signature', template: 'Signature()', inputs: ['{binary} on', 'key[2]', 'R8[2]', 'S', 'message'], outputs: [] }
export const commitment: Gadget = {
  file: 'credential',
  template: 'CredentialCommitment()',
  inputs: ['schema', 'holderSecret', 'issuerOrg', 'serial', 'listId', 'statusIndex', 'issuedAt', 'expiresAt', 'documentHash', 'fields[16]'],
  outputs: ['out'],
}
export const directoryRoot: Gadget = {
  file: 'directory',
  template: 'DirectoryRoot()',
  inputs: ['org', 'key[2]', 'schema', 'class', 'listId', 'statusRoot', 'position', 'siblings[8][3]'],
  outputs: ['root'],
}
export const nullifier: Gadget = { file: 'nullifier', template: 'Nullifier()', inputs: ['{binary} once', 'serial', 'scope', 'context', 'holderSecret'], outputs: ['out'] }
export const parameterCommitment: Gadget = { file: 'openings', template: 'ParameterCommitment()', inputs: ['parameter[6]', 'setRoot', 'pseudonymScope', 'blinding'], outputs: ['out'] }
export const disclosure: Gadget = { file: 'openings', template: 'Disclosure()', inputs: ['{binary} withPseudonym', 'holderSecret', 'pseudonymScope', 'value[4]', 'blinding'], outputs: ['out'] }
export const membership: Gadget = {
  file: 'membership',
  template: 'Membership()',
  inputs: ['{binary} source[2]', 'published', 'parameter', 'inDocument', 'member', 'position', 'siblings[7][3]'],
  outputs: [],
}
export const ephemeralPoints: Gadget = { file: 'curve', template: 'EphemeralPoints()', inputs: ['e', 'key[2]'], outputs: ['ephemeral[2]', 'shared[2]'] }
export const escrow: Gadget = { file: 'escrow', template: 'Escrow()', inputs: ['{binary} on', 'key[2]', 'context', 'holderSecret', 'value[2]'], outputs: ['out[4]'] }

/** The same gadget with cheap stand-ins for what is tested by itself. */
export const stubbed = (gadget: Gadget, ...stubs: readonly string[]): Gadget => ({ ...gadget, stubs })
