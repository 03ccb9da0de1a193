/**
 * Frames from the kernel, to the driver of their fd. Frames for fds that ended meanwhile are dropped; calls for them
 * are answered.
 * @module
 */
import { SocketError, toErrorRecord } from '../errors.ts'
import { FROM_WORKER, TO_WORKER } from '../link/frames.ts'
import type { Target } from '../plugin/driver.ts'
import type { CloseOptions } from '../types.ts'
import type { WorkerHost } from './worker-host.ts'
import type { WorkerSocket } from './worker-socket.ts'

export function receiveFrame(
  host: WorkerHost,
  op: number,
  fd: number,
  size: number,
  a: any,
  b: any,
  c: any,
  d: any,
): void {
  if (op === TO_WORKER.CREATE) return host.create(fd, a, b)
  if (op === TO_WORKER.GRANT) return host.grant(a, b)
  if (op === TO_WORKER.CONFIG) return void host.configs.set(a, b)
  const socket = host.table.get(fd)
  switch (op) {
    case TO_WORKER.WRITE:
      return socket && whenIdle(socket, () => socket.write(a, size))
    case TO_WORKER.WRITE_LAST:
      return socket && whenIdle(socket, () => socket.writeLast(a))
    case TO_WORKER.CREDIT:
      return socket?.credited(a)
    case TO_WORKER.END:
      return socket && whenIdle(socket, () => socket.guard(() => socket.driver.end?.()))
    case TO_WORKER.WRITE_MANY:
      for (const one of a) {
        const target = host.table.get(one)
        if (target) whenIdle(target, () => target.write(b, size))
      }
      return
    case TO_WORKER.BROADCAST:
      if (socket)
        for (const each of host.connectionsOf(socket)) if (!a.includes(each.fd)) each.writeShared(b, size)
      return
    case TO_WORKER.CANCEL:
      return socket?.cancelCall(a)
    case TO_WORKER.CLOSE:
      return socket ? close(host, socket, a, b) : reply(host, fd, a, null)
    default:
      return socket ? call(host, socket, op, a, b, c, d) : fail(host, fd, a, gone(fd))
  }
}

/** Writes take the short way: no closure is kept while nothing is in progress. */
function whenIdle(socket: WorkerSocket, run: () => void): void {
  if (socket.idle) run()
  else socket.serial.shared(run)
}

function close(host: WorkerHost, socket: WorkerSocket, sequence: number, options: CloseOptions): void {
  const run = (): Promise<void> => {
    socket.finish()
    return answer(host, socket.fd, sequence, async () => {
      try {
        await socket.driver.close?.(options)
      } finally {
        socket.endChildren()
      }
      return null
    })
  }
  if (options.abort || socket.idle) void run()
  else socket.serial.alone(run, () => reply(host, socket.fd, sequence, null))
}

function call(
  host: WorkerHost,
  socket: WorkerSocket,
  op: number,
  sequence: number,
  a: any,
  b: any,
  c: any,
): void {
  const { fd, driver, serial } = socket
  // Who waits for a call that will not be made is told so.
  const dropped = (): void => fail(host, fd, sequence, gone(fd))
  const shared = (work: () => unknown): void => serial.shared(() => answer(host, fd, sequence, work), dropped)
  const alone = (work: () => unknown): void => serial.alone(() => answer(host, fd, sequence, work), dropped)
  switch (op) {
    case TO_WORKER.OPTION:
      return shared(() => setOption(host, socket, a, b, c))
    case TO_WORKER.BIND:
      return alone(() => bind(socket, a))
    case TO_WORKER.LISTEN:
      return alone(() => listen(socket))
    case TO_WORKER.CONNECT:
      return alone(() => connect(socket, a))
    case TO_WORKER.QUERY:
      return shared(() => (driver.query ?? unsupported('query', fd)).call(driver, a))
    case TO_WORKER.CALL: {
      const signal = socket.openCall(sequence)
      return shared(async () => {
        try {
          return await (driver.call ?? unsupported('request', fd)).call(driver, a, signal)
        } finally {
          socket.endCall(sequence)
        }
      })
    }
    default:
      host.log('warn', `op ${op} is unknown to this worker`, { fd })
  }
}

async function setOption(
  host: WorkerHost,
  socket: WorkerSocket,
  option: number,
  value: unknown,
  key: string,
) {
  const change = (): (() => void) =>
    host.appending.has(option) ? socket.values.append(option, key, value) : socket.values.set(option, value)
  const undo = windowed(socket, change)
  try {
    await socket.driver.setOption?.(option, value)
  } catch (error) {
    windowed(socket, undo)
    throw error
  }
}

/** Changes values, and credit with them where it is the window that changes. */
function windowed<T>(socket: WorkerSocket, change: () => T): T {
  const window = socket.window
  const result = change()
  if (socket.window !== window) socket.widen(socket.window - window)
  return result
}

async function bind(socket: WorkerSocket, target: Target) {
  try {
    const addr = await (socket.driver.bind ?? unsupported('bind', socket.fd)).call(socket.driver, target)
    socket.bound = true
    return addr
  } catch (error) {
    socket.bindError = error
    throw error
  }
}

async function listen(socket: WorkerSocket) {
  if (!socket.bound)
    throw socket.bindError ?? new SocketError('ENOADDR', 'bind before listen', { fd: socket.fd })
  await (socket.driver.listen ?? unsupported('listen', socket.fd)).call(socket.driver)
}

/** A failed connect ends the fd. */
async function connect(socket: WorkerSocket, target: Target) {
  try {
    return await (socket.driver.connect ?? unsupported('connect', socket.fd)).call(socket.driver, target)
  } catch (error) {
    socket.finish()
    socket.guard(() => socket.driver.close?.({ abort: true }))
    throw error
  }
}

/** Answers a call with what the work returns or throws; never throws itself. */
async function answer(host: WorkerHost, fd: number, sequence: number, work: () => unknown): Promise<void> {
  try {
    reply(host, fd, sequence, await work())
  } catch (error) {
    fail(host, fd, sequence, error)
  }
}

function reply(host: WorkerHost, fd: number, sequence: number, value: unknown): void {
  host.frame(FROM_WORKER.REPLY, fd, 2, sequence, value)
}

function fail(host: WorkerHost, fd: number, sequence: number, error: unknown): void {
  host.frame(FROM_WORKER.FAIL, fd, 2, sequence, toErrorRecord(error, 'EPLUGIN'))
}

function gone(fd: number): SocketError {
  return new SocketError('EBADF', `fd ${fd} has ended`, { fd })
}

function unsupported(op: string, fd: number): never {
  throw new SocketError('ENOTSUP', `this mode has no ${op}`, { fd, op })
}
