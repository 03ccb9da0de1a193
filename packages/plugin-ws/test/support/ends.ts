/** Ends of connections that keep what they are called back with. */
import type { ConnectTarget, Kernel, Mode } from '@unisock/kernel'
import { dialling, Inbox, type OptionRow, serving } from './kernel.ts'

export interface ConnectionEnd {
  fd: any
  readonly handlers: object
}

/** A listener whose connections each are given an end. */
export async function accepting<E extends ConnectionEnd>(
  kernel: Kernel,
  mode: Mode<any>,
  makeEnd: () => E,
  options: readonly OptionRow[],
) {
  const opened = new Inbox<E>()
  const { server, port } = await serving(
    kernel,
    {
      open: fd => {
        const end = makeEnd()
        end.fd = fd
        kernel.attach(fd, end.handlers)
        opened.put(end)
      },
    },
    options,
    { mode },
  )
  return { server, port, opened }
}

/** The end of a client that is connected. */
export async function connected<E extends ConnectionEnd>(
  kernel: Kernel,
  mode: Mode<any>,
  end: E,
  to: ConnectTarget,
  options: readonly OptionRow[],
): Promise<E> {
  end.fd = await dialling(kernel, to, end.handlers, options, mode)
  return end
}
