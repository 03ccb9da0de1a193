import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import type { Kernel } from '@unisock/kernel'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  EXTERNAL_INOTIFY,
  EXTERNAL_WATCH_DEBOUNCE,
  EXTERNAL_WATCH_GLOBS,
  EXTERNAL_WATCH_PATH,
  EXTERNAL_WATCH_RECURSIVE,
  type WatchMessage,
} from '../src/index.ts'
import { globFilter } from '../src/inotify/globs.ts'
import {
  externalKernel,
  type Inbox,
  ISOLATIONS,
  type OptionRow,
  opened,
  ROOT,
  Scratch,
  until,
  workerPid,
} from './support/kernel.ts'

/** A change in short: `created a`, `moved b < a`, with a slash behind directories. */
function inShort({ action, filename, directory, old_filename }: WatchMessage): string {
  const what = `${action} ${filename}${directory ? '/' : ''}`
  return old_filename === undefined ? what : `${what} < ${old_filename}`
}

/** What is told up to a change. */
async function upTo(messages: Inbox<WatchMessage>, last: string): Promise<string[]> {
  const told: string[] = []
  while (told.at(-1) !== last) told.push(inShort(await messages.next()))
  return told
}

describe.each(ISOLATIONS)('a watched directory over %s', isolation => {
  let kernel: Kernel
  beforeAll(async () => {
    kernel = await externalKernel(isolation)
  })
  afterAll(() => kernel.close())

  const watching = async (path: string, options: readonly OptionRow[] = []) => {
    const watch = opened(kernel, EXTERNAL_INOTIFY, options)
    await kernel.bind(watch.fd, path)
    return watch
  }

  test('tells of files that come, are written, are renamed and go, with their paths', async () => {
    using scratch = new Scratch()
    const { fd, messages } = await watching(scratch.path)
    writeFileSync(scratch.at('a'), 'x')
    expect(await messages.next()).toEqual({
      event_type: 'file',
      action: 'created',
      filename: 'a',
      file_path: scratch.at('a'),
      directory: false,
    })
    expect(inShort(await messages.next())).toBe('modified a')
    renameSync(scratch.at('a'), scratch.at('b'))
    expect(await messages.next()).toEqual({
      event_type: 'file',
      action: 'moved',
      filename: 'b',
      file_path: scratch.at('b'),
      directory: false,
      old_filename: 'a',
      old_path: scratch.at('a'),
    })
    chmodSync(scratch.at('b'), 0o600)
    expect(inShort(await messages.next())).toBe('attrib b')
    unlinkSync(scratch.at('b'))
    expect(inShort(await messages.next())).toBe('deleted b')
    mkdirSync(scratch.at('folder'))
    expect(inShort(await messages.next())).toBe('created folder/')
    writeFileSync(scratch.at('folder', 'below'), '')
    writeFileSync(scratch.at('last'), '')
    expect(inShort(await messages.next()), 'what is below is not watched').toBe('created last')
    await kernel.close(fd)
  })

  test('tells of a file that an editor saves by putting another in its place as modified', async () => {
    using scratch = new Scratch()
    writeFileSync(scratch.at('game.cfg'), 'old')
    const { fd, messages } = await watching(scratch.path)
    writeFileSync(scratch.at('.game.cfg.swp'), 'new')
    renameSync(scratch.at('.game.cfg.swp'), scratch.at('game.cfg'))
    expect(await upTo(messages, 'modified game.cfg')).toEqual([
      'created .game.cfg.swp',
      'modified .game.cfg.swp',
      'deleted .game.cfg.swp',
      'modified game.cfg',
    ])
    await kernel.close(fd)
  })

  test('tells of a file that is written to and stays open', async () => {
    using scratch = new Scratch()
    const log = openSync(scratch.at('log'), 'a')
    const { fd, messages } = await watching(scratch.path)
    for (let i = 0; i < 3; i++) {
      writeSync(log, 'a line\n')
      expect(inShort(await messages.next())).toBe('modified log')
    }
    closeSync(log)
    await kernel.close(fd)
  })

  test('tells of what comes from elsewhere as created, and of what goes there as deleted', async () => {
    using scratch = new Scratch()
    for (const folder of ['in', 'out']) mkdirSync(scratch.at(folder))
    const { fd, messages } = await watching(scratch.at('in'))
    writeFileSync(scratch.at('out', 'f'), 'x')
    renameSync(scratch.at('out', 'f'), scratch.at('in', 'f'))
    expect(inShort(await messages.next())).toBe('created f')
    renameSync(scratch.at('in', 'f'), scratch.at('out', 'f'))
    expect(inShort(await messages.next())).toBe('deleted f')
    await kernel.close(fd)
  })

  test('with all below it: what comes, moves within and goes, by where it is then', async () => {
    using scratch = new Scratch()
    mkdirSync(scratch.at('w', 'old'), { recursive: true })
    const { fd, messages } = await watching(scratch.at('w'), [[EXTERNAL_WATCH_RECURSIVE, true]])
    mkdirSync(scratch.at('w', 'a', 'b'), { recursive: true })
    writeFileSync(scratch.at('w', 'a', 'b', 'f'), '')
    expect(await upTo(messages, 'created a/b/f')).toEqual(['created a/', 'created a/b/', 'created a/b/f'])
    renameSync(scratch.at('w', 'a', 'b'), scratch.at('w', 'old', 'c'))
    await upTo(messages, 'moved old/c/ < a/b')
    writeFileSync(scratch.at('w', 'old', 'c', 'g'), '')
    expect(inShort(await messages.find(({ action }) => action === 'created'))).toBe('created old/c/g')
    renameSync(scratch.at('w', 'old'), scratch.at('out'))
    expect(await upTo(messages, 'deleted old/')).toContain('deleted old/')
    writeFileSync(scratch.at('out', 'c', 'unseen'), '')
    renameSync(scratch.at('out'), scratch.at('w', 'back'))
    const back = await upTo(messages, 'created back/c/unseen')
    expect(back.sort()).toEqual([
      'created back/',
      'created back/c/',
      'created back/c/f',
      'created back/c/g',
      'created back/c/unseen',
    ])
    rmSync(scratch.at('w', 'back'), { recursive: true })
    expect(await upTo(messages, 'deleted back/')).toHaveLength(5)
    await kernel.close(fd)
  })

  test('does not follow links out of it', async () => {
    using scratch = new Scratch()
    for (const folder of ['w', 'out']) mkdirSync(scratch.at(folder))
    const { fd, messages } = await watching(scratch.at('w'), [[EXTERNAL_WATCH_RECURSIVE, true]])
    symlinkSync(scratch.at('out'), scratch.at('w', 'link'))
    expect(inShort(await messages.next())).toBe('created link')
    writeFileSync(scratch.at('out', 'secret'), '')
    writeFileSync(scratch.at('w', 'own'), '')
    expect(inShort(await messages.next())).toBe('created own')
    await kernel.close(fd)
  })

  test('may be named by an option, and may be a single file', async () => {
    using scratch = new Scratch()
    writeFileSync(scratch.at('file'), '')
    const { fd, messages } = opened(kernel, EXTERNAL_INOTIFY, [[EXTERNAL_WATCH_PATH, scratch.at('file')]])
    await kernel.bind(fd, 0)
    writeFileSync(scratch.at('other'), 'x')
    writeFileSync(scratch.at('file'), 'x')
    expect(await messages.next()).toMatchObject({
      action: 'modified',
      filename: 'file',
      file_path: scratch.at('file'),
    })
    unlinkSync(scratch.at('file'))
    await messages.find(message => inShort(message) === 'deleted file')
    writeFileSync(scratch.at('file'), '')
    expect(inShort(await messages.next()), 'it is watched by its name').toBe('created file')
    await kernel.close(fd)
    const unnamed = opened(kernel, EXTERNAL_INOTIFY)
    await expect(kernel.bind(unnamed.fd, 0)).rejects.toMatchObject({ code: 'EINVAL' })
    await expect(kernel.bind(unnamed.fd, scratch.at('none'))).rejects.toMatchObject({ code: 'ENOENT' })
    expect(() => kernel.write(unnamed.fd, 'x' as never)).toThrow(expect.objectContaining({ code: 'ENOTSUP' }))
    await kernel.close(unnamed.fd)
  })

  test('tells of what the patterns let in, which may change', async () => {
    using scratch = new Scratch()
    mkdirSync(scratch.at('sub'))
    const { fd, messages } = await watching(scratch.path, [
      [EXTERNAL_WATCH_RECURSIVE, true],
      [EXTERNAL_WATCH_GLOBS, ['*.cfg', '!sub/private*']],
    ])
    for (const name of ['a.txt', 'a.cfg', 'sub/private.cfg', 'sub/b.cfg', 'sub/c.cfgx'])
      execFileSync('touch', [scratch.at(name)])
    expect(inShort(await messages.next())).toBe('created a.cfg')
    expect(await upTo(messages, 'created sub/b.cfg')).not.toContain('created sub/private.cfg')
    await kernel.setOption(fd, EXTERNAL_WATCH_GLOBS, ['*.txt'])
    execFileSync('mkdir', [scratch.at('z.cfg')])
    writeFileSync(scratch.at('b.txt'), '')
    expect(inShort(await messages.find(message => message.action === 'created'))).toBe('created b.txt')
    await kernel.close(fd)
  })

  test('tells of many writes to a file once, when they are over', async () => {
    using scratch = new Scratch()
    writeFileSync(scratch.at('f'), '')
    const { fd, messages } = await watching(scratch.path, [[EXTERNAL_WATCH_DEBOUNCE, 150]])
    for (let i = 0; i < 20; i++) appendFileSync(scratch.at('f'), 'x')
    expect(inShort(await messages.next())).toBe('modified f')
    writeFileSync(scratch.at('end'), '')
    expect(inShort(await messages.next())).toBe('created end')
    appendFileSync(scratch.at('f'), 'x')
    unlinkSync(scratch.at('f'))
    const told = await upTo(messages, 'deleted f')
    expect(
      told.filter(change => change.endsWith(' f')),
      'what was held back comes first',
    ).toEqual(['modified f', 'deleted f'])
    await kernel.close(fd)
  })

  test('that is deleted or renamed ends the socket, and says so', async () => {
    using scratch = new Scratch()
    for (const end of ['deleted', 'renamed']) {
      mkdirSync(scratch.at(end))
      const { messages, closed } = await watching(scratch.at(end))
      if (end === 'deleted') rmSync(scratch.at(end), { recursive: true })
      else renameSync(scratch.at(end), scratch.at('elsewhere'))
      expect(await messages.next()).toMatchObject({
        action: 'deleted',
        filename: '',
        file_path: scratch.at(end),
        directory: true,
      })
      expect(await closed.promise).toMatchObject({ code: 'ENOENT', message: expect.stringContaining(end) })
    }
  })

  test('that is deleted while a file of it is open ends the socket too', async () => {
    using scratch = new Scratch()
    mkdirSync(scratch.at('w'))
    const open = openSync(scratch.at('w', 'f'), 'w')
    const { closed } = await watching(scratch.at('w'))
    rmSync(scratch.at('w'), { recursive: true })
    expect(await closed.promise).toMatchObject({ code: 'ENOENT' })
    closeSync(open)
  })

  test('has names that are no text', async () => {
    using scratch = new Scratch()
    const { fd, messages } = await watching(scratch.path, [[EXTERNAL_WATCH_RECURSIVE, true]])
    writeFileSync(scratch.at('ünïcode 漢'), '')
    expect(inShort(await messages.next())).toBe('created ünïcode 漢')
    const folder = Buffer.concat([Buffer.from(scratch.at('b')), Buffer.from([0xff])])
    mkdirSync(folder)
    expect(inShort(await messages.find(message => message.directory))).toBe('created b\xff/')
    writeFileSync(Buffer.concat([folder, Buffer.from('/in')]), '')
    expect(inShort(await messages.find(message => message.action === 'created'))).toBe('created b\xff/in')
    await kernel.close(fd)
  })
})

test('when changes are lost the socket says so, and what differs by then', async () => {
  await using kernel = await externalKernel('inline')
  using scratch = new Scratch()
  for (const name of ['gone', 'changed', 'same']) writeFileSync(scratch.at(name), '')
  const { fd, messages } = opened(kernel, EXTERNAL_INOTIFY)
  await kernel.bind(fd, scratch.path)
  await new Promise(resolve => setTimeout(resolve, 50))
  writeFileSync(scratch.at('early'), '')
  // This thread's loop does not turn meanwhile, and the system keeps so many events and no more.
  for (let i = 0; i < 9000; i++) {
    writeFileSync(scratch.at('flood'), 'x')
    unlinkSync(scratch.at('flood'))
  }
  unlinkSync(scratch.at('gone'))
  writeFileSync(scratch.at('changed'), 'x')
  mkdirSync(scratch.at('new'))
  const overflow = await messages.find(({ action }) => action === 'overflow')
  expect(overflow).toMatchObject({ filename: '', file_path: scratch.path })
  const told = new Set<string>()
  const differences = ['deleted gone', 'modified changed', 'created new/']
  while (!differences.every(difference => told.has(difference))) told.add(inShort(await messages.next()))
  expect(told).not.toContain('modified same')
})

test('a watch that a lost worker had is made again by the next, which says that changes may be lost', async () => {
  await using kernel = await externalKernel('process', undefined, { restart: { initialDelay: 1 } })
  using scratch = new Scratch()
  const { fd, messages } = opened(kernel, EXTERNAL_INOTIFY)
  await kernel.bind(fd, scratch.path)
  process.kill(await workerPid(kernel), 'SIGKILL')
  await until(() => kernel.metrics().workers.external!.restarts === 1)
  expect(await messages.next()).toMatchObject({ action: 'overflow' })
  writeFileSync(scratch.at('after'), '')
  expect(inShort(await messages.find(({ action }) => action === 'created'))).toBe('created after')
})

const mounts = (() => {
  if (!ROOT) return false
  using scratch = new Scratch()
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'none', scratch.path], { stdio: 'ignore' })
    execFileSync('umount', [scratch.path])
    return true
  } catch {
    return false
  }
})()

test.runIf(mounts)('a watched directory whose file system is unmounted ends the socket', async () => {
  await using kernel = await externalKernel('thread')
  using scratch = new Scratch()
  execFileSync('mount', ['-t', 'tmpfs', 'none', scratch.path])
  try {
    const { fd, messages, closed } = opened(kernel, EXTERNAL_INOTIFY)
    await kernel.bind(fd, scratch.path)
    execFileSync('umount', [scratch.path])
    expect(await messages.next()).toMatchObject({ action: 'unmounted', filename: '' })
    expect(await closed.promise).toMatchObject({ code: 'ENODEV' })
  } catch (error) {
    execFileSync('umount', ['-l', scratch.path], { stdio: 'ignore' })
    throw error
  }
})

describe('a pattern', () => {
  test.each([
    ['*.cfg', ['a.cfg', 'x/a.cfg', '.cfg'], ['a.cfgx', 'acfg', 'a.cfg/x']],
    ['/a', [], ['a']],
    ['x/*', ['x/a'], ['x/a/b', 'a', 'y/a']],
    ['x/**', ['x/a', 'x/a/b'], ['x', 'y/x/a']],
    ['**/a', ['a', 'x/a', 'x/y/a'], ['ba', 'x/ba']],
    ['x/**/a', ['x/a', 'x/y/a', 'x/y/z/a'], ['x/ya', 'a']],
    ['?', ['a', 'x/b'], ['ab', '']],
    ['[ab].{js,ts*}', ['a.js', 'b.tsx'], ['c.js', 'a.j']],
    ['[!ab]', ['c'], ['a', 'b']],
    ['a+(b)|$^.c', ['a+(b)|$^.c'], ['aab', 'a+b']],
    ['[', ['['], ['a']],
    ['{', ['{'], ['a']],
  ])('%s', (glob, fits, strays) => {
    const filter = globFilter([glob])
    for (const path of fits) expect([path, filter(path)]).toEqual([path, true])
    for (const path of strays) expect([path, filter(path)]).toEqual([path, false])
    const without = globFilter([`!${glob}`])
    for (const path of fits) expect(without(path)).toBe(false)
  })

  test('of any text is one, and fits itself where it has no wildcard in it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), text => {
        const filter = globFilter([text])
        if (!/[*?[\]{}!]/.test(text)) expect(filter(text)).toBe(true)
      }),
    )
  })
})
