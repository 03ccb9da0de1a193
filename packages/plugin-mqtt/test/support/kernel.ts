/** Kernels with the plugin, brokers and clients on them. */
import {
  type Addr,
  type ConnectTarget,
  createKernel,
  type Fd,
  type Handlers,
  type Isolation,
  type Kernel,
  type Mode,
  type ModeSpec,
} from '@unisock/kernel'
import { Inbox } from '../../../../test/support/inbox.ts'
import { type LogLine, memoryLogger } from '../../../../test/support/memory-logger.ts'
import { MQTT_CLIENT, MQTT_SERVER, type MqttMessage, mqtt } from '../../src/index.ts'

export { Inbox } from '../../../../test/support/inbox.ts'
export { until } from '../../../../test/support/until.ts'

export const ISOLATIONS: readonly Isolation[] = ['thread', 'process', 'inline']

export type OptionRow = readonly [option: any, value: unknown]
type SpecOf<M> = M extends Mode<infer S extends ModeSpec> ? S : never
export type ClientSpec = SpecOf<typeof MQTT_CLIENT>
export type BrokerSpec = SpecOf<typeof MQTT_SERVER>

export async function mqttKernel(isolation: Isolation = 'inline'): Promise<Kernel & { lines: LogLine[] }> {
  const logger = memoryLogger()
  const kernel = await createKernel({ plugins: [mqtt({ isolation })], logger })
  return Object.assign(kernel, { lines: logger.lines })
}

export interface Serving {
  server: Fd<BrokerSpec>
  addr: Addr
  port: number
  url: string
}

/** An embedded broker. */
export async function serving(
  kernel: Kernel,
  handlers: Handlers<BrokerSpec> = {},
  options: readonly OptionRow[] = [],
  at: number | { path: string } = 0,
): Promise<Serving> {
  const server = kernel.create(MQTT_SERVER, handlers)
  for (const [option, value] of options) void kernel.setOption(server as any, option, value)
  void kernel.bind(server, at)
  const addr = await kernel.listen(server)
  return { server, addr, port: addr.port, url: `mqtt://127.0.0.1:${addr.port}` }
}

/** A connected client, and what it is called back with. */
export interface Client {
  readonly fd: Fd<ClientSpec>
  readonly messages: Inbox<MqttMessage>
  readonly opened: Inbox<Addr>
  readonly errors: Inbox<any>
  readonly closed: Promise<any>
}

export async function client(
  kernel: Kernel,
  to: ConnectTarget | undefined,
  options: readonly OptionRow[] = [],
): Promise<Client> {
  const messages = new Inbox<MqttMessage>()
  const opened = new Inbox<Addr>()
  const errors = new Inbox<any>()
  const closed = Promise.withResolvers<any>()
  const fd = kernel.create(MQTT_CLIENT, {
    open: (_fd, _listener, addr) => opened.put(addr),
    message: (_fd, message) => messages.put(message),
    error: (_fd, error) => errors.put(error),
    close: (_fd, error) => closed.resolve(error),
  })
  for (const [option, value] of options) void kernel.setOption(fd as any, option, value)
  await kernel.connect(fd, to)
  await opened.next()
  return { fd, messages, opened, errors, closed: closed.promise }
}

/** A client that is connected and subscribed. */
export async function subscriber(
  kernel: Kernel,
  to: ConnectTarget,
  subscribe: string,
  options: readonly OptionRow[] = [],
): Promise<Client> {
  const made = await client(kernel, to, options)
  await kernel.request(made.fd, { subscribe, qos: 2 })
  return made
}
