/** Peers that break off, never read, or send what nobody should: a close with its reason, and everybody else is served. */
import { randomBytes } from 'node:crypto'
import { deflateSync } from 'node:zlib'
import { type Fd, SO_WRITE_HIGH_WATER } from '@unisock/kernel'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MUD, type MudMessage, SO_TELNET, STREAM, STREAM_BINARY, STREAM_COMPRESSED } from '../src/index.ts'
import { Inbox, ISOLATIONS, netKernel, plainPeer, serving } from './support/kernel.ts'
import { AYT, bytes, DO, DONT, IAC, SB, SE, WILL, WONT } from './support/telnet.ts'

const MCCP3 = 87
const turn = () => new Promise(resolve => setImmediate(resolve))

describe.each(ISOLATIONS)('over %s', isolation => {
  describe.each<[string, any, (data: Buffer) => unknown]>([
    ['STREAM', STREAM, data => data.toString('latin1')],
    ['STREAM_BINARY', STREAM_BINARY, data => data],
    ['STREAM_COMPRESSED', STREAM_COMPRESSED, data => data],
    ['MUD', MUD, data => ({ raw: data })],
  ])('%s', (_name, mode, form) => {
    /** A connection, and what ended it. */
    async function serve() {
      const kernel = await netKernel(isolation)
      const opened = Promise.withResolvers<Fd<any>>()
      const closed = Promise.withResolvers<Error | undefined>()
      const { addr } = await serving(
        kernel,
        mode,
        { open: fd => opened.resolve(fd), close: (_fd, error) => closed.resolve(error) },
        [[SO_WRITE_HIGH_WATER, 65_536]],
      )
      const peer = await plainPeer(addr)
      peer.socket.pause()
      return {
        kernel,
        peer,
        addr,
        fd: await opened.promise,
        closed: closed.promise,
        async [Symbol.asyncDispose]() {
          await peer[Symbol.asyncDispose]()
          await kernel.close()
        },
      }
    }

    test('a reset in the middle of writes is a close with its code, and the writes that follow are false', async () => {
      await using run = await serve()
      const { kernel, fd } = run
      const data = form(randomBytes(16 * 1024))
      kernel.write(fd, data)
      await turn()
      run.peer.socket.resetAndDestroy()
      while (kernel.write(fd, data)) await turn()
      expect(await run.closed).toMatchObject({ code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/) })
      expect(kernel.write(fd, data)).toBe(false)
      await using other = await plainPeer(run.addr)
      expect(other.socket.destroyed).toBe(false)
      expect(kernel.status().filter(({ state }) => state === 'listening')).toHaveLength(1)
    })

    test('a peer that never reads is closed with ENOBUFS by whoever writes on, with bounded memory', async () => {
      await using run = await serve()
      const { kernel, fd } = run
      const data = form(randomBytes(64 * 1024))
      let most = 0
      for (let row = kernel.status(fd); row; row = kernel.status(fd)) {
        most = Math.max(most, row.queued)
        kernel.write(fd, data)
        await turn()
      }
      expect(await run.closed).toMatchObject({ code: 'ENOBUFS' })
      expect(most).toBeLessThan(17 * 65_536 + 2 * 64 * 1024)
    })
  })

  test('a telnet peer that asks and never reads the answers is closed with ENOBUFS', async () => {
    await using kernel = await netKernel(isolation)
    const closed = Promise.withResolvers<Error | undefined>()
    const { addr } = await serving(kernel, MUD, { close: (_fd, error) => closed.resolve(error) }, [
      [SO_TELNET, { aytReply: 'still here\n'.repeat(50) }],
    ])
    await using peer = await plainPeer(addr)
    peer.socket.pause()
    const questions = Buffer.alloc(60_000, bytes(IAC, AYT, IAC, DO, 99))
    let over = false
    void closed.promise.then(() => {
      over = true
    })
    const ask = (): void => {
      while (!over && peer.socket.write(questions));
      if (!over) peer.socket.once('drain', ask)
    }
    ask()
    expect(await closed.promise).toMatchObject({ code: 'ENOBUFS' })
  })

  test('a bomb in MCCP3 is a close with EPROTO', async () => {
    await using kernel = await netKernel(isolation)
    const closed = Promise.withResolvers<Error | undefined>()
    let told = 0
    const { addr } = await serving(kernel, MUD, {
      message: (_fd, message) => void (told += message.type === 'text' ? message.text.length : 0),
      close: (_fd, error) => closed.resolve(error),
    })
    await using peer = await plainPeer(addr)
    peer.socket.resume()
    peer.socket.write(
      bytes(IAC, DO, MCCP3, IAC, SB, MCCP3, IAC, SE, deflateSync(Buffer.alloc(60_000_000, 'a'))),
    )
    expect(await closed.promise).toMatchObject({ code: 'EPROTO' })
    expect(told).toBeLessThan(20 * 1024 * 1024)
  })

  test('telnet of any bytes, cut anywhere, ends in peace, and the next peer is understood', async () => {
    await using kernel = await netKernel(isolation)
    const inbox = new Inbox<MudMessage>()
    const ends = new Inbox<{ error: Error | undefined }>()
    const { addr } = await serving(
      kernel,
      MUD,
      { message: (_fd, message) => inbox.put(message), close: (_fd, error) => ends.put({ error }) },
      [[SO_TELNET, { mssp: { NAME: 'Fuzzed' } }]],
    )
    const options = fc.constantFrom(0, 1, 3, 6, 24, 25, 31, 39, 42, 69, 70, 86, 87, 91, 93, 200, 201, 255)
    const part = fc.oneof(
      fc
        .tuple(fc.constantFrom(DO, DONT, WILL, WONT), options)
        .map(([verb, option]) => bytes(IAC, verb, option)),
      fc
        .tuple(options, fc.uint8Array({ maxLength: 40 }))
        .map(([option, payload]) => bytes(IAC, SB, option, payload, IAC, SE)),
      fc.integer({ min: 236, max: 255 }).map(command => bytes(IAC, command)),
      fc.uint8Array({ maxLength: 40 }).map(chunk => Buffer.from(chunk)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(part, { maxLength: 8 }), { maxLength: 6 }), async chunks => {
        await using peer = await plainPeer(addr)
        peer.socket.setNoDelay(true).resume()
        for (const parts of chunks) {
          peer.socket.write(Buffer.concat(parts))
          await turn()
        }
        peer.socket.end()
        const { error } = await ends.next()
        if (error)
          expect(error).toMatchObject({
            name: 'SocketError',
            code: expect.stringMatching(/^(EPROTO|ECONNRESET)$/),
          })
      }),
      { numRuns: 40 },
    )
    await using peer = await plainPeer(addr)
    peer.socket.resume()
    peer.socket.write('understood?\r\n')
    await inbox.find(message => message.type === 'text' && message.text === 'understood?')
    expect(kernel.lines.filter(({ level }) => level === 'error')).toEqual([])
    expect(kernel.metrics().workers.net!.restarts).toBe(0)
  })
})
