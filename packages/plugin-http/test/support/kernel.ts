/** Kernels with the plugin, and listeners on them. */
import {
  type Addr,
  createKernel,
  type Fd,
  type Handlers,
  type Isolation,
  type Kernel,
  type Mode,
  type ModeSpec,
} from '@unisock/kernel'
import { type LogLine, memoryLogger } from '../../../../test/support/memory-logger.ts'
import { HTTP_SERVER, http } from '../../src/index.ts'

export { until } from '../../../../test/support/until.ts'

export const ISOLATIONS: readonly Isolation[] = ['thread', 'process', 'inline']

export async function httpKernel(isolation: Isolation): Promise<Kernel & { lines: LogLine[] }> {
  const logger = memoryLogger()
  const kernel = await createKernel({ plugins: [http({ isolation })], logger })
  return Object.assign(kernel, { lines: logger.lines })
}

type SpecOf<M> = M extends Mode<infer S extends ModeSpec> ? S : never
type Spec = SpecOf<typeof HTTP_SERVER>
export type HttpHandlers = Handlers<Spec>

/** An HTTP server that listens. */
export async function serving(
  kernel: Kernel,
  handlers: HttpHandlers,
  options: readonly (readonly [option: any, value: unknown])[] = [],
): Promise<{ server: Fd<Spec>; addr: Addr; url: string }> {
  const server = kernel.create(HTTP_SERVER, handlers)
  for (const [option, value] of options) void kernel.setOption(server, option, value)
  void kernel.bind(server, 0)
  const addr = await kernel.listen(server)
  return { server, addr, url: `http://127.0.0.1:${addr.port}` }
}
