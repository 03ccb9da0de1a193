import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  connect,
  type InetAddr,
  listen,
  type TcpServer,
  type TlsServerOptions,
  UdpSocket,
} from '@unisock/sockets'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Authority, type Issued } from './support/certificates.ts'
import { Peer } from './support/peer.ts'
import { findProgram } from './support/programs.ts'
import { PYTHON_PEER, type PythonPeerOptions } from './support/python-peer.ts'

const openssl = findProgram('openssl')
const python = findProgram('python3')
const socat = findProgram('socat')

/** Text beyond ASCII, and every byte there is, beyond one record of TLS. */
const SENT = Buffer.concat([
  Buffer.from('grüße — 你好\r\n'),
  Buffer.alloc(40_000, Uint8Array.from(Array(256).keys())),
])
const REVERSED = Buffer.from(SENT).reverse()

let authority: Authority
let localhost: Issued
let client: Issued
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unisock-peers-'))
  if (!openssl) return
  authority = new Authority()
  localhost = authority.issue('localhost')
  client = authority.issue('client')
})
afterAll(async () => {
  authority?.[Symbol.dispose]()
  await rm(folder, { recursive: true })
})

const portOf = (server: TcpServer) => (server.getSockName() as InetAddr).port
const files = ({ certificatePath, privateKeyPath }: Issued) => ({
  cert: certificatePath,
  key: privateKeyPath,
})
const secure = (options: Partial<TlsServerOptions> = {}) => ({ tls: { ...files(localhost), ...options } })

/** For peers that cannot say which one they were given. */
async function freeUdpPort(): Promise<number> {
  await using socket = await UdpSocket.create({ host: '127.0.0.1', port: 0 })
  return socket.getSockName().port
}

describe.skipIf(!python)("Python's socket module", () => {
  const start = (options: PythonPeerOptions) =>
    new Peer(python!, ['-c', PYTHON_PEER, JSON.stringify(options)])

  test.each(['tcp', 'local'])('answers our client over a %s stream, after the half-close', async kind => {
    const path = kind === 'local' ? { path: join(folder, 'python-server') } : {}
    await using peer = start({ role: 'server', ...path })
    const port = await peer.port(/listening on (?:path )?/)
    await using socket = await connect(path.path === undefined ? { port } : { path: path.path })
    await socket.write(SENT)
    await socket.closeWrite()
    expect((await socket.read()).equals(REVERSED)).toBe(true)
  })

  test.each(['tcp', 'local'])(
    'is answered by our server over a %s stream, after its half-close',
    async kind => {
      const path = join(folder, 'server')
      await using server = await (kind === 'local' ? listen(path) : listen(0))
      const at = kind === 'local' ? { path } : { port: portOf(server) }
      await using peer = start({ role: 'client', ...at, send: SENT.toString('hex') })
      await using accepted = await server.accept()
      expect((await accepted.read()).equals(SENT)).toBe(true)
      await accepted.write(REVERSED)
      await accepted.closeWrite()
      expect((await peer.output()).toString().trim()).toBe(REVERSED.toString('hex'))
    },
  )

  describe.skipIf(!openssl).each(['TLSv1_2', 'TLSv1_3'] as const)('with ssl, %s', version => {
    const protocol = version.replace('_', '.')

    test('verifies our client certificate, and answers after the half-close', async () => {
      await using peer = start({ role: 'server', ...files(localhost), ca: authority.path, version })
      const port = await peer.port(/listening on /)
      await using socket = await connect('localhost', port, { tls: { ca: authority.path, ...files(client) } })
      expect(socket.tlsSession).toMatchObject({ protocol, authorized: true, serverName: 'localhost' })
      await socket.write(SENT)
      await socket.closeWrite()
      expect((await socket.read()).equals(REVERSED)).toBe(true)
      expect((await peer.said(/^tls (\S+) (.*)$/m)).slice(1)).toEqual([
        protocol,
        expect.stringContaining("'client'"),
      ])
    })

    test('has its client certificate verified by our server', async () => {
      await using server = await listen(0, secure({ ca: authority.path, requestCert: true }))
      const send = SENT.toString('hex')
      await using peer = start({
        role: 'client',
        port: portOf(server),
        ca: authority.path,
        ...files(client),
        version,
        send,
      })
      await using accepted = await server.accept()
      expect(accepted.tlsSession).toMatchObject({
        protocol,
        authorized: true,
        peerCertificate: { subject: 'CN=client' },
      })
      expect((await accepted.readExactly(SENT.length)).equals(SENT)).toBe(true)
      await accepted.write(REVERSED)
      await accepted.closeWrite()
      expect((await peer.output()).toString().trim()).toBe(REVERSED.toString('hex'))
    })
  })
})

describe.skipIf(!openssl)('openssl', () => {
  describe.each(['tls1_2', 'tls1_3'])('%s', version => {
    const protocol = `TLSv${version.slice(3).replace('_', '.')}`

    test('s_client talks to our server, with a client certificate', async () => {
      await using server = await listen(0, secure({ ca: authority.path, requestCert: true }))
      const to = [
        '-connect',
        `127.0.0.1:${portOf(server)}`,
        '-servername',
        'localhost',
        '-CAfile',
        authority.path,
      ]
      const own = ['-cert', client.certificatePath, '-key', client.privateKeyPath]
      const strict = ['-verify_return_error', '-verify_hostname', 'localhost', '-quiet', `-${version}`]
      await using peer = new Peer(openssl!, ['s_client', ...to, ...own, ...strict])
      await using accepted = await server.accept()
      expect(accepted.tlsSession).toMatchObject({
        protocol,
        serverName: 'localhost',
        peerCertificate: { subject: 'CN=client' },
      })
      peer.send('hello\n')
      expect((await accepted.readUntil('\n')).toString()).toBe('hello\n')
      await accepted.write(REVERSED)
      await accepted.close()
      expect((await peer.output()).equals(REVERSED)).toBe(true)
    })

    test('s_server is talked to by our client, with a client certificate', async () => {
      const own = ['-cert', localhost.certificatePath, '-key', localhost.privateKeyPath]
      const strict = ['-Verify', '1', '-verify_return_error', '-CAfile', authority.path, `-${version}`]
      await using peer = new Peer(openssl!, ['s_server', '-accept', '127.0.0.1:0', '-rev', ...own, ...strict])
      const port = await peer.port(/ACCEPT \S+:/)
      await expect(
        connect('localhost', port, {
          tls: { ca: authority.path, ...files(client), serverName: 'other.test' },
        }),
      ).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
      await using socket = await connect('localhost', port, { tls: { ca: authority.path, ...files(client) } })
      expect(socket.tlsSession).toMatchObject({ protocol, authorized: true })
      await socket.write('desserts\n')
      expect((await socket.readUntil('\n')).toString()).toBe('stressed\n')
    })
  })

  test('s_client finds the protocol and the certificate of the name it asks for', async () => {
    const other = authority.issue('other.test')
    await using server = await listen(
      0,
      secure({ alpn: ['b', 'a'], contexts: { 'other.test': files(other) } }),
    )
    const args = ['-connect', `127.0.0.1:${portOf(server)}`, '-servername', 'other.test', '-alpn', 'a,b']
    await using peer = new Peer(openssl!, ['s_client', ...args])
    expect((await peer.said(/^ALPN protocol: (.*)$/m))[1]).toBe('b')
    expect((await peer.said(/^subject=(.*)$/m))[1]).toBe('CN = other.test')
  })

  test('s_client begins TLS in the middle of a conversation (RFC 3207)', async () => {
    await using server = await listen(0)
    const to = [
      '-connect',
      `127.0.0.1:${portOf(server)}`,
      '-servername',
      'localhost',
      '-CAfile',
      authority.path,
    ]
    await using peer = new Peer(openssl!, [
      's_client',
      '-starttls',
      'smtp',
      ...to,
      '-verify_return_error',
      '-quiet',
    ])
    await using accepted = await server.accept()
    await accepted.write('220 mail.test ESMTP\r\n')
    expect((await accepted.readUntil('\r\n')).toString()).toMatch(/^EHLO /)
    await accepted.write('250-mail.test\r\n250 STARTTLS\r\n')
    expect((await accepted.readUntil('\r\n')).toString()).toBe('STARTTLS\r\n')
    await accepted.write('220 go ahead\r\n')
    await accepted.tlsUpgrade({ isServer: true, ...files(localhost) })
    peer.send('QUIT\n')
    expect((await accepted.readUntil('\n')).toString()).toBe('QUIT\n')
    await accepted.write('221 bye\r\n')
    await accepted.close()
    expect((await peer.output()).toString()).toContain('221 bye')
  })
})

describe.skipIf(!socat)('socat', () => {
  const start = (...args: string[]) => new Peer(socat!, ['-d', '-d', '-t', '10', ...args])

  test('echoes to our client, up to the half-close', async () => {
    await using peer = start('TCP4-LISTEN:0,bind=127.0.0.1', 'PIPE')
    const port = await peer.port(/listening on AF=2 127\.0\.0\.1:/)
    await using socket = await connect(port)
    const writing = socket.write(SENT).then(() => socket.closeWrite())
    expect((await socket.read()).equals(SENT)).toBe(true)
    await writing
  })

  test('echoes over a local socket', async () => {
    const path = join(folder, 'socat')
    await using peer = start(`UNIX-LISTEN:${path}`, 'PIPE')
    await peer.said(/listening on/)
    await using socket = await connect(path)
    const writing = socket.write(SENT).then(() => socket.closeWrite())
    expect((await socket.read()).equals(SENT)).toBe(true)
    await writing
  })

  test.each(['TCP4', 'TCP6', 'UNIX-CONNECT'])(
    'as a client by %s gets our answer after its half-close',
    async kind => {
      const path = join(folder, `ours-${kind}`)
      await using server = await (kind === 'UNIX-CONNECT'
        ? listen(path)
        : listen(kind === 'TCP6' ? '::1' : '127.0.0.1', 0))
      const at = {
        TCP4: () => `127.0.0.1:${portOf(server)}`,
        TCP6: () => `[::1]:${portOf(server)}`,
        'UNIX-CONNECT': () => path,
      }
      await using peer = start('-', `${kind}:${at[kind as keyof typeof at]()}`)
      peer.end(SENT)
      await using accepted = await server.accept()
      expect((await accepted.read()).equals(SENT)).toBe(true)
      await accepted.write(REVERSED)
      await accepted.closeWrite()
      expect((await peer.output()).equals(REVERSED)).toBe(true)
    },
  )

  test('a server that was killed leaves a socket file that the next one replaces', async () => {
    const path = join(folder, 'killed')
    {
      await using peer = start(`UNIX-LISTEN:${path}`, 'PIPE')
      await peer.said(/listening on/)
      await expect(listen(path)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    }
    await using server = await listen(path)
    expect(server.getSockName()).toBe(path)
  })

  test.skipIf(!openssl)('does TLS of its own with our server', async () => {
    await using server = await listen(0, secure({ ca: authority.path, requestCert: true }))
    const pem = join(folder, 'client.pem')
    await writeFile(pem, client.certificate + client.privateKey)
    const tls = `cafile=${authority.path},cert=${pem},commonname=localhost,snihost=localhost`
    await using peer = start('-', `OPENSSL:127.0.0.1:${portOf(server)},${tls}`)
    peer.send('hello\n')
    await using accepted = await server.accept()
    expect(accepted.tlsSession?.peerCertificate?.subject).toBe('CN=client')
    expect((await accepted.readUntil('\n')).toString()).toBe('hello\n')
    await accepted.write('hello yourself\n')
    await accepted.close()
    peer.end()
    expect((await peer.output()).toString()).toBe('hello yourself\n')
  })

  test('sends datagrams, and gets ours back', async () => {
    await using socket = await UdpSocket.create({ host: '127.0.0.1', port: 0 })
    await using peer = start('-', `UDP4:127.0.0.1:${socket.getSockName().port}`)
    peer.send('ping ü')
    const { data, from } = await socket.recvFrom()
    expect(data.toString()).toBe('ping ü')
    await socket.send('pong', from)
    await peer.said(/pong/)
  })

  test('echoes datagrams', async () => {
    const port = await freeUdpPort()
    await using peer = start(`UDP4-RECVFROM:${port},bind=127.0.0.1,fork`, 'PIPE')
    await peer.said(/starting|receiving|waiting/i)
    await using socket = await UdpSocket.create({ host: '127.0.0.1', port: 0 })
    await socket.connect({ host: '127.0.0.1', port })
    await socket.send('there and back')
    expect((await socket.recv()).toString()).toBe('there and back')
  })

  test('sends to a multicast group that we joined, and is in one that we send to', async () => {
    await using member = await UdpSocket.create({ host: '0.0.0.0', port: 0, reuseAddress: true })
    member.joinGroup('239.255.77.1', { interface: '127.0.0.1' })
    const { port } = member.getSockName()
    await using sender = start('-', `UDP4-DATAGRAM:239.255.77.1:${port},ip-multicast-if=127.0.0.1`)
    sender.send('to the group')
    expect((await member.recv()).toString()).toBe('to the group')

    const room = await freeUdpPort()
    await using peer = start('-u', `UDP4-RECV:${room},ip-add-membership=239.255.77.2:127.0.0.1`, '-')
    await peer.said(/starting data transfer loop/)
    member.setMulticastInterface('127.0.0.1')
    await member.send('from us', { host: '239.255.77.2', port: room })
    await peer.said(/from us/)
  })
})
