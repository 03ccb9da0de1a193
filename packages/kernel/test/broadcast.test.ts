import { describe, expect, test } from 'vitest'
import { SO_OVERFLOW } from '../src/index.ts'
import { ECHO_ROW, ECHO_SERVER } from './fixtures/echo/index.ts'
import { echoKernel, ISOLATIONS, peer, signal, until } from './support/resources.ts'

const CHUNK = 256 * 1024

/** Broadcasts numbered chunks to one peer that does not read, until a condition holds. */
async function flood(isolation: (typeof ISOLATIONS)[number], policy: 'close' | 'drop' | 'latest') {
  const kernel = await echoKernel(isolation)
  const opened = signal<any>()
  const closed = signal<Error | undefined>()
  const server = kernel.create(ECHO_SERVER, {
    open: fd => opened.resolve(fd),
    close: (_fd, error) => closed.resolve(error),
  })
  await kernel.setOption(server, SO_OVERFLOW, policy)
  const { port } = await kernel.bind(server, 0)
  await kernel.listen(server)
  const slow = await peer(port)
  slow.pause()
  const fd = await opened.promise
  let sent = 0
  return {
    kernel,
    slow,
    fd,
    closed: closed.promise,
    get sent() {
      return sent
    },
    async until(condition: () => boolean) {
      while (!condition()) {
        const chunk = Buffer.alloc(CHUNK)
        chunk.writeUInt32BE(sent++)
        kernel.broadcast(server, chunk)
        await new Promise(resolve => setImmediate(resolve))
      }
    },
    /** Resolves when the worker has done with every broadcast: a query goes behind them. */
    settled: () => kernel.query(server, ECHO_ROW),
    /** The numbers of the chunks that arrived in the end. */
    async arrived(bytes: number): Promise<number[]> {
      slow.resume()
      const data = await slow.bytes(bytes)
      return Array.from({ length: data.length / CHUNK }, (_, i) => data.readUInt32BE(i * CHUNK))
    },
    async [Symbol.asyncDispose]() {
      await slow[Symbol.asyncDispose]()
      await kernel.close()
    },
  }
}

describe.each(ISOLATIONS)('a broadcast to a reader that is not keeping up, over %s', isolation => {
  test('drop: it misses messages, and they are counted', async () => {
    await using run = await flood(isolation, 'drop')
    await run.until(() => (run.kernel.status(run.fd)?.drops ?? 0) >= 3)
    const { sent } = run
    await run.settled()
    const kept = sent - run.kernel.status(run.fd)!.drops
    const numbers = await run.arrived(kept * CHUNK)
    expect(numbers).toEqual(Array.from({ length: kept }, (_, i) => i))
  })

  test('latest: it gets the newest when it reads again', async () => {
    await using run = await flood(isolation, 'latest')
    await run.until(() => (run.kernel.status(run.fd)?.drops ?? 0) >= 3)
    const { sent } = run
    await run.settled()
    const kept = sent - run.kernel.status(run.fd)!.drops
    const numbers = await run.arrived(kept * CHUNK)
    expect(numbers.at(-1)).toBe(sent - 1)
    expect(numbers).toHaveLength(kept)
  })

  test('close: it is closed with ENOBUFS', async () => {
    await using run = await flood(isolation, 'close')
    await run.until(() => run.kernel.status(run.fd) === undefined)
    expect(await run.closed).toMatchObject({ code: 'ENOBUFS' })
    await until(() => run.kernel.status().length === 1)
  })
})
