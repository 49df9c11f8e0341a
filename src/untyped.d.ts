/** The packages that ship without types, as far as this project uses them. */

declare module 'circomlibjs' {
  export interface WasmPoseidon {
    (inputs: readonly bigint[], state?: Uint8Array, outputs?: number): Uint8Array
    F: { e(value: bigint): Uint8Array; toObject(element: Uint8Array): bigint }
  }
  export function buildPoseidon(): Promise<WasmPoseidon>
  export function buildEddsa(): Promise<any>
  export function buildBabyjub(): Promise<any>
}

declare module 'snarkjs' {
  export const groth16: any
  export const zKey: any
  export const powersOfTau: any
  export const wtns: any
  export const r1cs: any
  export const curves: any
}

declare module 'circom2' {
  export const CircomRunner: any
  export const bindings: any
}

declare module 'r1csfile' {
  export const readR1cs: any
}

declare module 'ffjavascript' {
  export const getCurveFromName: any
  export const buildBn128: any
  export const ChaCha: any
  export const Scalar: any
  export const F1Field: any
  export const BigBuffer: any
}
