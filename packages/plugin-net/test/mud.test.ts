import { describe, expect, test } from 'vitest'
import {
  LpcClass,
  LpcFloat,
  MUD,
  type MudMessage,
  SO_MUD_FRAMING,
  SO_MUDMODE,
  SO_TELNET,
} from '../src/index.ts'
import { encode } from '../src/mudmode/index.ts'
import { dialling, Inbox, ISOLATIONS, netKernel, plainPeer, serving } from './support/kernel.ts'

const mudmode = [[SO_MUD_FRAMING, 'mudmode']] as const
const isText = (message: MudMessage) => message.type === 'text'

describe.each(ISOLATIONS)('mode 0 over %s', isolation => {
  test('telnet: lines, prompts, GMCP, MSDP, MSSP, window and terminal, compressed both ways', async () => {
    await using kernel = await netKernel(isolation)
    const atServer = new Inbox<MudMessage>()
    const { addr } = await serving(
      kernel,
      MUD,
      {
        message(fd, message) {
          atServer.put(message)
          if (message.type !== 'text') return
          kernel.write(fd, `You say: ${message.text}\n`)
          kernel.write(fd, { gmcp: 'Room.Info', data: { name: 'The Gate' } })
          kernel.write(fd, { msdp: { HEALTH: '10' } })
          kernel.write(fd, { prompt: '> ' })
        },
      },
      [[SO_TELNET, { mssp: { NAME: 'Test', PLAYERS: '3' } }]],
    )
    const atClient = new Inbox<MudMessage>()
    const client = await dialling(kernel, MUD, addr, { message: (_fd, message) => atClient.put(message) }, [
      [SO_TELNET, { window: { width: 100, height: 40 }, terminal: ['TESTER', 'XTERM'], mtts: 9 }],
    ])
    expect(await atServer.find(message => message.type === 'naws')).toMatchObject({ width: 100, height: 40 })
    expect(await atServer.find(message => message.type === 'ttype')).toMatchObject({ mtts: 9 })
    expect(await atClient.find(message => message.type === 'mssp')).toMatchObject({
      values: { NAME: 'Test', PLAYERS: '3' },
    })
    kernel.write(client, 'grüße\n')
    expect(await atServer.find(isText)).toEqual({ type: 'text', text: 'grüße' })
    expect(await atClient.find(message => isText(message) && message.text.startsWith('You say'))).toEqual({
      type: 'text',
      text: 'You say: grüße\n',
    })
    expect(await atClient.find(message => message.type === 'gmcp')).toMatchObject({
      package: 'Room.Info',
      data: { name: 'The Gate' },
    })
    expect(await atClient.find(message => message.type === 'msdp')).toMatchObject({
      values: { HEALTH: '10' },
    })
    expect(await atClient.find(message => message.type === 'prompt')).toMatchObject({ text: '> ' })
  })

  test('telnet: a raw peer without any options types lines', async () => {
    await using kernel = await netKernel(isolation)
    const inbox = new Inbox<MudMessage>()
    const { addr } = await serving(kernel, MUD, { message: (_fd, message) => inbox.put(message) }, [
      [SO_TELNET, { offer: [] }],
    ])
    await using peer = await plainPeer(addr)
    peer.socket.write('look\r\nsay h\xc3\xa9\n', 'latin1')
    expect(await inbox.find(isText)).toEqual({ type: 'text', text: 'look' })
    expect(await inbox.find(isText)).toEqual({ type: 'text', text: 'say hé' })
    peer.socket.end('quit without an end')
    expect(await inbox.find(isText)).toEqual({ type: 'text', text: 'quit without an end' })
  })

  test('mudmode: values both ways', async () => {
    await using kernel = await netKernel(isolation)
    const inbox = new Inbox<MudMessage>()
    const { addr } = await serving(
      kernel,
      MUD,
      {
        message: (fd, message) =>
          void (message.type === 'value' && kernel.write(fd, { value: message.value })),
      },
      mudmode,
    )
    const client = await dialling(
      kernel,
      MUD,
      addr,
      { message: (_fd, message) => inbox.put(message) },
      mudmode,
    )
    const values = [
      0,
      -1,
      9223372036854775807n,
      0.5,
      'line1\nline2',
      [1, [2, 'three', []]],
      { mudlist: 5, nested: { a: [1] } },
      new Map<unknown, unknown>([[[1], 'arrkey']]),
      new LpcClass([1, 'x', [1, 2]]),
    ]
    for (const value of values) {
      kernel.write(client, { value })
      const message = await inbox.next()
      expect(message.type).toBe('value')
      if (
        message.type === 'value' &&
        typeof value === 'object' &&
        !Array.isArray(value) &&
        !(value instanceof Map)
      )
        expect(JSON.stringify(message.value)).toBe(JSON.stringify(value))
      else expect(message).toEqual({ type: 'value', value })
    }
    kernel.write(client, 'a string is an LPC string')
    expect(await inbox.next()).toEqual({ type: 'value', value: 'a string is an LPC string' })
    kernel.write(client, { value: new LpcFloat(1) })
    expect(await inbox.next()).toEqual({ type: 'value', value: 1 })
  })

  test('mudmode: what cannot be read is undefined, and the connection lives; a frame out of limits ends it', async () => {
    await using kernel = await netKernel(isolation)
    const inbox = new Inbox<MudMessage>()
    const closed = Promise.withResolvers<Error | undefined>()
    const { addr } = await serving(
      kernel,
      MUD,
      { message: (_fd, message) => inbox.put(message), close: (_fd, error) => closed.resolve(error) },
      [...mudmode, [SO_MUDMODE, { maxFrame: 1000 }]],
    )
    await using peer = await plainPeer(addr)
    const framed = (text: string): Buffer => {
      const head = Buffer.alloc(4)
      head.writeUInt32BE(Buffer.byteLength(text))
      return Buffer.concat([head, Buffer.from(text)])
    }
    peer.socket.write(framed('"unterminated\0'))
    expect(await inbox.next()).toEqual({ type: 'value', value: undefined })
    for (const byte of encode(['split', 1])) peer.socket.write(Buffer.of(byte))
    expect(await inbox.next()).toEqual({ type: 'value', value: ['split', 1] })
    peer.socket.write(framed('x'.repeat(1001)))
    expect(await closed.promise).toMatchObject({ code: 'EPROTO' })
  })
})

test('a write of the wrong kind throws, or is reported', async () => {
  await using kernel = await netKernel()
  const { addr } = await serving(kernel, MUD, {}, mudmode)
  const errors = new Inbox<Error>()
  const client = await dialling(kernel, MUD, addr, { error: (_fd, error) => errors.put(error) }, mudmode)
  expect(() => kernel.write(client, 7 as never)).toThrow(expect.objectContaining({ code: 'ETYPENOTSUPP' }))
  expect(() => kernel.write(client, { value: Number.NaN })).toThrow(
    expect.objectContaining({ code: 'EBADDATA' }),
  )
  kernel.write(client, { gmcp: 'Core.Ping' })
  expect(await errors.next()).toMatchObject({ code: 'ETYPENOTSUPP' })
  const telnet = await serving(kernel, MUD, {})
  const other = await dialling(kernel, MUD, telnet.addr, { error: (_fd, error) => errors.put(error) })
  kernel.write(other, { value: 1 })
  expect(await errors.next()).toMatchObject({ code: 'ETYPENOTSUPP' })
  kernel.write(other, { nonsense: true } as never)
  expect(await errors.next()).toMatchObject({ code: 'ETYPENOTSUPP' })
})

test('MSSP tells what the option says now', async () => {
  await using kernel = await netKernel()
  const { server, addr } = await serving(kernel, MUD, {}, [[SO_TELNET, { mssp: { PLAYERS: '1' } }]])
  await kernel.setOption(server, SO_TELNET, { mssp: { PLAYERS: '2' } })
  const inbox = new Inbox<MudMessage>()
  await dialling(kernel, MUD, addr, { message: (_fd, message) => inbox.put(message) })
  expect(await inbox.find(message => message.type === 'mssp')).toMatchObject({ values: { PLAYERS: '2' } })
})
