/** The issuer's API as OpenAPI paths. */

import type { Json } from '../hash/canonical.ts'
import type { ApiDescription } from '../http/docs.ts'

const TIME = { type: 'integer', description: 'seconds since 1970-01-01T00:00:00Z' }
const ELEMENT = { type: 'string', description: 'field element in decimal', pattern: '^(0|[1-9][0-9]{0,76})$' }
const DOCUMENT_MEMBERS = {
  schema: { type: 'string', description: 'name of a schema that this issuer issues' },
  document: { description: 'the text of a UBL XML, FHIR JSON or plain JSON document, or the document itself as JSON', oneOf: [{ type: 'string' }, { type: 'object' }] },
  format: { enum: ['json', 'ubl-2', 'fhir-r4'], description: 'left out: found out' },
  supplement: { type: 'object', description: 'members that the document does not have and the issuer knows' },
}

const SCHEMAS = {
  OfferRequest: {
    type: 'object',
    required: ['schema', 'document', 'expiresAt'],
    properties: {
      ...DOCUMENT_MEMBERS,
      expiresAt: { ...TIME, description: 'expiry of the credential, seconds since 1970' },
      replace: { type: 'boolean', description: 'revoke every earlier credential of the same record when this one is picked up' },
      offerSeconds: { type: 'integer', minimum: 60, maximum: 7_776_000, description: 'how long the code works; default a week' },
    },
  },
  Offer: { type: 'object', properties: { id: { type: 'string' }, code: { type: 'string' }, expiresAt: TIME } },
  PickUp: { type: 'object', required: ['code', 'holderId'], properties: { code: { type: 'string' }, holderId: ELEMENT } },
  Revocation: {
    description: 'one credential by its id, or all credentials of a record by its document',
    oneOf: [
      { type: 'object', required: ['credential'], properties: { credential: { type: 'string' } } },
      { type: 'object', required: ['schema', 'document'], properties: DOCUMENT_MEMBERS },
    ],
  },
  CredentialRecord: {
    type: 'object',
    properties: {
      ...{ id: { type: 'string' }, schema: ELEMENT, serial: ELEMENT, listNumber: { type: 'integer' }, statusIndex: { type: 'integer' }, commitment: ELEMENT },
      ...{ issuedAt: TIME, expiresAt: TIME, revokedAt: { oneOf: [TIME, { type: 'null' }] } },
    },
  },
} as unknown as Readonly<Record<string, Json>>

function body(name: string): Json {
  return { required: true, content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } } }
}

function answers(status: number, description: string, schema?: Json): Json {
  return { [status]: { description, ...(schema === undefined ? {} : { content: { 'application/json': { schema } } }) } }
}

const LIST = { type: 'array', items: { type: 'object' } }

export function issuerApi(organisation: string, version: string): ApiDescription {
  return {
    title: `Issuer ${organisation}`,
    version,
    description: 'Turns documents into credentials, delivers them by pick-up code, revokes them and publishes status lists. Roles: issue, revoke, view, keys.',
    schemas: SCHEMAS,
    paths: {
      '/issuer': { get: { summary: 'Who this is and what it issues', security: [], responses: answers(200, 'organisation and schemas', { type: 'object' }) } },
      '/schemas': { post: { summary: 'Issue under a schema from now on (role keys)', requestBody: { required: true, content: { 'application/json': { schema: { type: 'object' } } } }, responses: answers(201, 'added', { type: 'object' }) } },
      '/offers': { post: { summary: 'Hand in a document, get a pick-up code (role issue)', requestBody: body('OfferRequest'), responses: answers(201, 'offered', { $ref: '#/components/schemas/Offer' }) } },
      '/credentials': {
        post: { summary: 'Pick up a credential with its code', security: [], requestBody: body('PickUp'), responses: answers(201, 'the credential', { type: 'object' }) },
        get: {
          summary: 'What has been issued, in order (role view)',
          parameters: [
            { name: 'after', in: 'query', schema: { type: 'string' }, description: 'id of the last one seen' },
            { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 1000 } },
          ],
          responses: answers(200, 'records, without documents', { type: 'object', properties: { credentials: { type: 'array', items: { $ref: '#/components/schemas/CredentialRecord' } } } }),
        },
      },
      '/revocations': { post: { summary: 'Revoke and publish (role revoke)', requestBody: body('Revocation'), responses: answers(200, 'how many were revoked, and whether the registry knows', { type: 'object' }) } },
      '/status-lists': { get: { summary: 'The status lists (role view)', responses: answers(200, 'lists', { type: 'object', properties: { lists: LIST } }) } },
      '/status-lists/publish': { post: { summary: 'Publish every list that has changed (role revoke)', responses: answers(200, 'the lists that were published', { type: 'object', properties: { published: LIST } }) } },
      '/certificates': { get: { summary: 'Signed certificates of issuing keys, for the authority to accredit (role view)', responses: answers(200, 'certificates', { type: 'object', properties: { certificates: LIST } }) } },
      '/issuing-keys': {
        post: {
          summary: 'Replace the issuing key of a schema (role keys)',
          requestBody: { required: true, content: { 'application/json': { schema: { type: 'object', required: ['schema', 'reason'], properties: { schema: { type: 'string' }, reason: { enum: ['rotated', 'compromised'] } } } } } },
          responses: answers(201, 'the new key, and what the registry has to be told of the old one', { type: 'object' }),
        },
      },
    },
  }
}
