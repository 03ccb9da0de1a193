import fc from 'fast-check'
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
import { OPTIONS } from '../src/telnet/index.ts'
import { dialling, Inbox, ISOLATIONS, netKernel, plainPeer, serving } from './support/kernel.ts'
import { frame } from './support/mudmode.ts'
import { AYT, bytes, DO, IAC, SB, SE, WILL } from './support/telnet.ts'

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
    peer.socket.write(frame('"unterminated\0'))
    expect(await inbox.next()).toEqual({ type: 'value', value: undefined })
    for (const byte of encode(['split', 1])) peer.socket.write(Buffer.of(byte))
    expect(await inbox.next()).toEqual({ type: 'value', value: ['split', 1] })
    peer.socket.write(frame('x'.repeat(1001)))
    expect(await closed.promise).toMatchObject({ code: 'EPROTO' })
  })

  test('telnet: an option that there is none of is refused where it is named', async () => {
    await using kernel = await netKernel(isolation)
    const { server, addr } = await serving(kernel, MUD, {
      message: (fd, message) => void (message.type === 'text' && kernel.write(fd, `${message.text}!`)),
      error() {},
    })
    for (const [settings, what] of [
      [{ offer: ['gcmp'] }, /^SO_TELNET \(23\): value\.offer\[0\] must be one of .*gmcp.*, got "gcmp"$/],
      [{ refuse: ['echo', 'GMCP'] }, /value\.refuse\[1\] must be one of .*gmcp.*, got "GMCP"$/],
      [{ offer: ['toString'] }, /value\.offer\[0\] must be one of/],
      [{ refuse: [256] }, /value\.refuse\[0\] .*<= 255/],
      [{ mssp: { NAME: { toString: 1 } } }, /value\.mssp\.NAME must be/],
      [{ mssp: { PORT: [4000, null] } }, /value\.mssp\.PORT\[1\] must be/],
    ] as const)
      await expect(kernel.setOption(server, SO_TELNET, settings as never)).rejects.toMatchObject({
        code: 'EINVAL',
        op: 'setOption',
        message: expect.stringMatching(what),
      })
    await kernel.setOption(server, SO_TELNET, { offer: ['gmcp', 93], refuse: ['msdp', 'ttype'] })
    await using peer = await plainPeer(addr)
    peer.socket.write('hello\n')
    expect((await peer.take(12)).toString('latin1')).toBe('\xff\xfb\xc9\xff\xfb\x5dhello!')
  })

  test('telnet: a write that is none is reported with a sentence, and the connection goes on', async () => {
    await using kernel = await netKernel(isolation)
    const { addr } = await serving(kernel, MUD, {
      message: (fd, message) => void (message.type === 'text' && kernel.write(fd, `${message.text}!`)),
    })
    const errors = new Inbox<Error>()
    const inbox = new Inbox<MudMessage>()
    const client = await dialling(kernel, MUD, addr, {
      message: (_fd, message) => inbox.put(message),
      error: (_fd, error) => errors.put(error),
    })
    for (const [write, code, sentence] of [
      [{ text: 7 }, 'ETYPENOTSUPP', 'text must be a string, not a number'],
      [{ prompt: null }, 'ETYPENOTSUPP', 'prompt must be a string, not null'],
      [{ raw: 'bytes' }, 'ETYPENOTSUPP', 'raw must be a Uint8Array, not a string'],
      [{ gmcp: 'Room Info' }, 'EINVAL', 'gmcp must be a name without spaces, not "Room Info"'],
      [{ msdp: [] }, 'ETYPENOTSUPP', 'msdp must be an object, not an array'],
      [{ mssp: 'x' }, 'ETYPENOTSUPP', 'mssp must be an object, not a string'],
      [{ naws: null }, 'ETYPENOTSUPP', 'naws must be an object, not null'],
      [{ naws: { width: 80 } }, 'ETYPENOTSUPP', 'naws.height must be a number, not undefined'],
      [{ echo: 'off' }, 'ETYPENOTSUPP', 'echo must be a boolean, not a string'],
      [
        { option: 'foo', enable: true },
        'EINVAL',
        'option must be a number from 0 to 255 or one of echo, sga, ttype, eor, naws, charset, msdp, mssp, mccp2, mccp3, gmcp, not "foo"',
      ],
      [{ option: 'toString', enable: true }, 'EINVAL', /^option must be .*, not "toString"$/],
      [{ option: 300, enable: true }, 'EINVAL', /^option must be .*, not 300$/],
      [{ option: 'gmcp' }, 'ETYPENOTSUPP', 'enable must be a boolean, not undefined'],
      [{ option: 'gmcp', enable: true, side: 'ours' }, 'EINVAL', 'side must be local or remote, not "ours"'],
      [{ subnegotiation: 'foo', data: Buffer.of(1) }, 'EINVAL', /^subnegotiation must be a number.*"foo"$/],
      [{ subnegotiation: 31 }, 'ETYPENOTSUPP', 'data must be a Uint8Array, not undefined'],
      [{ command: 'sing' }, 'EINVAL', /^command must be one of eof, .*, not "sing"$/],
      [
        { nonsense: true },
        'ETYPENOTSUPP',
        /^telnet sends text and objects with one of the keys text, prompt/,
      ],
    ] as const) {
      kernel.write(client, write as never)
      expect(await errors.next()).toMatchObject({
        code,
        category: 'usage',
        op: 'write',
        message: typeof sentence === 'string' ? sentence : expect.stringMatching(sentence),
      })
    }
    kernel.write(client, { text: 'still here\n' })
    expect(await inbox.find(isText)).toEqual({ type: 'text', text: 'still here!' })
  })
})

test('whatever SO_TELNET takes, connections stand, and say what they are asked', async () => {
  await using kernel = await netKernel()
  const { server, addr } = await serving(kernel, MUD, {
    message: (fd, message) => void (message.type === 'text' && kernel.write(fd, message.text)),
    error() {},
  })
  const name = fc.constantFrom(...Object.keys(OPTIONS), 'gcmp', '', 'constructor', '__proto__')
  const names = fc.array(fc.oneof(name, fc.integer({ min: -1, max: 256 })), { maxLength: 12 })
  const value = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.constant({ toString: 1 }),
  )
  const settings = fc.record(
    {
      offer: names,
      refuse: names,
      accept: fc.array(fc.integer({ min: 0, max: 255 })),
      mssp: fc.dictionary(fc.string(), fc.oneof(value, fc.array(value))),
      charset: fc.constantFrom('utf-8', 'latin1', 'ascii'),
      charsets: fc.array(fc.constantFrom('utf-8', 'latin1', 'ascii')),
      terminal: fc.array(fc.string(), { maxLength: 3 }),
      mtts: fc.integer({ min: 0, max: 65_535 }),
      window: fc.record({ width: fc.nat(65_535), height: fc.nat(65_535) }),
      maxLine: fc.integer({ min: 64, max: 100 }),
      maxSubnegotiation: fc.integer({ min: 64, max: 100 }),
      aytReply: fc.string(),
    },
    { requiredKeys: [] },
  )
  const { mccp2, mccp3, ...plain } = OPTIONS
  /** Agrees to everything but compression, asks for everything, and then says a word. */
  const everything = bytes(
    ...[...Object.values(plain).map(({ code }) => code), 93].flatMap(code => [
      ...[IAC, DO, code, IAC, WILL, code, IAC, SB, code, 1, IAC, SE],
    ]),
    ...[IAC, AYT, 'the word\n'],
  )
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(settings, async value => {
      const isAccepted = await kernel.setOption(server, SO_TELNET, value as never).then(
        () => true,
        error => {
          if (error.code !== 'EINVAL') throw error
          return false
        },
      )
      if (!isAccepted) return
      accepted++
      await using peer = await plainPeer(addr)
      peer.socket.write(everything)
      let said = ''
      while (!said.includes('the word')) said += (await peer.take(1)).toString('latin1')
    }),
    { numRuns: 100 },
  )
  expect(accepted).toBeGreaterThan(0)
  expect(kernel.metrics().workers.net!.restarts).toBe(0)
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
