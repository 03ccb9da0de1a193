/** Fds of one worker that use each other, and clients that connect again. */
import { describe, expect, test } from 'vitest'
import { memoryLogger } from '../../../test/support/memory-logger.ts'
import { createKernel } from '../src/index.ts'
import { LODGER, LODGING, lodging, stranger, WANDERER } from './fixtures/lodging/index.ts'
import { ISOLATIONS, signal, until } from './support/resources.ts'

const failing = (code: string) => expect.objectContaining({ code })

describe.each(ISOLATIONS)('over %s', isolation => {
  test('a listener takes what another of its worker offers, as long as that one lives', async () => {
    await using kernel = await createKernel({
      plugins: [lodging({ isolation, worker: 'inn' }), stranger({ isolation, worker: 'inn' })],
    })
    const house = kernel.create(LODGING, {})
    const guest = kernel.create(LODGER, {})
    expect(await kernel.bind(guest, { on: house })).toMatchObject({ address: 'there', port: 1097 })
    await kernel.close(house)
    const late = kernel.create(LODGER, {})
    await expect(kernel.bind(late, { on: house })).rejects.toThrow(failing('ENOTSUP'))
  })

  test('nothing is offered across workers', async () => {
    await using kernel = await createKernel({ plugins: [lodging({ isolation }), stranger({ isolation })] })
    const house = kernel.create(LODGING, {})
    const guest = kernel.create(LODGER, {})
    await expect(kernel.bind(guest, { on: house })).rejects.toThrow(failing('ENOTSUP'))
  })

  test('a client that connects again has its open handler called, behind its messages, with the new address', async () => {
    await using kernel = await createKernel({ plugins: [lodging({ isolation })] })
    const seen: unknown[] = []
    const client = kernel.create(WANDERER, {
      open: (fd, listener, addr) => void seen.push([fd, listener, addr]),
      message: (_fd, data) => void seen.push(data),
    })
    await kernel.connect(client, 1)
    kernel.write(client, 'second 2')
    kernel.write(client, '/third 0')
    await until(() => seen.length === 5)
    expect(seen).toEqual([
      [client, client, { address: 'first', port: 1, family: 'IPv4' }],
      'left for second',
      [client, client, { address: 'second', port: 2, family: 'IPv4' }],
      'left for /third',
      [client, client, { address: '/third', port: 0, family: 'local' }],
    ])
    expect(kernel.status(client)?.remote).toEqual({ address: '/third', port: 0, family: 'local' })
  })
})

test.each(['thread', 'process'] as const)(
  'a %s that is restarted finds a listener bound to one made after it',
  async isolation => {
    await using kernel = await createKernel({
      plugins: [lodging({ isolation, worker: 'inn' }), stranger({ isolation, worker: 'inn' })],
      logger: memoryLogger(),
    })
    const ended: unknown[] = []
    const guest = kernel.create(LODGER, { close: (_fd, error) => void ended.push(error) })
    const house = kernel.create(LODGING, {})
    await kernel.bind(guest, { on: house })
    const gone = signal<Error | undefined>()
    const client = kernel.create(WANDERER, { close: (_fd, error) => gone.resolve(error) })
    await kernel.connect(client, 1)
    kernel.write(client, 'die')
    expect(await gone.promise).toMatchObject({ code: 'EPLUGIN' })
    await kernel.listen(guest)
    expect(ended).toEqual([])
  },
)
