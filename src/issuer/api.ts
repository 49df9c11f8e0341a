/** The issuer's API as OpenAPI paths. */

import type { Json } from '../hash/canonical.ts'
import type { ApiDescription } from '../http/docs.ts'

const TIME = { type: 'integer', description: 'seconds since 1970-01-01T00:00:00Z' }
const ELEMENT = { type: 'string', description: 'field element in decimal', pattern: '^(0|[1-9][0-9]{0,76})$' }
const DOCUMENT_MEMBERS = {
  schema: { type: 'string', description: 'name of a schema that this issuer issues' },
  document: {
    description: 'the text of a UBL XML, FHIR JSON or plain JSON document, or the document itself as JSON',
    oneOf: [{ type: 'string' }, { type: 'object' }],
  },
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

function json(schema: Json): Json {
  return { 'application/json': { schema } }
}

function ref(name: string): Json {
  return { $ref: `#/components/schemas/${name}` }
}

function listOf(name: string, items: Json = { type: 'object' }): Json {
  return { type: 'object', properties: { [name]: { type: 'array', items } } }
}

interface Operation {
  readonly summary: string
  /** Left out: anybody may. */
  readonly role?: string
  readonly takes?: Json
  readonly status?: number
  readonly gives: string
  readonly schema?: Json
  readonly parameters?: Json
}

function operation({ summary, role, takes, status = 200, gives, schema = { type: 'object' }, parameters }: Operation): Json {
  return {
    summary: role === undefined ? summary : `${summary} (role ${role})`,
    ...(role === undefined ? { security: [] } : {}),
    ...(parameters === undefined ? {} : { parameters }),
    ...(takes === undefined ? {} : { requestBody: { required: true, content: json(takes) } }),
    responses: { [status]: { description: gives, content: json(schema) } },
  }
}

const PAGE = [
  { name: 'after', in: 'query', schema: { type: 'string' }, description: 'id of the last one seen' },
  { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 1000 } },
]
const ROTATION = {
  type: 'object',
  required: ['schema', 'reason'],
  properties: { schema: { type: 'string' }, reason: { enum: ['rotated', 'compromised'] } },
}

const PATHS: ApiDescription['paths'] = {
  '/issuer': { get: operation({ summary: 'Who this is and what it issues', gives: 'organisation, origin and schemas' }) },
  '/schemas': { post: operation({ summary: 'Issue under a schema from now on', role: 'keys', takes: { type: 'object' }, status: 201, gives: 'added' }) },
  '/offers': {
    post: operation({ summary: 'Hand in a document, get a pick-up code', role: 'issue', takes: ref('OfferRequest'), status: 201, gives: 'offered', schema: ref('Offer') }),
  },
  '/credentials': {
    post: operation({ summary: 'Pick up a credential with its code', takes: ref('PickUp'), status: 201, gives: 'the credential' }),
    get: operation({
      ...{ summary: 'What has been issued, in order', role: 'view', parameters: PAGE },
      ...{ gives: 'records, without documents', schema: listOf('credentials', ref('CredentialRecord')) },
    }),
  },
  '/revocations': {
    post: operation({ summary: 'Revoke and publish', role: 'revoke', takes: ref('Revocation'), gives: 'how many were revoked, and whether the registry knows' }),
  },
  '/status-lists': { get: operation({ summary: 'The status lists', role: 'view', gives: 'lists', schema: listOf('lists') }) },
  '/status-lists/publish': { post: operation({ summary: 'Publish every list that has changed', role: 'revoke', gives: 'how many were published' }) },
  '/certificates': {
    get: operation({ summary: 'Signed certificates of issuing keys, for the authority to accredit', role: 'view', gives: 'certificates', schema: listOf('certificates') }),
  },
  '/issuing-keys': {
    post: operation({ summary: 'Replace the issuing key of a schema', role: 'keys', takes: ROTATION, status: 201, gives: 'the new key, and what the registry has to be told' }),
  },
}

export function issuerApi(organisation: string, version: string): ApiDescription {
  return {
    title: `Issuer ${organisation}`,
    version,
    description: 'Turns documents into credentials, delivers them by pick-up code, revokes them and publishes status lists. Roles: issue, revoke, view, keys.',
    schemas: SCHEMAS,
    paths: PATHS,
  }
}
