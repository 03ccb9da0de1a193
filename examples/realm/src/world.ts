/**
 * The game's state: plain objects in the owner's memory. Nothing here knows a protocol.
 * @module
 */

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

const FIRST_ROOM = 'gate'

export class World {
  readonly #rooms = new Map<string, Room>()
  readonly #players = new Map<number, Player>()
  #lastPlayer = 0

  constructor() {
    for (const room of ROOMS) this.putRoom(room)
  }

  rooms(): Room[] {
    return [...this.#rooms.values()]
  }

  room(id: string): Room | undefined {
    return this.#rooms.get(id)
  }

  putRoom(room: Room): Room {
    this.#rooms.set(room.id, room)
    return room
  }

  /** Whoever is in a room that is removed stands at the gate. The gate itself stays. */
  removeRoom(id: string): boolean {
    if (id === FIRST_ROOM || !this.#rooms.delete(id)) return false
    for (const player of this.#players.values()) if (player.room === id) player.room = FIRST_ROOM
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
    return player
  }

  removePlayer(id: number): boolean {
    return this.#players.delete(id)
  }

  /** Walks through an exit; undefined when there is none in that direction. */
  move(player: Player, direction: string): Room | undefined {
    const next = this.room(this.room(player.room)?.exits[direction] ?? '')
    if (next) player.room = next.id
    return next
  }
}

const ROOMS: readonly Room[] = [
  {
    id: 'gate',
    name: 'The Gate',
    description: 'Two stone herons guard a gate that nobody has closed in years.',
    exits: { north: 'square' },
  },
  {
    id: 'square',
    name: 'The Square',
    description: 'A well, a notice board, and the smell of bread.',
    exits: { south: 'gate', east: 'inn', down: 'cellar' },
  },
  {
    id: 'inn',
    name: 'The Drowned Lantern',
    description: 'Low beams and a fire. Somebody is always telling the end of a story.',
    exits: { west: 'square' },
  },
  {
    id: 'cellar',
    name: 'The Cellar',
    description: 'Cool, dark, and not as empty as it should be.',
    exits: { up: 'square' },
  },
]
