/**
 * A file as an answer: with its validators, whole or in parts (RFC 9110 sections 13 and 14).
 * @module
 */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Answer } from '../answer/filter.ts'
import { discard } from '../answer/filtering.ts'
import type { Multipart } from '../answer/multipart.ts'
import type { Range } from '../answer/ranges.ts'
import { type Cut, select } from '../answer/selecting.ts'
import { formatHttpDate } from '../cache/http-date.ts'
import { PROBLEM_TYPE, problemText } from '../problem.ts'
import { BODY_FILE, BODY_JSON } from '../wire.ts'
import { includes } from './head.ts'
import { type HttpResponse, sendHead, sendWhole } from './response.ts'

/** A regular file that is open. */
export interface SentFile {
  readonly source: FileHandle
  readonly size: number
  /** Milliseconds since 1970. */
  readonly modified: number
}

/**
 * Opens a file for as long as it is used; undefined for what is none: nothing may have put a link or a pipe in its place
 * since it was found.
 *
 * @throws The system's errors.
 */
export async function useFile(
  real: string,
  use: (file: SentFile | undefined) => Promise<void> | void,
): Promise<void> {
  const source = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const found = await source.stat()
    await use(found.isFile() ? { source, size: found.size, modified: found.mtimeMs } : undefined)
  } finally {
    await source.close()
  }
}

/** RFC 9110 section 8.8: a file is known by when it was changed, and by its size. */
export function fileTag({ size, modified }: Omit<SentFile, 'source'>): string {
  return `"${size.toString(36)}-${Math.round(modified).toString(36)}"`
}

/** Sends a file, what a request wants of it, or that the client has it already. */
export async function sendFileBody(
  response: HttpResponse,
  status: number,
  fields: readonly string[],
  file: SentFile,
  defaults: readonly string[],
): Promise<void> {
  const head: Omit<Answer, 'body'> = { status, fields: [...fields], kind: BODY_FILE }
  if (!includes(fields, 'last-modified')) head.fields.push('Last-Modified', formatHttpDate(file.modified))
  if (!includes(fields, 'accept-ranges')) head.fields.push('Accept-Ranges', 'bytes')
  const selected = select(head, response.req, response, file.size, true)
  if (selected === 'nothing') {
    const problem = head.status === 304 ? null : problemText(head.status)
    if (problem) head.fields.push('Content-Type', PROBLEM_TYPE)
    sendWhole(response, head.status, head.fields, problem, BODY_JSON, defaults)
    return
  }
  head.fields.push('Content-Length', String(lengthOf(selected, file.size)))
  const streaming = sendHead(response, head.status, head.fields, BODY_FILE, defaults)
  if (streaming === 'no body' || response.req.method === 'HEAD') {
    discard(streaming)
    response.end()
  } else if (streaming.length === 0 && selected === 'all' && file.size <= SMALL) {
    response.end(await readAll(file))
  } else await pipeline([bytesOf(file, selected), ...streaming, response])
}

/** Bytes of a file that is read at once. */
const SMALL = 64 * 1024
const PIECE = 64 * 1024

/** A file that is shorter by now fails: its length was said. */
async function readAll({ source, size }: SentFile): Promise<Buffer> {
  const { bytesRead, buffer } = await source.read(Buffer.allocUnsafe(size), 0, size, 0)
  if (bytesRead < size) throw shorter()
  return buffer
}

function shorter(): Error {
  return new Error('the file has become shorter')
}

function lengthOf(selected: 'all' | Cut, size: number): number {
  if (selected === 'all') return size
  const { multipart, ranges } = selected
  return multipart ? multipart.length : ranges[0]![1] - ranges[0]![0]
}

/** What is to be sent of a file. It may grow meanwhile: no more than was said. */
function bytesOf({ source, size }: SentFile, selected: 'all' | Cut): Readable {
  if (selected === 'all') return readRange(source, [0, size])
  const { multipart, ranges } = selected
  return multipart ? Readable.from(partsOf(source, ranges, multipart)) : readRange(source, ranges[0]!)
}

function readRange(source: FileHandle, [from, to]: Range): Readable {
  if (from === to) return Readable.from([])
  return source.createReadStream({ start: from, end: to - 1, autoClose: false })
}

async function* partsOf(
  source: FileHandle,
  ranges: readonly Range[],
  { heads, end }: Multipart,
): AsyncGenerator<Buffer> {
  for (const [index, range] of ranges.entries()) {
    yield heads[index]!
    yield* piecesOf(source, range)
  }
  yield end
}

/** Reads without a stream, each of which would listen on the file. */
async function* piecesOf(source: FileHandle, [from, to]: Range): AsyncGenerator<Buffer> {
  for (let at = from; at < to; ) {
    const { bytesRead, buffer } = await source.read(Buffer.allocUnsafe(Math.min(PIECE, to - at)), {
      position: at,
    })
    if (bytesRead === 0) throw shorter()
    yield buffer.subarray(0, bytesRead)
    at += bytesRead
  }
}
