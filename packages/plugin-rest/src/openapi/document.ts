/**
 * The OpenAPI 3.1 document of a router.
 * @module
 */

import { PROBLEM_TYPE } from '@unisock/plugin-http/core'
import { type Pattern, pathTemplate, toOpenApiPath } from '../pattern.ts'
import { SHARED, withReferences } from './schema.ts'
import type { JsonSchema, MediaType, Operation, Response } from './types.ts'

/** The document's metadata: OpenAPI's Info object, and what stands beside it in the document. */
export interface OpenApiInfo {
  title: string
  version: string
  summary?: string
  description?: string
  termsOfService?: string
  contact?: { name?: string; url?: string; email?: string }
  license?: { name: string; identifier?: string; url?: string }
  /** Where the API is reached. @default the base path on the server that the document came from */
  servers?: { url: string; description?: string; variables?: Record<string, unknown> }[]
  tags?: { name: string; description?: string }[]
  externalDocs?: { url: string; description?: string }
  /** Prefixes every route. */
  base_path?: string
}

/** What a route brings to the document. */
export interface DocumentedRoute {
  readonly method: string
  readonly pattern: Pattern
  readonly operation: Operation
  /** Whether a token is needed, may be there, or is not looked at. */
  readonly auth: 'required' | 'optional' | 'none'
  /** Whether a valid token may still lack what the route asks for. */
  readonly restricted: boolean
  /** Whether a password will do in place of a token. */
  readonly passwords?: boolean
  /** Whether clients may ask too often. */
  readonly limited?: boolean
  /** Media types that stand in for JSON. */
  readonly formats?: readonly string[]
}

export interface DocumentParts {
  readonly info: OpenApiInfo | undefined
  /** With its leading slash and without a trailing one; '' for none. */
  readonly basePath: string
  readonly schemas: Readonly<Record<string, JsonSchema>>
  readonly routes: readonly DocumentedRoute[]
  /** Whether bearer tokens are checked at all. */
  readonly secured: boolean
}

const PROBLEM_SCHEMA: JsonSchema = {
  type: 'object',
  description: 'A problem document (RFC 9457).',
  required: ['title', 'status'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string', format: 'uri-reference' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['in', 'path', 'message'],
        properties: {
          in: { enum: ['path', 'query', 'headers', 'body'] },
          path: { type: 'string', description: 'A JSON pointer (RFC 6901).' },
          message: { type: 'string' },
        },
      },
    },
  },
}

const PROBLEMS: Readonly<Record<string, string>> = {
  '400': 'The request does not fit the description of this operation.',
  '401': 'A token or a password is missing, expired or invalid.',
  '403': 'The token does not allow this operation.',
  '429': 'The client has made too many requests; Retry-After says when to try again.',
}

/** Builds the document. Paths stand without the base path, which `servers` carries. */
export function buildDocument(parts: DocumentParts): Record<string, unknown> {
  const { info, schemas, routes, secured } = parts
  const {
    servers,
    tags,
    externalDocs,
    base_path: _inServers,
    ...about
  } = info ?? { title: 'API', version: '0.0.0' }
  const names = new Set(Object.keys(schemas))
  const paths = pathsOf(routes, secured)
  return {
    openapi: '3.1.0',
    info: about,
    servers: serversOf(servers, parts.basePath),
    ...(tags && { tags }),
    ...(externalDocs && { externalDocs }),
    paths: withReferences(paths, names, SHARED),
    components: {
      schemas: withReferences({ Problem: PROBLEM_SCHEMA, ...schemas }, names, SHARED),
      responses: problemResponses(),
      ...securitySchemes(secured, routes),
    },
  }
}

function pathsOf(
  routes: readonly DocumentedRoute[],
  secured: boolean,
): Record<string, Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {}
  const first = new Map<string, Pattern>()
  for (const route of routes) {
    const template = pathTemplate(route.pattern)
    const named = first.get(template) ?? route.pattern
    first.set(template, named)
    const path = toOpenApiPath(named)
    // Patterns that differ by a parameter's type alone share an operation too; the first one describes it.
    const operations = paths[path] ?? {}
    operations[route.method.toLowerCase()] ??= describe(renamed(route, named), secured)
    paths[path] = operations
  }
  return paths
}

/** A route whose path parameters are called as another pattern of the same template calls them. */
function renamed(route: DocumentedRoute, named: Pattern): DocumentedRoute {
  if (named === route.pattern) return route
  const names = new Map(route.pattern.params.map(({ name }, index) => [name, named.params[index]!.name]))
  const parameters = route.operation.parameters.map(parameter =>
    parameter.in === 'path' ? { ...parameter, name: names.get(parameter.name) ?? parameter.name } : parameter,
  )
  return { ...route, operation: { ...route.operation, parameters } }
}

function serversOf(servers: OpenApiInfo['servers'], basePath: string): { url: string }[] {
  if (servers === undefined || servers.length === 0) return [{ url: basePath || '/' }]
  return servers.map(server => {
    const url = server.url.endsWith('/') ? server.url.slice(0, -1) : server.url
    return { ...server, url: url.endsWith(basePath) ? server.url : url + basePath }
  })
}

/** What is said of JSON holds for the media types that stand in for it. */
function inFormats({ operation, formats = [] }: DocumentedRoute): Operation {
  if (formats.length === 0) return operation
  const { requestBody, responses } = operation
  return {
    ...operation,
    ...(requestBody && { requestBody: { ...requestBody, content: contentIn(requestBody.content, formats) } }),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, response]) => [
        status,
        response.content ? { ...response, content: contentIn(response.content, formats) } : response,
      ]),
    ),
  }
}

function contentIn(content: Content, formats: readonly string[]): Content {
  const json = content['application/json']
  if (!json) return content
  return { ...content, ...Object.fromEntries(formats.map(type => [type, content[type] ?? json])) }
}

type Content = Readonly<Record<string, MediaType>>

function securitySchemes(secured: boolean, routes: readonly DocumentedRoute[]): object {
  const passwords = routes.some(route => route.passwords)
  if (!secured && !passwords) return {}
  return {
    securitySchemes: {
      ...(secured && { bearerAuth: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } }),
      ...(passwords && { basicAuth: { type: 'http', scheme: 'basic' } }),
    },
  }
}

/** Each of them will do. */
function securityOf({ auth, restricted, passwords }: DocumentedRoute, secured: boolean): object[] {
  if (auth === 'none') return []
  const ways = [
    ...(secured ? [{ bearerAuth: [] }] : []),
    ...(passwords && !restricted ? [{ basicAuth: [] }] : []),
  ]
  return ways.length > 0 && auth === 'optional' ? [...ways, {}] : ways
}

function problemResponses(): Record<string, Response> {
  const content = { [PROBLEM_TYPE]: { schema: { $ref: `${SHARED}Problem` } } }
  return Object.fromEntries(
    Object.entries(PROBLEMS).map(([status, description]) => [`Problem${status}`, { description, content }]),
  )
}

function describe(route: DocumentedRoute, secured: boolean): Record<string, unknown> {
  const operation = inFormats(route)
  const security = securityOf(route, secured)
  const guarded = security.length > 0
  const mayFail = [
    ...(operation.parameters.length > 0 || operation.requestBody ? ['400'] : []),
    ...(guarded && route.auth === 'required' ? ['401'] : []),
    ...(guarded && route.restricted ? ['403'] : []),
    ...(route.limited ? ['429'] : []),
  ]
  const responses: Record<string, unknown> = {}
  for (const status of mayFail) responses[status] = { $ref: `#/components/responses/Problem${status}` }
  return {
    ...operation,
    ...(guarded && { security }),
    responses: { ...responses, ...operation.responses },
  }
}
