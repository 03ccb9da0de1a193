/**
 * A POST with path parameter and body validated against a schema, against fastify with the same schemas in-process.
 * @module
 */
import type { Case } from '../case.ts'
import { underLoad } from '../served.ts'
import { ORDER } from '../servers/order.ts'

const contender =
  (server: string) =>
  ({ quick }: { quick: boolean }) =>
    underLoad({
      server,
      path: '/users/17/orders',
      connections: 64,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(ORDER),
      quick,
    })

export const restValidated: Case = {
  name: 'rest-validated',
  contenders: { unisock: contender('unisock-rest'), fastify: contender('fastify-rest') },
  metrics: [
    { figure: 'requests/s', unit: 'requests/s', against: 'fastify', goal: { atLeast: 0.9 } },
    { figure: 'owner-cpu', unit: 'µs/request', against: 'fastify', goal: { atMost: 0.125 } },
  ],
  rounds: 5,
}
