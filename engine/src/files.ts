// The binary containers of the iden3 tools: a magic word, a version, and sections of (type, length, content).

export class MalformedFile extends Error {
  override readonly name = 'MalformedFile'
}

/** How a file's content may come: `fetch` gives an ArrayBuffer, Node's `readFile` a Buffer. */
export type Bytes = Uint8Array | ArrayBuffer

/** As a Uint8Array, not as a Buffer, whose `slice` shares. @throws TypeError for anything else, a path for instance */
export function bytesOf(bytes: Bytes, what: string): Uint8Array {
  if (ArrayBuffer.isView(bytes)) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (Object.prototype.toString.call(bytes) === '[object ArrayBuffer]') return new Uint8Array(bytes)
  throw new TypeError(`${what}: expected its bytes, got ${typeof bytes === 'string' ? 'a text; if it is a path, read the file first' : bytes === null ? 'null' : typeof bytes}`)
}

/** Section type → its bytes (a view of the file). @throws MalformedFile */
export function sections(file: Uint8Array, magic: string, maximumVersion: number): Map<number, Uint8Array> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const malformed = (): never => { throw new MalformedFile(`not a ${magic} file`) }
  if (file.length < 12 || String.fromCharCode(...file.subarray(0, 4)) !== magic) malformed()
  if (view.getUint32(4, true) > maximumVersion) throw new MalformedFile(`${magic}: unknown version`)
  const found = new Map<number, Uint8Array>()
  let at = 12
  for (let i = view.getUint32(8, true); i > 0; i--) {
    if (at + 12 > file.length) malformed()
    const type = view.getUint32(at, true), length = Number(view.getBigUint64(at + 4, true))
    at += 12
    if (at + length > file.length || found.has(type)) malformed()
    found.set(type, file.subarray(at, at + length))
    at += length
  }
  return found
}

export function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!)
  return value
}

export function toLittleEndian(value: bigint, length = 32): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++, value >>= 8n) bytes[i] = Number(value & 0xffn)
  return bytes
}
