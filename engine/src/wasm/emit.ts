// Writes WebAssembly modules: typed expressions in, bytes out. Only what this engine uses.
//
// An expression is a type and nested arrays of bytes in stack order; statements append to the function being built.
// Functions may call only functions defined before them, so nothing recurses and each can own a static frame of scratch
// memory (see `Module.frame`).

export type Type = 'i32' | 'i64' | 'f64' | 'v128'
const TYPE_BYTE: Record<Type, number> = { i32: 0x7f, i64: 0x7e, f64: 0x7c, v128: 0x7b }

type Code = readonly (number | Code)[]
export interface Val<T extends Type = Type> { readonly type: T; readonly code: Code }
export interface Local<T extends Type = Type> extends Val<T> { readonly index: number }
export interface Func { readonly index: number; readonly name: string; readonly results: readonly Type[] }

export type I32 = Val<'i32'> | number
export type I64 = Val<'i64'> | bigint
export type F64 = Val<'f64'> | number
export type V128 = Val<'v128'>

export function unsigned(value: number): number[] {
  const bytes: number[] = []
  do {
    const low = value & 0x7f
    value >>>= 7
    bytes.push(value === 0 ? low : low | 0x80)
  } while (value !== 0)
  return bytes
}

function signed(value: bigint): number[] {
  const bytes: number[] = []
  for (;;) {
    const low = Number(value & 0x7fn)
    value >>= 7n
    if ((value === 0n && (low & 0x40) === 0) || (value === -1n && (low & 0x40) !== 0)) return [...bytes, low]
    bytes.push(low | 0x80)
  }
}

function float(value: number): number[] {
  return [...new Uint8Array(new Float64Array([value]).buffer)]
}

const val = <T extends Type>(type: T, ...code: Code): Val<T> => ({ type, code })
const int = (x: I32): Code => (typeof x === 'number' ? [0x41, signed(BigInt(x | 0))] : x.code)
const long = (x: I64): Code => (typeof x === 'bigint' ? [0x42, signed(BigInt.asIntN(64, x))] : x.code)
const real = (x: F64): Code => (typeof x === 'number' ? [0x44, float(x)] : x.code)

const int2 = (op: number) => (a: I32, b: I32) => val('i32', int(a), int(b), op)
const long2 = (op: number) => (a: I64, b: I64) => val('i64', long(a), long(b), op)
const longTest = (op: number) => (a: I64, b: I64) => val('i32', long(a), long(b), op)
const real2 = (op: number) => (a: F64, b: F64) => val('f64', real(a), real(b), op)
const simd2 = (op: number) => (a: V128, b: V128) => val('v128', a.code, b.code, 0xfd, unsigned(op))
const simd3 = (op: number) => (a: V128, b: V128, c: V128) => val('v128', a.code, b.code, c.code, 0xfd, unsigned(op))
const shift = (op: number) => (a: V128, n: I32) => val('v128', a.code, int(n), 0xfd, unsigned(op))

export const i32 = {
  of: (x: I32) => val('i32', int(x)),
  add: (a: I32, b: I32): Val<'i32'> => (b === 0 ? val('i32', int(a)) : val('i32', int(a), int(b), 0x6a)),
  sub: int2(0x6b), mul: int2(0x6c), divU: int2(0x6e), remU: int2(0x70), and: int2(0x71), or: int2(0x72), xor: int2(0x73),
  shl: int2(0x74), shrS: int2(0x75), shrU: int2(0x76), rotr: int2(0x78),
  eq: int2(0x46), ne: int2(0x47), ltS: int2(0x48), ltU: int2(0x49), gtS: int2(0x4a), gtU: int2(0x4b), leU: int2(0x4d), geU: int2(0x4f), geS: int2(0x4e),
  eqz: (a: I32) => val('i32', int(a), 0x45),
  wrap: (a: I64) => val('i32', long(a), 0xa7),
  select: (a: I32, b: I32, test: I32) => val('i32', int(a), int(b), int(test), 0x1b),
  load: (at: I32, offset = 0) => val('i32', int(at), 0x28, 2, unsigned(offset)),
  load16s: (at: I32, offset = 0) => val('i32', int(at), 0x2e, 1, unsigned(offset)),
  load8u: (at: I32, offset = 0) => val('i32', int(at), 0x2d, 0, unsigned(offset)),
}

export const i64 = {
  of: (x: I64) => val('i64', long(x)),
  add: long2(0x7c), sub: long2(0x7d), mul: long2(0x7e), and: long2(0x83), or: long2(0x84), xor: long2(0x85),
  shl: long2(0x86), shrS: long2(0x87), shrU: long2(0x88),
  ctz: (a: I64) => val('i64', long(a), 0x7a),
  eq: longTest(0x51), ne: longTest(0x52), ltS: longTest(0x53), ltU: longTest(0x54), gtS: longTest(0x55), gtU: longTest(0x56),
  eqz: (a: I64) => val('i32', long(a), 0x50),
  extendS: (a: I32) => val('i64', int(a), 0xac),
  extendU: (a: I32) => val('i64', int(a), 0xad),
  truncF64: (a: F64) => val('i64', real(a), 0xb0),
  select: (a: I64, b: I64, test: I32) => val('i64', long(a), long(b), int(test), 0x1b),
  load: (at: I32, offset = 0) => val('i64', int(at), 0x29, 3, unsigned(offset)),
  load32s: (at: I32, offset = 0) => val('i64', int(at), 0x34, 2, unsigned(offset)),
  load32u: (at: I32, offset = 0) => val('i64', int(at), 0x35, 2, unsigned(offset)),
}

export const f64 = {
  of: (x: F64) => val('f64', real(x)),
  add: real2(0xa0), sub: real2(0xa1), mul: real2(0xa2),
  nearest: (a: F64) => val('f64', real(a), 0x9e),
  convertS: (a: I64) => val('f64', long(a), 0xb9),
  load: (at: I32, offset = 0) => val('f64', int(at), 0x2b, 3, unsigned(offset)),
}

export const v128 = {
  load: (at: I32, offset = 0) => val('v128', int(at), 0xfd, 0x00, 3, unsigned(offset)),
  load64Splat: (at: I32, offset = 0) => val('v128', int(at), 0xfd, 0x0a, 3, unsigned(offset)),
  /** `base` with lane 1 replaced by the eight bytes at `at + offset`. */
  load64Lane1: (at: I32, offset: number, base: V128) => val('v128', int(at), base.code, 0xfd, 0x57, 3, unsigned(offset), 1),
  and: simd2(0x4e), or: simd2(0x50), xor: simd2(0x51),
  anyTrue: (a: V128) => val('i32', a.code, 0xfd, 0x53),
  select: simd3(0x52),
  /** Lanes swapped. */
  swap: (a: V128) => val('v128', a.code, a.code, 0xfd, 0x0d, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7),
  /** Lane 0 of `a`, lane 1 of `b`. */
  blend: (a: V128, b: V128) => val('v128', a.code, b.code, 0xfd, 0x0d, 0, 1, 2, 3, 4, 5, 6, 7, 24, 25, 26, 27, 28, 29, 30, 31),
}

export const i64x2 = {
  splat: (a: I64) => val('v128', long(a), 0xfd, 0x12),
  add: simd2(0xce), sub: simd2(0xd1), shrU: shift(0xcd), shl: shift(0xcb), eq: simd2(0xd6),
  bitmask: (a: V128) => val('i32', a.code, 0xfd, unsigned(0xc4)),
  replace1: (a: V128, x: I64) => val('v128', a.code, long(x), 0xfd, 0x1e, 1),
}

export const i32x4 = { add: simd2(0xae), sub: simd2(0xb1), splat: (a: I32) => val('v128', int(a), 0xfd, 0x11) }

export const f64x2 = {
  splat: (a: F64) => val('v128', real(a), 0xfd, 0x14),
  add: simd2(0xf0), sub: simd2(0xf1), mul: simd2(0xf2), eq: simd2(0x47),
  neg: (a: V128) => val('v128', a.code, 0xfd, unsigned(0xed)),
  /** a·b + c. Fused only where `fused()` says so. */
  madd: simd3(0x107),
}

/** A function's body under construction: statements append in order. */
export class Body {
  readonly code: (number | Code)[] = []
  readonly locals: Type[] = []
  readonly parameters: number

  constructor(parameters: number) { this.parameters = parameters }

  local<T extends Type>(type: T, initial?: Val<T>): Local<T> {
    const index = this.parameters + this.locals.length
    this.locals.push(type)
    const local = { type, index, code: [0x20, unsigned(index)] }
    if (initial) this.set(local, initial)
    return local
  }

  set<T extends Type>(local: Local<T>, value: Val<T>): void { this.code.push(value.code, 0x21, unsigned(local.index)) }

  /** `local += value` for an address or counter. */
  step(local: Local<'i32'>, by: I32): void { this.set(local, i32.add(local, by)) }

  call(func: Func, ...args: I32[]): void { this.code.push(args.map(int), 0x10, unsigned(func.index)) }

  store32(at: I32, offset: number, value: I32): void { this.code.push(int(at), int(value), 0x36, 2, unsigned(offset)) }
  store16(at: I32, offset: number, value: I32): void { this.code.push(int(at), int(value), 0x3b, 1, unsigned(offset)) }
  store64(at: I32, offset: number, value: I64): void { this.code.push(int(at), long(value), 0x37, 3, unsigned(offset)) }
  storeLong32(at: I32, offset: number, value: I64): void { this.code.push(int(at), long(value), 0x3e, 2, unsigned(offset)) }
  storeF64(at: I32, offset: number, value: F64): void { this.code.push(int(at), real(value), 0x39, 3, unsigned(offset)) }
  store(at: I32, offset: number, value: V128): void { this.code.push(int(at), value.code, 0xfd, 0x0b, 3, unsigned(offset)) }
  storeLane(at: I32, offset: number, value: V128, lane: 0 | 1): void { this.code.push(int(at), value.code, 0xfd, 0x5b, 3, unsigned(offset), lane) }
  fill(at: I32, byte: I32, length: I32): void { this.code.push(int(at), int(byte), int(length), 0xfc, 0x0b, 0x00) }
  copy(to: I32, from: I32, length: I32): void { this.code.push(int(to), int(from), int(length), 0xfc, 0x0a, 0x00, 0x00) }

  if(test: I32, then: () => void, otherwise?: () => void): void {
    this.code.push(int(test), 0x04, 0x40)
    then()
    if (otherwise) { this.code.push(0x05); otherwise() }
    this.code.push(0x0b)
  }

  while(test: () => I32, body: () => void): void {
    this.code.push(0x02, 0x40, 0x03, 0x40, int(test()), 0x45, 0x0d, 1)
    body()
    this.code.push(0x0c, 0, 0x0b, 0x0b)
  }

  /** `body(i)` for i = from, from + step, … while i < to (unsigned). */
  for(from: I32, to: I32, step: I32, body: (i: Local<'i32'>) => void): void {
    const i = this.local('i32', i32.of(from))
    this.while(() => i32.ltU(i, to), () => { body(i); this.step(i, step) })
  }

  return(value?: I32): void { this.code.push(value === undefined ? [] : int(value), 0x0f) }
  /** Leaves `value` as the function's result. */
  result(value: Val): void { this.code.push(value.code) }
}

interface Built { name: string; exported: boolean; params: readonly Type[]; results: readonly Type[]; body: Body }

/** A result as an expression. */
export const call = (func: Func, ...args: I32[]): Val<'i32'> => val('i32', args.map(int), 0x10, unsigned(func.index))

/**
 * One module. It imports `env.memory`, exports the functions asked for and one mutable global `base`, the address of the
 * calling thread's scratch frames. Constants live at fixed addresses below `dataEnd`.
 */
export class Module {
  private readonly built: Built[] = []
  private readonly data: number[] = []
  private frames = 0
  readonly base: Val<'i32'> = val('i32', 0x23, 0)
  private readonly dataStart = 1024

  func(name: string, params: readonly Type[], results: readonly Type[], build: (body: Body, ...args: Local<'i32'>[]) => void, exported = true): Func {
    const body = new Body(params.length)
    const args = params.map((type, index) => ({ type, index, code: [0x20, unsigned(index)] }) as Local<'i32'>)
    build(body, ...args)
    this.built.push({ name, exported, params, results, body })
    return { index: this.built.length - 1, name, results }
  }

  /** Reserves scratch of the calling thread, private to one function; the address is `base` plus a constant. */
  frame(bytes: number): Val<'i32'> {
    const offset = this.frames
    this.frames += (bytes + 15) & ~15
    return i32.add(this.base, offset === 0 ? i32.of(0) : offset)
  }

  /** Places constant bytes; answers their address. */
  constant(bytes: ArrayLike<number>): number {
    while (this.data.length % 16 !== 0) this.data.push(0)
    const at = this.dataStart + this.data.length
    for (let i = 0; i < bytes.length; i++) this.data.push(bytes[i]!)
    return at
  }

  /** Two equal 64-bit lanes. */
  constant64(value: bigint): number {
    const lanes = new BigUint64Array([BigInt.asUintN(64, value), BigInt.asUintN(64, value)])
    return this.constant(new Uint8Array(lanes.buffer))
  }

  constantF64(value: number): number { return this.constant(new Uint8Array(new Float64Array([value, value]).buffer)) }

  /** Overwrites a constant placed before. */
  patch64(at: number, value: bigint): void {
    const bytes = new Uint8Array(new BigUint64Array([BigInt.asUintN(64, value), BigInt.asUintN(64, value)]).buffer)
    bytes.forEach((byte, i) => { this.data[at - this.dataStart + i] = byte })
  }

  get dataEnd(): number { return this.dataStart + this.data.length }
  get frameBytes(): number { return this.frames }
  get dataBytes(): Uint8Array { return Uint8Array.from(this.data) }
  get dataAddress(): number { return this.dataStart }

  bytes(shared: boolean, maximumPages: number): Uint8Array<ArrayBuffer> {
    const out: number[] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
    const section = (id: number, content: Code) => {
      const flat = flatten(content)
      out.push(id, ...unsigned(flat.length))
      for (const byte of flat) out.push(byte)
    }
    const text = (name: string): Code => [unsigned(name.length), [...name].map((c) => c.charCodeAt(0))]
    const types = (list: readonly Type[]) => vector(list.map((t) => [TYPE_BYTE[t]]))

    section(1, vector(this.built.map((f) => [0x60, types(f.params), types(f.results)])))
    section(2, vector([[text('env'), text('memory'), 0x02, shared ? 0x03 : 0x01, unsigned(1), unsigned(maximumPages)]]))
    section(3, vector(this.built.map((_, i) => unsigned(i))))
    section(6, vector([[TYPE_BYTE.i32, 1, 0x41, 0, 0x0b]]))
    section(7, vector([
      [text('base'), 0x03, 0],
      ...this.built.flatMap((f, i) => (f.exported ? [[text(f.name), 0x00, unsigned(i)]] : [])),
    ]))
    section(10, vector(this.built.map(({ body }) => {
      const code = bodyBytes(body)
      return [unsigned(code.length), code]
    })))
    return Uint8Array.from(out)
  }
}

const vector = (items: Code[]): Code => [unsigned(items.length), items]
const bodyBytes = (body: Body): number[] => flatten([vector(body.locals.map((t) => [1, TYPE_BYTE[t]])), body.code, 0x0b])

/** A function alone, of so many addresses, as the code section of another module holds it (without its length). */
export function functionBytes(parameters: number, build: (body: Body, ...args: Local<'i32'>[]) => void): Uint8Array {
  const body = new Body(parameters)
  build(body, ...Array.from({ length: parameters }, (_, index): Local<'i32'> => ({ type: 'i32', index, code: [0x20, unsigned(index)] })))
  return Uint8Array.from(bodyBytes(body))
}

function flatten(code: Code): number[] {
  const out: number[] = []
  const walk = (part: Code): void => {
    for (const item of part) {
      if (typeof item === 'number') out.push(item)
      else walk(item)
    }
  }
  walk(code)
  return out
}
