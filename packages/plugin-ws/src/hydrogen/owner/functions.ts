/**
 * Functions of the program in the options of a listener: each is added and taken away without disturbing the others.
 * @module
 */
import { isSocketError, SocketError } from '@unisock/kernel/plugin'
import {
  HYDROGEN_HANDLERS,
  HYDROGEN_OBSERVERS,
  type HydrogenHandler,
  type HydrogenObservers,
} from '../options/index.ts'
import { checkName, refuse } from './arguments.ts'
import type { HydrogenFd, HydrogenKernel } from './kernel.ts'

type Handlers = Readonly<Record<string, HydrogenHandler>>
type Listener = (event: any) => unknown

/** What each function made by {@link toAll} calls. */
const listenersOf = new WeakMap<Listener, Set<Listener>>()

/**
 * Runs the commands of a channel, or with `*` those of channels that have no handler, until the undo is called.
 *
 * @throws {SocketError} `EINVAL` for what is no channel, `EALREADY` where the channel has a handler.
 */
export function addHandler(
  kernel: HydrogenKernel,
  fd: HydrogenFd,
  channel: string,
  handler: HydrogenHandler,
): () => void {
  checkName('channel', channel, 'handle')
  if (typeof handler !== 'function') refuse('handle', 'a handler is a function')
  const handlers: Handlers = kernel.getOption(fd, HYDROGEN_HANDLERS)
  if (Object.hasOwn(handlers, channel))
    throw new SocketError('EALREADY', `the channel ${channel} has a handler`, { fd, op: 'handle' })
  void kernel.setOption(fd, HYDROGEN_HANDLERS, { ...handlers, [channel]: handler })
  return () =>
    whileOpen(() => {
      const { [channel]: current, ...others }: Handlers = kernel.getOption(fd, HYDROGEN_HANDLERS)
      if (current === handler) void kernel.setOption(fd, HYDROGEN_HANDLERS, others)
    })
}

/** Tells one function more what happens, until the undo is called. */
export function addObserver(
  kernel: HydrogenKernel,
  fd: HydrogenFd,
  what: keyof HydrogenObservers,
  listener: Listener,
): () => void {
  if (typeof listener !== 'function') refuse('observe', 'a listener is a function')
  const observers: HydrogenObservers = kernel.getOption(fd, HYDROGEN_OBSERVERS)
  const told = observers[what]
  const listeners = told && listenersOf.get(told)
  const mine: Listener = event => listener(event)
  if (listeners) listeners.add(mine)
  else
    void kernel.setOption(fd, HYDROGEN_OBSERVERS, {
      ...observers,
      [what]: toAll(told ? [told, mine] : [mine]),
    })
  return () => whileOpen(() => removeObserver(kernel, fd, what, mine))
}

function removeObserver(
  kernel: HydrogenKernel,
  fd: HydrogenFd,
  what: keyof HydrogenObservers,
  listener: Listener,
): void {
  const { [what]: told, ...others }: HydrogenObservers = kernel.getOption(fd, HYDROGEN_OBSERVERS)
  const listeners = told && listenersOf.get(told)
  if (listeners?.delete(listener) && listeners.size === 0)
    void kernel.setOption(fd, HYDROGEN_OBSERVERS, others)
}

/** One function that calls several, whichever of them fails. */
function toAll(first: Iterable<Listener>): Listener {
  const listeners = new Set(first)
  const all: Listener = async event => {
    const outcomes = await Promise.allSettled(Array.from(listeners, async listener => listener(event)))
    const errors = outcomes.flatMap(outcome => (outcome.status === 'rejected' ? [outcome.reason] : []))
    if (errors.length > 0)
      throw errors.length === 1 ? errors[0] : new AggregateError(errors, 'listeners failed')
  }
  listenersOf.set(all, listeners)
  return all
}

/** What has ended needs no undoing. */
function whileOpen(undo: () => void): void {
  try {
    undo()
  } catch (error) {
    if (!isSocketError(error) || (error.code !== 'EBADF' && error.code !== 'ECLOSED')) throw error
  }
}
