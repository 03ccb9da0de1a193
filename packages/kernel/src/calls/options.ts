/**
 * setOption, getOption and query.
 * @module
 */
import type { Core } from '../core.ts'
import { SocketError } from '../errors.ts'
import type { Entry } from '../fds/entry.ts'
import { TO_WORKER } from '../link/frames.ts'
import { assertPlain } from '../link/plain.ts'
import type { OptionDefinition } from '../plugin/option.ts'
import { validateOption } from '../registry/validate.ts'
import type { Outcome } from './outcome.ts'

const REDACTED = '[redacted]'

/** @throws SocketError before anything crosses; the outcome carries what the worker says. */
export function setOption(core: Core, entry: Entry, number: number, value: unknown): Outcome<void> {
  const { fd, host, values } = entry
  const definition = core.registry.option(number, entry.mode, fd, 'setOption')
  checkTime(definition, entry)
  validateOption(definition, value, fd)
  const normal = definition.normalize ? definition.normalize(value) : value
  const { wire, ids } = core.functions.toWire(normal, definition.schema, fd)
  assertCrosses(wire, definition, fd)
  const proposal = values.propose(definition, value, wire)
  const sent = host.call<void>(TO_WORKER.OPTION, fd, number, wire, proposal.key)
  entry.optionChanged(definition, value)
  return sent.settled(
    () => values.accept(proposal),
    () => {
      values.withdraw(proposal)
      core.functions.retire(fd, ids)
      entry.optionChanged(definition, values.get(definition) ?? definition.default)
    },
  )
}

export function getOption(core: Core, entry: Entry, number: number): unknown {
  const definition = core.registry.option(number, entry.mode, entry.fd, 'getOption')
  const value = entry.values.get(definition)
  if (value === undefined)
    return definition.when === 'read-only' ? flag(definition, entry) : definition.default
  return definition.secret ? REDACTED : value
}

export function query(core: Core, entry: Entry, number: number): Outcome<unknown> {
  core.registry.option(number, entry.mode, entry.fd, 'query')
  return entry.host.call(TO_WORKER.QUERY, entry.fd, number)
}

function checkTime(definition: OptionDefinition, entry: Entry): void {
  const { name, number, when } = definition
  const refuse = (reason: string): SocketError =>
    new SocketError('EINVAL', `${name} (${number}) ${reason}`, { fd: entry.fd, op: 'setOption' })
  if (when === 'read-only') throw refuse('can only be read')
  if (when === 'before-bind' && entry.phase !== 'new') throw refuse('must be set before bind or connect')
}

function assertCrosses(wire: unknown, { name, number }: OptionDefinition, fd: number): void {
  try {
    assertPlain(wire)
  } catch (error) {
    throw new SocketError('EBADDATA', `${name} (${number}): ${(error as Error).message}`, {
      fd,
      op: 'setOption',
    })
  }
}

/** Flags are facts of the mode: `<family>_SERVER_MODE` and the like are listed in the mode's definition. */
function flag(definition: OptionDefinition, entry: Entry): unknown {
  return entry.mode.flags.includes(definition.number) ? 1 : definition.default
}
