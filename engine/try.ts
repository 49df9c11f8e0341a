import v8 from 'node:v8'
v8.setFlagsFromString('--experimental-wasm-relaxed-simd')
import { Module, i32 } from './src/wasm/emit.ts'
import { FieldF64 } from './src/wasm/field-f64.ts'
import { FieldI64 } from './src/wasm/field-i64.ts'
import { mod, inverse, PAIR } from './src/wasm/field.ts'
const P = 21888242871839275222246405745257275088696311157297823662689037894645226208583n
for (const F of [FieldF64, FieldI64]) {
  const m = new Module()
  const fp = new F(m, { name: 'fp', value: P })
  m.func('loop', ['i32','i32','i32','i32'], [], (f, n, a, b, c) => { f.for(0, n!, 1, () => { f.call(fp.mul, a!, a!, b!) }) })
  m.func('loop2', ['i32','i32','i32','i32'], [], (f, n, a, b, c) => { f.for(0, n!, 1, () => { f.call(fp.mul, c!, a!, b!) }) })
  m.func('loops', ['i32','i32','i32','i32'], [], (f, n, a, b, c) => { f.for(0, n!, 1, () => { f.call(fp.sqr, c!, a!) }) })
  m.func('loopd', ['i32','i32','i32','i32'], [], (f, n, a, b, c) => { f.for(0, n!, 1, () => { f.call(fp.dot, c!, a!, b!, a!, b!) }) })
  m.func('loopr', ['i32','i32','i32','i32'], [], (f, n, a, b, c) => { f.for(0, n!, 1, () => { f.call(fp.reduce, c!, a!) }) })
  const bytes = m.bytes(false, 100)
  const memory = new WebAssembly.Memory({ initial: 10, maximum: 100 })
  const inst = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } })
  const mem = new Uint8Array(memory.buffer)
  mem.set(m.dataBytes, m.dataAddress)
  const e: any = inst.exports
  const A = 65536, B = A + 80, C = B + 80
  const rinv = inverse(fp.R, P)
  let bad = 0
  for (let i = 0; i < 3000; i++) {
    const rnd = () => { let x = 0n; for (let k = 0; k < 5; k++) x = x << 64n | BigInt(Math.floor(Math.random() * 2 ** 53)) << 10n; return mod(x, P) - (Math.random() < .5 ? P / 2n : 0n) }
    const [a0, a1, b0, b1] = [rnd(), rnd(), rnd(), rnd()]
    mem.set(fp.encode(a0, a1), A); mem.set(fp.encode(b0, b1), B)
    e.fp_mul(C, A, B)
    const [c0, c1] = fp.decode(mem.slice(C, C + 80))
    if (mod(c0 - a0 * b0 * rinv, P) !== 0n || mod(c1 - a1 * b1 * rinv, P) !== 0n) bad++
    e.fp_sqr(C, A)
    const [d0, d1] = fp.decode(mem.slice(C, C + 80))
    if (mod(d0 - a0 * a0 * rinv, P) !== 0n || mod(d1 - a1 * a1 * rinv, P) !== 0n) bad++
  }
  console.log(F.name, 'bad', bad, 'bytes', bytes.length)
  for (const name of ['loop', 'loop2', 'loops', 'loopd', 'loopr']) {
    let best = 1e9
    for (let r = 0; r < 16; r++) { const t = process.hrtime.bigint(); e[name](100000, A, B, C); best = Math.min(best, Number(process.hrtime.bigint() - t) / 200000) }
    console.log(name, best.toFixed(1), 'ns/product')
  }
}
