/**
 * Options 110-115: the router, its routes, its document, tokens and shared schemas.
 * @module
 */

import { JWT_SCHEMA, type JwtConfig } from '@unisock/jwt'
import { boolean, defineOption, type Schema, text, type } from '@unisock/kernel/plugin'
import { checkUpload, FORMATS_SCHEMA, UPLOAD_SCHEMA } from '@unisock/plugin-http/core'
import { CLIENT_JWT_SCHEMA, type ClientJwt } from './client/jwt.ts'
import { checkOwn } from './middleware/checks.ts'
import { CORS_SCHEMA, orOff, RATE_LIMIT_SCHEMA, ROUTE_MIDDLEWARE_SCHEMA } from './middleware/schemas.ts'
import type { OpenApiInfo } from './openapi/document.ts'
import type { JsonSchema } from './openapi/types.ts'
import { parsePattern } from './pattern.ts'
import {
  type AnyRoute,
  METHODS,
  type OnInvalid,
  type RouteAuth,
  type RouteHandler,
  type RouteLimits,
  routeKey,
} from './route.ts'

const family = 'rest'
/** REST_SERVER. */
const servers = [24]

const onInvalid: Schema = {
  enum: ['reject', 'pass'],
  description:
    'Whether a request that fails validation, authentication or routing is answered, or handed on as it is.',
}
const names: Schema = { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 } }
/** RFC 6749 section 3.3: the characters of a scope. */
const scopes: Schema = { type: 'array', minItems: 1, items: { type: 'string', pattern: '^[!#-\\[\\]-~]+$' } }
const auth: Schema = {
  description:
    'Who may call: once REST_JWT_SECRET is set, holders of a valid token unless this says otherwise.',
  anyOf: [
    { enum: ['none', 'optional', 'required'] },
    { type: 'object', additionalProperties: false, minProperties: 1, properties: { roles: names, scopes } },
  ],
}
const limits: Schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    body: {
      type: 'integer',
      minimum: 0,
      description: 'Bytes of a request body, at most HTTP_MAX_BODY_SIZE.',
    },
    depth: {
      type: 'integer',
      minimum: 1,
      maximum: 1000,
      description: 'How deep a parsed body may be nested.',
    },
  },
}
const jsonSchema: Schema = { type: 'object' }
const basePath: Schema = {
  type: 'string',
  pattern: '^(/|(/[^/?#\\s{}]+)+/?)?$',
  description: 'Prefixes every route, such as /api/v1.',
}

function checkBasePath(path: string | undefined): void {
  if (path) parsePattern(path)
}

/** REST_ROUTER_CONFIG's value. */
export interface RouterConfig {
  base_path?: string
  /** Functions that routes name as their handlers. */
  handlers?: Record<string, RouteHandler>
  /** @default 'reject' */
  onInvalid?: OnInvalid
  /** For routes that do not say. @default 'required' once REST_JWT_SECRET is set */
  auth?: RouteAuth
  /** For routes that do not say. */
  stream?: boolean
  /** For routes that do not say. */
  limits?: RouteLimits
}

/** REST_VALIDATION_SCHEMA's value. */
export interface SharedSchemas {
  /** Schemas by name: `{ $ref: 'User' }` or `{ $ref: '#/components/schemas/User' }` is one of them. */
  schemas?: Record<string, JsonSchema>
  /** Of the JSON body of routes that describe none. */
  body?: JsonSchema
  /** Properties of the query string of every route; a route's own parameters win by name. */
  query?: JsonSchema
  /** The same for request headers. */
  headers?: JsonSchema
}

/** REST_VALIDATION_SCHEMA's value on a client: an OpenAPI document of version 3.0 or 3.1, or where one is. */
export interface ClientDocument {
  openapi?: string
  info?: object
  paths?: object
  components?: object
  servers?: object[]
  /** Where the document is, as JSON. */
  url?: string
  [member: string]: unknown
}

/** REST_VALIDATION_SCHEMA's value. */
export type ClientSchemas = SharedSchemas | ClientDocument

/** The members of an OpenAPI document. */
const documentMembers: Record<string, Schema> = {
  openapi: { type: 'string' },
  info: { type: 'object' },
  jsonSchemaDialect: { type: 'string' },
  servers: { type: 'array', items: { type: 'object' } },
  paths: { type: 'object' },
  webhooks: { type: 'object' },
  components: { type: 'object' },
  security: { type: 'array' },
  tags: { type: 'array' },
  externalDocs: { type: 'object' },
}

export const REST_ROUTER_CONFIG = defineOption({
  number: 110,
  name: 'REST_ROUTER_CONFIG',
  family,
  modes: servers,
  schema: {
    type: 'object',
    description: 'The router: base path, named handlers and what holds for routes that do not say.',
    additionalProperties: false,
    properties: {
      base_path: basePath,
      handlers: { type: 'object', additionalProperties: { isFunction: true } },
      onInvalid,
      auth,
      stream: { type: 'boolean' },
      limits,
    },
  },
  value: type<RouterConfig>(),
  default: {},
  check: config => checkBasePath(config.base_path),
})

export const REST_ADD_ROUTE = defineOption({
  number: 111,
  name: 'REST_ADD_ROUTE',
  family,
  modes: servers,
  schema: {
    type: 'object',
    description: 'A route; the same method and pattern, whatever its parameters are called, replace it.',
    required: ['method', 'pattern'],
    additionalProperties: false,
    properties: {
      method: { enum: METHODS },
      pattern: text('The path: /users/{id}, {id:int}, {id:uuid}, or {rest*} at the end.'),
      handler: {
        description: 'A function, or the name of one in REST_ROUTER_CONFIG.handlers.',
        anyOf: [{ isFunction: true }, { type: 'string', minLength: 1 }],
      },
      openapi: {
        type: 'object',
        description: 'Documentation and schemas: an OpenAPI operation, or its short form.',
      },
      auth,
      onInvalid,
      stream: boolean('The body arrives as an async iterable.'),
      limits,
      upload: UPLOAD_SCHEMA,
      formats: FORMATS_SCHEMA,
      middleware: orOff(ROUTE_MIDDLEWARE_SCHEMA),
      cors: orOff(CORS_SCHEMA),
      rateLimit: orOff(RATE_LIMIT_SCHEMA),
    },
  },
  value: type<AnyRoute>(),
  journal: 'append',
  key: routeKey,
  check: definition => {
    parsePattern(definition.pattern)
    checkOwn(definition)
    checkUpload(definition.upload)
  },
})

export const REST_OPENAPI_INFO = defineOption({
  number: 112,
  name: 'REST_OPENAPI_INFO',
  family,
  modes: servers,
  schema: {
    type: 'object',
    description: "The OpenAPI document's metadata.",
    required: ['title', 'version'],
    properties: {
      title: text("The API's name."),
      version: text("The API's version."),
      summary: { type: 'string' },
      description: { type: 'string' },
      termsOfService: { type: 'string' },
      contact: { type: 'object' },
      license: { type: 'object', required: ['name'] },
      servers: {
        type: 'array',
        items: { type: 'object', required: ['url'], properties: { url: { type: 'string' } } },
      },
      tags: { type: 'array', items: { type: 'object', required: ['name'] } },
      externalDocs: { type: 'object', required: ['url'] },
      base_path: basePath,
    },
    additionalProperties: false,
    patternProperties: { '^x-': {} },
  },
  value: type<OpenApiInfo>(),
  check: info => checkBasePath(info.base_path),
})

export const REST_JWT_SECRET = defineOption({
  number: 113,
  name: 'REST_JWT_SECRET',
  family,
  schema: {
    description:
      'How bearer tokens are verified. Once set, every route needs a valid one unless it says otherwise. On a client: the token it shows, or what it makes tokens with.',
    anyOf: [...JWT_SCHEMA.anyOf, CLIENT_JWT_SCHEMA],
  },
  value: type<string | JwtConfig | ClientJwt>(),
  secret: true,
})

export const REST_DOCS_PATH = defineOption({
  number: 114,
  name: 'REST_DOCS_PATH',
  family,
  modes: servers,
  schema: {
    type: 'string',
    pattern: '^(/[^/?#\\s{}]+)+$',
    description: 'Serves Swagger UI here, and the OpenAPI document at /json and /yaml below it.',
  },
  value: type<string>(),
})

export const REST_VALIDATION_SCHEMA = defineOption({
  number: 115,
  name: 'REST_VALIDATION_SCHEMA',
  family,
  schema: {
    type: 'object',
    description:
      'Schemas that routes share, and what holds for routes that do not say. On a client: an OpenAPI document, or the url of one.',
    additionalProperties: false,
    patternProperties: { '^x-': {} },
    properties: {
      ...documentMembers,
      url: { type: 'string', pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^\\s]+$' },
      schemas: {
        type: 'object',
        propertyNames: { pattern: '^[A-Za-z0-9._-]+$' },
        additionalProperties: jsonSchema,
      },
      body: jsonSchema,
      query: jsonSchema,
      headers: jsonSchema,
    },
  },
  value: type<ClientSchemas>(),
  default: {},
})
