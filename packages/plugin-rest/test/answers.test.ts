import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { HTTP_COMPRESSION, HTTP_ETAG, HTTP_STATIC, sse } from '@unisock/plugin-http'
import { expect, test } from 'vitest'
import { plain } from '../../plugin-http/test/support/http-client.ts'
import { REST_ADD_ROUTE, reply, route } from '../src/index.ts'
import { ISOLATIONS, TestKernel } from './support/server.ts'

test.each(ISOLATIONS)(
  'over %s, what handlers return is compressed, known again, and sent as events; files are beside it',
  async isolation => {
    const root = await mkdtemp(join(tmpdir(), 'unisock-rest-'))
    await writeFile(join(root, 'index.html'), '<h1>docs</h1>')
    const list = Array.from({ length: 500 }, (_, id) => ({ id, name: 'someone' }))
    await using held = await TestKernel.start(isolation)
    await using server = await held.serve((api, kernel) => {
      void kernel.setOption(api, HTTP_COMPRESSION, true)
      void kernel.setOption(api, HTTP_ETAG, true)
      void kernel.setOption(api, HTTP_STATIC, { path: '/site', root })
      const routes = [
        route({ method: 'GET', pattern: '/users', handler: () => list }),
        route({
          method: 'GET',
          pattern: '/tagged',
          handler: () => reply({ headers: { etag: '"7"' }, body: 1 }),
        }),
        route({
          method: 'GET',
          pattern: '/events/{from:int}',
          handler: request =>
            sse(
              (async function* () {
                yield { id: Number(request.path_params.from) + 1, data: { after: request.last_event_id } }
              })(),
            ),
        }),
      ]
      for (const each of routes) void kernel.setOption(api, REST_ADD_ROUTE, each as any)
    })
    const url = `http://127.0.0.1:${server.addr.port}`
    try {
      const users = await plain(`${url}/users`, { headers: { 'Accept-Encoding': 'gzip' } })
      expect(users.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' })
      expect(JSON.parse(gunzipSync(users.body).toString())).toEqual(list)
      const again = { headers: { 'If-None-Match': users.headers.etag! } }
      expect((await plain(`${url}/users`, again)).status).toBe(304)
      expect((await plain(`${url}/tagged`, { headers: { 'If-Match': '"8"' } })).status).toBe(412)

      const events = await plain(`${url}/events/4`, { headers: { 'Last-Event-ID': '4' } })
      expect(events.headers['content-type']).toBe('text/event-stream')
      expect(events.body.toString()).toBe('id: 5\ndata: {"after":"4"}\n\n')

      expect((await plain(`${url}/site/`)).body.toString()).toBe('<h1>docs</h1>')
      expect((await plain(`${url}/nowhere`)).status).toBe(404)
    } finally {
      await rm(root, { recursive: true })
    }
  },
)
