import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { chmod, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import type { Isolation, Kernel } from '@unisock/kernel'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findProgram } from '../../../test/support/programs.ts'
import { APACHE_FASTCGI_ENABLE, HTTP2_ENABLE } from '../src/core/index.ts'
import { OWN, temporaryName } from '../src/core/upload/folder.ts'
import {
  type FormPart,
  HTTP_BODY_STREAM,
  HTTP_DECOMPRESS,
  HTTP_MAX_BODY_SIZE,
  HTTP_READ_TIMEOUT,
  HTTP_UPLOAD,
  type HttpRequest,
  type Upload,
} from '../src/index.ts'
import { FastCgiClient, variables } from './support/fastcgi-client.ts'
import { httpKernel, ISOLATIONS, serving, until } from './support/kernel.ts'
import { TestServer } from './support/server.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'unisock-upload-test-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

type Handler = (request: HttpRequest) => unknown

/** A server that answers with what its handler makes of a request. */
async function uploading(
  kernel: Kernel,
  upload: Upload,
  handler: Handler,
  options: readonly (readonly [any, unknown])[] = [],
): Promise<string> {
  const { url } = await serving(
    kernel,
    {
      message: async (fd, request) => {
        kernel.write(fd, (await handler(request as HttpRequest)) as object)
      },
      error: () => {},
    },
    [[HTTP_UPLOAD, { dir, ...upload }], ...options],
  )
  return url
}

const seen: Handler = request => ({ body: { fields: request.fields, files: request.files } })

function form(parts: Record<string, string | Blob | (string | Blob)[]>): FormData {
  const data = new FormData()
  for (const [name, values] of Object.entries(parts))
    for (const value of [values].flat()) data.append(name, value as any)
  return data
}
const file = (content: string | Uint8Array, name = 'a.txt', type = 'text/plain') =>
  new File([content as any], name, { type })

async function post(url: string, body: FormData | string | Buffer, headers: Record<string, string> = {}) {
  const response = await fetch(url, { method: 'POST', body: body as any, headers })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  }
}

const TYPE = { 'content-type': 'multipart/form-data; boundary=b' }
const raw = (...lines: string[]) => lines.join('\r\n')
const part = (name: string, extra = '') => `Content-Disposition: form-data; name="${name}"${extra}`

describe.each(ISOLATIONS)('to the disk, in a %s', (isolation: Isolation) => {
  test('files are there when the request is, and gone when it is answered', async () => {
    await using kernel = await httpKernel(isolation)
    const content = randomBytes(200_000)
    let path = ''
    const url = await uploading(
      kernel,
      {},
      async request => {
        const [first, second] = request.files
        path = first!.path
        expect(await readFile(path)).toEqual(content)
        expect((await stat(path)).mode & 0o777).toBe(0o600)
        return {
          body: { fields: request.fields, files: [first, second], body: (request.body as Buffer).length },
        }
      },
      [[HTTP_MAX_BODY_SIZE, 2 ** 20]],
    )
    const { status, body } = await post(
      url,
      form({
        title: 'ä',
        tag: ['1', '2'],
        'a file': file(content, '../x.bin', 'Application/X-Thing'),
        other: file('', 'empty'),
      }),
    )
    expect(status).toBe(200)
    expect(body.fields).toEqual({ title: 'ä', tag: ['1', '2'] })
    expect(body.body).toBe(0)
    expect(body.files).toMatchObject([
      {
        name: 'a file',
        filename: 'x.bin',
        type: 'application/x-thing',
        size: content.length,
        digest: createHash('sha256').update(content).digest('hex'),
      },
      { name: 'other', filename: 'empty', size: 0 },
    ])
    expect(path.startsWith(`${dir}/`)).toBe(true)
    await until(() => readdirSync(dir).length === 0)
  })

  test('a file that is kept stays', async () => {
    await using kernel = await httpKernel(isolation)
    const url = await uploading(kernel, {}, async request => {
      const [first, second] = request.files
      return { body: [await first!.keep(), await second!.keep(join(dir, 'mine')), second!.path] }
    })
    const { body } = await post(url, form({ a: file('one'), b: file('two'), c: file('three') }))
    await until(() => readdirSync(dir).length === 2)
    expect(await readFile(body[0], 'utf8')).toBe('one')
    expect(body.slice(1)).toEqual([join(dir, 'mine'), join(dir, 'mine')])
    expect(await readFile(join(dir, 'mine'), 'utf8')).toBe('two')
  })

  test('a change that fails leaves the rules as they were', async () => {
    await using kernel = await httpKernel(isolation)
    const { server, url } = await serving(
      kernel,
      { message: (fd, request) => void kernel.write(fd, { body: request.files.map(({ size }) => size) }) },
      [[HTTP_UPLOAD, { dir }]],
    )
    await writeFile(join(dir, 'plain'), '')
    const change = kernel.setOption(server, HTTP_UPLOAD, { dir: join(dir, 'plain', 'below') })
    await expect(change).rejects.toMatchObject({ code: 'ENOTDIR' })
    expect(await post(url, form({ a: file('one') }))).toMatchObject({ status: 200, body: [3] })
  })
})

test('a file that is kept twice stays where it is kept', async () => {
  await using kernel = await httpKernel('inline')
  const url = await uploading(kernel, {}, async request => {
    const [first, second] = request.files
    await second!.keep(join(dir, 'mine'))
    return { body: [await first!.keep(), await first!.keep(), await second!.keep()] }
  })
  const { body } = await post(url, form({ a: file('one'), b: file('two') }))
  expect(body).toEqual([body[0], body[0], join(dir, 'mine')])
  expect(await readFile(body[0], 'utf8')).toBe('one')
})

describe('to the disk', () => {
  test('a form without files has fields, and another body stays a body', async () => {
    await using kernel = await httpKernel('inline')
    const url = await uploading(kernel, {}, request => ({
      body: [request.fields, request.files, String(request.body)],
    }))
    expect((await post(url, form({ a: 'b', ['__proto__']: 'c' }))).body).toEqual([
      JSON.parse('{ "a": "b", "__proto__": "c" }'),
      [],
      '',
    ])
    expect((await post(url, 'plain')).body).toEqual([{}, [], 'plain'])
  })

  test('what a browser sends for no file is none', async () => {
    await using kernel = await httpKernel('inline')
    const url = await uploading(kernel, { types: ['image/*'] }, seen)
    const none = raw(
      '--b',
      part('f', '; filename=""'),
      'Content-Type: application/octet-stream',
      '',
      '',
      '--b--',
    )
    expect((await post(url, none, TYPE)).body).toEqual({ fields: {}, files: [] })
    await until(() => readdirSync(dir).length === 0)
  })

  const refusals: [string, Upload['limits'], FormData | string | Buffer, number][] = [
    ['a file over the limit', { file: 10 }, form({ a: file('x'.repeat(11)) }), 413],
    ['a file too many', { files: 1 }, form({ a: file('x'), b: file('y') }), 413],
    ['a field too many', { fields: 1 }, form({ a: ['x', 'y'] }), 413],
    ['a field over the limit', { fieldSize: 10 }, form({ f: file('x'), a: 'x'.repeat(11) }), 413],
    ['a part too many', { parts: 2 }, form({ f: file('x'), a: ['x', 'y'] }), 413],
    ['a form over the limit', { total: 500 }, form({ f: file('x'), a: 'x'.repeat(500) }), 413],
    [
      'a header over the limit',
      { headers: 100 },
      raw('--b', part('a', `; x="${'x'.repeat(100)}"`), '', '', '--b--'),
      413,
    ],
    ['a form that stops', {}, raw('--b', part('a', '; filename="x"'), '', 'content'), 400],
    ['no boundary', {}, raw('hello'), 400],
    [
      'a part that is none',
      {},
      raw('--b', part('a', '; filename="x"'), '', 'y', '--b', 'x', '', '--b--'),
      400,
    ],
    ['a field that is not UTF-8', {}, Buffer.from(raw('--b', part('a'), '', '\xff', '--b--'), 'latin1'), 400],
    ['a packed form', {}, gzipSync('x'), 415],
  ]
  test.each(refusals)(
    '%s is refused, once in the log, and leaves no file',
    async (_title, limits, sent, status) => {
      await using kernel = await httpKernel('inline')
      let asked = 0
      const url = await uploading(kernel, { limits: limits! }, () => {
        asked++
        return {}
      })
      const headers = sent instanceof FormData ? {} : TYPE
      const coded = status === 415 ? { 'content-encoding': 'gzip' } : {}
      const answer = await post(url, sent, { ...headers, ...coded })
      expect([answer.status, answer.body.status, asked]).toEqual([status, status, 0])
      await until(() => readdirSync(dir).length === 0)
      expect(kernel.lines.filter(({ message }) => message.includes('refused'))).toHaveLength(1)
    },
  )

  test('a type that is not taken is 415', async () => {
    await using kernel = await httpKernel('inline')
    const url = await uploading(kernel, { types: ['image/*', 'text/plain'] }, seen)
    expect((await post(url, form({ a: file('x', 'x', 'image/png'), b: file('y') }))).status).toBe(200)
    expect((await post(url, form({ a: file('x'), b: file('y', 'y', 'text/html') }))).status).toBe(415)
    await until(() => readdirSync(dir).length === 0)
  })

  test('a million parts, and content without a boundary, are refused in bounded memory', async () => {
    await using kernel = await httpKernel('inline')
    const url = await uploading(kernel, { limits: { total: 2 ** 30 } }, seen)
    const tiny = raw('--b', part('a'), '', 'x', '')
    for (const [chunk, status] of [
      [tiny.repeat(1000), 413],
      ['x'.repeat(65_536), 400],
    ] as const) {
      let sent = 0
      const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {})
      socket.setEncoding('latin1')
      socket.write(
        `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: ${TYPE['content-type']}\r\nContent-Length: 900000000\r\n\r\n`,
      )
      const answer = once(socket, 'data')
      for (let i = 0; i < 4; i++) {
        socket.write(chunk)
        sent += chunk.length
      }
      expect((await answer)[0]).toContain(`HTTP/1.1 ${status} `)
      expect(sent).toBeLessThan(1e6)
      socket.destroy()
    }
  })

  test('HTTP_MAX_BODY_SIZE holds unless `total` says otherwise, before anything is sent', async () => {
    await using kernel = await httpKernel('inline')
    const limit = [[HTTP_MAX_BODY_SIZE, 100]] as const
    const strict = await uploading(kernel, {}, seen, limit)
    const wide = await uploading(kernel, { limits: { total: 1000 } }, seen, limit)
    const sent = form({ a: 'x'.repeat(200) })
    expect((await post(strict, sent)).status).toBe(413)
    expect((await post(wide, sent)).status).toBe(200)
    expect((await post(wide, 'x'.repeat(200))).status).toBe(413)
  })

  test('a client that leaves in the middle leaves no file', async () => {
    await using kernel = await httpKernel('inline')
    const url = await uploading(kernel, {}, seen)
    const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {})
    socket.write(
      raw(
        'POST / HTTP/1.1',
        'Host: a',
        `Content-Type: ${TYPE['content-type']}`,
        'Content-Length: 10000',
        '',
        '',
      ) + raw('--b', part('a', '; filename="x"'), '', 'content'),
    )
    await until(() => readdirSync(dir).length === 1)
    socket.destroy()
    await until(() => readdirSync(dir).length === 0)
  })

  test('a form that is too slow is 408 and leaves no file', async () => {
    await using kernel = await httpKernel('inline')
    const url = await uploading(kernel, {}, seen, [[HTTP_READ_TIMEOUT, 300]])
    const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('latin1')
    socket.write(
      raw(
        'POST / HTTP/1.1',
        'Host: a',
        `Content-Type: ${TYPE['content-type']}`,
        'Content-Length: 10000',
        '',
        '',
      ) + raw('--b', part('a', '; filename="x"'), '', 'content'),
    )
    await until(() => readdirSync(dir).length === 1)
    const [answer] = await once(socket, 'data')
    expect(answer).toContain('HTTP/1.1 408 ')
    await until(() => readdirSync(dir).length === 0)
    socket.destroy()
  })

  test('a client that leaves before the answer leaves no file', async () => {
    await using kernel = await httpKernel('inline')
    const asked = Promise.withResolvers<string>()
    const url = await uploading(kernel, {}, request => {
      asked.resolve(request.files[0]!.path)
      return new Promise(() => {})
    })
    const controller = new AbortController()
    const answer = fetch(url, { method: 'POST', body: form({ a: file('x') }), signal: controller.signal })
    await asked.promise
    controller.abort()
    await expect(answer).rejects.toThrow()
    await until(() => readdirSync(dir).length === 0)
  })

  test('a folder that cannot be written to rejects the option; one that is lost later is a 500', async () => {
    await using kernel = await httpKernel('inline')
    await writeFile(join(dir, 'plain'), '')
    const { server } = await serving(kernel, { message: () => {} })
    await expect(kernel.setOption(server, HTTP_UPLOAD, { dir: 'here' })).rejects.toMatchObject({
      code: 'EINVAL',
    })
    await expect(kernel.setOption(server, HTTP_UPLOAD, { dir: join(dir, 'plain') })).rejects.toMatchObject({
      code: 'EEXIST',
    })
    const url = await uploading(kernel, { dir: join(dir, 'made') }, seen)
    expect((await stat(join(dir, 'made'))).mode & 0o777).toBe(0o700)
    await rm(join(dir, 'made'), { recursive: true })
    expect((await post(url, form({ a: file('x') }))).status).toBe(500)
    expect(kernel.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
  })

  test('files of the dead are swept, those of the living are not', async () => {
    const [, , host, , owner] = temporaryName().split('-')
    const random = '0'.repeat(32)
    const names = {
      dead: `unisock-upload-${host}-999999999-${'0'.repeat(12)}-${random}`,
      before: `unisock-upload-${host}-${process.pid}-${'1'.repeat(12)}-${random}`,
      sibling: `unisock-upload-${host}-${process.pid}-${'2'.repeat(12)}-${random}`,
      own: `unisock-upload-${host}-${process.pid}-${OWN}-${random}`,
      elsewhere: `unisock-upload-00000000-1-${'0'.repeat(12)}-${random}`,
      forgotten: `unisock-upload-00000000-2-${'0'.repeat(12)}-${random}`,
      other: 'unisock-upload-else',
    }
    expect(owner).toBeDefined()
    for (const name of Object.values(names)) await writeFile(join(dir, name), '')
    await utimes(join(dir, names.before), 1000, 1000)
    await utimes(join(dir, names.forgotten), 1000, 1000)
    await chmod(dir, 0o700)
    await using kernel = await httpKernel('inline')
    await uploading(kernel, {}, seen)
    expect((await readdir(dir)).sort()).toEqual(
      [names.sibling, names.own, names.elsewhere, names.other].sort(),
    )
  })

  test('with HTTP_DECOMPRESS a packed form is unpacked', async () => {
    await using kernel = await httpKernel('inline')
    const url = await uploading(kernel, {}, seen, [[HTTP_DECOMPRESS, true]])
    const packed = gzipSync(raw('--b', part('a', '; filename="x"'), '', 'content', '--b--'))
    const { body } = await post(url, packed, { ...TYPE, 'content-encoding': 'gzip' })
    expect(body.files).toMatchObject([{ name: 'a', filename: 'x', size: 7 }])
  })
})

test('a worker that crashes leaves files that the next one takes away', async () => {
  await using kernel = await httpKernel('process')
  const asked = Promise.withResolvers<void>()
  const url = await uploading(kernel, {}, request => {
    expect(request.files).toHaveLength(1)
    asked.resolve()
    return new Promise(() => {})
  })
  const answer = fetch(url, { method: 'POST', body: form({ a: file('x') }) }).catch(() => {})
  await asked.promise
  const [left] = await readdir(dir)
  process.kill(Number(left!.split('-')[3]), 'SIGKILL')
  await answer
  await until(() => readdirSync(dir).length === 0)
})

describe.each(ISOLATIONS)('as a stream, in a %s', (isolation: Isolation) => {
  test('parts come in their order, each with its bytes', async () => {
    await using kernel = await httpKernel(isolation)
    const content = randomBytes(300_000)
    const url = await uploading(kernel, { mode: 'stream' }, async request => {
      const parts: unknown[] = []
      for await (const { name, filename, type, body } of request.parts!) {
        const hash = createHash('sha256')
        for await (const chunk of body) hash.update(chunk)
        parts.push([name, filename ?? null, type, hash.digest('hex')])
      }
      return { body: parts }
    })
    const digest = (data: string | Buffer) => createHash('sha256').update(data).digest('hex')
    const { body } = await post(
      url,
      form({
        a: 'text',
        big: file(content, 'big.bin', 'image/png'),
        none: file('', 'n'),
        z: '',
      }),
    )
    expect(body).toEqual([
      ['a', null, 'text/plain', digest('text')],
      ['big', 'big.bin', 'image/png', digest(content)],
      ['none', 'n', 'text/plain', digest('')],
      ['z', null, 'text/plain', digest('')],
    ])
    expect(await readdir(dir)).toEqual([])
  })
})

describe('as a stream', () => {
  test('what is not read is thrown away, and a reader may stop', async () => {
    await using kernel = await httpKernel('inline')
    const url = await uploading(kernel, { mode: 'stream' }, async request => {
      const names: string[] = []
      for await (const { name } of request.parts!) {
        names.push(name)
        if (name === 'c') break
      }
      return { body: names }
    })
    const big = () => file('x'.repeat(200_000))
    const { body } = await post(url, form({ a: big(), b: big(), c: big(), d: big() }))
    expect(body).toEqual(['a', 'b', 'c'])
  })

  test('a program that reads slowly holds the client', async () => {
    await using kernel = await httpKernel('inline')
    const opened = Promise.withResolvers<FormPart>()
    const go = Promise.withResolvers<void>()
    const url = await uploading(kernel, { mode: 'stream', limits: { total: 2 ** 30 } }, async request => {
      let size = 0
      for await (const part of request.parts!) {
        opened.resolve(part)
        await go.promise
        for await (const chunk of part.body) size += chunk.length
      }
      return { body: { size } }
    })
    const size = 32 * 2 ** 20
    const head = raw('--b', part('a', '; filename="x"'), '', '')
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write(
      raw(
        'POST / HTTP/1.1',
        'Host: a',
        `Content-Type: ${TYPE['content-type']}`,
        `Content-Length: ${head.length + size + 9}`,
        '',
        head,
      ),
    )
    const chunk = Buffer.alloc(2 ** 20)
    for (let i = 0; i < 32; i++) socket.write(chunk)
    socket.write('\r\n--b--\r\n')
    const { body } = await opened.promise
    let before = -1
    while (before !== socket.writableLength) {
      before = socket.writableLength
      for (let i = 0; i < 200; i++) await new Promise(resolve => setImmediate(resolve))
    }
    expect(socket.writableLength).toBeGreaterThan(16 * 2 ** 20)
    expect(body.readableLength).toBeLessThan(2 ** 20)
    go.resolve()
    const [answer] = await once(socket.setEncoding('latin1'), 'data')
    expect(answer).toContain(`{"size":${size}}`)
    socket.destroy()
  })

  test.each([
    ['a file over the limit', { limits: { file: 1000 } }, form({ a: file('x'.repeat(5000)) }), {}, 413],
    ['a form that stops', {}, raw('--b', part('a'), '', 'x'), TYPE, 400],
    ['a form without a boundary', {}, 'x', { 'content-type': 'multipart/form-data' }, 400],
  ])('%s is refused, and the program told', async (title, upload, sent, headers, status) => {
    await using kernel = await httpKernel('inline')
    const errors: unknown[] = []
    const url = await uploading(kernel, { mode: 'stream', ...upload }, async request => {
      try {
        for await (const { body } of request.parts!) for await (const _ of body);
      } catch (error) {
        errors.push((error as any).code)
        throw error
      }
      return {}
    })
    expect((await post(url, sent as any, headers as any)).status).toBe(status)
    await until(() => errors.length === (title.endsWith('boundary') ? 0 : 1))
    expect(errors.every(code => code === 'EPROTO')).toBe(true)
    expect(kernel.lines.filter(({ message }) => message.includes('refused'))).toHaveLength(1)
  })

  test('other bodies on the same listener are what HTTP_BODY_STREAM says', async () => {
    await using kernel = await httpKernel('inline')
    const url = await uploading(
      kernel,
      { mode: 'stream' },
      async request => ({ body: [request.parts === undefined, await request.text()] }),
      [[HTTP_BODY_STREAM, true]],
    )
    expect((await post(url, 'plain')).body).toEqual([true, 'plain'])
  })
})

describe('real clients', () => {
  const curl = findProgram('curl')

  test.skipIf(!curl)('curl sends files and fields, over HTTP/1.1 and HTTP/2', async () => {
    await using kernel = await httpKernel('inline')
    const url = await uploading(kernel, {}, seen, [[HTTP2_ENABLE, true]])
    await writeFile(join(dir, 'with "quotes".txt'), 'content')
    for (const version of ['--http1.1', '--http2-prior-knowledge']) {
      const form = ['-F', 'title=ä b', '-F', `doc=@"${join(dir, 'with \\"quotes\\".txt')}";type=text/x-doc`]
      const { stdout } = await promisify(execFile)(curl!, ['-sS', version, ...form, url])
      expect(JSON.parse(stdout)).toMatchObject({
        fields: { title: 'ä b' },
        files: [{ name: 'doc', filename: 'with "quotes".txt', type: 'text/x-doc', size: 7 }],
      })
    }
    await until(() => readdirSync(dir).length === 1)
  })

  test('a web server that speaks FastCGI sends forms', async () => {
    await using server = await TestServer.start([
      [APACHE_FASTCGI_ENABLE, true],
      [HTTP_UPLOAD, { dir }],
    ])
    using client = await FastCgiClient.connect(server.address as { port: number })
    const body = raw('--b', part('a', '; filename="x"'), '', 'content', '--b--')
    client.request(
      variables({
        REQUEST_METHOD: 'POST',
        CONTENT_TYPE: TYPE['content-type'],
        CONTENT_LENGTH: String(body.length),
      }),
      body,
    )
    const exchange = await server.socket.exchange()
    expect(JSON.parse(exchange.request[4]).files).toMatchObject([{ name: 'a', filename: 'x', size: 7 }])
    expect(readdirSync(dir)).toHaveLength(1)
    exchange.answer(200, null, 'ok', 0)
    expect((await client.response()).body).toBe('ok')
    await until(() => readdirSync(dir).length === 0)
  })
})
