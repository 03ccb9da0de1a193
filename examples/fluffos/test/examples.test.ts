import { once } from 'node:events'
import net from 'node:net'
import { fileURLToPath } from 'node:url'
import { createKernel } from '@unisock/kernel'
import { http } from '@unisock/plugin-http'
import { rest, signJwt } from '@unisock/plugin-rest'
import { describe, expect, test } from 'vitest'
import { memoryLogger } from '../../../test/support/memory-logger.ts'
import { runNode } from '../../../test/support/run.ts'
import { askForUser, askWho } from '../src/clients.ts'
import { openHttpCallback } from '../src/http-callback.ts'
import { openRestCallback } from '../src/rest-callback.ts'
import { openWebDaemon } from '../src/web-daemon.ts'

const SECRET = 'secret_key'
const wren = { id: 7, name: 'wren', level: 3 }

describe.each(['thread', 'inline'] as const)('over %s', isolation => {
  const open = () =>
    createKernel({ plugins: [http({ isolation }), rest({ isolation })], logger: memoryLogger() })

  test('the web daemon serves a documented API below its base path, its handler named', async () => {
    await using kernel = await open()
    const { port } = await openWebDaemon(kernel, 0, () => {})
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`)
      return { status: response.status, body: (await response.json()) as any }
    }
    expect(await get('/api/v1/users/7')).toEqual({ status: 200, body: wren })
    expect(await get('/api/v1/users/8')).toMatchObject({ status: 404, body: { detail: 'no user 8' } })
    expect((await get('/api/v1/users/seven')).status).toBe(400)
    expect((await get('/users/7')).status).toBe(404)
    const { body: document } = await get('/docs/json')
    expect(document.info).toEqual({ title: 'MUD REST API', version: '1.0.0' })
    expect(document.paths['/users/{id}'].get).toMatchObject({
      summary: 'Get user by ID',
      parameters: [
        { name: 'id', in: 'path', required: true, description: 'User ID', schema: { type: 'integer' } },
      ],
      responses: { '200': { description: 'User found' } },
    })
  })

  test('one callback gets all requests, with everything that was found out about them', async () => {
    await using kernel = await open()
    const { port } = await openRestCallback(kernel, 0, SECRET)
    const token = signJwt({ sub: 'drizzt' }, { secret: SECRET, expiresIn: 60 })
    const get = async (
      path: string,
      headers: Record<string, string> = { authorization: `Bearer ${token}` },
    ) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
      return { status: response.status, body: (await response.json()) as any }
    }
    expect(await get('/users/7')).toEqual({ status: 200, body: wren })
    expect(await get('/users/7', {})).toMatchObject({ status: 401, body: { error: 'Who are you?' } })
    expect(await get('/users/x')).toMatchObject({
      status: 400,
      body: { error: 'Invalid request', validation_results: [{ in: 'path', path: '/id' }] },
    })
    expect(await get('/users/8')).toMatchObject({ status: 404, body: { error: 'no user 8' } })
    expect(await get('/nowhere')).toMatchObject({ status: 404, body: { error: 'nothing at /nowhere' } })
    expect((await get('/docs/json')).body.servers).toEqual([{ url: 'https://mud.example.com/api' }])
  })

  test('an HTTP server reads requests and hears of clients that leave', async () => {
    await using kernel = await open()
    const left = Promise.withResolvers<string>()
    const { port } = await openHttpCallback(kernel, 0, left.resolve)
    const who = await fetch(`http://127.0.0.1:${port}/who`)
    expect(who.headers.get('x-powered-by')).toBe('FluffOS')
    expect(await who.text()).toBe('drizzt (40)\nwren (3)\n')
    const echo = await fetch(`http://127.0.0.1:${port}/echo?a=1&a=2`, { method: 'POST' })
    expect(await echo.json()).toEqual({ method: 'POST', query: { a: ['1', '2'] }, from: '127.0.0.1' })

    const client = net.connect(port, '127.0.0.1')
    // The answer to the first says that the second has arrived.
    client.write('GET /who HTTP/1.1\r\nHost: localhost\r\n\r\nGET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(client, 'data')
    client.destroy()
    expect(await left.promise).toBe('ECONNRESET')
  })

  test('clients ask both, by path and by operation', async () => {
    await using kernel = await open()
    const pages = await openHttpCallback(kernel, 0, () => {})
    const daemon = await openWebDaemon(kernel, 0, () => {})
    expect(await askWho(kernel, pages)).toBe('drizzt (40)\nwren (3)\n')
    expect(await askForUser(kernel, daemon, 7)).toEqual(wren)
    await expect(askForUser(kernel, daemon, 8)).rejects.toThrow('no user 8')
  })
})

test('the program that shows them all runs to its end', async () => {
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
  const { code, stdout, stderr } = await runNode([main])
  expect({ code, stdout, stderr }).toMatchObject({ code: 0 })
  expect(stdout).toContain('"drizzt (40)\\nwren (3)\\n"')
  expect(stdout).toMatch(/getUser 8 +.*no user 8/)
  expect(stdout.match(/fetch +\/\S+ +(200|400|401|404)/g)).toHaveLength(4)
})
