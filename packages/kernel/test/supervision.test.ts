import { describe, expect, test } from 'vitest'
import { channels, type RestartEvent } from '../src/index.ts'
import { ECHO_CLIENT, ECHO_ROW, ECHO_SERVER, ECHO_UPPER, echo } from './fixtures/echo/index.ts'
import { echoKernel, ISOLATIONS, listening, peer, signal, until } from './support/resources.ts'

const QUICK = { initialDelay: 1, maxDelay: 5 }

describe.each(ISOLATIONS.filter(isolation => isolation !== 'inline'))('a %s worker', isolation => {
  test('that is killed under load: each connection ends once with EPLUGIN and the listener answers again', async () => {
    await using kernel = await echoKernel(isolation, { restart: QUICK })
    const ends = new Map<number, unknown[]>()
    let opened = 0
    const { server, addr } = await listening(kernel, {
      open: () => void opened++,
      message: (fd, data) => void kernel.write(fd, data),
      close: (fd, error) => void ends.set(fd, [...(ends.get(fd) ?? []), error]),
    })
    await kernel.setOption(server, ECHO_UPPER, true)
    const peers = await Promise.all(Array.from({ length: 20 }, () => peer(addr.port)))
    for (const each of peers) each.write('load')
    await Promise.all(peers.map(each => each.bytes(4)))
    const restarted = signal<RestartEvent>()
    const onRestart = (event: unknown): void => restarted.resolve(event as RestartEvent)
    channels.restart.subscribe(onRestart)
    for (const each of peers) each.write('more')
    peers[0]!.write('exit')
    const victim = kernel.status().find(row => row.listener !== undefined)!
    kernel.write(victim.fd as any, 'exit')
    await Promise.all(peers.map(each => each.ended()))
    expect(await restarted.promise).toMatchObject({ worker: 'echo', plugins: ['echo'], givenUp: false })
    channels.restart.unsubscribe(onRestart)
    await until(() => ends.size === opened)
    expect(opened).toBe(20)
    for (const errors of ends.values()) {
      expect(errors).toHaveLength(1)
      expect(errors[0]).toMatchObject({ code: 'EPLUGIN', retryable: true })
    }
    await until(() => kernel.metrics().workers.echo!.state === 'running')
    await kernel.query(server, ECHO_ROW)
    await using again = await peer(addr.port)
    again.write('back')
    expect((await again.bytes(4)).toString()).toBe('BACK')
    expect(kernel.status()).toHaveLength(2)
  })

  test('is given back its options, rows and functions', async () => {
    await using kernel = await echoKernel(isolation, { restart: QUICK })
    const got: string[] = []
    const { server, addr } = await listening(kernel)
    await kernel.setOption(server, ECHO_ROW, { name: 'a', handler: data => void got.push(`old ${data}`) })
    await kernel.setOption(server, ECHO_ROW, { name: 'b' })
    await kernel.setOption(server, ECHO_ROW, { name: 'a', handler: data => void got.push(`new ${data}`) })
    const client = kernel.create(ECHO_CLIENT, {})
    await kernel.request(client, 'keep')
    kernel.write(await connected(kernel, addr), 'exit')
    await until(() => kernel.metrics().workers.echo!.restarts === 1)
    expect(await kernel.query(server, ECHO_ROW)).toMatchObject({ rows: ['a', 'b'] })
    await using again = await peer(addr.port)
    again.write('a: x')
    await until(() => got.length === 1)
    expect(got).toEqual(['new a: x'])
  })

  test('that fails rejects what is pending; calls made meanwhile wait for the next one', async () => {
    await using kernel = await echoKernel(isolation, { restart: QUICK })
    const { server, addr } = await listening(kernel)
    const fd = await connected(kernel, addr)
    const other = kernel.create(ECHO_CLIENT, {})
    const pending = kernel.request(other, 'never')
    kernel.write(fd, 'exit')
    await expect(pending).rejects.toMatchObject({ code: 'EPLUGIN', fd: other })
    expect(kernel.metrics().workers.echo!.state).toBe('restarting')
    const made = kernel.create(ECHO_SERVER, {})
    const set = kernel.setOption(server, ECHO_ROW, { name: 'meanwhile' })
    const bound = kernel.bind(made, 0)
    await set
    expect((await bound).port).toBeGreaterThan(0)
    expect(await kernel.query(server, ECHO_ROW)).toMatchObject({ rows: ['meanwhile'] })
  })

  test('that fails more often than the intensity allows is given up, and the kernel lives', async () => {
    await using kernel = await echoKernel(isolation, { restart: { ...QUICK, intensity: 2 } })
    const closed = signal<Error | undefined>()
    const { server, addr } = await listening(kernel, { close: (_fd, error) => closed.resolve(error) })
    for (let failure = 1; failure <= 3; failure++) {
      kernel.write(await connected(kernel, addr), 'exit')
      await until(() => kernel.metrics().workers.echo!.restarts === failure)
      if (failure < 3) await kernel.query(server, ECHO_ROW)
    }
    expect(kernel.metrics().workers.echo!.state).toBe('failed')
    await until(() => kernel.status().length === 0)
    expect(() => kernel.create(ECHO_SERVER, {})).toThrow(/given up after 3 failures/)
    expect(kernel.lines.at(-1)?.message).toMatch(/given up/)
  })

  test('that throws outside any call is restarted, with its own error as the cause', async () => {
    await using kernel = await echoKernel(isolation, { restart: QUICK })
    const closed = signal<any>()
    const { addr } = await listening(kernel)
    const client = kernel.create(ECHO_CLIENT, { close: (_fd, error) => closed.resolve(error) })
    await kernel.connect(client, addr)
    kernel.write(client, 'crash')
    const error = await closed.promise
    expect(error).toMatchObject({ code: 'EPLUGIN', category: 'plugin' })
    if (isolation === 'thread') expect(error.message).toMatch(/told to crash/)
  })

  test('messages sent just before the end still arrive, then the end', async () => {
    await using kernel = await echoKernel(isolation, { restart: QUICK })
    const events: string[] = []
    const ended = signal()
    const { addr } = await listening(kernel, {
      open: fd => void kernel.write(fd, 'flood and exit'),
      message: (_fd, data) => void events.push(String(data)),
      close: () => {
        events.push('close')
        ended.resolve()
      },
    })
    await using client = await peer(addr.port)
    await ended.promise
    await client.ended()
    expect(events).toEqual([...Array.from({ length: 100 }, (_, i) => `last ${i}`), 'close'])
  })
})

test.each([0, 1, 20, 200])('a kernel may be closed %i turns into a restart of its worker', async turns => {
  await using kernel = await echoKernel('process', { restart: QUICK })
  const { workers } = await kernel.inspect()
  process.kill(workers[0]!.inside!.pid, 'SIGKILL')
  await until(() => kernel.metrics().workers.echo!.restarts === 1)
  for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve))
  await kernel.close()
  expect(kernel.metrics().workers.echo!.state).toBe('stopped')
})

test('two plugins share a worker when they name the same one, and must agree on its isolation', async () => {
  await using kernel = await echoKernel('thread', { plugins: [echo({ worker: 'web' })] })
  expect(Object.keys(kernel.metrics().workers)).toEqual(['web'])
})

test('a kernel whose fds have ended does not keep the process alive', async () => {
  const { spawn } = await import('node:child_process')
  const { once } = await import('node:events')
  const program = `
    const { createKernel } = await import(${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)})
    const { echo, ECHO_SERVER } = await import(${JSON.stringify(new URL('./fixtures/echo/index.ts', import.meta.url).href)})
    const kernel = await createKernel({ plugins: [echo({ isolation: process.argv[1] })] })
    const fd = kernel.create(ECHO_SERVER, {})
    await kernel.bind(fd, 0)
    await kernel.close(fd)
    console.log('done')`
  for (const isolation of ISOLATIONS) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, isolation], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [code] = await once(child, 'exit')
    expect(`${isolation} ${code}`).toBe(`${isolation} 0`)
  }
})

async function connected(kernel: any, addr: any) {
  const client = kernel.create(ECHO_CLIENT, {})
  await kernel.connect(client, addr)
  return client
}
