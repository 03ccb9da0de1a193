/**
 * The game's state: plain objects in the owner's memory. Nothing here knows a protocol.
 * @module
 */
import { FIRST_ROOM, ROOMS } from './rooms.ts'
import type { WorldEvent, WorldObserver } from './world-event.ts'

export interface Room {
  id: string
  name: string
  description: string
  /** Direction to room id. */
  exits: Record<string, string>
}

export interface Player {
  id: number
  name: string
  room: string
  level: number
}

export type NewPlayer = Pick<Player, 'name'> & Partial<Pick<Player, 'room'>>

/** What becomes of what is said before anybody hears it: it is passed on, at once or later. */
export type Filter = (text: string, pass: (text: string) => void) => void

export class World {
  readonly #rooms = new Map<string, Room>()
  readonly #players = new Map<number, Player>()
  readonly #observers = new Set<WorldObserver>()
  #lastPlayer = 0
  /** Of what players say. */
  filter: Filter = (text, pass) => pass(text)

  constructor() {
    for (const room of ROOMS) this.#rooms.set(room.id, room)
  }

  /** Tells the observer what happens, until the result is disposed. */
  watch(observer: WorldObserver): Disposable {
    this.#observers.add(observer)
    return { [Symbol.dispose]: () => void this.#observers.delete(observer) }
  }

  rooms(): Room[] {
    return [...this.#rooms.values()]
  }

  room(id: string): Room | undefined {
    return this.#rooms.get(id)
  }

  putRoom(room: Room): Room {
    const isNew = !this.#rooms.has(room.id)
    this.#rooms.set(room.id, room)
    if (isNew) this.#tell({ type: 'built', place: room })
    return room
  }

  /** Whoever is in a room that is removed stands at the gate. The gate itself stays. */
  removeRoom(id: string): boolean {
    const place = this.room(id)
    if (id === FIRST_ROOM || !place) return false
    this.#rooms.delete(id)
    this.#tell({ type: 'razed', place })
    for (const player of this.players(id)) {
      player.room = FIRST_ROOM
      this.#tell({ type: 'arrived', player, room: FIRST_ROOM })
    }
    return true
  }

  players(room?: string): Player[] {
    const all = [...this.#players.values()]
    return room === undefined ? all : all.filter(player => player.room === room)
  }

  player(id: number): Player | undefined {
    return this.#players.get(id)
  }

  playerNamed(name: string): Player | undefined {
    return this.players().find(player => player.name.toLowerCase() === name.toLowerCase())
  }

  addPlayer({ name, room = FIRST_ROOM }: NewPlayer): Player {
    const player = { id: ++this.#lastPlayer, name, room, level: 1 }
    this.#players.set(player.id, player)
    this.#tell({ type: 'arrived', player, room })
    return player
  }

  removePlayer(id: number): boolean {
    const player = this.#players.get(id)
    if (!player) return false
    this.#players.delete(id)
    this.#tell({ type: 'gone', player, room: player.room })
    return true
  }

  /** Walks through an exit; undefined when there is none in that direction. */
  move(player: Player, direction: string): Room | undefined {
    const { room: from } = player
    const next = this.room(this.room(from)?.exits[direction] ?? '')
    if (!next) return undefined
    player.room = next.id
    this.#tell({ type: 'left', player, room: from, direction })
    this.#tell({ type: 'arrived', player, room: next.id, from })
    return next
  }

  say(player: Player, text: string): void {
    const { room } = player
    this.filter(text, heard => this.#tell({ type: 'said', player, room, text: heard }))
  }

  /** Speaks to the whole realm. */
  chat(player: Player, text: string): void {
    this.filter(text, heard => this.#tell({ type: 'chatted', player, text: heard }))
  }

  announce(player: Player, text: string): void {
    this.#tell({ type: 'announced', player, text })
  }

  wake(player: Player): void {
    this.#tell({ type: 'woke', player, room: player.room })
  }

  sleep(player: Player): void {
    this.#tell({ type: 'slept', player, room: player.room })
  }

  #tell(event: WorldEvent): void {
    for (const observer of this.#observers) observer(event)
  }
}
