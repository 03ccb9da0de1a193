/** Parts of the plugin contract that few plugins use: a mode that listens or connects, and owner halves. */
import { beforeEach, describe, expect, test } from 'vitest'
import { createKernel, type Fd, type Handlers, SO_READ_WINDOW } from '../src/index.ts'
import type { Kernel } from '../src/kernel.ts'
import { encoded, outcomes, PARCEL, PARCEL_LENT, parcel } from './fixtures/parcel/index.ts'
import { ISOLATIONS, signal, until } from './support/resources.ts'

const failing = (code: string) => expect.objectContaining({ code })

beforeEach(() => {
  encoded.length = 0
  outcomes.length = 0
})

/** A listener, and a client of it whose other end is known. */
async function connected(
  kernel: Kernel,
  clientHandlers: Handlers<any> = {},
  serverHandlers: Handlers<any> = {},
) {
  const opened = signal<Fd<any>>()
  const server = kernel.create(PARCEL, { ...serverHandlers, open: fd => opened.resolve(fd) })
  const { port } = await kernel.bind(server, 0)
  await kernel.listen(server)
  const client = kernel.create(PARCEL, clientHandlers)
  await kernel.connect(client, port)
  return { server, port, client, accepted: await opened.promise }
}

describe.each(ISOLATIONS)('over %s', isolation => {
  const start = () => createKernel({ plugins: [parcel({ isolation })] })

  describe('a mode of the kind both', () => {
    test('is a client once it connects: it is written to, and does not listen', async () => {
      await using kernel = await start()
      const got = signal<unknown>()
      const { client, accepted } = await connected(kernel, {}, { message: (_fd, data) => got.resolve(data) })
      expect(kernel.write(client, 'to the server')).toBe(true)
      expect(await got.promise).toBe('to the server')
      expect(kernel.status(client)).toMatchObject({ state: 'connected', listener: undefined })
      await expect(kernel.listen(client)).rejects.toThrow(failing('EISCONN'))
      expect(() => kernel.broadcast(client, 'x')).toThrow(failing('ENOTLISTEN'))
      expect(kernel.status(accepted)?.state).toBe('connected')
    })

    test('is a listener once it listens: its connections are written to, and it does not connect', async () => {
      await using kernel = await start()
      const got = signal<unknown>()
      const { server, port, accepted } = await connected(kernel, {
        message: (_fd, data) => got.resolve(data),
      })
      expect(() => kernel.write(server, 'x')).toThrow(failing('ENOTCONN'))
      await expect(kernel.connect(server, port)).rejects.toThrow(failing('EISLISTEN'))
      expect(kernel.status(accepted)?.listener).toBe(server)
      kernel.write(accepted, 'to the client')
      expect(await got.promise).toBe('to the client')
    })

    test('is neither before that: it is not written to, and has nobody to broadcast to', async () => {
      await using kernel = await start()
      const fd = kernel.create(PARCEL, {})
      expect(() => kernel.write(fd, 'x')).toThrow(failing('ENOTCONN'))
      expect(() => kernel.broadcast(fd, 'x')).toThrow(failing('ENOTLISTEN'))
      await kernel.bind(fd, 0)
      expect(() => kernel.write(fd, 'x')).toThrow(failing('ENOTCONN'))
    })

    test('connects from where it was bound; a connect that fails ends it', async () => {
      await using kernel = await start()
      const from = signal<unknown>()
      const server = kernel.create(PARCEL, { open: (_fd, _listener, addr) => from.resolve(addr) })
      const { port } = await kernel.bind(server, 0)
      await kernel.listen(server)
      const client = kernel.create(PARCEL, {})
      const local = await kernel.bind(client, 0)
      await kernel.connect(client, port)
      expect(await from.promise).toEqual(local)
      const closed = signal<unknown>()
      const lost = kernel.create(PARCEL, { close: (_fd, error) => closed.resolve(error) })
      await expect(kernel.connect(lost, 60_000)).rejects.toThrow(failing('ECONNREFUSED'))
      expect(await closed.promise).toMatchObject({ code: 'ECONNREFUSED' })
    })
  })

  test('a call behind one that ends the fd is refused, not forgotten', async () => {
    await using kernel = await start()
    const fd = kernel.create(PARCEL, {})
    const calls = [
      kernel.connect(fd, 9999),
      kernel.query(fd, PARCEL_LENT),
      kernel.setOption(fd, SO_READ_WINDOW, 4096),
    ]
    const settled = await Promise.allSettled(calls)
    expect(settled.map(({ status, reason }: any) => [status, reason?.code])).toEqual([
      ['rejected', 'ECONNREFUSED'],
      ['rejected', 'EBADF'],
      ['rejected', 'EBADF'],
    ])
  })

  test('a call that an abort overtakes is refused, not forgotten', async () => {
    await using kernel = await start()
    const fd = kernel.create(PARCEL, {})
    const calls = [
      kernel.setOption(fd, SO_READ_WINDOW, 4096),
      kernel.bind(fd, 0),
      kernel.query(fd, PARCEL_LENT),
    ]
    const [option, ...others] = await Promise.allSettled([...calls, kernel.close(fd, { abort: true })])
    expect(option!.status).toBe('fulfilled')
    expect(others.map(({ status, reason }: any) => [status, reason?.code])).toEqual([
      ['rejected', 'EBADF'],
      ['rejected', 'EBADF'],
      ['fulfilled', undefined],
    ])
  })

  describe('an owner half', () => {
    test('encodes a write once, however many fds it goes to', async () => {
      await using kernel = await start()
      const got: unknown[] = []
      const message = (_fd: number, data: unknown) => void got.push(data)
      const { server, port, client } = await connected(kernel, { message })
      const others = [1, 2].map(() => kernel.create(PARCEL, { message }))
      for (const fd of others) await kernel.connect(fd, port)
      encoded.length = 0
      expect(kernel.broadcast(server, 'to all')).toBe(true)
      expect(encoded).toEqual(['to all'])
      await until(() => got.length === 3)
      expect(got).toEqual(['to all', 'to all', 'to all'])
      expect(kernel.write([client, ...others], 'from all')).toBe(true)
      expect(encoded).toEqual(['to all', 'from all'])
    })

    test('that refuses a value throws to the writer, and nothing is sent', async () => {
      await using kernel = await start()
      const got: unknown[] = []
      const { server, client } = await connected(kernel, {}, { message: (_fd, data) => void got.push(data) })
      for (const write of [
        () => kernel.write(client, 7 as never),
        () => kernel.write([client, client], { a: 1 } as never),
        () => kernel.broadcast(server, null as never),
      ])
        expect(write).toThrow(failing('ETYPENOTSUPP'))
      const { bytesOut, messagesOut } = kernel.status(client)!
      expect([bytesOut, messagesOut]).toEqual([0, 0])
      kernel.write(client, 'fine')
      await until(() => got.length > 0)
      expect(got).toEqual(['fine'])
    })

    test('says who each message is from', async () => {
      await using kernel = await start()
      const senders: unknown[] = []
      const { client, accepted } = await connected(
        kernel,
        { message: (_fd, _data, addr) => void senders.push(addr) },
        { message: (_fd, _data, addr) => void senders.push(addr) },
      )
      kernel.write(client, 'there')
      await until(() => senders.length === 1)
      kernel.write(accepted, 'and back')
      await until(() => senders.length === 2)
      expect(senders).toEqual([
        { address: 'client of the owner', port: 0, family: 'local' },
        { address: 'server of the owner', port: 0, family: 'local' },
      ])
    })

    test('is told what a message handler returned or resolved with, and knows the listener of a connection', async () => {
      await using kernel = await start()
      const { server, client, accepted } = await connected(
        kernel,
        { message: (async (_fd: Fd<any>, data: unknown) => `after ${data}`) as never },
        { message: ((_fd: Fd<any>, data: unknown) => ({ data })) as never },
      )
      kernel.write(client, 'one')
      await until(() => outcomes.length === 1)
      kernel.write(accepted, 'two')
      await until(() => outcomes.length === 2)
      expect(outcomes).toEqual([
        { how: 'returned', value: { data: 'one' }, message: 'one', parent: server },
        { how: 'returned', value: 'after two', message: 'two' },
      ])
    })

    test('is told of a message that no handler takes', async () => {
      await using kernel = await start()
      const { client } = await connected(kernel)
      kernel.write(client, 'unheard')
      await until(() => outcomes.length === 1)
      expect(outcomes).toEqual([{ how: 'unhandled', message: 'unheard' }])
    })

    test.each([
      ['a value', () => 'refused'],
      ['a promise of it', async () => 'refused'],
    ])('that refuses what a handler returned, %s, fails like the handler', async (_name, message) => {
      await using kernel = await start()
      const errors: Error[] = []
      const { client } = await connected(
        kernel,
        {},
        { message: message as never, error: (_fd, error) => void errors.push(error) },
      )
      kernel.write(client, 'it')
      await until(() => errors.length === 1)
      expect(errors[0]!.message).toBe('the owner half refused it')
      expect(outcomes.map(({ how }) => how)).toEqual(['returned', 'failed'])
    })
  })

  test('what a driver emits with transfer is handed over where it is large, copied where it is small', async () => {
    await using kernel = await start()
    const got: Uint8Array[] = []
    const { client } = await connected(kernel, { message: (_fd, data) => void got.push(data as Uint8Array) })
    for (const [bytes, kept] of [
      [100, 100],
      [64 * 1024, isolation === 'process' ? 64 * 1024 : 0],
      [2 * 1024 * 1024, isolation === 'process' ? 2 * 1024 * 1024 : 0],
    ] as const) {
      kernel.write(client, `lend ${bytes}`)
      await until(() => got.length > 0)
      const data = got.shift()!
      expect([data.length, data.every(byte => byte === 7)]).toEqual([bytes, true])
      expect(await kernel.query(client, PARCEL_LENT)).toBe(kept)
    }
  })

  test('what a driver says it has dropped is in the status of that fd', async () => {
    await using kernel = await start()
    const { client, accepted } = await connected(kernel)
    kernel.write(client, 'lose 3')
    kernel.write(client, 'lose 4')
    kernel.write(accepted, 'lose 1')
    await until(() => kernel.status(client)!.drops === 7 && kernel.status(accepted)!.drops === 1)
    await kernel.query(client, PARCEL_LENT)
    expect([kernel.status(client)!.drops, kernel.status(accepted)!.drops]).toEqual([7, 1])
  })
})
