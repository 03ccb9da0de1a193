/**
 * What must infer and what must be refused, checked by the compiler: `test/types.test.ts` runs it over this file.
 */
import type { Addr, Conn, Fd, Isolation, Kernel, Mode, Socket } from '../src/index.ts'
import { SO_LINGER } from '../src/index.ts'
import { defineMode, defineOption, type } from '../src/plugin/index.ts'
import { BROKEN_OPTION } from './fixtures/broken/plugins.ts'
import { ECHO_CLIENT, ECHO_ROW, ECHO_SERVER, ECHO_UPPER, echo } from './fixtures/echo/index.ts'
import { PARCEL, PARCEL_LENT } from './fixtures/parcel/index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function expectType<A>(): <B>(
  value: B,
  equal: Equal<A, B> extends true ? [] : ['not the same type'],
) => void

declare const kernel: Kernel

export async function infers(): Promise<void> {
  const server = kernel.create(ECHO_SERVER, {
    open(fd, listener, addr) {
      expectType<Addr>()(addr, [])
      kernel.write(fd, 'a connection takes writes')
      kernel.broadcast(listener, { any: 'thing' }, { except: fd })
    },
    message(fd, data) {
      expectType<string | Uint8Array>()(data, [])
      kernel.write([fd, fd], data)
    },
    close: (_fd, error) => void (error satisfies Error | undefined),
  })
  void kernel.setOption(server, ECHO_UPPER, true)
  void kernel.setOption(server, SO_LINGER, 3)
  void kernel.setOption(server, ECHO_ROW, { name: 'x', handler: () => 1 })
  expectType<boolean>()(kernel.getOption(server, ECHO_UPPER), [])
  expectType<boolean>()(await kernel.query(server, ECHO_UPPER), [])
  expectType<Addr>()(await kernel.bind(server, 0), [])

  const client = kernel.create(ECHO_CLIENT, (fd, data) => void kernel.write(fd, data))
  expectType<{ got: unknown }>()(await kernel.request(client, 1), [])

  const socket = kernel.socket(ECHO_SERVER)
  for await (const connection of socket) {
    connection satisfies Socket<any>
    for await (const message of connection) expectType<string | Uint8Array>()(message, [])
  }
  echo({ isolation: 'process' satisfies Isolation, worker: 'web' })
}

export function refuses(): void {
  const server = kernel.create(ECHO_SERVER, {})
  const client = kernel.create(ECHO_CLIENT, {})
  // @ts-expect-error a listener cannot be written to
  kernel.write(server, 'x')
  // @ts-expect-error a number is no fd
  kernel.write(7, 'x')
  // @ts-expect-error a value of another type
  void kernel.setOption(server, ECHO_UPPER, 'yes')
  // @ts-expect-error an option of another family
  void kernel.setOption(server, BROKEN_OPTION, 1)
  // @ts-expect-error an option is no mode
  kernel.create(ECHO_UPPER, {})
  // @ts-expect-error no such handler
  kernel.create(ECHO_SERVER, { onMessage() {} })
  // @ts-expect-error a server mode has no replies
  void kernel.request(server, 1)
  // @ts-expect-error no such isolation
  echo({ isolation: 'fork' })
  // @ts-expect-error a default of another type than the value
  defineOption({ number: 501, name: 'X', family: 'echo', schema: {}, value: type<number>(), default: 'x' })
  void client
}

const STRICT = defineMode({
  number: 92,
  name: 'STRICT',
  package: 'strict',
  family: 'strict',
  families: ['tls'],
  kind: 'server',
  message: type<{ n: number }>(),
  write: type<{ s: string }>(),
})
type SpecOf<M> = M extends Mode<infer S> ? S : never

export function followsTheMode(connection: Fd<Conn<SpecOf<typeof STRICT>>>): void {
  kernel.write(connection, { s: 'fine' })
  // @ts-expect-error write follows the mode
  kernel.write(connection, { s: 5 })
  // @ts-expect-error and so does broadcast
  kernel.broadcast(kernel.create(STRICT, {}), 'text')
}

export async function isEither(): Promise<void> {
  const either = kernel.create(PARCEL, {
    open(fd, listener) {
      kernel.write(fd, 'a connection takes writes')
      kernel.broadcast(listener, 'and so does what listens, for all of them', { except: fd })
    },
    message(_fd, data) {
      expectType<string | Uint8Array>()(data, [])
    },
  })
  expectType<Fd<SpecOf<typeof PARCEL>>>()(either, [])
  expectType<Addr>()(await kernel.connect(either, 1), [])
  expectType<Addr>()(await kernel.listen(either), [])
  kernel.write(either, 'a client takes writes')
  kernel.write([either, either], new Uint8Array(1))
  expectType<number>()(await kernel.query(either, PARCEL_LENT), [])
  expectType<SpecOf<typeof PARCEL>['write']>()({} as Conn<SpecOf<typeof PARCEL>>['write'], [])
  // @ts-expect-error write follows the mode
  kernel.write(either, { text: 'x' })
  // @ts-expect-error and so does broadcast
  kernel.broadcast(either, 7)
  // @ts-expect-error a mode without a reply has no requests
  void kernel.request(either, 'x')
  // @ts-expect-error an option of another family
  void kernel.setOption(either, ECHO_UPPER, true)
}
