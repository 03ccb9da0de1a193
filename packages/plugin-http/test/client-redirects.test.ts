import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { SO_TLS_VERIFY_PEER, TLS_CA, TLS_CLIENT_CERT } from '@unisock/kernel'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Authority, type Issued } from '../../../test/support/certificates.ts'
import {
  HTTP_CLIENT,
  HTTP_CONNECT_TIMEOUT,
  HTTP_FOLLOW_REDIRECTS,
  HTTP_HEADERS,
  HTTP_INSECURE_REDIRECTS,
  HTTP_MAX_REDIRECTS,
  HTTP_PROXY,
  HTTPS_CLIENT,
} from '../src/index.ts'
import {
  clientKernel,
  clientOf,
  mirror,
  origin,
  rawOrigin,
  redirect,
  secureOrigin,
} from './support/client.ts'

let authority: Authority
let issued: Issued
beforeAll(() => {
  authority = new Authority()
  issued = authority.issue('localhost')
})
afterAll(() => authority[Symbol.dispose]?.())

const tls = () => ({ cert: issued.certificate, key: issued.privateKey })

describe('redirects', () => {
  test.each<[number, string, string, string]>([
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [303, 'HEAD', 'HEAD', ''],
    [301, 'PUT', 'PUT', 'body'],
    [307, 'POST', 'POST', 'body'],
    [308, 'POST', 'POST', 'body'],
  ])('%i of %s is followed by %s', async (status, method, becomes, body) => {
    const seen: unknown[] = []
    await using server = await origin((request, response) => {
      if (request.url === '/from') return redirect(response, status, 'to?x#y')
      seen.push(request.method, request.headers['content-type'])
      mirror(request, response)
    })
    await using kernel = await clientKernel()
    const fd = await clientOf(kernel, server.url)
    const response = await kernel.request(fd, {
      method,
      url: '/from',
      ...(method !== 'HEAD' && { body: 'body' }),
    })
    expect(response.redirects).toBe(1)
    expect(response.url).toBe(`${server.url}/to?x`)
    expect(seen).toEqual([becomes, body === '' ? undefined : 'text/plain; charset=utf-8'])
    if (method !== 'HEAD') expect(await response.json()).toMatchObject({ body })
  })

  test('a loop ends at HTTP_MAX_REDIRECTS', async () => {
    let asked = 0
    await using server = await origin((_request, response) => {
      asked++
      redirect(response, 302, '/again')
    })
    await using kernel = await clientKernel()
    const fd = await clientOf(kernel, server.url)
    await expect(kernel.request(fd, '/')).rejects.toMatchObject({
      code: 'EPROTO',
      message: expect.stringContaining('more than 5 redirects'),
    })
    expect(asked).toBe(6)
    await kernel.setOption(fd, HTTP_MAX_REDIRECTS, 0)
    await expect(kernel.request(fd, '/')).rejects.toMatchObject({ code: 'EPROTO' })
    expect(asked).toBe(7)
  })

  test('they are responses where nobody wants to follow', async () => {
    await using server = await origin((_request, response) => redirect(response, 302, '/again'))
    await using kernel = await clientKernel()
    const fd = await clientOf(kernel, server.url)
    const response = await kernel.request(fd, { follow: false })
    expect([response.status, response.headers.location]).toEqual([302, '/again'])
    await kernel.setOption(fd, HTTP_FOLLOW_REDIRECTS, false)
    expect((await kernel.request(fd, '/')).status).toBe(302)
  })

  test('another host is told nothing about who asks', async () => {
    await using other = await origin(mirror)
    await using server = await origin((request, response) =>
      redirect(response, 302, request.url === '/near' ? '/there' : `${other.url}/there`),
    )
    await using near = await origin((request, response) =>
      request.url === '/near' ? redirect(response, 302, '/there') : mirror(request, response),
    )
    await using kernel = await clientKernel()
    const fd = await clientOf(kernel, server.url, [[HTTP_HEADERS, { 'X-Api-Key': 'secret' }]])
    const headers = { Authorization: 'Bearer t', Cookie: 'a=1', Accept: 'a/b' }
    const far = (await (await kernel.request(fd, { url: '/far', headers })).json()) as any
    expect(far.url).toBe('/there')
    expect(far.headers.accept).toBe('a/b')
    for (const name of ['authorization', 'cookie', 'x-api-key']) expect(far.headers[name]).toBeUndefined()
    const same = (await (await kernel.request(fd, { url: `${near.url}/near`, headers })).json()) as any
    expect(same.headers).toMatchObject({ authorization: 'Bearer t', 'x-api-key': 'secret' })
  })

  test.each(['file:///etc/passwd', 'javascript:alert(1)', 'http://[', 'ftp://127.0.0.1/'])(
    'to %s is refused',
    async location => {
      await using server = await origin((_request, response) => redirect(response, 302, location))
      await using kernel = await clientKernel()
      const fd = await clientOf(kernel, server.url)
      await expect(kernel.request(fd, '/')).rejects.toMatchObject({ code: 'EPROTO' })
    },
  )

  test('a streamed body is not sent again', async () => {
    await using server = await origin((request, response) => {
      request.resume().on('end', () => redirect(response, 307, '/again'))
    })
    await using kernel = await clientKernel()
    const fd = await clientOf(kernel, server.url)
    async function* body() {
      yield 'a'
    }
    await expect(kernel.request(fd, { body: body() })).rejects.toMatchObject({
      code: 'EPROTO',
      message: expect.stringContaining('cannot be sent again'),
    })
  })

  test('out of TLS is refused, into it is followed', async () => {
    let asked = 0
    await using plain = await origin((request, response) => {
      asked++
      mirror(request, response)
    })
    await using secure = await secureOrigin(tls(), (request, response) =>
      request.url === '/out' ? redirect(response, 302, plain.url) : mirror(request, response),
    )
    await using into = await origin((_request, response) => redirect(response, 301, `${secure.url}/in`))
    await using kernel = await clientKernel()
    for (const mode of [HTTP_CLIENT, HTTPS_CLIENT]) {
      const fd = kernel.create(mode, {})
      void kernel.setOption(fd, TLS_CA, authority.certificate)
      await expect(kernel.request(fd, `${secure.url}/out`)).rejects.toMatchObject({
        code: 'ESECURITY',
        message: expect.stringContaining('not over TLS'),
      })
    }
    const fd = kernel.create(HTTP_CLIENT, {})
    void kernel.setOption(fd, TLS_CA, authority.certificate)
    expect(await (await kernel.request(fd, into.url)).json()).toMatchObject({ url: '/in' })
    expect(asked).toBe(0)
  })

  test('out of TLS they are followed where HTTP_INSECURE_REDIRECTS says so, without what is secret', async () => {
    await using plain = await origin(mirror)
    await using secure = await secureOrigin(tls(), (_request, response) => redirect(response, 302, plain.url))
    await using kernel = await clientKernel()
    const fd = kernel.create(HTTP_CLIENT, {})
    void kernel.setOption(fd, TLS_CA, authority.certificate)
    void kernel.setOption(fd, HTTP_INSECURE_REDIRECTS, true)
    const headers = { Authorization: 'secret', Cookie: 'secret', Accept: 'text/csv' }
    const response = await kernel.request(fd, { url: secure.url, headers })
    const seen = (await response.json()) as { headers: Record<string, string> }
    expect(seen.headers).toMatchObject({ accept: 'text/csv' })
    expect(JSON.stringify(seen)).not.toContain('secret')
    const strict: any = kernel.create(HTTPS_CLIENT, {})
    await expect(kernel.setOption(strict, HTTP_INSECURE_REDIRECTS, true)).rejects.toMatchObject({
      code: 'ENOPROTOOPT',
    })
  })
})

describe('TLS', () => {
  test('the server is verified, unless option 0 says otherwise', async () => {
    await using server = await secureOrigin(tls(), mirror)
    await using kernel = await clientKernel()
    const fd = kernel.create(HTTPS_CLIENT, {})
    await kernel.connect(fd, server.url)
    const refused = kernel.request(fd, '/')
    await expect(refused).rejects.toMatchObject({ code: expect.stringMatching(/CERT|ISSUER|VERIFY/) })
    await kernel.setOption(fd, TLS_CA, authority.path)
    expect((await kernel.request(fd, '/')).status).toBe(200)
    const trusting = kernel.create(HTTPS_CLIENT, {})
    void kernel.setOption(trusting, SO_TLS_VERIFY_PEER, false)
    await kernel.connect(trusting, server.url)
    expect((await kernel.request(trusting, '/')).status).toBe(200)
  })

  test('HTTPS_CLIENT asks for nothing in the clear, and settings that do not fit name their option', async () => {
    await using kernel = await clientKernel()
    const fd = kernel.create(HTTPS_CLIENT, {})
    await expect(kernel.request(fd, 'http://127.0.0.1/')).rejects.toMatchObject({ code: 'EINVAL' })
    await expect(kernel.setOption(fd, TLS_CA, '/no/such/file')).rejects.toMatchObject({
      code: 'EINVAL',
      message: expect.stringContaining('TLS_CA (324)'),
    })
    await expect(kernel.connect(fd, 'http://127.0.0.1/')).rejects.toMatchObject({ code: 'EINVAL' })
  })

  test('a certificate is presented to the client’s own server, and to no other', async () => {
    const mine = authority.issue('me')
    const asking = async () => {
      const server = createTlsServer(
        { ...tls(), ca: authority.certificate, requestCert: true, rejectUnauthorized: false },
        (request, response) => {
          const { subject } = (request.socket as TLSSocket).getPeerCertificate()
          response.end(subject?.CN ?? 'nobody')
        },
      )
      await once(server.listen(0, '127.0.0.1'), 'listening')
      const { port } = server.address() as AddressInfo
      return { server, url: `https://127.0.0.1:${port}` }
    }
    const own = await asking()
    const other = await asking()
    await using kernel = await clientKernel()
    const fd = kernel.create(HTTPS_CLIENT, {})
    void kernel.setOption(fd, TLS_CA, authority.certificate)
    void kernel.setOption(fd, TLS_CLIENT_CERT, { certificate: mine.certificate, privateKey: mine.privateKey })
    await kernel.connect(fd, own.url)
    expect(await (await kernel.request(fd, '/')).text()).toBe('me')
    expect(await (await kernel.request(fd, other.url)).text()).toBe('nobody')
    await kernel.close(fd)
    for (const { server } of [own, other]) server.close()
  })
})

test('a peer that never shakes hands, and a proxy that opens no tunnel, run into HTTP_CONNECT_TIMEOUT', async () => {
  await using silent = await rawOrigin(socket => void socket.resume())
  await using kernel = await clientKernel()
  const { host } = new URL(silent.url)
  const handshake = await clientOf(kernel, silent.url, [[HTTP_CONNECT_TIMEOUT, 60]])
  await expect(kernel.request(handshake, `https://${host}/`)).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  await kernel.setOption(handshake, HTTP_PROXY, silent.url)
  await expect(kernel.request(handshake, 'https://a.test/')).rejects.toMatchObject({ code: 'ETIMEDOUT' })
})

describe('proxies', () => {
  /** Forwards, tunnels, and tells what it was asked. */
  const proxying = async () => {
    const seen: string[] = []
    const server = createServer((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? ''}`)
      mirror(request, response)
    })
    server.on('connect', (request, socket) => {
      seen.push(`CONNECT ${request.url} ${request.headers['proxy-authorization'] ?? ''}`)
      if (request.headers['proxy-authorization'] === undefined)
        return socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
      const [host, port] = request.url!.split(':')
      const to = connect(Number(port), host!, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        to.pipe(socket).pipe(to)
      })
      to.on('error', () => socket.destroy())
      socket.on('error', () => to.destroy())
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    return { seen, server, url: `http://127.0.0.1:${port}` }
  }

  test('http goes through them whole, https through a tunnel, and what bypasses them directly', async () => {
    await using plain = await origin(mirror)
    await using secure = await secureOrigin(tls(), mirror)
    const proxy = await proxying()
    await using kernel = await clientKernel()
    const settings = { url: proxy.url, username: 'ann', password: 'pw' }
    const fd = await clientOf(kernel, plain.url, [
      [HTTP_PROXY, settings],
      [TLS_CA, authority.certificate],
    ])
    const basic = `Basic ${Buffer.from('ann:pw').toString('base64')}`
    const forwarded = (await (await kernel.request(fd, '/a?b')).json()) as any
    expect(forwarded.url).toBe(`${plain.url}/a?b`)
    expect(forwarded.headers.host).toBe(new URL(plain.url).host)
    expect(await (await kernel.request(fd, `${secure.url}/s`)).json()).toMatchObject({ url: '/s' })
    expect(proxy.seen).toEqual([
      `GET ${plain.url}/a?b ${basic}`,
      `CONNECT ${new URL(secure.url).host} ${basic}`,
    ])
    expect(kernel.getOption(fd, HTTP_PROXY)).toBe('[redacted]')
    await kernel.setOption(fd, HTTP_PROXY, { ...settings, bypass: ['127.0.0.1'] })
    expect(await (await kernel.request(fd, '/direct')).json()).toMatchObject({ url: '/direct' })
    expect(proxy.seen.length).toBe(2)
    await kernel.setOption(fd, HTTP_PROXY, proxy.url)
    await expect(kernel.request(fd, { url: secure.url })).rejects.toMatchObject({ code: 'EACCES' })
    proxy.server.closeAllConnections()
    proxy.server.close()
  })
})
