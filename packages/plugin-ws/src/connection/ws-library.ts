/**
 * The library below, loaded without its ESM face, with what of it is not in its published types: each use of such a
 * part is guarded, so that a version without it costs speed or a detail and nothing else.
 * @module
 */
import { createRequire } from 'node:module'
import type WebSocketClass from 'ws'

const library = createRequire(import.meta.url)('ws') as typeof import('ws') & {
  Sender?: { frame?(data: Uint8Array, options: FrameOptions): Uint8Array[] }
  extension: { parse(header: string): Record<string, Record<string, (string | true)[]>[]> }
  subprotocol: { parse(header: string): Set<string> }
}

interface FrameOptions {
  fin: boolean
  rsv1: boolean
  opcode: number
  mask: boolean
  readOnly: boolean
}

interface DeflateInsides {
  _isServer?: boolean
  params?: Record<string, unknown> | null
  decompress?(data: Buffer, fin: boolean, callback: (error: Error | null, data?: Buffer) => void): void
}

type CreateError = (
  type: ErrorConstructor,
  message: string,
  prefix: boolean,
  closeCode: number,
  code: string,
) => Error

/** The parts of an open connection that are its own business. */
interface Insides {
  _extensions?: Record<string, DeflateInsides | undefined>
  _receiver?: { _compressed?: unknown; createError?: CreateError } | null
  _sender?: { _state?: unknown; _queue?: unknown; sendFrame?(frame: Uint8Array[]): void } | null
}

export const { WebSocket, WebSocketServer } = library
export type { WebSocketClass }

/** Parses `Sec-WebSocket-Extensions` (RFC 6455 section 9.1). @throws {SyntaxError} */
export const parseExtensions = (header: string) => library.extension.parse(header)

/** Parses `Sec-WebSocket-Protocol` (RFC 6455 section 11.3.4). @throws {SyntaxError} also for a name that is given twice. */
export const parseSubprotocols = (header: string): Set<string> => library.subprotocol.parse(header)

/** True for a message that is just being received and came through permessage-deflate. */
export function isCompressed(ws: WebSocketClass): boolean {
  return (ws as unknown as Insides)._receiver?._compressed === true
}

/**
 * A whole frame: unmasked, as servers send them, and not compressed, unless said otherwise. Undefined where the library
 * cannot make one.
 */
export function buildFrame(
  payload: Uint8Array,
  opcode: 1 | 2,
  { compressed = false, masked = false } = {},
): Buffer | undefined {
  const parts = library.Sender?.frame?.(payload, {
    fin: true,
    rsv1: compressed,
    opcode,
    mask: masked,
    readOnly: true,
  })
  return parts && Buffer.concat(parts)
}

/**
 * Sends a frame that was built before. False, and nothing was sent: the library has messages of this connection in work
 * that would be overtaken, or is not built as it was.
 */
export function sendBuiltFrame(ws: WebSocketClass, frame: Buffer): boolean {
  const sender = (ws as unknown as Insides)._sender
  if (sender?._state !== 0 || !Array.isArray(sender._queue) || sender._queue.length > 0) return false
  if (typeof sender.sendFrame !== 'function') return false
  sender.sendFrame([frame])
  return true
}

/** The windows of permessage-deflate that were agreed on, as powers of two, and whether each message stands alone. */
export interface Agreed {
  sending: number
  receiving: number
  /** What the peer sends refers to nothing before it. */
  standalone: boolean
}

const MAX_WINDOW_BITS = 15

/** Undefined without permessage-deflate. */
export function agreedDeflate(ws: WebSocketClass): Agreed | undefined {
  const deflate = (ws as unknown as Insides)._extensions?.['permessage-deflate']
  if (!deflate?.params) return undefined
  const { params } = deflate
  const [own, other] = deflate._isServer ? ['server', 'client'] : ['client', 'server']
  const bits = (side: string): number => (params[`${side}_max_window_bits`] as number) || MAX_WINDOW_BITS
  return {
    sending: bits(own!),
    receiving: bits(other!),
    standalone: params[`${other}_no_context_takeover`] === true,
  }
}

/** What came of inflating a message. */
export type Inflated = Buffer | 'too large' | 'malformed'

/**
 * Has whole messages inflated by a function; the library makes no inflater for the connection then. False: it is not
 * built as it was, and inflates itself.
 */
export function inflateWith(ws: WebSocketClass, inflate: (message: Buffer) => Inflated): boolean {
  const { _extensions: extensions, _receiver: receiver } = ws as unknown as Insides
  const deflate = extensions?.['permessage-deflate']
  if (typeof deflate?.decompress !== 'function' || typeof receiver?.createError !== 'function') return false
  let fragments: Buffer[] = []
  // The library goes on where it called from only if the answer comes later.
  deflate.decompress = (data, fin, callback) => {
    fragments.push(data)
    if (!fin) {
      process.nextTick(callback, null, EMPTY)
      return
    }
    const message = fragments.length === 1 ? data : Buffer.concat(fragments)
    fragments = []
    process.nextTick(() => {
      const inflated = inflate(message)
      if (typeof inflated !== 'string') callback(null, inflated)
      else callback(receiver.createError!(...FAILURES[inflated]))
    })
  }
  return true
}

const EMPTY = Buffer.alloc(0)

/** With the close codes of RFC 6455 section 7.4.1. */
const FAILURES: Readonly<Record<'too large' | 'malformed', Parameters<CreateError>>> = {
  'too large': [Error, 'Max payload size exceeded', false, 1009, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'],
  malformed: [Error, 'invalid compressed data', false, 1007, 'WS_ERR_INVALID_DEFLATE'],
}
