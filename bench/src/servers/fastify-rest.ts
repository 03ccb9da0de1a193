import type { AddressInfo } from 'node:net'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import jwt from '@fastify/jwt'
import fastify from 'fastify'
import { ANSWER_SCHEMA, ORDER_SCHEMA, type Order, PAGE, SECRET, wants } from './order.ts'
import { serving } from './report.ts'

const app = fastify()
if (wants('plugins')) {
  await app.register(helmet)
  await app.register(cors, { origin: [PAGE] })
}
if (wants('jwt')) {
  // Ours remembers tokens that it has verified.
  await app.register(jwt, { secret: SECRET, verify: { algorithms: ['HS256'], cache: true } })
  app.addHook('onRequest', request => request.jwtVerify())
}
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
