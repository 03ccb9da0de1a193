/**
 * Calling an operation: from its parameters and body to a request, and checking what comes back.
 * @module
 */

import { SocketError } from '@unisock/kernel/plugin'
import type { ValidateFunction } from 'ajv'
import { formOf, mediaTypeOf } from '../../media-type.ts'
import type { ApiOperation, Check } from './api-document.ts'
import { fieldText, pathText, queryPairs } from './parameters.ts'

/** What does not fit, as validation results are elsewhere. */
interface Fault {
  readonly in: 'path' | 'query' | 'header' | 'cookie' | 'body' | 'response'
  readonly path: string
  readonly message: string
}

export interface OperationRequest {
  /** The path with its query. */
  readonly path: string
  /** Names and values in turn. */
  readonly headers: readonly string[]
  readonly contentType: string | null
}

type Params = Readonly<Record<string, unknown>>
type Body = string | Uint8Array | true | null

/**
 * The request of a call.
 *
 * @throws {SocketError} `EINVAL` with `details.errors` for parameters or a body that do not fit
 */
export function operationRequest(
  operation: ApiOperation,
  params: Params,
  body: Body,
  contentType: string | null,
): OperationRequest {
  const faults = [...unknownParams(operation, params), ...misfits(operation, params)]
  const type = checkBody(operation, body, contentType, faults)
  if (faults.length > 0) throw refuse(operation, 'EINVAL', 'the call does not fit', faults)
  const query: [string, string][] = []
  const headers: string[] = []
  const cookies: string[] = []
  let path = operation.path
  for (const parameter of operation.parameters) {
    const { name } = parameter
    const value = params[name]
    if (value === undefined || value === null) continue
    if (parameter.in === 'path')
      path = path.replaceAll(
        `{${name}}`,
        segment(() => pathText(parameter, value)),
      )
    else if (parameter.in === 'query') query.push(...queryPairs(parameter, value))
    else if (parameter.in === 'header') headers.push(name, fieldText(parameter, value))
    else cookies.push(`${encodeURIComponent(name)}=${encodeURIComponent(fieldText(parameter, value))}`)
  }
  if (cookies.length > 0) headers.push('Cookie', cookies.join('; '))
  const search = new URLSearchParams(query).toString()
  return { path: search === '' ? path : `${path}?${search}`, headers, contentType: type }
}

/** A path in which `{name}` stands for a parameter. @throws {SocketError} `EINVAL` */
export function filledPath(path: string, params: Params): string {
  const left = new Set(Object.keys(params))
  const filled = path.replace(/\{([^{}]+)\}/g, (_all, name: string) => {
    if (!Object.hasOwn(params, name)) throw invalid(`params.${name} is missing`)
    left.delete(name)
    const parameter = {
      name,
      in: 'path',
      required: true,
      style: 'simple',
      explode: false,
      json: false,
    } as const
    return segment(() => pathText(parameter, params[name]))
  })
  if (left.size > 0) throw invalid(`params.${[...left][0]} is not in the path ${path}`)
  return filled
}

function segment(write: () => string): string {
  try {
    return write()
  } catch (error) {
    throw invalid((error as Error).message)
  }
}

function* unknownParams({ parameters }: ApiOperation, params: Params): Generator<Fault> {
  for (const name of Object.keys(params))
    if (!parameters.some(parameter => parameter.name === name))
      yield { in: 'query', path: `/${name}`, message: 'is not known' }
}

function* misfits({ parameters }: ApiOperation, params: Params): Generator<Fault> {
  for (const { name, in: place, required, check } of parameters) {
    const value = params[name]
    if (value === undefined || value === null) {
      if (required) yield { in: place, path: `/${name}`, message: 'is required' }
    } else yield* faultsOf(check, value, place, `/${name}`)
  }
}

/** The body's media type, where the operation knows better than who wrote it. */
function checkBody(
  { bodies, bodyRequired }: ApiOperation,
  body: Body,
  contentType: string | null,
  faults: Fault[],
): string | null {
  const fault = (message: string): null => {
    faults.push({ in: 'body', path: '', message })
    return null
  }
  if (body === null) return bodyRequired ? fault('a body is required') : null
  if (!bodies) return fault('there is to be no body')
  const media = mediaTypeOf(contentType ?? undefined)
  const known = bodies.has(media) ? media : likeness(bodies, media)
  if (known === undefined) return fault(`is ${media || 'of no type'}, not ${[...bodies.keys()].join(' or ')}`)
  const check = bodies.get(known)
  if (typeof body === 'string' && formOf(media) === 'json')
    faults.push(...faultsOf(check, JSON.parse(body), 'body', ''))
  return media === known || known.includes('*') ? contentType : known
}

/** JSON is JSON by any name, and a range takes what is in it. */
function likeness(bodies: ReadonlyMap<string, Check>, media: string): string | undefined {
  const names = [...bodies.keys()]
  const range = names.find(
    name => name === '*/*' || (name.endsWith('/*') && media.startsWith(name.slice(0, -1))),
  )
  return range ?? (formOf(media) === 'json' ? names.find(name => formOf(name) === 'json') : undefined)
}

/**
 * Checks a response.
 *
 * @throws {SocketError} `EPROTO` with `details.errors` for one that does not fit its description
 */
export function checkResponse(
  operation: ApiOperation,
  status: number,
  contentType: string | undefined,
  body: Uint8Array | null,
): void {
  const { responses } = operation
  const described =
    responses.get(String(status)) ?? responses.get(`${String(status)[0]}XX`) ?? responses.get('DEFAULT')
  // A status that is an error says so itself; one that is none has to be known.
  if (!described) {
    if (status >= 400) return
    throw refuse(operation, 'EPROTO', `answers ${status}`, [
      { in: 'response', path: '', message: `has the status ${status}, which is not described` },
    ])
  }
  const media = mediaTypeOf(contentType)
  if (described.size === 0 || (status >= 400 && media === 'application/problem+json')) return
  const known = described.has(media) ? media : likeness(described, media)
  const faults: Fault[] = []
  if (known === undefined)
    faults.push({
      in: 'response',
      path: '',
      message: `is ${media || 'of no type'}, not ${[...described.keys()].join(' or ')}`,
    })
  else if (formOf(media) === 'json') faults.push(...jsonFaults(described.get(known), body))
  if (faults.length > 0) throw refuse(operation, 'EPROTO', `answers ${status} with what does not fit`, faults)
}

function jsonFaults(check: Check, body: Uint8Array | null): Fault[] {
  try {
    return [...faultsOf(check, JSON.parse(Buffer.from(body ?? []).toString('utf8')), 'response', '')]
  } catch {
    return [{ in: 'response', path: '', message: 'is not valid JSON' }]
  }
}

/** So many are told at most. */
const MAX_FAULTS = 50

function* faultsOf(check: Check, value: unknown, place: Fault['in'], path: string): Generator<Fault> {
  if (!check || check(value)) return
  const errors = (check as ValidateFunction).errors ?? []
  for (const { instancePath, message, keyword } of errors.slice(0, MAX_FAULTS))
    yield { in: place, path: `${path}${instancePath}`, message: message ?? keyword }
}

function refuse(
  { id }: ApiOperation,
  code: 'EINVAL' | 'EPROTO',
  what: string,
  errors: readonly Fault[],
): SocketError {
  const [{ in: place, path, message }] = errors as [Fault]
  return new SocketError(code, `${id} ${what}: ${place}${path} ${message}`, {
    op: 'request',
    details: { operation: id, errors },
  })
}

function invalid(reason: string): SocketError {
  return new SocketError('EINVAL', reason, { op: 'request' })
}
