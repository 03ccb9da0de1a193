import { once } from 'node:events'
import tls from 'node:tls'
import { afterAll, describe, expect, test } from 'vitest'
import { Authority } from '../../../test/support/certificates.ts'
import type { SocketsError } from '../src/errors.ts'
import { CLEAN_SHUTDOWN, CONNECTION_RESET, Loop, type SocketContextOptions } from '../src/loop/index.ts'

const authority = new Authority()
const issued = authority.issue('localhost')
const other = authority.issue('other.test')
afterAll(() => authority[Symbol.dispose]())

const server: SocketContextOptions<true> = {
  ssl: true,
  certFile: issued.certificatePath,
  keyFile: issued.privateKeyPath,
}
const client: SocketContextOptions<true> = { ssl: true, caFile: authority.path }
const code = (name: string) => expect.objectContaining({ code: name })

/** Settles with what a client context gets from a server. */
function attempt(loop: Loop, options: SocketContextOptions<true>, port: number, serverName?: string) {
  const { promise, resolve } = Promise.withResolvers<string>()
  loop
    .createSocketContext<true>(options)
    .onData((socket, data) => {
      resolve(String(data))
      socket.close()
    })
    .onConnectError((_socket, error: SocketsError) => resolve(error.code))
    .connect('localhost', port, undefined, { serverName })
    .write('hello')
  return promise
}

describe('a TLS context', () => {
  test('echoes to clients that verify it, with every option set', async () => {
    await using loop = new Loop()
    const key = authority.encrypt(issued, 'secret')
    const context = loop.createSocketContext<true>({
      ...server,
      keyFile: key,
      passphrase: 'secret',
      dhParamsFile: 'auto',
      ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256',
      lowMemory: true,
    })
    const closed = new Promise<number>(resolve => context.onClose((_socket, closeCode) => resolve(closeCode)))
    context.onData((socket, data) => socket.write(data))
    const { port } = await context.listen('127.0.0.1', 0)
    expect(await attempt(loop, client, port)).toBe('hello')
    expect(await closed).toBe(CLEAN_SHUTDOWN)
  })

  test('as a client it trusts nobody unknown, unless that is said', async () => {
    await using loop = new Loop()
    const context = loop.createSocketContext<true>(server).onData((socket, data) => socket.write(data))
    const { port } = await context.listen('127.0.0.1', 0)
    expect(await attempt(loop, { ssl: true }, port)).toMatch(/UNABLE_TO_|SELF_SIGNED/)
    expect(await attempt(loop, client, port, 'wrong.test')).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    expect(await attempt(loop, { ssl: true, insecure: true }, port)).toBe('hello')
  })

  test('asks for a client certificate where it is told to', async () => {
    await using loop = new Loop()
    const context = loop.createSocketContext<true>({ ...server, caFile: authority.path, requestCert: true })
    context.onData((socket, data) => socket.write(data))
    const { port } = await context.listen('127.0.0.1', 0)
    const own = { certFile: other.certificatePath, keyFile: other.privateKeyPath }
    expect(await attempt(loop, { ...client, ...own }, port)).toBe('hello')
  })

  test('chooses certificates by the name a client sends', async () => {
    await using loop = new Loop()
    const named = loop.createSocketContext<true>({
      ssl: true,
      certFile: other.certificatePath,
      keyFile: other.privateKeyPath,
    })
    const asked: string[] = []
    const context = loop.createSocketContext<true>(server).onServerName(name => {
      asked.push(name)
      return name === 'other.test' ? named.tls : undefined
    })
    const { port } = await context.listen('127.0.0.1', 0)
    for (const [servername, subject] of [
      ['other.test', 'other.test'],
      ['localhost', 'localhost'],
    ] as const) {
      const peer = tls.connect({ port, host: '127.0.0.1', servername, ca: authority.certificate })
      await once(peer, 'secureConnect')
      expect(peer.getPeerCertificate().subject.CN).toBe(subject)
      peer.destroy()
      await once(peer, 'close')
    }
    expect(asked).toEqual(['other.test', 'localhost'])
  })

  test('is reset by a code, and told so', async () => {
    await using loop = new Loop()
    const context = loop.createSocketContext<true>(server)
    context.onData(socket => socket.close(CONNECTION_RESET))
    const { port } = await context.listen('127.0.0.1', 0)
    const peer = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ca: authority.certificate })
    peer.on('error', () => {})
    await once(peer, 'secureConnect')
    const closed = new Promise(resolve => peer.once('close', resolve))
    peer.write('now')
    await closed
  })

  test('is not made of files that are missing, do not fit or are not for TLS', async () => {
    using loop = new Loop()
    const refuse = (options: SocketContextOptions, name: string) =>
      expect(() => loop.createSocketContext(options)).toThrow(code(name))
    refuse({ ...server, keyFile: '/nowhere' }, 'ERR_SOCKET_CONTEXT_CREATION')
    refuse({ ...server, keyFile: other.privateKeyPath }, 'ERR_SOCKET_CONTEXT_CREATION')
    refuse({ ...server, ciphers: 'no such cipher' }, 'ERR_SOCKET_CONTEXT_CREATION')
    refuse({ ...server, dhParamsFile: authority.path }, 'ERR_SOCKET_CONTEXT_CREATION')
    refuse({ ...server, ssl: false }, 'ERR_SOCKET_CONTEXT_CREATION')
    refuse({ ...server, certFile: 'a\0b' }, 'ERR_INVALID_STRING_CONVERSION')
    refuse({ highWaterMark: 0 }, 'ERR_SOCKET_CONTEXT_CREATION')
    await expect(loop.createSocketContext<true>(client).listen('127.0.0.1', 0)).rejects.toThrow(
      code('ERR_TLS_OPTION'),
    )
    expect(loop.open).toBe(0)
  })
})
