import { once } from 'node:events'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import type { Addr, Fd } from '@unisock/kernel'
import {
  SO_TLS_SNI_HOSTNAME,
  SO_TLS_VERIFY_PEER,
  TLS_ALPN,
  TLS_CA,
  TLS_CERTIFICATE,
  TLS_CIPHERS,
  TLS_CLIENT_CERT,
  TLS_HANDSHAKE_TIMEOUT,
  TLS_MIN_VERSION,
  TLS_PASSPHRASE,
  TLS_PRIVATE_KEY,
  TLS_SESSION,
  TLS_SNI,
} from '@unisock/kernel'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Authority, type Issued } from '../../../test/support/certificates.ts'
import { STREAM_TLS, STREAM_TLS_BINARY, STREAM_TLS_COMPRESSED } from '../src/index.ts'
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

let authority: Authority
let issued: Issued
let other: Issued

beforeAll(() => {
  authority = new Authority()
  issued = authority.issue('localhost')
  other = authority.issue('other.test')
})
afterAll(() => authority[Symbol.dispose]())

const identity = ({ certificate, privateKey }: Issued): OptionRow[] => [
  [TLS_CERTIFICATE, certificate],
  [TLS_PRIVATE_KEY, privateKey],
]
const trusting = (): OptionRow[] => [
  [TLS_CA, authority.certificate],
  [SO_TLS_SNI_HOSTNAME, 'localhost'],
]

async function tlsPeer(
  { port }: Addr,
  options: ConnectionOptions = {},
): Promise<TLSSocket & AsyncDisposable> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    ca: authority.certificate,
    servername: 'localhost',
    ...options,
  })
  await once(socket, 'secureConnect')
  socket.on('error', () => {})
  return Object.assign(socket, {
    async [Symbol.asyncDispose]() {
      if (socket.closed) return
      const closed = once(socket, 'close')
      socket.destroy()
      await closed
    },
  }) as TLSSocket & AsyncDisposable
}

describe.each(ISOLATIONS)('TLS over %s', isolation => {
  test.each([
    ['STREAM_TLS', STREAM_TLS],
    ['STREAM_TLS_BINARY', STREAM_TLS_BINARY],
    ['STREAM_TLS_COMPRESSED', STREAM_TLS_COMPRESSED],
  ] as [string, any][])('%s: client and server in one owner talk', async (_name, mode) => {
    await using kernel = await netKernel(isolation)
    const atServer = new Inbox<unknown>()
    const atClient = new Inbox<unknown>()
    const { addr } = await serving(
      kernel,
      mode,
      {
        message(fd: Fd<any>, data: unknown) {
          atServer.put(data)
          kernel.write(fd, 'server hello')
        },
      },
      identity(issued),
    )
    const client = await dialling(
      kernel,
      mode,
      addr,
      { message: (_fd, data) => atClient.put(data) },
      trusting(),
    )
    kernel.write(client, 'client hello')
    expect(String(await atServer.next())).toBe('client hello')
    expect(String(await atClient.next())).toBe('server hello')
    expect(await kernel.query(client, TLS_SESSION)).toMatchObject({
      protocol: 'TLSv1.3',
      authorized: true,
      peerCertificate: { subject: 'CN=localhost', altNames: expect.stringContaining('DNS:localhost') },
    })
  })

  test('a client refuses whom it cannot verify, unless told not to', async () => {
    await using kernel = await netKernel(isolation)
    const { addr } = await serving(kernel, STREAM_TLS, {}, identity(issued))
    const attempt = (options: OptionRow[]) =>
      dialling(kernel, STREAM_TLS, addr, {}, options).then(
        () => 'connected',
        error => error.code,
      )
    expect(await attempt([])).toMatch(/UNABLE_TO|SELF_SIGNED/)
    expect(await attempt([...trusting(), [SO_TLS_SNI_HOSTNAME, 'wrong.test']])).toBe(
      'ERR_TLS_CERT_ALTNAME_INVALID',
    )
    expect(await attempt(trusting())).toBe('connected')
    expect(await attempt([[SO_TLS_VERIFY_PEER, false]])).toBe('connected')
    expect(await attempt([...trusting(), [TLS_CA, '/no/such/file']])).toBe('EINVAL')
    await expect(dialling(kernel, STREAM_TLS, addr, {}, [[TLS_CA, '/no/such/file']])).rejects.toMatchObject({
      code: 'EINVAL',
      op: 'connect',
    })
  })

  test('a failed handshake is a log line, and other connections do not notice', async () => {
    await using kernel = await netKernel(isolation)
    const inbox = new Inbox<string>()
    const { addr } = await serving(kernel, STREAM_TLS, { message: (_fd, text) => inbox.put(text) }, [
      ...identity(issued),
      [TLS_HANDSHAKE_TIMEOUT, 1],
    ])
    await using good = await tlsPeer(addr)
    await using plain = await plainPeer(addr)
    plain.socket.write('GET / HTTP/1.1\r\n\r\n')
    await plain.rest()
    await using silent = await plainPeer(addr)
    await silent.rest()
    good.write('still here')
    expect(await inbox.next()).toBe('still here')
    await until(() => kernel.lines.some(line => line.message === 'a TLS handshake failed'))
  })
})

test('a server says which option is missing or does not fit', async () => {
  await using kernel = await netKernel()
  const attempt = (options: OptionRow[]) =>
    serving(kernel, STREAM_TLS, { error() {} }, options).then(
      () => 'listening',
      error => `${error.op} ${error.code} ${error.message}`,
    )
  expect(await attempt([])).toContain('listen EINVAL TLS_CERTIFICATE (322)')
  expect(await attempt([[TLS_CERTIFICATE, issued.certificate]])).toContain('TLS_PRIVATE_KEY (323)')
  expect(await attempt([...identity(issued), [TLS_PRIVATE_KEY, other.privateKey]])).toContain(
    'TLS_PRIVATE_KEY (323): the key does not belong',
  )
  expect(await attempt([...identity(issued), [TLS_CIPHERS, 'NO-SUCH-CIPHER']])).toContain('TLS_CIPHERS (320)')
  const encrypted = authority.encrypt(issued, 'sesame')
  expect(
    await attempt([
      [TLS_CERTIFICATE, issued.certificate],
      [TLS_PRIVATE_KEY, encrypted],
    ]),
  ).toContain('passphrase')
  expect(
    await attempt([
      [TLS_CERTIFICATE, issued.certificate],
      [TLS_PRIVATE_KEY, encrypted],
      [TLS_PASSPHRASE, 'sesame'],
    ]),
  ).toBe('listening')
})

test('no version, or no cipher, in common is an error on the client', async () => {
  await using kernel = await netKernel()
  const { addr } = await serving(kernel, STREAM_TLS, {}, [...identity(issued), [TLS_MIN_VERSION, 'TLSv1.3']])
  await expect(tlsPeer(addr, { maxVersion: 'TLSv1.2' })).rejects.toMatchObject({
    code: expect.stringMatching(/VERSION|ALERT/),
  })
  const narrow = await serving(kernel, STREAM_TLS, {}, [
    ...identity(issued),
    [TLS_CIPHERS, 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  ])
  await expect(
    tlsPeer(narrow.addr, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' }),
  ).rejects.toMatchObject({ code: expect.stringMatching(/HANDSHAKE|CIPHER/) })
})

test.each<[string, () => [server: OptionRow[], client: OptionRow[]], string | RegExp]>([
  [
    'another name',
    () => [identity(issued), [...trusting(), [SO_TLS_SNI_HOSTNAME, 'wrong.test']]],
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ],
  [
    'an expired certificate',
    () => [identity(authority.issue('localhost', { file: 'expired', days: -1 })), trusting()],
    'CERT_HAS_EXPIRED',
  ],
  [
    'a self-signed certificate',
    () => [identity(authority.selfSign('localhost')), trusting()],
    'DEPTH_ZERO_SELF_SIGNED_CERT',
  ],
  [
    'no cipher in common',
    () => [
      [...identity(issued), [TLS_CIPHERS, 'TLS_AES_256_GCM_SHA384']],
      [...trusting(), [TLS_CIPHERS, 'TLS_AES_128_GCM_SHA256']],
    ],
    /^ERR_SSL_.*HANDSHAKE_FAILURE$/,
  ],
])(
  'a client that meets %s is closed with that reason, and its server serves on',
  async (_what, settings, code) => {
    await using kernel = await netKernel()
    const [server, options] = settings()
    const { server: fd, addr } = await serving(kernel, STREAM_TLS, {}, server)
    const closes: (Error | undefined)[] = []
    const client = kernel.create(STREAM_TLS, { close: (_fd, error) => void closes.push(error) })
    for (const [option, value] of options) await kernel.setOption(client, option, value)
    const failure = await kernel.connect(client, addr.port).catch(error => error)
    expect(failure).toMatchObject({ name: 'SocketError', code: expect.stringMatching(code) })
    expect(closes).toEqual([failure])
    for (const [option, value] of identity(issued)) void kernel.setOption(fd, option, value)
    await dialling(kernel, STREAM_TLS, addr, {}, trusting())
  },
)

test('names choose certificates, ALPN chooses a protocol, and certificates change while listening', async () => {
  await using kernel = await netKernel()
  const opened = new Inbox<Fd<any>>()
  const { server, addr } = await serving(kernel, STREAM_TLS, { open: fd => opened.put(fd) }, [
    ...identity(issued),
    [TLS_SNI, { 'other.test': { certificate: other.certificate, privateKey: other.privateKey } }],
    [TLS_ALPN, ['mud', 'chat']],
  ])
  await using named = await tlsPeer(addr, { servername: 'other.test', ALPNProtocols: ['chat'] })
  expect(named.getPeerCertificate().subject.CN).toBe('other.test')
  expect(named.alpnProtocol).toBe('chat')
  expect(await kernel.query(await opened.next(), TLS_SESSION)).toMatchObject({
    alpn: 'chat',
    serverName: 'other.test',
    authorized: false,
  })
  await Promise.all(identity(other).map(([option, value]) => kernel.setOption(server, option, value)))
  await using changed = await tlsPeer(addr, { servername: 'other.test' })
  expect(changed.getPeerCertificate().subject.CN).toBe('other.test')
  await expect(kernel.setOption(server, TLS_CERTIFICATE, 'nonsense')).rejects.toMatchObject({
    code: 'EINVAL',
    op: 'setOption',
  })
})

test('client certificates are asked for with SO_TLS_VERIFY_PEER', async () => {
  await using kernel = await netKernel()
  const opened = new Inbox<Fd<any>>()
  const { addr } = await serving(kernel, STREAM_TLS, { open: fd => opened.put(fd) }, [
    ...identity(issued),
    [SO_TLS_VERIFY_PEER, true],
    [TLS_CA, authority.certificate],
  ])
  await dialling(kernel, STREAM_TLS, addr, {}, [
    ...trusting(),
    [TLS_CLIENT_CERT, { certificate: other.certificate, privateKey: other.privateKey }],
  ])
  expect(await kernel.query(await opened.next(), TLS_SESSION)).toMatchObject({
    authorized: true,
    peerCertificate: { subject: 'CN=other.test' },
  })
  // Under TLS 1.3 the client has finished its handshake before the server refuses it.
  const refused = Promise.withResolvers<void>()
  await dialling(kernel, STREAM_TLS, addr, { close: () => refused.resolve() }, trusting()).catch(() =>
    refused.resolve(),
  )
  await refused.promise
  await until(() => kernel.lines.some(line => line.message === 'a TLS handshake failed'))
})
