/**
 * Generic MUD communication protocol: `Package.Name json`.
 * @module
 */

export interface GmcpMessage {
  readonly package: string
  /** Undefined where the message is the name alone. */
  readonly data: unknown
  /** The text where it is no JSON, or is nested deeper than {@link MAX_DEPTH}; `data` is then undefined. */
  readonly malformed?: string
}

/** No package needs more, and what passes it on may recurse. */
const MAX_DEPTH = 64

const SPACE = 0x20

/** @throws {TypeError} for a name with a space, or data that is no JSON. */
export function encodeGmcp(name: string, data?: unknown): Buffer {
  if (name === '' || name.includes(' ')) throw new TypeError(`not a GMCP package: ${JSON.stringify(name)}`)
  const json = data === undefined ? undefined : toJson(data)
  return Buffer.from(json === undefined ? name : `${name} ${json}`)
}

function toJson(data: unknown): string | undefined {
  try {
    return JSON.stringify(data)
  } catch (cause) {
    throw new TypeError('GMCP data must be JSON: no bigint, and nothing that contains itself', { cause })
  }
}

/** Undefined for a message without a name. */
export function decodeGmcp(payload: Buffer): GmcpMessage | undefined {
  const space = payload.indexOf(SPACE)
  const name = payload.toString('utf8', 0, space < 0 ? payload.length : space)
  if (name === '') return undefined
  const json = space < 0 ? '' : payload.toString('utf8', space + 1).trim()
  if (json === '') return { package: name, data: undefined }
  if (isTooDeep(json)) return { package: name, data: undefined, malformed: json }
  try {
    return { package: name, data: JSON.parse(json) }
  } catch {
    return { package: name, data: undefined, malformed: json }
  }
}

function isTooDeep(json: string): boolean {
  let depth = 0
  let inString = false
  for (let i = 0; i < json.length; i++) {
    const char = json[i]
    if (inString) {
      if (char === '\\') i++
      else if (char === '"') inString = false
    } else if (char === '"') inString = true
    else if (char === '{' || char === '[') {
      if (++depth > MAX_DEPTH) return true
    } else if (char === '}' || char === ']') depth--
  }
  return false
}
