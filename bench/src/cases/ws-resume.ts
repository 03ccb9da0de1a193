/**
 * 500 clients that are cut off together, miss two events and come back: beside Socket.IO's connection state recovery,
 * and with sessions that outlive the worker, in a keeper.
 * @module
 */
import type { Case } from '../case.ts'
import { resume, type Served } from '../ws-messaging.ts'

const LOAD = { connections: 500, missed: 2 } as const
const SOCKET_IO: Served = { server: 'socket-io', args: ['recovery'], dialect: 'socket.io' }
const GOAL = {
  figure: 'recovered/cpu-s',
  unit: 'sessions/CPU s',
  against: 'socket.io',
  goal: { atLeast: 2 },
} as const

export const wsResume: Case = {
  name: 'ws-resume',
  contenders: {
    unisock: resume({ server: 'unisock-hydrogen', dialect: 'hydrogen' }, LOAD),
    'socket.io': resume(SOCKET_IO, LOAD),
  },
  metrics: [GOAL],
  rounds: 5,
}

export const wsResumeKeeper: Case = {
  name: 'ws-resume-keeper',
  contenders: {
    unisock: resume({ server: 'unisock-hydrogen', args: ['keeper'], dialect: 'hydrogen' }, LOAD),
    'socket.io': resume(SOCKET_IO, LOAD),
  },
  metrics: [GOAL],
  rounds: 5,
}
