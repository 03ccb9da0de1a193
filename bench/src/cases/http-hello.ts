/**
 * A plain hello over 64 keep-alive connections: throughput, and what a request costs the owner and the process.
 * @module
 */
import type { Case } from '../case.ts'
import { plain } from '../http-served.ts'

export const httpHello: Case = {
  name: 'http-hello',
  contenders: {
    unisock: plain('unisock-http'),
    fastify: plain('fastify'),
    'node:http': plain('node-http'),
  },
  metrics: [
    { figure: 'requests/s', unit: 'requests/s', against: 'fastify', goal: { atLeast: 0.9 } },
    { figure: 'owner-cpu', unit: 'µs/request', against: 'fastify', goal: { atMost: 0.125 } },
    { figure: 'process-cpu', unit: 'µs/request', against: 'fastify', goal: { atMost: 1.35 } },
  ],
  rounds: 5,
}
