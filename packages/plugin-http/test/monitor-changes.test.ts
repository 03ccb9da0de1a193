import { mkdirSync, readdirSync, readlinkSync, renameSync, rmSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { HTTP_ACCESS_LOG, HTTP_MAX_BODY_SIZE, MONITOR_METRICS_PATH } from '../src/core/index.ts'
import { LogFolder } from './support/log-file.ts'
import { get, TestServer } from './support/server.ts'

/** How often this process has a file open. */
function opened(path: string): number {
  const linked = readdirSync('/proc/self/fd').map(fd => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    }
  })
  return linked.filter(name => name === path).length
}

async function serving(options: readonly (readonly [number, unknown])[] = []): Promise<TestServer> {
  const server = await TestServer.start(options)
  server.socket.onAccept = exchange => exchange.answer(200, null, 'hello', 0)
  return server
}

const file = (path: string) => ({ format: 'common', file: path })

describe('an access log', () => {
  test('that is set twice at once is the later one, and the other file is closed', async () => {
    using first = new LogFolder()
    using second = new LogFolder()
    await using server = await serving()
    await Promise.all([first, second].map(({ path }) => server.set(HTTP_ACCESS_LOG, file(path))))
    using client = await server.connect()
    await client.send(get('/a')).response()
    expect(await second.written(1)).toEqual([expect.stringContaining('/a')])
    expect([first.lines(), opened(first.path), opened(second.path)]).toEqual([[], 0, 1])
  })

  test('that is turned off while its file is being opened stays off', async () => {
    using log = new LogFolder()
    await using server = await serving()
    await Promise.all([server.set(HTTP_ACCESS_LOG, file(log.path)), server.set(HTTP_ACCESS_LOG, false)])
    expect(opened(log.path)).toBe(0)
  })

  test('whose folder was moved away is told of once, however much is written to where it went', async () => {
    using log = new LogFolder()
    const moved = `${log.folder}-moved`
    using _ = { [Symbol.dispose]: () => rmSync(moved, { recursive: true, force: true }) }
    await using server = await serving()
    await server.set(HTTP_ACCESS_LOG, file(log.path))
    const troubles = () => server.socket.logs.filter(({ level }) => level === 'error').length
    using client = await server.connect()
    renameSync(log.folder, moved)
    // It is looked for once a second.
    for (const begun = performance.now(); performance.now() - begun < 2500; ) {
      const { length } = log.lines(`${moved}/access.log`)
      await client.send(get('/a')).response()
      await log.written(length + 1, `${moved}/access.log`)
    }
    expect(troubles()).toBe(1)
    mkdirSync(log.folder)
    while (log.lines().length === 0) await client.send(get('/a')).response()
    expect(troubles()).toBe(1)
  })

  test('whose listener is closed while its file is being opened leaves no file open', async () => {
    using log = new LogFolder()
    const server = await serving()
    const set = server.set(HTTP_ACCESS_LOG, file(log.path))
    void server.driver.close!({})
    await (server.driver as unknown as { closed: Promise<void> }).closed
    await set
    expect(opened(log.path)).toBe(0)
  })
})

test('a body that was announced and not sent is not counted', async () => {
  await using server = await serving([[HTTP_MAX_BODY_SIZE, 2]])
  await server.set(MONITOR_METRICS_PATH, '/metrics')
  for (const length of [0, 3, 9_007_199_254_740_991]) {
    using client = await server.connect()
    await client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`).response()
  }
  using client = await server.connect()
  await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab').response()
  const { body } = await client.send(get('/metrics')).response()
  expect(body).toContain('http_request_body_bytes_total 2\n')
})
