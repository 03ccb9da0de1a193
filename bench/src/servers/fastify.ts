import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import { serving } from './report.ts'

const app = fastify()
app.get('/', async () => 'hello')
await app.listen({ port: 0, host: '127.0.0.1' })
serving((app.server.address() as AddressInfo).port)
