/**
 * A keeper's life: take its address, serve workers, stop.
 * @module
 */
import { expose } from 'comlink'
import { ControlPort, type Notice } from '../link/control.ts'
import { FRAME_VERSION } from '../link/frames.ts'
import type { Transport } from '../link/transport.ts'
import { answer } from '../worker/control.ts'
import type { KeeperControl } from './control.ts'
import { Keeper } from './keeper.ts'

/** `onEnd` is called once the keeper has stopped, or cannot go on. */
export function serve(
  { control: channel }: Pick<Transport, 'control'>,
  onEnd: (error?: Error) => void,
): Keeper {
  const control = new ControlPort<never, Notice>(
    channel,
    () => {},
    error => onEnd(error as Error),
  )
  const keeper = new Keeper({
    warn: (message, details = {}) => control.notify({ kind: 'log', level: 'warn', message, details }),
  })
  const exposed: KeeperControl = {
    start: options =>
      answer(async () => {
        await keeper.start(options)
        return { frameVersion: FRAME_VERSION, pid: process.pid, node: process.version }
      }),
    inspect: () => answer(() => keeper.inspect()),
    stop: () =>
      answer(async () => {
        await keeper.dispose()
        setImmediate(onEnd)
        return null
      }),
  }
  expose(exposed, control.endpoint)
  return keeper
}
