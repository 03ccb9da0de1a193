import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { COMMAND } from '../src/telnet/commands.ts'
import { TelnetParser } from '../src/telnet/parser.ts'
import { escapeIac, lineEnds, subnegotiation } from '../src/telnet/writer.ts'
import { bytes, DO, GA, IAC, NOP, SB, SE, WILL } from './support/telnet.ts'

type Part = ['data', string] | ['command', number] | ['option', number, number] | ['sub', number, string]

/** What a parser tells of chunks, adjacent text joined. */
function parse(chunks: Uint8Array[], maxSubnegotiation = 1000): Part[] {
  const parts: Part[] = []
  const parser = new TelnetParser(maxSubnegotiation, {
    data: run => {
      const last = parts.at(-1)
      if (last?.[0] === 'data') last[1] += run.toString('latin1')
      else parts.push(['data', run.toString('latin1')])
    },
    command: code => parts.push(['command', code]),
    negotiation: (verb, option) => parts.push(['option', verb, option]),
    subnegotiation: (option, payload) => {
      parts.push(['sub', option, payload.toString('latin1')])
      return false
    },
  })
  for (const chunk of chunks) expect(parser.push(Buffer.from(chunk))).toBe(chunk.length)
  return parts
}

describe('the parser', () => {
  test('tells text, commands, negotiation and subnegotiation apart', () => {
    expect(
      parse([bytes('a', IAC, NOP, 'b', IAC, WILL, 31, 'c', IAC, SB, 31, 'xy', IAC, SE, 'd', IAC, GA)]),
    ).toEqual([
      ['data', 'a'],
      ['command', NOP],
      ['data', 'b'],
      ['option', WILL, 31],
      ['data', 'c'],
      ['sub', 31, 'xy'],
      ['data', 'd'],
      ['command', GA],
    ])
  })

  test('IAC IAC is a byte 255, in text and in a subnegotiation', () => {
    expect(parse([bytes('a', IAC, IAC, 'b', IAC, SB, 1, IAC, IAC, IAC, SE)])).toEqual([
      ['data', 'a\xffb'],
      ['sub', 1, '\xff'],
    ])
  })

  test.each([
    ['a\r\nb', 'a\nb'],
    ['a\r\r\nb', 'a\nb'],
    ['a\nb', 'a\nb'],
    ['a\r\0b', 'a\rb'],
    ['a\rb', 'a\rb'],
    ['a\r\r\rb', 'a\rb'],
    ['\r\n\r\n', '\n\n'],
    ['a\r', 'a'],
  ])('the line ends of %j are read as %j', (sent, read) => {
    expect(parse([bytes(sent)])).toEqual([['data', read]])
  })

  test('a command between CR and LF does not part them', () => {
    expect(parse([bytes('a\r', IAC, NOP, '\nb')])).toEqual([
      ['data', 'a'],
      ['command', NOP],
      ['data', '\nb'],
    ])
    expect(parse([bytes('\r', IAC, IAC, 'x')])).toEqual([['data', '\r\xffx']])
  })

  test('text is not copied', () => {
    const chunk = bytes('plain text', IAC, NOP)
    let run: Buffer = Buffer.alloc(0)
    new TelnetParser(10, {
      data: data => (run = data),
      command: () => {},
      negotiation: () => {},
      subnegotiation: () => false,
    }).push(chunk)
    expect(run.buffer).toBe(chunk.buffer)
    expect(run.toString()).toBe('plain text')
  })

  test('a subnegotiation of the limit is told, a longer one is dropped, and the stream goes on', () => {
    expect(parse([subnegotiation(1, bytes('12345'))], 5)).toEqual([['sub', 1, '12345']])
    expect(parse([subnegotiation(1, bytes('123456')), bytes('on')], 5)).toEqual([['data', 'on']])
    expect(parse([bytes(IAC, SB, 1, '12345', IAC, IAC, IAC, SE, 'on')], 5)).toEqual([['data', 'on']])
  })

  test('a subnegotiation that ends with another command is dropped and the command counts', () => {
    expect(
      parse([bytes(IAC, SB, 1, 'lost', IAC, DO, 3, 'text', IAC, SB, 2, IAC, SB, 3, 'x', IAC, SE)]),
    ).toEqual([
      ['option', DO, 3],
      ['data', 'text'],
      ['sub', 3, 'x'],
    ])
  })

  test('stops behind a subnegotiation that its handler wants to be the last', () => {
    const parser = new TelnetParser(10, {
      data: () => expect.unreachable(),
      command: () => expect.unreachable(),
      negotiation: () => {},
      subnegotiation: () => true,
    })
    expect(parser.push(bytes(IAC, SB, 86, IAC, SE, 'rest'))).toBe(5)
  })
})

const soup = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(IAC, IAC, SB, SE, WILL, DO, GA, 13, 10, 0, 31, 255) },
      { weight: 1, arbitrary: fc.nat(255) },
    ),
    { maxLength: 60 },
  )
  .map(codes => Uint8Array.from(codes))

describe('any stream', () => {
  test('cut anywhere tells the same', () => {
    fc.assert(
      fc.property(soup, fc.array(fc.nat(60), { maxLength: 5 }), (stream, cuts) => {
        const at = [0, ...cuts.map(cut => Math.min(cut, stream.length)).sort((a, b) => a - b), stream.length]
        const chunks = at.slice(1).map((end, i) => stream.subarray(at[i], end))
        expect(parse(chunks, 20)).toEqual(parse([stream], 20))
      }),
      { numRuns: 2000 },
    )
  })

  test('of escaped bytes comes back as it was', () => {
    fc.assert(
      fc.property(
        fc.uint8Array().map(data => data.filter(code => code !== 13)),
        data => {
          const escaped = escapeIac(data)
          expect(parse([escaped])).toEqual(
            data.length === 0 ? [] : [['data', Buffer.from(data).toString('latin1')]],
          )
          expect(parse([subnegotiation(7, data)])).toEqual([['sub', 7, Buffer.from(data).toString('latin1')]])
        },
      ),
    )
  })

  test('of lines comes back with its line ends as LF', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', '\n', '\r\n', 'ÿ')), pieces => {
        const text = pieces.join('')
        const sent = escapeIac(Buffer.from(lineEnds(text), 'latin1'))
        expect(parse([sent])).toEqual(text === '' ? [] : [['data', text.replaceAll('\r\n', '\n')]])
      }),
    )
  })
})

describe('the writer', () => {
  test.each([
    ['plain', 'plain'],
    ['a\nb', 'a\r\nb'],
    ['a\r\nb', 'a\r\nb'],
    ['a\rb', 'a\r\0b'],
    ['\n\n', '\r\n\r\n'],
    ['a\r', 'a\r\0'],
  ])('sends the line ends of %j as %j', (text, sent) => {
    expect(lineEnds(text)).toBe(sent)
  })

  test('gives bytes without 255 back as they are', () => {
    const plain = bytes('plain')
    expect(escapeIac(plain)).toBe(plain)
    expect([...escapeIac(bytes(255, 1, 255, 255))]).toEqual([255, 255, 1, 255, 255, 255, 255])
  })

  test('frames a subnegotiation', () => {
    expect(subnegotiation(31, bytes(0, 80, 0, 255))).toEqual(
      bytes(COMMAND.IAC, COMMAND.SB, 31, 0, 80, 0, 255, 255, COMMAND.IAC, COMMAND.SE),
    )
  })
})
