/** What bounds the messages and reports that wait for the owner. */
import { describe, expect, test } from 'vitest'
import { createKernel, type Handlers } from '../src/index.ts'
import type { Kernel } from '../src/kernel.ts'
import { SO_READ_WINDOW } from '../src/plugin/index.ts'
import { FLOOD_SIZE, PARCEL, PARCEL_LENT, parcel } from './fixtures/parcel/index.ts'
import { ISOLATIONS, signal, until } from './support/resources.ts'

const MIB = 1024 * 1024

async function connected(kernel: Kernel, handlers: Handlers<any> = {}) {
  const opened = signal<number>()
  const server = kernel.create(PARCEL, { ...handlers, open: fd => opened.resolve(fd) })
  const { port } = await kernel.bind(server, 0)
  await kernel.listen(server)
  const client = kernel.create(PARCEL, handlers)
  await kernel.connect(client, port)
  return { server, port, client, accepted: (await opened.promise) as typeof client }
}

describe.each(ISOLATIONS)('over %s', isolation => {
  const start = () => createKernel({ plugins: [parcel({ isolation })] })

  test.each([4 * MIB, 16 * MIB, 2048])(
    'a connection gets everything in a window of %i bytes',
    async window => {
      await using kernel = await start()
      const got = new Map<number, number>()
      const { server, client, accepted } = await connected(kernel, {
        message: fd => void got.set(fd, (got.get(fd) ?? 0) + 1),
      })
      await kernel.setOption(client, SO_READ_WINDOW, window)
      await kernel.setOption(server, SO_READ_WINDOW, window)
      for (const fd of [client, accepted]) kernel.write(fd, 'flood 300')
      await until(() => got.get(client) === 300 && got.get(accepted) === 300)
    },
  )

  test('a window that is made smaller holds, on open connections too', async () => {
    await using kernel = await start()
    const { server, client, accepted } = await connected(kernel)
    await kernel.setOption(client, SO_READ_WINDOW, 65_536)
    await kernel.setOption(server, SO_READ_WINDOW, 65_536)
    for (const fd of [client, accepted]) {
      kernel.pause(fd)
      kernel.write(fd, 'flood 300')
      await kernel.query(fd, PARCEL_LENT)
      expect(kernel.status(fd)!.bytesIn).toBeGreaterThan(FLOOD_SIZE)
      expect(kernel.status(fd)!.bytesIn).toBeLessThan(65_536 + 2 * FLOOD_SIZE)
    }
  })

  test("a connection's own window stays when its listener's changes", async () => {
    await using kernel = await start()
    const { server, accepted } = await connected(kernel)
    await kernel.setOption(accepted, SO_READ_WINDOW, 65_536)
    await kernel.setOption(server, SO_READ_WINDOW, 4 * MIB)
    kernel.pause(accepted)
    kernel.write(accepted, 'flood 300')
    await kernel.query(accepted, PARCEL_LENT)
    expect(kernel.status(accepted)!.bytesIn).toBeLessThan(65_536 + 2 * FLOOD_SIZE)
  })

  test('reports wait in the window as messages do; those beyond it are dropped and counted', async () => {
    await using kernel = await start()
    let reported = 0
    const { client } = await connected(kernel, { error: () => void reported++ })
    kernel.pause(client)
    kernel.write(client, 'fail 30000')
    await until(() => kernel.status(client)!.drops > 0)
    kernel.resume(client)
    await until(() => reported + kernel.status(client)!.drops === 30_000)
    expect(reported).toBeLessThan(10_000)
    const before = reported
    kernel.write(client, 'fail 2')
    await until(() => reported === before + 2)
  })

  test('a driver that cannot be made ends its connection, and nothing else', async () => {
    await using kernel = await start()
    const ended = signal<unknown>()
    const { port, client } = await connected(kernel, { close: (_fd, error) => ended.resolve(error) })
    const unlucky = kernel.create(PARCEL, {})
    await kernel.connect(unlucky, { host: 'unmade', port })
    expect(await ended.promise).toMatchObject({
      code: 'EPLUGIN',
      message: expect.stringContaining('no driver'),
    })
    expect(kernel.status(client)?.state).toBe('connected')
  })
})
