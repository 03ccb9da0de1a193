import { once } from 'node:events'
import {
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Inbox } from '../../../test/support/inbox.ts'
import { memoryLogger } from '../../../test/support/memory-logger.ts'
import { createKernel, type Isolation } from '../src/index.ts'
import { checkRequest } from '../src/spawn/check-request.ts'
import type { SpawnRequest } from '../src/spawn/child.ts'
import { descendants, lives, processId } from '../src/spawn/descendants.ts'
import { fileIdentity } from '../src/spawn/identity.ts'
import { ProcessHost } from '../src/spawn/process-host.ts'
import { RUNNER, type Run, type RunnerCall, runner, UNRUNNER } from './fixtures/runner/index.ts'
import { watchLaunches } from './support/launches.ts'
import { isThere } from './support/processes.ts'
import { ISOLATIONS, until } from './support/resources.ts'

const SH = '/bin/sh'
const sh = (script: string, request: Partial<SpawnRequest> = {}): SpawnRequest => ({
  file: SH,
  args: ['-c', script],
  stdio: [0, 1, 1],
  ...request,
})

async function runnerKernel(isolation: Isolation, config: unknown = null) {
  const logger = memoryLogger()
  const plugin = runner({ isolation }, config)
  const restart = { initialDelay: 1, maxDelay: 5 }
  const kernel = await createKernel({ plugins: [plugin], logger, restart })
  const open = () => {
    const told = new Inbox<Run>()
    const closed = Promise.withResolvers<any>()
    const fd = kernel.create(RUNNER, {
      message: (_fd, message) => told.put(message),
      close: (_fd, error) => closed.resolve(error),
    })
    const ask = (call: RunnerCall): Promise<any> => kernel.request(fd, call)
    return {
      fd,
      told,
      closed: closed.promise,
      ask,
      run: (request: SpawnRequest) => ask({ run: request }),
    }
  }
  return Object.assign(kernel, { open, plugin, lines: logger.lines })
}

/** What a child says on a stream, up to the end of a line. Its end and what it said go different ways: either may come first. */
async function line(told: Inbox<Run>, stream = 1): Promise<string> {
  const ends: Run[] = []
  let text = ''
  while (!text.endsWith('\n')) {
    const said = await told.next()
    if (!('text' in said)) ends.push(said)
    else if (said.stream === stream) text += said.text
  }
  for (const end of ends) told.put(end)
  return text.trimEnd()
}

const exitOf = async (told: Inbox<Run>) => {
  for (;;) {
    const said = await told.next()
    if ('exited' in said) return said.exited
  }
}

// A folder of one's own shows what is left in it.
const { TMPDIR } = process.env
const temporary = mkdtempSync(join(tmpdir(), 'unisock-test-'))
process.env.TMPDIR = temporary
afterAll(() => {
  if (TMPDIR === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = TMPDIR
  rmSync(temporary, { recursive: true })
})

describe.each(ISOLATIONS)('a child of a plugin over %s', isolation => {
  test('has the streams, arguments, environment and directory it was given, and no more', async () => {
    await using kernel = await runnerKernel(isolation)
    const { fd, told, run } = kernel.open()
    const script =
      'read input; echo "$input $0 $1 $(pwd) $(env | grep -v -e ^PWD -e ^_ -e ^SHLVL -e ^OLDPWD)"; exit 5'
    const pid = await run(
      sh(script, { args: ['-c', script, 'name', 'a b'], env: { GIVEN: 'x' }, cwd: '/usr' }),
    )
    expect(isThere(pid)).toBe(true)
    kernel.write(fd, 'hello\n')
    expect(await line(told)).toBe('hello name a b /usr GIVEN=x')
    expect(await exitOf(told)).toEqual({ code: 5, signal: null })
    expect(isThere(pid)).toBe(false)
  })

  test('may have one stream at two descriptors, and descriptors that are handed over', async () => {
    await using kernel = await runnerKernel(isolation)
    const { fd, told, run } = kernel.open()
    const one = sh('read input; echo "back: $input"', { stdio: [0, 0, 'ignore'] })
    await run(one)
    kernel.write(fd, 'there\n')
    expect(await line(told, 0)).toBe('back: there')
    expect(await exitOf(told)).toEqual({ code: 0, signal: null })
  })

  test('cannot be what is not there, and says why', async () => {
    await using kernel = await runnerKernel(isolation)
    const { run } = kernel.open()
    await expect(run({ file: '/no/such/program', stdio: [0] })).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(run({ file: '/usr', stdio: [0] })).rejects.toMatchObject({ code: 'EISDIR' })
    await expect(run({ file: '/etc/passwd', stdio: [0] })).rejects.toMatchObject({ code: 'ENOEXEC' })
    await expect(run(sh('', { cwd: '/no/such/folder' }))).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(run(sh('', { identity: '1:1' }))).rejects.toMatchObject({ code: 'ESECURITY' })
    await expect(run(sh('', { cwd: '/usr', cwdIdentity: '1:1' }))).rejects.toMatchObject({
      code: 'ESECURITY',
    })
    expect(readdirSync(tmpdir())).toEqual([])
  })

  test('that ignores SIGTERM is killed after its grace, with all its processes', async () => {
    await using kernel = await runnerKernel(isolation)
    const { told, run, ask } = kernel.open()
    const script = 'trap "" TERM; sleep 1000 & setsid sleep 1000 & echo "$!"; wait; wait'
    const pid = await run(sh(script, { grace: 50 }))
    await line(told)
    await until(() => descendants(pid).length >= 2)
    const below = descendants(pid)
    await ask({ end: {} })
    expect(await exitOf(told)).toEqual({ code: null, signal: 'SIGKILL' })
    await until(() => !below.some(({ pid }) => isThere(pid)))
  })

  test('leaves nobody behind who left its group and has its streams', async () => {
    await using kernel = await runnerKernel(isolation)
    const { fd, told, run } = kernel.open()
    await run(sh('setsid sleep 1000 & echo $!; read go'))
    const stray = Number(await line(told))
    kernel.write(fd, 'go\n')
    expect(await exitOf(told)).toEqual({ code: 0, signal: null })
    await until(() => !isThere(stray))
  })

  test('ends with its socket', async () => {
    await using kernel = await runnerKernel(isolation)
    const { fd, told, run } = kernel.open()
    const pid = await run(sh('echo ready; exec sleep 1000'))
    await line(told)
    await kernel.close(fd)
    await until(() => !isThere(pid))
  })

  test('ends with its worker: no process, no zombie, no group is left', async () => {
    using launches = watchLaunches()
    await using kernel = await runnerKernel(isolation)
    const { told, run, closed } = kernel.open()
    const pid = await run(
      sh('trap "" TERM HUP PIPE; sleep 1000 & setsid sleep 1000 & echo ready; wait; wait'),
    )
    await line(told)
    await until(() => descendants(pid).length >= 2)
    const below = descendants(pid)
    await launches.kill('worker')
    expect(await closed).toMatchObject({ code: 'EPLUGIN' })
    await until(() => !isThere(pid) && !below.some(({ pid }) => isThere(pid)))
    await until(() => kernel.metrics().workers.runner!.state === 'running')
    expect(await kernel.open().run(sh('exit 0'))).toBeGreaterThan(0)
  })

  test('ends with the kernel, which waits for it', async () => {
    const kernel = await runnerKernel(isolation)
    const { told, run } = kernel.open()
    const pid = await run(sh('trap "" TERM; echo ready; while :; do sleep 1; done'))
    await line(told)
    await kernel.close({ timeout: 50 })
    if (isolation === 'process') await until(() => !isThere(pid))
    expect(isThere(pid)).toBe(false)
  })

  test('goes by the config the program gave, the newest, also after a restart', async () => {
    using launches = watchLaunches()
    await using kernel = await runnerKernel(isolation, { list: [1] })
    const { ask } = kernel.open()
    expect(await ask({ config: true })).toEqual({ list: [1] })
    kernel.plugin.config.replace({ list: [2] })
    expect(await ask({ config: true })).toEqual({ list: [2] })
    await launches.kill('worker')
    kernel.plugin.config.replace({ list: [3] })
    await until(() => kernel.metrics().workers.runner!.restarts === 1)
    await until(() => kernel.metrics().workers.runner!.state === 'running')
    expect(await kernel.open().ask({ config: true })).toEqual({ list: [3] })
  })

  test('is not asked of a mode that the system lacks: create names the reason', async () => {
    await using kernel = await runnerKernel(isolation)
    expect(() => kernel.create(UNRUNNER, {})).toThrow(
      expect.objectContaining({
        code: 'ENOTSUP',
        op: 'create',
        message: 'UNRUNNER is not available here: nobody has it',
      }),
    )
  })
})

describe('a process host', () => {
  const request = (given: Partial<SpawnRequest> = {}) => ({
    ...sh('exit 0', { stdio: ['ignore', 'ignore', 'ignore'] }),
    door: null,
    ...given,
  })

  test('runs the file that was checked, not what has taken its place', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'unisock-test-'))
    try {
      const [file, other] = [join(folder, 'tool'), join(folder, 'other')]
      for (const each of [file, other]) writeFileSync(each, '#!/bin/sh\nexit 0\n', { mode: 0o755 })
      const identity = fileIdentity(statSync(file, { bigint: true }))
      const host = new ProcessHost()
      expect(await (await host.spawn(request({ file, args: [], identity }))).exited).toEqual({
        code: 0,
        signal: null,
      })
      renameSync(other, file)
      await expect(host.spawn(request({ file, args: [], identity }))).rejects.toMatchObject({
        code: 'ESECURITY',
      })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('hands descriptors over: the child has them, and they are closed here, whether it was started or not', async () => {
    const host = new ProcessHost()
    const folder = mkdtempSync(join(tmpdir(), 'unisock-test-'))
    try {
      const server = createServer().listen(join(folder, 's'))
      await once(server, 'listening')
      const given = openSync(join(folder, 'out'), 'w')
      const child = await host.spawn(
        request({
          args: ['-c', 'echo hi >&3'],
          stdio: ['ignore', 'ignore', 'ignore', { descriptor: given }],
        }),
      )
      await child.exited
      expect(statSync(join(folder, 'out')).size).toBe(3)
      expect(isThere(child.pid)).toBe(false)
      expect(existsSync(`/proc/self/fd/${given}`)).toBe(false)
      const again = openSync(join(folder, 'out'), 'w')
      await expect(
        host.spawn(request({ file: '/nowhere', stdio: [{ descriptor: again }] })),
      ).rejects.toMatchObject({ code: 'ENOENT' })
      expect(existsSync(`/proc/self/fd/${again}`)).toBe(false)
      server.close()
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('starts nothing once it is closed', async () => {
    const host = new ProcessHost()
    await host.close()
    await expect(host.spawn(request())).rejects.toMatchObject({ code: 'ECANCELED' })
    expect(host.size).toBe(0)
  })

  test('becomes the wrapper, which becomes the program', async () => {
    const host = new ProcessHost()
    const wrapped = request({
      args: ['-c', 'exit $1', 'x', '9'],
      wrapper: { file: '/usr/bin/env', args: ['A=1'] },
    })
    expect(await (await host.spawn(wrapped)).exited).toEqual({ code: 9, signal: null })
  })
})

test.each([
  ['no file', { file: 'relative', stdio: [] }],
  ['arguments', { file: SH, args: [1], stdio: [] }],
  ['environment', { file: SH, env: { A: 1 }, stdio: [] }],
  ['stdio', { file: SH, stdio: [-1] }],
  ['stdio', { file: SH, stdio: [{ descriptor: 'x' }] }],
  ['uid', { file: SH, uid: -1, stdio: [] }],
  ['door', { file: SH, stdio: [], door: { path: 1, count: 1 } }],
  ['wrapper', { file: SH, stdio: [], wrapper: { file: SH, args: [null] } }],
  ['anything', null],
])('a request of a worker with wrong %s is refused', (_what, value) => {
  expect(() => checkRequest(value)).toThrow(expect.objectContaining({ code: 'EPROTO' }))
})

test('a process is known by its number and its start', () => {
  const own = processId(process.pid)
  expect(lives(own)).toBe(true)
  expect(lives({ ...own, started: '1' })).toBe(false)
  expect(lives(processId(2 ** 30))).toBe(false)
})
