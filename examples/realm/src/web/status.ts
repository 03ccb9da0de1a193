/**
 * How the realm is, for all who care to watch, over Hydrogen messaging on the port of the API. A page that was away
 * resumes its session and gets what it missed.
 *
 * | topic | |
 * |---|---|
 * | `system` | the server's own: memory, threads, connections, since when it runs |
 * | `realm.census` | `{ playing, players, rooms }`, whenever it has changed |
 * | `realm.news` | `{ text }`: who came, who went, what was announced or built |
 * @module
 */
import { type Fd, type Kernel, SO_MAX_CONNECTIONS } from '@unisock/kernel'
import { createHydrogenServer, type Hydrogen } from '@unisock/plugin-ws'
import { takeCensus, watchCensus } from '../census.ts'
import type { House } from '../house.ts'
import { describeEvent } from '../play/scenery.ts'
import { plain, printable } from '../play/text.ts'
import type { World } from '../world.ts'
import type { WorldEvent } from '../world-event.ts'

const PATH = '/hydrogen'
const CENSUS = 'realm.census'
const NEWS = 'realm.news'
const HOUR = 3600
const MAX_CONNECTIONS = 300

export interface StatusBoard extends Disposable {
  readonly hydrogen: Hydrogen
}

/** @param interval Seconds between two events of `system`. */
export async function openStatus(
  kernel: Kernel,
  house: House,
  on: Fd<any>,
  interval: number,
): Promise<StatusBoard> {
  const hydrogen = await createHydrogenServer(kernel, {
    at: { on, path: PATH },
    verify: { jwt: house.accounts.secret },
    status: { interval },
    session: { ttl: HOUR },
    limits: { subscriptions: 10 },
    options: [[SO_MAX_CONNECTIONS, MAX_CONNECTIONS]],
    topics: {
      [CENSUS]: { last: true, history: { count: 100, age: HOUR } },
      [NEWS]: { history: { count: 100, age: HOUR } },
    },
  })
  const publishCensus = (): void => void hydrogen.publish(CENSUS, takeCensus(house))
  const watch = house.world.watch(event => {
    const text = newsOf(house.world, event)
    if (text !== undefined) void hydrogen.publish(NEWS, { text }, { action: event.type })
    if (event.type === 'gone') void hydrogen.disconnect({ user: String(event.player.id) }, { end: true })
  })
  const census = watchCensus(house, publishCensus)
  publishCensus()
  return {
    hydrogen,
    [Symbol.dispose]() {
      watch[Symbol.dispose]()
      census[Symbol.dispose]()
    },
  }
}

/** Undefined for what is between those who are there. */
function newsOf(world: World, event: WorldEvent): string | undefined {
  switch (event.type) {
    case 'arrived':
      return event.from === undefined ? describeEvent(world, event, plain) : undefined
    case 'gone':
    case 'woke':
    case 'slept':
    case 'announced':
      return describeEvent(world, event, plain)
    case 'built':
      return `${printable(event.place.name)} was built.`
    case 'razed':
      return `${printable(event.place.name)} is no more.`
  }
  return undefined
}
