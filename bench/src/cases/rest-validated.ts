/**
 * A POST with path parameter and body validated against a schema, against fastify with the same schemas in-process.
 * @module
 */
import type { Case } from '../case.ts'
import { http } from '../http-served.ts'
import { ORDER } from '../servers/order.ts'

const LOAD = {
  path: '/users/17/orders',
  connections: 64,
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(ORDER),
} as const

export const restValidated: Case = {
  name: 'rest-validated',
  contenders: { unisock: http('unisock-rest', LOAD), fastify: http('fastify-rest', LOAD) },
  metrics: [
    { figure: 'requests/s', unit: 'requests/s', against: 'fastify', goal: { atLeast: 0.9 } },
    { figure: 'owner-cpu', unit: 'µs/request', against: 'fastify', goal: { atMost: 0.125 } },
  ],
  rounds: 5,
}
