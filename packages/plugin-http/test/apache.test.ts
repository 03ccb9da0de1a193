import { once } from 'node:events'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Kernel } from '@unisock/kernel'
import type { AnyOption } from '@unisock/kernel/plugin'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { handedFile } from '../src/core/apache/handoff.ts'
import { TrustedPeers } from '../src/core/apache/peers.ts'
import {
  APACHE_AUTH_PASSTHROUGH,
  APACHE_CGI_ENV_VARS,
  APACHE_CONFIG,
  APACHE_DYNAMIC_HANDOFF,
  APACHE_FASTCGI_ENABLE,
  APACHE_FASTCGI_SOCKET,
  APACHE_LOAD_BALANCE,
  APACHE_PROXY_ENABLE,
  APACHE_PROXY_UPSTREAM,
  APACHE_SSL_TERMINATION,
  APACHE_STATIC_HANDOFF,
  HTTP_SERVER,
  HTTPS_SERVER,
} from '../src/index.ts'
import { FastCgiClient, variables } from './support/fastcgi-client.ts'
import { httpKernel, ISOLATIONS, serving } from './support/kernel.ts'
import { TestServer } from './support/server.ts'

/** A listener with a handler. */
const serve = (
  kernel: Kernel,
  message: (fd: any, request: any) => unknown,
  options: readonly (readonly [AnyOption, unknown])[] = [],
) => serving(kernel, { message } as never, options)

const EVERYBODY_ELSE = { trusted: ['192.0.2.0/24'] }
const HERE = { trusted: ['127.0.0.1'] }

/** What a program sees of requests with these fields. */
async function seen(
  options: readonly (readonly [AnyOption, unknown])[],
  fields: Record<string, string>,
): Promise<{ front: any; headers: any; remote: any; warnings: string[] }> {
  await using kernel = await httpKernel('inline')
  const { url } = await serve(
    kernel,
    (fd: any, { front, headers, remote }: any) => void kernel.write(fd, { body: { front, headers, remote } }),
    options,
  )
  await fetch(url, { headers: fields })
  const response = await fetch(url, { headers: fields })
  const warnings = kernel.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)
  return { ...((await response.json()) as any), warnings }
}

describe('peers', () => {
  test.each([
    ['127.0.0.0/8', '127.9.9.9', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.0.0.7', '10.0.0.7', true],
    ['10.0.0.7', '10.0.0.8', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['2001:db8::/32', '2001:db8:1::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['0.0.0.0/0', 'nonsense', false],
  ])('%s and %s: %s', (entry, address, expected) => {
    expect(new TrustedPeers([entry]).hasAddress(address)).toBe(expected)
  })

  test('a unix socket is its own entry', () => {
    const local = { address: '', port: 0, family: 'local' } as const
    expect(new TrustedPeers(['unix']).has(local)).toBe(true)
    expect(new TrustedPeers(['0.0.0.0/0', '::/0']).has(local)).toBe(false)
  })

  test.each(['10.0.0.0/33', 'example.org', '10.0.0.0/8/8', '10.0.0.0/x', ''])('%j is refused', entry => {
    expect(() => new TrustedPeers([entry])).toThrow(/no address/)
  })
})

describe('X-Forwarded-*', () => {
  const forwarded = {
    'x-forwarded-for': '198.51.100.1, 203.0.113.5',
    'x-forwarded-host': 'evil.example, shop.example',
    'x-forwarded-proto': 'https',
  }

  test('of a trusted peer tell the client, the host and the scheme', async () => {
    const { front, remote } = await seen([[APACHE_PROXY_ENABLE, HERE]], forwarded)
    expect(remote).toEqual({ address: '203.0.113.5', port: 0, family: 'IPv4' })
    expect(front).toMatchObject({ via: 'proxy', scheme: 'https', host: 'shop.example' })
    expect(front.peer.address).toBe('127.0.0.1')
  })

  test('of other peers are dropped, and that is logged once each', async () => {
    const { front, remote, headers, warnings } = await seen(
      [[APACHE_PROXY_ENABLE, EVERYBODY_ELSE]],
      forwarded,
    )
    expect(front).toBeUndefined()
    expect(remote.address).toBe('127.0.0.1')
    expect(Object.keys(headers).filter(name => name.startsWith('x-'))).toEqual([])
    expect(warnings).toEqual(
      Object.keys(forwarded).map(name => `ignored ${name} of a peer that is not trusted`),
    )
  })

  test('are plain fields where nothing is said of proxies', async () => {
    const { front, remote, headers, warnings } = await seen([], forwarded)
    expect(front).toBeUndefined()
    expect(remote.address).toBe('127.0.0.1')
    expect(headers['x-forwarded-for']).toBe('198.51.100.1, 203.0.113.5')
    expect(warnings).toEqual([])
  })

  test.each([
    ['trusted proxies in between are skipped', '203.0.113.5, 10.0.0.1, 127.0.0.1', '203.0.113.5'],
    ['what is before the last untrusted one is not believed', '127.0.0.1, 203.0.113.5', '203.0.113.5'],
    ['ports and brackets are known', '[2001:db8::1]:443', '2001:db8::1'],
    ['what is no address ends the search', 'unknown, 10.0.0.9', '10.0.0.9'],
    ['of nothing but nonsense the peer is the client', 'nonsense', '127.0.0.1'],
  ])('%s', async (_title, field, client) => {
    const trusted = ['127.0.0.1', '10.0.0.0/8']
    const { remote } = await seen([[APACHE_PROXY_ENABLE, { trusted }]], { 'x-forwarded-for': field })
    expect(remote.address).toBe(client)
  })

  test('any field is taken or left', async () => {
    await using server = await TestServer.start([[APACHE_PROXY_ENABLE, HERE]])
    server.socket.onAccept = exchange => exchange.answer(200, null, exchange.addr.address, 0)
    using client = await server.connect()
    const text = fc.string({ unit: fc.constantFrom(...'0123456789abcdef.:[], xyz"'), maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(text, async field => {
        client.send(`GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ${field}\r\n\r\n`)
        expect((await client.response()).body).toMatch(/^[0-9a-f.:]+$/)
      }),
      { numRuns: 200 },
    )
  })
})

describe('X-Remote-User', () => {
  const spoofed = { 'x-remote-user': 'root' }
  const auth = (trusted: { trusted: string[] }) => [
    [APACHE_AUTH_PASSTHROUGH, { source: 'header', ...trusted }] as const,
  ]

  test('of a trusted peer is the user', async () => {
    expect((await seen(auth(HERE), spoofed)).front.remote_user).toBe('root')
  })

  test('of another peer is dropped, and that is logged once', async () => {
    const { front, headers, warnings } = await seen(auth(EVERYBODY_ELSE), spoofed)
    expect(front).toBeUndefined()
    expect(headers['x-remote-user']).toBeUndefined()
    expect(warnings).toEqual(['ignored x-remote-user of a peer that is not trusted'])
  })

  test.each(['', '(null)'])('%j is nobody', async value => {
    expect((await seen(auth(HERE), { 'x-remote-user': value })).front.remote_user).toBeUndefined()
  })

  test('the option may name another field', async () => {
    const options = [
      [APACHE_AUTH_PASSTHROUGH, { source: 'header', header: 'X-Who', trusted: ['127.0.0.1'] }],
    ] as const
    expect((await seen(options, { 'x-who': 'ann', ...spoofed })).front.remote_user).toBe('ann')
  })
})

describe('TLS at the web server', () => {
  const fields = {
    'x-forwarded-proto': 'https',
    'x-ssl-protocol': 'TLSv1.3',
    'x-ssl-cipher': 'TLS_AES_256_GCM_SHA384',
    'x-ssl-client-verify': 'SUCCESS',
    'x-ssl-client-s-dn': 'CN=ann',
  }

  test('a trusted peer tells of it', async () => {
    const { front } = await seen([[APACHE_SSL_TERMINATION, { trust: ['127.0.0.1'] }]], fields)
    expect(front).toMatchObject({
      scheme: 'https',
      tls: {
        protocol: 'TLSv1.3',
        cipher: 'TLS_AES_256_GCM_SHA384',
        client_verify: 'SUCCESS',
        client_dn: 'CN=ann',
      },
    })
  })

  test('of a request that came without TLS nothing is told', async () => {
    const options = [[APACHE_SSL_TERMINATION, true]] as const
    const { front } = await seen(options, { ...fields, 'x-forwarded-proto': 'http' })
    expect(front).toMatchObject({ scheme: 'http' })
    expect(front.tls).toBeUndefined()
  })

  test('another peer tells nothing', async () => {
    const { front, headers } = await seen([[APACHE_SSL_TERMINATION, { trust: ['192.0.2.1'] }]], fields)
    expect(front).toBeUndefined()
    expect(Object.keys(headers).filter(name => name.startsWith('x-'))).toEqual([])
  })
})

describe('CGI variables', () => {
  async function front(
    options: readonly (readonly [number, unknown])[],
    more: Record<string, string>,
  ): Promise<any> {
    await using server = await TestServer.start([[APACHE_FASTCGI_ENABLE, true], ...options])
    using web = await FastCgiClient.connect(server.address)
    web.request(variables(more))
    const fields = (await server.socket.exchange()).request[3]
    return typeof fields === 'string' ? undefined : JSON.parse(fields[1])
  }

  test('nothing of them is told unless an option says so', async () => {
    expect(await front([], { REMOTE_USER: 'ann', HTTPS: 'on', GAME_REALM: 'shire' })).toBeUndefined()
  })

  test('REMOTE_USER and AUTH_TYPE tell the user; a header of a client does not', async () => {
    const more = { REMOTE_USER: Buffer.from('zoë').toString('latin1'), AUTH_TYPE: 'Basic' }
    expect(await front([[APACHE_AUTH_PASSTHROUGH, {}]], more)).toMatchObject({
      via: 'fastcgi',
      remote_user: 'zoë',
      auth_type: 'Basic',
    })
    const spoofed = { HTTP_REMOTE_USER: 'root', HTTP_X_REMOTE_USER: 'root', REMOTE_USER: '' }
    expect((await front([[APACHE_AUTH_PASSTHROUGH, {}]], spoofed)).remote_user).toBeUndefined()
  })

  test('HTTPS and SSL_* tell of TLS', async () => {
    const more = {
      HTTPS: 'on',
      SSL_PROTOCOL: 'TLSv1.3',
      SSL_CIPHER: 'X',
      SSL_CLIENT_VERIFY: 'NONE',
      SSL_CLIENT_S_DN: '',
    }
    expect(await front([[APACHE_SSL_TERMINATION, true]], more)).toMatchObject({
      scheme: 'https',
      tls: { protocol: 'TLSv1.3', cipher: 'X', client_verify: 'NONE' },
    })
    expect(await front([[APACHE_SSL_TERMINATION, true]], { HTTPS: '' })).toMatchObject({ scheme: 'http' })
  })

  test('those that are named pass, PATH and HTTP_PROXY never', async () => {
    const more = { GAME_REALM: 'shire', GAME_AGE: '3', OTHER: 'x', PATH: '/bin', HTTP_PROXY: 'http://evil' }
    expect((await front([[APACHE_CGI_ENV_VARS, ['GAME_*', 'PATH', 'HTTP_PROXY']]], more)).env).toEqual({
      GAME_REALM: 'shire',
      GAME_AGE: '3',
    })
    expect((await front([[APACHE_CGI_ENV_VARS, { pass: ['*'] }]], more)).env).not.toHaveProperty('PATH')
    expect((await front([[APACHE_CGI_ENV_VARS, { set: { OTHER: 'y' } }]], more)).env).toEqual({ OTHER: 'x' })
  })
})

describe('files handed to the web server', () => {
  let folder: string
  let root: string

  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'unisock-handoff-')))
    root = join(folder, 'root')
    await mkdir(join(root, 'deep'), { recursive: true })
    await writeFile(join(root, 'a b.txt'), 'inside')
    await writeFile(join(root, 'deep', 'c.txt'), 'deep inside')
    await writeFile(join(folder, 'secret'), 'outside')
    await mkdir(join(folder, 'root-beside'))
    await writeFile(join(folder, 'root-beside', 'd.txt'), 'beside')
    await writeFile(join(root, 'break\nx'), 'with a line break')
    await symlink(join(folder, 'secret'), join(root, 'link'))
    await symlink(join(root, 'deep', 'c.txt'), join(root, 'good-link'))
    await symlink(folder, join(root, 'up'))
  })

  afterAll(() => rm(folder, { recursive: true }))

  const sendfile = () => ({ header: 'X-Sendfile', root }) as const

  test('X-Sendfile names the file, X-Accel-Redirect its location', async () => {
    expect((await handedFile('a b.txt', sendfile()))?.field).toEqual(['X-Sendfile', `${root}/a b.txt`])
    expect((await handedFile(join(root, 'good-link'), sendfile()))?.field[1]).toBe(`${root}/deep/c.txt`)
    const accel = { header: 'X-Accel-Redirect', root, prefix: '/files' } as const
    expect((await handedFile('deep/c.txt', accel))?.field).toEqual(['X-Accel-Redirect', '/files/deep/c.txt'])
  })

  test.each([
    '../secret',
    'deep/../../secret',
    '/etc/passwd',
    'link',
    'up/secret',
    'up/root-beside/d.txt',
    '../root-beside/d.txt',
    'deep',
    '.',
    '..',
    'nothing',
    'a b.txt\0.png',
    'break\nx',
    '%2e%2e/secret',
  ])('%j is not handed over', async file => {
    expect(await handedFile(file, sendfile())).toBeUndefined()
  })

  test('no path leads out of the root', async () => {
    const part = fc.constantFrom(
      '..',
      '.',
      'up',
      'link',
      'deep',
      'root',
      'secret',
      'a b.txt',
      '',
      '/',
      'root-beside',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 7 }), async parts => {
        const found = await handedFile(parts.join('/'), sendfile())
        if (found) expect(found.real.startsWith(`${root}/`)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  const fileServer = (options: readonly (readonly [AnyOption, unknown])[]) => async () => {
    const kernel = await httpKernel('inline')
    const served = await serve(
      kernel,
      (fd: any, request: any) =>
        void kernel.write(fd, { file: request.query_params.file, headers: { 'content-type': 'text/plain' } }),
      options,
    )
    return Object.assign(kernel, served)
  }

  test('behind a proxy the web server is told, and gets no body', async () => {
    await using server = await fileServer([
      [APACHE_STATIC_HANDOFF, sendfile()],
      [APACHE_PROXY_ENABLE, true],
    ])()
    const response = await fetch(`${server.url}/?file=a%20b.txt`, {
      headers: { 'x-forwarded-for': '203.0.113.5' },
    })
    expect(response.headers.get('x-sendfile')).toBe(`${root}/a b.txt`)
    expect(response.headers.get('content-type')).toBe('text/plain')
    expect(await response.text()).toBe('')
  })

  test('a client that came straight gets the file, and is not told where it is', async () => {
    await using server = await fileServer([
      [APACHE_STATIC_HANDOFF, sendfile()],
      [APACHE_PROXY_ENABLE, EVERYBODY_ELSE],
    ])()
    const response = await fetch(`${server.url}/?file=a%20b.txt`, {
      headers: { 'x-forwarded-for': '203.0.113.5' },
    })
    expect(response.headers.get('x-sendfile')).toBeNull()
    expect(await response.text()).toBe('inside')
    const head = await fetch(`${server.url}/?file=a%20b.txt`, { method: 'HEAD' })
    expect(head.headers.get('content-length')).toBe('6')
  })

  test('what is outside is 404, and logged', async () => {
    await using server = await fileServer([[APACHE_STATIC_HANDOFF, sendfile()]])()
    expect((await fetch(`${server.url}/?file=../secret`)).status).toBe(404)
    expect(server.lines.some(({ message }) => message.includes('no file below the root'))).toBe(true)
  })

  test('without the option it is 500, and logged', async () => {
    await using server = await fileServer([])()
    expect((await fetch(`${server.url}/?file=a`)).status).toBe(500)
    expect(server.lines.some(({ message }) => message.includes('APACHE_STATIC_HANDOFF is not set'))).toBe(
      true,
    )
  })

  test('a file beside a body is refused', async () => {
    await using kernel = await httpKernel('inline')
    const refused = Promise.withResolvers<unknown>()
    const { url } = await serve(kernel, (fd: any) => {
      try {
        kernel.write(fd, { file: 'a', body: 'b' } as never)
      } catch (error) {
        refused.resolve(error)
      }
      kernel.write(fd, 'ok')
    })
    await fetch(url)
    expect(await refused.promise).toMatchObject({ code: 'EINVAL' })
  })
})

describe('one member of a balancer', () => {
  const member = { balancer: 'game', route: 'a', sticky: 'ROUTEID', health: '/health' }

  test('a client without its cookie gets it, on every kind of answer', async () => {
    await using kernel = await httpKernel('inline')
    const { url } = await serve(
      kernel,
      (fd: any) => void kernel.write(fd, { headers: { 'set-cookie': ['own=1', 'too=2'] } }),
      [[APACHE_LOAD_BALANCE, member]],
    )
    const cookies = async (cookie: string) =>
      (await fetch(url, { headers: { cookie } })).headers.getSetCookie()
    const sticky = 'ROUTEID=x.a; Path=/; HttpOnly; SameSite=Lax'
    expect(await cookies('')).toEqual(['own=1', 'too=2', sticky])
    expect(await cookies('other=1; ROUTEID=x.b')).toEqual(['own=1', 'too=2', sticky])
    expect(await cookies('other=1; ROUTEID=x.a')).toEqual(['own=1', 'too=2'])
  })

  test('while it drains its health is 503, new clients get no cookie, and requests are served', async () => {
    await using kernel = await httpKernel('inline')
    const { server, url } = await serve(kernel, (fd: any) => void kernel.write(fd, 'on'), [
      [APACHE_LOAD_BALANCE, member],
    ])
    expect((await fetch(`${url}/health`)).status).toBe(200)
    await kernel.setOption(server, APACHE_LOAD_BALANCE, { ...member, drain: true })
    expect((await fetch(`${url}/health`)).status).toBe(503)
    const response = await fetch(url)
    expect(await response.text()).toBe('on')
    expect(response.headers.getSetCookie()).toEqual([])
  })

  test('it sends heartbeats, with nothing ready once it drains', async () => {
    await using kernel = await httpKernel('inline')
    const beats: string[] = []
    let beaten = Promise.withResolvers<void>()
    const monitor = await serve(kernel, async (fd: any, request: any) => {
      beats.push(await request.text())
      kernel.write(fd, '')
      beaten.resolve()
    })
    const heartbeat = { url: `${monitor.url}/beat`, interval: 0.1 }
    const { server } = await serve(kernel, () => {}, [[APACHE_LOAD_BALANCE, { ...member, heartbeat }]])
    await beaten.promise
    expect(beats[0]).toBe('v=1&ready=100&busy=0')
    beaten = Promise.withResolvers()
    beats.length = 0
    await kernel.setOption(server, APACHE_LOAD_BALANCE, { ...member, heartbeat, drain: true })
    await beaten.promise
    while (!beats.includes('v=1&ready=0&busy=0')) {
      beaten = Promise.withResolvers()
      await beaten.promise
    }
  })

  test('a monitor that does not answer is logged once', async () => {
    let beats = 0
    const beaten = Promise.withResolvers<void>()
    const monitor = createServer(socket => {
      socket.destroy()
      if (++beats === 4) beaten.resolve()
    }).listen(0, '127.0.0.1')
    await once(monitor, 'listening')
    await using kernel = await httpKernel('inline')
    const { port } = monitor.address() as AddressInfo
    await serve(kernel, () => {}, [
      [APACHE_LOAD_BALANCE, { ...member, heartbeat: { url: `http://127.0.0.1:${port}/`, interval: 0.1 } }],
    ])
    await beaten.promise
    monitor.close()
    expect(kernel.lines.filter(({ message }) => message.startsWith('no heartbeat')).length).toBe(1)
  })
})

describe('where FastCGI listens', () => {
  test('a path has the rights that the option says', async () => {
    await using kernel = await httpKernel('inline')
    const folder = await mkdtemp(join(tmpdir(), 'unisock-fastcgi-'))
    const path = join(folder, 'app.sock')
    const { stat } = await import('node:fs/promises')
    try {
      const server = kernel.create(HTTP_SERVER, fd => void kernel.write(fd, 'here'))
      void kernel.setOption(server, APACHE_FASTCGI_ENABLE, true)
      void kernel.setOption(server, APACHE_FASTCGI_SOCKET, { path, mode: 0o622 })
      expect(await kernel.bind(server, 0)).toMatchObject({ family: 'local', address: path })
      await kernel.listen(server)
      expect((await stat(path)).mode & 0o777).toBe(0o622)
      using web = await FastCgiClient.connect({ path })
      expect((await web.request(variables()).response()).body).toBe('here')
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('host and port are taken from the option', async () => {
    await using kernel = await httpKernel('inline')
    const server = kernel.create(HTTP_SERVER, () => {})
    void kernel.setOption(server, APACHE_FASTCGI_ENABLE, true)
    void kernel.setOption(server, APACHE_FASTCGI_SOCKET, '[::1]:0')
    expect(await kernel.bind(server, 0)).toMatchObject({ family: 'IPv6', address: '::1' })
  })

  test('bind says no other place than the option', async () => {
    await using kernel = await httpKernel('inline')
    const server = kernel.create(HTTP_SERVER, () => {})
    void kernel.setOption(server, APACHE_FASTCGI_ENABLE, true)
    void kernel.setOption(server, APACHE_FASTCGI_SOCKET, '127.0.0.1:9001')
    await expect(kernel.bind(server, 9002)).rejects.toMatchObject({ code: 'EINVAL' })
  })

  test('HTTPS_SERVER does not speak FastCGI', async () => {
    await using kernel = await httpKernel('inline')
    const server = kernel.create(HTTPS_SERVER, () => {})
    void kernel.setOption(server, APACHE_FASTCGI_ENABLE, true)
    await expect(kernel.bind(server, 0)).rejects.toMatchObject({ code: 'EINVAL' })
  })
})

describe('options', () => {
  test.each<[string, AnyOption, unknown]>([
    ['a place that is none', APACHE_FASTCGI_SOCKET, 'nowhere'],
    ['a port that is none', APACHE_FASTCGI_SOCKET, '127.0.0.1:70000'],
    ['a network that is none', APACHE_PROXY_ENABLE, { trusted: ['10.0.0.0/99'] }],
    ['an upstream that is none', APACHE_PROXY_UPSTREAM, 'ftp://example.org'],
    ['a root that is not absolute', APACHE_STATIC_HANDOFF, { header: 'X-Sendfile', root: 'files' }],
    ['a header that no web server knows', APACHE_STATIC_HANDOFF, { header: 'X-Other', root: '/' }],
    ['a route that breaks out of its line', APACHE_LOAD_BALANCE, { balancer: 'a', route: 'a\nb' }],
    ['a pattern that breaks out of its quotes', APACHE_DYNAMIC_HANDOFF, { pattern: ['/"; x'] }],
    ['a variable that breaks out of its quotes', APACHE_CGI_ENV_VARS, { set: { A: '"' } }],
    ['a field that is no token', APACHE_AUTH_PASSTHROUGH, { header: 'X: y' }],
    ['a configuration', APACHE_CONFIG, null],
  ])('%s is refused', async (_title, option, value) => {
    await using kernel = await httpKernel('inline')
    const server = kernel.create(HTTP_SERVER, () => {})
    await expect((async () => kernel.setOption(server, option as any, value as never))()).rejects.toThrow()
  })
})

describe('configurations', () => {
  async function config(options: readonly (readonly [AnyOption, unknown])[]): Promise<any> {
    await using kernel = await httpKernel('inline')
    const { server } = await serve(kernel, () => {}, options)
    return await kernel.query(server, APACHE_CONFIG)
  }

  test('a FastCGI listener', async () => {
    const { apache, nginx } = await config([
      [APACHE_FASTCGI_ENABLE, true],
      [APACHE_PROXY_UPSTREAM, 'fcgi://10.0.0.7:9001'],
      [APACHE_DYNAMIC_HANDOFF, { pattern: ['/api', '/game/'], exclude: ['/api/static'], fallback: true }],
      [APACHE_CGI_ENV_VARS, { set: { GAME_REALM: 'the shire' } }],
    ])
    expect(apache).toBe(`# Needs: mod_proxy mod_proxy_fcgi mod_env
ProxyPass "/api/static" "!"
ProxyPass "/api" "fcgi://10.0.0.7:9001/api" enablereuse=on flushpackets=auto
ProxyPass "/game/" "fcgi://10.0.0.7:9001/game/" enablereuse=on flushpackets=auto
AllowEncodedSlashes NoDecode
ProxyErrorOverride On 404
SetEnv GAME_REALM "the shire"
`)
    expect(nginx.http).toContain('server 10.0.0.7:9001;')
    expect(nginx.server).toContain('location ~ ^/api/static(?:/|$) {}')
    expect(nginx.server).toContain('fastcgi_param GAME_REALM "the shire";')
  })

  test('an HTTP listener that is one member', async () => {
    const { apache, member } = await config([
      [APACHE_PROXY_UPSTREAM, 'unix:/run/a.sock'],
      [
        APACHE_LOAD_BALANCE,
        { balancer: 'game', route: 'a', weight: 3, health: '/health', sticky: 'ROUTEID' },
      ],
    ])
    expect(member.apache).toBe('BalancerMember "unix:/run/a.sock|http://game-a" ttl=30 route=a loadfactor=3')
    expect(member.nginx).toBe('server unix:/run/a.sock weight=3;')
    expect(apache).toContain('ProxySet lbmethod=byrequests stickysession=ROUTEID')
  })

  test.each(ISOLATIONS)('come from the worker, over %s', async isolation => {
    await using kernel = await httpKernel(isolation)
    const { server, addr } = await serve(kernel, () => {})
    const { apache } = (await kernel.query(server, APACHE_CONFIG))!
    expect(apache).toContain(`ProxyPass "/" "http://127.0.0.1:${addr.port}/"`)
  })
})
