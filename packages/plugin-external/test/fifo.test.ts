import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Kernel } from '@unisock/kernel'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXTERNAL_BUFFER_SIZE, EXTERNAL_FIFO, EXTERNAL_TIMEOUT } from '../src/index.ts'
import { externalKernel, ISOLATIONS, opened, Scratch, until, workerPid } from './support/kernel.ts'

/** What can be read at once. */
function available(descriptor: number): Buffer {
  const buffer = Buffer.alloc(100_000)
  try {
    return buffer.subarray(0, readSync(descriptor, buffer))
  } catch (error) {
    expect(error).toMatchObject({ code: 'EAGAIN' })
    return Buffer.alloc(0)
  }
}

/** Somebody who opens the pipe, writes and goes. */
function writeOnce(path: string, text: string): void {
  const descriptor = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  writeSync(descriptor, text)
  closeSync(descriptor)
}

describe.each(ISOLATIONS)('a named pipe over %s', isolation => {
  let kernel: Kernel
  beforeAll(async () => {
    kernel = await externalKernel(isolation)
  })
  afterAll(() => kernel.close())

  test('is made by bind, for this user alone, and taken away by close', async () => {
    using scratch = new Scratch()
    const path = scratch.at('pipe')
    const { fd } = opened(kernel, EXTERNAL_FIFO)
    expect(await kernel.bind(fd, path)).toEqual({ address: path, port: 0, family: 'local' })
    expect(statSync(path).isFIFO()).toBe(true)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await kernel.close(fd)
    expect(() => lstatSync(path)).toThrow('ENOENT')
  })

  test('that is there is opened, and stays', async () => {
    using scratch = new Scratch()
    const path = scratch.at('pipe')
    execFileSync('mkfifo', [path])
    const { fd, messages } = opened(kernel, EXTERNAL_FIFO)
    await kernel.bind(fd, { path })
    writeOnce(path, 'there already')
    expect(await messages.next()).toEqual({
      event_type: 'data',
      data: Buffer.from('there already'),
      file_path: path,
    })
    await kernel.close(fd)
    expect(statSync(path).isFIFO()).toBe(true)
  })

  test('does not end when writers come and go', async () => {
    using scratch = new Scratch()
    const path = scratch.at('pipe')
    const { fd, messages } = opened(kernel, EXTERNAL_FIFO)
    await kernel.bind(fd, path)
    for (let i = 0; i < 5; i++) {
      writeOnce(path, `writer ${i}`)
      expect(String((await messages.next()).data)).toBe(`writer ${i}`)
    }
    expect(kernel.status(fd)).toMatchObject({ state: 'bound' })
    await kernel.close(fd)
  })

  test('is written from connect on, which waits for a reader', async () => {
    using scratch = new Scratch()
    const path = scratch.at('pipe')
    execFileSync('mkfifo', [path])
    const writer = opened(kernel, EXTERNAL_FIFO, [[EXTERNAL_BUFFER_SIZE, 65_536]])
    const connected = kernel.connect(writer.fd, path)
    kernel.write(writer.fd, 'written before anybody read')
    // As slow as a reader may be: those who open files meanwhile are not held up.
    for (let i = 0; i < 8; i++) await readFile('/etc/hostname')
    const reader = opened(kernel, EXTERNAL_FIFO)
    await kernel.bind(reader.fd, path)
    expect(await connected).toEqual({ address: path, port: 0, family: 'local' })
    expect(String((await reader.messages.next()).data)).toBe('written before anybody read')
    const much = Buffer.alloc(3_000_000, 'x')
    kernel.write(writer.fd, much)
    for (let bytes = 0; bytes < much.length; ) bytes += (await reader.messages.next()).data.length
    await kernel.close(writer.fd)
    await kernel.close(reader.fd)
  })

  test('ends a writer with EPIPE when its reader has gone', async () => {
    using scratch = new Scratch()
    const path = scratch.at('pipe')
    const reader = opened(kernel, EXTERNAL_FIFO)
    await kernel.bind(reader.fd, path)
    const writer = opened(kernel, EXTERNAL_FIFO)
    await kernel.connect(writer.fd, path)
    await kernel.close(reader.fd)
    kernel.write(writer.fd, 'to nobody')
    expect(await writer.closed.promise).toMatchObject({ code: 'EPIPE' })
  })

  test('is given what was written before it is closed or ended, however little and however late', async () => {
    using scratch = new Scratch()
    const path = scratch.at('pipe')
    execFileSync('mkfifo', [path])
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    for (const how of ['close', 'end'] as const) {
      const { fd, closed } = opened(kernel, EXTERNAL_FIFO)
      await kernel.connect(fd, path)
      // As much as the pipe holds, and a little that it does not.
      kernel.write(fd, Buffer.alloc(65_536))
      kernel.write(fd, 'the last of it')
      const over = how === 'close' ? kernel.close(fd) : closed.promise
      if (how === 'end') kernel.end(fd)
      let got = Buffer.alloc(0)
      await until(() => {
        got = Buffer.concat([got, available(reader)])
        return got.length === 65_550
      })
      expect(got.subarray(65_536).toString()).toBe('the last of it')
      expect(await over).toBeUndefined()
    }
    closeSync(reader)
  })

  test('waits for a reader no longer than it may, or than it is open', async () => {
    using scratch = new Scratch()
    const path = scratch.at('pipe')
    execFileSync('mkfifo', [path])
    const timed = opened(kernel, EXTERNAL_FIFO, [[EXTERNAL_TIMEOUT, 0.05]])
    await expect(kernel.connect(timed.fd, path)).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    const closed = opened(kernel, EXTERNAL_FIFO)
    const connecting = kernel.connect(closed.fd, path)
    connecting.catch(() => {})
    await kernel.close(closed.fd, { abort: true })
    await expect(connecting).rejects.toThrow()
  })

  test('is no other file, no link and no path that is none', async () => {
    using scratch = new Scratch()
    writeFileSync(scratch.at('file'), 'kept')
    mkdirSync(scratch.at('folder'))
    execFileSync('mkfifo', [scratch.at('pipe')])
    symlinkSync(scratch.at('pipe'), scratch.at('link'))
    const attempt = async (path: string) => {
      const { fd } = opened(kernel, EXTERNAL_FIFO)
      try {
        return await kernel.bind(fd, path)
      } finally {
        await kernel.close(fd)
      }
    }
    await expect(attempt(scratch.at('file'))).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(statSync(scratch.at('file')).size).toBe(4)
    await expect(attempt(scratch.at('folder'))).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await expect(attempt(scratch.at('link'))).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await expect(attempt(scratch.at('no', 'pipe'))).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(attempt('relative')).rejects.toMatchObject({ code: 'EBADADDR' })
    const { fd } = opened(kernel, EXTERNAL_FIFO)
    await expect(kernel.bind(fd, 0)).rejects.toMatchObject({ code: 'EBADADDR' })
    await expect(kernel.connect(fd, scratch.at('file'))).rejects.toMatchObject({ code: 'ENOTSUP' })
  })

  test('that is read is not written on the same way', async () => {
    using scratch = new Scratch()
    const { fd, errors } = opened(kernel, EXTERNAL_FIFO)
    kernel.write(fd, 'unbound')
    expect(await errors.next()).toMatchObject({ code: 'ENOTCONN' })
    await kernel.bind(fd, scratch.at('pipe'))
    kernel.write(fd, 'bound')
    expect(await errors.next()).toMatchObject({
      code: 'ENOTCONN',
      message: expect.stringContaining('connect'),
    })
    expect(() => kernel.write(fd, 7 as never)).toThrow(expect.objectContaining({ code: 'ETYPENOTSUPP' }))
    await kernel.close(fd)
  })

  test('is not read while nobody takes what it brings', async () => {
    using scratch = new Scratch()
    const path = scratch.at('pipe')
    const reader = opened(kernel, EXTERNAL_FIFO)
    await kernel.bind(reader.fd, path)
    kernel.pause(reader.fd)
    const writer = opened(kernel, EXTERNAL_FIFO)
    await kernel.connect(writer.fd, path)
    const chunk = Buffer.alloc(100_000)
    let sent = 0
    while (kernel.write(writer.fd, chunk)) {
      sent += chunk.length
      await new Promise(resolve => setImmediate(resolve))
    }
    expect(sent).toBeLessThan(4_000_000)
    kernel.resume(reader.fd)
    await writer.drained.next()
    await Promise.all([kernel.close(writer.fd, { abort: true }), kernel.close(reader.fd)])
  })
})

test('a pipe that a lost worker made is bound again by the next, and still taken away', async () => {
  using scratch = new Scratch()
  const path = scratch.at('pipe')
  await using kernel = await externalKernel('process', undefined, { restart: { initialDelay: 1 } })
  const { fd, messages } = opened(kernel, EXTERNAL_FIFO)
  await kernel.bind(fd, path)
  process.kill(await workerPid(kernel), 'SIGKILL')
  await until(() => kernel.metrics().workers.external!.restarts === 1)
  await until(() => {
    try {
      writeOnce(path, 'again')
      return true
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENXIO' })
      return false
    }
  })
  expect(String((await messages.next()).data)).toBe('again')
  await kernel.close(fd)
  expect(() => lstatSync(path)).toThrow('ENOENT')
})
