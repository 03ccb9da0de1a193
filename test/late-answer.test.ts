import { once } from 'node:events'
import http from 'node:http'
import type { Kernel } from '@unisock/kernel'
import { HTTP_SERVER } from '@unisock/plugin-http'
import { REST_ADD_ROUTE, REST_SERVER, route } from '@unisock/plugin-rest'
import { describe, expect, test } from 'vitest'
import { SteadyLoad } from './support/clients.ts'
import { APART, until, webKernel } from './support/kernel.ts'

const CLIENTS = 32
const LEAVERS = 10
const ROUNDS = 50
/** An fd's number is slot + generation × SLOTS. */
const SLOTS = 2 ** 21

/**
 * Handlers whose clients have left. Each answers when its fd's slot comes round: while the new exchange there waits
 * for an answer of its own.
 */
class Latecomers {
  readonly #bySlot = new Map<number, () => void>()
  readonly left: { fd: number; code: string | undefined }[] = []
  /** What writing the late answers returned. */
  readonly written: boolean[] = []
  answered = 0

  /** Resolves when it is time to answer late. */
  wait(fd: number): Promise<void> {
    return new Promise(resolve => this.#bySlot.set(fd % SLOTS, resolve))
  }

  get waiting(): number {
    return this.#bySlot.size
  }

  /** A new exchange has come; resolves when what the old one of its slot had to say is said. */
  async meet(fd: number): Promise<void> {
    const answer = this.#bySlot.get(fd % SLOTS)
    if (!answer) return
    this.#bySlot.delete(fd % SLOTS)
    answer()
    await new Promise(resolve => setImmediate(resolve))
    this.answered++
  }

  /** All of them answer now. */
  answerAll(): void {
    for (const answer of this.#bySlot.values()) answer()
    this.#bySlot.clear()
  }

  readonly close = (fd: number, error?: Error): void =>
    void this.left.push({ fd, code: (error as { code?: string })?.code })
}

async function serveHttp(kernel: Kernel, latecomers: Latecomers): Promise<string> {
  const server = kernel.create(HTTP_SERVER, {
    close: latecomers.close,
    async message(fd, request) {
      if (request.path === '/slow') {
        await latecomers.wait(fd)
        latecomers.written.push(kernel.write(fd, 'late'))
        return
      }
      await latecomers.meet(fd)
      kernel.write(fd, String(request.query_params.id))
    },
  })
  void kernel.bind(server, 0)
  return `http://127.0.0.1:${(await kernel.listen(server)).port}`
}

async function serveRest(kernel: Kernel, latecomers: Latecomers): Promise<string> {
  const api = kernel.create(REST_SERVER, { close: latecomers.close })
  const slow = route({
    method: 'GET',
    pattern: '/slow',
    handler: request => latecomers.wait(request.fd).then(() => 'late'),
  })
  const quick = route({
    method: 'GET',
    pattern: '/quick',
    handler: request => latecomers.meet(request.fd).then(() => request.query_params.id),
  })
  for (const definition of [slow, quick]) void kernel.setOption(api, REST_ADD_ROUTE, definition)
  void kernel.bind(api, 0)
  return `http://127.0.0.1:${(await kernel.listen(api)).port}`
}

const SERVERS = { HTTP: serveHttp, REST: serveRest }
const CASES = APART.flatMap(isolation =>
  (['HTTP', 'REST'] as const).map(server => [server, isolation] as const),
)

describe.each(CASES)(
  '%s in a %s worker: a client that left while its handler was working',
  (server, isolation) => {
    test('has its late answer reach nobody, though its fd is in use again', {
      timeout: 120_000,
    }, async () => {
      await using kernel = await webKernel(isolation)
      const latecomers = new Latecomers()
      const url = await SERVERS[server](kernel, latecomers)
      const leavers = Array.from({ length: LEAVERS }, () => http.get(`${url}/slow`))
      await until(() => latecomers.waiting === LEAVERS)
      await Promise.all(
        leavers.map(async leaver => {
          leaver.destroy()
          await once(leaver, 'error')
        }),
      )
      await until(() => latecomers.left.length === LEAVERS)
      expect(new Set(latecomers.left.map(({ code }) => code))).toEqual(new Set(['ECONNRESET']))
      {
        await using load = new SteadyLoad(`${url}/quick`, CLIENTS)
        await until(() => latecomers.answered === LEAVERS)
        const { answered } = load
        await until(() => load.answered > answered + CLIENTS)
        expect(load.wrong).toEqual([])
        expect(load.failed).toBe(0)
      }
      expect(latecomers.written).toEqual(server === 'HTTP' ? Array(LEAVERS).fill(false) : [])
      expect(kernel.status()).toHaveLength(1)
    })

    test('has an answer that crosses its leaving reach nobody', async () => {
      await using kernel = await webKernel(isolation)
      const latecomers = new Latecomers()
      const url = await SERVERS[server](kernel, latecomers)
      {
        await using load = new SteadyLoad(`${url}/quick`, CLIENTS)
        for (let round = 0; round < ROUNDS; round++) {
          const leavers = Array.from({ length: LEAVERS }, () => http.get(`${url}/slow`).on('error', () => {}))
          await until(() => latecomers.waiting === LEAVERS)
          for (const leaver of leavers) leaver.destroy()
          latecomers.answerAll()
        }
        const { answered } = load
        await until(() => load.answered > answered + CLIENTS)
        expect(load.wrong).toEqual([])
        expect(load.failed).toBe(0)
      }
      await until(() => kernel.status().length === 1)
    })
  },
)
