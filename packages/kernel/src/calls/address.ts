/**
 * bind, listen and connect: the life of an fd up to its address.
 * @module
 */
import { type ErrorCode, SocketError } from '../errors.ts'
import type { Entry } from '../fds/entry.ts'
import { TO_WORKER } from '../link/frames.ts'
import type { Addr, BindTarget, ConnectTarget } from '../types.ts'
import { Outcome } from './outcome.ts'
import { toTarget } from './target.ts'

/** A failure leaves the fd as it was. */
export function bind(entry: Entry, at: BindTarget): Outcome<Addr> {
  const { fd } = entry
  if (entry.phase !== 'new') throw refuse('EISBOUND', `fd ${fd} is ${entry.phase} already`, fd, 'bind')
  const target = toTarget(at, fd, 'bind')
  entry.phase = 'binding'
  return entry.host.call<Addr>(TO_WORKER.BIND, fd, target).settled(
    addr => {
      entry.local = addr
      entry.journal.bind(target, addr)
      if (entry.phase === 'binding') entry.phase = 'bound'
    },
    () => {
      if (!entry.ended) entry.phase = 'new'
    },
  )
}

/** Behind a bind that fails it fails with the same error. */
export function listen(entry: Entry): Outcome<Addr> {
  const { fd } = entry
  if (entry.isConnection || entry.mode.kind === 'client')
    throw refuse('ENOTSUP', `${entry.mode.name} does not listen`, fd, 'listen')
  if (entry.phase === 'listening') throw refuse('EISLISTEN', `fd ${fd} is listening already`, fd, 'listen')
  if (entry.phase === 'new') throw refuse('ENOADDR', `bind fd ${fd} before listen`, fd, 'listen')
  if (entry.phase === 'connecting' || entry.phase === 'connected')
    throw refuse('EISCONN', `fd ${fd} is ${entry.phase}`, fd, 'listen')
  entry.listens = true
  const sent = entry.host.call<void>(TO_WORKER.LISTEN, fd)
  return new Outcome<Addr>((resolve, reject) =>
    sent.then(
      () => {
        if (!entry.ended) entry.phase = 'listening'
        entry.journal.listening = true
        resolve(entry.local!)
      },
      error => {
        entry.listens = false
        reject(error)
      },
    ),
  )
}

/** A failure ends the fd. */
export function connect(entry: Entry, to?: ConnectTarget): Outcome<Addr> {
  const { fd } = entry
  if (entry.isListener) throw refuse('EISLISTEN', `${entry.mode.name} does not connect`, fd, 'connect')
  if (entry.phase !== 'new' && entry.phase !== 'bound')
    throw refuse('EISCONN', `fd ${fd} is ${entry.phase} already`, fd, 'connect')
  const target = to === undefined && entry.mode.ownTarget ? {} : toTarget(to, fd, 'connect')
  entry.phase = 'connecting'
  return entry.host.call<Addr>(TO_WORKER.CONNECT, fd, target).settled(
    addr => {
      if (entry.ended) return
      entry.addr = addr
      entry.phase = 'connected'
      if (entry.mode.restart === 'reconnect') entry.journal.connected = target
      const open = entry.handlers.open
      if (open) entry.guard(() => open(fd as any, fd as any, addr))
    },
    error => entry.finishWith(error),
  )
}

function refuse(code: ErrorCode, message: string, fd: number, op: string): SocketError {
  return new SocketError(code, message, { fd, op })
}
