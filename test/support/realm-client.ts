/**
 * A client of the realm, written against the types generated beside it as `realm.ts`. It is text because those types
 * are made from a running realm.
 */
export const REALM_CLIENT = `
import assert from 'node:assert/strict'
import createClient from 'openapi-fetch'
import type { components, paths } from './realm.ts'

const [baseUrl = '', password = ''] = process.argv.slice(2)
const client = createClient<paths>({ baseUrl })

const realm = await client.GET('/realm')
assert.equal(realm.response.status, 200)
const uptime: number = realm.data!.uptime
assert.ok(uptime > 0)

const login = await client.POST('/login', { body: { name: 'keeper', password } })
assert.equal(login.response.status, 201)
const headers = { authorization: \`Bearer \${login.data!.token}\` }

const content = { name: 'The Tower', description: 'Stairs.', exits: { down: 'square' } }
const put = await client.PUT('/rooms/{id}', { params: { path: { id: 'tower' } }, body: content, headers })
const tower: components['schemas']['Room'] = put.data!
assert.deepEqual(tower, { id: 'tower', ...content })

const players = await client.GET('/players', { params: { query: { room: 'gate' } } })
const names: string[] = players.data!.map(player => player.name)
assert.deepEqual(names, ['keeper'])

const missing = await client.GET('/players/{id}', { params: { path: { id: 4711 } } })
const problem: components['schemas']['Problem'] = missing.error!
assert.equal(problem.status, 404)

const removed = await client.DELETE('/rooms/{id}', { params: { path: { id: 'tower' } }, headers })
assert.equal(removed.response.status, 204)

/** Not called: what must not compile. */
export const refused = [
  // @ts-expect-error there is no such path
  () => client.GET('/nowhere'),
  // @ts-expect-error the method is not there
  () => client.DELETE('/realm'),
  // @ts-expect-error the id is a number
  () => client.GET('/players/{id}', { params: { path: { id: 'one' } } }),
  // @ts-expect-error a room has a description
  () => client.PUT('/rooms/{id}', { params: { path: { id: 'tower' } }, body: { name: 'The Tower' } }),
  // @ts-expect-error a token is text
  (): number => login.data!.token,
]
console.log('all as it should be')
`
