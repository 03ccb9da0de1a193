/**
 * The world in words.
 * @module
 */
import type { Room, World } from '../world.ts'
import type { HeardEvent, PlaceEvent } from '../world-event.ts'
import { type Paint, printable } from './text.ts'
import type { Scene } from './view.ts'

/** A room as one who stands in it sees it. */
export function describeRoom({ world, room, beholder }: Scene, paint: Paint): string {
  const exits = Object.keys(room.exits).map(printable)
  return [
    paint('title', printable(room.name)),
    printable(room.description),
    paint('exits', `Exits: ${exits.join(', ') || 'none'}.`),
    ...world
      .players(room.id)
      .filter(player => player !== beholder)
      .map(player => paint('people', `${printable(player.name)} is here.`)),
  ].join('\n')
}

/** An event as those see it who notice it; `isOwn`: as the one whose speech it is does. */
export function describeEvent(
  world: World,
  event: PlaceEvent | HeardEvent,
  paint: Paint,
  isOwn = false,
): string {
  const name = printable(event.player.name)
  switch (event.type) {
    case 'arrived': {
      const way = wayTo(world.room(event.room), event.from)
      return paint('people', way === undefined ? `${name} appears.` : `${name} arrives from ${way}.`)
    }
    case 'left':
      return paint('people', `${name} leaves ${printable(event.direction)}.`)
    case 'said':
      return `${paint('speech', isOwn ? 'You say:' : `${name} says:`)} ${printable(event.text)}`
    case 'chatted':
      return `${paint('speech', isOwn ? 'You chat:' : `${name} chats:`)} ${printable(event.text)}`
    case 'announced':
      return `${paint('title', isOwn ? 'You announce:' : `${name} announces:`)} ${printable(event.text)}`
    case 'woke':
      return paint('people', `${name} wakes.`)
    case 'slept':
      return paint('people', `${name} falls asleep.`)
    case 'gone':
      return paint('people', `${name} is gone.`)
  }
}

export function describePlayers(world: World, paint: Paint): string {
  const players = world.players()
  return [
    `${players.length} ${players.length === 1 ? 'player' : 'players'}`,
    ...players.map(({ name, room }) => {
      const where = printable(world.room(room)?.name ?? 'nowhere')
      return `  ${paint('people', printable(name))}, ${where}`
    }),
  ].join('\n')
}

/** The exit that leads there. */
function wayTo(room: Room | undefined, to: string | undefined): string | undefined {
  const way = Object.entries(room?.exits ?? {}).find(([, id]) => id === to)?.[0]
  return way === undefined ? undefined : (SIDES.get(way) ?? printable(way))
}

const SIDES = new Map([
  ['north', 'the north'],
  ['south', 'the south'],
  ['east', 'the east'],
  ['west', 'the west'],
  ['up', 'above'],
  ['down', 'below'],
])
