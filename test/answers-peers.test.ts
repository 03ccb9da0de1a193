/** What becomes of answers, seen by clients that are not ours: a browser, curl, and web servers in front. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createKernel, type Fd, type Kernel } from '@unisock/kernel'
import {
  APACHE_CONFIG,
  APACHE_FASTCGI_ENABLE,
  APACHE_PROXY_ENABLE,
  HTTP_COMPRESSION,
  HTTP_ETAG,
  HTTP_RANGES,
  HTTP_SERVER,
  HTTP_STATIC,
  http,
  sse,
} from '@unisock/plugin-http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBrowser } from './support/browser.ts'
import { findProgram } from './support/programs.ts'
import { WebServer } from './support/web-server.ts'

const run = promisify(execFile)
const chromium = findProgram('chromium')
const curl = findProgram('curl')
const WEB_SERVERS = (['nginx', 'apache'] as const).flatMap(kind => {
  const program = findProgram(kind === 'apache' ? 'apache2' : kind)
  return program ? [[kind, program] as const] : []
})
const PAGE = '<!doctype html><title>events</title>'
const TEXT = 'a line of text that is said again and again\n'.repeat(200)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unisock-answers-'))
  await writeFile(join(folder, 'index.html'), PAGE)
  await writeFile(join(folder, 'text.txt'), TEXT)
})
afterAll(() => rm(folder, { recursive: true }))

/** Files, a text, and three events, after each of which the client has to ask for the next one. */
async function serving(
  fastCgi = false,
): Promise<{ kernel: Kernel; fd: Fd<any>; url: string; came: unknown[] }> {
  const kernel = await createKernel({ plugins: [http()] })
  const came: unknown[] = []
  let more = Promise.withResolvers<void>()
  async function* events(from: number) {
    yield { retry: 1 }
    for (let id = from; id < 3; id++) {
      yield { event: 'tick', id, data: { id } }
      if (id === 2) return
      await more.promise
      more = Promise.withResolvers()
      // The client has to come back for the last one.
      if (id === 1) return
    }
  }
  const fd = kernel.create(HTTP_SERVER, (exchange, request) => {
    if (request.path === '/text') kernel.write(exchange, TEXT)
    else if (request.path === '/more') {
      kernel.write(exchange, '')
      more.resolve()
    } else if (request.path === '/events') {
      came.push(request.last_event_id)
      kernel.write(exchange, sse(events(Number(request.last_event_id ?? -1) + 1)))
    } else kernel.write(exchange, { status: 404 })
  })
  void kernel.setOption(fd, HTTP_STATIC, { path: '/site', root: folder })
  void kernel.setOption(fd, HTTP_COMPRESSION, true)
  void kernel.setOption(fd, HTTP_ETAG, 'strong')
  void kernel.setOption(fd, HTTP_RANGES, true)
  void kernel.setOption(fd, APACHE_PROXY_ENABLE, { trusted: ['127.0.0.1'] })
  if (fastCgi) void kernel.setOption(fd, APACHE_FASTCGI_ENABLE, true)
  const addr = await kernel.bind(fd, 0)
  await kernel.listen(fd)
  return { kernel, fd, url: `http://127.0.0.1:${addr.port}`, came }
}

/** Each event is answered by asking for the next. */
function collect(Source: any, url: string): Promise<unknown[]> {
  const got: unknown[] = []
  const source = new Source(`${url}/events`)
  return new Promise(resolve =>
    source.addEventListener('tick', (event: any) => {
      got.push(JSON.parse(event.data))
      if (got.length < 3) void fetch(`${url}/more`)
      else {
        source.close()
        resolve(got)
      }
    }),
  )
}

const ALL = [{ id: 0 }, { id: 1 }, { id: 2 }]

async function openedByBrowser(url: string): Promise<unknown[]> {
  await using visit = await openBrowser(chromium!)
  await visit.page.goto(`${url}/site/`)
  return (await visit.page.evaluate(`(${collect})(EventSource, ${JSON.stringify(url)})`)) as unknown[]
}

describe.skipIf(!chromium)('a browser’s EventSource', { timeout: 60_000 }, () => {
  test('gets each event when it comes, compressed, and comes back where it was', async () => {
    const { kernel, url, came } = await serving()
    await using _ = kernel
    expect(await openedByBrowser(url)).toEqual(ALL)
    expect(came).toEqual([undefined, '1'])
  })

  test.each(WEB_SERVERS.flatMap(server => [[...server, false] as const, [...server, true] as const]))(
    'does so behind %s (%s), over FastCGI: %s',
    async (kind, program, fastCgi) => {
      const { kernel, fd, came } = await serving(fastCgi)
      await using _ = kernel
      await using web = await WebServer.start(kind, program, {
        config: (await kernel.query(fd, APACHE_CONFIG))!,
      })
      expect(await openedByBrowser(`http://127.0.0.1:${web.port}`)).toEqual(ALL)
      expect(came).toEqual([undefined, '1'])
    },
  )
})

describe.skipIf(!curl)('curl', () => {
  test.each([
    ['a whole answer', '/text'],
    ['a file', '/site/text.txt'],
  ])('gets %s compressed, in parts that it puts together, and not again', async (_what, path) => {
    const { kernel, url } = await serving()
    await using _kernel = kernel
    const out = join(folder, 'out')
    const ask = async (...args: string[]) =>
      (await run(curl!, ['-s', '-o', out, '-w', '%{http_code} %{size_download}', ...args, url + path])).stdout
    expect(Number((await ask('--compressed')).split(' ')[1])).toBeLessThan(TEXT.length / 5)
    expect(await readFile(out, 'utf8')).toBe(TEXT)

    expect(await ask('-r', '0-99')).toBe('206 100')
    expect(await ask('-C', '100')).toBe(`206 ${TEXT.length - 100}`)
    expect(await readFile(out, 'utf8')).toBe(TEXT)

    const tags = join(folder, 'etag')
    expect(await ask('--etag-save', tags)).toBe(`200 ${TEXT.length}`)
    expect(await ask('--etag-compare', tags)).toBe('304 0')
  })
})
