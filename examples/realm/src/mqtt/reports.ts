/**
 * Logins and the status of the realm, for whoever listens at an MQTT broker.
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Fd, Kernel } from '@unisock/kernel'
import {
  MQTT_BROKER,
  MQTT_CLIENT,
  MQTT_CLIENT_ID,
  MQTT_QOS,
  MQTT_WILL_MESSAGE,
  MQTT_WILL_QOS,
  MQTT_WILL_RETAIN,
  MQTT_WILL_TOPIC,
} from '@unisock/plugin-mqtt'
import { takeCensus, watchCensus } from '../census.ts'
import type { House, HouseEvent } from '../house.ts'
import { KeptOpen, type Lost, type Say } from '../kept-open.ts'
import { GONE, LOGIN, LOGOUT, STATUS, type Status } from './topics.ts'

/** Milliseconds that a broker has to take the last word. */
const GOODBYE_MS = 2000

export class Reports {
  readonly #kernel: Kernel
  readonly #house: House
  readonly #broker: string
  readonly #say: Say
  readonly #client: KeptOpen
  readonly #id = `realm-${randomBytes(6).toString('hex')}`
  readonly #watches: readonly Disposable[]
  #fd: Fd<any> | undefined

  /** @param broker its URL, with the user and the password for it */
  constructor(kernel: Kernel, house: House, broker: string, say: Say) {
    this.#kernel = kernel
    this.#house = house
    this.#broker = broker
    this.#say = say
    this.#client = new KeptOpen('Nothing is told by MQTT', lost => this.#open(lost), say)
    this.#watches = [house.watch(event => this.#happened(event)), watchCensus(house, () => this.#tell())]
  }

  start(): Promise<void> {
    return this.#client.start()
  }

  /** Says that the realm is gone. */
  async stop(): Promise<void> {
    for (const each of [this.#client, ...this.#watches]) each[Symbol.dispose]()
    const fd = this.#fd
    if (fd === undefined) return
    this.#fd = undefined
    const goodbye = { topic: STATUS, payload: GONE, retain: true }
    // A broker that is not there to hear it has the will.
    await this.#kernel.request(fd, goodbye, { timeout: GOODBYE_MS }).then(
      () => this.#kernel.close(fd),
      () => this.#kernel.close(fd, { abort: true }),
    )
  }

  async #open(lost: Lost): Promise<void> {
    const kernel = this.#kernel
    const fd = kernel.create(MQTT_CLIENT, {
      // At each connection: the broker may have lost what it kept.
      open: () => this.#tell(),
      error: (_fd, error) => this.#say(`MQTT: ${error.message}`),
      close: (_fd, error) => {
        if (this.#fd === fd) this.#fd = undefined
        lost(error)
      },
    })
    void kernel.setOption(fd, MQTT_BROKER, this.#broker)
    void kernel.setOption(fd, MQTT_CLIENT_ID, this.#id)
    void kernel.setOption(fd, MQTT_QOS, 1)
    void kernel.setOption(fd, MQTT_WILL_TOPIC, STATUS)
    void kernel.setOption(fd, MQTT_WILL_MESSAGE, JSON.stringify(GONE))
    void kernel.setOption(fd, MQTT_WILL_QOS, 1)
    void kernel.setOption(fd, MQTT_WILL_RETAIN, true)
    this.#fd = fd
    await kernel.connect(fd)
  }

  #happened(event: HouseEvent): void {
    if (!('player' in event)) return this.#tell()
    const { name, room } = event.player
    this.#write(event.type === 'entered' ? LOGIN : LOGOUT, { name, room })
  }

  #tell(): void {
    const state = this.#house.isOpen ? 'open' : 'maintenance'
    const status: Status = { state, ...takeCensus(this.#house) }
    this.#write(STATUS, status, true)
  }

  /** While the broker is away it is kept, and delivered once it is back. */
  #write(topic: string, payload: object, retain = false): void {
    if (this.#fd !== undefined) this.#kernel.write(this.#fd, { topic, payload, retain })
  }
}
