import type { Fd } from '@unisock/kernel'
import { HTTP_HEALTH_PATH, HTTP_SERVER } from '@unisock/plugin-http'
import { REST_ADD_ROUTE, REST_CORS_CONFIG, REST_RATE_LIMIT, REST_SERVER, route } from '@unisock/plugin-rest'
import { describe, expect, test } from 'vitest'
import type { Probe, Probes } from './fixtures/prober.ts'
import { APART, webKernel } from './support/kernel.ts'
import { runNode } from './support/run.ts'
import { fileOf } from './support/workspace.ts'

const BLOCK_MS = 2000

/** Blocks this thread; says from when to when, in milliseconds since the epoch. */
function block(): Probes['block'] {
  const from = Date.now()
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCK_MS)
  return { from, to: Date.now() }
}

/** Has the program block itself, and asks for other things while it does. */
const ASK_TWICE = `
const [url] = process.argv.slice(1)
const blocking = fetch(url).then(response => response.json())
const timed = async init => {
  const sent = Date.now()
  const { status } = await fetch(url, init)
  return { status, sent, answered: Date.now() }
}
await new Promise(resolve => setTimeout(resolve, ${BLOCK_MS / 4}))
const headers = { origin: 'https://a.org', 'access-control-request-method': 'GET' }
const preflight = await timed({ method: 'OPTIONS', headers })
const refused = await timed({})
console.log(JSON.stringify({ blocked: await blocking, preflight, refused }))
`

describe.each(APART)('while the program of a %s worker is blocked', isolation => {
  test('health checks are answered, and other requests as soon as it goes on', async () => {
    await using kernel = await webKernel(isolation)
    const server = kernel.create(HTTP_SERVER, (fd, request) => {
      kernel.write(fd, request.path === '/block' ? { body: block() } : 'done')
    })
    const api = kernel.create(REST_SERVER, {})
    void kernel.setOption(
      api,
      REST_ADD_ROUTE,
      route({ method: 'GET', pattern: '/work', handler: () => 'done' }),
    )
    const origins: string[] = []
    for (const fd of [server, api] as Fd<any>[]) {
      void kernel.setOption(fd, HTTP_HEALTH_PATH, '/health')
      void kernel.bind(fd, 0)
      origins.push(`http://127.0.0.1:${(await kernel.listen(fd)).port}`)
    }

    const ran = await runNode([fileOf('test/fixtures/prober.ts'), `${origins[0]}/block`, ...origins])
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    const { block: blocked, health, work } = JSON.parse(ran.stdout) as Probes
    expect(blocked.to - blocked.from).toBeGreaterThanOrEqual(BLOCK_MS)
    const half = blocked.from + BLOCK_MS / 2
    const early = (probes: Probe[], origin: string) =>
      probes.filter(({ url, sent }) => url.startsWith(`${origin}/`) && sent > blocked.from && sent < half)
    for (const origin of origins) {
      const checks = early(health, origin)
      expect(checks.length).toBeGreaterThan(5)
      for (const check of checks) {
        expect(check).toMatchObject({ status: 200, body: '{"status":"ok"}' })
        expect(check.answered).toBeLessThan(blocked.to)
      }
      const waiting = early(work, origin)
      expect(waiting.length).toBeGreaterThan(5)
      for (const request of waiting) {
        expect(request).toMatchObject({ status: 200, body: 'done' })
        expect(request.answered).toBeGreaterThanOrEqual(blocked.to)
      }
    }
  })

  test('browsers get their preflights, and clients over their limit are refused', async () => {
    await using kernel = await webKernel(isolation)
    const api = kernel.create(REST_SERVER, {})
    void kernel.setOption(api, REST_CORS_CONFIG, { origins: '*' })
    void kernel.setOption(api, REST_RATE_LIMIT, { max: 1, window: 600 })
    void kernel.setOption(api, REST_ADD_ROUTE, route({ method: 'GET', pattern: '/block', handler: block }))
    void kernel.bind(api, 0)
    const { port } = await kernel.listen(api)
    const ran = await runNode(['--input-type=module', '-e', ASK_TWICE, `http://127.0.0.1:${port}/block`])
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    const { blocked, preflight, refused } = JSON.parse(ran.stdout)
    expect([preflight.status, refused.status]).toEqual([204, 429])
    expect(blocked.to - blocked.from).toBeGreaterThanOrEqual(BLOCK_MS)
    for (const { sent, answered } of [preflight, refused]) {
      expect(sent).toBeGreaterThanOrEqual(blocked.from)
      expect(answered).toBeLessThan(blocked.to)
    }
  })
})
