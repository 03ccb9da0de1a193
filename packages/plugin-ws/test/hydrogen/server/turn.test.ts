/** What the program sends in one turn: all of it, in its order, whatever of it is kept aside until the turn is over. */
import { describe, expect, test } from 'vitest'
import { serve } from '../support/server.ts'

const ISOLATIONS = ['thread', 'process', 'inline'] as const

describe.each(ISOLATIONS)('over %s', isolation => {
  const open = async () => {
    const served = await serve({ isolation, topics: { news: { history: false } } })
    const peer = await served.client()
    await peer.subscribe('news')
    // The first event of a connection finds out that there is room.
    await served.server.publish('news', 0)
    await peer.events(1)
    return { served, peer }
  }

  test('one event, several, and events among broadcasts', async () => {
    const { served, peer } = await open()
    await using _served = served
    const { server } = served
    const said = []
    for (const turn of [1, 2, 5]) {
      const sent: Promise<unknown>[] = []
      for (let i = 0; i < turn; i++) {
        sent.push(
          server.publish('news', `event ${turn}.${i}`),
          server.broadcast({ channel: 'system', action: `broadcast ${turn}.${i}` }),
        )
        said.push(`event ${turn}.${i}`, `broadcast ${turn}.${i}`)
      }
      await Promise.all(sent)
    }
    const events = await peer.events(said.length)
    const texts = events.map(({ topic, data, action }) => (topic === 'news' ? data : action) as string)
    expect(texts.filter(text => text.startsWith('event'))).toEqual(
      said.filter(text => text.startsWith('event')),
    )
    expect(texts.toSorted()).toEqual(said.toSorted())
  })

  test('an event before a disconnection arrives before it', async () => {
    const { served, peer } = await open()
    await using _served = served
    const last = { channel: 'system', action: 'last' }
    await Promise.all([served.server.broadcast(last), served.server.disconnect({ user: 'ann' })])
    const { code } = await peer.closed
    expect(code).toBeGreaterThanOrEqual(3000)
    expect(peer.log.at(-1)).toMatchObject({ type: 'event', ...last })
  })
})
