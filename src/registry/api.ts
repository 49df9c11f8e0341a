/** The registry's API as OpenAPI paths. */

import type { Json } from '../hash/canonical.ts'
import type { ApiDescription } from '../http/docs.ts'
import { bodySchema, COMMAND_TYPES } from './command.ts'

const COUNT = { type: 'integer', minimum: 0 }
const ELEMENT = { type: 'string', description: 'field element in decimal', pattern: '^(0|[1-9][0-9]{0,76})$' }
const DIGEST = { type: 'string', description: 'SHA-256 in hex', pattern: '^[0-9a-f]{64}$' }
const HASHES = { type: 'array', items: { type: 'string', description: '32 bytes in base64' } }
const ANY_OBJECT = { type: 'object' }

const SCHEMAS = {
  Signature: {
    type: 'object',
    required: ['organisation', 'key', 'alg', 'value'],
    properties: { organisation: { type: 'string' }, key: DIGEST, alg: { enum: ['ed25519', 'p256'] }, value: { type: 'string', description: '64 bytes in hex' } },
  },
  Command: {
    type: 'object',
    required: ['body', 'signatures'],
    description: 'SPEC §7.1; what is signed is the canonical JSON of body after the bytes "attestry/1/envelope" and 0',
    properties: {
      body: { oneOf: COMMAND_TYPES.filter((type) => type !== 'proof.submit').map((type) => bodySchema(type)) as Json },
      signatures: { type: 'array', maxItems: 16, items: { $ref: '#/components/schemas/Signature' } },
    },
  },
  Submission: { type: 'object', description: 'SPEC §6.4; at most 16 KiB' },
  Entry: {
    type: 'object',
    required: ['entry', 'origin', 'index', 'at', 'type', 'body', 'signers', 'facts'],
    properties: { entry: { const: 1 }, origin: { type: 'string' }, index: COUNT, at: COUNT, type: { enum: COMMAND_TYPES }, body: DIGEST, signers: { type: 'array', items: { type: 'string' } }, facts: ANY_OBJECT },
  },
  Receipt: {
    type: 'object',
    required: ['receipt', 'entry', 'inclusion', 'checkpoint'],
    properties: { receipt: { const: 1 }, entry: { $ref: '#/components/schemas/Entry' }, inclusion: HASHES, checkpoint: { type: 'string', description: 'a C2SP signed note' } },
  },
} as const

const RECEIPT = { $ref: '#/components/schemas/Receipt' }
const ENTRY = { $ref: '#/components/schemas/Entry' }

export function registryApi(version: string): ApiDescription {
  return {
    title: 'Attestry registry',
    version,
    description: 'What a consortium has agreed on, and every accepted proof, in one append-only log. All of it is public; nothing here tells who asked for what.',
    schemas: SCHEMAS,
    paths: {
      '/commands': { post: operation('Record a signed command; the same one again gives the same receipt', answer(RECEIPT, 201), [], body({ $ref: '#/components/schemas/Command' })) },
      '/submissions': { post: operation('Record a proof; one of the same public inputs again gives the same receipt', answer(RECEIPT, 201), [], body({ $ref: '#/components/schemas/Submission' })) },
      '/checkpoint': { get: operation('The newest signed state of the log', { 200: { description: 'a C2SP signed note', content: { 'text/plain': { schema: { type: 'string' } } } } }) },
      '/entries': {
        get: operation('Entries from an index on, at most 1000; a page never changes', answer(object({ entries: { type: 'array', items: ENTRY }, next: COUNT, size: COUNT })), [query('from', COUNT, 0), query('limit', { type: 'integer', minimum: 1, maximum: 1000 }, 100)]),
      },
      '/entries/{index}': { get: operation('One entry', answer(ENTRY), [inPath('index', COUNT)]) },
      '/entries/{index}/receipt': { get: operation('Entry, inclusion proof and checkpoint; by default for the log just after the entry', answer(RECEIPT), [inPath('index', COUNT), query('size', COUNT)]) },
      '/log/inclusion': { get: operation('RFC 6962 inclusion proof', answer(object({ inclusion: HASHES })), [query('index', COUNT), query('size', COUNT)]) },
      '/log/consistency': { get: operation('RFC 6962 consistency proof', answer(object({ consistency: HASHES })), [query('first', COUNT), query('second', COUNT)]) },
      '/bodies/{digest}': { get: operation('A command by its digest, if it is still kept', answer(ANY_OBJECT), [inPath('digest', DIGEST)]) },
      '/view': { get: operation('The whole public state, signed by the log key (SPEC §7.3)', answer(ANY_OBJECT)) },
      '/lists/{schemaId}': { get: operation('All status lists of a schema in one download', answer(ANY_OBJECT), [inPath('schemaId', ELEMENT)]) },
      '/nullifiers/{nullifier}': { get: operation('The entry that spent a nullifier', answer(object({ index: COUNT })), [inPath('nullifier', ELEMENT)]) },
      '/keys': { get: operation('Files that can be had by their SHA-256', answer(object({ files: { type: 'array', items: object({ digest: DIGEST, name: { type: 'string' }, bytes: COUNT }) } }))) },
      '/keys/{digest}': {
        get: operation('A proving key or witness calculator by its SHA-256', { 200: { description: 'the file', content: { 'application/octet-stream': {} } } }, [inPath('digest', DIGEST)]),
      },
    },
  }
}

function operation(summary: string, responses: Json, parameters: readonly Json[] = [], requestBody?: Json): Json {
  return { summary, security: [], responses, ...(parameters.length > 0 && { parameters }), ...(requestBody !== undefined && { requestBody }) }
}

function answer(schema: Json, status = 200): Json {
  return { [status]: { description: 'accepted', content: { 'application/json': { schema } } } }
}

function body(schema: Json): Json {
  return { required: true, content: { 'application/json': { schema } } }
}

function object(properties: Readonly<Record<string, Json>>): Json {
  return { type: 'object', required: Object.keys(properties), properties }
}

function query(name: string, schema: Readonly<Record<string, Json>>, byDefault?: number): Json {
  return { name, in: 'query', required: byDefault === undefined && name !== 'size', schema: byDefault === undefined ? schema : { ...schema, default: byDefault } }
}

function inPath(name: string, schema: Json): Json {
  return { name, in: 'path', required: true, schema }
}
