/**
 * A REST server whose one callback gets every request, with all that was found out about it: where it was routed, what
 * its parameters are, whether it fits its schema and what its token is worth.
 * @module
 */
import type { Addr, Fd, Kernel } from '@unisock/kernel'
import {
  REST_ADD_ROUTE,
  REST_DOCS_PATH,
  REST_JWT_SECRET,
  REST_OPENAPI_INFO,
  REST_ROUTER_CONFIG,
  REST_SERVER,
  type RestExchange,
  type RestRequest,
  route,
} from '@unisock/plugin-rest'
import { userSchema, users } from './users.ts'

export async function openRestCallback(kernel: Kernel, port: number, secret: string): Promise<Addr> {
  const rest_socket = kernel.create(REST_SERVER, rest_request, rest_close)

  void kernel.setOption(rest_socket, REST_OPENAPI_INFO, {
    title: 'MUD REST API',
    version: '1.0.0',
    description: 'FluffOS MUD REST API with OpenAPI documentation',
    servers: [{ url: 'https://mud.example.com/api' }],
  })
  // What does not fit is handed on too: the callback says what becomes of it.
  void kernel.setOption(rest_socket, REST_ROUTER_CONFIG, { onInvalid: 'pass' })
  void kernel.setOption(
    rest_socket,
    REST_ADD_ROUTE,
    route({
      method: 'GET',
      pattern: '/users/{id}',
      handler: 'get_user_handler',
      openapi: {
        summary: 'Get user by ID',
        parameters: { id: { type: 'integer', description: 'User ID' } },
        responses: {
          '200': { description: 'User found', schema: { type: 'object', properties: userSchema } },
        },
      },
    }),
  )
  void kernel.setOption(rest_socket, REST_JWT_SECRET, secret)
  void kernel.setOption(rest_socket, REST_DOCS_PATH, '/docs')

  await kernel.bind(rest_socket, port)
  return kernel.listen(rest_socket)

  function rest_request(socket: Fd<RestExchange>, request: RestRequest): void {
    const pattern = request.route_match?.pattern
    if (pattern !== undefined && request.auth_status !== 'valid') {
      kernel.write(socket, {
        status: 401,
        headers: { 'www-authenticate': 'Bearer' },
        body: { error: 'Who are you?' },
      })
      return
    }
    // The pattern is what `case "/users/*"` is in LPC.
    switch (pattern) {
      case '/users/{id}':
        handle_users_api(socket, request)
        break
      default:
        kernel.write(socket, { status: 404, body: { error: `nothing at ${request.path}` } })
    }
  }

  function handle_users_api(socket: Fd<RestExchange>, request: RestRequest): void {
    if (!request.validation_passed) {
      const { validation_results } = request
      kernel.write(socket, { status: 400, body: { error: 'Invalid request', validation_results } })
      return
    }
    const user = users.get(request.path_params.id as number)
    if (user) kernel.write(socket, { body: user })
    else kernel.write(socket, { status: 404, body: { error: `no user ${request.path_params.id}` } })
  }

  function rest_close(): void {}
}
