/**
 * A load that opens its connections first, and begins when it is told.
 * @module
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

export interface LoadProcess<R> extends AsyncDisposable {
  /** Resolves with what it has counted. */
  run(seconds: number): Promise<R>
}

/** Starts a module of this folder; resolves when its connections are open. */
export async function startLoad<R>(module: string, told: object): Promise<LoadProcess<R>> {
  const child = fork(new URL(`./${module}.ts`, import.meta.url), [JSON.stringify(told)])
  await nextMessage(child)
  return {
    async run(seconds) {
      child.send(seconds)
      return (await nextMessage(child)) as R
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`the load ended with ${code}`)
  })
  failed.catch(() => {})
  const [message] = (await Promise.race([once(child, 'message'), failed])) as [unknown]
  return message
}

/** In the load's process: its connections are open. */
export function loading<R>(run: (seconds: number) => Promise<R>): void {
  process.on('message', async (seconds: number) => process.send!(await run(seconds)))
  process.on('disconnect', () => process.exit(0))
  process.send!('open')
}
