/**
 * WEBSOCKET_FILE_STREAM in the owner's thread.
 * @module
 */
import { type OwnerHalf, type OwnerPort, SocketError } from '@unisock/kernel/plugin'
import { wsOwner } from '../owner/ws-owner.ts'
import type { FileData, FileMessageWire, FileToSend, FileWire, FileWrite, FileWriteWire } from './wire.ts'

type Pieces = AsyncIterable<FileData>

let lastStream = 0

/** @throws {SocketError} `ETYPENOTSUPP`, `EINVAL`; `ENOTSUP` for what comes piece by piece and can go to one fd only. */
function encode(write: FileWrite): FileWriteWire {
  if (piecesOf(write))
    throw refuse('ENOTSUP', 'what is given piece by piece is sent by write, not by broadcast')
  return toWire(write)
}

function send(write: FileWrite, port: OwnerPort): boolean {
  const wire = toWire(write)
  const pieces = piecesOf(write)
  if (!pieces || !('send' in wire)) return port.send(wire)
  const stream = ++lastStream
  wire.send.stream = stream
  const open = port.send(wire)
  void pour(pieces, stream, port)
  return open
}

/** The streams of an fd that somebody still wants. */
function wantedOf(port: OwnerPort): Set<number> {
  return (port.state ??= new Set<number>()) as Set<number>
}

/** Gives the pieces to the worker as fast as it takes them, for as long as they are wanted. */
async function pour(pieces: Pieces, stream: number, port: OwnerPort): Promise<void> {
  const wanted = wantedOf(port)
  wanted.add(stream)
  try {
    for await (const piece of pieces) {
      const open = port.ended || port.send({ piece: [stream, bytesOf(piece)] })
      if (!open) await port.drained()
      if (port.ended || !wanted.has(stream)) return
    }
    port.send({ end: [stream, true] })
  } catch (error) {
    if (port.ended) return
    port.report(error as Error)
    port.send({ end: [stream, false] })
  } finally {
    wanted.delete(stream)
  }
}

function toWire(write: FileWrite): FileWriteWire {
  if (typeof write === 'object' && write !== null) {
    if ('send' in write) return { send: toSend(write.send) }
    if ('fetch' in write) return { fetch: toFetch(write.fetch) }
    if ('cancel' in write && Number.isInteger(write.cancel)) return { cancel: write.cancel }
  }
  throw refuse('ETYPENOTSUPP', 'this mode takes { send }, { fetch } and { cancel }')
}

function toSend(file: FileToSend): FileWire {
  const { name, path, data, size, type } = file ?? {}
  if (!isText(name)) throw refuse('EINVAL', 'send needs a name')
  if ((path === undefined) === (data === undefined)) throw refuse('EINVAL', 'send takes either path or data')
  if (type !== undefined && !isText(type)) throw refuse('EINVAL', 'the type of a file is text')
  const wire: FileWire = type === undefined ? { name } : { name, type }
  if (path !== undefined) {
    if (!isText(path)) throw refuse('EINVAL', 'the path of a file is text')
    return { ...wire, path }
  }
  if (!isPieces(data)) return { ...wire, data: bytesOf(data) }
  if (size === undefined) return wire
  if (!isCount(size)) throw refuse('EINVAL', 'a size is a count of bytes')
  return { ...wire, size }
}

function toFetch(fetch: { name: string; offset?: number }): { name: string; offset?: number } {
  const { name, offset } = fetch ?? {}
  if (!isText(name)) throw refuse('EINVAL', 'fetch needs a name')
  if (offset === undefined) return { name }
  if (!isCount(offset)) throw refuse('EINVAL', 'an offset is a count of bytes')
  return { name, offset }
}

function piecesOf(write: FileWrite): Pieces | undefined {
  const data = (write as { send?: FileToSend } | null)?.send?.data
  return isPieces(data) ? data : undefined
}

function isPieces(data: unknown): data is Pieces {
  return typeof data === 'object' && data !== null && Symbol.asyncIterator in data
}

function bytesOf(data: unknown): Uint8Array {
  if (data instanceof Uint8Array) return data
  if (typeof data === 'string') return Buffer.from(data)
  throw refuse('ETYPENOTSUPP', 'the data of a file is text, a Uint8Array, or gives these piece by piece')
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 4096
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function refuse(code: 'ETYPENOTSUPP' | 'EINVAL' | 'ENOTSUP', message: string): SocketError {
  return new SocketError(code, message, { op: 'write' })
}

/** What comes on a listener asks for admission. */
export const fileStreamOwner: OwnerHalf = {
  ...wsOwner,
  encode,
  send,
  receive: (wire, port, bytes) => {
    if (Array.isArray(wire)) return wsOwner.receive!(wire, port, bytes)
    const { stream, ...message } = wire as FileMessageWire
    if (stream !== undefined) wantedOf(port).delete(stream)
    return message as never
  },
}
