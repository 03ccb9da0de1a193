/**
 * Questions to other clients that are not answered yet (MQTT 5.0 section 4.10).
 * @module
 */
import { randomBytes } from 'node:crypto'
import { SocketError } from '@unisock/kernel/plugin'
import type { IPublishPacket } from 'mqtt'
import type { PublishProperties } from '../properties.ts'
import { SUBSCRIBE, type SubscribeWire } from '../wire.ts'

/** Questions that may be open at once. */
const MAX_OPEN = 10_000
const ID_BYTES = 12

export class Responses {
  readonly #topic: string
  readonly #open = new Map<string, (packet: IPublishPacket) => void>()

  constructor(clientId: string) {
    this.#topic = `unisock/response/${clientId.replace(/[+#/]/g, '_')}`
  }

  /** What a client subscribes to for them. */
  get subscription(): SubscribeWire {
    return [SUBSCRIBE, [[this.#topic, 1, false, false, 0]], null]
  }

  /**
   * A question's properties, and the answer to it.
   *
   * @throws {SocketError} `ENOBUFS` when too many are open
   */
  ask(
    properties: PublishProperties,
    signal: AbortSignal,
  ): { properties: PublishProperties; answer: Promise<IPublishPacket> } {
    if (this.#open.size >= MAX_OPEN)
      throw new SocketError('ENOBUFS', `${MAX_OPEN} requests wait for their answers`)
    const correlationData = randomBytes(ID_BYTES)
    const id = correlationData.toString('latin1')
    const answer = new Promise<IPublishPacket>((resolve, reject) => {
      const forget = (): void => {
        this.#open.delete(id)
        reject(new SocketError('ECANCELED', 'the request was cancelled'))
      }
      signal.addEventListener('abort', forget, { once: true })
      this.#open.set(id, packet => {
        this.#open.delete(id)
        signal.removeEventListener('abort', forget)
        resolve(packet)
      })
    })
    // Whoever asked may fail before.
    answer.catch(() => {})
    return { properties: { ...properties, responseTopic: this.#topic, correlationData }, answer }
  }

  /** Whether a message answers a question of this client. */
  take(packet: IPublishPacket): boolean {
    if (packet.topic !== this.#topic) return false
    const id = packet.properties?.correlationData?.toString('latin1')
    if (id !== undefined) this.#open.get(id)?.(packet)
    return true
  }
}
