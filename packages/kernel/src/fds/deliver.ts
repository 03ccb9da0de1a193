/**
 * What arrives for an fd, on its way to the program's handlers.
 * @module
 */
import type { OwnerFunction } from '../registry/functions.ts'
import type { Addr } from '../types.ts'
import { runAround } from './around.ts'
import type { Entry, EntryContext } from './entry.ts'

/** Runs now, or once the fd is resumed. */
export function whenResumed(entry: Entry, deliver: () => void): void {
  if (!entry.paused && entry.held === undefined) return deliver()
  entry.held ??= []
  entry.held.push(deliver)
}

export function resume(entry: Entry): void {
  entry.paused = false
  const held = entry.held
  if (held === undefined) return entry.consumed(0)
  while (held.length > 0 && !entry.paused && !entry.ended) held.shift()!()
  if (held.length === 0) entry.held = undefined
  if (!entry.paused) entry.consumed(0)
}

export function deliverMessage(
  core: EntryContext,
  entry: Entry,
  wire: unknown,
  handler: unknown,
  size: number,
): void {
  entry.messagesIn++
  entry.bytesIn += size
  if (entry.paused || entry.held !== undefined)
    whenResumed(entry, () => handle(core, entry, wire, handler, size))
  else handle(core, entry, wire, handler, size)
}

function handle(core: EntryContext, entry: Entry, wire: unknown, handler: unknown, size: number): void {
  const owner = entry.mode.owner
  let message: unknown
  try {
    const addr = owner.sender ? owner.sender(wire, entry) : entry.addr
    message = owner.receive ? owner.receive(wire, entry, size) : wire
    if (message === undefined && owner.receive) return
    const around = owner.around?.(message, entry)
    if (around !== undefined) return handleWithin(core, entry, around, message, handler, addr, size)
    if (typeof handler !== 'number') {
      const { handlers } = entry
      if (handlers.message === undefined) owner.unhandled?.(entry, message)
      else {
        const returned: unknown = handlers.message(entry.fd as any, message as never, addr as Addr)
        if (isThenable(returned)) return settle(entry, returned, message, size, 'returned')
        owner.returned?.(returned, entry, message)
      }
    } else {
      const returned = functionOf(core, handler)(message)
      if (isThenable(returned)) return settle(entry, returned, message, size, 'result')
      owner.result?.(returned, entry, message)
    }
  } catch (error) {
    fail(entry, error, message)
  }
  entry.consumed(size)
}

/** With functions around the handler; the socket's own handler answers by `write`, whatever it returns. */
function handleWithin(
  core: EntryContext,
  entry: Entry,
  around: readonly number[],
  message: unknown,
  handler: unknown,
  addr: Addr | undefined,
  size: number,
): void {
  const functions = around.map(id => functionOf(core, id))
  const innermost =
    typeof handler === 'number'
      ? functionOf(core, handler)
      : async () => {
          const { message: own } = entry.handlers
          if (own) await own(entry.fd as any, message as never, addr as Addr)
          else entry.mode.owner.unhandled?.(entry, message)
        }
  const result = runAround(functions, innermost, message, error => entry.report(error))
  settle(entry, result, message, size, 'result')
}

function functionOf(core: EntryContext, id: number): OwnerFunction {
  const fn = core.functions.get(id)
  if (!fn) throw new Error('the handler of this message was replaced before it ran')
  return fn
}

/** The sender's credit returns when the handler's promise settles, so a slow handler slows its own peer only. */
function settle(
  entry: Entry,
  returned: PromiseLike<unknown>,
  message: unknown,
  size: number,
  answer: 'result' | 'returned',
): void {
  returned.then(
    value => {
      try {
        entry.mode.owner[answer]?.(value, entry, message)
      } catch (error) {
        fail(entry, error, message)
      }
      entry.consumed(size)
    },
    error => {
      fail(entry, error, message)
      entry.consumed(size)
    },
  )
}

function fail(entry: Entry, thrown: unknown, message: unknown): void {
  const owner = entry.mode.owner
  try {
    if (owner.failure?.(thrown, entry, message)) return
  } catch (error) {
    entry.report(error as Error)
    return
  }
  entry.report(thrown instanceof Error ? thrown : new Error(String(thrown)))
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as any).then === 'function'
}
