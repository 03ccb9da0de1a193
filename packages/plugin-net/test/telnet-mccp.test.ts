import { randomBytes } from 'node:crypto'
import zlib from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { zlibCompression } from '../src/telnet/index.ts'
import { bytes, DO, DONT, IAC, joined, Probe, SB, SE, WILL, WONT } from './support/telnet.ts'

const MCCP2 = 86
const MCCP3 = 87
const ECHO = 1

const compression = zlibCompression()
const start = (option: number) => bytes(IAC, SB, option, IAC, SE)

/** A stream that is flushed but has no end. */
function flushed(text: string | Uint8Array): Buffer {
  return zlib.deflateSync(text, { finishFlush: zlib.constants.Z_SYNC_FLUSH })
}

function server(): Probe {
  const probe = new Probe('server', { compression, offer: ['mccp2', 'mccp3'] })
  probe.session.start()
  expect(probe.sent()).toEqual(bytes(IAC, WILL, MCCP2, IAC, WILL, MCCP3))
  return probe
}

describe('a server with MCCP2', () => {
  test('compresses all that follows its mark', async () => {
    const probe = server()
    probe.session.write('plain ')
    probe.receive(IAC, DO, MCCP2)
    probe.session.write('packed\n')
    await probe.session.finish()
    probe.session.write('plain again')
    const sent = probe.sent()
    const mark = bytes('plain ', start(MCCP2))
    expect(sent.subarray(0, mark.length)).toEqual(mark)
    const { engine, buffer } = zlib.inflateSync(sent.subarray(mark.length), { info: true }) as any
    expect(buffer.toString()).toBe('packed\r\n')
    expect(sent.subarray(mark.length + engine.bytesWritten).toString()).toBe('plain again')
  })

  test('escapes before it compresses', async () => {
    const probe = server()
    probe.receive(IAC, DO, MCCP2)
    probe.sent()
    probe.session.write({ raw: bytes(255) })
    await probe.session.finish()
    expect(zlib.inflateSync(probe.sent())).toEqual(bytes(255, 255))
  })

  test('ends the stream when the client wants no more, and holds what is written meanwhile', async () => {
    const probe = server()
    probe.receive(IAC, DO, MCCP2)
    probe.sent()
    probe.session.write('packed')
    probe.receive(IAC, DONT, MCCP2)
    probe.session.write('plain')
    await probe.session.finish()
    const sent = probe.sent()
    const { engine, buffer } = zlib.inflateSync(sent, { info: true }) as any
    expect(buffer).toEqual(bytes('packed', IAC, WONT, MCCP2))
    expect(sent.subarray(engine.bytesWritten).toString()).toBe('plain')
  })

  test('begins again when it is asked to while the last stream ends', async () => {
    const probe = server()
    probe.receive(IAC, DO, MCCP2)
    probe.sent()
    probe.receive(IAC, DONT, MCCP2, IAC, DO, MCCP2)
    probe.session.write('second')
    await probe.session.finish()
    await probe.session.finish()
    const sent = probe.sent()
    const { engine } = zlib.inflateSync(sent, { info: true }) as any
    const rest = sent.subarray(engine.bytesWritten)
    const mark = bytes(IAC, WILL, MCCP2, start(MCCP2))
    expect(rest.subarray(0, mark.length)).toEqual(mark)
    expect(zlib.inflateSync(rest.subarray(mark.length)).toString()).toBe('second')
  })

  test('says when compression is behind, and when it has caught up', async () => {
    const { promise: drained, resolve } = Promise.withResolvers<void>()
    const probe = server()
    probe.onDrain = resolve
    probe.receive(IAC, DO, MCCP2)
    probe.session.write({ raw: randomBytes(1024 * 1024) })
    expect(probe.session.needDrain).toBe(true)
    await drained
    expect(probe.session.needDrain).toBe(false)
  })
})

describe('a server with MCCP3', () => {
  test('reads what is compressed from the middle of a chunk, and plain text behind its end', async () => {
    const stream = bytes(
      IAC,
      DO,
      MCCP3,
      'plain\n',
      start(MCCP3),
      zlib.deflateSync(`packed\n${'x'.repeat(1000)}\n`),
      'plain again\n',
    )
    for (const size of [1, 2, 3, 7, 50, stream.length]) {
      const probe = server()
      for (let at = 0; at < stream.length; at += size) probe.session.receive(stream.subarray(at, at + size))
      await probe.session.end()
      expect(probe.texts()).toEqual(['plain', 'packed', 'x'.repeat(1000), 'plain again'])
      expect(probe.errors).toEqual([])
    }
  })

  test('reads a second stream', async () => {
    const probe = server()
    probe.receive(IAC, DO, MCCP3, start(MCCP3), zlib.deflateSync('one\n'), start(MCCP3), flushed('two\n'))
    await probe.session.end()
    expect(probe.texts()).toEqual(['one', 'two'])
  })

  test('does not take a mark within the stream for another one', async () => {
    const probe = server()
    probe.receive(IAC, DO, MCCP3, start(MCCP3), flushed(bytes('a', start(MCCP3), 'b\n')))
    await probe.session.end()
    expect(probe.texts()).toEqual(['ab'])
  })

  test('takes nothing as compressed that it has not agreed to', async () => {
    const probe = new Probe('server', { compression, refuse: ['mccp3'] })
    probe.receive(IAC, DO, MCCP3, start(MCCP3), 'plain\n')
    await probe.session.end()
    expect(probe.sent()).toEqual(bytes(IAC, WONT, MCCP3))
    expect(probe.texts()).toEqual(['plain'])
  })

  test('answers what comes compressed', async () => {
    const probe = server()
    probe.receive(IAC, DO, MCCP3, start(MCCP3), flushed(bytes(IAC, DO, ECHO)))
    await probe.session.end()
    expect(probe.sent()).toEqual(bytes(IAC, WONT, ECHO))
  })

  test('tells of a broken stream once, and reads no more', async () => {
    const probe = server()
    probe.receive(IAC, DO, MCCP3, start(MCCP3), 'this is not zlib\n')
    await probe.session.end()
    probe.receive('more\n')
    expect(probe.errors).toMatchObject([{ code: 'EPROTO' }])
    expect(probe.texts()).toEqual([])
  })

  test('tells of a bomb, with bounded output before it', async () => {
    const probe = new Probe('server', { compression: zlibCompression({ maxOutput: 100_000 }) })
    probe.session.write({ option: 'mccp3', enable: true })
    probe.receive(IAC, DO, MCCP3, start(MCCP3), zlib.deflateSync(Buffer.alloc(50_000_000, 'x')))
    await probe.session.end()
    expect(probe.errors).toMatchObject([{ code: 'EPROTO' }])
    expect(probe.texts().join('').length).toBeLessThanOrEqual(100_000)
  })

  test.each(['before', 'after'])('gives out nothing while it is paused, %s the stream began', async when => {
    const probe = server()
    if (when === 'before') probe.session.pause()
    probe.receive(IAC, DO, MCCP3, start(MCCP3))
    if (when === 'after') probe.session.pause()
    probe.receive(flushed('line\n'))
    const ended = probe.session.end()
    const other = server()
    other.receive(IAC, DO, MCCP3, start(MCCP3), flushed('line\n'))
    await other.session.end()
    expect(probe.texts()).toEqual([])
    probe.session.resume()
    await ended
    expect(probe.texts()).toEqual(['line'])
  })

  test('resolves its end when it is destroyed meanwhile', async () => {
    const probe = server()
    probe.receive(IAC, DO, MCCP3, start(MCCP3), flushed('line\n'))
    const ended = probe.session.end()
    probe.session.destroy()
    await ended
    expect(probe.texts()).toEqual([])
  })
})

describe('a server and a client', () => {
  test('compress both ways, and go on plain when it ends', async () => {
    const { server, client } = joined(
      { compression, offer: ['mccp2', 'mccp3', 'gmcp'] },
      { compression, window: { width: 80, height: 24 } },
    )
    server.session.start()
    const agreed = () =>
      (['mccp2', 'mccp3', 'gmcp'] as const).every(
        option => server.session.isEnabled(option) && client.session.isEnabled(option),
      )
    // The server is told last: it has asked.
    await server.until(agreed)
    server.sent()
    client.sent()
    server.session.write('A large hall with a dragon in it.\n'.repeat(50))
    server.session.write({ gmcp: 'Room.Info', data: { id: 7 } })
    client.session.write('kill dragon\n')
    await client.until(() => client.of('gmcp').length > 0)
    await server.until(() => server.texts().length > 0)
    expect(client.texts().join('')).toBe('A large hall with a dragon in it.\n'.repeat(50))
    expect(server.texts()).toEqual(['kill dragon'])
    expect(server.sent().length).toBeLessThan(200)
    expect(client.sent().toString('latin1')).not.toContain('dragon')

    server.session.write({ option: 'mccp2', enable: false })
    await server.session.finish()
    server.session.write('plain')
    await client.until(() => client.texts().join('').endsWith('plain'))
    expect(server.sent().toString('latin1').endsWith('plain')).toBe(true)
    server.session.destroy()
    client.session.destroy()
  })
})
