import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chooseCharset, decodeCharset, encodeCharsetRequest } from '../src/telnet/charset.ts'
import { encodeText, TextDecoding } from '../src/telnet/charsets.ts'
import { decodeGmcp, encodeGmcp } from '../src/telnet/gmcp.ts'
import { LineEditor } from '../src/telnet/line-editor.ts'
import { decodeMsdp, encodeMsdp, type MsdpValue } from '../src/telnet/msdp.ts'
import { decodeMssp, encodeMssp } from '../src/telnet/mssp.ts'
import { decodeNaws, encodeNaws } from '../src/telnet/naws.ts'
import { TerminalTypeAnswer, TerminalTypeQuery } from '../src/telnet/ttype.ts'
import { bytes } from './support/telnet.ts'

describe('naws', () => {
  test('is two numbers of 16 bits', () => {
    expect([...encodeNaws({ width: 300, height: 24 })]).toEqual([1, 44, 0, 24])
    expect(decodeNaws(bytes(1, 44, 0, 24))).toEqual({ width: 300, height: 24 })
    expect(decodeNaws(bytes(1, 44, 0))).toBeUndefined()
  })

  test('keeps a size within its range', () => {
    expect(decodeNaws(encodeNaws({ width: 70_000, height: -1 }))).toEqual({ width: 65_535, height: 0 })
    expect(decodeNaws(encodeNaws({ width: Number.NaN, height: 9.9 }))).toEqual({ width: 0, height: 9 })
  })
})

describe('terminal type', () => {
  const is = (name: string) => bytes(0, name)

  test('an MTTS client tells its name, its terminal and its bits', () => {
    const query = new TerminalTypeQuery()
    expect(query.receive(is('TINTIN++'))).toBe('more')
    expect(query.receive(is('XTERM-256COLOR'))).toBe('more')
    expect(query.receive(is('MTTS 2831'))).toEqual({ names: ['TINTIN++', 'XTERM-256COLOR'], mtts: 2831 })
  })

  test('a client that repeats its last name has told all', () => {
    const query = new TerminalTypeQuery()
    expect(query.receive(is('XTERM'))).toBe('more')
    expect(query.receive(is('XTERM'))).toEqual({ names: ['XTERM'], mtts: 0 })
  })

  test('a client that begins again has told all', () => {
    const query = new TerminalTypeQuery()
    expect(query.receive(is('A'))).toBe('more')
    expect(query.receive(is('B'))).toBe('more')
    expect(query.receive(is('A'))).toEqual({ names: ['A', 'B'], mtts: 0 })
  })

  test('a client that never repeats is asked no more after some answers', () => {
    const query = new TerminalTypeQuery()
    let asked = 0
    while (query.receive(is(`T${asked}`)) === 'more') asked++
    expect(asked).toBe(15)
  })

  test('what is no answer is none', () => {
    expect(new TerminalTypeQuery().receive(bytes(1))).toBeUndefined()
    expect(new TerminalTypeQuery().receive(bytes())).toBeUndefined()
  })

  test('our answers end with the last one twice, then begin again', () => {
    const answer = new TerminalTypeAnswer(['UNISOCK', 'XTERM'], 5)
    const names = Array.from({ length: 6 }, () => answer.receive(bytes(1))?.toString('latin1', 1))
    expect(names).toEqual(['UNISOCK', 'XTERM', 'MTTS 5', 'MTTS 5', 'UNISOCK', 'XTERM'])
    expect(answer.receive(bytes(0))).toBeUndefined()
  })

  test('each side understands the other', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.stringMatching(/^[A-Z0-9-]{1,20}$/), { minLength: 1, maxLength: 10 }),
        fc.nat(4095),
        (names, mtts) => {
          const query = new TerminalTypeQuery()
          const answer = new TerminalTypeAnswer(names, mtts)
          let told = query.receive(answer.receive(bytes(1))!)
          while (told === 'more') told = query.receive(answer.receive(bytes(1))!)
          expect(told).toEqual({ names, mtts })
        },
      ),
    )
  })
})

describe('charset', () => {
  test('a request lists names behind a separator of its choice', () => {
    expect(encodeCharsetRequest(['utf-8', 'latin1']).toString()).toBe('\x01;UTF-8;ISO-8859-1')
    expect(decodeCharset(bytes('\x01 UTF-8 US-ASCII'))).toEqual({
      type: 'request',
      names: ['UTF-8', 'US-ASCII'],
    })
    expect(decodeCharset(bytes('\x01[TTABLE]\x01;UTF-8'))).toEqual({ type: 'request', names: ['UTF-8'] })
  })

  test('a request of one name may lack its separator', () => {
    expect(decodeCharset(bytes('\x01UTF-8'))).toEqual({ type: 'request', names: ['UTF-8'] })
  })

  test('the first name that is known and wanted is chosen, in the spelling it came in', () => {
    expect(chooseCharset(['KOI8-R', 'utf-8', 'ASCII'], ['utf-8'])).toEqual({
      name: 'utf-8',
      charset: 'utf-8',
    })
    expect(chooseCharset(['Latin1', 'UTF-8'], ['utf-8', 'latin1'])).toEqual({
      name: 'Latin1',
      charset: 'latin1',
    })
    expect(chooseCharset(['constructor', ''], ['utf-8'])).toBeUndefined()
  })

  test('an answer is a set, a refusal or nothing', () => {
    expect(decodeCharset(bytes('\x02ISO-8859-1'))).toEqual({ type: 'accepted', charset: 'latin1' })
    expect(decodeCharset(bytes('\x02EBCDIC'))).toEqual({ type: 'accepted', charset: undefined })
    expect(decodeCharset(bytes('\x03'))).toEqual({ type: 'rejected' })
    expect(decodeCharset(bytes('\x04table'))).toEqual({ type: 'ttable' })
    expect(decodeCharset(bytes('\x09'))).toBeUndefined()
    expect(decodeCharset(bytes())).toBeUndefined()
  })

  test('characters that a set lacks are sent as ?', () => {
    expect(encodeText('aéÿ漢🐉', 'latin1')).toEqual(Buffer.from('aéÿ??', 'latin1'))
    expect(encodeText('aé🐉', 'ascii').toString()).toBe('a??')
    expect(encodeText('é🐉', 'utf-8').toString()).toBe('é🐉')
  })

  test.each([
    ['utf-8', bytes(0x61, 0xff, 0xc3), 'a\ufffd\ufffd'],
    ['latin1', bytes(0x61, 0xff), 'aÿ'],
    ['ascii', bytes(0x61, 0xff, 0x62), 'a\ufffdb'],
  ] as const)('%s reads what is no character as U+FFFD', (charset, sent, text) => {
    const decoding = new TextDecoding(charset)
    expect(decoding.write(sent) + decoding.end()).toBe(text)
  })

  test('UTF-8 cut anywhere reads the same', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ unit: 'grapheme' }), fc.uint8Array({ maxLength: 4 }))),
        fc.nat(40),
        (parts, cut) => {
          const whole = bytes(...parts)
          const decoding = new TextDecoding('utf-8')
          const text = decoding.write(whole.subarray(0, cut)) + decoding.write(whole.subarray(cut))
          expect(text + decoding.end()).toBe(whole.toString())
        },
      ),
      { numRuns: 1000 },
    )
  })
})

describe('gmcp', () => {
  test('is a name and JSON', () => {
    expect(encodeGmcp('Room.Info', { id: 1 }).toString()).toBe('Room.Info {"id":1}')
    expect(encodeGmcp('Core.Ping').toString()).toBe('Core.Ping')
    expect(decodeGmcp(bytes('Core.Hello {"client":"x"}'))).toEqual({
      package: 'Core.Hello',
      data: { client: 'x' },
    })
    expect(decodeGmcp(bytes('Core.Ping'))).toEqual({ package: 'Core.Ping', data: undefined })
    expect(decodeGmcp(bytes('Core.Ping '))).toEqual({ package: 'Core.Ping', data: undefined })
    expect(decodeGmcp(bytes(''))).toBeUndefined()
  })

  test('text that is no JSON is handed on as malformed', () => {
    expect(decodeGmcp(bytes('Char.Login {broken'))).toEqual({
      package: 'Char.Login',
      data: undefined,
      malformed: '{broken',
    })
  })

  test('64 levels are read, more are malformed; brackets in a string do not count', () => {
    const nest = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    expect(decodeGmcp(bytes(`A ${nest(64)}`))).not.toHaveProperty('malformed')
    expect(decodeGmcp(bytes(`A ${nest(65)}`))).toHaveProperty('malformed')
    expect(decodeGmcp(bytes(`A ${'['.repeat(30_000)}`))).toHaveProperty('malformed')
    const text = `\\"${'['.repeat(100)}`
    expect(decodeGmcp(bytes(`A ${JSON.stringify(text)}`))).toEqual({ package: 'A', data: text })
  })

  test('a package with a space, and data that is no JSON, are refused', () => {
    expect(() => encodeGmcp('a b', 1)).toThrow(TypeError)
    expect(() => encodeGmcp('', 1)).toThrow(TypeError)
    expect(() => encodeGmcp('a', 1n)).toThrow(TypeError)
  })

  test('comes back as it was, and never throws on what comes', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z.]{1,20}$/), fc.jsonValue({ maxDepth: 5 }), (name, data) => {
        expect(decodeGmcp(encodeGmcp(name, data))).toEqual({
          package: name,
          data: JSON.parse(JSON.stringify(data)),
        })
      }),
    )
    fc.assert(fc.property(fc.uint8Array(), noise => void decodeGmcp(Buffer.from(noise))))
  })
})

describe('mssp', () => {
  test('is variables with one value or several', () => {
    const payload = encodeMssp({ NAME: 'Realm', PLAYERS: 7, PORT: [4000, 4001], ANSI: true })
    expect(payload.toString()).toBe('\x01NAME\x02Realm\x01PLAYERS\x027\x01PORT\x024000\x024001\x01ANSI\x021')
    expect(decodeMssp(payload)).toEqual({ NAME: 'Realm', PLAYERS: '7', PORT: ['4000', '4001'], ANSI: '1' })
  })

  test('marks within text are left out', () => {
    expect(encodeMssp({ 'A\x01': 'b\x02\0c' }).toString()).toBe('\x01A\x02bc')
  })

  test('values without a name are not told', () => {
    expect(decodeMssp(bytes('x\x02lost\x01A\x021'))).toEqual({ A: '1' })
    expect(Object.keys(decodeMssp(bytes('\x01__proto__\x02x')))).toEqual(['__proto__'])
  })
})

describe('msdp', () => {
  test('has text, arrays and tables within each other', () => {
    const values = { HEALTH: 100, ROOM: { NAME: 'Hall', EXITS: ['n', 's'], LIT: true } }
    const payload = encodeMsdp(values)
    expect(payload.toString()).toBe(
      '\x01HEALTH\x02100\x01ROOM\x02\x03\x01NAME\x02Hall\x01EXITS\x02\x05\x02n\x02s\x06\x01LIT\x021\x04',
    )
    expect(decodeMsdp(payload)).toEqual({
      HEALTH: '100',
      ROOM: { NAME: 'Hall', EXITS: ['n', 's'], LIT: '1' },
    })
  })

  test('a variable with several values is an array, one without is empty text', () => {
    expect(decodeMsdp(bytes('\x01REPORT\x02HEALTH\x02MANA\x01X'))).toEqual({
      REPORT: ['HEALTH', 'MANA'],
      X: '',
    })
  })

  test.each(['x', '\x01A\x02\x05\x02b', '\x01A\x02\x03\x01B\x02c\x06', '\x01A\x02\x06', '\x04'])(
    '%j is malformed',
    text => {
      expect(decodeMsdp(bytes(text))).toBeUndefined()
    },
  )

  test('what is nested too deep is malformed, and refused when sent', () => {
    expect(decodeMsdp(bytes('\x01A', '\x02\x05'.repeat(32), '\x06'.repeat(32)))).toBeDefined()
    expect(decodeMsdp(bytes('\x01A', '\x02\x05'.repeat(33), '\x06'.repeat(33)))).toBeUndefined()
    expect(decodeMsdp(bytes('\x01A', '\x02\x05'.repeat(30_000)))).toBeUndefined()
    const cycle: any = {}
    cycle.self = cycle
    expect(() => encodeMsdp(cycle)).toThrow(TypeError)
    expect(() => encodeMsdp({ HEALTH: null as never })).toThrow('MSDP has no null')
  })

  test('comes back as it was, and never throws on what comes', () => {
    const text = fc.string().map(raw => raw.toWellFormed())
    const { any } = fc.letrec<{ any: MsdpValue; list: MsdpValue[]; table: Record<string, MsdpValue> }>(
      tie => ({
        any: fc.oneof({ depthSize: 'small' }, text, tie('list'), tie('table')),
        list: fc.array(tie('any'), { maxLength: 4 }),
        table: fc.dictionary(text, tie('any'), { maxKeys: 4 }),
      }),
    )
    fc.assert(
      fc.property(any, value => {
        expect(decodeMsdp(encodeMsdp({ VALUE: value }))).toEqual({ VALUE: value })
      }),
    )
    const marks = fc.array(fc.nat(7), { maxLength: 40 }).map(codes => Buffer.from(codes))
    fc.assert(fc.property(marks, noise => void decodeMsdp(noise)))
  })
})

describe('lines', () => {
  function edit(maxLine: number, ...texts: string[]): string[] {
    const lines: string[] = []
    const editor = new LineEditor(maxLine, line => lines.push(line))
    for (const text of texts) editor.write(text)
    editor.end()
    return lines
  }

  test('end at LF and CR, empty ones are lines', () => {
    expect(edit(100, 'a\nb\r\nc')).toEqual(['a', 'b', '', 'c'])
  })

  test('backspace and delete take a character away, a surrogate pair as one', () => {
    expect(edit(100, 'ab\bc\x7fd\n')).toEqual(['ad'])
    expect(edit(100, 'a🐉\bb\n')).toEqual(['ab'])
    expect(edit(100, '\b\x7fx\n')).toEqual(['x'])
  })

  test('NUL is no character', () => {
    expect(edit(100, 'a\0b\n')).toEqual(['ab'])
  })

  test('longer lines come in pieces, never within a character', () => {
    expect(edit(4, 'abcdefghij\n')).toEqual(['abcd', 'efgh', 'ij'])
    expect(edit(4, 'abcd\n')).toEqual(['abcd'])
    expect(edit(4, 'abc🐉d\n')).toEqual(['abc', '🐉d'])
    expect(edit(1, '🐉🐉\n')).toEqual(['🐉', '🐉'])
  })

  test('are the same wherever the text is cut', () => {
    const text = fc.array(fc.constantFrom('a', '🐉', '\n', '\b', '\0', 'é')).map(parts => parts)
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 6 }), (parts, max) => {
        expect(edit(max, ...parts)).toEqual(edit(max, parts.join('')))
      }),
      { numRuns: 1000 },
    )
  })
})
