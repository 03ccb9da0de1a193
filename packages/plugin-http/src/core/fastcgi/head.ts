/**
 * From a request's CGI variables (RFC 3875 section 4.1) to the head that HTTP would have had.
 * @module
 */
import { hasControls, isToken } from '../headers.ts'

export interface CgiHead {
  method: string
  /** The target as the client sent it. */
  uri: string
  /** `'1.1'`, `'2.0'` … : what the client speaks. */
  version: string
  /** Names in lower case and values in turn. */
  rawHeaders: string[]
  /** Undefined where nobody says how long the body is: its stream's end does. */
  contentLength: number | undefined
  /** Every variable, names and values in turn. */
  variables: readonly string[]
}

/** A header's variable as the header's name; `''` for a variable that is no header's. */
const headerNames = new Map<string, string>()
const MAX_HEADER_NAMES = 512

function headerName(variable: string): string {
  const known = headerNames.get(variable)
  if (known !== undefined) return known
  const name = variable.slice(5).toLowerCase().replaceAll('_', '-')
  // A client's header Proxy would be the variable HTTP_PROXY, which libraries take for the program's own proxy.
  const checked = name === 'proxy' || !isToken(name) ? '' : name
  if (headerNames.size < MAX_HEADER_NAMES) headerNames.set(variable, checked)
  return checked
}

/** Undefined: these variables make no request. */
export function readHead(variables: readonly string[]): CgiHead | undefined {
  let method = ''
  let uri = ''
  let script = ''
  let info = ''
  let query = ''
  let protocol = ''
  let server = ''
  let port = ''
  let length = ''
  let hasHost = false
  let coded = false
  const rawHeaders: string[] = []
  for (let i = 0; i + 1 < variables.length; i += 2) {
    const name = variables[i]!
    const value = variables[i + 1]!
    if (name.startsWith('HTTP_')) {
      const header = headerName(name)
      // The body's length is CONTENT_LENGTH's to say.
      if (header === '' || header === 'content-length') continue
      if (hasControls(value)) return undefined
      if (header === 'host') hasHost = true
      else if (header === 'transfer-encoding') coded = true
      rawHeaders.push(header, value)
      continue
    }
    switch (name) {
      case 'REQUEST_METHOD':
        method = value
        break
      case 'REQUEST_URI':
        uri = value
        break
      case 'SCRIPT_NAME':
        script = value
        break
      case 'PATH_INFO':
        info = value
        break
      case 'QUERY_STRING':
        query = value
        break
      case 'SERVER_PROTOCOL':
        protocol = value
        break
      case 'SERVER_NAME':
        server = value
        break
      case 'SERVER_PORT':
        port = value
        break
      case 'CONTENT_LENGTH':
        length = value
        break
      case 'CONTENT_TYPE':
        if (value === '') break
        if (hasControls(value)) return undefined
        rawHeaders.push('content-type', value)
        break
    }
  }
  if (uri === '') uri = encodeURI(script + info) + (query === '' ? '' : `?${query}`)
  if (!isToken(method) || !isTarget(uri) || !/^(?:\d{1,15})?$/.test(length)) return undefined
  if (!hasHost && server !== '') {
    if (hasControls(server + port)) return undefined
    rawHeaders.push('host', port === '' ? server : `${server}:${port}`)
  }
  // Where both are there the body was decoded from chunks, and its stream's end tells its length.
  if (length !== '' && !coded) rawHeaders.push('content-length', length)
  return {
    method,
    uri,
    version: /^HTTP\/(\d\.\d)$/.exec(protocol)?.[1] ?? '1.1',
    rawHeaders,
    contentLength: length === '' || coded ? undefined : Number(length),
    variables,
  }
}

function isTarget(uri: string): boolean {
  return uri !== '' && !uri.includes(' ') && !hasControls(uri)
}
