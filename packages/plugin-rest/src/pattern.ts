/**
 * Route patterns: `/users/{id}`, `/users/{id:int}`, `/users/{id:uuid}`, `/files/{rest*}`.
 * A parameter is a whole segment; `{rest*}` takes the rest of the path and comes last.
 * @module
 */

export type ParamType = 'text' | 'int' | 'uuid' | 'rest'

export interface PatternParam {
  readonly name: string
  readonly type: ParamType
}

export interface Pattern {
  readonly source: string
  /** Literal text or a parameter, in order; the text between two slashes. */
  readonly segments: readonly (string | PatternParam)[]
  readonly params: readonly PatternParam[]
}

/** A pattern that cannot be read; `position` counts characters from 0. */
export class PatternError extends Error {
  readonly position: number

  constructor(source: string, position: number, reason: string) {
    super(`pattern ${JSON.stringify(source)}: ${reason} at position ${position}`)
    this.name = 'PatternError'
    this.position = position
  }
}

/** The regular expressions of typed parameters, without anchors. */
export const PARAM_EXPRESSIONS = {
  // Fifteen digits always fit a safe integer.
  int: '\\d{1,15}',
  // RFC 9562 section 4: the text form, in either case.
  uuid: '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}',
} as const

const NAME = /^[A-Za-z_][A-Za-z0-9_-]*/
const NOT_LITERAL = /[\s?#%*{}\\\p{Cc}]/u

/**
 * Reads a pattern. Literal text is written decoded: `/café`, not `/caf%C3%A9`.
 * @throws {PatternError} naming the position.
 */
export function parsePattern(source: string): Pattern {
  if (source[0] !== '/') throw new PatternError(source, 0, 'expected a leading /')
  const segments: (string | PatternParam)[] = []
  const params: PatternParam[] = []
  let position = 1
  const texts = source.slice(1).split('/')
  for (const [index, text] of texts.entries()) {
    const last = index === texts.length - 1
    const segment =
      text[0] === '{' ? parseParam(source, position, text) : parseLiteral(source, position, text, last)
    if (typeof segment !== 'string') {
      if (params.some(param => param.name === segment.name))
        throw new PatternError(source, position, `parameter ${segment.name} is there twice, the second`)
      if (segment.type === 'rest' && !last)
        throw new PatternError(
          source,
          position,
          `{${segment.name}*} takes the rest of the path and must come last; it is`,
        )
      params.push(segment)
    }
    segments.push(segment)
    position += text.length + 1
  }
  return { source, segments, params }
}

function parseLiteral(source: string, position: number, text: string, last: boolean): string {
  if (text === '' && !last) throw new PatternError(source, position, 'empty segment')
  if (text === '.' || text === '..')
    throw new PatternError(source, position, `clients never send a ${text} segment; it is`)
  const bad = NOT_LITERAL.exec(text)
  if (!bad) return text
  const reason =
    bad[0] === '{' || bad[0] === '}'
      ? `a parameter is a whole segment such as {id}; found ${bad[0]}`
      : `${JSON.stringify(bad[0])} cannot be part of a path segment; found`
  throw new PatternError(source, position + bad.index, reason)
}

function parseParam(source: string, position: number, text: string): PatternParam {
  const close = text.indexOf('}')
  if (close === -1) throw new PatternError(source, position, 'missing } for {')
  if (close !== text.length - 1)
    throw new PatternError(source, position + close + 1, 'a parameter is a whole segment; found more text')
  const name = NAME.exec(text.slice(1, close))?.[0]
  if (name === undefined) throw new PatternError(source, position + 1, 'expected a parameter name')
  const suffix = text.slice(1 + name.length, close)
  if (suffix === '') return { name, type: 'text' }
  if (suffix === '*') return { name, type: 'rest' }
  if (suffix === ':int') return { name, type: 'int' }
  if (suffix === ':uuid') return { name, type: 'uuid' }
  throw new PatternError(
    source,
    position + 1 + name.length,
    `expected {${name}}, {${name}:int}, {${name}:uuid} or {${name}*}, found ${JSON.stringify(suffix)}`,
  )
}

function join(pattern: Pattern, param: (param: PatternParam, index: number) => string): string {
  let index = 0
  let text = ''
  for (const segment of pattern.segments) {
    text += '/'
    text += typeof segment === 'string' ? segment : param(segment, index++)
  }
  return text
}

const ERASED = { text: '{}', int: '{:int}', uuid: '{:uuid}', rest: '{*}' } as const

/** The pattern with its parameters' names erased: patterns of the same key match the same paths. */
export function patternKey(pattern: Pattern): string {
  return join(pattern, param => ERASED[param.type])
}

/**
 * The pattern with names and types erased: patterns of the same shape share one place in the router's tree.
 */
export function patternShape(pattern: Pattern): string {
  return join(pattern, param => (param.type === 'int' || param.type === 'uuid' ? '{#}' : ERASED[param.type]))
}

/**
 * The pattern with all about its parameters erased: OpenAPI holds paths of one template to be the same path.
 */
export function pathTemplate(pattern: Pattern): string {
  return join(pattern, () => '{}')
}

/** The path of the OpenAPI document: `/users/{id}`. */
export function toOpenApiPath(pattern: Pattern): string {
  return join(pattern, param => `{${param.name}}`)
}

const WHOLE = {
  int: new RegExp(`^${PARAM_EXPRESSIONS.int}$`),
  uuid: new RegExp(`^${PARAM_EXPRESSIONS.uuid}$`),
}

/** Whether a parameter takes a decoded segment. Only the rest of a path may be empty. */
export function accepts(type: ParamType, value: string): boolean {
  if (type === 'int' || type === 'uuid') return WHOLE[type].test(value)
  return type === 'rest' || value !== ''
}

/**
 * Whether a pattern matches a path, given as its decoded segments.
 *
 * @param literals The segments as literal text is compared with: reserved characters that were encoded still are
 * (RFC 3986 section 2.2).
 */
export function matches(pattern: Pattern, path: readonly string[], literals = path): boolean {
  const { segments } = pattern
  for (const [index, segment] of segments.entries()) {
    if (index >= path.length) return false
    if (typeof segment === 'string' ? segment !== literals[index] : !accepts(segment.type, path[index]!))
      return false
    if (typeof segment !== 'string' && segment.type === 'rest') return true
  }
  return segments.length === path.length
}

const RANKS = { int: '1', uuid: '1', text: '2', rest: '3' } as const

/**
 * Of two patterns that match one path, the one of the lower rank is more specific: literal text before typed
 * parameters, those before `{id}`, that before `{rest*}`, from the left.
 */
export function patternRank({ segments }: Pattern): string {
  return segments.map(segment => (typeof segment === 'string' ? '0' : RANKS[segment.type])).join('')
}

/**
 * The path as find-my-way has it. Parameters are named by position, `p0` and so on, since routes of one shape
 * share it; a typed parameter matches any of the types that `types` names for its position.
 */
export function toRouterPath(
  pattern: Pattern,
  types = (index: number) => new Set([pattern.params[index]!.type]),
): string {
  let index = 0
  let text = ''
  for (const segment of pattern.segments) {
    text += '/'
    if (typeof segment === 'string') text += segment.replaceAll(':', '::')
    else if (segment.type === 'rest') text += '*'
    else text += routerParam(index, segment.type, types)
    if (typeof segment !== 'string') index++
  }
  return text
}

function routerParam(
  index: number,
  type: 'text' | 'int' | 'uuid',
  types: (index: number) => Set<ParamType>,
): string {
  if (type === 'text') return `:p${index}`
  const expressions = [...types(index)].map(known => PARAM_EXPRESSIONS[known as 'int' | 'uuid'])
  return `:p${index}(^(?:${expressions.join('|')})$)`
}
