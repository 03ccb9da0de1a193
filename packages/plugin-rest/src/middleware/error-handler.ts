/**
 * REST_ERROR_HANDLER in the program's thread.
 * @module
 */
import type { OwnerPort } from '@unisock/kernel/plugin'
import { REST_ROUTER_CONFIG } from '../options.ts'
import { isProblem } from '../problem.ts'
import { isReply } from '../reply.ts'
import { REST_ERROR_HANDLER } from './options.ts'
import type { ErrorHandler } from './types.ts'

/** The function, where there is one. */
export function errorHandlerOf(port: OwnerPort): ErrorHandler | undefined {
  const value = port.option(REST_ERROR_HANDLER)
  if (!value) return undefined
  const handler = typeof value === 'object' ? value.handler : value
  if (typeof handler !== 'string') return handler
  const handlers = port.option(REST_ROUTER_CONFIG).handlers ?? {}
  const named = Object.hasOwn(handlers, handler) ? handlers[handler] : undefined
  return named as ErrorHandler | undefined
}

/** The answer for an error: a reply or a problem. Undefined: the one that there would be without a handler. */
export async function handledError(
  handle: ErrorHandler,
  error: unknown,
  request: Parameters<ErrorHandler>[1],
): Promise<unknown> {
  const answer = await handle(error, request)
  if (answer === undefined || isReply(answer) || isProblem(answer)) return answer
  throw new TypeError('REST_ERROR_HANDLER gave neither reply(…) nor problem(…), nor undefined')
}
