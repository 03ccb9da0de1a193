/**
 * Topic names and topic filters (MQTT 5.0 section 4.7).
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'

/** Bytes of a UTF-8 string, whose length is two bytes (section 1.5.4). */
const MAX_BYTES = 65_535

/** Topics that are known to be good: programs publish to the same ones again and again. */
const known = new Set<unknown>()
const MAX_KNOWN = 1000

/** @throws {SocketError} `EINVAL` for what nothing can be published to. */
export function checkTopic(topic: unknown, op: string): string {
  if (known.has(topic)) return topic as string
  const name = checkText(topic, 'a topic', op)
  if (name.includes('+') || name.includes('#'))
    throw new SocketError('EINVAL', `'${name}' has a wildcard: those are for subscriptions`, { op })
  if (known.size >= MAX_KNOWN) known.clear()
  known.add(name)
  return name
}

/** @throws {SocketError} `EINVAL` for what cannot be subscribed to. */
export function checkFilter(filter: unknown, op: string): string {
  const text = checkText(filter, 'a topic filter', op)
  const levels = text.split('/')
  const wrong = levels.find((level, i) =>
    level.includes('#') ? level !== '#' || i < levels.length - 1 : level.includes('+') && level !== '+',
  )
  if (wrong !== undefined)
    throw new SocketError(
      'EINVAL',
      `'${text}': a wildcard takes a whole level, and # the last one, unlike '${wrong}'`,
      { op },
    )
  return text
}

function checkText(value: unknown, what: string, op: string): string {
  const refuse = (reason: string): SocketError => new SocketError('EINVAL', `${what} ${reason}`, { op })
  if (typeof value !== 'string' || value === '') throw refuse('is a string that is not empty')
  if (value.includes('\0')) throw refuse('has no null character')
  if (!value.isWellFormed()) throw refuse('has no half of a surrogate pair')
  if (value.length * 3 > MAX_BYTES && Buffer.byteLength(value) > MAX_BYTES)
    throw refuse(`has at most ${MAX_BYTES} bytes`)
  return value
}
