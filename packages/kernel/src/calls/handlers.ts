/**
 * Handlers as programs give them.
 * @module
 */
import { SocketError } from '../errors.ts'
import type { Handlers } from '../types.ts'

const NAMES: ReadonlySet<string> = new Set<keyof Handlers<any>>([
  'open',
  'message',
  'drain',
  'end',
  'error',
  'close',
])

/** @throws SocketError EINVAL for what is no handler */
export function checkHandlers(handlers: unknown, op: 'create' | 'attach'): asserts handlers is Handlers<any> {
  const refuse = (reason: string): SocketError => new SocketError('EINVAL', reason, { op })
  if (typeof handlers !== 'object' || handlers === null)
    throw refuse('handlers must be an object of functions, or one message function')
  for (const [name, handler] of Object.entries(handlers)) {
    if (!NAMES.has(name)) throw refuse(`'${name}' is no handler; there are ${[...NAMES].join(', ')}`)
    if (handler !== undefined && typeof handler !== 'function')
      throw refuse(`handler '${name}' is no function`)
  }
}
