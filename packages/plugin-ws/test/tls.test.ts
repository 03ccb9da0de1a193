/** Modes 32 and 33. */
import {
  SO_TLS_SNI_HOSTNAME,
  SO_TLS_VERIFY_PEER,
  TLS_ALPN,
  TLS_CA,
  TLS_CERTIFICATE,
  TLS_CLIENT_CERT,
  TLS_PRIVATE_KEY,
  TLS_SESSION,
  TLS_SNI,
} from '@unisock/kernel'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Authority, type Issued } from '../../../test/support/certificates.ts'
import {
  WEBSOCKET_CLIENT,
  WEBSOCKET_SECURE_CLIENT,
  WEBSOCKET_SECURE_SERVER,
  type WsMessage,
} from '../src/index.ts'
import {
  dialling,
  echoing,
  Inbox,
  ISOLATIONS,
  type OptionRow,
  peer,
  serving,
  wsKernel,
} from './support/kernel.ts'
import { RawPeer, request } from './support/raw.ts'

let authority: Authority
let main: Issued
let other: Issued
let client: Issued

beforeAll(() => {
  authority = new Authority()
  main = authority.issue('localhost')
  other = authority.issue('other.example')
  client = authority.issue('client.example')
})
afterAll(() => authority[Symbol.dispose]())

const identity = ({ certificate, privateKey }: Issued): OptionRow[] => [
  [TLS_CERTIFICATE, certificate],
  [TLS_PRIVATE_KEY, privateKey],
]
const secure = { mode: WEBSOCKET_SECURE_SERVER }

describe.each(ISOLATIONS)('over %s', isolation => {
  test('client and server talk over TLS, and the client verifies', async () => {
    await using kernel = await wsKernel(isolation)
    const { port } = await serving(
      kernel,
      echoing(() => kernel),
      identity(main),
      secure,
    )
    const inbox = new Inbox<WsMessage>()
    const url = `wss://localhost:${port}/`
    const fd = await dialling(
      kernel,
      url,
      { message: (_fd, message) => inbox.put(message) },
      [[TLS_CA, authority.certificate]],
      WEBSOCKET_SECURE_CLIENT,
    )
    kernel.write(fd, 'hello')
    expect((await inbox.next()).data).toBe('hello')
    expect(await kernel.query(fd as any, TLS_SESSION)).toMatchObject({
      protocol: 'TLSv1.3',
      alpn: 'http/1.1',
      authorized: true,
    })
    await expect(dialling(kernel, url, {}, [], WEBSOCKET_SECURE_CLIENT)).rejects.toMatchObject({
      code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    })
    const trusting: OptionRow[] = [[SO_TLS_VERIFY_PEER, false]]
    await dialling(kernel, { host: 'localhost', port }, {}, trusting, WEBSOCKET_SECURE_CLIENT)
  })
})

test('a client of the ws library talks over TLS, whole and large', async () => {
  await using kernel = await wsKernel()
  const { port } = await serving(
    kernel,
    echoing(() => kernel),
    identity(main),
    secure,
  )
  await using talker = await peer(`wss://localhost:${port}/`, [], { ca: authority.certificate })
  const large = Buffer.alloc(500_000, 'abc')
  talker.socket.send(large)
  expect(await talker.inbox.next()).toEqual(large)
})

test('the certificate follows the name that is asked for, and may change while the server listens', async () => {
  await using kernel = await wsKernel()
  const sni = { 'other.example': { certificate: other.certificate, privateKey: other.privateKey } }
  const { port, server } = await serving(kernel, {}, [...identity(main), [TLS_SNI, sni]], secure)
  const to = { host: '127.0.0.1', port }
  const named: OptionRow[] = [
    [TLS_CA, authority.certificate],
    [SO_TLS_SNI_HOSTNAME, 'other.example'],
  ]
  await dialling(kernel, to, {}, named, WEBSOCKET_SECURE_CLIENT)
  await Promise.all([
    kernel.setOption(server as never, TLS_CERTIFICATE, client.certificate),
    kernel.setOption(server as never, TLS_PRIVATE_KEY, client.privateKey),
  ])
  const renamed: OptionRow[] = [
    [TLS_CA, authority.certificate],
    [SO_TLS_SNI_HOSTNAME, 'client.example'],
  ]
  await dialling(kernel, to, {}, renamed, WEBSOCKET_SECURE_CLIENT)
})

test('a server that verifies takes clients with a certificate only', async () => {
  await using kernel = await wsKernel()
  const opened = Promise.withResolvers<any>()
  const { port } = await serving(
    kernel,
    { open: fd => opened.resolve(fd) },
    [...identity(main), [SO_TLS_VERIFY_PEER, true], [TLS_CA, authority.certificate]],
    secure,
  )
  const url = `wss://localhost:${port}/`
  const trust: OptionRow = [TLS_CA, authority.certificate]
  await expect(dialling(kernel, url, {}, [trust], WEBSOCKET_SECURE_CLIENT)).rejects.toThrow()
  const { certificate, privateKey } = client
  await dialling(
    kernel,
    url,
    {},
    [trust, [TLS_CLIENT_CERT, { certificate, privateKey }]],
    WEBSOCKET_SECURE_CLIENT,
  )
  expect(await kernel.query(await opened.promise, TLS_SESSION)).toMatchObject({
    authorized: true,
    peerCertificate: { subject: 'CN=client.example' },
  })
})

test('a secure server without a certificate does not listen, and says which option is missing', async () => {
  await using kernel = await wsKernel()
  await expect(serving(kernel, {}, [], secure)).rejects.toMatchObject({
    code: 'EINVAL',
    message: expect.stringContaining('TLS_CERTIFICATE (322)'),
  })
})

test('HTTP/2 is not offered', async () => {
  await using kernel = await wsKernel()
  await expect(serving(kernel, {}, [...identity(main), [TLS_ALPN, ['h2']]], secure)).rejects.toMatchObject({
    code: 'EINVAL',
    message: expect.stringContaining('TLS_ALPN (329)'),
  })
})

test('a URL takes the mode of its scheme', async () => {
  await using kernel = await wsKernel()
  await expect(dialling(kernel, 'wss://localhost/', {}, [], WEBSOCKET_CLIENT)).rejects.toMatchObject({
    code: 'EINVAL',
    message: 'wss:// takes a WEBSOCKET_SECURE_CLIENT (33)',
  })
  await expect(dialling(kernel, 'ws://localhost/', {}, [], WEBSOCKET_SECURE_CLIENT)).rejects.toMatchObject({
    code: 'EINVAL',
    message: 'ws:// takes a WEBSOCKET_CLIENT (31)',
  })
})

test('plain HTTP on a secure port ends, and the server goes on', async () => {
  await using kernel = await wsKernel()
  const { port } = await serving(kernel, {}, identity(main), secure)
  using raw = await RawPeer.connect(port)
  raw.send(request())
  await raw.ended()
  await using _talker = await peer(`wss://localhost:${port}/`, [], { ca: authority.certificate })
})
