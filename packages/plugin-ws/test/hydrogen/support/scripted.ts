/** A kernel whose Hydrogen server does as a test tells it. */
import { createKernel, type Isolation, type Kernel } from '@unisock/kernel'
import { type LogLine, memoryLogger } from '../../../../../test/support/memory-logger.ts'
import { hydrogen } from '../../../src/hydrogen/owner/index.ts'
import type { CommandWire, ToOwnerWire } from '../../../src/hydrogen/wire.ts'
import { WEBSOCKET_SERVER } from '../../../src/modes.ts'
import { type Order, scripted } from '../fixtures/scripted.ts'

export async function scriptedKernel(
  isolation: Isolation = 'inline',
): Promise<Kernel & { lines: LogLine[] }> {
  const logger = memoryLogger()
  const kernel = await createKernel({ plugins: [scripted({ isolation })], logger })
  return Object.assign(kernel, { lines: logger.lines })
}

/** A listener, the calls on it, and its worker's other end. */
export async function scriptedServer(kernel: Kernel, handlers: object = {}) {
  const errors: Error[] = []
  const fd = kernel.create(WEBSOCKET_SERVER, {
    error: (_fd, error) => void errors.push(error),
    ...handlers,
  })
  await kernel.bind(fd, 0)
  await kernel.listen(fd)
  const order = (...script: Order): Promise<any> => kernel.request(fd as never, script as never)
  return {
    fd,
    errors,
    server: hydrogen(kernel, fd),
    order,
    accept: (): Promise<number> => order('accept'),
    say: (on: number, wire: ToOwnerWire, handler?: string): Promise<boolean> =>
      handler === undefined ? order('say', on, wire) : order('say', on, wire, handler),
    /** What was written, without the fds. */
    written: async (count: number): Promise<unknown[]> =>
      (await order('written', count)).map(([, data]: [number, unknown]) => data),
  }
}

interface CommandParts {
  run?: number
  session?: string
  cseq?: number
  channel?: string
  action?: string
  data?: string | null
}

export function command({
  run = 1,
  session = 's',
  cseq = 0,
  channel = 'print',
  action = 'start',
  data = null,
}: CommandParts = {}): CommandWire {
  return ['command', run, session, cseq, `id-${run}`, '2026-02-26T18:45:00.000Z', channel, action, data]
}
