/**
 * 5 000 idle connections, each with a session and a subscription, beside `ws` and Socket.IO, which have neither.
 * @module
 */
import type { Case } from '../case.ts'
import { idle } from '../ws-messaging.ts'

const LOAD = { connections: 5000 } as const

export const wsIdle: Case = {
  name: 'ws-idle',
  contenders: {
    unisock: idle({ server: 'unisock-hydrogen', dialect: 'hydrogen' }, LOAD),
    ws: idle({ server: 'ws-loop', dialect: 'plain' }, LOAD),
    'socket.io': idle({ server: 'socket-io', dialect: 'socket.io' }, LOAD),
  },
  metrics: [{ figure: 'rss-each', unit: 'bytes each', against: 'ws', goal: { atMost: 12 / 7 } }],
  rounds: 3,
}
