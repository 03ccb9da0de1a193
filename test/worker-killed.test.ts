import type { Fd, Kernel } from '@unisock/kernel'
import { HTTP_SERVER } from '@unisock/plugin-http'
import { REST_ADD_ROUTE, REST_SERVER, route } from '@unisock/plugin-rest'
import { describe, expect, test } from 'vitest'
import { SABOTEUR, saboteur } from './fixtures/saboteur/index.ts'
import { get, SteadyLoad } from './support/clients.ts'
import { APART, until, webKernel } from './support/kernel.ts'
import { unhandledRejections } from './support/rejections.ts'

const CLIENTS = 8
const HELD = 5
const ENOUGH = 200

/** What became of the exchanges of one listener. */
class Ledger {
  readonly opened = new Set<number>()
  readonly answered = new Set<number>()
  readonly ends: { fd: number; code: string | undefined }[] = []

  readonly handlers = {
    open: (fd: number) => void this.opened.add(fd),
    close: (fd: number, error?: Error) =>
      void this.ends.push({ fd, code: (error as { code?: string })?.code }),
  }

  get unanswered(): number[] {
    return [...this.opened].filter(fd => !this.answered.has(fd))
  }
}

interface Served {
  ledger: Ledger
  url: string
  port: number
}

/** `/quick?id=` is answered at once, `/held` when `release` resolves. */
async function serveHttp(kernel: Kernel, release: Promise<void>, late: boolean[]): Promise<Served> {
  const ledger = new Ledger()
  const server = kernel.create(HTTP_SERVER, {
    ...ledger.handlers,
    async message(fd, request) {
      if (request.path === '/held') {
        await release
        late.push(kernel.write(fd, 'too late'))
      } else {
        ledger.answered.add(fd)
        kernel.write(fd, String(request.query_params.id))
      }
    },
  })
  const { port } = await kernel.bind(server, 0)
  await kernel.listen(server)
  return { ledger, port, url: `http://127.0.0.1:${port}` }
}

async function serveRest(kernel: Kernel, release: Promise<void>): Promise<Served> {
  const ledger = new Ledger()
  const api = kernel.create(REST_SERVER, ledger.handlers)
  const quick = route({
    method: 'GET',
    pattern: '/quick',
    handler: request => {
      ledger.answered.add(request.fd)
      return request.query_params.id
    },
  })
  const held = route({ method: 'GET', pattern: '/held', handler: () => release.then(() => 'too late') })
  for (const definition of [quick, held]) void kernel.setOption(api, REST_ADD_ROUTE, definition)
  const { port } = await kernel.bind(api, 0)
  await kernel.listen(api)
  return { ledger, port, url: `http://127.0.0.1:${port}` }
}

const KILLS = {
  thread: async (kernel: Kernel, fd: Fd<any>) => void kernel.write(fd, 'crash'),
  process: async (kernel: Kernel, fd: Fd<any>) =>
    void process.kill((await kernel.request(fd, 'pid')) as number, 'SIGKILL'),
}

describe.each(APART)('a %s worker that dies under load', isolation => {
  test('ends each open exchange once with EPLUGIN, and answers again on the same ports', async () => {
    using rejections = unhandledRejections()
    await using kernel = await webKernel(isolation, saboteur)
    const release = Promise.withResolvers<void>()
    const late: boolean[] = []
    const servers = [await serveHttp(kernel, release.promise, late), await serveRest(kernel, release.promise)]
    const listeners = kernel.status().map(({ fd, local }) => ({ fd, local }))
    const { functions } = kernel.metrics()
    {
      const loads = servers.map(({ url }) => new SteadyLoad(`${url}/quick`, CLIENTS))
      await using first = loads[0]!
      await using second = loads[1]!
      const held = servers.flatMap(({ url }) => Array.from({ length: HELD }, () => get(`${url}/held`)))
      const ends = Promise.allSettled(held)
      await until(() => servers.every(({ ledger }) => ledger.unanswered.length === HELD))
      await until(() => loads.every(load => load.answered >= ENOUGH))

      await KILLS[isolation](kernel, kernel.create(SABOTEUR, {}))
      expect((await ends).map(({ status }) => status)).toEqual(Array(2 * HELD).fill('rejected'))
      const answered = loads.map(load => load.answered)
      await until(() => loads.every((load, i) => load.answered >= answered[i]! + ENOUGH))
      expect([first.wrong, second.wrong]).toEqual([[], []])
    }
    expect(kernel.metrics().workers.web).toMatchObject({ state: 'running', restarts: 1, pendingCalls: 0 })
    for (const { ledger } of servers) {
      expect(ledger.unanswered.length).toBeGreaterThanOrEqual(HELD)
      expect(ledger.ends.map(({ fd }) => fd).sort()).toEqual(ledger.unanswered.sort())
      expect(new Set(ledger.ends.map(({ code }) => code))).toEqual(new Set(['EPLUGIN']))
    }
    release.resolve()
    await until(() => late.length === HELD)
    expect(late).toEqual(Array(HELD).fill(false))
    await until(() => kernel.status().length === listeners.length)
    expect(kernel.status().map(({ fd, local }) => ({ fd, local }))).toEqual(listeners)
    expect(kernel.metrics().functions).toBe(functions)
    expect(rejections.seen).toEqual([])
  })
})
