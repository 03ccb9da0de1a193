import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { EXTERNAL_INOTIFY, EXTERNAL_WATCH_RECURSIVE, type WatchMessage } from '../src/index.ts'
import { externalKernel, ISOLATIONS, opened, Scratch } from './support/kernel.ts'

const FILES = 20_000
const TREES = 400

/** Files whose events fit into the system's queue, however late they are read. */
const AT_ONCE = 2000
/** Creates, writes, renames and deletes so many files, one after the other, each time it is told to. */
const BURST = `
const fs = require('node:fs')
let i = 0
process.stdin.on('data', () => {
  for (const end = i + ${AT_ONCE}; i < end; i++) {
    const name = process.argv[1] + '/f' + i
    fs.writeFileSync(name, 'x')
    fs.renameSync(name, name + '.moved')
    fs.unlinkSync(name + '.moved')
  }
})`
const MAKE_TREES = `
const fs = require('node:fs')
for (let i = 0; i < ${TREES}; i++) {
  const folder = process.argv[1] + '/t' + i + '/a/b/c/d'
  fs.mkdirSync(folder, { recursive: true })
  for (let j = 0; j < 5; j++) fs.writeFileSync(folder + '/f' + j, 'x')
}`

const run = (script: string, folder: string) => promisify(execFile)(process.execPath, ['-e', script, folder])

describe.each(ISOLATIONS)('over %s', isolation => {
  test('every change of 20 000 files that come, are written, renamed and deleted is told once', {
    timeout: 60_000,
  }, async () => {
    await using kernel = await externalKernel(isolation)
    using scratch = new Scratch()
    const { fd, messages } = opened(kernel, EXTERNAL_INOTIFY)
    await kernel.bind(fd, scratch.path)
    const counts: Record<string, number> = {}
    const writer = spawn(process.execPath, ['-e', BURST, scratch.path], {
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    for (let begun = 0; begun < FILES; begun += AT_ONCE) {
      writer.stdin.write('on')
      for (let deleted = 0; deleted < AT_ONCE; ) {
        const { action } = await messages.next()
        expect(action).not.toBe('overflow')
        counts[action] = (counts[action] ?? 0) + 1
        if (action === 'deleted') deleted++
      }
    }
    writer.stdin.end()
    await once(writer, 'exit')
    expect(counts).toEqual({ created: FILES, modified: FILES, moved: FILES, deleted: FILES })
  })

  test('no file of 400 trees that are made while they are watched is missed', async () => {
    await using kernel = await externalKernel(isolation)
    using scratch = new Scratch()
    const { fd, messages } = opened(kernel, EXTERNAL_INOTIFY, [[EXTERNAL_WATCH_RECURSIVE, true]])
    await kernel.bind(fd, scratch.path)
    const seen: string[] = []
    const told = (async () => {
      for (let files = 0; files < TREES * 5; ) {
        const { action, filename, directory } = (await messages.next()) as WatchMessage
        if (action !== 'created') continue
        seen.push(filename)
        if (!directory) files++
      }
    })()
    await run(MAKE_TREES, scratch.path)
    await told
    expect(new Set(seen).size, 'each is told once').toBe(seen.length)
    expect(seen.length).toBe(TREES * (5 + 5))
  })
})
