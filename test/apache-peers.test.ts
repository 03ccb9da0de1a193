/** Apache and nginx in front, with the configurations that the listener makes for them. */
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Fd, Kernel } from '@unisock/kernel'
import { createKernel } from '@unisock/kernel'
import type { AnyOption } from '@unisock/kernel/plugin'
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
  HTTP_MAX_BODY_SIZE,
  HTTP_SERVER,
  type HttpRequest,
  http,
  type WebServerConfig,
} from '@unisock/plugin-http'
import { REST_ADD_ROUTE, REST_SERVER, reply, rest, route } from '@unisock/plugin-rest'
import { WEBSOCKET_SERVER, ws } from '@unisock/plugin-ws'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HttpHandlers, httpKernel, ISOLATIONS } from '../packages/plugin-http/test/support/kernel.ts'
import { SABOTEUR, saboteur } from './fixtures/saboteur/index.ts'
import { Authority } from './support/certificates.ts'
import { webKernel } from './support/kernel.ts'
import { findProgram } from './support/programs.ts'
import {
  ALICE,
  type Answer,
  CLIENT,
  hasSendfile,
  WebServer,
  type WebServerOptions,
  webFolder,
} from './support/web-server.ts'

const PROGRAMS = { apache: findProgram('apache2'), nginx: findProgram('nginx') }
const openssl = findProgram('openssl')
const KINDS = (['apache', 'nginx'] as const).filter(kind => PROGRAMS[kind] !== undefined)

type Kind = (typeof KINDS)[number]
type Way = 'FastCGI over TCP' | 'FastCGI over a unix socket' | 'HTTP over TCP' | 'HTTP over a unix socket'
type OptionRow = readonly [option: AnyOption, value: unknown]

const WAYS: readonly Way[] = [
  'FastCGI over TCP',
  'FastCGI over a unix socket',
  'HTTP over TCP',
  'HTTP over a unix socket',
]
const EVERYTHING = KINDS.flatMap(kind => WAYS.map(way => [kind, way] as const))
const isFastCgi = (way: Way) => way.startsWith('FastCGI')
const TRUSTED: OptionRow = [APACHE_PROXY_ENABLE, { trusted: ['127.0.0.1', 'unix'] }]

/** Folders of unix sockets. */
let folder: string
let sockets = 0
beforeAll(async () => {
  folder = await webFolder()
})
afterAll(() => rm(folder, { recursive: true }))

/** A listener for a way, and what it says of itself. */
async function listening(
  kernel: Kernel,
  way: Way,
  handlers: HttpHandlers,
  options: readonly OptionRow[] = [],
): Promise<{ fd: Fd<any>; config: WebServerConfig }> {
  const fd = kernel.create(HTTP_SERVER, handlers)
  for (const [option, value] of [TRUSTED, ...options])
    void kernel.setOption(fd, option as any, value as never)
  const path = join(folder, `${sockets++}.sock`)
  if (isFastCgi(way)) void kernel.setOption(fd, APACHE_FASTCGI_ENABLE, true)
  if (way === 'FastCGI over a unix socket')
    void kernel.setOption(fd, APACHE_FASTCGI_SOCKET, { path, mode: 0o666 })
  await kernel.bind(fd, way === 'HTTP over a unix socket' ? path : 0)
  if (way === 'HTTP over a unix socket') await chmod(path, 0o666)
  await kernel.listen(fd)
  return { fd, config: (await kernel.query(fd, APACHE_CONFIG))! }
}

interface Behind extends AsyncDisposable {
  web: WebServer
  kernel: Kernel
  lines: { level: string; message: string }[]
}

async function behind(
  kind: Kind,
  way: Way,
  handlers: HttpHandlers,
  options: readonly OptionRow[] = [],
  web: Omit<WebServerOptions, 'config'> = {},
): Promise<Behind> {
  const kernel = await httpKernel('inline')
  const { config } = await listening(kernel, way, handlers, options)
  const server = await WebServer.start(kind, PROGRAMS[kind]!, { ...web, config })
  return {
    web: server,
    kernel,
    lines: kernel.lines,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await kernel[Symbol.asyncDispose]()
    },
  }
}

/** Answers with what it sees. */
const mirror = (of: () => Kernel): HttpHandlers =>
  (async (fd: any, request: HttpRequest) => {
    const { method, uri, path, remote, front, remote_user, env, headers } = request
    const size = (await request.bytes()).length
    of().write(fd, { body: { method, uri, path, remote, front, remote_user, env, headers, size } })
  }) as any

async function mirrored(
  kind: Kind,
  way: Way,
  options: readonly OptionRow[] = [],
  web?: Omit<WebServerOptions, 'config'>,
): Promise<Behind> {
  const server: Behind = await behind(
    kind,
    way,
    mirror(() => server.kernel),
    options,
    web,
  )
  return server
}

const json = ({ body }: Answer): any => JSON.parse(body.toString())

describe.each(EVERYTHING)('%s, %s', (kind, way) => {
  test('requests and responses pass whole', async () => {
    const body = randomBytes(2_000_000)
    const seen: string[] = []
    await using server = await behind(
      kind,
      way,
      (async (fd: any, request: HttpRequest) => {
        seen.push(`${request.method} ${request.uri}`)
        const { kernel } = server
        if (request.path === '/echo') kernel.write(fd, await request.bytes())
        else if (request.path === '/cookies')
          kernel.write(fd, { headers: { 'set-cookie': ['a=1', 'b=2'] }, body: 'two' })
        else if (request.path === '/away')
          kernel.write(fd, { status: 302, headers: { location: '/elsewhere' } })
        else if (request.path === '/stream')
          kernel.write(fd, {
            async *[Symbol.asyncIterator]() {
              for (let i = 0; i < 50; i++) yield `${i} `.repeat(1000)
            },
          } as never)
        else kernel.write(fd, { status: 404, body: 'no such thing' })
      }) as any,
      [[HTTP_MAX_BODY_SIZE, 2 ** 24]],
    )
    const { web } = server
    const echoed = await web.ask(
      '/echo',
      { method: 'POST', headers: { 'content-length': body.length } },
      body,
    )
    expect(echoed.body.equals(body)).toBe(true)
    const chunked = await web.ask(
      '/echo',
      { method: 'POST', headers: { 'transfer-encoding': 'chunked' } },
      body,
    )
    expect(chunked.body.equals(body)).toBe(true)
    expect((await web.ask('/echo', { method: 'PUT' })).body.length).toBe(0)
    expect((await web.ask('/cookies')).headers['set-cookie']).toEqual(['a=1', 'b=2'])
    const away = await web.ask('/away')
    expect(away.status).toBe(302)
    expect(new URL(away.headers.location!, 'http://x').pathname).toBe('/elsewhere')
    expect((await web.ask('/stream')).body.length).toBe(140_000)
    expect((await web.ask('/a%2Fb%20c?d=%26&e')).body.toString()).toBe('no such thing')
    expect(seen).toContain('GET /a%2Fb%20c?d=%26&e')
    const head = await web.ask('/cookies', { method: 'HEAD' })
    expect([head.status, head.body.length]).toEqual([200, 0])
  })

  test('many clients at once are answered, over connections that are used again', async () => {
    await using server = await behind(
      kind,
      way,
      ((fd: any, request: HttpRequest) => void server.kernel.write(fd, request.uri)) as any,
    )
    const { web } = server
    const ask = async (i: number) => (await web.ask(`/${i}`)).body.toString()
    for (let round = 0; round < 5; round++) {
      const paths = Array.from({ length: 40 }, (_, i) => `/${round * 40 + i}`)
      expect(await Promise.all(paths.map(path => ask(Number(path.slice(1)))))).toEqual(paths)
    }
    expect(await web.log()).not.toMatch(/AH010[67]\d|upstream prematurely/)
  })

  test('the client is who it is, whatever it says', async () => {
    await using server = await mirrored(kind, way)
    const spoofed = {
      'x-forwarded-for': '6.6.6.6',
      'x-forwarded-proto': 'https',
      'x-remote-user': 'root',
      'remote-user': 'root',
      proxy: 'http://evil.example/',
      host: 'game.example',
    }
    const { remote, front, remote_user, headers } = json(await server.web.ask('/', { headers: spoofed }))
    expect(remote.address).toBe(CLIENT)
    expect(remote_user).toBeUndefined()
    expect(front?.scheme).not.toBe('https')
    expect(headers.host).toBe('game.example')
    if (!isFastCgi(way)) expect(front).toMatchObject({ via: 'proxy', host: 'game.example' })
    else expect(headers.proxy).toBeUndefined()
  })

  test('whom the web server has authenticated is told', async () => {
    const auth = { source: isFastCgi(way) ? 'fastcgi' : 'header' }
    await using server = await mirrored(kind, way, [[APACHE_AUTH_PASSTHROUGH, auth]], { password: true })
    const { web } = server
    const spoofed = { 'x-remote-user': 'root', 'remote-user': 'root' }
    expect((await web.ask('/', { headers: spoofed })).status).toBe(401)
    const { front, remote_user } = json(await web.ask('/', { headers: { ...spoofed, authorization: ALICE } }))
    expect(remote_user).toBe('alice')
    if (kind === 'apache' && isFastCgi(way)) expect(front.auth_type).toBe('Basic')
  })

  test('where nobody is asked for a password, nobody is the user', async () => {
    const auth = { source: isFastCgi(way) ? 'fastcgi' : 'header' }
    const before = kind === 'nginx' ? 'set $authenticated_user "";' : ''
    await using server = await mirrored(kind, way, [[APACHE_AUTH_PASSTHROUGH, auth]], { before })
    const spoofed = { 'x-remote-user': 'root', 'remote-user': 'root', authorization: ALICE }
    expect(json(await server.web.ask('/', { headers: spoofed })).remote_user).toBeUndefined()
  })

  test.skipIf(!openssl)('TLS that ends at the web server is told of', async () => {
    const authority = new Authority()
    const certificate = authority.issue('localhost')
    try {
      await using server = await mirrored(kind, way, [[APACHE_SSL_TERMINATION, true]], { certificate })
      const spoofed = { 'x-ssl-client-verify': 'SUCCESS', 'x-ssl-client-s-dn': 'CN=root' }
      const { front } = json(await server.web.ask('/', { headers: spoofed }))
      expect(front).toMatchObject({ scheme: 'https', tls: { client_verify: 'NONE' } })
      expect(front.tls.protocol).toMatch(/^TLSv1\.[23]$/)
      expect(front.tls.cipher).toMatch(/(?:AES|CHACHA20)/)
      expect(front.tls.client_dn).toBeUndefined()
    } finally {
      await rm(authority.directory, { recursive: true })
    }
  })

  test('without TLS at the web server the scheme is http', async () => {
    await using server = await mirrored(kind, way, [[APACHE_SSL_TERMINATION, true]])
    const spoofed = { 'x-forwarded-proto': 'https', 'x-ssl-protocol': 'TLSv1.3', https: 'on' }
    const { front } = json(await server.web.ask('/', { headers: spoofed }))
    expect(front.scheme).toBe('http')
    expect(front.tls).toBeUndefined()
  })

  test.skipIf(kind === 'apache' && !hasSendfile())('files are sent by the web server', async () => {
    const root = await webFolder()
    const file = randomBytes(100_000)
    await writeFile(join(root, 'a b.bin'), file)
    await chmod(join(root, 'a b.bin'), 0o644)
    await mkdir(join(root, 'sub'))
    const header = kind === 'apache' ? 'X-Sendfile' : 'X-Accel-Redirect'
    await using server = await behind(
      kind,
      way,
      ((fd: any, request: HttpRequest) =>
        void server.kernel.write(fd, {
          file: request.query_params.file as string,
          headers: { 'content-type': 'application/x-map' },
        })) as any,
      [[APACHE_STATIC_HANDOFF, { header, root }]],
    )
    try {
      const whole = await server.web.ask('/?file=a%20b.bin')
      expect(whole.status).toBe(200)
      expect(whole.body.equals(file)).toBe(true)
      expect(whole.headers['content-type']).toBe('application/x-map')
      expect(whole.headers[header.toLowerCase()]).toBeUndefined()
      const part = await server.web.ask('/?file=a%20b.bin', { headers: { range: 'bytes=10-19' } })
      expect([part.status, part.body.toString('hex')]).toEqual([206, file.subarray(10, 20).toString('hex')])
      expect((await server.web.ask('/?file=../../etc/passwd')).status).toBe(404)
      if (kind === 'nginx') expect((await server.web.ask('/.handoff/a%20b.bin')).status).toBe(404)
    } finally {
      await rm(root, { recursive: true })
    }
  })

  test('the web server serves what is excluded, and answers for a 404 where that is asked', async () => {
    const before =
      kind === 'apache' ? 'ErrorDocument 404 /static/page.txt' : 'error_page 404 /static/page.txt;'
    const handoff = { pattern: ['/game', '/api/'], exclude: ['/game/static'], fallback: true }
    await using server = await behind(
      kind,
      way,
      ((fd: any, request: HttpRequest) =>
        void server.kernel.write(
          fd,
          request.path.endsWith('/missing') ? { status: 404 } : request.uri,
        )) as any,
      [[APACHE_DYNAMIC_HANDOFF, handoff]],
      { before },
    )
    const text = async (path: string) => (await server.web.ask(path)).body.toString()
    expect(await text('/game')).toBe('/game')
    expect(await text('/game/a?b')).toBe('/game/a?b')
    expect(await text('/api/x')).toBe('/api/x')
    expect(await text('/static/page.txt')).toBe('from the web server')
    for (const path of ['/game/missing', '/game/static/none', '/gamer', '/'])
      expect(await server.web.ask(path).then(({ status }) => status), path).not.toBe(200)
    expect(await text('/game/missing')).toBe('from the web server')
    expect(await server.web.log()).not.toMatch(/AH01146/)
  })

  test('a client that leaves ends its exchange', async () => {
    const arrived = Promise.withResolvers<number>()
    const ended = Promise.withResolvers<unknown>()
    await using server = await behind(kind, way, {
      message: fd => arrived.resolve(fd),
      close: (_fd, error) => ended.resolve(error),
    })
    const sent = server.web.open('/')
    sent.on('error', () => {})
    sent.end()
    const fd = await arrived.promise
    sent.destroy()
    // Apache finds out when it writes: enough that what it holds goes beyond the system's buffers.
    if (kind === 'apache')
      server.kernel.write(
        fd as any,
        {
          async *[Symbol.asyncIterator]() {
            for (;;) yield Buffer.alloc(65_536)
          },
        } as never,
      )
    expect(await ended.promise).toMatchObject({ code: 'ECONNRESET' })
  })
})

describe.each(KINDS)('%s, FastCGI variables', kind => {
  test('those that the option sets are in env', async () => {
    const vars = { pass: ['SERVER_*'], set: { GAME_REALM: 'the shire' } }
    await using server = await mirrored(kind, 'FastCGI over TCP', [[APACHE_CGI_ENV_VARS, vars]])
    const { env } = json(await server.web.ask('/'))
    expect(env).toMatchObject({ GAME_REALM: 'the shire', SERVER_PROTOCOL: 'HTTP/1.1' })
    expect(env).not.toHaveProperty('PATH')
    expect(env).not.toHaveProperty('REQUEST_METHOD')
  })

  test.each(ISOLATIONS)('a worker behind it, over %s', async isolation => {
    await using kernel = await httpKernel(isolation)
    const { config } = await listening(
      kernel,
      'FastCGI over TCP',
      mirror(() => kernel),
      [[APACHE_CGI_ENV_VARS, ['SERVER_SOFTWARE', 'REMOTE_*']]],
    )
    await using web = await WebServer.start(kind, PROGRAMS[kind]!, { config })
    const { remote, env, size } = json(await web.ask('/', { method: 'POST' }, 'hello'))
    expect([remote.address, env.REMOTE_ADDR, size]).toEqual([CLIENT, CLIENT, 5])
  })

  test('a worker that was lost is there again', async () => {
    await using kernel = await webKernel('thread', saboteur)
    const { config } = await listening(
      kernel,
      'FastCGI over a unix socket',
      mirror(() => kernel),
    )
    await using web = await WebServer.start(kind, PROGRAMS[kind]!, { config })
    expect((await web.ask('/')).status).toBe(200)
    const lost = Promise.withResolvers<void>()
    const crash = kernel.create(SABOTEUR, { close: () => lost.resolve() })
    void kernel.write(crash, 'crash')
    await lost.promise
    // Apache takes a backend that failed out of service for a while, unless it is the only one.
    let answer: Answer
    do answer = await web.ask('/')
    while (answer.status !== 200)
    expect(json(answer).remote.address).toBe(CLIENT)
  })

  test('a REST server behind it', async () => {
    await using kernel = await createKernel({ plugins: [rest({ isolation: 'inline' })] })
    const api = kernel.create(REST_SERVER, () => {})
    void kernel.setOption(
      api,
      REST_ADD_ROUTE,
      route({
        method: 'POST',
        pattern: '/users/{id:int}',
        handler: ({ path_params, body, remote_user, remote }) =>
          reply({ status: 201, body: { id: path_params.id, body, remote_user, client: remote.address } }),
      }),
    )
    void kernel.setOption(api, APACHE_FASTCGI_ENABLE, true)
    void kernel.setOption(api, APACHE_AUTH_PASSTHROUGH, {})
    await kernel.bind(api, 0)
    await kernel.listen(api)
    const config = (await kernel.query(api, APACHE_CONFIG))!
    await using web = await WebServer.start(kind, PROGRAMS[kind]!, { config, password: true })
    const headers = { authorization: ALICE, 'content-type': 'application/json' }
    const created = await web.ask('/users/7', { method: 'POST', headers }, '{"name":"ann"}')
    expect(created.status).toBe(201)
    expect(json(created)).toEqual({ id: 7, body: { name: 'ann' }, remote_user: 'alice', client: CLIENT })
    expect((await web.ask('/nowhere', { headers })).status).toBe(404)
  })
})

describe.each(KINDS)('%s, WebSocket', kind => {
  test('upgrades pass where the upstream says ws', async () => {
    await using kernel = await createKernel({
      plugins: [http({ worker: 'web', isolation: 'inline' }), ws({ worker: 'web', isolation: 'inline' })],
    })
    const server = kernel.create(HTTP_SERVER, fd => void kernel.write(fd, 'plain'))
    const sockets = kernel.create(WEBSOCKET_SERVER, (fd, message) => void kernel.write(fd, message.data))
    const { port } = await kernel.bind(server, 0)
    await kernel.bind(sockets, { on: server, path: '/ws' })
    await kernel.listen(sockets)
    await kernel.listen(server)
    await kernel.setOption(server, APACHE_PROXY_UPSTREAM, `ws://127.0.0.1:${port}`)
    const config = (await kernel.query(server, APACHE_CONFIG))!
    await using web = await WebServer.start(kind, PROGRAMS[kind]!, { config })
    expect((await web.ask('/')).body.toString()).toBe('plain')
    const client = new WebSocket(`ws://127.0.0.1:${web.port}/ws`)
    await new Promise((resolve, reject) => {
      client.onopen = resolve
      client.onerror = reject
    })
    const echoed = new Promise(resolve => {
      client.onmessage = ({ data }) => resolve(data)
    })
    client.send('through')
    expect(await echoed).toBe('through')
    const closed = new Promise(resolve => {
      client.onclose = resolve
    })
    client.close()
    await closed
  })
})

describe.each(EVERYTHING)('a balancer: %s, %s', (kind, way) => {
  /** Two members behind one web server. */
  async function pair(
    more: object = {},
    extra: object = {},
  ): Promise<AsyncDisposable & { web: WebServer; kernel: Kernel; fds: Fd<any>[]; members: object[] }> {
    const kernel = await httpKernel('inline')
    const members = [
      { balancer: 'game', route: 'a', weight: 3, sticky: 'ROUTEID', ...more },
      { balancer: 'game', route: 'b', weight: 1, sticky: 'ROUTEID', ...more },
    ]
    const both = []
    for (const member of members)
      both.push(
        await listening(
          kernel,
          way,
          ((fd: any) => void kernel.write(fd, (member as { route: string }).route)) as any,
          [[APACHE_LOAD_BALANCE, member]],
        ),
      )
    const [a, b] = both.map(({ config }) => config) as [WebServerConfig, WebServerConfig]
    const config = {
      apache: a.apache.replace(a.member.apache, `${a.member.apache}\n  ${b.member.apache}`),
      nginx: {
        http: a.nginx.http.replace(a.member.nginx, `${a.member.nginx}\n  ${b.member.nginx}`),
        server: a.nginx.server,
      },
    }
    const web = await WebServer.start(kind, PROGRAMS[kind]!, { config, ...extra })
    return {
      web,
      kernel,
      fds: both.map(({ fd }) => fd),
      members,
      async [Symbol.asyncDispose]() {
        await web[Symbol.asyncDispose]()
        await kernel[Symbol.asyncDispose]()
      },
    }
  }

  test('shares requests by weight, and brings a client back to its member', async () => {
    await using both = await pair()
    const answers: string[] = []
    for (let i = 0; i < 40; i++) answers.push((await both.web.ask('/')).body.toString())
    expect(answers.filter(answer => answer === 'a').length).toBe(30)
    const member = kind === 'apache' ? 'b' : 'a'
    for (let i = 0; i < 8; i++) {
      const { body, headers } = await both.web.ask('/', { headers: { cookie: `ROUTEID=x.${member}` } })
      expect(body.toString()).toBe(member)
      expect(headers['set-cookie']).toBeUndefined()
    }
    expect((await both.web.ask('/')).headers['set-cookie']?.[0]).toMatch(/^ROUTEID=x\.[ab];/)
  })

  test.skipIf(kind === 'nginx' || way !== 'HTTP over TCP')(
    'a member that drains is taken out of the rotation',
    async () => {
      await using both = await pair({ health: '/health' })
      const { kernel, web } = both
      await kernel.setOption(both.fds[0]!, APACHE_LOAD_BALANCE, { ...both.members[0], drain: true } as never)
      let answers: string[] = []
      // mod_proxy_hcheck asks every few seconds.
      do {
        answers = []
        for (let i = 0; i < 4; i++) answers.push((await web.ask('/')).body.toString())
      } while (answers.includes('a'))
      expect(answers).toEqual(['b', 'b', 'b', 'b'])
    },
  )
})

describe.skipIf(PROGRAMS.apache === undefined)('heartbeats', () => {
  test('Apache sends requests to who has told it of itself', async () => {
    await using kernel = await httpKernel('inline')
    const fd = kernel.create(HTTP_SERVER, from => void kernel.write(from, 'alive'))
    await kernel.bind(fd, 0)
    await kernel.listen(fd)
    const member = { balancer: 'game', route: 'a', method: 'heartbeat' } as const
    void kernel.setOption(fd, APACHE_LOAD_BALANCE, {
      ...member,
      heartbeat: { url: 'http://127.0.0.1:1/.heartbeat', interval: 0.1 },
    })
    void kernel.setOption(fd, APACHE_DYNAMIC_HANDOFF, { exclude: ['/.heartbeat'] })
    const config = (await kernel.query(fd, APACHE_CONFIG))!
    await using web = await WebServer.start('apache', PROGRAMS.apache!, {
      config,
      before: 'HeartbeatListen 239.0.0.1:27999',
    })
    expect((await web.ask('/')).status).toBe(503)
    await kernel.setOption(fd, APACHE_LOAD_BALANCE, {
      ...member,
      heartbeat: { url: `http://127.0.0.1:${web.port}/.heartbeat`, interval: 0.1 },
    })
    let answer: Answer
    do {
      answer = await web.ask('/')
    } while (answer.status !== 200)
    expect(answer.body.toString()).toBe('alive')
  })
})
