/**
 * An OpenAPI document as a client uses it: its operations by their ids.
 * @module
 */
import type { ValidateFunction } from 'ajv'
import { loadAjv } from '../../worker/ajv.ts'
import type { ApiParameter } from './parameters.ts'
import { child, follow, fragment, isObject, type Place } from './pointer.ts'

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const

/** The document, to ajv. */
const ID = 'unisock:api'

/** A check of a value; undefined where its description asks for nothing. */
export type Check = ValidateFunction | undefined

export interface ApiOperation {
  readonly id: string
  /** In upper case. */
  readonly method: string
  /** The template, below the server's path. */
  readonly path: string
  readonly parameters: readonly (ApiParameter & { readonly check: Check })[]
  /** By media type, in lower case; undefined where the operation takes no body. */
  readonly bodies: ReadonlyMap<string, Check> | undefined
  readonly bodyRequired: boolean
  /** By status (`200`, `4XX`, `default`), then by media type. */
  readonly responses: ReadonlyMap<string, ReadonlyMap<string, Check>>
}

export interface ApiDocument {
  readonly operations: ReadonlyMap<string, ApiOperation>
  /** Of the first server that is named. */
  readonly server: string | undefined
}

/**
 * Reads a document of OpenAPI 3.0 or 3.1.
 *
 * @throws {Error} saying where it is none
 */
export async function readApiDocument(value: unknown, loadedFrom?: URL): Promise<ApiDocument> {
  const version = isObject(value) ? value.openapi : undefined
  if (typeof version !== 'string' || !/^3\.[01](\.|$)/.test(version))
    throw new Error('not an OpenAPI 3.0 or 3.1 document: its member openapi says which it is')
  const document = version.startsWith('3.0') ? modernize(value) : value
  const make = await loadAjv()
  const ajv = make({ allErrors: true, useDefaults: false, coerceTypes: false })
  ajv.addSchema({ ...(document as object), $id: ID })
  const root: Place = { pointer: '', value: document }
  const compile = (place: Place): Check => {
    if (place.value === undefined) return undefined
    try {
      return ajv.compile({ $ref: `${ID}${fragment(place)}` })
    } catch (error) {
      throw new Error(`${place.pointer}: ${(error as Error).message}`)
    }
  }
  return {
    operations: new Map([...operationsOf(root, compile)].map(operation => [operation.id, operation])),
    server: serverOf(root, loadedFrom),
  }
}

function* operationsOf(root: Place, compile: (place: Place) => Check): Generator<ApiOperation> {
  const paths = child(root, 'paths')
  const ids = new Set<string>()
  for (const path of Object.keys(paths.value ?? {})) {
    const item = follow(root, child(paths, path))
    for (const method of METHODS) {
      const operation = child(item, method)
      const id: unknown = operation.value?.operationId
      if (typeof id !== 'string') continue
      if (ids.has(id)) throw new Error(`${operation.pointer}: there is another operation ${id}`)
      ids.add(id)
      const body = follow(root, child(operation, 'requestBody'))
      yield {
        id,
        method: method.toUpperCase(),
        path,
        parameters: parametersOf(root, [child(item, 'parameters'), child(operation, 'parameters')], compile),
        bodies: body.value === undefined ? undefined : contentOf(body, compile),
        bodyRequired: body.value?.required === true,
        responses: responsesOf(root, child(operation, 'responses'), compile),
      }
    }
  }
}

/** An operation's own parameters win over its path's. */
function parametersOf(
  root: Place,
  lists: readonly Place[],
  compile: (place: Place) => Check,
): ApiOperation['parameters'] {
  const found = new Map<string, ApiOperation['parameters'][number]>()
  for (const list of lists)
    for (const index of Object.keys(list.value ?? [])) {
      const place = follow(root, { pointer: `${list.pointer}/${index}`, value: list.value[index] })
      const { name, in: where, required, style, explode, content } = place.value
      if (typeof name !== 'string' || !['path', 'query', 'header', 'cookie'].includes(where))
        throw new Error(`${place.pointer}: a parameter has name and in`)
      const chosen: string = style ?? (where === 'query' || where === 'cookie' ? 'form' : 'simple')
      const media = Object.keys(content ?? {})[0]
      const schema = media === undefined ? place : child(child(place, 'content'), media)
      found.set(`${where} ${name}`, {
        name,
        in: where,
        required: required === true || where === 'path',
        style: chosen,
        explode: explode ?? chosen === 'form',
        json: media !== undefined,
        check: compile(child(schema, 'schema')),
      })
    }
  return [...found.values()]
}

function responsesOf(
  root: Place,
  responses: Place,
  compile: (place: Place) => Check,
): ApiOperation['responses'] {
  const found = new Map<string, ReadonlyMap<string, Check>>()
  for (const status of Object.keys(responses.value ?? {}))
    found.set(status.toUpperCase(), contentOf(follow(root, child(responses, status)), compile))
  return found
}

function contentOf(place: Place, compile: (place: Place) => Check): ReadonlyMap<string, Check> {
  const content = child(place, 'content')
  const found = new Map<string, Check>()
  for (const media of Object.keys(content.value ?? {}))
    found.set(media.toLowerCase(), compile(child(child(content, media), 'schema')))
  return found
}

function serverOf(root: Place, loadedFrom: URL | undefined): string | undefined {
  const server = root.value.servers?.[0]
  if (typeof server?.url !== 'string') return loadedFrom && new URL('/', loadedFrom).href
  const url = server.url.replace(/\{([^}]*)\}/g, (_all: string, name: string) =>
    String(server.variables?.[name]?.default ?? ''),
  )
  try {
    return new URL(url, loadedFrom).href
  } catch {
    return undefined
  }
}

/** The keywords of OpenAPI 3.0 that JSON Schema has written differently since. */
function modernize(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(modernize)
  if (!isObject(value)) return value
  const copy: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) copy[key] = modernize(item)
  for (const bound of ['Minimum', 'Maximum'] as const) {
    const exclusive = `exclusive${bound}`
    const plain = bound.toLowerCase()
    if (typeof copy[exclusive] !== 'boolean') continue
    if (copy[exclusive] && typeof copy[plain] === 'number') copy[exclusive] = copy[plain]
    else delete copy[exclusive]
  }
  return copy
}
