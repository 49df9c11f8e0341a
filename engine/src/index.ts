// The public face. Proving: `Engine`. Verifying needs no engine: `prepareVerificationKey`, `verify`, `verifyBatch`.

export { Engine, type EngineOptions } from './engine.ts'
export type { ProveOptions } from './prove.ts'
export { Poseidon } from './poseidon.ts'
export type { BabyJubjub, EddsaSignature, SigningRequest } from './baby-jubjub.ts'
export type { Proof } from './proof.ts'
export type { PrepareOptions, ProvingKey } from './proving-key.ts'
export type { OpenOptions } from './open-key.ts'
export { directoryStore, indexedDbStore, type KeyStore, type StoreOptions } from './key-store.ts'
export { MalformedFile } from './files.ts'
export { InvalidInput, prepareVerificationKey, verify, type PreparedVerificationKey } from './pairing/verify.ts'
export { verifyBatch, type BatchItem, type Outcome } from './pairing/batch.ts'
export { Setup, type BeaconOptions, type CheckOptions, type Checked, type Contributed, type ContributeOptions, type SetupOptions } from './setup/setup.ts'
