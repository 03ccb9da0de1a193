/**
 * FastCGI records as they are written (FastCGI specification 1.0, sections 3.3, 5 and 8).
 * @module
 */

export const VERSION = 1
export const HEADER_SIZE = 8
/** Content of one record at most. */
export const MAX_CONTENT = 65_535
/** The largest content that needs no padding. */
const CHUNK = 65_528

export const BEGIN_REQUEST = 1
export const ABORT_REQUEST = 2
export const END_REQUEST = 3
export const PARAMS = 4
export const STDIN = 5
export const STDOUT = 6
export const DATA = 8
export const GET_VALUES = 9
export const GET_VALUES_RESULT = 10
export const UNKNOWN_TYPE = 11

/** Roles of BEGIN_REQUEST. */
export const RESPONDER = 1
/** BEGIN_REQUEST's flag: the connection is used again. */
export const KEEP_CONN = 1

/** Statuses of END_REQUEST. */
export const REQUEST_COMPLETE = 0
export const OVERLOADED = 2
export const UNKNOWN_ROLE = 3

function writeHeader(
  into: Buffer,
  at: number,
  type: number,
  id: number,
  length: number,
  padding: number,
): void {
  into[at] = VERSION
  into[at + 1] = type
  into[at + 2] = id >>> 8
  into[at + 3] = id & 0xff
  into[at + 4] = length >>> 8
  into[at + 5] = length & 0xff
  into[at + 6] = padding
  into[at + 7] = 0
}

function paddingOf(length: number): number {
  return -length & 7
}

/** One record; its content is at most {@link MAX_CONTENT} bytes. */
export function encodeRecord(type: number, id: number, content: Uint8Array): Buffer {
  const padding = paddingOf(content.length)
  const record = Buffer.allocUnsafe(HEADER_SIZE + content.length + padding)
  writeHeader(record, 0, type, id, content.length, padding)
  record.set(content, HEADER_SIZE)
  record.fill(0, HEADER_SIZE + content.length)
  return record
}

/** A stream's content, in as many records as it takes. Nothing of nothing: an empty record would end the stream. */
export function encodeStream(type: number, id: number, content: Uint8Array): Buffer[] {
  const parts: Buffer[] = []
  for (let at = 0; at < content.length; at += CHUNK)
    parts.push(encodeRecord(type, id, content.subarray(at, at + CHUNK)))
  return parts
}

/** Ends a stream. */
export function encodeEnd(type: number, id: number): Buffer {
  const record = Buffer.allocUnsafe(HEADER_SIZE)
  writeHeader(record, 0, type, id, 0, 0)
  return record
}

/** END_REQUEST: the program's exit status and the protocol's. */
export function encodeEndRequest(id: number, appStatus: number, protocolStatus: number): Buffer {
  const content = Buffer.alloc(8)
  content.writeUInt32BE(appStatus)
  content[4] = protocolStatus
  return encodeRecord(END_REQUEST, id, content)
}

/** The answer to a management record of a type that nobody knows. */
export function encodeUnknownType(type: number): Buffer {
  const content = Buffer.alloc(8)
  content[0] = type
  return encodeRecord(UNKNOWN_TYPE, 0, content)
}
