/**
 * `npm run bench -- prove|verify|issue|audit`: one JSON line each; `engine`: many, of engine/ beside snarkjs and others, for some minutes. Times are medians in milliseconds. Where two ways are compared they
 * take turns in one run, and their ratio is under a key that begins with `ratio_`.
 */

import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildBn128 } from 'ffjavascript'
import { groth16 } from 'snarkjs'
import { benchHashing, benchProducts, benchMemory, benchProving, benchWitnesses, benchSigning, benchTransforms, sayWhere, type Shape } from '../engine/bench/bench.ts'
import { benchVerify } from '../engine/bench/verify.ts'
import { scopeElement } from '../src/credential/commitment.ts'
import { issueCredential, parseCredential } from '../src/credential/credential.ts'
import { Directory } from '../src/credential/directory.ts'
import { holderIdOf, newHolderSecret } from '../src/credential/holder.ts'
import { newIssuingKey } from '../src/credential/issuing-key.ts'
import { StatusList } from '../src/credential/status-list.ts'
import { parseDocument } from '../src/document/document.ts'
import { parseSchema } from '../src/document/schema.ts'
import { bug } from '../src/errors/errors.ts'
import { toField, ZERO } from '../src/field/field.ts'
import { accelerate, purePermutation } from '../src/hash/poseidon.ts'
import { accelerateWithWasm } from '../src/hash/poseidon-wasm.ts'
import { openRegister } from '../src/issuer/register.ts'
import { EngineProver } from '../src/prover/engine.ts'
import { draftAnswer, type Material } from '../src/prover/proof.ts'
import { publicWires, WitnessCalculator } from '../src/prover/witness.ts'
import type { Checks, ProofClaim } from '../src/registry/checks.ts'
import { Follower, PROOFS_AT_ONCE, type Recorded } from '../src/registry/follower.ts'
import { localSetup } from '../src/setup/local.ts'
import { pinStatement, statementHash } from '../src/shape/pin.ts'
import { SHAPES } from '../src/shape/shapes.ts'
import { generateOrganisationKey } from '../src/signature/organisation-key.ts'
import { compileStatement } from '../src/statement/compiler.ts'
import { parseDefinition } from '../src/statement/definition.ts'
import { encodeRequest } from '../src/statement/parameters.ts'
import { makeRequest } from '../src/statement/request.ts'
import { engineVerifier, parseProof, parseVerificationKey, verificationKeyId } from '../src/verifier/groth16.ts'
import { attestSpecimen, matchSpecimen } from '../test/circuits/specimen.ts'
import { CHECKS, newWorld, proof, submission } from '../test/registry/specimen.ts'

const ORIGIN = 'registry.example/bench'
const HOSPITAL = 'AT:GKZ:K101'
const NOW = 1_800_000_000

const read = (path: string): unknown => JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'))
const schema = parseSchema(read('schemas/medical-invoice.json'))
const invoice = (number: number) =>
  parseDocument(schema, { number: `INV-${number}`, provider: HOSPITAL, subject: 'AT:SVNR:1234010180', date: '2026-11-03', total: '4827.50', currency: 'EUR', status: 'issued' })

/** A proof of the first story, of one hospital's invoice. */
function material(verificationKey: Material['verificationKey']): Material {
  const statement = compileStatement(parseDefinition(read('statements/medical-invoice-within-policy.json')), () => schema)
  const pinned = pinStatement(statement)
  const asked = { pinned, statement, hash: statementHash(pinned) }
  const parameters = { insured: 'AT:SVNR:1234010180', currency: 'EUR', limit: '5000.00', from: '2026-01-01', to: '2026-12-31' }
  const request = makeRequest({ origin: ORIGIN, verifier: 'AT:FN:33209', statement: asked, parameters, issuedAt: NOW - 10, expires: NOW + 600, releaseKey: generateOrganisationKey().publicKey })
  const [holderSecret, issuingKey, list] = [newHolderSecret(), newIssuingKey(), new StatusList()]
  const order = { schema, document: invoice(1), issuerOrg: HOSPITAL, holderId: holderIdOf(holderSecret, HOSPITAL), issuingKey, serialKey: new Uint8Array(32), listNumber: 1, statusIndex: 7, issuedAt: NOW - 1000, expiresAt: NOW + 1000 }
  const credential = parseCredential(issueCredential(order), schema)
  const leaf = { organisation: HOSPITAL, issuingKey, schemaId: schema.id, class: 'hospital', listId: credential.listId, listNumber: 1, statusRoot: list.root }
  const directory = new Directory([{ position: 1, leaf }])
  return {
    asked,
    request,
    parameters: encodeRequest(statement, request),
    verificationKey,
    credentials: [{ credential, issuerClass: 'hospital', status: list.path(7), directory: directory.path(1) }],
    holderSecret,
    facts: { scopes: { invoice: scopeElement(ORIGIN, 'reimbursement') }, escrowKey: null },
    directoryRoot: directory.root,
    setRoot: ZERO,
    now: NOW,
  }
}

/** The attest key, everything loaded, the inputs of one proof. */
async function loaded() {
  const { circuit, provingKey, verificationKey } = await localSetup('attest')
  const zkey = await readFile(provingKey)
  const calculator = await WitnessCalculator.load(await readFile(circuit.wasm))
  const { inputs } = draftAnswer(material(verificationKeyId(verificationKey)))
  return { key: { shape: 'attest', zkey }, verificationKey, calculator, inputs }
}

/** Ours with the witness, warm, and snarkjs on that witness with the key in memory. */
async function prove(): Promise<object> {
  const { key, calculator, inputs } = await loaded()
  const prover = new EngineProver()
  const witness = calculator.witness(inputs)
  const [ours, snarkjs, alone] = await inTurns(9, [
    () => prover.prove(key, calculator.witness(inputs)),
    () => groth16.prove({ type: 'mem', data: key.zkey }, { type: 'mem', data: witness }),
    async () => calculator.witness(inputs),
  ])
  await prover.close()
  await (await buildBn128()).terminate() // snarkjs's threads
  return { bench: 'prove', shape: 'attest', runs: 9, ours_ms: ours, witness_ms: alone, snarkjs_ms: snarkjs, ratio_snarkjs: ratio(ours, snarkjs) }
}

/** mcl with the key prepared, and snarkjs, on one proof. Both read the proof's text. */
async function verify(): Promise<object> {
  const { key, verificationKey, calculator, inputs } = await loaded()
  const witness = calculator.witness(inputs)
  const { proof: theirs } = await groth16.prove({ type: 'mem', data: key.zkey }, { type: 'mem', data: witness })
  const publicInputs = publicWires(witness, SHAPES.attest.publicInputs.length)
  const texts = publicInputs.map(String)
  const proof = { a: theirs.pi_a.slice(0, 2), b: theirs.pi_b.slice(0, 2), c: theirs.pi_c.slice(0, 2) }
  const ready = parseVerificationKey(verificationKey)
  const must = async (valid: Promise<boolean>): Promise<void> => {
    if (!(await valid)) throw new Error('a good proof was refused')
  }
  const [ours, snarkjs] = await inTurns(41, [() => must(engineVerifier.verify(ready, publicInputs, parseProof(proof))), () => must(groth16.verify(verificationKey, texts, theirs))])
  await (await buildBn128()).terminate()
  return { bench: 'verify', shape: 'attest', runs: 41, ours_ms: ours, snarkjs_ms: snarkjs, ratio_snarkjs: ratio(ours, snarkjs) }
}

/** Documents checked, signed and registered durably, one core; and the same with Poseidon in JavaScript. */
async function issue(): Promise<object> {
  const directory = await mkdtemp(join(tmpdir(), 'attestry-bench-'))
  const register = openRegister(join(directory, 'register.db'), HOSPITAL)
  try {
    register.addSchema(schema)
    let number = 0
    const batch = 100
    const some = async (): Promise<void> => {
      const requests = Array.from({ length: batch }, () => ({ document: invoice(++number), holderId: toField(number), expiresAt: NOW + 1000 }))
      register.issueMany(requests, NOW)
    }
    const [wasm, pure] = await inTurns(9, [some, some], [() => accelerateWithWasm(), async () => accelerate(purePermutation)])
    return { bench: 'issue', runs: 9, batch, credentials_per_second: Math.round((1000 * batch) / wasm), credential_ms: round(wasm / batch), ratio_pure: ratio(wasm, pure) }
  } finally {
    register.close()
    await rm(directory, { recursive: true, force: true })
  }
}

/** A log followed as an audit does, proofs verified many at once, and one by one; its proofs are made with a key's secrets. */
async function audit(): Promise<object> {
  const proofs = 512
  const world = await newWorld()
  for (let i = 0; i < proofs; i++) await world.submit(proof(submission(world)))
  const log: Recorded[] = []
  for (let from = 0; from < world.registry.size; from += 500)
    for (const entry of await world.registry.entries(from, 500)) log.push({ entry, command: await world.registry.body(entry.body) })
  await world.registry.close()
  const singly = { ...CHECKS, proofs: (claims: readonly ProofClaim[]) => Promise.all(claims.map(CHECKS.proof)) }
  const proving: ProofClaim[] = []
  await new Follower({ ...CHECKS, proofs: (claims) => (proving.push(...claims), CHECKS.proofs(claims)) }).followAll(log)
  const slices = Array.from({ length: Math.ceil(proofs / PROOFS_AT_ONCE) }, (_, i) => proving.slice(i * PROOFS_AT_ONCE, (i + 1) * PROOFS_AT_ONCE))
  const verifyAll = (checks: Checks) => async () => {
    for (const slice of slices) if ((await checks.proofs(slice)).some((verdict) => verdict !== true)) throw new Error('a good proof was refused')
  }
  const [batches, single, batchedLog, singleLog] = await inTurns(7, [verifyAll(CHECKS), verifyAll(singly), () => new Follower(CHECKS).followAll(log), () => new Follower(singly).followAll(log)])
  return { bench: 'audit', runs: 7, entries: log.length, proofs, at_once: PROOFS_AT_ONCE, proofs_ms: batches, proofs_single_ms: single, ratio_single: ratio(batches, single), log_ms: batchedLog, log_single_ms: singleLog, ratio_single_log: ratio(batchedLog, singleLog) }
}

/** The engine's own benchmarks, with the keys of the real shapes and the circuits' valid specimens as witnesses. */
async function engine(): Promise<void> {
  sayWhere()
  const shapes: Shape[] = []
  for (const [name, inputs] of [['attest', attestSpecimen()], ['match', matchSpecimen()]] as const) {
    const { circuit, provingKey, verificationKey } = await localSetup(name)
    const wasm = new Uint8Array(await readFile(circuit.wasm))
    const witness = (await WitnessCalculator.load(wasm)).witness(inputs)
    shapes.push({ name, zkey: new Uint8Array(await readFile(provingKey)), witness, verificationKey: verificationKey as object, wasm, inputs })
  }
  await benchProving(shapes)
  await benchWitnesses(shapes)
  await benchMemory(shapes)
  await benchProducts(shapes[0]?.zkey ?? bug('no shapes'))
  await benchTransforms()
  await benchVerify()
  await benchHashing()
  await benchSigning()
}

/** Medians of several ways, run in turns after one warm round; `before` prepares each way outside its time. */
async function inTurns<W extends (() => Promise<unknown>)[]>(runs: number, ways: readonly [...W], before: readonly (() => Promise<void>)[] = []): Promise<{ [K in keyof W]: number }> {
  const times = ways.map((): number[] => [])
  for (let run = -1; run < runs; run++) {
    for (const [i, way] of ways.entries()) {
      await before[i]?.()
      const start = performance.now()
      await way()
      if (run >= 0) times[i]?.push(performance.now() - start)
    }
  }
  return times.map((list) => round(list.sort((a, b) => a - b)[list.length >> 1] ?? 0)) as { [K in keyof W]: number }
}

function ratio(a: number, b: number): number {
  return Math.round((1000 * a) / b) / 1000
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100
}

const BENCHES: Readonly<Record<string, () => Promise<object | void>>> = { prove, verify, issue, audit, engine }
const names = process.argv.slice(2)
if (names.length === 0 || names.some((name) => !Object.hasOwn(BENCHES, name))) {
  console.error(`Usage: npm run bench -- ${Object.keys(BENCHES).join('|')}`)
  process.exitCode = 2
} else {
  for (const name of names) {
    const line = await BENCHES[name]?.()
    if (line) console.log(JSON.stringify(line))
  }
  if (names.includes('engine')) process.exit(0) // snarkjs's single-threaded curves cannot be ended
}
