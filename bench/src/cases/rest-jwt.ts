/**
 * The validated POST of rest-validated for those with a token, against fastify with @fastify/jwt in-process; then with
 * the fields of helmet and CORS on both sides.
 * @module
 */
import { signJwt } from '@unisock/plugin-rest'
import type { Case } from '../case.ts'
import { http } from '../http-served.ts'
import { ORDER, PAGE, SECRET } from '../servers/order.ts'

const token = signJwt({ sub: 'bench', roles: ['customer'] }, { secret: SECRET, expiresIn: 86_400 })
const LOAD = {
  path: '/users/17/orders',
  connections: 64,
  method: 'POST',
  headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, origin: PAGE },
  body: JSON.stringify(ORDER),
} as const

const against = (name: string, args: readonly string[]): Case => ({
  name,
  contenders: { unisock: http('unisock-rest', LOAD, args), fastify: http('fastify-rest', LOAD, args) },
  metrics: [
    { figure: 'requests/s', unit: 'requests/s', against: 'fastify', goal: { atLeast: 0.9 } },
    { figure: 'owner-cpu', unit: 'µs/request', against: 'fastify', goal: { atMost: 0.125 } },
  ],
  rounds: 5,
})

export const restJwt = against('rest-jwt', ['jwt'])
export const restPlugins = against('rest-plugins', ['jwt', 'plugins'])
