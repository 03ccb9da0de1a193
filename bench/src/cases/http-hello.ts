/**
 * A plain hello over 64 keep-alive connections: throughput, and what a request costs the owner and the process.
 * @module
 */
import type { Case } from '../case.ts'
import { underLoad } from '../served.ts'

const contender =
  (server: string) =>
  ({ quick }: { quick: boolean }) =>
    underLoad({ server, connections: 64, quick })

export const httpHello: Case = {
  name: 'http-hello',
  contenders: {
    unisock: contender('unisock-http'),
    fastify: contender('fastify'),
    'node:http': contender('node-http'),
  },
  metrics: [
    { figure: 'requests/s', unit: 'requests/s', against: 'fastify', goal: { atLeast: 0.9 } },
    { figure: 'owner-cpu', unit: 'µs/request', against: 'fastify', goal: { atMost: 0.125 } },
    { figure: 'process-cpu', unit: 'µs/request', against: 'fastify', goal: { atMost: 1.35 } },
  ],
  rounds: 5,
}
