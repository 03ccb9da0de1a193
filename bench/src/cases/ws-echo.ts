/**
 * WebSocket echo of 64 characters over 64 connections, beside `ws` and Socket.IO in the program's own thread.
 * @module
 */
import type { Case } from '../case.ts'
import { webSocketEcho } from '../ws-served.ts'

const LOAD = { connections: 64, size: 64 } as const

export const wsEcho: Case = {
  name: 'ws-echo',
  contenders: {
    unisock: webSocketEcho('unisock-ws', { ...LOAD, dialect: 'plain' }),
    ws: webSocketEcho('ws', { ...LOAD, dialect: 'plain' }),
    'socket.io': webSocketEcho('socket-io', { ...LOAD, dialect: 'socket.io' }),
  },
  metrics: [
    { figure: 'messages/s', unit: 'messages/s', against: 'ws', goal: { atLeast: 0.95 } },
    { figure: 'owner-cpu', unit: 'µs/message', against: 'ws', goal: { atMost: 0.25 } },
  ],
  rounds: 5,
}
