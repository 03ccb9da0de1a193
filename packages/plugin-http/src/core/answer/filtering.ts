/**
 * Runs an answer's filters.
 * @module
 */
import type { Transform, Writable } from 'node:stream'
import type { HttpResponse } from '../server/response.ts'
import { connectionOf } from '../server/tracking.ts'
import type { Answer, AnswerFilter } from './filter.ts'

/** What an answer goes through; empty for most. */
export function filtersOf(response: HttpResponse): readonly AnswerFilter[] {
  const { filters, finishing, req } = response
  const last = finishing?.filtersFor(req) ?? NONE
  return filters === undefined || filters.length === 0 ? last : [...filters, ...last]
}

const NONE: readonly AnswerFilter[] = []

/** Whether something else is made of an answer than the program did. */
export function isRemade({ filters }: HttpResponse): boolean {
  return filters?.some(({ remakes }) => remakes) === true
}

/**
 * Has filters change a whole answer, then sends it: at once where none of them takes time.
 *
 * @param send May throw for an answer that is no response: then so does this, or it is reported where it came later.
 */
export function filterWhole(
  response: HttpResponse,
  filters: readonly AnswerFilter[],
  answer: Answer,
  send: (answer: Answer) => void,
): void {
  let later: Promise<void> | undefined
  try {
    later = runFrom(0, response, filters, answer)
  } catch (error) {
    failed(response, error)
    return
  }
  if (later) void finishLater(later, response, answer, send)
  else send(answer)
}

function runFrom(
  first: number,
  response: HttpResponse,
  filters: readonly AnswerFilter[],
  answer: Answer,
): Promise<void> | undefined {
  for (let i = first; i < filters.length; i++) {
    const later = filters[i]!.whole(answer, response.req, response)
    if (later) return later.then(() => runFrom(i + 1, response, filters, answer))
  }
  return undefined
}

async function finishLater(
  later: Promise<void>,
  response: HttpResponse,
  answer: Answer,
  send: (answer: Answer) => void,
): Promise<void> {
  const { socket } = response.req
  try {
    await later
    if (socket.destroyed || response.destroyed) return
    send(answer)
    limitWriting(response)
  } catch (error) {
    failed(response, error)
  }
}

/** A client that takes nothing of what is written to it for HTTP_TIMEOUT is not waited for. */
function limitWriting({ req: { socket } }: HttpResponse): void {
  const http = connectionOf(socket)
  if (http && socket.writableLength > 0) socket.setTimeout(http.listener.settings.answers.delay)
}

/** Nobody is left to be told of it but the log and the client. */
function failed(response: HttpResponse, error: unknown): void {
  const { socket } = response.req
  const http = connectionOf(socket)
  http?.listener.socket.log('error', `a response could not be sent: ${(error as Error).message}`, {
    path: response.req.url?.split('?', 1)[0],
  })
  if (response.headersSent) socket.destroy()
  else response.giveUp()
}

/** What becomes of the body of an answer that follows in chunks. */
export type Streaming = readonly Transform[] | 'no body'

/** Has filters change the head of a streamed answer. What they throw is not caught here. */
export function filterHead(
  response: HttpResponse,
  filters: readonly AnswerFilter[],
  head: Omit<Answer, 'body'>,
): Streaming {
  const transforms: Transform[] = []
  for (const filter of filters) {
    const transform = filter.streamed?.(head, response.req, response)
    if (transform === null) {
      for (const unused of transforms) unused.destroy()
      return 'no body'
    }
    if (!transform) continue
    transforms.push(transform)
    dropLength(head.fields)
  }
  return transforms
}

/** There will be no body to go through them. */
export function discard(streaming: Streaming): void {
  if (streaming !== 'no body') for (const transform of streaming) transform.destroy()
}

function dropLength(fields: string[]): void {
  for (let i = fields.length - 2; i >= 0; i -= 2)
    if (fields[i]!.toLowerCase() === 'content-length') fields.splice(i, 2)
}

/** What watches a body on its way through transforms. */
export interface BodyWatch {
  /** The client takes no more for now. */
  stalled(): void
  /** All of it was written. */
  ended(): void
  failed(error: Error): void
}

/** Puts transforms, at least one, in front of a response; returns what the body is written to. */
export function chain(response: HttpResponse, transforms: readonly Transform[], watch: BodyWatch): Writable {
  const last = transforms.at(-1)!
  for (let i = 1; i < transforms.length; i++) transforms[i - 1]!.pipe(transforms[i]!)
  for (const transform of transforms) transform.on('error', error => watch.failed(error))
  last
    .on('data', (chunk: Buffer) => {
      if (response.destroyed || response.write(chunk)) return
      last.pause()
      watch.stalled()
    })
    .on('end', () => {
      response.end()
      watch.ended()
    })
  response
    .on('drain', () => last.resume())
    .on('close', () => {
      for (const transform of transforms) transform.destroy()
    })
  return transforms[0]!
}
