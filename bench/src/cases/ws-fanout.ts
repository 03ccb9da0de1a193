/**
 * An event of 200 characters to 5 000 clients, several times a second: through topics, filters and offsets, beside a plain
 * loop over all clients of `ws`, one over frames that are built once, and Socket.IO.
 * @module
 */
import type { Case } from '../case.ts'
import { fanOut } from '../ws-messaging.ts'

const LOAD = { connections: 5000, interval: 125 } as const

export const wsFanOut: Case = {
  name: 'ws-fanout',
  contenders: {
    unisock: fanOut({ server: 'unisock-hydrogen', dialect: 'hydrogen filtered' }, LOAD),
    ws: fanOut({ server: 'ws-loop', dialect: 'plain' }, LOAD),
    'ws frames': fanOut({ server: 'ws-loop', args: ['frames'], dialect: 'plain' }, LOAD),
    'socket.io': fanOut({ server: 'socket-io', dialect: 'socket.io' }, LOAD),
  },
  metrics: [
    { figure: 'deliveries/cpu-s', unit: 'events/CPU s', against: 'ws', goal: { atLeast: 1 } },
    { figure: 'deliveries/cpu-s', unit: 'events/CPU s', against: 'ws frames', goal: { atLeast: 0.85 } },
  ],
  rounds: 5,
}
