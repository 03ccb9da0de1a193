/**
 * The world in messages of the subprotocol `game`.
 * @module
 */
import { describeEvent } from '../play/scenery.ts'
import { plain, printable } from '../play/text.ts'
import type { Scene, View } from '../play/view.ts'
import type { World } from '../world.ts'
import type { HeardEvent, PlaceEvent } from '../world-event.ts'
import type { Line } from './subprotocol.ts'

export class JsonView implements View {
  readonly paint = plain
  readonly #line: Line
  #scene: Scene | undefined

  constructor(line: Line) {
    this.#line = line
  }

  print(text: string): void {
    if (text !== '') this.#line.send({ type: 'text', text })
  }

  showRoom(scene: Scene, isNew: boolean): void {
    const { id, name, description, exits } = scene.room
    this.#scene = scene
    this.#line.send({
      type: 'room',
      isNew,
      id,
      name: printable(name),
      description: printable(description),
      exits: Object.keys(exits).map(printable),
      players: others(scene),
    })
  }

  showEvent(world: World, event: PlaceEvent | HeardEvent, isOwn: boolean): void {
    // What everybody says to everybody has a subprotocol of its own.
    if (event.type === 'chatted') return
    const { type, player } = event
    const text = describeEvent(world, event, plain, isOwn)
    this.#line.send({ type: 'event', event: type, name: printable(player.name), text })
    const hasMoved = type === 'arrived' || type === 'left' || type === 'gone'
    if (hasMoved && this.#scene) this.#line.send({ type: 'players', players: others(this.#scene) })
  }
}

function others({ world, room, beholder }: Scene): string[] {
  return world
    .players(room.id)
    .filter(player => player !== beholder)
    .map(player => printable(player.name))
}
