/**
 * Files that another process makes, writes, renames and deletes at full speed: how many of them a watcher saw come and go,
 * and how soon it tells of a single one.
 * @module
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { subscribe } from '@parcel/watcher'
import { createKernel } from '@unisock/kernel'
import { EXTERNAL_INOTIFY, external } from '@unisock/plugin-external'
import { watch } from 'chokidar'
import type { Case, Contender } from '../case.ts'

const FILES = 20_000
const SINGLES = 50
const LAST = 'last'

const BURST = `
const { writeFileSync, renameSync, unlinkSync } = require('node:fs')
const [, folder, files] = process.argv
for (let i = 0; i < files; i++) {
  const name = folder + '/f' + i
  writeFileSync(name, 'x')
  renameSync(name, name + '.r')
  unlinkSync(name + '.r')
}
writeFileSync(folder + '/${LAST}', '')`

/** Begins to watch a folder; resolves with the undo. */
type Watch = (
  folder: string,
  told: (change: 'came' | 'went', name: string) => void,
) => Promise<() => Promise<unknown>>

const watched =
  (watchFolder: Watch): Contender =>
  async ({ quick }) => {
    const files = quick ? FILES / 10 : FILES
    const folder = await realpath(mkdtempSync(join(tmpdir(), 'unisock-bench-')))
    const came = new Set<string>()
    let seen = 0
    let onCame = (_name: string): void => {}
    const undo = await watchFolder(folder, (change, name) => {
      if (change === 'came') {
        came.add(name)
        onCame(name)
      } else if (came.has(name.replace('.r', ''))) seen++
    })
    try {
      const delays: number[] = []
      for (let i = 0; i < SINGLES; i++) {
        const name = `single${i}`
        const there = new Promise<void>(resolve => (onCame = each => each === name && resolve()))
        const started = performance.now()
        writeFileSync(join(folder, name), '')
        await there
        delays.push(performance.now() - started)
      }
      const ended = new Promise<void>(resolve => (onCame = name => name === LAST && resolve()))
      await promisify(execFile)(process.execPath, ['-e', BURST, folder, String(files)])
      await ended
      return { seen: seen / files, latency: delays.sort((a, b) => a - b)[SINGLES / 2]! }
    } finally {
      await undo()
      rmSync(folder, { recursive: true })
    }
  }

const unisock = watched(async (folder, told) => {
  const kernel = await createKernel({ plugins: [external({ paths: [folder] })] })
  const fd = kernel.create(EXTERNAL_INOTIFY, (_fd, { action, filename }) => {
    if (action === 'created') told('came', filename)
    else if (action === 'deleted') told('went', filename)
  })
  await kernel.bind(fd, folder)
  return () => kernel.close()
})

const chokidar = watched(async (folder, told) => {
  const watcher = watch(folder)
  watcher.on('add', path => told('came', basename(path)))
  watcher.on('unlink', path => told('went', basename(path)))
  await new Promise<void>(resolve => watcher.on('ready', () => resolve()))
  return () => watcher.close()
})

const parcel = watched(async (folder, told) => {
  const subscription = await subscribe(folder, (_error, events) => {
    for (const { type, path } of events)
      if (type === 'create') told('came', basename(path))
      else if (type === 'delete') told('went', basename(path))
  })
  return () => subscription.unsubscribe()
})

export const inotifyBurst: Case = {
  name: 'inotify-burst',
  contenders: { unisock, chokidar, '@parcel/watcher': parcel },
  metrics: [
    { figure: 'seen', unit: 'of 1', goal: { atLeast: 1 } },
    { figure: 'latency', unit: 'ms', against: 'chokidar', goal: { atMost: 1 } },
    { figure: 'latency', unit: 'ms', against: '@parcel/watcher', goal: { atMost: 0.5 } },
  ],
  rounds: 5,
}
