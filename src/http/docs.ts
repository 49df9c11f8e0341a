/**
 * The API's own description: `/openapi.json` (OpenAPI 3.1) and a page for it at `/docs`, served from here and from nowhere else.
 */

import { fileURLToPath } from 'node:url'
import { dirname } from 'node:path'
import express, { type Express } from 'express'
import type { Json } from '../hash/canonical.ts'

export interface ApiDescription {
  readonly title: string
  readonly version: string
  readonly description: string
  /** OpenAPI path items. Responses named `default` are filled in with problem+json. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>
  /** OpenAPI `components.schemas`. */
  readonly schemas?: Readonly<Record<string, Json>>
}

const PROBLEM_SCHEMA = {
  type: 'object',
  required: ['type', 'title', 'status'],
  properties: {
    type: { type: 'string', description: 'urn:attestry:problem:<code>, stable' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string' },
    detail: { type: 'string' },
    problems: {
      type: 'array',
      items: { type: 'object', properties: { path: { type: 'string' }, expected: { type: 'string' }, got: { type: 'string' } } },
    },
    instance: { type: 'string', description: 'id of the request, as in the log' },
  },
} as const

const PROBLEM_RESPONSE = { description: 'refused', content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } } as const

const OWN_PATHS = {
  '/healthz': { get: { summary: 'Whether the process is alive', security: [], responses: { 200: { description: 'alive' } } } },
  '/readyz': { get: { summary: 'Whether it takes requests now', security: [], responses: { 200: { description: 'ready' }, 503: { description: 'not ready' } } } },
  '/metrics': { get: { summary: 'Prometheus metrics', security: [], responses: { 200: { description: 'text exposition format' } } } },
}

/** The whole OpenAPI document of a service. */
export function openapi({ title, version, description, paths, schemas = {} }: ApiDescription): Json {
  return {
    openapi: '3.1.0',
    info: { title, version, description },
    security: [{ bearer: [] }],
    paths: { ...Object.fromEntries(Object.entries(paths).map(([path, item]) => [path, withProblems(item)])), ...OWN_PATHS },
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } }, schemas: { Problem: PROBLEM_SCHEMA, ...schemas } },
  }
}

/** `/openapi.json` and `/docs`. */
export function serveDocs(app: Express, document: Json): void {
  app.get('/openapi.json', (_request, response) => void response.json(document))
  app.get('/docs', (_request, response) => void response.type('html').send(PAGE))
  app.get('/docs/start.js', (_request, response) => void response.type('js').send(START))
  const assets = dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')))
  app.use('/docs', express.static(assets, { index: false, redirect: false, maxAge: '1d' }))
}

function withProblems(item: Readonly<Record<string, Json>>): Json {
  return Object.fromEntries(
    Object.entries(item).map(([method, operation]) => {
      const { responses, ...rest } = operation as { readonly responses?: Readonly<Record<string, Json>> }
      return [method, responses === undefined ? operation : { ...rest, responses: { ...responses, default: PROBLEM_RESPONSE } }]
    }),
  ) as Json
}

const PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>API</title><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="api"></div><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body>
</html>
`

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#api', presets: [SwaggerUIBundle.presets.apis], validatorUrl: null })\n`
