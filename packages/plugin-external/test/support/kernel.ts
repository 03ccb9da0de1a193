/** Kernels with the plugin, sockets on them, and folders they may use. */
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createKernel,
  type Fd,
  type Handlers,
  type Isolation,
  type Kernel,
  type KernelOptions,
  type Mode,
  type ModeSpec,
} from '@unisock/kernel'
import { Inbox } from '../../../../test/support/inbox.ts'
import { type LogLine, memoryLogger } from '../../../../test/support/memory-logger.ts'
import {
  EXTERNAL_ARGS,
  EXTERNAL_COMMAND,
  EXTERNAL_PIPE,
  type ExternalPermits,
  type ExternalPlugin,
  external,
} from '../../src/index.ts'

export { Inbox } from '../../../../test/support/inbox.ts'
export { until } from '../../../../test/support/until.ts'
export { isThere } from '../../../kernel/test/support/processes.ts'

export const ISOLATIONS: readonly Isolation[] = ['thread', 'process', 'inline']

/** A shell, for children of a few lines: it is on the list of these tests, with any script. */
export const SH = '/bin/sh'
export const PERMIT_SH = { path: SH, args: ['-c'], rest: /.*/s }
/** For what a shell cannot do. */
export const PYTHON = ['/usr/bin/python3', '/usr/local/bin/python3'].find(existsSync)
export const PERMIT_PYTHON = PYTHON ? [{ path: PYTHON, args: ['-c'], rest: /.*/s }] : []
export const ROOT = process.geteuid!() === 0

export type OptionRow = readonly [option: any, value: unknown]

export async function externalKernel(
  isolation: Isolation = 'inline',
  permits: ExternalPermits = { commands: [PERMIT_SH, ...PERMIT_PYTHON], paths: [realpathSync(tmpdir())] },
  options: Partial<KernelOptions> = {},
): Promise<Kernel & { lines: LogLine[]; plugin: ExternalPlugin }> {
  const logger = memoryLogger()
  const plugin = external({ isolation, ...permits })
  const kernel = await createKernel({ plugins: [plugin], logger, ...options })
  return Object.assign(kernel, { lines: logger.lines, plugin })
}

/** The process that the plugin's worker is, or is a thread of. */
export async function workerPid(kernel: Kernel): Promise<number> {
  const { workers } = await kernel.inspect()
  return workers[0]!.inside!.pid
}

/** What happens on one fd, as it comes. */
export class Told<M> {
  readonly messages = new Inbox<M>()
  readonly errors = new Inbox<any>()
  readonly closed = Promise.withResolvers<any>()
  readonly ended = Promise.withResolvers<void>()
  readonly drained = new Inbox<void>()
  readonly handlers: Handlers<any> = {
    message: (_fd, message) => this.messages.put(message as M),
    error: (_fd, error) => this.errors.put(error),
    close: (_fd, error) => this.closed.resolve(error),
    end: () => this.ended.resolve(),
    drain: () => this.drained.put(),
  }
}

type MessageOf<S extends ModeSpec> = S['message']

/** An fd with its options set, and what is told of it. */
export function opened<S extends ModeSpec>(
  kernel: Kernel,
  mode: Mode<S>,
  options: readonly OptionRow[] = [],
): Told<MessageOf<S>> & { fd: Fd<S> } {
  const told = new Told<MessageOf<S>>()
  const fd = kernel.create(mode, told.handlers as Handlers<S>)
  for (const [option, value] of options) void kernel.setOption(fd, option, value)
  return Object.assign(told, { fd })
}

/** A shell's socket, of mode 40 unless said otherwise; not started. */
export function shell(
  kernel: Kernel,
  script: string,
  options: readonly OptionRow[] = [],
  mode: typeof EXTERNAL_PIPE = EXTERNAL_PIPE,
) {
  return opened(kernel, mode, [[EXTERNAL_COMMAND, SH], [EXTERNAL_ARGS, ['-c', script]], ...options])
}

/** The text of an event, up to where it fits. */
export async function textOf(
  messages: Inbox<any>,
  event: string,
  fits: (text: string) => boolean,
): Promise<string> {
  let text = ''
  while (!fits(text)) {
    const { data } = await messages.find(message => message.event_type === event)
    text += data
  }
  return text
}

export class Scratch implements Disposable {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), 'unisock-external-')))

  at(...names: string[]): string {
    return join(this.path, ...names)
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
