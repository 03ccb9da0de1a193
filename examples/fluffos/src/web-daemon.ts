/**
 * A web daemon: a documented API below a base path, whose routes name what answers them. As in FluffOS's
 * `setup_rest_api()`, the names are functions of the daemon.
 * @module
 */
import type { Addr, Kernel } from '@unisock/kernel'
import {
  problem,
  REST_ADD_ROUTE,
  REST_DOCS_PATH,
  REST_OPENAPI_INFO,
  REST_ROUTER_CONFIG,
  REST_SERVER,
  type RestRequest,
  route,
} from '@unisock/plugin-rest'
import { type User, userSchema, users } from './users.ts'

/** Opens the daemon; what it says on its way out goes to `log`. */
export async function openWebDaemon(
  kernel: Kernel,
  port: number,
  log: (line: string) => void,
): Promise<Addr> {
  const rest_socket = kernel.create(REST_SERVER, handle_rest_request, rest_connection_closed)

  const api_config = { title: 'MUD REST API', version: '1.0.0', base_path: '/api/v1' }
  void kernel.setOption(rest_socket, REST_OPENAPI_INFO, api_config)
  void kernel.setOption(rest_socket, REST_ROUTER_CONFIG, { handlers: { get_user } })
  void kernel.setOption(rest_socket, REST_DOCS_PATH, '/docs')

  const user_route = route({
    method: 'GET',
    pattern: '/users/{id}',
    handler: 'get_user',
    openapi: {
      operationId: 'getUser',
      summary: 'Get user by ID',
      parameters: { id: { type: 'integer', description: 'User ID' } },
      responses: { '200': { description: 'User found', schema: userSchema } },
    },
  })
  void kernel.setOption(rest_socket, REST_ADD_ROUTE, user_route)

  await kernel.bind(rest_socket, port)
  return kernel.listen(rest_socket)

  /** Gets what no route's handler takes: here, nothing. */
  function handle_rest_request(_socket: number, request: RestRequest): never {
    throw problem(404, `nobody answers ${request.path}`)
  }

  function rest_connection_closed(socket: number, error?: Error): void {
    log(`${socket} ended: ${error?.message ?? 'by itself'}`)
  }
}

function get_user({ path_params }: RestRequest): User {
  const user = users.get(path_params.id as number)
  if (!user) throw problem(404, `no user ${path_params.id}`)
  return user
}
