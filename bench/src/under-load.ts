/**
 * A server in a process of its own, under load from another.
 * @module
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Figures, RunOptions } from './case.ts'
import { startServer } from './server-process.ts'

/** What every load process is told. */
export interface Load {
  readonly port: number
  readonly seconds: number
}

/** What every load process reports. */
export interface LoadResult {
  /** How long it has taken. */
  readonly seconds: number
}

export interface UnderLoad<L extends Load> extends RunOptions {
  /** A module of `servers/`. */
  readonly server: string
  readonly args?: readonly string[]
  /** The load process: a module of this folder. */
  readonly by: string
  readonly load: Omit<L, keyof Load>
}

/** What a load has counted, and the CPU microseconds it has cost the server's main thread and all of it. */
export interface Measured<R extends LoadResult> {
  readonly result: R
  readonly ownerCpu: number
  readonly processCpu: number
}

const WARM_UP_SECONDS = 1

/** Starts the server, warms it up, and measures it under load. */
export async function underLoad<L extends Load, R extends LoadResult>({
  server,
  args,
  by,
  load,
  quick,
}: UnderLoad<L>): Promise<Measured<R>> {
  await using running = await startServer(server, args)
  const run = async (seconds: number): Promise<R> => {
    const told = JSON.stringify({ ...load, port: running.port, seconds })
    const child = fork(new URL(`./${by}.ts`, import.meta.url), [told])
    return ((await once(child, 'message')) as [R])[0]
  }
  await run(WARM_UP_SECONDS)
  const before = await running.usage()
  const result = await run(quick ? 2 : 5)
  const after = await running.usage()
  return { result, ownerCpu: after.owner - before.owner, processCpu: after.process - before.process }
}

/** Units a second, and CPU microseconds a unit. */
export function perUnit(unit: string, units: number, measured: Measured<LoadResult>): Figures {
  return {
    [`${unit}/s`]: units / measured.result.seconds,
    'owner-cpu': measured.ownerCpu / units,
    'process-cpu': measured.processCpu / units,
  }
}
