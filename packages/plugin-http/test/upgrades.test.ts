/** What an HTTP server hands over to plugins of its worker. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import type { Upgrades } from '../src/core/server/upgrades.ts'
import { get, TestServer } from './support/server.ts'

const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\n'

function upgradesOf(server: TestServer): Upgrades {
  return server.socket.offers.get('upgrade') as Upgrades
}

test('an upgrade to a path that is taken is handed over with what follows it, and the connection forgotten', async () => {
  await using server = await TestServer.start()
  const taken = Promise.withResolvers<{ request: IncomingMessage; socket: Socket; head: Buffer }>()
  const upgrades = upgradesOf(server)
  expect(await upgrades.address).toEqual(server.address)
  expect(upgrades.secure).toBe(false)
  upgrades.take('/ws', (request, socket, head) => taken.resolve({ request, socket, head }))
  using client = await server.connect()
  client.send(`${get('/ws?x', UPGRADE)}right behind`)
  const { request, socket, head } = await taken.promise
  expect([request.url, String(head)]).toEqual(['/ws?x', 'right behind'])
  expect(server.inspect().connections).toBe(0)
  await server.driver.close!({ abort: true })
  socket.end('still here')
  expect((await client.ended()).text).toBe('still here')
})

test('an upgrade that nobody takes is a request like others', async () => {
  await using server = await TestServer.start()
  const undo = upgradesOf(server).take('/ws', socket => void socket.destroy())
  using client = await server.connect()
  client.send(get('/elsewhere', UPGRADE))
  const first = await server.socket.exchange(0)
  expect(first.request).toContain('/elsewhere')
  client.send(get('/ws', 'Connection: Upgrade\r\nUpgrade: h2c\r\n'))
  expect((await server.socket.exchange(1)).request).toContain('/ws')
  undo()
  using later = await server.connect()
  later.send(get('/ws', UPGRADE))
  expect((await server.socket.exchange(2)).request).toContain('/ws')
})

test.each([
  ['without a Host', 'HTTP/1.1', '', 400],
  ['with two', 'HTTP/1.1', 'Host: a\r\nHost: b\r\n', 400],
  ['of HTTP/1.0, which has none (RFC 9110 section 7.8),', 'HTTP/1.0', 'Host: a\r\n', 200],
])('an upgrade %s is a request like others', async (_title, version, fields, answer) => {
  await using server = await TestServer.start()
  server.socket.onAccept = exchange => exchange.answer(200, null, 'ok', 0)
  upgradesOf(server).take(undefined, (_request, socket) => void socket.end('HTTP/1.1 101 Taken\r\n\r\n'))
  using client = await server.connect()
  client.send(`GET /ws ${version}\r\n${fields}${UPGRADE}\r\n`)
  expect((await client.response()).status).toBe(answer)
})

test('a path is taken once; whoever takes all others gets the rest', async () => {
  await using server = await TestServer.start()
  const upgrades = upgradesOf(server)
  const seen: string[] = []
  const serve = (name: string) => (_request: IncomingMessage, socket: Socket) => {
    seen.push(name)
    socket.end()
  }
  const undo = upgrades.take('/a', serve('a'))
  upgrades.take(undefined, serve('rest'))
  expect(() => upgrades.take('/a', serve('again'))).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }))
  for (const path of ['a', '', '/a?b', '/a#b'])
    expect(() => upgrades.take(path, serve('never'))).toThrow(expect.objectContaining({ code: 'EBADADDR' }))
  for (const path of ['/a', '/b']) {
    using client = await server.connect()
    await client.send(get(path, UPGRADE)).ended()
  }
  undo()
  undo()
  using client = await server.connect()
  await client.send(get('/a', UPGRADE)).ended()
  expect(seen).toEqual(['a', 'rest', 'rest'])
})

test('a server that is draining refuses upgrades with 503', async () => {
  await using server = await TestServer.start()
  upgradesOf(server).take(undefined, (_request, socket) => void socket.destroy())
  using client = await server.connect()
  client.send('GET /ws HTTP/1.1\r\n')
  while (client.socket.bytesWritten === 0 || server.inspect().connections === 0)
    await new Promise(resolve => setImmediate(resolve))
  await new Promise(resolve => setTimeout(resolve, 50))
  void server.driver.drain!()
  client.send(`Host: a\r\n${UPGRADE}\r\n`)
  expect((await client.ended()).text).toMatch(/^HTTP\/1\.1 503 /)
})

test('whoever waits for the address of a server that ends is told', async () => {
  const server = new TestServer(new (await import('./support/fake-socket.ts')).FakeSocket(), 20)
  const upgrades = upgradesOf(server)
  await server.driver.close!({ abort: true })
  await expect(upgrades.address).rejects.toMatchObject({ code: 'EBADF' })
})
