import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type ConnectionOptions, connect as connectTls, createServer } from 'node:tls'
import { afterAll, describe, expect, test } from 'vitest'
import { Authority } from '../../../test/support/certificates.ts'
import {
  connect,
  createTlsContext,
  listen,
  type TlsClientOptions,
  type TlsContextOptions,
  TlsOptionError,
  type TlsServerOptions,
} from '../src/index.ts'
import { pairOver, portOf } from './support/resources.ts'
import { ask, echoServer, identity, refusal } from './support/tls.ts'

const authority = new Authority()
const strangers = new Authority()
const localhost = authority.issue('localhost')
const rsa = authority.issue('localhost', { file: 'rsa', key: 'rsa' })
const trusted: TlsClientOptions = { ca: authority.certificate }
afterAll(() => {
  authority[Symbol.dispose]()
  strangers[Symbol.dispose]()
})

describe.each(['tcp', 'local'] as const)('TLS over a %s stream', kind => {
  const pair = () =>
    pairOver(kind, {
      listening: { tls: identity(localhost) },
      connecting: { tls: { ...trusted, serverName: 'localhost' } },
    })

  test('echoes what is written, up to the half-close, and can go on answering after it', async () => {
    await using ends = await pair()
    expect([ends.client.isEncrypted, ends.accepted.isEncrypted]).toEqual([true, true])
    await ends.client.write('hello ')
    await ends.client.write(Buffer.from('world'))
    expect((await ends.accepted.readExactly(11)).toString()).toBe('hello world')
    await ends.client.closeWrite()
    expect(await ends.accepted.eof()).toBe(true)
    await ends.accepted.write('still here')
    await ends.accepted.closeWrite()
    expect((await ends.client.read()).toString()).toBe('still here')
  })

  test('is read as a plain stream is: exactly, by delimiter, byte by byte, past bytes, up to the end', async () => {
    await using ends = await pair()
    const { client, accepted } = ends
    await client.write('abc\nline\r\nrest')
    await client.flush()
    expect((await accepted.readExactly(1))[0]).toBe(0x61)
    expect((await accepted.peek(2)).toString()).toBe('bc')
    expect(await accepted.skip(1)).toBe(1)
    expect((await accepted.readUntil('\n')).toString()).toBe('c\n')
    expect((await accepted.readUntil('\r\n', { keep: false })).toString()).toBe('line')
    await client.close()
    expect((await accepted.read()).toString()).toBe('rest')
    await expect(accepted.readExactly(1)).rejects.toMatchObject({ code: 'ERR_UNEXPECTED_EOF' })
    await expect(client.write('x')).rejects.toMatchObject({ code: 'ERR_SOCKET_CLOSED' })
  })

  test('carries three megabytes whole', async () => {
    await using ends = await pair()
    const sent = Buffer.alloc(3_000_000, 'unisock ')
    const writing = ends.client.write(sent)
    expect((await ends.accepted.readExactly(sent.length)).equals(sent)).toBe(true)
    await writing
  })

  test('nobody reading stops the writer, with memory bounded by the window', async () => {
    await using ends = await pair()
    const chunk = Buffer.alloc(64 * 1024)
    let written = 0
    let full = false
    while (!full && written < 64 * 1024 * 1024) {
      const taken = ends.client.write(chunk)
      written += chunk.length
      full = await Promise.race([
        taken.then(() => false),
        new Promise<boolean>(resolve => setTimeout(() => resolve(true), 200)),
      ])
    }
    expect(full).toBe(true)
    expect(ends.accepted.bytesAvailable).toBeLessThanOrEqual(256 * 1024)
    expect(await ends.accepted.skip(written)).toBe(written)
  })

  test('says what the handshake agreed on, until the connection is gone', async () => {
    await using ends = await pair()
    expect(ends.client.tlsSession).toMatchObject({
      protocol: 'TLSv1.3',
      cipher: expect.stringMatching(/^TLS_/),
      authorized: true,
      peerCertificate: {
        subject: 'CN=localhost',
        issuer: 'CN=Test CA',
        altNames: 'DNS:localhost, IP Address:127.0.0.1',
      },
    })
    expect(ends.accepted.tlsSession).toMatchObject({ serverName: 'localhost', authorized: false })
    await ends.client.close()
    expect(ends.client.tlsSession).toBeUndefined()
  })
})

describe('a client', () => {
  const self = authority.selfSign('localhost')
  test.each<[string, TlsServerOptions, TlsClientOptions, string]>([
    [
      'another name',
      identity(localhost),
      { ...trusted, serverName: 'elsewhere.test' },
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
    [
      'an expired certificate',
      identity(authority.issue('localhost', { file: 'expired', days: -1 })),
      trusted,
      'CERT_HAS_EXPIRED',
    ],
    ['a self-signed certificate', identity(self), trusted, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['an unknown authority', identity(localhost), {}, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [
      'another authority',
      identity(localhost),
      { ca: strangers.certificate },
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ],
  ])('refuses %s, unless it is told to talk to anybody', async (_what, server, client, code) => {
    await using echo = await echoServer(server)
    expect(await refusal(echo, client)).toBe(code)
    expect(await ask(echo, { ...client, insecure: true })).toBe('hello')
    await using open = await connect('localhost', portOf(echo), { tls: { ...client, insecure: true } })
    expect(open.tlsSession).toMatchObject({
      authorized: false,
      authorizationError: expect.stringContaining(code),
    })
  })

  test('trusts a self-signed certificate that it was given', async () => {
    await using echo = await echoServer(identity(self))
    expect(await ask(echo, { ca: self.certificate })).toBe('hello')
  })

  test('verifies the address where it connects to one, and sends no name then', async () => {
    await using server = await listen('0.0.0.0', 0, { tls: identity(localhost) })
    await using good = await connect('127.0.0.1', portOf(server), { tls: trusted })
    await using accepted = await server.accept()
    expect(good.tlsSession?.authorized).toBe(true)
    expect(accepted.tlsSession).not.toHaveProperty('serverName')
    await expect(connect('127.0.0.2', portOf(server), { tls: trusted })).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
  })

  test('takes authorities as text, as a file, as a directory and as several', async () => {
    await using echo = await echoServer(identity(localhost))
    const folder = join(authority.directory, 'authorities')
    mkdirSync(folder)
    writeFileSync(join(folder, 'ca.pem'), authority.certificate)
    writeFileSync(join(folder, 'strangers.crt'), strangers.certificate)
    writeFileSync(join(folder, 'readme.txt'), 'no certificate')
    for (const ca of [authority.certificate, authority.path, folder, [strangers.certificate, authority.path]])
      expect(await ask(echo, { ca })).toBe('hello')
  })
})

describe('no common ground', () => {
  test('of ciphers is an error of its own on both sides', async () => {
    const failures: string[] = []
    await using echo = await echoServer(
      { ...identity(localhost), ciphers: 'TLS_AES_256_GCM_SHA384' },
      { onHandshakeError: error => failures.push(error.code!) },
    )
    const ciphers = 'TLS_AES_128_GCM_SHA256'
    expect(await refusal(echo, { ...trusted, ciphers })).toMatch(/^ERR_SSL_.*ALERT_HANDSHAKE_FAILURE$/)
    expect(failures).toEqual(['ERR_SSL_NO_SHARED_CIPHER'])
    expect(await ask(echo, { ...trusted, ciphers: `${ciphers}:TLS_AES_256_GCM_SHA384` })).toBe('hello')
  })

  test('of versions is an error of its own on both sides', async () => {
    const failures: string[] = []
    await using echo = await echoServer(
      { ...identity(localhost), minVersion: 'TLSv1.3' },
      { onHandshakeError: error => failures.push(error.code!) },
    )
    const old = connectTls({
      port: portOf(echo),
      host: '127.0.0.1',
      ...trusted,
      maxVersion: 'TLSv1.2',
    } as object)
    const { promise, resolve } = Promise.withResolvers<NodeJS.ErrnoException>()
    old.on('error', resolve)
    expect((await promise).code).toMatch(/^ERR_SSL_.*ALERT_PROTOCOL_VERSION$/)
    expect(failures).toEqual(['ERR_SSL_UNSUPPORTED_PROTOCOL'])
    expect(await ask(echo, trusted)).toBe('hello')
  })

  test('is what a client of a newer version finds, too', async () => {
    const old = createServer({ ...identity(localhost), maxVersion: 'TLSv1.2' }).listen(0, '127.0.0.1')
    await once(old, 'listening')
    const { port } = old.address() as AddressInfo
    await expect(
      connect('localhost', port, { tls: { ...trusted, minVersion: 'TLSv1.3' } }),
    ).rejects.toMatchObject({ name: 'SocketsError', code: expect.stringMatching(/PROTOCOL_VERSION$/) })
    old.close()
  })
})

describe('certificates and keys', () => {
  const key = authority.encrypt(localhost, 'sesame')
  const missing = join(authority.directory, 'nowhere.pem')
  const unreadable = join(authority.directory, 'unreadable.pem')
  const empty = join(authority.directory, 'empty')
  writeFileSync(unreadable, 'no PEM here')
  mkdirSync(empty)

  test('are taken as text, as paths and with a passphrase', async () => {
    for (const tls of [
      identity(localhost),
      { cert: localhost.certificatePath, key: localhost.privateKeyPath },
      { cert: localhost.certificate, key, passphrase: 'sesame' },
    ]) {
      await using echo = await echoServer(tls)
      expect(await ask(echo, trusted)).toBe('hello')
    }
  })

  test.each<[string, TlsServerOptions, string, RegExp]>([
    ['no certificate', {}, 'cert', /needs a certificate/],
    ['no key', { cert: localhost.certificate }, 'key', /must be set/],
    ['a key without its passphrase', { cert: localhost.certificate, key }, 'key', /needs a passphrase/],
    [
      'a wrong passphrase',
      { cert: localhost.certificate, key, passphrase: 'x' },
      'key',
      /another passphrase/,
    ],
    ['the key of another', { cert: localhost.certificate, key: rsa.privateKey }, 'key', /does not belong/],
    [
      'a certificate for a key',
      { ...identity(localhost), key: localhost.certificate },
      'key',
      /not a private key/,
    ],
    [
      'a key for a certificate',
      { ...identity(localhost), cert: localhost.privateKey },
      'cert',
      /not a certificate/,
    ],
    ['no such file', { ...identity(localhost), cert: missing }, 'cert', /ENOENT/],
    ['a directory for a file', { ...identity(localhost), key: empty }, 'key', /EISDIR/],
    ['a file of something else', { ...identity(localhost), cert: unreadable }, 'cert', /no PEM/],
    ['an authority that is none', { ...identity(localhost), ca: unreadable }, 'ca', /no PEM/],
    ['a directory without authorities', { ...identity(localhost), ca: empty }, 'ca', /no .pem/],
    ['ciphers nobody knows', { ...identity(localhost), ciphers: 'ROT13' }, 'ciphers', /./],
    ['a dhparam file that is none', { ...identity(localhost), dhparam: unreadable }, 'dhparam', /no PEM/],
    [
      'a dhparam of something else',
      { ...identity(localhost), dhparam: localhost.certificate },
      'dhparam',
      /no DH/,
    ],
    [
      'a name with half a certificate',
      {
        ...identity(localhost),
        contexts: { 'a.test': { cert: rsa.certificate, key: localhost.privateKey } },
      },
      'contexts a.test',
      /does not belong/,
    ],
  ])('%s', async (_what, tls, option, reason) => {
    const listening = listen(0, { tls })
    await expect(listening).rejects.toMatchObject({ code: 'ERR_TLS_OPTION', option })
    await expect(listening).rejects.toThrow(reason)
    await expect(listening).rejects.not.toThrow(/PRIVATE KEY/)
  })

  test('a client has the same checks', async () => {
    await using echo = await echoServer(identity(localhost))
    for (const tls of [
      { ca: missing },
      { cert: localhost.certificate },
      { key: localhost.privateKey },
    ] as TlsContextOptions[])
      await expect(connect(portOf(echo), { tls })).rejects.toBeInstanceOf(TlsOptionError)
    expect(await ask(echo, trusted)).toBe('hello')
  })

  test('a file that may not be read is named', { skip: process.getuid?.() === 0 }, async () => {
    const path = join(authority.directory, 'secret.key')
    writeFileSync(path, localhost.privateKey)
    chmodSync(path, 0)
    expect(() => createTlsContext({ cert: localhost.certificate, key: path })).toThrow(/EACCES/)
  })
})

describe('a context', () => {
  test('is made once and serves many, on either side', async () => {
    const own = createTlsContext(identity(localhost))
    const context = createTlsContext(trusted)
    await using one = await echoServer({ context: own })
    await using two = await echoServer({ context: own })
    const answers = await Promise.all([one, two, one, two].map(server => ask(server, { context })))
    expect(answers).toEqual(['hello', 'hello', 'hello', 'hello'])
  })

  test('accepts TLS 1.2 and later, unless it says otherwise', async () => {
    await using echo = await echoServer(identity(localhost))
    const lower = { minVersion: 'TLSv1.1' as const, ciphers: 'DEFAULT@SECLEVEL=0' }
    const old = { ...plain(portOf(echo)), ...lower, maxVersion: 'TLSv1.1' as const }
    const failed = new Promise<NodeJS.ErrnoException>(resolve => connectTls(old).on('error', resolve))
    expect((await failed).code).toMatch(/PROTOCOL_VERSION/)
    await using lax = await listen(0, { tls: { ...identity(localhost), ...lower } })
    const accepted = lax.accept()
    const client = connectTls({ ...old, port: portOf(lax) })
    expect((await accepted).tlsSession?.protocol).toBe('TLSv1.1')
    client.destroy()
  })

  test('uses the Diffie-Hellman parameters it was given', async () => {
    const dhparam = join(authority.directory, 'dh.pem')
    const generate = [
      'genpkey',
      '-genparam',
      '-algorithm',
      'DH',
      '-pkeyopt',
      'dh_param:ffdhe2048',
      '-out',
      dhparam,
    ]
    execFileSync('openssl', generate, { stdio: 'pipe' })
    for (const parameters of ['auto', dhparam]) {
      const ciphers = 'DHE-RSA-AES128-GCM-SHA256'
      await using server = await listen(0, { tls: { ...identity(rsa), dhparam: parameters, ciphers } })
      const accepted = server.accept()
      const client = connectTls({ ...plain(portOf(server)), ciphers, maxVersion: 'TLSv1.2' })
      expect((await accepted).tlsSession?.cipher).toBe('TLS_DHE_RSA_WITH_AES_128_GCM_SHA256')
      expect(client.getEphemeralKeyInfo()).toMatchObject({ type: 'DH' })
      client.destroy()
    }
  })

  test('of low memory gives clients no ticket to come back with', async () => {
    for (const lowMemory of [false, true]) {
      await using echo = await echoServer({ ...identity(localhost), lowMemory })
      const first = connectTls(plain(portOf(echo)))
      const [session] = await once(first, 'session')
      first.end().resume()
      const second = connectTls({ ...plain(portOf(echo)), session })
      await once(second, 'secureConnect')
      expect(second.isSessionReused()).toBe(!lowMemory)
      second.end().resume()
    }
  })
})

/** How a client of node:tls connects to a server of these tests. */
function plain(port: number): ConnectionOptions {
  return { port, host: '127.0.0.1', servername: 'localhost', ca: authority.certificate }
}
