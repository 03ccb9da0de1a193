/**
 * The realm, served: a REST API with a page to play on and its WebSockets, and a landing page, their protocol work in one
 * worker named `web`, and a telnet door, its protocol work in one named `net`.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { type Addr, createKernel, type Isolation } from '@unisock/kernel'
import { HTTP_HEALTH_PATH, HTTP_SERVER, http } from '@unisock/plugin-http'
import { net } from '@unisock/plugin-net'
import {
  REST_ADD_ROUTE,
  REST_DOCS_PATH,
  REST_JWT_SECRET,
  REST_OPENAPI_INFO,
  REST_SERVER,
  REST_VALIDATION_SCHEMA,
  rest,
} from '@unisock/plugin-rest'
import { ws } from '@unisock/plugin-ws'
import { Accounts } from './accounts.ts'
import { House } from './house.ts'
import { landingPage } from './landing.ts'
import { routes } from './routes.ts'
import { SCHEMAS } from './schemas.ts'
import { openDoor } from './telnet/door.ts'
import { admin } from './web/admin.ts'
import { chat } from './web/chat.ts'
import { game } from './web/game.ts'
import { PAGE_PATH, siteRoute } from './web/site.ts'
import { openSockets } from './web/sockets.ts'
import { realmStats } from './web/stats.ts'
import { openStatus } from './web/status.ts'
import { World } from './world.ts'

export interface RealmOptions {
  /** Of the landing page; 0 takes a free one. @default 0 */
  port?: number
  /** Of the API; 0 takes a free one. @default 0 */
  apiPort?: number
  /** Of the telnet door; 0 takes a free one. @default 0 */
  telnetPort?: number
  /** Seconds between two reports of the server's state to who watches. @default 5 */
  statusInterval?: number
  isolation?: Isolation
}

export interface Realm extends AsyncDisposable {
  readonly page: string
  readonly api: string
  readonly docs: string
  /** The page to play on. */
  readonly play: string
  readonly telnet: Addr
  /** The keeper's password, made anew at each start. */
  readonly password: string
}

const BASE_PATH = '/api/v1'
const DOCS_PATH = '/docs'

export async function startRealm({
  port = 0,
  apiPort = 0,
  telnetPort = 0,
  statusInterval = 5,
  isolation = 'thread',
}: RealmOptions = {}): Promise<Realm> {
  const web = { worker: 'web', isolation }
  const plugins = [http(web), rest(web), ws(web), net({ worker: 'net', isolation })]
  const kernel = await createKernel({ plugins })
  const world = new World()
  const accounts = new Accounts()
  const house = new House(world, accounts)
  const password = randomBytes(9).toString('base64url')
  accounts.add(world.addPlayer({ name: 'keeper' }).id, password, ['admin'])

  const api = kernel.create(REST_SERVER, {})
  void kernel.setOption(api, REST_OPENAPI_INFO, { title: 'Realm', version: '0.1.0', base_path: BASE_PATH })
  void kernel.setOption(api, REST_JWT_SECRET, accounts.secret)
  void kernel.setOption(api, REST_VALIDATION_SCHEMA, { schemas: SCHEMAS })
  void kernel.setOption(api, REST_DOCS_PATH, DOCS_PATH)
  void kernel.setOption(api, HTTP_HEALTH_PATH, '/health')
  for (const route of [...routes(world, accounts), siteRoute()])
    void kernel.setOption(api, REST_ADD_ROUTE, route)
  const apiAddress = await kernel.bind(api, apiPort)
  await kernel.listen(api)
  const origin = `http://127.0.0.1:${apiAddress.port}`
  const status = await openStatus(kernel, house, api, statusInterval)
  const stats = realmStats(house, status.hydrogen)
  const sockets = await openSockets(kernel, house, api, { game, chat, admin: admin(stats) })
  const door = await openDoor(kernel, house, telnetPort)
  const places = {
    api: `${origin}${BASE_PATH}`,
    docs: `${origin}${DOCS_PATH}`,
    play: `${origin}${BASE_PATH}${PAGE_PATH}`,
    telnet: door.address,
  }

  const page = kernel.create(HTTP_SERVER, (fd, request) => {
    const found = request.path === '/'
    kernel.write(fd, {
      status: found ? 200 : 404,
      headers: { 'content-type': 'text/html; charset=utf-8' },
      body: found ? landingPage(world, places) : '<!doctype html><title>Not here</title><p>Not here.',
    })
  })
  const pageAddress = await kernel.bind(page, port)
  await kernel.listen(page)
  return {
    ...places,
    page: `http://127.0.0.1:${pageAddress.port}/`,
    password,
    [Symbol.asyncDispose]() {
      status[Symbol.dispose]()
      sockets[Symbol.dispose]()
      door.close()
      return kernel.close()
    },
  }
}
