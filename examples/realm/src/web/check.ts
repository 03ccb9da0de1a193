/**
 * Calls every route of a realm as a client would.
 * @module
 */
import type { Judge } from '../check.ts'
import type { Realm } from '../realm.ts'

interface Step {
  readonly method: string
  readonly path: string
  readonly expect: number
  readonly token?: string | undefined
  readonly body?: unknown
}

/** Calls `judge` for each call. */
export async function callRealm(
  { page, api, docs, play, telnet, mqtt, password }: Realm,
  judge: Judge,
): Promise<void> {
  const call = async ({ method, path, expect, token, body }: Step): Promise<any> => {
    const response = await fetch(path.startsWith('http') ? path : `${api}${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    judge(
      `${method} ${path} → ${response.status}${expect === response.status ? '' : `, not ${expect}: ${text}`}`,
      response.status === expect,
    )
    return response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text
  }

  const landing = await call({ method: 'GET', path: page, expect: 200 })
  judge(
    'the landing page names the API, its documentation, the page to play on, the telnet door and the broker',
    [api, docs, play, `${telnet.address} ${telnet.port}`, mqtt!].every(place => landing.includes(place)),
  )
  await call({ method: 'GET', path: `${docs}/`, expect: 200 })
  await call({ method: 'GET', path: play, expect: 200 })
  const client = await call({ method: 'GET', path: `${play}hydrogen/client.js`, expect: 200 })
  judge('the page has its Hydrogen client', client.includes('export'))
  await call({ method: 'GET', path: `${play}nothing`, expect: 404 })
  const document = await call({ method: 'GET', path: `${docs}/json`, expect: 200 })
  judge(`the OpenAPI document is of version ${document.openapi}`, document.openapi === '3.1.0')
  await call({ method: 'GET', path: new URL('/health', api).href, expect: 200 })

  await call({ method: 'GET', path: '/realm', expect: 200 })
  await call({ method: 'POST', path: '/login', body: { name: 'keeper', password: 'wrong' }, expect: 401 })
  const admin: string = (
    await call({ method: 'POST', path: '/login', body: { name: 'keeper', password }, expect: 201 })
  ).token

  const account = { name: 'Wren', password: 'a good password' }
  const wren = await call({ method: 'POST', path: '/players', body: account, expect: 201 })
  await call({ method: 'POST', path: '/players', body: account, expect: 409 })
  await call({ method: 'POST', path: '/players', body: { name: 'Wren' }, expect: 400 })
  const token: string = (await call({ method: 'POST', path: '/login', body: account, expect: 201 })).token
  await call({ method: 'POST', path: '/token', expect: 401 })
  await call({ method: 'POST', path: '/token', token, expect: 201 })
  const players = await call({ method: 'GET', path: '/players?room=gate', expect: 200 })
  judge(
    'the new player is in the list',
    players.some((player: { id: number }) => player.id === wren.id),
  )
  await call({ method: 'GET', path: `/players/${wren.id}`, expect: 200 })
  await call({ method: 'GET', path: '/players/4711', expect: 404 })
  await call({ method: 'PATCH', path: `/players/${wren.id}`, body: { level: 2 }, expect: 401 })
  await call({ method: 'PATCH', path: `/players/${wren.id}`, body: { level: 2 }, token, expect: 200 })
  await call({ method: 'PATCH', path: '/players/1', body: { level: 2 }, token, expect: 403 })
  await call({
    method: 'POST',
    path: `/players/${wren.id}/moves`,
    body: { direction: 'north' },
    token,
    expect: 200,
  })
  await call({
    method: 'POST',
    path: `/players/${wren.id}/moves`,
    body: { direction: 'up' },
    token,
    expect: 409,
  })

  await call({ method: 'GET', path: '/rooms', expect: 200 })
  const tower = { name: 'The Tower', description: 'Stairs, and then more stairs.' }
  await call({ method: 'PUT', path: '/rooms/tower', body: tower, token, expect: 403 })
  await call({ method: 'PUT', path: '/rooms/tower', body: tower, token: admin, expect: 201 })
  await call({ method: 'PUT', path: '/rooms/tower', body: tower, token: admin, expect: 200 })
  await call({ method: 'GET', path: '/rooms/tower', expect: 200 })
  await call({ method: 'DELETE', path: '/rooms/tower', token: admin, expect: 204 })
  await call({ method: 'GET', path: '/rooms/tower', expect: 404 })
  await call({ method: 'DELETE', path: `/players/${wren.id}`, token, expect: 403 })
  await call({ method: 'DELETE', path: `/players/${wren.id}`, token: admin, expect: 204 })
  await call({ method: 'POST', path: '/realm', expect: 405 })
}
