/**
 * Server-sent events as text (HTML Standard, section 9.2.5).
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'

/** One event. `data` that is no string is sent as JSON. */
export interface ServerSentEvent {
  /** The event's name. @default 'message' */
  event?: string
  data?: unknown
  /** What the client says in Last-Event-ID when it comes back. */
  id?: string | number
  /** Milliseconds that the client waits before it comes back. */
  retry?: number
  /** A line that clients ignore. */
  comment?: string
}

const KEYS: ReadonlySet<string> = new Set(['event', 'data', 'id', 'retry', 'comment'])

/**
 * An event as it is sent; a string is the data of one.
 *
 * @throws {SocketError} `EINVAL` for what is no event: a line break in a name or an id would begin another field.
 */
export function formatEvent(event: unknown): string {
  if (typeof event === 'string') return `${lines('data', event)}\n`
  if (typeof event !== 'object' || event === null)
    throw new SocketError('EINVAL', `an event is a string or { event, data, id, retry }, not ${typeof event}`)
  for (const key in event)
    if (!KEYS.has(key))
      throw new SocketError(
        'EINVAL',
        `unknown key ${JSON.stringify(key)} in an event: it takes event, data, id, retry, comment`,
      )
  const { event: name, data, id, retry, comment } = event as ServerSentEvent
  let text = comment === undefined ? '' : lines('', comment)
  if (name !== undefined) text += `event: ${single('event', name)}\n`
  if (id !== undefined) text += `id: ${single('id', String(id))}\n`
  if (retry !== undefined) text += `retry: ${milliseconds(retry)}\n`
  if (data !== undefined) text += lines('data', typeof data === 'string' ? data : json(data))
  return `${text}\n`
}

function lines(field: string, text: string): string {
  let all = ''
  for (const line of text.split(/\r\n|\r|\n/)) all += `${field}: ${line}\n`
  return all
}

function single(field: string, text: unknown): string {
  if (typeof text !== 'string' || /[\r\n\0]/.test(text))
    throw new SocketError('EINVAL', `an event's ${field} is a string without line breaks and NUL`)
  return text
}

function milliseconds(retry: number): number {
  if (!Number.isInteger(retry) || retry < 0)
    throw new SocketError(
      'EINVAL',
      `an event's retry is a whole number of milliseconds, got ${String(retry)}`,
    )
  return retry
}

function json(data: unknown): string {
  const text = JSON.stringify(data)
  if (text === undefined) throw new SocketError('EBADDATA', `an event's data cannot be a ${typeof data}`)
  return text
}
