/** How a server is: told by time, on demand, and to its program. */
import { hostname } from 'node:os'
import { describe, expect, test } from 'vitest'
import { ISOLATIONS } from '../../support/kernel.ts'
import { serve } from '../support/server.ts'

const number = expect.any(Number)

/** Under the names of the documentation, and under those of the original. */
const REPORT = {
  server_running: true,
  memory_usage: number,
  cpu_load: number,
  thread_count: process.platform === 'linux' ? number : null,
  server_start_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  active_connections: 1,
  total_connections: 1,
  total_requests: number,
  system: {
    sysname: expect.any(String),
    nodename: hostname(),
    release: expect.any(String),
    version: expect.any(String),
    machine: expect.any(String),
  },
  status: {
    running: true,
    shutting_down: false,
    totalThreads: process.platform === 'linux' ? number : null,
    totalVirtualMemoryBytes: process.platform === 'linux' ? number : null,
    totalResidentMemoryBytes: number,
  },
}

describe.concurrent.each(ISOLATIONS)('over %s', isolation => {
  test('a client asks, and the program does, and both are told the same', async () => {
    await using serving = await serve({ isolation, status: { interval: 0 } })
    const peer = await serving.client()
    expect(await peer.verb('status')).toEqual(REPORT)
    expect(await serving.server.status()).toEqual(REPORT)
  })

  test('it is published every so many seconds, and a new subscriber has the last at once', async () => {
    await using serving = await serve({ isolation, status: { interval: 1 } })
    const peer = await serving.client()
    await peer.subscribe('system')
    const event = await peer.event()
    expect(event).toMatchObject({
      type: 'event',
      channel: 'system',
      action: 'status_update',
      topic: 'system',
      data: REPORT,
    })
    const next = await peer.event()
    expect(next.offset).toBe(event.offset + 1)
    const late = await serving.client()
    const { top } = await late.subscribe('system')
    expect(await late.event()).toMatchObject({ action: 'status_update', offset: top })
  })
})

test('it is published where the option says', async () => {
  await using serving = await serve({ status: { interval: 1, topic: 'health.server' } })
  const peer = await serving.client()
  await peer.subscribe('health.*')
  expect(await peer.event()).toMatchObject({ topic: 'health.server', action: 'status_update' })
})

test('where there is none, who asks is told that there is no such action', async () => {
  await using serving = await serve({ status: false })
  const peer = await serving.client()
  await expect(peer.verb('status')).rejects.toMatchObject({ code: 'unknown_action' })
  expect(await serving.server.status()).toEqual(REPORT)
})

test('the metrics tell what has happened', async () => {
  await using serving = await serve({
    topics: { orders: { ack: true } },
    handlers: { print: () => 'printed' },
  })
  const { server } = serving
  const peer = await serving.client()
  await peer.subscribe('orders')
  await peer.subscribe('plain')
  await peer.command('print', 'start')
  await peer.command('file', 'start')
  peer.socket.send('{')
  await peer.responses.next()
  await server.publish('orders', 1)
  await server.publish('plain', 1)
  const [event] = await peer.events(2)
  expect(await server.metrics()).toMatchObject({ unacked: 1, acked: 0 })
  peer.ack(event!)
  await peer.settled()
  const metrics = await server.metrics()
  expect(metrics).toMatchObject({
    connections: 1,
    totalConnections: 1,
    sessions: 1,
    topics: 2,
    historyBytes: number,
    subscriptions: 2,
    queuedFrames: 0,
    queuedBytes: 0,
    unacked: 0,
    messages: 8,
    acks: 1,
    commands: 6,
    runningCommands: 0,
    errors: { unknown_channel: 1, invalid_json: 1 },
    published: 2,
    deliveries: 2,
    dropped: 0,
    overflows: { slow: 0, overflow: 0 },
    redelivered: 0,
    acked: 1,
    dead: 0,
    expired: 0,
    lateAcks: 0,
    resumes: { recovered: 0, partly: 0, failed: 0 },
  })
  expect(metrics.commandLatency).toMatchObject({ count: 1 })
  expect(metrics.publishLatency).toMatchObject({ count: 2 })
  const { peer: next } = await serving.resumed(peer)
  await expect(next.resume({ token: 'none' })).rejects.toMatchObject({ code: 'bad_value' })
  expect(await server.metrics()).toMatchObject({
    connections: 1,
    totalConnections: 2,
    sessions: 1,
    resumes: { recovered: 1, partly: 0, failed: 0 },
  })
  expect(JSON.stringify(await serving.kernel.inspect())).toContain('"totalConnections":2')
})
