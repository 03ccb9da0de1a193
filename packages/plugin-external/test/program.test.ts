import { readFileSync } from 'node:fs'
import { type Kernel, SO_HALF_OPEN } from '@unisock/kernel'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  EXTERNAL_ARGS,
  EXTERNAL_ASYNC,
  EXTERNAL_BUFFER_SIZE,
  EXTERNAL_COMMAND,
  EXTERNAL_ENV,
  EXTERNAL_EVENTFD,
  EXTERNAL_INHERIT,
  EXTERNAL_KILL_GRACE,
  EXTERNAL_SOCKETPAIR,
  EXTERNAL_TIMEOUT,
  EXTERNAL_WORKING_DIR,
} from '../src/index.ts'
import {
  externalKernel,
  ISOLATIONS,
  isThere,
  opened,
  PYTHON,
  Scratch,
  shell,
  textOf,
  until,
} from './support/kernel.ts'

const exits = (message: any): boolean => message.event_type === 'exit'

describe.each(ISOLATIONS)('a program over %s', isolation => {
  let kernel: Kernel
  beforeAll(async () => {
    kernel = await externalKernel(isolation)
  })
  afterAll(() => kernel.close())

  test('reads what is written, and its output and its errors are told apart', async () => {
    const { fd, messages, closed } = shell(kernel, 'cat; echo oops >&2')
    expect(await kernel.bind(fd, 0)).toMatchObject({ port: 0, family: 'local' })
    kernel.write(fd, 'hello ')
    kernel.write(fd, Buffer.from('there'))
    kernel.end(fd)
    const first = await messages.next()
    expect(first).toMatchObject({ event_type: 'stdout', process_id: expect.any(Number) })
    const told = [first, await messages.next()]
    while (!exits(told.at(-1))) told.push(await messages.next())
    const text = (event: string) =>
      told
        .map(message => ('data' in message && message.event_type === event ? String(message.data) : ''))
        .join('')
    expect([text('stdout'), text('stderr')]).toEqual(['hello there', 'oops\n'])
    expect(told.at(-1)).toEqual({ event_type: 'exit', process_id: first.process_id, exit_code: 0 })
    expect(await closed.promise).toBeUndefined()
  })

  test('that fails says how, in its last message and in the close', async () => {
    const failing = shell(kernel, 'exit 3')
    await kernel.connect(failing.fd)
    expect(await failing.messages.find(exits)).toMatchObject({ exit_code: 3 })
    expect(await failing.closed.promise).toMatchObject({ code: 'EEXIT', details: { exit_code: 3 } })
    const killed = shell(kernel, 'kill -9 $$')
    await kernel.bind(killed.fd, 0)
    const exit = await killed.messages.find(exits)
    expect(exit).toMatchObject({ signal_number: 9 })
    expect(exit).not.toHaveProperty('exit_code')
    expect(await killed.closed.promise).toMatchObject({
      code: 'EEXIT',
      details: { signal: 'SIGKILL', signal_number: 9 },
    })
  })

  test('has the arguments as they are, and an environment of nothing but what was given', async () => {
    const script = 'for a; do echo "[$a]"; done; tr "\\0" "\\n" < /proc/self/environ'
    const { fd, messages } = shell(kernel, '', [
      [EXTERNAL_ARGS, ['-c', script, 'sh', '$HOME; `id`', 'a  b', '']],
      [EXTERNAL_ENV, { ONLY: 'this', EMPTY: '' }],
    ])
    await kernel.bind(fd, 0)
    const text = await textOf(messages, 'stdout', text => text.includes('EMPTY') && text.includes('ONLY'))
    const lines = text.split('\n').filter(line => !/^(PWD|OLDPWD|SHLVL|_)=/.test(line))
    expect(lines.slice(0, 3)).toEqual(['[$HOME; `id`]', '[a  b]', '[]'])
    expect(lines.slice(3).filter(Boolean).sort()).toEqual(['EMPTY=', 'ONLY=this'])
  })

  test('runs in the directory it is given, else in the root', async () => {
    using scratch = new Scratch()
    const given = shell(kernel, 'pwd', [[EXTERNAL_WORKING_DIR, scratch.path]])
    await kernel.bind(given.fd, 0)
    expect(await textOf(given.messages, 'stdout', text => text.endsWith('\n'))).toBe(`${scratch.path}\n`)
    const plain = shell(kernel, 'pwd')
    await kernel.bind(plain.fd, 0)
    expect(await textOf(plain.messages, 'stdout', text => text.endsWith('\n'))).toBe('/\n')
  })

  test('takes no writes before it runs: the error says what to do', async () => {
    const { fd, errors } = shell(kernel, 'cat')
    kernel.write(fd, 'too early')
    expect(await errors.next()).toMatchObject({ code: 'ENOTCONN' })
    await kernel.close(fd)
  })

  test('is started once', async () => {
    const { fd } = shell(kernel, 'cat')
    await kernel.bind(fd, 0)
    await expect(kernel.bind(fd, 0)).rejects.toMatchObject({ code: 'EISBOUND' })
    const { fd: other } = shell(kernel, 'cat')
    await expect(kernel.bind(other, '/a/path')).rejects.toMatchObject({ code: 'EBADADDR' })
    await kernel.bind(other, 0)
    await Promise.all([kernel.close(fd), kernel.close(other)])
  })

  test('is ended with its whole group when its time is over; one that ignores SIGTERM is killed', async () => {
    const { fd, messages, closed } = shell(kernel, 'trap "" TERM; sleep 1000 & echo $$ $!; wait; wait', [
      [EXTERNAL_TIMEOUT, 0.7],
      [EXTERNAL_KILL_GRACE, 0.1],
    ])
    await kernel.bind(fd, 0)
    const pids = (await textOf(messages, 'stdout', text => text.endsWith('\n'))).trim().split(' ').map(Number)
    expect(await messages.find(exits)).toMatchObject({ signal_number: 9 })
    expect(await closed.promise).toMatchObject({ code: 'ETIMEDOUT', details: { signal: 'SIGKILL' } })
    await until(() => !pids.some(isThere))
  })

  test('that ends well at SIGTERM has timed out all the same', async () => {
    const { fd, messages, closed } = shell(kernel, 'trap "exit 0" TERM; while :; do sleep 0.02; done', [
      [EXTERNAL_TIMEOUT, 0.7],
    ])
    await kernel.bind(fd, 0)
    expect(await messages.find(exits)).toMatchObject({ exit_code: 0 })
    expect(await closed.promise).toMatchObject({ code: 'ETIMEDOUT', details: { exit_code: 0 } })
  })

  test('is asked to end when its socket is closed: by the end of its input, then by signals', async () => {
    using scratch = new Scratch()
    const file = scratch.at('end')
    const polite = shell(kernel, `cat; echo done > ${file}`)
    await kernel.bind(polite.fd, 0)
    await kernel.close(polite.fd)
    expect(readFileSync(file, 'utf8')).toBe('done\n')
    const deaf = shell(kernel, 'trap "" TERM; echo $$; while :; do sleep 1; done', [
      [EXTERNAL_KILL_GRACE, 0.05],
    ])
    await kernel.bind(deaf.fd, 0)
    const pid = Number(await textOf(deaf.messages, 'stdout', text => text.endsWith('\n')))
    await kernel.close(deaf.fd)
    expect(isThere(pid)).toBe(false)
    const aborted = shell(kernel, 'trap "" TERM; echo $$; while :; do sleep 1; done')
    await kernel.bind(aborted.fd, 0)
    const other = Number(await textOf(aborted.messages, 'stdout', text => text.endsWith('\n')))
    await kernel.close(aborted.fd, { abort: true })
    await until(() => !isThere(other))
  })

  test('that floods its output is held back while nobody takes it', async () => {
    const { fd, messages } = shell(kernel, 'head -c 20000000 /dev/zero')
    kernel.pause(fd)
    await kernel.bind(fd, 0)
    await until(() => kernel.status(fd)!.bytesIn >= 256 * 1024)
    const held = kernel.status(fd)!.bytesIn
    expect(held).toBeLessThan(2 * 1024 * 1024)
    kernel.resume(fd)
    let bytes = 0
    for (;;) {
      const message = await messages.next()
      if (message.event_type === 'exit') break
      bytes += message.data.length
    }
    expect(bytes).toBe(20_000_000)
  })

  test('that reads no more is told of as a broken pipe, and ends when it ends', async () => {
    const { fd, errors, messages } = shell(kernel, 'exec 0<&-; echo closed; sleep 0.2; exit 0')
    await kernel.bind(fd, 0)
    await textOf(messages, 'stdout', text => text.endsWith('\n'))
    kernel.write(fd, 'x')
    expect(await errors.next()).toMatchObject({ code: 'EPIPE' })
    expect(await messages.find(exits)).toMatchObject({ exit_code: 0 })
  })

  test('without EXTERNAL_ASYNC is over when bind resolves', async () => {
    const { fd, messages } = shell(kernel, 'cat; echo out; exit 0', [[EXTERNAL_ASYNC, false]])
    await kernel.bind(fd, 0)
    expect(await textOf(messages, 'stdout', text => text.endsWith('\n'))).toBe('out\n')
    expect(await messages.next()).toMatchObject({ event_type: 'exit', exit_code: 0 })
  })

  test('has an eventfd as a descriptor of its own', async () => {
    const signal = opened(kernel, EXTERNAL_EVENTFD)
    const { fd, messages } = shell(kernel, "printf '\\5\\0\\0\\0\\0\\0\\0\\0' >&3; ls /proc/self/fd", [
      [EXTERNAL_INHERIT, [signal.fd]],
    ])
    await kernel.bind(fd, 0)
    expect(await signal.messages.next()).toEqual({ event_type: 'signal', counter_value: 5 })
    await messages.find(exits)
    const wrong = shell(kernel, '', [[EXTERNAL_INHERIT, [fd]]])
    await expect(kernel.bind(wrong.fd, 0)).rejects.toMatchObject({ code: 'EINVAL' })
    await Promise.all([kernel.close(signal.fd), kernel.close(wrong.fd)])
  })

  test('takes what is written while its input is full, and says when it may go on', async () => {
    const { fd, messages, drained } = shell(kernel, 'read go; wc -c', [[EXTERNAL_BUFFER_SIZE, 8192]])
    await kernel.bind(fd, 0)
    const chunk = 'x'.repeat(100_000)
    let sent = 0
    while (kernel.write(fd, chunk)) sent += chunk.length
    sent += chunk.length
    kernel.write(fd, '\n')
    // The first line is long: the program takes it all, and what is behind it.
    await drained.next()
    kernel.write(fd, chunk)
    kernel.end(fd)
    expect(sent).toBeGreaterThan(100_000)
    expect((await textOf(messages, 'stdout', text => text.endsWith('\n'))).trim()).toBe(String(chunk.length))
  })
})

describe.runIf(PYTHON).each(ISOLATIONS)('a socketpair over %s', isolation => {
  let kernel: Kernel
  beforeAll(async () => {
    kernel = await externalKernel(isolation)
  })
  afterAll(() => kernel.close())

  const python = (script: string, options: [any, unknown][] = []) =>
    opened(kernel, EXTERNAL_SOCKETPAIR, [
      [EXTERNAL_COMMAND, PYTHON],
      [EXTERNAL_ARGS, ['-c', script]],
      ...options,
    ])
  const COUNT = `
import socket, sys
s = socket.socket(fileno=0)
s.sendall(b'first')
s.shutdown(socket.SHUT_WR)
n = 0
while True:
    b = s.recv(65536)
    if not b: break
    n += len(b)
sys.stderr.write(str(n))
sys.exit(4)`

  test('is one stream to and from the program, which may end its half first', async () => {
    const { fd, messages, ended, closed } = python(COUNT, [[SO_HALF_OPEN, true]])
    await kernel.bind(fd, 0)
    expect(await messages.next()).toMatchObject({ event_type: 'data', data: Buffer.from('first') })
    await ended.promise
    kernel.write(fd, 'x'.repeat(500_000))
    kernel.end(fd)
    expect(await messages.next()).toMatchObject({ event_type: 'stderr', data: Buffer.from('500000') })
    expect(await messages.next()).toMatchObject({ event_type: 'exit', exit_code: 4 })
    expect(await closed.promise).toMatchObject({ code: 'EEXIT' })
  })

  test('answers the end of the program’s half with its own, unless SO_HALF_OPEN says otherwise', async () => {
    const { fd, messages } = python(COUNT)
    await kernel.bind(fd, 0)
    expect(await messages.next()).toMatchObject({ event_type: 'data' })
    expect(await messages.next()).toMatchObject({ event_type: 'stderr', data: Buffer.from('0') })
    expect(await messages.next()).toMatchObject({ event_type: 'exit', exit_code: 4 })
  })

  test('may be ended by the owner first: the program still answers', async () => {
    const { fd, messages } = python(`
import socket
s = socket.socket(fileno=0)
n = 0
while True:
    b = s.recv(65536)
    if not b: break
    n += len(b)
s.sendall(b'%d after the end' % n)`)
    await kernel.bind(fd, 0)
    kernel.write(fd, 'x'.repeat(300_000))
    kernel.end(fd)
    expect(String(((await messages.next()) as any).data)).toBe('300000 after the end')
    expect(await messages.next()).toMatchObject({ event_type: 'exit', exit_code: 0 })
  })

  test('is the same socket at the program’s input and output, and a local one', async () => {
    const { fd, messages } = python(`
import os, socket, sys
same = os.fstat(0).st_ino == os.fstat(1).st_ino
s = socket.socket(fileno=0)
s.sendall(b'%d %d %d' % (same, s.family == socket.AF_UNIX, s.type == socket.SOCK_STREAM))`)
    await kernel.bind(fd, 0)
    expect(String(((await messages.next()) as any).data)).toBe('1 1 1')
    await messages.find(exits)
  })
})
