/**
 * The other ends: HTTP_CLIENT asks the HTTP server, REST_CLIENT the daemon, by the names in its own document.
 * @module
 */
import type { Addr, Kernel } from '@unisock/kernel'
import { HTTP_CLIENT } from '@unisock/plugin-http'
import { REST_CLIENT, REST_VALIDATION_SCHEMA } from '@unisock/plugin-rest'
import type { User } from './users.ts'

/** What `/who` says. */
export async function askWho(kernel: Kernel, { port }: Addr): Promise<string> {
  const client = kernel.create(HTTP_CLIENT, {})
  await kernel.connect(client, port)
  const response = await kernel.request(client, '/who')
  await kernel.close(client)
  return response.text()
}

/** A user, by the daemon's operation `getUser`. */
export async function askForUser(kernel: Kernel, { port }: Addr, id: number): Promise<User> {
  const client = kernel.create(REST_CLIENT, {})
  const daemon = `http://127.0.0.1:${port}`
  void kernel.setOption(client, REST_VALIDATION_SCHEMA, { url: `${daemon}/docs/json` })
  await kernel.connect(client, `${daemon}/api/v1`)
  try {
    const response = await kernel.request(client, { operation: 'getUser', params: { id } })
    return response.body as User
  } finally {
    await kernel.close(client)
  }
}
