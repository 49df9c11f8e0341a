/**
 * A small world and one valid set of inputs for each shape, made with src/hash and @noble/curves only: what the circuits are
 * tested against must not come from the code that feeds them.
 */

import { babyjubjub } from '@noble/curves/misc.js'
import { type Field, reduce, toField } from '../../src/field/field.ts'
import { hash, unlabelledHash } from '../../src/hash/poseidon.ts'
import { Tree } from '../../src/hash/tree.ts'

/** Inputs of a circuit by name; nested arrays as in the circuit. */
export type Value = bigint | Value[]
export type Inputs = Record<string, Value>

export const { Point } = babyjubjub
/** The order l of Baby Jubjub's prime subgroup. */
export const SUBGROUP_ORDER: bigint = Point.Fn.ORDER
export const f = (value: bigint | number): Field => toField(value)

export interface Issuer {
  readonly secret: bigint
  readonly org: Field
  readonly class: Field
}

/** A credential before it is signed. */
export interface Card {
  readonly issuer: Issuer
  readonly schema: Field
  readonly listId: Field
  readonly serial: Field
  readonly statusIndex: number
  readonly issuedAt: Field
  readonly expiresAt: Field
  readonly documentHash: Field
  readonly fields: readonly Field[]
}

export const NOW = f(1_800_000_000)
export const HOLDER_SECRET = f(0x5ec2e7n << 200n)
export const SCOPE = f(7001)
export const REQUEST = f(7002)
export const CONTEXT = f(7003)
export const HOSPITAL: Issuer = { secret: 1234567n, org: f(101), class: f(3) }
export const BANK: Issuer = { secret: 7654321n, org: f(102), class: f(4) }
export const INVOICE = f(9001) // schema ids
export const CREDIT_LINE = f(9002)
const REGULATOR_SECRET = 424242n
export const ESCROW_KEY = coordinates(Point.BASE.multiply(REGULATOR_SECRET))

/** The codes of the specimen's fields; slot numbers are register - 1. */
export const EUR = f(0x455552)
export const PERSON = f(0x414c494345)

/** Slots: 0 number, 1 person, 2 total, 3 currency, 4 date, 5 root of a set (of line items). */
export function invoice(change: Partial<Card> = {}): Card {
  const fields = [f(0x494e5631), PERSON, f(12_500_0000), EUR, f(738_000), ITEMS.root, ...Array<Field>(10).fill(f(0))]
  return { issuer: HOSPITAL, schema: INVOICE, listId: f(501), serial: f(3n << 240n), statusIndex: 248 * 3 + 8 * 17 + 5, issuedAt: f(NOW - 1000n), expiresAt: f(NOW + 1000n), documentHash: f(81), fields, ...change }
}

/** Slots: 1 company, 2 limit, 3 currency. */
export function creditLine(change: Partial<Card> = {}): Card {
  const fields = [f(0), PERSON, f(20_000_0000), EUR, ...Array<Field>(12).fill(f(0))]
  return { issuer: BANK, schema: CREDIT_LINE, listId: f(502), serial: f(5n << 240n), statusIndex: 9, issuedAt: f(NOW), expiresAt: f(NOW + 1n), documentHash: f(82), fields, ...change }
}

/** Published codes: a set whose member at 2 is the specimen's currency. */
export const CURRENCIES = set([f(0x534547), f(0x444b4b), EUR])
const ITEMS = set([EUR, f(1)])

export function set(members: readonly Field[]): Tree {
  return new Tree(7, members.map((member) => hash('set-member', [member])))
}

/** A status list with these positions revoked (SPEC §4.5: position 0 is the most significant bit of byte 0). */
export function statusList(revoked: readonly number[] = []): Tree {
  const words = new Map<number, bigint>()
  for (const index of revoked) {
    const [word, byte, bit] = place(index)
    words.set(word, (words.get(word) ?? 0n) | ((128n >> BigInt(bit)) << BigInt(8 * byte)))
  }
  const tree = new Tree(6)
  for (const [word, value] of words) tree.set(word, f(value))
  return tree
}

function place(index: number): [word: number, byte: number, bit: number] {
  // Past the last position there is only the byte 31 that no word has.
  if (index >= 248 * 4096) return [4095, 31, index % 8]
  return [Math.floor(index / 248), Math.floor((index % 248) / 8), index % 8]
}

export function coordinates(point: InstanceType<typeof Point>): [Field, Field] {
  const { x, y } = point.toAffine()
  return [f(x), f(y)]
}

export function commitmentOf(card: Card, holderSecret: Field): Field {
  const holderId = hash('holder', [holderSecret, card.issuer.org])
  const { schema, serial, listId, statusIndex, issuedAt, expiresAt, documentHash, fields } = card
  return hash('commitment', [schema, holderId, serial, listId, f(statusIndex), issuedAt, expiresAt, documentHash, hash('fields', fields)])
}

/** EdDSA-Poseidon as circomlib verifies it: S·B = R + 8·H(R, A, M)·A. */
export function sign(secret: bigint, message: Field): { R8: [Field, Field]; S: Field } {
  return signWith(secret, message, Point.ZERO)
}

/** The same with `torsion` added to R before the hash is taken. */
export function signWith(secret: bigint, message: Field, torsion: InstanceType<typeof Point>): { R8: [Field, Field]; S: Field } {
  const nonce = 987654321n + (message % 1000n)
  const R8 = coordinates(Point.BASE.multiply(nonce).add(torsion))
  const h = unlabelledHash([...R8, ...coordinates(Point.BASE.multiply(secret)), message])
  return { R8, S: f((nonce + 8n * h * secret) % SUBGROUP_ORDER) }
}

/** A point of each order that divides the cofactor: multiples of l·P for a P outside the subgroup. */
export const LOW_ORDER_POINTS: readonly (readonly [order: number, point: InstanceType<typeof Point>])[] = lowOrderPoints()

function lowOrderPoints(): [number, InstanceType<typeof Point>][] {
  const { Fp } = Point
  const { a, d } = Point.CURVE()
  for (let y = 2n; ; y++) {
    const square = Fp.div(Fp.sub(1n, Fp.sqr(y)), Fp.sub(a, Fp.mul(d, Fp.sqr(y))))
    if (Fp.pow(square, (Fp.ORDER - 1n) / 2n) !== 1n) continue
    let order8 = Point.ZERO
    const point = Point.fromAffine({ x: Fp.sqrt(square), y })
    for (const bit of SUBGROUP_ORDER.toString(2)) order8 = bit === '1' ? order8.double().add(point) : order8.double()
    if (order8.double().double().equals(Point.ZERO)) continue
    return [[8, order8], [4, order8.double()], [2, order8.double().double()], [1, Point.ZERO]]
  }
}

/** What the registry knows: status lists and a directory with the leaves of `cards` at 4·k + 1, and some strangers. */
export class World {
  readonly directory = new Tree(8)
  readonly #lists = new Map<Field, Tree>()

  constructor(cards: readonly Card[], revoked: ReadonlyMap<Field, readonly number[]> = new Map()) {
    cards.forEach((card, k) => {
      const list = statusList([7, 1_000_000, ...(revoked.get(card.listId) ?? [])])
      this.#lists.set(card.listId, list)
      this.directory.set(4 * k + 1, leafOf(card, list.root))
      this.directory.set(4 * k + 2, f(600 + k))
    })
  }

  list(card: Card): Tree {
    return this.#lists.get(card.listId) ?? statusList()
  }

  /** The private inputs of one credential (SPEC §5.5), as its holder has them. */
  credential(card: Card, position: number, signer = card.issuer.secret, holderSecret = HOLDER_SECRET): Inputs {
    const [statusWordIndex, statusByte, statusBit] = place(card.statusIndex)
    const path = this.list(card).path(statusWordIndex)
    const { R8, S } = sign(signer, commitmentOf(card, holderSecret))
    return {
      fields: [...card.fields],
      serial: card.serial,
      listId: card.listId,
      issuedAt: card.issuedAt,
      expiresAt: card.expiresAt,
      documentHash: card.documentHash,
      issuerOrg: card.issuer.org,
      issuerClass: card.issuer.class,
      issuingKey: coordinates(Point.BASE.multiply(signer)),
      signatureR8: R8,
      signatureS: S,
      statusWordIndex: BigInt(statusWordIndex),
      statusByte: BigInt(statusByte),
      statusBit: BigInt(statusBit),
      statusWord: this.list(card).leaf(statusWordIndex),
      statusSiblings: path.siblings.map((three) => [...three]),
      directoryPosition: BigInt(position),
      directorySiblings: this.directory.path(position).siblings.map((three) => [...three]),
    }
  }
}

export function leafOf(card: Card, statusRoot: Field, signer = card.issuer.secret): Field {
  return hash('directory-leaf', [card.issuer.org, ...coordinates(Point.BASE.multiply(signer)), card.schema, card.issuer.class, card.listId, statusRoot])
}

/** A slot of the rules (SPEC §5.2); registers default to 0. */
export interface Slot {
  readonly a?: number
  readonly b?: number
  readonly c?: number
  readonly d?: number
  readonly leftProduct?: boolean
  readonly rightProduct?: boolean
  readonly op?: '=' | '!=' | '<' | '<='
  readonly numeric?: boolean
  readonly or?: boolean
}

/** One slot's 4B + 6 bits. */
export function packSlot(bits: number, slot: Slot): bigint {
  const op = ['=', '!=', '<', '<='].indexOf(slot.op ?? '=')
  const registers: [number, number][] = [slot.a ?? 0, slot.b ?? 0, slot.c ?? 0, slot.d ?? 0].map((register) => [register, bits])
  return pack([...registers, [slot.leftProduct ? 1 : 0, 1], [slot.rightProduct ? 1 : 0, 1], [op, 2], [slot.numeric ? 1 : 0, 1], [slot.or ? 1 : 0, 1]])
}

export function packRules(bits: number, slots: readonly Slot[]): bigint {
  return slots.reduce((sum, slot, i) => sum | (packSlot(bits, slot) << BigInt(i * (4 * bits + 6))), 0n)
}

/** Numbers of these widths, the first least significant. */
export function pack(parts: readonly (readonly [value: number, width: number])[]): bigint {
  let packed = 0n
  let at = 0n
  for (const [value, width] of parts) {
    packed |= BigInt(value) << at
    at += BigInt(width)
  }
  return packed
}

export interface AttestLayout {
  readonly reveal?: readonly number[]
  readonly setMember?: number
  readonly setRegister?: number
  readonly setSource?: number
  readonly pseudonym?: boolean
  readonly once?: boolean
}

export function attestLayout({ reveal = [], setMember = 0, setRegister = 0, setSource = 0, pseudonym = false, once = false }: AttestLayout): bigint {
  const reveals = [0, 1, 2, 3].map((i) => [reveal[i] ?? 0, 5] as const)
  return pack([...reveals, [setMember, 5], [setRegister, 5], [setSource, 2], [Number(pseudonym), 1], [Number(once), 1]])
}

export interface MatchLayout {
  readonly reveal?: readonly number[]
  readonly pseudonym?: boolean
  readonly once?: readonly [boolean, boolean]
  readonly second?: boolean
  readonly escrow?: boolean
  readonly escrowed?: readonly [number, number]
}

export function matchLayout({ reveal = [], pseudonym = false, once = [false, false], second = true, escrow = false, escrowed = [0, 0] }: MatchLayout): bigint {
  const reveals = [0, 1, 2, 3].map((i) => [reveal[i] ?? 0, 6] as const)
  return pack([...reveals, [Number(pseudonym), 1], [Number(once[0]), 1], [Number(once[1]), 1], [Number(second), 1], [Number(escrow), 1], [escrowed[0], 6], [escrowed[1], 6]])
}

export const PARAMETERS = [f(15_000_0000), PERSON, f(737_000), f(739_000), f(0), f(0)]
export const LITERALS = [EUR, f(2), f(0), f(0)]
export const BLINDING = f(31337n << 128n)
export const PSEUDONYM_SCOPE = f(7004)

export function parameterCommitment(parameters = PARAMETERS, setRoot: Field = f(0), pseudonymScope: Field = PSEUDONYM_SCOPE): Field {
  return hash('parameters', [...parameters, setRoot, pseudonymScope, BLINDING])
}

/** Six rules: within the limit; this person; in euro; within the period (two); "class 2, or issuer not 0". */
export const ATTEST_RULES: readonly Slot[] = [
  { a: 3, c: 22, op: '<=', numeric: true },
  { a: 2, c: 23 },
  { a: 4, c: 28 },
  { a: 24, c: 5, op: '<=', numeric: true },
  { a: 18, c: 29, or: true },
  { a: 17, op: '!=' },
]

/** Complete, valid inputs of `attest`: spends its document, reveals its number, pseudonym, membership in a published set. */
export function attestSpecimen(card: Card = invoice(), world = new World([card])): Inputs {
  const membership = CURRENCIES.path(2)
  return {
    ...asArrays([world.credential(card, 1)]),
    rules: packRules(5, ATTEST_RULES),
    layout: attestLayout({ reveal: [1], setMember: 4, setSource: 1, pseudonym: true, once: true }),
    schema: card.schema,
    literal: [...LITERALS],
    parameterCommitment: parameterCommitment(),
    directoryRoot: world.directory.root,
    setRoot: CURRENCIES.root,
    now: NOW,
    scope: SCOPE,
    request: REQUEST,
    context: CONTEXT,
    holderSecret: HOLDER_SECRET,
    parameter: [...PARAMETERS],
    parameterSetRoot: 0n,
    pseudonymScope: PSEUDONYM_SCOPE,
    parameterBlinding: BLINDING,
    disclosureBlinding: f(BLINDING + 1n),
    setPosition: BigInt(membership.position),
    setSiblings: membership.siblings.map((three) => [...three]),
  }
}

/** Same person and currency; total + 0 within the limit of the line; the line's bank is parameter 5. */
export const MATCH_RULES: readonly Slot[] = [
  { a: 2, c: 34 },
  { a: 4, c: 36 },
  { a: 3, c: 35, op: '<=', numeric: true },
  { a: 49, c: 29, op: '!=', or: true },
  { a: 3, b: 3, c: 35, op: '<', numeric: true },
]

export const MATCH_LAYOUT: MatchLayout = { reveal: [1, 35], pseudonym: true, once: [true, false], second: true, escrow: true, escrowed: [1, 35] }

/** Complete, valid inputs of `match`: both documents, the first spent, two reveals, an escrow of two. */
export function matchSpecimen(first: Card = invoice(), second: Card = creditLine(), world = new World([first, second])): Inputs {
  return {
    ...asArrays([world.credential(first, 1), world.credential(second, 5)]),
    rules: packRules(6, MATCH_RULES),
    layout: matchLayout(MATCH_LAYOUT),
    schema: [first.schema, second.schema],
    literal: [...LITERALS],
    parameterCommitment: parameterCommitment(),
    directoryRoot: world.directory.root,
    now: NOW,
    scope: [SCOPE, 0n],
    escrowKey: [...ESCROW_KEY],
    request: REQUEST,
    context: CONTEXT,
    holderSecret: HOLDER_SECRET,
    parameter: [...PARAMETERS],
    pseudonymScope: PSEUDONYM_SCOPE,
    parameterBlinding: BLINDING,
    disclosureBlinding: f(BLINDING + 1n),
  }
}

/** `match` with the second document off, its inputs 0; the first alone with rules 3 and 5 of its own. */
export function singleSpecimen(card: Card = invoice()): Inputs {
  const world = new World([card])
  const only = asArrays([world.credential(card, 1)])
  const zeros = Object.fromEntries(Object.entries(only).map(([name, value]) => [name, [...(value as Value[]), zeroLike((value as Value[])[0] ?? 0n)]]))
  return {
    ...matchSpecimen(card, creditLine(), world),
    ...zeros,
    directoryRoot: world.directory.root,
    schema: [card.schema, 0n],
    rules: packRules(6, [{ a: 3, c: 22, op: '<=', numeric: true }, { a: 2, c: 23 }]),
    layout: matchLayout({ ...MATCH_LAYOUT, reveal: [1], second: false, escrowed: [1, 0] }),
  }
}

function zeroLike(value: Value): Value {
  return Array.isArray(value) ? value.map(zeroLike) : 0n
}

/** Turns one record a credential into one array an input. */
export function asArrays(credentials: readonly Inputs[]): Inputs {
  const [first = {}] = credentials
  return Object.fromEntries(Object.keys(first).map((name) => [name, credentials.map((credential) => credential[name] ?? 0n)]))
}

/** The regulator's side of an escrow: the two values. */
export function openEscrow([x, y, c1, c2]: readonly Field[], context: Field, secret = REGULATOR_SECRET): [Field, Field] {
  const shared = coordinates(Point.fromAffine({ x: x ?? 0n, y: y ?? 0n }).multiply(secret))
  const opened = [c1, c2].map((cipher, i) => reduce((cipher ?? 0n) - hash('escrow-pad', [...shared, context, f(i + 1)])))
  return [opened[0] ?? f(0), opened[1] ?? f(0)]
}
