/**
 * An issuer's status list: the bitmap of the W3C Bitstring Status List and the tree over it (SPEC §4.5).
 *
 *     position i is the bit of value 128 >> (i mod 8) in byte i div 8; 1 means revoked
 *     i = 248 · word + 8 · byte + bit        4,096 words of 31 bytes, the first byte least significant
 */

import { invariant, refuse } from '../errors/errors.ts'
import { type Field, toField } from '../field/field.ts'
import { Tree, type TreePath } from '../hash/tree.ts'

export const WORD_BYTES = 31
export const WORDS = 4096
export const STATUS_DEPTH = 6
/** Positions in a list. */
export const CAPACITY = WORDS * WORD_BYTES * 8

const BYTES = WORDS * WORD_BYTES

/** Where a position stands, and the way to the list's root. */
export interface StatusPath {
  readonly wordIndex: number
  /** 0–30. */
  readonly byte: number
  /** 0–7. */
  readonly bit: number
  readonly word: Field
  readonly path: TreePath
}

export class StatusList {
  private readonly bytes: Uint8Array
  private readonly tree: Tree

  /** An empty list: nothing is revoked. */
  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.bytes = new Uint8Array(BYTES)
    this.bytes.set(bytes)
    this.tree = new Tree(STATUS_DEPTH, Array.from({ length: WORDS }, (_, index) => this.word(index)))
  }

  /** @param bytes the bitmap; missing bytes are 0. @throws Refusal TOO_LARGE */
  static fromBytes(bytes: Uint8Array): StatusList {
    return bytes.length > BYTES ? refuse('TOO_LARGE', `a status list has at most ${BYTES} bytes`) : new StatusList(bytes)
  }

  /** Reads the published form. @throws Refusal MALFORMED for any other spelling than `print` has, TOO_LARGE */
  static parse(text: unknown, path = ''): StatusList {
    const bytes = typeof text === 'string' && text.length <= Math.ceil((BYTES * 4) / 3) ? decodeBase64Url(text) : undefined
    if (!bytes || bytes.at(-1) === 0)
      return refuse('MALFORMED', 'not a status list', [{ path, expected: 'a bitmap in base64url without padding and trailing zero bytes', got: typeof text }])
    return StatusList.fromBytes(bytes)
  }

  /** The bitmap without its trailing zero bytes. */
  toBytes(): Uint8Array {
    return this.bytes.slice(0, this.bytes.findLastIndex((byte) => byte !== 0) + 1)
  }

  /** The published form: `toBytes` in base64url without padding. */
  print(): string {
    return encodeBase64Url(this.toBytes())
  }

  get root(): Field {
    return this.tree.root
  }

  isRevoked(position: number): boolean {
    requirePosition(position)
    return ((this.bytes[position >> 3] ?? 0) & (128 >> (position & 7))) !== 0
  }

  /** There is no way back. */
  revoke(position: number): void {
    requirePosition(position)
    this.bytes[position >> 3] = (this.bytes[position >> 3] ?? 0) | (128 >> (position & 7))
    const index = Math.floor(position / (WORD_BYTES * 8))
    this.tree.set(index, this.word(index))
  }

  path(position: number): StatusPath {
    requirePosition(position)
    const wordIndex = Math.floor(position / (WORD_BYTES * 8))
    const rest = position - wordIndex * WORD_BYTES * 8
    return { wordIndex, byte: rest >> 3, bit: rest & 7, word: this.word(wordIndex), path: this.tree.path(wordIndex) }
  }

  private word(index: number): Field {
    let value = 0n
    for (let k = WORD_BYTES - 1; k >= 0; k--) value = (value << 8n) | BigInt(this.bytes[index * WORD_BYTES + k] ?? 0)
    return toField(value)
  }
}

/** Whether a number is a position of a list. */
export function isStatusPosition(position: unknown): position is number {
  return Number.isInteger(position) && (position as number) >= 0 && (position as number) < CAPACITY
}

function requirePosition(position: number): void {
  invariant(isStatusPosition(position), `no status position ${position}`)
}

function encodeBase64Url(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

function decodeBase64Url(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return undefined
  const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
  return encodeBase64Url(bytes) === text ? bytes : undefined
}
