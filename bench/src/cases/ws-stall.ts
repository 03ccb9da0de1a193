/**
 * Pings of 50 clients while the program's thread is busy for five seconds; peers in the program's thread answer none.
 * @module
 */
import type { Case } from '../case.ts'
import { stall } from '../ws-messaging.ts'

const LOAD = { connections: 50, interval: 100 } as const

export const wsStall: Case = {
  name: 'ws-stall',
  contenders: {
    unisock: stall({ server: 'unisock-hydrogen', dialect: 'hydrogen' }, LOAD),
    ws: stall({ server: 'ws-loop', dialect: 'plain' }, LOAD),
    'socket.io': stall({ server: 'socket-io', dialect: 'socket.io' }, LOAD),
  },
  metrics: [
    { figure: 'answered', unit: 'of all pings', goal: { atLeast: 1 } },
    { figure: 'p99', unit: 'ms', goal: { atMost: 50 } },
  ],
  rounds: 3,
}
