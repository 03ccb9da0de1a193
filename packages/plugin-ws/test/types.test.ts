/** What the types infer and what they refuse. */
import { createKernel, type Kernel } from '@unisock/kernel'
import { expect, test } from 'vitest'
import {
  type BinaryMessage,
  type TextMessage,
  WEBSOCKET_CLIENT,
  WEBSOCKET_SERVER,
  WS_AUTH,
  WS_PROTOCOL,
  WS_RECONNECT,
  ws,
} from '../src/index.ts'

test('messages, writes and options are typed', async () => {
  await using kernel: Kernel = await createKernel({ plugins: [ws({ isolation: 'inline' })] })
  const server = kernel.create(WEBSOCKET_SERVER, (fd, message) => {
    if (message.message_type === 'binary') {
      const narrowed: BinaryMessage = message
      kernel.write(fd, narrowed.binary_data)
    } else {
      const narrowed: TextMessage = message
      kernel.write(fd, narrowed)
    }
    // @ts-expect-error a number is no message
    kernel.write(fd, 7)
  })
  const client = kernel.create(WEBSOCKET_CLIENT, {})
  expect(() => {
    // @ts-expect-error a listener is not written to
    kernel.write(server, 'x')
  }).toThrow()
  await kernel.setOption(server, WS_PROTOCOL, ['chat', { name: 'plain', json: false }])
  await kernel.setOption(server, WS_AUTH, { handler: ({ token, addr }) => token === addr.address })
  await kernel.setOption(client, WS_RECONNECT, { tries: 3 })
  // @ts-expect-error a list of names or entries
  await expect(kernel.setOption(server, WS_PROTOCOL, [7])).rejects.toMatchObject({ code: 'EINVAL' })
  await expect(kernel.setOption(server, WS_RECONNECT, true)).rejects.toMatchObject({ code: 'ENOPROTOOPT' })
})
