/** The real keys of a shape, made once by the local ceremony and kept in build/keys. */

import type { ShapeName } from '../../src/shape/shapes.ts'
import { localSetup } from '../../src/setup/local.ts'
import { sha256OfFile } from '../../src/setup/digests.ts'
import { verificationKeyId } from '../../src/verifier/groth16.ts'
import type { Artefacts } from '../../src/prover/protocol.ts'
import type { Key } from './world.ts'

export interface RealKey extends Key {
  readonly artefacts: Artefacts
}

export async function realKey(shape: ShapeName): Promise<RealKey> {
  const { circuit, provingKey: zkey, verificationKey } = await localSetup(shape)
  return { verificationKey, key: verificationKeyId(verificationKey), provingKey: await sha256OfFile(zkey), artefacts: { wasm: circuit.wasm, zkey } }
}
