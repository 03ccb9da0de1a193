import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import zlib from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type CompressionError,
  type CompressionSettings,
  Deflater,
  Inflater,
  type InflateSettings,
  isAlgorithmAvailable,
} from '../src/compression/index.ts'

const algorithms = (['zlib', 'zstd'] as const).filter(isAlgorithmAvailable)

/** Everything an Inflater tells, and a promise of how it ended. */
function inflater(settings: InflateSettings) {
  const chunks: Buffer[] = []
  const { promise: ended, resolve, reject } = Promise.withResolvers<Buffer>()
  let drained: (() => void) | undefined
  const stream = new Inflater(settings, {
    onData: chunk => chunks.push(chunk),
    onError: reject,
    onEnd: resolve,
    onDrain: () => drained?.(),
  })
  ended.catch(() => {})
  return {
    stream,
    ended,
    output: () => Buffer.concat(chunks),
    drain: () => new Promise<void>(done => (drained = done)),
  }
}

function deflater(settings: CompressionSettings) {
  const chunks: Buffer[] = []
  let arrived: (() => void) | undefined
  const stream = new Deflater(settings, {
    onData: chunk => {
      chunks.push(chunk)
      arrived?.()
    },
    onError: error => {
      throw error
    },
  })
  return {
    stream,
    chunks,
    output: () => Buffer.concat(chunks),
    arrival: () => new Promise<void>(done => (arrived = done)),
  }
}

function compress(settings: CompressionSettings, data: Uint8Array): Buffer {
  const { dictionary } = settings
  if (settings.algorithm === 'zstd')
    return zlib.zstdCompressSync(data, dictionary ? { dictionary: Buffer.from(dictionary) } : {})
  return zlib.deflateSync(data, { dictionary })
}

describe.each(algorithms)('%s', algorithm => {
  test('what is written comes out at the other end, in order and cut anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.string({ unit: 'grapheme' }), fc.uint8Array()), { maxLength: 20 }),
        fc.integer({ min: 1, max: 50 }),
        async (writes, size) => {
          const sender = deflater({ algorithm })
          for (const data of writes) sender.stream.write(data)
          await sender.stream.finish()
          const bytes = sender.output()
          const { stream, ended, output } = inflater({ algorithm })
          for (let at = 0; at < bytes.length; at += size) stream.write(bytes.subarray(at, at + size))
          stream.end()
          await ended
          expect(output()).toEqual(Buffer.concat(writes.map(data => Buffer.from(data as string))))
        },
      ),
      { numRuns: 40 },
    )
  })

  test('what is written in one turn is flushed as one, and can be read before the stream ends', async () => {
    const sender = deflater({ algorithm })
    const first = sender.arrival()
    for (const word of ['one ', 'two ', 'three']) sender.stream.write(word)
    expect(sender.chunks).toEqual([])
    await first
    const { stream, output } = inflater({ algorithm })
    using _ = stream
    const read = sender.output()
    stream.write(read)
    await expect.poll(() => output().toString()).toBe('one two three')
    const second = sender.arrival()
    sender.stream.write(' four')
    sender.stream.flush()
    await second
    stream.write(sender.output().subarray(read.length))
    await expect.poll(() => output().toString()).toBe('one two three four')
    sender.stream.destroy()
  })

  test('a stream cut off by its peer gives what came', async () => {
    const sender = deflater({ algorithm })
    const flushed = sender.arrival()
    sender.stream.write('said')
    await flushed
    const { stream, ended, output } = inflater({ algorithm })
    stream.write(sender.output())
    stream.end()
    expect(await ended).toHaveLength(0)
    expect(output().toString()).toBe('said')
    sender.stream.destroy()
  })

  test('both sides may share a dictionary', async () => {
    const dictionary = Buffer.from('the dragon of the northern mountains breathes fire')
    const text = 'the dragon of the northern mountains breathes fire'
    const sender = deflater({ algorithm, dictionary })
    sender.stream.write(text)
    await sender.stream.finish()
    expect(sender.output().length).toBeLessThan(text.length / 2)
    const { stream, ended, output } = inflater({ algorithm, dictionary })
    stream.write(sender.output())
    stream.end()
    await ended
    expect(output().toString()).toBe(text)
  })

  test('a chunk that becomes too much is an error, and little more than the limit was given out', async () => {
    const bomb = compress({ algorithm }, Buffer.alloc(8 * 1024 * 1024))
    const { stream, ended, output } = inflater({ algorithm, maxOutput: 1024 * 1024, maxRatio: Infinity })
    stream.write(bomb)
    await expect(ended).rejects.toMatchObject({ code: 'EPROTO' })
    expect(output().length).toBeLessThanOrEqual(1024 * 1024)
    expect(stream.write(bomb)).toBe(true)
  })

  test('a stream that becomes too many times its size is an error', async () => {
    const bomb = compress({ algorithm }, Buffer.alloc(8 * 1024 * 1024))
    const { stream, ended, output } = inflater({ algorithm, maxRatio: 50 })
    stream.write(bomb)
    await expect(ended).rejects.toMatchObject({ code: 'EPROTO' })
    expect(output().length).toBeLessThan(2 * 1024 * 1024)
  })

  test('what is small, or comes in chunks that each are within the limit, is no bomb', async () => {
    const small = inflater({ algorithm, maxRatio: 2 })
    small.stream.write(compress({ algorithm }, Buffer.alloc(500_000)))
    small.stream.end()
    await small.ended
    expect(small.output()).toHaveLength(500_000)
    const noise = randomBytes(100_000)
    const bytes = compress({ algorithm }, noise)
    const many = inflater({ algorithm, maxOutput: 90_000 })
    for (let at = 0; at < bytes.length; at += 10_000) many.stream.write(bytes.subarray(at, at + 10_000))
    many.stream.end()
    await many.ended
    expect(many.output()).toEqual(noise)
  })

  test('bytes that are no such stream are an error, told once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 8, maxLength: 100 }), async noise => {
        const errors: CompressionError[] = []
        const { promise, resolve } = Promise.withResolvers<void>()
        const stream = new Inflater(
          { algorithm },
          {
            onData: () => {},
            onError: error => {
              errors.push(error)
              resolve()
            },
            onEnd: () => resolve(),
          },
        )
        stream.write(Buffer.concat([Buffer.from('not compressed'), noise]))
        stream.write(Buffer.from('more'))
        stream.end()
        await promise
        expect(errors).toMatchObject([{ name: 'CompressionError', code: 'EPROTO' }])
      }),
      { numRuns: 30 },
    )
  })

  test('a paused reader gets nothing until it resumes, and the writer is told to wait', async () => {
    const noise = randomBytes(100_000)
    const { stream, ended, output } = inflater({ algorithm })
    stream.pause()
    expect(stream.write(compress({ algorithm }, noise))).toBe(false)
    stream.end()
    const other = inflater({ algorithm })
    other.stream.write(compress({ algorithm }, noise))
    other.stream.end()
    await other.ended
    expect(output()).toHaveLength(0)
    stream.resume()
    await ended
    expect(output()).toEqual(noise)
  })

  test('a slow decompressor tells when it has caught up', async () => {
    const noise = randomBytes(100_000)
    const { stream, ended, output, drain } = inflater({ algorithm })
    const drained = drain()
    expect(stream.write(compress({ algorithm }, noise))).toBe(false)
    await drained
    stream.end()
    await ended
    expect(output()).toEqual(noise)
  })

  test('a slow compressor tells when it has caught up', async () => {
    const { promise: drained, resolve } = Promise.withResolvers<void>()
    using stream = new Deflater({ algorithm }, { onData: () => {}, onError: () => {}, onDrain: resolve })
    expect(stream.write(Buffer.alloc(1000))).toBe(true)
    expect(stream.write(Buffer.alloc(1024 * 1024))).toBe(false)
    await drained
    expect(stream.write('x')).toBe(true)
  })

  test('finishing twice and destroying meanwhile resolve', async () => {
    const sender = deflater({ algorithm })
    sender.stream.write('x')
    const both = [sender.stream.finish(), sender.stream.finish()]
    sender.stream.destroy()
    await Promise.all(both)
    await sender.stream.finish()
    expect(sender.stream.write('late')).toBe(true)
  })
})

test('a setting out of range is an error of its own', () => {
  const handlers = { onData: () => {}, onError: () => {}, onEnd: () => {} }
  expect(() => new Deflater({ windowBits: 99 }, handlers)).toThrow(
    expect.objectContaining({ code: 'EINVAL' }),
  )
  expect(() => new Inflater({ windowBits: 99 }, handlers)).toThrow(
    expect.objectContaining({ code: 'EINVAL' }),
  )
  expect(() => new Deflater({ level: 99 }, handlers)).toThrow(expect.objectContaining({ code: 'EINVAL' }))
})

test('zlib streams of other programs are read, and ours by them', async () => {
  const { stream, ended, output } = inflater({ windowBits: 15 })
  const foreign = zlib.createDeflate({ level: 9 })
  foreign.on('data', chunk => stream.write(chunk))
  foreign.end('from elsewhere')
  await once(foreign, 'end')
  stream.end()
  await ended
  expect(output().toString()).toBe('from elsewhere')

  const sender = deflater({ windowBits: 12, memLevel: 5, level: 1 })
  sender.stream.write('to elsewhere')
  await sender.stream.finish()
  expect(zlib.inflateSync(sender.output()).toString()).toBe('to elsewhere')
})

test('bytes behind the end of a zlib stream are plain', async () => {
  const bytes = Buffer.concat([zlib.deflateSync(Buffer.from('packed')), Buffer.from('plain')])
  for (let cut = 0; cut <= bytes.length; cut++) {
    const { stream, ended, output } = inflater({})
    stream.write(bytes.subarray(0, cut))
    stream.write(bytes.subarray(cut))
    stream.write(Buffer.from(' text'))
    expect((await ended).toString()).toBe('plain text')
    expect(output().toString()).toBe('packed')
  }
})
