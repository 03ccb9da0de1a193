/**
 * The load process for a server whose program is busy for five seconds: clients that ping meanwhile.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { DIALECTS, open, together } from './dialects/index.ts'
import { loading } from './load-process.ts'
import type { StallLoad, StallResult } from './ws-messaging.ts'

const { port, dialect: name, connections, interval } = JSON.parse(process.argv[2]!) as StallLoad
const dialect = DIALECTS[name]
const BLOCKED = 5000
/** Milliseconds before the end at which the last pings are sent. */
const MARGIN = 500

let sent = 0
let until = 0
let answered = 0
const latencies: number[] = []
const sockets = await together(Array.from({ length: connections }), 100, async () => {
  const socket = await open(dialect, port)
  await dialect.join(socket)
  socket.on('pong', payload => {
    const now = performance.now()
    latencies.push(now - Number(payload.toString()))
    if (now < until) answered++
  })
  return socket
})
const [first] = sockets

loading(async (): Promise<StallResult> => {
  first!.send(dialect.block)
  const started = performance.now()
  until = started + BLOCKED
  await delay(MARGIN)
  for (let i = 0; performance.now() < until - MARGIN; i++) {
    for (const socket of sockets) socket.ping(String(performance.now()))
    sent += sockets.length
    await delay(Math.max(0, started + MARGIN + (i + 1) * interval - performance.now()))
  }
  while (latencies.length < sent) await delay(interval)
  latencies.sort((a, b) => a - b)
  return { answered: answered / sent, p99: latencies[Math.ceil(latencies.length * 0.99) - 1]! }
})
