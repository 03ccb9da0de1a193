/**
 * Hydrogen messaging in the owner's thread: commands on their way to the program, and its answers on their way back.
 * @module
 */
import type { OwnerPort } from '@unisock/kernel/plugin'
import type { CommandWire, IdentityWire, ToOwnerWire } from '../wire.ts'
import { type CommandSender, HydrogenCommand } from './command.ts'
import { CommandRun } from './command-run.ts'
import { KeptReplies } from './kept-replies.ts'
import { type DeadLetter, readDeadLetter, readTransition, type Transition } from './observed.ts'
import { hydrogenError, tableErrorText } from './program-error.ts'

const RESPONSE_FORGOTTEN = tableErrorText('response_forgotten')
/** A connection of which the worker has not said whose it is. */
const NOBODY: CommandSender = { user: '', permissions: [] }

/** What the program gets of what its worker says; undefined where that is for this half alone. */
export function receive(
  wire: ToOwnerWire,
  port: OwnerPort,
  bytes: number,
): HydrogenCommand | DeadLetter | Transition | undefined {
  switch (wire[0]) {
    case 'command':
      return receiveCommand(wire, port) ?? consumed(port, bytes)
    case 'dead':
      return readDeadLetter(wire)
    case 'transition':
      return readTransition(wire)
    case 'identity':
      port.state = senderOf(wire)
      return consumed(port, bytes)
    case 'kept':
      for (let i = 1; i < wire.length; i++) repliesOf(port).forget(...(wire[i] as [string, number]))
      return consumed(port, bytes)
    case 'ended':
      for (let i = 1; i < wire.length; i++) repliesOf(port).forgetSession(wire[i]!)
      return consumed(port, bytes)
  }
}

/** What the handler of a command returned or resolved with. */
export function result(value: unknown, _port: OwnerPort, command: HydrogenCommand): void {
  command.reply(value)
}

/** An fd's own message handler answers by `reply` and `fail` where it returns nothing: so does who iterates a socket. */
export function returned(value: unknown, _port: OwnerPort, command: HydrogenCommand): void {
  if (value !== undefined) command.reply(value)
}

/** Nobody takes commands of its channel. */
export function unhandled(_port: OwnerPort, command: HydrogenCommand): void {
  command.fail(hydrogenError('unknown_channel'))
}

function receiveCommand(wire: CommandWire, port: OwnerPort): HydrogenCommand | undefined {
  const [, number, session, cseq] = wire
  const sender = (port.state as CommandSender | undefined) ?? NOBODY
  if (cseq === 0) return new HydrogenCommand(wire, sender, port, new CommandRun(number, session, cseq, port))
  const replies = repliesOf(port)
  const before = replies.get(session, cseq)
  if (before) {
    before.repeat(number, port)
    return undefined
  }
  if (replies.isGivenUp(session, cseq)) {
    new CommandRun(number, session, cseq, port).answer(false, RESPONSE_FORGOTTEN)
    return undefined
  }
  const run = new CommandRun(number, session, cseq, port, replies)
  replies.add(run)
  return new HydrogenCommand(wire, sender, port, run)
}

function repliesOf(port: OwnerPort): KeptReplies {
  const listener = port.parent ?? port
  listener.state ??= new KeptReplies()
  return listener.state as KeptReplies
}

function senderOf([, , user, permissions]: IdentityWire): CommandSender {
  return { user, permissions }
}

function consumed(port: OwnerPort, bytes: number): undefined {
  port.consumed(bytes)
}
