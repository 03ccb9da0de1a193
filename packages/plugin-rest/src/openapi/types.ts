/**
 * A route's documentation: plain OpenAPI 3.1, or the shorter forms beside it.
 * @module
 */

/** A JSON schema (draft 2020-12, as OpenAPI 3.1 has it). */
export type JsonSchema = { readonly [keyword: string]: unknown }

export type ParameterPlace = 'path' | 'query' | 'header' | 'cookie'

/** The short form of a parameter: JSON schema keywords beside where it is and whether it must be there. */
export interface ShortParameter {
  /** @default `path` for a name in the route's pattern, else `query` */
  in?: ParameterPlace
  description?: string
  /** @default true in the path, false elsewhere */
  required?: boolean
  deprecated?: boolean
  schema?: JsonSchema
  [keyword: string]: unknown
}

/** A parameter as OpenAPI 3.1 section 4.8.12 has it. */
export interface Parameter {
  name: string
  in: ParameterPlace
  description?: string
  required?: boolean
  deprecated?: boolean
  schema?: JsonSchema
  [field: string]: unknown
}

export interface MediaType {
  schema?: JsonSchema
  [field: string]: unknown
}

export interface RequestBody {
  description?: string
  required?: boolean
  content: Readonly<Record<string, MediaType>>
}

export interface Response {
  description: string
  content?: Readonly<Record<string, MediaType>>
  headers?: Readonly<Record<string, unknown>>
  [field: string]: unknown
}

/** What a route may say about itself. */
export interface RouteDocs {
  summary?: string
  description?: string
  operationId?: string
  tags?: string[]
  deprecated?: boolean
  /** A mapping by name, or OpenAPI's list. */
  parameters?: Readonly<Record<string, ShortParameter>> | readonly Parameter[]
  /** The short form of `requestBody`: the schema of a JSON body. */
  body?: JsonSchema
  /** OpenAPI's `{ content }`, or `{ schema, description?, required? }` for JSON. */
  requestBody?: RequestBody | { schema: JsonSchema; description?: string; required?: boolean }
  /** By status: OpenAPI's, or `{ description?, schema }` for JSON. */
  responses?: Readonly<Record<string | number, Partial<Response> & { schema?: JsonSchema }>>
  security?: readonly Readonly<Record<string, readonly string[]>>[]
  [field: string]: unknown
}

/** {@link RouteDocs} in the one form that everything else reads: an OpenAPI 3.1 operation. */
export interface Operation {
  readonly parameters: readonly Parameter[]
  readonly requestBody?: RequestBody
  readonly responses: Readonly<Record<string, Response>>
  readonly [field: string]: unknown
}
