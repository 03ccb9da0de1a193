/**
 * The realm, served: a REST API with a page to play on and its WebSockets, and a landing page, their protocol work in one
 * worker named `web`, and a telnet door, its protocol work in one named `net`; one named `mqtt` where it is told of by MQTT,
 * and one named `system` for its files, its programs and its signals.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { type Addr, createKernel, type Isolation } from '@unisock/kernel'
import { external } from '@unisock/plugin-external'
import { http } from '@unisock/plugin-http'
import { mqtt } from '@unisock/plugin-mqtt'
import { net } from '@unisock/plugin-net'
import { rest } from '@unisock/plugin-rest'
import { ws } from '@unisock/plugin-ws'
import { Accounts } from './accounts.ts'
import { House } from './house.ts'
import type { Say } from './kept-open.ts'
import { brokerAt } from './mqtt/broker.ts'
import { Reports } from './mqtt/reports.ts'
import { ConfigFile } from './system/config-file.ts'
import { openSystem } from './system/open.ts'
import { realmPermits } from './system/permits.ts'
import { openDoor } from './telnet/door.ts'
import { admin } from './web/admin.ts'
import { openApi } from './web/api.ts'
import { chat } from './web/chat.ts'
import { openFront } from './web/front.ts'
import { game } from './web/game.ts'
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
  /** The URL of an MQTT broker that is told how the realm is; `embedded` runs one. Without it none is told. */
  broker?: string | undefined
  /** The configuration file. Without it the defaults are in force. */
  config?: string | undefined
  /** The name of the group of eventfds that signals maintenance. Without it nothing does. */
  maintenance?: string | undefined
  isolation?: Isolation
  /** @default console.log */
  say?: Say
}

export interface Realm extends AsyncDisposable {
  readonly page: string
  readonly api: string
  readonly docs: string
  /** The page to play on. */
  readonly play: string
  /** What the API has served, for Prometheus. */
  readonly metrics: string
  readonly telnet: Addr
  /** The broker, for those who listen. */
  readonly mqtt: string | undefined
  readonly keeper: string
  /** The keeper's password, made anew at each start. */
  readonly password: string
}

/** @throws Error where a port is taken, or the configuration is wrong */
export async function startRealm({
  port = 0,
  apiPort = 0,
  telnetPort = 0,
  statusInterval = 5,
  broker: brokerUrl,
  config,
  maintenance,
  isolation = 'thread',
  say = console.log,
}: RealmOptions = {}): Promise<Realm> {
  const path = config === undefined ? undefined : resolve(config)
  const file = path === undefined ? undefined : new ConfigFile(path, say)
  const world = new World()
  const accounts = new Accounts()
  const house = new House(world, accounts)
  if (file) house.config = file.read()
  const password = randomBytes(9).toString('base64url')
  const keeper = world.addPlayer({ name: house.config.keeper })
  accounts.add(keeper.id, password, ['admin'])

  const web = { worker: 'web', isolation }
  const kernel = await createKernel({
    plugins: [
      http(web),
      rest(web),
      ws(web),
      net({ worker: 'net', isolation }),
      ...(brokerUrl === undefined ? [] : [mqtt({ worker: 'mqtt', isolation })]),
      ...(path === undefined && maintenance === undefined
        ? []
        : [external({ worker: 'system', isolation, ...realmPermits(path) })]),
    ],
  })
  const api = await openApi(kernel, house, apiPort)
  const status = await openStatus(kernel, house, api.fd, statusInterval)
  const stats = realmStats(house, status.hydrogen)
  const sockets = await openSockets(kernel, house, api.fd, { game, chat, admin: admin(stats) })
  const door = await openDoor(kernel, house, telnetPort)
  const system = await openSystem(kernel, house, keeper, { config: file, maintenance }, door.configure, say)
  const broker = brokerUrl === undefined ? undefined : await brokerAt(kernel, brokerUrl)
  const reports = broker && new Reports(kernel, house, broker.own, say)
  await reports?.start()
  const places = { ...api.places, telnet: door.address, mqtt: broker?.url }
  const page = await openFront(kernel, world, places, port)
  return {
    ...places,
    page,
    keeper: keeper.name,
    password,
    async [Symbol.asyncDispose]() {
      system[Symbol.dispose]()
      await reports?.stop()
      status[Symbol.dispose]()
      sockets[Symbol.dispose]()
      door.close()
      await kernel.close()
    },
  }
}
