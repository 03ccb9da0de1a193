import { describe, expect, test } from 'vitest'
import { memoryLogger } from '../../../test/support/memory-logger.ts'
import { createKernel, HTTP_SERVER_MODE, SO_BACKLOG } from '../src/index.ts'
import { API_VERSION, defineMode, defineOption, definePlugin, type } from '../src/plugin/index.ts'
import { BROKEN_MODE, broken, workerAt } from './fixtures/broken/plugins.ts'
import { ECHO_CLIENT, ECHO_ROW, ECHO_SERVER, ECHO_UPPER, echo } from './fixtures/echo/index.ts'
import { echoKernel, listening, peer, signal, until } from './support/resources.ts'

describe('modes', () => {
  test('an unknown mode names what there is', async () => {
    await using kernel = await echoKernel('thread')
    expect(() => kernel.create(4711 as any, {})).toThrow(
      /mode 4711 is unknown; the kernel has ECHO_SERVER \(90\)/,
    )
  })

  test('a mode whose plugin was not chosen names the package to add', async () => {
    await using kernel = await echoKernel('thread')
    expect(() => kernel.create(24 as any, {})).toThrow(/@unisock\/plugin-rest: add it to createKernel/)
    expect(() => kernel.create(BROKEN_MODE, {})).toThrow(/BROKEN_MODE \(95\) is served by broken/)
  })

  test('handlers are checked by name and type', async () => {
    await using kernel = await echoKernel('thread')
    expect(() => kernel.create(ECHO_SERVER, { onMessage() {} } as any)).toThrow(/'onMessage' is no handler/)
    expect(() => kernel.create(ECHO_SERVER, { message: 5 } as any)).toThrow(/'message' is no function/)
  })
})

describe('options', () => {
  test('an unknown number lists the options the mode has', async () => {
    await using kernel = await echoKernel('thread')
    const fd = kernel.create(ECHO_SERVER, {})
    await expect(kernel.setOption(fd, 4711 as any, 1 as never)).rejects.toMatchObject({
      code: 'ENOPROTOOPT',
      fd,
      op: 'setOption',
      message: expect.stringMatching(/4711 is no option of ECHO_SERVER; it has .*ECHO_UPPER \(500\)/),
    })
  })

  test('a wrong value names the option, the path and what was expected', async () => {
    await using kernel = await echoKernel('thread')
    const fd = kernel.create(ECHO_SERVER, {})
    await expect(kernel.setOption(fd, ECHO_UPPER, 'yes' as any)).rejects.toThrow(
      'ECHO_UPPER (500): value must be boolean, got "yes"',
    )
    await expect(kernel.setOption(fd, ECHO_ROW, { name: 5 } as any)).rejects.toThrow(
      'ECHO_ROW (501): value.name must be string, got 5',
    )
    await expect(kernel.setOption(fd, ECHO_ROW, { name: 'a', extra: 1 } as any)).rejects.toThrow(
      "value must not have the key 'extra'",
    )
    expect(kernel.getOption(fd, ECHO_UPPER)).toBe(false)
  })

  test('what cannot cross is refused with its path', async () => {
    await using kernel = await echoKernel('thread')
    const fd = kernel.create(ECHO_SERVER, {})
    const refused = [
      [{ deep: [new Float64Array(2)] }, /value\.note\.deep\[0\] is a Float64Array/],
      [() => {}, /value\.note is a function/],
      [new (class Own {})(), /value\.note is an instance of Own/],
      [Symbol('s'), /value\.note is a symbol/],
    ] as const
    for (const [note, message] of refused)
      await expect(kernel.setOption(fd, ECHO_ROW, { name: 'a', note })).rejects.toThrow(message)
  })

  test('options of before-bind and read-only say so', async () => {
    await using kernel = await echoKernel('thread')
    const { server } = await listening(kernel)
    await expect(kernel.setOption(server, SO_BACKLOG, 5)).rejects.toThrow(/must be set before bind/)
    await expect(kernel.setOption(server, HTTP_SERVER_MODE as any, 1 as never)).rejects.toThrow(
      /150 is no option/,
    )
  })
})

describe('binding', () => {
  test('twice, before listen, out of range, in use', async () => {
    await using kernel = await echoKernel('thread')
    const { server, addr } = await listening(kernel)
    await expect(kernel.bind(server, 0)).rejects.toMatchObject({ code: 'EISBOUND' })
    await expect(kernel.listen(server)).rejects.toMatchObject({ code: 'EISLISTEN' })
    const other = kernel.create(ECHO_SERVER, {})
    await expect(kernel.listen(other)).rejects.toMatchObject({
      code: 'ENOADDR',
      message: /bind fd \d+ before listen/,
    })
    for (const port of [-1, 65536, 1.5, Number.NaN])
      await expect(kernel.bind(other, port)).rejects.toMatchObject({ code: 'EBADADDR' })
    await expect(kernel.bind(other, addr.port)).rejects.toMatchObject({
      code: 'EADDRINUSE',
      errno: -9,
      fd: other,
    })
    expect((await kernel.bind(other, 0)).port).not.toBe(addr.port)
  })

  test('a listen behind a failed bind fails with the same error, and the fd stays usable', async () => {
    await using kernel = await echoKernel('thread')
    const { addr } = await listening(kernel)
    const other = kernel.create(ECHO_SERVER, {})
    const [bound, listened] = await Promise.allSettled([kernel.bind(other, addr.port), kernel.listen(other)])
    expect(bound).toMatchObject({ reason: { code: 'EADDRINUSE' } })
    expect(listened).toMatchObject({ reason: { code: 'EADDRINUSE' } })
    await kernel.bind(other, 0)
    await kernel.listen(other)
  })

  test('a rejection nobody awaits goes to the error handler of its fd', async () => {
    await using kernel = await echoKernel('thread')
    const heard = signal<Error>()
    const fd = kernel.create(ECHO_SERVER, { error: (_fd, error) => heard.resolve(error) })
    void kernel.listen(fd)
    expect(await heard.promise).toMatchObject({ code: 'ENOADDR' })
  })
})

describe('writing', () => {
  test('to an ended fd is false, to a number never issued it throws', async () => {
    await using kernel = await echoKernel('thread')
    const { addr } = await listening(kernel)
    const client = kernel.create(ECHO_CLIENT, {})
    await kernel.connect(client, addr)
    await kernel.close(client)
    expect(kernel.write(client, 'x')).toBe(false)
    await kernel.close(client)
    for (const fd of [999, -1, 1.5, Number.NaN, 2 ** 40, '1' as any])
      expect(() => kernel.write(fd as any, 'x')).toThrow(expect.objectContaining({ code: 'EBADF' }))
  })

  test('to a listener throws, and what cannot cross throws to its writer and sends nothing', async () => {
    await using kernel = await echoKernel('thread')
    const opened = signal<any>()
    const { server, addr } = await listening(kernel, { open: fd => opened.resolve(fd) })
    expect(() => kernel.write(server as any, 'x' as never)).toThrow(/is a listener/)
    await using client = await peer(addr.port)
    const fd = await opened.promise
    expect(() => kernel.write(fd, ['fine', { bad: new Float32Array(1) }])).toThrow(/Float32Array/)
    expect(() => kernel.write(fd, () => {})).toThrow(/a function/)
    kernel.write(fd, 'good')
    expect((await client.bytes(4)).toString()).toBe('good')
  })

  test('fds are never given out twice', async () => {
    await using kernel = await echoKernel('thread')
    const seen = new Set<number>()
    const { addr } = await listening(kernel, { open: fd => void seen.add(fd) })
    for (let i = 0; i < 50; i++) {
      const client = kernel.create(ECHO_CLIENT, {})
      seen.add(client)
      await kernel.connect(client, addr)
      await kernel.close(client)
    }
    await until(() => seen.size >= 100)
    expect(seen.size).toBe(100)
  })
})

describe('plugins', () => {
  const start = (...plugins: any[]) => createKernel({ plugins, logger: memoryLogger() })

  test('two that overlap are refused, naming both', async () => {
    const other = broken({ name: 'other', ranges: { modes: [[94, 95]], options: [[590, 599]] } })
    await expect(start(echo(), other)).rejects.toMatchObject({
      code: 'ECONFLICT',
      message: 'plugins echo (modes 90-94) and other (modes 94-95) overlap',
    })
  })

  test('one given twice, or not called, is refused', async () => {
    await expect(start(echo(), echo())).rejects.toThrow('plugin echo is given twice')
    await expect(start(echo)).rejects.toThrow('plugins must be called')
  })

  test('a mode or option outside its ranges is refused', async () => {
    const modes = { ECHO_SERVER }
    await expect(start(broken({ modes }))).rejects.toThrow(/mode ECHO_SERVER \(90\) is outside its ranges/)
    const stray = defineOption({
      number: 500,
      name: 'STRAY',
      family: 'broken',
      schema: {},
      value: type<unknown>(),
    })
    await expect(start(echo(), broken({ options: { STRAY: stray } }))).rejects.toThrow(
      'option 500 is ECHO_UPPER of plugin echo and STRAY of plugin broken',
    )
    await expect(start(broken({ options: { STRAY: stray } }))).rejects.toThrow(
      /STRAY \(500\) is outside its ranges/,
    )
  })

  test('another API version is refused', async () => {
    await expect(start(broken({ apiVersion: API_VERSION + 1 }))).rejects.toThrow(
      /is written for plugin API 2; this kernel has 1/,
    )
  })

  test('a constant that no define made is refused when the plugin is defined', () => {
    expect(() => broken({ modes: { NOWHERE: 95 as any } })).toThrow(
      /mode NOWHERE \(95\) was not made by defineMode/,
    )
  })

  test.each(['thread', 'process', 'inline'] as const)(
    'over %s a worker that cannot be loaded says why',
    async isolation => {
      const plugin = (change: object) => ({ ...broken(change), settings: { isolation } })
      await expect(start(plugin({ worker: workerAt('missing') }))).rejects.toMatchObject({
        code: 'EPLUGINLOAD',
        message: expect.stringMatching(/broken.*missing.*cannot be loaded/s),
      })
      await expect(start(plugin({ worker: workerAt('throws') }))).rejects.toThrow(/thrown while loading/)
      await expect(start(plugin({ worker: workerAt('plain') }))).rejects.toThrow(
        /no default export made by defineWorker/,
      )
    },
  )
})

describe('a lying worker', () => {
  const lies = [
    ['an unknown op', [99, -1]],
    ['an fd never issued', [33, 5000, 'x']],
    ['an fd outside its block', [32, 7, 1, '127.0.0.1', 1, null, 'x']],
    ['an accept without a listener', [32, 32769, 1, '127.0.0.1', 1, null, 'x']],
    ['a credit that is none', [38, -1, -5]],
    ['an error that is none', [40, -1, 'oops']],
    ['functions that are none', [41, -1, 'oops']],
    ['garbage on the data port', ['garbage', 0]],
    ['garbage on the control port', ['garbage', 1]],
  ] as const

  test.each(lies)('%s ends it with EPLUGIN, and it is given up in the end', async (_name, frame) => {
    const logger = memoryLogger()
    const restart = { intensity: 1, initialDelay: 1 }
    await using kernel = await createKernel({ plugins: [broken(), echo()], logger, restart })
    const { server } = await listening(kernel as any)
    for (let round = 0; round < 2; round++) {
      const closed = signal<Error | undefined>()
      const fd = kernel.create(BROKEN_MODE, { close: (_fd, error) => closed.resolve(error) })
      void kernel.request(fd, [...frame]).catch(() => {})
      expect(await closed.promise).toMatchObject({ code: 'EPLUGIN' })
    }
    await until(() => kernel.metrics().workers.broken!.state === 'failed')
    expect(logger.lines.some(line => /broke the link protocol/.test(line.message))).toBe(true)
    expect(kernel.status(server)?.state).toBe('listening')
  })
})

test('a plugin may be defined with its own mode in the free range', async () => {
  const MODE = defineMode({
    number: 1000,
    name: 'OWN',
    package: 'own',
    family: 'own',
    kind: 'client',
    message: type<unknown>(),
    write: type<string>(),
  })
  const own = definePlugin({
    name: 'own',
    version: '1.0.0',
    apiVersion: API_VERSION,
    ranges: { modes: [[1000, 1009]], options: [[1000, 1099]] },
    modes: { OWN: MODE },
    options: {},
    worker: workerAt('liar'),
  })
  await using kernel = await createKernel({ plugins: [own()] })
  expect(kernel.status(kernel.create(MODE, {}))).toMatchObject({ mode: 'OWN', state: 'new', worker: 'own' })
})
