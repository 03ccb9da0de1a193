/**
 * Opens the three servers on free ports, asks them, and says what was answered.
 * @module
 */
import { createKernel } from '@unisock/kernel'
import { http } from '@unisock/plugin-http'
import { rest, signJwt } from '@unisock/plugin-rest'
import { askForUser, askWho } from './clients.ts'
import { openHttpCallback } from './http-callback.ts'
import { openRestCallback } from './rest-callback.ts'
import { openWebDaemon } from './web-daemon.ts'

/** Ten characters, as FluffOS's own example has; a real one has 32 bytes or more, and the server says so. */
const SECRET = 'secret_key'

const kernel = await createKernel({ plugins: [http(), rest()] })
const pages = await openHttpCallback(kernel, 0, code => console.log(`a client left: ${code}`))
const daemon = await openWebDaemon(kernel, 0, console.log)
const callback = await openRestCallback(kernel, 0, SECRET)

console.log('HTTP_CLIENT   /who            ', JSON.stringify(await askWho(kernel, pages)))
console.log('REST_CLIENT   getUser 7       ', await askForUser(kernel, daemon, 7))
console.log(
  'REST_CLIENT   getUser 8       ',
  await askForUser(kernel, daemon, 8).catch(error => error.message),
)

const token = signJwt({ sub: 'drizzt' }, { secret: SECRET, expiresIn: 60 })
const headers = { authorization: `Bearer ${token}` }
for (const [path, init] of [
  ['/users/1', { headers }],
  ['/users/one', { headers }],
  ['/users/1', {}],
  ['/nowhere', { headers }],
] as const) {
  const response = await fetch(`http://127.0.0.1:${callback.port}${path}`, init)
  console.log(`fetch         ${path.padEnd(16)}`, response.status, JSON.stringify(await response.json()))
}
await kernel.close()
