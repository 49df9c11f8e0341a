/**
 * A password-sealed JSON file: scrypt and XChaCha20-Poly1305, in one text that can be stored anywhere.
 *
 *     { "header": { "sealed": 1, "kdf": "scrypt", "N": 131072, "r": 8, "p": 1, "salt": "<hex, 32 bytes>",
 *                   "cipher": "xchacha20-poly1305", "nonce": "<hex, 24 bytes>" },
 *       "ciphertext": "<base64>",
 *       "checksum": "<hex, SHA-256 of canonical header ‖ 0x00 ‖ ciphertext>" }
 *
 * The canonical header is the cipher's associated data. The checksum tells a damaged file from a wrong password; it protects
 * against accidents only, the cipher's tag against everybody.
 */

import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { scryptAsync } from '@noble/hashes/scrypt.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { refuse } from '../errors/errors.ts'
import { canonicalJson, type Json, parseJson } from '../hash/canonical.ts'

/** scrypt's cost. N is a power of two; memory is 128 · N · r bytes. */
export interface Cost {
  readonly N: number
  readonly r: number
  readonly p: number
}

/** 128 MiB and about half a second. Only tests seal with less. */
export const DEFAULT_COST: Cost = { N: 2 ** 17, r: 8, p: 1 }

const MAX_COST: Cost = { N: 2 ** 20, r: 8, p: 4 }
const SALT_BYTES = 32
const NONCE_BYTES = 24
const LIMITS = { bytes: 268_435_456, depth: 4 }

interface Header {
  readonly sealed: 1
  readonly kdf: 'scrypt'
  readonly N: number
  readonly r: number
  readonly p: number
  readonly salt: string
  readonly cipher: 'xchacha20-poly1305'
  readonly nonce: string
  readonly [name: string]: Json
}

/** A key derived from a password, kept in memory while a wallet is open, so that saving costs no scrypt. */
export class SealingKey {
  readonly #bytes: Uint8Array
  readonly #salt: string
  readonly #cost: Cost

  private constructor(bytes: Uint8Array, salt: string, cost: Cost) {
    this.#bytes = bytes
    this.#salt = salt
    this.#cost = cost
  }

  static async derive(password: string, cost: Cost = DEFAULT_COST, salt: string = bytesToHex(randomBytes(SALT_BYTES))): Promise<SealingKey> {
    // NFKC: the same characters typed on two keyboards are one password.
    const options = { N: cost.N, r: cost.r, p: cost.p, dkLen: 32, maxmem: 2 ** 31 }
    return new SealingKey(await scryptAsync(utf8ToBytes(password.normalize('NFKC')), hexToBytes(salt), options), salt, cost)
  }

  /** Seals a value under a fresh nonce. */
  seal(value: Json): string {
    const nonce = bytesToHex(randomBytes(NONCE_BYTES))
    const { N, r, p } = this.#cost
    const header: Header = { sealed: 1, kdf: 'scrypt', N, r, p, salt: this.#salt, cipher: 'xchacha20-poly1305', nonce }
    const associated = utf8ToBytes(canonicalJson(header))
    const ciphertext = toBase64(xchacha20poly1305(this.#bytes, hexToBytes(nonce), associated).encrypt(utf8ToBytes(canonicalJson(value))))
    return canonicalJson({ header, ciphertext, checksum: checksumOf(header, ciphertext) })
  }

  /**
   * Opens what a key of the same password and salt sealed.
   * @throws Refusal CORRUPT, UNAUTHENTICATED (another key)
   */
  unseal(text: string): Json {
    return decrypt(parseSealed(text), this.#bytes)
  }
}

/**
 * Opens a sealed text.
 * @returns the value, and the key that seals the next version of it
 * @throws Refusal CORRUPT when the text is truncated or altered, UNAUTHENTICATED when the password is another
 */
export async function unseal(text: string, password: string): Promise<{ value: Json; key: SealingKey }> {
  const sealed = parseSealed(text)
  const { N, r, p, salt } = sealed.header
  const key = await SealingKey.derive(password, { N, r, p }, salt)
  return { value: key.unseal(text), key }
}

interface Sealed {
  readonly header: Header
  readonly ciphertext: string
}

function parseSealed(text: string): Sealed {
  const corrupt = (): never => refuse('CORRUPT', 'the sealed file is truncated or altered; restore it from a copy')
  let outer: unknown
  try {
    outer = parseJson(text, LIMITS)
  } catch {
    return corrupt()
  }
  const { header, ciphertext, checksum } = (typeof outer === 'object' && outer !== null ? outer : {}) as Record<string, unknown>
  if (!isHeader(header) || typeof ciphertext !== 'string') return corrupt()
  if (checksum !== checksumOf(header, ciphertext)) return corrupt()
  return { header, ciphertext }
}

/** The cost is bounded here: a file from outside must not make us allocate any amount of memory. */
function isHeader(value: unknown): value is Header {
  if (typeof value !== 'object' || value === null) return false
  const { sealed, kdf, N, r, p, salt, cipher, nonce } = value as Record<string, unknown>
  const between = (x: unknown, max: number): x is number => Number.isSafeInteger(x) && (x as number) >= 1 && (x as number) <= max
  return (
    sealed === 1 && kdf === 'scrypt' && cipher === 'xchacha20-poly1305' &&
    between(N, MAX_COST.N) && N > 1 && Number.isInteger(Math.log2(N)) && between(r, MAX_COST.r) && between(p, MAX_COST.p) &&
    isHex(salt, SALT_BYTES) && isHex(nonce, NONCE_BYTES)
  )
}

function decrypt({ header, ciphertext }: Sealed, key: Uint8Array): Json {
  let plaintext: Uint8Array
  try {
    plaintext = xchacha20poly1305(key, hexToBytes(header.nonce), utf8ToBytes(canonicalJson(header))).decrypt(fromBase64(ciphertext))
  } catch {
    return refuse('UNAUTHENTICATED', 'wrong password')
  }
  return JSON.parse(new TextDecoder().decode(plaintext)) as Json
}

function checksumOf(header: Header, ciphertext: string): string {
  return bytesToHex(sha256(concatBytes(utf8ToBytes(canonicalJson(header)), Uint8Array.of(0), utf8ToBytes(ciphertext))))
}

function isHex(value: unknown, bytes: number): value is string {
  return typeof value === 'string' && value.length === 2 * bytes && /^[0-9a-f]*$/.test(value)
}

function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (let i = 0; i < bytes.length; i += 32_768) binary += String.fromCharCode(...bytes.subarray(i, i + 32_768))
  return btoa(binary)
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
}
