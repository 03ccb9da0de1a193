/**
 * Packed request bodies: which are taken, and how they are unpacked while they arrive.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { CodedBody, listCodings, MAX_CODINGS } from './coded-body.ts'
import type { DecompressRules } from './rules.ts'

/** Up to here a body may grow whatever the ratio: small ones that are mostly blank are normal. */
const FREE = 64 * 1024

/** How a request's body is to be unpacked. */
interface Coding {
  /** The outermost first. */
  readonly codings: readonly string[]
  readonly ratio: number
  body: CodedBody | undefined
}

const CODING = Symbol('unisock.http.coding')
type Coded = IncomingMessage & { [CODING]?: Coding }

/**
 * Decides about a request's Content-Encoding. Where it is going to be undone, neither it nor Content-Length is among
 * the fields that the program sees: both were about what was sent.
 *
 * @returns Undefined where the body may be read; else what would have been taken, for the Accept-Encoding of a 415
 * (RFC 9110 section 12.5.3).
 */
export function refusedCoding(
  request: IncomingMessage,
  rules: DecompressRules | undefined,
): string | undefined {
  const field = request.headers['content-encoding']
  if (field === undefined) return undefined
  const codings = listCodings(field)
  if (codings.length === 0) return undefined
  if (!rules) return 'identity'
  if (codings.length > MAX_CODINGS || !codings.every(rules.takes)) return rules.accepted
  ;(request as Coded)[CODING] = { codings: codings.toReversed(), ratio: rules.ratio, body: undefined }
  request.rawHeaders = withoutCoding(request.rawHeaders)
  return undefined
}

function withoutCoding(raw: readonly string[]): string[] {
  const kept: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase()
    if (name !== 'content-encoding' && name !== 'content-length') kept.push(raw[i]!, raw[i + 1]!)
  }
  return kept
}

/** Whether a request's body is to be unpacked. */
export function isCoded(request: IncomingMessage): boolean {
  return (request as Coded)[CODING] !== undefined
}

/** What is told of a body while it is unpacked. */
export interface Unpacked {
  /** False: wait for the request to be resumed. */
  chunk(data: Buffer): boolean
  end(): void
  /** It has more bytes than are taken, as it was sent or unpacked. */
  exceed(): void
  /** It is larger than its packed form can honestly be, or not what it is said to be. */
  refuse(status: 400 | 413, detail: string): void
}

/** Unpacks the body of a request for which {@link isCoded}, so that no more than `limit` bytes of it are ever there. */
export function unpackBody(request: IncomingMessage, limit: number, to: Unpacked): void {
  const coding = (request as Coded)[CODING]!
  let packed = 0
  let unpacked = 0
  /** With what is packed still: that may be much where nothing comes out in the end. */
  let made = 0
  let over = false
  const stop = (): void => {
    over = true
    body.destroy()
  }
  const exceed = (): void => {
    stop()
    to.exceed()
  }
  /** False: it was too much. */
  const make = (bytes: number): boolean => {
    if (over) return false
    made += bytes
    if (made <= FREE || made <= packed * coding.ratio) return true
    stop()
    to.refuse(413, `The body unpacks to more than ${coding.ratio} times its size.`)
    return false
  }
  const body = new CodedBody(coding.codings, {
    data: chunk => {
      if (!make(chunk.length)) return true
      unpacked += chunk.length
      if (unpacked <= limit) return to.chunk(chunk)
      exceed()
      return true
    },
    between: make,
    end: () => {
      if (!over) to.end()
    },
    fail: error => {
      if (over) return
      stop()
      to.refuse(400, `The body is ${error.message}.`)
    },
    hold: held => {
      if (held) request.pause()
      else request.resume()
    },
  })
  coding.body = body
  request.on('data', (chunk: Buffer) => {
    if (over) return
    packed += chunk.length
    if (packed > limit) exceed()
    else body.write(chunk)
  })
  request.on('end', () => {
    if (!over) body.end()
  })
  request.on('close', () => {
    if (!request.complete) stop()
  })
}

/** Stops unpacking: nobody wants the rest. */
export function stopUnpacking(request: IncomingMessage): void {
  const coding = (request as Coded)[CODING]
  coding?.body?.destroy()
}

/** Goes on reading a body that was held up. */
export function resumeBody(request: IncomingMessage): void {
  const body = (request as Coded)[CODING]?.body
  if (body) body.resume()
  else request.resume()
}
