import { once } from 'node:events'
import { type AddressInfo, connect as connectPlain, createServer, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterAll, describe, expect, test } from 'vitest'
import { Authority } from '../../../test/support/certificates.ts'
import { connect, listen, type TlsClientOptions, TlsOptionError } from '../src/index.ts'
import { connectedPair, pairOver, portOf } from './support/resources.ts'
import { ask, echoServer, identity } from './support/tls.ts'

const authority = new Authority()
const localhost = authority.issue('localhost')
const trusted: TlsClientOptions = { ca: authority.certificate }
const server = { isServer: true as const, ...identity(localhost) }
afterAll(() => authority[Symbol.dispose]())

/** A server that accepts connections and does with them what it is told, until the test's end. */
async function peer(serve: (socket: Socket) => void) {
  const sockets: Socket[] = []
  const listening = createServer(socket => {
    socket.on('error', () => {})
    sockets.push(socket)
    serve(socket)
  })
  await once(listening.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (listening.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      listening.close()
      await once(listening, 'close')
    },
  }
}

describe.each(['tcp', 'local'] as const)('an upgrade of a %s stream', kind => {
  test('after words in plain text, as STARTTLS has it, up to the half-close', async () => {
    await using ends = await pairOver(kind)
    const { client, accepted } = ends
    const serving = (async () => {
      expect((await accepted.readUntil('\n', { keep: false })).toString()).toBe('STARTTLS')
      await accepted.write('go ahead\n')
      await accepted.tlsUpgrade(server)
      await accepted.write((await accepted.read()).toString().toUpperCase())
      await accepted.closeWrite()
    })()
    await client.write('STARTTLS\n')
    expect((await client.readUntil('\n')).toString()).toBe('go ahead\n')
    await client.tlsUpgrade({ ...trusted, serverName: 'localhost' })
    expect([client.isEncrypted, client.tlsSession?.authorized]).toEqual([true, true])
    await client.write('hello')
    await client.closeWrite()
    expect((await client.read()).toString()).toBe('HELLO')
    await serving
    expect(accepted.isEncrypted).toBe(true)
    await expect(client.tlsUpgrade(trusted)).rejects.toMatchObject({ code: 'ERR_ALREADY_CONNECTED' })
  })
})

describe('an upgrade', () => {
  test('takes what was read already for the beginning of the handshake', async () => {
    await using ends = await connectedPair()
    const { client, accepted } = ends
    const upgrading = client.tlsUpgrade({ ...trusted, serverName: 'localhost' })
    // The first record of the handshake lies in the buffer: it was looked at.
    expect((await accepted.peek(3)).subarray(0, 2)).toEqual(Buffer.from([22, 3]))
    expect(accepted.bytesAvailable).toBeGreaterThan(100)
    await Promise.all([upgrading, accepted.tlsUpgrade(server)])
    await client.write('through')
    expect((await accepted.readExactly(7)).toString()).toBe('through')
  })

  test('verifies the host that was connected to', async () => {
    await using plain = await listen(0)
    const serving = plain.accept(socket => socket.tlsUpgrade(server))
    serving.catch(() => {})
    await using named = await connect('localhost', portOf(plain))
    await named.tlsUpgrade(trusted)
    expect(named.tlsSession?.authorized).toBe(true)
    await using wide = await listen('0.0.0.0', 0)
    wide.accept(socket => socket.tlsUpgrade(server)).catch(() => {})
    await using other = await connect('127.0.0.2', portOf(wide))
    await expect(other.tlsUpgrade(trusted)).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    expect(other.isOpen).toBe(false)
    await expect(other.write('x')).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  })

  test('can have the accepting end be the client', async () => {
    await using ends = await connectedPair()
    await Promise.all([
      ends.client.tlsUpgrade(server),
      ends.accepted.tlsUpgrade({ ...trusted, serverName: 'localhost' }),
    ])
    expect(ends.accepted.tlsSession?.peerCertificate?.subject).toBe('CN=localhost')
  })

  test('with options that do not fit leaves the connection as it was', async () => {
    await using ends = await connectedPair()
    await expect(ends.accepted.tlsUpgrade({ isServer: true })).rejects.toBeInstanceOf(TlsOptionError)
    await expect(ends.client.tlsUpgrade({ ca: '/nowhere' })).rejects.toBeInstanceOf(TlsOptionError)
    await ends.client.write('plain')
    expect((await ends.accepted.readExactly(5)).toString()).toBe('plain')
  })

  test('that fails closes the socket, on either side, with a code of its own', async () => {
    await using ends = await connectedPair()
    const upgrading = ends.accepted.tlsUpgrade(server)
    await ends.client.write('GET / HTTP/1.1\r\n\r\n')
    await expect(upgrading).rejects.toMatchObject({ name: 'SocketsError', code: 'ERR_SSL_HTTP_REQUEST' })
    await expect(ends.accepted.read()).rejects.toMatchObject({ code: 'ERR_SSL_HTTP_REQUEST' })
    expect(ends.accepted.isOpen).toBe(false)
  })
})

describe('a client', () => {
  test.each<[string, (socket: Socket) => void, RegExp]>([
    ['says nothing', () => {}, /^ETIMEDOUT$/],
    ['leaves at once', socket => socket.end(), /^ECONNRESET$/],
    ['leaves in the middle', socket => socket.once('data', () => socket.resetAndDestroy()), /^ECONNRESET$/],
    [
      'speaks plain text',
      socket => socket.write('220 mail.test ESMTP\r\n'),
      /^ERR_SSL_WRONG_VERSION_NUMBER$/,
    ],
  ])('of a peer that %s', async (_what, serve, code) => {
    await using listening = await peer(serve)
    const tls = { ...trusted, handshakeTimeout: code.test('ETIMEDOUT') ? 50 : 10_000 }
    const connecting = connect('localhost', listening.port, { tls })
    await expect(connecting).rejects.toMatchObject({
      name: 'SocketsError',
      code: expect.stringMatching(code),
    })
  })
})

describe('a server', () => {
  test.each<[string, (socket: Socket) => void, RegExp]>([
    ['says nothing', () => {}, /^ERR_TLS_HANDSHAKE_TIMEOUT$/],
    ['leaves at once', socket => socket.end(), /^ECONNRESET$/],
    ['leaves in the middle', socket => socket.end(Buffer.from([22, 3, 1, 2, 0, 1])), /^ECONNRESET$/],
    ['resets', socket => socket.write('\x16\x03', () => socket.resetAndDestroy()), /^ECONNRESET$/],
    ['speaks plain text', socket => socket.write('hello\r\nhello\r\n'), /^ERR_SSL_/],
    ['speaks HTTP', socket => socket.write('GET / HTTP/1.1\r\n\r\n'), /^ERR_SSL_HTTP_REQUEST$/],
  ])(
    'closes on a peer that %s; others are served, and accept is not disturbed',
    async (_what, speak, code) => {
      const { promise: failed, resolve } = Promise.withResolvers<unknown>()
      const handshakeTimeout = code.test('ERR_TLS_HANDSHAKE_TIMEOUT') ? 50 : 10_000
      await using listening = await listen(0, {
        tls: { ...identity(localhost), handshakeTimeout },
        onHandshakeError: resolve,
      })
      const accepting = listening.accept()
      const bad = connectPlain(portOf(listening), '127.0.0.1').on('error', () => {})
      bad.once('connect', () => speak(bad)).resume()
      expect(await failed).toMatchObject({ name: 'SocketsError', code: expect.stringMatching(code) })
      if (!bad.closed) await once(bad, 'close')
      await using good = await connect('localhost', portOf(listening), { tls: trusted })
      await using accepted = await accepting
      await good.write('hello')
      expect((await accepted.readExactly(5)).toString()).toBe('hello')
    },
  )

  test('serves others while a handshake hangs, and drops it when it closes', async () => {
    await using echo = await echoServer(identity(localhost))
    const hanging = connectPlain(portOf(echo), '127.0.0.1')
    await once(hanging, 'connect')
    hanging.write('\x16')
    expect(await ask(echo, trusted)).toBe('hello')
    hanging.on('error', () => {}).resume()
    const closed = once(hanging, 'close')
    echo.close()
    await closed
  })

  test('by upgrade times out as well', async () => {
    await using ends = await connectedPair()
    await expect(ends.accepted.tlsUpgrade({ ...server, handshakeTimeout: 50 })).rejects.toMatchObject({
      code: 'ERR_TLS_HANDSHAKE_TIMEOUT',
    })
  })
})

test('a hundred handshakes at a time all come about', async () => {
  await using echo = await echoServer(identity(localhost))
  const texts = Array.from({ length: 100 }, (_, i) => `text ${i}`)
  expect(await Promise.all(texts.map(text => ask(echo, trusted, { text })))).toEqual(texts)
})

test('a peer that leaves in mid-stream is a typed error of the writes that follow', async () => {
  await using listening = await listen(0, { tls: identity(localhost) })
  const accepting = listening.accept()
  const client = connectTls({
    port: portOf(listening),
    host: '127.0.0.1',
    servername: 'localhost',
    ca: authority.certificate,
  })
  await using accepted = await accepting
  client.on('error', () => {}).write('half')
  expect((await accepted.readExactly(4)).toString()).toBe('half')
  client.destroy()
  const writing = (async () => {
    for (;;) await accepted.write(Buffer.alloc(65_536))
  })()
  await expect(writing).rejects.toMatchObject({ code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/) })
})
