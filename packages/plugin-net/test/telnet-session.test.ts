import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Role,
  type TelnetEvent,
  TelnetSession,
  type TelnetSettings,
  type TelnetWrite,
} from '../src/telnet/index.ts'
import {
  AYT,
  bytes,
  DO,
  DONT,
  EC,
  EL,
  EOR,
  GA,
  IAC,
  joined,
  NOP,
  Probe,
  SB,
  SE,
  WILL,
  WONT,
} from './support/telnet.ts'

const ECHO = 1
const SGA = 3
const TTYPE = 24
const EOR_OPTION = 25
const NAWS = 31
const CHARSET = 42
const MSDP = 69
const MSSP = 70
const MCCP1 = 85
const MCCP2 = 86
const MCCP3 = 87
const GMCP = 201

const sub = (option: number, ...parts: (number | string)[]) => bytes(IAC, SB, option, ...parts, IAC, SE)

describe('a server', () => {
  test('offers what it can do', () => {
    const probe = new Probe('server', { mssp: { NAME: 'x' } })
    probe.session.start()
    expect(probe.sent()).toEqual(
      bytes(
        IAC,
        DO,
        TTYPE,
        IAC,
        DO,
        NAWS,
        IAC,
        WILL,
        CHARSET,
        IAC,
        WILL,
        EOR_OPTION,
        IAC,
        WILL,
        MSSP,
        IAC,
        WILL,
        MSDP,
        IAC,
        WILL,
        GMCP,
      ),
    )
  })

  test('offers neither what it is told to refuse nor what it lacks the settings for', () => {
    const probe = new Probe('server', { refuse: ['gmcp', 'msdp', 'charset', 'ttype', 'eor'] })
    probe.session.start()
    expect(probe.sent()).toEqual(bytes(IAC, DO, NAWS))
  })

  test('offers what it is told to', () => {
    const probe = new Probe('server', { offer: ['sga', 'naws', 200] })
    probe.session.start()
    expect(probe.sent()).toEqual(bytes(IAC, WILL, SGA, IAC, DO, NAWS, IAC, WILL, 200))
  })

  test('refuses what it does not know, MCCP1, and to echo', () => {
    const probe = new Probe('server')
    probe.receive(IAC, WILL, 99, IAC, DO, MCCP1, IAC, DO, ECHO, IAC, WILL, GMCP, IAC, DO, MCCP2)
    expect(probe.sent()).toEqual(
      bytes(IAC, DONT, 99, IAC, WONT, MCCP1, IAC, WONT, ECHO, IAC, DONT, GMCP, IAC, WONT, MCCP2),
    )
    expect(probe.events).toEqual([])
  })

  test('gets one text a line, whatever ends it', () => {
    const probe = new Probe('server')
    probe.receive('look\r\nsay hi\nnorth\r\0sou', 'th\r\r\n\r\nunfinished')
    expect(probe.texts()).toEqual(['look', 'say hi', 'north', 'south', ''])
  })

  test('gets an unfinished line when the peer ends', async () => {
    const probe = new Probe('server')
    probe.receive('quit', 0xc3)
    await probe.session.end()
    expect(probe.texts()).toEqual(['quit\ufffd'])
  })

  test('reads a character that was cut', () => {
    const probe = new Probe('server')
    for (const byte of Buffer.from('Ünïcödé 🐉\r\n')) probe.receive(byte)
    expect(probe.texts()).toEqual(['Ünïcödé 🐉'])
  })

  test('reads bytes that are no UTF-8 as U+FFFD, or in the set it is told to', () => {
    expect(new Probe('server').receive('caf', 0xe9, '\n').texts()).toEqual(['caf\ufffd'])
    expect(new Probe('server', { charset: 'latin1' }).receive('caf', 0xe9, '\n').texts()).toEqual(['café'])
  })

  test('applies EC and EL to the line, and tells them', () => {
    const probe = new Probe('server')
    probe.receive('look', IAC, EC, IAC, EC, 'ts\n', 'wrong', IAC, EL, 'right\n')
    expect(probe.events).toEqual([
      { type: 'command', command: 'ec' },
      { type: 'command', command: 'ec' },
      { type: 'text', text: 'lots' },
      { type: 'command', command: 'el' },
      { type: 'text', text: 'right' },
    ])
  })

  test('gives out a line that is too long in pieces', () => {
    const probe = new Probe('server', { maxLine: 10 })
    probe.receive('x'.repeat(25), '\n')
    expect(probe.texts().map(text => text.length)).toEqual([10, 10, 5])
  })

  test('answers AYT, and tells it', () => {
    const probe = new Probe('server')
    probe.receive(IAC, AYT)
    expect(probe.sent().toString()).toBe('\r\n[Yes]\r\n')
    expect(probe.events).toEqual([{ type: 'command', command: 'ayt' }])
    expect(new Probe('server', { aytReply: '' }).receive(IAC, AYT).sent()).toHaveLength(0)
  })

  test('tells the commands that a user sends', () => {
    const probe = new Probe('server')
    probe.receive(IAC, 244, IAC, 243, IAC, 245, IAC, NOP, IAC, 242, IAC, 5)
    expect(probe.events.map(event => event.type === 'command' && event.command)).toEqual([
      'ip',
      'brk',
      'ao',
      'nop',
      'dm',
    ])
  })

  test('asks for the terminal until it has told all', () => {
    const probe = new Probe('server')
    probe.receive(IAC, WILL, TTYPE)
    expect(probe.sent()).toEqual(bytes(IAC, DO, TTYPE, sub(TTYPE, 1)))
    probe.receive(sub(TTYPE, 0, 'MUDLET'), sub(TTYPE, 0, 'XTERM'))
    expect(probe.sent()).toEqual(bytes(sub(TTYPE, 1), sub(TTYPE, 1)))
    probe.receive(sub(TTYPE, 0, 'MTTS 2349'))
    expect(probe.of('ttype')).toEqual([{ type: 'ttype', names: ['MUDLET', 'XTERM'], mtts: 2349 }])
    expect(probe.sent()).toHaveLength(0)
  })

  test('asks for the terminal from the beginning when it is offered again', () => {
    const probe = new Probe('server')
    probe.receive(IAC, WILL, TTYPE, sub(TTYPE, 0, 'OLD'), IAC, WONT, TTYPE, IAC, WILL, TTYPE)
    probe.receive(sub(TTYPE, 0, 'NEW'), sub(TTYPE, 0, 'NEW'))
    expect(probe.of('ttype')).toEqual([{ type: 'ttype', names: ['NEW'], mtts: 0 }])
  })

  test('tells the window, its 255 unescaped', () => {
    const probe = new Probe('server')
    probe.receive(IAC, WILL, NAWS, sub(NAWS, 0, IAC, IAC, 0, 24), sub(NAWS, 1))
    expect(probe.of('naws')).toEqual([{ type: 'naws', width: 255, height: 24 }])
  })

  test('ignores subnegotiations of options that are off', () => {
    const probe = new Probe('server')
    probe.receive(sub(NAWS, 0, 80, 0, 24), sub(GMCP, 'Core.Hello {}'), sub(MCCP3), sub(99, 'x'), 'on\n')
    expect(probe.events).toEqual([{ type: 'text', text: 'on' }])
  })

  test('sends its status to who asks', () => {
    let players = 0
    const probe = new Probe('server', { mssp: () => ({ NAME: 'Realm', PLAYERS: ++players }) })
    probe.receive(IAC, DO, MSSP)
    expect(probe.sent()).toEqual(bytes(IAC, WILL, MSSP, sub(MSSP, '\x01NAME\x02Realm\x01PLAYERS\x021')))
    expect(probe.session.write({ mssp: { NAME: 'Other' } })).toBe(true)
    expect(probe.sent()).toEqual(sub(MSSP, '\x01NAME\x02Other'))
  })

  test('asks for a character set and uses the one that is accepted', () => {
    const probe = new Probe('server')
    probe.session.start()
    probe.sent()
    probe.receive(IAC, DO, CHARSET)
    expect(probe.sent()).toEqual(sub(CHARSET, '\x01;UTF-8;ISO-8859-1;US-ASCII'))
    probe.receive(sub(CHARSET, '\x02ISO-8859-1'), 'caf', 0xe9, '\n')
    expect(probe.of('charset')).toEqual([{ type: 'charset', charset: 'latin1' }])
    expect(probe.session.charset).toBe('latin1')
    expect(probe.texts()).toEqual(['café'])
    probe.session.write('ÿ')
    expect(probe.sent()).toEqual(bytes(IAC, IAC))
  })

  test('rejects a question of the client while its own is open, else answers it', () => {
    const probe = new Probe('server')
    probe.session.start()
    probe.receive(IAC, DO, CHARSET)
    probe.sent()
    probe.receive(sub(CHARSET, '\x01;UTF-8'))
    expect(probe.sent()).toEqual(sub(CHARSET, 3))
    probe.receive(sub(CHARSET, 3), sub(CHARSET, '\x01;KOI8-R;latin-1'))
    expect(probe.sent()).toEqual(sub(CHARSET, '\x02latin-1'))
    expect(probe.session.charset).toBe('latin1')
  })

  test('ignores an answer to no question, and refuses tables', () => {
    const probe = new Probe('server')
    probe.receive(IAC, WILL, CHARSET)
    probe.sent()
    probe.receive(sub(CHARSET, '\x02ISO-8859-1'), sub(CHARSET, '\x04table'), sub(CHARSET, '\x01;EBCDIC'))
    expect(probe.session.charset).toBe('utf-8')
    expect(probe.sent()).toEqual(bytes(sub(CHARSET, 5), sub(CHARSET, 3)))
  })

  test('hides what is typed and shows it again', () => {
    const probe = new Probe('server')
    expect(probe.session.write({ echo: false })).toBe(true)
    probe.receive(IAC, DO, ECHO)
    expect(probe.session.isEnabled('echo')).toBe(true)
    expect(probe.session.write({ echo: true })).toBe(true)
    expect(probe.sent()).toEqual(bytes(IAC, WILL, ECHO, IAC, WONT, ECHO))
  })

  test('ends a prompt with EOR, else with GA, else not at all', () => {
    const probe = new Probe('server')
    probe.session.write({ prompt: '> ' })
    expect(probe.sent()).toEqual(bytes('> ', IAC, GA))
    probe.receive(IAC, DO, SGA)
    probe.sent()
    probe.session.write({ prompt: '> ' })
    expect(probe.sent()).toEqual(bytes('> '))
    probe.receive(IAC, DO, EOR_OPTION)
    probe.sent()
    probe.session.write({ prompt: '> ' })
    expect(probe.sent()).toEqual(bytes('> ', IAC, EOR))
  })

  test('hands on subnegotiations of other options that it accepts', () => {
    const probe = new Probe('server', { accept: [200] })
    probe.receive(IAC, DO, 200, sub(200, 'data'))
    expect(probe.of('subnegotiation')).toEqual([{ type: 'subnegotiation', option: 200, data: bytes('data') }])
    probe.sent()
    expect(probe.session.write({ subnegotiation: 200, data: bytes(1, IAC) })).toBe(true)
    expect(probe.sent()).toEqual(bytes(IAC, SB, 200, 1, IAC, IAC, IAC, SE))
    expect(probe.session.write({ subnegotiation: 93, data: bytes(1) })).toBe(false)
  })
})

describe('what is written', () => {
  const sent = (message: TelnetWrite, settings?: TelnetSettings) => {
    const probe = new Probe('server', settings)
    expect(probe.session.write(message)).toBe(true)
    return probe.sent()
  }

  test('is text with its line ends as CR LF', () => {
    expect(sent('a\nb\r\n').toString()).toBe('a\r\nb\r\n')
    expect(sent({ text: 'é\n' })).toEqual(bytes('é\r\n'))
    expect(sent({ text: 'é漢\n' }, { charset: 'latin1' })).toEqual(bytes(0xe9, '?\r\n'))
  })

  test('is bytes as they are, 255 escaped', () => {
    expect(sent({ raw: bytes(10, 255, 13) })).toEqual(bytes(10, 255, 255, 13))
  })

  test('is a command', () => {
    expect(sent({ command: 'nop' })).toEqual(bytes(IAC, NOP))
  })

  test('is a request for an option, on the side where it usually is or another', () => {
    expect(sent({ option: 'naws', enable: true })).toEqual(bytes(IAC, DO, NAWS))
    expect(sent({ option: 'gmcp', enable: true })).toEqual(bytes(IAC, WILL, GMCP))
    expect(sent({ option: 'sga', enable: true, side: 'remote' })).toEqual(bytes(IAC, DO, SGA))
    expect(sent({ option: 90, enable: true })).toEqual(bytes(IAC, WILL, 90))
  })

  test.each<[string, TelnetWrite]>([
    ['gmcp', { gmcp: 'Core.Ping' }],
    ['msdp', { msdp: { A: 1 } }],
    ['mssp', { mssp: { A: 1 } }],
    ['naws', { naws: { width: 80, height: 24 } }],
    ['compression', { option: 'mccp2', enable: true }],
  ])('is not sent without %s', (_name, message) => {
    const probe = new Probe('server')
    expect(probe.session.write(message)).toBe(false)
    expect(probe.sent()).toHaveLength(0)
  })

  test.each<[any, ErrorConstructor]>([
    [{}, TypeError],
    [{ text: 7 }, TypeError],
    [{ mssp: { PORT: [4000, null] } }, TypeError],
    [{ command: 'toString' }, RangeError],
    [{ option: 256, enable: true }, RangeError],
    [{ option: -1, enable: true }, RangeError],
    [{ option: 'toString', enable: true }, RangeError],
  ])('%j is refused', (message, kind) => {
    expect(() => new Probe('server').session.write(message)).toThrow(kind)
  })

  test('goes nowhere once the session is destroyed', () => {
    const probe = new Probe('server')
    probe.session.destroy()
    expect(probe.session.write('x')).toBe(false)
    probe.receive('line\n', IAC, DO, GMCP)
    expect(probe.sent()).toHaveLength(0)
    expect(probe.events).toEqual([])
  })
})

describe('a client', () => {
  test('waits to be asked', () => {
    const probe = new Probe('client')
    probe.session.start()
    expect(probe.sent()).toHaveLength(0)
  })

  test('gets text as it arrives', () => {
    const probe = new Probe('client')
    probe.receive('Welcome!\r\nHP').receive(':10')
    expect(probe.texts()).toEqual(['Welcome!\nHP', ':10'])
  })

  test.each([
    ['GA', GA],
    ['EOR', EOR],
  ])('is told by %s that the unfinished line is a prompt', (_name, mark) => {
    const probe = new Probe('client')
    probe.receive('A hall.\r\nHP').receive(':10> ', IAC, mark, 'more')
    expect(probe.of('prompt')).toEqual([{ type: 'prompt', text: 'HP:10> ' }])
    expect(probe.texts().join('')).toBe('A hall.\nHP:10> more')
    expect(probe.events.map(event => event.type)).toEqual(['text', 'text', 'prompt', 'text'])
  })

  test('keeps no more of an unfinished line than its limit', () => {
    const probe = new Probe('client', { maxLine: 10 })
    for (let i = 0; i < 1000; i++) probe.receive('0123456')
    probe.receive(IAC, GA)
    expect(probe.of('prompt')[0]!.text).toBe('4560123456')
  })

  test('tells its names in turn', () => {
    const probe = new Probe('client', { terminal: ['TEST', 'VT100'], mtts: 4 })
    probe.receive(IAC, DO, TTYPE, ...Array(4).fill(sub(TTYPE, 1)))
    expect(probe.sent()).toEqual(
      bytes(
        IAC,
        WILL,
        TTYPE,
        sub(TTYPE, 0, 'TEST'),
        sub(TTYPE, 0, 'VT100'),
        sub(TTYPE, 0, 'MTTS 4'),
        sub(TTYPE, 0, 'MTTS 4'),
      ),
    )
  })

  test('tells its window when asked and when it changes', () => {
    const probe = new Probe('client', { window: { width: 80, height: 24 } })
    probe.receive(IAC, DO, NAWS)
    expect(probe.sent()).toEqual(bytes(IAC, WILL, NAWS, sub(NAWS, 0, 80, 0, 24)))
    expect(probe.session.write({ naws: { width: 255, height: 50 } })).toBe(true)
    expect(probe.sent()).toEqual(bytes(IAC, SB, NAWS, 0, IAC, IAC, 0, 50, IAC, SE))
    const without = new Probe('client')
    without.receive(IAC, DO, NAWS)
    expect(without.sent()).toEqual(bytes(IAC, WONT, NAWS))
  })

  test('is told nothing of a window by its server', () => {
    const probe = new Probe('client', { window: { width: 80, height: 24 } })
    probe.receive(IAC, DO, NAWS, sub(NAWS, 0, 1, 0, 1))
    expect(probe.of('naws')).toEqual([])
  })

  test('is told the status of a server', () => {
    const probe = new Probe('client')
    probe.receive(IAC, WILL, MSSP, sub(MSSP, '\x01NAME\x02Realm'))
    expect(probe.of('mssp')).toEqual([{ type: 'mssp', values: { NAME: 'Realm' } }])
  })

  test('is told that its input is to be hidden', () => {
    const probe = new Probe('client')
    probe.receive(IAC, WILL, ECHO)
    expect(probe.events).toEqual([{ type: 'option', option: 'echo', side: 'remote', enabled: true }])
    expect(probe.session.write({ echo: false })).toBe(false)
  })

  test('refuses compression that it has no streams for', () => {
    const probe = new Probe('client')
    probe.receive(IAC, WILL, MCCP2, IAC, WILL, MCCP3, IAC, WILL, MCCP1)
    expect(probe.sent()).toEqual(bytes(IAC, DONT, MCCP2, IAC, DONT, MCCP3, IAC, DONT, MCCP1))
  })
})

describe('a server and a client', () => {
  test('agree on all that both can do', () => {
    const { server, client } = joined(
      { mssp: { NAME: 'Realm' } },
      { window: { width: 100, height: 40 }, terminal: ['UNISOCK', 'XTERM'], mtts: 13 },
    )
    server.session.start()
    client.session.start()
    expect(server.of('ttype')).toEqual([{ type: 'ttype', names: ['UNISOCK', 'XTERM'], mtts: 13 }])
    expect(server.of('naws')).toEqual([{ type: 'naws', width: 100, height: 40 }])
    expect(client.of('mssp')).toEqual([{ type: 'mssp', values: { NAME: 'Realm' } }])
    expect(server.of('charset')).toEqual([{ type: 'charset', charset: 'utf-8' }])
    expect(client.of('charset')).toEqual(server.of('charset'))
    for (const option of ['ttype', 'naws', 'charset', 'eor', 'mssp', 'msdp', 'gmcp'] as const) {
      expect(server.session.isEnabled(option)).toBe(true)
      expect(client.session.isEnabled(option)).toBe(true)
    }
  })

  test('exchange gmcp and msdp both ways', () => {
    const { server, client } = joined()
    server.session.start()
    expect(server.session.write({ gmcp: 'Room.Info', data: { id: 1, name: 'Hällen' } })).toBe(true)
    expect(client.session.write({ gmcp: 'Core.Ping' })).toBe(true)
    expect(client.of('gmcp')).toEqual([
      { type: 'gmcp', package: 'Room.Info', data: { id: 1, name: 'Hällen' } },
    ])
    expect(server.of('gmcp')).toEqual([{ type: 'gmcp', package: 'Core.Ping', data: undefined }])
    server.session.write({ msdp: { HEALTH: 10, GROUP: ['a', 'b'] } })
    client.session.write({ msdp: { LIST: 'COMMANDS' } })
    expect(client.of('msdp')).toEqual([{ type: 'msdp', values: { HEALTH: '10', GROUP: ['a', 'b'] } }])
    expect(server.of('msdp')).toEqual([{ type: 'msdp', values: { LIST: 'COMMANDS' } }])
  })

  test('turn an option off, and both are told', () => {
    const { server, client } = joined()
    server.session.start()
    client.session.write({ option: 'gmcp', enable: false })
    expect(server.of('option').at(-1)).toEqual({
      type: 'option',
      option: 'gmcp',
      side: 'local',
      enabled: false,
    })
    expect(client.of('option').at(-1)).toEqual({
      type: 'option',
      option: 'gmcp',
      side: 'remote',
      enabled: false,
    })
    expect(server.session.write({ gmcp: 'Core.Ping' })).toBe(false)
  })

  test('pass any text on, in any set', () => {
    fc.assert(
      fc.property(
        fc
          .array(fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('\r\n', '\n', '\r', 'ÿ', '漢')))
          .map(parts => parts.join('')),
        fc.constantFrom('utf-8' as const, 'latin1' as const),
        (text, charset) => {
          const { server, client } = joined({ charset }, { charset })
          server.session.write(text)
          const expected = text.replaceAll('\r\n', '\n')
          expect(client.texts().join('')).toBe(
            charset === 'utf-8' ? expected : expected.replaceAll(/[^\0-\xff]/gu, '?'),
          )
        },
      ),
    )
  })
})

describe('any stream', () => {
  /** Text that came in pieces as one. */
  function merged(events: TelnetEvent[], role: Role): TelnetEvent[] {
    if (role === 'server') return events
    const result: TelnetEvent[] = []
    for (const event of events) {
      const last = result.at(-1)
      if (event.type === 'text' && last?.type === 'text')
        result[result.length - 1] = { type: 'text', text: last.text + event.text }
      else result.push(event)
    }
    return result
  }

  const fragment = fc.oneof(
    fc.constantFrom(
      bytes(IAC),
      bytes(IAC, SB),
      bytes(IAC, SE),
      bytes(IAC, EC),
      bytes(IAC, GA),
      bytes('\r'),
      bytes('\n'),
      bytes('\r\n'),
      bytes(IAC, WILL, CHARSET),
      sub(CHARSET, '\x01;LATIN1'),
      sub(CHARSET, '\x01;UTF-8'),
      sub(TTYPE, 0, 'XTERM'),
      sub(TTYPE, 1),
      sub(NAWS, 0, 80, 0, 24),
      sub(GMCP, 'Core.Hello {"a":1}'),
      sub(MSDP, '\x01A\x02\x05\x02b\x06'),
      sub(MSSP, '\x01A\x02b'),
    ),
    fc
      .tuple(
        fc.constantFrom(WILL, WONT, DO, DONT),
        fc.constantFrom(ECHO, SGA, TTYPE, EOR_OPTION, NAWS, CHARSET, MSDP, MSSP, MCCP2, GMCP, 99),
      )
      .map(([verb, option]) => bytes(IAC, verb, option)),
    fc.string({ unit: 'grapheme' }).map(text => bytes(text)),
    fc.uint8Array({ maxLength: 4 }),
  )
  const stream = fc.array(fragment, { maxLength: 30 }).map(parts => bytes(...parts))
  const settings: TelnetSettings = {
    mssp: { A: 'b' },
    window: { width: 80, height: 24 },
    maxLine: 8,
    maxSubnegotiation: 40,
    accept: [99],
  }

  test.each(['server', 'client'] as const)('tells and sends a %s the same wherever it is cut', role => {
    fc.assert(
      fc.property(
        stream,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
        (whole, cuts) => {
          const one = new Probe(role, settings)
          one.session.start()
          one.session.receive(whole)
          const other = new Probe(role, settings)
          other.session.start()
          const at = cuts.map(cut => Math.round(cut * whole.length)).sort((a, b) => a - b)
          let from = 0
          for (const to of [...at, whole.length]) {
            other.session.receive(whole.subarray(from, to))
            from = to
          }
          expect(merged(other.events, role)).toEqual(merged(one.events, role))
          expect(other.sent()).toEqual(one.sent())
        },
      ),
      { numRuns: 1500 },
    )
  })

  test('of random bytes neither throws nor is kept', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 2000 }), noise => {
        const session = new TelnetSession('server', settings, {
          output: () => {},
          event: () => {},
          error: error => expect.unreachable(error.message),
        })
        for (let i = 0; i < 20; i++) expect(session.receive(noise)).toBe(true)
      }),
    )
  })

  test('of one endless line or subnegotiation keeps no more than the limits', () => {
    const probe = new Probe('server', { maxLine: 1024, maxSubnegotiation: 1024 })
    const chunk = Buffer.alloc(64 * 1024, 'x')
    let longest = 0
    probe.onEvent = () => {
      for (const { text } of probe.of('text')) longest = Math.max(longest, text.length)
      probe.events.length = 0
    }
    for (let i = 0; i < 16; i++) probe.session.receive(chunk)
    expect(longest).toBe(1024)
    probe.receive('\n', IAC, SB, GMCP)
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 1600; i++) probe.session.receive(chunk)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024)
    probe.receive(IAC, SE, 'still here\n')
    expect(probe.errors).toEqual([])
  })
})
