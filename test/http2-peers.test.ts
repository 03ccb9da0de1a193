/** Clients and proxies of others that speak HTTP/2. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Kernel } from '@unisock/kernel'
import { TLS_CERTIFICATE, TLS_PRIVATE_KEY } from '@unisock/kernel/plugin'
import { APACHE_PROXY_ENABLE, HTTP_SERVER, HTTP2_ENABLE, HTTPS_SERVER } from '@unisock/plugin-http'
import { problem, REST_ADD_ROUTE, REST_SERVER, route } from '@unisock/plugin-rest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Authority, type Issued } from './support/certificates.ts'
import { webKernel } from './support/kernel.ts'
import { findProgram } from './support/programs.ts'
import { WebServer } from './support/web-server.ts'

const curl = findProgram('curl')
const nghttp = findProgram('nghttp')
const h2load = findProgram('h2load')
const apache = findProgram('apache2')

let authority: Authority
let issued: Issued
let folder: string
beforeAll(async () => {
  authority = new Authority()
  issued = authority.issue('localhost')
  folder = await mkdtemp(join(tmpdir(), 'unisock-http2-'))
})
afterAll(async () => {
  authority[Symbol.dispose]()
  await rm(folder, { recursive: true })
})

const run = async (program: string, ...args: string[]): Promise<string> =>
  (await promisify(execFile)(program, args, { encoding: 'utf8', maxBuffer: 2 ** 26 })).stdout

/** A server that tells what it is asked. */
async function telling(kernel: Kernel, isSecure: boolean): Promise<number> {
  const server = kernel.create(isSecure ? HTTPS_SERVER : HTTP_SERVER, (fd: number, request) => {
    const { version, method, path, headers } = request
    const body = { version, method, path, host: headers.host, length: (request.body as Buffer).length }
    kernel.write(fd as never, { body: { ...body, remote: request.remote?.address } })
  })
  if (isSecure) {
    void kernel.setOption(server, TLS_CERTIFICATE, issued.certificate)
    void kernel.setOption(server, TLS_PRIVATE_KEY, issued.privateKey)
  } else {
    void kernel.setOption(server, HTTP2_ENABLE, true)
    void kernel.setOption(server, APACHE_PROXY_ENABLE, true)
  }
  void kernel.bind(server, 0)
  return (await kernel.listen(server)).port
}

describe.runIf(curl)('curl', () => {
  test('agrees on HTTP/2 over TLS, and has what it asks for', async () => {
    await using kernel = await webKernel('thread')
    const port = await telling(kernel, true)
    const url = `https://localhost:${port}/a`
    const ca = join(authority.directory, 'ca.pem')
    const over = await run(curl!, '-s', '--cacert', ca, '--http2', '-w', '\n%{http_version}', url)
    expect(over).toMatch(/\n2$/)
    expect(JSON.parse(over.slice(0, -2))).toMatchObject({
      version: '2.0',
      method: 'GET',
      path: '/a',
      host: `localhost:${port}`,
    })
    expect(await run(curl!, '-s', '--cacert', ca, '--http1.1', url)).toContain('"version":"1.1"')
  })

  test('speaks it without TLS, with bodies and HEAD, beside HTTP/1.1 on the same port', async () => {
    await using kernel = await webKernel('thread')
    const port = await telling(kernel, false)
    const url = `http://127.0.0.1:${port}/`
    const file = join(folder, 'body')
    await writeFile(file, Buffer.alloc(700_000, 'x'))
    const h2 = ['-s', '--http2-prior-knowledge']
    const posted = await run(curl!, ...h2, '--data-binary', `@${file}`, url)
    expect(JSON.parse(posted)).toMatchObject({ version: '2.0', method: 'POST', length: 700_000 })
    expect(await run(curl!, ...h2, '-I', url)).toMatch(/^HTTP\/2 200 /)
    expect(await run(curl!, '-s', '--http1.1', url)).toContain('"version":"1.1"')
    // An upgrade from HTTP/1.1 is no part of HTTP/2 any more: the request is answered as it is.
    expect(await run(curl!, '-s', '--http2', url)).toContain('"version":"1.1"')
  })
})

test.runIf(nghttp)('nghttp: many requests on one connection, with padding and a small window', async () => {
  await using kernel = await webKernel('thread')
  const port = await telling(kernel, false)
  const url = `http://127.0.0.1:${port}/`
  const text = await run(nghttp!, '-n', '-v', '-m', '20', '-w', '14', '-b', '10', url)
  expect(text.match(/:status: 200/g)).toHaveLength(20)
  expect(text).not.toMatch(/RST_STREAM|\(last_stream_id=\d+, error_code=(?!NO_ERROR)/)
})

test.runIf(h2load)('h2load: thousands of requests, none of which fails', async () => {
  await using kernel = await webKernel('thread')
  const port = await telling(kernel, false)
  const text = await run(h2load!, '-n', '4000', '-c', '4', '-m', '50', `http://127.0.0.1:${port}/`)
  expect(text).toContain('4000 succeeded, 0 failed, 0 errored, 0 timeout')
  expect(text).toContain('4000 2xx')
})

test.runIf(apache)('Apache as a proxy that speaks HTTP/2 to the listener', async () => {
  await using kernel = await webKernel('thread')
  const port = await telling(kernel, false)
  const apacheLines = `LoadModule proxy_http2_module /usr/lib/apache2/modules/mod_proxy_http2.so
ProxyPreserveHost On
ProxyPass "/" "h2c://127.0.0.1:${port}/"`
  await using server = await WebServer.start('apache', apache!, {
    config: { apache: apacheLines, nginx: { http: '', server: '' } },
  })
  const { status, body } = await server.ask('/through')
  expect(status).toBe(200)
  expect(JSON.parse(String(body))).toMatchObject({ version: '2.0', path: '/through', remote: '127.0.0.2' })
  const posted = await server.ask('/', { method: 'POST' }, 'x'.repeat(100_000))
  expect(JSON.parse(String(posted.body))).toMatchObject({ method: 'POST', length: 100_000 })
})

test.runIf(curl)('a REST server routes, validates and answers problems by HTTP/2', async () => {
  await using kernel = await webKernel('thread')
  const api = kernel.create(REST_SERVER, () => {})
  void kernel.setOption(api, HTTP2_ENABLE, true)
  void kernel.setOption(
    api,
    REST_ADD_ROUTE,
    route({
      method: 'POST',
      pattern: '/items/{id:int}',
      openapi: {
        requestBody: { content: { 'application/json': { schema: { type: 'object', required: ['name'] } } } },
      } as never,
      handler: request => {
        if (request.path_params.id === 0) throw problem(404, 'no such item')
        return { id: request.path_params.id, version: request.version, body: request.body }
      },
    }),
  )
  void kernel.bind(api, 0)
  const { port } = await kernel.listen(api)
  const ask = async (id: string, body: string) => {
    const args = [
      '-s',
      '--http2-prior-knowledge',
      '-w',
      '\n%{http_code}',
      '-H',
      'Content-Type: application/json',
    ]
    const text = await run(curl!, ...args, '-d', body, `http://127.0.0.1:${port}/items/${id}`)
    const [json, status] = text.split('\n')
    return { status: Number(status), ...JSON.parse(json!) }
  }
  expect(await ask('7', '{"name":"x"}')).toMatchObject({
    status: 200,
    id: 7,
    version: '2.0',
    body: { name: 'x' },
  })
  expect(await ask('0', '{"name":"x"}')).toMatchObject({ status: 404 })
  expect(await ask('7', '{}')).toMatchObject({ status: 400 })
  expect(await ask('seven', '{"name":"x"}')).toMatchObject({ status: 404 })
})
