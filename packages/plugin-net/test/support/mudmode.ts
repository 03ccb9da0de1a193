/** Frames of the mudmode format as a FluffOS driver writes them. */
import { LpcClass } from '../../src/mudmode/index.ts'

/** A frame around bytes as they are: no NUL is added. */
export function frame(payload: string | Buffer): Buffer {
  const bytes = Buffer.from(payload as string)
  const header = Buffer.alloc(4)
  header.writeUInt32BE(bytes.length)
  return Buffer.concat([header, bytes])
}

/** Values and the payloads that a FluffOS driver sends for them. */
export const golden: [value: unknown, payload: string][] = [
  [0, '0\0'],
  [-1, '-1\0'],
  [9223372036854775807n, '9223372036854775807\0'],
  [-9223372036854775808n, '-9223372036854775808\0'],
  [0.5, '0.500000\0'],
  [-0.000001, '-0.000001\0'],
  ['', '""\0'],
  ['a"b', '"a\\"b"\0'],
  ['a\\b', '"a\\\\b"\0'],
  ['line1\nline2', '"line1\rline2"\0'],
  ['cr\rx', '"cr\\\rx"\0'],
  ['crlf\r\nx', '"crlf\\\r\rx"\0'],
  ['café 漢字 🐉', '"café 漢字 🐉"\0'],
  [[1, 2, 3], '({1,2,3,})\0'],
  [[], '({})\0'],
  [{}, '([])\0'],
  [{ k: 'v' }, '(["k":"v",])\0'],
  [new Map([[[1], 'arrkey']]), '([({1,}):"arrkey",])\0'],
  [new LpcClass([1, 'x', [1, 2]]), '(/1,"x",({1,2,}),/)\0'],
  [
    ['mudlist', 5, 'ProbeMUD', 0, '*i4', 0, { X: [-1, '127.0.0.1', 4000] }],
    '({"mudlist",5,"ProbeMUD",0,"*i4",0,(["X":({-1,"127.0.0.1",4000,}),]),})\0',
  ],
]
