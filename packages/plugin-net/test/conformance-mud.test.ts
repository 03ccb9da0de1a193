/** FluffOS's mode 0, over the network: what a driver was seen to send, to read and to refuse. */
import type { Fd, Kernel } from '@unisock/kernel'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LpcFloat, MUD, type MudMessage, SO_MUD_FRAMING, SO_MUDMODE } from '../src/index.ts'
import { encode } from '../src/mudmode/index.ts'
import {
  dialling,
  Inbox,
  ISOLATIONS,
  netKernel,
  type OptionRow,
  plainPeer,
  serving,
} from './support/kernel.ts'
import { frame, golden } from './support/mudmode.ts'

const mudmode: OptionRow[] = [[SO_MUD_FRAMING, 'mudmode']]
const strict: OptionRow[] = [...mudmode, [SO_MUDMODE, { tolerant: false }]]

/** What is sent otherwise than it is read. */
const sentOnly: [value: unknown, payload: string][] = [
  [Math.PI, '3.141593\0'],
  [new LpcFloat(1.2), '1.200000\0'],
  [1e-100, '0.000000\0'],
  [undefined, '0\0'],
  [[{ constructor: Fake }, () => {}, 7], '({(["constructor":,]),,7,})\0'],
  [[new Date(), () => {}, 7], '({,,7,})\0'],
  [{ n: 5, o: new Date() }, '(["n":5,"o":,])\0'],
  [Buffer.from('top'), '\0'],
  [() => {}, '\0'],
]
function Fake(): void {}

/** What is read otherwise than it is sent; undefined is a frame that cannot be read. */
const readOnly: [payload: string | Buffer, value: unknown][] = [
  ['42\0', 42],
  ['42', 42],
  ['12abc\0', 12],
  ['({1,})x\0', [1]],
  ['({,})\0', [0]],
  ['([:5,])\0', new Map([[0, 5]])],
  ['"\\n"\0', 'n'],
  ['\0', 0],
  ['garbage\0', 0],
  [' 5\0', 0],
  ['nan\0', 0],
  ['#1\0', 0],
  ['(["a":1,"a":2,])\0', { a: 2 }],
  ['({1,2})\0', undefined],
  ['({1,\0', undefined],
  ['-\0', undefined],
  ['"unterminated\0', undefined],
  ['"x" \0', undefined],
  ['"a\0b"\0', undefined],
  [Buffer.from([0x22, 0xff, 0xfe, 0x22, 0]), undefined],
  ...['""x', '"\\', '"\\x\\', '"\\x"x', '-x', '"', '"\r', '"a\r\\', '"\\\r"x', '(/(/9'].map(
    payload => [payload, undefined] as [string, unknown],
  ),
  ...['([:0{({,])', '([:0a"\\,])', '([0a"\\:])', `${'({'.repeat(400)}${',})'.repeat(400).slice(1)}`].map(
    payload => [payload, undefined] as [string, unknown],
  ),
]

function nest(depth: number): unknown {
  return depth === 0 ? 1 : [nest(depth - 1)]
}

describe.each(ISOLATIONS)('mode 0 as FluffOS has it, over %s', isolation => {
  let kernel: Kernel
  beforeAll(async () => {
    kernel = await netKernel(isolation)
  })
  afterAll(() => kernel.close())

  async function receiving(options: OptionRow[] = strict) {
    const inbox = new Inbox<MudMessage>()
    const closed = Promise.withResolvers<Error | undefined>()
    const opened = Promise.withResolvers<Fd<any>>()
    const { addr } = await serving(
      kernel,
      MUD,
      {
        open: fd => opened.resolve(fd),
        message: (_fd, message) => inbox.put(message),
        close: (_fd, error) => closed.resolve(error),
      },
      options,
    )
    const peer = await plainPeer(addr)
    return {
      peer,
      send: (bytes: Buffer) => peer.socket.write(bytes),
      async next(): Promise<unknown> {
        const message = await inbox.next()
        if (message.type !== 'value') throw new Error(`a ${message.type} instead of a value`)
        return message.value
      },
      fd: await opened.promise,
      closed: closed.promise,
      [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
    }
  }

  test('the golden values are read from their bytes, several in one segment', async () => {
    await using end = await receiving()
    end.send(Buffer.concat(golden.map(([, payload]) => frame(payload))))
    for (const [value] of golden) expect(await end.next()).toEqual(value)
  })

  test('the golden values are sent as their bytes', async () => {
    await using end = await receiving()
    for (const [value, payload] of [...golden, ...sentOnly]) {
      expect(kernel.write(end.fd, { value })).toBe(true)
      const bytes = frame(payload)
      expect(String(await end.peer.take(bytes.length))).toBe(String(bytes))
    }
  })

  test('a frame may be split at any byte', async () => {
    await using end = await receiving()
    end.peer.socket.setNoDelay(true)
    const split = encode(['split', { at: 1 }])
    for (let cut = 1; cut < split.length; cut++) {
      end.send(split.subarray(0, cut))
      await new Promise(resolve => setImmediate(resolve))
      end.send(split.subarray(cut))
      expect(await end.next()).toEqual(['split', { at: 1 }])
    }
  })

  test('a malformed frame reads as undefined or 0, and the connection lives', async () => {
    await using end = await receiving()
    for (const [payload, value] of readOnly) {
      end.send(Buffer.concat([frame(payload), encode('alive')]))
      expect(await end.next(), `of ${payload}`).toEqual(value)
      expect(await end.next()).toBe('alive')
    }
  })

  test('an array of more than its size reads as undefined, and the connection lives', async () => {
    await using end = await receiving()
    end.send(Buffer.concat([frame(`({${'1,'.repeat(15_001)}})\0`), encode('alive')]))
    expect(await end.next()).toBeUndefined()
    expect(await end.next()).toBe('alive')
    end.send(frame(`({${'1,'.repeat(15_000)}})\0`))
    expect(await end.next()).toHaveLength(15_000)
  })

  test('a frame of the limit is read, one byte more ends the connection with close', async () => {
    const options: OptionRow[] = [...mudmode, [SO_MUDMODE, { maxFrame: 10_000 }]]
    await using end = await receiving(options)
    end.send(frame(`"${'x'.repeat(9997)}"\0`))
    expect(await end.next()).toHaveLength(9997)
    end.send(frame(`"${'x'.repeat(9998)}"\0`))
    expect(await end.closed).toMatchObject({ code: 'EPROTO' })
  })

  test.each([0, -1, -(2 ** 31)])('a length of %d ends the connection with close', async length => {
    await using end = await receiving()
    const head = Buffer.alloc(4)
    head.writeInt32BE(length)
    end.send(Buffer.concat([encode('before'), head]))
    expect(await end.next()).toBe('before')
    expect(await end.closed).toMatchObject({ code: 'EPROTO' })
  })

  test('a frame that its peer cuts off is nothing: the fd ends like any other', async () => {
    await using end = await receiving()
    end.peer.socket.end(encode('never whole').subarray(0, 9))
    expect(await end.closed).toBeUndefined()
  })

  test('100 levels go both ways, 101 are read and refused to be sent (-32), 102 and 10000 read as undefined', async () => {
    await using end = await receiving()
    const inbox = new Inbox<unknown>()
    const { addr } = await serving(
      kernel,
      MUD,
      { message: (_fd, message) => void (message.type === 'value' && inbox.put(message.value)) },
      strict,
    )
    const client = await dialling(kernel, MUD, addr, {}, strict)
    kernel.write(client, { value: nest(100) })
    expect(await inbox.next()).toEqual(nest(100))
    expect(() => kernel.write(client, { value: nest(101) })).toThrow(
      expect.objectContaining({ code: 'EBADDATA', errno: -32 }),
    )
    for (const [depth, value] of [
      [101, nest(101)],
      [102, undefined],
      [10_000, undefined],
    ] as const) {
      end.send(Buffer.concat([frame(`${'({'.repeat(depth)}1${',})'.repeat(depth)}\0`), encode('alive')]))
      expect(await end.next()).toEqual(value)
      expect(await end.next()).toBe('alive')
    }
  })

  test('a value that is none refuses the write, and sends nothing (-26, -32)', async () => {
    await using end = await receiving()
    for (const data of [7, true, ['x'], null, undefined])
      expect(() => kernel.write(end.fd, data as never)).toThrow(
        expect.objectContaining({ code: 'ETYPENOTSUPP', errno: -26 }),
      )
    for (const value of [Number.NaN, 'a\0b', { a: [Number.POSITIVE_INFINITY] }])
      expect(() => kernel.write(end.fd, { value })).toThrow(
        expect.objectContaining({ code: 'EBADDATA', errno: -32 }),
      )
    kernel.write(end.fd, { value: 'first' })
    expect(await end.peer.take(12)).toEqual(encode('first'))
  })
})
