/** A keeper is killed, and with it everything that was to outlive the worker: nothing is guessed. */
import { describe, expect, test } from 'vitest'
import { connect } from '../../../src/hydrogen/client/index.ts'
import type { DeadLetter } from '../../../src/index.ts'
import { Inbox } from '../../support/kernel.ts'
import { offsetsOf, positionOf } from '../support/peer.ts'
import { relay } from '../support/relay.ts'
import { APART, serve } from '../support/server.ts'

describe.each(APART)('the keeper of a worker in a %s that is killed', isolation => {
  test('makes its topics begin anew: clients are told to come back, and that nothing is recovered', async () => {
    await using served = await serve({ isolation, keeper: true })
    const peer = await served.client()
    const idle = await served.client({ key: 'bob' })
    const { epoch } = await peer.subscribe('news')
    await served.publish('news', 3)
    const last = positionOf((await peer.events(3))[2]!)
    await served.kill('keeper')
    expect(await peer.closed).toEqual({ code: 3010, reason: 'insufficient state' })
    await idle.settled()
    const { peer: next, answer } = await served.resumed(peer, {
      topics: { news: { ...last, partial: true } },
    })
    expect(answer.topics.news).toEqual({
      epoch: expect.any(String),
      offset: 0,
      top: 0,
      recovered: false,
      wasRecovering: true,
      reason: 'epoch',
    })
    expect(answer.topics.news.epoch).not.toBe(epoch)
    await served.publish('news', 2)
    expect(offsetsOf(await next.events(2))).toEqual([1, 2])
    expect(served.restarts).toBe(0)
    expect(idle.socket.readyState).toBe(idle.socket.OPEN)
  })

  test('leaves the sessions: they are saved anew, and outlive the worker once more', async () => {
    await using served = await serve({ isolation, keeper: true, session: { save: 10 } })
    const peer = await served.client()
    await peer.subscribe('news')
    await served.kill('keeper')
    await peer.closed
    const { peer: next } = await served.resumed(peer)
    await served.kill('worker')
    const { peer: last, answer } = await served.resumed(next)
    expect(answer).toMatchObject({ generation: 3, subscriptions: [{ topic: 'news' }] })
    await served.publish('news', 1)
    expect((await last.event()).offset).toBe(1)
  })

  test('ends what was not acknowledged: the program is told, and the client gets nothing of the old epoch', async () => {
    const letters = new Inbox<DeadLetter>()
    await using served = await serve({
      isolation,
      keeper: true,
      topics: { acked: { ack: true } },
      observers: { deadLetter: letters.put },
    })
    const peer = await served.client()
    await peer.subscribe('acked')
    await served.publish('acked', 3)
    const events = await peer.events(3)
    peer.ack(events[0]!)
    await served.measured(({ acked }) => acked === 1)
    await served.kill('keeper')
    expect((await peer.closed).code).toBe(3010)
    const { peer: next, answer } = await served.resumed(peer, {
      topics: { acked: positionOf(events[2]!) },
      received: 3,
    })
    expect(answer.topics.acked).toMatchObject({ recovered: false, reason: 'epoch', offset: 0 })
    for (const { id, offset } of events.slice(1))
      expect(await letters.next()).toMatchObject({ id, offset, reason: 'epoch', attempts: 1 })
    await served.publish('acked', 1)
    expect(await next.event()).toMatchObject({ offset: 1, epoch: answer.topics.acked.epoch, seq: 4 })
    next.say({ type: 'ack', upto: 4 })
    expect(await served.measured(({ unacked }) => unacked === 0)).toMatchObject({ acked: 2, expired: 2 })
  })

  test('does not keep a client from having what is published from then on', async () => {
    await using served = await serve({ isolation, keeper: true, topics: { acked: { ack: true } } })
    await using wire = await relay(served.port)
    await using client = connect(wire.url, { key: 'ann', reconnect: { min: 1, max: 5 } })
    const seen = new Inbox<number>()
    const gaps: unknown[] = []
    const sessions: boolean[] = []
    client.on('gap', ({ topic, reason }) => void gaps.push([topic, reason]))
    client.on('session', ({ recovered }) => void sessions.push(recovered))
    client.on('error', () => {})
    await client.subscribe('acked', ({ data }: any) => seen.put(data.n))
    wire.pause()
    await served.publish('acked', 3)
    await served.kill('keeper')
    await served.measured(({ connections }) => connections === 0)
    wire.cut()
    await served.measured(({ subscriptions }) => subscriptions === 1)
    await served.publish('acked', 1, { first: 4 })
    expect(await seen.next()).toBe(4)
    await client.ping()
    expect([sessions, gaps, seen.size]).toEqual([[false, true], [['acked', 'epoch']], 0])
  })
})
