/**
 * MQTT_AUTH: who may connect.
 * @module
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Addr, PluginSocket } from '@unisock/kernel/plugin'
import { MQTT_AUTH, type MqttAuth } from '../options/index.ts'
import { MAY_CONNECT } from '../wire.ts'
import type { Verdicts } from './verdicts.ts'

export class Authenticator {
  readonly #socket: PluginSocket
  readonly #verdicts: Verdicts

  constructor(socket: PluginSocket, verdicts: Verdicts) {
    this.#socket = socket
    this.#verdicts = verdicts
  }

  async admits(
    clientId: string,
    username: string | undefined,
    password: Uint8Array | undefined,
    { address, port, family }: Addr,
  ): Promise<boolean> {
    const settings = this.#socket.option(MQTT_AUTH) as MqttAuth | undefined
    if (!settings) return true
    const { users = {}, anonymous = false, handler } = settings
    if (username === undefined && anonymous) return true
    if (
      username !== undefined &&
      password &&
      Object.hasOwn(users, username) &&
      isSame(users[username]!, password)
    )
      return true
    if (!handler) return false
    return this.#verdicts.ask(handler, [
      MAY_CONNECT,
      clientId,
      username ?? null,
      password ? Buffer.from(password) : null,
      address,
      family === 'local' ? -1 : port,
    ])
  }
}

/** In a time that says nothing of where they differ. */
function isSame(expected: string, shown: Uint8Array): boolean {
  return timingSafeEqual(digest(expected), digest(shown))
}

function digest(text: string | Uint8Array): Buffer {
  return createHash('sha256').update(text).digest()
}
