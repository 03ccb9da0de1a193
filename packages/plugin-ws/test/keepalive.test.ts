/** Pings: sent, answered and enforced in the worker, whatever the program does. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { TimerWheel } from '@unisock/sockets/engine'
import { describe, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { Keepalive } from '../src/connection/keepalive.ts'
import { WS_PING_INTERVAL, WS_PONG_TIMEOUT } from '../src/index.ts'
import { dialling, echoing, type OptionRow, peer, serving, until, wsKernel } from './support/kernel.ts'
import { PING, RawPeer } from './support/raw.ts'

const OFTEN: readonly OptionRow[] = [
  [WS_PING_INTERVAL, 1],
  [WS_PONG_TIMEOUT, 1],
]

/** A wheel whose seconds pass when a test says so. */
class Seconds {
  #now = 0
  #due: (() => void) | undefined
  readonly wheel = new TimerWheel({
    now: () => this.#now,
    after: (_ms, callback) => {
      this.#due = callback
      return () => {
        this.#due = undefined
      }
    },
  })

  pass(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#now += 1000
      this.#due?.()
    }
  }
}

function kept(interval: number, timeout: number) {
  const time = new Seconds()
  const events: string[] = []
  const keepalive = new Keepalive(time.wheel, {
    ping: () => void events.push('ping'),
    onSilence: () => void events.push('dead'),
  })
  keepalive.set(interval, timeout)
  return { time, events, keepalive }
}

describe('on a fake clock', () => {
  test('a peer that answers is pinged at each interval', () => {
    const { time, events, keepalive } = kept(10, 5)
    for (let i = 1; i <= 5; i++) {
      time.pass(11)
      expect(events).toHaveLength(i)
      keepalive.ponged()
    }
    expect(new Set(events)).toEqual(new Set(['ping']))
  })

  test('a peer that does not answer is dead after the timeout, and not before', () => {
    const { time, events } = kept(10, 5)
    time.pass(11)
    time.pass(5)
    expect(events).toEqual(['ping'])
    time.pass(1)
    expect(events).toEqual(['ping', 'dead'])
  })

  test('a peer that sends something else is alive', () => {
    const { time, events, keepalive } = kept(10, 5)
    time.pass(11)
    keepalive.heard()
    time.pass(6)
    expect(events).toEqual(['ping'])
    time.pass(11)
    expect(events).toEqual(['ping', 'ping'])
  })

  test('an interval of 0 sends nothing, and what is disposed of leaves the wheel', () => {
    const { time, events, keepalive } = kept(0, 5)
    time.pass(1000)
    expect(events).toEqual([])
    keepalive.set(1, 1)
    keepalive[Symbol.dispose]()
    time.pass(1000)
    expect(events).toEqual([])
    expect(time.wheel.size).toBe(0)
  })
})

test.concurrent('a peer that does not answer pings is ended with ETIMEDOUT', async () => {
  await using kernel = await wsKernel()
  const closed = Promise.withResolvers<Error | undefined>()
  const { port } = await serving(kernel, { close: (_fd, error) => closed.resolve(error) }, OFTEN)
  using raw = await RawPeer.open(port)
  expect(await raw.frame()).toMatchObject({ opcode: PING, masked: false })
  expect(await closed.promise).toMatchObject({
    code: 'ETIMEDOUT',
    message: expect.stringContaining('WS_PONG_TIMEOUT'),
  })
  await raw.ended()
})

test.concurrent('a client pings its server too, and leaves one that does not answer', async () => {
  await using kernel = await wsKernel()
  const server = new WebSocketServer({ port: 0, autoPong: false })
  await once(server, 'listening')
  const connected = once(server, 'connection')
  const closed = Promise.withResolvers<Error | undefined>()
  const { port } = server.address() as AddressInfo
  await dialling(kernel, port, { close: (_fd, error) => closed.resolve(error) }, OFTEN)
  const [socket] = (await connected) as [WebSocket]
  await once(socket, 'ping')
  socket.pong()
  await once(socket, 'ping')
  expect(await closed.promise).toMatchObject({ code: 'ETIMEDOUT' })
  await new Promise(resolve => server.close(resolve))
})

test.concurrent('a client whose messages the program leaves lying is not taken for dead', async () => {
  await using kernel = await wsKernel()
  const closed: unknown[] = []
  let fd: any
  const { url } = await serving(
    kernel,
    { open: opened => void (fd = opened), close: (_fd, error) => void closed.push(error) },
    OFTEN,
  )
  await using client = await peer(url)
  await until(() => fd !== undefined)
  kernel.pause(fd)
  for (let i = 0; i < 64; i++) client.socket.send(Buffer.alloc(64 * 1024))
  for (let pings = 0; pings < 2; pings++) await once(client.socket, 'ping')
  expect(closed).toEqual([])
  expect(client.socket.readyState).toBe(client.socket.OPEN)
})

test.each(['thread', 'process'] as const)(
  'over %s pings go both ways while the program is blocked, and what was sent meanwhile is delivered',
  async isolation => {
    await using kernel = await wsKernel(isolation)
    const { url } = await serving(
      kernel,
      echoing(() => kernel),
      OFTEN,
    )
    // The peer has a thread of its own: that of the test is the program's, and blocked.
    const { Worker } = await import('node:worker_threads')
    const worker = new Worker(new URL('./support/pinger.ts', import.meta.url), { workerData: { url } })
    await once(worker, 'message')
    const end = performance.now() + 3000
    while (performance.now() < end);
    worker.postMessage('report')
    const [report] = (await once(worker, 'message')) as [
      { pongs: number; slowest: number; pinged: number; open: boolean; messages: string[] },
    ]
    await worker.terminate()
    expect(report.open).toBe(true)
    expect(report.pongs).toBeGreaterThanOrEqual(20)
    expect(report.slowest).toBeLessThan(1500)
    expect(report.pinged).toBeGreaterThanOrEqual(1)
    expect(report.messages[0]).toBe('sent while blocked')
  },
)

test.each([
  [WS_PING_INTERVAL, -1],
  [WS_PING_INTERVAL, 30_000],
  [WS_PONG_TIMEOUT, 0],
  [WS_PONG_TIMEOUT, 5000],
  [WS_PING_INTERVAL, 1.5],
])('option %i refuses %d', async (option, value) => {
  await using kernel = await wsKernel()
  const { server } = await serving(kernel, {})
  await expect(kernel.setOption(server, option, value)).rejects.toMatchObject({ code: 'EINVAL' })
})
