/**
 * Socket modes 40-44.
 * @module
 */
import { defineMode, EXTERNAL_MODE, SO_READ_WINDOW, type } from '@unisock/kernel/plugin'
import { type FifoMessage, fifoOwner, type ProgramMessage, programOwner } from './owner/message.ts'
import { type EventfdMessage, type EventfdWrite, eventfdOwner } from './owner/signal.ts'
import { type WatchMessage, watchOwner } from './owner/watch.ts'

const shared = {
  package: '@unisock/plugin-external',
  family: 'external',
  flags: [EXTERNAL_MODE],
  kind: 'client',
} as const

/** What a pipe gives is bulk: with less on its way, its reader waits for the program's thread again and again. */
const bulk = [[SO_READ_WINDOW, 2 ** 20]] as const

/** A program with its standard input, output and error apart. Started by `bind(fd, 0)` or `connect(fd)`. */
export const EXTERNAL_PIPE = defineMode({
  ...shared,
  number: 40,
  name: 'EXTERNAL_PIPE',
  ownTarget: true,
  message: type<ProgramMessage>(),
  write: type<string | Uint8Array>(),
  defaults: bulk,
  owner: programOwner,
})
/** A program with one socket as its standard input and output. Started by `bind(fd, 0)` or `connect(fd)`. */
export const EXTERNAL_SOCKETPAIR = defineMode({
  ...shared,
  number: 41,
  name: 'EXTERNAL_SOCKETPAIR',
  ownTarget: true,
  message: type<ProgramMessage>(),
  write: type<string | Uint8Array>(),
  defaults: bulk,
  owner: programOwner,
})
/** A named pipe: `bind(fd, path)` makes or opens it to read, `connect(fd, path)` opens it to write. */
export const EXTERNAL_FIFO = defineMode({
  ...shared,
  number: 42,
  name: 'EXTERNAL_FIFO',
  restart: 'reconnect',
  message: type<FifoMessage>(),
  write: type<string | Uint8Array>(),
  defaults: bulk,
  owner: fifoOwner,
})
/** A Linux eventfd, there from `create` on; `bind(fd, name)` joins the group of that name. */
export const EXTERNAL_EVENTFD = defineMode({
  ...shared,
  number: 43,
  name: 'EXTERNAL_EVENTFD',
  restart: 'reconnect',
  message: type<EventfdMessage>(),
  write: type<EventfdWrite>(),
  owner: eventfdOwner,
})
/** Changes of files, by Linux's inotify. Watches from `bind` on. */
export const EXTERNAL_INOTIFY = defineMode({
  ...shared,
  number: 44,
  name: 'EXTERNAL_INOTIFY',
  restart: 'reconnect',
  message: type<WatchMessage>(),
  write: type<never>(),
  owner: watchOwner,
})
