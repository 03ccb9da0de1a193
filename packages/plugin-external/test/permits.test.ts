import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import type { Kernel } from '@unisock/kernel'
import { describe, expect, test } from 'vitest'
import {
  EXTERNAL_ARGS,
  EXTERNAL_COMMAND,
  EXTERNAL_ENV,
  EXTERNAL_FIFO,
  EXTERNAL_GROUP,
  EXTERNAL_INOTIFY,
  EXTERNAL_PIPE,
  EXTERNAL_USER,
  EXTERNAL_WATCH_PATH,
  EXTERNAL_WORKING_DIR,
  external,
} from '../src/index.ts'
import { checkTrustedFile } from '../src/permits/trusted-file.ts'
import { externalKernel, ISOLATIONS, opened, PERMIT_SH, ROOT, Scratch, SH, textOf } from './support/kernel.ts'

type Row = readonly [any, unknown]

/** Tries to run something; resolves with what the program said, rejects with why it was not run. */
async function run(
  kernel: Kernel,
  command: string,
  args: string[] = [],
  options: readonly Row[] = [],
): Promise<string> {
  const { fd, messages } = opened(kernel, EXTERNAL_PIPE)
  try {
    await kernel.setOption(fd, EXTERNAL_COMMAND, command)
    await kernel.setOption(fd, EXTERNAL_ARGS, args)
    for (const [option, value] of options) await kernel.setOption(fd, option, value as never)
    await kernel.bind(fd, 0)
    return await textOf(messages, 'stdout', text => text.endsWith('\n'))
  } finally {
    await kernel.close(fd)
  }
}

const REFUSED = { code: 'ESECURITY', category: 'authentication' }

/** A script of one's own, as a program that is listed. */
function script(path: string, says = 'ran'): string {
  writeFileSync(path, `#!/bin/sh\necho ${says}\n`)
  chmodSync(path, 0o755)
  return path
}

test.each(ISOLATIONS)('nothing may be run or opened that is not listed, over %s', async isolation => {
  await using kernel = await externalKernel(isolation, {})
  await expect(run(kernel, '/bin/echo')).rejects.toMatchObject(REFUSED)
  await expect(run(kernel, '/no/such/thing')).rejects.toMatchObject(REFUSED)
  for (const mode of [EXTERNAL_FIFO, EXTERNAL_INOTIFY]) {
    const { fd } = opened(kernel, mode as never)
    await expect(kernel.bind(fd, '/tmp')).rejects.toMatchObject(
      mode === (EXTERNAL_FIFO as number) ? REFUSED : REFUSED,
    )
    await kernel.close(fd)
  }
})

describe('a command', () => {
  test('is one of the list by its real path, whatever way leads there', async () => {
    using scratch = new Scratch()
    const tool = script(scratch.at('tool'))
    symlinkSync(tool, scratch.at('link'))
    symlinkSync('/bin/ls', scratch.at('stranger'))
    await using kernel = await externalKernel('inline', { commands: [tool] })
    expect(await run(kernel, tool)).toBe('ran\n')
    expect(await run(kernel, scratch.at('link'))).toBe('ran\n')
    await expect(run(kernel, scratch.at('stranger'))).rejects.toMatchObject(REFUSED)
    await expect(run(kernel, scratch.at('toolbox'))).rejects.toMatchObject(REFUSED)
  })

  test('that is listed by a link is what the link pointed at when it was listed', async () => {
    using scratch = new Scratch()
    const [good, bad] = [script(scratch.at('good'), 'good'), script(scratch.at('bad'), 'bad')]
    symlinkSync(good, scratch.at('link'))
    await using kernel = await externalKernel('inline', { commands: [scratch.at('link')] })
    expect(await run(kernel, scratch.at('link'))).toBe('good\n')
    symlinkSync(bad, scratch.at('other'))
    renameSync(scratch.at('other'), scratch.at('link'))
    await expect(run(kernel, scratch.at('link'))).rejects.toMatchObject(REFUSED)
    expect(await run(kernel, good)).toBe('good\n')
  })

  test.each(['relative', './tool', '/usr/../bin/sh', '/usr/bin/.', '', '/bin/sh\0x'])(
    'is no %j',
    async path => {
      await using kernel = await externalKernel()
      await expect(run(kernel, path)).rejects.toMatchObject({ code: 'EINVAL', category: 'usage' })
    },
  )

  test('that others may write, or put another in its place of, is not run', async () => {
    using scratch = new Scratch()
    mkdirSync(scratch.at('open'), { mode: 0o700 })
    const [mine, inOpen, plain] = [
      script(scratch.at('mine')),
      script(scratch.at('open', 'tool')),
      scratch.at('plain'),
    ]
    writeFileSync(plain, '#!/bin/sh\n')
    await using kernel = await externalKernel('inline', { commands: [mine, inOpen, plain, scratch.path] })
    expect(await run(kernel, mine)).toBe('ran\n')
    for (const mode of [0o757, 0o775, 0o777]) {
      chmodSync(mine, mode)
      await expect(run(kernel, mine)).rejects.toMatchObject({
        ...REFUSED,
        message: expect.stringContaining(mine),
      })
    }
    expect(await run(kernel, inOpen)).toBe('ran\n')
    chmodSync(scratch.at('open'), 0o777)
    await expect(run(kernel, inOpen)).rejects.toMatchObject({
      ...REFUSED,
      message: expect.stringContaining('open'),
    })
    chmodSync(scratch.at('open'), 0o1777)
    expect(await run(kernel, inOpen), 'nobody else can replace what is in a sticky directory').toBe('ran\n')
    await expect(run(kernel, plain)).rejects.toMatchObject({ code: 'EACCES' })
    await expect(run(kernel, scratch.path)).rejects.toMatchObject({ code: 'EACCES' })
  })

  test.runIf(ROOT)('belongs to root or to the user of this process', async () => {
    using scratch = new Scratch()
    const tool = script(scratch.at('tool'))
    chownSync(tool, 12345, 12345)
    expect(() => checkTrustedFile(tool)).toThrow(expect.objectContaining(REFUSED))
    chownSync(tool, 0, 0)
    chownSync(scratch.path, 12345, 12345)
    expect(() => checkTrustedFile(tool)).toThrow(expect.objectContaining(REFUSED))
    chownSync(scratch.path, 0, 0)
    expect(checkTrustedFile(tool).isFile()).toBe(true)
  })

  test('that is replaced is checked anew: it is what is there when it is run', async () => {
    using scratch = new Scratch()
    const tool = script(scratch.at('tool'), 'first')
    await using kernel = await externalKernel('inline', { commands: [tool] })
    expect(await run(kernel, tool)).toBe('first\n')
    script(scratch.at('next'), 'second')
    renameSync(scratch.at('next'), tool)
    expect(await run(kernel, tool)).toBe('second\n')
    script(scratch.at('writable'), 'third')
    chmodSync(scratch.at('writable'), 0o777)
    renameSync(scratch.at('writable'), tool)
    await expect(run(kernel, tool)).rejects.toMatchObject(REFUSED)
  })

  test('that is missing is told from a directory that is', async () => {
    using scratch = new Scratch()
    const gone = scratch.at('gone')
    await using kernel = await externalKernel('inline', {
      commands: [gone, PERMIT_SH],
      paths: [scratch.path],
    })
    await expect(run(kernel, gone)).rejects.toMatchObject({
      code: 'ENOENT',
      message: expect.stringMatching(/^EXTERNAL_COMMAND/),
    })
    await expect(run(kernel, SH, ['-c', 'pwd'], [[EXTERNAL_WORKING_DIR, gone]])).rejects.toMatchObject({
      code: 'ENOENT',
      message: expect.stringMatching(/^EXTERNAL_WORKING_DIR/),
    })
    writeFileSync(gone, '')
    await expect(run(kernel, SH, ['-c', 'pwd'], [[EXTERNAL_WORKING_DIR, gone]])).rejects.toMatchObject({
      code: 'ENOTDIR',
    })
  })

  test('is the program itself, of a binary as of a script', async () => {
    using scratch = new Scratch()
    copyFileSync('/bin/echo', scratch.at('say'))
    chmodSync(scratch.at('say'), 0o711)
    await using kernel = await externalKernel('inline', {
      commands: [{ path: scratch.at('say'), rest: /.*/ }],
    })
    expect(await run(kernel, scratch.at('say'), ['a', 'b'])).toBe('a b\n')
  })
})

describe('arguments', () => {
  const ECHO = '/bin/echo'

  test('are those of the list, in their places and from end to end', async () => {
    const commands = [
      { path: ECHO, args: ['-n', /\d+/] },
      { path: ECHO, args: [/[a-z]+/i], rest: /x+/ },
    ]
    await using kernel = await externalKernel('inline', { commands })
    expect(await run(kernel, ECHO, ['Word'])).toBe('Word\n')
    expect(await run(kernel, ECHO, ['word', 'x', 'xx'])).toBe('word x xx\n')
    for (const args of [
      [],
      ['12'],
      ['word '],
      ['word\n'],
      ['a', 'y'],
      ['-n'],
      ['-n', '1x'],
      ['-n', '1', '2'],
      ['-n', '1\n'],
    ])
      await expect(run(kernel, ECHO, args), JSON.stringify(args)).rejects.toMatchObject(REFUSED)
  })

  test('are none unless the list has some', async () => {
    await using kernel = await externalKernel('inline', { commands: [ECHO] })
    expect(await run(kernel, ECHO)).toBe('\n')
    await expect(run(kernel, ECHO, ['a'])).rejects.toMatchObject(REFUSED)
  })

  test('have no NUL in them', async () => {
    await using kernel = await externalKernel()
    await expect(run(kernel, SH, ['-c', 'a\0b'])).rejects.toMatchObject({ code: 'EINVAL' })
  })
})

test.each(['LD_PRELOAD', 'LD_LIBRARY_PATH', 'LD_ANYTHING', 'NODE_OPTIONS', 'BASH_ENV', 'A=B', 'A B', ''])(
  'a program is not given the variable %j',
  async name => {
    await using kernel = await externalKernel()
    await expect(run(kernel, SH, ['-c', 'exit 0'], [[EXTERNAL_ENV, { [name]: 'x' }]])).rejects.toMatchObject({
      code: 'EINVAL',
    })
  },
)

describe('a path', () => {
  test('is below one of the list where it really is', async () => {
    using scratch = new Scratch()
    for (const folder of ['in', 'out', 'inside']) mkdirSync(scratch.at(folder))
    symlinkSync(scratch.at('out'), scratch.at('in', 'link'))
    symlinkSync(scratch.at('in'), scratch.at('out', 'back'))
    await using kernel = await externalKernel('inline', { commands: [PERMIT_SH], paths: [scratch.at('in')] })
    const at = (folder: string) => run(kernel, SH, ['-c', 'pwd -P'], [[EXTERNAL_WORKING_DIR, folder]])
    expect(await at(scratch.at('in'))).toBe(`${scratch.at('in')}\n`)
    expect(await at(scratch.at('out', 'back'))).toBe(`${scratch.at('in')}\n`)
    for (const folder of [
      scratch.at('in', 'link'),
      scratch.at('out'),
      scratch.at('inside'),
      scratch.path,
      '/',
    ])
      await expect(at(folder), folder).rejects.toMatchObject(REFUSED)
    await expect(at(`${scratch.at('in')}/../out`)).rejects.toMatchObject({ code: 'EINVAL' })
    for (const [mode, target] of [
      [EXTERNAL_INOTIFY, scratch.at('in', 'link')],
      [EXTERNAL_INOTIFY, `${scratch.at('in')}/../out`],
      [EXTERNAL_FIFO, scratch.at('in', 'link', 'pipe')],
      [EXTERNAL_FIFO, `${scratch.at('in')}/../out/pipe`],
    ] as const) {
      const { fd } = opened(kernel, mode as never)
      await expect(kernel.bind(fd, target), target).rejects.toMatchObject(REFUSED)
      await kernel.close(fd)
    }
    const { fd } = opened(kernel, EXTERNAL_INOTIFY, [[EXTERNAL_WATCH_PATH, scratch.at('out')]])
    await expect(kernel.bind(fd, 0)).rejects.toMatchObject(REFUSED)
  })

  test('may be a single pipe or file of a directory that is not listed', async () => {
    using scratch = new Scratch()
    await using kernel = await externalKernel('inline', { paths: [scratch.at('pipe')] })
    const one = opened(kernel, EXTERNAL_FIFO)
    await kernel.bind(one.fd, scratch.at('pipe'))
    const other = opened(kernel, EXTERNAL_FIFO)
    await expect(kernel.bind(other.fd, scratch.at('other'))).rejects.toMatchObject(REFUSED)
  })
})

describe('the lists', () => {
  test.each(ISOLATIONS)('are replaced by who made the plugin, over %s', async isolation => {
    await using kernel = await externalKernel(isolation, {})
    await expect(run(kernel, '/bin/echo')).rejects.toMatchObject(REFUSED)
    kernel.plugin.permit({ commands: ['/bin/echo'] })
    expect(await run(kernel, '/bin/echo')).toBe('\n')
    kernel.plugin.permit({})
    await expect(run(kernel, '/bin/echo')).rejects.toMatchObject(REFUSED)
  })

  test.each([
    { commands: ['echo'] },
    { commands: [{ path: 'bin/echo' }] },
    { commands: ['/bin/echo\0'] },
    { paths: ['var'] },
    { paths: [''] },
  ])('are of absolute paths, not %j', permits => {
    expect(() => external(permits)).toThrow(expect.objectContaining({ code: 'EINVAL' }))
  })
})

describe('another user', () => {
  const WHO = ['-c', 'echo $(id -u) $(id -g) $(id -G)']

  test.runIf(ROOT)('runs the program, with its own group or another, and no more rights', async () => {
    await using kernel = await externalKernel()
    expect(await run(kernel, SH, WHO, [[EXTERNAL_USER, 'nobody']])).toMatch(/^65534 (\d+) \1\n$/)
    expect(
      await run(kernel, SH, WHO, [
        [EXTERNAL_USER, 65534],
        [EXTERNAL_GROUP, 4242],
      ]),
    ).toBe('65534 4242 4242\n')
    expect(
      await run(kernel, SH, WHO, [
        [EXTERNAL_USER, '4242'],
        [EXTERNAL_GROUP, 4242],
      ]),
    ).toBe('4242 4242 4242\n')
  })

  test.runIf(ROOT)('is not put where it may not be', async () => {
    using scratch = new Scratch()
    await using kernel = await externalKernel()
    const there = [
      [EXTERNAL_USER, 'nobody'],
      [EXTERNAL_WORKING_DIR, scratch.path],
    ] as const
    await expect(run(kernel, SH, ['-c', 'pwd'], there)).rejects.toMatchObject({
      code: 'EACCES',
      message: expect.stringContaining(scratch.path),
    })
    chmodSync(scratch.path, 0o755)
    expect(await run(kernel, SH, ['-c', 'pwd'], there)).toBe(`${scratch.path}\n`)
  })

  test('must exist, and have a group', async () => {
    await using kernel = await externalKernel()
    for (const options of [
      [[EXTERNAL_USER, 'no such user']],
      [[EXTERNAL_USER, 4242424]],
      [[EXTERNAL_GROUP, 'no such group']],
    ] as Row[][])
      await expect(run(kernel, SH, WHO, options)).rejects.toMatchObject({ code: 'EINVAL' })
  })
})
