/** The prover's API as OpenAPI paths. */

import type { Json } from '../hash/canonical.ts'
import type { ApiDescription } from '../http/docs.ts'

const TIME = { type: 'integer', description: 'seconds since 1970-01-01T00:00:00Z' }
const DIGEST = { type: 'string', pattern: '^[0-9a-f]{64}$' }
const ID = { type: 'string', pattern: '^[0-9a-f]{32}$' }
const CHOICE = { type: 'object', description: "the wallet's credential ids by the documents' names", additionalProperties: ID }
const SENTENCES = { type: 'array', items: { type: 'string' } }

const SCHEMAS = {
  Password: { type: 'object', required: ['password'], properties: { password: { type: 'string', minLength: 8 } } },
  Wallet: { type: 'object', properties: { exists: { type: 'boolean' }, unlocked: { type: 'boolean' }, credentials: { type: ['integer', 'null'] } } },
  Credential: { type: 'object', properties: { id: ID, schema: { type: 'string' }, title: { type: 'string' }, issuer: { type: 'string' }, issuedAt: TIME, expiresAt: TIME } },
  NewCredential: {
    oneOf: [
      { type: 'object', required: ['credential'], properties: { credential: { type: 'object', description: 'a credential file' } } },
      { type: 'object', required: ['issuer', 'code'], properties: { issuer: { type: 'string', format: 'uri', description: "address of the issuer's service" }, code: { type: 'string' } } },
    ],
  },
  NewRequest: {
    type: 'object',
    required: ['request'],
    properties: { request: { type: 'object', description: 'the signed request, as the verifier sent it' }, members: { type: 'array', description: 'members of a set whose root stands in a document' } },
  },
  Request: { type: 'object', properties: { request: DIGEST, verifier: { type: 'string' }, statement: DIGEST, expires: TIME, decision: { enum: ['undecided', 'approved', 'automatic', 'declined'] } } },
  Explanation: {
    allOf: [{ $ref: '#/components/schemas/Request' }],
    type: 'object',
    properties: {
      verifierName: { type: 'string' },
      explanation: { type: 'object', properties: { caption: { type: 'string' }, proved: SENTENCES, revealed: SENTENCES, escrowed: SENTENCES, spent: SENTENCES, hidden: SENTENCES } },
      registryLearns: SENTENCES,
      candidates: { type: 'array', items: { type: 'object', properties: { credentials: CHOICE, hiddenAmong: { type: 'object', additionalProperties: { type: 'integer' } } } } },
      failures: { type: 'array', items: { type: 'object', properties: { credentials: CHOICE, code: { type: 'string' }, reason: { type: 'string' } } } },
    },
  },
  Approval: { type: 'object', properties: { credentials: CHOICE } },
  NewProof: { type: 'object', required: ['request'], properties: { request: DIGEST, credentials: CHOICE } },
  Job: {
    type: 'object',
    properties: {
      id: ID,
      state: { enum: ['queued', 'running', 'done', 'refused', 'cancelled', 'failed'] },
      startedAt: TIME,
      refusal: { type: 'object', properties: { code: { type: 'string' }, message: { type: 'string' } } },
    },
  },
  Answer: { type: 'object', properties: { id: ID, at: TIME, verifier: { type: 'string' }, statement: DIGEST, request: DIGEST, answer: { type: 'object', description: 'for the verifier alone' }, receipt: { type: ['object', 'null'] } } },
} as unknown as Readonly<Record<string, Json>>

function takes(name: string): { requestBody: Json } {
  return { requestBody: { required: true, content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } } } }
}

function gives(name: string, description: string, status = 200): { responses: Json } {
  return { responses: { [status]: { description, content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } } } } }
}

function all(member: string, name: string, description: string): { responses: Json } {
  const schema = { type: 'object', properties: { [member]: { type: 'array', items: { $ref: `#/components/schemas/${name}` } } } }
  return { responses: { 200: { description, content: { 'application/json': { schema } } } } }
}

function at(name: string, schema: Json = ID): { parameters: Json } {
  return { parameters: [{ name, in: 'path', required: true, schema }] }
}

export function proverApi(version: string): ApiDescription {
  return {
    title: 'Prover',
    version,
    description:
      'Holds a wallet, explains what a signed request asks for, and proves what its holder approves. Roles: view, approve, prove. The name of a token is its tenant; jobs and answers are the tenant’s alone.',
    schemas: SCHEMAS,
    paths: {
      '/wallet': {
        get: { summary: 'Whether there is a wallet, and whether it is open', ...gives('Wallet', 'its state') },
        post: { summary: 'Make the wallet (role approve)', ...takes('Password'), ...gives('Wallet', 'made and open', 201) },
      },
      '/wallet/unlock': { post: { summary: 'Open the wallet (role approve)', ...takes('Password'), ...gives('Wallet', 'open') } },
      '/wallet/lock': { post: { summary: 'Close the wallet (role approve)', ...gives('Wallet', 'closed') } },
      '/wallet/holder-ids/{issuer}': {
        get: { summary: 'What an issuer is told instead of who the holder is (roles view, approve)', ...at('issuer', { type: 'string' }), responses: { 200: { description: 'the holder id, a decimal field element' } } },
      },
      '/credentials': {
        get: { summary: 'What is in the wallet (roles view, approve)', ...all('credentials', 'Credential', 'credentials') },
        post: { summary: 'Add a credential from a file or by pick-up code (role approve)', ...takes('NewCredential'), ...gives('Credential', 'added', 201) },
      },
      '/credentials/{id}': {
        get: { summary: 'A credential with its document (roles view, approve)', ...at('id'), ...gives('Credential', 'with document') },
        delete: { summary: 'Forget a credential (role approve)', ...at('id'), responses: { 204: { description: 'forgotten' } } },
      },
      '/requests': {
        post: { summary: 'Bring a signed request: what it asks for, and what could answer it', ...takes('NewRequest'), ...gives('Explanation', 'checked and explained', 201) },
        get: { summary: 'Requests that wait for a decision (role approve)', ...all('requests', 'Request', 'undecided requests') },
      },
      '/requests/{digest}': { get: { summary: 'A request, explained as things stand now', ...at('digest', DIGEST), ...gives('Explanation', 'explained') } },
      '/requests/{digest}/approve': { post: { summary: 'Let it be proved, with these credentials or any that do (role approve)', ...at('digest', DIGEST), ...takes('Approval'), ...gives('Request', 'approved') } },
      '/requests/{digest}/decline': { post: { summary: 'Do not let it be proved (role approve)', ...at('digest', DIGEST), ...gives('Request', 'declined') } },
      '/proofs': { post: { summary: 'Start proving an approved request (role prove)', ...takes('NewProof'), ...gives('Job', 'started', 202) } },
      '/proofs/{id}': {
        get: { summary: 'How a job stands (role prove)', ...at('id'), ...gives('Job', 'its state') },
        delete: { summary: 'Cancel a job (role prove)', ...at('id'), ...gives('Job', 'its last state') },
      },
      '/answers': { get: { summary: 'Answers that were given (role prove)', ...all('answers', 'Answer', 'without the answers themselves') } },
      '/answers/{id}': { get: { summary: 'An answer, to be sent to its verifier (role prove)', ...at('id'), ...gives('Answer', 'with the answer and the receipt') } },
      '/answers/{id}/submit': { post: { summary: 'Submit its proof to the registry and keep the receipt (role prove)', ...at('id'), responses: { 200: { description: 'the receipt', content: { 'application/json': { schema: { type: 'object' } } } } } } },
    },
  }
}
