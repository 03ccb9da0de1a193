import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeMultipart } from '../src/client/multipart.ts'
import { MultipartParser } from '../src/core/upload/multipart-parser.ts'
import { boundaryOf, isForm, type PartHead, parsePartHead } from '../src/core/upload/part-head.ts'

interface Part extends PartHead {
  content: string
}

/** The parts of a form that arrives in pieces of some sizes. */
function parse(form: Buffer, boundary: string, sizes: readonly number[] = [], maxHeader = 8192): Part[] {
  const parts: Part[] = []
  const parser = new MultipartParser(boundary, maxHeader, {
    partBegin: head => void parts.push({ ...head, content: '' }),
    partData: data => {
      parts.at(-1)!.content += data.toString('latin1')
    },
    partEnd: () => {},
  })
  let at = 0
  for (let i = 0; at < form.length; i++) {
    const size = sizes.length > 0 ? sizes[i % sizes.length]! : form.length
    parser.push(form.subarray(at, at + size))
    at += size
  }
  parser.end()
  return parts
}

const form = (...lines: string[]) => Buffer.from(lines.join('\r\n'), 'utf8')
const A = 'Content-Disposition: form-data; name="a"'

describe('a form', () => {
  test('is its parts, however it is cut', () => {
    // Content that looks like delimiters, or the beginning of one.
    const piece = fc.constantFrom(
      '\r',
      '\n',
      '\r\n',
      '-',
      '--',
      '--b',
      '\r\n--',
      '\r\n--b',
      'x',
      'ABC',
      '\r\n--bo',
    )
    const content = fc.array(piece, { maxLength: 12 }).map(pieces => pieces.join(''))
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('a', 'b', '☃'), content), { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
        (parts, sizes) => {
          const lines = parts.flatMap(([name, text]) => [
            '--boundary',
            `Content-Disposition: form-data; name="${name}"`,
            '',
            text,
          ])
          const read = parse(form(...lines, '--boundary--', ''), 'boundary', sizes)
          expect(read.map(part => [part.name, part.content])).toEqual(parts)
        },
      ),
    )
  })

  test("of our own client's is read", () => {
    const names = fc.string({ unit: fc.constantFrom('a', '"', '\\', '%', ';', '☃', ' ', "'"), minLength: 1 })
    fc.assert(
      fc.property(names, names, fc.uint8Array(), (name, filename, body) => {
        const { type, body: sent } = encodeMultipart({ [`x${name}`]: { body, filename: `f${filename}` } })
        const [part] = parse(Buffer.from(sent as Uint8Array), boundaryOf(type))
        expect(part!.content).toBe(Buffer.from(body).toString('latin1'))
        expect(part!.filename).toBeDefined()
      }),
    )
  })

  test('is read or refused whatever it is, and never anything else', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .array(fc.constantFrom('--b', '\r\n', '--', A, ':', '\0', ' ', '"', ';', 'name='))
        .map(parts => Buffer.from(parts.join(''))),
    )
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 9 }), (data, size) => {
        try {
          parse(Buffer.from(data), 'b', [size], 64)
        } catch (error) {
          expect(error).toMatchObject({ status: expect.toBeOneOf([400, 413, 415]) })
        }
      }),
    )
  })

  test('may have no parts, parts without content, blanks behind a boundary, and something behind its end', () => {
    expect(parse(form('--b--'), 'b')).toEqual([])
    expect(parse(form('', '--b--', 'epilogue'), 'b')).toEqual([])
    const read = parse(form('--b \t', A, '', '', '--b', A, '', '--b--'), 'b', [1])
    expect(read.map(part => part.content)).toEqual(['', ''])
  })

  test.each([
    ['with a preamble', form('hello', '--b', A, '', 'x', '--b--'), 400],
    ['without its last boundary', form('--b', A, '', 'x', '--b'), 400],
    ['that stops in a header', form('--b', A), 400],
    ['that stops in a part', form('--b', A, '', 'x'), 400],
    ['of nothing', Buffer.alloc(0), 400],
    ['whose boundary goes on', form('--bc', A, '', 'x', '--b--'), 400],
    ['with a part without a name', form('--b', 'Content-Disposition: form-data', '', 'x', '--b--'), 400],
    ['with a part without a header', form('--b', '', 'x', '--b--'), 400],
    [
      'with a disposition that is none',
      form('--b', 'Content-Disposition: attachment; name=a', '', 'x', '--b--'),
      400,
    ],
    ['with a disposition twice', form('--b', A, A, '', 'x', '--b--'), 400],
    ['with a name twice', form('--b', `${A}; name="b"`, '', 'x', '--b--'), 400],
    [
      'with a folded header',
      form('--b', 'Content-Disposition: form-data;', ' name=a', '', 'x', '--b--'),
      400,
    ],
    ['with a NUL in a header', form('--b', `${A}\0`, '', 'x', '--b--'), 400],
    ['with a bare line break in a header', form('--b', `${A}\nX: y`, '', 'x', '--b--'), 400],
    [
      'with a header that is not UTF-8',
      Buffer.from(`--b\r\n${A.replace('a"', '\xff"')}\r\n\r\nx\r\n--b--`, 'latin1'),
      400,
    ],
    ['within a form', form('--b', A, 'Content-Type: multipart/mixed; boundary=c', '', 'x', '--b--'), 415],
    ['in base64', form('--b', A, 'Content-Transfer-Encoding: base64', '', 'eA==', '--b--'), 415],
    ['with a header over the limit', form('--b', `${A}; x="${'x'.repeat(9000)}"`, '', 'x', '--b--'), 413],
    ['with a header that never ends', form('--b', A, ...Array(2000).fill('X-Y: z')), 413],
  ])('%s is refused', (_title, data, status) => {
    for (const sizes of [[], [1], [7]])
      expect(() => parse(data, 'b', sizes)).toThrow(expect.objectContaining({ status }))
  })
})

describe('the name of a file', () => {
  const nameOf = (parameter: string) =>
    parsePartHead(`Content-Disposition: form-data; name="a"; ${parameter}`).filename

  test.each([
    ['filename="a b.txt"', 'a b.txt'],
    ['filename=plain', 'plain'],
    ['filename=""', ''],
    ['filename="../../etc/passwd"', 'passwd'],
    ['filename="C:\\dir\\file.txt"', 'file.txt'],
    ['filename=".."', ''],
    ['filename="a\\"b"', 'a"b'],
    ['filename="a%22b%0D%0A"', 'a"b'],
    ['filename="/"', ''],
    [`filename="${'x'.repeat(4000)}"`, 'x'.repeat(255)],
    ["filename*=UTF-8''%2e%2e%2fevil", undefined],
    ['filename="a"; filename*=UTF-8\'\'b', 'a'],
  ])('%s is %s', (parameter, name) => {
    expect(nameOf(parameter)).toBe(name)
  })

  test('says that the part is a file, whose type is not known unless it is said', () => {
    expect(parsePartHead(A)).toEqual({ name: 'a', filename: undefined, type: 'text/plain' })
    expect(parsePartHead(`${A}; filename="x"`).type).toBe('application/octet-stream')
    expect(parsePartHead(`${A}; filename="x"\r\nContent-Type: Image/PNG; a=b`).type).toBe('image/png')
  })
})

test.each([
  ['multipart/form-data; boundary=b', true],
  ['Multipart/Form-Data', true],
  ['multipart/form-data2; boundary=b', false],
  ['multipart/mixed; boundary=b', false],
  [undefined, false],
])('%s: a form is %s', (type, is) => {
  expect(isForm(type)).toBe(is)
})

test.each([
  ['multipart/form-data', undefined],
  ['multipart/form-data; boundary=', undefined],
  [`multipart/form-data; boundary=${'x'.repeat(71)}`, undefined],
  ['multipart/form-data; boundary="a b "', undefined],
  ['multipart/form-data; charset=utf-8; boundary="a b"', 'a b'],
  ['multipart/form-data; Boundary=----WebKitFormBoundaryAbC1', '----WebKitFormBoundaryAbC1'],
])('the boundary of %s is %s', (type, boundary) => {
  if (boundary === undefined) expect(() => boundaryOf(type)).toThrow(expect.objectContaining({ status: 400 }))
  else expect(boundaryOf(type)).toBe(boundary)
})
