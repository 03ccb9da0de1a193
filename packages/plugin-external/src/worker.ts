/**
 * The plugin's half in its worker: which driver serves which mode, where the system has what it takes.
 * @module
 */
import { type Driver, defineWorker, type PluginSocket } from '@unisock/kernel/plugin'
import { EventfdSocket } from './eventfd/eventfd-socket.ts'
import { FifoSocket } from './fifo/fifo-socket.ts'
import { WatchSocket } from './inotify/watch-socket.ts'
import { lackingModes } from './lacking-modes.ts'
import {
  EXTERNAL_EVENTFD,
  EXTERNAL_FIFO,
  EXTERNAL_INOTIFY,
  EXTERNAL_PIPE,
  EXTERNAL_SOCKETPAIR,
} from './modes.ts'
import { type Layout, ProgramSocket } from './program/program-socket.ts'
import { loadSystem } from './system/load.ts'

/** A stream for each. */
const APART: Layout = {
  stdio: [0, 1, 2],
  outputs: [
    { stream: 1, event: 'stdout' },
    { stream: 2, event: 'stderr' },
  ],
}
/** One stream for input and output. */
const TOGETHER: Layout = {
  stdio: [0, 0, 1],
  outputs: [
    { stream: 0, event: 'data' },
    { stream: 1, event: 'stderr' },
  ],
}

const DRIVERS: Readonly<Record<number, (socket: PluginSocket) => Driver>> = {
  [EXTERNAL_PIPE]: socket => new ProgramSocket(socket, APART),
  [EXTERNAL_SOCKETPAIR]: socket => new ProgramSocket(socket, TOGETHER),
  [EXTERNAL_FIFO]: socket => new FifoSocket(socket),
  [EXTERNAL_EVENTFD]: socket => new EventfdSocket(socket),
  [EXTERNAL_INOTIFY]: socket => new WatchSocket(socket),
}

export default defineWorker({
  lacking: () => lackingModes(process.platform, loadSystem),
  open: (mode, socket) => DRIVERS[mode]!(socket),
})
