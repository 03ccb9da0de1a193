import { mkdirSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { EVERYTHING, IN_CREATE, Inotify } from '../src/inotify/inotify.ts'
import { currentSystem, loadSystem } from '../src/system/load.ts'
import { Scratch, until } from './support/kernel.ts'

await loadSystem()

test('an instance is closed once, however often it is asked to', async () => {
  const inotify = new Inotify(currentSystem('inotify'), { event() {}, upTo() {}, error() {} })
  await Promise.all([inotify.close(), inotify.close()])
  await inotify.close()
})

test('an instance that is paused tells nothing, and everything once it is resumed', async () => {
  using scratch = new Scratch()
  const told: string[] = []
  const inotify = new Inotify(currentSystem('inotify'), {
    event(_watch, mask, _cookie, name) {
      if (mask & IN_CREATE) told.push(name)
      if (told.length === 10) inotify.pause()
    },
    upTo() {},
    error() {},
  })
  inotify.add(scratch.path, EVERYTHING)
  const files = 5000
  for (let i = 0; i < files; i++) mkdirSync(scratch.at(`folder-with-a-long-name-${i}`))
  await until(() => told.length >= 10)
  // What is told together with the tenth is told still.
  const atPause = told.length
  expect(atPause).toBeLessThan(files)
  writeFileSync(scratch.at('last'), '')
  for (let turns = 0; turns < 20; turns++) await new Promise(resolve => setImmediate(resolve))
  expect(told.length).toBe(atPause)
  inotify.resume()
  await until(() => told.at(-1) === 'last')
  expect(told.length).toBe(files + 1)
  await inotify.close()
})
