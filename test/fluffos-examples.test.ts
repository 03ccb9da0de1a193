import { once } from 'node:events'
import net from 'node:net'
import { createKernel } from '@unisock/kernel'
import { HTTP_SERVER, http } from '@unisock/plugin-http'
import { REST_ADD_ROUTE, REST_SERVER, rest, route } from '@unisock/plugin-rest'
import { describe, expect, test } from 'vitest'

/** The two-callback form of FluffOS's `socket_create(mode, read_callback, close_callback)`, on the kernel's calls. */
describe.each(['thread', 'process', 'inline'] as const)(
  'socket_create with two callbacks, over %s',
  isolation => {
    test('HTTP_SERVER: the first gets requests, the second hears of a client that left', async () => {
      await using kernel = await createKernel({ plugins: [http({ isolation })] })
      const asked = Promise.withResolvers<number>()
      const left = Promise.withResolvers<[fd: number, code: string]>()
      const socket = kernel.create(
        HTTP_SERVER,
        (fd, request, addr) => {
          if (request.path === '/wait') return asked.resolve(fd)
          kernel.write(fd, {
            status: 200,
            headers: { 'content-type': 'text/plain' },
            body: `${request.method} ${request.uri} for ${addr.address}`,
          })
        },
        (fd, error) => left.resolve([fd, (error as { code?: string })?.code ?? '']),
      )
      const { port } = await kernel.bind(socket, 0)
      await kernel.listen(socket)
      const response = await fetch(`http://127.0.0.1:${port}/who?name=wren`)
      expect(await response.text()).toBe('GET /who?name=wren for 127.0.0.1')

      const client = net.connect(port, '127.0.0.1')
      client.write('GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n')
      const fd = await asked.promise
      client.destroy()
      await once(client, 'close')
      expect(await left.promise).toEqual([fd, 'ECONNRESET'])
    })

    test('REST_SERVER: routes without a handler come to the first callback', async () => {
      await using kernel = await createKernel({ plugins: [rest({ isolation })] })
      const closed: number[] = []
      const socket = kernel.create(
        REST_SERVER,
        (fd, request) => {
          kernel.write(fd, {
            status: 200,
            body: { handler: request.route_match?.handler, id: request.path_params.id },
          })
        },
        fd => void closed.push(fd),
      )
      void kernel.setOption(
        socket,
        REST_ADD_ROUTE,
        route({ method: 'GET', pattern: '/users/{id}', handler: 'get_user' }),
      )
      const { port } = await kernel.bind(socket, 0)
      await kernel.listen(socket)
      const response = await fetch(`http://127.0.0.1:${port}/users/7`)
      expect(await response.json()).toEqual({ handler: 'get_user', id: '7' })
      expect(closed).toEqual([])
    })
  },
)
