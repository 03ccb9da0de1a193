/**
 * The telnet door of the realm: who comes in by it sees what happens in the world.
 * @module
 */
import { type Addr, type Fd, type Kernel, SO_MAX_CONNECTIONS, SO_WRITE_HIGH_WATER } from '@unisock/kernel'
import { MUD, type MudWrite, SO_LONG_TIMEOUT, SO_TELNET, type TelnetOption } from '@unisock/plugin-net'
import type { House } from '../house.ts'
import { Terminal } from './terminal.ts'
import { Visitor } from './visitor.ts'

const MAX_VISITORS = 200
const MAX_LINE = 1024
const HIGH_WATER = 16 * 1024

export interface Door {
  readonly address: Addr
  /** Takes what the configuration says. */
  configure(): void
  /** Tells everybody that the realm is over. */
  close(): void
}

export async function openDoor(kernel: Kernel, house: House, port: number): Promise<Door> {
  const { world } = house
  const visitors = new Map<Fd, Visitor>()
  const started = Math.floor(Date.now() / 1000)
  const door = kernel.create(MUD, {
    open(fd) {
      const write = (message: MudWrite): void => void kernel.write(fd, message)
      const hangUp = (): void => {
        visitors.delete(fd)
        void kernel.close(fd)
      }
      visitors.set(fd, new Visitor(house, new Terminal(write), hangUp))
    },
    message: (fd, message) => visitors.get(fd)?.receive(message),
    close(fd) {
      visitors.get(fd as Fd)?.gone()
      visitors.delete(fd as Fd)
    },
  })
  const telnet = (): TelnetOption => ({
    maxLine: MAX_LINE,
    mssp: { NAME: 'Realm', PLAYERS: world.players().length, UPTIME: started, ANSI: true, 'UTF-8': true },
  })
  void kernel.setOption(door, SO_TELNET, telnet())
  const configure = (): void => {
    void kernel.setOption(door, SO_LONG_TIMEOUT, house.config.limits.idleMinutes)
  }
  configure()
  void kernel.setOption(door, SO_MAX_CONNECTIONS, MAX_VISITORS)
  void kernel.setOption(door, SO_WRITE_HIGH_WATER, HIGH_WATER)
  const address = await kernel.bind(door, port)
  await kernel.listen(door)
  const watch = world.watch(event => {
    for (const visitor of [...visitors.values()]) visitor.happened(event)
    if (event.type === 'gone' || (event.type === 'arrived' && event.from === undefined))
      void kernel.setOption(door, SO_TELNET, telnet())
  })
  return {
    address,
    configure,
    close() {
      watch[Symbol.dispose]()
      kernel.broadcast(door, { text: '\nThe realm closes.\n' })
    },
  }
}
