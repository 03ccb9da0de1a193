import { createKernel } from '@unisock/kernel'
import {
  REST_ADD_ROUTE,
  REST_CORS_CONFIG,
  REST_JWT_SECRET,
  REST_MIDDLEWARE,
  REST_SERVER,
  rest,
  route,
} from '@unisock/plugin-rest'
import { ANSWER_SCHEMA, ORDER_SCHEMA, type Order, PAGE, SECRET, wants } from './order.ts'
import { serving } from './report.ts'

const kernel = await createKernel({ plugins: [rest()] })
const server = kernel.create(REST_SERVER, {})
let orders = 0
if (wants('plugins')) {
  void kernel.setOption(server, REST_MIDDLEWARE, ['helmet'])
  void kernel.setOption(server, REST_CORS_CONFIG, { origins: [PAGE] })
}
if (wants('jwt')) void kernel.setOption(server, REST_JWT_SECRET, { secret: SECRET, algorithms: ['HS256'] })
void kernel.setOption(
  server,
  REST_ADD_ROUTE,
  route({
    method: 'POST',
    pattern: '/users/{id}/orders',
    openapi: {
      parameters: { id: { type: 'integer' } },
      requestBody: { content: { 'application/json': { schema: ORDER_SCHEMA } } },
      responses: { 200: { description: 'The order', schema: ANSWER_SCHEMA } },
    },
    handler: request => ({
      id: ++orders,
      user: Number(request.path_params.id),
      total: (request.body as Order).quantity * 2.5,
    }),
  }),
)
const { port } = await kernel.bind(server, 0)
await kernel.listen(server)
serving(port)
