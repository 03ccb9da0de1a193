/**
 * A server under test, in a process of its own.
 * @module
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'

/** What a server process says of itself: CPU microseconds of its main thread and of all of it, and bytes of memory. */
export interface Usage {
  readonly owner: number
  readonly process: number
  readonly rss: number
}

export interface ServerProcess extends AsyncDisposable {
  readonly port: number
  readonly pid: number
  usage(): Promise<Usage>
}

/** Has every thread of the server collect its garbage when memory is asked for. */
const COLLECT = new URL('./servers/collect.ts', import.meta.url).href

/** Starts a module of `servers/`. */
export async function startServer(server: string, args: readonly string[] = []): Promise<ServerProcess> {
  const child = fork(new URL(`./servers/${server}.ts`, import.meta.url), args, {
    execArgv: [...process.execArgv, '--expose-gc', '--import', COLLECT],
  })
  const [port] = (await once(child, 'message')) as [number]
  return {
    port,
    pid: child.pid!,
    async usage() {
      child.send('usage')
      return (await once(child, 'message'))[0] as Usage
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}
