import { afterAll, describe, expect, test } from 'vitest'
import { Authority } from '../../../test/support/certificates.ts'
import { connect, createTlsContext, listen, type SocketsError, type TlsClientOptions } from '../src/index.ts'
import { portOf } from './support/resources.ts'
import { ask, echoServer, identity, refusal } from './support/tls.ts'

const authority = new Authority()
const strangers = new Authority()
const localhost = authority.issue('localhost')
const own = authority.issue('own.test')
const wild = authority.issue('*.wild.test')
const other = authority.issue('other.test')
const trusted: TlsClientOptions = { ca: authority.certificate }
/** TLS 1.3 has the client done before the server sees its certificate: it finds the connection closed or reset. */
const UNANSWERED = /^(no refusal: |ECONNRESET|EPIPE)$/
afterAll(() => {
  authority[Symbol.dispose]()
  strangers[Symbol.dispose]()
})

/** Whose certificate a server shows to a client that asks for a name. */
async function shown(port: number, serverName?: string): Promise<string> {
  const options = serverName === undefined ? {} : { serverName }
  await using socket = await connect(port, { tls: { ...trusted, ...options, insecure: true } })
  return socket.tlsSession!.peerCertificate!.subject
}

describe('server names', () => {
  test('are sent by clients: the host by default, or the one given', async () => {
    await using server = await listen(0, { tls: identity(localhost) })
    await using one = await connect('localhost', portOf(server), { tls: trusted })
    await using first = await server.accept()
    expect(first.tlsSession?.serverName).toBe('localhost')
    await using two = await connect(portOf(server), { tls: { ...trusted, serverName: 'localhost' } })
    await using second = await server.accept()
    expect(second.tlsSession?.serverName).toBe('localhost')
    expect([one, two].map(socket => socket.tlsSession?.authorized)).toEqual([true, true])
  })

  test('choose certificates: by name, by wildcard of one label, whatever their case', async () => {
    await using server = await echoServer({
      ...identity(localhost),
      contexts: { 'own.test': identity(own), '*.wild.test': identity(wild) },
    })
    const port = portOf(server)
    expect(await shown(port, 'own.test')).toBe('CN=own.test')
    expect(await shown(port, 'OWN.test')).toBe('CN=own.test')
    expect(await shown(port, 'any.wild.test')).toBe('CN=*.wild.test')
    expect(await shown(port, 'one.more.wild.test')).toBe('CN=localhost')
    expect(await shown(port, 'wild.test')).toBe('CN=localhost')
    expect(await shown(port)).toBe('CN=localhost')
  })

  test('are asked of onServerName where no context has them; undefined is the own one', async () => {
    const context = createTlsContext(identity(other))
    const asked: string[] = []
    await using server = await echoServer({
      ...identity(localhost),
      contexts: { 'own.test': identity(own) },
      onServerName(name) {
        asked.push(name)
        if (name === 'sync.test') return context
        if (name === 'async.test') return new Promise(resolve => setImmediate(resolve, context))
        return undefined
      },
    })
    const port = portOf(server)
    expect(await shown(port, 'own.test')).toBe('CN=own.test')
    expect(await shown(port, 'sync.test')).toBe('CN=other.test')
    expect(await shown(port, 'async.test')).toBe('CN=other.test')
    expect(await shown(port, 'unknown.test')).toBe('CN=localhost')
    expect(await shown(port)).toBe('CN=localhost')
    expect(asked).toEqual(['sync.test', 'async.test', 'unknown.test'])
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('not today')
      },
    ],
    ['rejects', () => Promise.reject(new Error('not today'))],
  ])('an onServerName that %s ends that handshake only', async (_how, fail) => {
    const failures: string[] = []
    await using server = await echoServer(
      { ...identity(localhost), onServerName: name => (name === 'bad.test' ? fail() : undefined) },
      { onHandshakeError: error => failures.push(error.message) },
    )
    expect(await refusal(server, { ...trusted, serverName: 'bad.test' })).toBe('ECONNRESET')
    expect(failures).toEqual(['not today'])
    expect(await ask(server, trusted)).toBe('hello')
  })
})

describe('ALPN', () => {
  test("agrees on the first of the server's protocols that the client offers", async () => {
    await using server = await listen(0, { tls: { ...identity(localhost), alpn: ['b', 'a'] } })
    await using client = await connect('localhost', portOf(server), { tls: { ...trusted, alpn: ['a', 'b'] } })
    await using accepted = await server.accept()
    expect([client.tlsSession?.alpn, accepted.tlsSession?.alpn]).toEqual(['b', 'b'])
    await using silent = await connect('localhost', portOf(server), { tls: trusted })
    expect(silent.tlsSession).not.toHaveProperty('alpn')
  })

  test('without a common protocol is refused on both sides', async () => {
    const failures: string[] = []
    await using server = await echoServer(
      { ...identity(localhost), alpn: ['a'] },
      { onHandshakeError: error => failures.push(error.code) },
    )
    expect(await refusal(server, { ...trusted, alpn: ['c'] })).toMatch(
      /^ERR_SSL_.*ALERT_NO_APPLICATION_PROTOCOL$/,
    )
    expect(failures).toEqual([expect.stringMatching(/^ERR_SSL_/)])
    expect(await ask(server, { ...trusted, alpn: ['a'] })).toBe('hello')
  })
})

describe('client certificates', () => {
  const client = authority.issue('client')
  const tls = { ...identity(localhost), ca: authority.certificate, requestCert: true }

  test('that are valid are admitted, and the session says whose they are', async () => {
    await using server = await listen(0, { tls })
    const accepting = server.accept()
    await using socket = await connect('localhost', portOf(server), {
      tls: { ...trusted, ...identity(client) },
    })
    await using accepted = await accepting
    expect(accepted.tlsSession).toMatchObject({ authorized: true, peerCertificate: { subject: 'CN=client' } })
    expect(socket.tlsSession?.authorized).toBe(true)
  })

  test.each<[string, TlsClientOptions]>([
    ['that are missing', {}],
    ['of another authority', identity(strangers.issue('client'))],
    ['that have expired', identity(authority.issue('client', { file: 'late', days: -1 }))],
  ])('%s are refused, with the reason, and the server goes on', async (_what, presented) => {
    const failures: SocketsError[] = []
    await using server = await echoServer(tls, { onHandshakeError: error => failures.push(error) })
    expect(await refusal(server, { ...trusted, ...presented })).toMatch(UNANSWERED)
    expect(failures.map(({ name, code }) => `${name} ${code}`)).toEqual([
      expect.stringMatching(
        /^SocketsError (UNABLE_TO_VERIFY_\w+|CERT_HAS_EXPIRED|ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE)$/,
      ),
    ])
    expect(await ask(server, { ...trusted, ...identity(client) })).toBe('hello')
  })

  test('are not asked for unless that is said', async () => {
    await using server = await listen(0, { tls: identity(localhost) })
    await using _socket = await connect('localhost', portOf(server), {
      tls: { ...trusted, ...identity(client) },
    })
    await using accepted = await server.accept()
    expect(accepted.tlsSession?.authorized).toBe(false)
    expect(accepted.tlsSession).not.toHaveProperty('peerCertificate')
  })
})

describe('a server that listens', () => {
  test('takes new certificates for the next handshakes, and keeps the connections it has', async () => {
    await using server = await echoServer({ ...identity(localhost), contexts: { 'own.test': identity(own) } })
    const port = portOf(server)
    await using before = await connect('localhost', port, { tls: trusted })
    server.secure({ ...identity(other), contexts: { 'own.test': identity(wild) } })
    expect(await shown(port)).toBe('CN=other.test')
    expect(await shown(port, 'own.test')).toBe('CN=*.wild.test')
    await before.write('still')
    expect((await before.readExactly(5)).toString()).toBe('still')
  })

  test('keeps its certificates when the new ones do not fit', async () => {
    await using server = await echoServer(identity(localhost))
    expect(() => server.secure({ cert: other.certificate, key: own.privateKey })).toThrow(
      expect.objectContaining({ code: 'ERR_TLS_OPTION', option: 'key' }),
    )
    expect(await shown(portOf(server))).toBe('CN=localhost')
  })

  test('can begin to ask for client certificates', async () => {
    await using server = await echoServer(identity(localhost))
    expect(await ask(server, trusted)).toBe('hello')
    server.secure({ ...identity(localhost), ca: authority.certificate, requestCert: true })
    expect(await refusal(server, trusted)).toMatch(UNANSWERED)
    expect(await ask(server, { ...trusted, ...identity(own) })).toBe('hello')
  })
})
