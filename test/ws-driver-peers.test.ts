/** The websocket-driver library, which shares no code with ours, at either end. */
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { WS_PROTOCOL, type WsMessage } from '@unisock/plugin-ws'
import { expect, test } from 'vitest'
import websocket from 'websocket-driver'
import { dialling, echoing, Inbox, serving, wsKernel } from '../packages/plugin-ws/test/support/kernel.ts'

const LONG = 'Grüße — 你好 🎲. '.repeat(5000)
const BYTES = Buffer.alloc(70_000, Uint8Array.from(Array(256).keys()))

test('its client is answered by our server', async () => {
  await using kernel = await wsKernel()
  const { port } = await serving(
    kernel,
    echoing(() => kernel),
    [[WS_PROTOCOL, [{ name: 'chat', json: false }]]],
  )
  const socket = connect(port, '127.0.0.1')
  const driver = websocket.client(`ws://127.0.0.1:${port}/`, { protocols: ['other', 'chat'] })
  const got = new Inbox<string | Buffer>()
  const closed = Promise.withResolvers<{ code: number; reason: string }>()
  const opened = Promise.withResolvers<void>()
  driver
    .on('open', opened.resolve)
    .on('message', ({ data }) => got.put(data))
    .on('close', closed.resolve)
    .on('error', opened.reject)
  socket.pipe(driver.io).pipe(socket)
  driver.start()
  await opened.promise
  expect(driver.protocol).toBe('chat')
  driver.text(LONG)
  driver.binary(BYTES)
  expect(await got.next()).toBe(LONG)
  expect(Buffer.compare((await got.next()) as Buffer, BYTES)).toBe(0)
  await new Promise<void>(resolve => driver.ping('here?', resolve))
  driver.close('enough', 4000)
  expect(await closed.promise).toMatchObject({ code: 4000 })
  socket.destroy()
})

test('its server answers our client', async () => {
  const said = new Inbox<{ code: number; reason: string }>()
  const server = createServer().on('upgrade', (request, socket, head) => {
    const driver = websocket.http(request, { protocols: ['chat'] })
    driver
      .on('message', ({ data }) => {
        if (typeof data === 'string') driver.text(data)
        else driver.binary(data)
      })
      .on('close', event => {
        said.put(event)
        socket.end()
      })
    driver.io.write(head)
    socket.pipe(driver.io).pipe(socket)
    driver.start()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await using kernel = await wsKernel()
  const got = new Inbox<WsMessage>()
  const client = await dialling(
    kernel,
    `ws://127.0.0.1:${port}/`,
    { message: (_fd, message) => void got.put(message) },
    [[WS_PROTOCOL, [{ name: 'chat', json: false }]]],
  )
  kernel.write(client, LONG)
  kernel.write(client, BYTES)
  expect(await got.next()).toMatchObject({ message_type: 'text', data: LONG, protocol: 'chat' })
  const { data } = await got.next()
  expect(Buffer.compare(data as Buffer, BYTES)).toBe(0)
  await kernel.close(client, { code: 4001, reason: 'enough' })
  expect(await said.next()).toMatchObject({ code: 4001, reason: 'enough' })
  server.close()
})
