/**
 * The load process for what is published: many clients that get it, and one that has it published.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { DIALECTS, open, PAYLOAD, together } from './dialects/index.ts'
import { loading } from './load-process.ts'
import type { FanOutLoad, FanOutResult } from './ws-messaging.ts'

const { port, dialect: name, connections, interval } = JSON.parse(process.argv[2]!) as FanOutLoad
const dialect = DIALECTS[name]
/** At once: fewer than a listener's backlog. */
const TOGETHER = 100

let events = 0
/** How many there are to be when what was published has reached everybody, and what is to happen then. */
let awaited = 0
let reached: (() => void) | undefined
await together(Array.from({ length: connections }), TOGETHER, async () => {
  const socket = await open(dialect, port)
  await dialect.join(socket)
  socket.on('message', (data: Buffer) => {
    if (data.length < PAYLOAD) return dialect.answer?.(socket, data)
    if (++events === awaited) reached?.()
  })
})
const publisher = await open(dialect, port)
await dialect.greet?.(publisher)

loading(async (seconds): Promise<FanOutResult> => {
  const before = events
  const publications = Math.round((seconds * 1000) / interval)
  for (let i = 0; i < publications; i++) {
    awaited = events + connections
    await Promise.all([publish(), delay(interval)])
  }
  return { events: events - before, seconds }
})

/** Resolves when it has reached everybody: on a busy machine events would leave together otherwise, and cost less. */
function publish(): Promise<void> {
  publisher.send(dialect.publish)
  return new Promise(resolve => {
    reached = resolve
  })
}
