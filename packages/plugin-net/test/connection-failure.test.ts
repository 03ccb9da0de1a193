/** A connection that cannot be made: it ends with the reason, and its worker and all others go on. */
import { createKernel, type Fd } from '@unisock/kernel'
import { expect, test } from 'vitest'
import { memoryLogger } from '../../../test/support/memory-logger.ts'
import { SO_ENCODING, STREAM } from '../src/index.ts'
import { fragileNet } from './support/fragile.ts'
import { dialling, Inbox, ISOLATIONS, plainPeer, serving } from './support/kernel.ts'

const cannot = { code: 'EPLUGIN', message: expect.stringContaining('this framing cannot be made') }

test.each(ISOLATIONS)('over %s', async isolation => {
  await using kernel = await createKernel({ plugins: [fragileNet({ isolation })], logger: memoryLogger() })
  const closes = new Inbox<{ fd: Fd; error: Error | undefined }>()
  const { server, addr } = await serving(kernel, STREAM, {
    message: (fd, text) => void kernel.write(fd, text),
    close: (fd, error) => closes.put({ fd, error }),
  })
  await using before = await plainPeer(addr)
  before.socket.write('before')
  expect(String(await before.take(6))).toBe('before')

  await kernel.setOption(server, SO_ENCODING, 'ascii')
  await using broken = await plainPeer(addr)
  const { fd, error } = await closes.next()
  expect(error).toMatchObject({ ...cannot, fd })
  expect((await broken.rest().catch(() => Buffer.alloc(0))).length).toBe(0)
  expect(broken.socket.destroyed || broken.socket.readableEnded).toBe(true)

  await kernel.setOption(server, SO_ENCODING, 'utf8')
  await using after = await plainPeer(addr)
  after.socket.write('after')
  expect(String(await after.take(5))).toBe('after')
  await expect(dialling(kernel, STREAM, addr, {}, [[SO_ENCODING, 'ascii']])).rejects.toMatchObject(cannot)
  expect(await closes.next()).toEqual({ fd: expect.any(Number), error: undefined })

  before.socket.write('still')
  expect(String(await before.take(5))).toBe('still')
  expect(kernel.metrics().workers.net!.restarts).toBe(0)
  await expect
    .poll(async () => (await kernel.inspect()).workers[0]!.inside!.listeners)
    .toContainEqual(
      expect.objectContaining({ fd: server, inspection: expect.objectContaining({ connections: 2 }) }),
    )
})
