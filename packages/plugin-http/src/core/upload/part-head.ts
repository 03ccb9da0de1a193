/**
 * The header of a part: its name, the name of its file, its media type (RFC 7578 sections 4.2 and 4.4).
 * @module
 */
import { hasControls, isToken } from '../headers.ts'
import { RefusedForm } from './refused-form.ts'

export interface PartHead {
  readonly name: string
  /** As the client calls the file, without folders: never a path. Undefined: the part is no file. */
  readonly filename: string | undefined
  /** The media type, in lower case and without parameters. */
  readonly type: string
}

const MAX_FILENAME = 255

/**
 * Reads a part's header.
 *
 * @throws {RefusedForm} for one that does not say what the part is, or says it twice.
 */
export function parsePartHead(header: string): PartHead {
  let disposition: string | undefined
  let type: string | undefined
  for (const line of header === '' ? [] : header.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon < 0 || !isToken(line.slice(0, colon)) || hasControls(line))
      throw new RefusedForm(400, "A part's header has a line that is no field.")
    const value = line.slice(colon + 1).trim()
    switch (line.slice(0, colon).toLowerCase()) {
      case 'content-disposition':
        if (disposition !== undefined) throw twice()
        disposition = value
        break
      case 'content-type':
        if (type !== undefined) throw twice()
        type = value
        break
      case 'content-transfer-encoding':
        if (!/^(7bit|8bit|binary)$/i.test(value))
          throw new RefusedForm(
            415,
            "A part's Content-Transfer-Encoding is not taken (RFC 7578 section 4.7).",
          )
    }
  }
  return describe(disposition, type)
}

function twice(): RefusedForm {
  return new RefusedForm(400, "A part's header has a field twice.")
}

function describe(disposition: string | undefined, type: string | undefined): PartHead {
  const { value, parameters } = parseParameters(disposition ?? '')
  const name = parameters.get('name')
  if (value !== 'form-data' || name === undefined)
    throw new RefusedForm(400, 'A part does not say of which field it is.')
  const filename = parameters.get('filename')
  const isFile = filename !== undefined
  const mediaType = mediaTypeIn(type ?? (isFile ? 'application/octet-stream' : 'text/plain'))
  if (mediaType.startsWith('multipart/')) throw new RefusedForm(415, 'A part is a form of its own.')
  return {
    name: unescaped(name),
    filename: isFile ? baseName(unescaped(filename)) : undefined,
    type: mediaType,
  }
}

function mediaTypeIn(type: string): string {
  const end = type.indexOf(';')
  return (end < 0 ? type : type.slice(0, end)).trim().toLowerCase()
}

/** A value and the parameters behind it (RFC 9110 section 5.6.6); `filename*` is none that a form has. */
export function parseParameters(text: string): { value: string; parameters: Map<string, string> } {
  const end = text.indexOf(';')
  const parameters = new Map<string, string>()
  let at = end < 0 ? text.length : end
  while (at < text.length) {
    const equals = text.indexOf('=', at)
    const key = text
      .slice(at + 1, equals < 0 ? text.length : equals)
      .trim()
      .toLowerCase()
    if (equals < 0 && key === '') break
    if (equals < 0 || !isToken(key)) throw unreadable()
    const [value, next] = text[equals + 1] === '"' ? quoted(text, equals + 1) : plain(text, equals + 1)
    if (parameters.has(key)) throw new RefusedForm(400, `A parameter ${key} is there twice.`)
    parameters.set(key, value)
    at = next
  }
  return { value: (end < 0 ? text : text.slice(0, end)).trim().toLowerCase(), parameters }
}

function unreadable(): RefusedForm {
  return new RefusedForm(400, 'A parameter is neither a token nor quoted text.')
}

function plain(text: string, from: number): [value: string, next: number] {
  const end = text.indexOf(';', from)
  const value = text.slice(from, end < 0 ? text.length : end).trim()
  if (!isToken(value)) throw unreadable()
  return [value, end < 0 ? text.length : end]
}

/**
 * Browsers send a backslash as it is, other clients put one before a quote: it is one of theirs where neither a parameter
 * nor the line ends behind that quote.
 */
function quoted(text: string, from: number): [value: string, next: number] {
  let value = ''
  let begin = from + 1
  for (let at = text.indexOf('"', begin); at >= 0; at = text.indexOf('"', begin)) {
    let next = at + 1
    while (text[next] === ' ' || text[next] === '\t') next++
    if (next === text.length || text[next] === ';') return [value + text.slice(begin, at), next]
    if (text[at - 1] !== '\\') throw unreadable()
    value += `${text.slice(begin, at - 1)}"`
    begin = at + 1
  }
  throw unreadable()
}

/** Browsers escape what would end the quotes or the line (WHATWG HTML, multipart/form-data encoding). */
function unescaped(text: string): string {
  return text.replace(/%(22|0[AaDd])/g, code => String.fromCharCode(Number.parseInt(code.slice(1), 16)))
}

/** RFC 7578 section 4.2: folders that a name begins with are the client's business. */
function baseName(name: string): string {
  const base = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const clean = base.replace(/[\x00-\x1f\x7f]/g, '')
  return clean === '.' || clean === '..' ? '' : clean.slice(0, MAX_FILENAME)
}

/**
 * The boundary of a form's media type.
 *
 * @throws {RefusedForm} where there is none that RFC 2046 section 5.1.1 allows.
 */
export function boundaryOf(contentType: string): string {
  const boundary = parseParameters(contentType).parameters.get('boundary') ?? ''
  if (!/^[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]$/.test(boundary))
    throw new RefusedForm(400, 'The form names no boundary, or one that is none.')
  return boundary
}

/** Whether a Content-Type is that of a form that may have files. */
export function isForm(contentType: string | undefined): boolean {
  if (contentType === undefined || contentType.length < FORM.length) return false
  const end = contentType.indexOf(';')
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase() === FORM
}

const FORM = 'multipart/form-data'
