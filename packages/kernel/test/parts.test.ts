/** The small parts of the kernel that have rules of their own. */
import { describe, expect, test } from 'vitest'
import { Outcome } from '../src/calls/outcome.ts'
import { toTarget } from '../src/calls/target.ts'
import {
  ERRORS,
  fromErrorRecord,
  isSocketError,
  SocketError,
  toErrorRecord,
  toSocketError,
} from '../src/errors.ts'
import { Mailbox } from '../src/mailbox.ts'
import { libraryFailure } from '../src/plugin/library-failure.ts'
import { OnceATurn } from '../src/plugin/once-a-turn.ts'
import { Backoff as ReconnectBackoff } from '../src/plugin/reconnect.ts'
import { Backoff } from '../src/supervise/backoff.ts'
import { Serial } from '../src/worker/serial.ts'

describe('Backoff', () => {
  test('restarts at once, then waits twice as long each time, then gives up', () => {
    const backoff = new Backoff({ intensity: 4, period: 1000, initialDelay: 100, maxDelay: 150 }, () => 1)
    expect([0, 1, 2, 3, 4].map(now => backoff.next(now))).toEqual([0, 100, 150, 150, undefined])
  })

  test('forgets failures older than the period', () => {
    const backoff = new Backoff({ intensity: 1, period: 1000 })
    expect([backoff.next(0), backoff.next(2000), backoff.next(2001)]).toEqual([0, 0, undefined])
  })

  test('jitters between half the delay and all of it', () => {
    const delays = [0, 1].map(random => {
      const backoff = new Backoff({ initialDelay: 100 }, () => random)
      backoff.next(0)
      return backoff.next(1)
    })
    expect(delays).toEqual([50, 100])
  })
})

describe('Serial', () => {
  test('shared calls run side by side, a call that runs alone waits for them and holds later ones', async () => {
    const serial = new Serial()
    const log: string[] = []
    const gates = { a: Promise.withResolvers<void>(), b: Promise.withResolvers<void>() }
    const step = (name: string, wait?: Promise<void>) => async () => {
      log.push(name)
      await wait
    }
    serial.shared(step('option 1', gates.a.promise))
    serial.shared(step('option 2'))
    serial.alone(step('bind', gates.b.promise))
    serial.shared(step('write'))
    expect(log).toEqual(['option 1', 'option 2'])
    gates.a.resolve()
    await new Promise(resolve => setImmediate(resolve))
    expect(log).toEqual(['option 1', 'option 2', 'bind'])
    expect(serial.open).toBe(false)
    gates.b.resolve()
    await new Promise(resolve => setImmediate(resolve))
    expect(log).toEqual(['option 1', 'option 2', 'bind', 'write'])
    expect(serial.open).toBe(true)
  })
})

describe('Outcome', () => {
  test('reports a rejection nobody listens to, and is never unhandled', async () => {
    const reported = Promise.withResolvers<Error>()
    Outcome.rejected(new Error('unheard')).reportingTo(reported.resolve)
    expect((await reported.promise).message).toBe('unheard')
  })

  test('leaves one somebody awaits to them', async () => {
    let reports = 0
    const outcome = Outcome.rejected(new Error('heard')).reportingTo(() => reports++)
    await expect(outcome).rejects.toThrow('heard')
    await new Promise(resolve => setImmediate(resolve))
    expect(reports).toBe(0)
  })
})

describe('errors', () => {
  test('cross as records and come back as SocketErrors with their codes', () => {
    const system = Object.assign(new Error('bind EADDRINUSE 127.0.0.1:80'), { code: 'EADDRINUSE' })
    const back = fromErrorRecord(toErrorRecord(system, 'EPLUGIN'), { fd: 4 })
    expect(back).toMatchObject({
      code: 'EADDRINUSE',
      errno: -9,
      category: 'connection',
      retryable: true,
      fd: 4,
    })
    expect(isSocketError(back)).toBe(true)
    expect(back.stack).toContain('parts.test.ts')
  })

  test('keep what their protocol says', () => {
    const details = { closeCode: 4001, reason: 'replaced' }
    const closed = new SocketError('EPROTO', 'the peer closed', { details })
    expect(toSocketError(closed, 'EPLUGIN', { fd: 4 })).toMatchObject({ fd: 4, details })
    expect(fromErrorRecord(toErrorRecord(closed, 'EPLUGIN')).details).toEqual(details)
    expect('details' in toErrorRecord(new SocketError('EPROTO'), 'EPLUGIN')).toBe(false)
  })

  test('of anything thrown become one', () => {
    expect(toSocketError('text', 'EPLUGIN')).toMatchObject({ code: 'EPLUGIN', message: 'text' })
    expect(toSocketError(new Error('plain'), 'EINVAL')).toMatchObject({ code: 'EINVAL', message: 'plain' })
    const own = new SocketError('EBADF')
    expect(toSocketError(own, 'EINVAL')).toBe(own)
    expect(own.message).toBe(ERRORS.EBADF.message)
  })

  test('a SocketError gets the fd and the call it lacks and keeps all it has', () => {
    const told = {
      category: 'protocol',
      retryable: true,
      cause: new Error('below'),
      details: { closeCode: 1002 },
    } as const
    const own = new SocketError('ECONNRESET', 'cut off', told)
    expect(toSocketError(own, 'EINVAL', { op: 'connect' })).toMatchObject({
      code: 'ECONNRESET',
      message: 'cut off',
      op: 'connect',
      fd: undefined,
      ...told,
    })
    expect(toSocketError(own, 'EINVAL', { op: 'connect', fd: 4 })).toMatchObject({ op: 'connect', fd: 4 })
    const complete = new SocketError('ECONNRESET', 'cut off', { op: 'bind', fd: 3 })
    expect(toSocketError(complete, 'EINVAL', { op: 'connect', fd: 4 })).toBe(complete)
  })
})

describe('what a library below has thrown', () => {
  const thrown = (code: string, message: string) => Object.assign(new Error(message), { code })

  test.each([
    ['ERR_INVALID_PORT', 'EBADADDR'],
    ['ERR_NOT_SUPPORTED', 'ENOTSUP'],
    ['ABORT_ERR', 'ECANCELED'],
  ])('%s is %s, with its message and as its cause', (code, known) => {
    const cause = thrown(code, 'as the library says it')
    expect(libraryFailure(cause, 'bind')).toMatchObject({
      code: known,
      message: 'as the library says it',
      op: 'bind',
      cause,
    })
  })

  test('keeps the code of the system, and is EPROTO without one', () => {
    expect(libraryFailure(thrown('EHOSTUNREACH', 'no route'), 'connect')).toMatchObject({
      code: 'EHOSTUNREACH',
      op: 'connect',
    })
    expect(libraryFailure(new Error('plain'))).toMatchObject({ code: 'EPROTO', op: undefined })
  })

  test('an error of the kernel keeps its details when it learns which call has failed', () => {
    const details = { status: 403 }
    const own = new SocketError('EACCES', 'refused', { details })
    expect(libraryFailure(own, 'connect')).toMatchObject({ code: 'EACCES', op: 'connect', details })
    expect(libraryFailure(own)).toBe(own)
  })
})

describe('targets', () => {
  test('a bare port means loopback; all interfaces are said aloud', () => {
    expect(toTarget(80, 1, 'bind')).toEqual({ host: '127.0.0.1', port: 80 })
    expect(toTarget({ host: '::', port: 80 }, 1, 'bind')).toEqual({ host: '::', port: 80 })
    expect(toTarget({ path: '/run/x' }, 1, 'bind')).toEqual({ path: '/run/x' })
    expect(toTarget('/run/x', 1, 'bind')).toEqual({ path: '/run/x' })
    expect(toTarget({ on: 5 as any, path: '/ws' }, 1, 'bind')).toEqual({ on: 5, path: '/ws' })
  })

  test.each([[-1], [70000], [null], [{}], [{ path: '' }], [{ host: 5, port: 1 }], [{ on: 'x' }]])(
    '%j is refused',
    at => {
      expect(() => toTarget(at as any, 1, 'bind')).toThrow(expect.objectContaining({ code: 'EBADADDR' }))
    },
  )
})

describe('Mailbox', () => {
  test('gives what was put in order, then ends', async () => {
    const box = new Mailbox<number>()
    const taken = box.put(1)
    void box.put(2)
    box.end()
    const got = []
    for await (const item of box) got.push(item)
    await taken
    expect(got).toEqual([1, 2])
  })

  test('throws the error that ended it, once', async () => {
    const box = new Mailbox<number>()
    const waiting = box.next()
    box.end(new Error('lost'))
    await expect(waiting).rejects.toThrow('lost')
    expect(await box.next()).toEqual({ value: undefined, done: true })
  })
})

test('a client waits longer each time, with full jitter, and is forgiven by a connection that stood', () => {
  const longest = new ReconnectBackoff(() => 1)
  const settings = { min: 1, max: 8, factor: 2 }
  expect([1, 2, 3, 4, 5].map(() => longest.next(settings))).toEqual([1000, 2000, 4000, 8000, 8000])
  longest.stood(7999, settings)
  expect(longest.next(settings)).toBe(8000)
  longest.stood(8000, settings)
  expect(longest.next(settings)).toBe(1000)
  longest.reset()
  expect(longest.next(settings)).toBe(1000)
  expect(new ReconnectBackoff(() => 0).next()).toBe(0)
  const twice = new ReconnectBackoff()
  expect([1, 2, 3].map(() => twice.next({ tries: 2 }) === undefined)).toEqual([false, false, true])
})

test('what is asked for several times in a turn is done once, and all are told how that went', async () => {
  let runs = 0
  const once = new OnceATurn(() => {
    if (++runs === 2) throw new Error('twice')
  })
  await Promise.all([once.ask(), once.ask()])
  expect(runs).toBe(1)
  const results = await Promise.allSettled([once.ask(), once.ask()])
  expect(results).toMatchObject([{ reason: { message: 'twice' } }, { reason: { message: 'twice' } }])
  expect(runs).toBe(2)
})
