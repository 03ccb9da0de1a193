import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import { ANSWER_SCHEMA, ORDER_SCHEMA, type Order } from './order.ts'
import { serving } from './report.ts'

const app = fastify()
let orders = 0
app.post<{ Params: { id: number }; Body: Order }>(
  '/users/:id/orders',
  {
    schema: {
      params: { type: 'object', properties: { id: { type: 'integer' } } },
      body: ORDER_SCHEMA,
      response: { 200: ANSWER_SCHEMA },
    },
  },
  async request => ({ id: ++orders, user: request.params.id, total: request.body.quantity * 2.5 }),
)
await app.listen({ port: 0, host: '127.0.0.1' })
serving((app.server.address() as AddressInfo).port)
