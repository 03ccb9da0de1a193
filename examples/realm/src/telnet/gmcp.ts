/**
 * GMCP for clients that draw maps and gauges: what a client asked for, and the packages about the world.
 * @module
 */
import { printable } from '../play/text.ts'
import type { Scene } from '../play/view.ts'
import type { Player } from '../world.ts'

export type GmcpSend = (name: string, data?: unknown) => void

/** The modules that a client wants: all of them until it has said which (`Core.Supports`). */
export class GmcpModules {
  #modules: Set<string> | undefined

  /** Takes `Core.Supports.Set`, `.Add` and `.Remove`, lists of `"Room 1"`; anything else is none of its business. */
  receive(name: string, data: unknown): void {
    const modules = Array.isArray(data) ? data.map(item => String(item).split(' ')[0]!.toLowerCase()) : []
    switch (name.toLowerCase()) {
      case 'core.supports.set':
        this.#modules = new Set(modules.slice(0, MAX_MODULES))
        return
      case 'core.supports.add':
        this.#modules ??= new Set()
        for (const module of modules) if (this.#modules.size < MAX_MODULES) this.#modules.add(module)
        return
      case 'core.supports.remove':
        for (const module of modules) this.#modules?.delete(module)
    }
  }

  /** A module is a package's name up to one of its dots. `Core` is not asked for. */
  has(name: string): boolean {
    if (!this.#modules) return true
    const path = name.toLowerCase().split('.')
    if (path[0] === 'core') return true
    return path.some((_part, index) => this.#modules!.has(path.slice(0, index + 1).join('.')))
  }
}

const MAX_MODULES = 64

/** What the player sees from here on: the room, who is in it, and the player. */
export function sendPlace(send: GmcpSend, { world, room, beholder }: Scene): void {
  send('Room.Info', { num: room.id, name: printable(room.name), exits: room.exits })
  send('Room.Players', world.players(room.id).map(named))
  sendStatus(send, beholder)
}

export function sendStatus(send: GmcpSend, player: Player): void {
  send('Char.Status', { name: printable(player.name), level: player.level, room: player.room })
}

export function sendArrival(send: GmcpSend, player: Player): void {
  send('Room.AddPlayer', named(player))
}

export function sendDeparture(send: GmcpSend, player: Player): void {
  send('Room.RemovePlayer', printable(player.name))
}

export function sendSpeech(send: GmcpSend, channel: string, player: Player, text: string): void {
  send('Comm.Channel.Text', { channel, talker: printable(player.name), text: printable(text) })
}

function named(player: Player): { name: string; fullname: string } {
  const name = printable(player.name)
  return { name, fullname: name }
}
