import { type Fd, type Kernel, SO_BACKLOG, TLS_CERTIFICATE } from '@unisock/kernel'
import { defineOption, type } from '@unisock/kernel/plugin'
import { expectTypeOf, test } from 'vitest'
import { HTTP_HEADERS, HTTP_SERVER, HTTP_TIMEOUT, type HttpRequest, type HttpWrite } from '../src/index.ts'

const OTHER = defineOption({ number: 999, name: 'OTHER', family: 'other', schema: {}, value: type<string>() })

/** Compiled, never called. */
export function program(kernel: Kernel): void {
  const server = kernel.create(HTTP_SERVER, (fd, request, addr) => {
    expectTypeOf(request).toEqualTypeOf<HttpRequest>()
    expectTypeOf(addr.port).toBeNumber()
    kernel.write(fd, 'text')
    kernel.write(fd, { status: 200, headers: { a: ['1', '2'] }, body: { any: 'thing' } })
    kernel.write(fd, new Uint8Array())
    kernel.write(fd, request.body)
    // @ts-expect-error a status is a number
    kernel.write(fd, { status: 'ok' })
    // @ts-expect-error a number is no answer
    kernel.write(fd, 7)
  })
  void kernel.setOption(server, HTTP_TIMEOUT, 1000)
  void kernel.setOption(server, HTTP_HEADERS, { Server: 'realm' })
  void kernel.setOption(server, SO_BACKLOG, 10)
  void kernel.setOption(server, TLS_CERTIFICATE, 'cert.pem')
  // @ts-expect-error a time is a number
  void kernel.setOption(server, HTTP_TIMEOUT, '1s')
  // @ts-expect-error an option of another family
  void kernel.setOption(server, OTHER, 'x')
  // @ts-expect-error a listener is not written to
  kernel.write(server, 'x')
}

test('an exchange takes what HTTP answers with', () => {
  expectTypeOf<HttpWrite>().exclude<string | Uint8Array>().toBeObject()
  expectTypeOf<Fd>().toExtend<number>()
})
