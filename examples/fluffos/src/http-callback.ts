/**
 * An HTTP server with a read and a close callback.
 * @module
 */
import type { Addr, Fd, Kernel } from '@unisock/kernel'
import { HTTP_HEADERS, HTTP_SERVER, type HttpRequest } from '@unisock/plugin-http'
import { users } from './users.ts'

/** @param left Is told of clients that leave before they have their answer. */
export async function openHttpCallback(
  kernel: Kernel,
  port: number,
  left: (code: string) => void,
): Promise<Addr> {
  const http_socket = kernel.create(HTTP_SERVER, http_read_callback, http_close_callback)
  void kernel.setOption(http_socket, HTTP_HEADERS, { 'X-Powered-By': 'FluffOS' })
  await kernel.bind(http_socket, port)
  return kernel.listen(http_socket)

  function http_read_callback(socket: Fd, request: HttpRequest, addr: Addr): void {
    switch (request.path) {
      case '/who':
        kernel.write(socket, {
          headers: { 'Content-Type': 'text/plain; charset=utf-8' },
          body: [...users.values()].map(({ name, level }) => `${name} (${level})\n`).join(''),
        })
        break
      case '/echo':
        kernel.write(socket, {
          body: { method: request.method, query: request.query_params, from: addr.address },
        })
        break
      case '/wait':
        // Answered never: HTTP_TIMEOUT does it, or the client leaves.
        break
      default:
        kernel.write(socket, { status: 404, body: `nothing at ${request.path}\n` })
    }
  }

  function http_close_callback(_socket: Fd, error?: Error & { code?: string }): void {
    left(error?.code ?? '')
  }
}
