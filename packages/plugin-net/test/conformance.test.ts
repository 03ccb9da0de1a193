/** What FluffOS asserts of its sockets, and what a driver was seen to do, at the level of the kernel's calls. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import {
  type Addr,
  ERRORS,
  type Fd,
  type Kernel,
  SO_TLS_SNI_HOSTNAME,
  SO_TLS_VERIFY_PEER,
  TLS_CA,
  TLS_CERTIFICATE,
  TLS_PRIVATE_KEY,
} from '@unisock/kernel'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Authority, type Issued } from '../../../test/support/certificates.ts'
import {
  DATAGRAM,
  DATAGRAM_BINARY,
  STREAM,
  STREAM_BINARY,
  STREAM_TLS,
  STREAM_TLS_BINARY,
} from '../src/index.ts'
import {
  dialling,
  Inbox,
  ISOLATIONS,
  netKernel,
  type OptionRow,
  plainPeer,
  serving,
  until,
} from './support/kernel.ts'

/** A number that no kernel of these tests has issued. */
const NEVER = 9999 as Fd<any>

let authority: Authority
let issued: Issued
beforeAll(() => {
  authority = new Authority()
  issued = authority.issue('localhost')
})
afterAll(() => authority[Symbol.dispose]())

const failing = (code: keyof typeof ERRORS) => ({ code, errno: ERRORS[code].errno })
const quiet = { error() {} }

describe.each(ISOLATIONS)('as FluffOS has it, over %s', isolation => {
  let kernel: Kernel
  beforeAll(async () => {
    kernel = await netKernel(isolation)
  })
  afterAll(() => kernel.close())

  describe('create', () => {
    test('a STREAM with both callbacks is an fd, and closes', async () => {
      const fd = kernel.create(
        STREAM,
        () => {},
        () => {},
      )
      expect(fd).toBeGreaterThanOrEqual(0)
      await kernel.close(fd)
    })

    test.each([-1, 7.5, 99])('a mode of %d is not supported (-12)', mode => {
      expect(() => kernel.create(mode as typeof STREAM, {})).toThrow(
        expect.objectContaining(failing('EMODENOTSUPP')),
      )
    })
  })

  describe('bind', () => {
    test('to port 0 takes a port, whose address is two parts', async () => {
      const fd = kernel.create(STREAM, quiet)
      const addr = await kernel.bind(fd, 0)
      expect(kernel.address(fd)).toEqual(addr)
      expect(addr).toEqual({ address: '127.0.0.1', port: expect.any(Number), family: 'IPv4' })
      expect(addr.port).toBeGreaterThan(0)
    })

    test('a second time is refused (-8)', async () => {
      const fd = kernel.create(STREAM, quiet)
      await kernel.bind(fd, 0)
      await expect(kernel.bind(fd, 0)).rejects.toMatchObject(failing('EISBOUND'))
    })

    test('to a port in use is refused (-9), to an address that is not local too', async () => {
      const { addr } = await serving(kernel, STREAM, {})
      const fd = kernel.create(STREAM, quiet)
      await expect(kernel.bind(fd, addr.port)).rejects.toMatchObject(failing('EADDRINUSE'))
      await expect(kernel.bind(fd, { host: '192.0.2.1', port: 0 })).rejects.toMatchObject(
        failing('EADDRNOTAVAIL'),
      )
      expect(kernel.status(fd)?.state).toBe('new')
    })
  })

  describe('listen', () => {
    test('after bind listens, a second time is refused', async () => {
      const { server } = await serving(kernel, STREAM, quiet)
      expect(kernel.status(server)?.state).toBe('listening')
      await expect(kernel.listen(server)).rejects.toMatchObject(failing('EISLISTEN'))
      await expect(kernel.connect(server, 1)).rejects.toMatchObject(failing('EISLISTEN'))
    })

    test('without bind is refused (-13)', async () => {
      await expect(kernel.listen(kernel.create(STREAM, quiet))).rejects.toMatchObject(failing('ENOADDR'))
    })

    test('on a datagram socket is not supported (-12)', async () => {
      const fd = kernel.create(DATAGRAM, quiet)
      await kernel.bind(fd, 0)
      await expect(kernel.listen(fd)).rejects.toMatchObject(failing('ENOTSUP'))
    })
  })

  describe('connect', () => {
    test('with a host of 2000 characters is refused (-21), and ends that fd only', async () => {
      const closed = Promise.withResolvers<Error | undefined>()
      const fd = kernel.create(STREAM, { close: (_fd, error) => closed.resolve(error) })
      await expect(kernel.connect(fd, { host: 'x'.repeat(2000), port: 80 })).rejects.toMatchObject(
        failing('EBADADDR'),
      )
      expect(await closed.promise).toMatchObject(failing('EBADADDR'))
      await serving(kernel, STREAM, {})
    })

    test.each<[unknown]>([
      [{ host: '', port: 80 }],
      [{ host: 'a b', port: 80 }],
      [{ host: '127.0.0.1:80', port: 80 }],
      [{ host: '127.0.0.1' }],
      [{ host: '127.0.0.1', port: '80' }],
      [{ host: '127.0.0.1', port: 65_536 }],
      [-1],
      [Number.NaN],
      [null],
    ])('to %j is a bad address (-21)', async to => {
      await expect(kernel.connect(kernel.create(STREAM, quiet), to as number)).rejects.toMatchObject(
        failing('EBADADDR'),
      )
    })

    test('of a connected socket is refused (-14)', async () => {
      const { addr } = await serving(kernel, STREAM, {})
      const client = await dialling(kernel, STREAM, addr, quiet)
      await expect(kernel.connect(client, addr.port)).rejects.toMatchObject(failing('EISCONN'))
      await expect(kernel.listen(client)).rejects.toMatchObject(failing('EISCONN'))
    })

    test('that succeeds is told by open, before anything is read', async () => {
      const events: string[] = []
      const read = Promise.withResolvers<void>()
      const { addr } = await serving(kernel, STREAM, { open: fd => void kernel.write(fd, 'banner') })
      await dialling(kernel, STREAM, addr, {
        open: () => void events.push('open'),
        message() {
          events.push('message')
          read.resolve()
        },
        close: () => void events.push('close'),
      })
      await read.promise
      expect(events).toEqual(['open', 'message'])
    })

    test('that is refused (-23) calls close once and nothing else', async () => {
      const { server, addr } = await serving(kernel, STREAM, {})
      await kernel.close(server)
      const events: string[] = []
      const fd = kernel.create(STREAM, {
        open: () => void events.push('open'),
        message: () => void events.push('message'),
        drain: () => void events.push('drain'),
        end: () => void events.push('end'),
        error: () => void events.push('error'),
        close: (_fd, error) => void events.push(`close ${(error as { code?: string }).code}`),
      })
      await expect(kernel.connect(fd, addr.port)).rejects.toMatchObject(failing('ECONNREFUSED'))
      expect(events).toEqual(['close ECONNREFUSED'])
      expect(kernel.status(fd)).toBeUndefined()
    })
  })

  describe('an fd that is none, and one that was closed', () => {
    test('are refused by every call, before the call looks at anything else', async () => {
      const closed = kernel.create(STREAM, quiet)
      await kernel.close(closed)
      for (const fd of [NEVER, closed]) {
        await expect(kernel.bind(fd, -1)).rejects.toMatchObject(failing('EBADF'))
        await expect(kernel.listen(fd)).rejects.toMatchObject(failing('EBADF'))
        await expect(kernel.connect(fd, -1)).rejects.toMatchObject(failing('EBADF'))
        await expect(kernel.setOption(fd, -1 as never, 1 as never)).rejects.toMatchObject(failing('EBADF'))
        await expect(kernel.query(fd, -1 as never)).rejects.toMatchObject(failing('EBADF'))
        expect(() => kernel.getOption(fd, -1 as never)).toThrow(expect.objectContaining(failing('EBADF')))
        expect(() => kernel.attach(fd, {})).toThrow(expect.objectContaining(failing('EBADF')))
        expect(() => kernel.address(fd)).toThrow(expect.objectContaining(failing('EBADF')))
        expect(kernel.status(fd)).toBeUndefined()
      }
    })

    test('differ where the peer may have been faster: write is false on a closed one and throws for the other', () => {
      const closed = kernel.create(STREAM, {})
      void kernel.close(closed)
      expect(kernel.write(closed, 'x')).toBe(false)
      expect(() => kernel.write(NEVER, 'x')).toThrow(expect.objectContaining(failing('EBADF')))
    })

    test('may be closed again, but not if never issued', async () => {
      const closed = kernel.create(STREAM, {})
      await kernel.close(closed)
      await kernel.close(closed)
      await expect(kernel.close(NEVER)).rejects.toMatchObject(failing('EBADF'))
    })

    test('are never the next fd: a number is not given out twice', async () => {
      const first = kernel.create(STREAM, {})
      await kernel.close(first)
      const next = kernel.create(STREAM, {})
      expect(next).not.toBe(first)
      expect(kernel.status(first)).toBeUndefined()
      expect(kernel.status(next)?.state).toBe('new')
    })
  })

  describe('write', () => {
    test('to a stream that is unbound, bound or listening is refused (-25)', async () => {
      const fd = kernel.create(STREAM, {})
      expect(() => kernel.write(fd, 'x')).toThrow(expect.objectContaining(failing('ENOTCONN')))
      await kernel.bind(fd, 0)
      expect(() => kernel.write(fd, 'x')).toThrow(expect.objectContaining(failing('ENOTCONN')))
      await kernel.listen(fd)
      expect(() => kernel.write(fd, 'x')).toThrow(expect.objectContaining(failing('ENOTCONN')))
    })

    test.each<[string, unknown]>([
      ['an int', 7],
      ['a float', 0.5],
      ['an array', [1, 2]],
      ['a mapping', { a: 1 }],
      ['a Map', new Map()],
      ['a function', () => {}],
      ['nothing', undefined],
    ])('of %s is not supported by streams and datagrams (-26)', async (_what, value) => {
      const { addr } = await serving(kernel, STREAM, {})
      const stream = await dialling(kernel, STREAM, addr, {})
      const datagram = kernel.create(DATAGRAM_BINARY, {})
      for (const fd of [stream, datagram])
        expect(() => kernel.write(fd as Fd<any>, value)).toThrow(
          expect.objectContaining(failing('ETYPENOTSUPP')),
        )
      expect(kernel.status(stream)?.state).toBe('connected')
    })

    test('of an empty string or buffer is true and sends nothing', async () => {
      const inbox = new Inbox<string>()
      const { addr } = await serving(kernel, STREAM, { message: (_fd, text) => inbox.put(text) })
      const client = await dialling(kernel, STREAM, addr, {})
      expect(kernel.write(client, '')).toBe(true)
      expect(kernel.write(client, new Uint8Array(0))).toBe(true)
      expect(kernel.write(client, 'x')).toBe(true)
      expect(await inbox.next()).toBe('x')
    })

    test('is true while there is room, then false; drain comes once; close sends what is queued', async () => {
      const opened = Promise.withResolvers<Fd<any>>()
      const drained = Promise.withResolvers<void>()
      let drains = 0
      const { addr } = await serving(kernel, STREAM_BINARY, {
        open: fd => opened.resolve(fd),
        drain() {
          drains++
          drained.resolve()
        },
      })
      await using peer = await plainPeer(addr)
      peer.socket.pause()
      const fd = await opened.promise
      const chunk = Buffer.alloc(100_000, 'x')
      let sent = 1
      for (; kernel.write(fd, chunk); sent++) await new Promise(resolve => setImmediate(resolve))
      expect(kernel.write(fd, chunk)).toBe(false)
      await peer.take((sent + 1) * chunk.length)
      await drained.promise
      expect(drains).toBe(1)
      for (let i = 0; i < 8; i++) kernel.write(fd, chunk)
      void kernel.close(fd)
      expect((await peer.rest()).length).toBe(8 * chunk.length)
    })
  })

  describe('reading', () => {
    test('text: bytes that are no UTF-8 read as U+FFFD, and what follows a NUL survives', async () => {
      let got = ''
      const { addr } = await serving(kernel, STREAM, { message: (_fd, text) => void (got += text) })
      await using peer = await plainPeer(addr)
      peer.socket.write(Buffer.from([0x61, 0xff, 0x62, 0x00, 0x63]))
      await until(() => got.length === 5)
      expect(got).toBe('a\ufffdb\0c')
    })

    test('what a callback throws is told, and the socket lives', async () => {
      const errors = new Inbox<Error>()
      const { addr } = await serving(kernel, STREAM, {
        message(fd, text) {
          kernel.write(fd, text)
          throw new Error(`over ${text}`)
        },
        error: (_fd, error) => errors.put(error),
      })
      await using peer = await plainPeer(addr)
      for (const text of ['one', 'two']) {
        peer.socket.write(text)
        expect(String(await peer.take(3))).toBe(text)
        expect((await errors.next()).message).toBe(`over ${text}`)
      }
    })

    test('the end of the peer is close, once, with no error; a close of one’s own calls nothing', async () => {
      const closes: string[] = []
      const over = Promise.withResolvers<void>()
      const { addr } = await serving(kernel, STREAM, {
        close(_fd, error) {
          closes.push(`server ${error}`)
          over.resolve()
        },
      })
      const client = await dialling(kernel, STREAM, addr, { close: () => void closes.push('client') })
      await kernel.close(client)
      await over.promise
      expect(closes).toEqual(['server undefined'])
    })
  })

  test('callbacks handed over are all handed over: message, drain, end and close go to the new ones', async () => {
    const stale: string[] = []
    const fresh: string[] = []
    const closed = Promise.withResolvers<void>()
    const log = (to: string[]) => ({
      message: (_fd: number, text: string) => void to.push(text),
      end: () => void to.push('end'),
      close() {
        to.push('close')
        closed.resolve()
      },
    })
    const { addr } = await serving(kernel, STREAM, {
      ...log(stale),
      open: fd => kernel.attach(fd, log(fresh)),
    })
    await using peer = await plainPeer(addr)
    peer.socket.end('to whom?')
    await closed.promise
    expect(stale).toEqual([])
    expect(fresh).toEqual(['to whom?', 'end', 'close'])
  })

  describe('status', () => {
    test('is a row for each open fd, and one row for one fd, in each of its states', async () => {
      const server = kernel.create(STREAM, quiet)
      const state = () => kernel.status(server)?.state
      expect(kernel.status(server)).toMatchObject({ mode: 'STREAM', state: 'new', local: undefined })
      const binding = kernel.bind(server, 0)
      expect(state()).toBe('binding')
      const addr = await binding
      expect(kernel.status(server)).toMatchObject({ state: 'bound', local: addr, remote: undefined })
      await kernel.listen(server)
      expect(state()).toBe('listening')
      const client = kernel.create(STREAM, quiet)
      const connecting = kernel.connect(client, addr.port)
      expect(kernel.status(client)?.state).toBe('connecting')
      await connecting
      expect(kernel.status(client)).toMatchObject({ state: 'connected', remote: addr })
      const rows = kernel.status()
      expect(rows.map(row => row.fd)).toEqual(expect.arrayContaining([server, client]))
      expect(new Set(rows.map(row => row.fd)).size).toBe(rows.length)
      await kernel.close(client)
      expect(kernel.status(client)).toBeUndefined()
      expect(kernel.status().map(row => row.fd)).not.toContain(client)
    })

    test('in close a connection is over: its addresses came with open', async () => {
      const seen: unknown[] = []
      const over = Promise.withResolvers<void>()
      const { addr } = await serving(kernel, STREAM, {
        open: (fd, _listener, from) => void seen.push(from, kernel.status(fd)),
        close(fd) {
          seen.push(kernel.status(fd))
          over.resolve()
        },
      })
      await using peer = await plainPeer(addr)
      const from = { address: '127.0.0.1', port: peer.socket.localPort, family: 'IPv4' }
      peer.socket.end()
      await over.promise
      expect(seen).toEqual([from, expect.objectContaining({ local: addr, remote: from }), undefined])
    })
  })

  describe('options', () => {
    test('verify-peer and server name read back as they were set', async () => {
      const fd = kernel.create(STREAM_TLS, quiet)
      expect(kernel.getOption(fd, SO_TLS_VERIFY_PEER)).toBeUndefined()
      await kernel.setOption(fd, SO_TLS_VERIFY_PEER, false)
      await kernel.setOption(fd, SO_TLS_SNI_HOSTNAME, 'localhost')
      expect(kernel.getOption(fd, SO_TLS_VERIFY_PEER)).toBe(false)
      expect(kernel.getOption(fd, SO_TLS_SNI_HOSTNAME)).toBe('localhost')
    })

    test('of another type, and unknown ones, are refused and leave the value', async () => {
      const fd = kernel.create(STREAM_TLS, quiet)
      await kernel.setOption(fd, SO_TLS_VERIFY_PEER, true)
      await expect(kernel.setOption(fd, SO_TLS_VERIFY_PEER, 'no' as never)).rejects.toMatchObject(
        failing('EINVAL'),
      )
      await expect(kernel.setOption(fd, 498 as never, 1 as never)).rejects.toMatchObject(
        failing('ENOPROTOOPT'),
      )
      expect(kernel.getOption(fd, SO_TLS_VERIFY_PEER)).toBe(true)
    })

    test('TLS options set on an accepted connection change nothing there, and break nothing', async () => {
      const opened = new Inbox<Fd<any>>()
      const { addr } = await serving(
        kernel,
        STREAM_TLS,
        { ...quiet, open: fd => opened.put(fd) },
        identity(issued),
      )
      const inbox = new Inbox<string>()
      await dialling(kernel, STREAM_TLS, addr, { message: (_fd, text) => inbox.put(text) }, trusting())
      const fd = await opened.next()
      await kernel.setOption(fd, SO_TLS_VERIFY_PEER as any, true).catch(() => {})
      await kernel.setOption(fd, TLS_CERTIFICATE as any, 'nonsense').catch(() => {})
      kernel.write(fd, 'still here')
      expect(await inbox.next()).toBe('still here')
    })
  })

  describe('datagrams', () => {
    test('a socket that was never bound sends "test test", and closes without a callback', async () => {
      await using peer = await udpPeer()
      let closes = 0
      const fd = kernel.create(
        DATAGRAM,
        () => {},
        () => void closes++,
      )
      expect(kernel.write(fd, { data: 'test test', port: peer.port })).toBe(true)
      expect(String((await peer.next()).data)).toBe('test test')
      await kernel.close(fd)
      expect(closes).toBe(0)
    })

    test('to an unbound port are true all the same', async () => {
      const gone = await udpPeer()
      await gone[Symbol.asyncDispose]()
      const fd = kernel.create(DATAGRAM, quiet)
      expect(kernel.write(fd, { data: 'test test', port: gone.port })).toBe(true)
      await kernel.close(fd)
    })

    test('arrive with the address of their sender', async () => {
      const inbox = new Inbox<{ data: unknown; from: Addr }>()
      const fd = kernel.create(DATAGRAM, (_fd, data, from) => inbox.put({ data, from }))
      const { port } = await kernel.bind(fd, 0)
      await using peer = await udpPeer()
      peer.send('payload', port)
      expect(await inbox.next()).toEqual({
        data: 'payload',
        from: { address: '127.0.0.1', port: peer.port, family: 'IPv4' },
      })
    })

    test('that are no UTF-8 are a Buffer in text mode', async () => {
      const inbox = new Inbox<unknown>()
      const fd = kernel.create(DATAGRAM, (_fd, data) => inbox.put(data))
      const { port } = await kernel.bind(fd, 0)
      await using peer = await udpPeer()
      peer.send(Buffer.from([0x61, 0xff]), port)
      expect(await inbox.next()).toEqual(Buffer.from([0x61, 0xff]))
    })

    test('that are empty are delivered, and the socket stays open', async () => {
      const inbox = new Inbox<unknown>()
      const fd = kernel.create(DATAGRAM, (_fd, data) => inbox.put(data))
      const { port } = await kernel.bind(fd, 0)
      await using peer = await udpPeer()
      peer.send('', port)
      expect(await inbox.next()).toBe('')
      peer.send('next', port)
      expect(await inbox.next()).toBe('next')
    })

    test('without an address, or to a bad one, are refused (-13, -21); one of 70000 bytes cannot be sent', async () => {
      const errors = new Inbox<Error>()
      const fd = kernel.create(DATAGRAM, { error: (_fd, error) => errors.put(error) })
      kernel.write(fd, 'to whom?')
      expect(await errors.next()).toMatchObject(failing('ENOADDR'))
      for (const to of [{ port: 0 }, { port: 65_536 }, { port: 1.5 }, { host: '', port: 9 }])
        expect(() => kernel.write(fd, { data: 'x', ...to })).toThrow(
          expect.objectContaining(failing('EBADADDR')),
        )
      kernel.write(fd, { data: 'x'.repeat(70_000), port: 9 })
      expect(await errors.next()).toMatchObject({ code: 'EMSGSIZE' })
      expect(kernel.status(fd)).toBeDefined()
    })
  })

  describe('TLS', () => {
    test('client and server in one owner: handshakes on both sides, then hello and hello', async () => {
      const events: string[] = []
      const done = Promise.withResolvers<void>()
      const server = kernel.create(STREAM_TLS, {
        open: () => void events.push('server handshake'),
        message(fd, text) {
          events.push(`server reads ${text}`)
          expect(kernel.write(fd, 'server hello')).toBe(true)
        },
      })
      await kernel.setOption(server, TLS_CERTIFICATE, issued.certificatePath)
      await kernel.setOption(server, TLS_PRIVATE_KEY, issued.privateKeyPath)
      await kernel.bind(server, 0)
      await kernel.listen(server)
      const client = kernel.create(STREAM_TLS, {
        open(fd) {
          events.push('client handshake')
          expect(kernel.write(fd, 'client hello')).toBe(true)
        },
        message(_fd, text) {
          events.push(`client reads ${text}`)
          done.resolve()
        },
      })
      await kernel.setOption(client, SO_TLS_VERIFY_PEER, false)
      await kernel.setOption(client, SO_TLS_SNI_HOSTNAME, 'localhost')
      await kernel.connect(client, kernel.address(server)!.port)
      await done.promise
      expect([...events].sort()).toEqual([
        'client handshake',
        'client reads server hello',
        'server handshake',
        'server reads client hello',
      ])
      expect(events.indexOf('client handshake')).toBeLessThan(events.indexOf('server reads client hello'))
      expect(events.indexOf('server handshake')).toBeLessThan(events.indexOf('server reads client hello'))
    })

    test('a handshake that fails is close with its reason, once', async () => {
      const { addr } = await serving(kernel, STREAM_TLS, {}, identity(issued))
      const closes: (Error | undefined)[] = []
      const client = kernel.create(STREAM_TLS_BINARY, {
        ...quiet,
        close: (_fd, error) => void closes.push(error),
      })
      const failure = await kernel.connect(client, addr.port).catch(error => error)
      expect(failure.code).toMatch(/UNABLE_TO|SELF_SIGNED/)
      expect(closes).toEqual([failure])
    })

    test('a peer that does not speak TLS is told by close', async () => {
      await using plain = createTcpServer(
        socket =>
          void socket
            .on('error', () => {})
            .resume()
            .end('no TLS here'),
      )
      plain.listen(0, '127.0.0.1')
      await once(plain, 'listening')
      const closes: (Error | undefined)[] = []
      const client = kernel.create(STREAM_TLS, { ...quiet, close: (_fd, error) => void closes.push(error) })
      const { port } = plain.address() as { port: number }
      const failure = await kernel.connect(client, port).catch(error => error)
      expect(failure).toMatchObject({ name: 'SocketError', code: expect.stringMatching(/^ERR_SSL_/) })
      expect(closes).toEqual([failure])
    })

    test('a listener without certificate is refused at listen, naming the option', async () => {
      const fd = kernel.create(STREAM_TLS, quiet)
      await kernel.bind(fd, 0)
      await expect(kernel.listen(fd)).rejects.toMatchObject({
        code: 'EINVAL',
        message: expect.stringContaining('TLS_CERTIFICATE (322)'),
      })
    })
  })

  test.each(['http', 'https'])('a %s GET by name, as a program writes it on a stream', async scheme => {
    const answer = (_request: unknown, response: { end(text: string): void }) => response.end('it works')
    await using web =
      scheme === 'http'
        ? createServer(answer)
        : createSecureServer({ cert: issued.certificate, key: issued.privateKey }, answer)
    web.listen(0, '127.0.0.1')
    await once(web, 'listening')
    let text = ''
    const over = Promise.withResolvers<Error | undefined>()
    const client = kernel.create<any>(scheme === 'http' ? STREAM : STREAM_TLS, {
      message: (_fd: unknown, data: string) => void (text += data),
      close: (_fd: unknown, error?: Error) => over.resolve(error),
    })
    if (scheme === 'https')
      for (const [option, value] of trusting()) await kernel.setOption(client, option, value)
    const { port } = web.address() as { port: number }
    await kernel.connect(client, { host: 'localhost', port })
    kernel.write(client, `GET / HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`)
    expect(await over.promise).toBeUndefined()
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n.*it works/s)
  })
})

test('every FluffOS error number from -1 to -32 has a code here, and its text is not empty', () => {
  const texts = new Map(Object.values(ERRORS).map(({ errno, message }) => [errno as number, message]))
  for (let errno = -1; errno >= -32; errno--) expect(texts.get(errno), `of ${errno}`).toMatch(/\w/)
})

const identity = ({ certificate, privateKey }: Issued): OptionRow[] => [
  [TLS_CERTIFICATE, certificate],
  [TLS_PRIVATE_KEY, privateKey],
]
const trusting = (): OptionRow[] => [
  [TLS_CA, authority.certificate],
  [SO_TLS_SNI_HOSTNAME, 'localhost'],
]

/** A plain UDP peer. */
async function udpPeer() {
  const socket = createSocket('udp4')
  const inbox = new Inbox<{ data: Buffer }>()
  socket.on('message', data => inbox.put({ data }))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    port: socket.address().port,
    next: () => inbox.next(),
    send: (data: string | Buffer, port: number) => socket.send(data, port, '127.0.0.1'),
    async [Symbol.asyncDispose]() {
      const closed = once(socket, 'close')
      socket.close()
      await closed
    },
  }
}
