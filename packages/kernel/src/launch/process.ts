/**
 * A child process, speaking the same frames over two inherited socketpairs.
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { streamChannel } from '../link/stream-channel.ts'
import { sibling } from '../plugin/plugin.ts'
import { inheritedFlags } from './flags.ts'
import type { Launched, LaunchOptions } from './launched.ts'

/** A heap limit means the same to a process as to a thread. */
function execArguments({ resourceLimits }: LaunchOptions): string[] {
  const heap = resourceLimits?.maxOldGenerationSizeMb
  return [...inheritedFlags(), ...(heap === undefined ? [] : [`--max-old-space-size=${heap}`])]
}

export function launchProcess(options: LaunchOptions): Launched {
  const entry = fileURLToPath(sibling(`../${options.entry}/process-main`, import.meta.url))
  const child = spawn(process.execPath, [...execArguments(options), entry, options.name], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  const data = child.stdio[3] as Socket
  const control = child.stdio[4] as Socket
  let failure: Error | undefined
  const note = (error: Error): void => {
    failure ??= error
  }
  // Writing to a child that just died fails here first; its exit tells the reason.
  data.on('error', () => {})
  control.on('error', () => {})
  const exited = (async () => {
    const ended = Promise.all([closed(data), closed(control)])
    child.on('error', note)
    const [code, signal] = await once(child, 'exit').catch(error => [null, error])
    await ended
    if (failure) return failure
    if (code === 0) return undefined
    return new Error(signal ? `killed by ${signal}` : `exit code ${code}`)
  })()
  return {
    transport: { data: streamChannel(data), control: streamChannel(control) },
    exited,
    kill: () => void child.kill('SIGKILL'),
    ref() {
      for (const handle of [child, data, control]) handle.ref()
    },
    unref() {
      for (const handle of [child, data, control]) handle.unref()
    },
  }
}

function closed(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    socket.once('close', () => resolve())
    socket.once('end', () => socket.destroy())
  })
}
