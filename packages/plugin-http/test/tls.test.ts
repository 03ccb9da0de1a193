import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import {
  SO_TLS_VERIFY_PEER,
  TLS_ALPN,
  TLS_CA,
  TLS_CERTIFICATE,
  TLS_CIPHERS,
  TLS_DH_PARAMS,
  TLS_HANDSHAKE_TIMEOUT,
  TLS_LOW_MEMORY,
  TLS_MIN_VERSION,
  TLS_PASSPHRASE,
  TLS_PRIVATE_KEY,
  TLS_SNI,
} from '@unisock/kernel/plugin'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Authority, type Issued } from '../../../test/support/certificates.ts'
import { HTTP_CONNECT_TIMEOUT, HTTP2_ENABLE } from '../src/core/index.ts'
import { FakeSocket } from './support/fake-socket.ts'
import { get, TestServer } from './support/server.ts'

const HTTPS = 21
let authority: Authority
let main: Issued
let other: Issued
let wild: Issued

beforeAll(() => {
  authority = new Authority()
  main = authority.issue('localhost')
  other = authority.issue('other.test')
  wild = authority.issue('*.wild.test')
})
afterAll(() => authority[Symbol.dispose]())

const identity = (issued: Issued): [number, unknown][] => [
  [TLS_CERTIFICATE, issued.certificate],
  [TLS_PRIVATE_KEY, issued.privateKey],
]

async function start(options: [number, unknown][] = identity(main)): Promise<TestServer> {
  const server = await TestServer.start(options, HTTPS)
  server.socket.onAccept = exchange => exchange.answer(200, null, 'over TLS', 0)
  return server
}

/** Asks over TLS; resolves with the body and the name on the certificate. */
function ask(port: number, options: ConnectionOptions = {}): Promise<{ body: string; name: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        agent: false,
        ca: authority.certificate,
        servername: 'localhost',
        ...options,
      },
      response => {
        const name = (response.socket as TLSSocket).getPeerCertificate().subject.CN as string
        let body = ''
        response.setEncoding('utf8').on('data', text => {
          body += text
        })
        response.on('end', () => resolve({ body, name }))
      },
    )
    outgoing.on('error', reject).end()
  })
}

describe('HTTPS', () => {
  test('serves with PEM text, and with paths', async () => {
    await using text = await start()
    expect(await ask(text.port)).toEqual({ body: 'over TLS', name: 'localhost' })
    await using paths = await start([
      [TLS_CERTIFICATE, main.certificatePath],
      [TLS_PRIVATE_KEY, main.privateKeyPath],
    ])
    expect(await ask(paths.port)).toMatchObject({ body: 'over TLS' })
  })

  test('holds connections until listen, their handshakes too', async () => {
    await using server = new TestServer(new FakeSocket(identity(main)), HTTPS)
    server.socket.onAccept = exchange => exchange.answer(200, null, 'late', 0)
    const { port } = await server.driver.bind!({ port: 0 })
    const asked = ask(port)
    for (let i = 0; i < 50; i++) await new Promise(resolve => setImmediate(resolve))
    await server.driver.listen!()
    expect(await asked).toMatchObject({ body: 'late' })
  })

  test('keeps a connection alive, and closes it with the listener', async () => {
    const server = await start()
    const socket = connect({
      port: server.port,
      host: '127.0.0.1',
      ca: authority.certificate,
      servername: 'localhost',
    })
    await once(socket, 'secureConnect')
    for (let i = 0; i < 2; i++) {
      socket.write(get())
      await once(socket, 'data')
    }
    expect(server.inspect().connections).toBe(1)
    const drained = server.driver.drain!()
    await once(socket, 'close')
    await drained
    expect(server.inspect().connections).toBe(0)
    await server.driver.close!({})
  })

  test('counts HTTP_CONNECT_TIMEOUT from the end of the handshake, and for a first byte of HTTP', async () => {
    await using server = await start([...identity(main), [HTTP_CONNECT_TIMEOUT, 50]])
    const silent = connect({ port: server.port, ca: authority.certificate, servername: 'localhost' })
    let text = ''
    silent.setEncoding('utf8').on('data', chunk => {
      text += chunk
    })
    await once(silent, 'close')
    expect(text).toMatch(/^HTTP\/1\.1 408 /)
    const fresh = await start()
    const idle = connect({ port: fresh.port, ca: authority.certificate, servername: 'localhost' })
    await once(idle, 'secureConnect')
    while (fresh.inspect().connections === 0) await new Promise(resolve => setImmediate(resolve))
    const closed = once(idle, 'close')
    await fresh.driver.drain!()
    await closed
  })

  test('an encrypted key needs its passphrase', async () => {
    const encrypted = authority.encrypt(main, 'sesame')
    await using server = await start([
      [TLS_CERTIFICATE, main.certificate],
      [TLS_PRIVATE_KEY, encrypted],
      [TLS_PASSPHRASE, 'sesame'],
    ])
    expect(await ask(server.port)).toMatchObject({ body: 'over TLS' })
  })

  test('the oldest version is 1.2 unless TLS_MIN_VERSION says otherwise', async () => {
    await using server = await start([...identity(main), [TLS_MIN_VERSION, 'TLSv1.3']])
    await expect(ask(server.port, { maxVersion: 'TLSv1.2' })).rejects.toThrow()
    expect(await ask(server.port)).toMatchObject({ body: 'over TLS' })
  })

  test('ciphers, Diffie-Hellman parameters, ALPN and low memory are taken', async () => {
    await using server = await start([
      ...identity(main),
      [TLS_CIPHERS, 'ECDHE-ECDSA-AES128-GCM-SHA256'],
      [TLS_DH_PARAMS, 'auto'],
      [TLS_LOW_MEMORY, true],
      [TLS_ALPN, ['http/1.1']],
    ])
    const socket = connect({
      port: server.port,
      ca: authority.certificate,
      servername: 'localhost',
      maxVersion: 'TLSv1.2',
      ALPNProtocols: ['h2', 'http/1.1'],
    })
    await once(socket, 'secureConnect')
    expect(socket.getCipher().name).toBe('ECDHE-ECDSA-AES128-GCM-SHA256')
    expect(socket.alpnProtocol).toBe('http/1.1')
    expect(socket.getTLSTicket()).toBeUndefined()
    socket.destroy()
  })

  test('a handshake that does not end is cut off, one that fails is a log line', async () => {
    await using server = await start([...identity(main), [TLS_HANDSHAKE_TIMEOUT, 1]])
    const silent = connectTcp(server.port, '127.0.0.1')
    const plain = connectTcp(server.port, '127.0.0.1')
    plain.end(get())
    plain.on('error', () => {})
    silent.on('error', () => {})
    await Promise.all([once(silent, 'close'), once(plain, 'close')])
    expect(server.socket.logs.map(({ level }) => level)).toEqual(['debug', 'debug'])
    expect(server.inspect().connections).toBe(0)
  })
})

describe('server names', () => {
  test('have contexts of their own, with wildcards for one label, and the default for the rest', async () => {
    const entry = ({ certificate, privateKey }: Issued) => ({ certificate, privateKey })
    await using server = await start([
      ...identity(main),
      [TLS_SNI, { 'Other.test': entry(other), '*.wild.test': entry(wild) }],
    ])
    expect(await ask(server.port)).toMatchObject({ name: 'localhost' })
    expect(await ask(server.port, { servername: 'other.test' })).toMatchObject({ name: 'other.test' })
    expect(await ask(server.port, { servername: 'a.wild.test' })).toMatchObject({ name: '*.wild.test' })
    const lax = { rejectUnauthorized: false }
    expect(await ask(server.port, { servername: 'a.b.wild.test', ...lax })).toMatchObject({
      name: 'localhost',
    })
  })
})

describe('client certificates', () => {
  test('are asked for with SO_TLS_VERIFY_PEER, and must come from TLS_CA', async () => {
    const client = authority.issue('client')
    using strangers = new Authority()
    const stranger = strangers.issue('client')
    await using server = await start([
      ...identity(main),
      [SO_TLS_VERIFY_PEER, true],
      [TLS_CA, authority.path],
    ])
    const present = (issued: Issued) => ({ cert: issued.certificate, key: issued.privateKey })
    expect(await ask(server.port, present(client))).toMatchObject({ body: 'over TLS' })
    await expect(ask(server.port)).rejects.toThrow()
    await expect(ask(server.port, present(stranger))).rejects.toThrow()
  })

  test('a directory of authorities is read', async () => {
    const client = authority.issue('client')
    const directory = join(authority.directory, 'authorities')
    mkdirSync(directory)
    writeFileSync(join(directory, 'ca.crt'), authority.certificate)
    writeFileSync(join(directory, 'README'), 'no certificate')
    await using server = await start([...identity(main), [SO_TLS_VERIFY_PEER, true], [TLS_CA, directory]])
    expect(await ask(server.port, { cert: client.certificate, key: client.privateKey })).toMatchObject({
      body: 'over TLS',
    })
  })
})

describe('changes while listening', () => {
  test('certificate and key, set in one turn, serve the next handshake; open connections stay', async () => {
    await using server = await start()
    const socket = connect({ port: server.port, ca: authority.certificate, servername: 'localhost' })
    await once(socket, 'secureConnect')
    await Promise.all(identity(other).map(([option, value]) => server.set(option, value)))
    expect(await ask(server.port, { servername: 'other.test' })).toMatchObject({ name: 'other.test' })
    socket.write(get())
    await once(socket, 'data')
    socket.destroy()
  })

  test('a certificate without its key is refused, and the old one stays in service', async () => {
    await using server = await start()
    await expect(server.set(TLS_CERTIFICATE, other.certificate)).rejects.toMatchObject({ code: 'EINVAL' })
    expect(await ask(server.port)).toMatchObject({ name: 'localhost' })
  })

  test('server names and the demand for client certificates', async () => {
    await using server = await start()
    await server.set(TLS_SNI, { 'other.test': other })
    expect(await ask(server.port, { servername: 'other.test' })).toMatchObject({ name: 'other.test' })
    await Promise.all([server.set(SO_TLS_VERIFY_PEER, true), server.set(TLS_CA, authority.certificate)])
    await expect(ask(server.port)).rejects.toThrow()
    const client = authority.issue('client')
    expect(await ask(server.port, { cert: client.certificate, key: client.privateKey })).toMatchObject({
      body: 'over TLS',
    })
  })
})

describe('bad TLS options', () => {
  const withoutKey = (): [number, unknown][] => [[TLS_CERTIFICATE, main.certificate]]
  test.each<[string, () => [number, unknown][], RegExp]>([
    ['no certificate', () => [], /^TLS_CERTIFICATE \(322\): must be set/],
    ['no key', withoutKey, /^TLS_PRIVATE_KEY \(323\): must be set/],
    [
      'a file that does not exist',
      () => [...identity(main), [TLS_CERTIFICATE, '/nowhere.pem']],
      /^TLS_CERTIFICATE \(322\): neither PEM/,
    ],
    [
      'a key that does not exist',
      () => [...identity(main), [TLS_PRIVATE_KEY, 'hunter2']],
      /^TLS_PRIVATE_KEY \(323\): neither PEM text nor a file that can be read \(ENOENT\)$/,
    ],
    [
      'garbage in PEM',
      () => [
        ...identity(main),
        [TLS_CERTIFICATE, '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----'],
      ],
      /^TLS_CERTIFICATE \(322\): not a certificate/,
    ],
    [
      'the key of another',
      () => [...identity(main), [TLS_PRIVATE_KEY, other.privateKey]],
      /^TLS_PRIVATE_KEY \(323\): the key does not belong/,
    ],
    [
      'a certificate for a key',
      () => [...identity(main), [TLS_PRIVATE_KEY, main.certificate]],
      /^TLS_PRIVATE_KEY \(323\): not a private key/,
    ],
    [
      'no passphrase',
      () => [...withoutKey(), [TLS_PRIVATE_KEY, authority.encrypt(main, 'x')]],
      /^TLS_PRIVATE_KEY \(323\): the key is encrypted/,
    ],
    ['unknown ciphers', () => [...identity(main), [TLS_CIPHERS, 'NONE-SUCH']], /^TLS_CIPHERS \(320\): /],
    [
      'bad parameters',
      () => [...identity(main), [TLS_DH_PARAMS, '-----BEGIN X-----']],
      /^TLS_DH_PARAMS \(335\): /,
    ],
    [
      'a bad authority',
      () => [...identity(main), [TLS_CA, [authority.path, '/nowhere']]],
      /^TLS_CA \(324\): /,
    ],
    [
      'an empty directory',
      () => [...identity(main), [TLS_CA, '/proc/self/task']],
      /^TLS_CA \(324\): the directory has no/,
    ],
    [
      'a bad server name',
      () => [
        ...identity(main),
        [TLS_SNI, { a: { certificate: other.certificate, privateKey: main.privateKey } }],
      ],
      /^TLS_SNI \(330\) a: the key does not belong/,
    ],
    [
      'h2 without HTTP/2',
      () => [...identity(main), [TLS_ALPN, ['h2']], [HTTP2_ENABLE, false]],
      /^TLS_ALPN \(329\): /,
    ],
  ])('%s: bind says which option, and no key', async (_title, options, message) => {
    const server = new TestServer(new FakeSocket(options()), HTTPS)
    const error = await Promise.resolve(server.driver.bind!({ port: 0 })).then(
      () => undefined,
      (thrown: Error) => thrown,
    )
    expect(error).toMatchObject({ code: 'EINVAL', message: expect.stringMatching(message) })
    expect(error!.message).not.toMatch(/hunter2|PRIVATE KEY-/)
  })
})
